"""Medications out of documents: tables, list items, and sentences that say what was done with a drug.

In a list every entry is a medication. In a sentence a drug counts only with a word for what happened to it ("started", "was
stopped in Feb 2021 for uveitis"); allergies, advice against a drug, relatives' drugs and what is merely considered are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import DateBasis, Dated, MedicationContent, MedicationStatus, Precision
from services.evidence.extraction.medication_words import (
    AUX,
    BARE_PARTICIPLE,
    BETWEEN_ACTIVE,
    BULLET,
    CUE,
    DOSE,
    FREQUENCY,
    GIVEN,
    HEAD_ROLES,
    IT_ENDED,
    LIST_LABEL,
    LIST_SECTIONS,
    NEXT_CLAUSE,
    NO_LIST,
    NOT_TAKEN,
    PART_OF_WORD,
    PASSIVE_PAST,
    PAST_SECTIONS,
    PLAN,
    REASON,
    ROUTE,
    SPLIT_STATUS,
)
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import Line, Sentence, Sheet
from services.evidence.extraction.tables import Table
from services.evidence.extraction.words import Dictionary, Hit, cut
from services.knowledge.drugs import drug_names

Status = MedicationStatus
_DENIED_BEFORE = re.compile(r"\b(?:no|not|without|never|nor)\s+(?:on\s+)?$", re.IGNORECASE)
_Entry = tuple[MedicationContent, When, Place]


@cache
def drug_dictionary() -> Dictionary[str]:
    """Return the names of drugs and brands; classes of drugs ("steroids") are no medication of their own."""
    return Dictionary((name, drug) for name, drug in drug_names() if not drug.startswith("class:"))


def drugs_in(text: str) -> tuple[str, ...]:
    """Return the recognised drugs of a text, each once, in order."""
    return tuple(dict.fromkeys(hit.value for hit in drug_dictionary().find(text, cut(text[:300]))))


def medications_of(sheet: Sheet, tables: Sequence[Table]) -> Iterator[_Entry]:
    """Yield the medications of a document: tables, lists, then sentences."""
    entries: list[_Entry] = []
    for table in tables:
        if table.is_medications and table.header is not None:
            entries += [entry for row in table.rows if (entry := _from_row(sheet, table.header, row)) is not None]
    listed: set[tuple[int, int]] = set()
    for sentence in sheet.sentences:
        found = _from_items(sheet, sentence) if _is_list_item(sentence) else []
        if found:
            listed.add((sentence.page, sentence.start))
            entries += found
    known = {(entry[0].subject, entry[0].status) for entry in entries}
    yield from entries
    for sentence in sheet.sentences:
        if (sentence.page, sentence.start) not in listed:
            # what the document's own list says in full is not said again by a sentence without its own date
            yield from (
                entry for entry in _from_sentence(sheet, sentence)
                if entry[1].basis is DateBasis.STATED or (entry[0].subject, entry[0].status) not in known
            )


def _from_row(sheet: Sheet, header: Line, row: Line) -> _Entry | None:
    found: dict[str, str] = {}
    for head, cell in zip(header.cells, row.cells, strict=False):
        role = next((name for name, pattern in HEAD_ROLES if pattern.search(head.text) and name not in found), None)
        if role is not None and cell.text:
            found[role] = cell.text
    name = found.get("name", "")
    if not any(char.isalpha() for char in name):
        return None
    status_text = found.get("status", "")
    status, start, stop = _status(sheet, status_text, default=_default(row.section))
    start = _dated(sheet, found["start"]) if "start" in found else start
    stop = _dated(sheet, found["stop"]) if "stop" in found else stop
    if "stop" in found and stop is not None and "status" not in found and stop.day <= (sheet.day or stop.day):
        status = Status.STOPPED
    if "start" in found and "status" not in found and status is Status.STARTED:
        status = Status.CURRENT
    note = found.get("note") or (status_text.partition(";")[2].strip() or None)
    shown, dose, route, frequency = _described(name)
    instructed = DOSE.search(found.get("frequency", "")) if "dose" not in found else None
    if instructed is not None:  # "2.5 mg tablet, take 6 tablets": the number in the name is a strength, not the dose
        shown, dose = name, instructed.group()
        route = route or _route(found["frequency"])
    content = MedicationContent(
        name=shown, drugs=drugs_in(name)[:6], status=status, dose=found.get("dose") or dose,
        route=_route(found.get("route", "")) or route,
        frequency=found.get("frequency") or frequency, start=start, stop=stop, note=note[:400] if note else None, from_list=True,
    )
    return content, _when(sheet, content), Place(row.page, row.start, row.end, 0)


def _is_list_item(sentence: Sentence) -> bool:
    section = sentence.section
    if LIST_LABEL.match(sentence.text):
        return True
    if not any(word in section for word in LIST_SECTIONS) or any(word in section for word in NO_LIST):
        return False
    if BULLET.match(sentence.text):
        return True
    return len(sentence.text) < 300 and not sentence.text.endswith(".") and bool(drugs_in(sentence.text[:60]))


def _from_items(sheet: Sheet, sentence: Sentence) -> list[_Entry]:
    """The entries of a line: one, or several between commas ("nifedipine 30 mg od, omeprazole 20 mg od")."""
    text = sentence.text
    label = LIST_LABEL.match(text)
    hits = drug_dictionary().find(text, cut(text))
    edges = [label.end() if label is not None else 0]
    for hit in hits[1:]:
        gap = re.search(r"[,;]\s*(?:and\s+)?$|\s+and\s+$", text[edges[-1]:hit.start])
        own = text[edges[-1]:hit.start]
        if gap is not None and (DOSE.search(own) or FREQUENCY.search(own)):
            edges.append(edges[-1] + gap.start())
    parts = [text[first:last] for first, last in pairwise([*edges, len(text)])]
    found = []
    for offset, part in zip(edges, parts, strict=True):
        entry = _from_item(sheet, sentence, part.lstrip(" ,;").removeprefix("and "), offset, label)
        if entry is not None:
            found.append(entry)
    return found


def _from_item(
    sheet: Sheet, sentence: Sentence, part: str, offset: int, label: re.Match[str] | None
) -> _Entry | None:
    text = " ".join(BULLET.sub("", part, count=1).split())
    if re.match(r"(?:none|nil|no (?:current |known |regular )?medications?)\b", text, re.IGNORECASE):
        return None
    parts = SPLIT_STATUS.split(text, maxsplit=1)
    described, status_text = parts[0], parts[1] if len(parts) > 1 else ""
    bracket = re.search(r"\(([^()]{3,80})\)\s*\.?$", described)
    if not status_text and bracket is not None and CUE.search(bracket.group(1)):
        described, status_text = described[: bracket.start()].strip(), bracket.group(1)
    name, dose, route, frequency = _described(described)
    drugs = drugs_in(described)
    if not drugs and dose is None and frequency is None:
        return None
    if not status_text:
        cue = next((m for m in CUE.finditer(described) if m.lastgroup not in ("current", "changed") or m.start() > 0), None)
        status_text = described[cue.start():] if cue is not None and cue.lastgroup != "past" else ""
    default = Status(label.lastgroup) if label is not None and label.lastgroup else _default(sentence.section)
    status, start, stop = _status(sheet, status_text, default=default)
    note = status_text.partition("; ")[2].strip() or None
    content = MedicationContent(
        name=name, drugs=drugs[:6], status=status, dose=dose, route=route, frequency=frequency, start=start, stop=stop,
        note=note[:400] if note else None, from_list=True,
    )
    return content, _when(sheet, content), Place(sentence.page, sentence.start, sentence.end, offset)


def _described(text: str) -> tuple[str, str | None, str | None, str | None]:
    """Part "methotrexate 15 mg oral weekly" into name, dose, route and frequency."""
    dose = DOSE.search(text)
    frequency = FREQUENCY.search(text, dose.end() if dose else 0)
    route = _route(text[dose.end() if dose else 0:])
    cuts = [match.start() for match in (dose, frequency) if match is not None and match.start() > 0]
    name = text[: min(cuts)] if cuts else text
    cue = CUE.search(name, 1)
    if cue is not None and not cuts:
        name = name[: cue.start()]
    name = name.strip(" ,:;-–(")[:200]
    shown = _full_frequency(text, frequency, route) if frequency is not None else None
    return name or text[:200], dose.group() if dose else None, route, shown


def _full_frequency(text: str, frequency: re.Match[str], route: str | None) -> str:
    """The frequency with what qualifies it ("every 2 weeks after loading"), up to the end of the entry."""
    del route
    rest = re.split(r"[,;(]|\s[—–-]\s", text[frequency.start():], maxsplit=1)[0]
    return rest.strip()[:200] if len(rest.split()) <= 8 else frequency.group()


def _route(text: str) -> str | None:
    found = [(match.start(), name) for pattern, name in ROUTE if (match := pattern.search(text)) is not None]
    return min(found)[1] if found else None


def _default(section: str) -> Status:
    if any(word in section for word in PAST_SECTIONS):
        return Status.PAST
    return Status.CURRENT


def _status(sheet: Sheet, text: str, *, default: Status) -> tuple[Status, Dated | None, Dated | None]:
    """Read "stopped (June 18, 2019 to March 15, 2022); nephritis": what happened, from when, until when."""
    main = text.partition(";")[0]
    cue = CUE.search(main)
    status = Status(cue.lastgroup) if cue is not None and cue.lastgroup else default
    moments = find_moments(main, sheet.day, day_first=sheet.by_day, future=status is Status.PLANNED)
    if not moments:
        return status, None, None
    first, last = _as_dated(moments[0]), _as_dated(moments[-1])
    if status in (Status.STOPPED, Status.PAST):
        return (status, first, last) if len(moments) > 1 else (status, None, last)
    if len(moments) > 1 and re.search(r"\b(?:to|until|through)\b|[–-]", main[moments[0].end:moments[1].start]):
        return status, first, last
    return status, first, None


def _as_dated(moment: Moment) -> Dated:
    return Dated(day=moment.day, precision=moment.precision)


def _dated(sheet: Sheet, text: str) -> Dated | None:
    moments = find_moments(f"in {text}" if text[:2] in ("19", "20") else text, sheet.day, day_first=sheet.by_day)
    return _as_dated(moments[0]) if moments else None


def _when(sheet: Sheet, content: MedicationContent) -> When:
    """The day the statement is about: of the start or stop it tells, else of the document."""
    told = content.stop if content.status in (Status.STOPPED, Status.PAST) else content.start
    if told is not None:
        return When(told.day, told.precision, DateBasis.STATED)
    if content.status in (Status.PAST, Status.STOPPED) and content.status is Status.PAST:
        return When(None, Precision.DAY, DateBasis.NONE)
    return When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)


def _from_sentence(sheet: Sheet, sentence: Sentence) -> Iterator[_Entry]:
    text = sentence.text
    if any(word in sentence.section for word in NO_LIST) or len(text) > 2000:
        return
    hits = drug_dictionary().find(text, cut(text))
    for number, hit in enumerate(hits):
        if PART_OF_WORD.match(text, hit.end):
            continue
        cue = _cue_of(text, hits, number)
        if cue is None:
            continue
        entry = _told(sheet, sentence, hits, number, cue)
        if entry is not None:
            yield entry
    if len({hit.value for hit in hits}) == 1:
        later = IT_ENDED.search(text, hits[-1].end)
        if later is not None and not NOT_TAKEN.search(text[hits[-1].end:later.end()]):
            yield _ended(sheet, sentence, hits[-1], later)


def _ended(sheet: Sheet, sentence: Sentence, hit: Hit[str], said: re.Match[str]) -> _Entry:
    """The end of the one drug of a sentence: "... in 2019, but it was stopped in March 2020 because of nausea"."""
    text = sentence.text
    moments = find_moments(text, sheet.day, day_first=sheet.by_day)
    moment = next((one for one in moments if 0 <= one.start - said.end() < 15), None)
    reason = REASON.search(text, said.end())
    content = MedicationContent(
        name=" ".join(text[hit.start:hit.end].split()), drugs=(hit.value,), status=Status.STOPPED,
        stop=_as_dated(moment) if moment is not None else None, note=reason.group(1).strip()[:200] if reason else None,
    )
    told = _when(sheet, content) if moment is not None else When(None, Precision.DAY, DateBasis.NONE)
    return content, told, Place(sentence.page, sentence.start, sentence.end, said.start())


def _clause(text: str, hit: Hit[str]) -> tuple[int, int]:
    edges = [0, *(match.end() for match in NEXT_CLAUSE.finditer(text) if not _inside_number(text, match.start())), len(text)]
    return max(edge for edge in edges if edge <= hit.start), min(edge for edge in edges if edge > hit.start)


def _inside_number(text: str, position: int) -> bool:
    return text[position] == "." and position + 1 < len(text) and text[position + 1].isdigit()


def _cue_of(text: str, hits: Sequence[Hit[str]], number: int) -> re.Match[str] | None:
    """The word that says what was done with the drug: behind it in the passive, or before it, also before a list of drugs."""
    hit = hits[number]
    start, stop = _clause(text, hit)
    for cue in CUE.finditer(text, hit.end, min(stop, hit.end + 90)):
        between = text[hit.end:cue.start()]
        described = DOSE.sub(" ", FREQUENCY.sub(" ", between))
        for pattern, _ in ROUTE:
            described = pattern.sub(" ", described)
        told = AUX.match(described) and (described.strip() or BARE_PARTICIPLE.fullmatch(cue.group()))
        if told and cue.lastgroup != "current":
            return cue
        break
    before = [cue for cue in CUE.finditer(text, start, hit.start) if cue.lastgroup != "past"]
    if not before:
        return None
    cue = before[-1]
    if len(before) > 1 and cue.group().lower() == "on" and not text[before[-2].end():cue.start()].strip():
        cue = before[-2]  # "commenced on", "continued on"
    between = text[cue.end():hit.start]
    if BETWEEN_ACTIVE.match(between):
        return cue
    if number and hits[number - 1].start > cue.end():
        gap = DOSE.sub(" ", FREQUENCY.sub(" ", text[hits[number - 1].end:hit.start]))
        joined = re.fullmatch(r"[\s,]*(?:and|with|plus|,)[\s,]*(?:the|then|oral|iv)?\s*", gap)
        return cue if joined and BETWEEN_ACTIVE.match(text[cue.end():hits[number - 1].start]) else None
    return None


def _told(sheet: Sheet, sentence: Sentence, hits: Sequence[Hit[str]], number: int, cue: re.Match[str]) -> _Entry | None:
    text, hit = sentence.text, hits[number]
    start, stop = _clause(text, hit)
    clause = text[start:stop]
    if NOT_TAKEN.search(clause) or _DENIED_BEFORE.search(text[max(0, hit.start - 20):hit.start]):
        return None
    status = Status(cue.lastgroup or "current")
    planned = any(word in sentence.section for word in PLAN) and cue.group().lower() in (
        "start", "begin", "initiate", "commence", "add", "restart", "resume",
    )
    if planned:
        status = Status.PLANNED
    limit = hits[number + 1].start if number + 1 < len(hits) else stop
    own = text[hit.end:max(min(limit, stop), hit.end)]
    dose = DOSE.search(own) or _dose_before(text, hit, cue)
    frequency = FREQUENCY.search(own)
    if status is Status.CURRENT and dose is None and cue.group().lower() in ("on", "current", "active"):
        return None  # "on infliximab" also stands in questions and general remarks
    when = _near_date(sheet, text, start, stop, min(hit.start, cue.start()), planned=status is Status.PLANNED)
    dated = _as_dated(when) if when is not None else None
    reason = REASON.search(text, max(hit.end, cue.end()), stop) if status in (Status.STOPPED, Status.HELD) else None
    stops = status in (Status.STOPPED, Status.PAST)
    content = MedicationContent(
        name=" ".join(text[hit.start:hit.end].split()), drugs=(hit.value,), status=status, dose=dose.group() if dose else None,
        route=_route(own), frequency=frequency.group() if frequency else None, start=None if stops else dated,
        stop=dated if stops else None,
        given=status is Status.STARTED and bool(GIVEN.search(cue.group())),
        note=reason.group(1).strip()[:200] if reason else None,
    )
    told = _when(sheet, content)
    if told.basis is DateBasis.DOCUMENT and PASSIVE_PAST.search(text[max(0, cue.start() - 25):cue.start()]):
        told = When(None, Precision.DAY, DateBasis.NONE)  # "was stopped after two years": before this note, nobody says when
    return content, told, Place(sentence.page, sentence.start, sentence.end, hit.start)


def _dose_before(text: str, hit: Hit[str], cue: re.Match[str]) -> re.Match[str] | None:
    if cue.start() > hit.start:
        return None
    found = list(DOSE.finditer(text, cue.end(), hit.start))
    return found[-1] if found and len(text[found[-1].end():hit.start].split()) <= 2 else None


def _near_date(sheet: Sheet, text: str, start: int, stop: int, position: int, *, planned: bool) -> Moment | None:
    moments = find_moments(text, sheet.day, day_first=sheet.by_day, future=planned)
    inside = [one for one in moments if start <= one.start < stop]
    after = [one for one in inside if one.start >= position]
    return after[0] if after else inside[-1] if inside else None


__all__ = ["drug_dictionary", "drugs_in", "medications_of"]
