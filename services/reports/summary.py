"""The first page: who this is about, what is dangerous, what changed, what is active, what is missing.

It is short by rule: long lists are cut with the number of what was left out, and the detail follows on the next pages.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from services.reports.blocks import Item, Section, SourceRegister, Writer
from services.reports.changes import told
from services.reports.choices import SectionKind
from services.reports.facts import Facts
from services.reports.rows import ProblemRow
from services.reports.words import (
    antibody_result,
    day,
    disease_name,
    flag_word,
    joined,
    lab_result,
    score_result,
    sentence,
)

KEY, TITLE = "summary", "Summary"
_MOST_ALERTS, _MOST_LINES, _MOST_NAMES, _MOST_MAJOR, _MOST_CHANGES = 6, 8, 6, 3, 3
_LONGEST_MESSAGE = 160
NO_ANALYSIS = (
    "No analysis of this patient is stored, and the record holds nothing that could be analysed: no autoantibodies, no HLA "
    "typing, no laboratory values. Nothing is known here about activity, danger or treatment; that is not a normal result."
)


def write(
    facts: Facts, left_out: Iterable[SectionKind], register: SourceRegister, remarks: Iterable[str] = ()
) -> Section:
    """Write the summary of the chosen facts, after what must be known before reading it."""
    writer = Writer(register)
    if facts.analysed_on is None:
        writer.paragraph(NO_ANALYSIS, "strong")
    for remark in remarks:
        writer.paragraph(remark, "strong")
    if facts.analysed_on is None:
        return writer.section(KEY, TITLE)
    writer.bullets(
        [
            Item(lead="Diagnoses as given:", text=joined([disease_name(one) for one in facts.diagnoses]) or "none given"),
            Item(lead="Medication as given:", text=_medication(facts)),
            Item(lead="Results used:", text=_dates(facts)),
        ]
    )
    without = tuple(left_out)
    writer.subheading("Dangerous").bullets(_dangerous(facts, has_detail=SectionKind.ALERTS not in without))
    writer.subheading("Changed").bullets(_changed(facts))
    writer.paragraph(" ".join(facts.compared), "note")
    writer.subheading("Active").bullets(_active(facts))
    writer.subheading("Missing").bullets(_missing(facts, without))
    omitted = [one.heading for one in without]
    if omitted:
        writer.paragraph(f"Left out of this report by choice: {joined(omitted)}.", "note")
    return writer.section(KEY, TITLE)


def _medication(facts: Facts) -> str:
    taken = [one.text for one in facts.medications if one.is_taken]
    return joined(taken, 12) or "none given; whether there is none is not known"


def _dates(facts: Facts) -> str:
    dated = [*(one.date for one in facts.labs), *(one.date for one in facts.antibodies)]
    days = [one for one in dated if one is not None]
    undated = sum(1 for lab in facts.labs if lab.date is None)
    text = _span(days) if days else "no dated results"
    return f"{text}; {undated} laboratory value(s) without a date" if undated else text


def _span(days: list[datetime.date]) -> str:
    first, last = min(days), max(days)
    return f"of {day(first)}" if first == last else f"from {day(first)} to {day(last)}; each value's date stands in the detail"


def _changed(facts: Facts) -> list[Item]:
    groups = [Item(lead=lead, text=text) for lead, text in told(facts.changes, _MOST_CHANGES)]
    if groups:
        return groups
    if facts.compared:
        return [Item(text="Nothing that counts as a change was found.")]
    return [Item(text="Not known: there is nothing earlier to compare with.")]


def _dangerous(facts: Facts, *, has_detail: bool) -> list[Item]:
    critical = [one for one in facts.alerts if one.is_critical]
    major = [one for one in facts.alerts if one.severity == "major" and one.scope != "candidate"]
    serious = [
        Item(lead="MAJOR:", text=sentence(f"{f'{joined(one.drugs, 3)}: ' if one.drugs else ''}{one.message}"))
        for one in major[:_MOST_MAJOR]
    ]
    if len(major) > _MOST_MAJOR:
        serious.append(Item(text=f"{len(major) - _MOST_MAJOR} further major alerts stand under Alerts."))
    if not critical:
        none = "No critical alert was raised by the rules that could be checked; what they could not check is below."
        return [Item(text=none), *serious]
    here = [one for one in critical if one.scope != "candidate"]
    where = "The detail stands under Alerts." if has_detail else "The detail was left out by choice."
    avoid = sorted({drug for one in critical if one.scope == "candidate" for drug in one.drugs})
    items = [
        Item(lead=f"{_severity(one.severity, one.engine)}:", text=sentence(" ".join((one.message, one.action))))
        for one in here[:_MOST_ALERTS]
    ]
    if len(here) > _MOST_ALERTS:
        items.append(Item(text=f"{len(here) - _MOST_ALERTS} further critical alerts. {where}"))
    if avoid:
        items.append(Item(lead="Do not start:", text=f"{joined(avoid, 20)}. {where}"))
    return [*items, *serious]


def _severity(severity: str, engine: str) -> str:
    return "EMERGENCY" if engine in {"flare", "activity"} else severity.upper()


def _active(facts: Facts) -> list[Item]:
    items = [
        Item(lead=f"{one.score_name}:", text=f"{score_result(one)}, {disease_name(one.disease)}")
        for one in facts.scores if one.status == "ok"
    ][:_MOST_LINES]
    for one in facts.flare:
        if one.predicted_risk != "insufficient_data":
            because = joined(one.contributing_factors, 4) or "see Flare risk"
            items.append(
                Item(
                    lead=f"Flare risk in {one.time_horizon_days} days, {disease_name(one.disease)}:",
                    text=f"{one.predicted_risk} (ordered class, not a probability): {because}",
                )
            )
    positive = [f"{one.written} {antibody_result(one)}" for one in facts.antibodies if one.outcome == "positive"]
    if positive:
        items.append(Item(lead="Positive autoantibodies:", text=joined(positive, _MOST_NAMES)))
    flagged = [
        f"{one.label} {lab_result(one)}, {flag_word(one)} ({day(one.date)})"
        for one in facts.labs if one.flag and one.is_current
    ]
    older = sum(1 for one in facts.labs if one.flag and not one.is_current)
    if flagged or older:
        history = f"{older} older value(s) outside the limits stand in the detail as history" if older else ""
        more = [f"{len(flagged) - _MOST_LINES} more"] if len(flagged) > _MOST_LINES else []
        parts = ["; ".join([*flagged[:_MOST_LINES], *more]), history]
        items.append(Item(lead="Outside the limits:", text="; ".join(part for part in parts if part)))
    if not items:
        return [Item(text="Nothing could be graded from what is recorded; that does not mean that nothing is active.")]
    return items


def _missing(facts: Facts, without: tuple[SectionKind, ...]) -> list[Item]:
    items: list[Item] = []
    absent = [
        name
        for kind, name, present in (
            (SectionKind.ANTIBODIES, "autoantibodies", facts.antibodies), (SectionKind.HLA, "HLA typing", facts.hla),
            (SectionKind.LABS, "laboratory values", facts.labs),
        )
        if not present and kind not in without
    ]  # fmt: skip
    if absent:
        items.append(Item(lead="Not recorded:", text=f"{joined(absent)}; that is not a normal or negative result"))
    open_scores = [one for one in facts.scores if one.status == "insufficient_data"]
    for one in open_scores[:_MOST_LINES]:
        items.append(Item(lead=f"{one.score_name}, insufficient data:", text=f"missing {joined(one.missing, 4)}"))
    if len(open_scores) > _MOST_LINES:
        items.append(Item(text=f"{len(open_scores) - _MOST_LINES} further instruments could not be computed."))
    for flare in facts.flare:
        if flare.predicted_risk == "insufficient_data":
            lead = f"Flare risk, {disease_name(flare.disease)}:"
            items.append(Item(lead=lead, text=f"insufficient data, missing {joined(flare.missing, 4)}"))
    wanted = list(dict.fromkeys(fact for check in facts.open_checks for fact in check.missing))
    if wanted:
        items.append(
            Item(
                lead=f"{len(facts.open_checks)} safety rule(s) could not be checked:",
                text=f"not known are {joined(wanted, 10)}. Until then the drugs concerned are not cleared.",
            )
        )
    if facts.unrecognised:
        items.append(Item(lead="Not understood and not used:", text=joined(facts.unrecognised, _MOST_NAMES)))
    if facts.problems or facts.questions:
        said = [*(_problem(one) for one in facts.problems), *facts.questions]
        items.append(Item(lead="To be clarified:", text=joined(said, 3)))
    return items or [Item(text="Every rule and instrument that was applied had what it needs.")]


def _problem(one: ProblemRow) -> str:
    """Name a problem; a long one is told under Limits."""
    return f"{one.name}: {one.message}" if len(one.message) <= _LONGEST_MESSAGE else f"{one.name} (told under Limits)"
