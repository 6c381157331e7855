"""The codes a bundle may carry. LOINC only where the long name of the code was confirmed and says what was measured.

This material contains content from LOINC (http://loinc.org). LOINC is copyright (c) Regenstrief Institute, Inc. and the
Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the licence at
http://loinc.org/license. Here: codes with their long names, not the table.

Anything without a confirmed code is exported as text, which is what FHIR foresees. A code is chosen by what the value is: a
titer, a number in units for each volume, or a presence; a method or an immunoglobulin class that was not stated is not
asserted by a code. The one exception is the sedimentation rate, whose reference method is Westergren's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.clinical.labs.units import normalise_unit
from services.reports.rows import AntibodyValue

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
OBSERVATION_CATEGORY = f"{_HL7}/observation-category"
INTERPRETATION = f"{_HL7}/v3-ObservationInterpretation"
DATA_ABSENT = f"{_HL7}/data-absent-reason"
RISK_PROBABILITY = f"{_HL7}/risk-probability"
PROVENANCE_AGENT = f"{_HL7}/provenance-participant-type"
DIAGNOSTIC_SERVICE = f"{_HL7}/v2-0074"
SECURITY_OBSERVATION = f"{_HL7}/v3-ObservationValue"
ALLOWED_CODES: Mapping[str, frozenset[str]] = {
    OBSERVATION_CATEGORY: frozenset({"laboratory", "survey"}),
    INTERPRETATION: frozenset({"POS", "NEG", "E", "H", "L", "N"}),
    DATA_ABSENT: frozenset({"unknown", "not-applicable"}),
    RISK_PROBABILITY: frozenset({"low", "moderate", "high"}),
    PROVENANCE_AGENT: frozenset({"author", "assembler", "verifier"}),
    DIAGNOSTIC_SERVICE: frozenset({"IMM"}),
    SECURITY_OBSERVATION: frozenset({"AIAST"}),
}

LOINC_NAMES: Mapping[str, str] = {
    "1988-5": "C reactive protein [Mass/volume] in Serum or Plasma",
    "30522-7": "C reactive protein [Mass/volume] in Serum or Plasma by High sensitivity method",
    "4537-7": "Erythrocyte sedimentation rate by Westergren method",
    "4485-9": "Complement C3 [Mass/volume] in Serum or Plasma",
    "4498-2": "Complement C4 [Mass/volume] in Serum or Plasma",
    "8061-4": "Nuclear Ab [Presence] in Serum",
    "5048-4": "Nuclear Ab [Titer] in Serum by Immunofluorescence",
    "31348-6": "DNA double strand Ab [Presence] in Serum",
    "5130-0": "DNA double strand Ab [Units/volume] in Serum",
    "11090-8": "Smith extractable nuclear Ab [Units/volume] in Serum",
    "8093-7": "Sjogrens syndrome-A extractable nuclear Ab [Presence] in Serum",
    "8094-5": "Sjogrens syndrome-B extractable nuclear Ab [Presence] in Serum",
    "8076-2": "Jo-1 extractable nuclear Ab [Presence] in Serum",
    "11565-9": "Jo-1 extractable nuclear Ab [Units/volume] in Serum",
    "11572-5": "Rheumatoid factor [Units/volume] in Serum or Plasma",
    "33935-8": "Cyclic citrullinated peptide IgG Ab [Units/volume] in Serum or Plasma",
    "31017-7": "Tissue transglutaminase IgA Ab [Units/volume] in Serum",
    "8099-4": "Thyroperoxidase Ab [Units/volume] in Serum or Plasma",
    "8098-6": "Thyroglobulin Ab [Units/volume] in Serum or Plasma",
}
"""Every LOINC code that may be exported, with its long name."""

_Scale = Literal["titer", "units", "presence"]
_ANTIBODIES: Mapping[tuple[str, _Scale], str] = {
    ("ana", "presence"): "8061-4", ("ana", "titer"): "5048-4",
    ("anti_dsdna", "presence"): "31348-6", ("anti_dsdna", "units"): "5130-0",
    ("anti_smith", "units"): "11090-8", ("anti_ro60", "presence"): "8093-7", ("anti_la", "presence"): "8094-5",
    ("anti_jo1", "presence"): "8076-2", ("anti_jo1", "units"): "11565-9",
    ("rheumatoid_factor", "units"): "11572-5", ("acpa", "units"): "33935-8", ("ttg_iga", "units"): "31017-7",
    ("tpo", "units"): "8099-4", ("tg", "units"): "8098-6",
}  # fmt: skip
_UNITS_FOR_EACH_VOLUME = frozenset({"U/mL", "IU/mL", "U/L", "IU/L", "kU/L", "kIU/L", "AU/mL", "RU/mL"})

_UCUM: Mapping[str, str] = {
    "mg/L": "mg/L", "mg/dL": "mg/dL", "g/L": "g/L", "g/dL": "g/dL", "ug/mL": "ug/mL", "ug/L": "ug/L", "ug/dL": "ug/dL",
    "ng/mL": "ng/mL", "ng/L": "ng/L", "ng/dL": "ng/dL", "pg/mL": "pg/mL", "mmol/L": "mmol/L", "umol/L": "umol/L",
    "nmol/L": "nmol/L", "pmol/L": "pmol/L", "10^9/L": "10*9/L", "10^12/L": "10*12/L", "/uL": "/uL", "%": "%", "fL": "fL",
    "U/L": "U/L", "IU/L": "[IU]/L", "IU/mL": "[IU]/mL", "kIU/L": "k[IU]/L", "mIU/L": "m[IU]/L", "mIU/mL": "m[IU]/mL",
    "uIU/mL": "u[IU]/mL", "U/mL": "[arb'U]/mL", "AU/mL": "[arb'U]/mL", "mm/h": "mm/h", "ratio": "{ratio}",
    "index": "{index}", "s": "s", "ms": "ms", "mL/min": "mL/min", "mL/min/1.73m2": "mL/min/{1.73_m2}", "mg/g": "mg/g",
    "ug/g": "ug/g", "g/24h": "g/(24.h)", "mg/24h": "mg/(24.h)", "/HPF": "/[HPF]", "cmH2O": "cm[H2O]", "mmHg": "mm[Hg]",
    "kPa": "kPa", "L": "L", "mL/kg": "mL/kg", "m": "m",
}  # fmt: skip
ALLOWED_UCUM = frozenset(_UCUM.values())


def ucum(unit: str | None) -> str | None:
    """Return the UCUM code of a written unit, None where it is unknown or belongs to one manufacturer."""
    return _UCUM.get(normalise_unit(unit) or "") if unit else None


def antibody_loinc(value: AntibodyValue) -> str | None:
    """Return the LOINC code that says what this result is, None where no confirmed code says exactly that.

    A titer is coded as by immunofluorescence only with a pattern, which nothing else shows. A number is coded only in units
    for each volume (an index is none), a CCP test only where no other class than IgG is written.
    """
    if value.id is None:
        return None
    if value.titer:
        return _ANTIBODIES.get((value.id, "titer")) if value.patterns else None
    if value.value is None:
        return _ANTIBODIES.get((value.id, "presence")) if value.outcome in {"positive", "negative"} else None
    if normalise_unit(value.unit or "") not in _UNITS_FOR_EACH_VOLUME:
        return None
    written = value.written.casefold()
    if value.id == "acpa" and ("ccp" not in written or "iga" in written or "igm" in written):
        return None
    return _ANTIBODIES.get((value.id, "units"))


def has_valid_check_digit(code: str) -> bool:
    """Whether a LOINC code ends with its mod-10 check digit (LOINC Users' Guide, appendix on check digits)."""
    body, dash, check = code.partition("-")
    if not (dash and body.isascii() and body.isdigit() and check.isascii() and check.isdigit() and len(check) == 1):
        return False
    total = 0
    for position, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return (10 - total % 10) % 10 == int(check)
