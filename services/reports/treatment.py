"""The sections about danger and treatment: alerts, open safety questions, drugs offered, excluded and not indicated."""

from __future__ import annotations

from collections.abc import Iterable

from services.reports.blocks import Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import Facts
from services.reports.rows import AlertRow, TherapyRow
from services.reports.words import disease_name, joined, scope, sentence, spoken

_MOST_TEXTS = 6
_SEVERITIES = ("contraindicated", "critical", "major", "moderate", "info")
_SCOPES = ("patient", "current", "proposed", "candidate")
_UNKNOWN, _WANTED = " (not known for this patient)", "not known; would need "
_NOT_CHECKED = "No rule raised an alert. What could not be checked is listed below; an unlisted drug was not checked at all."


def alerts(facts: Facts, register: SourceRegister) -> Section:
    """Every alert, strongest first, and the rules that could not be decided."""
    writer = Writer(register)
    shown = sorted((one for one in facts.alerts if not _is_told_elsewhere(one, facts)), key=_urgency)
    if not shown:
        writer.paragraph(_NOT_CHECKED)
    writer.table(
        ("Severity", "Concerns", "What and what to do", "Sources"),
        (2.5, 3.0, 7.9, 1.2),
        [
            Row(
                cells=(
                    one.severity.upper() if one.is_critical else one.severity, _concerns(one), _what(one),
                    marks(writer.cite(one.explanation.sources if one.explanation else ())),
                ),
                strong=one.is_critical,
            )
            for one in shown
        ],
    )  # fmt: skip
    if facts.open_checks:
        writer.subheading("Could not be checked")
        writer.paragraph("A drug is not cleared while a rule about it is open.", "note")
        writer.bullets(
            Item(lead=f"{one.title} ({one.severity}):", text=f"{_drugs(one.drugs)}not known: {joined(one.missing)}")
            for one in facts.open_checks
        )
    return writer.section(SectionKind.ALERTS, SectionKind.ALERTS.heading)


def _is_told_elsewhere(one: AlertRow, facts: Facts) -> bool:
    """Whether the report says the same in its own words: what an instrument lacks, and what a drug's rules lack."""
    return (one.code == "INSUFFICIENT_DATA_ACTIVITY" and bool(facts.scores)) or (
        one.code == "SCREENING_INCOMPLETE" and bool(facts.open_checks)
    )


def _urgency(one: AlertRow) -> tuple[int, int]:
    """Strongest first, and of equal ones what concerns the patient now before what would concern a drug not taken."""
    severity = _SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else len(_SEVERITIES)
    return severity, _SCOPES.index(one.scope) if one.scope in _SCOPES else len(_SCOPES)


def _drugs(drugs: tuple[str, ...]) -> str:
    return f"{joined(drugs, 8)}; " if drugs else ""


def _concerns(one: AlertRow) -> str:
    subject = joined(one.drugs) or (disease_name(one.disease) if one.disease else "the patient")
    when = scope(one.scope)
    return f"{subject} ({when})" if when else subject


def _what(one: AlertRow) -> str:
    beside = f" Interacts with: {joined(one.interacts_with)}." if one.interacts_with else ""
    instead = f" Alternatives: {'; '.join(one.alternatives[:4])}." if one.alternatives else ""
    message, action = sentence(one.message), sentence(one.action)
    if action.rstrip(".").casefold() in message.casefold():
        action = ""
    return f"{message}{beside} {action}{instead}".strip()


