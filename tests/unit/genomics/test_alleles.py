"""Alleles are read as the specification writes them, and normalised without changing what they mean."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.genomics.alleles import (
    AlleleForm,
    VariantType,
    allele_form,
    end_position,
    left_align,
    parse_breakend,
    trim,
    variant_type,
)


@pytest.mark.parametrize(
    ("alt", "form"),
    [
        ("acgtN", AlleleForm.SEQUENCE),
        (".", AlleleForm.MISSING),
        ("*", AlleleForm.OVERLAPPING_DELETION),
        ("<NON_REF>", AlleleForm.UNSPECIFIED),
        ("<*>", AlleleForm.UNSPECIFIED),
        ("<DUP:TANDEM>", AlleleForm.SYMBOLIC),
        ("G]17:198982]", AlleleForm.BREAKEND),
        ("[<ctg1>:7[A", AlleleForm.BREAKEND),
        (".TA", AlleleForm.SINGLE_BREAKEND),
        ("G.", AlleleForm.SINGLE_BREAKEND),
    ],
)
def test_each_form_of_allele_is_told_apart(alt: str, form: AlleleForm) -> None:
    assert allele_form(alt) is form


@pytest.mark.parametrize("alt", ["", "A T", "A,T", "<DEL", "<D EL>", "G]17:198982[", "]17:198982]", "G]17]", "-", "=", "A\t"])
def test_what_is_no_allele_is_refused(alt: str) -> None:
    with pytest.raises(InvalidInputError):
        allele_form(alt)


def test_the_four_kinds_of_breakend_keep_side_and_direction() -> None:
    # VCFv4.3 section 5.4: t[p[ , t]p] , ]p]t , [p[t
    kinds = {alt: parse_breakend(alt) for alt in ("G[13:5[", "G]13:5]", "]13:5]G", "[13:5[G")}
    assert [(mate.joined_before, mate.far_is_reverse) for mate in kinds.values()] == [
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    ]
    assert all(mate.mate_chromosome == "13" and mate.mate_position == 5 for mate in kinds.values())


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("A", "G", VariantType.SNV),
        ("CAG", "CTG", VariantType.SNV),
        ("AC", "GT", VariantType.MNV),
        ("A", "ATT", VariantType.INSERTION),
        ("ATT", "A", VariantType.DELETION),
        ("ATT", "GC", VariantType.DELINS),
        ("A", "a", VariantType.REFERENCE),
        ("A", ".", VariantType.REFERENCE),
        ("A", "<NON_REF>", VariantType.REFERENCE_BLOCK),
        ("A", "<CNV:TR>", VariantType.COPY_NUMBER),
        ("A", "<FOO>", VariantType.OTHER_SYMBOLIC),
        ("A", "A]2:4]", VariantType.BREAKEND),
    ],
)
def test_the_kind_of_variant_follows_from_what_differs(ref: str, alt: str, expected: VariantType) -> None:
    assert variant_type(ref, alt) is expected


def test_trimming_takes_shared_bases_from_the_right_first() -> None:
    assert trim(10, "CTCC", "CCC") == (10, "CT", "C")
    assert trim(10, "ATAT", "AT") == (10, "ATA", "A")
    assert trim(5, "A", "A") == (5, "A", "A")


bases = st.text("ACGT", min_size=1, max_size=6)


def _applied(genome: str, position: int, ref: str, alt: str) -> str:
    assert genome[position - 1 : position - 1 + len(ref)] == ref
    return genome[: position - 1] + alt + genome[position - 1 + len(ref) :]


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5), bases)
def test_left_alignment_changes_the_writing_and_not_the_genome(seed: int, position: int, length: int, alt: str) -> None:
    random = Random(seed)
    genome = "".join(random.choice("ACG" if random.random() < 0.5 else "A") for _ in range(60))
    ref = genome[position - 1 : position - 1 + length]

    def fetch(start: int, end: int) -> str:
        return genome[start - 1 : end]

    aligned = left_align(position, ref, alt, fetch)
    assert _applied(genome, *aligned) == _applied(genome, position, ref, alt)
    assert left_align(*aligned, fetch) == aligned
    assert aligned[1] and aligned[2]  # noqa: PT018 (one statement about both alleles)
    if aligned[1] != aligned[2]:
        assert aligned[1][-1] != aligned[2][-1] or min(len(aligned[1]), len(aligned[2])) == 1
        # every writing of the same change comes to the same result
        for other_start in range(1, position):
            whole = genome[other_start - 1 : position - 1 + length]
            changed = genome[other_start - 1 : position - 1] + alt
            assert left_align(other_start, whole, changed, fetch) == aligned


def test_a_deletion_in_a_repeat_moves_to_its_first_unit() -> None:
    genome = "GGGCACACACAGGG"
    assert left_align(8, "CAC", "C", lambda start, end: genome[start - 1 : end]) == (3, "GCA", "G")


def test_a_deletion_at_the_first_base_is_anchored_on_the_next() -> None:
    genome = "AATTT"
    assert left_align(1, "AA", "A", lambda start, end: genome[start - 1 : end]) == (1, "AA", "A")
    assert left_align(1, "AAT", "T", lambda start, end: genome[start - 1 : end]) == (1, "AAT", "T")


def test_the_end_of_a_symbolic_allele_is_what_the_record_states() -> None:
    assert end_position(100, "A", "<DEL>", 200, None) == 200
    assert end_position(100, "A", "<DEL>", None, -50) == 150
    assert end_position(100, "A", "<INS>", None, 300) == 100
    assert end_position(100, "A", "<DEL>", 20, None) == 100
    assert end_position(100, "ACGT", "A", 999, None) == 103
    assert end_position(100, "A", "A]2:5]", 4_000, None) == 100
