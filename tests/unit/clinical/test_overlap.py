"""Overlap syndromes need their combination; one antibody, and ANA least of all, shows none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.antibodies import antibodies
from services.clinical.disease import Disease
from services.clinical.labs import normalise
from services.clinical.overlap import (
    OverlapElement,
    OverlapEvidence,
    OverlapFinding,
    assess_overlaps,
    find_overlaps,
    overlap_records,
)
from services.clinical.symptoms import concepts


def shown(**known: object) -> dict[str, OverlapFinding]:
    return {finding.id: finding for finding in find_overlaps(OverlapEvidence(**known))}  # type: ignore[arg-type]


def yes(*names: str) -> dict[str, bool]:
    return dict.fromkeys(names, True)


@pytest.mark.parametrize("antibody", [
    "ana", "anti_u1rnp", "anti_ro60", "acpa", "anti_jo1", "anti_pmscl", "ama_m2", "anti_21_hydroxylase"])
def test_one_antibody_alone_shows_nothing(antibody: str) -> None:
    assert shown(antibodies=yes(antibody)) == {}


def test_ana_in_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="ANA"):
        OverlapElement(key="x", label="x", any_of=(("antibody:ana",),))


def test_mctd_needs_rnp_and_three_features_with_synovitis_or_myositis() -> None:
    three = yes("raynaud", "puffy_fingers", "synovitis")
    found = shown(antibodies=yes("anti_u1rnp"), features=three)["mixed_connective_tissue_disease"]
    assert found.state == "supported"
    assert "synovitis" in found.present


def test_mctd_without_synovitis_or_myositis_is_incomplete_while_they_are_open() -> None:
    features = yes("raynaud", "puffy_fingers", "sclerodactyly")
    found = shown(antibodies=yes("anti_u1rnp"), features=features)["mixed_connective_tissue_disease"]
    assert (found.state, set(found.missing)) == ("incomplete", {"synovitis", "myositis"})


def test_mctd_features_without_rnp_show_no_mctd() -> None:
    features = yes("raynaud", "puffy_fingers", "arthritis")
    assert "mixed_connective_tissue_disease" not in shown(features=features)
    assert "mixed_connective_tissue_disease" not in shown(features=features, antibodies={"anti_u1rnp": False})


def test_rhupus_is_two_diseases_not_rheumatoid_factor_with_ana() -> None:
    assert "rhupus" not in shown(antibodies=yes("rheumatoid_factor", "ana"))
    both = [Disease.RHEUMATOID_ARTHRITIS, Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS]
    assert shown(conditions=both)["rhupus"].state == "supported"


def test_rhupus_can_be_shown_by_antibodies_with_features() -> None:
    found = shown(antibodies=yes("acpa", "anti_dsdna"), features=yes("erosions_xray", "proteinuria"))
    assert found["rhupus"].state == "supported"


def test_polyautoimmunity_counts_graves_and_hashimoto_as_one() -> None:
    thyroid = [Disease.GRAVES_DISEASE, Disease.HASHIMOTO_THYROIDITIS]
    assert "polyautoimmunity" not in shown(conditions=thyroid)
    assert shown(conditions=[*thyroid, Disease.CELIAC_DISEASE])["polyautoimmunity"].state == "supported"


def test_addison_with_diabetes_is_polyglandular_type_2() -> None:
    found = shown(conditions=[Disease.TYPE_1_DIABETES], features=yes("addison_disease"))
    assert found["autoimmune_polyglandular_2"].state == "supported"


def test_aih_pbc_needs_two_of_three_on_both_sides() -> None:
    labs = normalise({"alt": 260, "alt_uln": 40, "alp": 300, "alp_uln": 120})
    half = shown(antibodies=yes("ama_m2"), labs=labs)
    assert half["aih_pbc"].state == "incomplete"
    assert shown(antibodies=yes("ama_m2", "asma"), labs=labs)["aih_pbc"].state == "supported"
    assert "aih_pbc" not in shown(antibodies=yes("ama_m2", "asma"))


def test_aih_pbc_limits_are_multiples_of_the_upper_limit() -> None:
    labs = normalise({"alt": 200, "alt_uln": 40, "alp": 240, "alp_uln": 120})
    found = {finding.id: finding for finding in assess_overlaps(OverlapEvidence(labs=labs))}["aih_pbc"]
    assert "ALT above 5 times the upper limit" in found.absent


def test_antisynthetase_needs_a_clinical_feature() -> None:
    assert shown(antibodies=yes("anti_jo1"), features=yes("ild"))["antisynthetase_syndrome"].state == "supported"


def test_every_reference_is_known_to_the_readers() -> None:
    features, bodies = {concept.id for concept in concepts().values()}, set(antibodies())
    for record in overlap_records():
        for group in record.groups:
            for element in group.of:
                for reference in (ref for alternative in element.any_of for ref in alternative):
                    kind, _, name = reference.partition(":")
                    if kind == "feature":
                        assert name in features or name in record.own_features, reference
                    if kind == "antibody":
                        assert name in bodies, reference


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["anti_u1rnp", "anti_jo1", "acpa", "anti_dsdna", "ana"]), st.booleans()),
       st.dictionaries(st.sampled_from(["raynaud", "arthritis", "puffy_fingers", "ild", "malar_rash"]), st.booleans()))
def test_more_knowledge_never_turns_a_settled_finding(antibody: dict[str, bool], feature: dict[str, bool]) -> None:
    before = {f.id: f.state for f in assess_overlaps(OverlapEvidence(antibodies=antibody, features=feature))}
    told = {**dict.fromkeys(("raynaud", "arthritis", "high_ck"), False), **feature}
    after = {f.id: f.state for f in assess_overlaps(OverlapEvidence(antibodies=antibody, features=told))}
    assert all(after[key] == state for key, state in before.items() if state != "incomplete")
