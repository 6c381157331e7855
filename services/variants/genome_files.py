"""The files of installed reference sequence that the genome view may read, by build and part, never by path."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind


class SequencePart(StrEnum):
    """A file of a sequence pack; the value is its name in an address."""

    PLAIN = "sequence.fa"
    PLAIN_INDEX = "sequence.fa.fai"
    PACKED = "sequence.fa.gz"
    PACKED_INDEX = "sequence.fa.gz.fai"
    PACKED_BLOCKS = "sequence.fa.gz.gzi"


def sequence_pack(references: ReferenceLibrary, build: GenomeBuild) -> Pack | None:
    """Return the sequence in use for a build; None where none is installed, or where it has lost its index."""
    pack = references.active(PackKind.SEQUENCE, build)
    return pack if pack is not None and pack.path.is_file() and _beside(pack, ".fai").is_file() else None


def holds(pack: Pack, chrom: str) -> bool:
    """Whether a sequence has a chromosome, in whichever way it names it; a pack may be made of one chromosome only."""
    return any(canonical_chromosome(name) == chrom for name in contig_lengths(_beside(pack, ".fai")))


def contig_lengths(index: Path) -> dict[str, int]:
    """Return the contigs of an indexed FASTA file with their lengths, from its `.fai`."""
    lines = (line.split("\t") for line in index.read_text(encoding="utf-8").splitlines())
    return {fields[0]: int(fields[1]) for fields in lines if len(fields) > 1 and fields[1].isdecimal()}


def sequence_parts(pack: Pack) -> tuple[SequencePart, ...]:
    """Return the parts a pack has: the sequence first, then its index, then the index of its blocks where it is packed."""
    if pack.path.suffix == ".gz":
        return SequencePart.PACKED, SequencePart.PACKED_INDEX, SequencePart.PACKED_BLOCKS
    return SequencePart.PLAIN, SequencePart.PLAIN_INDEX


def sequence_file(references: ReferenceLibrary, build: GenomeBuild, part: SequencePart) -> Path:
    """Return the file of a part.

    :raise NotFoundError: no sequence is installed for the build, or it has no such part.
    """
    pack = sequence_pack(references, build)
    if pack is None or part not in sequence_parts(pack):
        raise NotFoundError(f"no such sequence is installed for {build}")
    path = _beside(pack, part.value.removeprefix(sequence_parts(pack)[0].value))
    if not path.is_file():
        raise NotFoundError(f"the reference sequence of {build} lacks its index: install it again")
    return path


def _beside(pack: Pack, ending: str) -> Path:
    return pack.path.with_name(pack.path.name + ending)
