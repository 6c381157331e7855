"""Structural variants: kinds, genes and exons, breakpoints, fusions, dosage, populations, scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import Part
from services.variants.reference.model import PackKind
from tests.unit.variants.annotation.packs import Shelf, annotated, reasons, table

HEADER = """##fileformat=VCFv4.3
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr2,length=242193529>
##contig=<ID=chrX,length=156040895>
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Length">
##INFO=<ID=CHR2,Number=1,Type=String,Description="Other chromosome">
##INFO=<ID=POS2,Number=1,Type=Integer,Description="Other position">
##INFO=<ID=CT,Number=1,Type=String,Description="Connection type">
##INFO=<ID=STRANDS,Number=1,Type=String,Description="Strands">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=CN,Number=1,Type=Integer,Description="Copy number">
"""


Rows = list[dict[str, Any]]


def gene(symbol: str, chrom: str, strand: str, *exons: tuple[int, int], coding: tuple[int, int] | None = None) -> Rows:
    """Return the rows of a gene with one transcript; exons by rising position."""
    rows = []
    for number, (start, end) in enumerate(exons, start=1):
        low, high = (max(start, coding[0]), min(end, coding[1])) if coding else (1, 0)
        rows.append({
            "gene": symbol, "gene_id": f"G_{symbol}", "transcript": f"T_{symbol}", "mark": "mane_select",
            "biotype": "protein_coding" if coding else "lncRNA", "chrom": chrom, "strand": strand,
            "exon": number if strand == "+" else len(exons) - number + 1, "start": start, "end": end,
            "coding_start": low if low <= high else None, "coding_end": high if low <= high else None,
        })  # fmt: skip
    return rows


FORWARD = gene("FWD", "1", "+", (1_000, 1_099), (2_000, 2_098), (3_000, 3_199), coding=(1_050, 3_050))
REVERSE = gene("REV", "1", "-", (10_000, 10_099), (11_000, 11_099), (12_000, 12_199), coding=(10_050, 12_150))
OTHER = gene("OTH", "2", "+", (5_000, 5_099), (6_000, 6_199), coding=(5_010, 6_100))
SILENT = gene("SIL", "1", "+", (20_000, 20_500))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "packs")
    shelf.rows(PackKind.GENE_MODELS, *FORWARD, *REVERSE, *OTHER, *SILENT, name="exons.parquet")
    return shelf


def run(tmp_path: Path, shelf: Shelf, *lines: str) -> list[dict[str, Any]]:
    return annotated(table(tmp_path, *lines, header=HEADER), shelf.packs, GenomeBuild.GRCH38, Part.STRUCTURAL)[0]


def test_a_deletion_names_genes_exons_in_transcript_order_and_where_it_breaks(tmp_path: Path, shelf: Shelf) -> None:
    (row,) = run(tmp_path, shelf, "chr1 1999 . C <DEL> . PASS SVTYPE=DEL;END=11050 GT 0/1")
    assert (row["sv_type"], row["sv_length"], row["sv_gene_count"]) == ("DEL", 9_051, 2)
    assert row["sv_genes"] == ["FWD", "REV"]
    assert row["sv_exons"] == ["FWD exons 2-3 of 3 (T_FWD)", "REV exons 2-3 of 3 (T_REV)"]
    assert row["sv_breakpoint_genes"] == ["FWD: exon 2 of 3", "REV: exon 2 of 3"]
    assert row["sv_fusion"] is None, "the 5' part of FWD meets the 5' part of REV"


def test_a_variant_between_genes_has_no_gene_and_that_is_an_answer(tmp_path: Path, shelf: Shelf) -> None:
    (row,) = run(tmp_path, shelf, "chr1 500000 . C <DUP> . PASS SVTYPE=DUP;END=500900 GT 0/1")
    assert (row["sv_genes"], row["sv_gene_count"], row["sv_fusion"]) == (None, 0, None)
    assert row["sv_cnv_score"] == -0.6
    assert row["sv_cnv_sections"][0].startswith("1B -0.60")


@pytest.mark.parametrize(
    ("line", "fusion"),
    [
        ("chr1 2500 . C C[chr2:5500[ . . SVTYPE=BND GT 0/1", "FWD::OTH (5' FWD intron 2 of 2, 3' OTH intron 1 of 1"),
        ("chr1 2500 . C ]chr2:5500]C . . SVTYPE=BND GT 0/1", "OTH::FWD (5' OTH intron 1 of 1, 3' FWD intron 2 of 2"),
        ("chr1 2500 . C C]chr2:5500] . . SVTYPE=BND GT 0/1", None),
        ("chr1 2500 . C [chr2:5500[C . . SVTYPE=BND GT 0/1", None),
        ("chr1 11500 . C C]chr2:5500] . . SVTYPE=BND GT 0/1", "OTH::REV (5' OTH intron 1 of 1, 3' REV intron 1 of 2"),
        ("chr1 2500 . C <BND> . . SVTYPE=BND;CHR2=chr2;POS2=5500;CT=3to5 GT 0/1", "FWD::OTH"),
        ("chr1 2500 . C <TRA> . . SVTYPE=TRA;CHR2=chr2;POS2=5500;STRANDS=+-:5 GT 0/1", "FWD::OTH"),
        ("chr1 2500 . C <TRA> . . SVTYPE=TRA;CHR2=chr2;POS2=5500 GT 0/1", "FWD, OTH? (the file does not say"),
        ("chr1 2500 . C <INV> . . SVTYPE=INV;END=11500 GT 0/1", "FWD::REV (5' FWD intron 2 of 2, 3' REV intron 1 of 2"),
        ("chr1 2500 . C <INV> . . SVTYPE=INV;END=11500;CT=5to5 GT 0/1", "REV::FWD"),
        ("chr1 2500 . C <DEL> . . SVTYPE=DEL;END=20200 GT 0/1", "FWD::SIL"),
        ("chr1 2500 . C <DUP> . . SVTYPE=DUP;END=20200 GT 0/1", "SIL::FWD"),
        ("chr1 2500 . C <DEL> . . SVTYPE=DEL;END=2600 GT 0/1", None),
        ("chr1 1500 . C [chr1:10500[C . . SVTYPE=BND GT 0/1",
         "REV::FWD (5' REV intron 2 of 2, 3' FWD intron 1 of 2; in frame by exon phases)"),
    ],
)  # fmt: skip
def test_fusions_follow_the_sides_that_are_joined_and_the_strands(
    tmp_path: Path, shelf: Shelf, line: str, fusion: str | None
) -> None:
    (row,) = run(tmp_path, shelf, line)
    found = row["sv_fusion"]
    assert found is None if fusion is None else found[0].startswith(fusion), found


@pytest.mark.parametrize(
    ("alt", "info", "kind"),
    [
        ("<INS>", "SVTYPE=INS;END=2500;SVLEN=300", "INS"), ("<INS:ME:ALU>", "SVTYPE=INS", "MEI"), ("<ALU>", "SVTYPE=ALU", "MEI"),
        ("<DUP:TANDEM>", "SVTYPE=DUP;END=2600", "DUP"), ("<CN0>", "SVTYPE=CNV;END=2600", "CNV"), ("<CNV>", "END=2600", "CNV"),
        ("<DEL:ME:L1>", "SVTYPE=DEL;END=2600", "DEL"), ("C" + "A" * 60, "SVTYPE=INS", "INS"), (".C", "SVTYPE=BND", "BND"),
        ("<ODD>", "END=2600", None),
    ],
)  # fmt: skip
def test_the_forms_of_the_usual_callers_are_understood(
    tmp_path: Path, shelf: Shelf, alt: str, info: str, kind: str | None
) -> None:
    (row,) = run(tmp_path, shelf, f"chr1 2500 . C {alt} . PASS {info} GT 0/1")
    assert row["sv_type"] == kind
    assert row["sv_genes"] == ["FWD"]


def test_small_changes_are_no_structural_variants(tmp_path: Path, shelf: Shelf) -> None:
    rows = run(tmp_path, shelf, "chr1 2500 . C CAA . . . GT 0/1", "chr1 2600 . C T . . . GT 0/1")
    assert not any(name.startswith("sv_") for name in rows[0])


def test_copy_number_tells_loss_and_gain_except_on_sex_chromosomes(tmp_path: Path, shelf: Shelf) -> None:
    folder = table(
        tmp_path, "chr1 900 . C <CNV> . . SVTYPE=CNV;END=3900 GT:CN 0/1:1", "chr1 901 . C <CN3> . . SVTYPE=CNV;END=3900 GT 0/1",
        "chr1 902 . C <CNV> . . SVTYPE=CNV;END=3900 GT 0/1", "chrX 900 . C <CNV> . . SVTYPE=CNV;END=3900 GT:CN 1:1",
        header=HEADER,
    )  # fmt: skip
    shelf.rows(PackKind.DOSAGE, {"kind": "gene", "name": "FWD", "chrom": "1", "start": 1000, "end": 3199,
                                 "haploinsufficiency": 3, "triplosensitivity": 0})  # fmt: skip
    rows, outcome = annotated(folder, shelf.packs, GenomeBuild.GRCH38, Part.STRUCTURAL)
    assert [row["sv_cnv_score"] for row in rows] == [1.0, 0.0, None, None]
    assert [row["sv_cnv_class"] for row in rows][:2] == ["Pathogenic", "Uncertain Significance"]
    assert reasons(outcome)["copy number"].startswith("2 structural variants not scored")
    assert rows[0]["sv_dosage"] == ["FWD: haploinsufficiency 3, sufficient evidence"]
    assert rows[0]["sv_cnv_sections"][:2] == ["1A 0: 1 protein-coding gene", "2A +1.00: FWD: gene contained completely"]


def test_a_loss_of_inner_exons_is_graded_by_its_reading_frame(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.DOSAGE, {"kind": "gene", "name": "FWD", "chrom": "1", "start": 1000, "end": 3199,
                                 "haploinsufficiency": 3, "triplosensitivity": 0})  # fmt: skip
    (row,) = run(tmp_path, shelf, "chr1 1899 . C <DEL> . . SVTYPE=DEL;END=2200 GT 0/1")
    assert any(section.startswith("2E") and "not assessed" in section for section in row["sv_cnv_sections"])
    elsewhere = {"chrom_order": 0, "chrom": "1", "start": 900_000, "end": 901_000, "sv_type": "DEL", "ac": 1, "an": 100,
                 "af": 0.01, "name": "x", "dataset": "SVs"}  # fmt: skip
    shelf.rows(PackKind.POPULATION_SV, elsewhere, name="data.parquet")
    (looked_up,) = run(tmp_path, shelf, "chr1 1899 . C <DEL> . . SVTYPE=DEL;END=2200 GT 0/1")
    assert any(section.startswith("2E +0.45") for section in looked_up["sv_cnv_sections"]), "the frame is kept, none is common"
    assert row["sv_exons"] == ["FWD exon 2 of 3 (T_FWD)"]


def test_regions_are_told_as_contained_or_met_in_part(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.DOSAGE, {"kind": "region", "name": "Region A", "chrom": "1", "start": 900_001, "end": 910_000,
                                 "haploinsufficiency": 3, "triplosensitivity": 40})  # fmt: skip
    rows = run(tmp_path, shelf, "chr1 899000 . C <DEL> . . SVTYPE=DEL;END=911000 GT 0/1",
               "chr1 905000 . C <DEL> . . SVTYPE=DEL;END=911000 GT 0/1")  # fmt: skip
    assert rows[0]["sv_dosage"] == [
        "Region A: haploinsufficiency 3, sufficient evidence; triplosensitivity 40, dosage sensitivity unlikely"
    ]
    assert rows[0]["sv_regions"] == [f"contains {rows[0]['sv_dosage'][0]}"]
    assert rows[1]["sv_regions"][0].startswith("overlaps 50% of Region A: haploinsufficiency 3")
    assert (rows[0]["sv_cnv_score"], rows[1]["sv_cnv_score"]) == (1.0, 0.0)
    assert any(section.startswith("2B") for section in rows[1]["sv_cnv_sections"])


def test_population_variants_match_by_kind_and_half_of_both(tmp_path: Path, shelf: Shelf) -> None:
    def known(start: int, end: int, kind: str, af: float, name: str) -> dict[str, Any]:
        return {"chrom_order": 0, "chrom": "1", "start": start, "end": end, "sv_type": kind, "ac": 1, "an": 100, "af": af,
                "name": name, "dataset": "SVs"}  # fmt: skip

    shelf.rows(PackKind.POPULATION_SV, known(600_001, 601_000, "DEL", 0.02, "same"), known(600_001, 600_600, "DEL", 0.3, "part"),
               known(600_001, 601_000, "DUP", 0.9, "gain"), known(500_000, 700_000, "DEL", 0.05, "cover"),
               known(650_050, 650_050, "INS", 0.1, "near"), name="data.parquet")  # fmt: skip
    rows = run(tmp_path, shelf, "chr1 600000 . C <DEL> . . SVTYPE=DEL;END=601000 GT 0/1",
               "chr1 600400 . C <DEL> . . SVTYPE=DEL;END=601000 GT 0/1",
               "chr1 650000 . C <INS> . . SVTYPE=INS GT 0/1", "chr1 650400 . C <INS> . . SVTYPE=INS GT 0/1")  # fmt: skip
    assert rows[0]["sv_population_match"] == [
        "SVs part: frequency 0.3, 60% reciprocal overlap", "SVs same: frequency 0.02, 100% reciprocal overlap"
    ]
    assert rows[0]["sv_population_af"] == 0.3
    assert rows[1]["sv_population_match"] == ["SVs same: frequency 0.02, 60% reciprocal overlap"]
    assert any(section.startswith("4O -0.90") for section in rows[0]["sv_cnv_sections"]), "a common variant covers it"
    assert (rows[2]["sv_population_af"], rows[3]["sv_population_af"]) == (0.1, None)


def test_without_gene_models_the_built_in_genes_are_looked_at_and_that_is_said(tmp_path: Path) -> None:
    folder = table(tmp_path, "chr6 137800000 . C <DEL> . . SVTYPE=DEL;END=137950000 GT 0/1",
                   "chr1 500000 . C <DEL> . . SVTYPE=DEL;END=500900 GT 0/1", header=HEADER.replace("chrX", "chr6"))  # fmt: skip
    rows, outcome = annotated(folder, {}, GenomeBuild.GRCH38, Part.STRUCTURAL)
    by_chrom = {row["chrom"]: row for row in rows}
    assert by_chrom["chr6"]["sv_genes"] == ["TNFAIP3"]
    assert by_chrom["chr6"]["sv_cnv_sections"] is not None
    assert by_chrom["chr1"]["sv_cnv_score"] is None, "a place without a built-in gene is unknown, not free of genes"
    assert "sv_exons" not in by_chrom["chr1"]
    assert "built-in genes were looked at" in reasons(outcome)["gene_models"]
    assert "sv_population_af" not in by_chrom["chr1"]
    assert "not looked up" in reasons(outcome)["population_sv"]
