"""An analysis as the documented `/analyze` response: its field names, with fields added and none removed or renamed.

The same document is stored, exported and read by the pages, so that what was answered once can be shown again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_jsonable_python

from services.clinical.activity import INSTRUMENTS, ActivityScore
from services.clinical.analysis.alerts import critical_line
from services.clinical.analysis.model import DISCLAIMER, Analysis, CriteriaAssessment, Unrecognised
from services.clinical.antibodies import AntibodyReport
from services.clinical.differential import Differential
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.flare import FlareAssessment
from services.clinical.hla import HlaAssociation
from services.clinical.labs import LabPanel
from services.clinical.therapy import Recommendation
from services.knowledge.drugs import TherapyKind

NOT_GRADED = "not_graded"
"""`level` of a computed score whose instrument has no published activity bands (disability, extent, control, status)."""
RISK_SCORE_NOTE = "An ordinal score that orders patients; not a probability."
CONFIDENCE_NOTE = "Relative support among all hypotheses compared, none of the thirteen included; not a probability of disease."


def to_document(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as the `/analyze` response, of JSON types only."""
    document: dict[str, Any] = to_jsonable_python(response(analysis))
    return document


def response(analysis: Analysis) -> dict[str, Any]:
    """Return the same with frozen records left in place, for a serialiser that knows them (`pydantic_core.to_json`)."""
    therapy = analysis.therapy
    targeted = {TherapyKind.BIOLOGIC, TherapyKind.TARGETED_SYNTHETIC}
    return {
        "patient_id": analysis.profile.patient_id,
        "disease_activity_scores": [activity_row(score) for score in analysis.activity],
        "flare_predictions": [_flare_row(one) for one in analysis.flare],
        "hla_associations": [hla_row(one) for one in analysis.hla.associations],
        "biologic_recommendations": [therapy_row(one) for one in therapy.recommendations if one.kind in targeted],
        "critical_alerts": [critical_line(alert) for alert in analysis.critical_alerts],
        "cross_agent_findings": analysis.cross_findings,
        "analysed_on": analysis.analysed_on,
        "diagnoses": analysis.diagnoses,
        "alerts": analysis.alerts,
        "not_checkable": analysis.safety.not_checkable,
        "antibodies": _antibodies(analysis.antibodies),
        "labs": _labs(analysis.panel, analysis.current_labs),
        "hla": {
            "typed": analysis.hla.typed, "absent": analysis.hla.absent, "pgx": analysis.hla.pgx, "notes": analysis.hla.notes,
            "is_dq2_dq8_excluded": analysis.hla.is_dq2_dq8_excluded,
        },
        "genotypes": analysis.genotypes.genes,
        "genomics": {"tables": analysis.genomics.tables, "genotypes": analysis.genomics.genotypes},
        "criteria": [criteria_row(one) for one in analysis.criteria],
        **differential_rows(analysis.differential, analysis.diagnoses),
        "overlap": analysis.overlap,
        "other_therapies": [therapy_row(one) for one in therapy.recommendations if one.kind not in targeted],
        "excluded_therapies": [excluded_row(one) for one in therapy.excluded],
        "not_indicated_therapies": [not_indicated_row(one) for one in therapy.not_indicated],
        "therapy_notes": {
            "by_disease": therapy.disease_notes, "notes": therapy.notes, "ordering": therapy.ordering,
            "label": therapy.label_note, "missing": therapy.missing,
        },
        "medications": analysis.safety.medications,
        "proposed_medications": analysis.safety.proposed,
        "problems": analysis.problems,
        "questions": analysis.questions,
        **unrecognised_rows(analysis.unrecognised),
        "notes": (*analysis.notes, *analysis.safety.notes),
        "versions": analysis.versions,
        "disclaimer": DISCLAIMER,
    }


def level_of(score: ActivityScore) -> str:
    """Return the API's `level`: the activity level, `not_graded`, or the status of a score that was not computed."""
    if score.status is Status.OK:
        return score.level or NOT_GRADED
    return score.status.value


def activity_row(score: ActivityScore) -> dict[str, Any]:
    """Return one row of `disease_activity_scores`."""
    return {
        "disease": score.disease, "score_name": score.instrument_id, "score_value": score.value, "level": level_of(score),
        "components": score.components, "thresholds": score.thresholds, "status": score.status, "band": score.band,
        "title": score.name, "kind": INSTRUMENTS[score.instrument_id].record.kind, "missing": score.missing,
        "invalid": score.invalid, "lower_bound": score.lower_bound, "message": score.message, "explanation": score.explanation,
    }  # fmt: skip


def _flare_row(one: FlareAssessment) -> dict[str, Any]:
    return {
        "disease": one.disease, "current_activity": one.current_activity, "predicted_risk": one.level,
        "risk_score": one.risk_score,
        "contributing_factors": [factor.text for factor in one.contributing_factors],
        "protective_factors": [factor.text for factor in one.protective_factors],
        "recommended_monitoring": one.recommended_monitoring, "time_horizon_days": one.time_horizon_days,
        "outcome": one.outcome, "status": one.status, "risk_score_note": RISK_SCORE_NOTE,
        "factors": [*one.contributing_factors, *one.protective_factors], "missing": one.missing,
        "not_assessed": one.not_assessed, "alerts": one.alerts, "notes": one.notes, "explanation": one.explanation,
    }  # fmt: skip


