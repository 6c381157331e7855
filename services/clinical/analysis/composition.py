"""The whole analysis of one patient: every engine once, each fed with what the others found.

Pure and without a clock: `today` is handed in. It turns a year ("MI 2023") into time elapsed and shows dates in the future.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.clinical import activity, conditions, safety
from services.clinical.activity import ActivityScore
from services.clinical.analysis import criteria as criteria_reader
from services.clinical.analysis import evidence, genomic, inputs
from services.clinical.analysis.alerts import all_alerts, cross_findings
from services.clinical.analysis.extension_keys import unknown_keys
from services.clinical.analysis.inputs import History
from services.clinical.analysis.model import (
    Analysis,
    CriteriaAssessment,
    Kind,
    Problem,
    Unrecognised,
)
from services.clinical.analysis.stated_items import statements
from services.clinical.analysis.version import engine_version
from services.clinical.antibodies import AntibodyReport, interpret, normalise_antibody
from services.clinical.differential import Differential, differentiate
from services.clinical.differential.ranking import NOTHING_SPECIFIC
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.flare import FlareAssessment, assess_flare
from services.clinical.flare.context import unrecognised_context
from services.clinical.hla import HlaReport, associations
from services.clinical.labs import LabPanel
from services.clinical.overlap import find_overlaps
from services.clinical.profile import Profile
from services.clinical.safety import Facts
from services.clinical.therapy import recommend
from services.knowledge.version import knowledge_version

RELEVANT_BY_DIFFERENTIAL = 3
LIMITS = {"antibodies": 500, "alleles": 100, "medications": 300, "biomarkers": 1000, "symptoms": 100, "extensions": 300}


@dataclass(frozen=True, slots=True)
class _Record:
    """A profile as read: values, results, alleles and facts, before any engine weighs them.

    `profile` carries the diagnoses stated anywhere; `current` are the values of `panel` that describe the patient now.
    """

    profile: Profile
    panel: LabPanel
    current: LabPanel
    report: AntibodyReport
    known: dict[str, bool | None]
    facts: Facts
    alleles: tuple[str, ...]
    hla: HlaReport
    problems: tuple[Problem, ...]

    @property
    def diagnoses(self) -> tuple[Disease, ...]:
        return self.profile.diagnosed_conditions


def analyse(profile: Profile, *, today: date | None = None, history: History | None = None) -> Analysis:
    """Analyse a profile with every engine.

    `history` holds earlier laboratory results (name to dated values, as in `Profile.biomarkers`) for courses; those of
    `extensions.lab_history` are added. Diagnoses stated in the extensions count like diagnosed conditions. Never raises on
    what a profile can hold; what cannot be used is returned in `problems`, `unrecognised` and `questions`.
    """
    genomics, genomic_problems = genomic.genomic_input(profile)
    record = _read(genomic.with_genotypes(profile, genomics), today)
    scores = activity.scores_for(record.profile, record.current)
    differential = _differential(record)
    assessed = _criteria(record, differential)
    differential = criteria_reader.count_in(differential, assessed)
    relevant = {*record.diagnoses, *supported(differential)}
    shown = tuple(one for one in assessed if relevant & set(one.criteria.diseases))
    flares, course_problems = _flares(record, differential, scores, history)
    review = safety.review(record.facts, activity=scores)
    overlaps = find_overlaps(
        evidence.overlap_evidence(record.diagnoses, record.facts, differential.findings, record.known)
    )
    return Analysis(
        profile=profile,
        analysed_on=today,
        diagnoses=record.diagnoses,
        panel=record.panel,
        current_labs=frozenset(one.key for one in record.current.readings),
        antibodies=record.report,
        hla=record.hla,
        genotypes=genomic.genotypes_with_origin(record.facts.genotypes, profile, genomics),
        activity=scores,
        criteria=shown,
        differential=differential,
        flare=flares,
        safety=review,
        therapy=genomic.therapy_with_origin(
            recommend(profile, record.current, activity=scores, facts=record.facts, hla=record.hla), profile, genomics
        ),
        overlap=overlaps,
        alerts=all_alerts(profile, review, flares, record.report, scores),
        cross_findings=(
            *genomic.with_origin(
                cross_findings(record.hla, record.facts.genotypes, review, record.report, overlaps), profile, genomics
            ),
            *genomic.genomic_findings(profile, genomics),
        ),
        genomics=genomics,
        problems=(
            *_problems(record, scores), *criteria_reader.problems_of(shown), *record.problems, *course_problems, *genomic_problems
        ),
        unrecognised=_unrecognised(record, differential),
        questions=record.report.questions,
        notes=_notes(profile, record.diagnoses),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Return the version of the engine, which changes with any rule, and that of the curated knowledge alone."""
    return {"engine": engine_version(), "knowledge": knowledge_version()}


