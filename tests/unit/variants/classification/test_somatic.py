"""Somatic variants: a tier for a tumour type, how likely the variant is oncogenic, and the evidence of an installed release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.storage.database import Database
from services.variants.classification.content import ClassificationContent, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, VariantClassifier, name_of, question_of_variant
from services.variants.identity import VariantIdentity
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind, PackRequest
from tests.unit.variants.reference.test_somatic_evidence import RELEASE

V600E = VariantIdentity(Variant(GenomeBuild.GRCH38, "7", 140753336, "A", "T"))


@pytest.fixture
def library(tmp_path: Path) -> ReferenceLibrary:
    return ReferenceLibrary(tmp_path / "packs")


@pytest.fixture
def classifier(library: ReferenceLibrary, database: Database) -> Iterator[VariantClassifier]:
    made = VariantClassifier(library, database)
    yield made
    made.close()


def classified(
    classifier: VariantClassifier, tumour: str, gene: str = "BRAF", protein: str = "p.Val600Glu"
) -> ClassificationContent:
    evidence = classifier.gather(question_of_variant(V600E, gene=gene, hgvs_protein=protein))
    return classifier.classify(evidence, Scheme.AMP, Choices(context=Context(tumour)), name_of(V600E, evidence))


def test_the_tier_is_of_a_tumour_type_and_never_one_without(classifier: VariantClassifier) -> None:
    assert classified(classifier, "cutaneous melanoma").classification == "Tier I-A"
    assert not classified(classifier, "").classification.startswith("Tier I-")


def test_beside_the_tier_stands_how_likely_the_variant_is_oncogenic_with_points_and_rules(classifier: VariantClassifier) -> None:
    said = dict(classified(classifier, "cutaneous melanoma").details)["Oncogenicity"]
    assert "points" in said
    assert "clingen-cgc-vicc@2022" in said


def test_an_installed_release_is_used_and_named(
    classifier: VariantClassifier, library: ReferenceLibrary, tmp_path: Path
) -> None:
    before = classified(classifier, "cutaneous melanoma")
    published = tmp_path / "01-Nov-2026-ClinicalEvidenceSummaries.tsv"
    published.write_text(RELEASE, encoding="utf-8")
    pack = library.install(published, PackRequest(PackKind.SOMATIC_EVIDENCE, None))
    after = classified(classifier, "cutaneous melanoma")
    assert len(after.criteria) == len(before.criteria) + 1
    assert pack.stamp in str(after.data_versions)


def test_without_a_gene_no_evidence_can_be_about_the_variant(classifier: VariantClassifier) -> None:
    with pytest.raises(InvalidInputError, match="gene of this variant is not known"):
        classified(classifier, "cutaneous melanoma", gene="", protein="")
