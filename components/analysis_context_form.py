"""The context part of the record's form: pregnancy, infections, habits, history, symptoms, what predicts a flare.

What stands on record in a shape the form cannot show is kept as it is, unless something is entered in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from components.analysis_record import lines
from components.analysis_words import inline, spoken
from services.clinical.flare import vocabulary

Key = Callable[[str], str]
Editor = Callable[..., list[dict[str, Any]]]

_SEROLOGY = (
    "HBsAg", "Anti-HBc total", "Anti-HBs", "Anti-HCV", "HIV", "Interferon-gamma release assay (TB)", "Varicella zoster IgG",
)  # fmt: skip
_TEXTS = {
    "symptoms": "Symptoms and signs", "comorbidities": "Comorbidities and history", "allergies": "Allergies",
    "proposed_medications": "Proposed medications", "prior_medications": "Earlier medications",
}  # fmt: skip
_SMOKING = ("never", "former", "current")
_BOWEL = {"crohns_disease": "Crohn's disease", "ulcerative_colitis": "ulcerative colitis"}
_PREGNANT = {"pregnant": True, "not pregnant": False}
_YES_NO = {"True": "yes", "False": "no"}
_NOT_STATED = "not stated"
_MAX_TEXT = 20_000


def show(given: Mapping[str, Any], key: Key, edited: Editor) -> dict[str, Any]:
    """Draw the part; returns the extensions it edits. `edited` draws an editable table."""
    left, right = st.columns(2)
    with left:
        stated = _person(given, key)
    with right:
        texts = {name: _text_area(name, given.get(name), key) for name in _TEXTS}
    serology, situation = st.columns(2)
    with serology:
        st.markdown("Infection serology")
        tested = _serology(given.get("serology"), edited)
    with situation:
        st.markdown("Situation that matters for flares")
        situations = _situation(given.get("flare_context"), edited)
    found = {**stated, **texts, "serology": tested, "flare_context": situations}
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _person(given: Mapping[str, Any], key: Key) -> dict[str, Any]:
    pregnant = next((word for word, one in _PREGNANT.items() if one is given.get("pregnant")), None)
    chosen = st.segmented_control("Pregnancy", list(_PREGNANT), default=pregnant, key=key("pregnant"))
    weeks = _number("Weeks of gestation", given.get("gestational_weeks"), 45, key("weeks"))
    planning = given.get("pregnancy")
    words = st.text_input("Pregnancy and family planning, in words", planning if isinstance(planning, str) else "",
                          key=key("planning"), max_chars=500)  # fmt: skip
    smoking = st.segmented_control("Smoking", _SMOKING, default=_listed(given.get("smoking"), _SMOKING), key=key("smoking"))
    weight = _number("Weight (kg)", given.get("weight_kg"), 500, key("weight"))
    bowel = st.segmented_control("Type of inflammatory bowel disease", list(_BOWEL), format_func=_BOWEL.__getitem__,
                                 default=_listed(given.get("ibd_subtype"), _BOWEL), key=key("bowel"))  # fmt: skip
    return {
        "pregnant": _PREGNANT[chosen] if chosen else _unshown(given.get("pregnant"), pregnant is not None),
        "gestational_weeks": weeks if weeks is not None else _unshown(given.get("gestational_weeks"), _fits(given, 45)),
        "pregnancy": words.strip() or _unshown(planning, isinstance(planning, str)),
        "smoking": smoking or _unshown(given.get("smoking"), given.get("smoking") in _SMOKING),
        "weight_kg": weight if weight is not None else _unshown(given.get("weight_kg"), _is_number(given.get("weight_kg"), 500)),
        "ibd_subtype": bowel or _unshown(given.get("ibd_subtype"), given.get("ibd_subtype") in _BOWEL),
    }


def _fits(given: Mapping[str, Any], most: float) -> bool:
    return _is_number(given.get("gestational_weeks"), most)


def _is_number(given: Any, most: float) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= most


def _number(label: str, given: Any, most: int, key: str) -> float | None:
    start = float(given) if _is_number(given, most) else None
    return st.number_input(label, 0.0, float(most), value=start, step=1.0, format="%g", key=key, placeholder=_NOT_STATED)


def _listed(given: Any, options: Any) -> str | None:
    return given if isinstance(given, str) and given in options else None


def _unshown(given: Any, was_shown: bool) -> Any:
    """What stands on record where the control could not show it; what it did show and was emptied is gone."""
    return None if was_shown else given


def _text_area(name: str, given: Any, key: Key) -> Any:
    """Draw one text a line. A mapping or a nested list is another reader's form: shown, kept, not edited."""
    if isinstance(given, str):
        given = [given]
    if given is not None and not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
        st.caption(f"**{_TEXTS[name]}** on record in another form, kept as it is: {inline(str(given)[:500])}")
        return given
    text = st.text_area(_TEXTS[name], "\n".join(given or ()), height=90, key=key(name), placeholder="one per line",
                        max_chars=_MAX_TEXT)  # fmt: skip
    return lines(text)


def _serology(given: Any, edited: Editor) -> dict[str, Any]:
    known = dict(given) if isinstance(given, Mapping) else {}
    kept = {name: value for name, value in known.items() if not isinstance(value, str | bool)}
    words = {"True": "positive", "False": "negative", "None": None}
    names = [name for name in dict.fromkeys((*known, *_SEROLOGY)) if name not in kept]
    rows = [{"Test": name, "Result": words.get(said := str(known.get(name)), said)} for name in names]
    frame = pd.DataFrame(rows, columns=["Test", "Result"]).astype("string")
    config = {"Result": st.column_config.TextColumn(help="as reported: negative, positive, non-reactive, 86 mIU/mL …")}
    found = edited(frame, "serology", "Infection serology: HBV, HCV, HIV, TB", config)
    return {**kept, **{str(row["Test"]).strip(): str(row["Result"]).strip() for row in found if row["Test"] and row["Result"]}}


def _situation(given: Any, edited: Editor) -> dict[str, Any]:
    known = dict(given) if isinstance(given, Mapping) else {}
    names = {spoken(name): name for name in sorted(vocabulary())}
    kept = {name: value for name, value in known.items() if name not in vocabulary() or not isinstance(value, bool)}
    rows = [{"Situation": shown, "Present": _YES_NO.get(str(known.get(name)))} for shown, name in names.items()]
    config = {
        "Present": st.column_config.SelectboxColumn(options=["yes", "no"]),
        "Situation": st.column_config.TextColumn(disabled=True),
    }
    frame = pd.DataFrame(rows, columns=["Situation", "Present"]).astype("string")
    found = edited(frame, "situation", "Situations that predict a flare, answered yes or no", config, fixed=True)
    return {**kept, **{names[row["Situation"]]: row["Present"] == "yes" for row in found if row["Present"]}}
