"""What evidence is about, read from the ways databases write it."""

from __future__ import annotations

import pytest

from services.genomics.amp.alterations import ExonChange, Scope, parse_alteration, residue_span, short_protein


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("p.Val600Glu", "V600E"), ("V600E", "V600E"), ("NP_004324.2:p.(Val600Glu)", "V600E"), ("p.Arg248Ter", "R248*"),
        ("p.Trp288CysfsTer12", "W288fs"), ("W288fs", "W288fs"), ("p.Glu746_Ala750del", "E746_A750del"),
    ],
)
def test_a_protein_change_is_the_same_in_every_spelling(written: str, short: str) -> None:
    assert short_protein(written) == short
    assert parse_alteration(written).change == short


def test_a_codon_names_its_residue() -> None:
    found = parse_alteration("G12")
    assert (found.scope, found.codon, found.reference) == (Scope.CODON, 12, "G")


@pytest.mark.parametrize(
    ("written", "exon", "change"),
    [
        ("Exon 19 Deletion", 19, ExonChange.DELETION), ("EXON 14 SKIPPING MUTATION", 14, ExonChange.SKIPPING),
        ("Exon 20 Insertion", 20, ExonChange.INSERTION), ("Exon 9 Frameshift", 9, ExonChange.FRAMESHIFT),
        ("EXON 11 MUTATION", 11, ExonChange.ANY),
    ],
)
def test_changes_of_an_exon_keep_their_kind(written: str, exon: int, change: ExonChange) -> None:
    found = parse_alteration(written)
    assert (found.scope, found.exon, found.exon_change) == (Scope.EXON, exon, change)


@pytest.mark.parametrize(
    ("written", "scope"),
    [
        ("EML4::ALK Fusion", Scope.FUSION), ("EML4-ALK", Scope.FUSION), ("Rearrangement", Scope.FUSION),
        ("Amplification", Scope.AMPLIFICATION), ("Internal Tandem Duplication", Scope.INTERNAL_DUPLICATION),
        ("Loss-of-function", Scope.LOSS_OF_FUNCTION), ("Truncating Mutation", Scope.LOSS_OF_FUNCTION), ("Mutation", Scope.ANY),
        ("Copy Number Loss", Scope.LOSS), ("Overexpression", Scope.TEXT), ("L858R AND T790M", Scope.COMBINATION),
    ],
)
def test_classes_of_changes_are_told_apart(written: str, scope: Scope) -> None:
    assert parse_alteration(written).scope is scope


def test_an_x_is_not_guessed_to_be_a_stop_or_any_residue() -> None:
    assert parse_alteration("R248X").scope is Scope.TEXT


def test_long_text_is_cut_and_never_fails() -> None:
    assert parse_alteration("exon " * 10_000).scope is Scope.TEXT


def test_the_residues_of_a_deletion_are_its_first_and_last() -> None:
    assert residue_span("p.Glu746_Ala750del") == (746, 750)
    assert residue_span("L858R") == (858, 858)
    assert residue_span("amplification") is None
