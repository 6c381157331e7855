"""What the way to a diagnosis is computed from, and what is stated as a gap."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.explanation import Status
from services.clinical.odyssey import EventKind, OdysseyEvent, months_between, trace


def event(kind: str, day: str | None, text: str = "", **more: object) -> OdysseyEvent:
    return OdysseyEvent.model_validate({"kind": kind, "date": day, "text": text, **more})


COURSE = (
    event("diagnosis", "2022-06-10", "SLE", document_id="d9"),
    event("symptom", "2019-03-20", "joint pain", document_id="d1", page=1),
    event("visit", "2019-05-02", specialty="Primary care", document_id="d1"),
    event("visit", "2020-01-15", specialty="dermatology", document_id="d2"),
    event("visit", "2020-02-15", specialty="Dermatology", document_id="d3"),
    event("label", "2020-01-15", "rosacea", document_id="d2"),
    event("label", "2021-01-15", "Rosacea", document_id="d4"),
    event("label", "2022-06-01", "SLE", document_id="d8"),
    event("signal", "2020-02-15", "ANA 1:640", acted_on=False, document_id="d3"),
    event("signal", "2021-02-01", "leukopenia", document_id="d5"),
)


def test_delay_runs_from_first_symptom_to_diagnosis_in_whole_months() -> None:
    course = trace(COURSE)
    assert course.status is Status.OK
    assert course.delay_months == 38
    assert course.delay_days == (date(2022, 6, 10) - date(2019, 3, 20)).days
    assert course.explanation.rule


def test_specialties_come_in_the_order_first_seen_and_spelling_does_not_split_them() -> None:
    seen = trace(COURSE).specialties
    assert [(one.specialty, one.visits) for one in seen] == [("Primary care", 1), ("dermatology", 2)]


def test_labels_are_given_once_and_without_the_final_diagnosis() -> None:
    assert [one.text for one in trace(COURSE).labels] == ["rosacea"]


def test_only_a_signal_stated_as_not_acted_on_is_dismissed() -> None:
    course = trace(COURSE)
    assert [one.text for one in course.dismissed] == ["ANA 1:640"]
    assert any("do not state whether they were acted on" in gap for gap in course.gaps)


def test_recognisable_at_the_second_separate_signal_or_the_first_specific_one() -> None:
    assert trace(COURSE).recognisable_on == date(2021, 2, 1)
    assert trace(COURSE).avoidable_months == 16
    specific = event("signal", "2019-12-01", "malar rash with nephritis", is_specific=True)
    assert trace((*COURSE, specific)).recognisable_on == date(2019, 12, 1)


def test_the_same_signal_twice_is_one_signal() -> None:
    twice = [event("signal", "2020-01-01", "ANA"), event("signal", "2020-06-01", "ana"), event("diagnosis", "2021-01-01")]
    assert trace(twice).recognisable_on is None


def test_signals_after_the_diagnosis_do_not_count() -> None:
    late = [event("symptom", "2020-01-01"), event("diagnosis", "2020-02-01"), event("signal", "2020-03-01", "x")]
    assert trace(late).signals == ()


@pytest.mark.parametrize("missing", ["symptom", "diagnosis"])
def test_without_symptom_or_diagnosis_date_there_is_no_delay(missing: str) -> None:
    course = trace(one for one in COURSE if one.kind is not EventKind(missing))
    assert course.status is Status.INSUFFICIENT_DATA
    assert course.delay_months is None
    assert course.explanation.missing


def test_a_symptom_dated_after_the_diagnosis_is_inconsistent_not_zero() -> None:
    course = trace([event("symptom", "2023-01-01"), event("diagnosis", "2022-01-01")])
    assert course.status is Status.INCONSISTENT_INPUT
    assert course.delay_months is None


def test_undated_events_are_listed_and_stated_as_a_gap() -> None:
    course = trace((*COURSE, event("signal", None, "old rash")))
    assert [one.text for one in course.undated] == ["old rash"]
    assert any("without a date" in gap for gap in course.gaps)


def test_silent_stretches_are_stated() -> None:
    assert any(gap.startswith("No record from 2021-02-01 to 2022-06-01") for gap in trace(COURSE).gaps)


def test_nothing_gives_insufficient_data_and_no_crash() -> None:
    assert trace([]).status is Status.INSUFFICIENT_DATA


def test_repeated_events_and_their_order_change_nothing() -> None:
    assert trace((*reversed(COURSE), *COURSE)) == trace(COURSE)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2020-01-31", "2020-02-29", 1),
        ("2020-01-31", "2020-02-28", 0),
        ("2020-01-15", "2020-02-14", 0),
        ("2020-01-15", "2021-01-15", 12),
        ("2021-01-15", "2020-01-15", 0),
    ],
)
def test_months_are_whole_calendar_months(start: str, end: str, months: int) -> None:
    assert months_between(date.fromisoformat(start), date.fromisoformat(end)) == months


@given(st.lists(st.tuples(st.sampled_from(list(EventKind)), st.none() | st.dates(), st.text(max_size=20)), max_size=15))
def test_any_events_give_a_course(rows: list[tuple[EventKind, date | None, str]]) -> None:
    course = trace(OdysseyEvent(kind=kind, date=day, text=text) for kind, day, text in rows)
    assert course.delay_months is None or course.delay_months >= 0


def test_the_most_exact_statement_of_one_beginning_counts() -> None:
    vague = event("symptom", "2019-01-21", "nearly three years of joint pain", precision="year")
    course = trace((vague, event("symptom", "2019-04-01", "joint pain since April", precision="month"), COURSE[0]))
    assert course.first_symptom is not None
    assert course.first_symptom.text == "joint pain since April"


def test_a_vague_statement_that_lies_clearly_before_all_others_still_counts() -> None:
    course = trace((event("symptom", "2010-01-01", "rash since 2010", precision="year"), *COURSE))
    assert course.first_symptom is not None
    assert course.first_symptom.date == date(2010, 1, 1)


def test_a_label_that_repeats_another_in_fewer_words_counts_once() -> None:
    repeated = (event("label", "2020-06-15", "Rosacea, erythematotelangiectatic"), event("label", None, "rosacea"))
    course = trace((*COURSE, *repeated))
    assert [one.text for one in course.labels] == ["rosacea"]
    assert course.undated == ()


def test_type_1_and_type_2_are_two_names() -> None:
    diabetes = (event("symptom", "2019-01-01", "thirst"), event("label", "2019-05-01", "Type 2 diabetes"),
                event("diagnosis", "2020-01-01", "Type 1 diabetes"))  # fmt: skip
    assert [one.text for one in trace(diabetes).labels] == ["Type 2 diabetes"]


def test_diagnoses_of_other_organs_stand_apart() -> None:
    course = trace((*COURSE, event("other", "2020-02-01", "ankle fracture")))
    assert [one.text for one in course.others] == ["ankle fracture"]
    assert "ankle fracture" not in [one.text for one in course.labels]
