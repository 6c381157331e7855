"""Which converter makes which kind of pack."""

from __future__ import annotations

from collections.abc import Mapping

from services.errors import InvalidInputError
from services.variants.reference.converters import clinvar
from services.variants.reference.converting import Conversion, Converted, Converter
from services.variants.reference.model import PackKind

CONVERTERS: Mapping[PackKind, Converter] = {
    PackKind.CLINVAR: clinvar.convert,
}


def convert(kind: PackKind, conversion: Conversion) -> Converted:
    """Convert a source into the files of a pack. Raises what the converters raise.

    :raise InvalidInputError: this kind cannot be installed.
    """
    converter = CONVERTERS.get(kind)
    if converter is None:
        raise InvalidInputError(f"{kind.label} cannot be installed in this version")
    return converter(conversion)
