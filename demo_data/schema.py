"""What a demo patient is: the story, the documents and, beside the prose, every fact the documents state.

The structured facts of a document are its ground truth: the renderer prints each of them, so an extractor that reads the
PDF can be measured against them. Flags are derived from the reporting laboratory's range and refused where they
disagree. All people, places and institutions are fictional.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.clinical.disease import Disease

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentType(StrEnum):
    PROGRESS_NOTE = "progress_note"
    CONSULT = "consult"
    LAB_REPORT = "lab_report"
    IMAGING_REPORT = "imaging_report"
    PATHOLOGY_REPORT = "pathology_report"
    GENETICS_REPORT = "genetics_report"
    REFERRAL_LETTER = "referral_letter"
    DISCHARGE_SUMMARY = "discharge_summary"
    ED_NOTE = "ed_note"
    MEDICATION_LIST = "medication_list"
    INFUSION_NOTE = "infusion_note"
    PROCEDURE_NOTE = "procedure_note"


class TableStyle(StrEnum):
    """How a facility prints results. `CUMULATIVE` has one column per date; `NARRATIVE` has no table."""

    BORDERED = "bordered"
    RULED = "ruled"
    ZEBRA = "zebra"
    CUMULATIVE = "cumulative"
    NARRATIVE = "narrative"
    COLUMNS = "columns"


class Block(StrEnum):
    """The structured facts a section can place; what no section places is printed before the assessment."""

    LABS = "labs"
    ANTIBODIES = "antibodies"
    HLA = "hla"
    MEDICATIONS = "medications"
    DIAGNOSES = "diagnoses"
    PROCEDURES = "procedures"
    IMAGING = "imaging"
    ACTIVITY = "activity"


class Author(Frozen):
    name: Name
    credentials: Name


class Section(Frozen):
    """A heading with prose. With `block`, the facts of that kind are printed after the prose."""

    heading: Name
    paragraphs: tuple[Text, ...] = ()
    bullets: tuple[Text, ...] = ()
    block: Block | None = None

    @model_validator(mode="after")
    def _refuse_empty(self) -> Section:
        if not (self.paragraphs or self.bullets or self.block):
            raise ValueError(f"section {self.heading!r} says nothing")
        return self


class LabResult(Frozen):
    """One measured or observed value as its laboratory reports it.

    Either `value` (with `comparator` where the laboratory reports only a bound) or `text` (a result in words). `shown`
    is the result as printed. `low` and `high` bound the reference range, both inclusive; None means unbounded.
    `flag`: L below, H above, A abnormal in words, None inside the range or where no range is given.
    """

    test: Name
    shown: Name
    value: float | None = None
    comparator: Literal["<", ">"] | None = None
    text: Name | None = None
    unit: Name | None = None
    low: float | None = None
    high: float | None = None
    reference_range: Name | None = None
    flag: Literal["L", "H", "A"] | None = None

    @model_validator(mode="after")
    def _flag_agrees_with_range(self) -> LabResult:
        if (self.value is None) == (self.text is None):
            raise ValueError(f"{self.test}: a result is a number or words, not both")
        if self.value is not None and self.flag != flag_of(self.value, self.comparator, self.low, self.high):
            raise ValueError(f"{self.test} {self.shown}: flag {self.flag} disagrees with {self.reference_range}")
        return self


def flag_of(
    value: float, comparator: str | None, low: float | None, high: float | None
) -> Literal["L", "H"] | None:
    """Return the flag of a number against an inclusive range. A bound counts from the bounded side only."""
    if low is not None and comparator != ">" and (value < low or (comparator == "<" and value <= low)):
        return "L"
    if high is not None and comparator != "<" and (value > high or (comparator == ">" and value >= high)):
        return "H"
    return None


class LabPanel(Frozen):
    name: Name
    specimen_date: date
    laboratory: Name
    results: Annotated[tuple[LabResult, ...], Field(min_length=1)]


class AntibodyFinding(Frozen):
    """One autoantibody result: a number against a cut-off, a titer with its pattern, or words. Blank is unknown."""

    name: Name
    shown: Name
    specimen_date: date
    positive: bool
    value: float | None = None
    comparator: Literal["<", ">"] | None = None
    unit: Name | None = None
    titer: Annotated[str, StringConstraints(pattern=r"^1:\d+$")] | None = None
    pattern: Name | None = None
    reference_range: Name | None = None


class HlaTyping(Frozen):
    """Alleles as the laboratory wrote them, with the locus. A locus that was not typed is absent."""

    alleles: Annotated[tuple[Name, ...], Field(min_length=1)]
    method: Name


class MedicationStatus(StrEnum):
    STARTED = "started"
    CURRENT = "current"
    CHANGED = "changed"
    HELD = "held"
    STOPPED = "stopped"
    PAST = "past"
    PLANNED = "planned"


class Medication(Frozen):
    name: Name
    dose: Name
    route: Name
    frequency: Name
    status: MedicationStatus
    start: date | None = None
    stop: date | None = None
    note: Name | None = None

    @model_validator(mode="after")
    def _stops_after_start(self) -> Medication:
        if self.start and self.stop and self.stop < self.start:
            raise ValueError(f"{self.name}: stopped {self.stop} before it was started {self.start}")
        return self


class Diagnosis(Frozen):
    """A diagnosis as this document holds it. `disease` is set where it is one of the thirteen."""

    name: Name
    status: Literal["suspected", "confirmed", "ruled_out"]
    date: date
    disease: Disease | None = None


class Procedure(Frozen):
    name: Name
    date: date
    finding: Text


class ImagingFinding(Frozen):
    modality: Name
    region: Name
    finding: Text


class ActivityScore(Frozen):
    """A published instrument with the items that give its value. `items` keep the instrument's own units."""

    instrument: Name
    value: float
    items: dict[Name, float] = Field(default_factory=dict)


