"""Worked cases of flare risk: a disease and biomarkers onto `services.clinical.flare`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.disease import Disease
from services.clinical.flare import assess_flare
from services.clinical.profile import Profile


def flare(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return direction, listed factors and alerts. Age and sex, which these cases leave out, are those of an adult."""
    profile = Profile.model_validate({
        "patient_id": "case", "age": inputs.get("age", 45), "sex": inputs.get("sex", "F"),
        "biomarkers": inputs.get("biomarkers") or {}, "hla_profile": {},
        "current_medications": inputs.get("current_medications") or (),
        "extensions": {**(inputs.get("extensions") or {}), "flare_context": inputs.get("context") or {}},
    })
    found = assess_flare(
        profile, Disease(inputs["disease"]), current_activity=inputs.get("current_activity"),
        antibodies=inputs.get("antibodies") or {},
    )
    raised = sum(factor.strength for factor in found.contributing_factors)
    lowered = sum(factor.strength for factor in found.protective_factors)
    return {
        "status": found.status.value,
        "level": found.level,
        "direction": "increased" if raised > lowered else "decreased" if lowered > raised else "unchanged",
        "listed": [factor.text for factor in found.contributing_factors],
        "listed_protective": [factor.text for factor in found.protective_factors],
        "alerts": [f"{alert.title}: {alert.action}" for alert in found.alerts],
        "missing": list(found.missing),
    }


ADAPTERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"flare-risk": flare}
