"""The charts of the analysis page. Each figure says in words what its colours say, and is read with its text beside it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go
import streamlit as st

_LEVEL_FILL = {
    "remission": "rgba(46, 160, 67, 0.35)", "low": "rgba(154, 190, 60, 0.38)", "moderate": "rgba(240, 160, 40, 0.42)",
    "high": "rgba(220, 80, 60, 0.45)", "very_high": "rgba(160, 30, 60, 0.55)",
}
_PLAIN_FILLS = ("rgba(90, 130, 190, 0.18)", "rgba(90, 130, 190, 0.32)", "rgba(90, 130, 190, 0.46)", "rgba(90, 130, 190, 0.60)")
_FOR, _AGAINST = "#2a7fb8", "#c8591e"
_QUIET: dict[str, Any] = {"displayModeBar": False, "responsive": True}
_OPEN_END = 1.25
_LABEL_LIMIT = 46


class Segment(NamedTuple):
    """One band on a scale: its words, its level where it has one, and where it ends (None: open)."""

    words: str
    level: str | None
    upper: float | None


class Contribution(NamedTuple):
    """One piece of evidence and its weight; negative speaks against."""

    text: str
    weight: float


def banded_scale(
    segments: Sequence[Segment], value: float | None, limits: tuple[float | None, float | None] | None, key: str, alt: str
) -> None:
    """Draw a value on the scale of its instrument, the bands coloured and named."""
    low = limits[0] if limits and limits[0] is not None else 0.0
    high = _upper_end(segments, value, limits)
    figure = go.Figure()
    start = low
    for position, segment in enumerate(segments):
        end = min(high, segment.upper if segment.upper is not None else high)
        if end <= start:
            continue
        fill = _LEVEL_FILL.get(segment.level or "") or _PLAIN_FILLS[position % len(_PLAIN_FILLS)]
        figure.add_shape(type="rect", x0=start, x1=end, y0=0, y1=1, fillcolor=fill, line_width=0, layer="below")
        words = segment.words
        if segment is segments[-1] and limits and limits[1] is not None and limits[1] > high:
            words = f"{words} (scale to {limits[1]:g})"
        if (end - start) / (high - low) >= 0.06:
            figure.add_annotation(x=(start + end) / 2, y=0.25, text=_safe(_short(words, end - start, high - low)),
                                  showarrow=False, font={"color": _ink()})  # fmt: skip
        start = end
    if value is not None:
        figure.add_trace(
            go.Scatter(
                x=[value], y=[1.22], mode="markers+text", text=[f"{round(value, 2):g}"], textposition="middle right",
                marker={"symbol": "triangle-down", "size": 15, "color": "#c0392b"}, hoverinfo="skip", showlegend=False,
            )
        )
        figure.add_shape(type="line", x0=value, x1=value, y0=0.45, y1=1.1, line={"width": 2, "color": "#c0392b"})
    ticks = sorted({low, *(segment.upper for segment in segments if segment.upper is not None and segment.upper <= high), high})
    figure.update_layout(
        height=120, margin={"l": 8, "r": 8, "t": 4, "b": 24}, plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"range": [low, high], "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks], "showgrid": False,
               "fixedrange": True, "zeroline": False},
        yaxis={"range": [0, 1.5], "visible": False, "fixedrange": True},
    )  # fmt: skip
    st.plotly_chart(figure, theme="streamlit", key=key, config=_QUIET, alt=alt)


def contributions(parts: Sequence[Contribution], key: str, alt: str) -> None:
    """Draw evidence for (right, plain) and against (left, hatched), strongest first."""
    ordered = sorted(parts, key=lambda part: part.weight)
    supports = [part.weight >= 0 for part in ordered]
    figure = go.Figure(
        go.Bar(
            x=[part.weight for part in ordered], y=[_safe(_cut(part.text)) for part in ordered], orientation="h",
            marker={"color": [_FOR if one else _AGAINST for one in supports],
                    "pattern": {"shape": ["" if one else "/" for one in supports]}},
            text=[f"{'for' if one else 'against'} {part.weight:+.2f}" for one, part in zip(supports, ordered, strict=True)],
            textposition="outside", cliponaxis=False, hovertext=[_safe(part.text) for part in ordered], hoverinfo="text",
        )
    )  # fmt: skip
    figure.update_layout(
        height=86 + 28 * len(ordered), margin={"l": 8, "r": 8, "t": 4, "b": 36}, bargap=0.25,
        xaxis={"title": "weight (natural log units; right: for, left: against)", "fixedrange": True, "zeroline": True,
               "range": _with_room([part.weight for part in ordered])},
        yaxis={"fixedrange": True, "automargin": True},
    )
    st.plotly_chart(figure, theme="streamlit", key=key, config=_QUIET, alt=alt)


def support(names: Sequence[str], shares: Sequence[float], inside: Sequence[bool], key: str, alt: str) -> None:
    """Draw relative support of competing explanations, best on top; those outside the thirteen are hatched."""
    rows = list(zip(names, shares, inside, strict=True))[::-1]
    figure = go.Figure(
        go.Bar(
            x=[share for _, share, _ in rows], y=[_safe(_cut(name)) for name, _, _ in rows], orientation="h",
            marker={"color": [_FOR if one else "#8a8f98" for _, _, one in rows],
                    "pattern": {"shape": ["" if one else "/" for _, _, one in rows]}},
            text=[f"{share:.2f}" for _, share, _ in rows], textposition="outside", hoverinfo="skip", cliponaxis=False,
        )
    )  # fmt: skip
    figure.update_layout(
        height=86 + 30 * len(rows), margin={"l": 8, "r": 30, "t": 4, "b": 36}, bargap=0.3,
        xaxis={"title": "relative support, 0 to 1 (not a probability)", "range": [0, 1.08], "fixedrange": True},
        yaxis={"fixedrange": True, "automargin": True},
    )
    st.plotly_chart(figure, theme="streamlit", key=key, config=_QUIET, alt=alt)


def trend(
    points: Sequence[tuple[datetime.date, float]], segments: Sequence[Segment], unit: str, key: str, alt: str
) -> None:
    """Draw a course over time on the bands of its instrument or limits."""
    days, values = [day for day, _ in points], [value for _, value in points]
    figure = go.Figure(
        go.Scatter(x=days, y=values, mode="lines+markers+text", text=[f"{round(value, 2):g}" for value in values],
                   textposition="top center", marker={"size": 9}, line={"width": 2}, hoverinfo="x+y")
    )  # fmt: skip
    spread = (max(values) - min(values)) or max(abs(max(values)), 1.0) * 0.2
    low, high = min(values) - 0.3 * spread, max(values) + 0.45 * spread
    start = -1e9
    for position, segment in enumerate(segments):
        end = segment.upper if segment.upper is not None else 1e9
        bottom, top = max(start, low), min(end, high)
        start = end
        if top <= bottom:
            continue
        fill = _LEVEL_FILL.get(segment.level or "") or _PLAIN_FILLS[position % len(_PLAIN_FILLS)]
        figure.add_shape(type="rect", xref="paper", x0=0, x1=1, y0=bottom, y1=top, fillcolor=fill, opacity=0.6, line_width=0,
                         layer="below")  # fmt: skip
        figure.add_annotation(xref="paper", x=0.005, y=(bottom + top) / 2, text=_safe(segment.words), showarrow=False,
                              xanchor="left", font={"color": _ink()})  # fmt: skip
    figure.update_layout(
        height=260, margin={"l": 8, "r": 8, "t": 8, "b": 8}, plot_bgcolor="rgba(0,0,0,0)", showlegend=False,
        xaxis={"fixedrange": True, "showgrid": False}, yaxis={"title": unit, "range": [low, high], "fixedrange": True},
    )
    st.plotly_chart(figure, theme="streamlit", key=key, config=_QUIET, alt=alt)


def _ink() -> str:
    """The colour of text on a band; the bands are the same in both themes."""
    return "#e7eef0" if st.context.theme.type == "dark" else "#13262b"


def _with_room(weights: Sequence[float]) -> list[float]:
    """The range of a bar chart with room for the labels outside the bars."""
    low, high = min(0.0, *weights), max(0.0, *weights)
    room = 0.16 * (high - low or 1.0)
    return [low - room if low < 0 else 0.0, high + room]


def _upper_end(
    segments: Sequence[Segment], value: float | None, limits: tuple[float | None, float | None] | None
) -> float:
    ends = [segment.upper for segment in segments if segment.upper is not None]
    top = max([*ends, value or 0.0, 1.0]) * _OPEN_END
    if limits and limits[1] is not None:
        # a long scale whose last band starts low would squeeze the bands: show the part that is in use
        return min(limits[1], top * 1.3) if value is not None and value < limits[1] else limits[1]
    return top


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_LIMIT else text[: _LABEL_LIMIT - 1].rsplit(" ", 1)[0] + " …"


def _short(words: str, width: float, whole: float) -> str:
    room = max(4, int(110 * width / whole))
    return words if len(words) <= room else words[: room - 1] + "…"


def _safe(text: str) -> str:
    """Keep Plotly from reading a "<" in a name as a tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
