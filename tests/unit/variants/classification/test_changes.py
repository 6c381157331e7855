"""What a small variant does to a transcript, the same on both strands."""

from __future__ import annotations

import pytest

from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.record import Effect
from services.variants.classification.changes import Change, CodingTranscript
from tests.unit.variants.classification.support import CODING, SEQUENCE, base_at, exon_rows, minus_position, plus_position

STRANDS = ["+", "-"]


def transcript(strand: str, *, with_sequence: bool = True) -> CodingTranscript:
    rows = exon_rows("NOD2", strand)
    exons = tuple((row["start"], row["end"]) for row in rows)
    model = GeneModel("NM_1.1", strand == "+", exons, (min(one for one, _ in exons), max(last for _, last in exons)))
    return CodingTranscript(model, (lambda first, last: SEQUENCE[first - 1 : last]) if with_sequence else None)


def place(strand: str, coding: int) -> int:
    return plus_position(coding) if strand == "+" else minus_position(coding)


def substitute(strand: str, coding: int, base: str) -> Change | None:
    """Change one coding base; `base` is on the transcript."""
    position = place(strand, coding)
    alt = base if strand == "+" else base.translate(str.maketrans("ACGT", "TGCA"))
    return transcript(strand).change(position, base_at(position), alt)


@pytest.mark.parametrize("strand", STRANDS)
def test_the_coding_sequence_is_read_in_the_direction_of_the_transcript(strand: str) -> None:
    assert transcript(strand).coding == CODING
    assert transcript(strand).amino_acid(3) == "R"


@pytest.mark.parametrize("strand", STRANDS)
@pytest.mark.parametrize(("coding", "base", "effect", "before", "after"), [
    (1, "G", Effect.START_LOST, "M", "V"),
    (7, "T", Effect.MISSENSE, "R", "W"),
    (6, "T", Effect.SYNONYMOUS, "A", "A"),
    (18, "A", Effect.NONSENSE, "W", "*"),
    (178, "C", Effect.STOP_LOST, "*", "Q"),
])  # fmt: skip
def test_substitutions_have_the_effect_of_their_codon(
    strand: str, coding: int, base: str, effect: Effect, before: str, after: str
) -> None:
    change = substitute(strand, coding, base)
    assert change is not None
    assert (change.effect, change.before, change.after) == (effect, before, after)
    assert change.residue == (coding - 1) // 3 + 1


def test_a_nonsense_change_has_its_stop_where_its_codon_begins() -> None:
    change = substitute("-", 18, "A")
    assert change is not None
    assert change.stop == 16


@pytest.mark.parametrize("strand", STRANDS)
def test_a_frameshift_is_followed_to_its_new_stop(strand: str) -> None:
    anchor = min(place(strand, 5), place(strand, 6)) - 1
    ref = SEQUENCE[anchor - 1 : anchor + 2]
    change = transcript(strand).change(anchor, ref, ref[0])
    assert change is not None
    altered = CODING[:4] + CODING[6:]
    stop = next(number for number in range(3, len(altered), 3) if altered[number : number + 3] == "TAA")
    assert (change.effect, change.stop) == (Effect.FRAMESHIFT, stop + 1 + 2)


@pytest.mark.parametrize("strand", STRANDS)
def test_the_first_intronic_bases_are_splice_sites_and_skipping_keeps_the_frame_of_a_whole_number_of_codons(strand: str) -> None:
    step = 1 if strand == "+" else -1
    donor = place(strand, 120) + step
    change = transcript(strand).change(donor, base_at(donor), "A" if base_at(donor) != "A" else "C")
    assert change is not None
    assert (change.effect, change.intron_distance, change.keeps_frame) == (Effect.SPLICE_SITE, 1, True)
    assert change.removed_fraction == pytest.approx(1 / 3)


@pytest.mark.parametrize(("distance", "effect"), [
    (5, Effect.SPLICE_REGION), (7, Effect.INTRONIC), (-20, Effect.SPLICE_REGION), (-3, Effect.SPLICE_REGION),
    (-2, Effect.SPLICE_SITE),
])  # fmt: skip
@pytest.mark.parametrize("strand", STRANDS)
def test_distances_to_the_exon_are_signed_as_in_hgvs(strand: str, distance: int, effect: Effect) -> None:
    step = 1 if strand == "+" else -1
    position = place(strand, 60) + step * distance if distance > 0 else place(strand, 61) + step * distance
    ref = base_at(position)
    change = transcript(strand).change(position, ref, "A" if ref != "A" else "T")
    assert change is not None
    assert (change.effect, change.intron_distance) == (effect, distance)


@pytest.mark.parametrize("strand", STRANDS)
def test_a_silent_change_at_the_end_of_an_exon_is_marked(strand: str) -> None:
    inner, edge = substitute(strand, 6, "T"), substitute(strand, 60, "T" if CODING[59] != "T" else "C")
    assert inner is not None
    assert edge is not None
    assert (inner.at_exon_edge, edge.at_exon_edge) == (False, True)


@pytest.mark.parametrize("strand", STRANDS)
def test_losing_a_codon_in_frame_tells_how_many_residues_changed(strand: str) -> None:
    first = place(strand, 22) if strand == "+" else place(strand, 24)
    anchor = first - 1
    ref = SEQUENCE[anchor - 1 : anchor + 3]
    change = transcript(strand).change(anchor, ref, ref[0])
    assert change is not None
    assert (change.effect, change.residues_changed) == (Effect.INFRAME_INDEL, 1)


def test_without_a_sequence_only_places_are_told() -> None:
    known = transcript("+", with_sequence=False)
    assert known.change(plus_position(7), "C", "T") is None
    intron = plus_position(60) + 10
    change = known.change(intron, base_at(intron), "A")
    assert change is not None
    assert change.effect is Effect.INTRONIC


def test_a_variant_outside_the_transcript_changes_nothing_that_is_known() -> None:
    assert transcript("+").change(10, "A", "C") is None
