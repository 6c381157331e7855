"""The clinical evidence behind a somatic tier: what counts and why, items that an expert adds, items left out with the reason."""

from __future__ import annotations

import streamlit as st

from components import classify_session
from components.analysis_words import badge, card, inline, row
from components.classify_tumour import choose_tumour
from components.classify_words import class_word
from services.container import Services
from services.errors import ParatopeError
from services.genomics.amp.evidence import EvidenceType, Level
from services.variants.classification.content import MAX_NOTE, ClassificationContent, CriterionRow, OwnEvidence

_ALL, _COUNTED, _NOT_COUNTED = "All", "Counted", "Not counted"
_PROBLEM = "classify.somatic.problem"
_SHOWN = 25
_OUTCOMES = {
    EvidenceType.DIAGNOSTIC: "What it says, e.g. supports the diagnosis",
    EvidenceType.PROGNOSTIC: "What it says, e.g. worse outcome",
}


def show(services: Services, content: ClassificationContent, key: str) -> None:
    """Draw the items, strongest first, and the means to change them."""
    if not content.condition:
        st.info("No tumour type is named under *Case*, so nothing can be Tier I.", icon=":material/help:")
    _items(content, key)
    left, right = st.columns(2, gap="medium")
    with left, st.expander("Add an item of evidence", icon=":material/add:"):
        _add(services, content, key)
    with right, st.expander("Leave an item out", icon=":material/visibility_off:"):
        _exclude(content, key)
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        st.error(str(problem), icon=":material/edit_note:")


def _items(content: ClassificationContent, key: str) -> None:
    if not content.criteria:
        st.caption("No item of the evidence that is installed is about this variant. That is no evidence that it has no meaning.")
        return
    counted = [one for one in content.criteria if one.counts]
    groups = {_ALL: content.criteria, _COUNTED: counted, _NOT_COUNTED: [one for one in content.criteria if not one.counts]}
    shown = st.segmented_control(
        "Show evidence", list(groups), default=_COUNTED if counted else _ALL, required=True, key=f"{key}.items",
        label_visibility="collapsed", format_func=lambda one: f"{one} ({len(groups[one])})",
    )  # fmt: skip
    for number, one in enumerate(groups[shown][:_SHOWN]):
        _item(one, f"{key}.item.{number}")
    if len(groups[shown]) > _SHOWN:
        st.caption(f"The first {_SHOWN} of {len(groups[shown]):,}, strongest first.")


def _item(one: CriterionRow, key: str) -> None:
    inputs = dict(one.inputs)
    with card():
        with row():
            badge(class_word(one.points or "not counted"))
            st.badge(inline(one.strength or ""), color="gray")
            st.markdown(f"**{inline(one.title)}** in {inline(inputs.get('tumour type of the evidence', ''))}", width="stretch")
            if one.is_expert:
                st.badge("expert", icon=":material/person:", color="primary")
            _take_back(one, key)
        st.caption(f"{inline(one.reason)}. About {inline(inputs.get('about', ''))}. {inline(one.code)}: {inline(one.source)}")


def _take_back(one: CriterionRow, key: str) -> None:
    if one.status == "excluded":
        st.button(
            "Count it again", key=f"{key}.include", icon=":material/undo:", type="tertiary",
            on_click=classify_session.include_evidence, args=(one.code,),
        )  # fmt: skip
    elif one.is_expert and one.code.startswith("own "):
        st.button(
            "Take it back", key=f"{key}.back", icon=":material/undo:", type="tertiary",
            on_click=classify_session.take_back_evidence, args=(int(one.code.removeprefix("own ")) - 1,),
        )  # fmt: skip


def _add(services: Services, content: ClassificationContent, key: str) -> None:
    """Ask for an item about this very variant. The number in the keys empties the fields once it was added."""
    key = f"{key}.own.{len(classify_session.own_evidence())}"
    kind: EvidenceType = st.selectbox(
        "Type", list(EvidenceType), key=f"{key}.type", format_func=lambda one: one.value.capitalize()
    ) or EvidenceType.SENSITIVITY
    st.selectbox("Level", list(Level), key=f"{key}.level", format_func=lambda one: f"{one.value}: {one.meaning}")
    # the key names the patient's tumour type: the choice follows it until somebody chooses another
    tumour = choose_tumour(services, "Tumour type of the evidence", content.condition, f"{key}.tumour.{content.condition}")
    if kind.is_therapeutic:
        st.text_input("Drugs, separated by commas", key=f"{key}.what", max_chars=500)
    else:
        st.text_input(_OUTCOMES[kind], key=f"{key}.what", max_chars=200)
    st.text_input("Source", key=f"{key}.source", max_chars=500, placeholder="Author, year, journal; guideline; label")
    st.text_area("Note", key=f"{key}.note", max_chars=MAX_NOTE, height=80)
    st.button("Add", type="primary", icon=":material/add:", key=f"{key}.add", on_click=_added, args=(key, kind, tumour))


def _added(key: str, kind: EvidenceType, tumour: str) -> None:
    said = {name: str(st.session_state.get(f"{key}.{name}") or "").strip() for name in ("what", "source", "note")}
    said["tumour"] = tumour
    missing = [words for name, words in (
        ("tumour", "tumour type"), ("what", "drugs" if kind.is_therapeutic else "statement"), ("source", "source")
    ) if not said[name]]  # fmt: skip
    if missing or len(said["source"]) < 4:
        st.session_state[_PROBLEM] = f"An item of evidence needs its {', '.join(missing) or 'source in words'}."
        return
    therapies = tuple(part.strip() for part in said["what"].split(",") if part.strip())[:20] if kind.is_therapeutic else ()
    classify_session.add_evidence(OwnEvidence(
        type=kind, level=st.session_state[f"{key}.level"], tumour=tumour, therapies=therapies,
        outcome="" if kind.is_therapeutic else said["what"], source=said["source"], note=said["note"],
    ))


def _exclude(content: ClassificationContent, key: str) -> None:
    rows = {one.code: one for one in content.criteria if one.status != "excluded" and not one.code.startswith("own ")}
    key = f"{key}.exclude.{len(classify_session.excluded_evidence())}"
    st.selectbox(
        "Item", list(rows), index=None, key=f"{key}.item", placeholder="Choose an item",
        format_func=lambda code: " · ".join(part for part in (rows[code].points, rows[code].title, code) if part),
    )  # fmt: skip
    st.text_area("Reason", key=f"{key}.reason", max_chars=MAX_NOTE, height=80, placeholder="Why it does not hold here")
    st.button("Leave it out", type="primary", icon=":material/visibility_off:", key=f"{key}.go", on_click=_excluded, args=(key,))


def _excluded(key: str) -> None:
    item, reason = st.session_state.get(f"{key}.item"), str(st.session_state.get(f"{key}.reason", "")).strip()
    if item is None or not reason:
        st.session_state[_PROBLEM] = "Choose an item, and write why it is left out: the reason is kept with the version."
        return
    try:
        classify_session.exclude_evidence(item, reason)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error.message
