"""The safety review of one patient: every alert, every open question, every medication that was not recognised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.clinical.activity import INSTRUMENTS, ActivityScore
from services.clinical.antibodies import AntibodyReport
from services.clinical.conditions import Conditions
from services.clinical.explanation import Explanation, Frozen, Status, Step
from services.clinical.labs import LabPanel
from services.clinical.medications import Medication
from services.clinical.profile import Profile
from services.clinical.safety.alerts import (
    PATIENT,
    RULES_VERSION,
    Alert,
    DrugCheck,
    NotCheckable,
    candidates,
    check,
    joined,
    joined_questions,
    patient_alerts,
    subjects,
)
from services.clinical.safety.facts import Facts, gather
from services.knowledge.drugs import Scope, Severity


class SafetyReport(Frozen):
    """Alerts, strongest first; open questions on current and proposed drugs; what could not be read.

    `medications` are the current and `proposed` the proposed ones as recognised.
    """

    alerts: tuple[Alert, ...]
    not_checkable: tuple[NotCheckable, ...]
    notes: tuple[str, ...]
    medications: tuple[Medication, ...]
    proposed: tuple[Medication, ...]
    unrecognised: tuple[str, ...]


def alerts(
    profile: Profile,
    panel: LabPanel | None = None,
    *,
    conditions: Conditions | None = None,
    antibodies: AntibodyReport | None = None,
    activity: Sequence[ActivityScore] = (),
    today: date | None = None,
) -> tuple[Alert, ...]:
    """Return the alerts of `review`."""
    facts = gather(profile, panel, conditions=conditions, antibodies=antibodies, today=today)
    return review(facts, activity=activity).alerts


def review(facts: Facts, *, activity: Sequence[ActivityScore] = ()) -> SafetyReport:
    """Evaluate every rule for the current, proposed and candidate drugs and for the patient.

    A candidate nobody has written down raises an alert only where the rule is strong and holds for what the patient has,
    not for what they take. `activity` adds one note-level alert for the instruments whose inputs are missing.
    """
    taken = [check(one, facts) for one in subjects(facts.current, Scope.CURRENT)]
    taken += [check(one, facts) for one in subjects(facts.proposed, Scope.PROPOSED)]
    offered = [check(one, facts) for one in candidates(facts)]
    found = [alert for one in taken for alert in one.alerts]
    fired = {alert.code for alert in found}
    found += [alert for one in offered for alert in one.alerts if alert.code not in fired and _speaks_for_itself(alert)]
    found += [*patient_alerts(facts), *_insufficient(activity), *(one for drug in taken for one in _unscreened(drug))]
    unread = tuple(one.text for one in facts.taken if not one.is_recognised)
    return SafetyReport(
        alerts=joined(found),
        not_checkable=joined_questions([question for one in taken for question in one.not_checkable]),
        notes=_notes(facts, taken, unread),
        medications=facts.current,
        proposed=facts.proposed,
        unrecognised=(*unread, *facts.conditions.unrecognised, *facts.genotypes.unrecognised, *facts.unread_alleles),
    )


def _speaks_for_itself(alert: Alert) -> bool:
    """Whether an alert on a candidate concerns the patient before anybody thinks of the drug."""
    return not alert.interacts_with and (alert.excludes or alert.severity.rank >= Severity.MAJOR.rank)


def _notes(facts: Facts, taken: Sequence[DrugCheck], unread: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if not facts.current:
        notes.append("No current medication is listed: interactions with current treatment could not be checked.")
    if unread:
        notes.append(f"Not recognised and therefore not checked: {', '.join(unread)}.")
    if any(one.alerts for one in taken):
        notes.append("The rules cover the drugs of these diseases; use an interaction checker for everything else.")
    return tuple(notes)


def _unscreened(drug: DrugCheck) -> list[Alert]:
    """Say what is not known and could rule the drug out: stronger before the first dose than during treatment."""
    bars = [one for one in drug.not_checkable if one.severity.rank >= Severity.CRITICAL.rank]
    if not bars:
        return []
    missing = tuple(dict.fromkeys(fact for one in bars for fact in one.missing))
    return [
        Alert(
            code="SCREENING_INCOMPLETE",
            severity=Severity.MAJOR if drug.scope is Scope.PROPOSED else Severity.MODERATE,
            message=f"{drug.drug}: not known, and able to rule it out: {'; '.join(missing)}.",
            action="Establish these before the first dose." if drug.scope is Scope.PROPOSED else "Look these up.",
            scope=drug.scope.value,
            drugs=(drug.drug,),
            applies_to=(drug.drug,),
            explanation=Explanation(
                rule="SCREENING_INCOMPLETE: a rule that cannot be decided is not a rule that is passed",
                steps=tuple(Step(label=one.code, note=one.title) for one in bars),
                missing=missing,
                version=RULES_VERSION,
            ),
        )
    ]


def _labels(score: ActivityScore) -> list[str]:
    """What is missing as a person calls it; a name that is no item of the instrument stands as it is."""
    instrument = INSTRUMENTS.get(score.instrument_id)
    labels = {item.key: item.label for item in instrument.items} if instrument is not None else {}
    return [labels.get(key, key) for key in score.missing]


def _insufficient(activity: Sequence[ActivityScore]) -> list[Alert]:
    """Say which instruments of the diagnoses could not be computed; nothing is estimated in their place."""
    lacking = [score for score in activity if score.status is Status.INSUFFICIENT_DATA]
    if not lacking:
        return []
    named = "; ".join(f"{score.name} (missing {', '.join(_labels(score)[:6]) or 'its items'})" for score in lacking[:8])
    return [
        Alert(
            code="INSUFFICIENT_DATA_ACTIVITY",
            severity=Severity.INFO,
            message=f"Insufficient data for disease activity: {named}.",
            action="Record the missing items; no score is estimated from other values.",
            scope=PATIENT,
            applies_to=tuple(dict.fromkeys(name for score in lacking for name in (score.instrument_id, score.name))),
            explanation=Explanation(
                rule="INSUFFICIENT_DATA_ACTIVITY: an instrument is reported only when its inputs are complete",
                missing=tuple(dict.fromkeys(item for score in lacking for item in score.missing)),
                version=RULES_VERSION,
            ),
        )
    ]
