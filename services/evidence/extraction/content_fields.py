"""The content of a fact as named fields of text, and content out of such fields.

A person corrects a fact in a form, and a language model proposes one as fields: both write words ("<0.01", "B*27:05, B*40:01",
"2022-03"). Names, results, alleles and drugs are read here exactly as in a document, so that a corrected fact is followed by
everything that follows a read one. What cannot be read is refused with the name of the field, never guessed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from pydantic import ValidationError

from services.clinical.antibodies import normalise_antibody
from services.clinical.hla import parse_typing
from services.clinical.labs import analytes, parse_reference_range
from services.clinical.titers import Outcome
from services.errors import InvalidInputError
from services.evidence.extraction.activity import instrument_names
from services.evidence.extraction.diagnoses import disease_in
from services.evidence.extraction.facts import (
    ActivityContent,
    AntibodyContent,
    Content,
    DateBasis,
    Dated,
    DiagnosisContent,
    DiagnosisStatus,
    FactKind,
    Flag,
    FlareContent,
    GenotypeContent,
    HlaContent,
    ImagingContent,
    LabContent,
    LabelContent,
    MedicationContent,
    MedicationStatus,
    Precision,
    ProcedureContent,
    SymptomContent,
)
from services.evidence.extraction.lexicon import Role, Subject, subject_of
from services.evidence.extraction.medications import drugs_in
from services.evidence.extraction.reported import Place, Reported, When, content_of
from services.evidence.extraction.values import Value, combined, read_cell
from services.evidence.extraction.words import key_of

AS_THE_RESULT_SAYS = "as the result says"
MAX_FIELD = 400
_LONG = 2000
_FLAGS = ("", *get_args(Flag))
_YES, _NO = "yes", "no"
_NOWHERE = Place(0, 0, 0, 0)
_UNDATED = When(None, Precision.DAY, DateBasis.NONE)
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of fact. `choices` where only these words are possible; `is_long` for several lines."""

    name: str
    label: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    is_long: bool = False
    hint: str = ""


_RESULT = (
    Field("result", "Result", is_required=True, hint="As printed: 12, <0.01, 1:640 or words"), Field("unit", "Unit"),
    Field("reference_range", "Reference range"), Field("flag", "Flag as printed", choices=_FLAGS),
)
_PARTIAL_DATE = "2022-03-14, 2022-03 or 2022"
FIELDS: Mapping[FactKind, tuple[Field, ...]] = {
    FactKind.LAB: (Field("test", "Test", is_required=True), *_RESULT),
    FactKind.ANTIBODY: (
        Field("name", "Autoantibody", is_required=True), *_RESULT, Field("pattern", "Pattern"),
        Field("outcome", "Read as", choices=(AS_THE_RESULT_SAYS, *(one.value for one in Outcome))),
    ),
    FactKind.HLA: (
        Field("alleles", "Alleles of one locus", is_required=True, hint="B*27:05, B*40:01"),
        Field("present", "Present", choices=(_YES, _NO)), Field("method", "Method"),
    ),
    FactKind.MEDICATION: (
        Field("name", "Medication", is_required=True),
        Field("status", "What is said of it", is_required=True, choices=tuple(one.value for one in MedicationStatus)),
        Field("dose", "Dose"), Field("route", "Route"), Field("frequency", "How often"),
        Field("start", "Start", hint=_PARTIAL_DATE), Field("stop", "Stop", hint=_PARTIAL_DATE),
        Field("note", "Reason or remark"),
    ),
    FactKind.DIAGNOSIS: (
        Field("name", "Diagnosis", is_required=True),
        Field("status", "Status", is_required=True, choices=tuple(one.value for one in DiagnosisStatus)),
    ),
    FactKind.PROCEDURE: (Field("name", "Procedure", is_required=True), Field("finding", "Finding", is_long=True)),
    FactKind.IMAGING: (
        Field("modality", "Modality", is_required=True), Field("region", "Region"), Field("finding", "Finding", is_long=True),
    ),
    FactKind.ACTIVITY: (Field("instrument", "Instrument", is_required=True), Field("value", "Value", is_required=True)),
    FactKind.GENOTYPE: (Field("gene", "Gene", is_required=True), Field("genotype", "Genotype", is_required=True)),
    FactKind.SYMPTOM: (Field("name", "First symptom", is_required=True),),
    FactKind.LABEL: (Field("name", "Name given to the illness", is_required=True),),
    FactKind.FLARE: (Field("name", "Flare, as written", is_required=True),),
}  # fmt: skip
"""The fields of each kind; a kind that is not here cannot be corrected field by field."""


