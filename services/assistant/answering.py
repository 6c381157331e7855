"""Answer a question from retrieved evidence: search, let the model answer from the passages, verify, and say what is not certain.

One generator, `Assistant.answer_stream`, is the only path; `answer` reads it to its end. So a streamed and a plain answer
carry the same citations. Without a key, or when the model fails before its first word, the answer is made of quotations
(`quotations.py`) and says so. A failed search is an error, never an empty answer.

NOTE: one question, one reply. Tools come in through `ModelRequest`; until they do, a reply that asks for one is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from services.access.principals import Principal
from services.assistant.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    AnswerState,
    AnswerWarning,
    Failed,
    Finished,
    Searched,
    TextDelta,
    Turn,
    WarningKind,
)
from services.assistant.drafting import Draft, Reply
from services.assistant.grounding import Grounding
from services.assistant.history import search_text, trim_history
from services.assistant.language_model import BlockDone, Ended, LanguageModel, ModelRequest, Stopped, Text, ToolRequested
from services.assistant.prompts import PROMPT_VERSION, messages, system_blocks
from services.assistant.quotations import QUOTATION_VERSION, insufficient, notice, quote
from services.errors import InvalidInputError, LanguageModelError
from services.evidence.passages import SearchResult

MAX_QUESTION, MAX_CONTEXT = 4_000, 8_000
MAX_TOP_K = 50

_QUOTATIONS = "These are word-for-word quotations from the best matching sources, not an interpretation."
_STOP_REASONS = {
    "max_tokens": (WarningKind.INCOMPLETE, "the answer reached its length limit and is cut off"),
    "model_context_window_exceeded": (
        WarningKind.INCOMPLETE, "the answer is cut off: question and evidence fill the context of the language model"
    ),
    "pause_turn": (WarningKind.INCOMPLETE, "the language model paused and did not finish its answer"),
    "tool_use": (WarningKind.INCOMPLETE, "the language model asked for a tool instead of finishing its answer; no tool was run"),
    "refusal": (WarningKind.REFUSED, "the language model declined to answer this question"),
}


class EvidenceSource(Protocol):
    """What the assistant needs of the search (`services.evidence.search.EvidenceSearch`).

    Which patients the caller may see is decided there, from `access`.
    """

    def search(
        self, question: str, *, patient_id: str | None = None, collections: Sequence[str] = (), top_k: int = 5, access: Principal
    ) -> SearchResult: ...


class Assistant:
    """Answers questions. Holds no state between them; safe for use from several threads."""

    def __init__(self, search: EvidenceSource, model: LanguageModel) -> None:
        self._search = search
        self._model = model

    def close(self) -> None:
        """Close the connections to the language model."""
        self._model.close()

    @property
    def model_available(self) -> bool:
        """True when a key is configured; without one every answer is made of quotations."""
        return self._model.available

    def answer(
        self,
        question: str,
        *,
        access: Principal,
        patient_id: str | None = None,
        patient_context: str | None = None,
        collections: Sequence[str] = (),
        top_k: int = 5,
        history: Sequence[Turn] = (),
        quote_on_failure: bool = True,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Return the whole answer; same inputs and errors as `answer_stream`.

        An answer that broke off is returned with state incomplete and its reason in `error`.

        :raise LanguageModelError: the model failed and there is nothing to show.
        """
        for event in self.answer_stream(
            question, access=access, patient_id=patient_id, patient_context=patient_context, collections=collections,
            top_k=top_k, history=history, quote_on_failure=quote_on_failure, should_stop=should_stop,
        ):
            if isinstance(event, Failed) and event.answer.state is AnswerState.FAILED:
                raise event.error
            if isinstance(event, Finished | Failed):
                return event.answer
        raise AssertionError("an answer stream ends with Finished or Failed")

    def answer_stream(
        self,
        question: str,
        *,
        access: Principal,
        patient_id: str | None = None,
        patient_context: str | None = None,
        collections: Sequence[str] = (),
        top_k: int = 5,
        history: Sequence[Turn] = (),
        quote_on_failure: bool = True,
        should_stop: Callable[[], bool] = lambda: False,
        on_end: Callable[[Answer], None] = lambda _: None,
    ) -> Iterator[AnswerEvent]:
        """Yield `Searched`, then text, segments and warnings as they come, and last `Finished` or `Failed`.

        `top_k` counts passages per collection. `history` is oldest first; when it is too long its oldest turns are left out.
        With `quote_on_failure` an answer whose model failed before the first word is made of quotations instead of failing.
        `on_end` gets the answer just before its last event, and also, as stopped, when the events are no longer read.

        :raise InvalidInputError: no question, or a text or number outside its limits.
        :raise StoreUnavailableError: the search is down. Other errors of the search pass through as well.
        """
        question = _checked(question, patient_context, top_k)
        query = search_text(question, history)
        result = self._search.search(query, patient_id=patient_id, collections=tuple(collections), top_k=top_k, access=access)
        yield Searched(result, query)
        grounding = Grounding(result.hits, patient_id=patient_id)
        failure: str | None = None
        noticed: list[AnswerWarning] = []
        if self._model.available and grounding.passages:
            kept, trimmed = trim_history(history)
            draft = Draft(result, AnswerMode.LLM, self._model.model, PROMPT_VERSION, grounding, on_end, warnings=noticed)
            if trimmed:
                yield draft.warn(WarningKind.HISTORY_TRIMMED, "The language model saw only the latest part of this conversation.")
            request = ModelRequest(system_blocks(), messages(
                question,
                search_results=grounding.blocks(),
                history=kept,
                patient_context=(patient_context or "").strip() or None,
                about_patient=patient_id is not None,
            ))
            failure = yield from self._from_model(request, draft, should_stop, may_quote=quote_on_failure)
            if failure is None:
                return
        grounding = Grounding(result.hits, patient_id=patient_id)  # anew: the numbers start at 1
        quoting = Draft(result, AnswerMode.EVIDENCE_ONLY, None, QUOTATION_VERSION, grounding, on_end, warnings=noticed)
        yield from self._from_quotations(query, quoting, patient_id, failure)

    def _from_model(
        self, request: ModelRequest, draft: Draft, should_stop: Callable[[], bool], *, may_quote: bool
    ) -> Generator[AnswerEvent, None, str | None]:
        """Stream the reply of the model. Returns why nothing came, when quotations may stand in; None when the answer ended."""
        reply = Reply(draft)
        yield from draft.new_warnings()
        try:
            with closing(self._model.stream(request, should_stop=should_stop)) as events:
                for event in events:
                    match event:
                        case Text(text):
                            yield from reply.text(text)
                        case BlockDone(citations):
                            yield from reply.block(citations)
                        case ToolRequested():
                            yield draft.warn(WarningKind.TOOL_IGNORED, "The language model asked for a tool; none was run.")
                        case Stopped():
                            yield from reply.close()
                            yield Finished(draft.conclude(AnswerState.STOPPED))
                            return None
                        case Ended(stop_reason, usage):
                            draft.usage = usage
                            if reply.started:
                                yield from reply.close()
                                yield from _finished(draft, stop_reason)
                                return None
                            raise LanguageModelError(_nothing_said(stop_reason), retryable=stop_reason != "refusal")
        except GeneratorExit:
            for _ in reply.close():  # nobody reads on, but the draft must hold all that was shown
                pass
            draft.conclude(AnswerState.STOPPED)
            raise
        except LanguageModelError as error:
            if may_quote and not reply.started:
                return error.message
            yield from reply.close()
            if reply.started:
                yield draft.warn(WarningKind.INCOMPLETE, f"This answer is incomplete: {error.message}.")
            yield Failed(error, draft.conclude(AnswerState.INCOMPLETE if reply.started else AnswerState.FAILED, error.message))
        return None

    def _from_quotations(
        self, query: str, draft: Draft, patient_id: str | None, failure: str | None
    ) -> Iterator[AnswerEvent]:
        yield from draft.new_warnings()
        reason = ""
        if failure is not None:
            reason = f"No answer from the language model ({failure})."
            yield draft.warn(WarningKind.LANGUAGE_MODEL_FAILED, reason)
        elif not self._model.available:
            reason = "No language model is configured."
            yield draft.warn(WarningKind.NO_LANGUAGE_MODEL, reason)
        quotes = quote(draft.evidence.question or query, draft.evidence, draft.grounding, patient_id=patient_id)
        opening = [notice(f"{reason} {_QUOTATIONS if quotes else ''}".strip() + "\n\n")] if reason or quotes else []
        segments = [*opening, *(quotes or [insufficient(draft.evidence)])]
        done = [draft.add(segment) for segment in segments]
        answer = draft.conclude(AnswerState.COMPLETE)
        for event in done:
            yield TextDelta(event.segment.text)
            yield event
        yield Finished(answer)


