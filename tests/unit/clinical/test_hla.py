"""HLA typings at the resolution typed, and nothing more."""

from __future__ import annotations

import time

import mhcgnomes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.hla import HlaAssociation, associations, parse_allele, parse_typing
from services.clinical.hla.names import _ANTIGENS
from services.clinical.presentations import THIRTEEN, presentations
from services.knowledge.catalogue import load
from services.knowledge.drugs import Condition, pgx_rule, rules
from services.knowledge.immunology import HlaAssociationRow, HlaModifierRow, HlaPgxRow

AS = "ankylosing_spondylitis"
T1D = "type_1_diabetes"
CELIAC = "celiac_disease"


def of(disease: str, *alleles: str) -> list[HlaAssociation]:
    return list(associations(alleles).of(disease))


@pytest.mark.parametrize(
    ("written", "alleles"),
    [
        ("B27", ["B*27"]), ("B*27", ["B*27"]), ("HLA-B*27:05", ["B*27:05"]), ("HLA-DRB1*15:01:01:01", ["DRB1*15:01:01:01"]),
        ("DRB1*1501", ["DRB1*15:01"]), ("DR15", ["DRB1*15"]), ("DQ6", ["DQB1*06"]), ("Cw6", ["C*06"]),
        ("Cw*0602", ["C*06:02"]),
        ("B60", ["B*40:01"]), ("B2705", ["B*27:05"]), ("DQ2.5", ["DQA1*05:01", "DQB1*02:01"]), ("DQ8", ["DQB1*03:02"]),
        ("A*24:09N", ["A*24:09N"]), ("DRB1*15:01:01G", ["DRB1*15:01:01G"]), ("DPB1*13:01", ["DPB1*13:01"]),
        ("DR17", ["DRB1*03:01"]),
        ("hla-b*27:05:02", ["B*27:05:02"]), ("HLA B27 positive", ["B*27"]),
        ("DQA1*05:01-DQB1*02:01", ["DQA1*05:01", "DQB1*02:01"]),
        ("DR3/DR4", ["DRB1*03", "DRB1*04"]), ("B*27:05/06", ["B*27"]), ("HLA-DR4 (DRB1*04:01)", ["DRB1*04:01"]),
    ],
)  # fmt: skip
def test_typings_are_read_as_laboratories_write_them(written: str, alleles: list[str]) -> None:
    assert [str(one) for one in parse_typing(written).alleles] == alleles


@pytest.mark.parametrize(
    "written",
    ["B*99:99X", "DRB1*99:01", "B*00:01", "H2-Kb", "BoLA-1", "rubbish", "B*27:05 B*07:02", "B*", "*27:05", "DQ99", "x" * 300,
     "B*27:05:06:07:08", "HLA", "DRB1*4:1", "27:05"],
)  # fmt: skip
def test_malformed_alleles_are_returned_as_unrecognised(written: str) -> None:
    report = associations([written])
    assert report.unrecognised == (written.strip()[:200],)
    assert report.associations == ()


def test_b2705_is_a_risk_allele_and_its_figure_is_for_the_group() -> None:
    found = of(AS, "B*27:05")
    assert [(one.allele, one.direction, one.odds_ratio, one.interval) for one in found] == [("B*27:05", "risk", 171, (135, 218))]
    assert "figure is for B*27" in found[0].resolution


@pytest.mark.parametrize("allele", ["B*27:06", "B*27:09", "B*2706", "HLA-B*27:09:01"])
def test_b2706_and_b2709_are_not_a_risk(allele: str) -> None:
    assert [one.direction for one in of(AS, allele)] == ["not_associated"]


@pytest.mark.parametrize("written", ["B27", "HLA-B27", "B*27"])
def test_plain_b27_matches_the_group_and_says_what_is_not_known(written: str) -> None:
    found = of(AS, written)
    assert [(one.allele, one.direction) for one in found] == [("B*27", "risk")]
    assert "B*27:06" in found[0].resolution


def test_b27_reported_negative_is_not_a_risk() -> None:
    report = associations(["HLA-B27 negative"])
    assert report.associations == ()
    assert report.absent == ("HLA-B27 negative",)


def test_neighbours_do_not_borrow_each_others_figures() -> None:
    assert not any(one.direction == "risk" for one in of(T1D, "DQB1*03:01"))
    assert of("multiple_sclerosis", "DRB1*15:02") == []
    assert of(T1D, "B*44:02") == []
    assert not any(one.direction == "risk" for one in of("rheumatoid_arthritis", "DRB1*04:02", "DRB1*04:03"))


