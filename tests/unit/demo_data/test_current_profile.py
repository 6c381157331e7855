"""The profile follows from the record: the latest value counts, bounds and words are not turned into numbers."""

from __future__ import annotations

from datetime import date

import pytest

from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.clinical.profile import MeasuredValue

PATIENTS = {patient.id: patient for patient in load_patients()}


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_every_patient_has_a_profile_with_something_to_analyse(patient_id: str) -> None:
    profile = profile_of(PATIENTS[patient_id])
    assert profile.diagnosed_conditions == PATIENTS[patient_id].conditions
    assert profile.biomarkers
    assert profile.hla_profile is not None
    assert profile.autoantibody_panel is not None or patient_id in {"david_park", "priya_nair"}


def test_the_latest_value_keeps_its_unit_range_and_date() -> None:
    c3 = profile_of(PATIENTS["sarah_mitchell"]).biomarkers["C3"]
    assert c3 == MeasuredValue(value=109, unit="mg/dL", reference_range="90–180", date=date(2024, 9, 10))


def test_allele_level_typing_replaces_the_antigen_of_the_same_locus() -> None:
    hla = profile_of(PATIENTS["david_park"]).hla_profile
    assert hla is not None
    assert hla.hla_b == ("B*27:05", "B*40:01")


def test_dpb1_is_carried() -> None:
    hla = profile_of(PATIENTS["rachel_thompson"]).hla_profile
    assert hla is not None
    assert "DPB1*13:01" in hla.alleles()


def test_an_antibody_in_words_is_not_given_a_number() -> None:
    profile = profile_of(PATIENTS["sarah_mitchell"])
    assert profile.autoantibody_panel is not None
    assert "lupus anticoagulant" not in {result.antibody for result in profile.autoantibody_panel.results}
    assert profile.extensions["qualitative_antibodies"] == {"lupus anticoagulant": True}


def test_a_bound_is_not_taken_for_a_measurement() -> None:
    tsh = profile_of(PATIENTS["aisha_rahman"]).biomarkers["TSH"]
    assert isinstance(tsh, MeasuredValue)
    assert tsh.value == 1.8


def test_failed_drugs_are_past_and_not_current() -> None:
    profile = profile_of(PATIENTS["david_park"])
    prior = " ".join(profile.extensions["prior_medications"])
    assert "etanercept" in prior
    assert "secukinumab" in prior
    assert "adalimumab" not in prior
