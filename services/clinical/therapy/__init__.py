"""Treatments for a patient's diseases: label status for each disease, what speaks against them, what is not known."""

from services.clinical.therapy.recommendation import recommend
from services.clinical.therapy.report import (
    ORDERING_RULE,
    DiseaseStatus,
    Recommendation,
    TherapyReport,
)

__all__ = ["ORDERING_RULE", "DiseaseStatus", "Recommendation", "TherapyReport", "recommend"]