def test_a_coarser_typing_is_possible_only_and_has_no_figure() -> None:
    found = of("multiple_sclerosis", "DR15")
    assert {(one.certainty, one.odds_ratio) for one in found} == {("possible", None)}


def test_dq25_counts_once_as_npv_only() -> None:
    for typing in (("DQA1*05:01", "DQB1*02:01"), ("DQ2.5",), ("DRB1*03:01", "DQA1*05:01", "DQB1*02:01")):
        found = of(CELIAC, *typing)
        assert [(one.label, one.npv_only, one.direction) for one in found] == [("DQ2.5", True, "risk")]
    assert [one.label for one in of(CELIAC, "DQA1*05:05", "DQB1*02:02")] == ["DQ2.5 (trans)"]


def test_dr_alone_neither_shows_nor_excludes_dq() -> None:
    report = associations(["DRB1*01:01", "DRB1*07:01"])
    assert report.of(CELIAC) == ()
    assert not report.is_dq2_dq8_excluded
    assert any("DQ was not typed" in note for note in report.notes)


def test_two_typed_dqb1_without_dq2_and_dq8_make_celiac_unlikely_but_one_does_not() -> None:
    assert associations(["DQB1*06:02", "DQB1*05:01"]).is_dq2_dq8_excluded
    assert not associations(["DQB1*06:02"]).is_dq2_dq8_excluded
    assert not associations(["DQB1*06:02", "DQB1*03"]).is_dq2_dq8_excluded


def test_protective_alleles_are_reported_as_protective() -> None:
    protective = {"DQB1*06:02": T1D, "A*02:01": "multiple_sclerosis", "B*44:03": T1D, "DRB1*13:01": "myasthenia_gravis"}
    for allele, disease in protective.items():
        assert [one.direction for one in of(disease, allele)] == ["protective"]


def test_dq8_is_attenuated_by_drb1_0403() -> None:
    risk = next(one for one in of(T1D, "DRB1*04:03", "DQB1*03:02") if one.direction == "risk")
    assert risk.allele == "DQB1*03:02"
    assert risk.odds_ratio is None
    assert "attenuated by DRB1*04:03" in risk.modifiers[0]


def test_the_dr3_dr4_genotype_replaces_its_parts() -> None:
    found = of(T1D, "DRB1*03:01", "DRB1*04:01", "DQB1*03:02", "DQB1*02:01")
    assert [(one.label, one.odds_ratio) for one in found] == [("DR3/DR4-DQ8 genotype", 16.59)]


def test_null_alleles_carry_no_association() -> None:
    report = associations(["B*27:05N"])
    assert report.associations == ()
    assert report.unrecognised == ()
    assert any("null allele" in note for note in report.notes)


def test_drug_alleles_are_reported_and_coarse_typing_asks_for_more() -> None:
    assert [(one.drug, one.certainty) for one in associations(["B*58:01"]).pgx] == [("allopurinol", "typed")]
    assert associations(["B*15:01"]).pgx == ()
    coarse = associations(["B58"]).pgx
    assert [(one.certainty, one.explanation.missing) for one in coarse] == [("possible", ("finer HLA typing",))]
    assert {one.drug for one in associations(["B*38:02"]).pgx} == {"methimazole/carbimazole"}


@pytest.mark.parametrize(
    ("disease", "part", "whole", "figure"),
    [
        ("graves_disease", ["DRB1*03:01"], ["DQB1*02:01", "DQA1*05:01"], 2.72),
        ("systemic_sclerosis", ["DRB1*11:04", "DQB1*03:01"], ["DQA1*05:01"], 2.07),
        ("type_1_diabetes", ["DQB1*06:02"], ["DRB1*15:01", "DQA1*01:02"], 0.03),
        ("type_1_diabetes", ["DRB1*03:01"], ["DQA1*05:01", "DQB1*02:01"], 3.64),
        ("type_1_diabetes", ["DRB1*14:01"], ["DQB1*05:03"], 0.02),
    ],
)
def test_the_figure_of_a_haplotype_needs_the_whole_haplotype(
    disease: str, part: list[str], whole: list[str], figure: float
) -> None:
    partial = of(disease, *part)
    assert [(one.odds_ratio, one.interval, one.absolute_risk) for one in partial] == [(None, None, "")]
    assert len(partial[0].explanation.missing) == len(whole)
    for allele in partial[0].explanation.missing:
        assert allele in partial[0].resolution
        assert any(one.startswith(allele) for one in whole)
    complete = of(disease, *part, *whole)
    assert [one.odds_ratio for one in complete] == [figure]
    assert complete[0].direction == partial[0].direction
    assert complete[0].explanation.missing == ()


