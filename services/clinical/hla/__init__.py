"""HLA typings: read strictly, matched to published associations at the resolution typed, and to drugs."""

from services.clinical.hla.associations import associations
from services.clinical.hla.names import Allele, Typing, parse_allele, parse_typing
from services.clinical.hla.report import HlaAssociation, HlaDrugFinding, HlaReport

__all__ = [
    "Allele",
    "HlaAssociation",
    "HlaDrugFinding",
    "HlaReport",
    "Typing",
    "associations",
    "parse_allele",
    "parse_typing",
]
