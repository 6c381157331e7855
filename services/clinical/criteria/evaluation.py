"""Turns answers and a rule into a result: validity, class, what is missing, what would change the class, why.

`would_change` is found by asking the rule again with one answer changed at a time, so it can never disagree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from services.clinical.criteria.answers import Facts, check
from services.clinical.criteria.records import Answer, CriteriaRecord, CriterionItem, Purpose
from services.clinical.criteria.results import Change, CriteriaResult, Verdict
from services.clinical.explanation import Explanation, Input, Status

_STATEMENT: dict[Purpose, str] = {
    "classification": "Classification criteria, not a diagnosis: made to form comparable study groups.",
    "diagnosis": "Diagnostic criteria as published: they support, and never replace, the clinician's diagnosis.",
    "staging": "A stage by published definitions, not a diagnosis by itself.",
    "phenotype": "A description of phenotype in a patient already diagnosed: not a diagnosis, not an activity score.",
    "histology": "A histological grade: not a diagnosis by itself, not an activity score.",
    "severity": "A clinical severity class: not a diagnosis, not an outcome score.",
}


def evaluate(
    record: CriteriaRecord,
    decide: Callable[[Facts, CriteriaRecord], Verdict],
    answers: Mapping[str, Answer],
    *,
    with_changes: bool = True,
) -> CriteriaResult:
    """Return the judgement of `answers` under `record` and its rule; a bad answer ends as `invalid_input`."""
    facts, invalid = check(record, answers)
    if invalid:
        return _result(record, Verdict(None, notes=invalid), facts, Status.INVALID_INPUT, (), invalid)
    verdict = decide(facts, record)
    if verdict.inconsistent:
        return _result(record, verdict, facts, Status.INCONSISTENT_INPUT, ())
    settled = not verdict.missing and (verdict.classified is not None or verdict.category is not None)
    status = Status.OK if settled else Status.INSUFFICIENT_DATA
    changes = tuple(_changes(record, decide, facts, verdict)) if with_changes else ()
    return _result(record, verdict, facts, status, changes)


def _changes(
    record: CriteriaRecord, decide: Callable[[Facts, CriteriaRecord], Verdict], facts: Facts, now: Verdict
) -> Iterator[Change]:
    for item in record.items:
        current = facts.values.get(item.key)
        for value in _alternatives(item, current):
            then = decide(facts.with_answer(item.key, value), record)
            if (then.classified, then.category) == (now.classified, now.category) or then.inconsistent:
                continue
            yield Change(
                item=item.key, answer=_words(item, value), classified=then.classified, category=then.category,
                answered_now=current is None, reason=_reason(record, item, value, then, current is None),
            )


def _alternatives(item: CriterionItem, current: bool | float | str | None) -> tuple[bool | float | str, ...]:
    every: tuple[bool | float | str, ...]
    if item.kind == "yes_no":
        every = (True, False)
    elif item.kind == "choice":
        every = tuple(option.value for option in item.options)
    else:
        every = item.probes
    return tuple(value for value in every if value != current or current is None)


def _reason(record: CriteriaRecord, item: CriterionItem, value: bool | float | str, then: Verdict, now: bool) -> str:
    outcome = {True: "the criteria would be met", False: "the criteria would not be met", None: "the class would be open"}
    result = outcome[then.classified]
    if then.category:
        result = f"the result would be: {category_label(record, then.category)}"
    lead = "if this turns out" if now else "if this were"
    return f"{item.label}: {lead} {_words(item, value)}, {result}"


def _words(item: CriterionItem, value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return next((option.label for option in item.options if option.value == value), value)
    return f"{value:g}{' ' + item.unit if item.unit else ''}"


def category_label(record: CriteriaRecord, key: str) -> str:
    """Return the name shown for a category; a category built from parts (a Montreal code) is its own name."""
    return next((category.label for category in record.categories if category.key == key), key)


def _result(
    record: CriteriaRecord, verdict: Verdict, facts: Facts, status: Status, changes: tuple[Change, ...],
    invalid: tuple[str, ...] = (),
) -> CriteriaResult:
    labels = {item.key: item for item in record.items}
    missing = tuple(item.key for item in record.items if item.key in verdict.missing)
    notes = verdict.notes + ((verdict.inconsistent,) if verdict.inconsistent else ())
    usable = status in (Status.OK, Status.INSUFFICIENT_DATA)
    return CriteriaResult(
        criteria_id=record.id,
        status=status,
        classified=verdict.classified if usable else None,
        category=verdict.category if usable else None,
        category_label=category_label(record, verdict.category) if usable and verdict.category else None,
        entry_met=verdict.entry_met,
        points=verdict.points if usable else None,
        points_max_reachable=verdict.points_max if usable else None,
        threshold=record.threshold,
        domains=verdict.domains if usable else (),
        missing=missing if usable else (),
        invalid=tuple(line.split(":", 1)[0] for line in invalid),
        would_change=changes,
        notes=notes + ((record.limits,) if record.limits else ()),
        statement=_STATEMENT[record.purpose],
        explanation=Explanation(
            rule=record.rule,
            inputs=tuple(
                Input(
                    name=item.label, unit=item.unit or None, value=_words(item, facts.values[item.key]),
                    note="present, better explained by another cause" if item.key in facts.attributed else "",
                )
                for item in record.items if item.key in facts.values
            ),
            steps=verdict.explain() if verdict.explain else verdict.steps,
            missing=tuple(labels[key].label for key in missing),
            sources=record.sources,
            version=f"{record.id} {record.version}",
        ),
    )
