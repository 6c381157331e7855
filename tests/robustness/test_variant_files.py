"""Hostile, broken and enormous variant files: each ends in a report that says why, and leaves nothing behind."""

from __future__ import annotations

import bz2
import gzip
import os
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from random import Random

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import ParatopeError
from services.variants.imports import check_file, import_file
from services.variants.outcome import ImportOptions, ImportReport, Mode, Status
from services.variants.reading import ReadingLimits
from tests.unit.variants.support import CSQ_HEADER, HEADER, vcf, write

GOOD = vcf(*(f"chr1 {number} . A G 50 PASS DP={number};AF=0.5 GT:AD 0/1:3,4" for number in range(1, 400)))
LENIENT = ImportOptions(mode=Mode.LENIENT)


def _reason(folder: Path, content: bytes, name: str = "input.vcf.gz", options: ImportOptions = LENIENT) -> str:
    source = write(folder, content, name)
    report = import_file(source, folder / "table", options)
    assert report.status is Status.REFUSED, report.status
    assert report.refusal is not None
    assert not (folder / "table").exists()
    assert [path.name for path in folder.iterdir()] == [name]
    source.unlink()
    return report.refusal.reason


def _bgzf(folder: Path, text: str = GOOD) -> bytes:
    plain = write(folder, text, "plain.vcf")
    packed = folder / "packed.vcf.gz"
    pysam.tabix_compress(str(plain), str(packed))
    content = packed.read_bytes()
    plain.unlink()
    packed.unlink()
    return content


def test_a_bgzf_file_without_its_end_block_is_truncated(tmp_path: Path) -> None:
    content = _bgzf(tmp_path)
    assert "end-of-file block is missing" in _reason(tmp_path, content[:-28])


