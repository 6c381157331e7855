"""Between the stored record of a patient and the tables of the form: what is entered becomes a profile, nothing is dropped.

The latest dated result of a test stands in the profile, earlier ones in its history. Results that no date can order are
refused by name, because the analysis could not tell which one counts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from components.analysis_lab_table import Row
from services.clinical.labs import normalise, parse_number
from services.clinical.labs.analytes import locate
from services.clinical.profile import AntibodyResult, MeasuredValue, Profile
from services.clinical.titers import parse_titer
from services.errors import InvalidInputError
from services.patients.registry import Patient

LOCI = ("A", "B", "C", "DRB1", "DQB1", "DQA1", "DPB1")
EDITED_KEYS = (
    "pregnant", "gestational_weeks", "pregnancy", "serology", "comorbidities", "symptoms", "allergies", "proposed_medications",
    "prior_medications", "smoking", "flare_context", "lab_history", "qualitative_antibodies", "weight_kg", "ibd_subtype",
)  # fmt: skip
"""The extensions the form edits; all others are kept as they are."""
_MAX_SHOWN = 8


class Result(NamedTuple):
    """One laboratory result under the name it was written with."""

    name: str
    measured: MeasuredValue | float


@dataclass(frozen=True, slots=True)
class Entered:
    """What the form holds. Tables are rows of column to value as the editor returns them; empty means not stated."""

    age: int | None
    sex: str | None
    conditions: Sequence[str] = ()
    medications: str = ""
    family_history: str = ""
    symptom_duration_months: int | None = None
    labs: Sequence[Mapping[str, Any]] = ()
    antibodies: Sequence[Mapping[str, Any]] = ()
    collected_on: datetime.date | None = None
    alleles: Mapping[str, str] = field(default_factory=dict)
    genotypes: Sequence[Mapping[str, Any]] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


def to_profile(patient: Patient, entered: Entered, today: datetime.date) -> Profile:
    """Return the profile the form describes.

    :raise InvalidInputError: naming each row or field that cannot be used as it stands.
    """
    problems: list[str] = []
    results = _lab_rows(entered.labs, problems)
    current, history = _ordered(results, problems)
    panel, worded = _antibody_rows(entered.antibodies, problems)
    if entered.age is None or entered.sex is None:
        problems.append("age and sex are needed: limits, instruments and drug rules depend on them")
    if problems:
        rest = f"; and {len(problems) - _MAX_SHOWN} more" if len(problems) > _MAX_SHOWN else ""
        raise InvalidInputError("Not saved. " + "; ".join(problems[:_MAX_SHOWN]) + rest)
    kept = {key: value for key, value in patient.profile.get("extensions", {}).items() if key not in EDITED_KEYS}
    extensions = kept | dict(entered.context)
    if history := _with_unread(history, patient.profile):
        extensions["lab_history"] = history
    if worded:
        extensions["qualitative_antibodies"] = worded
    return _validated(
        {
            "patient_id": patient.id, "age": entered.age, "sex": entered.sex, "biomarkers": current,
            "diagnosed_conditions": list(entered.conditions), "current_medications": lines(entered.medications),
            "family_history": lines(entered.family_history), "symptom_duration_months": entered.symptom_duration_months,
            "genotypes": _genotypes(entered.genotypes), "extensions": extensions,
            # an empty typing says "nothing typed"; it lets a record of joint counts or drugs alone be analysed
            "hla_profile": {f"hla_{locus.lower()}": _alleles(entered.alleles.get(locus, "")) for locus in LOCI},
            "autoantibody_panel": {
                "patient_id": patient.id, "collection_date": entered.collected_on or today, "results": panel,
            } if panel else None,
        }
    )  # fmt: skip


def with_rows(patient: Patient, sex: str | None, age: int | None, rows: Sequence[Row]) -> Profile:
    """Return the stored record with the results of an import added.

    :raise InvalidInputError: age or sex are not known, or a result contradicts one on record.
    """
    if age is None or sex is None:
        raise InvalidInputError("enter age and sex first and save: limits depend on them")
    record = dict(patient.profile) or {"patient_id": patient.id, "age": age, "sex": sex, "hla_profile": {}}
    extensions = dict(record.get("extensions", {}))
    problems: list[str] = []
    new = [Result(row.test, row.measured) for row in rows if row.measured is not None]
    current, history = _ordered([*results_of(record), *new], problems)
    if problems:
        raise InvalidInputError("Nothing was added. " + "; ".join(problems[:_MAX_SHOWN]))
    worded = dict(extensions.get("qualitative_antibodies", {}))
    worded |= {row.test: row.qualitative for row in rows if row.qualitative is not None}
    if history := _with_unread(history, record):
        extensions["lab_history"] = history
    if worded:
        extensions["qualitative_antibodies"] = worded
    panel = _panel_with(record.get("autoantibody_panel"), rows, patient.id)
    return _validated(record | {"biomarkers": current, "extensions": extensions, "autoantibody_panel": panel})


def results_of(record: Mapping[str, Any]) -> list[Result]:
    """Return every laboratory result of a stored record, the current ones first."""
    found = [Result(name, _measured(value)) for name, value in record.get("biomarkers", {}).items()]
    return [*found, *(Result(name, measured) for name, value in _history(record) if (measured := _earlier(value)) is not None)]


def lab_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the laboratory results as rows of the form. A bare number is shown with the unit it is read in."""
    return [
        {
            "Test": one.name, "Value": f"{_value(one):.12g}", "Unit": _unit(one),
            "Reference range": one.measured.reference_range or "" if isinstance(one.measured, MeasuredValue) else "",
            "Date": one.measured.date if isinstance(one.measured, MeasuredValue) else None,
        }
        for one in results_of(record)
    ]  # fmt: skip


