"""A report: everything its reader sees, built once from a stored analysis and then fixed.

The content holds the printed sections and the facts behind them, so that Markdown, PDF and FHIR say the same and a signed
report reads the same after the rules and this program have moved on. Pure: no clock, no database.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.patients.analyses import StoredAnalysis
from services.patients.registry import Patient
from services.reports import closing, findings, genomics, judgements, summary, treatment
from services.reports.blocks import Cited, Section, SourceRegister
from services.reports.choices import AssistantAnswer, Identity, ReportChoice, SectionKind
from services.reports.facts import Facts, read
from services.reports.rows import ChangeRow

TITLE = "Autoimmune Analysis Report"
FORMAT_VERSION = 1
PROGRAM, PROGRAM_VERSION = "Paratope", "1.0.0"

_WRITERS: Mapping[SectionKind, Callable[[Facts, SourceRegister], Section]] = {
    SectionKind.ALERTS: treatment.alerts,
    SectionKind.ANTIBODIES: findings.antibodies,
    SectionKind.LABS: findings.labs,
    SectionKind.HLA: findings.hla,
    SectionKind.GENOMICS: genomics.genomics,
    SectionKind.ACTIVITY: judgements.activity,
    SectionKind.CRITERIA: judgements.criteria,
    SectionKind.DIFFERENTIAL: judgements.differential,
    SectionKind.FLARE: judgements.flare,
    SectionKind.THERAPY: treatment.therapy,
}


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PatientHeader(_Content):
    """Who the report is about. Identifiers that were not chosen are None."""

    id: str
    name: str | None = None
    date_of_birth: datetime.date | None = None
    mrn: str | None = None
    sex: Literal["M", "F"] | None = None
    age_years: int | None = None

    def line(self) -> str:
        """Return the line that stands on every page."""
        parts = [
            self.name or "", f"ID {self.id}", f"MRN {self.mrn}" if self.mrn else "",
            f"born {self.date_of_birth.isoformat()}" if self.date_of_birth else "",
            {"F": "female", "M": "male"}.get(self.sex or "", "sex not given"),
            f"age {self.age_years} in the record" if self.age_years is not None else "",
        ]  # fmt: skip
        return " · ".join(part for part in parts if part)


class AnalysisReference(_Content):
    """The stored analysis a report rests on."""

    id: str
    created_at: datetime.datetime
    author: str


class Compared(_Content):
    """What changed, and the sentences that say what was compared with what."""

    changes: tuple[ChangeRow, ...] = ()
    with_what: tuple[str, ...] = ()


class ReportContent(_Content):
    """A report without its standing: see `Standing` for draft, reviewed, signed."""

    format_version: int = FORMAT_VERSION
    title: str = TITLE
    disclaimer: str = closing.DISCLAIMER
    patient: PatientHeader
    analysis: AnalysisReference | None = None
    choice: ReportChoice
    answer: AssistantAnswer | None = None
    facts: Facts
    sections: tuple[Section, ...]
    sources: tuple[Cited, ...]
    versions: dict[str, str]

    @property
    def is_ai_assisted(self) -> bool:
        return self.answer is not None and self.answer.is_ai_assisted

    @property
    def summary(self) -> Section:
        return self.sections[0]

    def digest(self) -> str:
        """Return the SHA-256 of the content in canonical form."""
        return digest_of(self.model_dump(mode="json"))


def digest_of(value: Any) -> str:
    """Return the SHA-256 of JSON data: keys sorted, no white space, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def build(
    patient: Patient,
    stored: StoredAnalysis | None,
    choice: ReportChoice,
    answer: AssistantAnswer | None = None,
    remarks: Iterable[str] = (),
    changed: Compared | None = None,
) -> ReportContent:
    """Build the content. `remarks` are further limits, e.g. that the record changed after the analysis.

    `changed` is what is different from before; without it the report says that nothing was compared.
    """
    every = read(stored.profile, stored.document) if stored is not None else Facts()
    compared = changed or Compared()
    facts = every.model_copy(update={"changes": compared.changes, "compared": compared.with_what}).only(choice.sections)
    register = SourceRegister()
    said = tuple(remarks)
    sections = [summary.write(facts, choice.left_out if stored else (), register, said)]
    if stored is not None:
        sections += [_WRITERS[kind](facts, register) for kind in choice.sections]
    if answer is not None:
        sections.append(closing.answer(answer, register))
    if stored is not None:
        sections.append(closing.methods(register))
    sections.append(closing.limits(facts, said, register))
    cited = register.sources
    sections.append(closing.sources(cited, register))
    made_with = _versions(stored)
    sections.append(closing.versions(made_with, judgements.rule_versions(facts), facts.analysed_on, register))
    return ReportContent(
        patient=_header(patient, facts, choice), analysis=_reference(stored), choice=choice, answer=answer, facts=facts,
        sections=tuple(sections), sources=cited, versions=made_with,
    )  # fmt: skip


def _versions(stored: StoredAnalysis | None) -> dict[str, str]:
    made_with = {"program": f"{PROGRAM} {PROGRAM_VERSION}", "report format": str(FORMAT_VERSION)}
    if stored is not None:
        made_with |= {str(name): str(value) for name, value in stored.entry.versions.items()} | {"analysis id": stored.id}
    return made_with


def _reference(stored: StoredAnalysis | None) -> AnalysisReference | None:
    if stored is None:
        return None
    return AnalysisReference(id=stored.id, created_at=stored.entry.created_at, author=stored.entry.author)


def _header(patient: Patient, facts: Facts, choice: ReportChoice) -> PatientHeader:
    shown = set(choice.identity)
    return PatientHeader(
        id=patient.id, name=patient.name if Identity.NAME in shown and patient.name != patient.id else None,
        date_of_birth=patient.date_of_birth if Identity.BIRTH_DATE in shown else None,
        mrn=patient.mrn if Identity.MRN in shown else None, sex=facts.sex or _sex(patient.sex), age_years=facts.age_years,
    )  # fmt: skip


def _sex(written: str | None) -> Literal["M", "F"] | None:
    return "M" if written == "M" else "F" if written == "F" else None
