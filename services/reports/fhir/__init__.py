"""A report as a FHIR R4 (4.0.1) Bundle, and the rules such a bundle keeps beyond the schema."""

from services.reports.fhir.bundle import to_bundle
from services.reports.fhir.rules import violations

__all__ = ["to_bundle", "violations"]
