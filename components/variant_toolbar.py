"""The bar above the grid: the filter as an expression and as chips, how many variants pass, facets, columns, views, export."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from components import (
    filter_builder,
    variant_classification,
    variant_columns,
    variant_export,
    variant_facets,
    variant_session,
    variant_views,
)
from components.feedback import show_error
from components.formatting import plain, sentence
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.filter_parts import parts_of, without_part
from services.variants.filter_words import in_words
from services.variants.library import TableInfo
from services.variants.presets import example_filter

_CHIP = 70


class Shown(StrEnum):
    """What stands below the bar; the value is its name."""

    TABLE = "Table"
    CHARTS = "Charts"
    REJECTED = "Rejected lines"


def filters(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw what narrows the table down: expression, facets, chips."""
    _expression(services, access, info)
    variant_facets.show(services, access, info)
    _chips(services, access)


def counts(services: Services, access: Principal, info: TableInfo) -> tuple[Shown, int | None]:
    """Draw how many variants pass and what to do with them.

    Returns what is to stand below, and the number, which is None where the filter cannot be answered (that is said here).
    """
    try:
        total = services.workbench.questions.count(access, info.id, variant_session.view().condition)
    except ParatopeError as error:
        show_error(error)
        total = None
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        shown: Shown = st.segmented_control(
            "Show", list(Shown), default=Shown.TABLE, required=True, key="explorer.show", label_visibility="collapsed",
            format_func=lambda one: f"{one} ({info.rejected_count:,})" if one is Shown.REJECTED else str(one),
        )  # fmt: skip
        passing = f"**{total:,}** of {info.row_count:,} variants" if total is not None else ""
        st.markdown(passing, width="stretch")
        variant_columns.show(services, access, info)
        variant_classification.show(services, access, info, total or 0)
        variant_export.show(services, access, info, total or 0)
    return shown, total


def _expression(services: Services, access: Principal, info: TableInfo) -> None:
    table = services.workbench.questions.table(access, info.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Filter", key=variant_session.EXPRESSION, icon=":material/filter_alt:", help=_HELP, on_change=_typed,
            placeholder=f"Press Enter to apply, for example: {example_filter(table.columns, table.facts)}",
            args=(services, access, info),
        )  # fmt: skip
        opened = st.button("Builder", icon=":material/tune:", key="explorer.builder")
        variant_views.show(services, access, info)
    if opened:
        filter_builder.edit(services, access, info)
    problem = st.session_state.get(variant_session.PROBLEM)
    if problem:
        st.error(f"{plain(problem)} The rows below still follow the filter before.", icon=":material/error:")


def _typed(services: Services, access: Principal, info: TableInfo) -> None:
    text = st.session_state[variant_session.EXPRESSION]
    try:
        condition = services.workbench.filter_from_text(access, info.id, text)
        services.workbench.questions.count(access, info.id, condition)
    except ParatopeError as error:
        st.session_state[variant_session.PROBLEM] = sentence(error.message)
        return
    variant_session.change_filter(services, access, condition)
    st.session_state[variant_session.EXPRESSION] = text  # as typed, not as we would write it


def _chips(services: Services, access: Principal) -> None:
    condition = variant_session.view().condition
    parts = parts_of(condition)
    if not parts:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for number, part in enumerate(parts):
            words = in_words(part)
            shown = words if len(words) <= _CHIP else f"{words[: _CHIP - 1]}…"
            st.button(
                plain(shown), icon=":material/close:", key=f"explorer.chip.{variant_session.generation()}.{number}",
                help=f"Remove this condition: {words[:500]}", on_click=variant_session.change_filter,
                args=(services, access, without_part(condition, number)),
            )  # fmt: skip
        if len(parts) > 1:
            st.button(
                "Remove all", key="explorer.chip.all", type="tertiary", on_click=variant_session.change_filter,
                args=(services, access, None),
            )  # fmt: skip


_HELP = """
**Press Enter to apply.** Conditions are joined by `and`, `or`, `not` and parentheses.

- `qual >= 30`, `pos between 1000 and 2000`, `filter = PASS`
- `impact in (HIGH, MODERATE)`, `consequence contains splice`
- `gnomad_af is missing or gnomad_af < 0.01`
- `region chr16:50,700,000-50,800,000`
- `gene in (NOD2, TNFAIP3)`, `flag = VUS`, `flagged`, `commented`

Names with blanks stand in backticks, values with blanks in quotes. A missing value passes `is missing` only.
"""
