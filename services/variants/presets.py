"""Which columns of a table to show first, which to offer as facets, and how the columns of one row are grouped.

Column names differ from annotator to annotator; these rules go by origin (from the manifest) and by the usual names of VEP,
SnpEff, bcftools csq and ClinVar. They choose what is shown, never what is true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.variants.filters import TableFacts, gene_column

Entry = Mapping[str, Any]
"""A column as the manifest describes it."""

_PLACE = ("chrom", "pos", "ref", "alt")
_BOOKKEEPING = frozenset(
    "row_id chrom_order line allele_index allele_count original_pos original_ref original_alt".split()
)
_CONSEQUENCE = re.compile(r"(?:^|_)(?:consequence|annotation|effect)$", re.IGNORECASE)
_IMPACT = re.compile(r"(?:^|_)(?:impact|annotation_impact)$", re.IGNORECASE)
_CHANGE = re.compile(r"(?:^|_)(?:hgvs_?[cp]|hgvs\.[cp]|amino_acid_change|dna_change)$", re.IGNORECASE)
_SIGNIFICANCE = re.compile(r"clin_?sig|clnsig|clinvar.*sig|clinical_?significance", re.IGNORECASE)
_FREQUENCY = re.compile(r"gnomad.*af$|exac.*af$|max_af$|(?:^|_)af(?:_|$)|popmax", re.IGNORECASE)
_PREDICTION = re.compile(
    r"(?:^|_)(?:cadd.*|revel.*|sift.*|polyphen.*|spliceai(?:.*max)?|alphamissense|am_class)$", re.IGNORECASE
)
_STRUCTURAL = ("sv_type", "sv_genes", "sv_cnv_class", "sv_fusion")
_GENOTYPE = re.compile(r"^(?:zygosity|fmt_(?:GT|DP|GQ|AD|AD_ref|AD_alt|VAF))\.")
_FEW_SAMPLES = 4
_MANY_SAMPLES = 20
_SIDE = 3


class Preset(StrEnum):
    """The value is the name to show."""

    ESSENTIALS = "Essentials"
    ANNOTATION = "Annotation"
    GENOTYPES = "Genotypes"
    FILE_FIELDS = "Fields of the file"
    EVERYTHING = "Everything"


class Group(StrEnum):
    """The parts of one row's evidence, in the order to show them; the value is the heading."""

    POSITION = "Position and record"
    REFERENCE = "Annotation from reference data"
    GENOTYPES = "Genotypes"
    ANNOTATION = "Annotation"
    INFO = "INFO"
    FILE = "Columns of the file"


def columns_of(preset: Preset, entries: Sequence[Entry], facts: TableFacts) -> tuple[str, ...]:
    """Return the columns of a preset in the order to show them. Each preset begins with the place and the alleles."""
    names = [str(entry["name"]) for entry in entries]
    origins = {str(entry["name"]): str(entry["origin"]) for entry in entries}
    match preset:
        case Preset.ESSENTIALS:
            chosen = _essentials(entries, facts)
        case Preset.ANNOTATION:
            gene = gene_column(facts)
            chosen = [*([gene.name] if gene else []), *(name for name in names if origins[name] == "annotation")]
        case Preset.GENOTYPES:
            chosen = [name for name in names if _GENOTYPE.match(name)]
        case Preset.FILE_FIELDS:
            chosen = ["id", "qual", "filter", *(name for name in names if origins[name] in ("info", "file"))]
        case Preset.EVERYTHING:
            chosen = names
    return tuple(dict.fromkeys([*(name for name in _PLACE if name in origins), *(name for name in chosen if name in origins)]))


def _ours_first(entries: Sequence[Entry]) -> list[str]:
    """Return the names of all columns; those that were annotated here stand before those the file brought with it."""
    return [str(entry["name"]) for entry in sorted(entries, key=lambda entry: not entry.get("stamp"))]


def _essentials(entries: Sequence[Entry], facts: TableFacts) -> list[str]:
    names = _ours_first(entries)
    gene = gene_column(facts)
    chosen = [gene.name] if gene else []
    for pattern, most in ((_CONSEQUENCE, 1), (_IMPACT, 1), (_CHANGE, 2), (_SIGNIFICANCE, 1)):
        chosen += [name for name in names if pattern.search(name)][:most]
    chosen += [name for name in ("known_variant",) if name in names]
    chosen += _genotypes(entries)
    chosen += [name for name in _STRUCTURAL if name in names]
    chosen += [name for name in names if _FREQUENCY.search(name) and not name.startswith("fmt_")][:_SIDE]
    chosen += [name for name in names if _PREDICTION.search(name)][:_SIDE]
    chosen += ["variant_type", "filter", "qual", "id"]
    chosen += [name for name in names if name == "info_DP"]
    if not any(str(entry["origin"]) in ("info", "annotation", "format") for entry in entries):
        chosen += [str(entry["name"]) for entry in entries if entry["origin"] == "file"][:12]
    return chosen


def _genotypes(entries: Sequence[Entry]) -> list[str]:
    names = {str(entry["name"]) for entry in entries}
    samples = list(dict.fromkeys(str(entry["sample"]) for entry in entries if entry.get("sample")))
    if len(samples) > _MANY_SAMPLES:
        return []
    fields = ("zygosity", "fmt_GQ", "fmt_DP") if len(samples) == 1 else ("zygosity",)
    return [f"{field}.{sample}" for sample in samples[:_FEW_SAMPLES] for field in fields if f"{field}.{sample}" in names]


def facet_columns(entries: Sequence[Entry], facts: TableFacts) -> tuple[str, ...]:
    """Return the columns worth a facet, most asked for first; at most eight."""
    names = _ours_first(entries)
    gene = gene_column(facts)
    chosen = [*([gene.name] if gene else [])]
    for pattern in (_IMPACT, _CONSEQUENCE, _SIGNIFICANCE):
        chosen += [name for name in names if pattern.search(name)][:1]
    chosen += [name for name in names if name.startswith("zygosity.")][:_SIDE]
    chosen += [name for name in ("variant_type", "filter", "chrom") if name in names]
    return tuple(dict.fromkeys(chosen))[:8]


def number_columns(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the columns that have a distribution, the usual ones first."""
    usable = [
        str(entry["name"]) for entry in entries
        if (entry["type"] in ("integer", "number") or entry.get("numeric")) and entry["name"] not in _BOOKKEEPING
    ]
    first = [name for name in usable if name == "qual" or name == "info_DP" or _FREQUENCY.search(name)]
    return tuple(dict.fromkeys([*first, *usable]))


def example_filter(entries: Sequence[Entry], facts: TableFacts) -> str:
    """Return an expression to show as an example, made of columns that this table has."""
    numbers = {str(entry["name"]) for entry in entries if entry["type"] in ("integer", "number")}
    frequency = next((name for name in _ours_first(entries) if name in numbers and _FREQUENCY.search(name)), None)
    written = f"`{frequency}`" if frequency and not re.fullmatch(r"[A-Za-z_]\w*", frequency) else frequency
    parts = [f"{written} < 0.01" if written else "qual >= 30", *(["gene in (NOD2, TNFAIP3)"] if gene_column(facts) else [])]
    return " and ".join(parts)


def group_of(entry: Entry) -> Group:
    """Return under which heading a column of a row stands."""
    origin = str(entry["origin"])
    if entry.get("stamp"):
        return Group.REFERENCE
    if entry.get("sample"):
        return Group.GENOTYPES
    if origin == "annotation" or entry["name"] == "genes":
        return Group.ANNOTATION
    return {"info": Group.INFO, "file": Group.FILE}.get(origin, Group.POSITION)
