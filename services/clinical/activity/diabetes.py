"""Type 1 diabetes: glycaemic control, partial remission and remaining insulin secretion. None of these is "activity"."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

_TARGETS = (
    ("tir_70_180_pct", "tir_70_180", ">", 70.0),
    ("tbr_lt70_pct", "tbr_lt70", "<", 4.0),
    ("tbr_lt54_pct", "tbr_lt54", "<", 1.0),
    ("tar_gt180_pct", "tar_gt180", "<", 25.0),
    ("tar_gt250_pct", "tar_gt250", "<", 5.0),
)
_SUM_TOLERANCE_PCT = 2.0
_LOW_GLUCOSE_MG_DL = 72.0
_DECISIVE_AFTER_YEARS = 3.0


def hba1c(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return HbA1c in % against the agreed target, or 7 % where none was set (ADA 2025)."""
    value = answers.number("hba1c_pct")
    target = answers.optional_number("target_pct")
    limit = 7.0 if target is None else target
    band = "at_target" if round(value, 6) < limit else "above_target"
    origin = "No target was agreed; general target" if target is None else "Agreed target"
    components = {"target_pct": limit, "mmol_mol": round((value - 2.15) / 0.0915, 1)}
    return Verdict(value, band, components=components, message=f"{origin}: below {limit:g} %.")


def time_in_range(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the time in range and each of the five targets (Battelino 2019, PMID 31177185); all bounds are strict."""
    shares = {key: answers.number(key) for key, *_ in _TARGETS}
    contradiction = _impossible(shares)
    if contradiction:
        return Verdict(contradiction=contradiction)
    failed, steps = [], []
    for key, name, sign, bound in _TARGETS:
        met = shares[key] > bound if sign == ">" else shares[key] < bound
        steps.append(Step(label=f"{name} {sign}{bound:g} %", note=f"{shares[key]:g} %: {'met' if met else 'not met'}"))
        if not met:
            failed.append(f"{name} ({sign}{bound:g} required)")
    return Verdict(
        shares["tir_70_180_pct"], "targets_not_met" if failed else "targets_met", tuple(steps),
        {**shares, "all_targets_met": not failed, "failed": failed},
        message=f"Not met: {', '.join(failed)}." if failed else "All five targets met.",
    )  # fmt: skip


def _impossible(shares: dict[str, float]) -> str:
    if shares["tbr_lt54_pct"] > shares["tbr_lt70_pct"]:
        return "time below 54 mg/dL exceeds the time below 70 mg/dL, which includes it"
    if shares["tar_gt250_pct"] > shares["tar_gt180_pct"]:
        return "time above 250 mg/dL exceeds the time above 180 mg/dL, which includes it"
    total = shares["tir_70_180_pct"] + shares["tbr_lt70_pct"] + shares["tar_gt180_pct"]
    if abs(total - 100) > _SUM_TOLERANCE_PCT:
        return f"time below, in and above range add up to {total:g} %, not 100 %"
    return ""


def idaa1c(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return HbA1c (%) + 4 × insulin (U/kg/day); 9 or less is partial remission (Mortensen 2009)."""
    dose = answers.optional_number("insulin_u_per_kg_day")
    if dose is None:
        weight = answers.optional_number("weight_kg")
        if weight is None:
            return Verdict(missing=("weight_kg",))
        dose = answers.number("insulin_u_per_day") / weight
    a1c = answers.number("hba1c_pct")
    steps = (Step(label="HbA1c", points=a1c), Step(label="4 × insulin U/kg/day", points=4 * dose))
    return Verdict(a1c + 4 * dose, steps=steps, components={"hba1c_pct": a1c, "insulin_u_per_kg_day": round(dose, 4)})


def c_peptide(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the reading of a random C-peptide (Holt 2021, PMID 34590174), with what limits it."""
    value = answers.number("c_peptide_random_pmol_l")
    years, glucose = answers.optional_number("diabetes_duration_years"), answers.optional_number("glucose_mg_dl")
    remarks = []
    if years is None:
        remarks.append("Duration of diabetes not given: best read after 3 years.")
    elif years < _DECISIVE_AFTER_YEARS and value >= 200:
        remarks.append("Less than 3 years of diabetes: a value that is not low does not exclude type 1.")
    if glucose is not None and glucose < _LOW_GLUCOSE_MG_DL and value <= 600:
        remarks.append("Glucose below 4 mmol/L suppresses C-peptide: repeat.")
    return Verdict(value, components={"pmol_l": round(value, 2), "ng_ml": round(value * 0.00302, 3)}, message=" ".join(remarks))
