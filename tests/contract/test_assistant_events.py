"""What every answer promises, whatever the model does: one suite run over every behaviour of the Messages API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services.access.principals import LOCAL_USER
from services.assistant.answering import Assistant
from services.assistant.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    AnswerState,
    AnswerWarning,
    Failed,
    Finished,
    Searched,
    SegmentDone,
    SegmentOrigin,
    TextDelta,
)
from services.assistant.language_model import LanguageModel
from tests.fakes import messages_api as fake
from tests.fakes.messages_api import MessagesApi
from tests.unit.assistant.shelf import PATIENT, RECORD, Shelf, found

BEHAVIOURS: dict[str, Callable[[], fake.Responder]] = {
    "cited": fake.cited_answer,
    "cited, citations before the text": lambda: fake.cited_answer(citations_first=True),
    "cited after a lead-in": lambda: fake.cited_answer(lead_in="In summary, "),
    "uncited": lambda: fake.text_answer("This is lupus. ", "So it is."),
    "cut off at its limit": lambda: fake.text_answer("This is lu", stop_reason="max_tokens"),
    "refused": lambda: fake.text_answer(stop_reason="refusal"),
    "refused half way": lambda: fake.text_answer("This is", stop_reason="refusal"),
    "empty": fake.text_answer,
    "key refused": fake.key_refused,
    "error in the stream": fake.error_midstream,
    "dropped": fake.dropped_connection,
    "dropped before the first word": lambda: fake.dropped_connection(""),
    "no stop reason": fake.no_stop_reason,
    "source never retrieved": fake.unknown_source,
    "cited text altered": fake.altered_text,
    "asks for a tool": lambda: fake.tool_call("export", {}, text="One moment. "),
    "asks for a tool only": lambda: fake.tool_call("export", {}),
    "blank before the words": lambda: fake.text_answer("\n\n", "  C3 is low."),
    "markdown of all kinds": lambda: fake.text_answer("## Head\n\n- one ![x](http://evil.example/a)\n- two [3]\n|a|b|\n", "[x]("),
}


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as server:
        yield server


@pytest.fixture
def model(api: MessagesApi) -> Iterator[LanguageModel]:
    made = LanguageModel(model="claude-test", api_key="test-key", base_url=api.url)
    yield made
    made.close()


@pytest.fixture(params=[None, *BEHAVIOURS])
def events(request: pytest.FixtureRequest, api: MessagesApi, model: LanguageModel) -> list[AnswerEvent]:
    """The events of one answer; without a model for the parameter None."""
    if request.param is None:
        model = LanguageModel(model="claude-test", api_key=None)
    else:
        api.default = BEHAVIOURS[request.param]()
    assistant = Assistant(Shelf(found(*RECORD)), model)
    return list(assistant.answer_stream("When did C3 fall?", patient_id=PATIENT, access=LOCAL_USER))


def answer_of(events: list[AnswerEvent]) -> Answer:
    assert isinstance(events[-1], Finished | Failed)
    return events[-1].answer


def test_the_first_event_is_the_search_and_only_the_last_ends_the_answer(events: list[AnswerEvent]) -> None:
    assert [isinstance(event, Searched) for event in events] == [True] + [False] * (len(events) - 1)
    assert [isinstance(event, Finished | Failed) for event in events] == [False] * (len(events) - 1) + [True]


def test_the_text_shown_the_segments_and_the_answer_are_the_same(events: list[AnswerEvent]) -> None:
    answer = answer_of(events)
    segments = tuple(event.segment for event in events if isinstance(event, SegmentDone))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == answer.text
    assert segments == answer.segments


def test_every_warning_shown_is_kept_with_the_answer(events: list[AnswerEvent]) -> None:
    shown = [event for event in events if isinstance(event, AnswerWarning)]
    assert [warning for warning in shown if warning in answer_of(events).warnings] == shown
    assert set(answer_of(events).warnings) == set(shown)


def test_every_citation_stands_in_a_retrieved_passage_and_numbers_run_from_one(events: list[AnswerEvent]) -> None:
    answer = answer_of(events)
    stored = {passage.source_uri: "".join(passage.text.split()) for passage in RECORD}
    for citation in answer.citations:
        assert "".join(citation.cited_text.split()) in stored[citation.source_uri]
        assert citation.patient_id in (None, PATIENT)
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert {citation for segment in answer.segments for citation in segment.citations} == set(answer.citations)


def test_only_an_answer_that_reached_its_end_is_complete(events: list[AnswerEvent]) -> None:
    answer = answer_of(events)
    assert (answer.state is AnswerState.COMPLETE) == (isinstance(events[-1], Finished) and answer.error is None)
    if isinstance(events[-1], Failed):
        assert answer.state in (AnswerState.INCOMPLETE, AnswerState.FAILED)


def test_quotations_and_words_of_the_model_are_never_mixed(events: list[AnswerEvent]) -> None:
    answer = answer_of(events)
    origins = {segment.origin for segment in answer.segments}
    if answer.mode is AnswerMode.EVIDENCE_ONLY:
        assert answer.model is None
        assert SegmentOrigin.MODEL not in origins
        assert not any(segment.uncited for segment in answer.segments)
    else:
        assert answer.model == "claude-test"
        assert origins == {SegmentOrigin.MODEL}


def test_nothing_shown_can_fetch_or_link(events: list[AnswerEvent]) -> None:
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert not any(sign in text for sign in ("![", "](", "]:", "://", "<img"))
