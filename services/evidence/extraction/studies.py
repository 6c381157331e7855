"""Procedures and imaging out of documents: what was done, when, and what it showed.

A title line ("MRI, brain"; "Kidney biopsy, April 4, 2022") owns the text under it. In running text a study counts only when
the sentence says that it was done or what it showed; what is planned or requested is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.evidence.documents.vocabulary import DocumentType
from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import DateBasis, ImagingContent, Precision, ProcedureContent
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import SIGNATURE, Line, Sentence, Sheet

_MODALITY = (
    r"(?:low-dose |contrast-enhanced |non-?contrast |high-resolution |compression |plain |repeat |follow-up |portable )*"
    r"(?:PET[-/ ]?CT|CT pulmonary angiogra(?:m|phy)|CTPA|HRCT|(?:CT|MR) (?:angiogra(?:m|phy)|enterography)|MRI|MRA|MR|CT|DXA|"
    r"DEXA|X-?rays?|radiographs?|chest film|"
    r"(?:doppler |duplex )?ultraso(?:und|nography)|sonograph?y|bone scan|scintigraphy|mammogra(?:m|phy)|fluoroscopy|barium "
    r"swallow|ventilation[/-]perfusion scan|V/Q scan)"
    r"(?: with(?:out)? contrast)?"
)
_TITLE = re.compile(rf"^(?:[•-]\s?)?(?P<modality>{_MODALITY})(?:(?:\s?[,:–—-]\s?|\s+of\s+(?:the\s+)?|"
                    rf"\s+)(?P<region>[A-Za-z][^.;:]{{1,70}}))?[:.]?$", re.IGNORECASE)
_REGION_FIRST = re.compile(rf"^(?P<region>(?:[A-Z][a-z]+ (?:and |of )?){{1,5}})(?P<modality>{_MODALITY})$")
_IN_PROSE = re.compile(
    rf"(?<![\w-])(?P<modality>{_MODALITY})"
    r"(?:\s+(?:(?:of|scan of)\s+(?:the\s+)?)?(?P<region>(?!on\b|in\b|from\b|dated\b|scan\b|film)[a-z][a-z ,-]{2,40}?))?"
    r"(?:\s+(?:scan|study|examination|film|films))?"
    r"(?:\s*\([^()]{1,40}\))?(?P<date>,?\s*(?:on|in|of|from|dated)\s[^.;]{3,24}?)?,?\s+(?P<verb>showed|shows|revealed|reveals|"
    r"demonstrated|demonstrates|confirmed|found|was normal|is normal|was clear|were normal)\b"
)
_PROCEDURE = (
    r"(?:\w*ectomy|\w*scopy|\w*otomy|\w*plasty|\w*centesis|biops(?:y|ies)|lumbar puncture|echocardiogra(?:m|phy)|"
    r"catheteri[sz]ation|blocks?|nerve conduction|"
    r"nerve stimulation|electromyogra\w+|EMG|EEG|evoked potentials?|tomography|perimetry|spirometry|infusions?|injections?|"
    r"plasma exchange|"
    r"plasmapheresis|immunoglobulin|Schirmer(?:'s)? test|staining score|salivary flow|sialometry|capillaroscopy|"
    r"transplant(?:ation)?|dialysis|transfusion|"
    r"endoscop\w+|intubation|drainage|aspiration|excision|resection|implantation|radiotherapy|cystoscopy|quality index|"
    r"fundoscopy|study|test|triamcinolone|iontophoresis)"
)
_DATED_TITLE = re.compile(r"^(?:[•-]\s?)?(?P<name>[A-Z][^:;]{2,110}?)\s*(?:,|[–—-]|:|\(|\bon\b)\s*$")
_NOUN = re.compile(rf"(?<![\w-]){_PROCEDURE}(?![\w-])", re.IGNORECASE)
_DONE = re.compile(
    r"(?<![\w-])(?P<name>(?:[A-Za-z-]+ ){0,3}(?:\w{3,}ectomy|\w{3,}scopy|biopsy|lumbar puncture|echocardiogram|"
    r"arthrocentesis|thoracentesis|paracentesis|"
    r"plasma exchange|catheteri[sz]ation|thymectomy))(?:\s+(?:on|in|of)\s[^.;,]{3,24}?)?\s+(?:was (?:performed|done|carried "
    r"out|uneventful)|showed|shows|revealed|confirmed|demonstrated|found|yielded)\b", re.IGNORECASE,
)
_TEAR_TEST = re.compile(r"^\W{0,3}schirmer(?:['’]?s)?\b[^;]{0,60}?\d\s?mm\b", re.IGNORECASE)
_NOT_DONE = re.compile(
    r"\b(?:will|planned?|plan|request\w*|order\w*|schedul\w*|declin\w*|refus\w*|if|should|consider\w*|advis\w*|recommend\w*|"
    r"before any|await\w*|pending|offered|no (?:biopsy|imaging))\b", re.IGNORECASE,
)
_PROCEDURE_SECTIONS = ("procedure", "operation", "intervention")
_IMAGING_SECTIONS = ("imaging", "radiology", "radiograph")
_FINDINGS = ("findings", "impression", "conclusion", "result", "report", "interpretation", "opinion")
_MAX_FINDING = 1500
_LEAD = re.compile(r"^(?:the|a|an|his|her|their|and|on|this|that|repeat|which|after|at|of|in)\s+", re.IGNORECASE)

_Entry = tuple[ImagingContent | ProcedureContent, When, Place]


def studies_of(sheet: Sheet) -> Iterator[_Entry]:
    """Yield the imaging and procedures of a document."""
    titled = list(_titled(sheet))
    yield from titled
    has_imaging = any(isinstance(one[0], ImagingContent) for one in titled)
    if sheet.description.doc_type is DocumentType.IMAGING_REPORT and not has_imaging:
        yield from _whole_report(sheet)
    taken: dict[int, list[Place]] = {}
    for _, _, place in titled:
        taken.setdefault(place.page, []).append(place)
    for sentence in sheet.sentences:
        if not any(one.start < sentence.end and sentence.start < one.end for one in taken.get(sentence.page, ())):
            yield from (one for one in _told(sheet, sentence) if not _repeats(one[0], titled))


def _repeats(study: ImagingContent | ProcedureContent, titled: Sequence[_Entry]) -> bool:
    """Whether a sentence speaks again of a study that has its own title in the document."""
    if isinstance(study, ImagingContent):
        return any(isinstance(one, ImagingContent) and _family(one.modality) == _family(study.modality) for one, _, _ in titled)
    noun = study.name.lower().split()[-1:]
    return any(isinstance(one, ProcedureContent) and noun and noun[0].rstrip("s")[:8] in one.name.lower() for one, _, _ in titled)


def _family(modality: str) -> str:
    folded = re.sub(r"[^a-z]", "", modality.lower())
    families = ("pet", "mr", "ct", "dxa", "dexa", "xray", "radiograph", "ultraso", "sono")
    return next((name for name in families if name in folded), folded)


def _titled(sheet: Sheet) -> Iterator[_Entry]:
    """Studies with a title line of their own: the lines below it, up to the next title or heading, are the finding."""
    lines = sheet.lines
    index = 0
    while index < len(lines):
        content = None if lines[index].cells else _title_of(sheet, lines, index)
        if content is None:
            index += 1
            continue
        stop = index + 1
        while stop < len(lines) and not _ends(sheet, lines, stop, lines[index]):
            stop += 1
        body = lines[index + 1:stop]
        on_page = [line for line in body if line.page == lines[index].page]
        finding = " ".join(line.text for line in body)[:_MAX_FINDING]
        place = Place(lines[index].page, lines[index].start, on_page[-1].end if on_page else lines[index].end, 0)
        study, when = content
        if finding or isinstance(study, ProcedureContent):
            yield study.model_copy(update={"finding": finding}), when, place
        index = stop


def _title_of(sheet: Sheet, lines: Sequence[Line], index: int) -> tuple[ImagingContent | ProcedureContent, When] | None:
    line = lines[index]
    text = line.text
    if SIGNATURE.search(text) or len(text) > 140 or text.endswith(";"):
        return None
    if line.is_heading and index and not _TITLE.match(text):
        return None
    moments = find_moments(text, sheet.day, day_first=sheet.by_day)
    in_imaging = any(word in line.section for word in _IMAGING_SECTIONS)
    in_procedures = any(word in line.section for word in _PROCEDURE_SECTIONS)
    bare = _without_date(text, moments)
    imaging = _TITLE.match(bare)
    is_title = in_imaging or (bool(moments) and not bare.endswith("."))
    if imaging is not None and is_title and not in_procedures and len(bare.split()) <= 10:
        content = ImagingContent(modality=_tidy(imaging["modality"]), region=_tidy(imaging["region"] or ""))
        return content, _when(sheet, moments)
    dated = _DATED_TITLE.match(text[: moments[-1].start]) if moments and not text[moments[-1].end:].strip(" .):") else None
    if dated is not None and (in_procedures or (in_imaging and _NOUN.search(dated["name"]))) and not _NOT_DONE.search(text):
        return ProcedureContent(name=_tidy(dated["name"])), _when(sheet, moments)
    return None


def _without_date(text: str, moments: Sequence[Moment]) -> str:
    for moment in reversed(moments):
        text = f"{text[:moment.start]}{text[moment.end:]}"
    return re.sub(r"\(\s*\)", "", text).strip(" ,-–—:()")


def _ends(sheet: Sheet, lines: Sequence[Line], index: int, title: Line) -> bool:
    line = lines[index]
    if line.is_heading or line.cells or line.section != title.section or SIGNATURE.search(line.text):
        return True
    return _title_of(sheet, lines, index) is not None


def _when(sheet: Sheet, moments: Sequence[Moment]) -> When:
    if moments:
        return When(moments[-1].day, moments[-1].precision, DateBasis.STATED)
    return When(sheet.day, Precision.DAY, DateBasis.DOCUMENT if sheet.day else DateBasis.NONE)


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;:.-–—(")


def _whole_report(sheet: Sheet) -> Iterator[_Entry]:
    """A report of one study: the title names it, its findings and impression are the finding."""
    title = next((found for line in sheet.lines[:14] if (found := _report_title(line.text)) is not None), None)
    body = [line for line in sheet.lines if any(word in line.section for word in _FINDINGS) and not line.is_heading]
    if title is None or not body:
        return
    finding = " ".join(line.text for line in body)[:_MAX_FINDING]
    first = body[0]
    last = [line for line in body if line.page == first.page][-1]
    yield title.model_copy(update={"finding": finding}), _when(sheet, ()), Place(first.page, first.start, last.end, 0)


def _report_title(text: str) -> ImagingContent | None:
    bare = re.sub(r"^(?:exam(?:ination)?|study|procedure|title|imaging)\s*:\s*", "", text, flags=re.IGNORECASE)
    bare = re.sub(r"\s*(?:report|examination|study)\s*$", "", bare, flags=re.IGNORECASE)
    if len(bare) > 90 or ":" in bare:
        return None
    match = _TITLE.match(bare) or _REGION_FIRST.match(bare)
    return ImagingContent(modality=_tidy(match["modality"]), region=_tidy(match["region"] or "")) if match is not None else None


def _told(sheet: Sheet, sentence: Sentence) -> Iterator[_Entry]:
    text = " ".join(sentence.text.split())
    if _NOT_DONE.search(text) or "family" in sentence.section or len(text) > 800:
        return
    place = Place(sentence.page, sentence.start, sentence.end, 0)
    imaging = _IN_PROSE.search(text)
    moments = find_moments(text, sheet.day, day_first=sheet.by_day)
    near = [one for one in moments if imaging is not None and imaging.start() <= one.start <= imaging.end() + 4]
    when = _when(sheet, near)
    if imaging is not None:
        content = ImagingContent(modality=_tidy(imaging["modality"]), region=_tidy(imaging["region"] or ""), finding=text)
        yield content, when, place
        return
    tear = _TEAR_TEST.search(text)
    if tear is not None:
        yield ProcedureContent(name="Schirmer test", finding=text), _when(sheet, moments[:1]), place
        return
    done = _DONE.search(text)
    if done is not None:
        name = done["name"]
        for _ in range(3):
            name = _LEAD.sub("", name)
        near = [one for one in moments if abs(one.start - done.end()) < 40 or one.end <= done.start()]
        yield ProcedureContent(name=_tidy(name), finding=text), _when(sheet, near[:1]), place