def test_a_bgzf_file_cut_anywhere_is_refused_with_the_byte(tmp_path: Path) -> None:
    content = _bgzf(tmp_path)
    for cut in range(20, len(content) - 1, max(1, len(content) // 40)):
        assert "at byte" in _reason(tmp_path, content[:cut])


def test_a_changed_byte_in_a_bgzf_block_fails_its_check_and_says_where(tmp_path: Path) -> None:
    content = bytearray(_bgzf(tmp_path))
    content[len(content) // 2] ^= 0x10
    assert "damaged at byte" in _reason(tmp_path, bytes(content))


def test_a_gzip_file_cut_short_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(GOOD.encode())
    for cut in (len(content) // 2, len(content) - 4):
        assert "truncated at byte" in _reason(tmp_path, content[:cut])
    assert "truncated" in _reason(tmp_path, bz2.compress(GOOD.encode())[:-6], "input.vcf.bz2")


def test_gzip_of_several_members_is_one_file(tmp_path: Path) -> None:
    middle = GOOD.index("\nchr1\t200") + 1
    content = gzip.compress(GOOD[:middle].encode()) + gzip.compress(GOOD[middle:].encode())
    report = import_file(write(tmp_path, content, "two.vcf.gz"), tmp_path / "table")
    assert (report.status, report.records_read) == (Status.IMPORTED, 399)


def test_a_decompression_bomb_is_refused_early_and_in_little_memory(tmp_path: Path) -> None:
    header = vcf().encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    line = b"chr1\t1\t.\tA\tG\t.\t.\tNOTE=" + b"x" * 100_000 + b"\tGT\t0/1\n"
    content = packer.compress(header) + b"".join(packer.compress(line) for _ in range(3_000)) + packer.flush()
    source = write(tmp_path, content, "bomb.vcf.gz")
    assert len(content) < 2_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = import_file(source, tmp_path / "table", LENIENT)
    assert report.refusal is not None
    assert "bomb" in report.refusal.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # KB


def test_limits_on_size_and_on_one_line_hold(tmp_path: Path) -> None:
    small = ImportOptions(limits=ReadingLimits(decompressed_bytes=10_000))
    assert "more than 10,000 bytes" in _reason(tmp_path, gzip.compress(GOOD.encode(), 0), options=small)
    short = ImportOptions(limits=ReadingLimits(line_bytes=1_000_000))
    endless = vcf().encode() + b"chr1\t1\t.\tA\t" + b"G" * 20_000_000
    assert "longer than" in _reason(tmp_path, endless, "input.vcf", short)


@pytest.mark.parametrize("info", [".", "NOTE=="])
@pytest.mark.parametrize(
    ("alleles", "allele", "said"), [(10_000, "ACGT", "more than 1,000 alternate"), (900, "A" * 100, "too much to repeat")]
)
def test_a_record_whose_alleles_would_repeat_it_beyond_measure_is_refused(
    tmp_path: Path, alleles: int, allele: str, said: str, info: str
) -> None:
    alts = ",".join(f"{allele}{'C' * (number % 50)}{'G' * (number // 50)}" for number in range(1, alleles + 1))
    content = vcf("chr1 1 . A G . . . GT 0/1", f"chr1 2 . A {alts} . . {info} GT 0/1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert said in _reason(tmp_path, content.encode(), "input.vcf", ImportOptions())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB


@pytest.mark.parametrize("first", ["a", "chrom"])
def test_a_table_of_endless_columns_is_refused_at_once(tmp_path: Path, first: str) -> None:
    cells = [first, *(["same"] * 400_000), *(f"c{number}" for number in range(400_000))]
    # to name them all first would take hours
    reason = _reason(tmp_path, (",".join(cells) + "\n" + "1," * 10 + "\n").encode(), "input.csv", ImportOptions())
    assert "the limit is 5,000" in reason


def test_endless_empty_blocks_are_refused(tmp_path: Path) -> None:
    empty = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    assert "empty blocks" in _reason(tmp_path, empty * 5_000)


def test_a_block_that_lies_about_its_length_is_refused(tmp_path: Path) -> None:
    content = bytearray(_bgzf(tmp_path))
    size = struct.unpack_from("<H", content, 16)[0] + 1
    struct.pack_into("<I", content, size - 4, 5)
    assert "length is not what it states" in _reason(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + b"\x00" * 100, "ZIP"),
        (b"\xfd7zXZ\x00" + b"\x00" * 100, "xz"),
        (b"%PDF-1.7\n", "PDF"),
        (b"MZ\x00\x01" * 100, "not text"),
        (b"\x1f\x8b", "truncated"),
        (b"BCF\x02\x02" + b"\xff" * 200, "BCF"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in _reason(tmp_path, content, "input.vcf")


def test_a_hostile_bcf_ends_in_a_reason_and_not_in_a_crash(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD)
    packed = tmp_path / "good.bcf"
    with pysam.VariantFile(str(source)) as reading, pysam.VariantFile(str(packed), "wb", header=reading.header) as writing:
        for record in reading:
            writing.write(record)
    plain = gzip.decompress(packed.read_bytes())
    random = Random(5)
    for attempt in range(8):
        broken = bytearray(plain)
        for _ in range(20):
            broken[random.randrange(9, len(broken))] = random.randrange(256)
        report = check_file(write(tmp_path, gzip.compress(bytes(broken)), f"{attempt}.bcf"))
        assert report.status in (Status.REFUSED, Status.IMPORTED)
        if report.refusal is not None:
            assert str(tmp_path) not in report.refusal.reason


def _mutated(random: Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(random.randint(1, 30)):
        place = random.randrange(len(data))
        kind = random.random()
        if kind < 0.5:
            data[place] = random.choice(b'\t\n\r;=,:|/.<>[]"\\%#0-9ACGTxN \x00\xff' + bytes([random.randrange(256)]))
        elif kind < 0.75:
            del data[place : place + random.randint(1, 40)]
        else:
            data[place:place] = data[place : place + random.randint(1, 200)] * random.randint(1, 3)
        if not data:
            return b"\n"
    return bytes(data)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("seed", range(30))
def test_a_mutated_file_is_imported_or_refused_and_no_record_is_lost(tmp_path: Path, mode: Mode, seed: int) -> None:
    random = Random(seed)
    entries = "G|missense_variant|MODERATE|G1|YES|0.1,G|x|LOW|G2||"
    lines = [
        f"chr1 {number} rs{number} A {random.choice(['G', 'G,T', '<DEL>', 'AT'])} 5 PASS DP=5;CSQ={entries} GT:AD:PL 0/1:.:."
        for number in range(1, 60)
    ]
    source = write(tmp_path, _mutated(random, vcf(*lines, header=HEADER + CSQ_HEADER).encode()))
    report = import_file(source, tmp_path / "table", ImportOptions(mode=mode))
    _is_whole(report, tmp_path)


@pytest.mark.parametrize("seed", range(30))
def test_a_mutated_table_is_imported_or_refused_and_no_record_is_lost(tmp_path: Path, seed: int) -> None:
    text = "chrom,pos,ref,alt,note\n" + "".join(f'{number % 22 + 1},{number},A,G,"note, {number}"\n' for number in range(1, 80))
    source = write(tmp_path, _mutated(Random(seed), text.encode()), "input.csv")
    _is_whole(import_file(source, tmp_path / "table", LENIENT), tmp_path)


def _is_whole(report: ImportReport, folder: Path) -> None:
    if report.status is Status.REFUSED:
        assert report.refusal is not None
        assert report.refusal.reason
        assert not (folder / "table").exists()
    else:
        assert report.records_read == report.records_imported + report.records_rejected
        assert (folder / "table" / "variants.parquet").is_file()
    assert not list(folder.glob(".table*"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)),
    name=st.sampled_from(["a.vcf", "a.csv", "a.vcf.gz"]),
)
def test_any_bytes_end_in_a_report(tmp_path: Path, content: bytes, name: str) -> None:
    report = check_file(write(tmp_path, content, name))
    assert report.status in (Status.REFUSED, Status.IMPORTED)


@pytest.mark.parametrize(
    "cells", ["GT:" * 5_000 + "GT", "(((" * 3_000, "A" * 1_000_000, "<" * 100_000, "1/" * 200_000 + "1", ";" * 100_000]
)
def test_a_huge_field_is_answered_quickly(tmp_path: Path, cells: str) -> None:
    for template in (
        "chr1 1 . {} G . . . GT 0/1",
        "chr1 1 . A {} . . . GT 0/1",
        "chr1 1 . A G . . {} GT 0/1",
        "chr1 1 . A G . . . {} 0/1",
        "chr1 1 . A G . . . GT {}",
    ):
        before = resource.getrusage(resource.RUSAGE_SELF)
        report = check_file(write(tmp_path, vcf(template.format(cells))))
        used = resource.getrusage(resource.RUSAGE_SELF)
        assert report.status is Status.IMPORTED
        assert used.ru_utime - before.ru_utime < 5


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path) -> None:
    """The child may write 64 kB per file, so the table cannot be completed."""
    source = write(
        tmp_path, vcf(*(f"chr1 {number} . A G . . NOTE={Random(number).random()} GT 0/1" for number in range(1, 30_000)))
    )
    script = (
        "import resource, signal, sys, pathlib\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from services.variants.imports import import_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try:\n"
        "    import_file(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
        "except OSError:\n"
        "    sys.exit(7)\n"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", script, str(source), str(tmp_path / "table")]
    done = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, check=False)
    assert done.returncode == 7, done.stderr.decode()[-500:]
    assert [path.name for path in tmp_path.iterdir()] == ["input.vcf"]


def test_hostile_names_of_the_file_stay_names(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD)
    for name in ("../../x.vcf", "<script>alert(1)</script>.vcf", "a" * 300, "\u202egnp.vcf"):
        report = import_file(source, tmp_path / "table", ImportOptions(file_name=name))
        assert report.manifest["file"]["name"] == name
        assert report.folder == tmp_path / "table"
        for path in (tmp_path / "table").iterdir():
            path.unlink()
        (tmp_path / "table").rmdir()


def test_errors_of_the_import_are_ours(tmp_path: Path) -> None:
    with pytest.raises(ParatopeError):
        import_file(tmp_path, tmp_path / "table")
    with pytest.raises(ParatopeError):
        import_file(write(tmp_path, GOOD), tmp_path / "table", ImportOptions(reference=tmp_path / "none.fa"))
