from __future__ import annotations

import re

from services.access.principals import LOCAL_USER
from services.assistant.answering import Assistant
from services.assistant.answers import Turn
from services.assistant.history import search_text, trim_history
from services.assistant.language_model import LanguageModel
from services.assistant.prompts import SYSTEM_PROMPT, messages
from tests.fakes.messages_api import MessagesApi
from tests.unit.assistant.shelf import EARLIER_LAB, KNOWLEDGE, NAME, PATIENT, RECORD, Shelf, found


def prefix(raw: bytes) -> bytes:
    """The bytes of the request that the prompt cache compares first: the system prompt as sent."""
    body = raw.decode()
    start = body.index('"system":')
    depth, at = 0, body.index("[", start)
    quoted = False
    for end in range(at, len(body)):
        if body[end] == '"' and body[end - 1] != "\\":
            quoted = not quoted
        depth += 0 if quoted else (body[end] == "[") - (body[end] == "]")
        if depth == 0:
            return body[start:end + 1].encode()
    raise AssertionError("no end of the system prompt")


def test_the_system_prompt_is_the_same_to_the_byte_for_every_question_and_patient(
    api: MessagesApi, model: LanguageModel
) -> None:
    Assistant(Shelf(found(*RECORD)), model).answer("When did C3 fall?", patient_id=PATIENT, access=LOCAL_USER)
    Assistant(Shelf(found(KNOWLEDGE)), model).answer(
        "What does low complement mean?", patient_context="34 years old", access=LOCAL_USER, history=[Turn("user", "Hi")]
    )
    assert prefix(api.log[0].raw) == prefix(api.log[1].raw)
    assert b"cache_control" in prefix(api.log[0].raw)


def test_the_system_prompt_names_no_patient_and_no_date(api: MessagesApi, model: LanguageModel) -> None:
    Assistant(Shelf(found(*RECORD)), model).answer("When did C3 fall?", patient_id=PATIENT, access=LOCAL_USER)
    system = prefix(api.log[0].raw).decode()
    assert PATIENT not in system
    assert NAME not in system
    assert "{" not in SYSTEM_PROMPT  # nothing to fill in


def test_the_system_prompt_is_long_enough_to_be_cached() -> None:
    # The smallest prefix the cache takes is 1,024 tokens; English text has at most about 5 characters to a token.
    assert len(SYSTEM_PROMPT) > 1_024 * 5


def test_the_patient_id_is_nowhere_in_the_request(api: MessagesApi, model: LanguageModel) -> None:
    Assistant(Shelf(found(*RECORD)), model).answer("When did C3 fall?", patient_id=PATIENT, access=LOCAL_USER)
    assert PATIENT.encode() not in api.log[0].raw


def test_evidence_stands_in_the_last_user_turn_before_the_question(api: MessagesApi, model: LanguageModel) -> None:
    Assistant(Shelf(found(*RECORD)), model).answer("When did C3 fall?", patient_id=PATIENT, access=LOCAL_USER)
    content = api.log[0].body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["search_result"] * 4 + ["text"]
    assert content[-1]["text"].endswith("Question: When did C3 fall?")
    assert EARLIER_LAB.text in "".join(block["text"] for result in content[:-1] for block in result["content"])


def test_context_of_the_user_is_marked_as_not_citable(api: MessagesApi, model: LanguageModel) -> None:
    Assistant(Shelf(found(*RECORD)), model).answer("And now?", patient_context="ANA 1:640", access=LOCAL_USER)
    assert re.search(r"not citable\):\nANA 1:640\n", api.log[0].question())


def test_history_goes_as_plain_text_with_a_cache_breakpoint_at_its_end() -> None:
    turns = [Turn("user", "When did C3 fall?"), Turn("assistant", "In 2021."), Turn("user", "And C4?"), Turn("assistant", "Too.")]
    made = messages("And now?", search_results=[], history=turns)
    assert [message["role"] for message in made] == ["user", "assistant", "user", "assistant", "user"]
    assert all(set(block) <= {"type", "text", "cache_control"} for message in made for block in message["content"])
    assert [("cache_control" in message["content"][-1]) for message in made] == [False, False, False, True, False]


def test_a_question_that_was_never_answered_is_not_replayed() -> None:
    turns = [
        Turn("user", "Lost"), Turn("user", "When?"), Turn("assistant", "Then."), Turn("user", "Stopped"), Turn("assistant", " "),
    ]
    kept, trimmed = trim_history(turns)
    assert [turn.text for turn in kept] == ["When?", "Then."]
    assert not trimmed


def test_a_long_history_loses_its_oldest_turns_in_steps_so_that_the_cached_prefix_lasts() -> None:
    turns = [Turn(role, f"{role} {number} " + "x" * 990) for number in range(40) for role in ("user", "assistant")]
    starts = []
    for length in range(30, 80, 2):
        kept, trimmed = trim_history(turns[:length])
        assert trimmed
        assert sum(len(turn.text) for turn in kept) <= 24_000
        assert kept[-1] is turns[length - 1]
        assert kept[0].role == "user"
        starts.append(turns.index(kept[0]))
    assert len(set(starts)) <= len(starts) / 3


def test_a_follow_up_that_says_little_is_searched_with_the_question_before_it() -> None:
    earlier = [Turn("user", "When did C3 fall?"), Turn("assistant", "In 2021.")]
    assert search_text("And C4?", earlier) == "When did C3 fall? And C4?"
    whole = "Which biologic therapies suit lupus nephritis?"
    assert search_text(whole, earlier) == whole
    assert search_text("And C4?", []) == "And C4?"
