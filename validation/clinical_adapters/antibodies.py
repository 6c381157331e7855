"""Worked cases of antibody results onto `services.clinical.antibodies`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.analysis import analyse
from services.clinical.antibodies import AntibodyReport, Measurement, interpret
from services.clinical.conditions import parse
from services.clinical.disease import Disease
from services.clinical.profile import HlaProfile, Profile
from services.clinical.symptoms.matching import concepts


def interpretation(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the panel was read as, or for a case of free text the laboratory values found in it."""
    if "free_text" in inputs:
        return {"status": "ok", "labs": _labs_in(str(inputs["free_text"]))}
    report = interpret(
        [Measurement.model_validate(result) for result in inputs.get("results", ())],
        [Disease(condition) for condition in inputs.get("diagnosed_conditions", ())],
    )
    return {
        "status": "ok",
        "claims": _claims(report),
        "canonical": report.findings[0].canonical if report.findings else None,
        "disease": next((disease for finding in report.findings for disease in finding.diseases), None),
        "positive_findings": [finding.canonical for finding in report.positive_findings],
        "unrecognised": list(report.unrecognised),
        "alerts": [alert.text for alert in report.alerts],
        "notes": [*report.notes, *(note for finding in report.findings for note in finding.notes)],
    }


def _labs_in(text: str) -> list[str]:
    """Return every laboratory finding and number the analysis takes from a sentence of the history."""
    profile = Profile(
        patient_id="case", age=45, sex="F", hla_profile=HlaProfile(), extensions={"symptoms": [text], "history": [text]}
    )
    findings = [one.name for one in analyse(profile).differential.findings if concepts()[one.concept].labs]
    return [*findings, *parse(profile).numbers]


def _claims(report: AntibodyReport) -> list[dict[str, Any]]:
    claims: list[dict[str, Any]] = []
    for finding in report.findings:
        claims.append({"antibody": finding.canonical, "entry_criterion_SLE": finding.meets_sle_entry_criterion})
        claims += [
            {"antibody": finding.canonical, "disease": link.disease, "as_positive": link.applies is True}
            for link in finding.links
        ]
    return claims


ADAPTERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"autoantibody-interpretation": interpretation}
