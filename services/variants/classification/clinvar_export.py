"""Classifications as the rows of the sheet "Variant" of ClinVar's submission spreadsheet, tab-separated.

Only columns whose meaning is certain are written, under the names of ClinVar's template; the submitter adds the others (condition
identifiers, collection method, allele origin, affected status) in the template itself. Somatic tiers have a sheet of their own
there and copy numbers other columns, so germline classifications of spelled-out alleles are exported only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.genomics.alleles import AlleleForm, allele_form
from services.variants.classification.content import Scheme
from services.variants.classification.store import Classified
from services.variants.exports import disarmed

COLUMNS = (
    "Local ID", "Gene symbol", "Reference sequence", "HGVS", "Chromosome", "Start", "Stop", "Reference allele",
    "Alternate allele", "Assembly", "Condition comment", "Germline classification", "Date last evaluated", "Assertion method",
    "Comment on classification",
)
_CLASSES = {
    "Pathogenic": "Pathogenic", "Likely Pathogenic": "Likely pathogenic", "Uncertain Significance": "Uncertain significance",
    "Likely Benign": "Likely benign", "Benign": "Benign",
}


def rows(found: Iterable[Classified]) -> Iterator[str]:
    """Yield the heading and a line for each germline classification, with their line ends."""
    yield "\t".join(COLUMNS) + "\n"
    for one in found:
        if one.scheme is Scheme.ACMG and allele_form(one.alt) is AlleleForm.SEQUENCE:
            yield "\t".join(_cell(value) for value in _values(one)) + "\n"


def _values(one: Classified) -> tuple[str, ...]:
    reference, _, change = (one.content.hgvs.split(" ")[0] or "").rpartition(":")
    codes = ", ".join(f"{row.code} {row.strength}" if row.strength else row.code for row in one.content.met)
    signed = one.signed_at or one.created_at
    method = f"{one.content.rule_set} (rules {one.content.rules_version})"
    comment = f"{one.content.rationale} Criteria: {codes or 'none'}. {'Signed' if one.is_signed else 'Not signed'}."
    return (
        f"{one.variant}/v{one.version}", one.gene, reference, change if reference else "", one.chrom, str(one.pos),
        str(one.pos + len(one.ref) - 1), one.ref, one.alt, one.assembly, one.content.condition,
        _CLASSES[one.classification], f"{signed:%Y-%m-%d}", method, comment,
    )


def _cell(value: str) -> str:
    """Keep a value in its cell, and a spreadsheet from reading it as a formula."""
    return disarmed(" ".join(value.split()))
