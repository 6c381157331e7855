"""What celiac serology allows to conclude, by the criteria set, and tTG-IgA as a multiple of its upper limit."""

from __future__ import annotations

from services.clinical.activity.answers import Answers
from services.clinical.activity.records import InstrumentRecord
from services.clinical.activity.results import Verdict
from services.clinical.criteria import CRITERIA
from services.clinical.explanation import Step

_PATHWAY = CRITERIA["celiac_espghan_2020"]
# this instrument's bands keep the spelling they were published with in the API
_BANDS = {"iga_deficient_use_igg_tests_and_biopsy": "IgA_deficient_use_IgG_tests_and_biopsy"}


def ttg_multiple(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return tTG-IgA divided by the upper limit of its assay."""
    return Verdict(_multiple(answers))


def celiac_serology(_record: InstrumentRecord, answers: Answers) -> Verdict:
    """Return the multiple as `value` and the conclusion of the criteria set (Husby 2020, PMID 31568151) as `band`."""
    multiple = _multiple(answers)
    judged = _PATHWAY.evaluate(
        {
            "ttg_multiple": multiple, "age": answers.optional_number("age"), "total_iga": answers.text("total_iga"),
            "on_gluten": answers.flag("on_gluten"), "ema_second_sample": answers.flag("ema_second_sample"),
        },
        with_changes=False,
    )  # fmt: skip
    if judged.category is None:
        return Verdict(missing=judged.missing, message=f"tTG-IgA is {multiple:g} × its upper limit.")
    steps = (Step(label="tTG-IgA ÷ upper limit", note=f"{multiple:g}"),)
    remarks = [note for note in judged.notes if note != _PATHWAY.record.limits]
    message = "; ".join(remarks)
    band = _BANDS.get(judged.category, judged.category)
    return Verdict(multiple, band, steps, {"ttg_multiple": multiple}, message=f"{message}." if message else "")


def _multiple(answers: Answers) -> float:
    return round(answers.number("ttg_iga") / answers.number("ttg_uln"), 6)
