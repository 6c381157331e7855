"""The filter builder: conditions in groups of all, any or none, with a count of what would pass before it is applied."""

from __future__ import annotations

import streamlit as st

from components import filter_builder_row, variant_session
from components.feedback import show_error
from components.filter_builder_model import Condition, Group, Mode, draft_of, filter_of
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, ParatopeError
from services.variants.filter_words import in_words
from services.variants.filters import Filter
from services.variants.library import TableInfo

_DRAFT = "builder.draft"
_DEEPEST = 3


def edit(services: Services, access: Principal, info: TableInfo) -> None:
    """Open the builder on the present filter."""
    try:
        st.session_state[_DRAFT] = draft_of(variant_session.view().condition)
    except InvalidInputError as error:
        show_error(error)
        return
    _dialog(services, access, info)


@st.dialog("Filter builder", width="large")
def _dialog(services: Services, access: Principal, info: TableInfo) -> None:
    draft: Group = st.session_state[_DRAFT]
    table = services.workbench.questions.table(access, info.id)
    st.caption("A condition on a missing value never holds, nor does its opposite: ask for missing values by “is missing”.")
    _group(services, access, info, draft, depth=1)
    condition: Filter | None = None
    passing = 0
    try:
        condition = filter_of(draft, table.facts)
        passing = services.workbench.questions.count(access, info.id, condition)
    except ParatopeError as error:
        show_error(error)
        return
    words = plain(in_words(condition)[:400]) if condition else "no condition yet"
    st.markdown(f"**{passing:,}** of {info.row_count:,} variants pass: {words}")
    with st.container(horizontal=True):
        if st.button("Apply", type="primary", icon=":material/check:", key="builder.apply"):
            variant_session.change_filter(services, access, condition)
            st.rerun()
        if st.button("Remove all conditions", key="builder.clear", type="tertiary"):
            st.session_state[_DRAFT] = draft_of(None)
            st.rerun(scope="fragment")


def _group(services: Services, access: Principal, info: TableInfo, group: Group, depth: int) -> None:
    key = f"builder.group.{group.id}"
    with st.container(border=depth > 1):
        head, away = st.columns([12, 1], vertical_alignment="center")
        mode = head.segmented_control(
            "How many must hold", list(Mode), default=group.mode, required=True, key=f"{key}.mode", label_visibility="collapsed"
        )
        group.mode = mode
        if depth > 1 and away.button(":material/delete:", key=f"{key}.away", type="tertiary", help="Remove this group"):
            _remove(st.session_state[_DRAFT], group.id)
            st.rerun(scope="fragment")
        for part in list(group.parts):
            if isinstance(part, Group):
                _group(services, access, info, part, depth + 1)
            elif filter_builder_row.show(services, access, info, part):
                group.parts.remove(part)
                st.rerun(scope="fragment")
        with st.container(horizontal=True, gap="xsmall"):
            if st.button("Condition", icon=":material/add:", key=f"{key}.add"):
                group.parts.append(Condition())
                st.rerun(scope="fragment")
            if depth < _DEEPEST and st.button("Group", icon=":material/add_box:", key=f"{key}.nest"):
                group.parts.append(Group(Mode.ANY, [Condition()]))
                st.rerun(scope="fragment")


def _remove(group: Group, identifier: int) -> None:
    group.parts = [part for part in group.parts if part.id != identifier]
    for part in group.parts:
        if isinstance(part, Group):
            _remove(part, identifier)
