"""gnomAD's gene constraint: release 2.1.1 (`lof_metrics.by_gene.txt.bgz`) and release 4 (`constraint_metrics.tsv`).

LOEUF is the upper bound of the 90 % interval of observed over expected loss-of-function variants. A gene has one row: its MANE
Select transcript, else the canonical one, else the first by name.
"""

from __future__ import annotations

import re

import pyarrow as pa

from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, write_table
from services.variants.reference.text import TextFile, open_text

_WHAT = "gnomAD's table of gene constraint"
_ROLES = {
    "gene": ("gene",), "transcript": ("transcript",), "pli": ("lof.pLI", "pLI"),
    "loeuf": ("lof.oe_ci.upper", "oe_lof_upper"), "missense_z": ("mis.z_score", "mis_z"), "mane": ("mane_select",),
    "canonical": ("canonical",),
}
_VERSION = re.compile(r"gnomad\.v(\d(?:\.\d){0,2})\.")


def convert(conversion: Conversion) -> Converted:
    """Convert the table. Raises what `write_table` raises, and InvalidInputError for another table."""

    def open_table(text: TextFile) -> Columns:
        names, delimiter, _ = column_names(text, lambda names: "gene" in names and len(names) > 3, _WHAT)
        types = {name: pa.float64() for name in ("pli", "loeuf", "missense_z")}
        return columns_by_role(text, names, delimiter, _ROLES, _WHAT, types, ("mane", "canonical"))

    with open_text(conversion.sources[0]) as text:
        columns = open_table(text)
    marks = [f"coalesce(lower({role}) = 'true', false) DESC" for role in ("mane", "canonical") if role in columns.wanted]
    order = ", ".join([*marks, "starts_with(transcript, 'ENST') DESC", "transcript"])
    select = f"""
        SELECT gene, transcript, pli, loeuf, missense_z FROM source WHERE gene IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY gene ORDER BY {order}) = 1
    """  # noqa: S608 - put together from constants of this module
    rows = write_table(conversion, PackKind.CONSTRAINT, Rows(columns.schema, read_files(conversion, open_table)), select)
    version = next((match[1] for path in conversion.sources if (match := _VERSION.search(path.name))), None)
    return Converted(rows, version=version, name="gnomAD constraint")
