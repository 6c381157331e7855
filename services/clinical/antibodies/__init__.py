"""Autoantibodies: names recognised, results read, what they speak for with likelihood ratios and caveats."""

from services.clinical.antibodies.interpretation import interpret, likelihood_ratios
from services.clinical.antibodies.names import AntibodyName, antibodies, normalise_antibody
from services.clinical.antibodies.patterns import parse_patterns
from services.clinical.antibodies.positivity import Measurement, Verdict, judge
from services.clinical.antibodies.report import (
    AntibodyAlert,
    AntibodyFinding,
    AntibodyReport,
    DiseaseLink,
    NameQuestion,
    Ratio,
)

__all__ = [
    "AntibodyAlert",
    "AntibodyFinding",
    "AntibodyName",
    "AntibodyReport",
    "DiseaseLink",
    "Measurement",
    "NameQuestion",
    "Ratio",
    "Verdict",
    "antibodies",
    "interpret",
    "judge",
    "likelihood_ratios",
    "normalise_antibody",
    "parse_patterns",
]
