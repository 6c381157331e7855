"""The Human Phenotype Ontology's `genes_to_phenotype.txt`: which terms are recorded for the diseases of a gene.

Releases since 2023 have a line of column names; earlier ones a comment and columns in a fixed order, which is read too.
"""

from __future__ import annotations

import re

from services.errors import InvalidInputError
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, write_table
from services.variants.reference.text import TextFile

_NEW = ("ncbi_gene_id", "gene_symbol", "hpo_id", "hpo_name", "frequency", "disease_id")
_OLD_COMMENT = "entrez-gene-symbol"
_OLD = ("ncbi_gene_id", "gene_symbol", "hpo_id", "hpo_name", "frequency", "frequency_term", "info", "source", "disease_id")
_WANTED = ("gene_symbol", "hpo_id", "hpo_name", "disease_id")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SELECT = """
    SELECT DISTINCT gene_symbol AS gene, hpo_id, hpo_name AS term, disease_id AS disease FROM source
    WHERE gene_symbol IS NOT NULL AND starts_with(hpo_id, 'HP:')
"""


def convert(conversion: Conversion) -> Converted:
    """Convert the table. Raises what `write_table` raises, and InvalidInputError for another table."""
    schema = Columns(_NEW, _WANTED, {}).schema
    rows = write_table(conversion, PackKind.PHENOTYPES, Rows(schema, read_files(conversion, _open_table)), _SELECT)
    date = next((match[0] for path in conversion.sources if (match := _DATE.search(path.name))), None)
    return Converted(rows, version=date, date=date, name="HPO")


def _open_table(text: TextFile) -> Columns:
    first = text.line()
    names = tuple(first.lstrip("#").split("\t"))
    if set(_WANTED) <= set(names):
        return Columns(names, _WANTED, {}, null_values=("", "-"))
    if _OLD_COMMENT in first and first.startswith("#"):
        return Columns(_OLD, _WANTED, {}, null_values=("", "-"))
    raise InvalidInputError(
        f"{text.name} is not HPO's genes_to_phenotype.txt: the columns {', '.join(_WANTED)} are expected, "
        f"it begins with {first[:80]!r}"
    )
