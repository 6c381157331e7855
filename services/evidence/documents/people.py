"""Find the people and the place a clinical document names: its author, its patient, its facility."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.evidence.documents.fields import Field, find_fields
from services.evidence.documents.vocabulary import ADDRESS, AUTHOR_LABELS, CREDENTIALS, FACILITY_WORDS, OTHER_PARTY

_MAX_LINE = 300
_TAIL_LINES = 15
_WORD = r"(?:(?:[A-ZÀ-ÖØ-Þ][\w’'-]*\.?|[A-ZÀ-ÖØ-Þ]\.)|(?:van|von|der|den|de|da|del|della|di|la|le|bin|al|el|du|dos|ter)(?=\s))"
_NAME = rf"{_WORD}(?:\s{_WORD}){{1,4}}"
_TITLE = r"(?:(?:Dr|Prof|Professor|Mr|Mrs|Ms|Miss|Sister|Nurse)\.?\s+){0,2}"
_CREDENTIAL = rf"(?:{CREDENTIALS})(?![\w-])"
_SIGNED_NAME = re.compile(
    rf"(?P<title>{_TITLE})(?P<name>{_NAME}),?\s+(?P<credentials>{_CREDENTIAL}(?:[\s,/]+{_CREDENTIAL}){{0,6}})"
)
_DOCTOR = re.compile(rf"(?:Dr|Prof|Professor)\.?\s+(?:(?:Dr|Prof)\.?\s+)?(?P<name>{_WORD}(?:\s{_WORD}){{0,4}})")
_PLAIN_NAME = re.compile(rf"(?P<title>{_TITLE})(?P<name>{_NAME})(?=$|[,;(|]|\s{{2}}|\son\s|\sat\s|\s\d)")
_LAST_FIRST = re.compile(rf"(?P<last>{_WORD}),\s(?P<first>{_WORD}(?:\s{_WORD}){{0,2}})(?P<rest>.*)")
_OTHER_PARTY = re.compile(OTHER_PARTY, re.IGNORECASE)
_PATIENT_LABELS = r"patient(?:'s)?(?: name)?|name(?: of patient)?|pt(?: name)?|re|regarding|client"
_NOT_A_NAME = re.compile(
    r"\b(?:hospital|clinic|laborator\w+|department|medical|center|centre|health|report|note|date|visit|unknown|information|age|year)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(ADDRESS, re.IGNORECASE)
_FACILITY = re.compile(rf"\b(?:{FACILITY_WORDS})\b", re.IGNORECASE)
_CONTACT = re.compile(
    r"\b(?:tel|telephone|phone|fax|www|http|suite|street|st|avenue|ave|road|rd|drive|parkway|lane)\b|@|\d{3}", re.IGNORECASE
)
_FACILITY_LABEL = (
    r"facility|performing (?:laboratory|lab)|performed at|laboratory|institution|hospital|practice|site|location"
)


@dataclass(frozen=True, slots=True)
class Author:
    """`beside` is the text around the name (the line after a signature), which may name a specialty."""

    name: str
    credentials: str
    line: str
    beside: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Facility:
    name: str
    line: str
    labelled: bool


def find_author(head: Sequence[str], lines: Sequence[str]) -> Author | None:
    """Return who wrote the document: by a label in the head, else the signature at the end, else a name with credentials.

    People the letter is addressed to, and who referred or ordered, are never the author.
    """
    signature, writer, closing, sender = AUTHOR_LABELS
    tail = lines[-_TAIL_LINES:]
    for label, place in ((writer, head), (signature, tail), (closing, tail), (sender, tail), (writer, tail)):
        # Of several signatures the last one closes the document.
        fields = list(find_fields(place, label, colon=False))
        for field in reversed(fields) if label == signature else fields:
            if _OTHER_PARTY.search(_before(field)):
                continue
            name = _name_in(field.value)
            if name is not None:
                return Author(name[0], name[1], field.line, _after(place, field.line), labelled=True)
    for line in (*head, *tail):
        if len(line) <= _MAX_LINE and not _OTHER_PARTY.search(line) and (match := _SIGNED_NAME.search(line)):
            return Author(match["name"], _credentials(match["credentials"]), line, _after(lines, line), labelled=False)
    return None


def _before(field: Field) -> str:
    position = field.line.find(field.value)
    return field.line[max(0, position - 40):position] if position > 0 else field.line


def _name_in(value: str) -> tuple[str, str] | None:
    """Read "Jane Doe, MD, FACR", "Dr. Doe", "Doe, Jane MD" or a plain name at the start of `value`."""
    match = _SIGNED_NAME.match(value)
    if match:
        return match["name"], _credentials(match["credentials"])
    match = _LAST_FIRST.match(value)
    if match and re.match(rf",?\s*{_CREDENTIAL}", match["rest"]) and not re.fullmatch(_CREDENTIAL, match["first"]):
        return f"{match['first']} {match['last']}", _credentials(match["rest"])
    match = _DOCTOR.match(value) or _PLAIN_NAME.match(value)
    if match and not _NOT_A_NAME.search(match["name"]):
        return match["name"], ""
    return None


def _credentials(text: str) -> str:
    return ", ".join(re.findall(_CREDENTIAL, text))


def _after(lines: Sequence[str], line: str) -> str:
    """The line under `line`, where a signature states the specialty."""
    for number, other in enumerate(lines[:-1]):
        if other == line:
            return lines[number + 1] if len(lines[number + 1]) <= 80 else ""
    return ""


def find_facility(head: Sequence[str], letterhead: Sequence[str]) -> Facility | None:
    """Return the institution: by a label in the head, else the first line of the letterhead that names one."""
    for field in find_fields(head, _FACILITY_LABEL):
        if _FACILITY.search(field.value) and len(field.value) <= 100:
            return Facility(field.value, field.line, labelled=True)
    before = ""
    for line in letterhead:
        for part in re.split(r"\s{2,}|\s[|·•]\s", line):
            plain = part.strip(" ,-")
            if _is_institution(plain):
                rest_of_name = before and all(_FACILITY.fullmatch(word) or word == "&" for word in plain.split())
                return Facility(f"{before} {plain}" if rest_of_name else plain, line, labelled=False)
        # A long name may be set in two lines: "Northmere Regional" over "Laboratories".
        before = line if len(line.split()) <= 3 and not _CONTACT.search(line) and line[0].isupper() and ":" not in line else ""
    return _by_address(letterhead)


def _is_institution(text: str) -> bool:
    if not text or len(text.split()) > 10 or not text[0].isupper() or text.endswith((".", ":")):
        return False
    return bool(_FACILITY.search(text)) and not (_OTHER_PARTY.search(text) or _CONTACT.search(text) or _ADDRESS.search(text))


def _by_address(head: Sequence[str]) -> Facility | None:
    """The first line of a letterhead that names no kind of institution, told by the address or telephone under it."""
    if len(head) < 2 or ":" in head[0] or _CONTACT.search(head[0]) or not _ADDRESS.search(head[1]):
        return None
    plain = head[0].strip(" ,-")
    is_name = 2 <= len(plain.split()) <= 8 and all(word[0].isupper() or word in "&-of and the" for word in plain.split())
    return Facility(plain, head[0], labelled=False) if is_name else None


def find_patient_name(head: Sequence[str]) -> Field | None:
    """Return the patient's name as written, without title and without what follows it on the line."""
    for field in find_fields(head, _PATIENT_LABELS):
        value = re.sub(rf"^{_TITLE}", "", field.value).strip()
        match = re.match(rf"(?:{_NAME}|{_WORD},\s{_WORD}(?:\s{_WORD})?)", value)
        if match and not _NOT_A_NAME.search(match.group()):
            return Field(match.group().strip(" ,"), field.line)
    return None
