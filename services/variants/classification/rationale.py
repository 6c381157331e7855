"""The text of a classification, written from its rows. It says what the class rests on, what was overruled and what is missing.

Evidence is cited by the numbers of its rows (E1, E2, ...), so that each sentence can be checked. A language model may word it
differently (`services/assistant/rationale_writing.py`), but it never changes the class.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.variants.classification.content import ClassificationContent, CriterionRow, EvidenceRow, Scheme

_TOPICS: dict[str, tuple[str, ...]] = {
    "Population frequency": ("PM2", "BA1", "BS1", "BS2", "4O"),
    "Predictors": ("PP3", "BP4", "BP7"),
    "Consequence": ("PVS1", "PM4", "BP3", "PM1", "PS1", "PM5", "BP7"),
    "Gene and disease": ("PVS1", "PP2", "BP1", "BS2", "PP4"),
}
_MAX_MISSING = 6


def write_rationale(content: ClassificationContent, name: str) -> str:
    """Return the text for a variant called `name`. The same content gives the same text."""
    parts = [_opening(content, name)]
    for heading, rows in (("In favour", _for(content.met)), ("Against", _against(content.met))):
        if rows:
            parts.append(f"{heading}: " + " ".join(_sentence(row, content.evidence) for row in rows))
    if content.scheme is Scheme.AMP and content.met:
        parts.append("Evidence that counts: " + " ".join(_sentence(row, content.evidence) for row in content.met))
    if not content.met:
        none = "No item of evidence counts." if content.scheme is Scheme.AMP else "No criterion is met."
        parts.append(none)
    overruled = [row for row in content.criteria if row.automatic is not None]
    if overruled:
        parts.append("Entered by an expert: " + " ".join(_overruled(row) for row in overruled))
    parts += _somatic(content)
    if content.conflicts:
        parts.append("To be looked at: " + " ".join(f"{_capital(one)}." for one in content.conflicts))
    missing = [row for row in content.evidence if row.value is None]
    if missing:
        parts.append(_missing(missing))
    return "\n\n".join(parts)


def _somatic(content: ClassificationContent) -> list[str]:
    """What is said of a somatic variant beside its tier: how likely it is oncogenic, and what an expert left out."""
    parts = []
    judged = content.oncogenicity
    if judged is not None:
        codes = " ".join(f"{row.code} {row.points}: {row.said.rstrip('.')}." for row in judged.criteria if row.counts)
        parts.append(f"Oncogenicity: {judged.classification}, {judged.points} points ({judged.rule_set}). {codes}".strip())
        entered = [row for row in judged.criteria if row.is_expert and not row.counts]
        if entered:
            parts.append("Not counted by an expert: " + " ".join(f"{row.code}: {row.note.rstrip('.')}." for row in entered))
    if content.excluded_evidence:
        told = " ".join(f"{one.id}: {one.reason.rstrip('.')}." for one in content.excluded_evidence)
        parts.append(f"Evidence left out by an expert: {told}")
    return parts


def _opening(content: ClassificationContent, name: str) -> str:
    condition = f" for {content.condition}" if content.condition else ""
    points = f" with {content.points} points" if content.points else ""
    codes = ", ".join(_code(row) for row in content.met)
    told = f" ({codes})" if codes and content.scheme is not Scheme.AMP else ""
    return (
        f"{name} is classified as {content.classification}{condition}{points}{told} under {content.rule_set}, rules "
        f"{content.rules_version}."
    )


def _for(rows: Iterable[CriterionRow]) -> list[CriterionRow]:
    return [row for row in rows if row.points and not row.points.startswith("-") and row.points not in ("0", "0.00")]


def _against(rows: Iterable[CriterionRow]) -> list[CriterionRow]:
    return [row for row in rows if row.points.startswith("-") or row.code == "BA1"]


def _code(row: CriterionRow) -> str:
    return f"{row.code} {row.strength}" if row.strength else row.code


def _sentence(row: CriterionRow, evidence: tuple[EvidenceRow, ...]) -> str:
    cited = [one.id for one in evidence if one.value is not None and row.code in _TOPICS.get(one.topic, ())]
    where = f" [{', '.join(cited)}]" if cited else ""
    return f"{_code(row)}: {row.said.rstrip('.')}{where}."


def _overruled(row: CriterionRow) -> str:
    before = row.automatic
    was = f"the rules said {before.status}{f', {before.strength}' if before.strength else ''}" if before else ""
    now = f"{row.status}{f', {row.strength}' if row.strength else ''}"
    rule = row.by_rule
    departs = rule is not None and (rule.status, rule.strength) != (row.status, row.strength)
    if rule is not None and departs:
        was += f"; by what was observed {rule.status}{f', {rule.strength}' if rule.strength else ''}"
    return f"{row.code} {now} ({was}): {row.said.rstrip('.')}."


def _missing(rows: list[EvidenceRow]) -> str:
    shown = "; ".join(f"{row.name} ({row.note})" if row.note else row.name for row in rows[:_MAX_MISSING])
    more = f"; and {len(rows) - _MAX_MISSING} more" if len(rows) > _MAX_MISSING else ""
    return f"Not known: {shown}{more}. What is not known counts neither for nor against."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
