"""The harness that classifies known copy number variants: overlaps are stated from the reference alone."""

from __future__ import annotations

import csv
import gzip
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.combining import Pathogenicity
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.record import Extent, Relation
from services.genomics.cnv.sheet import CnvClassification, classify_cnv
from validation import cnv
from validation.cnv import Case
from validation.gene_models import read_gene_models

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
FILES = {
    "refseq_genes.hg38.bed.gz":
        "chr1\t1000\t2000\tNM_1\tPLUS\nchr1\t5000\t6000\tNM_2\tMINUS\nchr1\t8000\t9000\tNM_3\tMID\nchr1\t3000\t3100\tNR_4\tLONG\n"
        "chrX\t700000\t700500\tNM_5\tSHOXLIKE\nchr1\t9000\t10000\tNM_6\tRENAMED\n",
    "refseq_penultimate_exon_50bp.hg38.bed.gz":
        "chr1\t1850\t1900\tNM_1\nchr1\t5100\t5150\tNM_2\nchr1\t8500\t8550\tNM_3\n",
    "clingen_dosage/hg38/ClinGen_haploinsufficiency_gene.bed":
        "track name='x'\nchr1\t9010\t9990\tOLD\t3\nchr1\t1000\t2000\tPLUS\t3\nchr1\t5000\t6000\tMINUS\t3\n"
        "chr1\t8000\t9000\tMID\t3\nchrY\t700000\t700500\tSHOXLIKE\t3\n",
    "clingen_dosage/hg38/ClinGen_triplosensitivity_gene.bed": "chr1\t5000\t6000\tMINUS\t0\nchr2\t100\t900\tTRIPLE\t3\n",
    "clingen_dosage/hg38/ClinGen_region_curation_list.HI.bed": "chr1\t20000\t30000\t3\nchr1\t40000\t50000\t40\n",
    "clingen_dosage/hg38/ClinGen_region_curation_list.TS.bed": "chr1\t60000\t70000\t40\n",
    "clingen_dosage/hg38/Benign_TS_region_genelist.bed": "chr1\t60000\t70000\tHARMLESS\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reference")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def reference(folder: Path) -> cnv.Reference:
    return cnv.read_reference(folder)


def case(start: int, end: int, kind: CnvType = CnvType.LOSS, chromosome: str = "chr1") -> Case:
    return Case("v", kind, chromosome, start, end, True)


def cells(made: CnvClassification) -> set[str]:
    return {row.cell.id for row in made.applied if row.cell.section == 2}


@pytest.mark.parametrize(
    ("start", "end", "relation"),
    [
        (900, 2_100, Relation.COMPLETE), (1_000, 2_000, Relation.COMPLETE), (1_800, 2_100, Relation.THREE_PRIME),
        (900, 1_500, Relation.FIVE_PRIME), (1_200, 1_300, Relation.INTRAGENIC), (5_900, 6_100, Relation.FIVE_PRIME),
        (4_900, 5_120, Relation.THREE_PRIME), (7_900, 8_600, Relation.ONE_END),
    ],
)
def test_the_side_of_a_gene_follows_its_penultimate_exon(
    reference: cnv.Reference, start: int, end: int, relation: Relation
) -> None:
    assert [one.relation for one in cnv.record_of(case(start, end), reference).genes] == [relation]


@pytest.mark.parametrize(
    ("start", "end", "cell", "pathogenicity"),
    [
        (900, 2_100, "2A", Pathogenicity.PATHOGENIC),
        (900, 1_500, "2C-1", Pathogenicity.LIKELY_PATHOGENIC),
        (1_700, 2_100, "2D-4", Pathogenicity.LIKELY_PATHOGENIC),
        (1_905, 2_100, "", Pathogenicity.UNCERTAIN),
        (900, 1_050, "", Pathogenicity.UNCERTAIN),
        (1_200, 1_300, "", Pathogenicity.UNCERTAIN),
        (1_200, 1_800, "2E", Pathogenicity.LIKELY_PATHOGENIC),
        (20_500, 29_600, "2A", Pathogenicity.PATHOGENIC),
        (20_500, 29_000, "2B", Pathogenicity.UNCERTAIN),
        (41_000, 49_000, "2F", Pathogenicity.BENIGN),
    ],
)
def test_losses_are_called_from_gene_extents_without_guessing_exons(
    reference: cnv.Reference, start: int, end: int, cell: str, pathogenicity: Pathogenicity
) -> None:
    made = classify_cnv(cnv.record_of(case(start, end), reference))
    assert cells(made) == ({cell} if cell else set())
    assert made.pathogenicity is pathogenicity


