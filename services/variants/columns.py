"""The columns of an imported table: their names, types and where each comes from.

Names. Core columns have plain names (`chrom`, `pos`, `ref`). INFO fields are `info_<KEY>`; FORMAT fields are
`fmt_<KEY>.<sample>`; derived columns of a sample are `zygosity.<sample>`; unpacked annotation is `<field>_<subfield>` in lower
case for the field, e.g. `csq_SYMBOL`; columns of a CSV or TSV file are `file_<header>`. A field with one value per allele,
reference first (Number=R), becomes two columns, `.._ref` and `.._alt`. Names are unique without regard to case, because DuckDB
compares identifiers so: a second one gets the suffix `__2`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

_MAX_NAME = 200


class Origin(StrEnum):
    CORE = "core"
    INFO = "info"
    FORMAT = "format"
    ANNOTATION = "annotation"
    DERIVED = "derived"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `field` is the key in the file, `part` what of it the column holds (`value`, `ref`, `alt` or a subfield)."""

    name: str
    type: pa.DataType
    description: str
    origin: Origin
    field: str = ""
    part: str = "value"
    sample: str | None = None


class NameBook:
    """Hands out names that are unique without regard to case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, wanted: str) -> str:
        """Return `wanted` without control characters, cut to 200 characters, with a suffix where it is taken."""
        base = re.sub(r"[\x00-\x1f\x7f]", "_", wanted)[:_MAX_NAME] or "column"
        name, count = base, 1
        while name.lower() in self._taken:
            count += 1
            name = f"{base}__{count}"
        self._taken.add(name.lower())
        return name


CORE = (
    Column("chrom", pa.string(), "Contig as written in the file", Origin.CORE),
    Column("pos", pa.int64(), "1-based position of the first base of REF, after splitting and normalisation", Origin.CORE),
    Column(
        "end", pa.int64(), "1-based inclusive end: INFO END or SVLEN for symbolic alleles, else the last base of REF", Origin.CORE
    ),
    Column("id", pa.string(), "Identifiers of the record, separated by ;", Origin.CORE),
    Column("ref", pa.string(), "Reference allele of this row", Origin.CORE),
    Column("alt", pa.string(), "The one alternate allele of this row; empty where the record states none", Origin.CORE),
    Column("qual", pa.float64(), "Phred-scaled quality of the record", Origin.CORE),
    Column("filter", pa.string(), "FILTER as written, separated by ;, empty where filters were not applied", Origin.CORE),
    Column("variant_type", pa.string(), "Kind of variant, derived from REF and ALT", Origin.CORE),
    Column("mate_chrom", pa.string(), "Contig of the other side of a breakend", Origin.CORE),
    Column("mate_pos", pa.int64(), "1-based position of the other side of a breakend", Origin.CORE),
    Column("allele_index", pa.int32(), "Number of this allele in the record, from 1; the index that genotypes use", Origin.CORE),
    Column("allele_count", pa.int32(), "Number of alternate alleles of the record", Origin.CORE),
    Column("line", pa.int64(), "Line of the record in the file, from 1", Origin.CORE),
    Column("original_pos", pa.int64(), "POS as written", Origin.CORE),
    Column("original_ref", pa.string(), "REF as written", Origin.CORE),
    Column("original_alt", pa.string(), "ALT as written, all alleles", Origin.CORE),
)
POSITION_COLUMNS = (
    Column("row_id", pa.int64(), "Number of the row in the table, from 0, in genome order", Origin.CORE),
    Column(
        "chrom_order", pa.int32(), "Place of the contig in genome order: the header's, else the order of appearance", Origin.CORE
    ),
)
"""Added when the table is written."""
