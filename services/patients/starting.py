"""What an analysis starts from: the record's latest values, and over them what a person entered or changed by hand.

A saved profile remembers under `BASE` what the record said when it was saved. So a value that was only taken over follows the
record when a newer document comes, and a value that a person changed, added or took out stays as they left it, and is
shown as such beside what the record says.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.clinical.labs import normalise, normalise_unit
from services.evidence.extraction import MedicationContent, MedicationStatus
from services.evidence.extraction.facts import LOCAL_ROUTES
from services.evidence.extraction.medications import drugs_in
from services.patients.profile_inputs import InputDate, ProfileInputs, antibody_key
from services.patients.results import Place

BASE = "record_base"
"""The key of a saved profile that holds what the record said; no engine reads it."""
PARTS = {
    "biomarkers": "Laboratory", "autoantibodies": "Autoantibodies", "hla": "HLA",
    "conditions": "Diagnoses", "medications": "Medications", "comorbidities": "Comorbidities", "prior_medications":
    "Earlier medications", "serology": "Infection serology", "activity": "Activity items", "genotypes": "Genotypes",
}  # fmt: skip

Items = dict[tuple[str, str], Any]


class Origin(StrEnum):
    RECORD = "from the record"
    ENTERED = "entered by hand"
    OVERRIDDEN = "overridden"
    REMOVED = "taken out by hand"


@dataclass(frozen=True, slots=True)
class StartingValue:
    """One value an analysis starts from. `record_shown` is what the record says where another value is used."""

    part: str
    key: str
    name: str
    shown: str
    origin: Origin
    record_shown: str = ""
    date: datetime.date | None = None
    days_old: int | None = None
    is_stale: bool = False
    is_approximate: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """`profile` has the fields of a `Profile`, `BASE` among them; `notes` are what a person should look at."""

    profile: dict[str, Any]
    values: tuple[StartingValue, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def overridden(self) -> tuple[StartingValue, ...]:
        return tuple(one for one in self.values if one.origin is not Origin.RECORD and one.record_shown)


def start(inputs: ProfileInputs, saved: Mapping[str, Any]) -> Start:
    """Put the record's values and what was saved together. A value nobody touched is the record's latest."""
    told, kept = _items(inputs.profile), _items(saved)
    base = _base(saved)
    used: Items = {}
    values: list[StartingValue] = []
    dated = {(one.part, one.key): one for one in inputs.inputs}
    series = _series(inputs.profile)
    for place in dict.fromkeys((*told, *kept, *(base or ()))):
        origin = _origin(place, told, kept, base, series, inputs.ended)
        if origin is None:
            continue
        if origin is not Origin.REMOVED:
            used[place] = told[place] if origin is Origin.RECORD else kept[place]
        values.append(_value(place, origin, told.get(place), kept.get(place), dated))
    profile: dict[str, Any] = dict(saved)
    profile |= {name: inputs.profile[name] for name in ("patient_id", "age", "sex") if name in inputs.profile}
    profile |= _profile(used, inputs.profile, saved)
    if told:
        profile[BASE] = _packed(told)
    return Start(profile, tuple(values), inputs.notes)


def followed(profile: Mapping[str, Any], value: StartingValue) -> dict[str, Any]:
    """Return a saved profile in which `value` follows the record again."""
    items = _items(profile)
    base = _base(profile) or {}
    place = (value.part, value.key)
    if place in base:
        items[place] = base[place]
    else:
        items.pop(place, None)
    return {**profile, **_profile(items, {}, profile)}


def _origin(
    place: tuple[str, str], told: Items, kept: Items, base: Items | None, series: Mapping[str, Sequence[Any]],
    ended: frozenset[str],
) -> Origin | None:
    """Where the value at `place` comes from now; None where neither the record nor a person has one."""
    in_record, in_saved = place in told, place in kept
    if not in_saved:
        was_taken_out = base is not None and place in base
        return (Origin.REMOVED if was_taken_out else Origin.RECORD) if in_record else None
    if in_record and _equal(place[0], told[place], kept[place]):
        return Origin.RECORD
    if base is not None and place in base and _equal(place[0], base[place], kept[place]):
        return Origin.RECORD if in_record else None
    if not in_record:
        is_over = place[0] == "medications" and place[1] in ended and base is None
        return None if is_over else Origin.ENTERED
    if base is None and (place[0] != "biomarkers" or any(_equal(place[0], one, kept[place]) for one in series.get(place[1], ()))):
        return Origin.RECORD  # saved before the record was read: an older statement of the same
    return Origin.OVERRIDDEN


def _value(
    place: tuple[str, str], origin: Origin, told: Any, kept: Any, dated: Mapping[tuple[str, str], InputDate]
) -> StartingValue:
    part, key = place
    known = dated.get(place)
    recorded = known.shown if known is not None else _shown(part, told)
    if origin is Origin.RECORD:
        return StartingValue(
            part, key, known.name if known else _name(place, told), recorded, origin,
            date=known.date if known else None, days_old=known.days_old if known else None,
            is_stale=known.is_stale if known else False, is_approximate=known.is_approximate if known else False,
            place=known.place if known else None,
        )
    day = kept.get("date") if isinstance(kept, Mapping) else None
    return StartingValue(
        part, key, known.name if known else _name(place, kept if kept is not None else told),
        "not used" if origin is Origin.REMOVED else _shown(part, kept), origin, recorded if told is not None else "",
        date=datetime.date.fromisoformat(day[:10]) if isinstance(day, str) else None, place=known.place if known else None,
    )


def _items(profile: Mapping[str, Any]) -> Items:
    """Every value of a profile by part and key."""
    extensions = profile.get("extensions") or {}
    found: Items = {("biomarkers", _analyte(name, value)): {"name": name, **_measured(value)}
                    for name, value in (profile.get("biomarkers") or {}).items()}  # fmt: skip
    for row in (profile.get("autoantibody_panel") or {}).get("results", ()):
        found["autoantibodies", antibody_key(row["antibody"])] = {name: one for name, one in row.items() if one is not None}
    for name, positive in _mapping(extensions.get("qualitative_antibodies")).items():
        if ("autoantibodies", antibody_key(name)) not in found:
            found["autoantibodies", antibody_key(name)] = {"antibody": name, "worded": positive}
    for locus, alleles in (profile.get("hla_profile") or {}).items():
        if alleles:
            found["hla", locus] = list(alleles)
    found |= {("genotypes", gene): one for gene, one in (profile.get("genotypes") or {}).items()}
    found |= {("conditions", str(one)): str(one) for one in profile.get("diagnosed_conditions") or ()}
    for one in profile.get("current_medications") or ():
        found["medications", _drug(one) if ("medications", _drug(one)) not in found else one.lower()] = one
    found |= {("comorbidities", one.lower()): one for one in _texts(extensions.get("comorbidities"))}
    found |= {("prior_medications", _drug(one)): one for one in _texts(extensions.get("prior_medications"))}
    found |= {("serology", name): one for name, one in _mapping(extensions.get("serology")).items()}
    found |= {("activity", name): one for name, one in _mapping(extensions.get("instrument_items")).items()}
    return found


def _profile(items: Items, recorded: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Put items back into the fields of a profile; what no item holds stays as it was saved."""
    parts: dict[str, dict[str, Any]] = {}
    for (part, key), value in items.items():
        parts.setdefault(part, {})[key] = value
    extensions = dict(saved.get("extensions") or {})
    antibodies = parts.get("autoantibodies", {}).values()
    worded = {one["antibody"]: one["worded"] for one in antibodies if "worded" in one}
    listed: dict[str, Any] = {
        "qualitative_antibodies": worded,
        "comorbidities": list(parts.get("comorbidities", {}).values()),
        "prior_medications": list(parts.get("prior_medications", {}).values()),
        "serology": parts.get("serology", {}),
        "instrument_items": parts.get("activity", {}),
        "lab_history": _history(recorded, saved, parts.get("biomarkers", {})),
    }
    for name, value in listed.items():
        untouched = name in extensions and not isinstance(extensions[name], type(value))  # in a form of its own: kept
        if value and not untouched:
            extensions[name] = value
        elif not untouched:
            extensions.pop(name, None)
    told = _mapping(recorded.get("extensions"))
    if "documented_findings" in told:  # a view of the documents: corrected there, by rejecting the fact
        extensions["documented_findings"] = told["documented_findings"]
    for name, value in told.items():
        extensions.setdefault(name, value)
    rows = [one for one in antibodies if "worded" not in one]
    return {
        "biomarkers": {one["name"]: _unpacked(one) for one in parts.get("biomarkers", {}).values()},
        "autoantibody_panel": _panel(rows, recorded, saved),
        "hla_profile": parts.get("hla", {}) or saved.get("hla_profile"),
        "genotypes": parts.get("genotypes", {}),
        "diagnosed_conditions": list(parts.get("conditions", {}).values()),
        "current_medications": list(parts.get("medications", {}).values()),
        "extensions": extensions,
    }


