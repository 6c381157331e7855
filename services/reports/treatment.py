"""The sections about danger and treatment: alerts, open safety questions, drugs offered, excluded and not indicated."""

from __future__ import annotations

from services.reports.blocks import Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import AlertRow, Facts, TherapyRow
from services.reports.words import disease_name, joined, scope, sentence, spoken

_MOST_TEXTS = 6
_NOT_CHECKED = "No rule raised an alert. What could not be checked is listed below; an unlisted drug was not checked at all."


def alerts(facts: Facts, register: SourceRegister) -> Section:
    """Every alert, strongest first, and the rules that could not be decided."""
    writer = Writer(register)
    if not facts.alerts:
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
            for one in facts.alerts
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


def _drugs(drugs: tuple[str, ...]) -> str:
    return f"{joined(drugs, 8)}; " if drugs else ""


def _concerns(one: AlertRow) -> str:
    subject = joined(one.drugs, 8) or (disease_name(one.disease) if one.disease else "the patient")
    when = scope(one.scope)
    return f"{subject} ({when})" if when else subject


def _what(one: AlertRow) -> str:
    beside = f" Interacts with: {joined(one.interacts_with)}." if one.interacts_with else ""
    instead = f" Alternatives: {'; '.join(one.alternatives[:4])}." if one.alternatives else ""
    return f"{sentence(one.message)}{beside} {sentence(one.action)}{instead}".strip()


def therapy(facts: Facts, register: SourceRegister) -> Section:
    """The treatments with an indication, those excluded with the reason, and those not indicated."""
    writer = Writer(register)
    offered = facts.recommended
    if not (offered or facts.excluded or facts.not_indicated):
        writer.paragraph("Not assessed: no diagnosis is recorded.")
    if offered:
        writer.subheading("With an indication, not excluded by a rule that could be decided")
        writer.table(
            ("Drug", "Label status", "Cautions", "Before and during treatment", "Sources"),
            (3.0, 2.9, 4.4, 4.4, 1.3),
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
                Row(cells=(_drug(one), " ".join(map(_reason, one.reasons)), marks(writer.cite(one.explanation.sources))))
                for one in facts.excluded
            ],
        )  # fmt: skip
    if facts.not_indicated:
        writer.subheading("Not indicated")
        writer.table(
            ("Drug", "Label status", "Sources"),
            (3.2, 10.2, 1.3),
            [Row(cells=(_drug(one), _status(one), marks(writer.cite(one.sources)))) for one in facts.not_indicated],
        )
    return writer.bullets(note for note in facts.therapy_notes if note).section(SectionKind.THERAPY, SectionKind.THERAPY.heading)


def _drug(one: TherapyRow) -> str:
    return f"{one.drug_name} ({one.drug_class}){', taken now' if one.is_current else ''}"


def _status(one: TherapyRow) -> str:
    parts = []
    for disease, row in one.status_by_disease.items():
        limits = "; ".join(part for part in (row.population, row.note) if part)
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
    parts = [*(f"Boxed warning: {text}" for text in one.boxed_warnings), *one.pgx_considerations, *one.contraindications]
    missing = list(dict.fromkeys(fact for check in one.not_checkable for fact in check.missing))
    unknown = f" Not known: {joined(missing, _MOST_TEXTS)}." if missing else ""
    if not parts:
        return unknown.strip()
    more = f" and {len(parts) - _MOST_TEXTS} more" if len(parts) > _MOST_TEXTS else ""
    return f"{'; '.join(parts[:_MOST_TEXTS])}{more}.{unknown}"


def _reason(text: str) -> str:
    """Leave out the rule's code in front of the words."""
    code, _, words = text.partition(": ")
    return sentence(words if words and code.isupper() else text)
