"""A reference genome in FASTA: copied, indexed, and held against the chromosome lengths of its build.

BGZF stays packed; plain gzip, which cannot be read at any place, is unpacked. The index is made by samtools in a child process.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from services.errors import ConflictError, InvalidInputError
from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild, build_from_lengths, canonical_chromosome
from services.variants.calling.tools import Command, ToolLimits, run
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.text import open_text
from services.variants.vcf.importing import StoppedError

_PIECE = 1 << 22
_COPIED_SHARE = 0.7
_EXCERPT_BASES = 20_000_000
"""Less than the shortest chromosome: an excerpt, for trying things out, whose lengths say nothing about its build."""


def convert(conversion: Conversion) -> Converted:
    """Copy and index a FASTA file.

    :raise InvalidInputError: it is not FASTA, is damaged, or its chromosomes have other lengths than those of the build.
    """
    if len(conversion.sources) != 1:
        raise InvalidInputError("a reference sequence is one FASTA file")
    source = conversion.sources[0]
    packed = _is_bgzf(source)
    target = conversion.folder / ("genome.fa.gz" if packed else "genome.fa")
    _copy(conversion, source, target, packed)
    conversion.report(_COPIED_SHARE, "Indexing the sequence")
    try:
        run(Command.of("samtools", "faidx", target), limits=ToolLimits(), should_stop=conversion.should_stop)
    except StoppedError as error:
        raise ConflictError("the installation was stopped; nothing was installed") from error
    except InvalidInputError as error:
        raise InvalidInputError(f"{source.name} cannot be indexed as FASTA: {error.message}") from error
    lengths = _lengths(target)
    _refuse_build(source.name, lengths, conversion.build)
    chromosomes = sum(canonical_chromosome(name) is not None for name in lengths)
    notes: tuple[str, ...] = ()
    if sum(lengths.values()) < _EXCERPT_BASES:
        notes = (f"It is an excerpt of {sum(lengths.values()):,} bases, whose build cannot be checked.",)
    elif chromosomes < len(CHROMOSOME_LENGTHS[GenomeBuild.GRCH38]):
        notes = (f"It holds {chromosomes} chromosomes; nothing can be said of the others.",)
    return Converted(len(lengths), name="Reference sequence", notes=notes)


def _copy(conversion: Conversion, source: Path, target: Path, packed: bool) -> None:
    with open_text(source, lambda share: conversion.report(_COPIED_SHARE * share, "Copying the sequence")) as text:
        if text.stream.peek(1)[:1] != b">":
            raise InvalidInputError(f"{source.name} is not FASTA: it does not begin with >")
        with target.open("wb") as file:
            while piece := text.stream.read(_PIECE):  # unpacking also proves that a packed file is whole
                conversion.check()
                if not packed:
                    file.write(piece)
    if packed:
        shutil.copyfile(source, target)


def _is_bgzf(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(18)
    return head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


def _lengths(fasta: Path) -> dict[str, int]:
    lines = Path(f"{fasta}.fai").read_text(encoding="utf-8", errors="replace").splitlines()
    return {fields[0]: int(fields[1]) for line in lines if len(fields := line.split("\t")) >= 2}


def _refuse_build(name: str, lengths: dict[str, int], build: GenomeBuild | None) -> None:
    assert build is not None
    evidence = build_from_lengths(lengths)
    if evidence is None and sum(lengths.values()) < _EXCERPT_BASES:
        return
    if evidence is None:
        known = {canonical: length for one, length in lengths.items() if (canonical := canonical_chromosome(one))}
        shown = ", ".join(f"{one} with {length:,} bases" for one, length in list(known.items())[:3]) or "no chromosome"
        raise InvalidInputError(
            f"{name} is not the sequence of {build}: it holds {shown}; "
            f"chromosome 1 of {build} has {CHROMOSOME_LENGTHS[build]['1']:,} bases"
        )
    if evidence.build is not build:
        raise InvalidInputError(f"{name} is in {evidence.build} ({evidence.statement}), but {build} was asked for")
