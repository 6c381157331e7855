"""Which item a sender's field name means, and the unit the name carries.

The names of one instrument are a dictionary of folded names, built once. `crp_mg_dl` is CRP in mg/dL; `pga` is the patient
global on a scale the name does not say; `crp` is CRP in a unit the name does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from services.clinical.activity.records import InstrumentRecord, Item, records
from services.clinical.labs.analytes import analytes, locate

MAX_NAME_LENGTH = 120

_SCALE_IN_NAME = re.compile(r"_0_10(?:0(?:_mm)?)?$")
_SCALE_ENDINGS = {
    "0-10": ("_0_10", "_0_10_cm", "_0_10_nrs", "_cm", "_nrs"),
    "0-100": ("_0_100", "_0_100_mm", "_mm"),
}

CHECKLIST_PRESENT = frozenset({"present", "presentitems", "itemspresent"})
CHECKLIST_ABSENT = frozenset({"absent", "absentitems", "itemsabsent"})
CHECKLIST_NOT_ASSESSED = frozenset({"notassessed", "unassessed", "itemsnotassessed"})
CHECKLIST_OTHERS_ABSENT = frozenset({"allotheritemsassessedabsent", "allothersabsent", "allotherabsent", "allotheritemsabsent"})
DIAGNOSIS = frozenset(
    {"diagnosis", "disease", "condition", "ibdtype", "ibdsubtype", "subtype", "diseasesubtype", "phenotype", "psoriasissubtype"}
)
_CONTEXT = DIAGNOSIS | frozenset(
    "context biomarkers labs sex age ageyears date visitdate assessmentdate note notes comment comments patientid weight"
    " weightkg heightcm pregnant pregnancy version source instrument instrumentid assessor psoriaticarthritis".split()
)
_CONTEXT_PREFIXES = (
    "hla", "symptom", "genotype", "treatment", "medication", "therapy", "drug", "history", "sample",
    "previous", "baseline",
)


class Target(NamedTuple):
    """The item a name means. `unit` is what the name says about the unit; None where it says nothing."""

    item: Item
    unit: str | None


def fold(name: str) -> str:
    """Return a name without case and punctuation: `Head.E`, `head_e` and `head e` are one name."""
    return _folded(name[:MAX_NAME_LENGTH])


@lru_cache(maxsize=8192)
def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def find(record: InstrumentRecord, name: str) -> Target | None:
    """Return the item of `record` a name means, or None."""
    known = _names(record.id).get(fold(name))
    if known is not None:
        return known
    by_analyte = _by_analyte(record.id)
    located = locate(name) if by_analyte else None
    if located is None or located.limit is not None or located.analyte.key not in by_analyte:
        return None
    item = by_analyte[located.analyte.key]
    return Target(item, located.unit or (None if _unit_matters(item) else item.unit))


def is_context(name: str) -> bool:
    """Whether a name tells about the patient or the visit, not about an item."""
    return fold(name) in _CONTEXT or name.lower().startswith(_CONTEXT_PREFIXES)


def is_known_elsewhere(name: str) -> bool:
    """Whether a name is an item of another instrument or a laboratory value."""
    return fold(name) in _every_name() or locate(name) is not None


@cache
def _names(record_id: str) -> Mapping[str, Target]:
    record = next(one for one in records() if one.id == record_id)
    table: dict[str, Target] = {}
    for item in record.items:
        for name, unit in _spellings(item):
            table.setdefault(fold(name), Target(item, unit))
    return table


@cache
def _by_analyte(record_id: str) -> Mapping[str, Item]:
    record = next(one for one in records() if one.id == record_id)
    return {analyte: item for item in reversed(record.items) for analyte in item.analyte}


@cache
def _every_name() -> frozenset[str]:
    return frozenset(name for record in records() for name in _names(record.id))


def _spellings(item: Item) -> Iterator[tuple[str, str | None]]:
    default = item.scale or item.unit
    stem = _SCALE_IN_NAME.sub("", item.key)
    says_unit = stem != item.key or bool(item.units) or _unit_matters(item)
    yield item.key, default
    yield from item.named_units.items()
    for alias in item.aliases:
        yield alias, None if says_unit else default
    if stem != item.key:
        yield stem, None
    if item.scale is not None:
        for base in (stem, *item.aliases):
            yield from ((base + ending, scale) for scale, endings in _SCALE_ENDINGS.items() for ending in endings)


def _unit_matters(item: Item) -> bool:
    return item.unit is not None and any(analytes()[key].unit_matters for key in item.analyte)
