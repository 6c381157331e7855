"""Safety scenarios: a patient with proposed drugs through the safety review and the therapy report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.clinical.activity import scores_for
from services.clinical.antibodies import interpret
from services.clinical.explanation import Frozen
from services.clinical.hla import associations
from services.clinical.labs import normalise
from services.clinical.profile import Profile
from services.clinical.safety import gather, review
from services.clinical.therapy import recommend
from validation.clinical_scenarios import ScenarioAlert, ScenarioOutcome


def run_scenario(scenario: Mapping[str, Any]) -> ScenarioOutcome:
    """Return alerts, drugs offered without reservation, and every sentence the reader would see."""
    profile = _profile(scenario)
    panel = normalise(profile.biomarkers, profile.sex, age_years=profile.age)
    antibodies = None if profile.autoantibody_panel is None else interpret(
        profile.autoantibody_panel, profile.diagnosed_conditions, age=profile.age, sex=profile.sex,
        medications=profile.current_medications,
    )
    hla = associations(profile.hla_profile.alleles() if profile.hla_profile else ())
    scores = scores_for(profile, panel)
    facts = gather(profile, panel, antibodies=antibodies)
    safety = review(facts, activity=scores)
    therapy = recommend(profile, panel, antibodies=antibodies, hla=hla, activity=scores, facts=facts)
    alerts = [
        ScenarioAlert(
            alert.code, alert.severity.value, " ".join([alert.message, alert.action, *alert.drugs]), alert.applies_to)
        for alert in safety.alerts
    ]
    if antibodies is not None:
        alerts += [ScenarioAlert(alert.code, alert.severity, alert.text, alert.antibodies) for alert in antibodies.alerts]
    offered = [
        one.drug_name for one in therapy.recommendations
        if not one.excluded and not any(alert.excludes or alert.severity.value == "contraindicated" for alert in one.alerts)
    ]
    parts: list[Frozen | None] = [safety, therapy, hla, antibodies, *scores]
    return ScenarioOutcome(tuple(alerts), tuple(offered), " ".join(_texts(part.model_dump() for part in parts if part)))


def _profile(scenario: Mapping[str, Any]) -> Profile:
    patient = dict(scenario["patient"])
    proposed = list(scenario.get("proposed_medications") or ())
    if proposed:
        extensions = dict(patient.get("extensions") or {})
        extensions["proposed_medications"] = [*extensions.get("proposed_medications", ()), *proposed]
        patient["extensions"] = extensions
    if not any(patient.get(key) for key in ("autoantibody_panel", "hla_profile", "biomarkers")):
        # a profile must carry something to analyse; these scenarios are about drugs alone
        patient["hla_profile"] = {}
    return Profile.model_validate(patient)


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _texts(value)
