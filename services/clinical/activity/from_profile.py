"""Every instrument that applies to a patient, fed from what the patient's record holds.

Items come from `extensions["instrument_items"]` (instrument id or disease id -> items) and from the items of a visit, which
take precedence; laboratory items that were not given come from the panel, with its units, limits and dates. What is missing
is reported by name. Nothing is estimated, and no laboratory value stands in for an item it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from services.clinical.activity import names
from services.clinical.activity.lupus_laboratory import sledai_items
from services.clinical.activity.model import Instrument
from services.clinical.activity.populations import disease_of, form_named
from services.clinical.activity.records import Item, ItemKind
from services.clinical.activity.registry import INSTRUMENTS, find_instrument, for_disease
from services.clinical.activity.results import ActivityScore
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.labs import LabPanel, Reading
from services.clinical.profile import MeasuredValue, Profile

_FORM_KEYS = ("ibd_subtype", "ibd_type", "psoriasis_subtype", "disease_subtype", "subtype")
_FORM_ASKED = {"crohn_disease": "ibd_subtype", "ulcerative_colitis": "ibd_subtype", "psoriatic_arthritis": "psoriatic_arthritis"}


def scores_for(
    profile: Profile, panel: LabPanel, visit_items: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[ActivityScore, ...]:
    """Return a score for each instrument of each diagnosed condition, in the order of the conditions.

    An instrument made for an emergency or for diagnosis appears only when its items were given. Items given for an
    instrument of another disease are answered with `not_applicable`.
    """
    given = _Given(profile, visit_items or {})
    scores: list[ActivityScore] = []
    for disease in dict.fromkeys(profile.diagnosed_conditions):
        for instrument in for_disease(disease):
            items = given.items(instrument, disease)
            if instrument.record.on_request and not items:
                continue
            scores.append(_score(instrument, disease, items | _from_scores(instrument, items, scores), profile, panel))
    scored = {score.instrument_id for score in scores}
    scores.extend(_elsewhere(instrument) for instrument in given.instruments() if instrument.id not in scored)
    return tuple(scores)


def _from_scores(instrument: Instrument, items: Mapping[str, Any], scores: Sequence[ActivityScore]) -> dict[str, Any]:
    """Return the SLEDAI-2K computed a moment ago for the state that is defined by it, unless another was given."""
    targets = (names.find(instrument.record, name) for name in items)
    if instrument.id != "LLDAS" or any(target is not None and target.item.key == "sledai_2k" for target in targets):
        return {}
    value = next((one.value for one in scores if one.instrument_id == "SLEDAI-2K" and one.status is Status.OK), None)
    return {} if value is None else {"sledai_2k": value}


def unknown_instruments(profile: Profile, visit_items: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the names under which items were given that are neither an instrument nor a disease, as written."""
    written = [*_mapping(profile.extensions.get("instrument_items")), *(visit_items or {})]
    named = dict.fromkeys(map(str, written))
    return tuple(name for name in named if find_instrument(name) is None and Disease.parse(name) is None)


