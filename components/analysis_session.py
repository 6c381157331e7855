"""What the analysis page remembers between runs, and what it writes: the record, and analyses of it.

Session keys begin with `analysis.` and are dropped when another patient is chosen. They hold ids and choices; what was
typed into the form lives in the form's own widgets until it is saved.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from pydantic import ValidationError

from services.access.principals import Principal
from services.clinical.analysis import Analysis, History, analyse, to_document
from services.clinical.profile import Profile
from services.container import Services
from services.errors import InvalidInputError
from services.patients.analyses import StoredAnalysis
from services.patients.registry import Patient
from services.patients.starting import BASE, Start, StartingValue, followed

PREFIX = "analysis."
_PATIENT = "analysis.patient"
_OPENED = "analysis.opened"
_REVISION = "analysis.revision"
_NEXT = "analysis.next_section"
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Opened:
    """The analysis on screen: as kept, and in full with its types.

    `is_as_kept` is False when the rules have changed since: then `analysis` is the kept input under the present rules.
    `history` holds the dated laboratory values of the analyses before it.
    """

    stored: StoredAnalysis
    analysis: Analysis
    history: History
    is_as_kept: bool


def follow(patient_id: str | None) -> None:
    """Forget everything of the page when another patient was chosen."""
    if st.session_state.get(_PATIENT) != patient_id:
        for key in [key for key in st.session_state if str(key).startswith(PREFIX)]:
            del st.session_state[key]
        st.session_state[_PATIENT] = patient_id


def revision() -> int:
    """A number in the keys of the form's widgets: after a change from outside the form they start from the record."""
    count: int = st.session_state.get(_REVISION, 0)
    return count


def go_to(section: str) -> None:
    """Show this section on the next run."""
    st.session_state[_NEXT] = section


def next_section() -> str | None:
    section: str | None = st.session_state.pop(_NEXT, None)
    return section


def open_analysis(analysis_id: str | None) -> None:
    """Show this analysis; None is the latest."""
    st.session_state[_OPENED] = analysis_id


def opened(services: Services, access: Principal, patient: Patient) -> Opened | None:
    """The analysis the reader opened, else the latest of the patient, else None."""
    chosen: str | None = st.session_state.get(_OPENED)
    entries = services.analyses.list(patient.id, access)
    if chosen is None or chosen not in {entry.id for entry in entries}:
        if not entries:
            return None
        chosen = entries[0].id
    return in_full(chosen, access.name, services, access)


@st.cache_resource(max_entries=_KEPT, show_spinner="Opening the analysis …")
def in_full(analysis_id: str, reader: str, _services: Services, _access: Principal) -> Opened:  # noqa: ARG001 - cache key
    """A kept analysis with its types. The engines are pure: the same input under the same rules gives the same result."""
    stored = _services.analyses.get(analysis_id, _access)
    history = _services.analyses.history_before(stored.entry, _access)
    analysis = analyse(stored.profile, today=stored.entry.created_at.date(), history=history)
    return Opened(stored, analysis, history, to_document(analysis) == stored.document)


def from_record(services: Services, access: Principal, patient_id: str) -> tuple[Patient, Start]:
    """The patient with the profile an analysis starts from now: the record's latest values under what was entered by hand.

    :raise NotFoundError: no such patient.
    """
    begun = services.record.start(patient_id, today(), access)
    return replace(services.patients.get(patient_id, access), profile=begun.profile), begun


def valid_profile(patient: Patient) -> Profile | None:
    """The profile of a patient, None while it lacks what every analysis needs."""
    try:
        return Profile.model_validate(patient.profile) if patient.profile else None
    except ValidationError:
        return None


def run(services: Services, access: Principal, patient: Patient) -> None:
    """Analyse what the patient's record gives now, keep the result and show it.

    :raise InvalidInputError: the record holds nothing to analyse.
    """
    profile = valid_profile(patient)
    if profile is None:
        raise InvalidInputError("age, sex and at least one result are needed: enter them under Data and save")
    save(services, access, profile)
    services.analyses.run(profile, access)
    open_analysis(None)
    go_to("Summary")


def save(services: Services, access: Principal, profile: Profile) -> None:
    """Store the profile of a patient with what the record says now; the form starts from it again."""
    stored = profile.model_dump(mode="json", exclude_none=True)
    base = services.record.start(profile.patient_id, today(), access).profile.get(BASE)
    services.patients.save_profile(profile.patient_id, stored | ({BASE: base} if base else {}), access)
    st.session_state[_REVISION] = revision() + 1


def follow_record(services: Services, access: Principal, patient: Patient, value: StartingValue) -> None:
    """Give up what was changed by hand: the value is again the record's."""
    services.patients.save_profile(patient.id, followed(patient.profile, value), access)
    st.session_state[_REVISION] = revision() + 1


def save_items(
    services: Services, access: Principal, patient_id: str, instrument_id: str, answers: Mapping[str, Any]
) -> None:
    """Put the items of an instrument into the record and analyse it again."""
    _save_under(services, access, patient_id, "instrument_items", instrument_id, answers)


def save_criteria(
    services: Services, access: Principal, patient_id: str, criteria_id: str, answers: Mapping[str, Any]
) -> None:
    """Put the answers to a criteria set into the record and analyse it again."""
    _save_under(services, access, patient_id, "criteria", criteria_id, answers)


def _save_under(
    services: Services, access: Principal, patient_id: str, part: str, name: str, answers: Mapping[str, Any]
) -> None:
    patient, _ = from_record(services, access, patient_id)
    record = Profile.model_validate(patient.profile)
    before = record.extensions.get(part)
    changed = {**(before if isinstance(before, Mapping) else {}), name: dict(answers)}
    profile = record.model_copy(update={"extensions": {**record.extensions, part: changed}})
    save(services, access, profile)
    services.analyses.run(profile, access)
    open_analysis(None)


def today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
