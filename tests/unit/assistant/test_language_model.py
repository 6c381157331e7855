from __future__ import annotations

import time
from itertools import count

import pytest

from services.assistant.language_model import BlockDone, Ended, LanguageModel, ModelEvent, ModelRequest, Stopped, Text, Timing
from services.assistant.prompts import messages, system_blocks
from services.errors import LanguageModelError
from services.settings import Settings
from tests.fakes import messages_api as fake
from tests.fakes.messages_api import MessagesApi
from tests.unit.assistant.conftest import MakeModel

REQUEST = ModelRequest(system_blocks(), messages("When did C3 fall?", search_results=[]))


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def until_error(model: LanguageModel) -> tuple[list[ModelEvent], LanguageModelError]:
    """Everything that came before the error, and the error."""
    seen: list[ModelEvent] = []
    try:
        seen.extend(model.stream(REQUEST))  # extend keeps what came before the error
    except LanguageModelError as error:
        return seen, error
    raise AssertionError("the reply did not fail")


def test_without_a_key_nothing_is_called(api: MessagesApi, make_model: MakeModel) -> None:
    for key in (None, "", "   "):
        model = make_model(api.url, key=key)
        assert not model.available
        with pytest.raises(LanguageModelError, match="ANTHROPIC_API_KEY") as caught:
            list(model.stream(REQUEST))
        assert not caught.value.retryable
    assert api.log == []


def test_the_settings_decide_key_address_and_model(api: MessagesApi) -> None:
    settings = Settings(ANTHROPIC_API_KEY="k", ANTHROPIC_BASE_URL=api.url, llm_model="claude-other")  # type: ignore[call-arg]
    model = LanguageModel.from_settings(settings)
    api.plan.append(fake.text_answer("Yes."))
    assert text_of(list(model.stream(REQUEST))) == "Yes."
    assert api.log[0].body["model"] == "claude-other"
    assert not LanguageModel.from_settings(Settings(anthropic_api_key=None)).available
    model.close()


def test_a_whole_reply_ends_with_its_stop_reason_and_usage(api: MessagesApi, model: LanguageModel) -> None:
    api.plan.append(fake.text_answer("One. ", "Two."))
    events = list(model.stream(REQUEST))
    assert text_of(events) == "One. Two."
    assert sum(isinstance(event, BlockDone) for event in events) == 2
    assert isinstance(events[-1], Ended)
    assert events[-1].stop_reason == "end_turn"
    assert (events[-1].usage.input, events[-1].usage.output, events[-1].usage.cache_read) == (1200, 80, 900)


def test_no_sampling_settings_are_sent(api: MessagesApi, model: LanguageModel) -> None:
    list(model.stream(REQUEST))
    assert not {"temperature", "top_p", "top_k", "tools"} & api.log[0].body.keys()


@pytest.mark.parametrize(
    ("responder", "says", "retryable"),
    [
        (fake.key_refused(), "ANTHROPIC_API_KEY", False),
        (fake.http_error(403, "permission_error"), "may not use", False),
        (fake.http_error(404, "not_found_error", "model: claude-test"), "claude-test was not found", False),
        (fake.http_error(400, "invalid_request_error", "PHI in the vendor's text"), "refused the request", False),
        (fake.http_error(413, "request_too_large"), "too large", False),
    ],
)
def test_an_error_that_trying_again_cannot_cure_is_told_at_once(
    api: MessagesApi, model: LanguageModel, responder: fake.Responder, says: str, retryable: bool
) -> None:
    api.plan.append(responder)
    _, error = until_error(model)
    assert says in error.message
    assert error.retryable is retryable
    assert "PHI" not in error.message
    assert len(api.log) == 1


def test_overload_and_rate_limit_are_tried_again(api: MessagesApi, model: LanguageModel) -> None:
    api.plan.extend([fake.overloaded(), fake.rate_limited(retry_after=1), fake.text_answer("Answered.")])
    started = time.monotonic()
    assert text_of(list(model.stream(REQUEST))) == "Answered."
    assert len(api.log) == 3
    assert time.monotonic() - started >= 1


def test_lasting_overload_is_a_retryable_error(api: MessagesApi, model: LanguageModel) -> None:
    api.plan.extend([fake.overloaded()] * 3)
    _, error = until_error(model)
    assert "overloaded" in error.message
    assert error.retryable


def test_an_error_in_the_middle_of_the_stream_is_an_error_although_the_status_was_200(
    api: MessagesApi, model: LanguageModel
) -> None:
    api.plan.append(fake.error_midstream("C3 was low"))
    seen, error = until_error(model)
    assert text_of(seen) == "C3 was low"
    assert "overloaded" in error.message
    assert error.retryable


@pytest.mark.parametrize("responder", [fake.dropped_connection(), fake.no_stop_reason()])
def test_a_reply_without_its_end_is_never_complete(api: MessagesApi, model: LanguageModel, responder: fake.Responder) -> None:
    api.plan.append(responder)
    seen, error = until_error(model)
    assert text_of(seen).startswith("C3 was low")
    assert error.retryable


def test_an_unreachable_service_is_explained(make_model: MakeModel) -> None:
    with MessagesApi() as closed:
        url = closed.url
    _, error = until_error(make_model(url))
    assert "ANTHROPIC_BASE_URL" in error.message
    assert error.retryable


def test_silence_longer_than_the_read_timeout_is_an_error(
    api: MessagesApi, make_model: MakeModel
) -> None:
    api.plan.append(fake.silent(3, "C3 was "))
    seen, error = until_error(make_model(api.url, timing=Timing(connect=1, read=0.3, total=20)))
    assert text_of(seen) == "C3 was "
    assert "in time" in error.message


def test_a_long_retry_after_does_not_hold_the_reader_beyond_the_deadline(
    api: MessagesApi, make_model: MakeModel
) -> None:
    api.plan.append(fake.rate_limited(retry_after=3600))
    started = time.monotonic()
    _, error = until_error(make_model(api.url, timing=Timing(total=0.5)))
    assert time.monotonic() - started < 2
    assert error.retryable


def test_a_stop_takes_effect_while_the_model_is_silent(api: MessagesApi, model: LanguageModel) -> None:
    api.plan.append(fake.silent(5, "C3 was "))
    asked = count()
    started = time.monotonic()
    events = list(model.stream(REQUEST, should_stop=lambda: next(asked) > 5))
    assert time.monotonic() - started < 2
    assert isinstance(events[-1], Stopped)
    assert not any(isinstance(event, Ended) for event in events)


def test_a_reader_who_goes_away_ends_the_call(api: MessagesApi, model: LanguageModel) -> None:
    hung_up: list[float] = []

    def long_reply(exchange: fake.Exchange) -> None:
        try:
            fake.slow_stream(words=400, pause_s=0.01)(exchange)
        finally:
            hung_up.append(time.monotonic())

    api.plan.append(long_reply)
    events = model.stream(REQUEST)
    next(events)
    events.close()
    left = time.monotonic()
    while not hung_up and time.monotonic() - left < 3:
        time.sleep(0.02)
    assert hung_up
    assert hung_up[0] - left < 2  # the whole reply would have taken four seconds
