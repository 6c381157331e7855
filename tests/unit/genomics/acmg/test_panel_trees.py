"""The panels' own PVS1 trees: each test states a sentence of a published specification."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.null_rules import NullRules, graded, weakest
from services.genomics.acmg.null_variant import assess_pvs1, decide, decide_by_tree
from services.genomics.acmg.panels import KNOWN, PANELS
from services.genomics.acmg.record import Effect, LossOfFunction, Transcript, VariantRecord
from services.genomics.acmg.results import Status
from tests.unit.genomics.acmg.builders import GENE, MISSENSE
from validation.gene_models import read_shipped
from validation.pvs1 import TRANSCRIPTS

VS, S, M, P = Strength.VERY_STRONG, Strength.STRONG, Strength.MODERATE, Strength.SUPPORTING
NULLS = {next(iter(one.genes)): one.null for one in PANELS if one.null is not None}
SHIPPED = read_shipped(TRANSCRIPTS)


def transcript_of(gene: str) -> Transcript:
    """The shipped transcript that the gene's panel counts on."""
    rules = NULLS[gene]
    return next(
        facts for name, model in SHIPPED.values() if name == gene
        for facts in [model.facts(is_relevant=True)] if facts.coding_length == rules.numbering[0][0]
    )


def null_of(gene: str, effect: Effect, **loss: object) -> VariantRecord:
    facts = replace(GENE, symbol=gene)
    return VariantRecord(effect, facts, transcript=transcript_of(gene), loss=LossOfFunction(**loss))  # type: ignore[arg-type]


def strength(gene: str, effect: Effect, **loss: object) -> Strength | None:
    branch = decide(null_of(gene, effect, **loss), KNOWN.for_gene(gene))
    assert not branch.missing
    return branch.strength


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        ("CDH1", VS), ("PTEN", VS), ("ATM", VS), ("PALB2", VS), ("HNF1A", VS), ("TP53", VS), ("UBE3A", VS), ("RPE65", S),
        ("GAA", S), ("ACADVL", S), ("GAMT", M), ("FBN1", M), ("GCK", P), ("CDKL5", P), ("SLC9A6", P), ("FOXG1", P),
        ("MECP2", None),
    ],
)
def test_a_lost_start_has_the_panels_strength(gene: str, expected: Strength | None) -> None:
    assert strength(gene, Effect.START_LOST) is expected


@pytest.mark.parametrize(
    ("gene", "stop", "expected"),
    [
        ("CDH1", 2_506, S), ("CDH1", 2_560, M), ("CDH1", 1_792, VS), ("PTEN", 1_003, VS), ("PTEN", 1_150, M),
        ("RUNX1", 60, None), ("RUNX1", 859, VS), ("RUNX1", 958, S), ("RUNX1", 1_264, S), ("ATM", 9_139, VS),
        ("ATM", 9_145, None), ("PALB2", 3_547, VS), ("PALB2", 3_553, M), ("GAA", 2_752, M), ("ACADVL", 1_778, M),
        ("HNF1A", 1_801, S), ("HNF1A", 1_810, P), ("GCK", 1_327, VS), ("GAMT", 520, S), ("GAMT", 660, M), ("GATM", 1_210, S),
        ("SLC6A8", 1_720, M), ("RAG2", 955, VS), ("RAG2", 1_465, M), ("MECP2", 880, VS), ("MECP2", 1_420, M),
        ("CDKL5", 2_842, VS), ("SLC9A6", 1_750, S), ("FOXG1", 1_410, S), ("TP53", 1_052, S), ("TP53", 1_066, M),
        ("APC", 4_000, VS), ("RPE65", 1_580, VS), ("RPE65", 1_590, S), ("KCNQ1", 1_700, VS), ("KCNQ1", 1_800, M),
        ("KCNQ1", 1_900, P),
    ],
)
def test_a_new_stop_has_the_strength_of_its_place(gene: str, stop: int, expected: Strength | None) -> None:
    assert strength(gene, Effect.NONSENSE, stop_position=stop) is expected


@pytest.mark.parametrize(
    ("gene", "place", "shift", "expected"),
    [
        ("CDH1", 2_375, 2, VS), ("CDH1", 2_376, 2, S), ("CDH1", 2_375, 1, S), ("CDH1", 2_500, 1, M), ("RUNX1", 758, 2, VS),
        ("RUNX1", 759, 2, S), ("RUNX1", 779, 1, VS), ("HNF1A", 1_850, 1, S), ("HNF1A", 1_860, 2, P), ("GCK", 1_300, 1, VS),
        ("MECP2", 806, 2, VS),
    ],
)
def test_a_frameshift_is_graded_by_place_and_frame(gene: str, place: int, shift: int, expected: Strength) -> None:
    assert strength(gene, Effect.FRAMESHIFT, changed_from=place, shift=shift) is expected


