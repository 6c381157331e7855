"""What changed: between analyses and in the documents, named with both states, and nothing made up where nothing is known."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

from services.access.principals import LOCAL_USER
from services.clinical.profile import Profile
from services.clinical.titers import Outcome
from services.evidence.extraction import DateBasis, Precision
from services.patients.analyses import AnalysisLog
from services.patients.facts import FactStatus
from services.patients.results import Place, Result
from services.patients.timeline import Event, EventKind
from services.reports import Reports
from services.reports.changes import in_documents, newest_day, told
from services.reports.choices import ReportChoice, SectionKind
from services.reports.content import Compared, build
from services.reports.rows import ChangeRow
from tests.unit.reports.conftest import LUPUS, patient, stored

AddPatient = Callable[..., str]
NEWEST = date(2025, 6, 1)


def _result(day: str, value: float | None, **more: Any) -> Result:
    given: dict[str, Any] = {
        "subject": "crp", "test": "CRP", "unit": "mg/L", "reference_range": "<5", "basis": DateBasis.COLUMN,
        "precision": Precision.DAY, "status": FactStatus.EXTRACTED, "places": (Place("f", "d", "Letter", NEWEST, 1, ""),),
    }  # fmt: skip
    return Result(**{**given, "date": date.fromisoformat(day), "value": value, **more})


def _texts(*labs: Result, antibodies: tuple[Result, ...] = ()) -> list[str]:
    return [one.text for one in in_documents((), labs, antibodies, NEWEST)]


def test_a_result_that_crosses_its_limit_is_named_with_both_values_and_days() -> None:
    rows = list(in_documents((), [_result("2025-01-10", 41), _result("2025-05-20", 3)], (), NEWEST))
    assert [(one.text, one.date) for one in rows] == [
        ("CRP 41 → 3 mg/L, now within limits (before: 2025-01-10)", date(2025, 5, 20)),
    ]  # fmt: skip


def test_a_result_outside_its_limit_is_named_only_when_it_moved_by_a_fifth() -> None:
    assert _texts(_result("2025-01-10", 40), _result("2025-05-20", 44)) == []
    assert _texts(_result("2025-01-10", 40), _result("2025-05-20", 60))[0].startswith("CRP 40 → 60 mg/L, still outside")


def test_nothing_is_compared_that_cannot_be_compared() -> None:
    first = _result("2025-01-10", 41)
    assert _texts(first) == []
    assert _texts(first, _result("2025-05-20", 3, unit="mg/dL")) == []
    assert _texts(first, _result("2025-05-20", 3, comparator="<")) == []
    assert _texts(first, _result("2025-05-20", None, text="pending")) == []
    assert _texts(first, _result("2025-05-20", 3, basis=DateBasis.DOCUMENT)) == []
    assert _texts(_result("2023-01-10", 41), _result("2024-05-20", 3)) == []  # not in the last half year


def test_an_antibody_that_turned_is_named_and_one_that_only_rose_is_not() -> None:
    def dsdna(day: str, value: float, outcome: Outcome) -> Result:
        return _result(day, value, subject="anti_dsdna", test="anti-dsDNA", unit="IU/mL", antibody="anti_dsdna", outcome=outcome)

    turned = (dsdna("2025-01-10", 12, Outcome.NEGATIVE), dsdna("2025-05-20", 68, Outcome.POSITIVE))
    assert _texts(antibodies=turned) == ["anti-dsDNA 12 IU/mL → 68 IU/mL, now positive (before: 2025-01-10)"]
    assert _texts(antibodies=(dsdna("2025-01-10", 50, Outcome.POSITIVE), turned[1])) == []


def test_events_of_the_last_half_year_come_newest_first_and_what_is_ahead_is_no_change() -> None:
    def event(day: date, kind: EventKind, title: str) -> Event:
        return Event(day, Precision.DAY, kind, title, "", "", False, (Place("f", "d", "Letter", NEWEST, 1, ""),))

    events = [
        event(date(2024, 1, 1), EventKind.MEDICATION, "prednisone started"),
        event(date(2025, 3, 1), EventKind.MEDICATION, "methotrexate started"),
        event(date(2025, 5, 1), EventKind.DIAGNOSIS, "Lupus nephritis: confirmed"),
        event(date(2025, 9, 1), EventKind.MEDICATION, "rituximab planned"),
    ]
    assert newest_day(events, ()) == NEWEST
    assert newest_day((), ()) is None
    rows = list(in_documents(events, (), (), NEWEST))
    assert [one.text for one in rows] == ["Lupus nephritis: confirmed", "methotrexate started"]
    assert told(rows, 3)[0] == ("Diagnoses:", "Lupus nephritis: confirmed (2025-05-01)")


def test_long_lists_are_cut_with_the_number_of_what_was_left_out() -> None:
    rows = [ChangeRow(part="medication", text=f"drug {number} started") for number in range(7)]
    assert told(rows, 3) == [("Medication:", "drug 0 started; drug 1 started; drug 2 started; and 4 more")]


def test_a_report_says_what_is_different_from_the_analysis_before(
    reports: Reports, analyses: AnalysisLog, add_patient: AddPatient
) -> None:
    add_patient("case-1", LUPUS)
    first = reports.create("case-1", LOCAL_USER)
    assert "Not known: there is nothing earlier to compare with." in first.content.model_dump_json()
    later = copy.deepcopy(LUPUS)
    later["biomarkers"]["CRP"] = {"value": 41, "unit": "mg/L", "date": "2025-12-20"}
    later["diagnosed_conditions"].append("sjogrens_syndrome")
    analyses.run(Profile.model_validate(later), LOCAL_USER)
    second = reports.create("case-1", LOCAL_USER).content
    said = second.summary.model_dump_json()
    assert "Sjögren's syndrome: new" in said
    assert "C-reactive protein 2 → 41 mg/L, now high" in said
    assert "Compared with the analysis of " in said


def test_what_was_left_out_by_choice_is_not_told_as_a_change() -> None:
    rows = [ChangeRow(part="result", text="CRP 41 → 3 mg/L"), ChangeRow(part="medication", text="methotrexate started")]
    compared = Compared(changes=tuple(rows), with_what=("From the documents.",))
    kept = [one for one in SectionKind if one is not SectionKind.LABS]
    analysis = stored(Profile.model_validate(LUPUS))
    content = build(patient("case-1"), analysis, ReportChoice.of(kept, ()), changed=compared)
    assert [one.text for one in content.facts.changes] == ["methotrexate started"]
    assert "CRP 41" not in content.model_dump_json()
