"""Read a written medication: which drug, its classes, the dose, how often, whether it is still taken.

"Humira 40 mg q2w", "MTX 15 mg weekly" and "pred 20 mg" are recognised by name; a class ("fluoroquinolone") is
recognised as the class. What is not recognised is echoed, because an unknown drug has not been checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from pydantic import field_serializer

from services.clinical.explanation import Frozen
from services.clinical.phrases import MAX_TEXT, PhraseIndex, fold, words
from services.knowledge.drugs import classes_of, drug_classes, drug_names

MAX_MEDICATIONS = 300

_DOSE = re.compile(
    r"(?<![\d.,])(\d{1,6}(?:[.,]\d{1,3})?) ?(mg|mcg|ug|g|iu|units?|ml) ?(?:/|per ?)? ?(kg)?(?![a-z0-9])"
)
_INTERVAL = re.compile(r"\b(?:q|every) ?(\d{1,2}) ?-?(h|hrs?|hours?|d|days?|w|wks?|weeks?|m|months?)\b")
_PER_DAY: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"\b(?:qid|four times (?:a|per) day|4x ?/ ?d(?:ay)?)\b"), 4.0),
    (re.compile(r"\b(?:tid|tds|three times (?:a|per) day|three times daily|3x ?/ ?d(?:ay)?)\b"), 3.0),
    (re.compile(r"\b(?:bid|bd|twice daily|twice a day|two times (?:a|per) day|2x ?/ ?d(?:ay)?)\b"), 2.0),
    (re.compile(r"\b(?:every other day|alternate days?|qod|eod)\b"), 0.5),
    (re.compile(r"\b(?:twice weekly|twice a week|biw)\b"), 2 / 7),
    (re.compile(r"\b(?:weekly|once a week|per week|/ ?week|/ ?wk|every week|qw|each week|once weekly|a week)\b"), 1 / 7),
    (re.compile(r"\b(?:biweekly|fortnightly|every other week|eow)\b"), 1 / 14),
    (re.compile(r"\b(?:monthly|every month|per month)\b"), 1 / 30),
    (re.compile(r"\b(?:daily|od|qd|once a day|per day|/ ?day|/ ?d|each day|every day|nightly|nocte|mane|qam|qhs|a day)\b"), 1.0),
)
_IN_MILLIGRAMS = {"mg": 1.0, "g": 1000.0, "mcg": 0.001, "ug": 0.001}
_STOPPED = frozenset("stopped discontinued ceased former formerly previously previous past finished ended".split())
_NOT_TAKEN = re.compile(r"\b(?:no longer|not taking|not on|never took|never taken|allerg(?:y|ic) to|declined|refused)\b")
_NAMED_COMBINATIONS = re.compile(r"(?<=[a-z])[/+](?=[a-z])")

_NOTHING = frozenset({
    (), ("none",), ("nil",), ("no",), ("n", "a"), ("na",), ("no", "medications"), ("no", "current", "medications"),
    ("no", "medication"), ("none", "known"),
})  # fmt: skip

# Relative to prednisone, oral: the customary anti-inflammatory equivalents.
PREDNISONE_EQUIVALENT = {
    "prednisone": 1.0, "prednisolone": 1.0, "methylprednisolone": 1.25, "dexamethasone": 20 / 3,
    "hydrocortisone": 0.25, "deflazacort": 5 / 6,
}  # fmt: skip


class Dose(Frozen):
    """A written dose. `per_kg` is True where it was given for each kilogram."""

    amount: float
    unit: str
    per_kg: bool = False

    @property
    def milligrams(self) -> float | None:
        """The amount in mg, None where the unit is not one of mass."""
        factor = _IN_MILLIGRAMS.get(self.unit)
        return None if factor is None else self.amount * factor


class Drug(Frozen):
    """A recognised drug, or with `is_class` a whole class. `classes` are ids, wider classes included."""

    name: str
    classes: frozenset[str]
    is_class: bool = False

    @field_serializer("classes")
    def _in_order(self, classes: frozenset[str]) -> list[str]:
        """Write the classes in one order: a set has another in each process, and answers are compared."""
        return sorted(classes)


class Medication(Frozen):
    """One entry as written. `doses_per_day` is 1 for daily, 1/7 for weekly, None where not stated."""

    text: str
    drugs: tuple[Drug, ...] = ()
    dose: Dose | None = None
    doses_per_day: float | None = None
    is_taken: bool = True

    @property
    def is_recognised(self) -> bool:
        return bool(self.drugs)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(drug.name for drug in self.drugs)

    @property
    def milligrams_per_day(self) -> float | None:
        """The daily dose in mg. Without a stated frequency one dose a day is assumed; None without a dose in mg."""
        if self.dose is None or self.dose.per_kg or self.dose.milligrams is None:
            return None
        return self.dose.milligrams * (1.0 if self.doses_per_day is None else self.doses_per_day)

    def prednisone_equivalent_mg_per_day(self, drug: str) -> float | None:
        """Return the prednisone equivalent of `drug` in this entry, None where dose or equivalence is not known."""
        factor, daily = PREDNISONE_EQUIVALENT.get(drug), self.milligrams_per_day
        if drug == "class:glucocorticoid":
            factor = 1.0
        return None if factor is None or daily is None else factor * daily


@cache
def _names() -> PhraseIndex[str]:
    return PhraseIndex(drug_names())


def parse(text: str) -> Medication:
    """Read one entry; text beyond 1000 characters is not read."""
    shown = text.strip()[:MAX_TEXT]
    folded = _NAMED_COMBINATIONS.sub(" ", fold(shown))
    matches = _names().find(words(folded))
    drugs = {match.value: _drug(match.value) for match in matches}
    if any(not drug.is_class for drug in drugs.values()):  # "prednisone (steroid)" is prednisone
        named = frozenset().union(*(drug.classes for drug in drugs.values() if not drug.is_class))
        drugs = {key: drug for key, drug in drugs.items() if not drug.is_class or not drug.classes <= named}
    spoken = frozenset(words(folded))
    return Medication(
        text=shown[:200],
        drugs=tuple(drugs.values()),
        dose=_dose(folded),
        doses_per_day=_doses_per_day(folded),
        is_taken=not (spoken & _STOPPED or _NOT_TAKEN.search(folded)),
    )


def parse_all(texts: Iterable[str]) -> tuple[Medication, ...]:
    """Read every entry, in order; at most `MAX_MEDICATIONS` are read. "None" and blank entries are left out."""
    written = (text for _, text in zip(range(MAX_MEDICATIONS), texts, strict=False))
    return tuple(parse(text) for text in written if words(text) not in _NOTHING)


def _drug(key: str) -> Drug:
    if not key.startswith("class:"):
        return Drug(name=key, classes=classes_of()[key])
    record = drug_classes()[key[6:]]
    widened = {record.id}
    waiting = list(record.parents)
    while waiting:
        parent = waiting.pop()
        if parent not in widened:
            widened.add(parent)
            waiting.extend(drug_classes()[parent].parents)
    return Drug(name=record.label, classes=frozenset(widened), is_class=True)


def _dose(folded: str) -> Dose | None:
    match = _DOSE.search(folded)
    if match is None:
        return None
    amount = float(match.group(1).replace(",", "."))
    unit = match.group(2)
    return Dose(amount=amount, unit="units" if unit in {"unit", "units"} else unit, per_kg=match.group(3) is not None)


def _doses_per_day(folded: str) -> float | None:
    interval = _INTERVAL.search(folded)
    if interval is not None:
        count, unit = int(interval.group(1)), interval.group(2)[0]
        days = count * {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0}[unit]
        return None if days == 0 else 1 / days
    for pattern, times in _PER_DAY:
        if pattern.search(folded):
            return times
    return None
