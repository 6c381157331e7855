"""What the rules cannot judge is said, and never counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.genomics.acmg.combining import Pathogenicity, classify
from services.genomics.acmg.criteria import Criterion, Strength, parse_evidence
from services.genomics.acmg.engine import AUTOMATIC, assess
from services.genomics.acmg.limits import limits_of
from services.genomics.acmg.record import Effect, Inheritance, Prediction
from services.genomics.acmg.results import Status
from services.genomics.acmg.specifications import GENERAL
from tests.unit.genomics.acmg.builders import GENE, MISSENSE, NONSENSE, population


@pytest.mark.parametrize("chromosome", ["MT", "M", "chrM"])
def test_mitochondrial_variants_are_not_assessed_by_rules_for_nuclear_genes(chromosome: str) -> None:
    made = assess(replace(NONSENSE, chromosome=chromosome, populations=(population(9_000),)))
    assert {made.result(one).status for one in AUTOMATIC} == {Status.NOT_ASSESSABLE}
    assert "McCormick 2020" in made.result(Criterion.PVS1).reason
    assert made.classification.pathogenicity is Pathogenicity.UNCERTAIN
    assert any("mitochondrial" in one for one in made.classification.conflicts)


def test_a_mitochondrial_gene_is_known_by_its_symbol_too() -> None:
    assert limits_of(replace(MISSENSE, gene=replace(GENE, symbol="MT-ND3")))
    assert assess(replace(NONSENSE, gene=replace(GENE, symbol="MT-ND3"))).classification.evidence == ()


@pytest.mark.parametrize(
    ("symbol", "words"), [("HLA-B", "HLA typing"), ("MICA", "HLA typing"), ("NCF1", "near-identical copy"), ("IKBKG", "copy")]
)
def test_genes_that_short_reads_confuse_are_named(symbol: str, words: str) -> None:
    assert any(words in one for one in limits_of(replace(MISSENSE, gene=replace(GENE, symbol=symbol))))


@pytest.mark.parametrize("effect", [Effect.UNTRANSLATED, Effect.INTRONIC])
def test_non_coding_variants_are_judged_for_splicing_only_and_say_so(effect: Effect) -> None:
    assert "none on regulation" in " ".join(limits_of(replace(MISSENSE, effect=effect)))


def test_x_linked_genes_say_which_thresholds_were_used() -> None:
    assert "hemizygotes" in " ".join(limits_of(replace(MISSENSE, gene=replace(GENE, inheritance=Inheritance.X_LINKED))))


def test_an_ordinary_coding_variant_has_no_limit_and_a_limit_changes_no_class() -> None:
    assert limits_of(MISSENSE) == ()
    plain, limited = assess(NONSENSE), assess(replace(NONSENSE, gene=replace(GENE, symbol="NCF1")))
    assert limited.classification.points == plain.classification.points
    assert len(limited.classification.conflicts) == len(plain.classification.conflicts) + 1


@pytest.mark.parametrize(
    ("score", "pp3", "bp4"),
    [
        (0.990, Strength.STRONG, None), (0.906, Strength.MODERATE, None), (0.792, Strength.SUPPORTING, None), (0.791, None, None),
        (0.170, None, None), (0.169, None, Strength.SUPPORTING), (0.099, None, Strength.MODERATE),
    ],
)
def test_alphamissense_has_the_intervals_of_its_own_calibration(score: float, pp3: Strength | None, bp4: Strength | None) -> None:
    rules = replace(GENERAL, id="alphamissense", predictor="AlphaMissense")
    record = replace(MISSENSE, predictions=(Prediction("AlphaMissense", score), Prediction("REVEL", 0.5)))
    made = assess(record, rules)
    assert (made.result(Criterion.PP3).strength, made.result(Criterion.BP4).strength) == (pp3, bp4)
    met = made.result(Criterion.PP3 if pp3 else Criterion.BP4)
    assert "Bergquist" in met.source.citation or met.status is not Status.MET


@pytest.mark.parametrize("effect", [Effect.SPLICE_SITE, Effect.SPLICE_REGION])
def test_ps1_for_splicing_is_left_to_the_expert_and_not_called_unmet(effect: Effect) -> None:
    result = assess(replace(MISSENSE, effect=effect)).result(Criterion.PS1)
    assert (result.status, "Walker 2023" in result.reason) == (Status.NOT_ASSESSABLE, True)


def test_bp1_needs_a_change_that_does_not_truncate_through_splicing() -> None:
    record = replace(MISSENSE, gene=replace(GENE, only_truncation_causes_disease=True))
    assert assess(record).result(Criterion.BP1).status is Status.MET
    assert assess(replace(record, splice_delta=0.1)).result(Criterion.BP1).status is Status.MET
    assert assess(replace(record, splice_delta=0.11)).result(Criterion.BP1).status is Status.NOT_MET


@pytest.mark.parametrize(
    "codes", [("PS1", "PM5"), ("PP3", "BP7"), ("PVS1", "BP7"), ("PM4", "BP3"), ("PP2", "BP1"), ("PVS1", "PP3"), ("PM2", "BS1")]
)
def test_criteria_that_contradict_or_count_twice_are_flagged(codes: tuple[str, str]) -> None:
    told = classify([parse_evidence(code) for code in codes]).conflicts
    assert any(all(code in one for code in codes) for one in told)
