"""Reads the compact source files into the demo models.

`laboratories.yaml` holds each laboratory's units and reference ranges once, so a document names only test and value; unit,
range and flag follow from the laboratory that reported it. `facilities.yaml` holds the letterheads. A patient is a
folder: `patient.yaml` and any number of `records*.yaml`, each a list of documents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from demo_data.markup import parse_sections
from demo_data.schema import (
    ActivityScore,
    AntibodyFinding,
    Author,
    DemoDocument,
    Diagnosis,
    HlaTyping,
    ImagingFinding,
    LabPanel,
    LabResult,
    Medication,
    MedicationStatus,
    Procedure,
    flag_of,
)
from services.clinical.disease import Disease

HERE = Path(__file__).parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"([<>])?\s*(\d{1,9}(?:\.\d{1,6})?)")
_TITER = re.compile(r"(<)?(1:\d{1,6})(?: (.{1,60}))?")
_NEGATIVE_WORDS = frozenset({"negative", "not detected", "absent"})

Raw = Mapping[str, Any]


def read_yaml(path: Path) -> Any:
    """Return the content of a source file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, in C


@cache
def laboratories() -> Mapping[str, Raw]:
    """Return the laboratories by id, each with its `name`, `tests` and `antibodies`; `like` fills what is not said."""
    resolved: dict[str, Raw] = {}
    for key, raw in read_yaml(HERE / "laboratories.yaml").items():
        base = resolved[raw["like"]] if "like" in raw else {"tests": {}, "antibodies": {}}
        resolved[key] = {
            "name": raw["name"],
            "tests": {**base["tests"], **raw.get("tests", {})},
            "antibodies": {**base["antibodies"], **raw.get("antibodies", {})},
        }
    return resolved


@cache
def facilities() -> Mapping[str, Raw]:
    """Return the letterheads by id."""
    content: Mapping[str, Raw] = read_yaml(HERE / "facilities.yaml")
    return content


def _decimals(*numbers: float | str | None) -> int:
    return max((len(str(n).partition(".")[2]) for n in numbers if n is not None), default=0)


def _range_text(low: float | None, high: float | None) -> str | None:
    if low is not None and high is not None:
        return f"{low}–{high}"
    if high is not None:
        return f"≤{high}"
    return f"≥{low}" if low is not None else None


def _result(test: str, raw: str | float | int, laboratory: Raw, sex: str) -> LabResult:
    """Build one result. A catalogue row is `[unit, low, high]`, that by sex, or `{text: normal results}`."""
    try:
        row = laboratory["tests"][test]
    except KeyError:
        raise ValueError(f"{laboratory['name']} does not offer {test!r}: add it to laboratories.yaml") from None
    if isinstance(row, dict) and sex in row:
        row = row[sex]
    if isinstance(row, dict):
        normal = row["text"]
        shown = str(raw)
        flag = None if shown.lower() in normal.lower().split("/") else "A"
        return LabResult(test=test, shown=shown, text=shown, reference_range=normal.split("/")[0], flag=flag)
    unit, low, high = row
    match = _NUMBER.fullmatch(str(raw))
    if match is None:
        return LabResult(test=test, shown=str(raw), text=str(raw), unit=unit or None)
    comparator, value = match[1], float(match[2])
    places = _decimals(match[2] if "." in match[2] else None, low, high)
    shown = f"{comparator or ''}{value:.{places}f}"
    return LabResult.model_validate(
        {
            "test": test, "shown": shown, "value": value, "comparator": comparator, "unit": unit or None,
            "low": low, "high": high, "reference_range": _range_text(low, high),
            "flag": flag_of(value, comparator, low, high),
        }
    )


def _panels(raw: Sequence[Raw], day: date, laboratory_id: str | None, sex: str) -> tuple[LabPanel, ...]:
    panels = []
    for entry in raw:
        laboratory = laboratories()[entry.get("lab", laboratory_id)]
        results = tuple(_result(str(test), value, laboratory, sex) for test, value in entry["values"].items())
        panels.append(
            LabPanel(
                name=entry["panel"], specimen_date=entry.get("date", day), laboratory=laboratory["name"], results=results
            )
        )
    return tuple(panels)


def _antibody(name: str, raw: str | float | int, laboratory: Raw, day: date) -> AntibodyFinding:
    row = laboratory["antibodies"].get(name)
    if row is None:
        raise ValueError(f"{laboratory['name']} does not offer {name!r}: add it to laboratories.yaml")
    written = str(raw)
    common = {"name": name, "specimen_date": day}
    if (number := _NUMBER.fullmatch(written)) is not None:
        unit, cutoff = row
        value = float(number[2])
        return AntibodyFinding.model_validate(
            common | {
                "shown": written, "value": value, "comparator": number[1], "unit": unit,
                "positive": number[1] != "<" and value >= cutoff, "reference_range": f"<{cutoff}",
            }
        )
    if (titer := _TITER.fullmatch(written)) is not None:
        cutoff = int(row[1].partition(":")[2])
        reached = titer[1] is None and int(titer[2].partition(":")[2]) >= cutoff
        return AntibodyFinding.model_validate(
            common | {
                "shown": (titer[1] or "") + titer[2], "titer": titer[2] if titer[1] is None else None,
                "pattern": titer[3], "positive": reached, "reference_range": f"<{row[1]}",
            }
        )
    return AntibodyFinding.model_validate(
        common | {"shown": written, "positive": written.lower() not in _NEGATIVE_WORDS, "reference_range": "Negative"}
    )


