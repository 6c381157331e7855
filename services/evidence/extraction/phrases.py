"""Results out of lines without columns: "CRP 28.4 mg/L H 0-5", "Ferritin: 48 ng/mL", and lists of results between semicolons.

Names outside the dictionary count only where the page itself says that results follow: under the head of a table or under
a caption with a collection date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.clinical.titers import parse_outcome
from services.evidence.documents.tables import is_header, is_row
from services.evidence.extraction.facts import DateBasis
from services.evidence.extraction.lexicon import Role, Subject, names_in_prose, subject_of, unit_belongs
from services.evidence.extraction.reported import Place, Reported, When
from services.evidence.extraction.sheet import Line, Sheet
from services.evidence.extraction.values import Value, combined, read_cell, read_phrase
from services.evidence.extraction.words import cut

_BULLET = re.compile(r"^(?:[•▪◦*·–—-]\s{0,3}|\(?\d{1,2}[.)]\s{1,3})")
_LEADER = re.compile(r"[\s.:=_…]{1,80}")
_SEGMENT = re.compile(r"[^;]+")
_FREE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,./()%αβγκλµ'’+-]{0,70}?(?=\s*[:=]?\s+[<>≤≥]?\s?\d|\s*:\s)")
_LAB_SECTIONS = (
    "laborator", "lab ", "labs", "results", "investigations", "blood tests", "immunology", "serology", "urinalysis", "chemistry",
    "hematology", "haematology",
)
_WORDS_AFTER = re.compile(r"[:=\s]*([^();]{1,80}?)\s*(\([^()]{1,120}\))?\s*\.?\s*$")
_NEXT_SENTENCE = re.compile(r"[a-z]\.\s+[A-Za-z]")
_IN_BRACKET = re.compile(r"\([^()]*$")
_ALIAS = re.compile(r"\s{0,2}\(([A-Za-z0-9αβγ/' -]{1,30})\)")


@dataclass(frozen=True, slots=True)
class Consumed:
    """A stretch of a page that was read as results, so that the reader of prose leaves it alone."""

    page: int
    start: int
    end: int


def listed_results(sheet: Sheet) -> tuple[list[Reported], list[Consumed]]:
    """Return the results of plain rows and result lists, with what they were read from."""
    found: list[Reported] = []
    consumed: list[Consumed] = []
    under_head = False
    block: list[Line] = []

    def _flush() -> None:
        if block:
            for reported, stretch in _list(sheet, block):
                found.append(reported)
                consumed.append(stretch)
        block.clear()

    for line in sheet.lines:
        if line.cells or line.is_heading or line.after_blank or _is_caption(line):
            _flush()
        if line.cells or line.is_heading or sheet.in_family_history(line.section):
            under_head = False
            continue
        if is_header(line.text):
            _flush()
            under_head = True
            continue
        row = _plain_row(line, known_only=not (under_head or _announced(line)))
        if row is not None:
            _flush()
            found.append(row)
            consumed.append(Consumed(line.page, line.start, line.end))
            continue
        under_head = under_head and len(line.text) < 60
        if _announced(line) and not _is_caption(line):
            if block and block[-1].page != line.page:
                _flush()
            block.append(line)
    _flush()
    return found, consumed


def _is_caption(line: Line) -> bool:
    return bool(line.governing.caption) and line.governing.caption.startswith(line.text)


def _announced(line: Line) -> bool:
    return line.governing.basis is DateBasis.PANEL or any(word in line.section for word in _LAB_SECTIONS)


def _plain_row(line: Line, *, known_only: bool) -> Reported | None:
    """Read a line that is one result and nothing else."""
    text = line.text
    if len(text) > 160 or ";" in text or text.count(",") > 4:
        return None
    bullet = _BULLET.match(text)
    offset = bullet.end() if bullet else 0
    named = _name_at(text, offset)
    if named is None and not known_only and is_row(text):
        free = _FREE_NAME.match(text, offset)
        named = (free.group().strip(), free.end(), None) if free is not None else None
    if named is None:
        return None
    name, end, subject = named
    leader = _LEADER.match(text, end)
    if leader is None:
        return None
    rest = text[leader.end():]
    if (text.endswith(".") and ":" not in leader.group()) or _names_another(rest):
        return None  # a sentence
    value = read_phrase(rest)
    if value is not None:
        after = rest[value.end:].strip(" .,")
        if after and value.titer is not None and len(after) <= 60 and not any(char.isdigit() for char in after):
            value = _with_words(value, after)
        elif after and (len(after) > 40 or "." in after or not (value.reference_range or value.unit)):
            return None
        elif after and (outcome := parse_outcome(after)) is not None:
            value = _with_words(value, outcome.value)
        if subject is not None and not _plausible(subject, value):
            return None
        if subject is None and value.unit is None and value.reference_range is None:
            return None
    else:
        value = _worded(rest, colon=":" in leader.group(), subject=subject)
        if value is None:
            return None
    when = When(line.governing.day, line.governing.precision, line.governing.basis)
    place = Place(line.page, line.start, line.end, offset)
    fluid = line.governing.fluid
    return Reported(name, value, when, place, fluid, line.governing.laboratory, subject if fluid is None else None)


def _names_another(rest: str) -> bool:
    """Whether a second test is named behind the first: then the words between may belong to either."""
    hits = names_in_prose().find(rest, cut(rest[:200]))
    return any(hit.value.role is not Role.TEST and not _IN_BRACKET.search(rest[: hit.start]) for hit in hits)


def _with_words(value: Value, words: str) -> Value:
    read = read_cell(f"{value.titer or value.value or ''} {words}")
    if value.titer is not None:
        return combined(
            replace(value, pattern=read.pattern, outcome=read.outcome or value.outcome, value=None, text=None, unit=None),
            reference_range=read.reference_range,
        )
    return combined(value, words=words)


def _name_at(text: str, offset: int) -> tuple[str, int, Subject | None] | None:
    """The known name that `text` has at `offset`, with an alias in brackets."""
    hits = names_in_prose().find(text, cut(text, offset, min(len(text), offset + 90))[:10])
    if not hits or text[offset:hits[0].start].strip(" -*"):
        return None
    hit = hits[0]
    end = hit.end
    if text[end:end + 1] == ")" and "(" in text[hit.start:end]:
        end += 1
    alias = _ALIAS.match(text, end)
    if alias is not None and not any(char.isdigit() and alias.group(1)[0].isdigit() for char in alias.group(1)):
        end = alias.end()
    return text[hit.start:end].strip(), end, hit.value


def _plausible(subject: Subject, value: Value) -> bool:
    """Whether number and unit can be this test's; a bare number needs a range beside it, or a test without unit."""
    if value.titer is not None or subject.role is not Role.ANALYTE or subject.analyte is None:
        return True
    if value.unit is not None:
        return unit_belongs(subject.analyte, value.unit)
    low, high = subject.analyte.bare or subject.analyte.plausible
    return value.value is not None and low <= value.value <= high