def hla_row(one: HlaAssociation) -> dict[str, Any]:
    """Return one row of `hla_associations`. `pmid` is null where the source is cited otherwise; see `citation`."""
    return {
        "allele": one.allele, "disease": one.disease, "odds_ratio": one.odds_ratio, "pmid": one.source.pmid, "note": one.note,
        "label": one.label, "disease_name": one.disease_name, "subset": one.subset, "direction": one.direction,
        "confidence_interval": one.interval, "population": one.population, "absolute_risk": one.absolute_risk,
        "certainty": one.certainty, "is_uncertain": one.is_uncertain, "npv_only": one.npv_only, "modifiers": one.modifiers,
        "resolution": one.resolution, "citation": str(one.source), "explanation": one.explanation,
    }  # fmt: skip


def therapy_row(one: Recommendation) -> dict[str, Any]:
    """Return one treatment with the documented fields first."""
    return {
        "drug_name": one.drug_name, "drug_class": one.drug_class, "mechanism": one.mechanism,
        "indicated_diseases": one.indicated_diseases, "pgx_considerations": one.pgx_considerations,
        "contraindications": one.contraindications, "monitoring_requirements": one.monitoring_requirements,
        "efficacy_evidence": one.efficacy_evidence, "kind": one.kind, "is_current": one.is_current,
        "status_by_disease": one.status_by_disease, "alerts": [alert.code for alert in one.alerts],
        "not_checkable": one.not_checkable, "boxed_warnings": one.boxed_warnings, "warnings": one.warnings,
        "start_thresholds": one.start_thresholds, "screening": one.screening, "note": one.note,
        "explanation": one.explanation,
    }  # fmt: skip


def excluded_row(one: Recommendation) -> dict[str, Any]:
    """Return a treatment that is not recommended, with why."""
    return {
        "drug_name": one.drug_name, "drug_class": one.drug_class, "reasons": one.exclusion_reasons, "is_current": one.is_current,
        "status_by_disease": one.status_by_disease, "alerts": [alert.code for alert in one.alerts],
        "explanation": one.explanation,
    }  # fmt: skip


def not_indicated_row(one: Recommendation) -> dict[str, Any]:
    """Return a treatment some would think of and whose label or evidence says no."""
    return {
        "drug_name": one.drug_name, "drug_class": one.drug_class, "is_current": one.is_current,
        "status_by_disease": one.status_by_disease, "sources": one.sources,
    }  # fmt: skip


def criteria_row(one: CriteriaAssessment) -> dict[str, Any]:
    """Return one criteria set as far as it is answered. `classified` is null while open items can still decide it."""
    result = one.result
    return {
        "criteria_id": one.criteria.id, "name": one.criteria.name, "diseases": one.criteria.diseases,
        "purpose": one.criteria.purpose, "version": one.criteria.version, "status": result.status,
        "classified": result.classified, "category": result.category, "category_label": result.category_label,
        "entry_met": result.entry_met, "points": result.points, "points_max_reachable": result.points_max_reachable,
        "threshold": result.threshold, "items_met": one.items_met, "answers": one.answers, "origins": one.origins,
        "missing": result.missing, "invalid": result.invalid, "notes": result.notes, "statement": result.statement,
        "explanation": result.explanation,
    }  # fmt: skip


def differential_rows(differential: Differential, diagnoses: Iterable[Disease] = ()) -> dict[str, Any]:
    """Return the documented `differential` with what was added to it."""
    known = set(diagnoses)
    rows = [
        {
            "disease": one.disease, "confidence": one.confidence, "supporting_antibodies": one.supporting_antibodies,
            "supporting_hla": one.supporting_hla, "matching_symptoms": one.matching_symptoms,
            "classification_criteria_met": one.classification_criteria_met, "notes": one.notes, "score": one.score,
            "evidence": one.evidence, "rank": one.rank, "disease_name": one.disease.label, "is_diagnosed": one.disease in known,
            "contradicting": one.contradicting, "red_flags": one.red_flags, "explanation": one.explanation,
        }
        for one in differential.entries
    ]  # fmt: skip
    return {
        "differential": rows,
        "outside_conditions": differential.outside,
        "none_of_the_13": differential.none_of_the_13,
        "differential_summary": differential.summary,
        "differential_notes": differential.notes,
        "confidence_note": CONFIDENCE_NOTE,
    }


def _antibodies(report: AntibodyReport) -> dict[str, Any]:
    return {
        "findings": [
            {
                "written": one.written, "antibody": one.id, "name": one.canonical, "outcome": one.outcome,
                "titer": str(one.verdict.titer) if one.verdict.titer else None, "times_uln": one.verdict.times_uln,
                "how": one.verdict.how, "patterns": one.patterns, "is_nonspecific": one.is_nonspecific,
                "meets_sle_entry_criterion": one.meets_sle_entry_criterion, "links": one.links, "notes": one.notes,
                "explanation": one.explanation,
            }
            for one in report.findings
        ],
        "notes": report.notes,
    }  # fmt: skip


def _labs(panel: LabPanel, current: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {
            "key": one.key, "label": one.label, "value": one.value, "bound": one.bound, "unit": one.unit, "date": one.date,
            "lower_limit": one.lln, "upper_limit": one.uln, "limits_from": one.range_source, "flag": one.flag,
            "is_current": one.key in current,
            "written": one.written, "note": one.note,
        }
        for one in panel.readings
    ]  # fmt: skip


def unrecognised_rows(unrecognised: Iterable[Unrecognised]) -> dict[str, Any]:
    """Return the names nobody knew, as one list and by kind."""
    by_kind: dict[str, list[str]] = {}
    for one in unrecognised:
        by_kind.setdefault(one.kind, []).append(one.written)
    return {"unrecognised": [name for names in by_kind.values() for name in names], "unrecognised_by_kind": by_kind}
