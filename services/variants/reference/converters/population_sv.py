"""Structural variants of populations: gnomAD-SV (VCF or BED), or the variants of the Database of Genomic Variants (DGV, text).

gnomAD counts alleles; DGV counts samples of each study, so its `ac`, `an` and `af` are samples with the variant, samples, and
their share, and its `dataset` says DGV: the two are not to be mixed. Places are 1-based inclusive. Multiallelic records without
one frequency are kept with NULL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import CHROMOSOME_LENGTHS, beyond_chromosome_end, build_named_in
from services.variants.reference import vcf
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import TABLE, Columns, Rows, read_files, write_table
from services.variants.reference.text import TextFile, open_text

_VERSION = re.compile(r"gnomad[._]v(\d(?:\.\d){0,2})[._]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BED = "gnomAD-SV's BED file"
_DGV = "DGV's table of variants"
_BED_ROLES = {
    "chrom": ("chrom",), "begin": ("start",), "stop": ("end",), "name": ("name",), "sv_type": ("svtype",), "an": ("AN",),
    "ac": ("AC",), "af": ("AF",),
}
_DGV_ROLES = {
    "name": ("variantaccession",), "chrom": ("chr",), "begin": ("start",), "stop": ("end",), "subtype": ("variantsubtype",),
    "samples": ("samplesize",), "gains": ("observedgains",), "losses": ("observedlosses",), "study": ("reference",),
}
_VCF_SELECT = f"""
    SELECT chrom_order, contigs.chrom, POS AS start,
           greatest(POS, coalesce(TRY_CAST({vcf.info("END")} AS INTEGER), POS)) AS "end",
           coalesce({vcf.info("SVTYPE")}, trim(ALT, '<>')) AS sv_type,
           TRY_CAST({vcf.info("AC")} AS BIGINT) AS ac, TRY_CAST({vcf.info("AN")} AS BIGINT) AS an,
           TRY_CAST({vcf.info("AF")} AS DOUBLE) AS af, ID AS name, 'gnomAD-SV' AS dataset
    FROM source JOIN contigs ON source.CHROM = contigs.name
"""  # noqa: S608 - put together from constants of this module
_BED_SELECT = """
    SELECT chrom_order, contigs.chrom, begin + 1 AS start, greatest(begin + 1, stop) AS "end", sv_type,
           TRY_CAST(ac AS BIGINT) AS ac, TRY_CAST(an AS BIGINT) AS an, TRY_CAST(af AS DOUBLE) AS af, source.name,
           'gnomAD-SV' AS dataset
    FROM source JOIN contigs ON source.chrom = contigs.name
"""
_CHANGES = """
    SELECT *, unnest([
        {'sv_type': 'DUP', 'carriers': CASE WHEN subtype IN ('gain', 'duplication', 'tandem duplication', 'gain+loss')
                                       THEN gains END},
        {'sv_type': 'DEL', 'carriers': CASE WHEN subtype IN ('loss', 'deletion', 'gain+loss') THEN losses END},
        {'sv_type': 'INS', 'carriers': CASE WHEN subtype IN ('insertion', 'novel sequence insertion', 'mobile element insertion')
                                       THEN coalesce(gains, 0) + coalesce(losses, 0) END},
        {'sv_type': 'INV', 'carriers': CASE WHEN subtype = 'inversion' THEN coalesce(gains, 0) + coalesce(losses, 0) END}
    ]) AS change FROM source
"""
# one row for each kind of change that a record of DGV counts; a record of gains and losses gives two
_DGV_SELECT = f"""
    SELECT chrom_order, contigs.chrom, begin AS start, greatest(begin, stop) AS "end", change.sv_type AS sv_type,
           change.carriers AS ac, samples AS an, change.carriers / nullif(samples, 0) AS af, changes.name AS name,
           'DGV' AS dataset
    FROM ({_CHANGES}) AS changes JOIN contigs ON changes.chrom = contigs.name
    WHERE change.carriers IS NOT NULL AND begin IS NOT NULL AND stop IS NOT NULL
"""  # noqa: S608 - put together from constants of this module


def convert(conversion: Conversion) -> Converted:
    """Convert the files. Raises what `write_table` raises, and InvalidInputError for another file or build."""
    with open_text(conversion.sources[0]) as text:
        head = text.stream.peek(16)[:16]
    named = build_named_in(" ".join(path.name for path in conversion.sources))
    if named is not None and named is not conversion.build:
        raise InvalidInputError(f"the file is named after {named}, but {conversion.build} was asked for")
    released = next((match[1] for path in conversion.sources if (match := _VERSION.search(path.name.lower()))), None)
    if head.startswith(b"##fileformat"):
        rows = write_table(conversion, PackKind.POPULATION_SV, vcf.vcf_rows(conversion, _check_vcf), _VCF_SELECT)
        made = Converted(rows, version=released, name="gnomAD-SV")
    elif head.startswith(b"variantaccession"):
        rows = write_table(conversion, PackKind.POPULATION_SV, _table(conversion, _DGV_ROLES, _DGV), _DGV_SELECT)
        date = next((match[0] for path in conversion.sources if (match := _DATE.search(path.name))), None)
        made = Converted(rows, version=date, date=date, name="DGV")
    else:
        rows = write_table(conversion, PackKind.POPULATION_SV, _table(conversion, _BED_ROLES, _BED), _BED_SELECT)
        made = Converted(rows, version=released, name="gnomAD-SV")
    _refuse_other_build(conversion)
    return made


def _check_vcf(text: TextFile, header: vcf.VcfHeader) -> None:
    missing = [key for key in ("SVTYPE", "END", "AC", "AN") if key not in header.info]
    if missing:
        raise InvalidInputError(
            f"{text.name} is not a VCF of structural variants with frequencies: its header does not declare INFO/{missing[0]}"
        )


def _table(conversion: Conversion, roles: Mapping[str, Sequence[str]], what: str) -> Rows:
    whole = {name: pa.int64() for name in ("samples", "gains", "losses")}
    types = {"begin": pa.int32(), "stop": pa.int32(), **whole}

    def open_table(text: TextFile) -> Columns:
        names, delimiter, _ = column_names(text, lambda names: _names_a_place(names), what)
        return columns_by_role(text, names, delimiter, roles, what, types)

    with open_text(conversion.sources[0]) as text:
        schema = open_table(text).schema
    return Rows(schema, read_files(conversion, open_table))


def _names_a_place(names: Sequence[str]) -> bool:
    return {"start", "end"} <= {name.lower() for name in names}


def _refuse_other_build(conversion: Conversion) -> None:
    assert conversion.build is not None
    path = str(conversion.folder / TABLE)
    with duckdb.connect() as connection:
        found = connection.execute('SELECT chrom, max("end") FROM read_parquet(?) GROUP BY chrom', [path]).fetchall()
    for chrom, end in found:
        if beyond_chromosome_end(conversion.build, chrom, end):
            bases = CHROMOSOME_LENGTHS[conversion.build][chrom]
            raise InvalidInputError(
                f"a variant ends at {chrom}:{end:,}, but chromosome {chrom} of {conversion.build} has {bases:,} bases"
            )
