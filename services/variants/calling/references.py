"""The reference in a form that every tool can read at any place: indexed, and plain or BGZF."""

from __future__ import annotations

from pathlib import Path

from services.errors import InvalidInputError
from services.variants.calling.tools import Command, ShouldStop, ToolLimits, never, run


def usable_reference(reference: Path, folder: Path, should_stop: ShouldStop) -> Path:
    """Return the given FASTA file when its index is beside it, else a link to it in `folder` that is indexed there.

    :raise InvalidInputError: it is no FASTA, or packed by gzip rather than bgzip.
    """
    indexes = [Path(f"{reference}.fai")]
    with reference.open("rb") as source:
        first = source.read(2)
    if first == b"\x1f\x8b":
        indexes.append(Path(f"{reference}.gzi"))
    elif first[:1] != b">":
        raise InvalidInputError(f"{reference.name} is not FASTA: it does not begin with >")
    if all(index.is_file() for index in indexes):
        return reference.resolve()
    link = folder / reference.name
    link.symlink_to(reference.resolve())
    index_reference(link, should_stop)
    return link


def index_reference(reference: Path, should_stop: ShouldStop = never) -> None:
    """Write the index beside a FASTA file. :raise InvalidInputError: it is no FASTA, or packed by gzip rather than bgzip."""
    try:
        run(Command.of("samtools", "faidx", reference), limits=ToolLimits(), should_stop=should_stop)
    except InvalidInputError as error:
        message = f"{reference.name} cannot be indexed; if it is packed, it must be by bgzip. {error.message}"
        raise InvalidInputError(message) from error
