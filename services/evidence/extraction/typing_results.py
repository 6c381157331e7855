"""HLA typing out of documents: tables by locus, lines such as "HLA-B*27:05, B*40:01", and sentences such as "HLA-B27 positive".

An allele that a comment only speaks about ("B*27:06 is not associated") is not a typing: in prose the words must say that
the patient carries it or does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.clinical.hla import Typing, parse_typing
from services.clinical.titers import Outcome, parse_outcome
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.facts import DateBasis, HlaContent
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import Line, Sentence, Sheet
from services.evidence.extraction.tables import Table

_NAME = (
    r"(?:HLA[- ]?)?(?:(?:DRB[1345]|DQA1|DQB1|DPA1|DPB1|Cw|A|B|C)\*\s?\d{2,3}(?::\d{2,3}){0,3}[NLSCAQ]?|(?<=HLA[- ])(?:B|A|Cw?|"
    r"DR|DQ)\s?\d{1,2}(?:\.\d)?"
    r"|B27|DQ2\.[25]|DQ2|DQ8|DR[34]|DR1?5)"
)
_ALLELE = re.compile(rf"(?<![\w*:]){_NAME}(?![\w*]|:\d)")
_BARE_FIELDS = re.compile(r"^\*?(\d{2,3}:\d{2,3}(?::\d{2,3}){0,2}[NLSCAQ]?)$")
_LOCUS_LINE = re.compile(
    r"^(?:[•-]\s?)?(?:HLA[- ]?)?(?P<locus>DRB[1345]|DQA1|DQB1|DPA1|DPB1|DR|DQ|Cw|A|B|C)(?: "
    r"locus)?\s*[:=]?\s{1,4}(?P<rest>[^;]{2,80})$"
)
_AFTER = re.compile(
    r"\s?(?:\([^()]{1,30}\)\s?)?:?\s?(?:(?:antigen|allele|typing|testing|test|status|genotype|result)\s+)?(?:(?:is|was|were|"
    r"are|came back|remains|tested|has been)\s+)?(?:also\s+)?"
    r"(?P<said>positive|negative|not detected|detected|present|absent|not present|not found|\+(?!\d)|\(\+\)|\(-\))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:(?P<no>negative for|does not carry|lacks|without)|(?P<yes>positive for|carries|carrier of|homozygous for|heterozygous "
    r"for|carrying|typed as|genotype|subtype is|typing (?:showed|shows|revealed|confirmed|is|was)))"
    r"\s+(?:the\s+)?(?:allele\s+)?$", re.IGNORECASE,
)
_BEFORE_ANY = re.compile(
    r"\b(?:carries|carrying|positive for|negative for|typed as|typing (?:showed|shows|is|was))\b", re.IGNORECASE
)
_LISTED = re.compile(r"\s*(?:,|and|/|,\s*and|with)\s*$", re.IGNORECASE)
_NOT_THE_PATIENT = re.compile(
    r"\b(?:mother|father|brother|sister|son|daughter|aunt|uncle|cousin|family|if|would|patients with|people with|consider|"
    r"request|order|awaiting|pending|"
    r"suspected|not yet|carriers? (?:form|have|of)|are not\)|risk of)\b", re.IGNORECASE,
)
_METHOD = re.compile(r"\bmethod(?:ology)?\s*:\s*([^\n.]{3,160})", re.IGNORECASE)
_DRAWN = re.compile(r"\b(?:drawn|collected|sampled)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TypedLocus:
    content: HlaContent
    when: When
    place: Place


def typings_of(sheet: Sheet, tables: tuple[Table, ...]) -> Iterator[TypedLocus]:
    """Yield the typed loci of a document: from tables first, then from lines and sentences outside them."""
    method = _method(sheet)
    when = _drawn(sheet)
    typed: set[str] = set()
    for table in tables:
        if table.is_medications or table.is_problems or (table.is_genes and not table.is_typing):
            continue
        for row in table.rows:
            found = _row(row, method, typed=table.is_typing)
            if found is not None:
                typed.add(found.locus)
                yield TypedLocus(found, when or _governed(row), Place(row.page, row.start, row.end, 0))
    for line in sheet.lines:
        if line.cells or line.is_heading or "comment" in line.section or "interpretation" in line.section:
            continue
        match = _LOCUS_LINE.match(line.text)
        content = _line(match, method) if match is not None else None
        for number, one in enumerate([content] if content is not None else _bare_line(line.text, method)):
            typed.add(one.locus)
            yield TypedLocus(one, when or _governed(line), Place(line.page, line.start, line.end, number))
    for sentence in sheet.sentences:
        # A comment that repeats the table adds nothing.
        yield from (found for found in _sentence(sentence, when) if not (found.content.present and found.content.locus in typed))


def _governed(line: Line) -> When:
    return When(line.governing.day, line.governing.precision, line.governing.basis)


def _method(sheet: Sheet) -> str | None:
    for page in sheet.pages:
        match = _METHOD.search(page.text[:50_000])
        if match is not None and ("HLA" in page.text or "typing" in page.text.lower()):
            return match.group(1).split(", blood")[0].strip()[:160]
    return None


def _drawn(sheet: Sheet) -> When | None:
    """The day the blood of a typing was drawn, where the report's method says so."""
    if not sheet.is_lab_report:
        return None
    for page in sheet.pages:
        match = _METHOD.search(page.text[:50_000])
        if match is not None and (drawn := _DRAWN.search(match.group(1))) is not None:
            moments = find_moments(match.group(1)[drawn.end():], sheet.day, day_first=sheet.by_day)
            if moments:
                return When(moments[0].day, moments[0].precision, DateBasis.PANEL)
    return None


