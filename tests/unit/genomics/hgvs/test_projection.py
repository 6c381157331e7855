"""Positions and alleles go from a transcript to the chromosome and back, on both strands, through introns and UTRs."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.genomics.alleles import left_align
from services.genomics.hgvs import NucleotideChange, Position, ProteinChange, parse
from services.genomics.hgvs.projection import NeedsSequenceError, PlacedAllele, describe, to_allele
from services.genomics.hgvs.protein import coding_changes, protein_of_substitution
from services.genomics.hgvs.transcript import TranscriptModel

GENOME = "".join(random.Random(11).choices("ACGT", weights=(5, 2, 2, 5), k=400))
EXONS = ((51, 80), (121, 150), (201, 260))
PLUS = TranscriptModel("NM_1.1", "PLUS", "mane_select", "1", is_plus_strand=True, exons=EXONS, coding=(61, 230))
MINUS = TranscriptModel("NM_2.1", "MINUS", "mane_select", "1", is_plus_strand=False, exons=EXONS, coding=(61, 230))
NONCODING = TranscriptModel("NR_1.1", "NC", "", "1", is_plus_strand=False, exons=EXONS, coding=None)


def bases(start: int, end: int) -> str:
    return GENOME[start - 1 : end]


def placed(text: str, transcript: TranscriptModel, *, with_sequence: bool = True) -> PlacedAllele:
    described = parse(text)
    change = described.change
    assert isinstance(change, NucleotideChange)
    ends = change.stretch.exact
    assert ends is not None
    start, end = sorted(transcript.to_genomic(one, is_coding=described.kind == "c") for one in ends)
    own = bases if with_sequence else None
    return to_allele(change, start, end, is_plus_strand=transcript.is_plus_strand, bases=own)


@pytest.mark.parametrize(
    ("transcript", "position", "genomic"),
    [
        (PLUS, Position(1), 61), (PLUS, Position(-1), 60), (PLUS, Position(20), 80), (PLUS, Position(20, 1), 81),
        (PLUS, Position(20, 20), 100), (PLUS, Position(21, -20), 101), (PLUS, Position(21), 121), (PLUS, Position(80), 230),
        (PLUS, Position(1, is_after_stop=True), 231),
        (MINUS, Position(1), 230), (MINUS, Position(-1), 231), (MINUS, Position(30), 201), (MINUS, Position(30, 1), 200),
        (MINUS, Position(31, -1), 151), (MINUS, Position(31), 150), (MINUS, Position(80), 61),
        (MINUS, Position(2, is_after_stop=True), 59),
    ],
)  # fmt: skip
def test_a_coding_position_lies_where_the_strand_and_the_introns_put_it(
    transcript: TranscriptModel, position: Position, genomic: int
) -> None:
    assert transcript.to_genomic(position, is_coding=True) == genomic
    assert transcript.from_genomic(genomic) == position


@pytest.mark.parametrize("transcript", [PLUS, MINUS, NONCODING])
def test_every_base_of_a_transcript_comes_back_from_its_position(transcript: TranscriptModel) -> None:
    for genomic in range(51, 261):
        position = transcript.from_genomic(genomic)
        assert position is not None
        assert transcript.to_genomic(position, is_coding=transcript.coding is not None) == genomic
    assert transcript.from_genomic(50) is None
    assert transcript.from_genomic(261) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("c.81A>T", "past its end"), ("c.19+1A>T", "no exon ends there"), ("c.20+41A>T", "which has 40 bases"),
        ("c.-11A>T", "outside"), ("c.*31A>T", "outside"), ("c.-10-1A>T", "outside"),
    ],
)  # fmt: skip
def test_a_position_the_transcript_does_not_have_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        placed(text, PLUS)


def test_a_coding_description_of_a_transcript_without_coding_sequence_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"describe the change with n\."):
        NONCODING.to_genomic(Position(1), is_coding=True)


def test_a_substitution_on_the_minus_strand_is_complemented_on_the_chromosome() -> None:
    there = GENOME[229]
    own = there.translate(str.maketrans("ACGT", "TGCA"))
    other = next(base for base in "ACGT" if base != own)
    found = placed(f"c.1{own}>{other}", MINUS)
    assert (found.pos, found.ref, found.alt) == (230, there, other.translate(str.maketrans("ACGT", "TGCA")))
    assert found.is_checked
    assert not placed(f"c.1{own}>{other}", MINUS, with_sequence=False).is_checked


def test_a_reference_base_that_is_not_there_is_refused() -> None:
    wrong = next(base for base in "ACGT" if base != GENOME[60])
    with pytest.raises(InvalidInputError, match=f"the reference has {GENOME[60]}"):
        placed(f"c.1{wrong}>{GENOME[60]}", PLUS)


def test_a_deletion_without_sequence_says_what_is_missing() -> None:
    with pytest.raises(NeedsSequenceError, match="reference sequence"):
        placed("c.1_2del", PLUS, with_sequence=False)


@given(
    position=st.integers(85, 240), gone=st.integers(0, 5), new=st.text("ACGT", max_size=5), plus=st.booleans(),
)  # fmt: skip
def test_describing_an_allele_and_placing_the_description_gives_the_same_allele(
    position: int, gone: int, new: str, plus: bool
) -> None:
    ref = bases(position, position + gone)
    alt = ref[0] + new
    assume(ref != alt)
    transcript = PLUS if plus else MINUS
    change = describe(position, ref, alt, transcript, bases)
    assert change is not None
    again = placed(f"NM_1.1:c.{change}", transcript)
    assert (again.pos, again.ref, again.alt) == left_align(position, ref, alt, bases)


def test_mitochondrial_codons_are_not_read_with_the_standard_code() -> None:
    mitochondrial = TranscriptModel("ENST1.1", "MT-X", "", "MT", is_plus_strand=True, exons=((61, 90),), coding=(61, 90))
    change = parse("MT-X p.Met1Val").change
    assert isinstance(change, ProteinChange)
    with pytest.raises(InvalidInputError, match="another code"):
        coding_changes(change, mitochondrial, bases)
    assert protein_of_substitution(1, "G", mitochondrial, bases) is None


def test_a_repeat_is_described_at_its_end_in_the_direction_of_the_transcript() -> None:
    genome = "GGGGGCAAAATCCCCC"
    tiny = [
        TranscriptModel("NM_1.1", "T", "", "1", is_plus_strand=plus, exons=((1, 16),), coding=(1, 15)) for plus in (True, False)
    ]
    texts = [str(describe(6, "CA", "C", one, lambda start, end: genome[start - 1 : end])) for one in tiny]
    assert texts == ["10del", "9del"]
    doubled = [str(describe(6, "C", "CA", one, lambda start, end: genome[start - 1 : end])) for one in tiny]
    assert doubled == ["10dup", "9dup"]
