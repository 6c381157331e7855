"""What a GFF3 file says that the caller of consequences does not pass on: the sequences it covers and which transcripts are MANE.

The caller wants Ensembl's style: genes as `ID=gene:...`, transcripts as `ID=transcript:...` with a biotype.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from services.errors import InvalidInputError
from services.variants.consequences.model import MARK_ORDER, TranscriptMark

_ID = re.compile(rb"(?:^|[\t;])ID=transcript:([^;\s]{1,200})")
_TAGS = re.compile(rb"(?:^|[\t;])tag=([^;\n]{1,2000})")
_MARKS = {
    b"MANE_Select": TranscriptMark.MANE_SELECT, b"MANE Select": TranscriptMark.MANE_SELECT,
    b"MANE_Plus_Clinical": TranscriptMark.MANE_PLUS_CLINICAL, b"MANE Plus Clinical": TranscriptMark.MANE_PLUS_CLINICAL,
    b"Ensembl_canonical": TranscriptMark.CANONICAL,
}  # fmt: skip
_MAX_LINE = 1_000_000
MITOCHONDRION = "MT"
_MITOCHONDRIAL = (b"MT\t", b"M\t", b"chrM\t", b"chrMT\t")


@dataclass(frozen=True, slots=True)
class GeneModel:
    """The sequences with at least one transcript, and the marked transcripts by accession without version."""

    contigs: frozenset[str]
    marks: dict[str, TranscriptMark]


def bare(contig: str) -> str:
    """Name a contig without `chr`, and the mitochondrion MT."""
    name = contig.removeprefix("chr")
    return MITOCHONDRION if name == "M" else name


def read_gene_model(path: Path, mitochondrion: Path, name: str) -> GeneModel:
    """Read a GFF3 file, plain or gzip; its lines on the mitochondrion are written to a file of their own, under the name given.

    :raise InvalidInputError: it cannot be read or holds no transcript.
    """
    contigs: set[bytes] = set()
    marks: dict[str, TranscriptMark] = {}
    try:
        with opened(path) as source, mitochondrion.open("wb") as own:
            while line := source.readline(_MAX_LINE):
                if line.startswith(_MITOCHONDRIAL):
                    own.write(name.encode() + b"\t" + line.partition(b"\t")[2])
                found = _ID.search(line) if not line.startswith(b"#") else None
                if found is None:
                    continue
                contigs.add(line.partition(b"\t")[0])
                mark = _mark(line)
                if mark is not TranscriptMark.NONE:
                    marks[found[1].decode("utf-8", "replace")] = mark
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInputError("the gene model is a damaged or truncated gzip file: fetch it again") from error
    if not contigs:
        raise InvalidInputError("the gene model names no transcript as `ID=transcript:...`: a GFF3 file of Ensembl is needed")
    return GeneModel(frozenset(contig.decode("utf-8", "replace") for contig in contigs), marks)


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading, unpacking it when it is gzip."""
    plain = path.open("rb")
    packed = plain.read(2) == b"\x1f\x8b"
    plain.seek(0)
    if not packed:
        return plain
    plain.close()
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _mark(line: bytes) -> TranscriptMark:
    tags = _TAGS.search(line)
    found = {_MARKS[tag] for tag in tags[1].split(b",") if tag in _MARKS} if tags else set()
    return next((mark for mark in MARK_ORDER if mark in found), TranscriptMark.NONE)
