"""Laboratory results over time: each test on its own scale, with the laboratory's reference band, flags and drug starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.feedback import empty
from services.clinical.labs import parse_reference_range
from services.patients.courses import Course
from services.patients.results import Result

_DEFAULT_TESTS = 4
_MARK = {"H": "triangle-up", "L": "triangle-down"}
_COLOUR = {"H": "#be123c", "L": "#1d4ed8"}


def show(results: Sequence[Result], courses: Sequence[Course], key: str) -> None:
    """Draw the chosen tests; those with most abnormal results are chosen at first."""
    series = _series(results)
    if not series:
        empty("No test has a dated number yet.")
        return
    abnormal = Counter({name: sum(one.abnormal is not None for one in rows) for name, rows in series.items()})
    preferred = sorted(series, key=lambda name: (-abnormal[name], -len(series[name]), name))
    chosen = st.multiselect("Tests", sorted(series), default=preferred[:_DEFAULT_TESTS], key=f"{key}.tests")
    overlay = st.toggle("Show when drugs were started", value=True, key=f"{key}.drugs")
    for name in chosen:
        _chart(name, series[name], courses if overlay else (), key)
    if chosen:
        with st.expander("Show the data", icon=":material/table:"):
            st.dataframe(_frame([one for name in chosen for one in series[name]]), hide_index=True)


def _series(results: Sequence[Result]) -> Mapping[str, list[Result]]:
    """Numeric, dated results by test and unit: two units are never on one axis."""
    series: dict[str, list[Result]] = {}
    for one in results:
        if one.value is not None and one.date is not None:
            series.setdefault(f"{one.test} ({one.unit})" if one.unit else one.test, []).append(one)
    return series


def _chart(name: str, rows: Sequence[Result], courses: Sequence[Course], key: str) -> None:
    figure = go.Figure()
    limits = next((found for one in reversed(rows) if (found := parse_reference_range(one.reference_range or ""))), None)
    values = [one.value for one in rows if one.value is not None]
    if limits is not None:
        low = limits[0] if limits[0] is not None else min(0.0, *values)
        high = limits[1] if limits[1] is not None else max(*values, low) * 1.05
        figure.add_hrect(y0=low, y1=high, fillcolor="rgba(15, 118, 110, 0.12)", line_width=0, annotation_text="reference")
    figure.add_trace(
        go.Scatter(
            x=[one.date for one in rows], y=values, mode="lines+markers", name=name, line={"color": "#475569"},
            marker={
                "size": 10, "symbol": [_MARK.get(str(one.abnormal or "")[:1], "circle") for one in rows],
                "color": [_COLOUR.get(str(one.abnormal or "")[:1], "#0f766e") for one in rows],
            },
            text=[f"{one.shown} {one.abnormal or ''}".strip() for one in rows],
            hovertemplate="%{x|%Y-%m-%d}: %{text}<extra></extra>",
        )
    )
    first, last = min(one.date for one in rows if one.date), max(one.date for one in rows if one.date)
    for course in courses:
        if course.start is not None and first <= course.start <= last:
            figure.add_vline(x=course.start.isoformat(), line_dash="dot", line_color="#94a3b8")
            figure.add_annotation(
                x=course.start.isoformat(), y=1, yref="paper", text=course.name[:24].replace("<", "&lt;"), showarrow=False,
                textangle=-90, xanchor="right", yanchor="top", font={"size": 10},
            )
    figure.update_layout(
        height=240, margin={"l": 10, "r": 10, "t": 36, "b": 10}, title={"text": name.replace("<", "&lt;")}, showlegend=False
    )
    words = ", ".join(f"{one.date}: {one.shown}" for one in rows[-5:])
    st.plotly_chart(figure, key=f"{key}.{name}", config={"displayModeBar": False}, alt=f"{name} over time. Latest: {words}")


def _frame(rows: Sequence[Result]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": [one.date for one in rows],
            "Test": [one.test for one in rows],
            "Result": [one.shown for one in rows],
            "Reference": [one.reference_range or "" for one in rows],
            "Flag": [one.abnormal or "" for one in rows],
            "Laboratory": [one.laboratory or "" for one in rows],
            "Stated in": [len(one.places) for one in rows],
        }
    )
