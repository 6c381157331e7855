"""Every instrument the product computes, and those it knows but does not.

The records come from `data/instruments.yaml`; this module joins each to its formula and refuses a record without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from services.clinical.activity import boolean_remission as states
from services.clinical.activity import diabetes, spondyloarthritis
from services.clinical.activity.answers import Answers
from services.clinical.activity.burch_wartofsky import burch_wartofsky
from services.clinical.activity.celiac_serology import celiac_serology, ttg_multiple
from services.clinical.activity.crohn import cdai_crohn
from services.clinical.activity.das28 import das28_crp, das28_esr
from services.clinical.activity.model import Instrument
from services.clinical.activity.names import fold
from services.clinical.activity.orbitopathy import cas
from services.clinical.activity.pasi import pasi
from services.clinical.activity.records import InstrumentRecord, records
from services.clinical.activity.results import Formula, Verdict
from services.clinical.activity.thyroid_status import thyroid_status
from services.clinical.activity.weighted_sum import mayo_full, mean, weighted_sum
from services.clinical.disease import Disease
from services.errors import ConfigurationError


def _edss(_record: InstrumentRecord, answers: Answers) -> Verdict:
    return Verdict(answers.number("edss"))


_FORMULAS: Mapping[str, Formula] = {
    "das28_esr": das28_esr, "das28_crp": das28_crp, "weighted_sum": weighted_sum, "mean": mean, "hbi": weighted_sum,
    "mayo_full": mayo_full, "boolean_remission": states.boolean_remission, "doris": states.doris, "lldas": states.lldas,
    "basdai": spondyloarthritis.basdai, "asdas_crp": spondyloarthritis.asdas_crp, "asdas_esr": spondyloarthritis.asdas_esr,
    "pasi": pasi, "cdai_crohn": cdai_crohn, "edss": _edss, "cas": cas, "thyroid_status": thyroid_status,
    "burch_wartofsky": burch_wartofsky, "hba1c": diabetes.hba1c, "time_in_range": diabetes.time_in_range,
    "idaa1c": diabetes.idaa1c, "c_peptide": diabetes.c_peptide, "celiac_serology": celiac_serology,
    "ttg_multiple": ttg_multiple,
}  # fmt: skip

NOT_COMPUTED: Mapping[str, str] = MappingProxyType(
    {
        "SLE-DAS": "Not computed: its coefficients could not be confirmed in the publication (Jesus 2019, PMID 30626657).",
        "DAS28-3": "Not computed: the three-variable DAS28 is another formula and does not replace the four-variable one.",
    }
)


def _build() -> Mapping[str, Instrument]:
    built: dict[str, Instrument] = {}
    for record in records():
        formula = _FORMULAS.get(record.formula)
        if formula is None or record.id in built:
            raise ConfigurationError(f"knowledge file data/instruments.yaml: {record.id} has no formula, or is there twice")
        built[record.id] = Instrument(record, formula)
    return MappingProxyType(built)


INSTRUMENTS: Mapping[str, Instrument] = _build()
_BY_FOLDED_ID = {fold(name): instrument for name, instrument in INSTRUMENTS.items()}


def find_instrument(name: str) -> Instrument | None:
    """Return the instrument of an id written in any case and punctuation (`das28_crp`), or None."""
    return _BY_FOLDED_ID.get(fold(name))


@cache
def for_disease(disease: Disease) -> tuple[Instrument, ...]:
    """Return the instruments made for a disease, in file order."""
    return tuple(instrument for instrument in INSTRUMENTS.values() if disease in instrument.diseases)
