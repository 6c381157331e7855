"""The MANE summary of NCBI and Ensembl (`MANE.GRCh38.vX.summary.txt.gz`): one agreed transcript for each gene, and a few more."""

from __future__ import annotations

import re

from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, write_table
from services.variants.reference.text import TextFile

_WHAT = "the MANE summary"
_ROLES = {
    "symbol": ("symbol",), "refseq": ("RefSeq_nuc",), "ensembl": ("Ensembl_nuc",), "protein": ("RefSeq_prot",),
    "status": ("MANE_status",), "gene_id": ("Ensembl_Gene",),
}
_VERSION = re.compile(r"MANE\.GRCh38\.v(\d+(?:\.\d+){0,2})\.")


def convert(conversion: Conversion) -> Converted:
    """Convert the summary. Raises what `write_table` raises, and InvalidInputError for another table."""
    schema = Columns(tuple(_ROLES), tuple(_ROLES), {}).schema
    batches = Rows(schema, read_files(conversion, _open_table))
    rows = write_table(conversion, PackKind.MANE, batches, "SELECT * FROM source WHERE symbol IS NOT NULL")
    version = next((match[1] for path in conversion.sources if (match := _VERSION.search(path.name))), None)
    return Converted(rows, version=version, name="MANE")


def _open_table(text: TextFile) -> Columns:
    names, delimiter, _ = column_names(text, lambda names: "MANE_status" in names, _WHAT)
    return columns_by_role(text, names, delimiter, _ROLES, _WHAT)
