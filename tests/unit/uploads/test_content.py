"""What a file is, by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.uploads.content import HEAD_BYTES, Content, inspect
from tests.fakes.pdfs import text_pdf

HEADER = b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
VCF = HEADER + b"1\t9\t.\tA\tG\t.\t.\t.\n" * 9_000
CSV = b"chrom,pos,ref,alt\n" + b"1,9,A,G\n" * 9_000
FASTQ = b"@read1\nACGTN\n+\nIIIII\n" * 9_000
BCF = b"BCF\x02\x02\x10\x00\x00\x00##fileformat=VCFv4.2\n" + bytes(4_000)


def bgzf(data: bytes) -> bytes:
    """Pack as BGZF does: gzip members of at most 64 KiB with their size in an extra field, and an empty one at the end."""

    def block(part: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(part) + packer.flush()
        head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + (len(body) + 25).to_bytes(2, "little")
        return head + body + zlib.crc32(part).to_bytes(4, "little") + len(part).to_bytes(4, "little")

    return b"".join(block(data[at : at + 60_000]) for at in range(0, len(data), 60_000)) + block(b"")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzf, bz2.compress], ids=["plain", "gzip", "BGZF", "bzip2"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (VCF, Content.VCF), (VCF[:200], Content.VCF), (b"\xef\xbb\xbf" + VCF, Content.VCF),
        (b"#CHROM\tPOS\tID\n1\t2\t.\n", Content.VCF),
        (CSV, Content.TABLE), (b"a\tb\n1\t2\n", Content.TABLE), ("Gène;Größe\n".encode("latin-1"), Content.TABLE),
        ("chrom,pos\n1,2\n".encode("utf-16"), Content.TABLE), ("chrom,pos\n1,2\n".encode("utf-16-le"), Content.TABLE),
        (b"MZ_ratio,chrom\n1,2\n", Content.TABLE), (b"BMI,sex\n22,F\n", Content.TABLE), (b"x", Content.TABLE),
        (FASTQ, Content.FASTQ), (FASTQ[:20], Content.FASTQ), (BCF, Content.BCF), (text_pdf("A letter"), Content.PDF),
        (b">chr1 dna\nACGTACGTACGTACGTACGTACGT\nACGT\n", Content.FASTA), (b"@r\nACGT\n+\nII\x00I\n", Content.FASTQ),
    ],
)
def test_what_can_be_imported_is_recognised_in_any_packing(
    pack: Callable[[bytes], bytes], data: bytes, kind: Content
) -> None:
    assert inspect(pack(data)[:HEAD_BYTES], whole=True) is kind


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.vcf", VCF)
    return held.getvalue()


def _tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo("a.vcf")
        entry.size = len(VCF)
        archive.addfile(entry, io.BytesIO(VCF))
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"), (gzip.compress(b""), "empty"), (b"\x7fELF\x02\x01\x01" + bytes(99), "a program for Linux"),
        (b"MZ\x90\x00\x03" + bytes(99), "a program for Windows"), (b"\xcf\xfa\xed\xfe" + bytes(99), "a program for macOS"),
        (b"#!/bin/sh\nrm -rf x\n", "a script"), (b"#! /usr/bin/env python\n", "a script"), (_zip(), "ZIP"), (_tar(), "tar"),
        (gzip.compress(_tar()), "tar"), (gzip.compress(_zip()), "ZIP"), (gzip.compress(b"\x7fELF" + bytes(99)), "a program"),
        (gzip.compress(gzip.compress(VCF)), "packed twice"), (b"\xfd7zXZ\x00" + bytes(9), "xz"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "Zstandard"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07\x00", "RAR"), (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"PAR1\x15\x04\x00" + bytes(99), "Parquet"), (b"SQLite format 3\x00", "SQLite"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "Office"),
        (b"<!DOCTYPE html><html>", "a web page"), (b"  \n<html><body>Sign in", "a web page"),
        (b"<?xml version='1.0'?><Error>", "XML"),
        (gzip.compress(b"BAM\x01" + bytes(99)), "BAM"), (b"CRAM\x03\x00", "CRAM"), (b"@HD\tVN:1.6\n@SQ\tSN:1\n", "SAM"),
        (bytes(range(256)) * 40, "neither text"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 99, "cannot be unpacked"), (b"BZh91AY&SY" + bytes(99), "cannot be unpacked"),
        (b"a,b\n" * 500 + bytes(9), "neither text"),
    ],
)
def test_what_can_never_be_imported_is_refused_with_its_kind(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        inspect(data[:HEAD_BYTES], whole=True)


def test_a_decompression_bomb_is_refused_at_its_first_bytes() -> None:
    bomb = gzip.compress(b"##fileformat=VCFv4.2\n" + bytes(80 << 20))[:HEAD_BYTES]
    with pytest.raises(InvalidInputError, match="decompression bomb"):
        inspect(bomb, whole=True)


def test_a_vcf_that_compresses_well_is_no_bomb() -> None:
    data = b"##fileformat=VCFv4.2\n" + b"1\t9\t.\tA\tG\t.\t.\t.\tGT" + b"\t0/0" * 2_000 + b"\n"
    packed = gzip.compress(data * 300)
    assert inspect(packed[:HEAD_BYTES], whole=True) is Content.VCF


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzf])
@pytest.mark.parametrize("size", [1, 3, 10, 17, 100, 5_000])
def test_the_first_bytes_of_a_good_file_are_never_refused(pack: Callable[[bytes], bytes], size: int) -> None:
    """More is to come: whatever is known of a good file so far must not count against it."""
    for data in (VCF, CSV, FASTQ, BCF, text_pdf("A letter")):
        head = pack(data)[:size]
        assert inspect(head, whole=False) in (None, *Content)


@given(st.binary(max_size=3_000), st.booleans())
def test_any_bytes_are_either_recognised_or_refused_with_a_reason(data: bytes, whole: bool) -> None:
    for given_bytes in (data, b"\x1f\x8b\x08" + data, b"BZh91AY&SY" + data, gzip.compress(data)):
        with suppress(InvalidInputError):
            assert inspect(given_bytes, whole=whole) in (None, *Content)