def _panel(rows: list[Any], recorded: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any] | None:
    if not rows:
        return None
    panels = [one for one in (recorded.get("autoantibody_panel"), saved.get("autoantibody_panel")) if one]
    collected = max(str(one["collection_date"]) for one in panels)
    return {"patient_id": panels[0]["patient_id"], "collection_date": collected, "results": rows}


def _history(recorded: Mapping[str, Any], saved: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The earlier results of record and saved profile, each once, and the record's latest where another value is used."""
    found: dict[str, dict[tuple[Any, ...], Any]] = {}
    names = {key: one["name"] for key, one in current.items()}
    sources = [_mapping(_mapping(one.get("extensions")).get("lab_history")) for one in (recorded, saved)]
    rows = [(name, value) for source in sources for name, values in source.items()
            for value in (values if isinstance(values, list) else [values])]  # fmt: skip
    rows += [(name, value) for name, value in (recorded.get("biomarkers") or {}).items() if _measured(value).get("date")]
    for name, value in rows:
        key, measured = _analyte(name, value), _measured(value)
        if key not in current or not _equal("biomarkers", current[key], measured):
            found.setdefault(names.get(key, name), {}).setdefault(_said(measured), value)
    return {name: list(values.values()) for name, values in found.items()}


def _series(profile: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
    history = _mapping(_mapping(profile.get("extensions")).get("lab_history"))
    return {_analyte(name, values[0]): [_measured(one) for one in values] for name, values in history.items() if values}


def _base(saved: Mapping[str, Any]) -> Items | None:
    """What the record said when the profile was saved, None where nothing was remembered."""
    stored = saved.get(BASE)
    if not isinstance(stored, Mapping):
        return None
    return {(part, key): value for part, values in stored.items() for key, value in _mapping(values).items()}


def _packed(items: Items) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (part, key), value in items.items():
        found.setdefault(part, {})[key] = value
    return found


def _analyte(name: str, value: Any) -> str:
    read = normalise({name: _unpacked(_measured(value))}).readings
    return read[0].key if read else name.strip().casefold()


def _measured(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {"value": value}
    return {name: one for name, one in value.items() if one is not None}


def _unpacked(one: Mapping[str, Any]) -> Any:
    """A value of the biomarkers: a bare number where nothing else was stated."""
    stated = {name: value for name, value in one.items() if name != "name"}
    return stated["value"] if stated.keys() == {"value"} else stated


def _said(measured: Mapping[str, Any]) -> tuple[Any, ...]:
    unit = measured.get("unit") or ""
    return measured.get("value"), measured.get("bound"), normalise_unit(unit) or unit, str(measured.get("date") or "")[:10]


def _equal(part: str, first: Any, second: Any) -> bool:
    if part == "biomarkers":
        return _said(first) == _said(second)
    if part == "autoantibodies":
        named = ("value", "unit", "titer", "positive", "worded")
        return all((first.get(name) or None) == (second.get(name) or None) for name in named)
    if part == "hla":
        return sorted(first) == sorted(second)
    if part == "activity":
        return _mapping(first) == _mapping(second)
    return " ".join(str(first).lower().split()) == " ".join(str(second).lower().split())


def _drug(text: str) -> str:
    """What joins the statements about one medication, as `MedicationContent.subject` does."""
    route = next((one for one in LOCAL_ROUTES if one in text.lower()), None)
    return MedicationContent(
        name=text[:300], drugs=drugs_in(text)[:6], status=MedicationStatus.CURRENT, route=route
    ).subject


def _name(place: tuple[str, str], value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("antibody") or place[1])
    return str(value) if place[0] in ("medications", "comorbidities", "prior_medications") else place[1]


def _shown(part: str, value: Any) -> str:
    if part == "biomarkers" and isinstance(value, Mapping):
        return f"{value.get('bound') or ''}{value.get('value', 0):.12g} {value.get('unit') or ''}".strip()
    if part == "autoantibodies" and isinstance(value, Mapping):
        if "worded" in value:
            return {True: "positive", False: "negative"}.get(value["worded"], str(value["worded"]))
        return str(value.get("titer") or f"{value.get('value', 0):.12g} {value.get('unit') or ''}".strip())
    if isinstance(value, Mapping):
        return f"{len(value)} items"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else ()
