"""The rows of a table that matter for its patient, weighed: gene, copies, what they mean, who passed them on.

A row is listed once, with every ground for it. Rows the sample does not carry are left out; a place without a record is neither
a finding nor an absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.genomics.genome import GenomeBuild
from services.genomics.pgx.model import MIN_DEPTH
from services.knowledge.drugs import Severity
from services.knowledge.genes import Effect, GeneDisease, Inheritance, gene
from services.knowledge.known_variants import KnownVariant, Significance
from services.pipelines.genomic.candidates import Candidate, Grounds, genes_of_row
from services.pipelines.genomic.carrying import Bearing, Partner, Reading, Sex, disease_words, fitting, read_copies
from services.pipelines.genomic.grounds import collect_classified, collect_clinvar, collect_flags, collect_known, rows_of
from services.pipelines.genomic.inheriting import Descent, Family, Origin
from services.pipelines.genomic.model import Carried, Ground, VariantFinding
from services.pipelines.genomic.reading import SampleColumns, carried_in, columns_of, reads_in
from services.pipelines.genomic.structural import VARYING, find_structural
from services.variants.classification.store import Classified
from services.variants.links import SampleChoice
from services.variants.marks import NotedRow
from services.variants.tables import VariantTable

MAX_ROWS = 200
"""Rows of a table that are listed; a table with more says so."""
_LEAST_TRACE_READS = 3
_LEAST_TRACE = 0.02
_DESTROYING = ("stop_gained", "frameshift", "splice_donor", "splice_acceptor", "start_lost", "transcript_ablation")
_CONSEQUENCES = ("consequence", "csq_consequence", "vep_consequence", "ann_annotation", "bcsq_consequence")


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of one table, and how much could be looked for."""

    variants: tuple[VariantFinding, ...]
    known_places: int
    known_recorded: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate with what the parents' samples say of it."""

    candidate: Candidate
    descent: Descent


def find_variants(
    table: VariantTable, build: GenomeBuild, choice: SampleChoice, sex: Sex | None, noted: Iterable[NotedRow] = (),
    signed: Sequence[Classified] = (),
) -> Found:
    """Return the rows of a table that matter for the sample of `choice`; of a table without samples, all that might.

    `signed` are classifications in the table's build.
    """
    columns = columns_of(table, choice.sample) if choice.sample else None
    grounds: dict[int, Grounds] = {}
    collect_classified(table, build, signed, grounds)
    looked_for, recorded = collect_known(table, build, grounds)
    notes = collect_clinvar(table, build, grounds)
    collect_flags(noted, grounds)
    structural = find_structural(table, build, columns, sex, grounds)
    notes += structural.notes
    weighed_already = {one.row_id for one in structural.candidates}
    listed = sorted(set(grounds) - weighed_already)[:MAX_ROWS]
    if len(grounds) > MAX_ROWS:
        notes.append(f"{len(grounds):,} rows would be listed; the first {MAX_ROWS} are. Filter the table for the others.")
    rows = rows_of(table, listed, None)
    small = [one for row in rows if (one := _small(row, build, table, columns, grounds[row["row_id"]])) is not None]
    family = Family(table, choice)
    everyone = [_Weighed(one, _descent(one, family, sex)) for one in (*small, *structural.candidates)]
    if everyone:
        notes += family.strangers
    found = tuple(sorted((_finding(one, everyone, sex) for one in everyone), key=_order))
    return Found(found, looked_for, recorded, tuple(notes))


def _order(one: VariantFinding) -> tuple[int, str, int]:
    return -one.severity.rank, one.gene, one.row_id


def _descent(one: Candidate, family: Family, sex: Sex | None) -> Descent:
    if one.known is not None and one.known.inheritance is Inheritance.SOMATIC:
        return Descent()  # acquired: nobody passed it on
    return family.descent(one.row, one.carried, chromosome=one.chromosome, is_male=sex == "M")


# -- small variants


def _small(
    row: Mapping[str, Any], build: GenomeBuild, table: VariantTable, columns: SampleColumns | None, own: Grounds
) -> Candidate | None:
    """Return a row with how it is carried, None where the sample is known not to carry it."""
    known = gene(own.known.gene) if own.known is not None else None
    genes = (known,) if known is not None else tuple(
        sorted(genes_of_row(row, build, table), key=lambda one: not one.is_monogenic)
    )
    can_be_acquired = any("somatic" in one.inheritance for one in genes)
    carried = _carried(row, columns, can_be_acquired=can_be_acquired)
    if carried is None:
        return None
    named = own.known.gene if own.known is not None else genes[0].symbol if genes else ""
    change = _named(own.known) if own.known is not None else str(row.get("hgvs_c") or "")[:100]
    return Candidate(
        row, genes, named, carried, tuple(own.evidence), f"{row['chrom']}:{row['pos']} {_short(row['ref'])}>{_short(row['alt'])}",
        change, is_lost=own.known is None and _destroys(row), known=own.known,
    )  # fmt: skip


