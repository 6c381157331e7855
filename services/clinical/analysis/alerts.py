"""Brings the alerts of all engines into one list, strongest first; the same finding is told once.

Critical are only what a rule calls critical or contraindicated, and true emergencies. Susceptibility (HLA, genotype without
the drug) raises nothing; high disease activity is an alert, not a critical one, and only from a computed score.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.clinical.activity import INSTRUMENTS, ActivityScore
from services.clinical.analysis.model import ClinicalAlert, CrossFinding
from services.clinical.antibodies import AntibodyReport
from services.clinical.explanation import Explanation, Input, Status
from services.clinical.flare import FlareAssessment
from services.clinical.genotypes import Genotypes
from services.clinical.hla import HlaReport
from services.clinical.overlap import OverlapFinding
from services.clinical.profile import Profile
from services.clinical.safety import SafetyReport, Scope, Severity
from services.clinical.safety.alerts import PATIENT

# The safety rules tell these too, from more findings: one emergency is one alert.
_SAME_EMERGENCY = {
    "TYPE_1_DIABETES_DKA": "DKA_RED_FLAG", "SYSTEMIC_SCLEROSIS_RENAL_CRISIS": "SSC_RENAL_CRISIS",
    "MYASTHENIA_GRAVIS_RESPIRATORY": "MG_CRISIS",
}  # fmt: skip
_SCOPES = {PATIENT: 0, Scope.CURRENT.value: 1, Scope.PROPOSED.value: 2, Scope.CANDIDATE.value: 3}
_EMERGENCY_BANDS = {
    "storm_highly_suggestive": ("Highly suggestive of thyroid storm", "Treat as an emergency: intensive care."),
    "impending_storm": ("Impending thyroid storm", "Urgent assessment; the clinical picture decides."),
}


def all_alerts(
    profile: Profile,
    safety: SafetyReport,
    flares: Iterable[FlareAssessment],
    antibodies: AntibodyReport,
    scores: Iterable[ActivityScore],
) -> tuple[ClinicalAlert, ...]:
    """Return every alert: critical ones first, then those on the patient, current, proposed and candidate drugs; notes last."""
    found = [*_safety(safety), *_flare(flares), *_activity(scores), *_identity(profile)]
    known = {alert.code for alert in found}
    found = [alert for alert in found if _SAME_EMERGENCY.get(alert.code) not in known]
    found += [alert for alert in _antibodies(antibodies) if alert.code not in known]
    return tuple(sorted(found, key=_order))


def _order(alert: ClinicalAlert) -> tuple[bool, bool, int, int, str]:
    group = _SCOPES[alert.scope]
    return (not alert.is_critical, alert.severity is Severity.INFO, group, -alert.severity.rank, alert.code)


def _safety(report: SafetyReport) -> Iterable[ClinicalAlert]:
    for one in report.alerts:
        yield ClinicalAlert(
            code=one.code, severity=one.severity, engine="safety", message=one.message, action=one.action, scope=one.scope,
            drugs=one.drugs, interacts_with=one.interacts_with, applies_to=one.applies_to, alternatives=one.alternatives,
            explanation=one.explanation,
        )  # fmt: skip


def _flare(flares: Iterable[FlareAssessment]) -> Iterable[ClinicalAlert]:
    for assessment in flares:
        for one in assessment.alerts:
            yield ClinicalAlert(
                code=f"{assessment.disease.value}_{one.id}".upper(),
                severity=Severity(one.severity),
                engine="flare",
                message=f"{one.title}: {'; '.join(one.because)}.",
                action=one.action,
                disease=assessment.disease,
                explanation=Explanation(
                    rule=one.title,
                    inputs=tuple(Input(name="because", value=reason) for reason in one.because),
                    sources=(one.source,),
                    version=assessment.explanation.version,
                ),
            )


def _antibodies(report: AntibodyReport) -> Iterable[ClinicalAlert]:
    for one in report.alerts:
        explanation = next((finding.explanation for finding in report.findings if finding.id in one.antibodies), None)
        yield ClinicalAlert(
            code=one.code, severity=Severity(one.severity), engine="autoantibodies", message=one.text, action="",
            applies_to=one.antibodies, explanation=explanation,
        )  # fmt: skip


def _activity(scores: Iterable[ActivityScore]) -> Iterable[ClinicalAlert]:
    for score in scores:
        if score.status is not Status.OK:
            continue
        shown = f"{score.instrument_id} {score.value:g}" if score.value is not None else score.instrument_id
        if INSTRUMENTS[score.instrument_id].record.kind == "emergency" and score.band in _EMERGENCY_BANDS:
            says, action = _EMERGENCY_BANDS[score.band]
            yield ClinicalAlert(
                code="EMERGENCY_SCORE", severity=Severity.CRITICAL, engine="activity", message=f"{says} ({shown}).",
                action=action, disease=score.disease, applies_to=(score.instrument_id,), explanation=score.explanation,
            )  # fmt: skip
        elif score.level in {"high", "very_high"}:
            yield ClinicalAlert(
                code="HIGH_DISEASE_ACTIVITY", severity=Severity.MODERATE, engine="activity",
                message=f"{score.disease.label}: {str(score.level).replace('_', ' ')} disease activity ({shown}).",
                action="Review treatment.", disease=score.disease, applies_to=(score.instrument_id,),
                explanation=score.explanation,
            )  # fmt: skip


def _identity(profile: Profile) -> Iterable[ClinicalAlert]:
    panel = profile.autoantibody_panel
    if panel is not None and panel.patient_id != profile.patient_id:
        yield ClinicalAlert(
            code="PANEL_OF_ANOTHER_PATIENT", severity=Severity.CRITICAL, engine="input",
            message="The autoantibody panel carries another patient id than the profile; it was read as sent.",
            action="Check whose results these are before using anything below.", applies_to=("autoantibody_panel",),
        )  # fmt: skip


def critical_line(alert: ClinicalAlert) -> str:
    """Return a critical alert as the one line the API lists: severity, drugs, message, action."""
    lead = {"candidate": "Do not start", "proposed": "Proposed", "current": "Current treatment"}.get(alert.scope, "")
    drugs = f"{lead}: {', '.join(alert.drugs)}. " if lead and alert.drugs else ""
    word = "EMERGENCY" if alert.engine in {"flare", "activity"} else alert.severity.value.upper()
    return f"{word}: {drugs}{alert.message} {alert.action}".strip()


def cross_findings(
    hla: HlaReport, genotypes: Genotypes, safety: SafetyReport, antibodies: AntibodyReport, overlaps: Iterable[OverlapFinding]
) -> tuple[CrossFinding, ...]:
    """Return what one part of the record says about another: for information, severity as the engines gave it."""
    found: list[CrossFinding] = []
    for drug in hla.pgx:
        found.append(
            CrossFinding(
                agent="hla", finding=f"{drug.allele} ({drug.certainty}): {drug.drug}: {drug.effect}", action=drug.action,
                severity=Severity(drug.severity), concerns=drug.drugs,
            )
        )
    for gene in genotypes.genes:
        if gene.phenotype is None:
            continue
        fired = [alert for alert in safety.alerts if alert.code.startswith(f"{gene.gene}_")]
        stated = gene.diplotype_text or gene.written
        shown = f"{gene.gene} {stated}" if stated == gene.phenotype else f"{gene.gene} {stated}: {gene.phenotype}"
        found.append(
            CrossFinding(
                agent="pharmacogenomics", finding=shown, action=fired[0].action if fired else "",
                severity=fired[0].severity if fired else Severity.INFO, concerns=fired[0].drugs if fired else (),
                gene=gene.gene, genotype=gene.diplotype_text or "", significance=gene.phenotype,
            )
        )
    found += [
        CrossFinding(agent="autoantibodies", finding=one.text, severity=Severity(one.severity), concerns=one.antibodies)
        for one in antibodies.alerts
    ]
    found += [
        CrossFinding(
            agent="overlap", finding=f"{one.name}: {', '.join(one.present)}. {one.statement}", action=one.note,
            severity=Severity.MODERATE,
        )
        for one in overlaps if one.state == "supported"
    ]
    return tuple(found)
