"""The record of oncogenicity made from what was gathered for the ACMG criteria."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.record import Effect, Hotspot, Prediction
from services.genomics.amp.variant import SomaticKind
from services.genomics.oncogenicity.criteria import Code, CodeStatus
from services.genomics.oncogenicity.engine import assess_oncogenicity
from services.genomics.oncogenicity.from_germline import oncogenic_record
from services.genomics.oncogenicity.record import GeneRole, Verdict
from services.knowledge.cancer_genes import cancer_role
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, NONSENSE


def test_a_stop_in_a_suppressor_is_graded_by_the_pvs1_tree() -> None:
    record = oncogenic_record(replace(NONSENSE, gene=replace(GENE, symbol="PTEN")), SomaticKind.NONSENSE)
    assert (record.role, record.null_strength, record.null_judged) == (GeneRole.TUMOUR_SUPPRESSOR, Strength.VERY_STRONG, True)
    assert assess_oncogenicity(record).result(Code.OVS1).points == 8


def test_a_stop_without_gene_model_is_not_judged() -> None:
    record = oncogenic_record(replace(NONSENSE, gene=replace(GENE, symbol="PTEN"), transcript=None), SomaticKind.NONSENSE)
    assert assess_oncogenicity(record).result(Code.OVS1).status is CodeStatus.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("score", "delta", "verdicts"),
    [
        (0.95, None, [Verdict.DAMAGING]), (0.95, 0.02, [Verdict.DAMAGING]), (0.95, 0.5, [Verdict.DAMAGING, Verdict.DAMAGING]),
        (0.1, 0.15, [Verdict.HARMLESS, Verdict.INDETERMINATE]), (0.5, None, [Verdict.INDETERMINATE]), (None, None, []),
    ],
)
def test_the_lines_are_one_predictor_and_splicing_where_it_can_matter(
    score: float | None, delta: float | None, verdicts: list[Verdict]
) -> None:
    predictions = (Prediction("REVEL", score),) if score is not None else ()
    record = oncogenic_record(replace(MISSENSE, predictions=predictions, splice_delta=delta), SomaticKind.MISSENSE)
    assert [one.verdict for one in record.lines] == verdicts


def test_a_silent_change_and_a_curated_domain_are_carried_and_the_rest_stays_unknown() -> None:
    silent = oncogenic_record(replace(MISSENSE, effect=Effect.SYNONYMOUS, splice_delta=0.0), SomaticKind.SILENT)
    assert (silent.is_silent, silent.splice_delta) == (True, 0.0)
    inside = oncogenic_record(replace(MISSENSE, hotspot=Hotspot("kinase", is_curated=True)), SomaticKind.MISSENSE)
    assert (inside.in_critical_domain, inside.domain) == (True, "kinase")
    assert (inside.hotspot, inside.established, inside.functional) == (None, None, None)


def test_a_gene_without_a_settled_role_is_unknown_not_harmless() -> None:
    assert cancer_role("TTN") is None
    assert cancer_role("NOTCH1") is None
    assert (cancer_role("tp53"), cancer_role("KRAS")) == ("tumour suppressor", "oncogene")
    assert oncogenic_record(MISSENSE, SomaticKind.MISSENSE).role is GeneRole.UNKNOWN
