"""AMP/ASCO/CAP tiers: the tumour type decides, one tier for each variant, every item with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.errors import InvalidInputError
from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.curated import curated_evidence
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.genomics.amp.tiers import AmpClassification, Tier, classify_amp
from services.genomics.amp.variant import PopulationFrequency, Recurrence, SomaticKind, SomaticVariant
from services.knowledge.sources import Source

V600E = SomaticVariant("GENE1", SomaticKind.MISSENSE, "p.Val600Glu")
COMMON = PopulationFrequency("gnomAD 4", "NFE", 0.02)


def item(
    level: Level = Level.A, tumour: str = "melanoma", kind: EvidenceType = EvidenceType.SENSITIVITY, *, number: int = 1,
    alteration: str = "V600E", **more: object,
) -> EvidenceItem:
    made = EvidenceItem(
        f"E{number}", "GENE1", parse_alteration(alteration), kind, level, tumour, "statement",
        Source(citation="Author 2020"), "set 1", therapies=("drug",),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def tier(*items: EvidenceItem, tumour: str | None = "melanoma", variant: SomaticVariant = V600E) -> AmpClassification:
    return classify_amp(variant, items, tumour)


@pytest.mark.parametrize(("level", "expected"), list(zip(Level, (Tier.I_A, Tier.I_B, Tier.II_C, Tier.II_D), strict=True)))
def test_in_the_same_tumour_type_the_level_is_the_tier(level: Level, expected: Tier) -> None:
    assert tier(item(level)).tier is expected


@pytest.mark.parametrize(("level", "expected"), list(zip(Level, (Tier.II_C, Tier.II_C, Tier.II_D, Tier.II_D), strict=True)))
def test_therapy_of_a_different_tumour_type_is_at_most_tier_two(level: Level, expected: Tier) -> None:
    made = tier(item(level), tumour="colorectal cancer")
    assert made.tier is expected
    assert made.elsewhere[0].tumour == "melanoma"


@pytest.mark.parametrize("kind", [EvidenceType.DIAGNOSTIC, EvidenceType.PROGNOSTIC])
def test_diagnosis_and_prognosis_do_not_carry_over_to_another_tumour_type(kind: EvidenceType) -> None:
    assert tier(item(kind=kind)).tier is Tier.I_A
    assert tier(item(kind=kind), tumour="colorectal cancer").tier is Tier.III


def test_evidence_of_a_broader_type_includes_the_patients() -> None:
    made = tier(item(tumour="non-small cell lung cancer"), tumour="Lung Adenocarcinoma")
    assert made.tier is Tier.I_A
    assert "broader type" in made.judged[0].reason


def test_evidence_of_a_narrower_type_is_not_tier_one_and_says_where_it_would_be() -> None:
    made = tier(item(tumour="lung adenocarcinoma"), tumour="lung cancer")
    assert made.tier is Tier.II_C
    assert made.elsewhere[0].tier is Tier.I_A


def test_an_unlisted_tumour_type_is_compared_by_its_own_name_only() -> None:
    assert tier(item(tumour="Oddoma"), tumour="oddoma").tier is Tier.I_A
    assert tier(item(tumour="Oddoma"), tumour="melanoma").tier is Tier.II_C


@pytest.mark.parametrize("tumour", [None, "", "   "])
def test_without_a_tumour_type_no_variant_is_tier_one(tumour: str | None) -> None:
    made = tier(item(), tumour=tumour)
    assert made.tier is Tier.II_C
    assert "I-A in melanoma" in made.summary


def test_without_a_tumour_type_diagnostic_evidence_alone_assigns_no_tier() -> None:
    made = tier(item(kind=EvidenceType.DIAGNOSTIC), tumour=None)
    assert made.tier is None
    assert "no tier without a tumour type" in made.summary


def test_a_broad_statement_does_not_extend_to_a_type_it_excludes() -> None:
    broad = item(tumour="solid tumour", excluded=("colorectal cancer",))
    assert tier(broad, tumour="thyroid cancer").tier is Tier.I_A
    assert tier(broad, tumour="colon adenocarcinoma").tier is Tier.II_C


def test_without_evidence_a_variant_is_tier_three() -> None:
    assert tier().tier is Tier.III
    assert tier(tumour=None).tier is Tier.III


def test_a_common_variant_without_strong_evidence_is_tier_four() -> None:
    common = replace(V600E, population=COMMON)
    assert tier(variant=common).tier is Tier.IV
    assert tier(item(Level.D), variant=common).tier is Tier.IV


def test_strong_evidence_for_a_common_variant_keeps_its_tier_and_is_flagged() -> None:
    made = tier(item(Level.B), variant=replace(V600E, population=COMMON))
    assert made.tier is Tier.I_B
    assert "contradicts evidence of level B" in made.conflicts[0]


def test_a_recurrent_common_variant_is_not_called_benign_but_flagged() -> None:
    made = tier(variant=replace(V600E, population=COMMON, recurrence=Recurrence("catalogue", 40)))
    assert made.tier is Tier.III
    assert "recurrent in tumours and common" in made.conflicts[0]


def test_recurrence_alone_is_not_clinical_significance() -> None:
    made = tier(variant=replace(V600E, recurrence=Recurrence("catalogue", 900, 1_000)))
    assert made.tier is Tier.III
    assert "recurrent" in made.summary


def test_several_items_make_one_tier_and_are_ranked() -> None:
    weak, strong, other = item(Level.D, number=1), item(Level.A, number=2), item(Level.A, "lung cancer", number=3)
    made = tier(weak, other, strong)
    assert made.tier is Tier.I_A
    assert [one.item.id for one in made.judged] == ["E2", "E3", "E1"]
    assert tier(strong, weak, other) == made


def test_an_item_that_does_not_support_is_kept_flagged_and_not_counted() -> None:
    made = tier(item(Level.B, number=1), item(Level.A, number=2, supports=False))
    assert made.tier is Tier.I_B
    assert "E2 (set 1) does not support" in made.conflicts[0]


def test_sensitivity_and_resistance_to_one_drug_are_flagged() -> None:
    made = tier(item(number=1), item(kind=EvidenceType.RESISTANCE, number=2))
    assert made.conflicts == ("items state both sensitivity and resistance to drug",)


def test_a_passenger_does_not_borrow_the_evidence_of_any_mutation_of_its_gene() -> None:
    any_mutation = item(alteration="Mutation")
    assert tier(any_mutation).tier is Tier.III
    assert tier(any_mutation, variant=replace(V600E, is_oncogenic=True)).tier is Tier.I_A
    assert tier(any_mutation, variant=replace(V600E, is_oncogenic=False)).judged == ()


def test_a_truncating_variant_is_a_loss_of_function() -> None:
    made = tier(item(alteration="Loss-of-function"), variant=SomaticVariant("GENE1", SomaticKind.NONSENSE, "R10*"))
    assert made.tier is Tier.I_A


def test_a_deletion_in_an_exon_is_found_by_exon_or_by_residues() -> None:
    about = item(alteration="Exon 19 Deletion")
    bounded = replace(about, alteration=parse_alteration("Exon 19 Deletion", (729, 761)))
    deletion = SomaticVariant("GENE1", SomaticKind.INFRAME_DELETION, "p.Glu746_Ala750del")
    assert tier(about, variant=replace(deletion, exon=19)).tier is Tier.I_A
    assert tier(about, variant=replace(deletion, exon=20)).tier is Tier.III
    assert tier(bounded, variant=deletion).tier is Tier.I_A
    unknown = tier(about, variant=deletion)
    assert unknown.tier is Tier.III
    assert "exon of the variant is not known" in unknown.judged[0].reason


def test_a_fusion_with_a_named_partner_needs_the_partner() -> None:
    about = item(alteration="EML4::GENE1 Fusion")
    fusion = SomaticVariant("GENE1", SomaticKind.FUSION)
    assert tier(about, variant=replace(fusion, partner="EML4")).tier is Tier.I_A
    assert tier(about, variant=replace(fusion, partner="KIF5B")).tier is Tier.III
    assert "partner of the fusion is not known" in tier(about, variant=fusion).judged[0].reason


def test_a_fusion_is_found_from_either_of_its_genes() -> None:
    for gene, partner in (("ABL1", "BCR"), ("BCR", "ABL1")):
        fusion = SomaticVariant(gene, SomaticKind.FUSION, partner=partner)
        assert classify_amp(fusion, curated_evidence(), "CML").tier is Tier.I_A
    other = SomaticVariant("ABL1", SomaticKind.FUSION, partner="ETV6")
    assert classify_amp(other, curated_evidence(), "CML").tier is Tier.III


def test_another_change_of_the_codon_is_not_the_change() -> None:
    assert tier(item(), variant=replace(V600E, protein="V600K")).tier is Tier.III
    assert tier(item(alteration="V600"), variant=replace(V600E, protein="V600K")).tier is Tier.I_A


def test_every_input_version_and_rule_is_carried() -> None:
    made = tier(item(), variant=replace(V600E, data_versions=(("variants", "7"),)))
    assert made.rules == "amp-asco-cap@2017"
    assert made.data_versions == (("variants", "7"), ("evidence", "set 1"))
    assert ("tumour type", "melanoma") in made.inputs


def test_an_endless_tumour_name_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="200 characters"):
        tier(tumour="a" * 201)


@pytest.mark.parametrize(
    ("gene", "protein", "tumour"),
    [
        ("EGFR", "L858R", "lung adenocarcinoma"), ("EGFR", "T790M", "NSCLC"), ("ABL1", "T315I", "CML"),
        ("PDGFRA", "D842V", "GIST"),
        ("FGFR3", "S249C", "bladder cancer"), ("KRAS", "G12C", "colon adenocarcinoma"), ("JAK2", "V617F", "polycythemia vera"),
        ("IDH1", "R132C", "cholangiocarcinoma"), ("PIK3CA", "H1047R", "breast carcinoma"), ("BRAF", "V600E", "melanoma"),
    ],
)
def test_well_known_variants_are_tier_one_a_in_their_tumour_and_never_without_one(gene: str, protein: str, tumour: str) -> None:
    variant = SomaticVariant(gene, SomaticKind.MISSENSE, protein)
    assert classify_amp(variant, curated_evidence(), tumour).tier is Tier.I_A
    assert classify_amp(variant, curated_evidence()).tier not in (Tier.I_A, Tier.I_B)
