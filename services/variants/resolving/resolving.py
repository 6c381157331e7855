"""Finds the variant a text names: coordinates, or a variant the product knows."""

from __future__ import annotations

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.genomics.variant import parse_variant
from services.variants.resolving.model import Candidate, How, References, Resolution

_MAX_TEXT = 200


def resolve(text: str, build: GenomeBuild, references: References | None = None) -> Resolution:
    """Return what `text` means in `build`: one candidate, several, or none with the reasons in `problems`.

    `references` are the installed packs; without them coordinates and the built-in known variants are understood. Never raises
    for what a person may type.
    """
    written = " ".join(text[: _MAX_TEXT + 1].split())
    if not written:
        return Resolution(written, build, (), ("write a variant, such as 16-50745926-C-T or NOD2 c.2104C>T",))
    if len(written) > _MAX_TEXT:
        return Resolution(written[:_MAX_TEXT], build, (), (f"a variant is written in at most {_MAX_TEXT} characters here",))
    try:
        variant = parse_variant(written, build).trimmed()
    except InvalidInputError as error:
        return Resolution(written, build, (), (error.message,))
    found = Candidate(
        build, variant.chromosome, variant.position, variant.ref, variant.alt, None, None, None, None, How.COORDINATES
    )
    return Resolution(written, build, (found,))