class _Given:
    """The items sent, by instrument and by disease; those of the visit win over those of the profile."""

    def __init__(self, profile: Profile, visit_items: Mapping[str, Any]) -> None:
        self._by_instrument: dict[str, dict[str, Any]] = {}
        self._by_disease: dict[Disease, dict[str, Any]] = {}
        for source in (_mapping(profile.extensions.get("instrument_items")), visit_items):
            for name, items in source.items():
                instrument, disease = find_instrument(str(name)), Disease.parse(str(name))
                if instrument is not None:
                    self._by_instrument.setdefault(instrument.id, {}).update(_mapping(items))
                elif disease is not None:
                    self._by_disease.setdefault(disease, {}).update(_mapping(items))

    def items(self, instrument: Instrument, disease: Disease) -> dict[str, Any]:
        shared = self._by_disease.get(disease, {})
        usable = {name: value for name, value in shared.items() if names.find(instrument.record, name) is not None}
        return usable | self._by_instrument.get(instrument.id, {})

    def instruments(self) -> Iterator[Instrument]:
        return (INSTRUMENTS[key] for key in self._by_instrument)


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _score(instrument: Instrument, disease: Disease, items: dict[str, Any], profile: Profile, panel: LabPanel) -> ActivityScore:
    forms = {form for form in _forms(profile) if disease_of(form) is disease}
    population = instrument.record.population
    if population is not None and not items and population not in forms:
        return _other_form(instrument, disease, forms)
    inputs = items | _from_person(instrument, items, profile)
    if population is not None and forms and population not in forms:
        inputs = {"diagnosis": min(forms), **inputs}
    score = _with_panel(instrument, inputs, items, panel, pregnant=profile.extensions.get("pregnant") is True)
    message = f"{score.message} {_typical_limits(instrument, panel)}".strip()
    if score.disease is disease and score.message == message:
        return score
    return score.model_copy(update={"disease": disease, "message": message})


def _with_panel(
    instrument: Instrument, inputs: dict[str, Any], items: Mapping[str, Any], panel: LabPanel, *, pregnant: bool
) -> ActivityScore:
    """Compute an instrument with the laboratory values of the panel.

    A result known only as a bound (`<5`) is used where zero and the bound itself give the same band, and then without a
    value; otherwise it is missing, as one above its bound (`>100`) always is.
    """
    exact = LabPanel(tuple(reading for reading in panel.readings if reading.bound is None))
    score = instrument.compute({**items, **_from_panel(instrument, items, exact, pregnant=pregnant), **inputs})
    asked = {key for item in instrument.items for key in item.analyte}
    bounded = [reading for reading in panel.readings if reading.bound is not None and reading.key in asked]
    if not bounded or score.status is not Status.INSUFFICIENT_DATA:
        return score
    known_only = f"Known only as a bound: {', '.join(f'{one.label} {one.shown} {one.unit}' for one in bounded)}."
    ends = []
    for low in (True, False) if all(one.bound in ("<", "<=") for one in bounded) else ():
        at_end = {one.key: replace(one, value=0.0 if low else one.value, bound=None) for one in bounded}
        readings = tuple(at_end.get(one.key, one) for one in panel.readings)
        laboratory = _from_panel(instrument, items, LabPanel(readings), pregnant=pregnant)
        ends.append(instrument.compute({**items, **laboratory, **inputs}))
    if not ends or any(one.status is not Status.OK for one in ends) or ends[0].band != ends[1].band:
        return score.model_copy(update={"message": f"{score.message} {known_only}".strip()})
    lowest, highest = (f"{one.value:g}" if one.value is not None else "" for one in ends)
    span = f" The score lies between {lowest} and {highest}." if lowest != highest else ""
    update = {"message": f"{ends[1].message} {known_only}{span}".strip(), "components": {}}
    return ends[1].model_copy(update=update | ({"value": None} if span else {}))


def _typical_limits(instrument: Instrument, panel: LabPanel) -> str:
    """Say which readings an instrument compared with typical limits, because the laboratory's own were not sent."""
    read = {"thyroid-status": ("tsh", "ft4", "ft3"), "SLEDAI-2K": ("c3", "c4")}.get(instrument.id, ())
    typical = [reading.label for key in read if (reading := panel.get(key)) is not None and reading.range_source == "typical"]
    return f"Typical adult limits were used for {', '.join(typical)}; the laboratory's own were not sent." if typical else ""


def _forms(profile: Profile) -> set[str]:
    extensions = profile.extensions
    written = (extensions.get(key) for key in _FORM_KEYS)
    forms = {form for text in written if isinstance(text, str) and (form := form_named(text)) is not None}
    return forms | ({"psoriatic_arthritis"} if extensions.get("psoriatic_arthritis") is True else set())