def supported(differential: Differential) -> set[Disease]:
    """Return the diseases worth judging criteria for: the best supported ones, above "nothing specific"."""
    return {one.disease for one in differential.entries[:RELEVANT_BY_DIFFERENTIAL] if one.score >= NOTHING_SPECIFIC}


def _read(profile: Profile, today: date | None) -> _Record:
    panel = inputs.read_panel(profile)
    current, problems = inputs.current_panel(panel, profile, today)
    stated = conditions.parse(profile, today=today)
    diagnoses = tuple(dict.fromkeys((*profile.diagnosed_conditions, *stated.diseases)))
    report = interpret(
        inputs.antibody_measurements(profile, panel), diagnoses, age=profile.age, sex=profile.sex,
        medications=(*profile.current_medications, *stated.further_medications),
        total_iga_g_per_l=inputs.total_iga_g_per_l(panel),
    )  # fmt: skip
    facts = safety.gather(profile, current, conditions=stated, antibodies=report, today=today)
    alleles = inputs.written_alleles(profile, facts.genotypes.alleles)
    return _Record(
        profile=profile.model_copy(update={"diagnosed_conditions": diagnoses}),
        panel=panel,
        current=current,
        report=report,
        known=evidence.outcomes(report, on_insulin=evidence.takes_insulin(facts)),
        facts=facts,
        alleles=alleles,
        hla=associations(alleles),
        problems=tuple(problems),
    )


def _differential(record: _Record) -> Differential:
    return differentiate(
        record.profile.age,
        record.profile.sex,
        evidence.names_of(record.known, positive=True),
        evidence.names_of(record.known, positive=False),
        record.alleles,
        inputs.written_symptoms(record.profile.extensions),
        record.panel,
        hla=record.hla,
        history=(*inputs.written_history(record.profile.extensions), *_exposures(record.facts)),
        onset_age=_onset_age(record.profile),
        diagnosed=record.diagnoses,
    )


def _exposures(facts: Facts) -> tuple[str, ...]:
    """Return the drugs, taken or stopped, that are a reason for the picture themselves: those that cause lupus."""
    taken = (drug for one in (*facts.current, *facts.prior) for drug in one.drugs)
    return tuple(dict.fromkeys(drug.name for drug in taken if "drug_lupus" in drug.classes))


def _onset_age(profile: Profile) -> int | None:
    """Return the age in years at which the symptoms began; None where that is not known or cannot be."""
    if profile.age is None or profile.symptom_duration_months is None:
        return None
    years = profile.age - profile.symptom_duration_months // 12
    return years if years >= 0 else None


def _criteria(record: _Record, differential: Differential) -> tuple[CriteriaAssessment, ...]:
    profile, facts = record.profile, record.facts
    stated = statements(differential.findings, evidence.stated_texts(facts))
    is_pregnant = profile.extensions.get("pregnant") is True or facts.conditions.present("pregnancy")
    found = evidence.criteria_evidence(
        record.panel, record.report, record.known, record.hla, age=profile.age, is_pregnant=is_pregnant
    )
    candidates = tuple(dict.fromkeys((*record.diagnoses, *(entry.disease for entry in differential.entries))))
    onset = _onset_age(profile)
    months = profile.symptom_duration_months
    duration = None if months is None or onset is None else criteria_reader.Duration(months, onset)
    return criteria_reader.assess(candidates, found, stated, record.diagnoses, profile.extensions, duration=duration)


