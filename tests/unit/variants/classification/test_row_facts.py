"""What a row says of its variant, whoever annotated it."""

from __future__ import annotations

import pytest

from services.genomics.acmg.record import Effect
from services.variants.classification.row_facts import FILE, OWN, effect_of, facts_of, implied_effect, protein_change


@pytest.mark.parametrize(("consequence", "effect"), [
    ("missense_variant&splice_region_variant", Effect.MISSENSE), ("stop_gained", Effect.NONSENSE),
    ("splice_donor_variant&intron_variant", Effect.SPLICE_SITE), ("synonymous_variant", Effect.SYNONYMOUS),
    ("splice_region_variant,intron_variant", Effect.SPLICE_REGION), ("disruptive_inframe_deletion", Effect.INFRAME_INDEL),
    ("regulatory_region_variant", Effect.OTHER), ("", None),
])  # fmt: skip
def test_the_most_severe_term_decides_and_no_term_is_unknown(consequence: str, effect: Effect | None) -> None:
    assert effect_of(consequence) is effect


@pytest.mark.parametrize(("hgvs", "effect"), [
    ("NP_000234.1:p.(Met694Val)", Effect.MISSENSE), ("p.Arg12GlyfsTer23", Effect.FRAMESHIFT), ("p.Trp6Ter", Effect.NONSENSE),
    ("p.(Ala2=)", Effect.SYNONYMOUS), ("p.Met1Val", None), ("p.Glu12_Gly14del", None), ("p.Gly12_Leu13insVal", None), ("", None),
])  # fmt: skip
def test_a_change_of_the_protein_implies_its_effect_only_where_it_says_all_of_it(hgvs: str, effect: Effect | None) -> None:
    assert implied_effect(hgvs) is effect


def test_the_codon_of_a_new_stop_is_counted_from_the_first_changed_residue() -> None:
    change = protein_change("ENSP1:p.Arg12GlyfsTer23")
    assert change is not None
    assert change.stop_codon == 34


def test_own_columns_come_before_the_files_and_blank_values_say_nothing() -> None:
    row = {"consequence": "missense_variant", "csq_Consequence": "stop_gained", "csq_SYMBOL": ".", "gene": "MEFV", "revel": None}
    facts = facts_of(row)
    assert (facts.effect, facts.gene, facts.revel, facts.origin) == (Effect.MISSENSE, "MEFV", None, OWN)
    assert facts_of({"ann_Annotation": "stop_gained"}).origin == FILE


@pytest.mark.parametrize(("written", "read"), [("0.5&0.6", 0.5), ("nan", None), ("-1", None), ("inf", None), ("n/a", None)])
def test_scores_that_are_no_numbers_are_missing(written: str, read: float | None) -> None:
    assert facts_of({"csq_REVEL": written}).revel == read
