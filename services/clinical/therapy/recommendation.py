"""Which treatments a patient's diseases have, and what the safety rules say of each for this patient.

A treatment is offered when its label, or a guideline off label, covers one of the diagnoses and no rule excludes it. What
a rule excludes is returned apart with the reason; what a rule could not decide stays with the drug as an open question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache

from services.clinical.activity import ActivityScore
from services.clinical.antibodies import AntibodyReport
from services.clinical.conditions import Conditions
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Input, Step
from services.clinical.hla import HlaReport
from services.clinical.labs import LabPanel
from services.clinical.profile import Profile
from services.clinical.safety import DrugCheck, Facts, NotCheckable, candidate, check, gather, rules_for
from services.clinical.safety.evaluation import Subject, evaluate, verdict_of
from services.clinical.therapy.report import DiseaseStatus, Recommendation, TherapyReport
from services.knowledge.drugs import (
    LabelStatus,
    PaediatricLabel,
    Rule,
    Scope,
    Severity,
    Therapy,
    TherapyKind,
    Use,
    disease_notes,
    drug_classes,
    pgx_codes,
    therapies,
)

RULES_VERSION = "therapies 2"
ADULT_YEARS = 18
NO_PAEDIATRIC_LABEL = "No paediatric label recorded here: check the current label"
_OFFERED = {LabelStatus.ON_LABEL: 0, LabelStatus.STANDARD_CARE: 0, LabelStatus.UNCERTAIN: 1, LabelStatus.OFF_LABEL: 2}
_FIT = {True: 0, None: 1, False: 2}
_KIND_ORDER = {
    TherapyKind.BIOLOGIC: 0, TherapyKind.TARGETED_SYNTHETIC: 0, TherapyKind.CONVENTIONAL: 1, TherapyKind.NON_DRUG: 1,
}  # fmt: skip


def recommend(
    profile: Profile,
    panel: LabPanel | None = None,
    conditions: Conditions | None = None,
    antibodies: AntibodyReport | None = None,
    hla: HlaReport | None = None,
    activity: Sequence[ActivityScore] = (),
    *,
    facts: Facts | None = None,
    today: date | None = None,
) -> TherapyReport:
    """Return the treatments of the diagnosed diseases, ordered by `ORDERING_RULE`.

    Activity scores do not choose a drug; they are only quoted in the notes. `facts` may be handed in when they were
    gathered already.
    """
    facts = facts or gather(profile, panel, conditions=conditions, antibodies=antibodies, today=today)
    diseases = tuple(dict.fromkeys((*profile.diagnosed_conditions, *sorted(facts.diseases))))
    judged = [one for therapy in therapies() if (one := _judge(therapy, diseases, facts)) is not None]
    covered = [one for one in judged if _covers(one)]
    offered = sorted((one for one in covered if not one.excluded), key=_order)
    return TherapyReport(
        recommendations=tuple(offered),
        excluded=tuple(sorted((one for one in covered if one.excluded), key=_order)),
        not_indicated=tuple(one for one in judged if not _covers(one)),
        disease_notes={one.value: disease_notes()[one.value].text for one in diseases if one.value in disease_notes()},
        missing=tuple(dict.fromkeys(fact for one in offered for question in one.not_checkable for fact in question.missing)),
        notes=_notes(diseases, facts, hla, activity),
    )


def _judge(therapy: Therapy, diseases: tuple[Disease, ...], facts: Facts) -> Recommendation | None:
    """Return the therapy judged for this patient, None when it has nothing to do with the diagnoses."""
    uses, drug_class, monitoring = _fixed()[therapy.name]
    if uses.keys().isdisjoint(diseases):
        return None
    subject = _subject(therapy, facts)
    statuses: dict[str, DiseaseStatus] = {
        disease.value: _status(uses[disease], facts, subject) for disease in diseases if disease in uses
    }
    checked = check(subject, facts)
    reasons = tuple(f"{alert.explanation.rule}. {alert.message}" for alert in checked.excluding)
    return Recommendation(
        drug_name=therapy.name,
        drug_class=drug_class,
        kind=therapy.kind,
        mechanism=therapy.mechanism,
        indicated_diseases=tuple(
            name for name, one in statuses.items() if one.applies is True and _OFFERED.get(one.status) == 0
        ),
        pgx_considerations=_pgx(therapy, subject, checked, facts),
        contraindications=_contraindications(subject, checked),
        monitoring_requirements=monitoring,
        efficacy_evidence=therapy.evidence,
        status_by_disease=statuses,
        alerts=checked.alerts,
        not_checkable=(*_open_population(subject, statuses), *checked.not_checkable),
        boxed_warnings=therapy.boxed,
        warnings=therapy.warnings,
        start_thresholds=therapy.start_thresholds,
        screening=therapy.screening,
        is_current=subject.scope is Scope.CURRENT,
        excluded=bool(reasons),
        exclusion_reasons=reasons,
        note=therapy.note,
        sources=therapy.sources,
        explanation=_explain(therapy, statuses, checked, reasons),
    )


@cache
def _fixed() -> Mapping[str, tuple[Mapping[str, tuple[Use, ...]], str, tuple[str, ...]]]:
    """Return what is the same for every patient, by therapy: its uses by disease, its class, what is monitored."""
    found: dict[str, tuple[Mapping[str, tuple[Use, ...]], str, tuple[str, ...]]] = {}
    for one in therapies():
        named = dict.fromkeys(use.disease for use in one.uses)
        uses = {disease: tuple(use for use in one.uses if use.disease == disease) for disease in named}
        monitoring = (*(f"Before starting: {test}" for test in one.screening), *one.monitoring)
        found[one.name] = uses, next((drug_classes()[name].label for name in one.classes), ""), monitoring
    return found


def _subject(therapy: Therapy, facts: Facts) -> Subject:
    """Return the therapy as it is taken, proposed, or as a candidate."""
    plain = candidate(therapy)
    written = facts.memory.get("written")
    if written is None:
        named = [(Scope.CURRENT, one) for one in facts.current] + [(Scope.PROPOSED, one) for one in facts.proposed]
        written = facts.memory["written"] = {name: (scope, one) for scope, one in reversed(named) for name in one.names}
    if plain.name not in written:
        return plain
    scope, medication = written[plain.name]
    return Subject(plain.name, plain.classes, scope, medication)


def _status(uses: tuple[Use, ...], facts: Facts, subject: Subject) -> DiseaseStatus:
    """Return the status of the use that fits best, out of those of one disease."""
    if len(uses) == 1:
        return _use_status(uses[0], facts, subject)
    return min((_use_status(use, facts, subject) for use in uses), key=lambda one: _FIT[one.applies])


def _use_status(use: Use, facts: Facts, subject: Subject) -> DiseaseStatus:
    if use.status is LabelStatus.NOT_INDICATED:
        return _disease_status(use.disease, use.status, "", use.note, False, ())
    verdict = evaluate(use.when, facts, subject)
    if verdict.truth is False:
        note = f"Only for: {use.population}. {use.note}".strip()
        return _disease_status(use.disease, LabelStatus.NOT_INDICATED, use.population, note, False, ())
    status, reason = _for_age(use, facts, subject)
    if status is LabelStatus.NOT_INDICATED:
        return _disease_status(use.disease, status, use.population, f"{reason}. {use.note}".strip(), False, ())
    note = "" if verdict.truth else f"Only for: {use.population}, which is not stated."
    note = " ".join(filter(None, (note, f"{reason}." if reason else "", use.note)))
    return _disease_status(use.disease, status, use.population, note, verdict.truth, verdict.missing)


def _for_age(use: Use, facts: Facts, subject: Subject) -> tuple[LabelStatus, str]:
    """Return the status of the use at this age and what the age changes.

    Below 18 years a use keeps its status only where a label of this population from this age or earlier is recorded. A
    recorded label that starts later rules the use out; a use of which no paediatric label is recorded is uncertain.
    """
    if facts.age >= ADULT_YEARS:
        return use.status, ""
    judged = [(label, evaluate(label.when, facts, subject).truth) for label in use.children]
    possible = [(label, truth) for label, truth in judged if truth is not False]
    if not possible:
        return LabelStatus.OFF_LABEL if use.status is LabelStatus.OFF_LABEL else LabelStatus.UNCERTAIN, NO_PAEDIATRIC_LABEL
    started = [(label, truth) for label, truth in possible if label.from_years <= facts.age]
    shown = "; ".join(_starts(label) for label, _ in started or possible)
    if not started:
        return LabelStatus.NOT_INDICATED, f"{shown}; the patient is {facts.age}"
    if not any(truth for _, truth in started):
        return LabelStatus.UNCERTAIN, f"{shown}, which is not stated"
    return use.status, "; ".join(_starts(label) for label, truth in started if truth)


def _starts(label: PaediatricLabel) -> str:
    age = f"Labelled from age {label.from_years}" if label.from_years else "Labelled at any age"
    return f"{age} for {label.population}" if label.population else age


@lru_cache(maxsize=4096)
def _disease_status(
    disease: str, status: LabelStatus, population: str, note: str, applies: bool | None, missing: tuple[str, ...]
) -> DiseaseStatus:
    """Build a status once: what a label says is the same for every patient it applies to."""
    return DiseaseStatus(disease=disease, status=status, population=population, note=note, applies=applies, missing=missing)


def _open_population(subject: Subject, statuses: dict[str, DiseaseStatus]) -> tuple[NotCheckable, ...]:
    """Ask for the subtype the label depends on where the record does not state it."""
    if all(status.applies is not None for status in statuses.values()):
        return ()
    return tuple(
        NotCheckable(
            code="LABEL_POPULATION",
            title=f"{Disease(name).label}: labelled for {status.population}",
            severity=Severity.MAJOR,
            drugs=(subject.name,),
            scope=subject.scope.value,
            missing=status.missing,
        )
        for name, status in statuses.items()
        if status.applies is None
    )


def _covers(one: Recommendation) -> bool:
    return any(status.applies is not False for status in one.status_by_disease.values())


def _order(one: Recommendation) -> tuple[int, int, int, int, int, str]:
    standings = [
        _OFFERED[status.status] * 2 + (status.applies is None)
        for status in one.status_by_disease.values()
        if status.applies is not False
    ]
    worst = max((alert.severity.rank for alert in one.alerts), default=-1)
    return (min(standings), -len(standings), worst, int(bool(one.boxed_warnings)), _KIND_ORDER[one.kind], one.drug_name)


def _contraindications(subject: Subject, checked: DrugCheck) -> tuple[str, ...]:
    """The bars of the drug, those that hold for this patient first and marked."""
    holding = {alert.code for alert in checked.alerts}
    open_codes = {question.code for question in checked.not_checkable}
    present, unknown, other = [], [], []
    for rule in _bars(subject.name, subject.classes):
        if rule.code in holding:
            present.append(f"PRESENT: {rule.title}")
        elif rule.code in open_codes:
            unknown.append(f"{rule.title} (not known for this patient)")
        else:
            other.append(rule.title)
    return tuple(dict.fromkeys((*present, *unknown, *other)))


@cache
def _bars(name: str, classes: frozenset[str]) -> tuple[Rule, ...]:
    """Return the rules that can take a drug off the list, or are critical."""
    every = rules_for(Subject(name, classes, Scope.CANDIDATE))
    return tuple(rule for rule in every if rule.removes or rule.severity is Severity.CRITICAL)


@cache
def _pgx_rules(name: str, classes: frozenset[str]) -> tuple[Rule, ...]:
    """Return the pharmacogenomic rules of a drug."""
    return tuple(rule for rule in rules_for(Subject(name, classes, Scope.CANDIDATE)) if rule.code in pgx_codes())


def _pgx(therapy: Therapy, subject: Subject, checked: DrugCheck, facts: Facts) -> tuple[str, ...]:
    """What is known, fired or missing of each pharmacogene and HLA allele that has a rule for this drug."""
    lines: list[str] = []
    fired = {alert.code for alert in checked.alerts}
    relevant = _pgx_rules(subject.name, subject.classes)
    for rule in relevant:
        if rule.code in fired:
            lines.append(f"{rule.title}: {rule.text} {rule.action}")
            continue
        verdict = verdict_of(rule, facts, subject)
        if verdict.truth is None and verdict.missing:
            lines.append(f"{rule.title}: not known; would need {', '.join(verdict.missing)}")
    for genotype in facts.genotypes.genes:
        named = [rule for rule in relevant if rule.code.startswith(f"{genotype.gene}_")]
        if named and genotype.phenotype is not None and not any(rule.code in fired for rule in named):
            shown = f"{genotype.gene} {genotype.diplotype_text or ''}".strip()
            lines.append(f"{shown}: {genotype.phenotype} metaboliser, no rule against this drug")
    return tuple(dict.fromkeys((*lines, *therapy.pgx)))


def _explain(
    therapy: Therapy, statuses: dict[str, DiseaseStatus], checked: DrugCheck, reasons: tuple[str, ...]
) -> Explanation:
    inputs = tuple(dict.fromkeys(one for alert in checked.alerts for one in alert.explanation.inputs))
    steps = [_status_step(name, status.status, status.note or status.population) for name, status in statuses.items()]
    steps += [_step(f"{alert.severity}: {alert.code}", alert.message) for alert in checked.alerts]
    steps.append(_step("excluded" if reasons else "not excluded by a rule that could be decided", ""))
    return Explanation(
        rule="Label status for each diagnosis, then every safety and pharmacogenomic rule of the drug",
        inputs=inputs or (Input(name="diagnoses", value=", ".join(Disease(name).label for name in statuses)),),
        steps=tuple(steps),
        missing=tuple(dict.fromkeys(fact for one in checked.not_checkable for fact in one.missing)),
        sources=therapy.sources,
        version=RULES_VERSION,
    )


@lru_cache(maxsize=4096)
def _status_step(disease: str, status: LabelStatus, note: str) -> Step:
    return Step(label=f"{Disease(disease).label}: {status.value.replace('_', ' ')}", note=note)


@lru_cache(maxsize=8192)
def _step(label: str, note: str) -> Step:
    """Build a line once: labels and texts of rules are the same for every patient."""
    return Step(label=label, note=note)


def _in_words(band: str | None) -> str:
    return band.replace("_", " ") if band else "no band"


def _notes(
    diseases: tuple[Disease, ...], facts: Facts, hla: HlaReport | None, activity: Sequence[ActivityScore]
) -> tuple[str, ...]:
    notes: list[str] = []
    if not diseases:
        notes.append("No diagnosis is given: no treatment is listed. HLA and antibodies alone are no indication.")
    known = [(score, score.value) for score in activity if score.value is not None]
    if known:
        shown = "; ".join(f"{score.name} {round(value, 2):g} ({_in_words(score.band)})" for score, value in known[:6])
        notes.append(f"Activity as computed, for the decision whether to escalate: {shown}.")
    elif diseases:
        notes.append("No activity score could be computed: whether to escalate treatment cannot be judged here.")
    if facts.age < ADULT_YEARS:
        notes.append(
            "Labels for children and adolescents differ by drug and age: check each. A drug whose paediatric label is not "
            "recorded here is marked uncertain, never on label."
        )
    if facts.current:
        notes.append("A biologic or targeted drug replaces the current one; it is not added to it.")
    else:
        notes.append("No current medication is listed: interactions could not be checked.")
    if hla is not None and hla.pgx:
        notes.append(f"HLA typing with drug consequences: {', '.join(dict.fromkeys(one.label for one in hla.pgx))}.")
    return tuple(notes)
