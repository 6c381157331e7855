"""What laboratory values and antibodies may answer, and what they may not."""

from __future__ import annotations

import pytest

from services.clinical.antibodies import antibodies
from services.clinical.criteria import CRITERIA
from services.clinical.criteria.prefill import (
    _READERS,
    AntibodyFinding,
    Evidence,
    LabFinding,
    ana_reaches_1_80,
    merge,
    prefill,
)
from services.clinical.labs import analytes


@pytest.mark.parametrize(("finding", "expected"), [
    (AntibodyFinding(positive=True, titer=40), False),
    (AntibodyFinding(positive=True, titer=80), True),
    (AntibodyFinding(positive=True), None),
    (AntibodyFinding(positive=False), False),
    (None, None),
])
def test_ana_reaches_the_entry_titer_by_titer_only(finding: AntibodyFinding | None, expected: bool | None) -> None:
    assert ana_reaches_1_80(finding) is expected


def test_normal_platelets_today_do_not_exclude_thrombocytopenia_ever() -> None:
    answers = prefill("sle_2019_eular_acr", Evidence(labs={"platelets": LabFinding(250), "leukocytes": LabFinding(3.5)}))
    assert "thrombocytopenia" not in answers
    assert answers["leukopenia"] is True


def test_both_complements_low_fill_the_four_point_item() -> None:
    labs = {"c3": LabFinding(55, lln=90), "c4": LabFinding(6, lln=10)}
    assert prefill("sle_2019_eular_acr", Evidence(labs=labs))["low_C3_and_low_C4"] is True


def test_serology_needs_both_tests_unless_one_is_high() -> None:
    only_rf = Evidence(antibodies={"rheumatoid_factor": AntibodyFinding(True, times_uln=2)})
    high = Evidence(antibodies={"acpa": AntibodyFinding(True, times_uln=3.1)})
    assert "serology" not in prefill("ra_2010_acr_eular", only_rf)
    assert prefill("ra_2010_acr_eular", high)["serology"] == "high_positive"


def test_untested_rheumatoid_factor_gives_caspar_nothing() -> None:
    assert prefill("caspar_2006", Evidence()) == {}
    tested = Evidence(antibodies={"rheumatoid_factor": AntibodyFinding(positive=False)})
    assert prefill("caspar_2006", tested) == {"rf_negative": True}


def test_one_negative_antiphospholipid_test_does_not_make_the_item_negative() -> None:
    evidence = Evidence(antibodies={"lupus_anticoagulant": AntibodyFinding(positive=False)})
    assert "antiphospholipid_antibodies" not in prefill("sle_2019_eular_acr", evidence)


def test_low_total_iga_is_recognised_and_a_normal_one_needs_the_laboratory_limit() -> None:
    assert prefill("celiac_espghan_2020", Evidence(labs={"iga": LabFinding(0.02)}, age_years=12))["total_iga"] == "deficient"
    assert "total_iga" not in prefill("celiac_espghan_2020", Evidence(labs={"iga": LabFinding(1.2)}, age_years=12))


def test_what_a_person_answers_wins() -> None:
    assert merge({"anti_Sm": True, "fever": True}, {"anti_Sm": False, "fever": None}) == {"anti_Sm": False, "fever": True}


@pytest.mark.parametrize("criteria_id", sorted(_READERS))
def test_every_prefilled_key_is_an_item_of_its_set(criteria_id: str) -> None:
    keys = {item.key for item in CRITERIA[criteria_id].items}
    assert set(_READERS[criteria_id](Evidence())) <= keys


class Asked(dict[str, object]):
    """An empty mapping that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: object = None) -> object:
        self.keys_asked.add(key)
        return default


def test_every_finding_prefill_asks_for_exists_in_the_readers() -> None:
    bodies, labs = Asked(), Asked()
    for criteria_id in _READERS:
        prefill(criteria_id, Evidence(antibodies=bodies, labs=labs))  # type: ignore[arg-type]
    assert bodies.keys_asked <= set(antibodies())
    assert labs.keys_asked <= set(analytes())
