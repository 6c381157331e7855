"""Laboratory results over time: each test on its own scale, with the laboratory's reference band, flags and the drugs taken."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from components.feedback import empty
from components.timeline_chart import end_of, safe
from services.clinical.labs import parse_reference_range
from services.knowledge.drugs import therapies
from services.patients.courses import Course
from services.patients.results import Result

_DEFAULT_TESTS = 4
_DEFAULT_DRUGS = 3
_CHART_PIXELS = 190
_DRUG_PIXELS = 22
_DAY_MILLISECONDS = 86_400_000
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
    until = max(one.date for rows in series.values() for one in rows if one.date)
    drugs = relevant_first(courses, until)
    overlaid = st.multiselect("Drugs to show above", drugs, default=drugs[:_DEFAULT_DRUGS], key=f"{key}.drugs")
    for name in chosen:
        _chart(name, series[name], [one for one in courses if one.name in overlaid], key)
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
    """Draw one test, with the chosen drugs as bars above it on the same days."""
    first, last = min(one.date for one in rows if one.date), max(one.date for one in rows if one.date)
    margin = max((last - first) // 40, datetime.timedelta(days=5))
    overlaid = [one for one in courses if one.start is not None and one.start <= last and (end_of(one, last) or first) >= first]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.02,
        row_heights=[_DRUG_PIXELS * len(overlaid) + 1, _CHART_PIXELS],
    )
    _values(figure, rows)
    for course in overlaid:
        _bar(figure, course, first - margin, last + margin)
    figure.update_layout(
        height=_CHART_PIXELS + 60 + _DRUG_PIXELS * len(overlaid), margin={"l": 10, "r": 10, "t": 36, "b": 10}, barmode="overlay",
        title={"text": safe(name)}, showlegend=False, bargap=0.25,
    )
    figure.update_xaxes(type="date", range=[(first - margin).isoformat(), (last + margin).isoformat()])
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, row=1, col=1)
    words = ", ".join(f"{one.date}: {one.shown}" for one in rows[-5:])
    st.plotly_chart(figure, key=f"{key}.{name}", config={"displayModeBar": False}, alt=f"{name} over time. Latest: {words}")


def _values(figure: go.Figure, rows: Sequence[Result]) -> None:
    """The results with the reference band of the last report that prints one."""
    values = [one.value for one in rows if one.value is not None]
    figure.add_trace(
        go.Scatter(
            x=[one.date for one in rows], y=values, mode="lines+markers", name="value", line={"color": "#64748b"},
            marker={
                "size": 10, "symbol": [_MARK.get(str(one.abnormal or "")[:1], "circle") for one in rows],
                "color": [_COLOUR.get(str(one.abnormal or "")[:1], "#0f766e") for one in rows],
            },
            text=[f"{one.shown} {one.abnormal or ''}".strip() for one in rows],
            hovertemplate="%{x|%Y-%m-%d}: %{text}<extra></extra>",
        ),
        row=2, col=1,
    )
    limits = next((found for one in reversed(rows) if (found := parse_reference_range(one.reference_range or ""))), None)
    if limits is not None:
        low = limits[0] if limits[0] is not None else min(0.0, *values)
        high = limits[1] if limits[1] is not None else max(*values, low) * 1.05
        figure.add_hrect(  # after the results: an empty part of the figure takes no band
            y0=low, y1=high, fillcolor="rgba(15, 118, 110, 0.12)", line_width=0, row=2, col=1, layer="below",
            annotation_text="reference", annotation_position="bottom right",
        )


def _bar(figure: go.Figure, course: Course, first: datetime.date, last: datetime.date) -> None:
    """One drug over the days of the chart; an ended one is striped."""
    assert course.start is not None  # the caller leaves the others out
    begin, end = max(course.start, first), min(end_of(course, last) or last, last)
    going_on = course.status == "current" and course.not_listed_on is None
    figure.add_trace(
        go.Bar(
            x=[max((end - begin).days, 3) * _DAY_MILLISECONDS], y=[safe(course.name[:28])], base=[begin.isoformat()],
            orientation="h", hovertext=[safe(f"{course.described}, from {course.start}")],
            hovertemplate="%{hovertext}<extra></extra>",
            marker={"color": "#0f766e" if going_on else "#94a3b8", "pattern": {"shape": "" if going_on else "/"}},
        ),
        row=1, col=1,
    )


def relevant_first(courses: Sequence[Course], until: datetime.date) -> list[str]:
    """The names of the drugs: those that treat one of the thirteen diseases first, each group by the time they were taken."""
    treating = {one.name.lower() for one in therapies()}
    days: Counter[str] = Counter()
    for one in courses:
        if one.start is not None:
            days[one.name] += max(((end_of(one, until) or one.start) - one.start).days, 0)
    treats = {one.name: bool(treating.intersection(one.drugs)) for one in courses}
    return sorted(days, key=lambda name: (not treats[name], -days[name], name))


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
