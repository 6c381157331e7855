"""Ground an answer: give the model the passages in pieces it can cite, and believe no citation without looking it up.

`Grounding` holds the passages of one answer. It makes the `search_result` blocks (one sentence per text block, because the API
cites whole blocks), checks every citation that comes back against the passage it names, and numbers the good ones. `Segmenter`
joins the blocks of the reply to sentences and decides which citations support which piece.

NOTE: `search_result_index` counts over all messages of a request, so passages are found by `source`, never by index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from services.assistant.answers import AnswerSegment, AnswerWarning, Citation, SegmentOrigin, WarningKind
from services.assistant.language_model import RawCitation
from services.evidence.documents.sentences import spans
from services.evidence.passages import Hit, Passage, Tier

MAX_PASSAGES = 24
MAX_EVIDENCE_CHARACTERS = 80_000
_MAX_TITLE = 300
# Words that introduce or join without stating anything. An uncited part of a sentence with two or more other words is a
# clause of its own; what has fewer ("In summary," or "On 12 March 2024,") belongs to the cited text beside it.
_JOINING_WORDS = (
    "the and but was were are has had have been that this these those there which with from for than then also while whereas "
    "according based report reports record records result results evidence note notes document documents study studies summary "
    "laboratory clinical patient patients her his their its both respectively overall including per see shows showed states "
    "stated says after before during until since between january february march april may june july august september october "
    "november december dated date reported documented measured found listed"
)
_JOINING = frozenset(_JOINING_WORDS.split())
_SENTENCE_END = re.compile(r"[.!?][\"')\]”’*]{0,3}\s+$")
_WORD = re.compile(r"[^\W\d_]{3,}")


def pieces(text: str) -> tuple[str, ...]:
    """Return the sentences, table rows and header lines of a passage in order, each with the white space that follows it.

    Their join is `text`: a citation must stand word for word in the stored passage, so nothing may be normalised away.
    """
    return _cut(text, [span.start for span in spans(text)])


def segments(text: str) -> tuple[str, ...]:
    """Return the sentences of a reply, in which a line break always ends one; their join is `text`."""
    starts: list[int] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        starts += [offset + span.start for span in spans(line)]
        offset += len(line)
    return _cut(text, starts)


def _cut(text: str, starts: list[int]) -> tuple[str, ...]:
    bounds = [0, *starts[1:], len(text)]
    return tuple(text[start:end] for start, end in pairwise(bounds) if end > start)


class Grounding:
    """The passages an answer may rest on, and the citations made so far.

    `patient_id` is the patient the question is about, or None. A passage of another patient is left out, whatever the search
    returned: `warnings` then says so.
    """

    def __init__(self, hits: Iterable[Hit], *, patient_id: str | None) -> None:
        self.warnings: list[AnswerWarning] = []
        self._passages: dict[str, Passage] = {}
        self._records: dict[str, str] = {}
        self._citations: dict[tuple[str, str], Citation] = {}
        budget = MAX_EVIDENCE_CHARACTERS
        foreign = False
        for hit in sorted(hits, key=lambda hit: hit.rank):
            passage = hit.passage
            if patient_id is not None and passage.patient_id not in (None, patient_id):
                foreign = True
                continue
            budget -= len(passage.text)
            if len(self._passages) == MAX_PASSAGES or (budget < 0 and self._passages):
                break
            if passage.text.strip():
                self._passages.setdefault(passage.source_uri, passage)
        if foreign:
            self.warnings.append(AnswerWarning(
                WarningKind.FOREIGN_PASSAGE, "The search returned a passage of another patient; it was left out of this answer."
            ))
        self._single_patient = patient_id is not None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The verified citations in the order of their numbers."""
        return tuple(self._citations.values())

    @property
    def passages(self) -> tuple[Passage, ...]:
        return tuple(self._passages.values())

    def blocks(self) -> list[dict[str, Any]]:
        """Return the `search_result` blocks, citations enabled on all of them (the API wants one setting for all)."""
        return [
            {
                "type": "search_result",
                "source": source,
                "title": self._title(passage),
                "content": [{"type": "text", "text": piece} for piece in pieces(passage.text)],
                "citations": {"enabled": True},
            }
            for source, passage in self._passages.items()
        ]

    def verify(self, raw: RawCitation) -> Citation | None:
        """Return the numbered citation, or None when its source was not retrieved or the text does not stand there.

        White space is not compared: the API joins blocks. The same text cited again keeps its number.
        """
        passage = self._passages.get(raw.source)
        cited = _squeeze(raw.cited_text)
        if passage is None or not cited or cited not in _squeeze(passage.text):
            self.warnings.append(_dropped(known=passage is not None))
            return None
        return self.cite(passage, raw.cited_text.strip())

    def cite(self, passage: Passage, text: str) -> Citation:
        """Return the citation of `text`, which the caller took from `passage`, with its number in this answer."""
        key = (passage.source_uri, _squeeze(text))
        if key not in self._citations:
            self._citations[key] = Citation(
                number=len(self._citations) + 1,
                source_uri=passage.source_uri,
                collection=passage.collection,
                passage_id=passage.id,
                document_id=passage.document_id,
                page=passage.page,
                title=passage.title,
                cited_text=text,
                patient_id=passage.patient_id,
                document_date=passage.document_date,
            )
        return self._citations[key]

    def _title(self, passage: Passage) -> str:
        """What the model may know of a passage: its kind, title, section, date and page; no identifier of the patient."""
        parts = [passage.title]
        if passage.section and passage.section not in passage.title:
            parts.append(passage.section)
        if passage.document_date:
            parts.append(f"dated {passage.document_date}")
        if passage.page is not None:
            parts.append(f"page {passage.page}")
        return f"{self._kind(passage)}: {', '.join(parts)}"[:_MAX_TITLE]

    def _kind(self, passage: Passage) -> str:
        if passage.patient_id is None:
            return "General knowledge" if passage.tier is Tier.CURATED else "Uploaded general document"
        if self._single_patient:
            return "Patient record"
        # Without a patient the results may come from several people. A letter keeps them apart and names nobody.
        letter = self._records.setdefault(passage.patient_id, _letter(len(self._records)))
        return f"Record of patient {letter}"


