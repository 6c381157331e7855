"""Consequence annotation packed into one INFO field: VEP's CSQ (also as `vep`), SnpEff's ANN, bcftools' BCSQ.

One record carries many entries, one per allele and transcript, separated by commas; the subfields of an entry are separated by
`|` and named in the field's Description. Each subfield becomes a column that holds the value of ONE entry, chosen for the row's
allele by this rule: VEP's PICK flag; then the most severe impact (HIGH, MODERATE, LOW, MODIFIER); then MANE Select; then
canonical; then the first in the file. Nothing is lost: the whole field stays in its own column, `<prefix>_entries` says how many
entries the allele has, and `genes` lists the genes of all of them.

An entry belongs to an allele by VEP's ALLELE_NUM, else by its Allele subfield, written either as in ALT or the way VEP trims it
(first base dropped when all alleles share it, `-` for nothing left). BCSQ entries name no allele and belong to all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from services.variants.columns import Column, NameBook, Origin
from services.variants.vcf.header import Header

_KNOWN = {"csq", "ann", "bcsq", "vep"}
_GENE_NAMES = ("SYMBOL", "Gene_Name", "gene")
_IMPACT_NAMES = ("IMPACT", "Annotation_Impact")
IMPACT_RANK = {"HIGH": 0, "MODERATE": 1, "LOW": 2, "MODIFIER": 3}
NO_IMPACT = 4
MAX_SUBFIELDS = 400


@dataclass(frozen=True, slots=True)
class AnnotationPlan:
    """How one annotation field is unpacked. Indices are positions of subfields, None where the field has none such."""

    key: str
    subfields: tuple[str, ...]
    columns: tuple[Column, ...]
    """One per subfield, then the count of entries."""
    allele: int | None
    allele_number: int | None
    gene: int | None
    pick: int | None
    impact: int | None
    mane: int | None
    canonical: int | None

    @property
    def width(self) -> int:
        return len(self.subfields)


def plan_annotations(header: Header, names: NameBook) -> tuple[AnnotationPlan, ...]:
    """Find the annotation fields of a header by their ID and the subfields named in their Description."""
    plans = []
    for key, definition in header.info.items():
        if key.lower() in _KNOWN and (subfields := _subfields(definition.description)):
            plans.append(_plan(key, subfields, names))
    return tuple(plans)


def _subfields(description: str) -> tuple[str, ...]:
    """Return the names in `... Format: A|B|C` or `'A | B | C'`; empty where the text names none."""
    text = description[:20_000]
    marker = text.find("Format:")
    piped = text[marker + len("Format:") :] if marker >= 0 else text
    first = piped.find("|")
    if first < 0:
        return ()
    start = max(piped.rfind(quote, 0, first) for quote in "'\":")
    ends = [found for quote in "'\"" if (found := piped.find(quote, first)) >= 0]
    names = tuple(re.sub(r"[^0-9A-Za-z_.\-/]", "", part) for part in piped[start + 1 : min(ends, default=len(piped))].split("|"))
    return names if 1 < len(names) <= MAX_SUBFIELDS else ()


def _plan(key: str, subfields: tuple[str, ...], names: NameBook) -> AnnotationPlan:
    prefix = key.lower()
    columns = [
        Column(
            names.unique(f"{prefix}_{re.sub(r'[^0-9A-Za-z_]', '_', name)}"),
            pa.string(),
            f"{name} of the {key} entry chosen for this allele",
            Origin.ANNOTATION,
            key,
            name,
        )
        for name in subfields
    ]
    count = Column(
        names.unique(f"{prefix}_entries"),
        pa.int32(),
        f"Number of {key} entries of this allele",
        Origin.ANNOTATION,
        key,
        "entries",
    )

    def index(*wanted: str) -> int | None:
        return next((subfields.index(name) for name in wanted if name in subfields), None)

    return AnnotationPlan(
        key,
        subfields,
        (*columns, count),
        allele=index("Allele"),
        allele_number=index("ALLELE_NUM"),
        gene=index(*_GENE_NAMES),
        pick=index("PICK"),
        impact=index(*_IMPACT_NAMES),
        mane=index("MANE_SELECT"),
        canonical=index("CANONICAL"),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one row gets: the subfields of the chosen entry (None where empty), the genes, and the number of entries."""

    values: tuple[str | None, ...]
    genes: tuple[str, ...]
    entries: int


def choose(plan: AnnotationPlan, text: str, ref: str, alts: Sequence[str], allele: int) -> Chosen:
    """Choose the entry of alternate allele `allele` (from 1) out of the field's text; see the module's docstring."""
    entries = [entry.split("|") for entry in text.split(",")]
    own = entries_of(plan, entries, ref, alts, allele)
    if not own:
        return Chosen((None,) * plan.width, (), 0)
    best = entries[min(own, key=lambda place: severity_key(plan, entries[place]))]
    values = tuple(_text(best, index) for index in range(plan.width))
    genes = dict.fromkeys(gene for place in own if (gene := _text(entries[place], plan.gene)))
    return Chosen(values, tuple(genes), len(own))


def entries_of(plan: AnnotationPlan, entries: Sequence[Sequence[str]], ref: str, alts: Sequence[str], allele: int) -> list[int]:
    """Return the places of the entries that belong to alternate allele `allele` (from 1)."""
    if len(alts) == 1:
        return list(range(len(entries)))
    written = tuple(alts)
    return [
        place
        for place, entry in enumerate(entries)
        if belongs(plan, _text(entry, plan.allele), _text(entry, plan.allele_number), ref, written, allele)
    ]


def severity_key(plan: AnnotationPlan, entry: Sequence[str]) -> tuple[bool, int, bool, bool]:
    """Return what entries are ranked by; the smallest is chosen, the first of equals."""
    return (
        _text(entry, plan.pick) != "1",
        IMPACT_RANK.get(_text(entry, plan.impact) or "", NO_IMPACT),
        _text(entry, plan.mane) is None,
        _text(entry, plan.canonical) != "YES",
    )


def _text(entry: Sequence[str], index: int | None) -> str | None:
    return entry[index] or None if index is not None and index < len(entry) else None


def belongs(plan: AnnotationPlan, stated: str | None, number: str | None, ref: str, alts: tuple[str, ...], allele: int) -> bool:
    """Tell whether an entry that states an allele, or its number, belongs to alternate allele `allele` (from 1) of several."""
    if number is not None:
        return number == str(allele)
    if plan.allele is None:
        return True
    if stated is None:
        return False
    # SnpEff writes `G-chr1:123456_A>T` for a variant seen on top of another; the part before the dash is the allele
    return stated in _written(ref, alts, allele) or (plan.key.upper() == "ANN" and stated.split("-", 1)[0] == alts[allele - 1])


@lru_cache(maxsize=4096)
def _written(ref: str, alts: tuple[str, ...], allele: int) -> frozenset[str]:
    own = alts[allele - 1]
    forms = {own, own.strip("<>")}
    sequences = [ref, *(alt for alt in alts if alt != "*" and not alt.startswith("<"))]
    if len({len(sequence) for sequence in sequences}) > 1 and len({sequence[:1] for sequence in sequences}) == 1:
        forms.add(own[1:] or "-")
    return frozenset(forms)
