"""What changed: between two analyses of the patient, and in the documents up to the newest one.

Only what a reader acts on is named: diagnoses, drugs, procedures, scores and flare risk that moved, alerts that came or went,
and results that crossed a limit or moved by a fifth while outside it. Pure: the caller brings analyses, events and results.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from services.clinical.titers import Outcome
from services.patients.analysis_changes import AnalysisChanges
from services.patients.results import Result
from services.patients.timeline import Event, EventKind
from services.reports.rows import ChangeRow
from services.reports.words import disease_name, number, quantity, spoken

WINDOW = datetime.timedelta(days=183)
_MOVED = 0.2
_PARTS = {
    EventKind.DIAGNOSIS: "diagnosis", EventKind.MEDICATION: "medication", EventKind.PROCEDURE: "study",
    EventKind.IMAGING: "study",
}  # fmt: skip
_URGENT = frozenset({"critical", "contraindicated", "major"})
_DECIDED = (Outcome.POSITIVE, Outcome.NEGATIVE)


def between_analyses(changes: AnalysisChanges) -> Iterator[ChangeRow]:
    """Yield what is different from the analysis before. Where the rules changed in between, the caller has to say so."""
    for lead, diseases in (("new", changes.diagnoses_added), ("no longer given", changes.diagnoses_removed)):
        yield from (ChangeRow(part="diagnosis", text=f"{disease_name(one)}: {lead}") for one in diseases)
    for score in changes.scores:
        values = [number(one) if one is not None else "no value" for one in (score.value_before, score.value_now)]
        if score.value_before != score.value_now:
            yield ChangeRow(part="activity", text=f"{score.score_name} {values[0]} → {values[1]} ({disease_name(score.disease)})")
    for flare in changes.flares:
        levels = [spoken(one) if one else "not assessed" for one in (flare.before, flare.now)]
        yield ChangeRow(part="activity", text=f"Flare risk {levels[0]} → {levels[1]} ({disease_name(flare.disease)})")
    for lead, alerts in (("new", changes.new_alerts), ("gone", changes.resolved_alerts)):
        urgent = [one for one in alerts if one["severity"] in _URGENT and one["scope"] != "candidate"]
        yield from (ChangeRow(part="alert", text=f"{lead}: {one['message'].rstrip('.')}") for one in urgent)
    for lab in changes.labs:
        flags = lab.flag_before, lab.flag_now
        if lab.value_before is not None and lab.value_now is not None and _tells(lab.value_before, lab.value_now, *flags):
            text = f"{lab.label} {number(lab.value_before)} → {quantity(lab.value_now, lab.unit)}"
            yield ChangeRow(part="result", text=f"{text}{_crossed(*flags)}")


def newest_day(events: Iterable[Event], results: Iterable[Result]) -> datetime.date | None:
    """Return the day of the newest document that tells of an event or result, None where none is dated."""
    places = [place for one in events for place in one.places] + [place for one in results for place in one.places]
    return max((place.document_date for place in places if place.document_date is not None), default=None)


def in_documents(
    events: Sequence[Event], labs: Sequence[Result], antibodies: Sequence[Result], until: datetime.date
) -> Iterator[ChangeRow]:
    """Yield what happened in the half year up to `until`, newest first, then the results that moved in it."""
    begin = until - WINDOW
    for event in sorted(events, key=lambda one: one.day, reverse=True):
        part = _PARTS.get(event.kind)
        if part is not None and begin < event.day <= until:
            yield ChangeRow.model_validate({"part": part, "text": event.title, "date": event.day})
    for series in _series(labs):
        before, now = series[-2:]
        if now.date is not None and begin < now.date <= until:
            yield from _moved(before, now)
    for series in _series(antibodies):
        before, now = series[-2:]
        turned = before.outcome != now.outcome and before.outcome in _DECIDED and now.outcome in _DECIDED
        if turned and now.date is not None and begin < now.date <= until:
            text = f"{now.test} {before.shown} → {now.shown}, now {now.outcome} (before: {before.date})"
            yield ChangeRow(part="result", text=text, date=now.date)


def _series(results: Iterable[Result]) -> Iterator[list[Result]]:
    """The exactly dated results of each test that has at least two, in time order."""
    found: dict[str, list[Result]] = {}
    for one in results:
        if one.date is not None and not one.is_approximate:
            found.setdefault(one.subject, []).append(one)
    for series in found.values():
        ordered = sorted(series, key=lambda one: one.date or datetime.date.min)
        if len(ordered) > 1 and ordered[-1].date != ordered[-2].date:
            yield ordered


def _moved(before: Result, now: Result) -> Iterator[ChangeRow]:
    """A laboratory result that tells something new; bounds and two units are not compared."""
    values = (before.value, now.value)
    if values[0] is None or values[1] is None or before.comparator or now.comparator or before.unit != now.unit:
        return
    if _tells(values[0], values[1], before.abnormal, now.abnormal):
        text = f"{now.test} {number(values[0])} → {quantity(values[1], now.unit or '')}"
        yield ChangeRow(
            part="result", text=f"{text}{_crossed(before.abnormal, now.abnormal)} (before: {before.date})", date=now.date
        )


def _tells(before: float, now: float, flag_before: str | None, flag_now: str | None) -> bool:
    if before == now:
        return False
    if (flag_before is None) != (flag_now is None):
        return True
    return flag_now is not None and abs(now - before) >= _MOVED * abs(before)


def _crossed(flag_before: str | None, flag_now: str | None) -> str:
    if flag_before is None and flag_now is not None:
        return {"H": ", now high", "HH": ", now high", "L": ", now low", "LL": ", now low"}.get(flag_now, ", now abnormal")
    return ", now within limits" if flag_now is None and flag_before is not None else ", still outside the limits"


def told(rows: Sequence[ChangeRow], most: int) -> list[tuple[str, str]]:
    """Return the changes grouped for the first page: a lead and its text; of each group at most `most`, the rest counted."""
    leads = {
        "diagnosis": "Diagnoses:", "medication": "Medication:", "activity": "Activity and risk:", "alert": "Alerts:",
        "result": "Results:", "study": "Procedures and imaging:",
    }  # fmt: skip
    groups: list[tuple[str, str]] = []
    for part, lead in leads.items():
        texts = list(dict.fromkeys(f"{one.text}{f' ({one.date})' if one.date else ''}" for one in rows if one.part == part))
        if texts:
            more = f"; and {len(texts) - most} more" if len(texts) > most else ""
            groups.append((lead, f"{'; '.join(texts[:most])}{more}"))
    return groups