def therapy(facts: Facts, register: SourceRegister) -> Section:
    """The treatments with an indication, those excluded with the reason, and those not indicated."""
    writer = Writer(register)
    offered = facts.recommended
    if not (offered or facts.excluded or facts.not_indicated):
        writer.paragraph("Not assessed: no diagnosis is recorded.")
    if offered:
        writer.subheading("With an indication, not excluded by a rule that could be decided")
        writer.table(
            ("Drug", "Label status", "Warnings and contraindications of the drug", "Before and during treatment", "Sources"),
            (2.5, 3.1, 4.9, 4.1, 1.4),
            [
                Row(cells=(
                    _drug(one), _status(one), _cautions(one), _monitoring(one),
                    marks(writer.cite(one.explanation.sources)),
                ))
                for one in offered
            ],
        )  # fmt: skip
    if facts.excluded:
        writer.subheading("Excluded for this patient")
        writer.table(
            ("Drug", "Why it is excluded", "Sources"),
            (3.2, 10.2, 1.3),
            [
                Row(cells=(
                    ", ".join(map(_drug, drugs)), why,
                    marks(writer.cite(source for one in drugs for source in one.explanation.sources)),
                ))
                for why, drugs in _by_reason(facts.excluded)
            ],
        )  # fmt: skip
    if facts.not_indicated:
        writer.subheading("Not indicated")
        writer.table(
            ("Drug", "Label status", "Sources"),
            (3.2, 10.2, 1.3),
            [Row(cells=(_drug(one), _status(one), marks(writer.cite(one.sources)))) for one in facts.not_indicated],
        )
    writer.bullets(spoken(note) for note in facts.therapy_notes if note)
    return writer.section(SectionKind.THERAPY, SectionKind.THERAPY.heading)


def _by_reason(excluded: Iterable[TherapyRow]) -> list[tuple[str, list[TherapyRow]]]:
    """Group the drugs that are excluded for the same reason, so that it is said once."""
    groups: dict[str, list[TherapyRow]] = {}
    for one in excluded:
        groups.setdefault(" ".join(map(_reason, one.reasons)), []).append(one)
    return list(groups.items())


def _drug(one: TherapyRow) -> str:
    return f"{one.drug_name} ({one.drug_class}){', taken now' if one.is_current else ''}"


def _status(one: TherapyRow) -> str:
    parts = []
    for disease, row in one.status_by_disease.items():
        is_same = row.note.removeprefix("Only for: ").rstrip(".").casefold() == row.population.casefold()
        limits = "; ".join(part for part in (row.population, "" if is_same else row.note.rstrip(".")) if part)
        parts.append(f"{disease_name(disease)}: {spoken(row.status)}{f' ({limits})' if limits else ''}")
    return "; ".join(parts)


def _monitoring(one: TherapyRow) -> str:
    """Say once what is needed before the start, then what during treatment."""
    lead = "Before starting: "
    before = [text.removeprefix(lead) for text in one.monitoring_requirements if text.startswith(lead)]
    during = [text for text in one.monitoring_requirements if not text.startswith(lead)]
    parts = [f"{title}: {joined(texts, _MOST_TEXTS)}." for title, texts in (("Before", before), ("During", during)) if texts]
    return " ".join(parts)


def _cautions(one: TherapyRow) -> str:
    """The warnings of the label and what concerns this patient; what is not known of the patient is said once, at the end."""
    genes = [text for text in one.pgx_considerations if _WANTED not in text]
    warned = [text for text in one.contraindications if not text.endswith(_UNKNOWN)]
    boxed = [f"Boxed warning: {'; '.join(one.boxed_warnings)}"] if one.boxed_warnings else []
    parts = [text.rstrip(".") for text in (*boxed, *genes, *warned)]
    wanted = [name for text in one.pgx_considerations for name in text.partition(_WANTED)[2].split(", ") if name]
    missing = list(dict.fromkeys([*(fact for check in one.not_checkable for fact in check.missing), *wanted]))
    unknown = f" Not known: {joined(missing, _MOST_TEXTS)}." if missing else ""
    if not parts:
        return unknown.strip()
    more = f" and {len(parts) - _MOST_TEXTS} more" if len(parts) > _MOST_TEXTS else ""
    return f"{'; '.join(parts[:_MOST_TEXTS])}{more}.{unknown}"


def _reason(text: str) -> str:
    """Leave out the rule's code in front of the words."""
    code, _, words = text.partition(": ")
    return sentence(words if words and code.isupper() else text)
