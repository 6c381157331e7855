"""Laboratory values: recognised by name, converted to one unit, compared to limits whose origin is known.

`normalise` is what an analysis calls; `resolve`, `convert`, `parse_quantity` and `parse_reference_range` serve the
readers of documents and forms.
"""

from services.clinical.bounds import Bound, is_above, is_below
from services.clinical.labs.analytes import Analyte, analytes, convert, resolve
from services.clinical.labs.panel import LabPanel, LabProblem, ProblemKind, Reading, normalise
from services.clinical.labs.quantity import Quantity, parse_number, parse_quantity, parse_reference_range
from services.clinical.labs.units import normalise_unit

__all__ = [
    "Analyte",
    "Bound",
    "LabPanel",
    "LabProblem",
    "ProblemKind",
    "Quantity",
    "Reading",
    "analytes",
    "convert",
    "is_above",
    "is_below",
    "normalise",
    "normalise_unit",
    "parse_number",
    "parse_quantity",
    "parse_reference_range",
    "resolve",
]
