"""Divide the pages of a document into sections by their headings.

Bold type is lost in extracted text, so a heading is recognised by its words (the headings clinical documents use) or by
its form: a short line alone, in capitals, numbered, or ended by a colon. A section goes on over the page break.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.evidence.documents.model import Page
from services.evidence.documents.tables import is_header, is_row

_HEADINGS = frozenset(
    line.strip()
    for line in """
    chief complaint
    reason for visit
    reason for referral
    reason for consultation
    reason for consult
    reason for admission
    reason for examination
    reason for study
    presenting complaint
    history of present illness
    history of presenting complaint
    history of the present illness
    interval history
    interim history
    subjective
    objective
    history
    background
    summary
    hpi
    hospital course
    emergency department course
    ed course
    past medical history
    medical history
    past surgical history
    surgical history
    family history
    social history
    obstetric history
    travel history
    medications
    current medications
    home medications
    discharge medications
    medication changes
    medication list
    active medications
    discontinued medications
    past medications
    premedication
    allergies
    immunizations
    immunisations
    review of systems
    ros
    systems review
    vital signs
    vitals
    physical examination
    physical exam
    examination
    exam
    neurological examination
    joint examination
    skin examination
    laboratory results
    laboratory data
    laboratory findings
    laboratory
    labs
    results
    investigations
    data reviewed
    diagnostic studies
    serology
    autoantibodies
    hla typing
    complement
    hematology
    haematology
    chemistry
    urinalysis
    immunology
    coagulation
    microbiology
    imaging
    radiology
    procedure
    procedures
    procedure details
    technique
    comparison
    indication
    clinical indication
    clinical information
    clinical history
    clinical details
    findings
    impression
    conclusion
    conclusions
    opinion
    interpretation
    comment
    comments
    note
    notes
    limitations
    methodology
    method
    methods
    specimen
    specimens
    specimen submitted
    gross description
    microscopic description
    microscopy
    immunofluorescence
    electron microscopy
    final diagnosis
    pathological diagnosis
    diagnosis
    diagnoses
    discharge diagnosis
    discharge diagnoses
    principal diagnosis
    problem list
    active problems
    assessment
    plan
    assessment and plan
    assessment & plan
    assessment/plan
    a/p
    discussion
    differential diagnosis
    recommendations
    recommendation
    disposition
    follow-up
    follow up
    discharge instructions
    instructions
    patient instructions
    disease activity
    activity scores
    classification criteria
    complications
    estimated blood loss
    anesthesia
    anaesthesia
    postoperative diagnosis
    preoperative diagnosis
    infusion record
    monitoring
    counselling
    counseling
    addendum
    variants detected
    admission
    discharge plan
    referral
    referral question
    reason for testing
    medical decision making
    results reviewed
    request
    questions
    monitoring plan
    treatment
    treatment plan
    course
    outcome
    next steps
    variant interpretation
    """.splitlines()
    if line.strip()
)
_NUMBERING = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})?[.)]?|[IVX]{1,4}[.)])\s+")
_SHORT_HEADING = re.compile(r"[A-Z][A-Za-z'’/&-]*(?: [A-Za-z'’/&-]+){0,4}")
_MAX_HEADING = 70
_MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of one page, [start, end) in its text, under one heading. `name` is empty before the first heading."""

    name: str
    page: int
    start: int
    end: int


def sections(pages: Sequence[Page]) -> tuple[Section, ...]:
    """Return the sections of the pages in order; together they cover each page from its first to its last character."""
    found: list[Section] = []
    name = ""
    for page in pages:
        start = 0
        for position, line, following, previous in _lines(page.text):
            heading = heading_of(line, following, previous)
            if heading is None:
                continue
            if page.text[start:position].strip():
                found.append(Section(name, page.number, start, position))
                start = position
            name = heading
        if page.text[start:].strip():
            found.append(Section(name, page.number, start, len(page.text)))
    return tuple(found)


def heading_of(line: str, following: str = "", previous: str = "") -> str | None:
    """Return the heading that `line` is, or opens with ("Impression: stable"), in the document's words; else None.

    `following` and `previous` are the written lines around it: a heading by its form needs something under it, and a
    short line in ordinary letters is one only between the end of a sentence and the start of another.
    """
    line = line.strip()
    bare = _NUMBERING.sub("", line, count=1) if len(line) <= _MAX_HEADING else line
    before, colon, after = bare[: _MAX_HEADING + 1].partition(":")
    known = " ".join(before.lower().split()).rstrip(" -–")
    if known in _HEADINGS and (colon or not after) and not (colon and _is_field(before, after, bare)):
        return _shown(before)
    if len(line) > _MAX_HEADING or len(line.split()) > _MAX_WORDS or not following or is_row(line) or is_header(line):
        return None
    letters = [char for char in bare if char.isalpha()]
    if len(letters) < 4 or bare[-1] in ".,;" or "  " in bare or (colon and after.strip()):
        return None
    if sum(char.isupper() for char in letters) >= 0.9 * len(letters) and not any(char.isdigit() or char == "," for char in bare):
        return _shown(before)
    if bare.endswith(":") and bare[0].isupper():
        return _shown(before)
    return _shown(bare) if _SHORT_HEADING.fullmatch(bare) and _stands_between(previous, bare, following) else None


def _stands_between(previous: str, line: str, following: str) -> bool:
    following, previous = following.strip(), previous.strip()
    opens = following[0].isupper() or not following[0].isalnum()
    return previous.endswith((".", "!", "?")) and opens and len(following) > len(line) and not following.endswith(":")


def _is_field(before: str, after: str, bare: str) -> bool:
    """True for "Specimen: serum  Collected: 03/15/2022": several labels on a line are a form, not a heading."""
    return len(before.split()) <= 2 and "  " in after.strip() and ":" in bare[len(before) + 1:]


def _shown(heading: str) -> str:
    text = " ".join(heading.split()).rstrip(" :-–")
    return text.capitalize() if text.isupper() and len(text) > 4 else text


def _lines(text: str) -> list[tuple[int, str, str, str]]:
    """Each written line with its position, and the written lines after and before it."""
    lines = [(match.start(), match.group()) for match in re.finditer(r"[^\n]+", text) if match.group().strip()]
    written = ["", *(line for _, line in lines), ""]
    return [
        (position, line, after, before)
        for (position, line), after, before in zip(lines, written[2:], written[:-2], strict=True)
    ]