def _other_form(instrument: Instrument, disease: Disease, forms: set[str]) -> ActivityScore:
    """Answer for an instrument of one form of a disease in a patient who has another form, or whose form is not known."""
    population = instrument.record.population or ""
    asked = _FORM_ASKED[population]
    label = population.replace("_", " ")
    empty = _unanswered(instrument.id)
    if forms:
        why = f"{instrument.name} is for {label} only"
        update: dict[str, Any] = {"status": Status.NOT_APPLICABLE, "missing": (), "message": why}
    else:
        missing = (asked, *empty.missing)
        update = {"missing": missing, "message": f"Missing: {', '.join(missing)}. {instrument.name} is for {label} only."}
    return empty.model_copy(update={"disease": disease, **update})


@cache
def _unanswered(instrument_id: str) -> ActivityScore:
    return INSTRUMENTS[instrument_id].compute({})


def _elsewhere(instrument: Instrument) -> ActivityScore:
    needed = " or ".join(disease.label for disease in instrument.diseases)
    return _unanswered(instrument.id).model_copy(
        update={
            "status": Status.NOT_APPLICABLE, "missing": (),
            "message": f"{instrument.name} ({instrument.id}) is for {needed}, which is not among the diagnosed conditions",
        }
    )  # fmt: skip


def _from_panel(instrument: Instrument, items: Mapping[str, Any], panel: LabPanel, *, pregnant: bool) -> dict[str, Any]:
    """Return the laboratory items not given, from the panel. Typical limits are not used in pregnancy."""
    answered = {target.item.key for name in items if (target := names.find(instrument.record, name)) is not None}
    found: dict[str, Any] = {}
    for item in instrument.record.from_laboratory:
        reading = next((reading for key in item.analyte if (reading := panel.get(key)) is not None), None)
        if reading is not None and item.key not in answered:
            found |= _lab_item(item, reading, answered, pregnant=pregnant)
    if instrument.id == "SLEDAI-2K":
        listed = {names.fold(str(name)) for name in items}
        if not listed & (names.CHECKLIST_NOT_ASSESSED | names.CHECKLIST_OTHERS_ABSENT):
            found |= {key: value for key, value in sledai_items(panel).items() if key not in answered | _listed(items)}
    return found


def _listed(items: Mapping[str, Any]) -> set[str]:
    """Return the SLEDAI-2K items named in a list of what is present or absent."""
    record = INSTRUMENTS["SLEDAI-2K"].record
    lists = (raw for name, raw in items.items() if names.fold(str(name)) in names.CHECKLIST_PRESENT | names.CHECKLIST_ABSENT)
    entries = (entry for raw in lists if isinstance(raw, list | tuple) for entry in raw if isinstance(entry, str))
    return {target.item.key for entry in entries if (target := names.find(record, entry)) is not None}


def _lab_item(item: Item, reading: Reading, answered: set[str], *, pregnant: bool) -> dict[str, Any]:
    limits = None if reading.lln is None or reading.uln is None else f"{reading.lln:g} - {reading.uln:g}"
    if pregnant and reading.range_source == "typical":
        limits = None
    if item.kind is ItemKind.LEVEL:
        measured = MeasuredValue(value=reading.value, unit=reading.unit, reference_range=limits, date=reading.date)
        return {} if limits is None else {item.key: measured}
    unit = None if item.unit is None else reading.unit
    found: dict[str, Any] = {item.key: MeasuredValue(value=reading.value, unit=unit, date=reading.date)}
    if item.key == "tsh_miu_l" and "ref_tsh" not in answered and limits is not None:
        found["ref_tsh"] = limits
    if item.key == "ttg_iga" and "ttg_uln" not in answered and reading.uln is not None:
        found["ttg_uln"] = reading.uln
    return found


def _from_person(instrument: Instrument, items: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """Return sex and age where an instrument asks for them and they were not given."""
    known: dict[str, Any] = {"sex": profile.sex, "age": profile.age}
    asked = instrument.record.labels
    return {key: value for key, value in known.items() if key in asked and key not in items}
