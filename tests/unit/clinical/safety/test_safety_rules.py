"""Each safety rule fires for the patient it is about and stays silent for the near miss."""

from __future__ import annotations

import pytest

from services.clinical import safety
from services.clinical.disease import Disease
from services.clinical.hla import associations
from services.clinical.labs import analytes
from services.clinical.profile import Profile
from services.knowledge.drugs import Condition, Rule, Scope, classes_of, drug_classes, findings, rules, selects, therapies
from tests.unit.clinical.safety.cases import CASES
from tests.unit.clinical.safety.patients import patient


def codes(profile: Profile) -> dict[str, str]:
    """The alerts on what the patient is, takes or is to take; candidates nobody wrote down do not count here."""
    review = safety.review(safety.gather(profile))
    return {alert.code: alert.severity.value for alert in review.alerts if alert.scope != "candidate"}


@pytest.mark.parametrize(("code", "fires", "stays_silent"), CASES, ids=[case[0] for case in CASES])
def test_rule_fires_for_its_patient_and_not_for_the_near_miss(code: str, fires: Profile, stays_silent: Profile) -> None:
    assert code in codes(fires)
    assert code not in codes(stays_silent)


def test_every_rule_has_a_patient_it_is_proved_on() -> None:
    assert {rule.code for rule in rules()} == {case[0] for case in CASES}


def conditions_of(rule: Rule) -> list[Condition]:
    waiting, seen = [rule.when] if rule.when else [], []
    while waiting:
        condition = waiting.pop()
        seen.append(condition)
        waiting += [*condition.all_of, *condition.any_of]
        waiting += [one for one in (condition.negated, condition.unless) if one is not None]
    return seen


def test_codes_are_unique() -> None:
    written = [rule.code for rule in rules()]
    assert len(written) == len(set(written))


def test_every_selector_names_a_known_drug_or_a_class_with_members() -> None:
    everything = classes_of()
    for rule in rules():
        for selector in (*rule.drugs, *(one for part in conditions_of(rule) for one in (*part.co_drug, *part.prior_drug))):
            assert any(selects((selector,), name, classes) for name, classes in everything.items()), (rule.code, selector)


def test_every_condition_asks_for_something_that_exists_in_its_canonical_unit() -> None:
    own = {"duration_months", "steroid_dose", "gestational_weeks", "systolic_bp"}
    for rule in rules():
        for condition in conditions_of(rule):
            if condition.finding:
                assert condition.finding in findings(), rule.code
            if condition.disease:
                Disease(condition.disease)
            if condition.measure and condition.measure not in own:
                assert analytes()[condition.measure].unit == condition.unit, rule.code


def test_alleles_reported_as_a_drug_risk_by_the_hla_analysis_raise_an_alert_here() -> None:
    carrier = "A*31:01 B*58:01 B*57:01 B*15:02 B*13:01 B*38:02 B*27:05 C*06:02 DRB1*07:01 DRB1*08:03 DQA1*05:01 DQA1*02:01"
    for finding in associations(carrier.split()).pgx:
        for drug in finding.drugs:
            found = codes(patient("RA", meds=drug, hla=finding.allele.removeprefix("HLA-")))
            assert any(code.startswith("HLA_") for code in found), (finding.allele, drug)


def test_every_class_of_a_drug_is_described() -> None:
    for name, classes in classes_of().items():
        assert classes <= drug_classes().keys(), name


def test_every_boxed_drug_has_a_rule_that_can_exclude_it_or_warn_critically() -> None:
    for therapy in therapies():
        if not therapy.boxed or therapy.name in {"Glatiramer acetate", "Levothyroxine"}:
            continue  # anaphylaxis and misuse for weight loss cannot be foreseen from a record
        subject = safety.candidate(therapy)
        strong = [rule for rule in safety.rules_for(subject) if rule.removes or rule.severity.rank >= 3]
        assert strong, therapy.name


def test_every_rule_that_removes_a_drug_says_what_to_do() -> None:
    for rule in rules():
        assert rule.action
        assert rule.text.endswith(".")
        assert Scope.CANDIDATE in rule.scopes or Scope.CURRENT in rule.scopes or Scope.PROPOSED in rule.scopes
