"""The course of a patient on one time axis: visits, reports, diagnoses, scores, procedures, imaging, and drugs as bars."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import plotly.graph_objects as go
import streamlit as st

from services.evidence.documents.vocabulary import DocumentType
from services.patients.courses import Course
from services.patients.documents import Document
from services.patients.results import Place
from services.patients.timeline import Event, EventKind

_VISITS, _REPORTS, _DRUGS = "Visits", "Reports", "Drugs"
_MARKS = {
    EventKind.DIAGNOSIS: ("Diagnoses", "diamond", "#b45309"),
    EventKind.FLARE: ("Flares", "diamond-tall", "#dc2626"),
    EventKind.HIGH_ACTIVITY: ("High activity", "triangle-up", "#be123c"),
    EventKind.ACTIVITY: ("Scores", "star", "#0369a1"),
    EventKind.PROCEDURE: ("Procedures", "square", "#6d28d9"),
    EventKind.IMAGING: ("Imaging", "hexagon", "#4d7c0f"),
    EventKind.MEDICATION: ("Drug changes", "cross", "#15803d"),
}
_FINDINGS = frozenset({
    DocumentType.LAB_REPORT, DocumentType.IMAGING_REPORT, DocumentType.PATHOLOGY_REPORT, DocumentType.GENETIC_REPORT,
})
_ROW_PIXELS = 26
_LEAST_DAYS = 10
_UNSURE_AFTER_DAYS = 365
_DAY_MILLISECONDS = 86_400_000
_PERIODS = {"All": None, "1 year": 365, "3 years": 3 * 365, "5 years": 5 * 365}


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
    """Draw filter and chart; returns what was clicked in this run, None when nothing new was."""
    known = {one.kind for one in events}
    lanes = [_VISITS, _REPORTS, *(lane for kind, (lane, _, _) in _MARKS.items() if kind in known), _DRUGS]
    shown = st.pills("Show", lanes, selection_mode="multi", default=[one for one in lanes if one != "Drug changes"],
                       key=f"{key}.lanes", label_visibility="collapsed")  # fmt: skip
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    search = left.text_input("Find", key=f"{key}.find", placeholder="Find, e.g. prednisone", max_chars=80,
                             label_visibility="collapsed").strip().lower()  # fmt: skip
    period = right.segmented_control("Period", list(_PERIODS), default="All", required=True, key=f"{key}.period",
                                     label_visibility="collapsed")  # fmt: skip
    places: list[Clicked] = []
    figure = _figure(
        [one for one in documents if one.document_date and search in f"{one.title} {one.specialty}".lower()],
        [one for one in events if search in f"{one.title} {one.detail}".lower()],
        [one for one in courses if (one.start or one.stop) and search in one.described.lower()],
        shown or [], until, places,
    )
    if not figure.data:
        st.caption("Nothing matches what was chosen.")
        return None
    _frame(figure, documents, _PERIODS[str(period)])
    chosen_points = st.plotly_chart(
        figure, key=f"{key}.{period}", on_select="rerun", selection_mode="points",
        config={"scrollZoom": True, "displayModeBar": False},
        alt=f"Timeline with {len(documents)} documents, {len(events)} events and {len(courses)} drug courses",
    )
    return _new_click(chosen_points, places, key)


def _figure(
    documents: Sequence[Document], events: Sequence[Event], courses: Sequence[Course], shown: Sequence[str],
    until: datetime.date, places: list[Clicked],
) -> go.Figure:  # fmt: skip
    figure = go.Figure()

    def mark(place: Place | None, document: Document | None = None) -> int:
        if place is not None:
            places.append(Clicked(place.document_id, place.page, place.quote))
        elif document is not None:
            places.append(Clicked(document.id, 1, ""))
        return len(places) - 1

    for lane, symbol in ((_VISITS, "circle"), (_REPORTS, "circle-open")):
        if lane in shown:
            _papers(figure, [one for one in documents if (one.doc_type in _FINDINGS) is (lane == _REPORTS)], lane, symbol, mark)
    for kind, (lane, symbol, colour) in _MARKS.items():
        chosen = [event for event in events if event.kind is kind]
        if chosen and lane in shown:
            figure.add_trace(
                go.Scatter(
                    x=[event.day for event in chosen], y=[lane] * len(chosen), mode="markers", name=lane,
                    marker={"symbol": symbol, "size": 12, "color": colour},
                    customdata=[mark(event.places[0] if event.places else None) for event in chosen],
                    text=[_told(event) for event in chosen], hovertemplate="%{text}<extra></extra>",
                )
            )
    if _DRUGS in shown:
        _drugs(figure, courses, until, mark)
    return figure


def _frame(figure: go.Figure, documents: Sequence[Document], days: int | None) -> None:
    """Size and axes; `days` back from the last document, None for everything."""
    rows = len({label for trace in figure.data for label in trace.y})
    last = max((one.document_date for one in documents if one.document_date), default=None)
    figure.update_layout(
        height=70 + _ROW_PIXELS * rows, showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10}, dragmode="pan",
        yaxis={"autorange": "reversed", "automargin": True, "fixedrange": True}, bargap=0.3, barmode="overlay",
        xaxis={"side": "top", "type": "date", "showgrid": True},
    )
    if days is not None and last is not None:
        end = datetime.date.fromisoformat(last) + datetime.timedelta(days=30)
        figure.update_xaxes(range=[(end - datetime.timedelta(days=days)).isoformat(), end.isoformat()])


def _papers(figure: go.Figure, documents: Sequence[Document], lane: str, symbol: str, mark: Mark) -> None:
    if not documents:
        return
    figure.add_trace(
        go.Scatter(
            x=[document.document_date for document in documents], y=[lane] * len(documents), mode="markers", name=lane,
            marker={"symbol": symbol, "size": 10, "color": "#0f766e"},
            customdata=[mark(None, document) for document in documents],
            text=[safe(f"{one.document_date}: {one.title}, {one.specialty.replace('_', ' ')}") for one in documents],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _drugs(figure: go.Figure, courses: Sequence[Course], until: datetime.date, mark: Mark) -> None:
    for course in courses:
        begin = course.start or course.stop
        assert begin is not None  # the caller leaves the others out
        end = end_of(course, until) or begin
        days = max((end - begin).days, _LEAST_DAYS)
        last = course.stop.isoformat() if course.stop else course.status
        confirmed = f"last confirmed {course.confirmed.isoformat()}" if course.confirmed and not course.stop else ""
        words = [course.described, f"{begin.isoformat()} to {last}", confirmed, course.reason]
        going_on = course.status == "current" and course.not_listed_on is None
        figure.add_trace(
            go.Bar(
                x=[days * _DAY_MILLISECONDS], y=[safe(course.name)], base=[begin.isoformat()], orientation="h",
                name=safe(course.name), customdata=[mark(course.places[0] if course.places else None)],
                # an ended drug is striped, so that the bar reads without its colour
                marker={"color": "#0f766e" if going_on else "#94a3b8", "pattern": {"shape": "" if going_on else "/"}},
                hovertext=[safe("; ".join(word for word in words if word))], hovertemplate="%{hovertext}<extra></extra>",
            )
        )


def end_of(course: Course, until: datetime.date) -> datetime.date | None:
    """Return where the bar of a course ends: `until` while it goes on, None where only its start is known.

    A drug that no document has confirmed for a year is drawn to the day it was last confirmed: whether it goes on is unknown.
    """
    if course.status == "current" and course.confirmed is not None and (until - course.confirmed).days > _UNSURE_AFTER_DAYS:
        open_end: datetime.date | None = course.confirmed
    else:
        open_end = until if course.status == "current" else None
    return course.stop or course.expected_end or course.not_listed_on or open_end


def _told(event: Event) -> str:
    about = "about " if event.is_approximate else ""
    return safe(f"{about}{event.day.isoformat()}: {event.title}" + (f" ({event.detail})" if event.detail else ""))


def safe(text: str) -> str:
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
