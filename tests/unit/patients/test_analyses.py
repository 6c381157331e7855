"""Analyses are kept as they were answered, seen only by who may see patients, and compared by what changed."""

from __future__ import annotations

from typing import Any

import pytest

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.clinical.analysis import versions
from services.clinical.profile import Profile
from services.errors import InvalidInputError, NotFoundError
from services.patients.analyses import AnalysisLog
from services.patients.registry import PatientRegistry
from services.storage.database import Database

RHEUMATOLOGIST = Principal("dr-a", may_see_patients=True, may_administer=False)
ACTIVE = {"tjc28": 8, "sjc28": 7, "pga_0_100_mm": 70, "crp_mg_l": 25}
QUIET = {"tjc28": 0, "sjc28": 0, "pga_0_100_mm": 10, "crp_mg_l": 2}


@pytest.fixture
def log(database: Database) -> AnalysisLog:
    patients = PatientRegistry(database)
    for name in ("P1", "P2"):
        patients.create(name, LOCAL_USER)
    return AnalysisLog(database, patients)


def profile(patient_id: str = "P1", **fields: Any) -> Profile:
    base: dict[str, Any] = {"patient_id": patient_id, "age": 50, "sex": "F", "hla_profile": {}}
    return Profile.model_validate(base | fields)


def arthritis(items: dict[str, float], **fields: Any) -> Profile:
    return profile(
        diagnosed_conditions=["rheumatoid_arthritis"],
        extensions={"instrument_items": {"DAS28-CRP": items}} | fields.pop("extensions", {}), **fields,
    )  # fmt: skip


def test_an_analysis_is_kept_with_author_versions_and_input(log: AnalysisLog) -> None:
    given = arthritis(ACTIVE)
    kept = log.run(given, RHEUMATOLOGIST)
    again = log.get(kept.id, LOCAL_USER)
    assert again.profile == given
    assert again.document == kept.document
    assert again.entry.author == "dr-a"
    assert again.entry.versions == versions()
    assert again.entry.created_at.utcoffset() is not None
    assert again.document["patient_id"] == "P1"


def test_analyses_are_listed_newest_first_for_their_patient_only(log: AnalysisLog) -> None:
    first, second = log.run(profile(), LOCAL_USER), log.run(profile(), LOCAL_USER)
    log.run(profile("P2"), LOCAL_USER)
    assert [entry.id for entry in log.list("P1", LOCAL_USER)] == [second.id, first.id]
    latest = log.latest("P1", LOCAL_USER)
    assert latest is not None
    assert latest.id == second.id


def test_a_patient_without_analyses_has_none(log: AnalysisLog) -> None:
    assert log.list("P1", LOCAL_USER) == ()
    assert log.latest("P1", LOCAL_USER) is None


def test_an_unknown_patient_is_refused_and_nothing_is_kept(log: AnalysisLog) -> None:
    with pytest.raises(NotFoundError):
        log.run(profile("P9"), LOCAL_USER)
    with pytest.raises(NotFoundError):
        log.list("P9", LOCAL_USER)


def test_who_may_not_see_patients_cannot_tell_whether_an_analysis_exists(log: AnalysisLog) -> None:
    kept = log.run(profile(), LOCAL_USER)
    said = []
    for analysis_id in (kept.id, "0" * 32):
        with pytest.raises(NotFoundError) as refused:
            log.get(analysis_id, PUBLIC)
        said.append(refused.value.message)
    assert said[0] == said[1]
    for ask in (lambda: log.run(profile(), PUBLIC), lambda: log.list("P1", PUBLIC), lambda: log.latest("P1", PUBLIC)):
        with pytest.raises(NotFoundError):
            ask()


def test_the_history_before_an_analysis_is_what_it_was_given_when_it_was_run(log: AnalysisLog) -> None:
    def measured(day: str, value: float) -> Profile:
        return profile(biomarkers={"CRP": {"value": value, "unit": "mg/L", "date": day}})

    first, second, third = (log.run(measured(f"2026-01-0{day}", day), LOCAL_USER) for day in (1, 2, 3))
    log.run(profile("P2", biomarkers={"CRP": {"value": 9, "unit": "mg/L", "date": "2026-01-01"}}), LOCAL_USER)
    assert log.history_before(first.entry, LOCAL_USER) == {}
    assert [one.value for one in log.history_before(second.entry, LOCAL_USER)["CRP"]] == [1]
    assert [one.value for one in log.history_before(third.entry, LOCAL_USER)["CRP"]] == [2, 1]
    with pytest.raises(NotFoundError):
        log.history_before(third.entry, PUBLIC)


