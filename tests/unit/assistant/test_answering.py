from __future__ import annotations

import time
from typing import Any

import pytest

from services.access.principals import LOCAL_USER
from services.assistant.answering import MAX_QUESTION, Assistant
from services.assistant.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    AnswerState,
    Failed,
    Finished,
    Searched,
    SegmentDone,
    SegmentOrigin,
    TextDelta,
    Turn,
    WarningKind,
)
from services.assistant.language_model import LanguageModel
from services.assistant.prompts import PROMPT_VERSION
from services.errors import InvalidInputError, LanguageModelError, StoreUnavailableError
from tests.fakes import messages_api as fake
from tests.fakes.messages_api import MessagesApi
from tests.unit.assistant.conftest import MakeModel
from tests.unit.assistant.shelf import KNOWLEDGE, LAB_TABLE, NOTE, OTHER_PATIENT, PATIENT, RECORD, Shelf, found

QUESTION = "When did C3 fall?"


@pytest.fixture
def assistant(model: LanguageModel) -> Assistant:
    return Assistant(Shelf(found(*RECORD)), model)


def ask(assistant: Assistant, **more: Any) -> list[AnswerEvent]:
    return list(assistant.answer_stream(QUESTION, patient_id=PATIENT, access=LOCAL_USER, **more))


def last(events: list[AnswerEvent]) -> Answer:
    assert isinstance(events[-1], Finished | Failed)
    return events[-1].answer


def kinds(answer: Answer) -> set[WarningKind]:
    return {warning.kind for warning in answer.warnings}


def test_an_answer_is_streamed_with_verified_citations(assistant: Assistant) -> None:
    events = ask(assistant)
    answer = last(events)
    assert isinstance(events[0], Searched)
    assert answer.state is AnswerState.COMPLETE
    assert answer.mode is AnswerMode.LLM
    assert (answer.model, answer.prompt_version) == ("claude-test", PROMPT_VERSION)
    assert [citation.number for citation in answer.citations] == [1, 2, 3]
    assert all(segment.citations for segment in answer.segments)
    for citation in answer.citations:
        stored = next(passage for passage in RECORD if passage.source_uri == citation.source_uri)
        assert citation.cited_text in stored.text
    assert answer.usage.cache_read == 900


def test_the_order_of_text_and_citation_deltas_does_not_matter(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.extend([fake.cited_answer(citations_first=True), fake.cited_answer(citations_first=False)])
    assert last(ask(assistant)).segments == last(ask(assistant)).segments


def test_text_arrives_before_its_segment_is_closed(assistant: Assistant) -> None:
    events = ask(assistant)
    first_text = next(index for index, event in enumerate(events) if isinstance(event, TextDelta))
    first_segment = next(index for index, event in enumerate(events) if isinstance(event, SegmentDone))
    assert first_text < first_segment


def test_a_plain_answer_is_the_streamed_answer(api: MessagesApi, assistant: Assistant) -> None:
    streamed = last(ask(assistant))
    plain = assistant.answer(QUESTION, patient_id=PATIENT, access=LOCAL_USER)
    assert plain == streamed


def test_the_search_gets_what_the_caller_asked_for(model: LanguageModel) -> None:
    shelf = Shelf(found(*RECORD))
    Assistant(shelf, model).answer(
        QUESTION, patient_id=PATIENT, collections=("autoimmune_patient_labs",), top_k=8, access=LOCAL_USER
    )
    assert shelf.asked == [{
        "question": QUESTION, "patient_id": PATIENT, "collections": ("autoimmune_patient_labs",), "top_k": 8,
        "access": LOCAL_USER,
    }]


@pytest.mark.parametrize(
    ("responder", "invented"), [(fake.unknown_source(), "Anifrolumab"), (fake.altered_text(), "C3 was normal")]
)
def test_an_invented_citation_leaves_its_sentence_uncited(
    api: MessagesApi, assistant: Assistant, responder: fake.Responder, invented: str
) -> None:
    api.plan.append(responder)
    answer = last(ask(assistant))
    assert answer.citations == ()
    assert [segment.uncited for segment in answer.segments] == [True]
    assert answer.segments[0].text.startswith(invented)
    assert kinds(answer) == {WarningKind.CITATION_DROPPED, WarningKind.UNCITED}


def test_a_passage_of_another_patient_is_never_sent(api: MessagesApi, model: LanguageModel) -> None:
    answer = Assistant(Shelf(found(OTHER_PATIENT, NOTE)), model).answer(QUESTION, patient_id=PATIENT, access=LOCAL_USER)
    assert OTHER_PATIENT.text.encode() not in api.log[0].raw
    assert WarningKind.FOREIGN_PASSAGE in kinds(answer)


def test_a_search_that_is_down_is_an_error_and_not_an_empty_answer(api: MessagesApi, model: LanguageModel) -> None:
    down = Assistant(Shelf(found(), error=StoreUnavailableError("the vector store does not answer")), model)
    with pytest.raises(StoreUnavailableError):
        ask(down)
    with pytest.raises(StoreUnavailableError):
        down.answer(QUESTION, access=LOCAL_USER)
    assert api.log == []


def test_without_evidence_the_model_is_not_asked(api: MessagesApi, model: LanguageModel) -> None:
    answer = Assistant(Shelf(found()), model).answer(QUESTION, access=LOCAL_USER)
    assert answer.text.startswith("Insufficient evidence")
    assert "Clinical documents, Flare predictors" in answer.text
    assert answer.model is None
    assert api.log == []


def test_without_a_key_the_answer_is_quoted_and_says_so(
    api: MessagesApi, make_model: MakeModel
) -> None:
    answer = last(ask(Assistant(Shelf(found(*RECORD)), make_model(api.url, key=None))))
    assert answer.mode is AnswerMode.EVIDENCE_ONLY
    assert answer.model is None
    assert answer.text.startswith("No language model is configured. These are word-for-word quotations")
    assert answer.citations
    assert api.log == []


def test_a_failure_before_the_first_word_is_answered_with_quotations(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.key_refused())
    answer = last(ask(assistant))
    assert answer.mode is AnswerMode.EVIDENCE_ONLY
    assert answer.state is AnswerState.COMPLETE
    assert "ANTHROPIC_API_KEY" in answer.text
    assert WarningKind.LANGUAGE_MODEL_FAILED in kinds(answer)
    assert answer.citations


def test_a_failure_before_the_first_word_fails_when_the_caller_wants_no_quotations(
    api: MessagesApi, assistant: Assistant
) -> None:
    api.plan.extend([fake.key_refused(), fake.key_refused()])
    events = ask(assistant, quote_on_failure=False)
    assert isinstance(events[-1], Failed)
    assert events[-1].answer.state is AnswerState.FAILED
    with pytest.raises(LanguageModelError):
        assistant.answer(QUESTION, access=LOCAL_USER, quote_on_failure=False)


@pytest.mark.parametrize("responder", [fake.error_midstream(), fake.dropped_connection(), fake.no_stop_reason("C3 was low and ")])
def test_an_answer_that_breaks_off_keeps_its_text_and_is_incomplete(
    api: MessagesApi, assistant: Assistant, responder: fake.Responder
) -> None:
    api.plan.append(responder)
    events = ask(assistant)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, LanguageModelError)
    assert events[-1].error.retryable
    answer = events[-1].answer
    assert answer.state is AnswerState.INCOMPLETE
    assert answer.text == "C3 was low and "
    assert answer.error
    assert WarningKind.INCOMPLETE in kinds(answer)


