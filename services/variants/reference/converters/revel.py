"""REVEL's table of all missense changes (`revel_with_transcript_ids`, in its ZIP archive or unpacked).

The positions of the file are GRCh37's; version 1.3 adds those of GRCh38 where they could be lifted, `.` where not.
"""

from __future__ import annotations

import re

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.delimited import column_names, columns_by_role
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Columns, Rows, read_files, refuse_other_build, write_table
from services.variants.reference.text import TextFile, open_text

_WHAT = "REVEL's table"
_VERSION = re.compile(r"revel[-_]v(\d+\.\d+)")
_POSITIONS = {GenomeBuild.GRCH37: "hg19_pos", GenomeBuild.GRCH38: "grch38_pos"}


def convert(conversion: Conversion) -> Converted:
    """Convert the table. Raises what `write_table` raises, and InvalidInputError for another table or a build it lacks."""
    assert conversion.build is not None
    roles = {
        "chrom": ("chr",), "pos": (_POSITIONS[conversion.build],), "ref": ("ref",), "alt": ("alt",), "score": ("REVEL",),
        "transcript": ("Ensembl_transcriptid",),
    }

    def open_table(text: TextFile) -> Columns:
        names, delimiter, _ = column_names(text, lambda names: "hg19_pos" in names and "REVEL" in names, _WHAT)
        if roles["pos"][0] not in names:
            raise InvalidInputError(
                f"{text.name} has no positions of {conversion.build} (column {roles['pos'][0]}): REVEL 1.3 or later has them"
            )
        return columns_by_role(text, names, delimiter, roles, _WHAT, {"pos": pa.int32(), "score": pa.float64()}, ("transcript",))

    with open_text(conversion.sources[0]) as text:
        columns = open_table(text)
    transcript = "transcript" if "transcript" in columns.wanted else "CAST(NULL AS VARCHAR)"
    select = f"""
        SELECT chrom_order, contigs.chrom, pos, upper(ref) AS ref, upper(alt) AS alt, score, {transcript} AS transcript
        FROM source JOIN contigs ON source.chrom = contigs.name WHERE pos IS NOT NULL AND score IS NOT NULL
    """  # noqa: S608 - put together from constants of this module
    rows = write_table(conversion, PackKind.REVEL, Rows(columns.schema, read_files(conversion, open_table)), select)
    refuse_other_build(conversion)
    version = next((match[1] for path in conversion.sources if (match := _VERSION.search(path.name))), None)
    return Converted(rows, version=version, name="REVEL")