def _worded(rest: str, *, colon: bool, subject: Subject | None) -> Value | None:
    """A result in words that fills the rest of a line: "not detected", "negative (ref negative)"."""
    match = _WORDS_AFTER.match(rest)
    if match is None:
        return None
    words = match.group(1).strip()
    if _NEXT_SENTENCE.search(words):
        return None  # "negative. HBsAg negative": more than one result
    read = _notes(read_cell(words), match.group(2))
    known = parse_outcome(words) is not None or read.outcome is not None
    if not known or (subject is not None and subject.role is Role.ANALYTE and not colon):
        return None
    return read


def _list(sheet: Sheet, block: list[Line]) -> Iterator[tuple[Reported, Consumed]]:
    """Read a paragraph of results between semicolons."""
    first, last = block[0], block[-1]
    text = sheet.page_text(first.page)[first.start:last.end]
    segments = [match for match in _SEGMENT.finditer(text) if match.group().strip(" .\n")]
    is_list = len(segments) >= 2 or first.governing.basis is DateBasis.PANEL
    if not is_list:
        return
    for match in segments:
        lead = len(match.group()) - len(match.group().lstrip())
        flat = match.group().strip().replace("\n", " ")
        read = _segment(flat.rstrip("."), named_only=first.governing.basis is not DateBasis.PANEL)
        if read is None:
            continue
        name, value, subject = read
        start = first.start + match.start() + lead
        end = start + len(match.group().strip())
        governing = first.governing
        when = When(governing.day, governing.precision, governing.basis)
        place = Place(first.page, start, end, 0)
        known = subject if governing.fluid is None else None
        reported = Reported(name, value, when, place, governing.fluid, governing.laboratory, known)
        yield reported, Consumed(first.page, start, end)


def _segment(text: str, *, named_only: bool) -> tuple[str, Value, Subject | None] | None:
    if len(text) > 200:
        return None
    named = _name_at(text, 0)
    if named is None:
        free = _FREE_NAME.match(text)
        if named_only or free is None or "(" not in text[free.end():]:
            return None
        named = (free.group().strip(), free.end(), subject_of(free.group().strip()))
    name, end, subject = named
    rest = text[end:]
    if _names_another(rest):
        return None
    value = read_phrase(rest, loose_unit=True)
    if value is not None:
        after = rest[value.end:].strip(" .,")
        if after.startswith(("(", ",")) or value.titer is not None:
            value = _with_tail_words(value, after)
        elif after and len(after) > 25:
            return None
        if subject is not None and subject.analyte is not None and not _plausible(subject, value):
            return None
        return name, value, subject
    match = _WORDS_AFTER.match(rest)
    if match is None or (match.group(2) is None and parse_outcome(match.group(1).strip(" ,")) is None):
        return None
    words, noted = match.group(1).strip(" ,"), match.group(2)
    if not words:
        if noted is None or (outcome := parse_outcome(re.split(r"[;,]", noted.strip("()"))[0])) is None:
            return None
        return name, combined(read_cell(outcome.value)), subject
    value = _notes(read_cell(words), noted)
    return (name, value, subject) if len(words.split()) <= 8 else None


def _with_tail_words(value: Value, after: str) -> Value:
    """What follows a titer or stands in the last bracket: pattern, verdict, range."""
    words, _, inside = after.partition("(")
    pattern = re.sub(r"\bpattern\b", "", words, flags=re.IGNORECASE).strip(" ,.")
    noted = _notes(value, f"({inside}" if inside else None)
    said = parse_outcome(pattern)
    return replace(
        noted, outcome=noted.outcome or said, pattern=value.pattern or (pattern[:80] or None if said is None else None)
    )


def _notes(value: Value, noted: str | None) -> Value:
    """Add flag, verdict and reference from a bracket such as "(abnormal, ref negative)"."""
    if not noted:
        return value
    inside = noted.strip("() ")
    label = re.search(r"\b(?:ref(?:erence)?\.?(?: range)?|normal)\s*[:=]?\s+(.{1,60})$", inside, re.IGNORECASE)
    before = inside[: label.start()] if label else inside
    reference = label.group(1).strip() if label else None
    for part in re.split(r"[,;]", before):
        value = combined(value, flag_text=part.strip(), words=part.strip())
    return combined(value, reference_range=reference)
