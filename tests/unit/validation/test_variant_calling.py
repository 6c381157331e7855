"""How calls are held against a truth set."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from validation.read_simulation import Simulation, simulate
from validation.variant_calling import Comparison, main, read_alleles, summary

HEADER = (
    '##fileformat=VCFv4.2\n##contig=<ID=1>\n##FILTER=<ID=Bad,Description="x">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"


def alleles(folder: Path, *rows: str) -> dict[tuple[str, int, str, str], tuple[int, ...] | None]:
    reference = folder / "r.fa"
    reference.write_text(">1\nACGCACACACATTTGGCCAA\n")
    vcf = folder / f"{len(list(folder.iterdir()))}.vcf"
    vcf.write_text(HEADER + COLUMNS + "".join(row.replace(" ", "\t") + "\n" for row in rows))
    return read_alleles(vcf, reference, folder)


def test_two_ways_to_write_an_indel_are_one_after_normalising(tmp_path: Path) -> None:
    left = alleles(tmp_path, "1 3 . GCA G . PASS . GT 0/1")
    right = alleles(tmp_path, "1 8 . CAC C . . . GT 1|0")
    assert left == right == {("1", 3, "GCA", "G"): (0, 1)}


def test_filtered_calls_and_alleles_nobody_carries_do_not_count(tmp_path: Path) -> None:
    rows = ("1 2 . C T . Bad . GT 0/1", "1 3 . G T . PASS . GT 0/0", "1 4 . C A,T . PASS . GT 1/2")
    assert alleles(tmp_path, *rows) == {("1", 4, "C", "A"): (0, 1), ("1", 4, "C", "T"): (0, 1)}


def test_shares_are_counted_by_kind_and_nothing_has_no_share() -> None:
    truth = {("1", 1, "A", "C"): (0, 1), ("1", 5, "A", "G"): (1, 1)}
    calls = {("1", 1, "A", "C"): (1, 1), ("1", 9, "A", "G"): (0, 1)}
    comparison = Comparison(dict(truth), dict(calls))
    assert summary(comparison, 1.0) == {
        "snv_recall": 0.5, "snv_precision": 0.5, "indel_recall": None, "indel_precision": None,
        "genotype_concordance": 0.0, "seconds": 1.0,
    }  # fmt: skip
    assert [line.split()[0] for line in comparison.differences()] == ["genotype", "missed", "unexpected"]


def test_the_same_seed_makes_the_same_reads(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (simulate(Simulation(length=5_000, depth=2, seed=4), tmp_path / name) for name in "ab")
    assert one.first.read_bytes() == other.first.read_bytes()
    assert one.truth.read_bytes() == other.truth.read_bytes()


@pytest.mark.slow
def test_a_simulated_region_of_thirty_fold_depth_is_called_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["variant_calling", "--simulate", "100000", "--depth", "30", "--seed", "11"])
    main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert min(result["snv_recall"], result["snv_precision"], result["genotype_concordance"]) >= 0.99
    assert min(result["indel_recall"], result["indel_precision"]) >= 0.95