def test_a_citation_of_a_block_that_never_closed_is_not_trusted(api: MessagesApi, assistant: Assistant) -> None:
    def broken(exchange: fake.Exchange) -> None:
        exchange.start()
        exchange.open_block(0)
        citation = fake.location(exchange.request.search_results()[0], 0, 0, 1)
        for delta in ({"type": "citations_delta", "citation": citation}, {"type": "text_delta", "text": "C3 is low, so"}):
            exchange.event({"type": "content_block_delta", "index": 0, "delta": delta})

    api.plan.append(broken)
    answer = last(ask(assistant))
    assert [(segment.text, segment.uncited) for segment in answer.segments] == [("C3 is low, so", True)]


@pytest.mark.parametrize(
    ("stop_reason", "kind"),
    [
        ("max_tokens", WarningKind.INCOMPLETE),
        ("model_context_window_exceeded", WarningKind.INCOMPLETE),
        ("pause_turn", WarningKind.INCOMPLETE),
        ("refusal", WarningKind.REFUSED),
        ("a_reason_of_next_year", WarningKind.INCOMPLETE),
    ],
)
def test_only_a_reply_that_came_to_its_end_is_complete(
    api: MessagesApi, assistant: Assistant, stop_reason: str, kind: WarningKind
) -> None:
    api.plan.append(fake.text_answer("C3 was low and then", stop_reason=stop_reason))
    answer = last(ask(assistant))
    assert answer.state is AnswerState.INCOMPLETE
    assert kind in kinds(answer)
    assert "incomplete" in answer.with_markers()


def test_a_refusal_without_a_word_is_answered_with_quotations(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.text_answer(stop_reason="refusal"))
    answer = last(ask(assistant))
    assert answer.mode is AnswerMode.EVIDENCE_ONLY
    assert "declined" in answer.text


def test_an_empty_reply_is_not_a_complete_answer(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.text_answer("  \n "))
    events = ask(assistant, quote_on_failure=False)
    assert isinstance(events[-1], Failed)
    assert "empty" in events[-1].error.message


