"""Activity: every instrument of the diagnoses with its value on its bands, or what it lacks; courses; the item editor."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import streamlit as st

from components import activity_editor, charts
from components.analysis_session import Opened
from components.analysis_starting import age_words
from components.analysis_words import badge, card, inline, level_word, number, row, spoken
from components.feedback import empty
from components.why import no_value, why
from services.access.principals import Principal
from services.clinical.activity import INSTRUMENTS, ActivityScore, Band, Instrument
from services.clinical.analysis import inputs
from services.clinical.explanation import Status
from services.clinical.labs import analytes
from services.container import Services
from services.patients.starting import Start, StartingValue

Course = Sequence[tuple[datetime.date, float]]


def show(
    opened: Opened, begun: Start, courses: Mapping[str, Course], documented: Mapping[str, Course], services: Services,
    access: Principal, key: str,
) -> None:  # fmt: skip
    """Draw the scores. `courses` holds the values of the analyses, `documented` those the documents state, oldest first."""
    analysis = opened.analysis
    computed = [score for score in analysis.activity if score.status is Status.OK]
    others = [score for score in analysis.activity if score.status is not Status.OK]
    if not analysis.activity:
        empty("No diagnosis was entered, so no instrument applies. Any instrument can still be computed below.",
              icon=":material/speed:")  # fmt: skip
    items = {one.key: one for one in begun.values if one.part == "activity"}
    for score in computed:
        _computed(
            score, _joined(courses.get(score.instrument_id, ()), documented.get(score.instrument_id, ())),
            items.get(score.instrument_id), key=_key(key, score),
        )
    if others:
        st.subheader("Not computed")
        st.caption("Nothing is estimated in place of a missing item.")
        for score in others:
            _not_computed(score, key=_key(key, score))
    _lab_courses(opened, key)
    st.subheader("Item editor")
    activity_editor.show(analysis, services, access)


def _key(key: str, score: ActivityScore) -> str:
    """One instrument can stand under two diseases: thyroid status under Graves' and Hashimoto's."""
    return f"{key}.{score.instrument_id}.{score.disease.value}"


def scale(instrument: Instrument, value: float, key: str, words: str) -> None:
    """Draw a value on the bands of its instrument; nothing where the instrument has no bands."""
    if instrument.bands and any(band.upto is not None or band.below is not None for band in instrument.bands):
        bounds = instrument.score_range or (None, None)
        unit = f" of {bounds[1]:g}" if bounds[1] is not None else ""
        charts.banded_scale(
            segments(instrument.bands), value, instrument.score_range, key=f"{key}.scale",
            alt=f"{instrument.name}: {number(value)}{unit}, {words}",
        )


def segments(bands: Sequence[Band]) -> list[charts.Segment]:
    """The bands of an instrument as segments of a scale."""
    return [
        charts.Segment(spoken(band.band), band.level, band.below if band.below is not None else band.upto) for band in bands
    ]


def _joined(analysed: Course, documented: Course) -> Course:
    """One course: what the documents state, then what was computed after the last of them.

    An analysis of today repeats the last documented items: only one that gives another value is a new point.
    """
    if not documented:
        return analysed
    last, known = documented[-1]
    return (*documented, *((day, value) for day, value in analysed if day > last and round(value, 2) != round(known, 2)))


def _computed(score: ActivityScore, course: Course, items: StartingValue | None, key: str) -> None:
    instrument = INSTRUMENTS[score.instrument_id]
    with card():
        headline(score, key)
        if score.value is not None:
            scale(instrument, score.value, key, level_word(score).text)
        if score.message:
            st.caption(inline(score.message))
        if items is not None and items.date is not None:
            st.caption(f":material/{'history' if items.is_stale else 'event'}: Items of {items.date}, {age_words(items)}")
        if len(course) > 1:
            charts.trend(
                course, segments(instrument.bands), score.instrument_id, key=f"{key}.trend",
                alt=f"{score.name} on {len(course)} days: from {number(course[0][1])} to {number(course[-1][1])}",
            )
            st.caption(f"{len(course)} values from {course[0][0]} to {course[-1][0]}: stated in documents, or computed here.")


def headline(score: ActivityScore, key: str) -> None:
    """Draw name, value, band and the explanation of a computed score in one row."""
    with row():
        value = f" · value **{inline(number(score.value))}**" if score.value is not None else ""
        st.markdown(f"**{inline(score.name)}**{value} · {inline(score.disease.label)}", width="content")
        badge(level_word(score))
        why(score.explanation, key)


def _not_computed(score: ActivityScore, key: str) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(score.name)}** · {inline(score.disease.label)}", width="content")
            why(score.explanation, key)
        no_value(score.status, item_labels(score), score.message)
        if score.lower_bound is not None:
            st.caption(f"The items at hand add up to {score.lower_bound:g}: a lower bound, not the score.")


def item_labels(score: ActivityScore) -> list[str]:
    """What a score lacks, by the label of the item where there is one."""
    labels = {item.key: item.label for item in INSTRUMENTS[score.instrument_id].items}
    return [labels.get(one, one) for one in score.missing]


def _lab_courses(opened: Opened, key: str) -> None:
    courses = lab_courses(opened)
    if not courses:
        return
    st.subheader("Laboratory courses")
    chosen = st.selectbox("Value", list(courses), format_func=lambda one: analytes()[one].label, key=f"{key}.lab")
    analyte, points, reading = analytes()[chosen], courses[chosen], opened.analysis.panel.get(chosen)
    bands = []
    if reading is not None and (reading.lln is not None or reading.uln is not None):
        bands = [charts.Segment("below the limits", "moderate", reading.lln)] if reading.lln is not None else []
        bands += [charts.Segment("within the limits", "remission", reading.uln)]
        bands += [charts.Segment("above the limits", "moderate", None)] if reading.uln is not None else []
    charts.trend(
        points, bands, analyte.unit, key=f"{key}.lab.trend",
        alt=f"{analyte.label} in {analyte.unit} on {len(points)} days, from {points[0][1]:g} to {points[-1][1]:g}",
    )


def lab_courses(opened: Opened) -> dict[str, Course]:
    """The dated results of the record, its history and earlier analyses by analyte; courses of two days and more."""
    analysis = opened.analysis
    earlier, _ = inputs.lab_history(analysis.profile, opened.history)
    series, _ = inputs.lab_series(analysis.profile, analysis.panel, earlier)
    return {key: course for key, course in series.items() if len(course) > 1}
