"""The way to a diagnosis: from the first symptom to the diagnosis, and what lay on it.

Pure arithmetic over dated events. What counts as a signal was decided by whoever recorded the event; this module orders,
counts and says what is missing. It describes a course; it does not judge the people who were part of it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Literal

from services.clinical.explanation import Explanation, Frozen, Input, Status, Step

RULES_VERSION = "odyssey 2"
MAX_EVENTS = 2000
SILENT_MONTHS = 12
"""A stretch without any event this long is stated as a gap in the record."""
SIGNALS_NEEDED = 2
"""Two separate signals, or one marked specific, is when the disease could have been thought of."""


class EventKind(StrEnum):
    SYMPTOM = "symptom"
    VISIT = "visit"
    LABEL = "label"
    TEST = "test"
    SIGNAL = "signal"
    DIAGNOSIS = "diagnosis"
    OTHER = "other"


Precision = Literal["day", "month", "year"]
_SPAN = {"day": 0, "month": 31, "year": 366}
_FINEST = ("day", "month", "year")


class OdysseyEvent(Frozen):
    """One dated thing that happened.

    `label` events are diagnoses given on the way, `other` events diagnoses of the same time that concern organs in which the
    disease does not show itself, `signal` events are findings that pointed to the disease. `acted_on` is None where the
    record does not say. `is_specific` marks a signal that alone points to the disease. `precision` is how exactly the date
    is known: "since 2017" stands on a day of that year and may be any other.
    """

    kind: EventKind
    date: datetime.date | None = None
    precision: Precision = "day"
    text: str = ""
    specialty: str | None = None
    document_id: str | None = None
    page: int | None = None
    quote: str = ""
    acted_on: bool | None = None
    is_specific: bool = False


class SpecialtySeen(Frozen):
    """A specialty met before the diagnosis: first date and number of visits on different days."""

    specialty: str
    first_seen: datetime.date
    visits: int


class Odyssey(Frozen):
    """The course. `delay_months` are whole calendar months from first symptom to diagnosis.

    First symptom and diagnosis are the earliest stated ones; of statements that may mean the same beginning the most exact
    counts. `others` are diagnoses of that time that do not belong to the course.
    `signals` lie before the diagnosis; `dismissed` are those stated not to have been acted on. `recognisable_on` is the
    date of the first specific signal or of the second separate one; `avoidable_months` run from there to the diagnosis.
    """

    status: Status
    first_symptom: OdysseyEvent | None = None
    diagnosis: OdysseyEvent | None = None
    delay_months: int | None = None
    delay_days: int | None = None
    specialties: tuple[SpecialtySeen, ...] = ()
    labels: tuple[OdysseyEvent, ...] = ()
    others: tuple[OdysseyEvent, ...] = ()
    tests: tuple[OdysseyEvent, ...] = ()
    signals: tuple[OdysseyEvent, ...] = ()
    dismissed: tuple[OdysseyEvent, ...] = ()
    recognisable_on: datetime.date | None = None
    avoidable_months: int | None = None
    events: tuple[OdysseyEvent, ...] = ()
    undated: tuple[OdysseyEvent, ...] = ()
    gaps: tuple[str, ...] = ()
    explanation: Explanation


def trace(events: Iterable[OdysseyEvent]) -> Odyssey:
    """Return the course the events describe; their order does not matter, equal events count once.

    Without a dated first symptom or diagnosis the status is `insufficient_data`; with a first symptom after the diagnosis
    it is `inconsistent_input`. In both cases there is no delay, but what is known is still returned.
    """
    given = tuple(dict.fromkeys(event for _, event in zip(range(MAX_EVENTS), events, strict=False)))
    dated = sorted((event for event in given if event.date is not None), key=_place)
    undated = tuple(event for event in given if event.date is None)
    symptom = _earliest(event for event in dated if event.kind is EventKind.SYMPTOM)
    diagnosis = _earliest(event for event in dated if event.kind is EventKind.DIAGNOSIS)
    before = [event for event in dated if diagnosis is None or _when(event) < _when(diagnosis)]
    status, missing = _status(symptom, diagnosis)
    delay = _between(symptom, diagnosis) if status is Status.OK else None
    signals = tuple(event for event in before if event.kind is EventKind.SIGNAL)
    recognisable = _recognisable(signals)
    avoidable = months_between(recognisable, _when(diagnosis)) if recognisable and diagnosis is not None else None
    return Odyssey(
        status=status,
        first_symptom=symptom,
        diagnosis=diagnosis,
        delay_months=delay[0] if delay else None,
        delay_days=delay[1] if delay else None,
        specialties=_specialties(before),
        labels=_labels(before, symptom, diagnosis),
        others=tuple(_once(event for event in before if event.kind is EventKind.OTHER)),
        tests=tuple(event for event in before if event.kind is EventKind.TEST),
        signals=signals,
        dismissed=tuple(event for event in signals if event.acted_on is False),
        recognisable_on=recognisable,
        avoidable_months=avoidable,
        events=tuple(dated),
        undated=_not_told_before(undated, before),
        gaps=_gaps([one for one in before if symptom is None or _when(one) >= _when(symptom)], undated, signals, diagnosis),
        explanation=_explain(symptom, diagnosis, delay, signals, recognisable, missing),
    )


def _earliest(events: Iterable[OdysseyEvent]) -> OdysseyEvent | None:
    """The earliest event, told as exactly as any statement that may mean it: "March 2014" outweighs "nearly six years"."""
    ordered = sorted(events, key=_place)
    if not ordered:
        return None
    limit = _when(ordered[0]) + datetime.timedelta(days=_SPAN[ordered[0].precision])
    meant = [event for event in ordered if _when(event) <= limit]
    return min(meant, key=lambda event: (_FINEST.index(event.precision), _place(event)))


def months_between(start: datetime.date, end: datetime.date) -> int:
    """Return the whole calendar months from `start` to `end`, 0 when less than one; negative never."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(0, months - (end.day < start.day and not _is_month_end(end)))


