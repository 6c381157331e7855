"""Evaluate the rules for a patient: what fires, and what could not be checked.

A rule is evaluated for each drug that is taken, proposed, or a candidate for one of the diagnoses; rules about the
patient are evaluated once. Alerts of one rule are joined, strongest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from services.clinical.explanation import Explanation, Frozen, Input, Step
from services.clinical.medications import Medication, parse_all
from services.clinical.safety.evaluation import Subject, Verdict, verdict_of
from services.clinical.safety.facts import Facts
from services.knowledge.drugs import LabelStatus, Rule, Scope, Severity, Therapy, classes_of, rules, selects, therapies

RULES_VERSION = "drug rules 2"
PATIENT = "patient"


class Alert(Frozen):
    """One thing the reader must see. `scope` is current, proposed, candidate or patient: why it was looked at.

    `drugs` are the drugs it fired for, `interacts_with` the other drugs that made it fire, `applies_to` all it concerns.
    `excludes`: these drugs are not recommended while it holds.
    """

    code: str
    severity: Severity
    message: str
    action: str
    scope: str
    drugs: tuple[str, ...] = ()
    interacts_with: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    excludes: bool = False
    explanation: Explanation


class NotCheckable(Frozen):
    """A rule that could not be decided. `missing` is what would decide it; until then the drug is not cleared."""

    code: str
    title: str
    severity: Severity
    drugs: tuple[str, ...]
    scope: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrugCheck:
    """What the rules say of one drug for one patient."""

    drug: str
    scope: Scope
    alerts: tuple[Alert, ...] = ()
    not_checkable: tuple[NotCheckable, ...] = ()

    @property
    def excluding(self) -> tuple[Alert, ...]:
        """The alerts that take the drug off the recommendations."""
        return tuple(alert for alert in self.alerts if alert.excludes)


def subjects(medications: Iterable[Medication], scope: Scope) -> tuple[Subject, ...]:
    """Return one subject for each drug of each medication."""
    return tuple(
        Subject(drug.name, drug.classes, scope, medication) for medication in medications for drug in medication.drugs
    )


def candidate(therapy: Therapy) -> Subject:
    """Return a therapy as a subject nobody has written down."""
    return _candidate(therapy.name)


@cache
def _candidate(therapy: str) -> Subject:
    name = therapy.lower()
    return Subject(name, classes_of()[name], Scope.CANDIDATE)


def candidates(facts: Facts) -> tuple[Subject, ...]:
    """Return the therapies with a use, on- or off-label, in one of the patient's diseases that are not taken or proposed."""
    listed = {drug.name for medication in facts.taken for drug in medication.drugs}
    ids = {disease.value for disease in facts.diseases}
    return tuple(one for one, diseases in _usable() if one.name not in listed and not ids.isdisjoint(diseases))


@cache
def _usable() -> tuple[tuple[Subject, frozenset[str]], ...]:
    """Return every therapy with the diseases it has a use in, on- or off-label."""
    return tuple(
        (candidate(one), frozenset(use.disease for use in one.uses if use.status is not LabelStatus.NOT_INDICATED))
        for one in therapies()
    )


def check(subject: Subject, facts: Facts) -> DrugCheck:
    """Evaluate every rule that names this drug."""
    key = (subject.name, subject.scope, id(subject.medication))
    known: DrugCheck | None = facts.memory.get(key)
    if known is None:
        known = facts.memory[key] = _check(subject, facts)
    return known


def _check(subject: Subject, facts: Facts) -> DrugCheck:
    alerts: list[Alert] = []
    open_questions: list[NotCheckable] = []
    for rule in _rules_in(subject.name, subject.classes, subject.scope):
        verdict = facts.memory.get(rule.code) or verdict_of(rule, facts, subject)
        if verdict.truth is False:
            continue
        if verdict.truth:
            alerts.append(_alert(rule, verdict, subject, facts))
        elif rule.ask and verdict.asks:
            open_questions.append(
                _open_question(rule.code, rule.title, rule.severity, subject.name, subject.scope, verdict.asks)
            )
    alerts += _allergy(subject, facts)
    ordered = tuple(sorted(alerts, key=lambda one: (-one.severity.rank, one.code)))
    return DrugCheck(drug=subject.name, scope=subject.scope, alerts=ordered, not_checkable=tuple(open_questions))


@lru_cache(maxsize=8192)
def _open_question(
    code: str, title: str, severity: Severity, drug: str, scope: Scope, missing: tuple[str, ...]
) -> NotCheckable:
    """Build a question once: the same rule asks the same of most patients."""
    return NotCheckable(code=code, title=title, severity=severity, drugs=(drug,), scope=scope.value, missing=missing)


def patient_alerts(facts: Facts) -> tuple[Alert, ...]:
    """Evaluate the rules that are about the patient rather than a drug."""
    found = [
        _alert(rule, verdict, None, facts)
        for rule in _rules_about_patient()
        if (verdict := verdict_of(rule, facts, None)).truth is True
    ]
    return tuple(found)


@cache
def _rules_about_patient() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules() if not rule.drugs)