class Segmenter:
    """Joins the text blocks of a reply to sentence-sized segments with their citations. One per answer, fed in order."""

    def __init__(self) -> None:
        self._spans: list[tuple[str, tuple[Citation, ...]]] = []

    def add(self, text: str, citations: Sequence[Citation]) -> list[AnswerSegment]:
        """Take one closed block; return the segments that are certainly finished."""
        if text:
            self._spans.append((text, tuple(citations)))
        sentences = self._sentences()
        if sentences and not sentences[-1].endswith("\n"):
            sentences = sentences[:-1]  # the next block may go on with it
        return [segment for sentence in sentences for segment in _clauses(self._take(len(sentence)))]

    def flush(self) -> list[AnswerSegment]:
        """Return what is left at the end of the reply."""
        return [segment for sentence in self._sentences() for segment in _clauses(self._take(len(sentence)))]

    def _sentences(self) -> tuple[str, ...]:
        """The sentences of the open blocks. A block that ends like a sentence ends one: "flagged L." is no initial there."""
        groups = [""]
        for text, _ in self._spans:
            if _SENTENCE_END.search(groups[-1]):
                groups.append("")
            groups[-1] += text
        return tuple(sentence for group in groups for sentence in segments(group))

    def _take(self, length: int) -> list[tuple[str, tuple[Citation, ...]]]:
        taken: list[tuple[str, tuple[Citation, ...]]] = []
        while length > 0:
            text, citations = self._spans.pop(0)
            taken.append((text[:length], citations))
            if len(text) > length:
                self._spans.insert(0, (text[length:], citations))
            length -= len(text)
        return taken


def _clauses(spans: list[tuple[str, tuple[Citation, ...]]]) -> list[AnswerSegment]:
    """Make one segment of a sentence, or more where a whole clause of it has no citation.

    Otherwise an unsupported claim could ride on the citation of its neighbour: "C3 is low [1] and this proves nephritis."
    """
    merged: list[tuple[str, tuple[Citation, ...]]] = spans[:1]
    for text, citations in spans[1:]:
        before, known = merged[-1]
        if bool(known) == bool(citations) or not _is_clause(text if not citations else before):
            merged[-1] = (before + text, (*known, *(citation for citation in citations if citation not in known)))
        else:
            merged.append((text, citations))
    return [AnswerSegment(text, citations, SegmentOrigin.MODEL) for text, citations in merged]


def _is_clause(text: str) -> bool:
    return sum(word.lower() not in _JOINING for word in _WORD.findall(text)) >= 2


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def _dropped(*, known: bool) -> AnswerWarning:
    reason = "whose text does not stand in the source it names" if known else "to a source that was not retrieved"
    return AnswerWarning(WarningKind.CITATION_DROPPED, f"The language model gave a citation {reason}; it was removed.")
