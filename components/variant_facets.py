"""Quick facets: the values of the usual columns with their counts, a click away from being the filter.

Each counts the variants that pass the other conditions, so that choosing a second value adds to the first. A facet asks its
question when it is opened.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

from components import variant_session
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.filter_parts import facet_values, joined, parts_of, with_facet, without_facet
from services.variants.filters import Filter, Flagged
from services.variants.flags import Tier
from services.variants.library import TableInfo
from services.variants.presets import facet_columns

_SHOWN = 30
_MISSING = "missing"
_VALUE = 60


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw one button for each facet."""
    table = services.workbench.questions.table(access, info.id)
    condition = variant_session.view().condition
    with st.container(horizontal=True, gap="xsmall"):
        if info.assembly is not None:
            _flags(services, access, info)
        for column in facet_columns(table.columns, table.facts):
            chosen = facet_values(condition, column)
            label = column if not chosen else f"{column} ({len(chosen)})"
            icon, look = _look(chosen=bool(chosen))
            with st.popover(plain(label), key=f"explorer.facet.{column}", on_change="rerun", icon=icon, type=look) as opened:
                if opened.open:
                    _values(services, access, info, column)


def _look(*, chosen: bool) -> tuple[str | None, Literal["secondary", "tertiary"]]:
    return (":material/check_circle:", "secondary") if chosen else (None, "tertiary")


def _values(services: Services, access: Principal, info: TableInfo, column: str) -> None:
    condition = variant_session.view().condition
    try:
        found = services.workbench.questions.facets(access, info.id, column, without_facet(condition, column), _SHOWN)
    except ParatopeError as error:
        show_error(error)
        return
    chosen = facet_values(condition, column)
    counts = dict.fromkeys(chosen, 0) | {facet.value: facet.count for facet in found}
    key = f"explorer.facet.{column}.{variant_session.generation()}"
    st.pills(
        f"Values of {column}", list(counts), selection_mode="multi", default=list(chosen), key=key,
        format_func=lambda value: f"{_shown(value)} · {counts[value]:,}", on_change=_choose, args=(services, access, column, key),
    )
    if len(found) == _SHOWN:
        st.caption(f"The {_SHOWN} most frequent values. Others can be typed into the filter.")


def _choose(services: Services, access: Principal, column: str, key: str) -> None:
    condition = with_facet(variant_session.view().condition, column, st.session_state[key])
    variant_session.change_filter(services, access, condition)


def _flags(services: Services, access: Principal, info: TableInfo) -> None:
    condition = variant_session.view().condition
    chosen = next((part.categories or ("any",) for part in parts_of(condition) if isinstance(part, Flagged)), ())
    label = "Flags" if not chosen else f"Flags ({len(chosen)})"
    icon, look = _look(chosen=bool(chosen))
    with st.popover(label, key="explorer.facet.flags", on_change="rerun", icon=icon, type=look) as opened:
        if not opened.open:
            return
        noted = services.workbench.marks.noted(access, info.id).values()
        counts: dict[str, int] = {"any": sum(1 for row in noted if row.flags)}
        for row in noted:
            for category in {flag.category for flag in row.flags}:
                counts[category] = counts.get(category, 0) + 1
        order = ["any", *(str(tier) for tier in Tier if tier in counts), *sorted(set(counts) - {"any"} - set(Tier))]
        if not counts["any"]:
            st.caption("No variant of this table is flagged yet. Select a row to flag it.")
            return
        key = f"explorer.facet.flags.{variant_session.generation()}"
        st.pills(
            "Flagged variants of this table", order, selection_mode="multi", default=[one for one in order if one in chosen],
            key=key, format_func=lambda one: f"{_shown(one)} · {counts[one]:,}", on_change=_choose_flags,
            args=(services, access, key),
        )


def _choose_flags(services: Services, access: Principal, key: str) -> None:
    values = st.session_state[key]
    kept: list[Filter] = [part for part in parts_of(variant_session.view().condition) if not isinstance(part, Flagged)]
    if values:
        kept.append(Flagged(() if "any" in values else tuple(values)))
    variant_session.change_filter(services, access, joined(kept))


def _shown(value: str | None) -> str:
    if value is None:
        return _MISSING
    return plain(value if len(value) <= _VALUE else f"{value[: _VALUE - 1]}…")