def test_the_risk_of_dq2_in_trans_is_not_given_when_the_phase_is_not_known() -> None:
    def risk(*alleles: str) -> list[str]:
        return [one.absolute_risk for one in of("celiac_disease", *alleles) if one.label.startswith("DQ2.5")]

    assert risk("DQA1*05:05", "DQA1*02:01", "DQB1*03:01", "DQB1*02:02") == ["about 1 in 20 in trans"]
    assert risk("DQA1*05:01", "DQB1*02:01") == ["about 1 in 30 in cis"]
    assert risk("DQA1*05", "DQB1*02") == [""]


def test_no_figure_is_given_for_sjogrens_disease_because_its_source_is_not_named() -> None:
    found = of("sjogrens_syndrome", "DRB1*03:01", "DQB1*02:01", "DQA1*05:01")
    assert [(one.direction, one.odds_ratio) for one in found] == [("risk", None)]


def test_rows_are_consistent() -> None:
    rows = load("hla_associations", HlaAssociationRow)
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids))
    for row in rows:
        assert row.disease in THIRTEEN or row.disease in presentations()
        assert set(row.covers) <= set(ids)
        if row.partial_of is not None:
            assert row.id in next(one for one in rows if one.id == row.partial_of).covers
        for name in (*row.all_of, *row.excludes, *row.unless_with):
            for choice in name.split("|"):
                assert parse_allele(choice) is not None, f"{row.id}: {choice}"
    for modifier in load("hla_modifiers", HlaModifierRow):
        assert set(modifier.modifies) <= set(ids)


def test_what_is_published_of_an_allele_and_the_rule_about_it_speak_of_the_same_allele_and_drugs() -> None:
    rows = load("hla_pgx", HlaPgxRow)
    for row in rows:
        assert all(parse_allele(name) is not None for name in row.all_of)
        for code in row.rules:
            named = set(_alleles_of(pgx_rule(code).when))
            assert named & set(row.all_of), f"{row.id}: {code} is about {sorted(named)}"
    told = {code for row in rows for code in row.rules}
    assert told == {rule.code for rule in rules() if _alleles_of(rule.when)}
    assert next(row for row in rows if row.id == "dr7_thiopurine").drugs == ("azathioprine", "mercaptopurine", "thioguanine")


def _alleles_of(condition: Condition | None) -> list[str]:
    if condition is None:
        return []
    return [one for one in (condition.allele, *(part.allele for part in (*condition.all_of, *condition.any_of))) if one]


def test_an_uncertain_figure_is_never_shown() -> None:
    assert all(row.odds is None for row in load("hla_associations", HlaAssociationRow) if row.uncertain)
    assert [(one.is_uncertain, one.odds_ratio) for one in of("multiple_sclerosis", "DRB1*15:03")] == [(True, None)]


@pytest.mark.parametrize("antigen", sorted(_ANTIGENS))
def test_antigens_agree_with_an_independent_nomenclature(antigen: str) -> None:
    written = antigen.replace("CW", "Cw")
    known = mhcgnomes.parse(written, default_species="HLA", raise_on_error=False)
    if known is None or not getattr(known, "alleles", None):
        pytest.skip(f"mhcgnomes does not list {written}")
    ours = [parse_allele(name) for name in _ANTIGENS[antigen]]
    theirs = [parse_allele(f"{one.gene.name}*{':'.join(one.allele_fields)}") for one in known.alleles]
    assert any(other is not None and own is not None and other.is_within(own) for own in ours for other in theirs)


@pytest.mark.parametrize("written", ["B*27:05", "DRB1*1501", "Cw*0602", "DPB1*13:01", "A*24:09N", "DQA1*05:01"])
def test_alleles_agree_with_an_independent_nomenclature(written: str) -> None:
    known = mhcgnomes.parse(written, default_species="HLA")
    ours = parse_typing(written).alleles[0]
    assert (known.gene.name, known.allele_fields) == (ours.locus, ours.fields)


@given(st.text(max_size=250) | st.from_regex(r"(HLA-)?(A|B|Cw|DRB1|DQB1|DPB1)\*?[0-9:/NPG\-]{0,60}", fullmatch=True))
def test_no_string_breaks_or_slows_the_reader(written: str) -> None:
    parse_typing("B27")
    started = time.process_time()
    parse_typing(written)
    assert time.process_time() - started < 0.005
    assert len(associations([written]).unrecognised) <= 1
