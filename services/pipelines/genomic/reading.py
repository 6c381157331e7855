"""Genotypes out of a table: which sample is the patient, what the records of a region say, how a row is carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.genomics.pgx import Observation
from services.variants.filters import quoted
from services.variants.library import TableInfo
from services.variants.tables import VariantTable
from services.variants.vcf.genotype import Genotype, parse_genotype, zygosity

_WORDS = {
    "het": "one copy (heterozygous)", "hom_alt": "two copies (homozygous)", "hemizygous": "on the only copy (hemizygous)",
    "het_other_alt": "one copy, and another change on the other", "partly_called": "at least one copy, the other not called",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """The columns of one sample, None where the table has none."""

    sample: str
    genotype: str | None
    depth: str | None
    phase_set: str | None


def sample_of(info: TableInfo, table: VariantTable) -> tuple[str | None, str]:
    """Return which sample is the patient, or None and why that is not known."""
    samples: list[str] = table.manifest["samples"]
    if len(samples) == 1:
        return samples[0], ""
    if not samples:
        return None, "The table states no genotypes: it lists variants without saying whether they are carried once or twice."
    named = [one for one in samples if one.casefold() in (info.sample_name.casefold(), (info.patient_id or "").casefold())]
    if len(named) == 1:
        return named[0], ""
    return None, (
        f"The table holds {len(samples)} samples and does not tell which is the patient: import the file again with one table "
        "for each sample, and link the patient's."
    )


def columns_of(table: VariantTable, sample: str) -> SampleColumns:
    fields = {
        str(entry.get("field")): str(entry["name"]) for entry in table.columns
        if entry.get("sample") == sample and entry["origin"] == "format" and entry.get("part", "value") == "value"
    }
    return SampleColumns(sample, fields.get("GT"), fields.get("DP"), fields.get("PS"))


def contigs_of(table: VariantTable, chromosome: str) -> list[str]:
    """The names by which the table calls a chromosome."""
    return [str(entry["name"]) for entry in table.manifest["contigs"] if entry["chromosome"] == chromosome]


def observations(table: VariantTable, columns: SampleColumns, chromosome: str, start: int, end: int) -> list[Observation]:
    """Return every record of the sample that overlaps a region (1-based, inclusive), reference records included."""
    names = contigs_of(table, chromosome)
    if columns.genotype is None or not names:
        return []
    optional = [quoted(name) if name else "NULL" for name in (columns.depth, columns.phase_set)]
    sql = (
        'SELECT row_id, pos, coalesce("end", pos) AS last, ref, alt, allele_index, filter, '  # noqa: S608 (our names, quoted)
        f"{quoted(columns.genotype)} AS gt, {optional[0]} AS depth, {optional[1]} AS phase_set FROM variants "
        'WHERE chrom IN (SELECT unnest(?::VARCHAR[])) AND pos <= ? AND coalesce("end", pos) >= ? ORDER BY row_id'
    )
    with table.query(sql, [names, end, start]) as result:
        rows: list[dict[str, Any]] = result.to_arrow_table().to_pylist()
    return [_observation(row) for row in rows if row["ref"]]


def _observation(row: Mapping[str, Any]) -> Observation:
    read = parse_genotype(str(row["gt"])) if row["gt"] else None
    depth, phase_set = row["depth"], row["phase_set"]
    return Observation(
        position=row["pos"], end=row["last"], ref=row["ref"], alt=row["alt"], number=row["allele_index"] or 1,
        genotype=read.alleles if read else (), phased=bool(read and read.phased and read.ploidy > 1),
        phase_set=None if phase_set is None else str(phase_set), depth=int(depth) if isinstance(depth, int | float) else None,
        filter=row["filter"] or "", row_id=row["row_id"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowGenotype:
    """How a sample carries the allele of a row; `words` are for the reader."""

    written: str
    words: str
    copies: int
    ploidy: int
    chromosomes: tuple[int, ...]
    phase_set: str
    depth: int | None


def genotype_of(row: Mapping[str, Any], columns: SampleColumns) -> RowGenotype | None:
    """Return how the sample carries a row's allele, None where it does not carry it or nobody called it."""
    written = row.get(columns.genotype) if columns.genotype else None
    read = parse_genotype(str(written)) if written else None
    number = row["allele_index"] or 1
    if read is None or number not in read.alleles:
        return None
    phased = read.phased and read.ploidy == 2
    depth = row.get(columns.depth) if columns.depth else None
    phase_set = row.get(columns.phase_set) if columns.phase_set else None
    return RowGenotype(
        str(written), _WORDS[zygosity(read, number)], read.alleles.count(number), read.ploidy,
        _chromosomes(read, number) if phased else (), str(phase_set) if phase_set is not None else "chromosome" if phased else "",
        int(depth) if isinstance(depth, int | float) else None,
    )  # fmt: skip


def _chromosomes(genotype: Genotype, number: int) -> tuple[int, ...]:
    return tuple(place for place, allele in enumerate(genotype.alleles) if allele == number)
