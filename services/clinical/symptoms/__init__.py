"""Written findings: recognised as curated concepts, denied ones kept apart, unknown ones echoed."""

from services.clinical.symptoms.gland_tests import read_gland_tests
from services.clinical.symptoms.matching import (
    MAX_SYMPTOMS,
    Finding,
    SymptomReading,
    ancestors,
    concepts,
    read_labs,
    read_symptoms,
)

__all__ = ["MAX_SYMPTOMS", "Finding", "SymptomReading", "ancestors", "concepts", "read_gland_tests", "read_labs", "read_symptoms"]
