"""Terms, their order, and HGVS-like text."""

from __future__ import annotations

import pytest

from services.variants.consequences.hgvs import genomic_change, protein_change
from services.variants.consequences.parsing import parse_entries, parse_entry
from services.variants.consequences.terms import Impact, by_severity, impact_of, ontology_term, rank


def test_terms_are_ordered_by_severity() -> None:
    terms = ("intron_variant", "missense_variant", "stop_gained", "synonymous_variant")
    assert by_severity(terms) == ("stop_gained", "missense_variant", "synonymous_variant", "intron_variant")
    assert rank("splice_donor_variant") < rank("splice_region_variant") < rank("intergenic_variant")


def test_an_unknown_term_is_seen_first_and_never_harmless() -> None:
    assert by_severity(("intron_variant", "brand_new_variant"))[0] == "brand_new_variant"
    assert impact_of(("intron_variant", "brand_new_variant")) is Impact.UNKNOWN
    assert impact_of(()) is Impact.UNKNOWN


def test_the_names_of_the_caller_become_those_of_the_ontology() -> None:
    assert [ontology_term(name) for name in ("5_prime_utr", "missense", "stop_gained")] == [
        "5_prime_UTR_variant", "missense_variant", "stop_gained",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amino_acids", "terms", "text"),
    [
        ("361C>361Y", ("missense_variant",), "p.(Cys361Tyr)"),
        ("475*", ("stop_retained_variant",), "p.(Ter475=)"),
        ("49K>49*", ("stop_gained",), "p.(Lys49Ter)"),
        ("1M>1V", ("start_lost",), "p.(Met1?)"),
        ("172*>172D", ("stop_lost",), "p.(Ter172Aspext*?)"),
        ("260*>260GAL*", ("stop_lost",), "p.(Ter260Glyext*3)"),
        ("157SSHLMCVL*>157SSHLMSLC*", ("frameshift_variant",), "p.(Cys162SerfsTer4)"),
        ("157SSHLMCVL*>157SSHLMSLC", ("frameshift_variant",), "p.(Cys162SerfsTer?)"),
        ("3GLGLW>3GLW", ("inframe_deletion",), "p.(Gly5_Leu6del)"),
        ("10AB", ("synonymous_variant",), None),
        ("10AK>10AAK", ("inframe_insertion",), "p.(Ala10dup)"),
        ("10AK>10AWK", ("inframe_insertion",), "p.(Ala10_Lys11insTrp)"),
        ("10AK>10WW", ("missense_variant",), "p.(Ala10_Lys11delinsTrpTrp)"),
        ("10A..20K", ("frameshift_variant",), None),
    ],
)
def test_a_protein_change_is_written_as_a_prediction(amino_acids: str, terms: tuple[str, ...], text: str | None) -> None:
    assert protein_change(amino_acids, terms) == text


@pytest.mark.parametrize(
    ("allele", "text"),
    [
        (("1", 10, "A", "G"), "1:g.10A>G"),
        (("1", 10, "ACG", "A"), "1:g.11_12del"),
        (("1", 10, "A", "ACG"), "1:g.10_11insCG"),
        (("1", 10, "ACG", "TT"), "1:g.10_12delinsTT"),
        (("1", 10, "AC", "AT"), "1:g.11C>T"),
    ],
)
def test_a_genomic_change_is_written_without_shared_bases(allele: tuple[str, int, str, str], text: str) -> None:
    assert genomic_change(*allele) == text


def test_entries_keep_what_lies_behind_a_stop_and_what_is_told_elsewhere() -> None:
    consequences, elsewhere = parse_entries("*missense|G|T|protein_coding|-|5A>5V|9C>T+12A>G,@42,.", {})
    assert elsewhere == (42,)
    assert consequences[0].behind_a_stop
    assert consequences[0].nucleotides == ("9C>T", "12A>G")


def test_an_entry_without_a_transcript_names_none() -> None:
    entry = parse_entry("intron|Rab3il1||NMD", {})
    assert (entry.transcript, entry.strand, entry.amino_acids, entry.hgvs_protein) == (None, None, None, None)
