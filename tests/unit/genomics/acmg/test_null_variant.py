"""The PVS1 tree: strength follows what the variant does to the product, on either strand, and unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.null_variant import assess_pvs1, decide, predicts_decay, removed_fraction
from services.genomics.acmg.panels import CDH1, GJB2, PTEN
from services.genomics.acmg.record import Effect, LossOfFunction, Mechanism, Transcript, VariantRecord
from services.genomics.acmg.results import Status
from services.genomics.acmg.specifications import Specification
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, NONSENSE, TRANSCRIPT, nonsense_at

VS, S, M, P = Strength.VERY_STRONG, Strength.STRONG, Strength.MODERATE, Strength.SUPPORTING


def null(effect: Effect, **loss: Any) -> VariantRecord:
    return replace(NONSENSE, effect=effect, loss=LossOfFunction(**loss))


def test_a_stop_that_leads_to_decay_in_a_relevant_exon_is_very_strong() -> None:
    result = assess_pvs1(NONSENSE)
    assert (result.status, result.strength) == (Status.MET, VS)
    assert ("path", "NF1") in result.inputs


def test_a_stop_in_an_exon_of_no_relevant_transcript_does_not_count() -> None:
    record = replace(NONSENSE, transcript=replace(TRANSCRIPT, is_relevant=False))
    assert assess_pvs1(record).status is Status.NOT_MET


def test_decay_ends_fifty_bases_before_the_last_junction() -> None:
    assert predicts_decay(TRANSCRIPT, 2_650) is True
    assert predicts_decay(TRANSCRIPT, 2_651) is False


def test_a_single_exon_gene_has_no_decay() -> None:
    single = Transcript("NM_000002.1", coding_length=900, exon_count=1, is_relevant=True)
    assert predicts_decay(single, 10) is False
    record = replace(nonsense_at(300, exon_loss_is_common=False), transcript=single)
    assert assess_pvs1(record).strength is S


def test_a_last_junction_in_the_untranslated_region_puts_every_stop_before_it() -> None:
    assert predicts_decay(replace(TRANSCRIPT, last_junction=3_200), 2_999) is True


@pytest.mark.parametrize(
    ("stop", "loss", "expected"),
    [
        (2_690, {"region_is_critical": True}, S),
        (2_690, {"exon_loss_is_common": False}, S),
        (2_950, {"exon_loss_is_common": False}, M),
        (2_950, {"exon_loss_is_common": True}, None),
        (2_690, {"exon_loss_is_common": False, "removed_fraction": 0.05}, M),
    ],
)
def test_a_stop_that_escapes_decay_is_graded_by_what_is_lost(stop: int, loss: dict[str, Any], expected: Strength | None) -> None:
    assert assess_pvs1(nonsense_at(stop, **loss)).strength is expected


def test_a_loss_of_exactly_a_tenth_is_the_smaller_one() -> None:
    assert removed_fraction(nonsense_at(2_701)) == pytest.approx(0.1)
    assert assess_pvs1(nonsense_at(2_701, exon_loss_is_common=False)).strength is M


def test_whether_losing_the_exon_is_common_must_be_known() -> None:
    result = assess_pvs1(nonsense_at(2_950))
    assert result.status is Status.NOT_ASSESSABLE
    assert "common in the population" in result.reason


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"keeps_frame": False, "stop_position": 900}, VS),
        ({"keeps_frame": False, "stop_position": 2_900, "region_is_critical": True}, S),
        ({"keeps_frame": True, "region_is_critical": True}, S),
        ({"keeps_frame": True, "exon_loss_is_common": False, "removed_fraction": 0.2}, S),
        ({"keeps_frame": True, "exon_loss_is_common": False, "removed_fraction": 0.02}, M),
        ({"keeps_frame": True, "exon_loss_is_common": False}, M),
        ({"keeps_frame": True, "exon_loss_is_common": True}, None),
        ({"keeps_frame": False, "stop_position": 900, "rescued_by_splicing": True}, None),
    ],
)
@pytest.mark.parametrize("effect", [Effect.SPLICE_SITE, Effect.EXON_DELETION])
def test_splice_sites_and_exon_deletions_are_graded_by_frame_and_loss(
    effect: Effect, loss: dict[str, Any], expected: Strength | None
) -> None:
    assert assess_pvs1(null(effect, **loss)).strength is expected


def test_a_splice_variant_of_unknown_frame_is_not_assessable() -> None:
    assert assess_pvs1(null(Effect.SPLICE_SITE, stop_position=900)).status is Status.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"alternative_start": False, "pathogenic_before_next_start": True}, M),
        ({"alternative_start": False, "pathogenic_before_next_start": False}, P),
        ({"alternative_start": False}, P),
        ({"alternative_start": True}, None),
    ],
)
def test_a_lost_start_is_moderate_at_most(loss: dict[str, Any], expected: Strength | None) -> None:
    assert assess_pvs1(null(Effect.START_LOST, **loss)).strength is expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"in_tandem": True, "keeps_frame": False, "stop_position": 900}, VS),
        ({"in_tandem": None, "keeps_frame": False, "stop_position": 900}, S),
        ({"in_tandem": False, "keeps_frame": False, "stop_position": 900}, None),
        ({"in_tandem": True, "keeps_frame": True}, None),
        ({"in_tandem": True, "keeps_frame": False, "stop_position": 2_900, "exon_loss_is_common": False}, None),
    ],
)
def test_a_duplication_counts_only_where_it_breaks_the_frame_in_tandem(loss: dict[str, Any], expected: Strength | None) -> None:
    assert assess_pvs1(null(Effect.EXON_DUPLICATION, **loss)).strength is expected


def test_a_deleted_gene_needs_no_gene_model() -> None:
    assert assess_pvs1(replace(null(Effect.WHOLE_GENE_DELETION), transcript=None)).strength is VS


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        (Mechanism.ESTABLISHED, VS), (Mechanism.LIKELY, S), (Mechanism.LIMITED, M), (Mechanism.NONE, None),
        (Mechanism.UNKNOWN, None),
    ],
)
def test_the_mechanism_of_the_disease_limits_the_strength(mechanism: Mechanism, expected: Strength | None) -> None:
    assert assess_pvs1(replace(NONSENSE, gene=replace(GENE, loss_of_function=mechanism))).strength is expected


def test_an_unknown_mechanism_is_not_a_refusal() -> None:
    unknown = replace(NONSENSE, gene=replace(GENE, loss_of_function=Mechanism.UNKNOWN))
    assert assess_pvs1(unknown).status is Status.NOT_ASSESSABLE
    assert assess_pvs1(MISSENSE).status is Status.NOT_MET
    assert assess_pvs1(replace(NONSENSE, transcript=None)).status is Status.NOT_ASSESSABLE


EXONS = ((101, 200), (301, 400), (501, 700))


def test_both_strands_give_the_same_facts() -> None:
    plus = GeneModel("NM_1.1", True, EXONS, (151, 600)).facts()
    mirrored = tuple((801 - last, 801 - first) for first, last in EXONS)
    minus = GeneModel("NM_1.1", False, mirrored, (801 - 600, 801 - 151)).facts()
    assert plus == minus
    assert (plus.coding_length, plus.exon_count, plus.last_junction) == (250, 3, 150)


def test_coding_positions_run_with_the_transcript() -> None:
    plus = GeneModel("NM_1.1", True, EXONS, (151, 600))
    minus = GeneModel("NM_1.1", False, EXONS, (151, 600))
    assert [plus.coding_position(one) for one in (151, 200, 301, 150, 250, 600)] == [1, 50, 51, -1, None, 250]
    assert [minus.coding_position(one) for one in (600, 501, 400, 151, 601)] == [1, 100, 101, 250, -1]


def test_the_last_exon_of_a_minus_strand_gene_is_its_lowest() -> None:
    minus = GeneModel("NM_1.1", False, EXONS, (151, 600))
    stop_low, stop_high = minus.coding_position(160), minus.coding_position(520)
    assert stop_low is not None
    assert stop_high is not None
    assert predicts_decay(minus.facts(), stop_low) is False
    assert predicts_decay(minus.facts(), stop_high) is True


def test_a_gene_model_that_contradicts_itself_is_refused() -> None:
    for exons, coding in (((), (1, 9)), (((1, 50), (40, 90)), (1, 9)), (((1, 50),), (1, 60))):
        with pytest.raises(InvalidInputError):
            GeneModel("NM_1.1", True, exons, coding)


def test_the_tree_names_its_branch() -> None:
    assert decide(NONSENSE).path == "NF1"
    assert decide(null(Effect.START_LOST, alternative_start=False, pathogenic_before_next_start=True)).path == "IC1"
    assert decide(null(Effect.EXON_DUPLICATION, keeps_frame=False, stop_position=900)).path == "DUP2"


@pytest.mark.parametrize(
    ("panel", "transcript", "stop", "expected"),
    [
        (PTEN, Transcript("NM_000314", 1_212, 9, 1_026, True), 1_003, VS),
        (PTEN, Transcript("NM_000314", 1_212, 9, 1_026, True), 900, VS),
        (CDH1, Transcript("NM_004360", 2_649, 16, 2_439, True), 2_506, S),
        (CDH1, Transcript("NM_004360", 2_649, 16, 2_439, True), 2_560, M),
        (CDH1, Transcript("NM_004360", 2_649, 16, 2_439, True), 1_792, VS),
        (GJB2, Transcript("NM_004004", 681, 2, -23, True), 70, VS),
    ],
)
def test_a_panel_grades_truncations_that_escape_decay_by_the_new_stop(
    panel: Specification, transcript: Transcript, stop: int, expected: Strength
) -> None:
    record = replace(nonsense_at(stop), transcript=transcript)
    assert assess_pvs1(record, panel).strength is expected


def test_on_a_transcript_the_panel_does_not_count_on_the_tree_decides() -> None:
    end = replace(nonsense_at(1_180), transcript=Transcript("NM_000314", 1_212, 9, 1_026, True))
    assert assess_pvs1(end, PTEN).strength is M
    other = replace(end, transcript=Transcript("NM_001304718", 621, 10, 435, True))
    assert assess_pvs1(other, PTEN).status is Status.NOT_ASSESSABLE
    assert decide(replace(other, loss=replace(other.loss, exon_loss_is_common=False)), PTEN).by_panel is False


@pytest.mark.parametrize(
    ("place", "expected"),
    [(2_651, "NF3"), (2_650 - 288, "NF1"), (2_650 - 287, "NF"), (100, "NF1")],
)
def test_a_frameshift_without_its_new_stop_is_placed_by_where_it_begins(place: int, expected: str) -> None:
    """Behind the border it escapes for sure; 96 codons before it decay is presumed; between nobody knows."""
    record = replace(null(Effect.FRAMESHIFT, changed_from=place, exon_loss_is_common=False), transcript=TRANSCRIPT)
    branch = decide(record)
    assert branch.path == expected
    assert bool(branch.missing) is (expected == "NF")
    assert ("presumed" in branch.reason) is (expected == "NF1")


@pytest.mark.parametrize(("last", "path"), [(2_361, "SS1"), (2_362, "SS"), (2_650, "SS3")])
def test_behind_an_exon_lost_out_of_frame_the_stop_is_placed_the_same_way(last: int, path: str) -> None:
    record = null(Effect.SPLICE_SITE, keeps_frame=False, lost_exons=(2_000, last), exon_loss_is_common=False)
    assert decide(record).path == path


def test_a_known_stop_goes_before_the_place_of_the_shift() -> None:
    assert decide(null(Effect.FRAMESHIFT, changed_from=100, stop_position=2_680, exon_loss_is_common=False)).path == "NF3"


def test_what_a_frameshift_alters_counts_as_removed() -> None:
    record = null(Effect.FRAMESHIFT, changed_from=2_650, stop_position=2_900, exon_loss_is_common=False)
    assert removed_fraction(record) == pytest.approx(351 / 3_000)
    assert decide(record).strength is S


def test_a_last_exon_without_its_acceptor_escapes_decay_and_is_graded_by_what_it_held() -> None:
    loss = {"lost_exons": (2_701, 3_000), "at_donor": False, "exon_loss_is_common": False}
    assert decide(null(Effect.SPLICE_SITE, **loss)).strength is M
    assert decide(null(Effect.SPLICE_SITE, **(loss | {"lost_exons": (2_600, 3_000)}))).strength is S


def test_an_exon_that_holds_the_start_codon_is_left_to_the_expert() -> None:
    branch = decide(null(Effect.SPLICE_SITE, lost_exons=(1, 90), exon_loss_is_common=False))
    assert branch.missing == "whether the frame is kept"


MODEL = GeneModel("NM_1.1", True, ((101, 200), (301, 400), (501, 560), (701, 900)), (151, 800))


def test_skipping_an_exon_says_what_is_lost_on_both_strands() -> None:
    mirrored = GeneModel(
        "NM_1.1", False, tuple((1_001 - last, 1_001 - first) for first, last in MODEL.exons), (1_001 - 800, 1_001 - 151)
    )
    assert MODEL.coding_exons == mirrored.coding_exons == ((-50, 50), (51, 150), (151, 210), (211, 410))
    for number in range(1, 5):
        assert MODEL.loss_of_exons(number, number) == mirrored.loss_of_exons(number, number)
    for position in (-50, -1, 1, 50, 51, 210, 310, 410):
        for model in (MODEL, mirrored):
            place = model.genomic_position(position)
            assert place is not None
            assert model.coding_position(place) == position
    assert MODEL.genomic_position(411) is None


def test_the_frame_decides_what_the_loss_of_an_inner_exon_does() -> None:
    out, kept = MODEL.loss_of_exons(2, 2, at_donor=True), MODEL.loss_of_exons(3, 3)
    assert (out.keeps_frame, out.stop_position, out.lost_exons, out.at_donor) == (False, None, (51, 150), True)
    assert (kept.keeps_frame, kept.stop_position, kept.lost_exons) == (True, None, (151, 210))
    assert kept.removed_fraction == pytest.approx(60 / 310)
    first, last = MODEL.loss_of_exons(1, 1), MODEL.loss_of_exons(4, 4)
    assert (first.keeps_frame, first.lost_exons, last.keeps_frame, last.lost_exons) == (None, (1, 50), None, (211, 310))


def test_exons_a_transcript_does_not_have_are_refused() -> None:
    for numbers in ((0, 1), (2, 1), (4, 5)):
        with pytest.raises(InvalidInputError):
            MODEL.loss_of_exons(*numbers)
    untranslated = GeneModel("NM_1.1", True, ((1, 50), (101, 200)), (101, 190))
    with pytest.raises(InvalidInputError, match="no coding base"):
        untranslated.loss_of_exons(1, 1)
