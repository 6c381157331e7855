"""The text of an instrument as passages for retrieval, written from the same record the engine computes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.clinical.activity.records import Band, InstrumentRecord, records
from services.clinical.activity.registry import NOT_COMPUTED

COLLECTION = "autoimmune_disease_activity"


class Passage(NamedTuple):
    """One retrievable text. `key` is stable: `<instrument id>/<part>`."""

    key: str
    instrument_id: str
    title: str
    text: str
    citation: str
    diseases: tuple[str, ...]


def passages() -> tuple[Passage, ...]:
    """Return the passages of every instrument, in file order."""
    return tuple(passage for record in records() for passage in _of(record)) + tuple(
        Passage(f"{name}/not-computed", name, name, f"{name}: {reason}", "", ()) for name, reason in NOT_COMPUTED.items()
    )


def bands_in_words(bands: tuple[Band, ...]) -> str:
    """Return the bands as a sentence, e.g. `remission below 2.6; low up to 3.2; high above 5.1`."""
    parts: list[str] = []
    floor = ""
    for band in bands:
        name = band.band.replace("_", " ")
        if band.below is not None:
            parts.append(f"{name} below {band.below:g}")
            floor = f"{band.below:g} or more"
        elif band.upto is not None:
            parts.append(f"{name} {band.upto:g}" if band.upto == 0 else f"{name} up to {band.upto:g}")
            floor = f"above {band.upto:g}"
        else:
            parts.append(f"{name} {floor}".strip())
    return "; ".join(parts)


def _of(record: InstrumentRecord) -> Iterator[Passage]:
    diseases = tuple(disease.value for disease in record.diseases)
    citation = "; ".join(str(source) for source in record.sources)
    named = f"{record.name} ({record.id})"
    of = ", ".join(disease.label for disease in record.diseases)
    texts = {
        "measures": f"{named}, used in {of}. {record.measures}",
        "formula": f"How the {named} is computed: {record.rule}. Items: {'; '.join(_items(record))}.",
        "pitfalls": f"Pitfalls of the {named}: {record.pitfalls}",
        "not-for": f"When not to use the {named}: {record.not_for}",
    }
    if record.bands:
        texts["bands"] = f"Reading the {named}{_range(record)}: {bands_in_words(record.bands)}."
    if record.change is not None:
        texts["change"] = f"Change in the {named}: {_change(record)}"
    for part, text in texts.items():
        yield Passage(f"{record.id}/{part}", record.id, record.name, text, citation, diseases)


def _items(record: InstrumentRecord) -> Iterator[str]:
    for item in record.items:
        weight = f" (weight {item.weight:g})" if item.weight > 1 else ""
        yield f"{item.group + ': ' if item.group else ''}{item.label}{weight}"


def _range(record: InstrumentRecord) -> str:
    low, high = record.range or (None, None)
    if low is None:
        return ""
    return f", range {low:g} to {high:g}" if high is not None else f", from {low:g} without upper limit"


def _change(record: InstrumentRecord) -> str:
    change = record.change
    assert change is not None  # the caller asked
    parts = []
    if change.improvement is not None:
        parts.append(f"a fall of {change.improvement:g} or more is an important improvement")
    if change.major_improvement is not None:
        parts.append(f"of {change.major_improvement:g} or more a major one")
    if change.worsening is not None:
        share = f" and of at least {change.worsening_share:.0%}" if change.worsening_share is not None else ""
        parts.append(f"a rise of {change.worsening:g} or more{share} is an important worsening")
    return f"{', '.join(parts)}. {change.note}".strip()
