from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.access.principals import LOCAL_USER, Principal
from services.assistant.answering import Assistant
from services.assistant.answers import AnswerMode, AnswerState, Finished, SegmentOrigin, TextDelta
from services.assistant.chat import Chat
from services.assistant.conversations import MAX_TITLE, Conversations, title_of
from services.assistant.language_model import LanguageModel
from services.assistant.prompts import PROMPT_VERSION
from services.errors import InvalidInputError, NotFoundError, StoreUnavailableError
from services.storage.tables import conversations as conversation_rows
from services.storage.tables import messages as message_rows
from tests.fakes import messages_api as fake
from tests.fakes.messages_api import MessagesApi
from tests.unit.assistant.conftest import OpenDatabase
from tests.unit.assistant.shelf import PATIENT, RECORD, Shelf, found

ME, OTHER = "local", "somebody-else"
STRANGER = Principal(OTHER, may_see_patients=True, may_administer=False)


class Clock:
    """Each reading is a minute after the one before."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def store(open_database: OpenDatabase) -> Conversations:
    return Conversations(open_database(), clock=Clock())


@pytest.fixture
def chat(store: Conversations, model: LanguageModel) -> Chat:
    return Chat(Assistant(Shelf(found(*RECORD)), model), store)


def test_a_conversation_survives_a_restart_with_segments_citations_and_provenance(
    open_database: OpenDatabase, model: LanguageModel
) -> None:
    before = Conversations(open_database())
    conversation = before.create(ME, patient_id=PATIENT)
    events = list(Chat(Assistant(Shelf(found(*RECORD)), model), before).ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    assert isinstance(events[-1], Finished)
    given = events[-1].answer

    after = Conversations(open_database())
    assert [one.id for one in after.list(ME)] == [conversation.id]
    question, answer = after.messages(ME, conversation.id)
    assert (question.role, question.text, question.segments) == ("user", "When did C3 fall?", ())
    assert (answer.segments, answer.citations, answer.warnings) == (given.segments, given.citations, given.warnings)
    assert answer.state is AnswerState.COMPLETE
    assert answer.provenance is not None
    assert (answer.provenance.mode, answer.provenance.model) == (AnswerMode.LLM, "claude-test")
    assert answer.provenance.prompt_version == PROMPT_VERSION
    assert answer.provenance.usage == given.usage
    assert answer.provenance.evidence == tuple(passage.source_uri for passage in RECORD)


def test_the_question_is_stored_before_the_model_is_asked(store: Conversations, open_database: OpenDatabase) -> None:
    class Looking(Shelf):
        seen: tuple[str, ...] = ()

        def search(self, question: str, **more: object):  # type: ignore[no-untyped-def, override]
            Looking.seen = tuple(message.text for message in Conversations(open_database()).messages(ME, conversation.id))
            raise StoreUnavailableError("the vector store does not answer")

    conversation = store.create(ME)
    keyless = LanguageModel(model="m", api_key=None)
    with pytest.raises(StoreUnavailableError):
        list(Chat(Assistant(Looking(found()), keyless), store).ask(LOCAL_USER, conversation.id, "C3?"))
    assert Looking.seen == ("C3?",)
    assert [message.text for message in store.messages(ME, conversation.id)] == ["C3?"]


def test_the_first_question_gives_the_title_and_later_ones_do_not(store: Conversations, chat: Chat) -> None:
    conversation = store.create(ME)
    for question in ("When did C3 fall?", "And anti-dsDNA?"):
        list(chat.ask(LOCAL_USER, conversation.id, question))
    assert store.get(ME, conversation.id).title == "When did C3 fall?"


def test_a_long_title_is_cut_between_words() -> None:
    title = title_of("What is the significance of anti-dsDNA antibodies with falling complement levels in a young woman?")
    assert len(title) <= MAX_TITLE
    assert title.endswith("with falling complement…")
    assert title_of("x" * 500) == "x" * (MAX_TITLE - 1) + "…"
    with pytest.raises(InvalidInputError):
        title_of(" \n ")


def test_the_second_question_carries_the_first_without_citations(api: MessagesApi, store: Conversations, chat: Chat) -> None:
    conversation = store.create(ME, patient_id=PATIENT)
    list(chat.ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    list(chat.ask(LOCAL_USER, conversation.id, "Which antibodies were positive in that year?"))
    earlier = api.log[1].body["messages"][:-1]
    assert [message["role"] for message in earlier] == ["user", "assistant"]
    assert "61 mg/dL" in earlier[1]["content"][0]["text"]
    assert "citations" not in str(earlier)
    assert "search_result" not in str(earlier)


def test_an_answer_made_of_quotations_is_not_put_into_the_mouth_of_the_model(
    api: MessagesApi, store: Conversations, chat: Chat
) -> None:
    conversation = store.create(ME)
    api.plan.append(fake.key_refused())
    list(chat.ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    list(chat.ask(LOCAL_USER, conversation.id, "Which antibodies were positive in that year?"))
    assert len(api.log[1].body["messages"]) == 1
    stored = store.messages(ME, conversation.id)[1]
    assert stored.provenance is not None
    assert stored.provenance.mode is AnswerMode.EVIDENCE_ONLY
    assert SegmentOrigin.QUOTATION in {segment.origin for segment in stored.segments}


@pytest.mark.parametrize(
    ("responder", "state"),
    [
        (fake.dropped_connection(), AnswerState.INCOMPLETE),
        (fake.text_answer("C3 was", stop_reason="max_tokens"), AnswerState.INCOMPLETE),
    ],
)
def test_a_broken_answer_is_stored_as_broken(
    api: MessagesApi, store: Conversations, chat: Chat, responder: fake.Responder, state: AnswerState
) -> None:
    conversation = store.create(ME)
    api.plan.append(responder)
    list(chat.ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    answer = store.messages(ME, conversation.id)[1]
    assert answer.state is state
    assert answer.text.startswith("C3 was")
    assert answer.error


def test_an_answer_nobody_reads_to_the_end_is_stored_as_stopped(api: MessagesApi, store: Conversations, chat: Chat) -> None:
    conversation = store.create(ME)
    api.plan.append(fake.slow_stream(words=200, pause_s=0.02))
    events = chat.ask(LOCAL_USER, conversation.id, "When did C3 fall?")
    shown = [event.text for event in (next(events) for _ in range(6)) if isinstance(event, TextDelta)]
    del events  # what a new run of the script does to the old one
    question, answer = store.messages(ME, conversation.id)
    assert question.text == "When did C3 fall?"
    assert answer.state is AnswerState.STOPPED
    assert answer.text == "".join(shown)


def test_what_belongs_to_somebody_else_is_not_found(store: Conversations, chat: Chat) -> None:
    mine = store.create(ME).id
    list(chat.ask(LOCAL_USER, mine, "When did C3 fall?"))
    assert store.list(OTHER) == ()
    for attempt in (
        lambda: store.get(OTHER, mine),
        lambda: store.messages(OTHER, mine),
        lambda: store.history(OTHER, mine),
        lambda: store.append_question(OTHER, mine, "?"),
        lambda: store.rename(OTHER, mine, "taken"),
        lambda: store.delete(OTHER, mine),
        lambda: list(chat.ask(STRANGER, mine, "And C4?")),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert len(store.messages(ME, mine)) == 2


def test_a_deleted_conversation_is_hidden_and_its_rows_stay(
    store: Conversations, chat: Chat, open_database: OpenDatabase
) -> None:
    conversation = store.create(ME)
    list(chat.ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    store.delete(ME, conversation.id)
    assert store.list(ME) == ()
    for gone in (store.get, store.messages, store.delete):
        with pytest.raises(NotFoundError):
            gone(ME, conversation.id)
    with open_database().begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(conversation_rows)) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(message_rows)) == 2


def test_the_search_looks_at_titles_and_at_what_was_said(store: Conversations, chat: Chat) -> None:
    first, second = store.create(ME), store.create(ME)
    list(chat.ask(LOCAL_USER, first.id, "When did C3 fall?"))
    store.append_question(ME, second.id, "Which antibodies mean Sjögren's disease at 100 % certainty?")
    store.rename(ME, second.id, "Dry eyes")

    def titles(text: str) -> list[str]:
        return [one.title for one in store.list(ME, search=text)]

    assert titles("dry EYES") == ["Dry eyes"]
    assert titles("Sjögren") == ["Dry eyes"]
    assert titles("61 mg/dl") == ["When did C3 fall?"]
    assert titles("100 %") == ["Dry eyes"]
    assert titles("%") == ["Dry eyes"]
    assert titles("citations") == []
    assert titles("") == ["Dry eyes", "When did C3 fall?"]


def test_the_list_is_by_last_use_and_can_be_narrowed_to_a_patient(store: Conversations) -> None:
    general, about = store.create(ME), store.create(ME, patient_id=PATIENT)
    assert [one.id for one in store.list(ME)] == [about.id, general.id]
    store.append_question(ME, general.id, "What is C3?")
    assert [one.id for one in store.list(ME)] == [general.id, about.id]
    assert [one.id for one in store.list(ME, patient_id=PATIENT)] == [about.id]
    assert [one.id for one in store.list(ME, limit=1, offset=1)] == [about.id]


def test_messages_written_at_the_same_time_all_find_their_place(store: Conversations) -> None:
    conversation = store.create(ME)
    threads = [
        threading.Thread(target=store.append_question, args=(ME, conversation.id, f"Question {number}")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = store.messages(ME, conversation.id)
    assert [message.position for message in stored] == list(range(8))
    assert {message.text for message in stored} == {f"Question {number}" for number in range(8)}


def test_empty_questions_and_titles_are_refused(store: Conversations) -> None:
    conversation = store.create(ME)
    with pytest.raises(InvalidInputError):
        store.append_question(ME, conversation.id, "  ")
    with pytest.raises(InvalidInputError):
        store.rename(ME, conversation.id, "")
    assert store.messages(ME, conversation.id) == ()


def test_the_patient_of_the_conversation_is_the_patient_of_the_search(store: Conversations, model: LanguageModel) -> None:
    shelf = Shelf(found(*RECORD))
    conversation = store.create(ME, patient_id=PATIENT)
    list(Chat(Assistant(shelf, model), store).ask(LOCAL_USER, conversation.id, "When did C3 fall?"))
    assert shelf.asked[0]["patient_id"] == PATIENT
