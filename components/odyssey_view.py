"""The way to the diagnosis: delay, specialties, earlier labels, out of the dated documents of a patient."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components import source_viewer
from components.feedback import empty
from components.formatting import plain
from components.why import why
from services.access.principals import Principal
from services.clinical.odyssey import EventKind, Odyssey, OdysseyEvent, trace
from services.container import Services
from services.evidence.extraction import DiagnosisStatus
from services.patients.courses import Condition
from services.patients.documents import Document


def show(services: Services, access: Principal, documents: Sequence[Document], conditions: Sequence[Condition], key: str) -> None:
    """Draw the way to the diagnosis the reader chooses."""
    reached = [one for one in conditions if one.disease is not None and one.status is DiagnosisStatus.CONFIRMED and one.since]
    if not reached:
        empty("The record states no confirmed diagnosis of one of the thirteen diseases with a date.")
        return
    left, right = st.columns(2)
    names = [one.name for one in reached]
    target = left.selectbox("Diagnosis", range(len(names)), format_func=lambda number: names[number], key=f"{key}.target")
    began = right.date_input(
        "First symptom noticed (enter it: documents rarely state a day)", None, key=f"{key}.began",
        min_value=datetime.date(1900, 1, 1), max_value="today",
    )
    odyssey = trace(_events(documents, conditions, reached[target], began))
    _figures(odyssey, key)
    _labels(services, access, odyssey, key)


def _events(
    documents: Sequence[Document], conditions: Sequence[Condition], target: Condition, began: datetime.date | None
) -> list[OdysseyEvent]:
    events = [
        OdysseyEvent(
            kind=EventKind.VISIT, date=datetime.date.fromisoformat(one.document_date), text=one.title, specialty=one.specialty,
            document_id=one.id, page=1,
        )
        for one in documents
        if one.document_date
    ]
    if began is not None:
        events.append(OdysseyEvent(kind=EventKind.SYMPTOM, date=began, text="first symptom, as entered"))
    for one in conditions:
        kind = EventKind.DIAGNOSIS if one is target else EventKind.LABEL
        day = one.since if one is target else min((change.day for change in one.history if change.day), default=one.since)
        place = one.places[0] if one.places else None
        events.append(
            OdysseyEvent(
                kind=kind, date=day, text=f"{one.name} ({one.status.value.replace('_', ' ')})",
                document_id=place.document_id if place else None, page=place.page if place else None,
            )
        )
    return events


def _figures(odyssey: Odyssey, key: str) -> None:
    delay, specialties, labels = st.columns(3)
    delay.metric("Delay", f"{odyssey.delay_months} months" if odyssey.delay_months is not None else "not known")
    specialties.metric("Specialties before", len(odyssey.specialties))
    labels.metric("Earlier labels", len(odyssey.labels))
    why(odyssey.explanation, key=f"{key}.why")
    for gap in odyssey.gaps:
        st.caption(f":material/info: {plain(gap)}")


def _labels(services: Services, access: Principal, odyssey: Odyssey, key: str) -> None:
    if odyssey.labels:
        st.markdown("**Labels on the way**")
        for number, one in enumerate(odyssey.labels):
            shown = f"{one.date or 'undated'}: {plain(one.text)}"
            if one.document_id and st.button(shown, key=f"{key}.label.{number}", type="tertiary", icon=":material/label:"):
                source_viewer.open_page(services, access, one.document_id, one.page or 1, "")
    if odyssey.specialties:
        st.markdown("**Specialties before the diagnosis**")
        st.dataframe(
            pd.DataFrame(
                {
                    "Specialty": [one.specialty.replace("_", " ") for one in odyssey.specialties],
                    "First seen": [one.first_seen for one in odyssey.specialties],
                    "Visits": [one.visits for one in odyssey.specialties],
                }
            ),
            hide_index=True, height="content",
        )
