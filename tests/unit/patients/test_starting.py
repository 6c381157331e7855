"""What an analysis starts from: the record's values follow it, what a person changed stays and is shown as changed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.clinical.profile import Profile
from services.patients.profile_inputs import InputDate, ProfileInputs
from services.patients.starting import BASE, Origin, Start, StartingValue, followed, start

EARLIER = {"value": 31.0, "unit": "mg/L", "date": "2024-01-10"}
LATEST = {"value": 12.0, "unit": "mg/L", "date": "2025-02-03"}


def told(**changes: Any) -> ProfileInputs:
    """What a record says: one laboratory value with an earlier one, a drug, a diagnosis, an allele, an antibody in words."""
    profile: dict[str, Any] = {
        "patient_id": "p", "age": 50, "sex": "F", "biomarkers": {"C-reactive protein": LATEST},
        "current_medications": ["methotrexate 15 mg weekly"], "diagnosed_conditions": ["rheumatoid_arthritis"],
        "hla_profile": {"hla_drb1": ["DRB1*04:01"]},
        "extensions": {"lab_history": {"C-reactive protein": [EARLIER]}, "qualitative_antibodies": {"anti-CCP": True}},
    } | changes
    dated = InputDate("biomarkers", "CRP", "12 mg/L", date(2025, 2, 3), 400, is_stale=True, is_approximate=False, key="crp")
    return ProfileInputs(profile, (dated,), ("look at this",), frozenset({"prednisone"}))


def value(begun: Start, part: str, key: str) -> StartingValue:
    return next(one for one in begun.values if (one.part, one.key) == (part, key))


def saved(begun: Start, **changes: Any) -> dict[str, Any]:
    """The profile as it is kept after the form: a validated profile with what the record said."""
    stored = Profile.model_validate(begun.profile | changes).model_dump(mode="json", exclude_none=True)
    return stored | {BASE: begun.profile[BASE]}


def test_without_anything_saved_every_value_is_the_records_with_its_age() -> None:
    begun = start(told(), {})
    assert {one.origin for one in begun.values} == {Origin.RECORD}
    crp = value(begun, "biomarkers", "crp")
    assert (crp.shown, crp.date, crp.is_stale) == ("12 mg/L", date(2025, 2, 3), True)
    assert Profile.model_validate(begun.profile).diagnosed_conditions == ("rheumatoid_arthritis",)
    assert begun.notes == ("look at this",)


def test_a_kept_profile_starts_from_the_same_again() -> None:
    begun = start(told(), {})
    again = start(told(), saved(begun))
    assert Profile.model_validate(again.profile) == Profile.model_validate(begun.profile)
    assert {one.origin for one in again.values} == {Origin.RECORD}


def test_a_newer_document_replaces_a_value_nobody_touched() -> None:
    kept = saved(start(told(), {}))
    newer = {"value": 3.0, "unit": "mg/L", "date": "2025-08-01"}
    begun = start(told(biomarkers={"C-reactive protein": newer}), kept)
    assert begun.profile["biomarkers"]["C-reactive protein"] == newer
    assert value(begun, "biomarkers", "crp").origin is Origin.RECORD


def test_an_overridden_value_is_used_and_shown_beside_the_records() -> None:
    mine = {"value": 55.0, "unit": "mg/L", "date": "2025-03-01"}
    begun = start(told(), saved(start(told(), {}), biomarkers={"C-reactive protein": mine}))
    crp = value(begun, "biomarkers", "crp")
    assert (crp.origin, crp.shown, crp.record_shown) == (Origin.OVERRIDDEN, "55 mg/L", "12 mg/L")
    assert begun.profile["biomarkers"]["C-reactive protein"]["value"] == 55.0
    # what the record says is not lost: it is an earlier value of the course
    assert LATEST["value"] in [one["value"] for one in begun.profile["extensions"]["lab_history"]["C-reactive protein"]]
    assert begun.overridden == (crp,)


@pytest.mark.parametrize(
    ("field", "part", "key"), [("current_medications", "medications", "methotrexate"),
                               ("diagnosed_conditions", "conditions", "rheumatoid_arthritis")],
)  # fmt: skip
def test_what_was_taken_out_by_hand_stays_out(field: str, part: str, key: str) -> None:
    begun = start(told(), saved(start(told(), {}), **{field: []}))
    assert begun.profile[field] == []
    assert value(begun, part, key).origin is Origin.REMOVED


def test_what_was_entered_by_hand_stays_beside_the_record() -> None:
    entered = ["methotrexate 15 mg weekly", "folic acid 5 mg weekly"]
    begun = start(told(), saved(start(told(), {}), current_medications=entered))
    assert begun.profile["current_medications"] == entered
    assert value(begun, "medications", "folic acid").origin is Origin.ENTERED


def test_a_changed_value_follows_the_record_again_on_request() -> None:
    kept = saved(start(told(), {}), biomarkers={"C-reactive protein": {"value": 55.0, "unit": "mg/L"}}, current_medications=[])
    for part, key in (("biomarkers", "crp"), ("medications", "methotrexate")):
        kept = followed(kept, value(start(told(), kept), part, key))
    again = start(told(), kept)
    assert {one.origin for one in again.values} == {Origin.RECORD}
    assert again.profile["biomarkers"]["C-reactive protein"] == LATEST


def test_a_profile_saved_before_the_record_was_read_gives_way_to_newer_results_of_the_same_test() -> None:
    begun = start(told(), {"patient_id": "p", "age": 50, "sex": "F", "biomarkers": {"CRP": EARLIER}, "extensions": {}})
    assert value(begun, "biomarkers", "crp").origin is Origin.RECORD
    assert Profile.model_validate(begun.profile).biomarkers.keys() == {"C-reactive protein"}


def test_a_drug_the_record_has_ended_is_not_taken_from_a_profile_saved_before() -> None:
    begun = start(told(), {"patient_id": "p", "current_medications": ["prednisone 5 mg daily", "vitamin D"]})
    assert begun.profile["current_medications"] == ["methotrexate 15 mg weekly", "vitamin D"]


def test_findings_of_the_documents_follow_the_documents_after_a_profile_was_saved() -> None:
    before = start(told(extensions={"documented_findings": ["malar rash"]}), {})
    after = start(told(extensions={"documented_findings": ["malar rash", "oral ulcers"]}), saved(before))
    assert after.profile["extensions"]["documented_findings"] == ["malar rash", "oral ulcers"]


def test_what_no_part_of_the_record_holds_is_kept() -> None:
    begun = start(told(), {"patient_id": "p", "family_history": ["mother: psoriasis"], "extensions": {"pregnant": True}})
    assert begun.profile["family_history"] == ["mother: psoriasis"]
    assert begun.profile["extensions"]["pregnant"] is True