def _checked(question: str, patient_context: str | None, top_k: int) -> str:
    question = question.strip()
    if not question:
        raise InvalidInputError("the question is empty: write one")
    if len(question) > MAX_QUESTION:
        raise InvalidInputError(f"the question has {len(question)} characters; at most {MAX_QUESTION} are accepted")
    if patient_context and len(patient_context) > MAX_CONTEXT:
        raise InvalidInputError(f"patient_context has {len(patient_context)} characters; at most {MAX_CONTEXT} are accepted")
    if not 1 <= top_k <= MAX_TOP_K:
        raise InvalidInputError(f"top_k is {top_k}; it must be from 1 to {MAX_TOP_K}")
    return question


def _finished(draft: Draft, stop_reason: str) -> Iterator[AnswerWarning | Finished]:
    unsupported = sum(segment.uncited for segment in draft.segments)
    if unsupported:
        sentences = "1 sentence of this answer has" if unsupported == 1 else f"{unsupported} sentences of this answer have"
        yield draft.warn(WarningKind.UNCITED, f"{sentences} no source: treat as unverified.")
    if stop_reason in ("end_turn", "stop_sequence"):
        yield Finished(draft.conclude(AnswerState.COMPLETE))
        return
    kind, reason = _STOP_REASONS.get(stop_reason, (WarningKind.INCOMPLETE, "the language model did not finish its answer"))
    yield draft.warn(kind, f"This answer is incomplete: {reason}.")
    yield Finished(draft.conclude(AnswerState.INCOMPLETE, reason))


def _nothing_said(stop_reason: str) -> str:
    if stop_reason in _STOP_REASONS:
        return _STOP_REASONS[stop_reason][1]
    return "the language model gave an empty answer"
