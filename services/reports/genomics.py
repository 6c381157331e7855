"""The section of what the patient's variant tables show: variants that matter, pharmacogenes, and what was not answered."""

from __future__ import annotations

from services.reports.blocks import Cited, Item, Row, Section, SourceRegister, Writer, marks
from services.reports.choices import SectionKind
from services.reports.facts import Facts
from services.reports.rows import CrossFindingRow
from services.reports.words import sentence

_NO_TABLE = "No variant table was linked to the patient for this analysis. That is not a negative result."
_NOT_READ = "None of these tables could be read: below is why. Nothing was looked for, which is not a negative result."
_NO_FINDING = (
    "No row of these tables is a curated or reported pathogenic variant that the sample carries. A place without a record is not "
    "tested, so this excludes nothing."
)


def genomics(facts: Facts, register: SourceRegister) -> Section:
    """Variants with their grounds, genes that change the response to drugs, and the limits of the tables."""
    writer = Writer(register)
    if not facts.genomic_tables:
        return writer.paragraph(_NO_TABLE).section(SectionKind.GENOMICS, SectionKind.GENOMICS.heading)
    named = [(one.name, one.sample, one.build or "build unknown") for one in facts.genomic_tables]
    writer.paragraph(f"Read from: {'; '.join(', '.join(filter(None, parts)) for parts in named)}.", "note")
    variants = [one for one in facts.genomic_findings if one.agent == "genomics"]
    if not variants:
        writer.paragraph(_NO_FINDING if any(one.is_read for one in facts.genomic_tables) else _NOT_READ)
    writer.table(
        ("Variant and what it means", "What to do", "Grounds and limits", "Table, row"),
        (5.2, 3.4, 4.4, 1.9),
        [
            Row(cells=(sentence(one.finding), sentence(one.action), _grounds(one), _where(one)), strong=one.severity == "major")
            for one in variants
        ],
    )  # fmt: skip
    if facts.genomic_genotypes:
        writer.subheading("Pharmacogenes")
        writer.table(
            ("Gene", "Alleles", "Phenotype", "How sure", "Used for treatment", "Sources"),
            (1.7, 3.0, 2.6, 2.0, 2.6, 1.3),
            [
                Row(cells=(
                    one.gene, one.diplotype or "not called", one.phenotype or "not assigned", one.status,
                    "yes" if one.used else "no", marks(writer.cite(Cited(citation=source) for source in one.sources)),
                ))
                for one in facts.genomic_genotypes
            ],
        )  # fmt: skip
        writer.bullets(Item(lead=f"{one.gene}:", text=" ".join(one.reasons)) for one in facts.genomic_genotypes if one.reasons)
    told = [one for one in facts.genomic_findings if one.agent != "genomics" and one.action]
    writer.bullets(Item(lead=f"{sentence(one.finding)}", text=sentence(one.action)) for one in told)
    notes = [Item(lead=f"{one.name}:", text=note) for one in facts.genomic_tables for note in one.notes]
    if notes:
        writer.subheading("What these tables do not tell").bullets(notes)
    return writer.section(SectionKind.GENOMICS, SectionKind.GENOMICS.heading)


def _grounds(one: CrossFindingRow) -> str:
    return " ".join(sentence(part) for part in (*one.sources, *one.limits))


def _where(one: CrossFindingRow) -> str:
    return one.table if one.row is None else f"{one.table}, {one.row + 1:,}"
