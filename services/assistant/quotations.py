"""Answer without a language model: quote the sentences that bear most on the question, word for word, each with its source.

Extractive and deterministic. A sentence scores by the weight of the question's terms it holds (rare terms weigh more), by the
rank of its passage, and by a dated number when the question asks for one; repeated wording and a document already quoted
cost. Nothing is paraphrased, so nothing can be invented; nothing is quoted that shares no term with the question unless the
search was certain of its passage. When nothing is left the answer is "Insufficient evidence", with what was searched.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.assistant.answers import AnswerSegment, SegmentOrigin
from services.assistant.grounding import Grounding
from services.assistant.markdown import sanitise
from services.evidence.collections import COLLECTIONS
from services.evidence.documents.sentences import Kind, spans
from services.evidence.lexical import terms
from services.evidence.passages import Hit, Passage, Relevance, SearchResult, Tier
from services.evidence.search import asks_for_latest

QUOTATION_VERSION = "quotations/2"
MAX_QUOTES = 8
_RECORD_QUOTES, _GENERAL_QUOTES = 5, 3  # of each at most, when both have something to say
_ENOUGH, _GOOD_VALUE = 4, 0.4  # from the fifth on only sentences that bear well on the question are added
_LONGEST, _FEWEST_WORDS = 900, 3
_SHORT_WORDS = 8  # "Stopped and entered as an allergy." says nothing without the sentence before it
_MIN_COVERAGE, _GOOD_COVERAGE = 0.2, 0.4
_SAME_DOCUMENT, _SAME_WORDS = 0.08, 0.5
# Weights of the question's terms. What looks like the name of a test, gene or allele (C3, dsDNA, HLA-B27) decides; words that
# only ask for a number or a change ("fall", "value") hardly occur in the rows that answer them.
_NAME_WEIGHT, _WORD_WEIGHT, _ABSENT_WEIGHT, _ASKING_WEIGHT = 2.0, 1.0, 0.8, 0.3

# Words of a question that say nothing about its subject, beyond those the index leaves out anyway.
_EMPTY_WORDS = (
    "or but not no yes any all some more most also may might must shall patient patients patient's show tell list give find "
    "found please explain describe know say says best good during after before since until between much many often long mean "
    "anything something everything anyone ever actually currently now still"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_WORD = re.compile(r"[^\s,;?!()\[\]\"“”]+")
_ASKING_WORDS = (
    "date dates dated value values level levels result results trend trends titer titers titre titres latest last first recent "
    "fall fell falls fallen falling drop dropped rise rises rose risen rising increase increased decrease decreased change "
    "changed count counts dose score low high normal abnormal newest most status"
)
_ASKING = frozenset(_ASKING_WORDS.split())
_ASKS_NUMBER = re.compile(rf"\b(?:when|how (?:much|many|high|low|long|often)|{'|'.join(_ASKING)})\b", re.IGNORECASE)
_RELEVANCE_POINTS: Mapping[Relevance, float] = {Relevance.HIGH: 0.2, Relevance.MEDIUM: 0.1, Relevance.LOW: 0.0}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One quotable sentence or table row. `header` is the header line of its table, or ""."""

    hit: Hit
    order: int
    text: str
    header: str
    tokens: frozenset[str]
    score: float = 0.0

    @property
    def document(self) -> str:
        return self.hit.passage.document_id or self.hit.passage.source_uri


def quote(question: str, result: SearchResult, grounding: Grounding, *, patient_id: str | None) -> list[AnswerSegment]:
    """Return the quotations as segments, grouped under a line each; an empty list when nothing bears on the question.

    At most eight, each a complete sentence or table row. The patient's own record comes first, general knowledge is a group
    of its own; without a patient each person's record is its own group, so that nobody's findings are taken for another's.
    What is asked for a date or a number is in order of time, the newest first where the question asks for the latest. Words
    of the question that no quotation holds are named at the end: the quotations may then answer something else.
    """
    allowed = {passage.source_uri for passage in grounding.passages}
    hits = [hit for hit in result.hits if hit.passage.source_uri in allowed]
    about_numbers = bool(_ASKS_NUMBER.search(question))
    candidates = _scored(question, result.expansions, hits, about_numbers=about_numbers)
    record, general = _balanced(candidates, about_patient=patient_id is not None)
    if asks_for_latest(question):
        record = sorted(record, key=lambda one: one.hit.passage.document_date or "", reverse=True)
    elif about_numbers:
        record.sort(key=lambda one: (one.hit.passage.document_date or "9999", one.hit.rank, one.order))
    segments: list[AnswerSegment] = []
    for owner in dict.fromkeys(one.hit.passage.patient_id for one in record):
        title = "From the patient's record:" if patient_id is not None else f"From the record of patient {owner}:"
        segments += _group(title, [one for one in record if one.hit.passage.patient_id == owner], grounding)
    if patient_id is not None and general and not record:
        segments.append(notice("Nothing that was found in this patient's record bears on the question.\n\n"))
    title = "General knowledge:" if patient_id is None else "General knowledge, not about this patient:"
    segments += _group(title, general, grounding)
    if segments and not result.expansions and (absent := _absent_words(question, [*record, *general])):
        segments.append(notice(f"No quotation holds these words of the question: {sanitise(', '.join(absent))}.\n"))
    return segments


