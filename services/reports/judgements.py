"""The sections of what the engines concluded: activity, criteria, differential, flare risk. Each with rule and sources."""

from __future__ import annotations

from services.reports.blocks import Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import Facts
from services.reports.rows import CriteriaRow, DifferentialRow, FlareRow, InputRecord, ScoreRow, Why
from services.reports.words import day, disease_name, joined, number, score_result, sentence, spoken, support

_MOST_DISEASES = 5
_MOST_INPUTS = 12
_LEAST_SUPPORT = 0.005


def activity(facts: Facts, register: SourceRegister) -> Section:
    """Every instrument that applies, computed or not."""
    writer = Writer(register)
    if not facts.scores:
        writer.paragraph("No instrument applies: no diagnosis is recorded.")
    writer.table(
        ("Instrument", "Result", "Inputs", "Missing", "Sources"),
        (3.0, 2.4, 4.0, 4.2, 1.2),
        [
            Row(cells=(
                _instrument(one), score_result(one), _inputs(one), _absent(one), marks(writer.cite(one.explanation.sources)),
            ))
            for one in facts.scores
        ],
    )  # fmt: skip
    return writer.section(SectionKind.ACTIVITY, SectionKind.ACTIVITY.heading)


def _instrument(one: ScoreRow) -> str:
    return f"{one.score_name} ({disease_name(one.disease)})"


def _absent(one: ScoreRow) -> str:
    if one.status == "ok":
        return ""
    return joined(one.missing, 8) or sentence(one.message)


def _inputs(one: ScoreRow) -> str:
    given = [entry for entry in one.explanation.inputs if entry.value != "no"]
    parts = [f"{entry.name}: {_measured(entry)}" for entry in given]
    negatives = len(one.explanation.inputs) - len(given)
    if negatives:
        parts.append(f"{negatives} item(s) answered no")
    return joined(parts, _MOST_INPUTS)


def _measured(entry: InputRecord) -> str:
    """A value with its unit, or in brackets the scale it is on, and its date."""
    scale = entry.unit is not None and entry.unit.replace("-", "").isdigit()
    unit_shown = f" ({entry.unit})" if scale else f" {entry.unit}" if entry.unit else ""
    return f"{entry.value}{unit_shown}{f' ({day(entry.date)})' if entry.date else ''}"


def criteria(facts: Facts, register: SourceRegister) -> Section:
    """The classification criteria as far as the record answers them."""
    writer = Writer(register)
    if not facts.criteria:
        writer.paragraph("No criteria set could be looked at: the record answers none of their items.")
    else:
        writer.paragraph("Classification criteria were made to form comparable study groups; they are not a diagnosis.", "note")
    for one in facts.criteria:
        writer.subheading(one.name)
        writer.paragraph(f"{_verdict(one)} {_points(one)}".strip(), sources=one.explanation.sources)
        met = [_step(step.label, step.points) for step in one.explanation.steps if step.points]
        writer.bullets(
            [
                *([Item(lead="Counted:", text=joined(met, _MOST_INPUTS))] if met else []),
                *([Item(lead="Not answered:", text=joined(one.missing, 8))] if one.missing else []),
                *(Item(text=note) for note in one.notes),
            ]
        )
    return writer.section(SectionKind.CRITERIA, SectionKind.CRITERIA.heading)


def _verdict(one: CriteriaRow) -> str:
    if one.category_label:
        return f"{sentence(one.category_label)}"
    if one.classified is None:
        return f"Not decided ({spoken(one.status)}): open items can still change it."
    return "Classification criteria met." if one.classified else "Classification criteria not met."


def _points(one: CriteriaRow) -> str:
    if one.points is None:
        return ""
    reach = f", up to {number(one.points_max_reachable)} reachable" if one.points_max_reachable is not None else ""
    needed = f", {number(one.threshold)} needed" if one.threshold is not None else ""
    return f"{number(one.points)} points{reach}{needed}."


def _step(label: str, points: float | None) -> str:
    return f"{label} ({number(points)})" if points is not None else label