def _flares(
    record: _Record, differential: Differential, scores: tuple[ActivityScore, ...], history: History | None
) -> tuple[tuple[FlareAssessment, ...], list[Problem]]:
    """Return the flare risk of each diagnosis, and the earlier results that could not be placed in a course."""
    earlier, history_problems = inputs.lab_history(record.profile, history)
    series, course_problems = inputs.lab_series(record.profile, record.panel, earlier)
    context = evidence.flare_context(record.profile, record.facts, differential.findings, record.known, record.hla)
    readable = _without_masked(record.current, record.facts)
    found = tuple(
        assess_flare(
            record.profile, disease, labs=readable, series=series, antibodies=record.known, context=context,
            current_activity=evidence.current_activity(disease, scores),
        )
        for disease in record.diagnoses
    )  # fmt: skip
    return found, [*history_problems, *course_problems]


def _without_masked(panel: LabPanel, facts: Facts) -> LabPanel:
    """Leave out CRP and ESR that IL-6 receptor blockade holds down: not raised, they say nothing of the disease.

    SEE: Actemra (tocilizumab) US prescribing information, pharmacodynamics.
    """
    if not any("il6r_inhibitor" in drug.classes for one in facts.current for drug in one.drugs):
        return panel
    kept = tuple(one for one in panel.readings if one.key not in {"crp", "esr"} or one.flag == "H")
    return LabPanel(kept, panel.unrecognised, panel.problems)


def _problems(record: _Record, scores: Iterable[ActivityScore]) -> tuple[Problem, ...]:
    profile = record.profile
    found = [Problem(part="biomarkers", name=one.name, message=one.message) for one in record.panel.problems]
    for finding in record.report.findings:
        said = tuple(filter(None, (finding.verdict.contradiction, *finding.verdict.unread)))
        found += [Problem(part="autoantibody_panel", name=finding.written[:200], message=message) for message in said]
    found += [
        Problem(part="instrument_items", name=score.instrument_id, message=score.message)
        for score in scores if score.status in {Status.INVALID_INPUT, Status.INCONSISTENT_INPUT}
    ]
    found += [
        Problem(part="genotypes", name=gene.gene, message=gene.reason) for gene in record.facts.genotypes.genes if gene.reason
    ]
    counts = {
        "antibodies": len(profile.autoantibody_panel.results) if profile.autoantibody_panel else 0,
        "alleles": len(profile.hla_profile.alleles()) if profile.hla_profile else 0,
        "medications": len(profile.current_medications),
        "biomarkers": len(profile.biomarkers),
        "symptoms": len(inputs.written_symptoms(profile.extensions)),
        "extensions": len(profile.extensions),
    }
    found += [
        Problem(part="profile", name=name, message=f"{count} were sent; only the first {LIMITS[name]} were read")
        for name, count in counts.items() if count > LIMITS[name]
    ]
    return tuple(dict.fromkeys(found))


def _unrecognised(record: _Record, differential: Differential) -> tuple[Unrecognised, ...]:
    profile, facts = record.profile, record.facts
    symptoms = set(inputs.written_symptoms(profile.extensions))
    unread_symptoms = differential.unrecognised_symptoms
    written: tuple[tuple[Kind, Iterable[str]], ...] = (
        ("biomarker", (one for one in record.panel.unrecognised if normalise_antibody(one).id is None)),
        ("antibody", record.report.unrecognised),
        ("allele", record.hla.unrecognised),
        ("medication", (one.text for one in facts.taken if not one.is_recognised)),
        ("genotype", facts.genotypes.unrecognised),
        # a symptom is known when either reader knows it, any other text when the reader of conditions does
        ("condition", (one for one in facts.conditions.unrecognised if one not in symptoms)),
        ("symptom", (one for one in unread_symptoms if not conditions.read_text(one).understood)),
        ("instrument", activity.unknown_instruments(profile)),
        ("extension", (f"flare_context.{one}" for one in unrecognised_context(profile))),
    )
    found = [Unrecognised(kind=kind, written=name) for kind, names in written for name in names]
    found += [*criteria_reader.unknown_sets(profile.extensions), *unknown_keys(profile.extensions)]
    return tuple(dict.fromkeys(found))


def _notes(profile: Profile, diagnoses: tuple[Disease, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    stated = [one.label for one in diagnoses if one not in profile.diagnosed_conditions]
    if stated:
        notes.append(f"Taken as diagnoses because the history states them: {', '.join(stated)}.")
    if not diagnoses:
        notes.append("No diagnosis is given: activity, flare risk and treatment are not assessed.")
    if profile.age < 18:
        notes.append("Under 18: typical adult limits are not used, and most instruments and criteria were made for adults.")
    return tuple(notes)
