"""How classes, criteria and evidence are worded and coloured: always a word and an icon, never a colour alone."""

from __future__ import annotations

from components.analysis_words import Word
from services.variants.classification.content import CriterionRow

_CLASSES = {
    "Pathogenic": Word("Pathogenic", "error", "red"),
    "Likely Pathogenic": Word("Likely Pathogenic", "warning", "orange"),
    "Uncertain Significance": Word("Uncertain Significance", "help", "violet"),
    "Likely Benign": Word("Likely Benign", "check_circle", "blue"),
    "Benign": Word("Benign", "check_circle", "green"),
}
_TIERS = {"I-A": "red", "I-B": "red", "II-C": "orange", "II-D": "orange", "III": "violet", "IV": "green"}
NOT_ASSESSABLE, NOT_MET, MET = "Not assessable", "Not met", "Met"


def class_word(classification: str) -> Word:
    """The class as a badge says it."""
    if classification in _CLASSES:
        return _CLASSES[classification]
    colour = _TIERS.get(classification.removeprefix("Tier "), "gray")
    return Word(classification, "label", colour)  # type: ignore[arg-type]  # the table holds colours of badges


def criterion_word(row: CriterionRow) -> Word:
    """Whether a criterion counts, and how much."""
    if row.status in ("met", "applied", "set by an expert"):
        is_benign = row.points.startswith("-") or row.code.startswith("B")
        return Word(row.strength or f"{row.points} points", "check_circle", "blue" if is_benign else "red")
    if row.status == "not assessable":
        return Word("not assessable", "help", "violet")
    return Word(row.status, "remove", "gray")


def group_of(row: CriterionRow) -> str:
    """The group a criterion is listed under."""
    if row.status in ("met", "applied", "set by an expert"):
        return MET
    return NOT_ASSESSABLE if row.status == "not assessable" else NOT_MET