def antibody_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the antibody results as rows of the form, those reported in words last."""
    words: dict[Any, str] = {True: "positive", False: "negative"}
    rows = [
        {
            "Antibody": one["antibody"], "Value": f"{one['value']:.12g}", "Unit": one.get("unit", ""),
            "Reference range": one.get("reference_range", ""), "Result": words.get(one.get("positive")),
            "Titer": one.get("titer", ""), "Pattern": one.get("pattern", ""),
        }
        for one in (record.get("autoantibody_panel") or {}).get("results", ())
    ]  # fmt: skip
    worded = record.get("extensions", {}).get("qualitative_antibodies", {})
    empty = {"Value": "", "Unit": "", "Reference range": "", "Titer": "", "Pattern": ""}
    return [*rows, *({"Antibody": name, **empty, "Result": words.get(one, str(one))} for name, one in worded.items())]


def lines(text: str) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _history(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    history = record.get("extensions", {}).get("lab_history", {})
    rows = history.items() if isinstance(history, Mapping) else ()
    return [(str(name), value) for name, values in rows for value in (values if isinstance(values, list) else [values])]


def _earlier(value: Any) -> MeasuredValue | None:
    """Return an earlier result, None where it is none the form can show."""
    try:
        return MeasuredValue.model_validate(value)
    except ValidationError:
        return None


def _with_unread(history: Mapping[str, list[Any]], record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Add what stands in the history and is no result: the analysis tells of it, the form must not lose it."""
    found = {name: list(values) for name, values in history.items()}
    for name, value in _history(record):
        if _earlier(value) is None:
            found.setdefault(name, []).append(value)
    return found


def _validated(record: Mapping[str, Any]) -> Profile:
    try:
        return Profile.model_validate(record)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:_MAX_SHOWN])
        raise InvalidInputError(f"Not saved. {told}") from error


def _measured(value: Any) -> MeasuredValue | float:
    return MeasuredValue.model_validate(value) if isinstance(value, Mapping) else value


def _value(one: Result) -> float:
    return one.measured.value if isinstance(one.measured, MeasuredValue) else one.measured


def _unit(one: Result) -> str:
    if isinstance(one.measured, MeasuredValue):
        return one.measured.unit or ""
    located = locate(one.name)
    return "" if located is None or located.limit else located.unit or located.analyte.unit


def _key(one: Result) -> str:
    """What a result measures: FVC in litres and FVC in percent predicted are two things, C3 and complement C3 one."""
    read = normalise({one.name: one.measured}).readings
    return read[0].key if read else one.name.strip().casefold()


def _lab_rows(rows: Iterable[Mapping[str, Any]], problems: list[str]) -> list[Result]:
    found: list[Result] = []
    for position, row in enumerate(rows, start=1):
        name, text = _text(row, "Test"), _text(row, "Value")
        if not name and not text:
            continue
        number = parse_number(text) if text else None
        if not name or number is None:
            told = "no test is named" if not name else f"{text!r} is not a number" if text else "no value"
            problems.append(f"laboratory row {position} {name}: {told}".replace("  ", " "))
            continue
        unit, limits, day = _text(row, "Unit"), _text(row, "Reference range"), _day(row.get("Date"))
        bare = not (unit or limits or day)
        limit_or_unknown = (located := locate(name)) is not None and located.limit is not None
        found.append(
            Result(name, number if bare and limit_or_unknown else MeasuredValue(
                value=number, unit=unit or None, reference_range=limits or None, date=day))
        )  # fmt: skip
    return found


