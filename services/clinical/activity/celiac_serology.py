"""What celiac serology allows to conclude: the multiple of the upper limit and the no-biopsy rule (Husby 2020, PMID 31568151)."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.explanation import Step

NO_BIOPSY_MULTIPLE = 10.0
ADULT_YEARS = 18


def ttg_multiple(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return tTG-IgA divided by the upper limit of its assay."""
    return Verdict(_multiple(answers))


def celiac_serology(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the multiple as `value` and the conclusion as `band`.

    A gluten-free diet or IgA deficiency decides first. Total IgA and the diet must be known before a negative result
    counts; age and a second-sample EMA before the no-biopsy rule is applied.
    """
    multiple = _multiple(answers)
    steps = (Step(label="tTG-IgA ÷ upper limit", note=f"{multiple:g}"),)
    conclusion = _conclusion(answers, multiple)
    if isinstance(conclusion, str):
        return Verdict(multiple, conclusion, steps, {"ttg_multiple": multiple}, message=_REMARKS.get(conclusion, ""))
    return Verdict(missing=tuple(conclusion), message=f"tTG-IgA is {multiple:g} × its upper limit.")


_REMARKS = {
    "no_biopsy_diagnosis_possible": "The family and a paediatric gastroenterologist decide; HLA and symptoms are not required.",
    "serology_unreliable_on_gluten_free_diet": "Test again while gluten is eaten.",
    "IgA_deficient_use_IgG_tests_and_biopsy": "IgA tests are falsely negative in IgA deficiency.",
    "positive_serology_biopsy_needed": "",
}


def _conclusion(answers: Answers, multiple: float) -> str | list[str]:
    if answers.flag("on_gluten") is False:
        return "serology_unreliable_on_gluten_free_diet"
    if answers.text("total_iga") == "deficient":
        return "IgA_deficient_use_IgG_tests_and_biopsy"
    if multiple <= 1:
        unknown = [key for key in ("total_iga", "on_gluten") if not answers.has(key)]
        return unknown or "negative_serology"
    if multiple < NO_BIOPSY_MULTIPLE:
        return "positive_serology_biopsy_needed"
    age = answers.optional_number("age")
    if age is None:
        return ["age"]
    if age >= ADULT_YEARS or answers.flag("ema_second_sample") is False:
        return "positive_serology_biopsy_needed"
    return "no_biopsy_diagnosis_possible" if answers.has("ema_second_sample") else ["ema_second_sample"]


def _multiple(answers: Answers) -> float:
    return round(answers.number("ttg_iga") / answers.number("ttg_uln"), 6)
