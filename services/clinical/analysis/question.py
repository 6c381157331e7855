"""A differential asked without a patient profile: names in, the ranked diseases out, with what was not understood."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.clinical.analysis import criteria as criteria_reader
from services.clinical.analysis import evidence, inputs
from services.clinical.analysis.composition import supported, versions
from services.clinical.analysis.document import criteria_row, differential_rows, unrecognised_rows
from services.clinical.analysis.extension_keys import unknown_keys
from services.clinical.analysis.model import DISCLAIMER, Problem, Unrecognised
from services.clinical.analysis.stated_items import statements
from services.clinical.antibodies import normalise_antibody
from services.clinical.criteria.prefill import AntibodyFinding, Evidence
from services.clinical.differential import Differential, differentiate
from services.clinical.labs import LabPanel, normalise
from services.clinical.profile import MeasuredValue, Number, ShortText

Symptom = Annotated[str, StringConstraints(max_length=1000)]
Names = Annotated[tuple[ShortText, ...], Field(max_length=100)]


class DifferentialQuestion(BaseModel):
    """What is known. A name that is not sent is unknown, never negative; limits are what the engines read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    positive_antibodies: Names
    hla_alleles: Names = ()
    symptoms: Annotated[tuple[Symptom, ...], Field(max_length=100)] = ()
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    sex: Literal["M", "F"] | None = None
    negative_antibodies: Names = ()
    labs: Annotated[dict[ShortText, Number | MeasuredValue], Field(max_length=1000)] = Field(default_factory=dict)
    extensions: Annotated[dict[str, Any], Field(max_length=300)] = Field(default_factory=dict)


def answer(question: DifferentialQuestion) -> dict[str, Any]:
    """Return the documented `/differential` response with what was added; for `pydantic_core.to_json`."""
    panel = normalise(question.labs, question.sex, age_years=question.age)
    stated = [(one.antibody, one.positive) for one in inputs.stated_antibodies(question.extensions)]
    positive = (*question.positive_antibodies, *(name for name, result in stated if result is True))
    negative = (*question.negative_antibodies, *(name for name, result in stated if result is False))
    differential = differentiate(
        question.age,
        question.sex,
        positive,
        negative,
        inputs.without_repeats(question.hla_alleles, inputs.extension_alleles(question.extensions)),
        (*question.symptoms, *inputs.written_symptoms(question.extensions)),
        panel,
    )
    assessed = criteria_reader.assess(
        [entry.disease for entry in differential.entries],
        _evidence(question, panel, differential, positive, negative),
        statements(differential.findings, {}),
        (),
        question.extensions,
    )
    differential = criteria_reader.count_in(differential, assessed)
    shown = supported(differential)
    problems = [Problem(part="labs", name=one.name, message=one.message) for one in panel.problems]
    return {
        **differential_rows(differential),
        "criteria": [criteria_row(one) for one in assessed if shown & set(one.criteria.diseases)],
        "findings": differential.findings,
        "questions": differential.questions,
        "problems": (*problems, *criteria_reader.problems_of(assessed)),
        **unrecognised_rows(_unrecognised(question, panel, differential)),
        "versions": versions(),
        "disclaimer": DISCLAIMER,
    }


def _evidence(
    question: DifferentialQuestion,
    panel: LabPanel,
    differential: Differential,
    positive: tuple[str, ...],
    negative: tuple[str, ...],
) -> Evidence:
    known: dict[str, AntibodyFinding] = {}
    contradicted: set[str] = set()
    for names, result in ((positive, True), (negative, False)):
        for written in names:
            antibody = normalise_antibody(written).id
            if antibody is None:
                continue
            if known.get(antibody, AntibodyFinding(result)).positive is not result:
                contradicted.add(antibody)
            known[antibody] = AntibodyFinding(result)
    is_pregnant = question.extensions.get("pregnant") is True
    return Evidence(
        antibodies={antibody: finding for antibody, finding in known.items() if antibody not in contradicted},
        labs=evidence.lab_findings(panel, is_pregnant=is_pregnant),
        age_years=question.age,
        hla_b27=evidence.hla_b27(differential.hla),
    )


def _unrecognised(
    question: DifferentialQuestion, panel: LabPanel, differential: Differential
) -> tuple[Unrecognised, ...]:
    found = [Unrecognised(kind="antibody", written=one) for one in differential.unrecognised_antibodies]
    found += [Unrecognised(kind="allele", written=one) for one in differential.hla.unrecognised]
    found += [Unrecognised(kind="symptom", written=one) for one in differential.unrecognised_symptoms]
    found += [Unrecognised(kind="biomarker", written=one) for one in panel.unrecognised]
    found += criteria_reader.unknown_sets(question.extensions)
    found += unknown_keys(question.extensions)
    return tuple(dict.fromkeys(found))
