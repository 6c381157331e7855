"""What a fact taken from a document is: its kind, its content, its date, and the place it was read from.

Values keep the unit, the range and the flag of the reporting laboratory; nothing is converted here. A fact is one
statement of one document: that two documents state the same result is found out later, when a record is put together.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from services.clinical.disease import Disease
from services.clinical.titers import Outcome
from services.errors import InvalidInputError

Text = Annotated[str, StringConstraints(max_length=400, strip_whitespace=True)]
LongText = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Comparator = Literal["<", "<=", ">", ">="]
Flag = Literal["L", "LL", "H", "HH", "A"]


class FactKind(StrEnum):
    LAB = "lab"
    ANTIBODY = "antibody"
    HLA = "hla"
    MEDICATION = "medication"
    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"
    IMAGING = "imaging"
    ACTIVITY = "activity"
    SYMPTOM = "symptom"
    LABEL = "label"
    GENOTYPE = "genotype"
    FLARE = "flare"


class Precision(StrEnum):
    """How much of a date is written. A month stands for its first day, a year for the first of January."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class DateBasis(StrEnum):
    """How the date of a fact was decided, from the surest to the weakest.

    `DOCUMENT` means that nothing nearer says when: the fact was known on that day and may be older. `NONE` has no date.
    """

    COLUMN = "date at the head of the column"
    ROW = "date in the same row"
    STATED = "date stated with it"
    PANEL = "collection date above it"
    COLLECTED = "collection date of the document"
    DOCUMENT = "date of the document"
    NONE = "no date"


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabContent(_Content):
    """One laboratory or physiological result, as reported.

    `test` is the name as written; `analyte` its key in `services.clinical.labs` where that is certain; `subject` groups
    the results of one test over time also where it is not. Either `value`, with `comparator` for a bound, or `text`.
    """

    kind: Literal[FactKind.LAB] = FactKind.LAB
    test: Text
    subject: Text
    analyte: Text | None = None
    loinc: Text | None = None
    value: Number | None = None
    comparator: Comparator | None = None
    text: Text | None = None
    unit: Text | None = None
    reference_range: Text | None = None
    flag: Flag | None = None
    specimen: Text | None = None
    laboratory: Text | None = None


class AntibodyContent(_Content):
    """One autoantibody result. `antibody` is the id of the curated antibody, None where the name has several meanings.

    `outcome` follows from titer, words, flag and the laboratory's own range; `UNKNOWN` where these do not say.
    """

    kind: Literal[FactKind.ANTIBODY] = FactKind.ANTIBODY
    name: Text
    subject: Text
    antibody: Text | None = None
    outcome: Outcome
    value: Number | None = None
    comparator: Comparator | None = None
    titer: Text | None = None
    pattern: Text | None = None
    text: Text | None = None
    unit: Text | None = None
    reference_range: Text | None = None
    flag: Flag | None = None
    loinc: Text | None = None
    specimen: Text | None = None
    laboratory: Text | None = None


class HlaContent(_Content):
    """Alleles or antigens of one locus as written; `present` is False where the report says that it is absent."""

    kind: Literal[FactKind.HLA] = FactKind.HLA
    locus: Text
    alleles: Annotated[tuple[Text, ...], Field(min_length=1, max_length=4)]
    present: bool = True
    method: Text | None = None


class MedicationStatus(StrEnum):
    STARTED = "started"
    CURRENT = "current"
    CHANGED = "changed"
    HELD = "held"
    STOPPED = "stopped"
    PAST = "past"
    PLANNED = "planned"


LOCAL_ROUTES = frozenset({"topical", "ophthalmic", "inhaled", "nasal", "intra-articular", "rectal"})


class Dated(_Content):
    """A date as far as it is written."""

    day: datetime.date
    precision: Precision = Precision.DAY