def _carried(row: Mapping[str, Any], columns: SampleColumns | None, *, can_be_acquired: bool) -> Carried | None:
    if columns is None or columns.genotype is None:
        return Carried("", "the table states no genotype", None)
    read = carried_in(row, columns)
    if read is not None or not can_be_acquired:
        return read
    # a caller of inherited variants writes 0/0 where an acquired one is in part of the cells: then the reads count
    reads = reads_in(row, columns)
    if (reads.carrying or 0) >= _LEAST_TRACE_READS and (reads.share or 0) >= _LEAST_TRACE:
        written = str(row.get(columns.genotype) or "")
        return Carried(written, f"not called, but seen in {reads.words}", 1, reads=reads)
    return None


def _destroys(row: Mapping[str, Any]) -> bool:
    """Whether the table's annotation says that the gene product is cut short or not made."""
    by_name = {name.lower(): name for name in row}
    column = next((by_name[name] for name in _CONSEQUENCES if name in by_name), None)
    said = row.get(column) if column is not None else None
    first = said[0] if isinstance(said, list) and said else said
    return any(term in str(first or "").lower() for term in _DESTROYING)


def _named(known: KnownVariant) -> str:
    """The usual name of a curated variant, with what it goes by in the literature where it has no coding change."""
    if known.coding:
        return f"{known.coding} ({known.protein})" if known.protein else known.coding
    return ", ".join(part for part in (known.rsid or "", *known.aliases[:1]) if part)


# -- what they mean


_COVERED = "A deletion in this table covers the place: there may be one changed copy and no other."


def _finding(one: _Weighed, everyone: Sequence[_Weighed], sex: Sex | None) -> VariantFinding:
    own = one.candidate
    stated = own.known.inheritance if own.known is not None else None
    diseases = fitting(own.genes[:1], is_lost=own.is_lost, stated=stated)
    inheritance = (stated.value,) if stated is not None else tuple(
        dict.fromkeys(how.value for disease in diseases for how in disease.inheritance)
    )
    reading = _reading(one, diseases, inheritance, everyone, sex)
    remark = own.genes[0].note if own.genes else ""
    covered = [_COVERED] if (own.carried.copies or 0) >= 2 and any(
        other.candidate.covers(own) for other in everyone if other is not one
    ) else []
    return VariantFinding(
        key=f"v{own.row_id}", gene=own.named, change=own.change, place=own.place, carried=own.carried, evidence=own.evidence,
        meaning=reading.meaning, action=reading.action, severity=reading.severity, inheritance=inheritance,
        limits=tuple(dict.fromkeys([*_doubts(own), *own.limits, *covered, *reading.limits, *([remark] if remark else []),
                                    *one.descent.limits])),
        row_id=own.row_id, diseases=disease_words(diseases), family=one.descent.words,
    )  # fmt: skip


def _reading(
    one: _Weighed, diseases: tuple[GeneDisease, ...], inheritance: tuple[str, ...], everyone: Sequence[_Weighed],
    sex: Sex | None,
) -> Reading:
    own = one.candidate
    if all(evidence.significance == Significance.RISK_FACTOR.value for evidence in own.evidence):
        return Reading(Significance.RISK_FACTOR.statement, "", Severity.INFO)
    if own.is_variable:
        return _varying(own)
    if own.span is not None and not own.is_lost:
        return _gained(own)
    partner, phased_by = _partner(one, everyone)
    bearing = Bearing(
        own.carried, inheritance, diseases, on_x=own.chromosome == "X", sex=sex, partner=partner, phased_by=phased_by,
        is_lost=own.is_lost and own.known is None and any(disease.inheritance for found in own.genes[:1]
                                                          for disease in found.diseases),
        gene=own.named,
    )  # fmt: skip
    reading = read_copies(bearing)
    if own.span is not None and not any(disease.established for disease in diseases):
        reading = _at_most(reading, Severity.MODERATE)
    if own.span is not None and any("intron" in limit for limit in own.limits):
        reading = _at_most(reading, Severity.MODERATE)
    if own.common:
        reading = replace(_at_most(reading, Severity.INFO), meaning=f"{own.common} {reading.meaning}")
    return _with_descent(reading, one.descent, inheritance)