def test_an_intragenic_gain_is_never_taken_for_a_loss_of_function(reference: cnv.Reference) -> None:
    assert classify_cnv(cnv.record_of(case(1_200, 1_900, CnvType.GAIN), reference)).pathogenicity is Pathogenicity.UNCERTAIN


def test_a_gene_curated_for_gains_only_is_found(reference: cnv.Reference) -> None:
    made = classify_cnv(cnv.record_of(case(50, 1_000, CnvType.GAIN, "chr2"), reference))
    assert made.pathogenicity is Pathogenicity.PATHOGENIC


def test_benign_gains_are_compared_by_content(reference: cnv.Reference) -> None:
    same = cnv.record_of(case(60_000, 70_000, CnvType.GAIN), reference)
    assert [one.extent for one in same.regions] == [Extent.IDENTICAL]
    assert cells(classify_cnv(same)) == {"2C"}
    assert cells(classify_cnv(cnv.record_of(case(59_000, 71_000, CnvType.GAIN), reference))) == {"2F"}
    assert cells(classify_cnv(cnv.record_of(case(61_000, 69_000, CnvType.GAIN), reference))) == {"2D"}
    assert cells(classify_cnv(cnv.record_of(case(4_000, 71_000, CnvType.GAIN), reference))) == {"2G", "2H"}


def test_a_pseudoautosomal_gene_is_met_from_both_chromosomes(reference: cnv.Reference) -> None:
    for chromosome in ("chrX", "chrY"):
        record = cnv.record_of(case(600_000, 800_000, chromosome=chromosome), reference)
        assert [one.symbol for one in record.genes] == ["SHOXLIKE"]
        assert record.protein_coding == ("SHOXLIKE",)
    assert cnv.record_of(case(600_000, 800_000, chromosome="chr3"), reference).genes == ()


def test_a_gene_renamed_since_its_curation_is_the_one_in_its_place(reference: cnv.Reference) -> None:
    record = cnv.record_of(case(9_001, 10_100), reference)
    assert [(one.symbol, one.relation) for one in record.genes] == [("RENAMED", Relation.COMPLETE)]


@pytest.mark.parametrize(("chromosome", "half"), [("chr1", True), ("chr22", False), ("chrX", True), ("chrY", False)])
def test_a_half_is_made_of_whole_chromosomes(chromosome: str, half: bool) -> None:
    assert cnv.is_chosen_on(case(1, 2, chromosome=chromosome)) is half


def test_only_protein_coding_transcripts_are_counted(reference: cnv.Reference) -> None:
    assert cnv.record_of(case(2_900, 3_200), reference).protein_coding == ()


HEADER = "variant_id\tcnv_type\tclinsig\tchr\tstart_hg38\tend_hg38\n"


def written(folder: Path, text: str) -> str:
    path = folder / "variants.tsv"
    path.write_text(HEADER + text, encoding="utf-8")
    return str(path)


def test_the_last_line_is_json_over_all_and_per_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(
        tmp_path,
        "a\tcopy number loss\t1\t1\t901\t2100\nb\tcopy number loss\t0\t1\t901\t2100\nc\tcopy number loss\t0\t1\t41001\t49000\n"
        "d\tcopy number gain\t1\t1\t901\t2100\n",
    )
    assert cnv.main([path, "--reference", str(folder), "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert "pathogenic loss:    1 of 1 called" in out
    assert "pathogenic gain:    1 of 1 missed, touch an established gene, but for the other direction" in out
    told = json.loads(out.splitlines()[-1])
    wanted = {"n": 4, "pathogenic_sensitivity": 0.5, "benign_called_benign": 0.5, "vus": 0.25, "wrong_way": 0.25}
    assert {name: told[name] for name in wanted} == wanted
    assert told["files"] == {"variants.tsv": wanted}
    assert "WRONG WAY b chr1:901-2100 benign: 1 2A" in err


def test_one_half_of_the_chromosomes_can_be_looked_at(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "a\tcopy number loss\t1\t1\t901\t2100\nb\tcopy number loss\t1\t2\t901\t2100\n")
    for half, sensitivity in (("choose", 1.0), ("report", 0.0)):
        assert cnv.main([path, "--reference", str(folder), "--half", half]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (told["n"], told["pathogenic_sensitivity"]) == (1, sensitivity)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a\tinversion\t1\t1\t1\t2\n", "cnv_type"), ("a\tcopy number loss\t2\t1\t1\t2\n", "clinsig"),
        ("a\tcopy number loss\t1\t1\t9\t2\n", "start_hg38"), ("a\tcopy number loss\t1\t1\tx\t2\n", "start_hg38"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, said: str
) -> None:
    assert cnv.main([written(tmp_path, row), "--reference", str(folder)]) == 2
    assert f"line 2, {said}" in capsys.readouterr().err


def test_a_reference_that_is_not_complete_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"refseq_genes\.hg38"):
        cnv.read_reference(tmp_path)


@pytest.fixture(scope="module")
def shared() -> Path:
    if not (DATA / "cnv").is_dir():
        pytest.skip("the known variants are not here")
    return DATA


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "sensitivity"), [("loss", 0.55), ("gain", 0.40)])
def test_few_known_variants_are_called_the_wrong_way(shared: Path, name: str, sensitivity: float) -> None:
    """The sensitivity asserted is what the reference files allow without exons, predictors and population frequencies."""
    reference = cnv.read_reference(shared / "reference")
    cases = cnv.read_cases(shared / "cnv" / f"validation_{name}.tsv.gz")
    measured = cnv.figures((one, classify_cnv(cnv.record_of(one, reference))) for one in cases)
    assert measured["wrong_way"] <= 0.005
    assert measured["pathogenic_sensitivity"] >= sensitivity