def exon(gene: str, position: int, *, at_donor: bool, effect: Effect = Effect.SPLICE_SITE) -> Strength | None:
    """Skip the exon that begins (acceptor) or ends (donor) at a coding position."""
    length = NULLS[gene].numbering[0][0]
    model = next(one for name, one in SHIPPED.values() if name == gene and one.facts().coding_length == length)
    number = next(n for n, span in enumerate(model.coding_exons, 1) if span[1 if at_donor else 0] == position)
    lost = model.loss_of_exons(number, number, at_donor=at_donor)
    record = replace(null_of(gene, effect), loss=replace(lost, exon_loss_is_common=False))
    return decide(record, KNOWN.for_gene(gene)).strength


@pytest.mark.parametrize(
    ("gene", "position", "at_donor", "expected"),
    [
        ("CDH1", 832, True, S), ("CDH1", 387, True, M), ("CDH1", 388, False, S), ("CDH1", 1_566, False, M),
        ("CDH1", 1_711, True, S), ("ATM", 332, False, S), ("ATM", 1_607, True, S), ("ATM", 8_268, True, VS),
        ("ATM", 3_078, False, VS), ("PALB2", 49, False, M), ("PALB2", 108, True, VS), ("PALB2", 211, True, P),
        ("PALB2", 1_684, True, S), ("PALB2", 3_350, True, VS), ("GAA", 1_326, True, VS), ("GAA", 1_437, True, S),
        ("GAA", 2_332, False, M), ("GAA", 2_799, True, None), ("GAA", 956, False, S), ("ACADVL", 752, True, None),
        ("ACADVL", 753, False, M), ("ACADVL", 1_752, False, VS), ("ACADVL", 62, True, VS), ("HNF1A", 1_501, True, VS),
        ("HNF1A", 1_769, False, S), ("GCK", 1_020, False, VS), ("RUNX1", 97, True, None), ("RUNX1", 614, False, S),
        ("RUNX1", 351, True, VS), ("FBN1", 989, False, S), ("TCF4", 1_350, True, VS), ("TP53", 783, False, None),
        ("TP53", 1_100, True, M), ("TP53", 375, True, VS), ("PTEN", 1_027, False, S), ("PTEN", 165, False, S),
        ("MECP2", 378, False, S), ("CDKL5", 2_496, True, M), ("SLC6A8", 778, False, S), ("SLC9A6", 507, True, S),
    ],
)
def test_a_splice_site_has_the_strength_of_its_exon(gene: str, position: int, at_donor: bool, expected: Strength | None) -> None:
    assert exon(gene, position, at_donor=at_donor) is expected


def test_a_deleted_exon_may_weigh_otherwise_than_a_skipped_one() -> None:
    assert exon("SLC9A6", 430, at_donor=False, effect=Effect.EXON_DELETION) is VS
    assert exon("SLC9A6", 430, at_donor=False) is S


def test_the_panel_is_named_as_source_and_the_tree_of_2018_stays_beside_it() -> None:
    record = null_of("CDH1", Effect.SPLICE_SITE, keeps_frame=False, stop_position=900, lost_exons=(688, 832), at_donor=True)
    result = assess_pvs1(record, KNOWN.for_gene("CDH1"))
    assert (result.strength, result.source) == (S, KNOWN.for_gene("CDH1").source)
    assert dict(result.inputs)["tree"].startswith("ClinGen CDH1")
    assert decide_by_tree(record).strength is VS


def test_what_is_not_null_or_not_relevant_never_reaches_the_panels_tree() -> None:
    assert assess_pvs1(replace(MISSENSE, gene=replace(GENE, symbol="GCK")), KNOWN.for_gene("GCK")).status is Status.NOT_MET
    other = null_of("GCK", Effect.NONSENSE, stop_position=90)
    irrelevant = replace(other, transcript=replace(transcript_of("GCK"), is_relevant=False))
    assert decide(irrelevant, KNOWN.for_gene("GCK")).by_panel is False


@pytest.mark.parametrize("gene", sorted(NULLS))
def test_the_grades_of_a_panel_ascend_within_its_transcript(gene: str) -> None:
    rules: NullRules = NULLS[gene]
    length = rules.numbering[0][0]
    for grades in (rules.stops, rules.escaping_shifts, *(one for _, one in rules.shifts)):
        lasts = [last for last, _ in grades]
        assert lasts == sorted(set(lasts))
        assert all(last <= length for last in lasts)


@pytest.mark.parametrize("gene", sorted(NULLS))
def test_the_exons_of_a_panel_are_those_of_its_transcript(gene: str) -> None:
    """An exon rule that begins or ends within an exon would never match what it is about."""
    length = NULLS[gene].numbering[0][0]
    model = next(one for name, one in SHIPPED.values() if name == gene and one.facts().coding_length == length)
    starts = {max(first, 1) for first, _ in model.coding_exons}
    ends = {min(last, length) for _, last in model.coding_exons}
    assert [rule for rule in NULLS[gene].exons if rule.first not in starts or rule.last not in ends] == []


def test_grades_are_read_by_interval_and_the_weakest_of_an_open_end_counts() -> None:
    grades = ((10, VS), (20, S), (30, None))
    assert graded(grades, 10) == (VS, 10)
    assert graded(grades, 11) == (S, 20)
    assert graded(grades, 31) is None
    assert weakest(grades, 5) is None
    assert weakest(grades[:2], 5) is S
