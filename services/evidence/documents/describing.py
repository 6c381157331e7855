"""Say what a document is: type, specialty, date, author, facility, and the patient it names.

The content decides; the file name is asked only where the content is silent. Each value comes with how it was found and the
words it was found in, so that a person can check it. What is not found stays None: a date is never guessed, and a date of
birth is never taken for the date of the document.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.evidence.documents.dates import WrittenDate, day_first, find_dates
from services.evidence.documents.fields import Field, find_fields
from services.evidence.documents.model import ParsedDocument
from services.evidence.documents.people import Author, find_author, find_facility, find_patient_name
from services.evidence.documents.sectioning import heading_of
from services.evidence.documents.vocabulary import (
    ADDRESS,
    DATE_LABELS,
    HEADING_CUES,
    IMPLIED_SPECIALTY,
    OTHER_DATES,
    OTHER_PARTY,
    SPECIALTIES,
    TITLES,
    DocumentType,
)

_HEAD_LINES = 30
_TITLE_LINES = 14
_MAX_TITLE = 100
_NOTE_HEADINGS = frozenset({"examination", "impression", "assessment"})
_MIN_CUES, _WEAK_CUES = 6, 4  # weights of headings that decide before, and after, the file name is asked
_TAIL_LINES = 12
_UNLABELLED_LINES = 8
_UNLABELLED, _SIGNED, _LOOSE = 20, 21, 30  # ranks of dates without a "label:"

_TITLE_PATTERNS = tuple((re.compile(rf"\b(?:{words})\b", re.IGNORECASE), kind) for words, kind in TITLES)
_SPECIALTY_PATTERNS = tuple((name, re.compile(rf"\b(?:{words})", re.IGNORECASE)) for name, words in SPECIALTIES)
_OTHER_PARTY = re.compile(OTHER_PARTY, re.IGNORECASE)
_ADDRESS = re.compile(ADDRESS, re.IGNORECASE)
_OTHER_DATES = re.compile(OTHER_DATES, re.IGNORECASE)
_DATE_LABELS = tuple(
    re.compile(rf"(?:^|[\s(|·,;])(?:{words})\s*(?:[:#-]|\bon\b|\bat\b)?\s*(?:\w{{3,9}},?\s+)?$", re.IGNORECASE)
    for words in DATE_LABELS
)
_BIRTH = r"d\.?o\.?b\.?|date of birth|birth ?date|born"
_MRN = (
    r"mrn|m\.r\.n\.?|medical record (?:number|no\.?|#)|med(?:ical)? rec(?:ord)?(?: no\.?)?|hospital (?:number|no\.?)|"
    r"patient (?:id|number|no\.?)|chart (?:number|no\.?)|nhs (?:number|no\.?)|unit number"
)
_FOOTER = re.compile(r"\bpage\s*\d|\bconfidential\b|\d\s*(?:of|/)\s*\d", re.IGNORECASE)
_SIGNING = re.compile(r"\b(?:signed|verified|authenticated|authori[sz]ed|dictated|approved|finali[sz]ed)\b", re.IGNORECASE)
_MRN_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{2,31}")
_TITLE_LABEL = re.compile(
    r"(?:(?:document|report|note|visit|encounter)? ?(?:type|title)|exam(?:ination)?|study|re|subject)$", re.IGNORECASE
)
_FORM_LINE = re.compile(
    r"\b(?:patient|name|mrn|dob|date of birth|birth ?date|age|sex|gender|date|author|provider|reported by|physician|collected|"
    r"accession|specimen|medical record)\b[^:]{0,20}:", re.IGNORECASE
)
_DEAR_DOCTOR = re.compile(r"^dear (?:dr|doctor|prof|colleague)", re.IGNORECASE)
_DEAR_PATIENT = re.compile(r"^dear (?:mr|mrs|ms|miss|patient)\b", re.IGNORECASE)


class How(StrEnum):
    """How a value was found, from the surest to the weakest."""

    LABEL = "label"
    TITLE = "title"
    SIGNATURE = "signature"
    LETTERHEAD = "letterhead"
    SECTIONS = "sections"
    TYPE = "document type"
    CONTENT = "content"
    FILE_NAME = "file name"


@dataclass(frozen=True, slots=True)
class Finding:
    """How the value of `field` was found, and the words on the page that say so."""

    field: str
    how: How
    evidence: str


@dataclass(frozen=True, slots=True)
class DocumentDescription:
    """What the document says it is. None means it does not say.

    `specialty` is one of the names in `vocabulary.SPECIALTIES`. `author_credentials` is as written ("MD, FACR"). The last
    three are the patient as named in the document, to be compared with the patient it is filed under. `notes` states
    every reading that a person should check, such as a date whose order of day and month had to be assumed.
    """

    doc_type: DocumentType
    specialty: str | None = None
    date: datetime.date | None = None
    author: str | None = None
    author_credentials: str | None = None
    facility: str | None = None
    patient_name: str | None = None
    mrn: str | None = None
    date_of_birth: datetime.date | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def label(self) -> str:
        """One line for people: "Rheumatology progress note of 2022-03-15"."""
        kind = self.doc_type.value.replace("_", " ") if self.doc_type is not DocumentType.OTHER else "document"
        implied = IMPLIED_SPECIALTY.get(self.doc_type) == self.specialty
        parts = [self.specialty.replace("_", " ")] if self.specialty and not implied else []
        name = " ".join([*parts, kind])
        return f"{name[0].upper()}{name[1:]}" + (f" of {self.date.isoformat()}" if self.date else "")

    def how(self, field: str) -> Finding | None:
        """Return how `field` was found."""
        return next((finding for finding in self.findings if finding.field == field), None)


def describe(parsed: ParsedDocument, *, file_name: str = "") -> DocumentDescription:
    """Return the description of a document. `file_name` is used only where the content is silent."""
    sheet = _Sheet(parsed, file_name)
    findings: list[Finding] = []
    notes: list[str] = []

    def _note(field: str, how: How, evidence: str) -> None:
        findings.append(Finding(field, how, " ".join(evidence.split())[:200]))

    facility = find_facility(sheet.head, sheet.title_zones[0])
    kind, how, evidence = _type(sheet, facility.line if facility else "")
    _note("doc_type", how, evidence)
    author = find_author(sheet.head, sheet.lines)
    if author is not None:
        _note("author", How.LABEL if author.labelled else How.SIGNATURE, author.line)
    if facility is not None:
        _note("facility", How.LABEL if facility.labelled else How.LETTERHEAD, facility.line)
    specialty = _specialty(sheet, kind, author, facility.line if facility else "")
    if specialty is not None:
        _note("specialty", specialty[1], specialty[2])
    day = _date(sheet, notes)
    if day is not None:
        _note("date", day[1], day[2])
    patient = find_patient_name(sheet.head)
    if patient is not None:
        _note("patient_name", How.LABEL, patient.line)
    mrn = _mrn(sheet)
    if mrn is not None:
        _note("mrn", How.LABEL, mrn.line)
    birth = _birth(sheet, notes)
    if birth is not None:
        _note("date_of_birth", How.LABEL, birth[1])
    return DocumentDescription(
        doc_type=kind, specialty=specialty[0] if specialty else None, date=day[0] if day else None,
        author=author.name if author else None, author_credentials=author.credentials or None if author else None,
        facility=facility.name if facility else None, patient_name=patient.value if patient else None,
        mrn=mrn.value if mrn else None, date_of_birth=birth[0] if birth else None,
        findings=tuple(findings), notes=tuple(notes),
    )


class _Sheet:
    """The lines of a document as the rules see them: the head of the first page, and everything."""

    def __init__(self, parsed: ParsedDocument, file_name: str) -> None:
        first = parsed.pages[0]
        body = [line.strip() for line in first.text.split("\n") if line.strip()]
        # A repeated letterhead belongs on top; a footer with the page number must not pass for one.
        above = [line for line in first.boilerplate if not _FOOTER.search(line)]
        below = [line for line in first.boilerplate if _FOOTER.search(line)]
        self.head = [*above, *body[:_HEAD_LINES], *below]
        self.lines = [
            *above,
            *(line.strip() for page in parsed.pages for line in page.text.split("\n") if line.strip()),
        ]
        # Lines taken out of later pages only: a running head may name what the first page shows as a picture.
        self.running = [line for page in parsed.pages[1:] for line in page.boilerplate]
        self.file_words = re.sub(r"[\W_]+", " ", file_name.rsplit(".", 1)[0][:200])
        self.file_name = file_name[:200]
        self.title = parsed.title or ""
        self.title_zones = _title_zones(self.head, self.running)
        self.headings = frozenset(heading.lower() for line in self.lines if (heading := heading_of(line, "x")))
        self.by_day = day_first("\n".join(self.lines)[:200_000])


def _title_zones(head: Sequence[str], running: Sequence[str]) -> tuple[Sequence[str], ...]:
    """The places where a title stands, best first: down to the end of the patient block, right below it, in running heads.

    Below the patient block a section heading ("Laboratory Data") looks like a title, so it counts only when nothing above
    names a type.
    """
    form = [number for number, line in enumerate(head[:_TITLE_LINES]) if _FORM_LINE.search(line)]
    end = form[0] + 1 if form else min(6, len(head))
    while end < len(head) and end in form:
        end += 1
    return head[:end], running[:4], [line for line in head[end:end + 3] if heading_of(line, "x") is None]


def _type(sheet: _Sheet, facility: str) -> tuple[DocumentType, How, str]:
    for line in sheet.head:
        if _DEAR_PATIENT.match(line):
            return DocumentType.PATIENT_LETTER, How.CONTENT, line
    for zone in sheet.title_zones:
        found = _by_words([line for line in zone if _may_be_title(line) and line != facility])
        if found is not None:
            return found[0], How.TITLE, found[1]
    kind, weight, headings = _by_sections(sheet)
    if weight >= _MIN_CUES:
        return kind, How.SECTIONS, headings
    for line in sheet.head:
        if _DEAR_DOCTOR.match(line):
            return DocumentType.REFERRAL_LETTER, How.CONTENT, line
    for words, how, evidence in ((sheet.title, How.TITLE, sheet.title), (sheet.file_words, How.FILE_NAME, sheet.file_name)):
        found = _by_words([words])
        if found is not None:
            return found[0], how, evidence
    if weight >= _WEAK_CUES:
        return kind, How.SECTIONS, headings
    if "plan" in sheet.headings and sheet.headings & _NOTE_HEADINGS:
        return DocumentType.PROGRESS_NOTE, How.SECTIONS, ", ".join(sorted(sheet.headings & (_NOTE_HEADINGS | {"plan"})))
    return DocumentType.OTHER, How.CONTENT, "no title, heading or file name that names a type"


def _by_sections(sheet: _Sheet) -> tuple[DocumentType, int, str]:
    """The type the section headings speak for most, with their weight and the headings."""
    weights = Counter(
        {kind: sum(words[heading] for heading in sheet.headings & words.keys()) for kind, words in HEADING_CUES.items()}
    )
    kind, weight = weights.most_common(1)[0]
    return kind, weight, ", ".join(sorted(sheet.headings & HEADING_CUES[kind].keys()))


def _may_be_title(line: str) -> bool:
    """A title is short, holds no field, ends no sentence and is not an address or a greeting."""
    if len(line) > _MAX_TITLE or len(line.split()) > 12 or line.endswith((".", ",", ";")):
        return False
    label, colon, value = line.partition(":")
    if colon and value.strip() and not _TITLE_LABEL.match(label):
        return False
    return not (_ADDRESS.search(line) or line.lower().startswith("dear "))


def _by_words(lines: Sequence[str]) -> tuple[DocumentType, str] | None:
    for pattern, kind in _TITLE_PATTERNS:
        for line in lines:
            if pattern.search(line):
                return kind, line
    return None


def _specialty(sheet: _Sheet, kind: DocumentType, author: Author | None, facility: str) -> tuple[str, How, str] | None:
    """Labels, then the title, the writer, what the type implies, the letterhead, the file name, and last the whole text."""
    for field in find_fields(sheet.head, r"specialty|speciality|department|dept|service|clinic|division|section"):
        name = _first_specialty(field.value)
        if name and not _OTHER_PARTY.search(field.line):
            return name, How.LABEL, field.line
    if kind is DocumentType.LAB_REPORT:  # its title names what was tested for: "Neuromuscular Panel"
        return IMPLIED_SPECIALTY[kind], How.TYPE, kind.value
    for line in (*sheet.title_zones[0], *sheet.title_zones[1]):
        writer = re.split(r"\bto\b", line, maxsplit=1, flags=re.IGNORECASE)[0]  # "Dermatology to Rheumatology"
        if line != facility and _may_be_title(line) and (name := _first_specialty(writer)):
            return name, How.TITLE, line
    if author is not None and (name := _first_specialty(author.line) or _first_specialty(author.beside)):
        return name, How.SIGNATURE, author.line
    if kind in IMPLIED_SPECIALTY:
        return IMPLIED_SPECIALTY[kind], How.TYPE, kind.value
    for line in [*sheet.title_zones[0], *sheet.running]:
        if not _OTHER_PARTY.search(line) and (name := _first_specialty(line)):
            return name, How.LETTERHEAD, line
    if name := _first_specialty(sheet.file_words):
        return name, How.FILE_NAME, sheet.file_name
    return None


def _first_specialty(text: str) -> str | None:
    hits = [(match.start(), name) for name, pattern in _SPECIALTY_PATTERNS if (match := pattern.search(text))]
    return min(hits)[1] if hits else None


def _date(sheet: _Sheet, notes: list[str]) -> tuple[datetime.date, How, str] | None:
    ranked = sorted(_ranked_dates(sheet), key=lambda entry: entry[0])
    if ranked:
        rank, written, line = ranked[0]
        if written.assumed:
            notes.append(
                f"The date {line[written.start:written.end]} was read as month/day: nothing in the document settles the order."
            )
        how = How.LABEL if rank < _UNLABELLED else How.SIGNATURE if rank == _SIGNED else How.LETTERHEAD
        return written.value, how, line
    # An underscore is a word character: it would hide the date in "2024-03-15_Progress_Note.pdf".
    named = next(find_dates(sheet.file_name.replace("_", " "), day_first=sheet.by_day), None)
    if named is not None and not named.assumed:
        notes.append("The document itself shows no date; the one in its file name was taken.")
        return named.value, How.FILE_NAME, sheet.file_name
    notes.append("No date of the document was found.")
    return None


def _ranked_dates(sheet: _Sheet) -> Iterator[tuple[int, WrittenDate, str]]:
    """Each date that may be the document's, with the rank of what names it; lower is better.

    "Label: date" leads, in the order of `DATE_LABELS`; then a date that stands alone in the head; then the date of the
    signature; then a label without a colon, as in the title of a table ("collected 03/15/2022").
    """
    before = ""
    for number, line in enumerate(sheet.lines):
        last = 0
        in_head = number < len(sheet.head)
        for written in find_dates(line[:300], day_first=sheet.by_day):
            lead = line[last:written.start]
            if not lead.strip() and not any(char.isdigit() for char in before):
                lead = f"{before}: "  # the label stands on the line above
            last = written.end
            label = _label_rank(lead[-60:])
            if label is not None and (in_head or number >= len(sheet.lines) - _TAIL_LINES) and lead.rstrip()[-1:] in ":#":
                yield label, written, line
            elif number >= len(sheet.lines) - _TAIL_LINES and _SIGNING.search(line) and not _OTHER_DATES.search(lead):
                yield _SIGNED, written, line
            elif in_head and label is not None:
                yield _LOOSE + label, written, line
            elif in_head and _stands_alone(line, written, lead, number):
                yield _UNLABELLED, written, line
        before = line


def _stands_alone(line: str, written: WrittenDate, lead: str, number: int) -> bool:
    """True for a date that is a line of its own, or stands in a short line at the very top, and is no date of birth."""
    if re.search(_BIRTH, lead, re.IGNORECASE):
        return False
    alone = line.strip(" .,") == line[written.start:written.end]
    return alone or (number < _UNLABELLED_LINES and len(line) <= _MAX_TITLE and not _OTHER_DATES.search(lead))


def _label_rank(lead: str) -> int | None:
    """The place in `DATE_LABELS` of the label that ends `lead`; None for none, or one that names another kind of date."""
    if re.search(rf"(?:{_BIRTH})[^:]*:?\s*$", lead, re.IGNORECASE):
        return None
    for rank, pattern in enumerate(_DATE_LABELS):
        match = pattern.search(lead)
        if match and not _OTHER_DATES.search(lead[max(0, match.start() - 12):match.start()]):
            return rank
    return None


def _birth(sheet: _Sheet, notes: list[str]) -> tuple[datetime.date, str] | None:
    for field in find_fields([*sheet.head, *sheet.running], _BIRTH, colon=False):
        written = next(find_dates(field.value[:40], day_first=sheet.by_day), None)
        if written is not None:
            if written.assumed:
                notes.append(
                    f"The date of birth {field.value[written.start:written.end]} was read as month/day: nothing in the document "
                    "settles the order."
                )
            return written.value, field.line
    return None


def _mrn(sheet: _Sheet) -> Field | None:
    for field in find_fields([*sheet.head, *sheet.running], _MRN, colon=False):
        match = _MRN_VALUE.match(field.value)
        if match and any(char.isdigit() for char in match.group()):
            return Field(match.group(), field.line)
    return None
