"""The pattern of thyroid function: TSH is never read alone (ATA 2014, PMID 25266247; ATA 2016, PMID 27521067)."""

from __future__ import annotations

from typing import Literal

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

Level = Literal["low", "normal", "high"]

MARKED_TSH_RISE_MIU_L = 10.0
SUPPRESSED_TSH_MIU_L = 0.1


def thyroid_status(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the pattern as `band`.

    Free T4 is always needed, free T3 only where TSH is low and free T4 is not high. A number without its own limits
    needs `ref_ft4` or `ref_ft3` in the same unit.
    """
    tsh_value = answers.number("tsh_miu_l")
    limits = answers.limits("ref_tsh")
    if limits is None or None in limits:
        return Verdict(missing=("ref_tsh",))
    tsh = _against(tsh_value, limits)
    needed: list[str] = []
    ft4 = _level(answers, "ft4", needed)
    ft3 = _level(answers, "ft3", needed if tsh == "low" and ft4 != "high" else [])
    if needed:
        return Verdict(missing=tuple(needed), message=f"TSH is {tsh}; TSH alone does not give the pattern.")
    assert ft4 is not None  # otherwise it was needed
    pattern, why = _pattern(tsh, tsh_value, ft4, ft3)
    levels = {"TSH": tsh, "free T4": ft4} | ({"free T3": ft3} if ft3 else {})
    steps = tuple(Step(label=name, note=level) for name, level in levels.items())
    return Verdict(band=pattern, steps=steps, components={"tsh_miu_l": tsh_value, **levels}, message=why)


def _pattern(tsh: Level, tsh_value: float, ft4: Level, ft3: Level | None) -> tuple[str, str]:
    raised = "high" in (ft4, ft3)
    if tsh == "low":
        return _with_low_tsh(tsh_value, ft4, raised)
    if raised:
        return "inappropriate_TSH_pattern", (
            "Free hormone is raised while TSH is not suppressed: assay interference, TSH-secreting tumour or hormone resistance."
        )
    if tsh == "high":
        if ft4 == "low":
            return "overt_primary_hypothyroidism", ""
        if tsh_value >= MARKED_TSH_RISE_MIU_L:
            return "subclinical_hypothyroidism_grade2", "TSH 10 mIU/L or more with normal free T4."
        return "subclinical_hypothyroidism_grade1", "TSH below 10 mIU/L with normal free T4."
    if ft4 == "low":
        return "possible_central_hypothyroidism", "Low free T4 without a raised TSH: pituitary disease or non-thyroidal illness."
    return "euthyroid", "Low free T3 alone is common in acute illness." if ft3 == "low" else ""


def _with_low_tsh(tsh_value: float, ft4: Level, raised: bool) -> tuple[str, str]:
    if raised:
        return "overt_hyperthyroidism", ""
    if ft4 == "low":
        return "possible_central_hypothyroidism", (
            "Low free T4 with a low TSH: pituitary disease, non-thyroidal illness, or recent treatment of hyperthyroidism."
        )
    if tsh_value < SUPPRESSED_TSH_MIU_L:
        return "subclinical_hyperthyroidism_grade2", "TSH below 0.1 mIU/L with normal free hormones."
    return "subclinical_hyperthyroidism_grade1", "TSH low but at least 0.1 mIU/L with normal free hormones."


def _level(answers: Answers, key: str, needed: list[str]) -> Level | None:
    if not answers.has(key):
        needed.append(key)
        return None
    answered = answers.values[key].value
    if answered in ("low", "normal", "high"):
        return answered
    limits = answers.limits(f"ref_{key}")
    if limits is None:
        needed.append(f"ref_{key}")
        return None
    return _against(answers.number(key), limits)


def _against(value: float, limits: tuple[float | None, float | None]) -> Level:
    low, high = limits
    if low is not None and value < low:
        return "low"
    return "high" if high is not None and value > high else "normal"
