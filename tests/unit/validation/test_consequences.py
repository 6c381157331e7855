"""How predicted consequences are held against expected ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from services.variants.consequences.parsing import parse_entry
from tests.unit.variants.consequences.conftest import GENES, SEQUENCE, codon
from validation.consequences import judge_folder, main, statements

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "csq"


def write(folder: Path, *rows: str) -> Path:
    (folder / "slice.fa").write_text(f">1\n{SEQUENCE}\n")
    (folder / "slice.gff").write_text(GENES)
    lines = ["##fileformat=VCFv4.2", "#CHROM POS ID REF ALT QUAL FILTER INFO", *rows]
    (folder / "one.vcf").write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    return folder


def test_a_wrong_expectation_is_counted_as_wrong_and_a_right_one_as_right(tmp_path: Path) -> None:
    at = codon(3) + 1
    folder = write(
        tmp_path,
        f"1 {at} . G A . . EXP=missense|GENE1|T9|protein_coding|+|3C>3Y|{at}G>A",
        f"1 {codon(16) + 1} . G A . . EXP=synonymous|GENE1|T9|protein_coding|+|16W|{codon(16) + 1}G>A",
        f"1 {codon(17)} . A G . . type=none",
    )
    assert [(one.place, one.correct) for one in judge_folder(folder)] == [
        (f"{tmp_path.name}/one.vcf:3", True), (f"{tmp_path.name}/one.vcf:4", False),
    ]  # fmt: skip


def test_a_file_that_cannot_be_predicted_counts_all_its_records_as_wrong(tmp_path: Path) -> None:
    (judged,) = judge_folder(write(tmp_path, f"1 {codon(3) + 1} . C A . . EXP=."))
    assert not judged.correct
    assert "the reference G" in judged.found


def test_only_what_follows_from_the_rest_is_read_as_the_same() -> None:
    assert statements([parse_entry("missense|G|T|NMD|+|1A>1V|5C>T", {})]) == statements(
        [parse_entry("missense&NMD_transcript|G|T|NMD|+|1A>1V|5C>T", {})]
    )
    assert statements([parse_entry("missense|G|T|NMD", {})]) != statements([parse_entry("missense|G|T|protein_coding", {})])
    assert statements([parse_entry("start_lost|G|T|protein_coding|-|1M>1V|5C>T", {})]) != statements(
        [parse_entry("start_retained|G|T|protein_coding|-", {})]
    )


@pytest.mark.shared_data
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public gene slices are not here")
def test_every_record_of_the_public_gene_slices_is_as_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["consequences", str(CORPUS)])
    main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["correct"] == result["total"] == 108
