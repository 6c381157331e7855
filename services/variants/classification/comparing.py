"""What differs between two versions of a classification: class, criteria, evidence, data. The first one given is the earlier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.variants.classification.content import ClassificationContent, CriterionRow

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. `topic` groups them: Class, Criterion, Evidence, Data, Case."""

    topic: str
    name: str
    before: str
    after: str


def differences(before: ClassificationContent, after: ClassificationContent) -> tuple[Difference, ...]:
    """Return what changed, the class first."""
    return tuple(_all(before, after))


def _all(before: ClassificationContent, after: ClassificationContent) -> Iterator[Difference]:
    pairs = [
        ("Class", "Class", before.classification, after.classification), ("Class", "Points", before.points, after.points),
        ("Class", "Rule set", before.rule_set, after.rule_set),
        ("Class", "Rules", before.rules_version, after.rules_version),
        ("Case", "Condition", before.condition, after.condition),
        ("Case", "Phenotype terms", ", ".join(before.phenotype_terms), ", ".join(after.phenotype_terms)),
        ("Case", "Description", before.description, after.description),
    ]
    for topic, name, old, new in pairs:
        if old != new:
            yield Difference(topic, name, old or _NOTHING, new or _NOTHING)
    yield from _by_name("Criterion", _criteria(before), _criteria(after))
    yield from _by_name("Evidence", _evidence(before), _evidence(after))
    yield from _by_name("Data", dict(before.data_versions), dict(after.data_versions))


def _by_name(topic: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, _NOTHING), after.get(name, _NOTHING)
        if old != new:
            yield Difference(topic, name, old, new)


def _criteria(content: ClassificationContent) -> dict[str, str]:
    return {row.code: _said(row) for row in content.criteria}


def _said(row: CriterionRow) -> str:
    words = [row.status, row.strength or "", row.points and f"{row.points} points", "by an expert" if row.is_expert else ""]
    told = ", ".join(word for word in words if word)
    return f"{told}: {row.note}" if row.note else told


def _evidence(content: ClassificationContent) -> dict[str, str]:
    return {f"{row.topic}, {row.name}": row.value if row.value is not None else "not known" for row in content.evidence}
