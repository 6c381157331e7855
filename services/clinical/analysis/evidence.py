"""Connects the engines: what one found becomes what another asks for. Unknown stays unknown on every way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from services.clinical.activity import INSTRUMENTS, ActivityScore
from services.clinical.analysis.stated_items import SYNOVITIS, shows_synovitis
from services.clinical.antibodies import AntibodyFinding, AntibodyReport, antibodies
from services.clinical.conditions import State
from services.clinical.conditions.extensions import FROM_DIAGNOSIS
from services.clinical.criteria.prefill import AntibodyFinding as CriteriaAntibody
from services.clinical.criteria.prefill import Evidence, LabFinding
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.flare.context import context_of
from services.clinical.hla import HlaReport
from services.clinical.labs import LabPanel
from services.clinical.overlap import OverlapEvidence
from services.clinical.profile import Profile
from services.clinical.safety import Facts
from services.clinical.symptoms import Finding, ancestors
from services.clinical.titers import Outcome

_DECIDED = {Outcome.POSITIVE: True, Outcome.NEGATIVE: False}
_LEVELS = ("remission", "low", "moderate", "high", "very_high")
ISLET_ANTIBODIES = ("gad65", "ia2", "znt8", "iaa")
HIGH_STEROID_MG = 15.0


def outcomes(report: AntibodyReport, *, on_insulin: bool) -> dict[str, bool | None]:
    """Return each tested antibody as positive, negative or not decided.

    Insulin treatment induces insulin antibodies: a positive result then decides nothing.
    """
    found: dict[str, bool | None] = {}
    for antibody in dict.fromkeys(finding.id for finding in report.findings):
        outcome = report.outcome_of(antibody)
        found[antibody] = None if outcome is None else _DECIDED.get(outcome)
    if on_insulin and found.get("iaa"):
        found["iaa"] = None
    return found


def takes_insulin(facts: Facts) -> bool:
    """Whether insulin is among the current medications."""
    return any("insulin" in name for medication in facts.current for name in medication.names)


def names_of(known: Mapping[str, bool | None], *, positive: bool) -> tuple[str, ...]:
    """Return the names of the antibodies with this result."""
    return tuple(antibodies()[one].name for one, result in known.items() if result is positive)


def criteria_evidence(
    panel: LabPanel, report: AntibodyReport, known: Mapping[str, bool | None], hla: HlaReport, *, age: int, is_pregnant: bool
) -> Evidence:
    """Return the evidence criteria sets are prefilled from. In pregnancy typical limits are not compared with."""
    return Evidence(
        antibodies={antibody: _for_criteria(antibody, result, report) for antibody, result in known.items()},
        labs=lab_findings(panel, is_pregnant=is_pregnant),
        age_years=age,
        hla_b27=hla_b27(hla),
    )


def lab_findings(panel: LabPanel, *, is_pregnant: bool) -> dict[str, LabFinding]:
    """Return the readings as criteria sets take them."""
    return {
        one.key: LabFinding(one.value, bound=one.bound)
        if is_pregnant and one.range_source == "typical"
        else LabFinding(one.value, one.lln, one.uln, one.bound)
        for one in panel.readings
    }


def _for_criteria(antibody: str, result: bool | None, report: AntibodyReport) -> CriteriaAntibody:
    findings = [finding for finding in report.findings if finding.id == antibody]
    multiples = [one.verdict.times_uln for one in findings if one.verdict.times_uln is not None]
    titers = [titer for one in findings if (titer := _reached(one)) is not None]
    if result is None:
        return CriteriaAntibody()
    return CriteriaAntibody(result, max(multiples, default=None), max(titers, default=None))


def _reached(finding: AntibodyFinding) -> int | None:
    titer = finding.verdict.titer
    return titer.dilution if titer is not None and titer.is_reactive else None


def hla_b27(hla: HlaReport) -> bool | None:
    """Return whether HLA-B27 is carried; no only where it was reported absent or two other B alleles are typed."""
    typed = [one for one in hla.typed if one.startswith("B*")]
    if any(one.startswith("B*27") for one in typed):
        return True
    return False if "B*27" in hla.absent_alleles or len(typed) >= 2 else None


def stated_findings(facts: Facts) -> dict[str, bool]:
    """Return what the record itself states as present or absent, without what only follows from a diagnosis.

    Safety takes Raynaud for granted in systemic sclerosis; as evidence for the diagnosis that would be a circle. What is
    only suspected warns in safety, and is no evidence here.
    """
    return {
        name: finding.state is State.PRESENT
        for name, finding in facts.conditions.findings.items()
        if not finding.text.startswith(FROM_DIAGNOSIS) and not (finding.suspected and finding.state is State.PRESENT)
    }


def stated_texts(facts: Facts) -> dict[str, str]:
    """Return the words of what the record states as present, by finding."""
    present = stated_findings(facts)
    return {name: finding.text for name, finding in facts.conditions.findings.items() if present.get(name)}


def flare_context(
    profile: Profile, facts: Facts, findings: Iterable[Finding], known: Mapping[str, bool | None], hla: HlaReport
) -> dict[str, bool]:
    """Return what the record says of the situations flare predictors ask for; what the profile answers itself stands."""
    states = stated_findings(facts)
    found: dict[str, bool] = {
        name: states[finding] for name, finding in _CONTEXT_FROM_CONDITIONS.items() if finding in states
    }
    smoking = facts.conditions.get("smoker")
    if found.get("smoking") and smoking is not None and _FORMER.search(smoking.text):
        del found["smoking"]  # the finding covers current and past smoking, the predictor is current smoking
    present = {finding.concept for finding in findings if finding.present}
    found |= {name: True for name, concepts in _CONTEXT_FROM_SYMPTOMS.items() if present & concepts}
    islet = [known[one] for one in ISLET_ANTIBODIES if one in known]
    if islet.count(True) >= 2:
        found["multiple_islet_autoantibodies"] = True
    elif len(islet) == len(ISLET_ANTIBODIES) and None not in islet:
        found["multiple_islet_autoantibodies"] = False
    if any(one.id == "celiac_dq25_dq25" and one.certainty == "typed" for one in hla.associations):
        found["dq25_homozygous"] = True
    dose = facts.numbers.get("steroid_dose")
    if dose is not None:
        found["high_dose_glucocorticoid"] = dose >= HIGH_STEROID_MG
    return found | context_of(profile)


_FORMER = re.compile(r"\b(?:ex|former|past|previous|quit|stopped|gave up|until)\b", re.IGNORECASE)
_CONTEXT_FROM_CONDITIONS = {
    "pregnancy": "pregnancy", "third_trimester": "third_trimester", "smoking": "smoker", "alcohol": "alcohol",
    "thymoma": "thymoma", "weight_loss": "weight_loss", "infection": "active_infection", "prior_nephritis": "lupus_nephritis",
}  # fmt: skip
_CONTEXT_FROM_SYMPTOMS: Mapping[str, frozenset[str]] = {
    "telangiectasia": frozenset({"telangiectasia"}), "tendon_friction_rubs": frozenset({"tendon_friction_rub"}),
    "parotid_swelling": frozenset({"parotid_enlargement"}), "obesity": frozenset({"obesity"}),
    "bulbar_symptoms": frozenset({"dysphagia", "dysarthria", "chewing_fatigue"}),
    "streptococcal_infection": frozenset({"recent_strep"}), "postpartum": frozenset({"postpartum"}),
}  # fmt: skip


def current_activity(disease: Disease, scores: Iterable[ActivityScore]) -> str | None:
    """Return the highest level any computed activity instrument of the disease gives, None where none gives one."""
    levels = [
        score.level for score in scores
        if score.disease is disease and score.status is Status.OK and score.level is not None
        and INSTRUMENTS[score.instrument_id].record.kind in {"activity", "patient_reported"}
    ]
    return max(levels, key=_LEVELS.index) if levels else None


def overlap_evidence(
    diagnoses: tuple[Disease, ...], facts: Facts, findings: Iterable[Finding], known: Mapping[str, bool | None]
) -> OverlapEvidence:
    """Return what overlap syndromes ask for: results, findings with what they imply, diagnoses, laboratory values."""
    told = tuple(findings)
    features: dict[str, bool | None] = {}
    for finding in told:
        features[finding.concept] = finding.present or features.get(finding.concept) is True
        if finding.present:
            features |= dict.fromkeys(ancestors(finding.concept), True)
    for name, is_present in stated_findings(facts).items():
        features.setdefault(name, is_present)
    inflamed = shows_synovitis(told)
    features[SYNOVITIS] = True if inflamed else False if features.get("arthritis") is False else None
    return OverlapEvidence(antibodies=known, features=features, conditions=diagnoses, labs=facts.panel)