class DemoDocument(Frozen):
    """One document of the record. `id` is also the stem of its file name; `facility` names a letterhead."""

    id: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}_[a-z0-9_]+$")]
    date: date
    type: DocumentType
    specialty: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
    author: Author
    facility: Name
    title: Name
    table_style: TableStyle
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    labs: tuple[LabPanel, ...] = ()
    antibodies: tuple[AntibodyFinding, ...] = ()
    hla: HlaTyping | None = None
    medications: tuple[Medication, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    imaging: tuple[ImagingFinding, ...] = ()
    activity: tuple[ActivityScore, ...] = ()

    def text(self) -> str:
        """Return the prose of the document: headings, paragraphs and bullets, in order."""
        parts: list[str] = []
        for section in self.sections:
            parts += [section.heading, *section.paragraphs, *section.bullets]
        return "\n".join(parts)


class Relative(Frozen):
    relation: Name
    condition: Name


class Serology(Frozen):
    """A screening result that decides on therapy, e.g. anti-HBc, QuantiFERON, JCV index."""

    name: Name
    result: Name
    date: date


class EarlierLabel(Frozen):
    """A diagnosis given on the way that was wrong, or right but not the whole."""

    label: Name
    date: date
    by: Name
    verdict: Literal["wrong", "partial"]
    document: Name


class MissedSignal(Frozen):
    """A finding that was there to be seen on `date` in `document`, and what became of it."""

    signal: Name
    date: date
    document: Name
    response: Name


class DiagnosisDate(Frozen):
    disease: Disease
    date: date
    document: Name


class Journey(Frozen):
    """The diagnostic odyssey: from the first symptom to the names that explain it.

    `diagnoses` begins with the disease that explains the first symptom; `delay_months` counts whole months from that
    symptom to it.
    """

    first_symptom: Name
    first_symptom_date: date
    specialties: Annotated[tuple[Name, ...], Field(min_length=1)]
    earlier_labels: tuple[EarlierLabel, ...] = ()
    missed_signals: tuple[MissedSignal, ...] = ()
    diagnoses: Annotated[tuple[DiagnosisDate, ...], Field(min_length=1)]
    delay_months: Annotated[int, Field(ge=0)]


class Question(Frozen):
    """A question the record answers, with words the answer must hold and the documents that hold it."""

    question: Name
    answer: Text
    documents: Annotated[tuple[Name, ...], Field(min_length=1)]


class DemoPatient(Frozen):
    """A fictional patient with the whole record, documents in date order.

    The fields above `journey` describe the day of the last document. `extensions` holds what else an analysis may ask
    and the documents state in prose, under the keys of `Profile.extensions`.
    """

    id: Identifier
    name: Name
    mrn: Identifier
    dob: date
    sex: Literal["F", "M"]
    summary: Text
    allergies: tuple[Name, ...]
    family_history: tuple[Relative, ...]
    comorbidities: tuple[Name, ...]
    serology: tuple[Serology, ...]
    genotypes: dict[Name, Name]
    current_medications: tuple[Name, ...]
    pregnancy: Name | None
    conditions: Annotated[tuple[Disease, ...], Field(min_length=1)]
    extensions: dict[Name, str | float | bool] = Field(default_factory=dict)
    journey: Journey
    questions: tuple[Question, ...]
    documents: Annotated[tuple[DemoDocument, ...], Field(min_length=1)]

    def age_on(self, day: date) -> int:
        """Return the age in completed years on `day`."""
        return day.year - self.dob.year - ((day.month, day.day) < (self.dob.month, self.dob.day))

    def document(self, document_id: str) -> DemoDocument | None:
        """Return the document with that id, or None."""
        return next((document for document in self.documents if document.id == document_id), None)
