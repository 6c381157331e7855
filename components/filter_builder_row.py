"""One line of the filter builder: a column, a comparison, and the inputs that fit both."""

from __future__ import annotations

from typing import Any

import streamlit as st

from components.feedback import show_error
from components.filter_builder_model import COMMENT, FLAG, GENE, REGION, SPECIAL, Comparison, Condition, comparisons_for
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.filters import MAX_TEXT
from services.variants.flags import Tier
from services.variants.library import TableInfo

_SUGGESTED = 100
_MAX_GENES = 500_000


def show(services: Services, access: Principal, info: TableInfo, condition: Condition) -> bool:
    """Draw the line and take what was entered into `condition`; True when the reader removed it."""
    facts = services.workbench.questions.table(access, info.id).facts
    key = f"builder.{condition.id}"
    about, test, value, away = st.columns([4, 3, 6, 1], vertical_alignment="top")
    subjects = [*(one for one in SPECIAL if one not in facts.columns), *facts.columns]
    chosen = about.selectbox(
        "Column", subjects, index=subjects.index(condition.about) if condition.about in subjects else None, key=f"{key}.about",
        placeholder="Column", label_visibility="collapsed",
    )  # fmt: skip
    if chosen != condition.about:
        condition.about, condition.test, condition.values = chosen, None, ()
    if condition.about is not None:
        tests = comparisons_for(condition.about, facts)
        if tests:
            index = tests.index(condition.test) if condition.test in tests else 0
            condition.test = test.selectbox(
                "Comparison", tests, index=index, key=f"{key}.test.{condition.about}", label_visibility="collapsed"
            )
        with value:
            if tests:
                _value(services, access, info, condition, f"{key}.{condition.about}.{condition.test}")
            else:
                _special(services, access, condition, f"{key}.{condition.about}")
    return bool(away.button(":material/close:", key=f"{key}.away", type="tertiary", help="Remove this condition"))


def _value(services: Services, access: Principal, info: TableInfo, condition: Condition, key: str) -> None:
    match condition.test:
        case Comparison.ONE_OF:
            condition.values = tuple(_choice(services, access, info, condition, key))
        case Comparison.EQUALS | Comparison.CONTAINS | Comparison.STARTS:
            condition.text = st.text_input(
                "Text", condition.text, key=key, max_chars=MAX_TEXT, label_visibility="collapsed", placeholder="Text"
            )
        case Comparison.BETWEEN:
            low, high = st.columns(2)
            condition.low = _number(low, "From", condition.low, f"{key}.low")
            condition.high = _number(high, "To", condition.high, f"{key}.high")
        case Comparison.AT_LEAST | Comparison.ABOVE:
            condition.low = _number(st, "Number", condition.low, key)
        case Comparison.AT_MOST | Comparison.BELOW:
            condition.high = _number(st, "Number", condition.high, key)
        case _:
            return


def _number(place: Any, label: str, value: float | None, key: str) -> float | None:
    number: float | None = place.number_input(
        label, value=value, key=key, format="%g", label_visibility="collapsed", placeholder=label
    )
    return number


def _choice(services: Services, access: Principal, info: TableInfo, condition: Condition, key: str) -> list[str]:
    """Offer the most frequent values; others can be typed."""
    try:
        found = services.workbench.questions.facets(access, info.id, condition.about or "", None, _SUGGESTED)
    except ParatopeError as error:
        show_error(error)
        return []
    offered = [facet.value for facet in found if facet.value is not None]
    options = list(dict.fromkeys([*condition.values, *offered]))
    return st.multiselect(
        "Values", options, default=list(condition.values), key=key, accept_new_options=True, label_visibility="collapsed",
        placeholder="Choose or type values",
    )  # fmt: skip


def _special(services: Services, access: Principal, condition: Condition, key: str) -> None:
    match condition.about:
        case about if about == GENE:
            condition.text = st.text_area(
                "Genes", condition.text, key=key, max_chars=_MAX_GENES, height=80, label_visibility="collapsed",
                placeholder="NOD2, TNFAIP3 … or one on each line",
            )  # fmt: skip
        case about if about == REGION:
            condition.text = st.text_input(
                "Region", condition.text, key=key, max_chars=300, label_visibility="collapsed",
                placeholder="chr16:50,700,000-50,800,000 or chr16",
            )  # fmt: skip
        case about if about == FLAG:
            labels = [*map(str, Tier), *services.workbench.flags.labels(access)]
            options = list(dict.fromkeys([*labels, *condition.values]))
            flags = st.multiselect(
                "Flags", options, default=list(condition.values), key=key, label_visibility="collapsed", placeholder="Any flag"
            )
            condition.values = tuple(flags)
        case about if about == COMMENT:
            st.caption("has at least one comment")
