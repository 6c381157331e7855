"""A document as the rules of extraction see it: lines and sentences with their section, and what governs each.

A collection date, a laboratory and a fluid hold from the caption that names them ("Hematology, collected 09/22/2020") to the
next caption or heading. The patient block's own collection date holds for the whole report.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from services.evidence.documents.dates import day_first
from services.evidence.documents.describing import DocumentDescription
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.sectioning import heading_of
from services.evidence.documents.sentences import Kind, spans
from services.evidence.documents.tables import cells_of
from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.facts import DateBasis, Precision
from services.evidence.extraction.lexicon import fluid_of

MAX_LINE = 600
_COLLECTED = re.compile(
    r"\b(?:collect(?:ed|ion)|drawn|specimen (?:date|collected|taken)|sample (?:date|collected|taken|of)|sampled|date of "
    r"(?:collection|"
    r"specimen|sample|test)|blood taken|taken on|results? (?:of|from|on)|labs? (?:of|from|on|dated)|date of service|test date)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:collected|collection date|date collected|specimen date|specimen collected|sample date|sample collected|date of "
    r"collection|"
    r"drawn|date drawn|sample taken|date of specimen|collection time|collection date/time|collected on)\b(?: (?:on|"
    r"at))?\s*[:#]?\s*$",
    re.IGNORECASE,
)
_LAB_CAPTION = re.compile(r"\b(?:lab(?:oratory|s)?|results?|panel|bloods?|serology|chemistry|h(?:a)?ematology|immunology|"
                          r"urinalysis)\b", re.IGNORECASE)
_PERFORMED = re.compile(r"\b(?:performed (?:at|by)|testing laboratory|performing lab(?:oratory)?|laboratory)\s*:\s*(\S[^|"
                        r"\n]{2,80})", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\(([^()]{3,80})\)")
_LAB_WORDS = re.compile(
    r"\b(?:lab(?:oratory|oratories|s)?|diagnostics|pathology|analy[sz]er|hospital|clinic|cent(?:er|re))\b", re.IGNORECASE
)
RELATIVES = re.compile(
    r"\b(?:mother|father|brother|sister|siblings?|aunt|uncle|grandmother|grandfather|grandparent|son|daughter|cousin|family|maternal|"
    r"paternal|relatives?|parents?|nephew|niece|wife|husband)(?:'s|’s)?\b", re.IGNORECASE,
)
"""Words that make a clause about somebody else."""
SIGNATURE = re.compile(
    r"^(?:electronically |digitally )?(?:signed|verified|dictated|authenticated|authori[sz]ed|reported|reviewed and signed)(?: "
    r"electronically)?(?: by|:)|"
    r"^(?:signature|attending physician|cc)\s*:", re.IGNORECASE,
)
"""A line that ends what was said before it; it states nothing itself."""
_HEAD_LINES = 25
_ONLY_DATE = re.compile(r"^(?:specimen |sample )?(?:collected|collection date|date collected|drawn|date|taken)\b", re.IGNORECASE)
_FAMILY = re.compile(r"\bfamily\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Governing:
    """What a caption says about the results under it."""

    day: datetime.date | None = None
    precision: Precision = Precision.DAY
    basis: DateBasis = DateBasis.NONE
    laboratory: str | None = None
    fluid: str | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One written line at [start, end) of its page. `cells` for a row with cell marks, else ()."""

    page: int
    start: int
    end: int
    text: str
    section: str
    cells: tuple[Cell, ...]
    governing: Governing
    is_heading: bool
    after_blank: bool
    label_end: int = 0  # of "Impression: stable": where the words behind the heading begin


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or list item at [start, end) of its page, its line breaks kept in `text`."""

    page: int
    start: int
    end: int
    text: str
    section: str
    governing: Governing


class Sheet:
    """Lines and sentences of a parsed document, with the day of the document as it describes itself."""

    def __init__(self, parsed: ParsedDocument, description: DocumentDescription) -> None:
        self.pages: tuple[Page, ...] = parsed.pages
        self.description = description
        self.day = description.date
        self.is_lab_report = description.doc_type in (DocumentType.LAB_REPORT, DocumentType.GENETIC_REPORT)
        everything = "\n".join(page.text for page in parsed.pages)[:200_000]
        running = "\n".join(line for page in parsed.pages for line in page.boilerplate)[:20_000]
        self.by_day = day_first(f"{running}\n{everything}")
        self.document_default = self._document_default()
        self.lines: tuple[Line, ...] = tuple(self._read_lines())

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of prose and the list items, page by page; headings, signatures and rows of tables are left out.

        Line breaks inside a sentence are blanks here; a heading ends the sentence above it.
        """
        by_page: dict[int, list[Line]] = {}
        for line in self.lines:
            by_page.setdefault(line.page, []).append(line)
        return tuple(
            sentence for page in self.pages if page.number in by_page for sentence in _sentences(page, by_page[page.number])
        )

    def page_text(self, number: int) -> str:
        return self.pages[number - 1].text

    def quote(self, page: int, start: int, end: int) -> str:
        return " ".join(self.page_text(page)[start:end].split())[:500]

    def _document_default(self) -> Governing:
        """The collection date in the patient block, else the date of the document."""
        first = self.pages[0]
        head = [*first.boilerplate, *first.text.split("\n")[:_HEAD_LINES]]
        laboratory = self.description.facility if self.is_lab_report else None
        before = ""
        for line in head:
            performed = _PERFORMED.search(line[:MAX_LINE])
            if performed is not None:
                laboratory = performed.group(1).strip(" .")[:100]
            last = 0
            for moment in find_moments(line[:MAX_LINE], self.day, day_first=self.by_day):
                lead = line[last:moment.start].rstrip()
                last = moment.end
                if (lead.endswith((":", "#")) and _LABELLED.search(lead)) or (not lead and _LABELLED.fullmatch(before.strip())):
                    return Governing(moment.day, moment.precision, DateBasis.COLLECTED, laboratory)
            before = line
        if self.day is None:
            return Governing(laboratory=laboratory)
        return Governing(self.day, Precision.DAY, DateBasis.DOCUMENT, laboratory)

    def _read_lines(self) -> list[Line]:
        found: list[Line] = []
        section, governing = "", self.document_default
        for page in self.pages:
            written = [(match.start(), match.group()) for match in re.finditer(r"[^\n]+", page.text) if match.group().strip()]
            for index, (position, raw) in enumerate(written):
                text = raw.strip()
                start = position + raw.index(text[0]) if text else position
                cells = _cells(raw, position)
                heading, label_end = None, 0
                if not cells:
                    before = written[index - 1][1] if index else ""
                    after = written[index + 1][1] if index + 1 < len(written) else ""
                    heading = heading_of(raw, after, before)
                    if heading is not None:
                        section = heading.lower()
                        label_end = _label_end(text, start)
                        kept = governing if self.is_lab_report and governing.basis is DateBasis.PANEL else self.document_default
                        governing = Governing(
                            kept.day, kept.precision, kept.basis, kept.laboratory, fluid_of(heading), heading
                        )
                    following = written[index + 1][1].strip() if index + 1 < len(written) else ""
                    in_form = index < _HEAD_LINES and page.number == 1 and not section
                    governing = self._captioned(_unwrapped(text, following), governing, in_form=in_form)
                above_end = written[index - 1][0] + len(written[index - 1][1]) if index else position
                after_blank = page.text.count("\n", above_end, position) > 1
                found.append(
                    Line(
                        page.number, start, start + len(text), text, section, cells, governing,
                        heading is not None and not label_end, after_blank, label_end,
                    )
                )
        return found

    def _captioned(self, text: str, governing: Governing, *, in_form: bool) -> Governing:
        """What holds after a line: unchanged unless the line is a caption of results."""
        if len(text) > 160 or in_form:
            return governing
        fluid = fluid_of(text) if len(text) <= 80 and not text.endswith(".") else None
        dated = _COLLECTED.search(text) is not None
        if not dated and not (_LAB_CAPTION.search(text) and len(text) <= 100 and not text.endswith(".")):
            if fluid is not None and len(text.split()) <= 5:
                return Governing(governing.day, governing.precision, governing.basis, governing.laboratory, fluid, text)
            return governing
        moments = find_moments(text, self.day, day_first=self.by_day)
        if not moments or (text.endswith(".") and not dated) or len(text.split()) > 22:
            return governing
        if text.endswith(".") and not _LABELLED.search(text[: moments[0].start]):
            return governing
        labelled = next((one for one in moments if _LABELLED.search(text[: one.start])), moments[0])
        laboratory = next(
            (match.group(1).strip() for match in _IN_BRACKETS.finditer(text) if _LAB_WORDS.search(match.group(1))), None
        )
        return Governing(
            labelled.day, labelled.precision, DateBasis.PANEL, laboratory or self.document_default.laboratory,
            fluid_of(text) or (governing.fluid if _ONLY_DATE.match(text) else None), text,
        )

    def in_family_history(self, section: str) -> bool:
        return bool(_FAMILY.search(section))


