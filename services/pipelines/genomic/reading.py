"""Genotypes out of a table: which sample is the patient, what the records of a region say, how a row is carried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.genomics.pgx import Observation
from services.pipelines.genomic.model import Carried, Reads
from services.variants.filters import quoted
from services.variants.links import SampleChoice
from services.variants.tables import VariantTable
from services.variants.vcf.genotype import Genotype, parse_genotype, zygosity

_WORDS = {
    "het": "one copy (heterozygous)", "hom_alt": "two copies (homozygous)", "hemizygous": "on the only copy (hemizygous)",
    "het_other_alt": "one copy, and another change on the other", "partly_called": "at least one copy, the other not called",
}  # fmt: skip
_FRACTIONS = ("AF", "VAF")
_NO_SAMPLES = "The table states no genotypes: it lists variants without saying whether they are carried once or twice."


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """The columns of one sample, None where the table has none."""

    sample: str
    genotype: str | None
    depth: str | None
    phase_set: str | None
    reference_reads: str | None = None
    carrying_reads: str | None = None
    fraction: str | None = None
    copies: str | None = None


def sample_of(samples: Sequence[str], choice: SampleChoice) -> tuple[SampleChoice, str]:
    """Return which sample is the patient with the parents, or an empty choice and what is missing. Nothing is guessed."""
    if len(samples) == 1:
        return SampleChoice(samples[0]), ""
    if not samples:
        return SampleChoice(), _NO_SAMPLES
    if choice.sample in samples:
        return choice, ""
    shown = ", ".join(samples[:6]) + (", ..." if len(samples) > 6 else "")
    return SampleChoice(), (
        f"Nothing was read: the table holds {len(samples)} samples ({shown}), and nobody stated which of them is the patient. "
        "Choose the sample in the explorer, where the table is linked to the patient."
    )


def columns_of(table: VariantTable, sample: str) -> SampleColumns:
    """Return where the values of a sample stand."""
    fields = {
        (str(entry.get("field")), str(entry.get("part", "value"))): str(entry["name"]) for entry in table.columns
        if entry.get("sample") == sample and entry["origin"] == "format"
    }
    fraction = next((fields[one, part] for one in _FRACTIONS for part in ("value", "alt") if (one, part) in fields), None)
    return SampleColumns(
        sample, fields.get(("GT", "value")), fields.get(("DP", "value")), fields.get(("PS", "value")),
        fields.get(("AD", "ref")), fields.get(("AD", "alt")), fraction,
        fields.get(("CN", "value")) or fields.get(("RDCN", "value")),
    )  # fmt: skip


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


def genotype_in(row: Mapping[str, Any], columns: SampleColumns) -> Genotype | None:
    """Return the genotype of a sample in a row, None where none is written."""
    written = row.get(columns.genotype) if columns.genotype else None
    return parse_genotype(str(written)) if written else None


def carried_in(row: Mapping[str, Any], columns: SampleColumns) -> Carried | None:
    """Return how the sample carries a row's allele, None where it does not carry it or nobody called it."""
    read = genotype_in(row, columns)
    number = row["allele_index"] or 1
    if read is None or number not in read.alleles:
        return None
    phased = read.phased and read.ploidy == 2
    phase_set = row.get(columns.phase_set) if columns.phase_set else None
    return Carried(
        str(row.get(columns.genotype or "")), _WORDS[zygosity(read, number)], read.alleles.count(number), read.ploidy,
        _chromosomes(read, number) if phased else (), str(phase_set) if phase_set is not None else "chromosome" if phased else "",
        reads_in(row, columns),
    )  # fmt: skip


def reads_in(row: Mapping[str, Any], columns: SampleColumns) -> Reads:
    """Return how many reads cover a row's place in a sample and how many carry its allele, as far as the table says."""
    depth, own, other = (_count(row, name) for name in (columns.depth, columns.carrying_reads, columns.reference_reads))
    fraction = row.get(columns.fraction) if columns.fraction else None
    counted = None if own is None or other is None else own + other
    if counted is not None and (row.get("allele_count") or 1) > 1:
        counted = max(counted, depth or 0)  # reads of the record's other alleles cover the place too
    if own is not None and counted:
        return Reads(depth if depth is not None else counted, own, own / counted)
    if isinstance(fraction, int | float) and 0 <= fraction <= 1:
        return Reads(depth, None, float(fraction))
    return Reads(depth if depth is not None else counted, own, None)


def _count(row: Mapping[str, Any], column: str | None) -> int | None:
    value = row.get(column) if column else None
    return int(value) if isinstance(value, int | float) else None


def _chromosomes(genotype: Genotype, number: int) -> tuple[int, ...]:
    return tuple(place for place, allele in enumerate(genotype.alleles) if allele == number)
