"""The sections of what was measured: autoantibodies, laboratory values, HLA and pharmacogenomics."""

from __future__ import annotations

from services.reports.blocks import Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import AntibodyValue, Facts, HlaAssociationRow, LabValue
from services.reports.words import (
    antibody_result,
    day,
    flag,
    joined,
    lab_limits,
    lab_result,
    number,
    outcome,
    sentence,
    spoken,
)

NONE_RECORDED = "None recorded. That is not a negative result."


def antibodies(facts: Facts, register: SourceRegister) -> Section:
    """Every antibody result as sent, with how it was read."""
    writer = Writer(register)
    if not facts.antibodies:
        writer.paragraph(NONE_RECORDED)
    writer.table(
        ("Autoantibody", "Result", "Limit of the laboratory", "Read as", "Date", "Sources"),
        (4.2, 2.6, 2.4, 2.2, 1.8, 1.3),
        [
            Row(
                cells=(
                    _antibody_name(one), antibody_result(one), one.reference_range or "not given", outcome(one),
                    day(one.date), marks(writer.cite(one.sources)),
                ),
                strong=one.outcome == "positive",
            )
            for one in facts.antibodies
        ],
    )  # fmt: skip
    notes = [Item(text=f"{one.name}: {note}") for one in facts.antibodies if one.outcome == "positive" for note in one.notes]
    return writer.bullets([*notes, *facts.antibody_notes]).section(SectionKind.ANTIBODIES, SectionKind.ANTIBODIES.heading)


def _antibody_name(one: AntibodyValue) -> str:
    name = one.name if one.name.casefold() == one.written.casefold() else f"{one.name} (written: {one.written})"
    if one.id is None:
        name = f"{one.written} (name not recognised: not interpreted)"
    return f"{name}; {joined(one.patterns)}" if one.patterns else name


def labs(facts: Facts, register: SourceRegister) -> Section:
    """Every laboratory value in one unit, its limits with their origin, and its date."""
    writer = Writer(register)
    if not facts.labs:
        writer.paragraph("None recorded. That is not a normal result.")
    writer.table(
        ("Test", "Value", "Limits", "Flag", "Date", "As sent"),
        (3.7, 2.2, 2.9, 1.4, 2.3, 2.1),
        [
            Row(
                cells=(one.label, lab_result(one), lab_limits(one), flag(one), _dated(one), _as_sent(one)),
                strong=one.flag is not None,
            )
            for one in facts.labs
        ],
    )  # fmt: skip
    if any(one.limits_from == "typical" for one in facts.labs):
        writer.paragraph("Typical adult limits stand where the laboratory's own were not sent.", "note")
    if any(not one.is_current for one in facts.labs):
        writer.paragraph(
            "History: more than a year before the newest result; not used for scores, flare risk, safety or treatment.", "note"
        )
    remarks = [f"{one.label}: {one.note}" for one in facts.labs if one.note]
    return writer.bullets(remarks).section(SectionKind.LABS, SectionKind.LABS.heading)


def _dated(one: LabValue) -> str:
    return day(one.date) if one.is_current else f"{day(one.date)} (history)"


def _as_sent(one: LabValue) -> str:
    return "" if one.written == f"{one.value:g} {one.unit}" else one.written


def hla(facts: Facts, register: SourceRegister) -> Section:
    """The typing, what is published of these alleles, and what matters for drugs. Susceptibility, never a diagnosis."""
    writer = Writer(register)
    if not facts.hla:
        writer.paragraph("No HLA typing recorded.")
    writer.bullets(Item(lead=f"HLA-{one.locus}:", text=joined(one.alleles)) for one in facts.hla)
    if facts.hla_associations:
        writer.subheading("Published associations")
        writer.paragraph("Susceptibility in populations, not a diagnosis: most carriers never fall ill.", "note")
        writer.table(
            ("Allele", "Disease", "Odds ratio", "Population", "Remark", "Sources"),
            (2.2, 3.0, 2.1, 1.8, 4.0, 1.1),
            [
                Row(cells=(
                    one.allele, _disease(one), _odds(one), one.population or "not stated", _remark(one),
                    marks(writer.cite(one.explanation.sources)),
                ))
                for one in facts.hla_associations
            ],
        )  # fmt: skip
    if facts.genotypes or facts.hla_drugs:
        writer.subheading("Pharmacogenomics")
        writer.bullets(
            Item(lead=f"{one.gene} {one.written}:", text=one.phenotype or f"not interpreted. {one.reason}".strip())
            for one in facts.genotypes
        )
        writer.bullets(
            Item(
                lead=f"{one.allele}, {one.drug}:",
                text=sentence("; ".join(part for part in (one.effect, one.figure, one.population, one.action) if part)),
                cites=writer.cite(one.sources),
            )
            for one in facts.hla_drugs
        )
    return writer.section(SectionKind.HLA, SectionKind.HLA.heading)


def _disease(one: HlaAssociationRow) -> str:
    return f"{one.disease_name} ({one.subset})" if one.subset else one.disease_name


def _odds(one: HlaAssociationRow) -> str:
    direction = spoken(one.direction)
    if one.npv_only:
        return f"{direction}; only its absence says something"
    if one.odds_ratio is None:
        return f"{direction}, no figure"
    low, high = one.confidence_interval or (None, None)
    interval = f" ({number(low)} to {number(high)})" if low is not None and high is not None else ""
    return f"{number(one.odds_ratio)}{interval}, {direction}"


def _remark(one: HlaAssociationRow) -> str:
    uncertain = "Uncertain. " if one.is_uncertain else ""
    certainty = "" if one.certainty in {"", "typed"} else f"Allele {spoken(one.certainty)}. "
    return f"{uncertain}{certainty}{one.resolution} {one.note}".strip()
