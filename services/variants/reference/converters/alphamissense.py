"""AlphaMissense's table of all missense changes (`AlphaMissense_hg38.tsv.gz`, `AlphaMissense_hg19.tsv.gz`).

Cheng J et al., Science 2023, doi:10.1126/science.adg7492.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from services.errors import InvalidInputError
from services.genomics.genome import build_named_in
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, refuse_other_build, write_table
from services.variants.reference.text import TextFile, open_text

_WHAT = "AlphaMissense's table of genomic changes"
_ROLES = {
    "chrom": ("CHROM",), "pos": ("POS",), "ref": ("REF",), "alt": ("ALT",), "genome": ("genome",),
    "transcript": ("transcript_id",), "score": ("am_pathogenicity",),
}
_SELECT = """
    SELECT chrom_order, contigs.chrom, pos, upper(ref) AS ref, upper(alt) AS alt, score, transcript
    FROM source JOIN contigs ON source.chrom = contigs.name WHERE score IS NOT NULL
"""


def convert(conversion: Conversion) -> Converted:
    """Convert the table. Raises what `write_table` raises, and InvalidInputError for another table or build."""

    def open_table(text: TextFile) -> Columns:
        names, delimiter, _ = column_names(text, lambda names: "CHROM" in names or "am_pathogenicity" in names, _WHAT)
        return columns_by_role(text, names, delimiter, _ROLES, _WHAT, {"pos": pa.int32(), "score": pa.float64()})

    with open_text(conversion.sources[0]) as text:
        schema = open_table(text).schema
    batches = _of_one_build(conversion, read_files(conversion, open_table))
    rows = write_table(conversion, PackKind.ALPHAMISSENSE, Rows(schema, batches), _SELECT)
    refuse_other_build(conversion)
    return Converted(rows, name="AlphaMissense")


def _of_one_build(conversion: Conversion, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for genome in pc.unique(batch["genome"]).to_pylist():
            if build_named_in(genome or "") is not conversion.build:
                raise InvalidInputError(f"the file holds positions of {genome}, but {conversion.build} was asked for")
        yield batch