def insufficient(result: SearchResult) -> AnswerSegment:
    """Return the answer when nothing was found: what was searched, so that the reader can judge the silence."""
    titles = {collection.name: collection.title for collection in COLLECTIONS}
    searched = ", ".join(titles.get(name, name) for name in result.collections_searched) or "no collection"
    count = len(result.hits)
    seen = "nothing came back" if not count else f"{count} {'passage' if count == 1 else 'passages'} came back, none relevant"
    return notice(
        f"Insufficient evidence: nothing that was found answers this question. Searched: {searched} "
        f"({seen}). Not found does not mean normal or absent.\n"
    )


def notice(text: str) -> AnswerSegment:
    """Return a segment in the product's own words."""
    return AnswerSegment(text, origin=SegmentOrigin.NOTICE)


def content_words(text: str) -> int:
    """Return how many words of a text carry meaning; "anti-dsDNA" is one."""
    return len(_content(text))


def _group(title: str, chosen: Iterable[_Candidate], grounding: Grounding) -> list[AnswerSegment]:
    quotes = [
        AnswerSegment(
            f"- {sanitise(_heading(candidate))}: “{sanitise(' '.join(candidate.text.split()))}”\n",
            (grounding.cite(candidate.hit.passage, candidate.text),),
            SegmentOrigin.QUOTATION,
        )
        for candidate in chosen
    ]
    return [notice(f"{title}\n\n"), *quotes, notice("\n")] if quotes else []


def _heading(candidate: _Candidate) -> str:
    """Where the quotation stands: date, title, section, page, and the columns of its table."""
    passage = candidate.hit.passage
    dated = passage.document_date or ("undated" if passage.patient_id is not None else "")
    parts = ["" if dated in passage.title else dated, passage.title]
    if passage.section and passage.section.lower() not in passage.title.lower():
        parts.append(passage.section)
    if passage.page is not None:
        parts.append(f"page {passage.page}")
    where = ", ".join(part for part in parts if part)
    return f"{where} (columns: {' '.join(candidate.header.split())})" if candidate.header else where


def _balanced(candidates: Sequence[_Candidate], *, about_patient: bool) -> tuple[list[_Candidate], list[_Candidate]]:
    """Choose the quotations from the record and from general knowledge."""
    record = [one for one in candidates if one.hit.passage.patient_id is not None]
    general = [one for one in candidates if one.hit.passage.patient_id is None]
    if about_patient:
        record = _select(record, _RECORD_QUOTES if general else MAX_QUOTES)
        return record, _select(general, _GENERAL_QUOTES if record else _RECORD_QUOTES)
    best = _select(candidates, MAX_QUOTES)
    return [one for one in best if one in record], [one for one in best if one in general]


def _weights(question: str, counts: Counter[str], total: int) -> dict[str, float]:
    """What each term of the question is worth; a term rare in the evidence counts up to half as much again."""
    weights: dict[str, float] = {}
    for word in _content(question):
        names = any(map(str.isdigit, word)) or sum(map(str.isupper, word)) >= 2
        for term in terms(word):
            if word.lower() in _ASKING:
                weight = _ASKING_WEIGHT
            elif names:
                weight = _NAME_WEIGHT
            else:
                weight = _WORD_WEIGHT if counts[term] else _ABSENT_WEIGHT
            if counts[term]:
                weight *= 1 + 0.5 * math.log(total / counts[term]) / math.log(total + 1)
            weights[term] = weight
    return weights


def _content(question: str) -> list[str]:
    """The words of a question that carry meaning, as written."""
    words = (word.strip(".:'’") for word in _WORD.findall(question))
    return [word for word in words if word.lower() not in _EMPTY and terms(word)]


def _absent_words(question: str, chosen: Sequence[_Candidate]) -> list[str]:
    """The words of a question, as written, that stand neither in what is quoted nor in its heading."""
    held = {term for one in chosen for term in (*one.tokens, *terms(_heading(one)))}
    words = dict.fromkeys(word for word in _content(question) if word.lower() not in _ASKING)
    return [word for word in words if held.isdisjoint(terms(word))]


