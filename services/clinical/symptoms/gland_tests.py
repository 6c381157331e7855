"""Tests of tear and salivary glands written with their number: `Schirmer 3 mm / 5 min`, `focus score 2.4`.

The name of such a test says nothing without its result. Limits of the 2016 ACR/EULAR criteria (Shiboski 2017, PMID 27785888):
Schirmer at most 5 mm in 5 minutes in one eye, focus score at least 1 per 4 mm², unstimulated flow at most 0.1 mL/min.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple


class GlandTest(NamedTuple):
    """A test with a result: the criterion item it answers, the finding it is, and whether it is abnormal."""

    item: str
    concept: str
    is_abnormal: bool


_VALUE: Final = r"(\d{1,2}(?:[.,]\d{1,3})?)"
_EYE: Final = r"[^;\n]{0,30}?\d{1,2}(?:[.,]\d)?\s?mm(?!\s?hg)"
_SCHIRMER: Final = re.compile(rf"\bschirmer((?:{_EYE}){{1,2}})")
_MILLIMETRES: Final = re.compile(r"(\d{1,2}(?:[.,]\d)?)\s?mm")
_FOCUS: Final = re.compile(rf"\bfocus score[^.;\n\d]{{0,20}}{_VALUE}")
_FLOW: Final = re.compile(rf"\bunstimulated[^;\n\d]{{0,50}}{_VALUE}\s?ml\s?/\s?min")


def read_gland_tests(entry: str) -> Iterable[GlandTest]:
    """Yield the gland tests of `entry` that carry a result; the worse eye counts."""
    text = entry.lower()
    schirmer = _SCHIRMER.search(text)
    if schirmer is not None:
        lowest = min(_number(one) for one in _MILLIMETRES.findall(schirmer[1]))
        yield GlandTest("schirmer_le_5mm_5min", "schirmer_positive", lowest <= 5)
    focus = _FOCUS.search(text)
    if focus is not None:
        yield GlandTest("focus_score_ge_1", "lip_biopsy", _number(focus[1]) >= 1)
    flow = _FLOW.search(text)
    if flow is not None:
        yield GlandTest("uws_flow_le_0_1_ml_min", "dry_mouth", _number(flow[1]) <= 0.1)


def _number(written: str) -> float:
    return float(written.replace(",", "."))
