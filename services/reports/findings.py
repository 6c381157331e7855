"""The sections of what was measured: autoantibodies, laboratory values, HLA and pharmacogenomics."""

from __future__ import annotations

from collections.abc import Iterable

from services.reports.blocks import Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import Facts
from services.reports.rows import AntibodyValue, GenotypeRow, HlaAssociationRow, LabValue
from services.reports.words import (
    antibody_result,
    as_sent,
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

_SAME_RESOLUTION = "Typed at the resolution of the row"
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
    current = [one for one in facts.labs if one.is_current]
    history = [one for one in facts.labs if not one.is_current]
    _lab_table(writer, current)
    if history:
        writer.subheading("History")
        writer.paragraph("Over a year before the newest result; not used for scores, flare risk, safety or treatment.", "note")
        _lab_table(writer, history)
    if any(one.limits_from == "typical" for one in facts.labs):
        writer.paragraph("Typical adult limits stand where the laboratory's own were not sent.", "note")
    remarks = [f"{one.label}: {one.note}" for one in facts.labs if one.note]
    return writer.bullets(remarks).section(SectionKind.LABS, SectionKind.LABS.heading)


def _lab_table(writer: Writer, labs: Iterable[LabValue]) -> None:
    writer.table(
        ("Test", "Value", "Limits", "Flag", "Date", "As sent"),
        (3.9, 2.5, 2.7, 1.3, 1.8, 2.3),
        [
            Row(
                cells=(one.label, lab_result(one), lab_limits(one), flag(one), day(one.date), as_sent(one)),
                strong=one.flag is not None,
            )
            for one in labs
        ],
    )  # fmt: skip


def hla(facts: Facts, register: SourceRegister) -> Section:
    """The typing, what is published of these alleles, and what matters for drugs. Susceptibility, never a diagnosis."""
    writer = Writer(register)
    if not facts.hla:
        writer.paragraph("No HLA typing recorded.")
    writer.bullets(Item(lead=f"HLA-{one.locus}:", text=joined(one.alleles)) for one in facts.hla)
    if facts.hla_associations:
        writer.subheading("Published associations")
        writer.paragraph(
            "Susceptibility in populations, not a diagnosis: most carriers never fall ill. Alleles are typed at the resolution "
            "of the figure unless the remark says otherwise.", "note",
        )  # fmt: skip
        writer.table(
            ("Allele", "Disease", "Odds ratio", "Population", "Remark", "Sources"),
            (2.2, 2.8, 2.1, 1.8, 4.4, 1.3),
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
        genes = [Item(lead=f"{one.gene}:", text=_genotype(one)) for one in facts.genotypes]
        drugs = [
            Item(
                lead=f"{one.allele}, {one.drug}:",
                text=sentence("; ".join(part for part in (one.effect, one.figure, one.population, one.action) if part)),
                cites=writer.cite(one.sources),
            )
            for one in facts.hla_drugs
        ]
        writer.bullets([*genes, *drugs])
    return writer.section(SectionKind.HLA, SectionKind.HLA.heading)


def _genotype(one: GenotypeRow) -> str:
    """The genotype as sent and how it is read, said once."""
    if not one.phenotype:
        return f"{one.written}: not interpreted. {one.reason}".strip()
    said = one.written if one.phenotype.split()[0].casefold() in one.written.casefold() else f"{one.written}: {one.phenotype}"
    return f"{said} ({one.origin})" if one.origin else said


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
    resolution = "" if one.resolution.startswith(_SAME_RESOLUTION) else one.resolution
    return " ".join(f"{uncertain}{certainty}{resolution} {one.note}".split())
