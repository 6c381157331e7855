"""What an illness was called on the way, as notes tell it: "was told it was fibromyalgia", "diagnosed as viral arthritis".

A diagnosis in a problem list is a diagnosis (see `diagnoses`); here are the names that sentences report: what somebody said,
assumed or treated, what a referral asks about, and what an assessment begins with. Only words that name a disease count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction.dating import find_moments
from services.evidence.extraction.diagnoses import disease_in
from services.evidence.extraction.facts import DateBasis, LabelContent, Precision
from services.evidence.extraction.medications import drugs_in
from services.evidence.extraction.onsets import is_about_others, readable
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import Sentence, Sheet

MAX_SENTENCE = 1200
_NOT = ("family", "social", "allerg", "differential", "reference", "criteria", "instruction", "education", "result", "laborator",
        "medication")
_ASSESSMENTS = ("assessment", "impression", "conclusion", "opinion", "disposition")
_FINDINGS_ONLY = (
    DocumentType.LAB_REPORT, DocumentType.IMAGING_REPORT, DocumentType.PATHOLOGY_REPORT, DocumentType.GENETIC_REPORT,
)
_TOO_GENERAL = frozenset({"infection", "disease", "syndrome", "disorder", "virus", "lymphoma"})
_OPENS_SENTENCE = re.compile(
    r"^(?:with|several|some|no|the|this|these|both|any|given|since|because|after|for|in|on|at|as)\b", re.IGNORECASE
)
_NAME = r"(?P<name>[A-Za-z][A-Za-z'’/ -]{2,80})"
_ARTICLE = (
    r"(?:(?:a|an|the|her|his|their|having|being|simple|just|only|mere|probable|possible|presumed|suspected|likely)\s+){0,3}"
)
_SAID: tuple[re.Pattern[str], ...] = tuple(
    re.compile(rf"(?<!\w)(?:{words})\s+{_ARTICLE}{_NAME}", re.IGNORECASE)
    for words in (
        r"(?:was|were|been|being) (?:told|informed|advised)(?: by [^,.;]{1,40})?(?: that)?"
        r"(?: (?:it|this|these|she|he|they|they all|symptoms))? "
        r"(?:was|were|is|are|had|has|have|might be|could be|must be|came from|suffered from)",
        r"(?:was|were|been|being) told(?: by [^,.;]{1,40})?(?: of| about)",
        r"(?:mis)?diagnosed (?:as|with|to have|as having)",
        r"(?:mis)?labell?ed (?:as|with)",
        r"(?:mistaken|taken|misread|passed off) (?:for|as)",
        r"(?:interpreted|regarded|considered|read|treated|managed|dismissed|explained|described) as",
        r"(?:thought|felt|believed|assumed|presumed|judged) to (?:be|have|represent|suffer from)",
        r"(?:attributed|ascribed|put down|blamed) (?:to|on)",
        r"(?:a|the|an|his|her) (?:(?:working|referring|initial|earlier|previous|prior|first|provisional|presumptive|original|"
        r"wrong) ){1,2}diagnosis (?:of|was)",
        r"referred (?:for|with|as)(?: an? (?:assessment|evaluation|opinion|second opinion) (?:of|on))?",
    )
)
_ASSUMED = re.compile(
    rf"^{_NAME}? (?:was|had been|has been) (?:first |initially |at first |then |wrongly )?"
    r"(?:assumed|suspected|diagnosed|blamed|presumed)\b", re.IGNORECASE,
)
_NAME_ENDS = re.compile(
    r"\s(?:by|in|on|since|at|after|before|because|from|when|while|but|with|without|for|until|although|though|"
    r"and (?:was|were|given|put|treated|discharged|started|sent|she|he|the)|or|that|which|who|as|until|where|is|was|"
    r"were|has|had|if|despite|to|(?:then|now|first|initially|again|later|elsewhere))(?!\w)", re.IGNORECASE,
)
_DISEASE_WORD = re.compile(
    r"\b\w{2,30}(?:itis|osis|oses|opathy|algia|emia|aemia|oma|penia|plegia|trophy)\b|"
    r"\b(?:syndrome|disease|disorder|infection|migraine|gout|asthma|eczema|anxiety|depression|allergy|sprain|strain|reflux|"
    r"lupus|psoriasis|rosacea|menopause|stress|rheumatism|shingles|panic attacks?|virus|flu|influenza|viral illness|"
    r"growing pains|post-viral fatigue|insomnia|vertigo|tendon\w*|diabetes|anemia|anaemia|impingement|dry eyes?|"
    r"palsy)\b", re.IGNORECASE,
)
_NO_LABEL = re.compile(
    r"\b(?:nurse|clinic|visitor|diagnosis|biopsy|evidence|history|risk|side effects?|reaction|score|exacerbation|remission|"
    r"pregnancy|flare|prognosis|analysis|necrosis|stenosis|fibrosis|thrombosis|sclerosis of|crisis)\b", re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|never|without|nobody|rather than|instead of)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_PLAN = re.compile(r"\b(?:will be|to be|should be|would be|can be|may be|if)\b[^.;]{0,30}$", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[•▪◦*·–—-]\s{0,3}|\(?\d{1,2}[.)]\s{1,3})")
_HEAD_ENDS = re.compile(r"[,.:;(]|\s[—–-]\s|\b(?:with|from|due to|secondary to|in|of the|following|after)\b")
_Entry = tuple[LabelContent, When, Place]


def labels_of(sheet: Sheet) -> Iterator[_Entry]:
    """Yield the names given to the illness, in reading order."""
    reports_findings = sheet.description.doc_type in _FINDINGS_ONLY
    for sentence in sheet.sentences:
        if len(sentence.text) > MAX_SENTENCE or any(word in sentence.section for word in _NOT):
            continue
        seen: set[str] = set()
        for name, start, is_own in (*_reported(sentence.text), *(() if reports_findings else _opening(sentence))):
            if name.lower() in seen:
                continue
            seen.add(name.lower())
            yield LabelContent(name=name), _when(sheet, sentence.text, start, is_own=is_own), Place(
                sentence.page, sentence.start, sentence.end, start
            )


def _reported(text: str) -> Iterator[tuple[str, int, bool]]:
    """Names that a sentence reports from earlier: name, its place, False."""
    for pattern in (*_SAID, _ASSUMED):
        for match in pattern.finditer(text):
            if match["name"] is None:
                continue
            before = text[max(0, match.start() - 60):match.start()]
            name = _cleaned(match["name"])
            if name is None or _DENIED.search(before) or _PLAN.search(before):
                continue
            if is_about_others(before + text[match.start():match.start("name") + len(name)]):
                continue
            yield name, match.start("name"), False


def _opening(sentence: Sentence) -> Iterator[tuple[str, int, bool]]:
    """The name an item of the assessment begins with: the writer's own name for the illness."""
    if not any(word in sentence.section for word in _ASSESSMENTS) or _OPENS_SENTENCE.search(sentence.text):
        return
    bullet = _BULLET.match(sentence.text)
    start = bullet.end() if bullet else 0
    end = _HEAD_ENDS.search(sentence.text, start)
    head = sentence.text[start:end.start() if end else None].strip()
    if not head[:1].isupper() or not 1 <= len(head.split()) <= 6 or is_about_others(sentence.text):
        return
    name = _cleaned(head)
    if name is not None and name == head and not re.search(
        r"\b(?:is|was|are|were|has|had|no|not|excluded|ruled out|unlikely)\b", head, re.IGNORECASE
    ):
        yield name, start, True


def _when(sheet: Sheet, text: str, start: int, *, is_own: bool) -> When:
    """The date in the sentence, nearest behind the name first; what is merely reported has none of its own."""
    if is_own:
        return When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)
    read = find_moments(readable(text), sheet.day, day_first=sheet.by_day)
    moments = [one for one in read if one.end <= start or one.start > start]
    if not moments:
        return When(None, Precision.DAY, DateBasis.NONE)
    nearest = min(moments, key=lambda one: (one.start < start, abs(one.start - start)))
    return When(nearest.day, nearest.precision, DateBasis.STATED)


def _cleaned(written: str) -> str | None:
    """The name of the disease without what the sentence says around it; None where the words name no disease."""
    end = _NAME_ENDS.search(written)
    name = " ".join((written[:end.start()] if end else written).split()).strip(" -'’/")
    if not 3 <= len(name) <= 80 or len(name.split()) > 7 or name.lower() in _TOO_GENERAL:
        return None
    if drugs_in(name) or _NO_LABEL.search(name):
        return None
    return name if _DISEASE_WORD.search(name) or disease_in(name) is not None else None
