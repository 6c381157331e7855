"""Turns what a person writes for a variant (coordinates, HGVS, rsID) into the variant, or says why it cannot."""

from services.variants.resolving.model import Candidate, How, Outcome, Resolution
from services.variants.resolving.resolving import resolve

__all__ = ["Candidate", "How", "Outcome", "Resolution", "resolve"]
