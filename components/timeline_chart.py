"""The course of a patient on one time axis: visits, diagnoses, drugs as bars, procedures, imaging, scores."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import plotly.graph_objects as go
import streamlit as st

from services.patients.courses import Course
from services.patients.documents import Document
from services.patients.results import Place
from services.patients.timeline import Event, EventKind

_MARKS = {
    EventKind.DIAGNOSIS: ("Diagnoses", "diamond", "#b45309"),
    EventKind.PROCEDURE: ("Procedures", "square", "#6d28d9"),
    EventKind.IMAGING: ("Imaging", "hexagon", "#0369a1"),
    EventKind.ACTIVITY: ("Scores", "star", "#be123c"),
    EventKind.MEDICATION: ("Drug changes", "triangle-up", "#15803d"),
}
_ROW_PIXELS = 26


class Mark(Protocol):
    """Remembers a place and returns its number, which the chart's point carries."""

    def __call__(self, place: Place | None, document: Document | None = None) -> int: ...


@dataclass(frozen=True, slots=True)
class Clicked:
    """What the reader clicked: a place in a document."""

    document_id: str
    page: int
    quote: str


def show(
    documents: Sequence[Document], events: Sequence[Event], courses: Sequence[Course], *, until: datetime.date, key: str
) -> Clicked | None:
    """Draw the chart; returns what was clicked in this run, None when nothing new was."""
    figure = go.Figure()
    places: list[Clicked] = []

    def mark(place: Place | None, document: Document | None = None) -> int:
        if place is not None:
            places.append(Clicked(place.document_id, place.page, place.quote))
        elif document is not None:
            places.append(Clicked(document.id, 1, ""))
        return len(places) - 1

    _visits(figure, [one for one in documents if one.document_date], mark)
    for kind, (lane, symbol, colour) in _MARKS.items():
        chosen = [event for event in events if event.kind is kind]
        if chosen:
            figure.add_trace(
                go.Scatter(
                    x=[event.day for event in chosen], y=[lane] * len(chosen), mode="markers", name=lane,
                    marker={"symbol": symbol, "size": 12, "color": colour},
                    customdata=[mark(event.places[0] if event.places else None) for event in chosen],
                    text=[_told(event) for event in chosen], hovertemplate="%{text}<extra></extra>",
                )
            )
    _drugs(figure, [course for course in courses if course.start or course.stop], until, mark)
    rows = len({label for trace in figure.data for label in trace.y})
    figure.update_layout(
        height=120 + _ROW_PIXELS * rows, showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10}, dragmode="pan",
        yaxis={"autorange": "reversed", "automargin": True}, bargap=0.35,
        xaxis={"side": "top", "type": "date", "rangeslider": {"visible": True, "thickness": 0.05}},
    )
    chosen_points = st.plotly_chart(
        figure, key=key, on_select="rerun", selection_mode="points", config={"scrollZoom": True, "displayModeBar": False},
        alt=f"Timeline with {len(documents)} documents, {len(events)} events and {len(courses)} drug courses",
    )
    return _new_click(chosen_points, places, key)


def _visits(figure: go.Figure, documents: Sequence[Document], mark: Mark) -> None:
    if not documents:
        return
    figure.add_trace(
        go.Scatter(
            x=[document.document_date for document in documents], y=["Documents"] * len(documents), mode="markers",
            name="Documents", marker={"symbol": "circle-open", "size": 10, "color": "#0f766e"},
            customdata=[mark(None, document) for document in documents],
            text=[_safe(document.title) for document in documents], hovertemplate="%{text}<extra></extra>",
        )
    )


def _drugs(figure: go.Figure, courses: Sequence[Course], until: datetime.date, mark: Mark) -> None:
    for course in courses:
        begin = course.start or course.stop
        assert begin is not None
        end = course.stop or course.expected_end or course.not_listed_on or (until if course.status == "current" else begin)
        days = max((end - begin).days, 10)
        last = course.stop.isoformat() if course.stop else course.status
        words = [course.described, f"{begin.isoformat()} to {last}", course.reason]
        figure.add_trace(
            go.Bar(
                x=[days * 86_400_000], y=[_safe(course.name)], base=[begin.isoformat()], orientation="h", name=_safe(course.name),
                marker={"color": "#0f766e" if course.status == "current" else "#94a3b8", "pattern": _pattern(course)},
                customdata=[mark(course.places[0] if course.places else None)],
                hovertext=[_safe("; ".join(word for word in words if word))], hovertemplate="%{hovertext}<extra></extra>",
            )
        )


def _pattern(course: Course) -> dict[str, str]:
    """A stopped drug is striped, so that the bar reads without its colour."""
    return {"shape": "" if course.status == "current" else "/"}


def _told(event: Event) -> str:
    about = "about " if event.is_approximate else ""
    return _safe(f"{about}{event.day.isoformat()}: {event.title}" + (f" ({event.detail})" if event.detail else ""))


def _safe(text: str) -> str:
    """Plotly reads a little HTML in its texts."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:200]


def _new_click(chosen: object, places: Sequence[Clicked], key: str) -> Clicked | None:
    """A selection stays while the page reruns: only a new one opens something."""
    points = chosen["selection"]["points"] if isinstance(chosen, dict) else []
    index = points[0].get("customdata") if points else None
    if isinstance(index, list):
        index = index[0] if index else None
    handled = f"{key}.handled"
    if index is None or not 0 <= int(index) < len(places):
        st.session_state.pop(handled, None)
        return None
    if st.session_state.get(handled) == int(index):
        return None
    st.session_state[handled] = int(index)
    return places[int(index)]
