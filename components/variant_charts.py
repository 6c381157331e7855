"""How the values of a number column are distributed among the variants that pass, beside all variants of the table."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from components import variant_session
from components.feedback import empty, show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.filter_parts import with_part
from services.variants.filters import Number
from services.variants.library import TableInfo
from services.variants.presets import facet_columns, number_columns
from services.variants.tables import Distribution, Facet

_BINS = 40
_COLOUR = "#2a7fb8"
_QUIET = {"displayModeBar": False, "responsive": True}
_BARS = 25
_NAME = 40


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the chosen distribution and the counts of the chosen category, with their data."""
    table = services.workbench.questions.table(access, info.id)
    numbers, categories = number_columns(table.columns), facet_columns(table.columns, table.facts)
    left, right = st.columns(2, gap="large")
    with left:
        if not numbers:
            empty("This table has no column of numbers.")
        else:
            _histogram(services, access, info, st.selectbox("Numbers", numbers, key="explorer.chart.number"))
    with right:
        if categories:
            _bars(services, access, info, st.selectbox("Categories", categories, key="explorer.chart.category"))


def _histogram(services: Services, access: Principal, info: TableInfo, column: str) -> None:
    try:
        found = services.workbench.questions.distribution(access, info.id, column, variant_session.view().condition, _BINS)
    except ParatopeError as error:
        show_error(error)
        return
    if found.minimum is None or found.maximum is None:
        empty(f"No variant that passes the filter has a value of **{plain(column)}**; {found.missing:,} are missing.")
        return
    present = sum(one.count for one in found.bins)
    logarithmic = st.toggle("Logarithmic counts", key="explorer.chart.log")
    _draw(found, column, logarithmic=logarithmic)
    st.caption(f"{present:,} values from {found.minimum:.6g} to {found.maximum:.6g}; missing in {found.missing:,} variants.")
    _range(services, access, column, found)


def _draw(found: Distribution, column: str, *, logarithmic: bool) -> None:
    figure = go.Figure(
        go.Bar(
            x=[(one.low + one.high) / 2 for one in found.bins], y=[one.count for one in found.bins],
            width=[(one.high - one.low) or 1 for one in found.bins], marker={"color": _COLOUR},
            customdata=[(one.low, one.high) for one in found.bins],
            hovertemplate="%{customdata[0]:.6g} to %{customdata[1]:.6g}<br>%{y:,} variants<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        height=320, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.03,
        xaxis={"title": _safe(column), "fixedrange": True},
        yaxis={"title": "variants", "type": "log" if logarithmic else "linear", "fixedrange": True},
    )  # fmt: skip
    alt = f"Histogram of {column}: {len(found.bins)} bins from {found.minimum:.6g} to {found.maximum:.6g}"
    st.plotly_chart(figure, key="explorer.chart.histogram", config=_QUIET, alt=alt)
    with st.expander("Show the data"):
        st.table(
            [{"From": f"{one.low:.6g}", "To": f"{one.high:.6g}", "Variants": f"{one.count:,}"} for one in found.bins],
            border="horizontal",
        )


def _range(services: Services, access: Principal, column: str, found: Distribution) -> None:
    with st.form(f"explorer.chart.range.{column}", border=False):
        low, high = st.columns(2, vertical_alignment="bottom")
        keys = (f"explorer.chart.low.{column}", f"explorer.chart.high.{column}")
        low.number_input("At least", value=None, key=keys[0], format="%g", placeholder=f"{found.minimum:.6g}")
        high.number_input("At most", value=None, key=keys[1], format="%g", placeholder=f"{found.maximum:.6g}")
        st.form_submit_button(
            "Filter by this range", icon=":material/filter_alt:", on_click=_narrow, args=(services, access, column, *keys)
        )


def _narrow(services: Services, access: Principal, column: str, low_key: str, high_key: str) -> None:
    low, high = st.session_state[low_key], st.session_state[high_key]
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    variant_session.change_filter(services, access, with_part(variant_session.view().condition, Number(column, low, high)))


def _bars(services: Services, access: Principal, info: TableInfo, column: str) -> None:
    try:
        found = services.workbench.questions.facets(access, info.id, column, variant_session.view().condition, _BARS)
    except ParatopeError as error:
        show_error(error)
        return
    if not found:
        empty("No variant passes the filter.")
        return
    names = [_name(facet) for facet in found][::-1]
    figure = go.Figure(
        go.Bar(
            x=[facet.count for facet in found][::-1], y=list(range(len(names))), orientation="h", marker={"color": _COLOUR},
            text=[f"{facet.count:,}" for facet in found][::-1], textposition="auto", textangle=0, hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_layout(
        height=60 + 24 * len(found), margin={"l": 8, "r": 8, "t": 8, "b": 8}, xaxis={"title": "variants", "fixedrange": True},
        yaxis={"tickvals": list(range(len(names))), "ticktext": [_safe(name) for name in names], "automargin": True,
               "fixedrange": True},
    )  # fmt: skip
    st.plotly_chart(figure, key="explorer.chart.bars", config=_QUIET, alt=f"Number of variants for each value of {column}")
    if len(found) == _BARS:
        st.caption(f"The {_BARS} most frequent values.")


def _name(facet: Facet) -> str:
    value = "missing" if facet.value is None else facet.value
    return value if len(value) <= _NAME else f"{value[: _NAME - 1]}…"


def _safe(text: str) -> str:
    """Keep Plotly from reading a "<" in a name as a tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
