"""Diagnoses out of documents: problem lists, and sentences that give, suspect or exclude one of the curated diseases.

Every entry of a list of diagnoses counts, whatever its name. In a sentence a disease counts only with words that say how
certain it is; relatives' diseases and mere absence ("no psoriasis") are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from services.clinical.disease import Disease
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.facts import DateBasis, DiagnosisContent, DiagnosisStatus, Precision
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import RELATIVES, Line, Sentence, Sheet
from services.evidence.extraction.tables import Table
from services.evidence.extraction.words import Dictionary, Hit, cut
from services.knowledge.catalogue import load

Status = DiagnosisStatus
_LISTS = ("diagnos", "problem", "active conditions", "medical conditions", "comorbid", "encounter diagnoses", "icd")
_HISTORY = ("past medical history", "medical history", "past history", "pmh")
_QUALIFIERS = re.compile(
    r"(?:(?:sero(?:positive|negative)|active|inactive|newly|diagnosed|new|known|severe|mild|moderate|relapsing|chronic|early|erosive|"
    r"diffuse|limited|cutaneous|plaque|ileal|primary|secondary|generali[sz]ed|ocular|established|suspected|possible|probable|likely|"
    r"presumed|history of|h/o|query|\?)[\s,-]+){0,4}", re.IGNORECASE,
)
_ASSESSMENTS = ("assessment", "impression", "conclusion", "opinion")
_NOT = ("family", "differential", "allerg", "reference", "criteria", "code")
_BULLET = re.compile(r"^(?:[•▪◦*·–—-]\s{0,3}|\(?\d{1,2}[.)]\s{1,3}|[a-z][.)]\s)")
_CODE = re.compile(r"\s*[\[(](?:ICD-?1[01]?(?:-CM)?:?\s*)?[A-TV-Z]\d{2}(?:\.[\dA-Z]{1,4})?[\])]\s*:?|"
                   r"\b[A-TV-Z]\d{2}\.[\dA-Z]{1,4}\b\s*:?|^[A-TV-Z]\d{2}\s*[:–-]\s")
_ITEM_STATUS: tuple[tuple[Status, re.Pattern[str]], ...] = tuple(
    (status, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE))
    for status, words in (
        (Status.RULED_OUT, r"ruled[ -]out|excluded|not confirmed|rejected|unlikely|no evidence of|disproved|refuted"),
        (Status.SUSPECTED, r"suspected|suspect|possible|possibly|probable|probably|likely|presumed|query|rule[ -]out|r/o|\?|"
                           r"concern for|provisional|working diagnosis|"
                           r"to be excluded|cannot be excluded|under investigation|differential"),
        (Status.HISTORY, r"history of|h/o|hx of|status post|s/p|past history|previous|prior|former"),
        (Status.CONFIRMED, r"confirmed|established|definite|biopsy[- ]proven|proven|known|diagnosed|active|chronic|stable|in "
                           r"remission|resolved"),
    )
)
_SPLIT = re.compile(r"\s+[—–]\s+|\s+-\s+|;\s+|\s{2,}|\s\|\s")
_CUE_BEFORE: tuple[tuple[Status, re.Pattern[str]], ...] = tuple(
    (status, re.compile(rf"(?:{words})\s*(?:(?:a|an|the|her|his|underlying|new|early|active|limited|diffuse|seropositive|"
                        rf"seronegative|primary|severe|mild|moderate|proven|having)\s+){{0,3}}$", re.IGNORECASE))
    for status, words in (
        (Status.RULED_OUT, r"no evidence (?:of|for)|ruled out|rules out|excludes|excluded|argues? against|speaks? against|not "
                           r"consistent with|does not have|do not have|not have|no signs? of|unlikely to be|is not|was not|not"),
        (Status.SUSPECTED, r"suspected|suspicion of|suspicious for|suspecting|suspect|possible|probable|probably|likely|"
                           r"presumed|concern(?:ing|ed)? (?:for|about|of)|rule out|r/o|query|\?|suggestive of|suggests?|"
                           r"evaluate for|screen(?:ing)? for|work-?up (?:for|of)|could be|may be|might be|consider"),
        (Status.HISTORY, r"history of|h/o|hx of|past history of|previously diagnosed with"),
        (Status.CONFIRMED, r"diagnos(?:is|ed) (?:of|with|as|is|was)|diagnos(?:is|ed):?|known|established|confirms?|confirmed|"
                           r"meets? (?:the )?(?:\w+ ){0,3}criteria for|fulfil(?:l)?s? (?:the )?(?:\w+ ){0,3}criteria for|"
                           r"classified as|has|have|living with|"
                           r"consistent with|this is|biopsy-proven|definite|treated for|followed for|in keeping with"),
    )
)
_CUE_AFTER: tuple[tuple[Status, re.Pattern[str]], ...] = tuple(
    (status, re.compile(rf"^\s*(?:\([^()]{{1,40}}\)\s*)?(?:,\s*)?(?:(?:is|was|has been|had been|remains|seems|appears|are|"
                        rf"were)\s+){{0,2}}(?:now |also |therefore |then )?(?:{words})(?!\w)", re.IGNORECASE))
    for status, words in (
        (Status.RULED_OUT, r"ruled out|excluded|unlikely|not confirmed|has not been confirmed|rejected|no longer considered"),
        (Status.SUSPECTED, r"suspected|possible|probable|likely|considered|to be excluded"),
        (Status.CONFIRMED, r"confirmed|established|diagnosed|proven|given today|is the diagnosis"),
    )
)
_GENERAL = re.compile(
    r"\b(?:risk (?:of|for)|associated with|seen in|found in|typical (?:of|for)|patients with|people with|susceptibility|"
    r"criteria|indicated in|contraindicated in|asked (?:directly )?whether|wonders?|wondering|"
    r"having read|if|whether|would|specific for|predisposes?|factors? for|carriers?)\b", re.IGNORECASE,
)
_FURTHER = re.compile(
    r"[,;]\s*(?=(?:r/o|rule[ -]out|query|\?|possible|suspected|probable|concern for|vs\.?)\s*\w)", re.IGNORECASE
)
"""Where an assessment goes on to what is only considered beside it: "axial spondyloarthritis, r/o IBD"."""
_DATED = re.compile(r"\b(?:19|20)\d\d\b")
_CLAUSE = re.compile(r";|\.\s|:\s|\b(?:but|however|whereas|although)\b")
_NAME_HEAD = re.compile(r"problem|diagnos|condition", re.IGNORECASE)
_CERTAINTY = re.compile(
    r"\((?:[^()]{0,40}(?:19|20)\d\d|confirmed|suspected|possible|probable|ruled out|resolved)\)", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|denies|without|negative for|never)\b", re.IGNORECASE)
_NOT_BEFORE = re.compile(r"\b(?:no|not|never|without)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_Entry = tuple[DiagnosisContent, When, Place]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    disease: Disease
    names: tuple[str, ...]
    within: tuple[str, ...] = ()


@cache
def disease_dictionary() -> Dictionary[Disease]:
    """Return the names under which text speaks of the thirteen diseases."""
    rows = load("extraction_diseases", _Row)
    return Dictionary((name, row.disease) for row in rows for name in (row.disease.label, *row.names))


@cache
def _not_the_disease() -> re.Pattern[str]:
    names = [name for row in load("extraction_diseases", _Row) for name in row.within]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)


def disease_in(name: str) -> Disease | None:
    """Return which of the thirteen diseases a written diagnosis is, None for another or for a mere complication of one."""
    whole = Disease.parse(name)
    if whole is not None:
        return whole
    shown = _not_the_disease().sub(" ", name)
    hits = disease_dictionary().find(shown, cut(shown[:300]))
    return hits[0].value if hits else None


def diagnoses_of(sheet: Sheet, tables: Sequence[Table]) -> Iterator[_Entry]:
    """Yield the diagnoses of a document: tables, lists, then sentences."""
    entries: list[_Entry] = []
    for table in tables:
        if table.is_problems and table.header is not None:
            entries += [entry for row in table.rows if (entry := _from_row(sheet, table.header, row)) is not None]
    listed: set[tuple[int, int]] = set()
    for sentence in sheet.sentences:
        entry = _from_item(sheet, sentence) if _is_item(sentence) else None
        if entry is not None:
            listed.add((sentence.page, sentence.start))
            entries.append(entry)
    yield from entries
    known = {(entry[0].disease, entry[0].status) for entry in entries}
    for sentence in sheet.sentences:
        if (sentence.page, sentence.start) not in listed:
            # a sentence of the same document that repeats its list adds nothing
            found = _from_sentence(sheet, sentence, frozenset(disease for disease, _ in known))
            yield from (entry for entry in found if (entry[0].disease, entry[0].status) not in known)


_OTHER_LABEL = re.compile(
    r"^(?:planned|stopped|plan|current|previous|past|medications?|medicines?|treatment|therapy|drugs?|meds|rx|allerg\w+|labs?|"
    r"labor\w*|investigations?|results?)\b[^:]{0,30}:", re.IGNORECASE,
)
_RESULT = re.compile(
    r"^[^:]{2,40}\s[<>]?\d+(?:[.,]\d+)?\s*(?:[+-]{1,2}\s*)?(?:%|mg|g|µ|u?mol|mmol|IU|U/|10\^|x\s?10|ng|pg|fL|mm)"
    r"|\b1\s?:\s?\d{2,5}\b|\d\s*(?:[+-]\s*)?$", re.IGNORECASE,
)


def _is_item(sentence: Sentence) -> bool:
    opening = _BULLET.sub("", sentence.text[:200], count=1)
    if _OTHER_LABEL.match(opening) or (_RESULT.search(opening) and not _DATED.search(sentence.text)):
        return False  # a list of drugs or a laboratory result, whatever heading stands above it
    section = sentence.section
    if any(word in section for word in _NOT) or "comment" in section:
        return False
    if not any(word in section for word in _LISTS):
        return False
    text = sentence.text
    return bool(_BULLET.match(text)) or (len(text) < 100 and not text.rstrip().endswith(".") and len(text.split()) <= 12)


def _from_row(sheet: Sheet, header: Line, row: Line) -> _Entry | None:
    cells = [cell.text for cell in row.cells]
    position = next((n for n, cell in enumerate(header.cells) if _NAME_HEAD.search(cell.text)), 0)
    if position >= len(cells) or not cells[position]:
        return None
    rest = " ; ".join(text for number, text in enumerate(cells) if number != position and text)
    return _entry(sheet, cells[position], rest, Place(row.page, row.start, row.end, 0), default=Status.CONFIRMED)


def _from_item(sheet: Sheet, sentence: Sentence) -> _Entry | None:
    text = " ".join(_BULLET.sub("", sentence.text, count=1).split())
    if RELATIVES.search(text) or text.lower().startswith(("none", "as above", "see ")) or text.endswith(":"):
        return None
    parts = _SPLIT.split(text, maxsplit=1)
    rest = parts[1] if len(parts) > 1 else ""
    return _entry(sheet, parts[0], rest, Place(sentence.page, sentence.start, sentence.end, 0), default=Status.CONFIRMED)


def _entry(sheet: Sheet, name: str, rest: str, place: Place, *, default: Status) -> _Entry | None:
    status = _status(rest) or _status(name) or default
    moments = find_moments(rest or name, sheet.day, day_first=sheet.by_day)
    when = (
        When(moments[0].day, moments[0].precision, DateBasis.STATED) if moments
        else When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)
    )
    shown = _CODE.sub(" ", name)
    if not rest:
        shown = _cleaned(shown)
    shown = " ".join(shown.split()).strip(" ,;:.?-–")
    if len(shown) < 2 or not any(char.isalpha() for char in shown):
        return None
    return DiagnosisContent(name=shown[:300], status=status, disease=disease_in(shown), from_list=True), when, place


def _cleaned(name: str) -> str:
    """Take the words of certainty off a name: "Suspected SLE (2019)" is SLE."""
    bare = _CERTAINTY.sub(" ", name)
    bare = re.sub(r"^\s*(?:suspected|possible|probable|likely|presumed|rule[ -]out|r/o|query|\?|history of|h/o|known|confirmed|"
                  r"s/p)\s+", "", bare, flags=re.IGNORECASE)
    return re.sub(r",?\s*\b(?:suspected|confirmed|ruled out|diagnosed|since|in)\b(?:\s+(?:in|since)?\s*[A-Za-z]*\s?(?:19|"
                  r"20)\d\d)?\s*$", "", bare, flags=re.IGNORECASE) or name


def _status(text: str) -> Status | None:
    said = next((status for status, pattern in _ITEM_STATUS if pattern.search(text)), None)
    return Status.SUSPECTED if said is None and text.lstrip().startswith("?") else said


def _from_sentence(sheet: Sheet, sentence: Sentence, listed: frozenset[Disease | None]) -> Iterator[_Entry]:
    text = sentence.text
    if any(word in sentence.section for word in _NOT) or len(text) > 2000:
        return
    hits = disease_dictionary().find(text, cut(text))
    if not hits:
        return
    edges = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    seen: set[tuple[Disease, Status]] = set()
    for hit in hits:
        start = max(edge for edge in edges if edge <= hit.start)
        stop = min(edge for edge in edges if edge > hit.start)
        clause = text[start:stop]
        if RELATIVES.search(clause) or _GENERAL.search(text[start:hit.end]) or _not_the_disease().search(clause):
            continue
        status = _stated(text, start, stop, hit)
        if status is None and hit.value not in listed:
            status = _leading(sentence, hit, stop)
        if status is None and any(word in sentence.section for word in _HISTORY):
            status = None if _DENIED.search(text[start:hit.start]) else Status.HISTORY
        if status is None or (hit.value, status) in seen:
            continue
        seen.add((hit.value, status))
        moments = [one for one in find_moments(text, sheet.day, day_first=sheet.by_day) if start <= one.start < stop]
        when = (
            When(moments[0].day, moments[0].precision, DateBasis.STATED) if moments
            else When(None, Precision.DAY, DateBasis.NONE) if status is Status.HISTORY
            else When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)
        )
        name = " ".join(text[hit.start:hit.end].split())
        yield (
            DiagnosisContent(name=name, status=status, disease=hit.value), when,
            Place(sentence.page, sentence.start, sentence.end, hit.start),
        )


def _leading(sentence: Sentence, hit: Hit[Disease], stop: int) -> Status | None:
    """The status of a disease that opens an item of the assessment: "1. Seropositive rheumatoid arthritis, active"."""
    if not any(word in sentence.section for word in _ASSESSMENTS):
        return None
    bullet = _BULLET.match(sentence.text)
    before = sentence.text[bullet.end() if bullet else 0:hit.start]
    if not _QUALIFIERS.fullmatch(before):
        return None
    after = _FURTHER.split(sentence.text[hit.end:stop], maxsplit=1)[0]
    opens = bullet is not None or not after.strip(" .,") or after.lstrip()[:1] in ",.:;-–("
    return (_status(before) or _status(after[:40]) or Status.CONFIRMED) if opens else None


def _stated(text: str, start: int, stop: int, hit: Hit[Disease]) -> Status | None:
    after = text[hit.end:stop][:80]
    for status, pattern in _CUE_AFTER:
        if pattern.search(after):
            return status
    before = text[max(start, hit.start - 90):hit.start]
    for status, pattern in _CUE_BEFORE:
        cue = pattern.search(before)
        if cue is not None:
            if not _NOT_BEFORE.search(before[:cue.start()]):
                return status
            return Status.RULED_OUT if status is Status.CONFIRMED else None
    return None