def test_dated_values_of_earlier_analyses_make_a_course(log: AnalysisLog) -> None:
    def lupus(value: float, date: str) -> Profile:
        measured = {"value": value, "unit": "IU/mL", "date": date, "reference_range": "<30"}
        return profile(diagnosed_conditions=["systemic_lupus_erythematosus"], biomarkers={"anti-dsDNA": measured})

    log.run(lupus(40, "2025-11-01"), LOCAL_USER)
    alone = log.run(lupus(200, "2026-02-01"), LOCAL_USER).document["flare_predictions"][0]["contributing_factors"]
    assert any("rising" in factor for factor in alone), alone


# Comparison


def test_what_changed_is_told_with_its_published_meaning(log: AnalysisLog) -> None:
    def axial(each: float, crp: float) -> Profile:
        asked = ("back_pain_0_10", "morning_stiffness_duration_0_10", "patient_global_0_10", "peripheral_pain_swelling_0_10")
        items = dict.fromkeys(asked, each) | {"crp_mg_l": crp}
        extensions = {"instrument_items": {"ASDAS-CRP": items}}
        return profile(diagnosed_conditions=["ankylosing_spondylitis"], extensions=extensions)

    before, after = log.run(axial(7, 30), LOCAL_USER), log.run(axial(1, 3), LOCAL_USER)
    changes = log.compare(before.id, after.id, LOCAL_USER)
    asdas = next(one for one in changes.scores if one.score_name == "ASDAS-CRP")
    assert (asdas.level_before, asdas.level_now) == ("very_high", "remission")
    assert asdas.change is not None
    assert asdas.change.difference < -2
    assert asdas.change.meaning == "major_improvement"
    assert asdas.change.explanation.sources
    assert [row["code"] for row in changes.resolved_alerts] == ["HIGH_DISEASE_ACTIVITY"]
    assert changes.same_rules


def test_nothing_changed_is_an_answer(log: AnalysisLog) -> None:
    before, after = log.run(arthritis(QUIET), LOCAL_USER), log.run(arthritis(QUIET), LOCAL_USER)
    assert log.compare(before.id, after.id, LOCAL_USER).is_empty


def test_a_score_that_can_no_longer_be_computed_is_a_change_without_a_number(log: AnalysisLog) -> None:
    before, after = log.run(arthritis(ACTIVE), LOCAL_USER), log.run(arthritis({"tjc28": 3}), LOCAL_USER)
    das28 = next(one for one in log.compare(before.id, after.id, LOCAL_USER).scores if one.score_name == "DAS28-CRP")
    assert (das28.value_now, das28.level_now, das28.change) == (None, "insufficient_data", None)


def test_a_new_comorbidity_moves_drugs_from_offered_to_excluded(log: AnalysisLog) -> None:
    before = log.run(arthritis(QUIET), LOCAL_USER)
    after = log.run(arthritis(QUIET, extensions={"comorbidities": ["heart failure NYHA III"]}), LOCAL_USER)
    changes = log.compare(before.id, after.id, LOCAL_USER)
    excluded = {row["drug_name"] for row in changes.newly_excluded}
    assert {"Adalimumab", "Infliximab"} <= excluded & set(changes.no_longer_offered)
    assert "TNF_HF" in {row["code"] for row in changes.new_alerts}
    backwards = log.compare(after.id, before.id, LOCAL_USER)
    assert {"Adalimumab", "Infliximab"} <= set(backwards.newly_offered)


def test_a_new_antibody_moves_the_differential_and_a_new_value_the_labs(log: AnalysisLog) -> None:
    def tested(*results: str, crp: float) -> Profile:
        panel = {"patient_id": "P1", "collection_date": "2026-01-01",
                 "results": [{"antibody": one, "value": 1, "positive": True} for one in results]}  # fmt: skip
        return profile(autoantibody_panel=panel, biomarkers={"CRP": crp})

    before, after = log.run(tested("ANA", crp=3), LOCAL_USER), log.run(tested("ANA", "anti-centromere", crp=30), LOCAL_USER)
    changes = log.compare(before.id, after.id, LOCAL_USER)
    moved = next(one for one in changes.differential if one.disease == "systemic_sclerosis")
    assert moved.now == 1
    assert moved.before != 1
    assert [(one.key, one.value_before, one.value_now, one.flag_now) for one in changes.labs] == [("crp", 3, 30, "H")]


def test_a_new_diagnosis_is_named(log: AnalysisLog) -> None:
    before, after = log.run(profile(), LOCAL_USER), log.run(profile(diagnosed_conditions=["psoriasis"]), LOCAL_USER)
    assert log.compare(before.id, after.id, LOCAL_USER).diagnoses_added == ("psoriasis",)


def test_analyses_of_two_patients_are_not_compared(log: AnalysisLog) -> None:
    one, other = log.run(profile("P1"), LOCAL_USER), log.run(profile("P2"), LOCAL_USER)
    with pytest.raises(InvalidInputError):
        log.compare(one.id, other.id, LOCAL_USER)
