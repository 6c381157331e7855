"""What the genome view is given to draw: places, genes, transcripts and the table's variants, without anything like markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.genome_files import contig_lengths
from services.variants.genome_tracks import (
    Locus,
    gene_features,
    gene_names,
    locus_of,
    locus_on,
    plain_name,
    transcript_features,
    variant_features,
)
from services.variants.imports import import_file
from services.variants.reference.model import PackKind
from services.variants.tables import VariantTable
from tests.installed_packs import put_rows
from tests.unit.variants.support import vcf, write

BUILD = GenomeBuild.GRCH38


def locus(position: int, chrom: str = "16") -> Locus:
    found = locus_of(BUILD, {"chrom": f"chr{chrom}", "pos": position, "end": position})
    assert found is not None
    return found


def test_a_row_is_placed_on_its_chromosome_and_nowhere_else() -> None:
    assert locus(50_712_015).written == "16:50,712,015-50,712,015"
    assert locus_of(BUILD, {"chrom": "chrUn_x", "pos": 5, "end": 5}) is None
    assert locus_of(BUILD, {"chrom": "16", "pos": 0, "end": None}) is None
    assert locus_of(BUILD, {"chrom": "16", "pos": 90_338_346, "end": None}) is None


def test_a_place_is_widened_as_far_as_its_contig_goes() -> None:
    assert locus(10).widened(60).written == "16:1-70"
    assert locus(16_569, "MT").widened(60).written == "MT:16,509-16,569"
    with pytest.raises(InvalidInputError, match="has no positions"):
        Locus(None, "own", 5, 4, 10)


def test_a_reference_of_ones_own_has_its_own_contigs(tmp_path: Path) -> None:
    index = tmp_path / "reference.fa.fai"
    index.write_text("simulated\t1500\t11\t60\t61\n")
    contigs = contig_lengths(index)
    found = locus_on(contigs, {"chrom": "simulated", "pos": 20, "end": 2_000})
    assert found is not None
    assert (found.written, found.build, gene_names(found)) == ("simulated:20-1,500", None, ())
    assert locus_on(contigs, {"chrom": "1", "pos": 20, "end": 20}) is None


def test_the_genes_of_a_build_lie_where_the_build_has_them() -> None:
    starts = {build: {one["name"]: one["start"] for one in gene_features(build)}["NOD2"] for build in GenomeBuild}
    assert starts[GenomeBuild.GRCH37] != starts[GenomeBuild.GRCH38]
    assert gene_names(locus(50_712_015)) == ("NOD2",)


def test_transcripts_are_drawn_with_their_coding_parts(tmp_path: Path) -> None:
    row = {
        "gene": "T", "gene_id": "T", "mark": "mane_select", "biotype": "protein_coding", "chrom": "16", "strand": "-",
        "coding_start": None, "coding_end": None, "version": 3, "transcript": "ENST00000000001",
    }  # fmt: skip
    rows = [
        {**row, "exon": 2, "start": 1_001, "end": 1_100, "coding_start": 1_051, "coding_end": 1_100},
        {**row, "exon": 1, "start": 1_201, "end": 1_300},
    ]
    pack = put_rows(tmp_path, PackKind.GENE_MODELS, BUILD, rows, "exons.parquet").active(PackKind.GENE_MODELS, BUILD)
    assert pack is not None
    found = transcript_features(pack, locus(1_150))
    drawn = [(one["name"], one["start"], one["end"], one["strand"]) for one in found]
    assert drawn == [("T ENST00000000001.3", 1_000, 1_300, "-")]
    assert found[0]["exons"] == [
        {"start": 1_000, "end": 1_100, "cdStart": 1_050, "cdEnd": 1_100}, {"start": 1_200, "end": 1_300, "utr": True},
    ]  # fmt: skip


def test_the_tables_variants_near_a_place_are_given_without_markup(tmp_path: Path) -> None:
    lines = [
        "chr16 1000 . A G 50 PASS DP=9 GT 0/1", "chr16 2000 . A <DEL> 50 PASS DP=9 GT 0/1",
        "chr16 900000 . A T 50 PASS DP=9 GT 0/1", "chr17 1000 . C T 50 PASS DP=9 GT 0/1",
    ]  # fmt: skip
    folder = import_file(write(tmp_path, vcf(*lines)), tmp_path / "table").folder
    assert folder is not None
    with VariantTable(folder) as table:
        found = variant_features(table, locus(1_000))
    assert [(one["start"], one["name"]) for one in found.features] == [(999, "A>G"), (1_999, "A>DEL")]
    assert found.left_out == 0
    assert plain_name('<img src="x" onerror="alert(1)">') == "img srcx onerroralert(1)"