def _split(line: str, names: Sequence[str]) -> dict[str, str | None]:
    parts = [part.strip() or None for part in line.split("|")]
    if len(parts) > len(names):
        raise ValueError(f"too many fields in {line!r}")
    return dict(zip(names, parts + [None] * (len(names) - len(parts)), strict=True))


def _medication(line: str) -> Medication:
    fields = _split(line, ("name", "dose", "route", "frequency", "status", "dates", "note"))
    start, _, stop = (fields.pop("dates") or "").partition("..")
    return Medication.model_validate(
        fields | {"status": MedicationStatus(fields["status"] or ""), "start": start or None, "stop": stop or None}
    )


def _diagnosis(line: str, day: date) -> Diagnosis:
    fields = _split(line, ("status", "name", "date", "disease"))
    disease = Disease.parse(fields["disease"]) if fields["disease"] else None
    if fields["disease"] and disease is None:
        raise ValueError(f"{fields['disease']!r} is not one of the thirteen diseases")
    status = (fields["status"] or "").replace(" ", "_")
    return Diagnosis.model_validate(fields | {"status": status, "date": fields["date"] or day, "disease": disease})


def _history(
    names: Iterable[str], earlier: Sequence[DemoDocument], panels: tuple[LabPanel, ...], found: tuple[AntibodyFinding, ...]
) -> tuple[tuple[LabPanel, ...], tuple[AntibodyFinding, ...]]:
    """Return the earlier results of the same laboratory for `names`, oldest first, then the document's own."""
    wanted = set(names)
    laboratory = panels[0].laboratory if panels else None
    old_panels: list[LabPanel] = []
    old_antibodies: list[AntibodyFinding] = []
    seen = {(result.test, panel.specimen_date) for panel in panels for result in panel.results}
    for document in earlier:
        for panel in document.labs:
            if panel.laboratory == laboratory:
                fresh = [r for r in panel.results if r.test in wanted and (r.test, panel.specimen_date) not in seen]
                seen |= {(result.test, panel.specimen_date) for result in fresh}
                if fresh:
                    old_panels.append(panel.model_copy(update={"name": "Previous results", "results": tuple(fresh)}))
        scales = {(now.name, now.unit, now.reference_range) for now in found}
        known = {(item.name, item.specimen_date) for item in (*found, *old_antibodies)}
        old_antibodies += [
            item for item in document.antibodies
            if item.name in wanted and (item.name, item.specimen_date) not in known
            and (item.name, item.unit, item.reference_range) in scales
        ]
    return (
        tuple(sorted((*old_panels, *panels), key=lambda panel: panel.specimen_date)),
        tuple(sorted((*old_antibodies, *found), key=lambda item: item.specimen_date)),
    )


_TITLES = {
    "progress_note": "Progress Note", "consult": "Consultation", "lab_report": "Laboratory Report",
    "imaging_report": "Imaging Report", "pathology_report": "Pathology Report", "genetics_report": "Genetics Report",
    "referral_letter": "Referral Letter", "discharge_summary": "Discharge Summary", "ed_note": "Emergency Department Note",
    "medication_list": "Medication List", "infusion_note": "Infusion Note", "procedure_note": "Procedure Note",
}


def _document_id(raw: Raw, used: Counter[str]) -> str:
    specialty, kind = raw["specialty"], raw["type"]
    stem = f"{raw['date']}_{kind if kind.startswith(specialty) else f'{specialty}_{kind}'}"
    used[stem] += 1
    return stem if used[stem] == 1 else f"{stem}_{used[stem]}"


def read_document(raw: Raw, sex: str, used: Counter[str], earlier: Sequence[DemoDocument]) -> DemoDocument:
    """Build one document. `used` counts ids so that two of a kind on one day get distinct ones.

    :raise ValueError: a field is missing or does not fit; the message names it.
    """
    day: date = raw["date"]
    facility = facilities()[raw["facility"]]
    laboratory_id = raw.get("lab", facility.get("laboratory"))
    name, _, credentials = raw["author"].partition(", ")
    panels = _panels(raw.get("labs", ()), day, laboratory_id, sex)
    drawn = raw.get("drawn", day)
    antibodies = tuple(
        _antibody(name, value, laboratories()[laboratory_id], drawn) for name, value in raw.get("antibodies", {}).items()
    )
    if raw.get("history"):
        panels, antibodies = _history(raw["history"], earlier, panels, antibodies)
    hla = raw.get("hla")
    return DemoDocument(
        id=_document_id(raw, used),
        date=day,
        type=raw["type"],
        specialty=raw["specialty"],
        author=Author(name=name, credentials=credentials),
        facility=raw["facility"],
        title=raw.get("title", _TITLES[raw["type"]]),
        table_style=raw.get("table_style", "cumulative" if raw.get("history") else facility["table_style"]),
        sections=parse_sections(raw["text"]),
        labs=panels,
        antibodies=antibodies,
        hla=HlaTyping(alleles=tuple(hla["alleles"]), method=hla["method"]) if hla else None,
        medications=tuple(_medication(line) for line in raw.get("medications", ())),
        diagnoses=tuple(_diagnosis(line, day) for line in raw.get("diagnoses", ())),
        procedures=tuple(_procedure(line, day) for line in raw.get("procedures", ())),
        imaging=tuple(
            ImagingFinding.model_validate(_split(line, ("modality", "region", "finding"))) for line in raw.get("imaging", ())
        ),
        activity=tuple(
            ActivityScore(instrument=instrument, value=items["value"], items={k: v for k, v in items.items() if k != "value"})
            for instrument, items in raw.get("activity", {}).items()
        ),
    )


def _procedure(line: str, day: date) -> Procedure:
    fields = _split(line, ("name", "date", "finding"))
    return Procedure.model_validate(fields | {"date": fields["date"] or day})
