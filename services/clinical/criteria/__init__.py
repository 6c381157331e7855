"""Every criteria set the product judges, by id and by disease."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from services.clinical.criteria import (
    bowel,
    celiac,
    diabetes,
    multiple_sclerosis,
    myasthenia,
    psoriatic,
    rheumatoid,
    sjogren,
    sle,
    spondyloarthritis,
    ssc,
    thyroid,
)
from services.clinical.criteria.model import CriteriaSet, Rule
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.disease import Disease
from services.errors import ConfigurationError
from services.knowledge.catalogue import load

_RULES: dict[str, Rule] = {
    "sle_2019_eular_acr": sle.decide,
    "ra_2010_acr_eular": rheumatoid.decide,
    "ssc_2013_acr_eular": ssc.decide,
    "sjogren_2016_acr_eular": sjogren.decide,
    "asas_axial_2009": spondyloarthritis.decide_axial,
    "asas_peripheral_2011": spondyloarthritis.decide_peripheral,
    "modified_new_york_1984": spondyloarthritis.decide_modified_new_york,
    "caspar_2006": psoriatic.decide,
    "mcdonald_2017": multiple_sclerosis.decide_attack_onset,
    "mcdonald_2017_ppms": multiple_sclerosis.decide_primary_progressive,
    "ada_diabetes_2025": diabetes.decide_diabetes,
    "t1d_staging_2015": diabetes.decide_stage,
    "celiac_espghan_2020": celiac.decide_serology,
    "marsh_oberhuber": celiac.decide_marsh,
    "graves_ata_2016": thyroid.decide_graves,
    "hashimoto_ata_2014": thyroid.decide_hashimoto,
    "mg_diagnosis": myasthenia.decide_diagnosis,
    "mgfa_class": myasthenia.decide_mgfa,
    "ibd_lennard_jones": bowel.decide_diagnosis,
    "montreal_crohn": bowel.decide_montreal_crohn,
    "montreal_uc": bowel.decide_montreal_uc,
}


def _build() -> Mapping[str, CriteriaSet]:
    records = {record.id: record for record in load("criteria", CriteriaRecord)}
    if set(records) != set(_RULES):
        raise ConfigurationError(f"criteria.yaml and the rules differ: {sorted(set(records) ^ set(_RULES))}")
    return MappingProxyType({key: CriteriaSet(records[key], rule) for key, rule in _RULES.items()})


CRITERIA: Mapping[str, CriteriaSet] = _build()


@cache
def for_disease(disease: Disease) -> tuple[CriteriaSet, ...]:
    """Return the sets that concern `disease`, in the order of the registry."""
    return tuple(criteria for criteria in CRITERIA.values() if disease in criteria.diseases)
