"""Copy number variants: from a place to the score sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.storage.database import Database
from services.variants.classification.content import ClassificationContent, ExpertEntry, Scheme
from services.variants.classification.service import Choices, VariantClassifier
from services.variants.identity import VariantIdentity
from services.variants.reference.model import PackKind
from tests.unit.variants.classification.support import CHROM, Shelf


@pytest.fixture(params=list(GenomeBuild), ids=str)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "packs", request.param)


@pytest.fixture
def classifier(shelf: Shelf, database: Database) -> Iterator[VariantClassifier]:
    made = VariantClassifier(shelf.library, database)
    yield made
    made.close()


def region(shelf: Shelf, start: int, end: int | None, alt: str = "<DEL>", chrom: str = CHROM) -> VariantIdentity:
    return VariantIdentity(Variant(shelf.build, chrom, start, "N", alt), end)


def sheet(
    classifier: VariantClassifier, identity: VariantIdentity, kind: CnvType, *expert: ExpertEntry
) -> ClassificationContent:
    return classifier.classify_copy_number(identity, kind, Choices(expert))[1]


def counted(content: ClassificationContent, cell: str) -> tuple[str, str]:
    row = next(one for one in content.criteria if one.code == cell)
    return row.status, row.points


def test_the_loss_of_a_whole_dosage_sensitive_gene_is_pathogenic(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete(plus="GENEA", minus="GENEB")
    shelf.table(PackKind.DOSAGE, [
        {"kind": "gene", "name": "GENEA", "start": 101, "end": 360, "haploinsufficiency": 3, "triplosensitivity": 0},
    ])
    content = sheet(classifier, region(shelf, 50, 450), CnvType.LOSS)
    assert (content.scheme, content.classification) == (Scheme.CNV, "Pathogenic")
    assert counted(content, "2A") == ("applied", "1.00")
    assert dict(content.data_versions)["Gene models"].endswith(f"({shelf.build})")
    assert sheet(classifier, region(shelf, 50, 450, "<DUP>"), CnvType.GAIN).classification != "Pathogenic"


def test_the_loss_of_a_gene_of_recessive_disease_names_the_carrier_and_gives_no_points(
    classifier: VariantClassifier, shelf: Shelf
) -> None:
    shelf.complete(plus="GENEA", minus="GENEB")
    shelf.table(PackKind.DOSAGE, [
        {"kind": "gene", "name": "GENEA", "start": 101, "end": 360, "haploinsufficiency": 30, "triplosensitivity": 0},
        {"kind": "region", "name": "Region", "start": 40, "end": 460, "haploinsufficiency": 0, "triplosensitivity": 0},
    ])
    content = sheet(classifier, region(shelf, 50, 450), CnvType.LOSS)
    rows = {row.name: row for row in content.evidence}
    assert rows["Genes of recessive disease"].value == "GENEA"
    assert "carrier" in rows["Genes of recessive disease"].note
    assert content.points == "0.00"
    said = rows["Regions"].value or ""
    assert said.startswith("lies within Region: no evidence of dosage sensitivity")
    gain = sheet(classifier, region(shelf, 50, 450, "<DUP>"), CnvType.GAIN)
    assert "Genes of recessive disease" not in {row.name for row in gain.evidence}


def test_without_packs_the_genes_are_not_counted_and_that_is_said(classifier: VariantClassifier, shelf: Shelf) -> None:
    content = sheet(classifier, region(shelf, 50, 450), CnvType.LOSS)
    assert counted(content, "3A")[0] == "not assessable"
    assert counted(content, "4O")[0] == "not assessable"
    missing = [row.note for row in content.evidence if row.value is None]
    assert any("no gene model pack is installed" in note for note in missing)
    assert any("no population structural variant pack" in note for note in missing)


def test_a_cell_of_the_expert_counts_within_its_bounds(classifier: VariantClassifier, shelf: Shelf) -> None:
    shelf.complete()
    entry = ExpertEntry(code="4A", status="set by an expert", points="0.45", note="de novo in a reported case")
    content = sheet(classifier, region(shelf, 50, 450), CnvType.LOSS, entry)
    assert counted(content, "4A") == ("set by an expert", "0.45")
    with pytest.raises(InvalidInputError, match="4A"):
        sheet(classifier, region(shelf, 50, 450), CnvType.LOSS, entry.model_copy(update={"points": "3"}))
    with pytest.raises(InvalidInputError, match="number"):
        sheet(classifier, region(shelf, 50, 450), CnvType.LOSS, entry.model_copy(update={"points": "many"}))


def test_a_variant_without_an_end_is_refused(classifier: VariantClassifier, shelf: Shelf) -> None:
    with pytest.raises(InvalidInputError, match="last base"):
        sheet(classifier, region(shelf, 50, None), CnvType.LOSS)