def _row(row: Line, method: str | None, *, typed: bool) -> HlaContent | None:
    """Read a row: the locus in its first cell and alleles in the others, or an antigen with its result."""
    first = row.cells[0].text
    others = [cell.text for cell in row.cells[1:] if cell.text]
    named = re.fullmatch(r"(?:HLA[- ]?)?(DRB[1345]|DQA1|DQB1|DPA1|DPB1|Cw|A|B|C|DR|DQ)(?: locus)?\*?", first)
    if named is not None and (typed or first.upper().startswith("HLA") or "*" in " ".join(others)):
        locus = named.group(1)
        alleles = tuple(allele for text in others for allele in _alleles(locus, text))
        return HlaContent(locus="C" if locus == "Cw" else locus, alleles=alleles[:2], method=method) if alleles else None
    whole = _ALLELE.fullmatch(first)
    if whole is None and not first.upper().startswith("HLA"):
        return None
    typing = parse_typing(first)
    if not typing.is_recognised:
        return None
    outcome = next((said for text in others if (said := parse_outcome(text)) is not None), None)
    if outcome not in (Outcome.POSITIVE, Outcome.NEGATIVE):
        return None
    return _content(first, typing, present=outcome is Outcome.POSITIVE, method=method)


def _alleles(locus: str, text: str) -> Iterator[str]:
    for part in re.split(r"[,;/]|\s{1,3}(?=[A-Z*]|\d{2}:)", text):
        shown = part.strip().strip(".")
        bare = _BARE_FIELDS.match(shown)
        candidate = f"{locus}*{bare.group(1)}" if bare is not None else shown
        if candidate and parse_typing(candidate).is_recognised and not candidate.replace("*", "").isalpha():
            yield candidate


def _line(match: re.Match[str], method: str | None) -> HlaContent | None:
    locus, rest = match["locus"], match["rest"]
    if not ("*" in rest or re.match(r"\d{2,3}:\d{2,3}", rest)):
        return None
    pieces = [piece.strip() for piece in re.split(r"[,/;]|\s{1,3}(?=[A-Z*]|\d{2}:)|\band\b", rest) if piece.strip()]
    alleles = tuple(allele for piece in pieces for allele in _alleles(locus, piece))
    if not alleles or len(alleles) < len(pieces) or len(alleles) > 2:
        return None
    return HlaContent(locus="C" if locus == "Cw" else locus, alleles=alleles, method=method)


def _bare_line(text: str, method: str | None) -> list[HlaContent]:
    """Read a line of nothing but alleles: "DRB1*04:01, DRB1*15:01", "HLA-DQB1*03:02/*06:02"."""
    if "*" not in text or len(text) > 160:
        return []
    found: dict[str, list[str]] = {}
    locus = ""
    for piece in re.split(r"[,;/\s]+|(?<=\d)-(?=[A-Z])", text.strip(" .•-")):
        name = re.sub(r"^HLA-?", "", piece)
        bare = _BARE_FIELDS.match(name)
        written = f"{locus}*{bare.group(1)}" if bare is not None and locus else name
        if not written:
            continue
        typing = parse_typing(written)
        if "*" not in written or not typing.is_recognised:
            return []
        locus = typing.alleles[0].locus
        found.setdefault(locus, []).append(written)
    return [
        HlaContent(locus=one, alleles=tuple(alleles), method=method) for one, alleles in found.items() if len(alleles) <= 2
    ]


def _sentence(sentence: Sentence, when: When | None) -> Iterator[TypedLocus]:
    text = sentence.text
    matches = list(_ALLELE.finditer(text[:2000]))
    if not matches or _NOT_THE_PATIENT.search(text) or "family" in sentence.section or "reference" in sentence.section:
        return
    said: list[bool | None] = [_said(text, match) for match in matches]
    for index in range(1, len(matches)):
        between = text[matches[index - 1].end():matches[index].start()]
        listed = _LISTED.fullmatch(between) and _BEFORE_ANY.search(text[:matches[index].start()])
        if said[index] is None and listed:
            said[index] = said[index - 1]
    for match, present in zip(matches, said, strict=True):
        typing = parse_typing(match.group())
        if present is None or not typing.is_recognised:
            continue
        governing = sentence.governing
        yield TypedLocus(
            _content(match.group(), typing, present=present, method=None),
            when or When(governing.day, governing.precision, governing.basis),
            Place(sentence.page, sentence.start, sentence.end, match.start()),
        )


def _said(text: str, match: re.Match[str]) -> bool | None:
    after = _AFTER.match(text, match.end())
    if after is not None:
        outcome = parse_outcome(after["said"].strip("()"))
        return outcome is Outcome.POSITIVE if outcome in (Outcome.POSITIVE, Outcome.NEGATIVE) else None
    before = _BEFORE.search(text[max(0, match.start() - 50):match.start()])
    if before is not None:
        return before["yes"] is not None
    return None


def _content(written: str, typing: Typing, *, present: bool, method: str | None) -> HlaContent:
    locus = typing.alleles[0].locus if typing.alleles else written
    name = " ".join(written.split())
    bare = re.sub(r"^HLA[- ]?", "", name)
    return HlaContent(locus=locus, alleles=(bare,), present=present, method=method)
