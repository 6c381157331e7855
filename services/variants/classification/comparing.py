"""Two versions of a classification side by side, and what has become newer since one was made. The first given is the earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.variants.classification.content import ClassificationContent, CriterionRow, OwnEvidence

_NOTHING = "–"
_TEXT = "Text"


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing as two versions have it. `topic` groups them: Class, Case, Criterion, Clinical evidence, Evidence, Data, Text."""

    topic: str
    name: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def side_by_side(before: ClassificationContent, after: ClassificationContent) -> tuple[Pair, ...]:
    """Return everything that counts in either version, the class first; the text only where it differs."""
    pairs = [
        ("Class", "Class", before.classification, after.classification), ("Class", "Points", before.points, after.points),
        ("Class", "Rule set", before.rule_set, after.rule_set),
        ("Class", "Rules", before.rules_version, after.rules_version),
        ("Class", "Oncogenicity", _oncogenic(before), _oncogenic(after)),
        ("Case", "Condition", before.condition, after.condition),
        ("Case", "Phenotype terms", ", ".join(before.phenotype_terms), ", ".join(after.phenotype_terms)),
        ("Case", "Description", before.description, after.description),
    ]
    found = [Pair(topic, name, old or _NOTHING, new or _NOTHING) for topic, name, old, new in pairs if old or new]
    found += _by_name("Criterion", _criteria(before.criteria), _criteria(after.criteria))
    both = [one.oncogenicity.criteria if one.oncogenicity else () for one in (before, after)]
    found += _by_name("Oncogenicity", *(_criteria(one) for one in both))
    found += _by_name("Clinical evidence", _items(before), _items(after))
    found += _by_name("Evidence", _evidence(before), _evidence(after))
    found += _by_name("Data", _versions(before), _versions(after))
    if before.rationale != after.rationale:
        found.append(Pair(_TEXT, "Rationale", before.rationale or _NOTHING, after.rationale or _NOTHING))
    return tuple(found)


def differences(before: ClassificationContent, after: ClassificationContent) -> tuple[Pair, ...]:
    """Return what changed, the class first. The text follows from the rest and is not among it."""
    return tuple(one for one in side_by_side(before, after) if one.is_changed and one.topic != _TEXT)


def outdated(kept: ClassificationContent, now: ClassificationContent) -> tuple[str, ...]:
    """Return in words what rests on other rules or data now than when a version was made; empty where nothing does."""
    found = []
    if kept.rule_set != now.rule_set:
        found.append(f"the rule set is {now.rule_set} now, it was {kept.rule_set}")
    if kept.rules_version != now.rules_version:
        found.append(f"the rules are {now.rules_version} now, they were {kept.rules_version}")
    old, new = _versions(kept), _versions(now)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) == new.get(name):
            continue
        if name not in new:
            found.append(f"{name} was {old[name]} and is not used any more")
        else:
            found.append(f"{name} is {new[name]} now, " + (f"it was {old[name]}" if name in old else "it was not used before"))
    return tuple(found)


def _by_name(topic: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Pair]:
    for name in dict.fromkeys((*before, *after)):
        yield Pair(topic, name, before.get(name, _NOTHING), after.get(name, _NOTHING))


def _versions(content: ClassificationContent) -> dict[str, str]:
    """The data by name; a kind of which several were used with all their versions."""
    found: dict[str, list[str]] = {}
    for name, version in content.data_versions:
        found.setdefault(name, []).append(version)
    return {name: "; ".join(sorted(versions)) for name, versions in found.items()}


def _criteria(rows: Iterable[CriterionRow]) -> dict[str, str]:
    return {row.code: _said(row) for row in rows}


def _said(row: CriterionRow) -> str:
    words = [row.status, row.strength or "", _points(row), "by an expert" if row.is_expert else ""]
    told = ", ".join(word for word in words if word)
    why = row.said if row.by_rule is not None else row.note
    return f"{told}: {why}" if why else told


def _points(row: CriterionRow) -> str:
    return row.points if not row.points or row.points.startswith("Tier") else f"{row.points} points"


def _oncogenic(content: ClassificationContent) -> str:
    one = content.oncogenicity
    return f"{one.classification}, {one.points} points" if one is not None else ""


def _items(content: ClassificationContent) -> dict[str, str]:
    """What an expert added and left out; what is added is told apart by what it says."""
    added = {f"Added: {_named(one)}": _told(one) for one in content.own_evidence}
    return added | {f"Left out: {one.id}": one.reason for one in content.excluded_evidence}


def _named(one: OwnEvidence) -> str:
    return ", ".join(part for part in (one.type.value, ", ".join(one.therapies) or one.outcome, one.tumour) if part)


def _told(one: OwnEvidence) -> str:
    return f"level {one.level}, {one.source}" + (f": {one.note}" if one.note else "")


def _evidence(content: ClassificationContent) -> dict[str, str]:
    return {f"{row.topic}, {row.name}": row.value if row.value is not None else "not known" for row in content.evidence}