class MedicationContent(_Content):
    """One statement about a medication. `drugs` are the recognised names, `name` is as written.

    `given`: administered on that day ("infused", "received") rather than begun. `from_list`: an entry of a medication list.
    """

    kind: Literal[FactKind.MEDICATION] = FactKind.MEDICATION
    name: Text
    drugs: Annotated[tuple[Text, ...], Field(max_length=6)] = ()
    status: MedicationStatus
    dose: Text | None = None
    route: Text | None = None
    frequency: Text | None = None
    start: Dated | None = None
    stop: Dated | None = None
    note: Text | None = None
    given: bool = False
    from_list: bool = False

    @property
    def subject(self) -> str:
        """What joins the statements about one medication: the recognised drugs, else the first word of the name.

        Insulins are told apart by name, and a local form (eye drops, ointment, inhaler) from tablets of the same drug.
        """
        drug = "+".join(self.drugs) if self.drugs else (self.name.lower().split() or [""])[0]
        if self.drugs == ("insulin",):
            drug = " ".join(self.name.lower().split()[:2])
        return f"{drug} ({self.route})" if self.route in LOCAL_ROUTES else drug


class DiagnosisStatus(StrEnum):
    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    RULED_OUT = "ruled_out"
    HISTORY = "history"


class DiagnosisContent(_Content):
    kind: Literal[FactKind.DIAGNOSIS] = FactKind.DIAGNOSIS
    name: Text
    status: DiagnosisStatus
    disease: Disease | None = None
    from_list: bool = False


class ProcedureContent(_Content):
    kind: Literal[FactKind.PROCEDURE] = FactKind.PROCEDURE
    name: Text
    finding: LongText = ""


class ImagingContent(_Content):
    kind: Literal[FactKind.IMAGING] = FactKind.IMAGING
    modality: Text
    region: Text = ""
    finding: LongText = ""


class ActivityContent(_Content):
    """The stated value of a published instrument, with the items where the note prints them."""

    kind: Literal[FactKind.ACTIVITY] = FactKind.ACTIVITY
    instrument: Text
    value: Number
    items: dict[Text, Number] = Field(default_factory=dict)


class SymptomContent(_Content):
    """A complaint whose beginning is stated; the fact's date is that beginning, as exact as the words allow.

    A length of time ("for two years") is counted back from the day of the note and keeps its unit as the precision.
    """

    kind: Literal[FactKind.SYMPTOM] = FactKind.SYMPTOM
    name: Text


class LabelContent(_Content):
    """What a sentence says the illness was called, held for or treated as. Undated where the sentence does not say when."""

    kind: Literal[FactKind.LABEL] = FactKind.LABEL
    name: Text


class GenotypeContent(_Content):
    """The two alleles of a gene that decides on drugs, with the phenotype where the report names it."""

    kind: Literal[FactKind.GENOTYPE] = FactKind.GENOTYPE
    gene: Text
    genotype: Text


class FlareContent(_Content):
    """A flare or relapse that the document tells of, in its words. Undated where it says neither when nor that it goes on."""

    kind: Literal[FactKind.FLARE] = FactKind.FLARE
    name: Text


Content = (
    LabContent | AntibodyContent | HlaContent | MedicationContent | DiagnosisContent | ProcedureContent | ImagingContent
    | ActivityContent | SymptomContent | LabelContent | GenotypeContent | FlareContent
)
_CONTENT: TypeAdapter[Content] = TypeAdapter(Annotated[Content, Field(discriminator="kind")])


def content_from_json(raw: dict[str, Any]) -> Content:
    """Return the content stored as `raw`.

    :raise InvalidInputError: a field is missing, unknown or out of its limits; the message names the field, not its value.
    """
    try:
        return _CONTENT.validate_python(raw, strict=False)
    except ValidationError as error:
        fields = sorted({".".join(map(str, one["loc"][1:])) or "kind" for one in error.errors()})
        raise InvalidInputError(f"the fact cannot be stored: check {', '.join(fields)}") from error


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of a document.

    It stands on `page` at [start, end) of that page's text; `quote` are the words there, the whole row for a table.
    `effective` is the day it is true for, with how that was decided. `key` is the same whenever the same words are read
    again as the same kind of fact about the same subject, whatever else the rules make of them.
    """

    key: str
    page: int
    start: int
    end: int
    quote: str
    effective: datetime.date | None
    precision: Precision
    basis: DateBasis
    content: Content

    @property
    def kind(self) -> FactKind:
        return self.content.kind


def fact_key(kind: FactKind, page: int, quote: str, offset: int, occurrence: int) -> str:
    """Return the key of a fact within its document: of what it says where, not of how it was understood.

    `offset` is the place of the value within `quote`; `occurrence` counts equal quotes on the page.
    """
    words = " ".join(quote.split())
    return hashlib.sha256(f"{kind.value}|{page}|{words}|{offset}|{occurrence}".encode()).hexdigest()[:32]
