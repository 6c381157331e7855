"""Short ways to write a patient for the safety and therapy tests."""

from __future__ import annotations

from typing import Any

from services.clinical.profile import Profile

DISEASES = {
    "RA": "rheumatoid_arthritis", "SLE": "systemic_lupus_erythematosus", "MS": "multiple_sclerosis",
    "T1D": "type_1_diabetes", "IBD": "inflammatory_bowel_disease", "PSO": "psoriasis", "AS": "ankylosing_spondylitis",
    "SJD": "sjogrens_syndrome", "SSC": "systemic_sclerosis", "MG": "myasthenia_gravis", "CD": "celiac_disease",
    "GD": "graves_disease", "HT": "hashimoto_thyroiditis",
}  # fmt: skip


def patient(
    dx: str = "",
    *,
    meds: str = "",
    prop: str = "",
    ab: str = "",
    hla: str = "",
    gen: str = "",
    bio: dict[str, Any] | None = None,
    age: int = 40,
    sex: str = "F",
    **extensions: Any,
) -> Profile:
    """Return a profile. `meds` and `prop` are separated by ";", `ab` is "AQP4+, AChR-", `gen` is "TPMT=*1/*3A"."""
    results = [
        {"antibody": one.strip()[:-1], "value": float(one.strip()[-1] == "+"), "positive": one.strip()[-1] == "+"}
        for one in ab.split(",")
        if one.strip()
    ]
    typing: dict[str, list[str]] = {}
    for allele in hla.split():
        typing.setdefault(f"hla_{allele.split('*')[0].lower()}", []).append(allele)
    if prop:
        extensions["proposed_medications"] = [one.strip() for one in prop.split(";")]
    return Profile.model_validate(
        {
            "patient_id": "P1",
            "age": age,
            "sex": sex,
            "diagnosed_conditions": [DISEASES[one] for one in dx.split()],
            "current_medications": [one.strip() for one in meds.split(";") if one.strip()],
            "autoantibody_panel": {"patient_id": "P1", "collection_date": "2026-01-01", "results": results},
            "hla_profile": typing,
            "genotypes": dict(one.strip().split("=") for one in gen.split(",") if one.strip()),
            "biomarkers": bio or {},
            "extensions": extensions,
        }
    )