def fields_of(content: Content) -> dict[str, str]:
    """Return the fields of a content as they would be typed; `content_of_fields` reads them back to the same content."""
    shown = {name: _shown(value) for name, value in content.model_dump(mode="json").items()}
    if isinstance(content, LabContent | AntibodyContent):
        shown["result"] = _result(content)
    if isinstance(content, AntibodyContent):
        says_so = _antibody({**shown, "outcome": AS_THE_RESULT_SAYS}, content).outcome
        shown["outcome"] = AS_THE_RESULT_SAYS if says_so is content.outcome else content.outcome.value
    elif isinstance(content, HlaContent):
        shown |= {"alleles": ", ".join(content.alleles), "present": _YES if content.present else _NO}
    elif isinstance(content, MedicationContent):
        shown |= {"start": _date(content.start), "stop": _date(content.stop)}
    elif isinstance(content, ActivityContent):
        shown["value"] = f"{content.value:.12g}"
    return {field.name: shown.get(field.name, "") for field in FIELDS.get(content.kind, ())}


def content_of_fields(kind: FactKind, fields: Mapping[str, str], base: Content | None = None) -> Content:
    """Return the content that `fields` say. What no field holds (laboratory, specimen, list or sentence) stays that of `base`.

    :raise InvalidInputError: a field is missing, too long, or cannot be read; the message names it.
    """
    given = {name: " ".join(text.split()) for name, text in fields.items()}
    for field in FIELDS.get(kind, ()):
        text = given.get(field.name, "")
        if field.is_required and not text:
            raise InvalidInputError(f"{field.label} is missing")
        if len(text) > (_LONG if field.is_long else MAX_FIELD):
            raise InvalidInputError(f"{field.label} is too long: up to {_LONG if field.is_long else MAX_FIELD} characters")
        if text and field.choices and text not in field.choices:
            raise InvalidInputError(f"{field.label} must be one of: {', '.join(one for one in field.choices if one)}")
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInputError("a fact of this kind cannot be corrected: reject it instead")
    try:
        return reader(given, base)
    except ValidationError as error:
        names = sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})
        raise InvalidInputError(f"cannot be used as given: {', '.join(names)}") from error


def effective_of(content: Content, otherwise: datetime.date | None) -> datetime.date | None:
    """Return the day a content holds for: of the start or stop that it tells, else `otherwise`."""
    told = told_date(content)
    return told.day if told is not None else otherwise


def told_date(content: Content) -> Dated | None:
    """Return the start or stop that a statement about a medication is about; None for everything else."""
    if not isinstance(content, MedicationContent):
        return None
    ended = content.status in (MedicationStatus.STOPPED, MedicationStatus.PAST)
    return content.stop if ended else content.start


def statement_of(content: Content) -> tuple[object, ...]:
    """Return what a content says, without how it is printed: equal for two statements of the same thing."""
    said: tuple[object, ...] = (content.model_dump_json(),)
    if isinstance(content, LabContent):
        said = (content.subject, content.value, content.comparator, key_of(content.text or ""))
    elif isinstance(content, AntibodyContent):
        worded = content.outcome if content.value is None and content.titer is None else None
        said = (content.subject, content.value, content.comparator, content.titer, worded)
    elif isinstance(content, HlaContent):
        said = (content.locus, frozenset(content.alleles), content.present)
    elif isinstance(content, MedicationContent):
        said = (content.subject, content.status, key_of(content.dose or ""), content.start, content.stop)
    elif isinstance(content, DiagnosisContent):
        said = (content.disease or key_of(content.name), content.status)
    elif isinstance(content, ProcedureContent):
        said = (key_of(content.name),)
    elif isinstance(content, ImagingContent):
        said = (key_of(content.modality), key_of(content.region))
    elif isinstance(content, ActivityContent):
        said = (content.instrument, content.value)
    return (content.kind, *said)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else ""


def _result(content: LabContent | AntibodyContent) -> str:
    if isinstance(content, AntibodyContent) and content.titer is not None:
        return content.titer
    if content.value is not None:
        return f"{content.comparator or ''}{content.value:.12g}"
    if content.text:
        return content.text
    return content.outcome.value if isinstance(content, AntibodyContent) else ""


