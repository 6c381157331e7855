"""Which rows of a table are worth showing, and why: well-known variants, ClinVar's, signed classifications, flags.

A row is collected once, with every ground for it; whether the patient carries it is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.knowledge.known_variants import KnownVariant, Significance, known_variants
from services.knowledge.pgx import pharmacogenes
from services.pipelines.genomic.candidates import Grounds, genes_of_row
from services.pipelines.genomic.model import Evidence, Ground
from services.variants.classification.store import Classified
from services.variants.filters import Rows, gene_column, quoted
from services.variants.flags import Flag, Tier
from services.variants.identity import VariantIdentity, identity_of
from services.variants.marks import NotedRow, rows_at
from services.variants.tables import VariantTable

_PATHOGENIC = (Tier.PATHOGENIC, Tier.LIKELY_PATHOGENIC)
_NO_CLINVAR = "Not compared with ClinVar: the table has no ClinVar annotation. Only curated well-known variants were looked for."
_CLINVAR_COLUMNS = ("clinvar_significance", "info_CLNSIG")
_CLINVAR_BESIDE = ("clinvar_stars", "clinvar_conditions")


def collect_known(table: VariantTable, build: GenomeBuild, grounds: dict[int, Grounds]) -> tuple[int, int]:
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


def collect_clinvar(table: VariantTable, build: GenomeBuild, grounds: dict[int, Grounds]) -> list[str]:
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
    for row in rows_of(table, numbers, [name for name in dict.fromkeys(wanted) if name in table.facts.columns]):
        if any(one.is_monogenic for one in genes_of_row(row, build, table)):
            grounds.setdefault(row["row_id"], Grounds()).evidence.append(_of_clinvar(row, column, table))
    return []


def rows_of(table: VariantTable, numbers: Sequence[int], columns: Sequence[str] | None) -> list[dict[str, Any]]:
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


def _plain(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(str(part).replace("_", " ").replace("|", ", ") for part in parts if part)[:300]


def collect_classified(
    table: VariantTable, build: GenomeBuild, signed: Sequence[Classified], grounds: dict[int, Grounds]
) -> None:
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


def collect_flags(noted: Iterable[NotedRow], grounds: dict[int, Grounds]) -> None:
    """Collect what people flagged as pathogenic or likely pathogenic."""
    for row in noted:
        for flag in row.flags:
            if flag.tier in _PATHOGENIC:
                grounds.setdefault(row.row_id, Grounds()).evidence.append(_flagged(flag))


def _flagged(flag: Flag) -> Evidence:
    return Evidence(Ground.FLAG, flag.category, f"flagged by {flag.author} on {flag.updated_at:%Y-%m-%d}", note=flag.note[:300])