def _sentences(page: Page, lines: Sequence[Line]) -> Iterator[Sentence]:
    """Yield the sentences of one page; `lines` are its lines, at least one."""
    alone = {line.start for line in lines if line.is_heading or SIGNATURE.search(line.text)}
    labelled = {line.start: line.label_end for line in lines if line.label_end}
    breaks = {edge for line in lines if line.start in alone for edge in (line.start, line.end)}
    breaks |= set(labelled) | set(labelled.values())
    ordered = sorted(breaks)
    position = 0
    for span in spans(page.text):
        edges = [span.start, *(edge for edge in ordered if span.start < edge < span.end), span.end]
        for start, end in pairwise(edges):
            while position + 1 < len(lines) and lines[position + 1].start <= start:
                position += 1
            line = lines[position]
            written = page.text[start:end]
            outside = line.cells or (line.start in alone and start < line.end) or labelled.get(line.start, 0) >= end
            if span.kind is Kind.HEADER or outside or not written.strip():
                continue
            first = start + len(written) - len(written.lstrip())
            text = page.text[first:end].rstrip().replace("\n", " ")
            yield Sentence(page.number, first, first + len(text), text, line.section, line.governing)


def _label_end(text: str, start: int) -> int:
    """Where the words behind a heading on the same line begin, 0 where the heading stands alone."""
    _, colon, behind = text.partition(":")
    return start + len(text) - len(behind.lstrip()) if colon and behind.strip() else 0


def _unwrapped(text: str, following: str) -> str:
    """A caption with the end of its bracket, where the line broke inside it."""
    if text.count("(") == text.count(")") + 1 and 0 <= following.find(")") < 60:
        return f"{text} {following[:following.index(')') + 1]}"
    return text


def _cells(raw: str, position: int) -> tuple[Cell, ...]:
    if not cells_of(raw.strip()):
        return ()
    found: list[Cell] = []
    start = 0
    for part in raw.split("|"):
        shown = part.strip()
        offset = position + start + (len(part) - len(part.lstrip()) if shown else 0)
        found.append(Cell(shown, offset, offset + len(shown)))
        start += len(part) + 1
    return tuple(found)
