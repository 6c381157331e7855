"""How classes, criteria and evidence are worded and coloured: always a word and an icon, never a colour alone."""

from __future__ import annotations

from components.analysis_words import Word
from services.variants.classification.content import CriterionRow, Judgement

_CLASSES = {
    "Pathogenic": Word("Pathogenic", "error", "red"),
    "Likely Pathogenic": Word("Likely Pathogenic", "warning", "orange"),
    "Uncertain Significance": Word("Uncertain Significance", "help", "violet"),
    "Likely Benign": Word("Likely Benign", "check_circle", "blue"),
    "Benign": Word("Benign", "check_circle", "green"),
}
_TIERS = {"I-A": "red", "I-B": "red", "II-C": "orange", "II-D": "orange", "III": "violet", "IV": "green"}
_ONCOGENIC = {
    "oncogenic": Word("oncogenic", "error", "red"),
    "likely oncogenic": Word("likely oncogenic", "warning", "orange"),
    "uncertain significance": Word("uncertain significance", "help", "violet"),
    "likely benign": Word("likely benign", "check_circle", "blue"),
    "benign": Word("benign", "check_circle", "green"),
}
NOT_ASSESSABLE, NOT_MET, MET = "Not assessable", "Not met", "Met"


def class_word(classification: str) -> Word:
    """The class as a badge says it."""
    if classification in _CLASSES:
        return _CLASSES[classification]
    colour = _TIERS.get(classification.removeprefix("Tier "), "gray")
    return Word(classification, "label", colour)  # type: ignore[arg-type]  # the table holds colours of badges


def oncogenic_word(classification: str) -> Word:
    """How likely a somatic variant is oncogenic, as a badge says it."""
    return _ONCOGENIC.get(classification, Word(classification, "label", "gray"))


def criterion_word(row: CriterionRow) -> Word:
    """Whether a criterion counts, and how much."""
    if row.counts:
        is_benign = row.points.startswith("-") or row.code.startswith("B")
        points = f" {_signed(row.points)}" if row.strength and row.points else ""
        return Word(f"{row.strength or f'{row.points} points'}{points}", "check_circle", "blue" if is_benign else "red")
    if row.status == "not assessable":
        return Word("not assessable", "help", "violet")
    return Word(row.status, "remove", "gray")


def judgement_word(code: str, one: Judgement) -> Word:
    """What a rule gives, in the words of a criterion."""
    if one.strength is not None:
        return Word(one.strength, "check_circle", "blue" if code.startswith("B") else "red")
    return Word(one.status, "help", "violet") if one.status == "not assessable" else Word(one.status, "remove", "gray")


def _signed(points: str) -> str:
    return points if points[:1] in ("-", "+") else f"+{points}"


def group_of(row: CriterionRow) -> str:
    """The group a criterion is listed under."""
    if row.counts:
        return MET
    return NOT_ASSESSABLE if row.status == "not assessable" else NOT_MET
