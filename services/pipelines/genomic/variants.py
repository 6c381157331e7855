"""The rows of a table that matter for its patient: well-known variants, ClinVar's pathogenic ones, and what people flagged.

A row is listed once, with every ground for it. Rows the sample does not carry are left out; a place without a record is neither
a finding nor an absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.genomics.pgx.model import MIN_DEPTH
from services.knowledge.drugs import Severity
from services.knowledge.genes import Gene, gene, genes_at
from services.knowledge.known_variants import KnownVariant, Significance, known_variants
from services.knowledge.pgx import pharmacogenes
from services.pipelines.genomic.carrying import Partner, Reading, Sex, read_copies
from services.pipelines.genomic.model import Carried, Evidence, Ground, VariantFinding
from services.pipelines.genomic.reading import SampleColumns, genotype_of
from services.variants.classification.store import Classified
from services.variants.filters import Rows, gene_column, quoted
from services.variants.flags import Flag, Tier
from services.variants.identity import VariantIdentity, identity_of
from services.variants.marks import NotedRow, rows_at
from services.variants.notes import gene_of
from services.variants.tables import VariantTable

MAX_ROWS = 200
"""Rows of a table that are listed; a table with more says so."""
_PATHOGENIC = (Tier.PATHOGENIC, Tier.LIKELY_PATHOGENIC)
_NO_CLINVAR = "Not compared with ClinVar: the table has no ClinVar annotation. Only curated well-known variants were looked for."
_CLINVAR_COLUMNS = ("clinvar_significance", "info_CLNSIG")
_CLINVAR_BESIDE = ("clinvar_stars", "clinvar_conditions")


@dataclass
class Grounds:
    """The grounds collected for one row, with the curated variant where it is one."""

    evidence: list[Evidence] = field(default_factory=list)
    known: KnownVariant | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of one table, and how much could be looked for."""

    variants: tuple[VariantFinding, ...]
    known_places: int
    known_recorded: int
    notes: tuple[str, ...]


def find_variants(
    table: VariantTable, build: GenomeBuild, columns: SampleColumns | None, sex: Sex | None, noted: Iterable[NotedRow] = (),
    signed: Sequence[Classified] = (),
) -> Found:
    """Return the rows of a table that matter. `signed` are classifications in the table's build."""
    grounds: dict[int, Grounds] = {}
    _classified(table, build, signed, grounds)
    looked_for, recorded = _known(table, build, grounds)
    notes = _clinvar(table, build, grounds)
    for row in noted:
        for flag in row.flags:
            if flag.tier in _PATHOGENIC:
                grounds.setdefault(row.row_id, Grounds()).evidence.append(_flagged(flag))
    listed = sorted(grounds)[:MAX_ROWS]
    if len(grounds) > MAX_ROWS:
        notes.append(f"{len(grounds):,} rows would be listed; the first {MAX_ROWS} are. Filter the table for the others.")
    rows = _rows(table, listed, None)
    carried = [one for row in rows if (one := _row(row, build, table, columns, grounds[row["row_id"]])) is not None]
    found = tuple(sorted((_finding(one, carried, sex) for one in carried), key=_order))
    return Found(found, looked_for, recorded, tuple(notes))


def _order(one: VariantFinding) -> tuple[int, str, int]:
    return -one.severity.rank, one.gene, one.row_id


# -- the grounds


def _known(table: VariantTable, build: GenomeBuild, grounds: dict[int, Grounds]) -> tuple[int, int]:
    """Collect the curated variants that have a row; returns how many were looked for and at how many places a record begins."""
    wanted: dict[VariantIdentity, KnownVariant] = {}
    places: set[tuple[str, int]] = set()
    for variant in known_variants():
        allele = variant.places.get(build.value)
        if allele is None or not _is_harmful(variant.significance) or variant.gene in pharmacogenes():
            continue
        as_row = {"chrom": allele.chrom, "pos": allele.pos, "end": None, "ref": allele.ref, "alt": allele.alt}
        wanted[identity_of(as_row, build)] = variant
        places.add((allele.chrom, allele.pos))
    recorded: set[tuple[str, int]] = set()
    for row in rows_at(table, sorted({pos for _, pos in places})):
        place = (canonical_chromosome(row["chrom"]) or row["chrom"], row["pos"])
        recorded |= {place} & places
        known = wanted.get(identity) if (identity := _identity(row, build)) is not None else None
        if known is not None:
            own = grounds.setdefault(row["row_id"], Grounds())
            own.known = known
            own.evidence.append(
                Evidence(Ground.KNOWN, known.significance.value, str(known.source), known.condition, known.note)
            )
    return len(places), len(recorded)


