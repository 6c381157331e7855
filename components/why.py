"""The "Why?" beside every number, rank, class and recommendation: what went in, the rule, what was missing, who says so."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.analysis_words import inline
from services.clinical.explanation import Explanation, Input, Status, Step

_STATUS_WORDS = {
    Status.OK: "",
    Status.INSUFFICIENT_DATA: "Insufficient data",
    Status.INVALID_INPUT: "Input that cannot be used",
    Status.NOT_APPLICABLE: "Not applicable",
    Status.INCONSISTENT_INPUT: "Contradictory input",
}
_STATUS_ICONS = {
    Status.INSUFFICIENT_DATA: "help",
    Status.INVALID_INPUT: "error",
    Status.NOT_APPLICABLE: "block",
    Status.INCONSISTENT_INPUT: "sync_problem",
}
_NOTHING = "nothing from the record"
_NO_SOURCE = "a rule of this product, no publication"


def why(explanation: Explanation, key: str, *, label: str = "Why?") -> None:
    """Draw the button that opens the explanation. `key` is unique on the page."""
    with st.popover(label, type="tertiary", key=f"{key}.why"):
        st.markdown(text_of(explanation))


def text_of(explanation: Explanation) -> str:
    """The explanation as inert Markdown: rule, inputs with units and dates, steps with points, missing, sources, version."""
    parts = [f"**Rule**  \n{inline(explanation.rule)}"]
    parts.append(_list("Inputs", [_input(one) for one in explanation.inputs] or [_NOTHING]))
    if explanation.steps:
        parts.append(_list("Steps", [_step(one) for one in explanation.steps]))
    if explanation.missing:
        parts.append(_list("Missing", [inline(one) for one in explanation.missing]))
    parts.append(_list("Sources", [inline(str(one)) for one in explanation.sources] or [_NO_SOURCE]))
    parts.append(f"**Version**  \n{inline(explanation.version)}")
    return "\n\n".join(parts)


def no_value(status: Status, missing: Sequence[str], message: str = "") -> None:
    """Draw the state of an evaluation that has no value: what it lacks, or why the input cannot be used."""
    text = f":material/{_STATUS_ICONS.get(status, 'help')}: **{_STATUS_WORDS[status] or 'No value'}**"
    if missing:
        text += f": missing {inline(', '.join(one.replace('_', ' ') for one in missing))}"
    st.markdown(text)
    if message and not (missing and message.startswith("Missing:")):
        st.caption(inline(message))


def _list(heading: str, lines: Sequence[str]) -> str:
    return f"**{heading}**\n\n" + "\n".join(f"- {line}" for line in lines)


def _input(one: Input) -> str:
    value = " ".join(part for part in (one.value, one.unit) if part)
    dated = f" · {one.date.isoformat()}" if one.date else ""
    note = f" ({one.note})" if one.note else ""
    return f"**{inline(one.name)}**: {inline(value + dated + note)}"


def _step(one: Step) -> str:
    points = "" if one.points is None else f" **{one.points:+g}**".replace("+", "\\+").replace("-", "\\-")
    note = f" ({inline(one.note)})" if one.note else ""
    return f"{inline(one.label)}{points}{note}"
