"""ClinVar's VCF (`clinvar.vcf.gz`, NCBI): classifications of variants with their review status.

The stars are ClinVar's own measure of review, derived from CLNREVSTAT as its documentation "Review status" defines them. Records
without an ALT sequence (haplotypes and such) are left out.
"""

from __future__ import annotations

import re

from services.errors import InvalidInputError
from services.variants.reference import vcf
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.model import PackKind
from services.variants.reference.tables import refuse_other_build, write_table
from services.variants.reference.text import TextFile

_NEEDED = ("CLNSIG", "CLNREVSTAT")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
STARS = {
    "practice_guideline": 4,
    "reviewed_by_expert_panel": 3,
    "criteria_provided,_multiple_submitters,_no_conflicts": 2,
    "criteria_provided,_multiple_submitters": 2,
    "criteria_provided,_single_submitter": 1,
    "criteria_provided,_conflicting_classifications": 1,
    "criteria_provided,_conflicting_interpretations": 1,
    "no_assertion_criteria_provided": 0,
    "no_assertion_provided": 0,
    "no_interpretation_for_the_single_variant": 0,
    "no_classification_for_the_single_variant": 0,
    "no_classification_provided": 0,
    "no_classifications_from_unflagged_records": 0,
}


def convert(conversion: Conversion) -> Converted:
    """Convert ClinVar's VCF. Raises what `write_table` raises, and InvalidInputError for another VCF or build."""
    dates: list[str] = []

    def check(text: TextFile, header: vcf.VcfHeader) -> None:
        missing = [key for key in _NEEDED if key not in header.info]
        if missing:
            raise InvalidInputError(f"{text.name} is not ClinVar's VCF: its header does not declare INFO/{missing[0]}")
        said = header.value("fileDate") or ""
        if _DATE.fullmatch(said):
            dates.append(said)

    rows = write_table(conversion, PackKind.CLINVAR, vcf.vcf_rows(conversion, check), _SELECT)
    refuse_other_build(conversion)
    date = max(dates, default=None)
    return Converted(rows, version=date, date=date, name="ClinVar")


def _spoken(value: str) -> str:
    """SQL: underscores are spaces, and the few characters a VCF must escape are themselves again."""
    escapes = (("%2C", ","), ("%3B", ";"), ("%3D", "="), ("%25", "%"))
    for written, meant in escapes:
        value = f"replace({value}, '{written}', '{meant}')"
    return f"replace({value}, '_', ' ')"


_STARS = " ".join(f"WHEN '{status}' THEN {stars}" for status, stars in STARS.items())
_SELECT = f"""
    SELECT chrom_order, contigs.chrom, POS AS pos, ref_ AS ref, alt_ AS alt, TRY_CAST(ID AS BIGINT) AS variation_id,
           {_spoken(vcf.info("CLNSIG"))} AS significance,
           CASE {vcf.info("CLNREVSTAT")} {_STARS} END AS stars,
           {_spoken(vcf.info("CLNREVSTAT"))} AS review_status,
           replace({_spoken(vcf.info("CLNDN"))}, '|', ' | ') AS conditions,
           regexp_extract({vcf.info("GENEINFO")}, '^([^:|]+)', 1) AS gene,
           'rs' || regexp_extract({vcf.info("RS")}, '^([0-9]+)', 1) AS rsid,
           array_to_string(regexp_extract_all({vcf.info("MC")}, 'SO:[0-9]+\\|([A-Za-z0-9_-]+)', 1), ',')
               AS molecular_consequence,
           {vcf.info("CLNHGVS")} AS hgvs
    FROM ({vcf.ALLELES}) AS alleles JOIN contigs ON alleles.CHROM = contigs.name
    WHERE {vcf.PLAIN_ALLELES}
"""  # noqa: S608 - put together from constants of this module
