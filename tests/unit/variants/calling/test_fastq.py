"""FASTQ files are read whole or refused with record, line and reason."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.variants.calling.fastq import OLDER_ILLUMINA, SANGER, FastqReader, Read, encoding_of, paired

CORPUS = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "fastq" / "biopython_Quality"


def read(path: Path) -> list[Read]:
    reader = FastqReader(path)
    try:
        return list(reader)
    finally:
        reader.close()


def write(folder: Path, text: str, name: str = "reads.fastq") -> Path:
    path = folder / name
    path.write_bytes(text.encode("latin-1"))
    return path


def pair(folder: Path, first: str, second: str) -> list[tuple[Read, Read]]:
    readers = [FastqReader(write(folder, first, "one.fq")), FastqReader(write(folder, second, "two.fq"))]
    try:
        return list(paired(readers[0], readers[1], "one.fq", "two.fq"))
    finally:
        for reader in readers:
            reader.close()


def test_a_record_may_run_over_lines_and_a_quality_may_begin_with_at(tmp_path: Path) -> None:
    (only,) = read(write(tmp_path, "@r1 text\nACGU\nnryt\n+\n@III\n+III\n"))
    assert only == Read(b"r1", None, b"ACGTNNNT", b"@III+III")


def test_line_ends_of_other_systems_and_reads_without_bases_are_read(tmp_path: Path) -> None:
    assert [one.bases for one in read(write(tmp_path, "@a\r\nAC\r\n+\r\nII\r\n@b\r\n\r\n+\r\n\r\n"))] == [b"AC", b""]


def test_mates_are_known_by_their_suffix_or_comment(tmp_path: Path) -> None:
    records = read(write(tmp_path, "@a/1\nA\n+\nI\n@b 2:N:0:ACGT\nA\n+\nI\n@c\nA\n+\nI\n"))
    assert [(one.name, one.mate) for one in records] == [(b"a", 1), (b"b", 2), (b"c", None)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@a\nAC\n+\nII\n@b\nAC\n+\nIII\n", "record 2, line 8: 3 qualities for 2 bases"),
        ("@a\nA C\n+\nIII\n", "record 1, line 2: a blank in the sequence"),
        ("@a\nAC\n+b\nII\n", "record 1, line 3: the title after"),
        ("@a\nAC\n+\nI\x07\n", "record 1, line 4: .* is not a quality"),
        ("@a\nAC\n", "record 1, line 2: the file ends within the sequence"),
        (">a\nAC\n", "record 1, line 1: the record does not begin with @"),
        ("@\nAC\n+\nII\n", "has no name"),
        ("", "holds no read"),
    ],
)
def test_a_malformed_record_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        read(write(tmp_path, text))


def test_a_gzip_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    text = "".join(f"@r{number}\nACGTACGT\n+\nIIIIIIII\n" for number in range(5_000))
    path = tmp_path / "cut.fastq.gz"
    path.write_bytes(gzip.compress(text.encode())[:-3_000])
    with pytest.raises(InvalidInputError, match=r"cut.fastq.gz, record \d+, line \d+: the gzip file is truncated"):
        read(path)


def test_a_gzip_file_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "two.fastq.gz"
    path.write_bytes(gzip.compress(b"@a\nA\n+\nI\n") + gzip.compress(b"@b\nC\n+\nI\n"))
    assert [one.name for one in read(path)] == [b"a", b"b"]


def test_files_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"record 2: one\.fq has 'b' and two\.fq 'c'"):
        pair(tmp_path, "@a\nA\n+\nI\n@b\nA\n+\nI\n", "@a\nA\n+\nI\n@c\nA\n+\nI\n")
    with pytest.raises(InvalidInputError, match=r"two\.fq ends after 1 reads and one\.fq does not"):
        pair(tmp_path, "@a\nA\n+\nI\n@b\nA\n+\nI\n", "@a\nA\n+\nI\n")
    with pytest.raises(InvalidInputError, match="give the first reads first"):
        pair(tmp_path, "@a/2\nA\n+\nI\n", "@a/1\nA\n+\nI\n")


def test_older_qualities_are_recognised_and_converted(tmp_path: Path) -> None:
    older = write(tmp_path, "@a\nACGT\n+\n;Bhh\n")
    assert encoding_of(older) is OLDER_ILLUMINA
    assert OLDER_ILLUMINA.to_sanger(b";Bh") == b"!#I"
    assert encoding_of(write(tmp_path, "@a\nACGT\n+\n#BFF\n")) is SANGER
    assert SANGER.to_sanger(b"#BFF") == b"#BFF"


@pytest.mark.shared_data
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public FASTQ files are not here")
def test_of_a_public_corpus_exactly_the_broken_files_are_refused() -> None:
    refused: dict[str, str] = {}
    files = sorted(path for path in CORPUS.iterdir() if ".fastq" in path.name)
    for path in files:
        try:
            assert read(path)
        except InvalidInputError as error:
            refused[path.name] = error.message
    assert all(", record " in message and ", line " in message for message in refused.values())
    assert refused.keys() == {path.name for path in files if path.name.startswith("error_")}
    assert len(refused) == 22