def _candidates(hits: Iterable[Hit]) -> list[_Candidate]:
    found: list[_Candidate] = []
    seen: set[tuple[str, str | None, str]] = set()
    for hit in hits:
        header, before = "", None
        for order, span in enumerate(spans(hit.passage.text)):
            text = hit.passage.text[span.start:span.end]
            short = span.kind is Kind.PROSE and len(text.split()) < _SHORT_WORDS
            if short and before is not None and "\n" not in (joined := hit.passage.text[before.start:span.end]):
                text = joined
            before = span if span.kind is Kind.PROSE else None
            if span.kind is Kind.HEADER:
                header = text
                continue
            if span.kind is Kind.PROSE and len(text.split()) > 12:
                header = ""  # running text ends a table; a short line may be a group name inside it
            # Neighbouring passages share a sentence, and a document may be stored twice.
            key = (" ".join(text.split()).lower(), hit.passage.document_date, hit.passage.patient_id or "")
            if key in seen or not _quotable(text, span.kind) or _only_names(text, hit.passage):
                continue
            seen.add(key)
            columns = header if span.kind is Kind.ROW else ""
            found.append(_Candidate(hit, order, text, columns, frozenset(terms(text))))
    return found


def _only_names(text: str, passage: Passage) -> bool:
    """Whether a sentence of the curated knowledge says nothing but where it comes from or what its title says."""
    if passage.tier is not Tier.CURATED:
        return False
    return text.lstrip().startswith("Source:") or not set(terms(text)) - set(terms(passage.title))


def _quotable(text: str, kind: Kind) -> bool:
    if len(text) > _LONGEST:
        return False
    if kind is Kind.ROW:
        return True
    return len(text.split()) >= _FEWEST_WORDS and not text.rstrip().endswith((":", "?"))


def _scored(question: str, expansions: Sequence[str], hits: Sequence[Hit], *, about_numbers: bool) -> list[_Candidate]:
    candidates = _candidates(hits)
    counts = Counter(token for candidate in candidates for token in candidate.tokens)
    weights = _weights(question, counts, len(candidates))
    whole = sum(weights.values()) or 1.0
    other_names = [frozenset(terms(expansion)) for expansion in expansions]
    scored: list[_Candidate] = []
    for candidate in candidates:
        passage = candidate.hit.passage
        around = frozenset(terms(f"{passage.title} {passage.section or ''} {candidate.header}")) - candidate.tokens
        coverage = sum(weight for term, weight in weights.items() if term in candidate.tokens) / whole
        coverage += 0.6 * sum(weight for term, weight in weights.items() if term in around) / whole
        if any(name and name <= candidate.tokens for name in other_names):
            coverage = max(coverage, _MIN_COVERAGE) + 0.1
        if not _bears(coverage, candidate, _shares_enough(candidate.tokens, weights)):
            continue
        score = coverage + _RELEVANCE_POINTS[candidate.hit.relevance] + 0.2 / math.sqrt(candidate.hit.rank)
        if about_numbers and any(map(str.isdigit, candidate.text)):
            score += 0.15 if passage.document_date or passage.patient_id is None else 0.05
        scored.append(replace(candidate, score=score))
    return scored


def _shares_enough(tokens: frozenset[str], weights: Mapping[str, float]) -> bool:
    """True for a name of the question, or two of its words, or its only one: one common word in a long text is chance."""
    shared = [weight for term, weight in weights.items() if term in tokens]
    return any(weight >= _NAME_WEIGHT for weight in shared) or len(shared) >= min(2, len(weights))


def _bears(coverage: float, candidate: _Candidate, shares_enough: bool) -> bool:
    relevance = candidate.hit.relevance
    if relevance is Relevance.LOW:
        return coverage >= _GOOD_COVERAGE and shares_enough
    if relevance is Relevance.MEDIUM:
        return coverage >= _MIN_COVERAGE
    # The search is certain of the passage: its first sentence may say it in other words.
    return coverage > 0 or candidate.order == 0


def _select(candidates: Sequence[_Candidate], limit: int) -> list[_Candidate]:
    """Take the best one after the other, each time lowering what repeats the words or the document of those taken."""
    left, chosen = list(candidates), list[_Candidate]()
    while left and len(chosen) < limit:
        best = max(left, key=lambda candidate: (_value(candidate, chosen), -candidate.hit.rank, -candidate.order))
        if len(chosen) >= _ENOUGH and _value(best, chosen) < _GOOD_VALUE:
            break
        chosen.append(best)
        left.remove(best)
    return sorted(chosen, key=lambda candidate: -candidate.score)


def _value(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    same_document = sum(candidate.document == other.document for other in chosen)
    repeated = max((_likeness(candidate, other) for other in chosen), default=0.0)
    return candidate.score - _SAME_DOCUMENT * same_document - _SAME_WORDS * repeated


def _likeness(one: _Candidate, other: _Candidate) -> float:
    """Share of common terms. The same test on another date repeats its words and is news all the same."""
    dates = (one.hit.passage.document_date, other.hit.passage.document_date)
    if all(dates) and dates[0] != dates[1] and one.hit.passage.patient_id is not None:
        return 0.0
    union = len(one.tokens | other.tokens)
    return len(one.tokens & other.tokens) / union if union else 0.0
