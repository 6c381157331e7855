"""The column `hgvs_c`: worked examples, and the same answer as the projection of single alleles gives."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from services.genomics.hgvs.projection import describe
from services.genomics.hgvs.transcript import TranscriptModel
from services.variants.annotation.coding_changes import CodingChanges
from services.variants.annotation.model import Chunk
from services.variants.classification.row_facts import facts_of
from services.variants.gene_models import transcripts_named
from services.variants.manifest import read_manifest
from services.variants.reference.model import PackKind
from tests.unit.variants.annotation.packs import SEQUENCE, Shelf, annotated, codon, snv, table

GENOME = "".join(random.Random(5).choices("ACGT", k=60)) + "ACACACACAC" + "TTTTTTTT" + "GATGATGATGAT"
GENOME += "".join(random.Random(6).choices("AC", k=90)) + "GGGGGGGGGG" + "".join(random.Random(7).choices("ACGT", k=80))
EXONS = ((31, 70), (76, 95), (131, 170), (211, 240))
CODING = {
    "PLUS": ("+", (45, 150)), "MINUS": ("-", (45, 150)), "NONCODING": ("-", None), "WHOLE": ("+", (31, 240)),
    "ONE": ("-", (77, 90)), "BROKEN": ("+", (100, 150)),
}  # fmt: skip


def _rows(name: str, chrom: str = "1") -> list[dict[str, object]]:
    strand, coding = CODING[name]
    rows: list[dict[str, object]] = []
    for number, (start, end) in enumerate(EXONS, start=1):
        part = (max(start, coding[0]), min(end, coding[1])) if coding else (1, 0)
        is_coding = part[0] <= part[1]
        rows.append({
            "gene": name, "gene_id": name, "transcript": name, "mark": "", "biotype": "x", "chrom": chrom, "strand": strand,
            "exon": number, "start": start, "end": end, "coding_start": part[0] if is_coding else None,
            "coding_end": part[1] if is_coding else None, "version": 3,
        })  # fmt: skip
    if name == "BROKEN":
        rows[0] |= {"coding_start": 100, "coding_end": 120}
    return rows


def _alleles() -> list[tuple[int, str, str]]:
    """Every base changed, every stretch of one to five bases deleted or replaced, every insertion of some, all over the place."""
    found = []
    for pos in range(1, len(GENOME) + 1):
        ref = GENOME[pos - 1]
        found += [(pos, ref, alt) for alt in "ACGT"]
        for size in range(2, 7):
            gone = GENOME[pos - 1 : pos - 1 + size]
            if len(gone) == size:
                found += [(pos, gone, ref), (pos, gone, "TG"), (pos, gone, gone[::-1])]
        found += [(pos, ref, ref + new) for new in ("A", "G", "AC", "GAT", GENOME[pos : pos + 4])]
        found += [(pos, ref, new + ref) for new in ("T", "CA")]
    return [one for one in found if one[2]]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> tuple[CodingChanges, Shelf]:
    shelf = Shelf(tmp_path_factory.mktemp("packs"))
    shelf.sequence(c1=GENOME, cMT=GENOME)
    rows = [row for name in CODING for row in _rows(name)]
    shelf.rows(PackKind.GENE_MODELS, *rows, *_rows("PLUS", "MT"), name="exons.parquet")
    with duckdb.connect(":memory:") as connection:
        models, sequence = shelf.packs[PackKind.GENE_MODELS], shelf.packs[PackKind.SEQUENCE]
        return CodingChanges(models, sequence, [*CODING, "UNHEARD_OF"], connection), shelf


def _values(
    layer: CodingChanges, transcript: str | None, alleles: list[tuple[int, str, str]], chrom: str = "1"
) -> list[str | None]:
    count = len(alleles)
    keys = pa.table({
        "row_id": pa.array(range(count), pa.int64()), "chrom": [chrom] * count,
        "pos": pa.array([one[0] for one in alleles], pa.int64()), "ref": [one[1] for one in alleles],
        "alt": pa.array([one[2] for one in alleles], pa.string()),
    })  # fmt: skip
    (column,) = layer.values(Chunk(0, count - 1, keys), {"transcript": pa.array([transcript] * count, pa.string())})
    found: list[str | None] = column.to_pylist()
    return found


def _bases(start: int, end: int) -> str:
    return GENOME[max(start, 1) - 1 : end]


@pytest.mark.parametrize("name", list(CODING))
def test_the_column_says_what_the_projection_of_each_single_allele_says(
    layer: tuple[CodingChanges, Shelf], name: str
) -> None:
    changes, shelf = layer
    alleles = _alleles()
    models: tuple[TranscriptModel, ...] = transcripts_named(shelf.packs[PackKind.GENE_MODELS], name)
    found = _values(changes, name, alleles)
    if name == "BROKEN":
        assert models == ()
        assert set(found) == {None}
        return
    (model,) = (one for one in models if one.chrom == "1")
    letter = "c" if model.coding else "n"
    expected = [
        None if (change := describe(*one, model, _bases)) is None else f"{name}.3:{letter}.{change}" for one in alleles
    ]
    wrong = [(allele, own, other) for allele, own, other in zip(alleles, found, expected, strict=True) if own != other]
    assert wrong == []
    written = [text for text in found if text]
    assert len(written) > len(alleles) / 2
    signs = ("del", "dup", "ins", "delins", "inv", ">", "+", *(("-", "*") if model.coding else ()))
    assert [sign for sign in signs if not any(sign in text for text in written)] == [*(["*"] if name == "WHOLE" else [])]


def test_a_transcript_is_that_of_its_chromosome_and_an_unknown_one_says_nothing(layer: tuple[CodingChanges, Shelf]) -> None:
    changes, _ = layer
    snv_at_start = [(45, GENOME[44], "N")]
    assert _values(changes, "PLUS", snv_at_start, "MT") == [f"PLUS.3:c.1{GENOME[44]}>N"]
    assert _values(changes, "MINUS", snv_at_start, "MT") == [None]
    assert _values(changes, "UNHEARD_OF", snv_at_start) == [None]
    assert _values(changes, None, snv_at_start) == [None]


def test_a_contig_without_sequence_still_has_its_substitutions(layer: tuple[CodingChanges, Shelf], tmp_path: Path) -> None:
    _, old = layer
    shelf = Shelf(tmp_path)
    shelf.sequence(c2=GENOME)
    with duckdb.connect(":memory:") as connection:
        changes = CodingChanges(old.packs[PackKind.GENE_MODELS], shelf.packs[PackKind.SEQUENCE], ["PLUS"], connection)
    assert _values(changes, "PLUS", [(45, "A", "G"), (45, "AC", "A")]) == ["PLUS.3:c.1A>G", None]


def test_an_annotated_table_names_each_change_on_the_transcript_it_shows(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packs")
    shelf.genes()
    shelf.sequence()
    at = codon(3) + 1
    lines = [
        f"chr1 {at} . G A 50 PASS . GT 0/1", snv(45), snv(111), snv(305), snv(795), snv(2000),
        f"chr1 {codon(4) - 1} . TA T 50 PASS . GT 0/1", f"chr1 {codon(4) - 1} . T TA,TC 50 PASS . GT 1/2",
    ]  # fmt: skip
    assert SEQUENCE[codon(4) - 1 : codon(4) + 2] == "AAA", "a base of a run of three A is lost: the last one is named"
    folder = table(tmp_path, *lines)
    rows, outcome = annotated(folder, shelf.packs)
    found = {(row["pos"], row["ref"], row["alt"]): row["hgvs_c"] for row in rows}
    assert found[at, "G", "A"] == "T9.4:c.8G>A"
    assert [found[(row["pos"], row["ref"], row["alt"])] for row in rows if row["pos"] in (45, 111, 305, 795)] == [
        f"T9.4:c.-6{SEQUENCE[44]}>T" if SEQUENCE[44] != "T" else "T9.4:c.-6T>C",
        *(f"T9.4:c.{place}{SEQUENCE[pos - 1]}>{'T' if SEQUENCE[pos - 1] != 'T' else 'C'}"
          for place, pos in (("*1", 111), ("*190+5", 305), ("*191-5", 795))),
    ]  # fmt: skip
    assert found[2000, SEQUENCE[1999], "T" if SEQUENCE[1999] != "T" else "C"] is None
    left = codon(4) - 1
    assert (found[left, "TA", "T"], found[left, "T", "TA"], found[left, "T", "TC"]) == (
        "T9.4:c.12del", "T9.4:c.12dup", "T9.4:c.9_10insC"
    )  # fmt: skip
    entry = next(one for one in read_manifest(folder)["columns"] if one["name"] == "hgvs_c")
    assert "the transcript shown" in entry["description"]
    assert "Gene models 2026-11 (GRCh38)" in entry["description"]
    assert entry["stamp"] == "Gene models 2026-11 (GRCh38)"
    assert "hgvs_c" in outcome.columns
    assert facts_of(rows[1]).hgvs_coding.startswith("T9.4:c."), "what the classification reads"


def test_what_a_file_says_of_the_change_stays_in_its_own_column(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packs")
    shelf.genes()
    shelf.sequence()
    header = (
        "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=248956422>\n"
        '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|HGVSc">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    )
    line = f"chr1 {codon(3) + 1} . G A 50 PASS CSQ=A|missense_variant|OTHER.1:c.99G>A GT 0/1"
    rows, _ = annotated(table(tmp_path, line, header=header), shelf.packs)
    assert (rows[0]["hgvs_c"], rows[0]["csq_HGVSc"]) == ("T9.4:c.8G>A", "OTHER.1:c.99G>A")
