"""From a variant to its class, on tiny packs: what is known is used, what is missing is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.storage.database import Database
from services.variants.classification.content import ClassificationContent, ExpertEntry, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, VariantClassifier, name_of, question_of_row, question_of_variant
from services.variants.identity import VariantIdentity
from services.variants.reference.model import PackKind
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, exon_rows, minus_position, plus_position

BUILDS = list(GenomeBuild)


@pytest.fixture(params=BUILDS, ids=str)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "packs", request.param)


@pytest.fixture
def classifier(shelf: Shelf, database: Database) -> Iterator[VariantClassifier]:
    made = VariantClassifier(shelf.library, database)
    yield made
    made.close()


def variant(shelf: Shelf, coding: int, alt: str, chrom: str = CHROM) -> VariantIdentity:
    position = plus_position(coding)
    return VariantIdentity(Variant(shelf.build, chrom, position, base_at(position), alt))


def classified(
    classifier: VariantClassifier, identity: VariantIdentity, *expert: ExpertEntry, row: dict[str, object] | None = None,
    condition: str = "",
) -> ClassificationContent:
    question = question_of_row(identity, row, condition=condition) if row is not None else question_of_variant(
        identity, condition=condition
    )
    evidence = classifier.gather(question)
    choices = Choices(expert, context=Context(condition))
    return classifier.classify(evidence, Scheme.ACMG, choices, name_of(identity, evidence))


def row_of(content: ClassificationContent, code: str) -> tuple[str, str | None, str]:
    one = next(row for row in content.criteria if row.code == code)
    return one.status, one.strength, one.reason


def test_without_any_pack_nothing_is_judged_and_every_reason_names_what_is_missing(
    classifier: VariantClassifier, shelf: Shelf
) -> None:
    content = classified(classifier, variant(shelf, 7, "T"))
    assert content.classification == "Uncertain Significance"
    assert content.met == ()
    assert len(content.criteria) == 28
    assert {row.status for row in content.criteria} == {"not assessable"}
    for code, words in (
        ("PM2", f"no population frequency pack is installed for {shelf.build}"), ("PVS1", "nobody knows what the variant does"),
        ("PP3", "nobody knows what the variant does"),
    ):
        assert words in row_of(content, code)[2]
    assert f"no population frequency pack is installed for {shelf.build}" in content.rationale


def test_a_truncating_variant_in_a_gene_where_loss_causes_disease_is_likely_pathogenic(
    classifier: VariantClassifier, shelf: Shelf
) -> None:
    shelf.complete(plus="TNFAIP3")
    identity = variant(shelf, 18, "A")  # Trp6Ter
    content = classified(classifier, identity)
    assert row_of(content, "PVS1")[:2] == ("met", "very strong")
    assert "Gene models" in dict(content.data_versions)
    assert any(row.value and "MANE" in row.value for row in content.evidence)


def test_absence_counts_only_where_something_was_called_next_to_it(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    identity = variant(shelf, 7, "T")
    assert row_of(classified(classifier, identity), "PM2")[0] == "not assessable"
    shelf.table(PackKind.FREQUENCIES, [
        {"pos": identity.variant.position + 9, "ref": "C", "alt": "A", "ac": 3, "an": 150_000, "af": 2e-5, "passed": True},
    ])
    assert row_of(classified(classifier, identity), "PM2")[:2] == ("met", "supporting")


def test_a_common_variant_is_benign_by_itself(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    identity = variant(shelf, 7, "T")
    shelf.table(PackKind.FREQUENCIES, [{
        "pos": identity.variant.position, "ref": identity.variant.ref, "alt": "T", "ac": 12_000, "an": 150_000, "af": 0.08,
        "homozygotes": 500, "popmax_population": "nfe", "popmax_ac": 9_000, "popmax_an": 80_000, "popmax_af": 0.1125,
        "faf95": 0.11, "passed": True,
    }])
    content = classified(classifier, identity)
    assert content.classification == "Benign"
    assert row_of(content, "BA1")[0] == "met"
    assert "Filter frequency" in " ".join(row.name for row in content.evidence)


def test_neighbours_count_and_the_variant_itself_never_does(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    identity = variant(shelf, 7, "T")  # Arg3Trp
    own = {"pos": plus_position(7), "ref": "C", "alt": "T", "variation_id": 1, "significance": "Pathogenic", "stars": 3}
    shelf.table(PackKind.CLINVAR, [own])
    content = classified(classifier, identity)
    assert row_of(content, "PM5")[0] == "not met"
    assert row_of(content, "PS1")[0] == "not met"
    other = {"pos": plus_position(8), "ref": "G", "alt": "A", "variation_id": 2, "significance": "Pathogenic", "stars": 2}
    shelf.table(PackKind.CLINVAR, [own, other])
    content = classified(classifier, identity)
    assert row_of(content, "PM5")[:2] == ("met", "moderate")
    assert row_of(content, "PS1")[0] == "not met"


def test_eight_residues_around_make_a_hot_spot_unless_one_of_them_is_benign(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    around = [
        {"pos": plus_position(place), "ref": base_at(plus_position(place)), "alt": alt, "variation_id": place,
         "significance": "Likely_pathogenic", "stars": 1}
        for place, alt in ((10, "C"), (14, "C"), (20, "C"), (11, "C"))
    ]  # fmt: skip
    shelf.table(PackKind.CLINVAR, around)
    assert row_of(classified(classifier, variant(shelf, 7, "T")), "PM1")[:2] == ("met", "supporting")
    shelf.table(PackKind.CLINVAR, [*around[:3], around[3] | {"significance": "Benign"}])
    assert row_of(classified(classifier, variant(shelf, 7, "T")), "PM1")[0] == "not met"


def test_the_row_of_an_annotated_table_is_enough_for_what_it_says(classifier: VariantClassifier, shelf: Shelf) -> None:
    row = {"gene": "TNFAIP3", "consequence": "missense_variant", "transcript": "NM_006290.4", "hgvs_p": "p.(Arg3Trp)",
           "revel": 0.95, "spliceai": 0.01}  # fmt: skip
    content = classified(classifier, variant(shelf, 7, "T"), row=row)
    assert row_of(content, "PP3")[:2] == ("met", "strong")
    assert row_of(content, "PM1")[0] == "not assessable"
    assert next(one for one in content.evidence if one.name == "REVEL").source == "the table"


def test_columns_of_the_file_are_read_where_nobody_annotated_the_table(classifier: VariantClassifier, shelf: Shelf) -> None:
    row: dict[str, object] = {
        "csq_SYMBOL": "MEFV", "csq_Consequence": "frameshift_variant&splice_region_variant", "csq_Feature": "ENST00000219596",
        "csq_HGVSp": "ENSP1:p.Arg12GlyfsTer23", "csq_MAX_AF": "0.4",
    }  # fmt: skip
    content = classified(classifier, variant(shelf, 7, "T"), row=row)
    told = next(one for one in content.evidence if one.topic == "Population frequency")
    assert (told.value, told.source) == ("0.4", "the table")
    assert "decides no criterion" in told.note
    assert row_of(content, "BA1")[0] == "not assessable"


def test_an_expert_overrules_a_criterion_and_both_words_are_kept(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    entry = ExpertEntry(code="PS3", status="met", strength="strong", note="reporter assay of Smith 2020, odds 20")
    other = ExpertEntry(code="PM2", status="not met", note="seen in our own controls")
    content = classified(classifier, variant(shelf, 7, "T"), entry, other)
    row = next(one for one in content.criteria if one.code == "PM2")
    assert row.is_expert
    assert row.automatic is not None
    assert row.automatic.status == "not assessable"
    assert content.points == "4"
    assert "Smith 2020" in content.rationale
    with pytest.raises(InvalidInputError, match="note"):
        classified(classifier, variant(shelf, 7, "T"), ExpertEntry(code="PS3", status="met", note=" "))
    with pytest.raises(InvalidInputError, match="cannot be"):
        classified(classifier, variant(shelf, 7, "T"), ExpertEntry(code="PP5", status="met", strength="strong", note="x"))


def test_the_same_data_make_the_same_content_again(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    identity = variant(shelf, 7, "T")
    assert classified(classifier, identity) == classified(classifier, identity)


def test_alleles_that_are_not_spelled_out_are_refused(classifier: VariantClassifier, shelf: Shelf) -> None:
    identity = VariantIdentity(Variant(shelf.build, CHROM, 200, "A", "<DEL>"), 300)
    with pytest.raises(InvalidInputError, match="copy number"):
        classified(classifier, identity)


def test_a_change_that_nobody_named_is_named_on_the_transcript_it_is_read_on(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.genes([{**row, "version": 7} for row in exon_rows("NOD2", "+")] + exon_rows("MEFV", "-"))
    snv = variant(shelf, 64, "T" if base_at(plus_position(64)) != "T" else "C")
    at = plus_position(60) + 3
    lost = VariantIdentity(Variant(shelf.build, CHROM, at, base_at(at) + base_at(at + 1), base_at(at)))
    there = base_at(minus_position(64))
    minus = VariantIdentity(Variant(shelf.build, CHROM, minus_position(64), there, "A" if there != "A" else "G"))
    complement = str.maketrans("ACGT", "TGCA")
    named = {
        "snv": f"NM_1.1:c.64{snv.variant.ref}>{snv.variant.alt}",
        "minus": f"NM_2.1:c.64{there.translate(complement)}>{minus.variant.alt.translate(complement)}",
    }
    assert classifier.gather(question_of_variant(snv)).hgvs_coding == named["snv"]
    assert classifier.gather(question_of_variant(minus)).hgvs_coding == named["minus"]
    assert classifier.gather(question_of_variant(lost)).hgvs_coding == "", "how far it moves is written in the sequence"
    shelf.sequence()
    evidence = classifier.gather(question_of_variant(lost))
    assert evidence.hgvs_coding == "NM_1.1:c.61-3del", "the last of a run of C"
    assert evidence.record.hgvs_coding == evidence.hgvs_coding
    assert any((one.name, one.value) == ("HGVS, transcript", evidence.hgvs_coding) for one in evidence.evidence)
    told = question_of_row(snv, {"hgvs_c": "NM_9.9:c.1A>G"})
    assert classifier.gather(told).hgvs_coding == "NM_9.9:c.1A>G", "what the row says stands"