@cache
def _rules_for(name: str, classes: frozenset[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules() if rule.drugs and selects(rule.drugs, name, classes))


@cache
def _rules_in(name: str, classes: frozenset[str], scope: Scope) -> tuple[Rule, ...]:
    return tuple(rule for rule in _rules_for(name, classes) if scope in rule.scopes)


def rules_for(subject: Subject) -> tuple[Rule, ...]:
    """Return the rules that name this drug or one of its classes, in file order."""
    return _rules_for(subject.name, subject.classes)


def _alert(rule: Rule, verdict: Verdict, subject: Subject | None, facts: Facts) -> Alert:
    drugs = (subject.name,) if subject is not None else ()
    concerned = dict.fromkeys((*drugs, *verdict.partners, *rule.applies_to))
    return Alert(
        code=rule.code,
        severity=rule.severity,
        message=rule.text,
        action=rule.action,
        scope=subject.scope.value if subject is not None else PATIENT,
        drugs=drugs,
        interacts_with=verdict.partners,
        applies_to=tuple(concerned),
        alternatives=rule.alternatives,
        excludes=bool(drugs) and rule.removes,
        explanation=_explanation(rule, verdict, facts),
    )


def _explanation(rule: Rule, verdict: Verdict, facts: Facts) -> Explanation:
    """Return the explanation of a rule, the same one for all the drugs it fires for on the same grounds."""
    key = ("why", rule.code, id(verdict))
    known = facts.memory.get(key)
    if known is None:  # the verdict is kept with it, so that its id stays its own
        known = facts.memory[key] = (
            verdict,
            Explanation(
                rule=f"{rule.code}: {rule.title}",
                inputs=verdict.inputs,
                steps=(Step(label=rule.title, note="the condition holds"),),
                sources=rule.sources,
                version=RULES_VERSION,
            ),
        )
    explanation: Explanation = known[1]
    return explanation


def _allergy(subject: Subject, facts: Facts) -> list[Alert]:
    """Fire for a drug the patient is stated to be allergic to; there is no rule row because it holds for every drug."""
    if not facts.conditions.allergies:
        return []
    from_text = [
        written.text
        for written in _allergies(facts)
        if any(drug.name == subject.name or (drug.is_class and drug.classes <= subject.classes) for drug in written.drugs)
    ]
    if not from_text:
        return []
    return [
        Alert(
            code="DRUG_ALLERGY",
            severity=Severity.CONTRAINDICATED,
            message=f"An allergy or intolerance to {subject.name} is recorded.",
            action="Do not give unless the record is shown to be wrong.",
            scope=subject.scope.value,
            drugs=(subject.name,),
            applies_to=(subject.name,),
            excludes=True,
            explanation=Explanation(
                rule="DRUG_ALLERGY: the drug is named among the allergies",
                inputs=tuple(Input(name="allergy", value=one[:200]) for one in from_text),
                version=RULES_VERSION,
            ),
        )
    ]


def _allergies(facts: Facts) -> tuple[Medication, ...]:
    known: tuple[Medication, ...] | None = facts.memory.get("allergies")
    if known is None:
        known = facts.memory["allergies"] = parse_all(facts.conditions.allergies)
    return known


_SCOPE_ORDER = {Scope.CURRENT.value: 0, Scope.PROPOSED.value: 1, PATIENT: 2, Scope.CANDIDATE.value: 3}


def joined(alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Join alerts of one rule and text into one that names every drug; strongest first, then current first."""
    groups: dict[tuple[str, str, bool], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.code, alert.message, alert.scope == Scope.CANDIDATE.value), []).append(alert)
    merged = [_merge(group) for group in groups.values()]
    return tuple(sorted(merged, key=lambda one: (-one.severity.rank, _SCOPE_ORDER[one.scope], one.code)))


def _merge(group: list[Alert]) -> Alert:
    first = min(group, key=lambda one: _SCOPE_ORDER[one.scope])
    if len(group) == 1:
        return first
    inputs = dict.fromkeys(one for alert in group for one in alert.explanation.inputs)
    return first.model_copy(
        update={
            "drugs": tuple(dict.fromkeys(drug for alert in group for drug in alert.drugs)),
            "interacts_with": tuple(dict.fromkeys(one for alert in group for one in alert.interacts_with)),
            "applies_to": tuple(dict.fromkeys(one for alert in group for one in alert.applies_to)),
            "explanation": first.explanation.model_copy(update={"inputs": tuple(inputs)}),
        }
    )


def joined_questions(questions: Sequence[NotCheckable]) -> tuple[NotCheckable, ...]:
    """Join open questions of one rule into one that names every drug; strongest first."""
    groups: dict[tuple[str, tuple[str, ...]], list[NotCheckable]] = {}
    for question in questions:
        groups.setdefault((question.code, question.missing), []).append(question)
    merged = [
        min(group, key=lambda one: _SCOPE_ORDER[one.scope]).model_copy(
            update={"drugs": tuple(dict.fromkeys(drug for one in group for drug in one.drugs))}
        )
        for group in groups.values()
    ]
    return tuple(sorted(merged, key=lambda one: (-one.severity.rank, one.code)))
