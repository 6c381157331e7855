"""HGVS descriptions of variants: reading them, and placing those of transcripts on the genome and back."""

from services.genomics.hgvs.model import (
    Description,
    Edit,
    Kind,
    NucleotideChange,
    Position,
    ProteinChange,
    Residue,
    Stretch,
)
from services.genomics.hgvs.parsing import parse

__all__ = ["Description", "Edit", "Kind", "NucleotideChange", "Position", "ProteinChange", "Residue", "Stretch", "parse"]