def _identity(row: Mapping[str, Any], build: GenomeBuild) -> VariantIdentity | None:
    try:
        return identity_of(row, build)
    except InvalidInputError:  # a contig of another build, or an allele without identity
        return None


def _is_harmful(significance: Significance) -> bool:
    return significance.is_causal or significance is Significance.RISK_FACTOR


def _clinvar(table: VariantTable, build: GenomeBuild, grounds: dict[int, Grounds]) -> list[str]:
    """Collect ClinVar's pathogenic and likely pathogenic rows in the curated monogenic genes; returns what to say of it."""
    column = next((name for name in _CLINVAR_COLUMNS if name in table.facts.columns), None)
    if column is None:
        return [_NO_CLINVAR]
    lowered = f"lower(CAST({quoted(column)} AS VARCHAR))"
    sql = (
        f"SELECT row_id FROM variants WHERE {lowered} LIKE '%pathogenic%' AND {lowered} NOT LIKE '%conflicting%' "  # noqa: S608
        f"AND {lowered} NOT LIKE '%benign%' ORDER BY row_id LIMIT 5000"
    )
    with table.query(sql, []) as result:
        numbers = [row[0] for row in result.fetchall()]
    gene_name = gene_column(table.facts)
    wanted = ["row_id", "chrom", "pos", "end", column, *_CLINVAR_BESIDE, *([gene_name.name] if gene_name is not None else [])]
    for row in _rows(table, numbers, [name for name in dict.fromkeys(wanted) if name in table.facts.columns]):
        if any(one.is_monogenic for one in _genes(row, build, table)):
            grounds.setdefault(row["row_id"], Grounds()).evidence.append(_of_clinvar(row, column, table))
    return []


