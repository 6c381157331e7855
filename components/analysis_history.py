"""History: the kept analyses of a patient, one of them opened, two of them compared, the kept document to download."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from components import analysis_session
from components.analysis_session import Opened
from components.analysis_words import SEVERITY, disease_name, inline, number, row, spoken
from components.feedback import empty
from components.why import why
from services.access.principals import Principal
from services.clinical.safety import Severity
from services.container import Services
from services.patients.analyses import AnalysisEntry
from services.patients.analysis_changes import AnalysisChanges, LabDifference, ScoreDifference
from services.patients.registry import Patient

_COURSE = 12
_MEANINGS = {
    "important_improvement": "an important improvement", "major_improvement": "a major improvement",
    "important_worsening": "an important worsening", "below_important_change": "below an important change",
    "no_published_change": "no important change is published",
}  # fmt: skip


def show(services: Services, access: Principal, patient: Patient, opened: Opened | None) -> None:
    """Draw the list and the comparison."""
    entries = services.analyses.list(patient.id, access)
    if not entries or opened is None:
        empty("No analysis has been kept yet. Each run is kept with the versions it came from.", icon=":material/history:")
        return
    by_id = {entry.id: entry for entry in entries}
    chosen = st.selectbox(
        "Show", list(by_id), index=list(by_id).index(opened.stored.id), key="analysis.history.open",
        format_func=lambda identifier: _title(by_id[identifier]),
    )
    if chosen != opened.stored.id:
        analysis_session.open_analysis(chosen)
        st.rerun()
    st.caption("Versions: " + inline(", ".join(f"{name} {value}" for name, value in opened.stored.entry.versions.items())))
    st.download_button(
        "Download what was kept (JSON)", lambda: json.dumps(opened.stored.document, ensure_ascii=False, indent=1),
        file_name=f"analysis-{opened.stored.id[:8]}.json", mime="application/json", icon=":material/download:",
        key="analysis.history.download", on_click="ignore",
    )
    st.subheader("What changed")
    if len(entries) < 2:
        st.markdown("There is one analysis only; from the second on they can be compared.")
        return
    _comparison(services, access, list(entries))


def courses(services: Services, access: Principal, patient: Patient) -> dict[str, Sequence[tuple[datetime.date, float]]]:
    """The values of each instrument over the latest analyses, one for each day, oldest first."""
    found: dict[str, dict[datetime.date, float]] = {}
    for entry in reversed(services.analyses.list(patient.id, access)[:_COURSE]):
        for instrument, value in _scores(entry.id, access.name, services, access):
            found.setdefault(instrument, {})[entry.created_at.date()] = value
    return {instrument: tuple(values.items()) for instrument, values in found.items()}


@st.cache_data(max_entries=512, show_spinner=False)
def _scores(
    analysis_id: str, reader: str, _services: Services, _access: Principal  # noqa: ARG001 - the reader is a cache key
) -> list[tuple[str, float]]:
    rows = _services.analyses.get(analysis_id, _access).document["disease_activity_scores"]
    return [(row["score_name"], row["score_value"]) for row in rows if row["score_value"] is not None]


def _title(entry: AnalysisEntry) -> str:
    return f"{entry.created_at:%Y-%m-%d %H:%M} UTC, by {entry.author}"


def _comparison(services: Services, access: Principal, entries: list[AnalysisEntry]) -> None:
    by_id = {entry.id: entry for entry in entries}
    left, right = st.columns(2)
    newer = right.selectbox("Newer", list(by_id)[:-1], key="analysis.history.newer", format_func=lambda one: _title(by_id[one]))
    older_ones = list(by_id)[list(by_id).index(newer) + 1 :]
    older = left.selectbox("Older", older_ones, key=f"analysis.history.older.{newer}", format_func=lambda one: _title(by_id[one]))
    changes = services.analyses.compare(older, newer, access)
    if not changes.same_rules:
        st.warning("The rules changed between the two: a difference may come from them and not from the patient.",
                   icon=":material/update:")  # fmt: skip
    if changes.is_empty:
        st.markdown(":material/check: Nothing the engines look at changed.")
        return
    _changes(changes)


def _changes(changes: AnalysisChanges) -> None:
    left, right = st.columns(2)
    with left:
        _listed("New alerts", "add_alert", (_alert(row) for row in changes.new_alerts))
        _listed("Alerts no longer raised", "notifications_off", (_alert(row) for row in changes.resolved_alerts))
        _listed("Newly excluded drugs", "block", (_excluded(row) for row in changes.newly_excluded))
        _listed("Newly offered", "add_circle", map(inline, changes.newly_offered))
        _listed("No longer offered", "remove_circle", map(inline, changes.no_longer_offered))
    with right:
        _listed("Diagnoses added", "add_circle", (inline(disease_name(one)) for one in changes.diagnoses_added))
        _listed("Diagnoses removed", "remove_circle", (inline(disease_name(one)) for one in changes.diagnoses_removed))
        if changes.scores:
            st.markdown(":material/speed: **Activity**")
        for position, score in enumerate(changes.scores):
            _score(score, key=f"analysis.history.score.{position}")
        _listed("Flare risk", "trending_up", (
            f"{inline(disease_name(one.disease))}: {_arrow(one.before, one.now)}" for one in changes.flares))
        _listed("Rank in the differential", "manage_search", (
            f"{inline(disease_name(one.disease))}: {_arrow(one.before, one.now)}" for one in changes.differential))
        _listed("Laboratory values", "science", (_lab(one) for one in changes.labs))


def _listed(heading: str, icon: str, lines: Iterable[str]) -> None:
    shown = list(lines)
    if shown:
        st.markdown(f":material/{icon}: **{heading}** ({len(shown)})\n\n" + "\n".join(f"- {line}" for line in shown))


def _score(one: ScoreDifference, key: str) -> None:
    before = " ".join(part for part in (number(one.value_before), spoken(one.level_before or "")) if part)
    now = " ".join(part for part in (number(one.value_now), spoken(one.level_now or "")) if part)
    meaning = f": {_MEANINGS[one.change.meaning]}" if one.change else ""
    with row():
        st.markdown(f"**{inline(one.score_name)}** {_arrow(before, now)}{inline(meaning)}", width="content")
        if one.change:
            why(one.change.explanation, key)


def _alert(row: Mapping[str, Any]) -> str:
    word = SEVERITY[Severity(row["severity"])]
    return f":{word.colour}[:material/{word.icon}: **{word.text}**] {inline(row['message'])}"


def _excluded(row: Mapping[str, Any]) -> str:
    return f"**{inline(row['drug_name'])}**: {inline('; '.join(row['reasons']))}"


def _lab(one: LabDifference) -> str:
    before, now = (" ".join(part for part in (number(value), flag or "") if part)
                   for value, flag in ((one.value_before, one.flag_before), (one.value_now, one.flag_now)))  # fmt: skip
    return f"{inline(one.label)} {_arrow(before, now)} {inline(one.unit)}"


def _arrow(before: object, now: object) -> str:
    earlier, later = (inline(spoken(str(one))) if one not in (None, "") else "not there" for one in (before, now))
    return f"{earlier} :material/arrow_forward: **{later}**"
