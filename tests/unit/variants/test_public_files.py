"""Every public variant file is imported with the counts that another reader finds, or refused for a true reason."""

from __future__ import annotations

import gzip
from pathlib import Path

import pysam
import pytest

from services.variants.imports import import_file
from services.variants.outcome import ImportOptions, Mode, Status

pytestmark = pytest.mark.shared_data
_REFUSED = {
    "empty.vcf": "is empty",
    "testVCFwithoutHeader.vcf": "#CHROM",
    "space-separated.bed": "no column says where",
    "space-separated.NA.bed": "no column says where",
}
"""Files that even a lenient import cannot take, and the words of the reason."""


def _counted(path: Path) -> tuple[int, int]:
    """Count records and alternate alleles without our own reader."""
    if path.suffix == ".bcf":
        with pysam.VariantFile(str(path)) as handle:
            alleles = [max(len(record.alts or ()), 1) for record in handle]
        return len(alleles), sum(alleles)
    raw = path.read_bytes()
    content = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    lines = [line for line in content.replace(b"\r", b"").split(b"\n") if line]
    header = next((index for index, line in enumerate(lines) if line.startswith(b"#CHROM")), -1)
    data = lines[header + 1 :]
    return len(data), sum(line.split(b"\t")[4].count(b",") + 1 if line.count(b"\t") > 4 else 1 for line in data)


def _variant_files(shared: Path, folder: str) -> list[Path]:
    endings = (".vcf", ".vcf.gz", ".bcf", ".bed", ".csv")
    return [path for path in sorted((shared / "data" / folder).rglob("*")) if path.name.endswith(endings)]


@pytest.mark.parametrize("folder", ["vcf", "sv", "somatic"])
def test_counts_equal_an_independent_count(shared: Path, tmp_path: Path, folder: str) -> None:
    files = _variant_files(shared, folder)
    assert files
    for number, path in enumerate(files):
        report = import_file(path, tmp_path / str(number), ImportOptions(mode=Mode.LENIENT))
        if path.name in _REFUSED:
            assert report.refusal is not None, path.name
            assert _REFUSED[path.name] in report.refusal.reason
            continue
        assert report.status is Status.IMPORTED, (path.name, report.refusal)
        assert report.records_read == report.records_imported + report.records_rejected
        if path.suffix in (".bed", ".csv"):
            continue
        records, alleles = _counted(path)
        assert report.records_read == records, path.name
        if report.records_rejected == 0:
            assert report.rows == alleles, path.name


def test_every_strict_refusal_names_line_field_and_reason(shared: Path, tmp_path: Path) -> None:
    for number, path in enumerate(_variant_files(shared, "vcf")):
        report = import_file(path, tmp_path / str(number), ImportOptions())
        if report.status is Status.REFUSED and path.name != "empty.vcf":
            assert report.refusal is not None
            assert report.refusal.line, path.name
            assert report.refusal.field
            assert report.refusal.reason


def test_a_trio_has_its_known_build_samples_and_genotypes(shared: Path, tmp_path: Path) -> None:
    report = import_file(shared / "data" / "vcf" / "slivar" / "ashk-trio.vcf.gz", tmp_path / "trio")
    assert report.status is Status.IMPORTED
    assert str(report.build) == "GRCh37"
    assert len(report.manifest["samples"]) == 3