def _date(dated: Dated | None) -> str:
    length = {Precision.DAY: 10, Precision.MONTH: 7, Precision.YEAR: 4}
    return dated.day.isoformat()[: length[dated.precision]] if dated is not None else ""


def _dated(text: str, label: str) -> Dated | None:
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        day = datetime.date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError as error:
        raise InvalidInputError(f"{label} must be a date written as {_PARTIAL_DATE}") from error
    return Dated(day=day, precision=Precision.DAY if match[3] else Precision.MONTH if match[2] else Precision.YEAR)


def _value(given: Mapping[str, str]) -> Value:
    """Read the fields of a result as the cells of a row."""
    unit = given.get("unit") or None
    read = read_cell(given["result"], unit=unit)
    value = combined(read, unit=unit, reference_range=given.get("reference_range"))
    return replace(value, flag=_flag(given.get("flag", "")) or value.flag)


def _flag(text: str) -> Flag | None:
    known: dict[str, Flag] = {one: one for one in get_args(Flag)}
    return known.get(text)


def _lab(given: Mapping[str, str], base: Content | None) -> LabContent:
    before = base if isinstance(base, LabContent) else None
    is_same = before is not None and before.test == given["test"] and (before.unit or "") == given.get("unit", "")
    analyte = analytes().get(before.analyte or "") if before is not None and is_same else None
    read = content_of(Reported(
        name=given["test"], value=_value(given), when=_UNDATED, place=_NOWHERE, fluid=before.specimen if before else None,
        laboratory=before.laboratory if before else None,
        subject=Subject(Role.ANALYTE, analyte.key, analyte) if analyte is not None else None,
    ))
    if isinstance(read, AntibodyContent):
        raise InvalidInputError("Test names an autoantibody: reject this fact, it is no laboratory value")
    if read is None:
        raise InvalidInputError("Result is empty, or says that there is none yet")
    _require_fitting_flag(read, before)
    if before is None or not is_same:
        return read
    kept = {"subject": before.subject, "analyte": before.analyte, "loinc": before.loinc, "specimen": before.specimen}
    return read.model_copy(update=kept)


def _antibody(given: Mapping[str, str], base: Content | None) -> AntibodyContent:
    before = base if isinstance(base, AntibodyContent) else None
    if before is not None and before.name == given["name"]:
        identifier = before.antibody or ""
    else:
        found = subject_of(given["name"])
        is_known = found is not None and found.role is Role.ANTIBODY
        identifier = found.key if found is not None and is_known else normalise_antibody(given["name"]).id or ""
    value = replace(_value(given), pattern=given.get("pattern") or None)
    read = content_of(Reported(
        name=given["name"], value=value, when=_UNDATED, place=_NOWHERE, fluid=before.specimen if before else None,
        laboratory=before.laboratory if before else None, subject=Subject(Role.ANTIBODY, identifier, worded=True),
    ))
    if not isinstance(read, AntibodyContent):
        raise InvalidInputError("Result is empty, or says that there is none yet")
    _require_fitting_flag(read, before)
    if before is not None and (before.name, before.unit, before.titer is None) == (read.name, read.unit, read.titer is None):
        read = read.model_copy(update={"subject": before.subject, "loinc": before.loinc})
    said = given.get("outcome") or AS_THE_RESULT_SAYS
    return read if said == AS_THE_RESULT_SAYS else read.model_copy(update={"outcome": Outcome(said)})


def _require_fitting_flag(read: LabContent | AntibodyContent, before: LabContent | AntibodyContent | None) -> None:
    """Refuse a flag that the new number contradicts: the old one may stand in the form unseen."""
    printed = (read.value, read.unit, read.reference_range, read.flag)
    if before is not None and printed == (before.value, before.unit, before.reference_range, before.flag):
        return
    limits = parse_reference_range(read.reference_range) if read.reference_range else None
    if limits is None or read.value is None or read.comparator is not None:
        return
    low, high = limits
    too_high = read.flag in ("H", "HH") and high is not None and read.value <= high
    too_low = read.flag in ("L", "LL") and low is not None and read.value >= low
    if too_high or too_low:
        raise InvalidInputError("Flag as printed contradicts the result and its reference range: change one of them")


