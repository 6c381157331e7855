"""Risk of flare or progression: factors with direction and source, a level, urgent alerts, never a probability."""

from services.clinical.flare.assessment import FlareAlert, FlareAssessment, FlareFactor, Level, assess_flare
from services.clinical.flare.context import vocabulary
from services.clinical.flare.reading import Series
from services.clinical.flare.records import FlareRecord, flare_records

__all__ = [
    "FlareAlert",
    "FlareAssessment",
    "FlareFactor",
    "FlareRecord",
    "Level",
    "Series",
    "assess_flare",
    "flare_records",
    "vocabulary",
]