def _ordered(
    results: Sequence[Result], problems: list[str]
) -> tuple[dict[str, MeasuredValue | float], dict[str, list[dict[str, Any]]]]:
    """Return the current results by name, and the earlier dated ones as history."""
    groups: dict[str, list[Result]] = {}
    for one in results:
        group = groups.setdefault(_key(one), [])
        if one.measured not in [other.measured for other in group]:
            group.append(one)
    current: dict[str, MeasuredValue | float] = {}
    history: dict[str, list[dict[str, Any]]] = {}
    for group in groups.values():
        days = [_date_of(one) for one in group]
        if len(group) > 1 and (None in days or len(set(days)) < len(days)):
            shown = ", ".join(f"{_value(one):g} {_unit(one)} ({_date_of(one) or 'no date'})" for one in group)
            problems.append(f"{group[0].name} has several results that no dates order: {shown}")
            continue
        *earlier, latest = sorted(group, key=lambda one: _date_of(one) or datetime.date.min)
        current[latest.name] = latest.measured
        for one in earlier:
            if isinstance(one.measured, MeasuredValue):
                history.setdefault(one.name, []).append(one.measured.model_dump(mode="json", exclude_none=True))
    return current, history


def _date_of(one: Result) -> datetime.date | None:
    return one.measured.date if isinstance(one.measured, MeasuredValue) else None


def _antibody_rows(
    rows: Iterable[Mapping[str, Any]], problems: list[str]
) -> tuple[list[AntibodyResult], dict[str, bool | str]]:
    found: list[AntibodyResult] = []
    worded: dict[str, bool | str] = {}
    for position, row in enumerate(rows, start=1):
        name, text, titer = _text(row, "Antibody"), _text(row, "Value"), _text(row, "Titer")
        said = _text(row, "Result")
        positive = {"positive": True, "negative": False}.get(said)
        if not name:
            if text or titer or said:
                problems.append(f"antibody row {position}: no antibody is named")
            continue
        dilution = parse_titer(titer) if titer else None
        number = parse_number(text) if text else float(dilution.dilution) if dilution else None
        if number is not None:
            found.append(
                AntibodyResult(
                    antibody=name, value=number, unit=_text(row, "Unit") or None, positive=positive,
                    titer=titer or (said if said and positive is None else None),
                    reference_range=_text(row, "Reference range") or None, pattern=_text(row, "Pattern") or None,
                )
            )
        elif text or titer:
            problems.append(f"antibody row {position} {name}: {text or titer!r} is neither a number nor a titer")
        elif not said:
            problems.append(f"antibody row {position} {name}: neither value, titer nor result")
        else:
            worded[name] = said if positive is None else positive
    return found, worded


def _panel_with(panel: Mapping[str, Any] | None, rows: Sequence[Row], patient_id: str) -> dict[str, Any] | None:
    new = {row.antibody.antibody.casefold(): row.antibody for row in rows if row.antibody is not None}
    if not new:
        return dict(panel) if panel else None
    before = [AntibodyResult.model_validate(one) for one in (panel or {}).get("results", ())]
    results = [new.pop(one.antibody.casefold(), one) for one in before]
    days = [row.day.isoformat() for row in rows if row.antibody is not None and row.day]
    collected = max([*days, *([panel["collection_date"]] if panel else [])], default=None)
    if collected is None:
        raise InvalidInputError("Nothing was added. The antibody rows carry no date: add one")
    return {"patient_id": patient_id, "collection_date": collected, "results": [*results, *new.values()]}


def _genotypes(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    pairs = ((_text(row, "Gene"), _text(row, "Genotype")) for row in rows)
    return {gene: written for gene, written in pairs if gene and written}


def _alleles(text: str) -> list[str]:
    return [one.strip() for one in text.replace(";", ",").split(",") if one.strip()]


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return str(value).strip() if isinstance(value, str) else ""


def _day(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    return datetime.date.fromisoformat(value[:10]) if isinstance(value, str) and value[:10].count("-") == 2 else None
