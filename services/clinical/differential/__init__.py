"""Differential diagnosis over the thirteen diseases, with "none of them" as an answer."""

from services.clinical.differential.ranking import differentiate
from services.clinical.differential.report import Differential, DifferentialEntry, Evidence, OutsideCondition

__all__ = ["Differential", "DifferentialEntry", "Evidence", "OutsideCondition", "differentiate"]
