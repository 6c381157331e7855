"""How a pharmacogene genotype becomes a phenotype."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.genotypes import parse, read


@pytest.mark.parametrize(
    ("gene", "written", "phenotype"),
    [
        ("TPMT", "*1/*1", "normal"),
        ("TPMT", "*1/*3A", "intermediate"),
        ("TPMT", "*3A/*3C", "poor"),
        ("TPMT", "TPMT *2/*3A", "poor"),
        ("TPMT", "1/3C", "intermediate"),
        ("TPMT", "*3A homozygous", "poor"),
        ("TPMT", "poor metaboliser", "poor"),
        ("TPMT", "Poor Metabolizer", "poor"),
        ("TPMT", "IM", "intermediate"),
        ("TPMT", "heterozygous deficient", "intermediate"),
        ("NUDT15", "*1/*3", "intermediate"),
        ("NUDT15", "*2/*3", "poor"),
        ("CYP2C9", "*1/*2", "intermediate"),
        ("CYP2C9", "*2/*3", "poor"),
        ("CYP2C9", "*3/*3", "poor"),
        ("CYP2C19", "*1/*17", "rapid"),
        ("CYP2C19", "*17/*17", "ultrarapid"),
        ("CYP2C19", "*2/*17", "intermediate"),
        ("CYP2C19", "ultra-rapid metaboliser", "ultrarapid"),
        ("UGT1A1", "*28/*28", "poor"),
        ("G6PD", "deficient", "deficient"),
        ("G6PD", "not deficient", "normal"),
        ("G6PD", "A- (African)", "deficient"),
        ("G6PD", "normal", "normal"),
        ("FCGR3A", "V/F", "F/V"),
        ("TPMT", "*1/*99", None),
        ("TPMT", "*1", None),
        ("TPMT", "pending", None),
        ("TPMT", "not poor", None),
        ("TPMT", "xyz", None),
    ],
)
def test_phenotypes_follow_the_function_of_both_alleles(gene: str, written: str, phenotype: str | None) -> None:
    assert read(gene, written).phenotype == phenotype


def test_an_allele_without_known_function_keeps_the_diplotype_and_says_why() -> None:
    genotype = read("TPMT", "*99/*1")
    assert genotype.diplotype == ("*1", "*99")
    assert "indeterminate" in genotype.reason


def test_unknown_genes_and_values_are_echoed() -> None:
    found = parse({"BRCA1": "x", "TPMT": "what", "NUDT15": "*1/*1"})
    assert found.unrecognised == ("BRCA1: x", "TPMT: what")
    assert found.get("NUDT15") is not None


def test_contradicting_entries_of_one_gene_decide_nothing() -> None:
    found = parse({"TPMT": "*1/*1", "TPMT genotype": "*3A/*3A"}).get("TPMT")
    assert found is not None
    assert found.phenotype is None


def test_hla_alleles_among_the_genotypes_are_handed_on() -> None:
    assert parse({"HLA-B": "*58:01/*07:02"}).alleles == ("B*58:01", "B*07:02")
    assert parse({"HLA-B*57:01": "positive"}).alleles == ("HLA-B*57:01",)
    assert parse({"HLA-B*57:01": "negative"}).alleles == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_crashes_the_reader(key: str, value: str) -> None:
    parse({key: value, "TPMT": value, "G6PD": value, "FCGR3A": value, "HLA-B": value})
