"""SpliceAI's precomputed scores (VCF): the largest of the four delta scores of an allele, over all genes it touches.

Jaganathan K et al., Cell 2019, doi:10.1016/j.cell.2018.12.015. INFO/SpliceAI is
`ALLELE|SYMBOL|DS_AG|DS_AL|DS_DG|DS_DL|DP_AG|DP_AL|DP_DG|DP_DL`, repeated for each gene.
"""

from __future__ import annotations

from services.errors import InvalidInputError
from services.variants.reference import vcf
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.model import PackKind
from services.variants.reference.tables import refuse_other_build, write_table
from services.variants.reference.text import TextFile

_DELTAS = ", ".join(f"TRY_CAST(string_split(one, '|')[{place}] AS DOUBLE)" for place in (3, 4, 5, 6))
_SELECT = f"""
    SELECT * FROM (
        SELECT chrom_order, contigs.chrom, POS AS pos, ref_ AS ref, alt_ AS alt, CAST(NULL AS VARCHAR) AS transcript,
               list_max(list_transform(
                   list_filter(string_split({vcf.info("SpliceAI")}, ','), lambda one: upper(string_split(one, '|')[1]) = alt_),
                   lambda one: greatest({_DELTAS})
               )) AS score
        FROM ({vcf.ALLELES}) AS alleles JOIN contigs ON alleles.CHROM = contigs.name WHERE {vcf.PLAIN_ALLELES}
    ) WHERE score IS NOT NULL
"""  # noqa: S608 - put together from constants of this module


def convert(conversion: Conversion) -> Converted:
    """Convert the VCF files. Raises what `write_table` raises, and InvalidInputError for another VCF or build."""

    def check(text: TextFile, header: vcf.VcfHeader) -> None:
        if "SpliceAI" not in header.info:
            raise InvalidInputError(f"{text.name} is not a VCF of SpliceAI: its header does not declare INFO/SpliceAI")

    rows = write_table(conversion, PackKind.SPLICEAI, vcf.vcf_rows(conversion, check), _SELECT)
    refuse_other_build(conversion)
    return Converted(rows, name="SpliceAI")
