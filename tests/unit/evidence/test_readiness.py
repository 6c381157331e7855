from __future__ import annotations

import pytest

from services.errors import StoreUnavailableError
from services.evidence.readiness import Readiness
from services.evidence.remembering import Remembered

LABS, NOTES = "autoimmune_patient_labs", "autoimmune_clinical_documents"


def ask(gate: Readiness, *names: str) -> None:
    with gate.searching(names):
        pass


def test_searches_are_refused_with_the_stage_until_the_evidence_is_prepared() -> None:
    gate = Readiness()
    gate.preparing("indexing the curated knowledge")
    with pytest.raises(StoreUnavailableError, match=r"still being prepared \(indexing the curated knowledge\)"):
        ask(gate, LABS)
    assert not gate.ready
    gate.prepared()
    ask(gate, LABS)
    assert gate.ready


def test_a_failed_preparation_keeps_searches_refused_and_says_why() -> None:
    gate = Readiness()
    gate.failed("opening the evidence collections", "the disk is full")
    with pytest.raises(StoreUnavailableError, match="the disk is full"):
        ask(gate, LABS)


def test_a_later_step_that_fails_does_not_close_the_search_again() -> None:
    gate = Readiness()
    gate.prepared()
    gate.preparing("taking in the demo patients")
    gate.failed("taking in the demo patients", "no font")
    ask(gate, LABS)


def test_only_searches_that_include_the_collection_being_rebuilt_are_refused() -> None:
    gate = Readiness()
    with gate.rebuilding([LABS]):
        ask(gate, NOTES)
        with pytest.raises(StoreUnavailableError, match=f"collection {LABS} is being rebuilt"):
            ask(gate, NOTES, LABS)
    ask(gate, NOTES, LABS)


def test_a_search_during_which_a_collection_was_rebuilt_gives_no_answer() -> None:
    gate = Readiness()
    with pytest.raises(StoreUnavailableError, match="rebuilt"), gate.searching([LABS]), gate.rebuilding([LABS]):
        pass


def test_a_rebuild_that_failed_is_refused_until_one_succeeds() -> None:
    gate = Readiness()
    with pytest.raises(ZeroDivisionError), gate.rebuilding([LABS]):
        raise ZeroDivisionError
    with pytest.raises(StoreUnavailableError, match="not rebuilt to its end"):
        ask(gate, LABS)
    with gate.rebuilding([LABS]):
        pass
    ask(gate, LABS)


def test_an_answer_is_remembered_for_its_seconds_and_forgotten_at_once_on_a_change() -> None:
    now, asked = [0.0], []
    remembered: Remembered[int] = Remembered(3.0, lambda: now[0])

    def count() -> int:
        asked.append(now[0])
        return len(asked)

    assert [remembered.get(count), remembered.get(count)] == [1, 1]
    now[0] = 3.0
    assert remembered.get(count) == 2
    remembered.forget()
    assert remembered.get(count) == 3


def test_an_answer_that_was_on_its_way_during_a_change_is_not_remembered() -> None:
    remembered: Remembered[str] = Remembered(3.0, lambda: 0.0)

    def overtaken() -> str:
        remembered.forget()
        return "before"

    assert remembered.get(overtaken) == "before"
    assert remembered.get(lambda: "after") == "after"