def _hla(given: Mapping[str, str], _base: Content | None) -> HlaContent:
    written = [re.sub(r"^HLA[- ]?", "", part.strip(), flags=re.IGNORECASE) for part in re.split(r"[,;/]", given["alleles"])]
    names = tuple(name for name in written if name)
    typings = [parse_typing(name) for name in names]
    if not names or not all(one.is_recognised for one in typings):
        raise InvalidInputError("Alleles of one locus holds a name that is no HLA allele or antigen: write B*27:05 or B27")
    loci = {one.alleles[0].locus for one in typings}
    if len(loci) > 1:
        raise InvalidInputError("Alleles of one locus holds alleles of several loci: give each locus a fact of its own")
    return HlaContent(
        locus=loci.pop(), alleles=names, present=given.get("present", _YES) != _NO, method=given.get("method") or None
    )


def _medication(given: Mapping[str, str], base: Content | None) -> MedicationContent:
    before = base if isinstance(base, MedicationContent) else None
    start, stop = (_dated(given.get(name, ""), name.capitalize()) for name in ("start", "stop"))
    if start is not None and stop is not None and stop.day < start.day and stop.precision is Precision.DAY:
        raise InvalidInputError("Stop lies before Start: change one of them")
    status = MedicationStatus(given["status"])
    is_same = before is not None and before.name == given["name"]
    return MedicationContent(
        name=given["name"], drugs=before.drugs if before is not None and is_same else drugs_in(given["name"])[:6], status=status,
        dose=given.get("dose") or None, route=given.get("route") or None, frequency=given.get("frequency") or None, start=start,
        stop=stop, note=given.get("note") or None, given=before is not None and before.given and before.status is status,
        from_list=before is not None and before.from_list,
    )


def _diagnosis(given: Mapping[str, str], base: Content | None) -> DiagnosisContent:
    from_list = isinstance(base, DiagnosisContent) and base.from_list
    disease = base.disease if isinstance(base, DiagnosisContent) and base.name == given["name"] else disease_in(given["name"])
    return DiagnosisContent(name=given["name"], status=DiagnosisStatus(given["status"]), disease=disease, from_list=from_list)


def _procedure(given: Mapping[str, str], _base: Content | None) -> ProcedureContent:
    return ProcedureContent(name=given["name"], finding=given.get("finding", ""))


def _imaging(given: Mapping[str, str], _base: Content | None) -> ImagingContent:
    return ImagingContent(modality=given["modality"], region=given.get("region", ""), finding=given.get("finding", ""))


def _activity(given: Mapping[str, str], base: Content | None) -> ActivityContent:
    """Read a stated score. The printed items belong to the printed value: with another value they are gone."""
    record = instrument_names().get(given["instrument"])
    if record is None:
        raise InvalidInputError("Instrument is none that is known here")
    try:
        value = float(given["value"].replace(",", "."))
    except ValueError as error:
        raise InvalidInputError("Value must be a number") from error
    low, high = record.range or (None, None)
    if not (low is None or value >= low) or not (high is None or value <= high):
        raise InvalidInputError("Value lies outside the range of the instrument")
    is_same = isinstance(base, ActivityContent) and (base.instrument, base.value) == (record.id, value)
    return ActivityContent(
        instrument=record.id, value=value, items=dict(base.items) if isinstance(base, ActivityContent) and is_same else {}
    )


def _genotype(given: Mapping[str, str], base: Content | None) -> GenotypeContent:
    kept = base.model_dump() if isinstance(base, GenotypeContent) else {}
    return GenotypeContent.model_validate({**kept, "gene": given["gene"], "genotype": given["genotype"]})


_READERS: Mapping[FactKind, Callable[[Mapping[str, str], Content | None], Content]] = {
    FactKind.LAB: _lab, FactKind.ANTIBODY: _antibody, FactKind.HLA: _hla, FactKind.MEDICATION: _medication,
    FactKind.DIAGNOSIS: _diagnosis, FactKind.PROCEDURE: _procedure, FactKind.IMAGING: _imaging, FactKind.ACTIVITY: _activity,
    FactKind.GENOTYPE: _genotype, FactKind.SYMPTOM: lambda given, _: SymptomContent(name=given["name"]),
    FactKind.LABEL: lambda given, _: LabelContent(name=given["name"]),
    FactKind.FLARE: lambda given, _: FlareContent(name=given["name"]),
}  # fmt: skip
