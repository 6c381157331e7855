"""Single values of INFO and FORMAT: how text becomes a number, and which numbers a reserved key may have.

These functions are the reference for the vectorised reader too: what it accepts must be accepted here with the same value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.variants.vcf.definitions import FieldType

INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][-+]?[0-9]{1,5})?|inf|infinity|nan)", re.IGNORECASE
)
CIGAR = re.compile(r"(?:[0-9]{1,10}[MIDNSHPX=])+")

NOT_NEGATIVE_INFO = frozenset({"AC", "AN", "DP", "MQ0", "NS", "AD", "ADF", "ADR"})
NOT_NEGATIVE_FORMAT = frozenset({"DP", "AD", "ADF", "ADR", "EC", "HQ"})
FRACTIONS = frozenset({"AF"})
STRUCTURAL_SINCE_44 = frozenset(
    "SVLEN SVCLAIM CN CICN CIPOS CIEND CILEN MEINFO METRANS RN RUS RUL RB CIRB RUC CIRUC RUB HOMLEN EVENTTYPE".split()
)
"""Keys with rules across fields from VCFv4.4 on."""

_ESCAPES = {"%3A": ":", "%3B": ";", "%3D": "=", "%25": "%", "%2C": ",", "%0D": "\r", "%0A": "\n", "%09": "\t"}
_ESCAPE = re.compile("|".join(_ESCAPES), re.IGNORECASE)


def decode_percent(text: str) -> str:
    """Undo the percent encoding that VCFv4.3 and later prescribe for reserved characters; anything else stays."""
    return _ESCAPE.sub(lambda match: _ESCAPES[match.group(0).upper()], text) if "%" in text else text


def to_number(text: str, kind: FieldType) -> int | float | None:
    """Return the number that `text` writes, or None where it does not write one of this type."""
    if kind is FieldType.INTEGER:
        return int(text) if INTEGER.fullmatch(text) else None
    return float(text) if FLOAT.fullmatch(text) else None


def value_reason(key: str, text: str, kind: FieldType, not_negative: frozenset[str]) -> tuple[str, str] | None:
    """Return (reason, rule) where a value breaks its type (rule `*.type`) or its key's range (rule `*.range`), else None."""
    if text == ".":
        return None
    if kind in (FieldType.INTEGER, FieldType.FLOAT):
        number = to_number(text, kind)
        if number is None:
            return f"is not {'a whole number' if kind is FieldType.INTEGER else 'a number'}", "type"
        if key in not_negative and number < 0:
            return f"{key} cannot be negative", "range"
        if key in FRACTIONS and not 0 <= number <= 1:
            return f"{key} is a fraction between 0 and 1", "range"
        return None
    if kind is FieldType.CHARACTER and len(text) != 1 and len(decode_percent(text)) != 1:
        return "is not a single character", "character"
    if key == "CIGAR" and not CIGAR.fullmatch(text):
        return "is not a CIGAR string", "range"
    return None


def group_values(counts: Mapping[str, int], number: str) -> int | None:
    """Return how many values Number `A`, `R`, `G` or a count asks for; None where any count is allowed."""
    if number.isdigit():
        return int(number)
    return counts.get(number)


def genotype_count(alleles: int, ploidy: int) -> int:
    """Return the number of unordered genotypes of `alleles` alleles (reference included) at `ploidy`."""
    count = 1
    for step in range(ploidy):
        count = count * (alleles + step) // (step + 1)
    return count
