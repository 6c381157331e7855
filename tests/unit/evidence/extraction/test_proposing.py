"""A model's proposals: only what the document says, word for word, becomes a fact."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from services.errors import LanguageModelError
from services.evidence.documents.describing import describe
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.extraction import Content, DateBasis, DiagnosisContent, LabContent, MedicationContent, Precision
from services.evidence.extraction.content_fields import FIELDS
from services.evidence.extraction.proposing import Dropped, Proposals, checked, read_reply

TEXT = """Fenwick Bay Medical Group
PROGRESS NOTE
Patient: Jordan Alma Reed   MRN: FB-204417   DOB: 05/17/1985
Date: 03/22/2022

INTERVAL HISTORY
She has been back on azathioprine 50 mg twice a day, which her family doctor
gave her in November 2021. There is no evidence of systemic sclerosis. The outside ferritin came back at 4.5 ug/L,
drawn 03/01/2022.
"""
AZATHIOPRINE = {
    "kind": "medication", "page": 1,
    "quote": "back on azathioprine 50 mg twice a day, which her family doctor gave her in November 2021",
    "fields": {"name": "azathioprine", "status": "started", "dose": "50 mg", "frequency": "twice a day", "start": "2021-11"},
}  # fmt: skip
FERRITIN = {
    "kind": "lab", "page": 1, "quote": "The outside ferritin came back at 4.5 ug/L", "date": "2022-03-01",
    "fields": {"test": "ferritin", "result": "4.5", "unit": "ug/L"},
}  # fmt: skip


def _checked(*entries: Any, known: tuple[Content, ...] = ()) -> Proposals:
    parsed = ParsedDocument("0" * 64, 1, (Page(1, TEXT, 612, 792),))
    return checked(entries, parsed, describe(parsed), known)


def test_a_quoted_statement_becomes_a_fact_with_its_whole_sentence() -> None:
    [fact] = _checked(AZATHIOPRINE).facts
    assert isinstance(fact.content, MedicationContent)
    assert (fact.content.drugs, fact.content.dose, fact.content.frequency) == (("azathioprine",), "50 mg", "twice a day")
    assert fact.quote.startswith("She has been back on azathioprine")
    assert " ".join(TEXT[fact.start:fact.end].split()) == fact.quote
    assert (fact.effective, fact.precision, fact.basis) == (datetime.date(2021, 11, 1), Precision.MONTH, DateBasis.STATED)


def test_a_date_the_sentence_states_is_taken_and_any_other_is_not() -> None:
    [fact] = _checked(FERRITIN).facts
    assert isinstance(fact.content, LabContent)
    assert (fact.content.analyte, fact.content.value, fact.effective) == ("ferritin", 4.5, datetime.date(2022, 3, 1))
    [other] = _checked({**FERRITIN, "date": "2019-05-05"}).facts
    assert (other.effective, other.basis) == (datetime.date(2022, 3, 22), DateBasis.DOCUMENT)


def test_a_start_that_nobody_wrote_is_left_out() -> None:
    [fact] = _checked({**AZATHIOPRINE, "fields": {**AZATHIOPRINE["fields"], "start": "2020-01-01"}}).facts
    assert isinstance(fact.content, MedicationContent)
    assert fact.content.start is None


@pytest.mark.parametrize(("entry", "why"), [
    ({**FERRITIN, "quote": "Ferritin came back at 4.5 ug/L and iron was low"}, Dropped.NOT_QUOTED),
    ({**FERRITIN, "quote": "the outside FERRITIN came back at 4.5 ug/L"}, Dropped.NOT_QUOTED),
    ({**FERRITIN, "fields": {"test": "ferritin", "result": "45", "unit": "ug/L"}}, Dropped.SAYS_MORE),
    ({**FERRITIN, "fields": {"test": "ferritin", "result": "4", "unit": "ug/L"}}, Dropped.SAYS_MORE),
    ({**FERRITIN, "fields": {"test": "transferrin", "result": "4.5"}}, Dropped.SAYS_MORE),
    ({**FERRITIN, "fields": {"test": "ferritin"}}, Dropped.SAYS_MORE),
    ({**FERRITIN, "kind": "horoscope"}, Dropped.UNREADABLE),
    ({**FERRITIN, "fields": "ferritin 4.5"}, Dropped.UNREADABLE),
    ("ferritin 4.5", Dropped.UNREADABLE),
    (None, Dropped.UNREADABLE),
    ({**AZATHIOPRINE, "fields": {**AZATHIOPRINE["fields"], "status": "adored"}}, Dropped.SAYS_MORE),
    ({"kind": "hla", "quote": "systemic sclerosis", "fields": {"alleles": "systemic"}}, Dropped.NOT_UNDERSTOOD),
])  # fmt: skip
def test_what_is_not_in_the_document_is_dropped_with_its_reason(entry: Any, why: Dropped) -> None:
    found = _checked(entry)
    assert found.facts == ()
    assert found.dropped == {why: 1}


def test_a_quotation_that_leaves_the_negation_out_is_shown_with_it() -> None:
    fields = {"name": "systemic sclerosis", "status": "confirmed"}
    [fact] = _checked({"kind": "diagnosis", "page": 1, "quote": "systemic sclerosis", "fields": fields}).facts
    assert isinstance(fact.content, DiagnosisContent)
    assert "no evidence of systemic sclerosis" in fact.quote


def test_a_unit_or_dose_that_is_not_quoted_is_left_out_of_the_fact() -> None:
    [fact] = _checked({**FERRITIN, "fields": {"test": "ferritin", "result": "4.5", "unit": "mg/L", "flag": "L"}}).facts
    assert isinstance(fact.content, LabContent)
    assert (fact.content.unit, fact.content.flag) == (None, None)


def test_a_quotation_is_found_on_another_page_than_the_one_named() -> None:
    [fact] = _checked({**FERRITIN, "page": 7}).facts
    assert fact.page == 1


def test_what_the_record_has_is_not_proposed_again_and_a_reply_says_each_thing_once() -> None:
    found = _checked(FERRITIN, dict(FERRITIN))
    assert (len(found.facts), found.dropped) == (1, {Dropped.KNOWN: 1})
    assert _checked(FERRITIN, known=(found.facts[0].content,)).dropped == {Dropped.KNOWN: 1}


def test_the_same_proposal_has_the_same_key_however_often_it_is_made() -> None:
    assert _checked(AZATHIOPRINE).facts[0].key == _checked(FERRITIN, AZATHIOPRINE).facts[0].key
    assert len({fact.key for fact in _checked(FERRITIN, AZATHIOPRINE).facts}) == 2


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "Here they are:\n{}\nThat is all."])
def test_a_reply_is_read_also_between_other_words(wrap: str) -> None:
    reply = wrap.replace("{}", json.dumps({"facts": [FERRITIN]}))
    assert read_reply(reply) == [FERRITIN]


@pytest.mark.parametrize("reply", ["", "I found nothing.", "{", '{"facts": 3}', "[1, 2]", '{"facts": [' + "[" * 50_000, "}{"])
def test_a_reply_in_another_form_is_an_error_not_an_empty_answer(reply: str) -> None:
    with pytest.raises(LanguageModelError, match="form asked for"):
        read_reply(reply)


def test_every_kind_that_has_fields_can_be_proposed() -> None:
    for kind in FIELDS:
        assert _checked({"kind": kind.value, "quote": "not in it", "fields": {}}).dropped == {Dropped.NOT_QUOTED: 1}
