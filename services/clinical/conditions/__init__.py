"""Comorbidities, history, serology, pregnancy, habits: what a profile's extensions state about a patient."""

from services.clinical.conditions.extensions import Conditions, parse
from services.clinical.conditions.text import Finding, Reading, State, read_text

__all__ = ["Conditions", "Finding", "Reading", "State", "parse", "read_text"]
