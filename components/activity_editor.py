"""The item editor: the items of any instrument as widgets, the score recomputed with every change.

Nothing is answered beforehand but what the analysis used; an item left open is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components import analysis_activity, analysis_session
from components.analysis_words import inline, level_word, spoken
from components.feedback import explained
from components.why import no_value
from services.access.principals import Principal
from services.clinical.activity import INSTRUMENTS, ActivityScore, Instrument, Item, ItemKind, find_instrument
from services.clinical.activity.names import is_context
from services.clinical.activity.reading import read
from services.clinical.analysis import Analysis
from services.clinical.explanation import Status
from services.container import Services

_COLUMNS = 3
_UNKNOWN = "not known"
_OTHERS_ABSENT = "all_others_absent"


@st.fragment
def show(analysis: Analysis, services: Services, access: Principal) -> None:
    """Draw the editor; "Save" puts the items into the record and runs the analysis again."""
    relevant = list(dict.fromkeys(score.instrument_id for score in analysis.activity))
    options = [*relevant, *(key for key in INSTRUMENTS if key not in relevant)]
    chosen = st.selectbox(
        "Instrument", options, key="analysis.editor.instrument", format_func=lambda key: _title(key, relevant),
        help="Those of the diagnoses come first.",
    )
    instrument = INSTRUMENTS[chosen]
    used = _used(analysis, instrument)
    widgets, result = st.columns([3, 2], gap="large")
    with widgets:
        answers = _items(instrument, used)
    with result:
        score = instrument.compute({**_context(analysis, instrument), **answers})
        _result(instrument, score)
        if st.button("Save these items and run again", key="analysis.editor.save", icon=":material/save:", disabled=not answers):
            with explained():
                analysis_session.save_items(services, access, analysis.profile.patient_id, instrument.id, answers)
            st.rerun()


def _title(key: str, relevant: list[str]) -> str:
    instrument = INSTRUMENTS[key]
    diseases = ", ".join(disease.label for disease in instrument.diseases)
    return f"{instrument.name} · {diseases}" + ("" if key in relevant else " (not among the diagnoses)")


def _result(instrument: Instrument, score: ActivityScore) -> None:
    key = "analysis.editor.result"
    if score.status is Status.OK:
        analysis_activity.headline(score, key)
        if score.value is not None:
            analysis_activity.scale(instrument, score.value, key, level_word(score).text)
        if score.message:
            st.caption(inline(score.message))
    else:
        st.markdown(f"**{inline(score.name)}**")
        no_value(score.status, analysis_activity.item_labels(score), score.message)
        if score.lower_bound is not None:
            st.caption(f"So far {score.lower_bound:g}: a lower bound, not the score.")
    st.caption(f"**Measures** {inline(instrument.record.measures)}")
    st.caption(f"**Pitfalls** {inline(instrument.note)}")


def _used(analysis: Analysis, instrument: Instrument) -> dict[str, Any]:
    """The answers the analysis used by item key: the items given, and laboratory values, sex and age by their label."""
    score = next((one for one in analysis.activity if one.instrument_id == instrument.id), None)
    by_label: dict[str, list[Item]] = {}
    for item in instrument.items:
        by_label.setdefault(item.label, []).append(item)
    found: dict[str, Any] = {}
    for one in score.explanation.inputs if score else ():
        named = by_label.get(one.name, [])
        if len(named) == 1:  # two items of one name (PASI regions) cannot be told apart by it
            found[named[0].key] = one.value == "yes" if named[0].kind is ItemKind.FLAG else one.value
    given = read(instrument.record, _given(analysis, instrument)).values
    return found | {key: answer.value for key, answer in given.items()}


def _given(analysis: Analysis, instrument: Instrument) -> dict[str, Any]:
    given = analysis.profile.extensions.get("instrument_items")
    rows = given.items() if isinstance(given, Mapping) else ()
    items: Any = next((value for name, value in rows if find_instrument(str(name)) is instrument), {})
    return dict(items) if isinstance(items, Mapping) else {}


def _context(analysis: Analysis, instrument: Instrument) -> dict[str, Any]:
    """What the record says of the patient beside the items, e.g. the form of the disease."""
    return {name: value for name, value in _given(analysis, instrument).items() if is_context(name)}


def _items(instrument: Instrument, used: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    if instrument.record.checklist and st.toggle(
        "All items not answered below were assessed and are absent", key=f"analysis.editor.{instrument.id}.others"
    ):
        answers[_OTHERS_ABSENT] = True
    for group in dict.fromkeys(item.group for item in instrument.items):
        if group:
            st.caption(inline(group))
        columns = st.columns(_COLUMNS)
        for position, item in enumerate(item for item in instrument.items if item.group == group):
            with columns[position % _COLUMNS]:
                answer = _widget(instrument, item, used.get(item.key))
            if answer is not None:
                answers[item.key] = answer
    return answers


def _widget(instrument: Instrument, item: Item, used: Any) -> Any:
    """Draw one item; returns the answer, or None where it is not known."""
    key = f"analysis.editor.{instrument.id}.{item.key}"
    label = item.label + (f" ({item.unit or item.scale})" if item.unit or item.scale else "")
    tip = item.help or None
    if item.kind is ItemKind.FLAG:
        given = {True: "yes", False: "no"}[used] if isinstance(used, bool) else None
        chosen = st.segmented_control(label, ["yes", "no"], default=given, key=key, help=tip)
        return None if chosen is None else chosen == "yes"
    if item.kind in (ItemKind.CHOICE, ItemKind.LEVEL):
        options = list(item.choices) or ["low", "normal", "high"]
        index = options.index(used) if used in options else None
        return st.selectbox(label, options, index=index, key=key, help=tip, placeholder=_UNKNOWN, format_func=spoken)
    if item.kind is ItemKind.MEMBERS:
        return _members(item, label, key, used)
    if item.kind is ItemKind.LIMITS:
        text = st.text_input(label, value=_limits(used), key=key, help=tip, placeholder="e.g. 0.4-4.5", max_chars=40)
        return text.strip() or None
    return _number(item, label, key, used)


def _members(item: Item, label: str, key: str, used: Any) -> list[str] | None:
    given = [one for one in used if one in item.choices] if isinstance(used, tuple) else []
    chosen = st.multiselect(label, list(item.choices), default=given, key=key, placeholder=_UNKNOWN, format_func=spoken)
    none = not chosen and st.checkbox("none of these", value=used == (), key=f"{key}.none")
    return list(chosen) if chosen or none else None


def _limits(used: Any) -> str:
    """Write limits as a reference range; those the analysis used come as text, "0.4, 4.5"."""
    written = used if isinstance(used, tuple) else tuple(str(used or "").split(", "))
    low, high = written if len(written) == 2 else (written[0], None)
    if high in (None, "None"):
        return f">{low}" if low and len(written) == 2 else ""
    return f"<{high}" if low in (None, "None") else f"{low}-{high}"


def _number(item: Item, label: str, key: str, used: Any) -> float | int | None:
    given = _as_number(used)
    low, high = item.minimum, item.maximum
    inside = given is not None and (low is None or given >= low) and (high is None or given <= high)
    start = given if inside else None
    if item.integer:
        return st.number_input(
            label, min_value=None if low is None else int(low), max_value=None if high is None else int(high), step=1,
            value=None if start is None else int(start), key=key, help=item.help or None, placeholder=_UNKNOWN,
        )
    return st.number_input(
        label, min_value=low, max_value=high, value=start, step=0.1, format="%g", key=key, help=item.help or None,
        placeholder=_UNKNOWN,
    )


def _as_number(used: Any) -> float | None:
    if isinstance(used, bool) or used is None:
        return None
    try:
        return float(used)
    except (TypeError, ValueError):
        return None