def test_a_stop_keeps_the_text_and_the_state_says_stopped(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.slow_stream(words=400, pause_s=0.02))
    shown: list[str] = []
    started = time.monotonic()
    for event in assistant.answer_stream(QUESTION, access=LOCAL_USER, should_stop=lambda: len(shown) >= 5):
        if isinstance(event, TextDelta):
            shown.append(event.text)
    assert time.monotonic() - started < 3
    assert isinstance(event, Finished)
    assert event.answer.state is AnswerState.STOPPED
    assert event.answer.text == "".join(shown)
    assert "word0 word1" in event.answer.text
    assert "stopped" in event.answer.with_markers()


def test_a_stop_before_the_first_word_is_not_answered_with_quotations(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.silent(3))
    answer = last(ask(assistant, should_stop=lambda: True))
    assert answer.state is AnswerState.STOPPED
    assert answer.segments == ()


def test_an_asked_for_tool_is_reported_and_not_run(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.tool_call("delete_patient", {"id": PATIENT}, text="I will clean up. "))
    answer = last(ask(assistant))
    assert {WarningKind.TOOL_IGNORED, WarningKind.INCOMPLETE} <= kinds(answer)
    assert len(api.log) == 1


def test_uncited_sentences_are_counted(api: MessagesApi, assistant: Assistant) -> None:
    api.plan.append(fake.text_answer("This is lupus nephritis. It is class IV."))
    answer = last(ask(assistant))
    assert sum(segment.uncited for segment in answer.segments) == 2
    assert "2 sentences of this answer have no source: treat as unverified." in [warning.message for warning in answer.warnings]


def test_earlier_turns_reach_the_model_without_citations(api: MessagesApi, assistant: Assistant) -> None:
    ask(assistant, history=[Turn("user", "Which tests were done?"), Turn("assistant", "Complement and anti-dsDNA.")])
    sent = api.log[0].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert not any("citations" in block for message in sent[:2] for block in message["content"])


def test_only_search_results_of_a_user_turn_speak_of_citations(api: MessagesApi, assistant: Assistant) -> None:
    ask(assistant)
    for block in api.log[0].body["messages"][-1]["content"]:
        assert (block.get("citations") == {"enabled": True}) is (block["type"] == "search_result")


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "   "}, {"question": "x" * (MAX_QUESTION + 1)}, {"question": "C3?", "top_k": 0},
        {"question": "C3?", "top_k": 51}, {"question": "C3?", "patient_context": "x" * 8_001},
    ],
)
def test_what_cannot_be_answered_is_refused_before_the_search(model: LanguageModel, wrong: dict[str, Any]) -> None:
    shelf = Shelf(found(*RECORD))
    with pytest.raises(InvalidInputError):
        Assistant(shelf, model).answer(**wrong, access=LOCAL_USER)
    assert shelf.asked == []


def test_markers_and_sources_make_a_text_that_can_be_checked_elsewhere(api: MessagesApi, assistant: Assistant) -> None:
    text = assistant.answer(QUESTION, patient_id=PATIENT, access=LOCAL_USER).with_markers()
    assert "61 mg/dL 90-180 L. [1] " in text
    assert "[1] Laboratory report, 2021-09-14, page 1 (autoimmune_clinical_documents/lab-1-p1-0)" in text


def test_a_marker_never_completes_a_link(api: MessagesApi, assistant: Assistant) -> None:
    def close(exchange: fake.Exchange) -> None:
        results = exchange.request.search_results()
        fake.blocks_answer(
            ("C3 is low.", [fake.location(results[0], 0, 1, 2)]), ("(http://evil.example/?q=1) C4 is low too, it seems.", [])
        )(exchange)

    api.plan.append(close)
    assert "](" not in assistant.answer(QUESTION, access=LOCAL_USER).with_markers()


def test_the_end_is_told_once_also_when_nobody_reads_on(api: MessagesApi, assistant: Assistant) -> None:
    ended: list[Answer] = []
    ask(assistant, on_end=ended.append)
    assert [answer.state for answer in ended] == [AnswerState.COMPLETE]
    for event in assistant.answer_stream(QUESTION, access=LOCAL_USER, on_end=ended.append):
        if isinstance(event, Finished):
            break
    assert [answer.state for answer in ended] == [AnswerState.COMPLETE] * 2

    api.plan.append(fake.slow_stream(words=100, pause_s=0.02))
    events = assistant.answer_stream(QUESTION, access=LOCAL_USER, on_end=ended.append)
    shown = [event.text for event in (next(events) for _ in range(5)) if isinstance(event, TextDelta)]
    events.close()  # type: ignore[attr-defined] # a generator: the reader went away
    assert ended[-1].state is AnswerState.STOPPED
    assert ended[-1].text == "".join(shown)
    assert len(ended) == 3


def test_notices_are_no_statements_about_the_patient(make_model: MakeModel) -> None:
    answer = last(ask(Assistant(Shelf(found(LAB_TABLE, KNOWLEDGE)), make_model(None, key=None))))
    assert not any(segment.uncited for segment in answer.segments)
    assert all(segment.citations or segment.origin is SegmentOrigin.NOTICE for segment in answer.segments)
