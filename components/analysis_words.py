"""How severities, levels and outcomes are worded and coloured on the analysis page: always a word, never a colour alone."""

from __future__ import annotations

import datetime
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.formatting import plain
from services.clinical.activity import ActivityScore
from services.clinical.disease import Disease
from services.clinical.titers import Outcome
from services.knowledge.drugs import LabelStatus, Severity

Colour = Literal["red", "orange", "green", "blue", "gray", "violet", "yellow"]


class Word(NamedTuple):
    """A word with the icon and the colour that go with it."""

    text: str
    icon: str
    colour: Colour


SEVERITY: dict[Severity, Word] = {
    Severity.CONTRAINDICATED: Word("contraindicated", "block", "red"),
    Severity.CRITICAL: Word("critical", "emergency_home", "red"),
    Severity.MAJOR: Word("major", "warning", "orange"),
    Severity.MODERATE: Word("moderate", "priority_high", "yellow"),
    Severity.INFO: Word("note", "info", "blue"),
}
OUTCOME: dict[Outcome, Word] = {
    Outcome.POSITIVE: Word("positive", "add_circle", "orange"),
    Outcome.NEGATIVE: Word("negative", "do_not_disturb_on", "gray"),
    Outcome.EQUIVOCAL: Word("equivocal", "contrast", "yellow"),
    Outcome.UNKNOWN: Word("cannot be called", "help", "violet"),
}
LABEL_STATUS: dict[LabelStatus, Word] = {
    LabelStatus.ON_LABEL: Word("on label", "verified", "green"),
    LabelStatus.STANDARD_CARE: Word("standard care", "verified", "green"),
    LabelStatus.OFF_LABEL: Word("off label", "science", "orange"),
    LabelStatus.UNCERTAIN: Word("uncertain", "help", "violet"),
    LabelStatus.NOT_INDICATED: Word("not indicated", "block", "gray"),
}
FLARE_LEVEL: dict[str, Word] = {
    "high": Word("high", "trending_up", "red"),
    "moderate": Word("moderate", "trending_flat", "orange"),
    "low": Word("low", "trending_down", "green"),
    "insufficient_data": Word("insufficient data", "help", "violet"),
}
_LEVEL_COLOURS: dict[str, Colour] = {
    "remission": "green", "low": "green", "moderate": "orange", "high": "red", "very_high": "red",
}


def inline(text: str) -> str:
    """Make `text` inert and put it on one line, for lists, headings and badges."""
    return plain(" ".join(text.split()))


def number(value: float | None) -> str:
    """A score to two decimals at most, an absent one as nothing; the explanation keeps every digit."""
    return "" if value is None else f"{round(value, 2):g}"


def spoken(identifier: str) -> str:
    """Write an identifier of the engine as words."""
    return identifier.replace("_", " ")


def badge(word: Word, text: str = "") -> None:
    """Draw the word as a badge; `text` replaces it where the case needs its own words."""
    st.badge(inline(text or word.text), icon=f":material/{word.icon}:", color=word.colour)


def marked(word: Word) -> str:
    """The icon and the word as Markdown, for the beginning of a line."""
    return f":{word.colour}[:material/{word.icon}: **{word.text}**]"


def level_word(score: ActivityScore) -> Word:
    """The band of a score in words; its colour follows the level where the instrument has one."""
    text = spoken(score.band or "no band")
    if score.level is None:
        return Word(text, "straighten", "blue")
    icon = {"remission": "check_circle", "low": "arrow_downward", "moderate": "arrow_forward"}.get(score.level, "arrow_upward")
    return Word(text, icon, _LEVEL_COLOURS[score.level])


def disease_name(identifier: str) -> str:
    """The name shown for a disease id; an id that is none of the thirteen as words."""
    return next((one.label for one in Disease if one.value == identifier), spoken(identifier))


def day(value: datetime.date | None) -> str:
    return value.isoformat() if value else "no date"


def card() -> DeltaGenerator:
    """A bordered box for one result."""
    return st.container(border=True, gap="xsmall")


def row() -> DeltaGenerator:
    """One line of a heading, badges and the explanation."""
    return st.container(horizontal=True, vertical_alignment="center", gap="small")