NOT_IN_THE_REFERENCE = {
    "chr18_53049652_53134356_DEL": "exons within TCF4", "chr15_30507853_30807921_DEL": "population frequency",
    "chr4_69373811_69491113_DEL": "population frequency", "chr19_18291753_18311626_DUP": "population frequency",
}


@pytest.mark.shared_data
def test_the_worked_examples_of_the_standard_get_the_classes_another_tool_gives(shared: Path) -> None:
    reference = cnv.read_reference(shared / "reference", "hg19")
    sheet = next((shared / "cnv" / "Examples").glob("Sample_scoresheet*.txt"))
    with sheet.open(encoding="utf-8") as lines:
        others = {row["VariantID"]: row["Classification"].lower() for row in csv.DictReader(lines, delimiter="\t")}
    compared = 0
    for name, other in others.items():
        chromosome, start, end, kind = name.split("_")
        given = case(int(start), int(end), CnvType.LOSS if kind == "DEL" else CnvType.GAIN, chromosome)
        made = classify_cnv(cnv.record_of(given, reference)).pathogenicity.value.lower().replace(" significance", "")
        if name in NOT_IN_THE_REFERENCE:
            assert made == "uncertain", NOT_IN_THE_REFERENCE[name]
        else:
            assert made == other.replace(" significance", ""), name
            compared += 1
    assert compared >= 16


GFF3 = """##gff-version 3
1\t.\tgene\t1001\t2000\t.\t+\t.\tID=gene:G1;Name=PLUS;biotype=protein_coding
1\t.\tmRNA\t1001\t2000\t.\t+\t.\tID=transcript:NM_1;Parent=gene:G1;biotype=protein_coding
1\t.\texon\t1001\t1100\t.\t+\t.\tParent=transcript:NM_1
1\t.\texon\t1401\t1500\t.\t+\t.\tParent=transcript:NM_1
1\t.\texon\t1801\t1900\t.\t+\t.\tParent=transcript:NM_1
1\t.\texon\t1951\t2000\t.\t+\t.\tParent=transcript:NM_1
1\t.\tCDS\t1001\t1100\t.\t+\t0\tParent=transcript:NM_1
1\t.\tCDS\t1401\t1500\t.\t+\t2\tParent=transcript:NM_1
1\t.\tCDS\t1801\t1900\t.\t+\t1\tParent=transcript:NM_1
1\t.\tCDS\t1951\t1980\t.\t+\t0\tParent=transcript:NM_1
"""


def test_gene_models_judge_an_intragenic_loss_by_its_exons(folder: Path, reference: cnv.Reference, tmp_path: Path) -> None:
    path = tmp_path / "genes.gff3"
    path.write_text(GFF3, encoding="utf-8")
    with_models = replace(reference, models=read_gene_models(path))
    # exon 2, 100 bases, out of frame: the next stop can begin at base 201, 99 before the last junction at 300
    exon = classify_cnv(cnv.record_of(case(1_390, 1_510), with_models))
    assert cells(exon) >= {"2E"}
    assert exon.score == Decimal("0.90")
    assert classify_cnv(cnv.record_of(case(1_390, 1_510), reference)).score == 0
    intron = classify_cnv(cnv.record_of(case(1_550, 1_700), with_models))
    assert intron.score == 0


def test_a_model_of_another_build_is_not_used(reference: cnv.Reference, tmp_path: Path) -> None:
    path = tmp_path / "genes.gff3"
    path.write_text(re.sub(r"(?<=\t)(\d{4})(?=\t)", r"9\1", GFF3), encoding="utf-8")
    moved = replace(reference, models=read_gene_models(path))
    assert cnv.record_of(case(1_390, 1_510), moved) == cnv.record_of(case(1_390, 1_510), reference)
