"""What a reader chooses for a report, and where a report stands on its way from draft to signed.

The summary, the methods, the limits, the sources and the versions are part of every report and cannot be left out.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.clinical.explanation import Frozen

MAX_ANSWER = 50_000
MAX_NAME = 200


class SectionKind(StrEnum):
    """A part of the detail that can be chosen; the order is the order in the report."""

    ALERTS = "alerts"
    ANTIBODIES = "antibodies"
    LABS = "labs"
    HLA = "hla"
    GENOMICS = "genomics"
    ACTIVITY = "activity"
    CRITERIA = "criteria"
    DIFFERENTIAL = "differential"
    FLARE = "flare"
    THERAPY = "therapy"

    @property
    def heading(self) -> str:
        return _TITLES[self]


_TITLES = {
    SectionKind.ALERTS: "Alerts",
    SectionKind.ANTIBODIES: "Autoantibodies",
    SectionKind.LABS: "Laboratory values",
    SectionKind.HLA: "HLA and pharmacogenomics",
    SectionKind.GENOMICS: "Genomic findings",
    SectionKind.ACTIVITY: "Disease activity",
    SectionKind.CRITERIA: "Classification criteria",
    SectionKind.DIFFERENTIAL: "Differential",
    SectionKind.FLARE: "Flare risk",
    SectionKind.THERAPY: "Therapy",
}


class Identity(StrEnum):
    """What a report may say of who the patient is, beyond the patient id."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    MRN = "mrn"


class ReportChoice(Frozen):
    """The chosen sections and identifiers, both kept in their fixed order."""

    sections: tuple[SectionKind, ...] = tuple(SectionKind)
    identity: tuple[Identity, ...] = tuple(Identity)

    @classmethod
    def of(cls, sections: object, identity: object) -> ReportChoice:
        """Return a choice in the fixed order, each entry once."""
        chosen = cls.model_validate({"sections": sections, "identity": identity})
        return cls(
            sections=tuple(one for one in SectionKind if one in chosen.sections),
            identity=tuple(one for one in Identity if one in chosen.identity),
        )

    @property
    def left_out(self) -> tuple[SectionKind, ...]:
        return tuple(one for one in SectionKind if one not in self.sections)


class AssistantAnswer(Frozen):
    """An answer to a question, quoted in the report. It is never checked or changed here.

    `origin` is `assistant` for an answer of this program and `request` for a text handed in with an export, whose origin
    nobody here knows. `model` is the language model, None where the answer is made of quotations only.
    """

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ANSWER, strip_whitespace=True)]
    origin: Literal["assistant", "request"]
    question: Annotated[str, StringConstraints(max_length=4000)] = ""
    model: Annotated[str, StringConstraints(max_length=200)] | None = None

    @property
    def is_ai_assisted(self) -> bool:
        """Whether a language model may have written it: yes unless it is known that none did."""
        return self.origin == "request" or self.model is not None


class ReportState(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    SIGNED = "signed"


class Standing(Frozen):
    """Which report this is and how far it got. `id` is None for an export that is not kept."""

    id: str | None = None
    version: Annotated[int, Field(ge=1)] = 1
    state: ReportState = ReportState.DRAFT
    prepared_at: datetime.datetime
    reviewed_by: str | None = None
    reviewed_at: datetime.datetime | None = None
    signed_by: str | None = None
    signed_at: datetime.datetime | None = None
    digest: str | None = None

    @property
    def is_signed(self) -> bool:
        return self.state is ReportState.SIGNED

    def mark(self, *, ai_assisted: bool) -> str:
        """Return the words that stand on every page."""
        helped = "AI-assisted, " if ai_assisted else ""
        if self.is_signed:
            return f"{helped}signed by {self.signed_by}, {stamp(self.signed_at)}"
        reviewed = f", reviewed by {self.reviewed_by}" if self.state is ReportState.REVIEWED else ""
        text = f"{helped}draft, unsigned{reviewed}"
        return text[0].upper() + text[1:]


def stamp(moment: datetime.datetime | None) -> str:
    """Write a moment in UTC to the minute, e.g. `2026-01-05 14:02 UTC`."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else "time not recorded"
