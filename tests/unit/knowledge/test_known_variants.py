"""The well-known variants lie in their genes, agree between the builds, and say what kind of statement they make."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from services.knowledge.genes import BUILDS, gene
from services.knowledge.known_variants import (
    Allele,
    KnownVariant,
    Significance,
    known_by_name,
    known_by_rsid,
    known_variant_at,
    known_variants,
)
from services.knowledge.pgx import pharmacogenes

ALL = known_variants()
_BASES = {"A": "T", "C": "G", "G": "C", "T": "A"}
_THREE = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H", "Ile": "I",
    "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V",
    "Ter": "*",
}  # fmt: skip
_ORDER = "TCAG"
_CODE = dict(
    zip(
        (a + b + c for a in _ORDER for b in _ORDER for c in _ORDER),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG", strict=True,
    )
)  # fmt: skip
SNV = re.compile(r"c\.([0-9]+)([ACGT])>([ACGT])")
MISSENSE = re.compile(r"p\.([A-Z][a-z]{2})([0-9]+)([A-Z][a-z]{2})")
OUTSIDE_ITS_GENE = {"rs3087243", "rs35705950", "rs4349859", "rs10484554", "rs2395029", "rs7454108", "rs1061235", "rs2187668",
                    "rs12248560", "rs887829", "rs9923231", "rs12979860"}  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:
    return {
        "gene": "MEFV", "coding": "c.2080A>G", "protein": "p.Met694Val", "places": {"GRCh38": "16:3243407:T:C"},
        "significance": "pathogenic", "condition": "familial Mediterranean fever", "inheritance": "AR", "source": "fmf97",
        **changes,
    }  # fmt: skip


def test_there_are_more_than_a_hundred_and_no_allele_twice() -> None:
    assert len(ALL) >= 100
    for build in BUILDS:
        alleles = Counter(str(allele) for one in ALL for name, allele in one.places.items() if name == build)
        assert max(alleles.values()) == 1


def test_every_variant_has_a_gene_of_the_list_and_a_source() -> None:
    for one in ALL:
        found = gene(one.gene)
        assert found is not None, one.name
        assert found.symbol == one.gene, one.name
        assert one.source.citation


def test_a_variant_lies_in_its_gene_unless_it_is_known_to_lie_beside_it() -> None:
    outside = set()
    for one in ALL:
        found = gene(one.gene)
        assert found is not None
        for build, allele in one.places.items():
            place = found.places[build]
            if not place.overlaps(allele.chrom, allele.pos, allele.pos + len(allele.ref) - 1):
                outside.add(one.rsid or one.name)
                assert place.chrom == allele.chrom, one.name
    assert outside <= OUTSIDE_ITS_GENE


def test_the_builds_differ_by_what_their_gene_moved() -> None:
    for one in ALL:
        found = gene(one.gene)
        if found is None or len(one.places) < 2:
            continue
        old, new = one.places["GRCh37"], one.places["GRCh38"]
        assert (old.chrom, old.ref, old.alt) == (new.chrom, new.ref, new.alt), one.name
        here, there = found.places["GRCh37"], found.places["GRCh38"]
        moved = {there.start - here.start, there.end - here.end}
        assert new.pos - old.pos in moved, one.name


def test_the_bases_of_the_coding_change_are_those_of_the_allele_on_the_strand_of_the_gene() -> None:
    checked = 0
    for one in ALL:
        match, found = SNV.fullmatch(one.coding), gene(one.gene)
        if match is None or found is None:
            continue
        for build, allele in one.places.items():
            bases = (match[2], match[3])
            if found.places[build].strand == "-":
                bases = (_BASES[bases[0]], _BASES[bases[1]])
            assert (allele.ref, allele.alt) == bases, one.name
            checked += 1
    assert checked > 200


def test_the_protein_change_follows_from_the_coding_change() -> None:
    """The base lies in the codon of the residue, and some codon of the old residue becomes the new one by that base."""
    checked = 0
    for one in ALL:
        coding, protein = SNV.fullmatch(one.coding), MISSENSE.fullmatch(one.protein)
        if coding is None or protein is None:
            continue
        position, before, after = int(coding[1]), coding[2], coding[3]
        assert (position + 2) // 3 == int(protein[2]), one.name
        place = (position - 1) % 3
        fits = [
            codon for codon, residue in _CODE.items()
            if residue == _THREE[protein[1]] and codon[place] == before
            and _CODE[codon[:place] + after + codon[place + 1:]] == _THREE[protein[3]]
        ]  # fmt: skip
        assert fits, one.name
        checked += 1
    assert checked > 100


def test_changes_on_one_gene_stand_in_the_order_of_its_strand() -> None:
    for symbol in {one.gene for one in ALL}:
        found = gene(symbol)
        assert found is not None
        ordered = sorted(
            (int(match[1]), one.places["GRCh38"].pos) for one in ALL
            if one.gene == symbol and (match := SNV.fullmatch(one.coding)) is not None
        )  # fmt: skip
        positions = [pos for _, pos in ordered]
        assert positions == sorted(positions, reverse=found.places["GRCh38"].strand == "-"), symbol


def test_pharmacogenetic_positions_agree_with_the_star_allele_definitions() -> None:
    """Two files that were written apart from each other."""
    defined = {
        (variant.rsid, variant.alt): (variant.grch37, variant.grch38, variant.ref)
        for one in pharmacogenes().values() for variant in one.variants
    }  # fmt: skip
    shared = 0
    for one in ALL:
        allele = one.places["GRCh38"]
        if one.rsid is None or (one.rsid, allele.alt) not in defined:
            continue
        grch37, grch38, ref = defined[(one.rsid, allele.alt)]
        assert (allele.pos, allele.ref) == (grch38, ref), one.name
        if "GRCh37" in one.places:
            assert one.places["GRCh37"].pos == grch37, one.name
        shared += 1
    assert shared >= 10


@pytest.mark.parametrize(("build", "pos"), [("GRCh37", 3_293_407), ("GRCh38", 3_243_407)])
def test_an_allele_is_found_in_its_own_build_only(build: str, pos: int) -> None:
    found = known_variant_at(build, "chr16", pos, "t", "c")
    assert found is not None
    assert found.name == "MEFV p.Met694Val"
    other = "GRCh38" if build == "GRCh37" else "GRCh37"
    assert known_variant_at(other, "16", pos, "T", "C") is None


def test_another_allele_at_a_known_place_is_not_the_known_variant() -> None:
    assert known_variant_at("GRCh38", "16", 3_243_407, "T", "G") is None


def test_rsids_and_names_of_the_literature_resolve() -> None:
    assert [one.gene for one in known_by_rsid(" RS61752717 ")] == ["MEFV"]
    found = known_by_name("tnfrsf1a", "R92Q")
    assert found is not None
    assert found.protein == "p.Arg121Gln"
    assert known_by_name("TPMT", "TPMT*3C") == known_by_name("TPMT", "c.719A>G")


@pytest.mark.parametrize("text", ["", "rs", "rs0", "rs1", "61752717", "rs61752717; DROP", "rs" + "9" * 100_000])
def test_text_that_is_no_known_rsid_finds_nothing(text: str) -> None:
    assert known_by_rsid(text) == ()


def test_the_note_says_what_kind_of_statement_it_is() -> None:
    for one in ALL:
        assert one.note.startswith(one.significance.statement)
        if one.significance in (Significance.RISK_FACTOR, Significance.PROTECTIVE):
            assert one.inheritance is None, one.name
    assert "never a diagnosis" in Significance.RISK_FACTOR.statement


def test_tags_of_hla_alleles_say_that_they_do_not_replace_typing() -> None:
    tags = [one for one in ALL if one.gene.startswith("HLA-")]
    assert len(tags) >= 5
    assert all("tag of" in one.note and "typing" in one.note for one in tags)


@pytest.mark.parametrize("rsid", ["rs2476601", "rs1061170", "rs3184504", "rs7574865"])
def test_where_the_reference_carries_the_risk_allele_the_change_is_not_called_the_risk(rsid: str) -> None:
    (found,) = known_by_rsid(rsid)
    assert found.significance is Significance.PROTECTIVE
    assert "reference genome carries the risk allele" in found.note


@pytest.mark.parametrize(
    "changes",
    [
        {"inheritance": None}, {"places": {}}, {"places": {"GRCh38": "16:3243407:T:T"}}, {"places": {"hg38": "16:3243407:T:C"}},
        {"places": {"GRCh38": "chr16:3243407:T:C"}}, {"rsid": "61752717"}, {"significance": "bad"}, {"protein": "Met694Val"},
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KnownVariant.model_validate(row(**changes))


def test_a_row_that_fits_is_taken() -> None:
    made = KnownVariant.model_validate(row())
    assert made.places["GRCh38"] == Allele(chrom="16", pos=3_243_407, ref="T", alt="C")
