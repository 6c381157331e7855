"""What an answer is: segments, the citations that carry them, and the events through which it grows.

An answer is never only a text. Each segment says where it comes from (the model, a quotation, or the product itself) and
which passages support it; a segment of the model without a citation is `uncited` and must look so. The joined text of the
segments is exactly the joined text of the `TextDelta` events that came before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.errors import ParatopeError
from services.evidence.passages import SearchResult


class SegmentOrigin(StrEnum):
    MODEL = "model"
    QUOTATION = "quotation"
    NOTICE = "notice"  # the product's own words about the answer; states no finding, so it needs no source


class AnswerState(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"  # broke off, or ran into a limit: what is there may lack its second half
    STOPPED = "stopped"  # by the user
    FAILED = "failed"  # nothing was answered


class AnswerMode(StrEnum):
    LLM = "llm"
    EVIDENCE_ONLY = "evidence_only"


class WarningKind(StrEnum):
    """Why an answer needs care. The values are stored and shown, so they stay stable."""

    CITATION_DROPPED = "citation_dropped"
    UNCITED = "uncited"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    TOOL_IGNORED = "tool_ignored"
    NO_LANGUAGE_MODEL = "no_language_model"
    LANGUAGE_MODEL_FAILED = "language_model_failed"
    FOREIGN_PASSAGE = "foreign_passage"
    HISTORY_TRIMMED = "history_trimmed"


@dataclass(frozen=True, slots=True)
class Citation:
    """One supporting text. `number` counts from 1 in order of first use and is stable within the answer.

    `cited_text` stands word for word in the stored passage (white space aside). `patient_id` is None for general
    knowledge; `page` is 1-based; `document_date` is ISO 8601 or None.
    """

    number: int
    source_uri: str
    collection: str
    passage_id: str
    document_id: str | None
    page: int | None
    title: str
    cited_text: str
    patient_id: str | None
    document_date: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerSegment:
    """About one sentence, inert as Markdown (see `markdown.py`), with the citations that support it."""

    text: str
    citations: tuple[Citation, ...] = ()
    origin: SegmentOrigin = SegmentOrigin.MODEL

    @property
    def uncited(self) -> bool:
        """True when the segment says something and nothing retrieved supports it."""
        return self.origin is not SegmentOrigin.NOTICE and not self.citations and any(map(str.isalnum, self.text))


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """Something the reader must know about this answer. Also an event."""

    kind: WarningKind
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as billed. `cache_read` were read from the prompt cache, `cache_write` were written to it."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its provenance. `model` is None when no language model took part.

    `prompt_version` names the prompt, or the rules of the quotations in evidence-only mode. `error` says in plain words why
    the state is failed or incomplete.
    """

    segments: tuple[AnswerSegment, ...]
    citations: tuple[Citation, ...]
    state: AnswerState
    mode: AnswerMode
    model: str | None
    prompt_version: str
    usage: Usage
    evidence: SearchResult
    warnings: tuple[AnswerWarning, ...] = ()
    error: str | None = None

    @property
    def text(self) -> str:
        """The answer without citation markers."""
        return "".join(segment.text for segment in self.segments)

    def with_markers(self) -> str:
        """Return the text with numbered markers and the list of sources: for readers without a screen of ours."""
        parts = [_marked(segment) for segment in self.segments]
        text = "".join(parts).rstrip()
        if self.state in (AnswerState.INCOMPLETE, AnswerState.STOPPED):
            text += f"\n\n(This answer is {self.state}.)"
        if self.citations:
            text += "\n\nSources:\n" + "\n".join(map(_source_line, self.citations))
        return text


def _marked(segment: AnswerSegment) -> str:
    if not segment.citations:
        return segment.text
    body = segment.text.rstrip()
    markers = "".join(f"[{citation.number}]" for citation in segment.citations)
    # The blank keeps "[1]" from touching a following "(": together they would be a live link.
    return f"{body} {markers}{segment.text[len(body):] or ' '}"


def _source_line(citation: Citation) -> str:
    where = [citation.title]
    if citation.document_date:
        where.append(citation.document_date)
    if citation.page is not None:
        where.append(f"page {citation.page}")
    return f"[{citation.number}] {', '.join(where)} ({citation.collection}/{citation.passage_id})"


@dataclass(frozen=True, slots=True)
class Searched:
    """The evidence was found; always the first event. `query` is what was searched for."""

    result: SearchResult
    query: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of text, inert as Markdown, to show at once."""

    text: str


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """A segment is closed and its citations are verified. Segments arrive in order, after their text."""

    segment: AnswerSegment


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer that came to its end, was stopped, or hit a limit: read `answer.state`."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of an answer that broke off. `answer` keeps what arrived; its state is incomplete or failed."""

    error: ParatopeError
    answer: Answer


AnswerEvent = Searched | TextDelta | SegmentDone | AnswerWarning | Finished | Failed


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message as the model sees it: plain text, no citations."""

    role: str  # "user" or "assistant"
    text: str = field(repr=False)