def _at_most(reading: Reading, severity: Severity) -> Reading:
    return replace(reading, severity=min(reading.severity, severity, key=lambda one: one.rank))


def _with_descent(reading: Reading, descent: Descent, inheritance: tuple[str, ...]) -> Reading:
    """Ask after the parent from whom a dominant variant comes: whether that parent is well says much."""
    if "AD" not in inheritance or descent.origin not in (Origin.MOTHER, Origin.FATHER):
        return reading
    return replace(reading, action=f"{reading.action} Ask whether the {descent.origin} has signs of the disease.")


def _varying(own: Candidate) -> Reading:
    names = [disease.name for found in own.genes[:1] for disease in found.diseases if disease.effect is Effect.LOSS]
    return Reading(
        f"People differ in how many copies of {own.named} they have: by itself this is no disease"
        f"{f'. Related: {names[0]}' if names else ''}. Copies of this region are counted badly from short reads.",
        f"If it matters, have the copies counted by a dedicated test{', beside C4 in serum' if own.named in VARYING else ''}.",
        Severity.INFO,
    )  # fmt: skip


def _gained(own: Candidate) -> Reading:
    if any(one.ground is Ground.COPY_NUMBER for one in own.evidence):
        return Reading("A copy too many of a stretch that is classed as harmful when it is gained.",
                       "Have the class completed by an expert, and confirm it with an independent method.",
                       Severity.MAJOR)  # fmt: skip
    return Reading("An additional stretch within the gene. If it lies in tandem it can interrupt the gene; elsewhere it may do "
                   "nothing.", "Have its place determined before anything rests on it.", Severity.INFO)  # fmt: skip


def _partner(one: _Weighed, everyone: Sequence[_Weighed]) -> tuple[Partner, str]:
    """Whether another single copy in the same gene lies on the other chromosome, and how that is known."""
    own = one.candidate
    if not own.named or own.carried.copies is None:
        return "none", ""
    found = [
        _phase(one, other) for other in everyone
        if other is not one and own.shares_gene(other.candidate) and _is_harmful(other.candidate)
    ]  # fmt: skip
    order: tuple[Partner, ...] = ("trans", "unknown", "cis")
    return next((pair for wanted in order for pair in found if pair[0] == wanted), ("none", ""))


def _is_harmful(one: Candidate) -> bool:
    is_risk = all(evidence.significance == Significance.RISK_FACTOR.value for evidence in one.evidence)
    return not is_risk and not one.is_variable and not (one.span is not None and not one.is_lost)


def _phase(one: _Weighed, other: _Weighed) -> tuple[Partner, str]:
    own, beside = one.candidate, other.candidate
    if own.covers(beside) or beside.covers(own):
        small = beside if own.covers(beside) else own
        if small.carried.copies is not None and small.carried.copies == small.carried.ploidy:
            return "trans", ", because it alone is left where the other copy is deleted"
    if own.carried.copies != 1 or beside.carried.copies != 1:
        return "none", ""
    said: set[tuple[Partner, str]] = set()
    if own.carried.phase_set and own.carried.phase_set == beside.carried.phase_set:
        said.add(("cis" if own.carried.chromosomes == beside.carried.chromosomes else "trans", ", as the phased genotypes show"))
    origins = (one.descent.origin, other.descent.origin)
    if all(origin in (Origin.MOTHER, Origin.FATHER) for origin in origins):
        said.add(("cis" if origins[0] is origins[1] else "trans", ", as the parents' samples show"))
    if len({pair[0] for pair in said}) == 1:
        return sorted(said)[0]
    return "unknown", ""


def _doubts(own: Candidate) -> tuple[str, ...]:
    found = []
    applied = own.row["filter"] or ""
    if applied not in ("", ".", "PASS"):
        found.append(f"The record failed the filter {applied}.")
    depth = own.carried.reads.depth
    if depth is not None and depth < MIN_DEPTH:
        found.append(f"Only {depth} reads.")
    found += [evidence.note for evidence in own.evidence if evidence.ground is Ground.CLINVAR and evidence.note]
    return tuple(found)


def _short(allele: str | None) -> str:
    written = allele or "."
    return written if len(written) <= 20 else f"{written[:17]}..."
