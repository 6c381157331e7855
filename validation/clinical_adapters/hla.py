"""Worked cases of HLA typing onto `services.clinical.hla`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.hla import HlaReport, associations


def association(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return every association and drug finding as a claim, with what could not be read."""
    report = associations(inputs["hla"])
    return {
        "status": "ok",
        "claims": [*_diseases(report), *_drugs(report)],
        "unrecognised": list(report.unrecognised),
        "notes": list(report.notes),
    }


def _diseases(report: HlaReport) -> list[dict[str, Any]]:
    counted = Counter((one.label, one.disease) for one in report.associations)
    return [
        {
            "kind": "association", "allele": one.allele, "haplotype": one.label.split(" ")[0], "disease": one.disease,
            "direction": one.direction, "odds_ratio": one.odds_ratio, "modifier": " ".join(one.modifiers),
            "single_counted": counted[one.label, one.disease] == 1, "npv_note": one.npv_only,
            # the report carries no alerts: an association is never one
            "alert": None, "claim": one.note,
        }
        for one in report.associations
    ]


def _drugs(report: HlaReport) -> list[dict[str, Any]]:
    return [
        {"kind": "pharmacogenomic", "allele": one.allele, "drug": one.drug, "direction": one.direction, "effect": one.effect}
        for one in report.pgx
    ]


ADAPTERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"HLA-association": association}
