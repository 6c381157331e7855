"""What PVS1 asks of the data: is the exon dispensable, does translation begin elsewhere, where does a frameshift begin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.genomics.acmg.record import LossOfFunction
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.variants.classification.gathering import Gatherer, Question
from services.variants.classification.packs import PackReader
from services.variants.classification.record import gathered
from services.variants.classification.row_facts import facts_of
from services.variants.identity import VariantIdentity
from services.variants.reference.model import PackKind
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, exon_rows, minus_position, plus_position


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "packs", GenomeBuild.GRCH38)


@pytest.fixture
def gatherer(shelf: Shelf) -> Iterator[Gatherer]:
    made = Gatherer(PackReader(shelf.library))
    yield made
    made.close()


def loss_of(gatherer: Gatherer, position: int, alt: str, ref: str = "", row: dict[str, object] | None = None) -> LossOfFunction:
    identity = VariantIdentity(Variant(GenomeBuild.GRCH38, CHROM, position, ref or base_at(position), alt))
    question = Question(identity, row=facts_of(row)) if row is not None else Question(identity)
    (known,) = gatherer.known(GenomeBuild.GRCH38, [question])
    return gathered(known).record.loss


def seen(position: int, alt: str, frequency: float) -> dict[str, object]:
    return {
        "pos": position, "ref": base_at(position), "alt": alt, "ac": 10, "an": 100_000, "af": frequency, "popmax_af": frequency,
        "passed": True,
    }


TRP36 = plus_position(108)
"""Its last base: TGG to TGA makes a stop in the last 50 bases before the last junction, which escapes decay."""


def test_an_exon_that_the_population_data_do_not_cover_is_not_taken_for_indispensable(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    assert loss_of(gatherer, TRP36, "A").exon_loss_is_common is None


def test_loss_of_an_exon_is_rare_where_the_data_have_the_exon_and_nothing_common_loses_it(
    gatherer: Gatherer, shelf: Shelf
) -> None:
    shelf.complete()
    shelf.table(PackKind.FREQUENCIES, [
        seen(plus_position(90), "A", 0.0004),  # Trp30Ter, rare
        seen(plus_position(100), "T" if base_at(plus_position(100)) != "T" else "C", 0.2),  # no loss of function
        seen(TRP36, "A", 0.3),  # the variant itself
        seen(plus_position(18), "A", 0.3),  # Trp6Ter: another exon
    ])
    assert loss_of(gatherer, TRP36, "A").exon_loss_is_common is False


@pytest.mark.parametrize(
    ("position", "alt"), [(plus_position(90), "A"), (plus_position(120) + 1, "A"), (plus_position(61) - 2, "G")]
)
def test_one_common_truncation_or_splice_variant_makes_loss_of_the_exon_common(
    gatherer: Gatherer, shelf: Shelf, position: int, alt: str
) -> None:
    shelf.complete()
    shelf.table(PackKind.FREQUENCIES, [seen(position, alt, 0.002)])
    assert loss_of(gatherer, TRP36, "A").exon_loss_is_common is True


@pytest.mark.parametrize(
    ("term", "significance", "stars", "expected"),
    [
        ("missense_variant", "Pathogenic", 2, True), ("missense_variant", "Likely pathogenic", 2, True),
        ("missense_variant", "Pathogenic", 1, None), ("nonsense", "Pathogenic", 3, None), ("missense_variant", "Benign", 3, None),
    ],
)
def test_a_reviewed_pathogenic_variant_that_does_not_truncate_makes_the_lost_part_critical(
    gatherer: Gatherer, shelf: Shelf, term: str, significance: str, stars: int, expected: bool | None
) -> None:
    shelf.complete()
    shelf.table(PackKind.CLINVAR, [{
        "pos": plus_position(100), "ref": base_at(plus_position(100)), "alt": "T", "variation_id": 7,
        "significance": significance, "stars": stars, "molecular_consequence": term,
    }])
    donor = plus_position(120) + 1
    assert loss_of(gatherer, donor, "A").region_is_critical is expected  # the exon holds it
    assert loss_of(gatherer, plus_position(90), "A").region_is_critical is expected  # it lies behind the new stop
    assert loss_of(gatherer, TRP36, "A").region_is_critical is None  # it lies before it


def test_a_variant_that_leads_to_decay_is_not_asked_about_its_exon(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    shelf.table(PackKind.FREQUENCIES, [seen(plus_position(36), "A", 0.2)])
    assert loss_of(gatherer, plus_position(18), "A").exon_loss_is_common is None


def test_without_frequencies_or_sequence_the_exon_stays_unknown(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.genes(exon_rows("NOD2", "+"))
    shelf.sequence()
    assert loss_of(gatherer, TRP36, "A").exon_loss_is_common is None


@pytest.mark.parametrize(("position", "expected"), [(plus_position(7), True), (None, False)])
def test_a_lost_start_asks_for_pathogenic_variants_before_the_next_methionine(
    gatherer: Gatherer, shelf: Shelf, position: int | None, expected: bool
) -> None:
    shelf.complete()
    if position is not None:
        shelf.table(PackKind.CLINVAR, [
            {"pos": position, "ref": base_at(position), "alt": "T", "variation_id": 7, "significance": "Pathogenic", "stars": 2},
        ])
    loss = loss_of(gatherer, plus_position(1), "G")
    assert (loss.alternative_start, loss.pathogenic_before_next_start) == (False, expected)


def test_another_start_in_the_gene_models_leaves_it_open_whether_it_works(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    shorter = [{**row, "transcript": "NM_3.1", "mark": ""} for row in exon_rows("NOD2", "+")[1:]]
    shelf.genes([*exon_rows("NOD2", "+"), *shorter])
    assert loss_of(gatherer, plus_position(1), "G").alternative_start is None


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_lost_splice_site_says_which_bases_go_with_the_exon(gatherer: Gatherer, shelf: Shelf, strand: str) -> None:
    shelf.complete()
    donor = plus_position(120) + 1 if strand == "+" else minus_position(120) - 1
    loss = loss_of(gatherer, donor, "A" if base_at(donor) != "A" else "T")
    assert (loss.lost_exons, loss.at_donor, loss.keeps_frame) == ((61, 120), True, True)


def test_the_last_exon_without_its_acceptor_is_lost_with_the_stop_codon(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    acceptor = plus_position(121) - 1
    loss = loss_of(gatherer, acceptor, "A")
    assert (loss.lost_exons, loss.at_donor, loss.keeps_frame) == ((121, 180), False, None)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_frameshift_is_placed_by_the_gene_models_where_no_sequence_is_installed(
    gatherer: Gatherer, shelf: Shelf, strand: str
) -> None:
    shelf.genes([*exon_rows("NOD2", "+"), *exon_rows("MEFV", "-")])
    place = plus_position(130) if strand == "+" else minus_position(130)
    anchor = place - 1
    ref = base_at(anchor) + base_at(place)
    loss = loss_of(gatherer, anchor, ref[0], ref, {"consequence": "frameshift_variant"})
    assert (loss.changed_from, loss.shift, loss.stop_position) == (130, 2, None)


def test_with_the_sequence_the_new_stop_is_known_too(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    anchor = plus_position(4)
    ref = "".join(base_at(anchor + step) for step in range(3))
    loss = loss_of(gatherer, anchor, ref[0], ref)
    assert (loss.changed_from, loss.shift) == (5, 1)
    assert loss.stop_position is not None


def test_a_frame_that_stays_open_to_the_end_is_never_presumed_to_end(gatherer: Gatherer, shelf: Shelf) -> None:
    shelf.complete()
    anchor = plus_position(129)
    ref = base_at(anchor) + base_at(anchor + 1)
    loss = loss_of(gatherer, anchor, ref[0], ref)
    assert (loss.stop_position, loss.changed_from) == (None, None)
