"""Results stated in sentences: "CRP was 28 mg/L on 3 May", "anti-dsDNA not detected", "C3 fell from 112 to 71 mg/dL".

A number counts only right behind its test, with a unit of that test or an end of the phrase after it: "C3 45 degree angulation",
"CK 7 days later" and "back 7/10" say nothing. What a sentence only wishes, plans or compares with ("if CRP rises above 10",
"target TSH 2.5", "repeat ANA") is no result, and what it says of earlier times without a date gets none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.clinical.titers import Outcome, parse_outcome
from services.evidence.extraction.dating import Moment, find_moments
from services.evidence.extraction.facts import DateBasis, Precision
from services.evidence.extraction.lexicon import Role, Subject, fluid_of, names_in_prose, unit_belongs
from services.evidence.extraction.phrases import Consumed
from services.evidence.extraction.reported import Place, Reported, When
from services.evidence.extraction.sheet import RELATIVES, Sentence, Sheet
from services.evidence.extraction.values import Value, read_phrase
from services.evidence.extraction.words import Hit, cut

_LINK = frozenset(
    """was is were are of at to the a an by came come back as rose rise risen fell fallen increased decreased dropped went gone up
    down from level levels
    titer titre titers result results measured measures now currently today still again has have had been remains remained stayed
    stable only just reported strongly weakly high low elevated raised normal reduced mildly slightly markedly value
    concentration count then and peaked peak showed shows with which also very clearly above-normal running improved worsened
    between reading""".split()
)
_OUTCOME = re.compile(
    r"(?:strongly |weakly |weak |low |high |moderately |clearly |persistently |repeatedly |again |still |now |both |all |also )*"
    r"(?P<said>positive|negative|not detected|undetectable|undetected|non-?reactive|not reactive|reactive|detected|equivocal|"
    r"borderline|indeterminate|absent|present)\b",
    re.IGNORECASE,
)
_OUTCOME_BEFORE = re.compile(
    r"(?P<said>positive|negative|seropositive|non-?reactive|equivocal|borderline|indeterminate)\s+(?:for\s+)?(?:an?\s+|the\s+|"
    r"serum\s+|repeat\s+)?$", re.IGNORECASE
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|whether|unless|should|would|could|target|targets|goal|aim|aiming|until|threshold|cut-?off|when|repeat|recheck|"
    r"check|order|ordered|request|requested|"
    r"send|sent|pending|await|awaiting|consider|needs?|monitor|plan|recommend(?:ed)?|advised?|risk|patients? with|people with|"
    r"may be|can be|"
    r"usually|typically|normally|associated|criteri\w+|score|scores|points?|expected|awaited|not (?:requested|measured|done|"
    r"tested|sent|available|checked)|never)\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:previous(?:ly)?|prior|earlier|formerly|initially|last (?:year|month|week|visit|time|spring|summer|autumn|fall|"
    r"winter)|at (?:onset|diagnosis|baseline)|"
    r"baseline|historical(?:ly)?|ago|before|peaked|used to|in the past|then|old|outside|since|at discharge|at admission|on "
    r"admission|had been|"
    r"(?:at|on) (?:the )?(?:first|second|third|last)|that (?:year|month|day|time|spring|summer|autumn|winter|november|march))\b",
    re.IGNORECASE,
)
_SPINE = re.compile(
    r"\b(?:vertebra\w*|disc|disk|spinal|spine|cervical|foramin\w*|degrees?|angulation|fracture|radicul\w+|myelopath\w*|"
    r"laminectom\w*|fusion|level|levels|"
    r"stenosis|kyphosis|lordosis|nerve root|dermatome|facet|osteophyte)\b", re.IGNORECASE,
)
_SPINE_NAMES = frozenset({"c3", "c4", "total_t3", "total_t4", "ck"})
_STOP_AFTER = re.compile(
    r"\s*(?:$|[.,;:)\]\n?!]|\((?!\s?\d{1,2}\s?/)|[-–—]\s|(?:and|with|while|but|on|in|at|today|after|before|from|to|then|now|"
    r"when|which|so|or|as|despite|without|against|for|versus|vs|"
    r"this|last|normal|low|high|both|the|by|again|stable)\b)", re.IGNORECASE,
)
_COUNTED = re.compile(r"\s*(?:days?|weeks?|months?|years?|hours?|times|degrees?|mm\b(?!/)|cm\b|tablets?|doses?|of\s+\d|out of|"
                      r"/\s?\d|x\b|minutes?|visits?|points?|joints?|levels?)", re.IGNORECASE)
_CLAUSE = re.compile(r";|\.\s|\b(?:but|however|whereas|although)\b")
_CHAIN = re.compile(r"\s*(?:,|to|and|then|and then|,\s*then|→|->|->|–|/)\s*(?:to\s+|then\s+)?(?=[<>≤≥]?\s?\d)", re.IGNORECASE)
_OPEN_ENDED = re.compile(r"\b(?:since|until|till|born|from)\s+$", re.IGNORECASE)
_OPENS = re.compile(r"[ ,(•-]*(?:(?:on|in)\s+)?", re.IGNORECASE)
_SAID_ON = re.compile(r"(?:\b(?:on|in|of|dated|at|from)\s+(?:the\s+)?|\()$", re.IGNORECASE)
_PREPOSITION = re.compile(r"\s*[,(]?\s*(?:on|in|as of|of|dated|from|by|at|collected|drawn)?\s*(?:the\s+)?$", re.IGNORECASE)
_NOT_SECTIONS = ("family", "allerg", "reference", "method", "explained", "criteria", "avoid")
_ITEMS = re.compile(r"\s*(?:items?|components?|subscores?|breakdown)\s*:", re.IGNORECASE)  # of an instrument, not of a laboratory
_NEEDS_UNIT = frozenset({"urine_protein_24h", "upcr", "uacr", "iron", "insulin"})  # their names are also findings or drugs
_IN_GENERAL = re.compile(
    r"\s*(?:\w+\s+)?(?:is|are|can be|may be|occurs?)\s+(?:common|found|seen|present|frequent|not specific|unspecific|in)\b|"
    r"\s*in\s+(?:about |up to |some )?(?:\d{1,2}(?:[.,]\d)?\s?%|healthy)", re.IGNORECASE,
)
_SHORT_BRACKET = re.compile(r"\s?\([A-Za-z0-9αβγ/ -]{1,25}\)")
_GAP = re.compile(r"[\s:=,~]{0,3}")
_LETTERS = re.compile(r"[A-Za-z-]+")
_OUTCOMES_BETWEEN = frozenset({"positive", "negative", "borderline", "equivocal", "indeterminate", "reactive"})
_OF_NORMAL = re.compile(
    r"\b(?:normal|reference|usual|typical|healthy)\s+(?:(?:values?|ranges?|limits?|of|for|an?|the|is)\s+){0,3}$", re.IGNORECASE
)
_HYPHENATED = re.compile(r"[^\W_]-$")
_INSTRUMENT = re.compile(r"\b(?:DAS-?28|ASDAS)\s?\($")
_LISTED_WITH = re.compile(r"\s*(?:,|and|or|,\s*and|,\s*or|/|&|nor)\s*(?:the\s+|an?\s+)?")
_Stated = tuple[Value, int, Moment | None]
"""A value, its place in the sentence, and the date that stands with it."""
_MAX_LINKS = 6


def prose_results(sheet: Sheet, consumed: Sequence[Consumed]) -> Iterator[Reported]:
    """Yield the results stated in sentences, those stretches left out that were read as lists."""
    taken: dict[int, list[Consumed]] = {}
    for one in consumed:
        taken.setdefault(one.page, []).append(one)
    for sentence in sheet.sentences:
        if any(word in sentence.section for word in _NOT_SECTIONS) or len(sentence.text) > 2000:
            continue
        if any(one.start < sentence.end and sentence.start < one.end for one in taken.get(sentence.page, ())):
            continue
        if _ITEMS.match(sentence.text):
            continue
        words = cut(sentence.text)
        hits = [hit for hit in names_in_prose().find(sentence.text, words) if _stands_alone(sentence.text, hit)]
        if hits:
            yield from _in_sentence(sheet, sentence, hits)


def _stands_alone(text: str, hit: Hit[Subject]) -> bool:
    """Whether a name is a test of its own: not the end of "DAS28-CRP", not a name that stands for several antibodies."""
    if not hit.value.key:
        return False
    before = text[max(0, hit.start - 9):hit.start]
    if hit.value.role is Role.ANALYTE and _HYPHENATED.search(before):
        return False
    return not _INSTRUMENT.search(before)


def _in_sentence(sheet: Sheet, sentence: Sentence, hits: Sequence[Hit[Subject]]) -> Iterator[Reported]:
    text = sentence.text
    moments = find_moments(text, sheet.day, day_first=sheet.by_day)
    clauses = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    for number, hit in enumerate(hits):
        start = max(edge for edge in clauses if edge <= hit.start)
        stop = min((edge for edge in clauses if edge > hit.start), default=len(text))
        limit = hits[number + 1].start if number + 1 < len(hits) else len(text)
        clause = text[start:stop]
        if RELATIVES.search(clause):
            continue
        before = text[start:hit.start]
        if _HYPOTHETICAL.search(before) or _OF_NORMAL.search(before) or "?" in clause or _is_spine(hit, text):
            continue
        read = list(_numbers(text, hit, limit, moments)) or list(_words(text, hit, hits, number, start))
        fluid = hit.value.specimen or fluid_of(text[max(start, hit.start - 30):hit.end])
        for value, offset, own in read:
            if hit.value.role is Role.ANALYTE and fluid in ("urine", "CSF", "synovial fluid") and not _told_in_name(hit, fluid):
                continue
            when = _when(sentence, text, start, stop, offset, own, moments)
            place = Place(sentence.page, sentence.start, sentence.end, offset)
            yield Reported(text[hit.start:hit.end], value, when, place, None, None, hit.value)


def _told_in_name(hit: Hit[Subject], fluid: str) -> bool:
    return hit.value.key.startswith((fluid.lower()[:3], "upcr", "uacr"))


def _is_spine(hit: Hit[Subject], text: str) -> bool:
    if hit.value.key not in _SPINE_NAMES:
        return False
    after = text[hit.end:hit.end + 3]
    before = text[max(0, hit.start - 3):hit.start]
    level = re.match(r"\s?[-–/]\s?[CTL]?\d", after) or re.search(r"[CTL]\d\s?[-–/]$", before)
    return bool(level) or bool(_SPINE.search(text))


def _numbers(text: str, hit: Hit[Subject], limit: int, moments: Sequence[Moment]) -> Iterator[_Stated]:
    """Yield each number stated behind the test, in a chain ("24 in October to 68 in January"), with its own date."""
    position, said = _past_links(text, hit.end, limit)
    if position is None:
        return
    chain: list[_Stated] = []
    while position < limit:
        if any(one.start <= position < one.end for one in moments):
            break
        value = read_phrase(text[position:limit])
        if value is None:
            break
        end = position + value.end
        if not _is_result(text, hit.value, value, end, limit) or _IN_GENERAL.match(text, end):
            break
        own = _moment_after(text, end, moments)
        chain.append((value, position, own))
        following = _CHAIN.match(text, own.end if own else end)
        if following is None or following.end() >= limit:
            break
        position = following.end()
    if said is not None and len(chain) == 1:
        value, place, own = chain[0]
        chain = [(replace(value, outcome=value.outcome or said), place, own)]
    yield from _settled(text, hit, chain)


def _settled(text: str, hit: Hit[Subject], chain: list[_Stated]) -> Iterator[_Stated]:
    """Share the unit of a chain, drop what has neither date nor place in time, and refuse what cannot be this test."""
    unit = next((value.unit for value, _, _ in chain if value.unit is not None), None)
    for index, (value, position, own) in enumerate(chain):
        if own is None and index < len(chain) - 1:
            continue  # "from 112 to 71": the first number belongs to an unstated earlier day
        full = value if value.unit or value.titer else replace(value, unit=unit)
        analyte = hit.value.analyte
        if analyte is not None and full.unit is None and analyte.key in _NEEDS_UNIT:
            continue
        if analyte is not None and full.value is not None:
            low, high = (analyte.bare or analyte.plausible) if full.unit is None else (float("-inf"), float("inf"))
            if (full.unit is not None and not unit_belongs(analyte, full.unit)) or not low <= full.value <= high:
                continue
        if full.titer is not None:
            full = _with_pattern(text, position + value.end, full)
        yield full, position, own


def _with_pattern(text: str, end: int, value: Value) -> Value:
    after = re.match(r"[,\s]*(?:with (?:an? )?)?((?:(?:dense |fine |coarse )?(?:homogeneous|homogenous|speckled|centromere|"
                     r"nucleolar|peripheral|cytoplasmic|mixed|granular|dots?)[ /-]?){1,3})", text[end:end + 60], re.IGNORECASE)
    return replace(value, pattern=after.group(1).strip(" ,-/")) if after else value


def _past_links(text: str, start: int, limit: int) -> tuple[int | None, Outcome | None]:
    """Return where the value may begin, behind at most some linking words, with the outcome said among them.

    None where another word stands between the name and the number.
    """
    position, said = start, None
    bracket = _SHORT_BRACKET.match(text, position)
    if bracket is not None:
        position = bracket.end()
    for _ in range(_MAX_LINKS + 1):
        position = _GAP.match(text, position).end()  # type: ignore[union-attr]  # matches the empty string too
        if position >= limit:
            return None, None
        if text[position] in "<>≤≥0123456789":
            return position, said
        word = _LETTERS.match(text, position)
        if word is None:
            return None, None
        folded = word.group().lower()
        if folded in _OUTCOMES_BETWEEN:
            said = parse_outcome(folded)
        elif folded not in _LINK:
            return None, None
        position = word.end()
    return None, None


def _is_result(text: str, subject: Subject, value: Value, end: int, limit: int) -> bool:
    if value.titer is not None:
        return subject.role is Role.ANTIBODY
    if subject.role is Role.ANALYTE and subject.analyte is not None and value.unit is not None:
        return unit_belongs(subject.analyte, value.unit)
    if _COUNTED.match(text, end):
        return False
    if value.unit is not None:
        return subject.role is not Role.TEST or len(value.unit) > 1
    if value.value is not None and 1900 <= value.value <= 2100 and float(value.value).is_integer() and value.comparator is None:
        return False
    ends = _STOP_AFTER.match(text, end) is not None or not text[end:limit].strip()
    return ends and subject.role is not Role.TEST


def _moment_after(text: str, end: int, moments: Sequence[Moment]) -> Moment | None:
    for moment in moments:
        if moment.start >= end:
            return moment if moment.start - end <= 14 and _PREPOSITION.fullmatch(text[end:moment.start]) else None
    return None


def _words(
    text: str, hit: Hit[Subject], hits: Sequence[Hit[Subject]], number: int, start: int
) -> Iterator[_Stated]:
    """Yield a result in words: behind the test, behind the list it stands in, or before it ("negative ANA")."""
    if not hit.value.worded:
        return
    said = _outcome_after(text, hit.end)
    if said is None:
        for later in range(number + 1, len(hits)):
            between = text[hits[later - 1].end:hits[later].start]
            if not _LISTED_WITH.fullmatch(between) or not hits[later].value.worded:
                break
            said = _outcome_after(text, hits[later].end)
            if said is not None:
                break
    if said is None:
        before = _OUTCOME_BEFORE.search(text[max(start, hit.start - 40):hit.start])
        if before is not None and not _IN_GENERAL.match(text, hit.end):
            said = parse_outcome(before["said"].lower().replace("seropositive", "positive"))
        elif number and _joined_to_denied(text, hits, number, start):
            said = Outcome.NEGATIVE
    if said is not None:
        yield Value(text=said.value, outcome=said), hit.start, None


def _outcome_after(text: str, end: int) -> Outcome | None:
    rest = text[end:end + 90]
    rest = re.sub(r"^\s?\([^()]{1,40}\)", "", rest)
    match = re.match(
        r"[\s:=,]{1,3}(?:(?:antibod(?:y|ies)|serology|testing|test|tests|screen|titers?|result|results|levels?|IgG|IgM|IgA|IIF|"
        r"ELISA|again|once more|by \w+)\s+){0,3}"
        r"(?:(?:was|were|is|are|came back|come back|returned|remains?|remained|has been|have been|had been|tested|proved|"
        r"turned out|stays?)\s+){0,2}(?:to be\s+)?", rest, re.IGNORECASE,
    )
    if match is None:
        return None
    said = _OUTCOME.match(rest, match.end())
    if said is None:
        no = re.match(r"(?:not|no longer) (?:positive|present|detect\w+|found)\b", rest[match.end():], re.IGNORECASE)
        return Outcome.NEGATIVE if no else None
    if re.match(r"\s+(?:in|among)\s+(?:up to|about|\d|most|some|patients|people|healthy)", rest[said.end():], re.IGNORECASE):
        return None
    return parse_outcome(said["said"].lower())


def _joined_to_denied(text: str, hits: Sequence[Hit[Subject]], number: int, start: int) -> bool:
    """"negative ANA and RF": the second name shares the word before the first."""
    first = hits[number - 1]
    between = text[first.end:hits[number].start]
    before = _OUTCOME_BEFORE.search(text[max(start, first.start - 40):first.start])
    return bool(_LISTED_WITH.fullmatch(between)) and before is not None and parse_outcome(before["said"]) is Outcome.NEGATIVE


def _when(
    sentence: Sentence, text: str, start: int, stop: int, offset: int, own: Moment | None, moments: Sequence[Moment]
) -> When:
    """The date next to the value, else the one date of its clause, else the document's; none for what lies in the past."""
    if own is not None:
        return When(own.day, own.precision, DateBasis.STATED)
    inside = [
        one for one in moments if start <= one.start < stop and not _OPEN_ENDED.search(text[max(0, one.start - 8):one.start])
    ]
    leading = [one for one in inside if one.end <= offset and _OPENS.fullmatch(text[start:one.start])]
    if leading:
        return When(leading[0].day, leading[0].precision, DateBasis.STATED)
    after = [one for one in inside if one.start >= offset]
    if len(inside) == 1 and after and after[0].start - offset < 45 and _SAID_ON.search(text[offset:after[0].start]):
        return When(after[0].day, after[0].precision, DateBasis.STATED)
    governing = sentence.governing
    if _EARLIER.search(text[start:stop]):
        return When(None, Precision.DAY, DateBasis.NONE)
    return When(governing.day, governing.precision, governing.basis)
