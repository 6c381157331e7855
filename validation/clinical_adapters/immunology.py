"""Worked cases of HLA associations and antibody panels onto `services.clinical.hla` and `services.clinical.antibodies`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.clinical.antibodies import AntibodyReport, Measurement, interpret
from services.clinical.disease import Disease
from services.clinical.hla import HlaAssociation, HlaReport, associations
from services.clinical.labs import convert, normalise, resolve


def hla(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return one claim for each association and typed allele, and one for each drug finding."""
    report = associations(inputs.get("hla") or ())
    return {
        "status": "ok",
        "claims": [*_association_claims(report), *_drug_claims(report)],
        "unrecognised": list(report.unrecognised),
        "notes": [*report.notes, *(one.note for one in report.associations), *(one.resolution for one in report.associations)],
        "alerts": [],
    }


def _association_claims(report: HlaReport) -> Iterable[dict[str, Any]]:
    for one in report.associations:
        for allele in dict.fromkeys((*one.alleles, one.allele)):
            yield {
                "kind": "association",
                "allele": allele,
                "haplotype": one.label.partition(" (")[0],
                "disease": one.disease,
                "direction": one.direction,
                "odds_ratio": one.odds_ratio,
                "modifier": "; ".join(one.modifiers),
                "single_counted": _is_counted_once(one, report),
                "npv_note": one.npv_only,
                "claim": f"{one.label}: {one.note}",
            }


def _is_counted_once(one: HlaAssociation, report: HlaReport) -> bool:
    return sum(bool(set(one.alleles) & set(other.alleles)) for other in report.of(one.disease)) == 1


def _drug_claims(report: HlaReport) -> Iterable[dict[str, Any]]:
    for one in report.pgx:
        for allele in dict.fromkeys((*one.allele.split(" + "), one.label)):
            for drug in (one.drug, *one.drugs):
                yield {
                    "kind": "pharmacogenomic",
                    "allele": allele,
                    "drug": drug,
                    "direction": one.direction,
                    "effect": f"{one.effect}; {one.action}",
                    "claim": one.action,
                }


def antibodies(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the panel as claims, notes and alerts. A case of free text has no panel and is not answered here."""
    if "results" not in inputs:
        return {"status": "not_applicable"}
    report = interpret(
        [Measurement.model_validate(result) for result in inputs.get("results") or ()],
        [disease for name in inputs.get("diagnosed_conditions") or () if (disease := Disease.parse(name)) is not None],
        age=inputs.get("age"),
        sex=inputs.get("sex"),
        medications=tuple(inputs.get("current_medications") or inputs.get("medications") or ()),
        total_iga_g_per_l=_total_iga(inputs.get("biomarkers") or {}),
    )
    first = report.findings[0] if report.findings else None
    return {
        "status": "ok",
        "claims": list(_antibody_claims(report)),
        "canonical": first.canonical if first else None,
        "disease": first.links[0].disease if first and first.links else None,
        "positivity": first.outcome.value if first else None,
        "positive_findings": [one.canonical for one in report.positive_findings],
        "notes": [*report.notes, *(note for one in report.findings for note in one.notes), *_questions(report)],
        "alerts": [one.text for one in report.alerts],
        "unrecognised": list(report.unrecognised),
    }


def _antibody_claims(report: AntibodyReport) -> Iterable[dict[str, Any]]:
    for one in report.findings:
        if one.meets_sle_entry_criterion:
            yield {"antibody": one.canonical, "entry_criterion_SLE": True}
        for disease in one.diseases:
            yield {"antibody": one.canonical, "disease": disease, "as_positive": True}


def _questions(report: AntibodyReport) -> Iterable[str]:
    for one in report.questions:
        yield f"{one.written} is ambiguous: {', '.join(one.candidates)}. {one.question}"


def _total_iga(biomarkers: Mapping[str, Any]) -> float | None:
    """Return total IgA in g/L; a bare number is read as this project reads laboratory values."""
    reading, analyte = normalise(biomarkers).get("iga"), resolve("IgA")
    if reading is None or analyte is None:
        return None
    return reading.value / convert(1, "g/L", analyte)


ADAPTERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "HLA-association": hla,
    "autoantibody-interpretation": antibodies,
}
