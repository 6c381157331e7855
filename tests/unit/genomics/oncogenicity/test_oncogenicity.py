"""ClinGen, CGC and VICC 2022: points, exclusions and classes worked out by hand from the published table."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.record import Frequency, PopulationData
from services.genomics.amp.variant import SomaticKind
from services.genomics.oncogenicity.criteria import Code, CodeStatus
from services.genomics.oncogenicity.engine import OncogenicDecision, Oncogenicity, assess_oncogenicity, class_of_points
from services.genomics.oncogenicity.record import (
    CancerHotspot,
    Established,
    Functional,
    GeneRole,
    Line,
    OncogenicRecord,
    Verdict,
)

ABSENT = (PopulationData("gnomAD", "4", (Frequency("NFE", 0, 100_000),), covered=True),)
MISSENSE = OncogenicRecord("GENE1", SomaticKind.MISSENSE, GeneRole.ONCOGENE)
DAMAGING = (Line("REVEL", Verdict.DAMAGING),)


def status(record: OncogenicRecord, code: Code) -> CodeStatus:
    return assess_oncogenicity(record).result(code).status


def with_frequency(count: int, number: int = 10_000) -> OncogenicRecord:
    return replace(MISSENSE, populations=(PopulationData("gnomAD", "4", (Frequency("EAS", count, number),)),))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (10, Oncogenicity.ONCOGENIC), (9, Oncogenicity.LIKELY_ONCOGENIC), (6, Oncogenicity.LIKELY_ONCOGENIC),
        (5, Oncogenicity.UNCERTAIN), (0, Oncogenicity.UNCERTAIN), (-1, Oncogenicity.LIKELY_BENIGN),
        (-6, Oncogenicity.LIKELY_BENIGN), (-7, Oncogenicity.BENIGN),
    ],
)
def test_the_class_follows_the_points(points: int, expected: Oncogenicity) -> None:
    assert class_of_points(points) is expected


def test_the_points_are_those_published() -> None:
    assert {code.value: code.points for code in Code} == {
        "OVS1": 8, "OS1": 4, "OS2": 4, "OS3": 4, "OM1": 2, "OM2": 2, "OM3": 2, "OM4": 2, "OP1": 1, "OP2": 1, "OP3": 1, "OP4": 1,
        "SBVS1": -8, "SBS1": -4, "SBS2": -4, "SBP1": -1, "SBP2": -1,
    }


def test_an_empty_record_is_uncertain_and_every_criterion_says_why() -> None:
    made = assess_oncogenicity(OncogenicRecord("GENE1", SomaticKind.MISSENSE))
    assert made.oncogenicity is Oncogenicity.UNCERTAIN
    assert [one.code for one in made.results] == list(Code)
    assert all(one.reason for one in made.results)


def test_a_frequent_hotspot_with_function_and_rarity_is_oncogenic() -> None:
    record = replace(
        MISSENSE, hotspot=CancerHotspot("hot spots", True, 900, 500), functional=Functional(True, "transforms cells"),
        lines=DAMAGING, populations=ABSENT,
    )
    made = assess_oncogenicity(record)
    assert (made.points, made.oncogenicity) == (4 + 4 + 1 + 1, Oncogenicity.ONCOGENIC)


@pytest.mark.parametrize(
    ("position", "change", "code"), [(50, 10, Code.OS3), (49, 10, Code.OM4), (500, 9, Code.OP3), (12, 9, Code.OP3)],
)
def test_a_hotspot_has_exactly_one_strength(position: int, change: int, code: Code) -> None:
    made = assess_oncogenicity(replace(MISSENSE, hotspot=CancerHotspot("hot spots", True, position, change)))
    assert [one.code for one in made.results if one.points] == [code]


@pytest.mark.parametrize("strength", [Strength.VERY_STRONG, Strength.STRONG, Strength.MODERATE, Strength.SUPPORTING])
def test_a_null_variant_of_a_suppressor_is_graded_like_pvs1(strength: Strength) -> None:
    record = OncogenicRecord(
        "TP53", SomaticKind.FRAMESHIFT, GeneRole.TUMOUR_SUPPRESSOR, null_strength=strength, null_judged=True
    )
    assert assess_oncogenicity(record).result(Code.OVS1).points == strength.points


def test_a_null_variant_of_an_oncogene_is_no_evidence_and_of_an_unknown_gene_not_assessable() -> None:
    record = OncogenicRecord("X", SomaticKind.NONSENSE, null_strength=Strength.VERY_STRONG, null_judged=True)
    assert status(replace(record, role=GeneRole.ONCOGENE), Code.OVS1) is CodeStatus.NOT_MET
    assert status(record, Code.OVS1) is CodeStatus.NOT_ASSESSABLE
    assert status(replace(record, role=GeneRole.BOTH, null_judged=False), Code.OVS1) is CodeStatus.NOT_ASSESSABLE


def test_the_established_change_excludes_function_hotspot_and_domain_beside_it() -> None:
    record = replace(
        MISSENSE, established=(Established("V1L by another base", same_protein_change=True),), in_critical_domain=True,
        functional=Functional(True, "assay"), hotspot=CancerHotspot("hot spots", True, 60, 20),
    )
    made = assess_oncogenicity(record)
    assert {one.code for one in made.results if one.points} == {Code.OS1}
    assert {one.code for one in made.results if one.status is CodeStatus.EXCLUDED} == {Code.OS2, Code.OS3, Code.OM1}


def test_function_and_hotspot_of_the_very_nucleotide_count_beside_the_established_change() -> None:
    record = replace(
        MISSENSE, established=(Established("same", same_protein_change=True),),
        functional=Functional(True, "assay", of_nucleotide_change=True),
        hotspot=CancerHotspot("hot spots", True, 60, 20, by_nucleotide=True),
    )
    assert {one.code for one in assess_oncogenicity(record).results if one.points} == {Code.OS1, Code.OS2, Code.OS3}


def test_the_variant_itself_is_not_its_own_precedent() -> None:
    record = replace(MISSENSE, established=(Established("itself", same_protein_change=True, same_nucleotide_change=True),))
    assert status(record, Code.OS1) is CodeStatus.NOT_MET


def test_a_domain_excludes_the_neighbouring_change_and_that_the_small_hotspot() -> None:
    neighbour = replace(
        MISSENSE, established=(Established("G12D", same_protein_change=False, is_as_severe=True),),
        hotspot=CancerHotspot("hot spots", True, 20, 10),
    )
    assert status(neighbour, Code.OM3) is CodeStatus.MET
    assert status(neighbour, Code.OM4) is CodeStatus.EXCLUDED
    inside = replace(neighbour, in_critical_domain=True, domain="kinase")
    assert status(inside, Code.OM1) is CodeStatus.MET
    assert status(inside, Code.OM3) is CodeStatus.EXCLUDED
    assert status(inside, Code.OM4) is CodeStatus.EXCLUDED


def test_a_milder_change_of_the_residue_is_not_comparable_and_an_unknown_one_not_assessable() -> None:
    mild = Established("G12D", same_protein_change=False, is_as_severe=False)
    assert status(replace(MISSENSE, established=(mild,)), Code.OM3) is CodeStatus.NOT_MET
    assert status(replace(MISSENSE, established=(replace(mild, is_as_severe=None),)), Code.OM3) is CodeStatus.NOT_ASSESSABLE


def test_a_lost_stop_counts_in_a_suppressor_and_a_deletion_in_any_cancer_gene() -> None:
    lost = OncogenicRecord("X", SomaticKind.STOP_LOST, GeneRole.ONCOGENE)
    assert status(lost, Code.OM2) is CodeStatus.NOT_MET
    assert status(replace(lost, role=GeneRole.TUMOUR_SUPPRESSOR), Code.OM2) is CodeStatus.MET
    assert status(replace(lost, kind=SomaticKind.INFRAME_DELETION), Code.OM2) is CodeStatus.MET
    assert status(replace(lost, role=GeneRole.UNKNOWN), Code.OM2) is CodeStatus.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("count", "code", "points"), [(501, Code.SBVS1, -8), (500, Code.SBS1, -4), (101, Code.SBS1, -4), (100, None, 0)],
)
def test_frequency_counts_once(count: int, code: Code | None, points: int) -> None:
    made = assess_oncogenicity(with_frequency(count))
    assert (made.points, [one.code for one in made.results if one.points]) == (points, [code] if code else [])


def test_a_group_of_few_alleles_or_a_founder_group_says_nothing() -> None:
    assert status(with_frequency(100, 1_000), Code.SBVS1) is CodeStatus.NOT_ASSESSABLE
    founder = PopulationData("gnomAD", "4", (Frequency("FIN", 900, 10_000, is_founder=True),))
    assert status(replace(MISSENSE, populations=(founder,)), Code.SBVS1) is CodeStatus.NOT_ASSESSABLE


def test_absence_counts_only_where_the_site_is_covered() -> None:
    assert status(replace(MISSENSE, populations=ABSENT), Code.OP4) is CodeStatus.MET
    uncovered = (PopulationData("gnomAD", "4"),)
    assert status(replace(MISSENSE, populations=uncovered), Code.OP4) is CodeStatus.NOT_ASSESSABLE


def test_all_lines_must_agree() -> None:
    mixed = (*DAMAGING, Line("SpliceAI", Verdict.HARMLESS))
    assert status(replace(MISSENSE, lines=mixed), Code.OP1) is CodeStatus.NOT_MET
    assert status(replace(MISSENSE, lines=mixed), Code.SBP1) is CodeStatus.NOT_MET


def test_a_silent_change_needs_splicing_and_conservation() -> None:
    silent = OncogenicRecord("X", SomaticKind.SILENT, is_silent=True, splice_delta=0.05, highly_conserved=False)
    assert status(silent, Code.SBP2) is CodeStatus.MET
    assert status(replace(silent, splice_delta=0.3), Code.SBP2) is CodeStatus.NOT_MET
    assert status(replace(silent, highly_conserved=None), Code.SBP2) is CodeStatus.NOT_ASSESSABLE


def test_an_expert_replaces_a_criterion_and_what_it_stands_beside_is_told() -> None:
    record = replace(MISSENSE, established=(Established("same", same_protein_change=True),))
    made = assess_oncogenicity(record, [OncogenicDecision(Code.OM1, True, "active site", points=1)])
    assert made.result(Code.OM1).points == 1
    assert any("OM1 by an expert stands beside OS1" in one for one in made.conflicts)


def test_decisions_without_note_twice_or_with_impossible_points_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="note"):
        assess_oncogenicity(MISSENSE, [OncogenicDecision(Code.OS2, True, " ")])
    with pytest.raises(InvalidInputError, match="two decisions"):
        assess_oncogenicity(MISSENSE, [OncogenicDecision(Code.OS2, True, "a"), OncogenicDecision(Code.OS2, False, "b")])
    with pytest.raises(InvalidInputError, match="1, 2, 4 or 8"):
        assess_oncogenicity(MISSENSE, [OncogenicDecision(Code.OS2, True, "a", points=-4)])


def test_contradicting_functional_evidence_is_flagged() -> None:
    record = replace(MISSENSE, functional=Functional(True, "assay"))
    made = assess_oncogenicity(record, [OncogenicDecision(Code.SBS2, True, "another assay")])
    assert "OS2 and SBS2 contradict each other" in made.conflicts


@pytest.mark.shared_data
def test_the_points_are_those_of_an_outside_implementation() -> None:
    path = Path(__file__).resolve().parents[5] / "shared" / "data" / "somatic" / "pcgr" / "oncogenicity.tsv"
    if not path.exists():
        pytest.skip("the public test data are not here")
    with path.open(encoding="utf-8", newline="") as lines:
        theirs = {row["code"].removeprefix("ONCG_"): int(row["score"]) for row in csv.DictReader(lines, delimiter="\t")}
    same = {code.value: code.points for code in Code if code.value in theirs}
    assert len(same) >= 13
    assert same == {code: theirs[code] for code in same}