def differential(facts: Facts, register: SourceRegister) -> Section:
    """The best supported diseases with what speaks for and against each."""
    writer = Writer(register)
    writer.paragraph(facts.differential_summary, "strong")
    if not facts.differential:
        writer.paragraph("No ranking: nothing is recorded that would speak for or against a disease.")
    strong = (one for one in facts.differential if one.rank == 1 or one.is_diagnosed or one.confidence >= _LEAST_SUPPORT)
    shown = tuple(strong)[:_MOST_DISEASES]
    writer.table(
        ("Rank", "Disease", "Relative support", "Speaks for it", "Speaks against it", "Sources"),
        (0.9, 3.0, 1.5, 5.2, 3.0, 1.6),
        [
            Row(cells=(
                str(one.rank), f"{one.disease_name}{' (diagnosed)' if one.is_diagnosed else ''}",
                support(one.confidence), _for(one), joined(one.contradicting, 5),
                marks(writer.cite(one.explanation.sources)),
            ))
            for one in shown
        ],
    )  # fmt: skip
    weak = [one.disease_name for one in facts.differential if one not in shown]
    if weak:
        writer.paragraph(f"Compared too, with less support: {joined(weak)}.")
    outside = [f"{one.name} ({support(one.confidence)})" for one in facts.outside if one.confidence >= 0.001]
    if outside:
        writer.paragraph(f"Outside the thirteen diseases, also supported: {joined(outside, _MOST_DISEASES)}.")
    writer.paragraph(
        "Relative support compares the hypotheses looked at with each other; it is not a probability of disease. Imaging, biopsy "
        "and examination were not seen.", "note",
    )  # fmt: skip
    return writer.section(SectionKind.DIFFERENTIAL, SectionKind.DIFFERENTIAL.heading)


def _for(one: DifferentialRow) -> str:
    parts = [*one.supporting_antibodies, *one.supporting_hla, *one.matching_symptoms]
    return joined(parts, 7) or "nothing recorded"


def flare(facts: Facts, register: SourceRegister) -> Section:
    """The flare risk of each diagnosis as an ordered class."""
    writer = Writer(register)
    if not facts.flare:
        writer.paragraph("Not assessed: no diagnosis is recorded.")
    else:
        writer.paragraph("The class orders patients by counted predictors; it is not a probability.", "note")
    for one in facts.flare:
        writer.subheading(disease_name(one.disease))
        writer.paragraph(_flare_line(one), "strong", one.explanation.sources)
        writer.bullets(_flare_items(one))
    return writer.section(SectionKind.FLARE, SectionKind.FLARE.heading)


def _flare_line(one: FlareRow) -> str:
    what = f"Risk of {spoken(one.outcome)} in {one.time_horizon_days} days:"
    if one.predicted_risk == "insufficient_data":
        return f"{what} insufficient data."
    points = f", score {number(one.risk_score)}" if one.risk_score is not None else ""
    return f"{what} {one.predicted_risk}{points}. Activity now: {spoken(one.current_activity)}."


def _flare_items(one: FlareRow) -> list[Item]:
    return [
        Item(lead=lead, text=joined(parts, _MOST_INPUTS))
        for lead, parts in (
            ("Raises it:", one.contributing_factors), ("Lowers it:", one.protective_factors), ("Missing:", one.missing),
            ("Not assessed:", one.not_assessed), ("Monitoring:", one.recommended_monitoring), ("Note:", one.notes),
        )
        if parts
    ]  # fmt: skip


def rule_versions(facts: Facts) -> tuple[str, ...]:
    """Return the versions of every rule whose result this report prints, each once."""
    explained: list[Why | None] = [
        *(one.explanation for one in facts.scores), *(one.explanation for one in facts.criteria),
        *(one.explanation for one in facts.differential), *(one.explanation for one in facts.flare),
        *(one.explanation for one in facts.alerts), *(one.explanation for one in facts.recommended),
        *(one.explanation for one in facts.hla_associations),
    ]  # fmt: skip
    return tuple(dict.fromkeys(why.version for why in explained if why is not None and why.version))
