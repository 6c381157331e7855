"""Safety scenarios: a patient in, the alerts and the treatments offered out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.clinical import activity, safety, therapy
from services.clinical.labs import normalise
from services.clinical.profile import Profile
from validation.clinical_scenarios import ScenarioAlert, ScenarioOutcome


def profile_of(scenario: Mapping[str, Any]) -> Profile:
    """Return the scenario's patient, its proposed medications moved to where a profile carries them."""
    patient = dict(scenario["patient"])
    extensions = dict(patient.get("extensions") or {})
    proposed = list(scenario.get("proposed_medications") or ())
    if proposed:
        extensions["proposed_medications"] = [*extensions.get("proposed_medications", ()), *proposed]
    # a scenario may state no measurement at all; the documented profile asks for one of three blocks
    patient.setdefault("hla_profile", {})
    return Profile.model_validate({**patient, "extensions": extensions})


def run_scenario(scenario: Mapping[str, Any]) -> ScenarioOutcome:
    """Return what safety and therapy say of the scenario's patient."""
    profile = profile_of(scenario)
    panel = normalise(profile.biomarkers, profile.sex, age_years=profile.age)
    scores = activity.scores_for(profile, panel)
    facts = safety.gather(profile, panel)
    review = safety.review(facts, activity=scores)
    report = therapy.recommend(profile, panel, activity=scores, facts=facts)
    return ScenarioOutcome(
        alerts=tuple(
            ScenarioAlert(one.code, one.severity.value, f"{one.message} {one.action}", one.applies_to)
            for one in review.alerts
        ),
        offered=tuple(one.drug_name for one in report.recommendations),
        everything=f"{review.model_dump_json()} {report.model_dump_json()}",
    )