def _is_month_end(day: datetime.date) -> bool:
    return (day + datetime.timedelta(days=1)).day == 1 if day < datetime.date.max else True


def _when(event: OdysseyEvent) -> datetime.date:
    return event.date or datetime.date.max


def _place(event: OdysseyEvent) -> tuple[datetime.date, int, str, str]:
    """The order within a day does not depend on the order sent."""
    return _when(event), tuple(EventKind).index(event.kind), event.text, event.document_id or ""


def _between(symptom: OdysseyEvent | None, diagnosis: OdysseyEvent | None) -> tuple[int, int] | None:
    if symptom is None or diagnosis is None:
        return None
    start, end = _when(symptom), _when(diagnosis)
    return months_between(start, end), (end - start).days


def _status(symptom: OdysseyEvent | None, diagnosis: OdysseyEvent | None) -> tuple[Status, tuple[str, ...]]:
    missing = tuple(
        name
        for name, event in (("date of the first symptom", symptom), ("date of the diagnosis", diagnosis))
        if event is None
    )
    if symptom is None or diagnosis is None:
        return Status.INSUFFICIENT_DATA, missing
    return (Status.INCONSISTENT_INPUT if _when(symptom) > _when(diagnosis) else Status.OK), missing


def _specialties(before: Sequence[OdysseyEvent]) -> tuple[SpecialtySeen, ...]:
    days: dict[str, set[datetime.date]] = {}
    shown: dict[str, str] = {}
    for event in before:
        name = " ".join((event.specialty or "").split())[:80]
        if name and event.kind is EventKind.VISIT:
            shown.setdefault(name.lower(), name)
            days.setdefault(name.lower(), set()).add(_when(event))
    return tuple(SpecialtySeen(specialty=shown[key], first_seen=min(seen), visits=len(seen)) for key, seen in days.items())


def _labels(
    before: Sequence[OdysseyEvent], symptom: OdysseyEvent | None, diagnosis: OdysseyEvent | None
) -> tuple[OdysseyEvent, ...]:
    """The diagnoses given between first symptom and diagnosis, without the final one; a repeated label counts once."""
    final = _words(diagnosis.text) if diagnosis is not None else frozenset[str]()
    since = _when(symptom) if symptom is not None else datetime.date.min
    given = [
        event for event in before
        if event.kind is EventKind.LABEL and event.text.strip() and _words(event.text) != final and _when(event) >= since
    ]
    return tuple(_once(given))


def _once(events: Iterable[OdysseyEvent]) -> list[OdysseyEvent]:
    """Each name from its first date on: "conjunctivitis" repeats "bacterial conjunctivitis, right eye"."""
    found: list[OdysseyEvent] = []
    for event in events:
        if not any(_same_name(event.text, known.text) for known in found):
            found.append(event)
    return found