def _rows(table: VariantTable, numbers: Sequence[int], columns: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return these rows in genome order, all columns or some, in one query."""
    if not numbers:
        return []
    found: list[dict[str, Any]] = table.page(Rows(tuple(numbers)), limit=len(numbers), columns=columns).to_pylist()
    return found


def _of_clinvar(row: Mapping[str, Any], column: str, table: VariantTable) -> Evidence:
    stars = row.get("clinvar_stars")
    review = f"{stars} of 4 stars" if stars is not None else "review status not stated"
    packs = [str(one) for one in table.manifest.get("annotation", {}).get("packs", ()) if "clinvar" in str(one).lower()]
    version = packs[0] if packs else "ClinVar as annotated in the file, version not stated"
    condition = row.get("clinvar_conditions") or ""
    note = "Few or no submitters agree on it." if isinstance(stars, int) and stars < 2 else ""
    return Evidence(Ground.CLINVAR, _plain(row[column]), f"{version}, {review}", _plain(condition), note)


def _classified(table: VariantTable, build: GenomeBuild, signed: Sequence[Classified], grounds: dict[int, Grounds]) -> None:
    """Collect what somebody signed as pathogenic or likely pathogenic."""
    wanted = {one.variant: one for one in signed if one.classification.lower() in set(_PATHOGENIC)}
    for row in rows_at(table, sorted({one.pos for one in wanted.values()})):
        identity = _identity(row, build)
        one = wanted.get(identity.key) if identity is not None else None
        if one is not None and one.signed_at is not None:
            source = f"signed by {one.signed_by} on {one.signed_at:%Y-%m-%d}, version {one.version}"
            grounds.setdefault(row["row_id"], Grounds()).evidence.append(
                Evidence(Ground.CLASSIFICATION, one.classification.lower(), source)
            )


def _plain(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(str(part).replace("_", " ").replace("|", ", ") for part in parts if part)[:300]


def _flagged(flag: Flag) -> Evidence:
    return Evidence(Ground.FLAG, flag.category, f"flagged by {flag.author} on {flag.updated_at:%Y-%m-%d}", note=flag.note[:300])


# -- the rows


@dataclass(frozen=True, slots=True)
class _Row:
    row: Mapping[str, Any]
    genes: tuple[Gene, ...]
    named: str
    carried: Carried
    depth: int | None
    grounds: Grounds


def _genes(row: Mapping[str, Any], build: GenomeBuild, table: VariantTable) -> tuple[Gene, ...]:
    """The curated genes of a row: as the table's annotation names them, else by place."""
    named = [found for name in gene_of(row, table.facts).replace("&", ",").split(",") if name and (found := gene(name))]
    if named:
        return tuple({one.symbol: one for one in named}.values())
    return genes_at(str(build), canonical_chromosome(row["chrom"] or "") or "", row["pos"], row["end"] or row["pos"])


def _row(
    row: Mapping[str, Any], build: GenomeBuild, table: VariantTable, columns: SampleColumns | None, grounds: Grounds
) -> _Row | None:
    """Return a row with how it is carried, None where the sample is known not to carry it."""
    depth = None
    if columns is None or columns.genotype is None:
        carried = Carried("", "the table states no genotype", None)
    else:
        read = genotype_of(row, columns)
        if read is None:
            return None
        depth = read.depth
        carried = Carried(read.written, read.words, read.copies, read.ploidy, read.chromosomes, read.phase_set)
    known = gene(grounds.known.gene) if grounds.known is not None else None
    genes = (known,) if known is not None else tuple(sorted(_genes(row, build, table), key=lambda one: not one.is_monogenic))
    named = grounds.known.gene if grounds.known is not None else genes[0].symbol if genes else ""
    return _Row(row, genes, named, carried, depth, grounds)


def _finding(one: _Row, everyone: Sequence[_Row], sex: Sex | None) -> VariantFinding:
    row, known = one.row, one.grounds.known
    inheritance = tuple(dict.fromkeys(value for found in one.genes for value in found.inheritance))
    if known is not None and known.inheritance is not None:
        inheritance = (known.inheritance.value,)
    reading = _reading(one, inheritance, everyone, sex)
    place = f"{row['chrom']}:{row['pos']} {_short(row['ref'])}>{_short(row['alt'])}"
    change = _named(known) if known is not None else str(row.get("hgvs_c") or "")[:100]
    return VariantFinding(
        key=f"v{row['row_id']}", gene=one.named, change=change, place=place,
        carried=one.carried, evidence=tuple(one.grounds.evidence), meaning=reading.meaning, action=reading.action,
        severity=reading.severity, inheritance=inheritance, limits=(*_doubts(one), *reading.limits), row_id=row["row_id"],
    )  # fmt: skip


def _named(known: KnownVariant) -> str:
    """The usual name of a curated variant, with what it goes by in the literature where it has no coding change."""
    if known.coding:
        return f"{known.coding} ({known.protein})" if known.protein else known.coding
    return ", ".join(part for part in (known.rsid or "", *known.aliases[:1]) if part)


def _reading(one: _Row, inheritance: tuple[str, ...], everyone: Sequence[_Row], sex: Sex | None) -> Reading:
    if all(evidence.significance == Significance.RISK_FACTOR.value for evidence in one.grounds.evidence):
        return Reading(Significance.RISK_FACTOR.statement, "", Severity.INFO)
    on_x = canonical_chromosome(one.row["chrom"] or "") == "X"
    return read_copies(
        one.carried.copies, one.carried.ploidy, inheritance, on_x=on_x, sex=sex, partner=_partner(one, everyone)
    )


def _partner(one: _Row, everyone: Sequence[_Row]) -> Partner:
    """Whether another single copy in the same gene lies on the other chromosome."""
    if not one.named or one.carried.copies != 1:
        return "none"
    found: list[Partner] = []
    for other in everyone:
        if other is one or other.named != one.named or other.carried.copies != 1:
            continue
        phased = one.carried.phase_set and one.carried.phase_set == other.carried.phase_set
        found.append(("cis" if one.carried.chromosomes == other.carried.chromosomes else "trans") if phased else "unknown")
    order: tuple[Partner, ...] = ("trans", "unknown", "cis")
    return next((wanted for wanted in order if wanted in found), "none")


def _doubts(one: _Row) -> tuple[str, ...]:
    found = []
    applied = one.row["filter"] or ""
    if applied not in ("", ".", "PASS"):
        found.append(f"The record failed the filter {applied}.")
    if one.depth is not None and one.depth < MIN_DEPTH:
        found.append(f"Only {one.depth} reads.")
    found += [evidence.note for evidence in one.grounds.evidence if evidence.ground is Ground.CLINVAR and evidence.note]
    return tuple(found)


def _short(allele: str | None) -> str:
    written = allele or "."
    return written if len(written) <= 20 else f"{written[:17]}..."
