"""Asking a model for missed facts: over real HTTP, on demand, checked, kept as proposals, used only once accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.access.principals import LOCAL_USER, PUBLIC
from services.assistant.language_model import LanguageModel
from services.assistant.proposals import PROPOSAL_PROMPT_VERSION, FactProposer
from services.errors import AccessDeniedError, LanguageModelError
from services.evidence.extraction.proposing import Dropped
from services.patients.fact_decisions import FactDecisions
from services.patients.fact_passages import LABS
from services.patients.facts import FactStatus, StoredFact
from services.storage.database import Database
from tests.fakes.messages_api import MessagesApi, dropped_connection, key_refused, rate_limited, text_answer
from tests.unit.patients.test_record import JANUARY, PATIENT, Shelf, shelf

__all__ = ["shelf"]  # a fixture

SENTENCE = "Her ferritin stood, we hear, at 4.5 ug/L (outside, 01/10/2022)."
NOTE = JANUARY.replace("LABORATORY DATA", f"INTERVAL HISTORY\n{SENTENCE}\nLABORATORY DATA")
FERRITIN = {
    "kind": "lab", "page": 1, "quote": "Her ferritin stood, we hear, at 4.5 ug/L", "date": "2022-01-10",
    "fields": {"test": "ferritin", "result": "4.5", "unit": "ug/L"},
}  # fmt: skip
INVENTED = {**FERRITIN, "quote": "Her ferritin was 900 ug/L", "fields": {"test": "ferritin", "result": "900", "unit": "ug/L"}}


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as running:
        yield running


class Desk:
    def __init__(self, shelf: Shelf, api: MessagesApi, key: str | None = "a key") -> None:
        self.shelf = shelf
        self.document = shelf.take_in("note.pdf", NOTE)
        self.api = api
        model = LanguageModel(model="a-model", api_key=key, base_url=api.url)
        self.proposer = FactProposer(model, shelf.library, shelf.record, base_url=api.url)

    def answer(self, *facts: Any) -> None:
        self.api.plan.append(text_answer(json.dumps({"facts": list(facts)})))

    def proposed(self) -> list[StoredFact]:
        return [one for one in self.shelf.record.facts(PATIENT, LOCAL_USER) if one.is_proposal]

    def ferritin(self) -> list[float | None]:
        return [one.value for one in self.shelf.record.results(PATIENT, LOCAL_USER, analyte="ferritin")]


@pytest.fixture
def desk(shelf: Shelf, api: MessagesApi) -> Desk:
    return Desk(shelf, api)


def test_nothing_leaves_before_somebody_asks_and_then_the_text_of_that_document_only(desk: Desk) -> None:
    assert desk.api.log == []
    desk.answer()
    asked = desk.proposer.ask(desk.document, LOCAL_USER)
    assert (asked.kept, asked.dropped) == (0, {})
    [request] = desk.api.log
    sent = json.loads(request.body["messages"][0]["content"])
    assert [page["page"] for page in sent["pages"]] == [1]
    assert "ferritin stood" in sent["pages"][0]["text"]
    assert any("CRP" in one for one in sent["found"])
    assert "Reed" not in json.dumps(request.body["system"])


def test_a_proposal_is_used_by_nothing_until_it_is_accepted(desk: Desk, database: Database) -> None:
    desk.answer(FERRITIN, INVENTED)
    asked = desk.proposer.ask(desk.document, LOCAL_USER)
    assert (asked.kept, asked.dropped) == (1, {Dropped.NOT_QUOTED: 1})
    [fact] = desk.proposed()
    assert (fact.status, fact.counts) == (FactStatus.PROPOSED, False)
    assert fact.quote == SENTENCE
    [origin] = FactDecisions(database, desk.shelf.record).of_fact(fact.id, LOCAL_USER)
    assert (origin.status, origin.author) == (FactStatus.PROPOSED, f"a-model, {PROPOSAL_PROMPT_VERSION}")
    assert desk.ferritin() == []
    assert not any("ferritin" in one.text for one in desk.shelf.index.export(LABS, LOCAL_USER))

    desk.shelf.record.accept(fact.id, LOCAL_USER)
    assert desk.ferritin() == [4.5]
    assert any("ferritin: 4.5 ug/L" in one.text for one in desk.shelf.index.export(LABS, LOCAL_USER))
    reread = desk.shelf.library.read_again(desk.document, LOCAL_USER)
    assert (reread.is_same, desk.ferritin()) == (True, [4.5])
    assert any("ferritin: 4.5 ug/L" in one.text for one in desk.shelf.index.export(LABS, LOCAL_USER))

    desk.shelf.record.restore(fact.id, LOCAL_USER)
    assert (desk.ferritin(), desk.proposed()[0].status) == ([], FactStatus.PROPOSED)


def test_what_was_decided_about_a_proposal_is_not_asked_again(desk: Desk) -> None:
    desk.answer(FERRITIN)
    desk.proposer.ask(desk.document, LOCAL_USER)
    desk.shelf.record.reject(desk.proposed()[0].id, LOCAL_USER)
    desk.answer(FERRITIN)
    asked = desk.proposer.ask(desk.document, LOCAL_USER)
    assert (asked.kept, asked.dropped) == (0, {Dropped.KNOWN: 1})
    assert [one.status for one in desk.proposed()] == [FactStatus.REJECTED]
    desk.shelf.library.remove(desk.document, LOCAL_USER)
    assert desk.proposed() == []
    again = desk.shelf.take_in("renamed.pdf", NOTE)
    desk.answer(FERRITIN)
    desk.proposer.ask(again, LOCAL_USER)
    assert [one.status for one in desk.proposed()] == [FactStatus.REJECTED]


def test_a_failed_request_takes_nothing_in_and_says_why(desk: Desk) -> None:
    for plan, why in (
        ([text_answer("I see nothing unusual in this note.")], "form asked for"),
        ([text_answer('{"facts": [', stop_reason="max_tokens")], "cut off"),
        ([text_answer("", stop_reason="refusal")], "declined"),
        ([rate_limited(0)] * 3, "no more requests"),
        ([key_refused()], "ANTHROPIC_API_KEY"),
        ([dropped_connection('{"facts": []')], "broke off"),
    ):
        desk.api.plan.extend(plan)
        with pytest.raises(LanguageModelError, match=why):
            desk.proposer.ask(desk.document, LOCAL_USER)
        desk.api.plan.clear()
    assert desk.proposed() == []


def test_without_a_key_nothing_can_be_asked_and_nothing_is_sent(shelf: Shelf, api: MessagesApi) -> None:
    desk = Desk(shelf, api, key=None)
    assert not desk.proposer.available
    with pytest.raises(LanguageModelError, match="ANTHROPIC_API_KEY"):
        desk.proposer.ask(desk.document, LOCAL_USER)
    assert api.log == []


def test_who_may_not_see_patients_cannot_send_their_documents(desk: Desk) -> None:
    with pytest.raises(AccessDeniedError):
        desk.proposer.ask(desk.document, PUBLIC)
    assert desk.api.log == []