def _not_told_before(undated: Sequence[OdysseyEvent], before: Sequence[OdysseyEvent]) -> tuple[OdysseyEvent, ...]:
    """The undated events without the labels that stand among the dated ones."""
    named = [event.text for event in before if event.kind is EventKind.LABEL]
    return tuple(
        event for event in undated
        if event.kind is not EventKind.LABEL or not any(_same_name(event.text, name) for name in named)
    )


def _same_name(first: str, second: str) -> bool:
    """Whether all words of one name stand in the other; what follows a comma or bracket only describes it."""
    one, other = (_words(_DESCRIBES.split(name, maxsplit=1)[0]) for name in (first, second))
    return bool(one and other) and (one <= other or other <= one)


_WORD = re.compile(r"[^\W_]{1,40}")
_DESCRIBES = re.compile(r"[,(;:]")
_NO_NAME = frozenset(
    "of the and in with from due to left right bilateral recurrent acute mild both side possible suspected an".split()
)


def _words(name: str) -> frozenset[str]:
    """The words of a name that tell it from others; a plural is its singular."""
    words = (match.group().lower() for match in _WORD.finditer(name[:200]))
    return frozenset(word.rstrip("s") for word in words if word not in _NO_NAME)


def _recognisable(signals: Sequence[OdysseyEvent]) -> datetime.date | None:
    seen: set[str] = set()
    for event in signals:
        seen.add(event.text.strip().lower())
        if event.is_specific or len(seen) >= SIGNALS_NEEDED:
            return _when(event)
    return None


def _gaps(
    before: Sequence[OdysseyEvent],
    undated: Sequence[OdysseyEvent],
    signals: Sequence[OdysseyEvent],
    diagnosis: OdysseyEvent | None,
) -> tuple[str, ...]:
    gaps: list[str] = []
    if _not_told_before(undated, before):
        gaps.append(f"{len(_not_told_before(undated, before))} event(s) without a date are listed but not placed in time.")
    timeline = [*before, *([diagnosis] if diagnosis is not None else [])]
    for earlier, later in pairwise(timeline):
        silent = months_between(_when(earlier), _when(later))
        if silent >= SILENT_MONTHS:
            gaps.append(f"No record from {_when(earlier).isoformat()} to {_when(later).isoformat()} ({silent} months).")
    nameless = sum(event.kind is EventKind.VISIT and not (event.specialty or "").strip() for event in before)
    if nameless:
        gaps.append(f"{nameless} visit(s) do not state the specialty.")
    unsaid = sum(event.acted_on is None for event in signals)
    if 0 < unsaid < len(signals):
        gaps.append(f"{unsaid} signal(s) do not state whether they were acted on.")
    unsourced = sum(event.document_id is None for event in before)
    if unsourced:
        gaps.append(f"{unsourced} event(s) name no document.")
    if not signals:
        gaps.append("No signal is recorded: when the disease could have been recognised cannot be said.")
    return tuple(gaps)


def _explain(
    symptom: OdysseyEvent | None,
    diagnosis: OdysseyEvent | None,
    delay: tuple[int, int] | None,
    signals: Sequence[OdysseyEvent],
    recognisable: datetime.date | None,
    missing: tuple[str, ...],
) -> Explanation:
    inputs = [
        Input(name=name, value=event.text[:200] or "recorded", date=event.date, note=_where(event))
        for name, event in (("first symptom", symptom), ("diagnosis", diagnosis), *(("signal", one) for one in signals[:20]))
        if event is not None
    ]
    steps = []
    if delay is not None:
        steps.append(Step(label=f"{delay[1]} days, {delay[0]} whole months", note="diagnosis minus first symptom"))
    elif symptom is not None and diagnosis is not None:
        steps.append(Step(label="no delay", note="the first symptom is dated after the diagnosis: check both dates"))
    if recognisable is not None:
        steps.append(Step(label=f"recognisable on {recognisable.isoformat()}", note="in hindsight, by the rule above"))
    return Explanation(
        rule=(
            "Delay: whole months from the earliest dated symptom to the earliest dated diagnosis; of statements that may mean "
            "the same beginning the most exact counts. Recognisable: the first "
            "specific signal, or the second separate signal, before the diagnosis; seen with hindsight."
        ),
        inputs=tuple(inputs),
        steps=tuple(steps),
        missing=missing,
        version=RULES_VERSION,
    )


def _where(event: OdysseyEvent) -> str:
    if event.document_id is None:
        return ""
    return f"{event.document_id}, page {event.page}" if event.page is not None else event.document_id
