"""Which converter makes which kind of pack."""

from __future__ import annotations

from collections.abc import Mapping

from services.errors import InvalidInputError
from services.variants.reference.converters import (
    alphamissense,
    clinvar,
    constraint,
    dosage,
    frequencies,
    gene_models,
    mane,
    phenotypes,
    population_sv,
    revel,
    sequence,
    somatic_evidence,
    spliceai,
)
from services.variants.reference.converting import Conversion, Converted, Converter
from services.variants.reference.model import PackKind

CONVERTERS: Mapping[PackKind, Converter] = {
    PackKind.SEQUENCE: sequence.convert,
    PackKind.GENE_MODELS: gene_models.convert,
    PackKind.CLINVAR: clinvar.convert,
    PackKind.FREQUENCIES: frequencies.convert,
    PackKind.REVEL: revel.convert,
    PackKind.ALPHAMISSENSE: alphamissense.convert,
    PackKind.SPLICEAI: spliceai.convert,
    PackKind.CONSTRAINT: constraint.convert,
    PackKind.DOSAGE: dosage.convert,
    PackKind.POPULATION_SV: population_sv.convert,
    PackKind.PHENOTYPES: phenotypes.convert,
    PackKind.MANE: mane.convert,
    PackKind.SOMATIC_EVIDENCE: somatic_evidence.convert,
}


def convert(kind: PackKind, conversion: Conversion) -> Converted:
    """Convert a source into the files of a pack. Raises what the converters raise.

    :raise InvalidInputError: this kind cannot be installed.
    """
    converter = CONVERTERS.get(kind)
    if converter is None:
        raise InvalidInputError(f"{kind.label} cannot be installed in this version")
    return converter(conversion)
