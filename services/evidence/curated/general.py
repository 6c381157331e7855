"""Trials, findings, genes and disease guides as passages."""

from __future__ import annotations

from collections.abc import Iterator

from services.evidence.curated.wording import (
    cited,
    disease_in_words,
    diseases_in_words,
    listed,
    packed,
    passages,
    pmids,
    sentence,
)
from services.evidence.passages import Passage
from services.knowledge.catalogue import load
from services.knowledge.records import Finding, Gene, Guide, Trial

_ASPECTS = {
    "presentation": "How {} presents",
    "first_tests": "First tests when {} is suspected",
    "mimics": "What imitates {} (differential diagnosis)",
    "monitoring": "Monitoring of {}",
    "red_flags": "Red flags and emergencies in {}",
    "treatment": "Principles of treatment of {}",
    "pregnancy": "Pregnancy in {}",
    "children": "{} in children",
}


def general_passages() -> Iterator[Passage]:
    """Yield the passages of `trials`, `literature`, `genomic_evidence` and `disease_guides`, in file order."""
    for trial in load("trials", Trial):
        yield from _trial(trial)
    for finding in load("literature", Finding):
        yield from _finding(finding)
    for guide in load("disease_guides", Guide):
        yield from _guide(guide)
    for gene in load("genomic_evidence", Gene):
        yield from _gene(gene)


def _trial(row: Trial) -> Iterator[Passage]:
    lead = f"{row.trial} ({row.year}): {row.drug} in {diseases_in_words(row.diseases)}."
    pieces = [sentence(row.design), f"Result: {row.result}", f"What it means: {row.meaning}"]
    yield from passages(
        "autoimmune_clinical_trials", row.id, f"{row.trial}: {row.drug}", packed(lead, pieces), cited(row.sources),
        {"trial": row.trial, "drug": row.drug, "disease": ",".join(row.diseases), "year": row.year, "pmid": pmids(row.sources)},
        context=f"Clinical trial, randomised evidence: {row.drug}, {diseases_in_words(row.diseases)}",
    )


def _finding(row: Finding) -> Iterator[Passage]:
    about = diseases_in_words(row.diseases) or "autoimmune diseases in general"
    yield from passages(
        "autoimmune_cross_disease" if row.topic == "overlap" else "autoimmune_literature", row.id, row.title,
        packed(sentence(row.title), [row.text, f"About: {about}."]), cited(row.sources),
        {
            "topic": row.topic, "syndrome": row.title, "disease": ",".join(row.diseases), "year": row.year,
            "pmid": pmids(row.sources),
        },
        context=f"{row.topic.replace('_', ' ')}: {about}",
    )


def _guide(row: Guide) -> Iterator[Passage]:
    title = _ASPECTS[row.aspect].format(disease_in_words(row.disease))
    yield from passages(
        "autoimmune_literature", f"guide_{row.id}", title, packed(f"{title}:", [row.text]), cited(row.sources),
        {"topic": row.aspect, "disease": row.disease, "pmid": pmids(row.sources)},
        context=f"Disease guide: {title}",
    )


def _gene(row: Gene) -> Iterator[Passage]:
    names = f" (also {listed(row.aliases)})" if row.aliases else ""
    lead = f"{row.gene}, {row.name}{names}: {row.conditions}."
    pieces = [f"Inheritance: {row.inheritance}.", f"Mechanism: {sentence(row.mechanism)}", f"In practice: {sentence(row.note)}"]
    if row.diseases:
        pieces.append(f"Touches {diseases_in_words(row.diseases)}.")
    yield from passages(
        "genomic_evidence", row.id, f"{row.gene}: {row.conditions}", packed(lead, pieces), cited(row.sources),
        {
            "gene": row.gene, "disease": ",".join(row.diseases), "inheritance": row.inheritance, "pmid": pmids(row.sources),
        },
        context=f"Gene {row.gene} {' '.join(row.aliases)} variant, inherited immune disease",
    )
