"""Tier somatic variants with a known tier: `python -m validation.somatic FILE [--evidence RELEASE] [--no-curated]`.

FILE is tab- or comma-separated with the columns (or one of their other names)

    gene              gene_symbol, hugo_symbol; or molecular_profile (`EGFR L858R`) instead of gene and variant
    variant           alteration, protein_change, hgvsp: `L858R`, `p.Leu858Arg`, `Exon 19 Deletion`, `Fusion`, `Amplification`
    tumour_type       tumor_type, disease, cancer_type; may be empty: then nothing may be Tier I
    expected_tier     tier, amp_tier, amp_category: `I-A`, `Tier I - Level A`, `2C`, `III`; `I` alone compares the tier only

and, where a row brings its own evidence, `evidence_level` (A to D), `evidence_tumour_type`, `evidence_type` (Predictive,
Diagnostic or Prognostic), `evidence_direction` (Sensitivity or Resistance), `therapies`. Optional facts of the variant:
`oncogenic` (yes or no), `population_frequency` (a fraction). CIViC's AssertionSummaries have columns that fit.

RELEASE is CIViC's ClinicalEvidenceSummaries.tsv. The evidence that ships is used unless --no-curated. A row that names no
single variant is left out, counted and told on stderr.

Prints each disagreement; the last line is JSON: `n`, `agreement` (same tier), `kappa` (Cohen's, over tiers), `not_assigned`,
`tier_one_without_tumour` (must be 0), `left_out`.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.errors import InvalidInputError
from services.genomics.amp.alterations import parse_alteration
from services.genomics.amp.civic import read_civic
from services.genomics.amp.curated import curated_evidence
from services.genomics.amp.evidence import EvidenceItem, EvidenceType, Level
from services.genomics.amp.reading import read_variant
from services.genomics.amp.tiers import Tier, classify_amp
from services.genomics.amp.variant import PopulationFrequency, SomaticVariant
from services.knowledge.sources import Source
from validation.pvs1 import kappa

NOT_ASSIGNED = "not assigned"
_NAMES = {
    "gene": ("gene", "gene_symbol", "hugo_symbol"), "variant": ("variant", "alteration", "protein_change", "hgvsp"),
    "tumour": ("tumour_type", "tumor_type", "disease", "cancer_type"),
    "expected": ("expected_tier", "tier", "amp_tier", "amp_category"), "profile": ("molecular_profile",),
}
_TIER = re.compile(r"(?:tier[\s_-]{0,3})?(IV|I{1,3}|[1-4])[\s_,-]{0,3}(?:level[\s_-]{0,3})?([A-D])?", re.IGNORECASE)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}
_TYPES = {"diagnostic": EvidenceType.DIAGNOSTIC, "prognostic": EvidenceType.PROGNOSTIC}


@dataclass(frozen=True, slots=True)
class Case:
    """One row: variant, tumour type, what is expected, and the evidence the row brings."""

    variant: SomaticVariant
    tumour: str | None
    expected: str
    own: tuple[EvidenceItem, ...] = ()


def read_cases(path: Path) -> tuple[list[Case], list[str]]:
    """Return the cases, and what was left out with the reason; raises InvalidInputError for a file without the columns."""
    cases: list[Case] = []
    left_out: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        delimiter = "\t" if "\t" in lines.readline() else ","
        lines.seek(0)
        reader = csv.DictReader(lines, delimiter=delimiter)
        columns = _columns(path.name, [name.strip().lower() for name in reader.fieldnames or ()])
        for row in reader:
            cells = {(name or "").strip().lower(): (value or "").strip() for name, value in row.items() if isinstance(value, str)}
            place = f"{path.name}, line {reader.line_num}"
            try:
                cases.append(_case(cells, columns, place))
            except InvalidInputError as error:
                left_out.append(f"{place}: {error.message}")
    return cases, left_out


def _columns(name: str, found: Sequence[str]) -> dict[str, str]:
    columns = {role: next((one for one in known if one in found), "") for role, known in _NAMES.items()}
    missing = [role for role in ("tumour", "expected") if not columns[role]]
    if not columns["profile"] and not (columns["gene"] and columns["variant"]):
        missing.append("gene and variant")
    if missing:
        wanted = "; ".join(f"{one} ({', '.join(_NAMES[one])})" if one in _NAMES else one for one in missing)
        raise InvalidInputError(f"{name} has no column for {wanted}")
    return columns


def _case(cells: Mapping[str, str], columns: Mapping[str, str], place: str) -> Case:
    gene, written = cells.get(columns["gene"], ""), cells.get(columns["variant"], "")
    if not (gene and written):
        gene, _, written = cells.get(columns["profile"], "").partition(" ")
    if "::" in gene:
        written, gene = f"{gene} Fusion", next(part for part in reversed(gene.split("::")) if part.lower() != "v")
    oncogenic = {"yes": True, "true": True, "no": False, "false": False}.get(cells.get("oncogenic", "").lower())
    variant = read_variant(gene, written, is_oncogenic=oncogenic)
    if frequency := cells.get("population_frequency"):
        try:
            variant = replace(variant, population=PopulationFrequency("file", "as given", float(frequency)))
        except ValueError as error:
            raise InvalidInputError(f"population_frequency {frequency[:20]!r} is no fraction") from error
    tumour = cells.get(columns["tumour"]) or None
    return Case(variant, tumour, _expected(cells[columns["expected"]]), _own(cells, gene, written, tumour, place))


def _expected(text: str) -> str:
    found = _TIER.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError(f"{text[:30]!r} is no tier: I-A, I-B, II-C, II-D, III or IV")
    number = _ROMAN.get(found.group(1), found.group(1).upper())
    level = (found.group(2) or "").upper()
    return f"{number}-{level}" if level and number in ("I", "II") else number


def _own(cells: Mapping[str, str], gene: str, written: str, tumour: str | None, place: str) -> tuple[EvidenceItem, ...]:
    level = cells.get("evidence_level", "").upper()
    where = cells.get("evidence_tumour_type") or cells.get("evidence_tumor_type") or tumour
    if level not in Level.__members__ or not where:
        return ()
    is_resistance = "resist" in cells.get("evidence_direction", "").lower()
    therapeutic = EvidenceType.RESISTANCE if is_resistance else EvidenceType.SENSITIVITY
    kind = _TYPES.get(cells.get("evidence_type", "").lower(), therapeutic)
    therapies = tuple(part.strip() for part in re.split(r"[,;+]", cells.get("therapies", "")) if part.strip())
    item = EvidenceItem(
        place, gene, parse_alteration(written), kind, Level[level], where, "evidence of the row", Source(citation=place), "file",
        therapies=therapies,
    )
    return (item,)


def agrees(expected: str, found: str) -> bool:
    """Return whether a tier is the expected one; an expected tier without level agrees with both levels of it."""
    return expected == found or (expected in ("I", "II") and found.partition("-")[0] == expected)


def judge(case: Case, evidence: Iterable[EvidenceItem]) -> str:
    made = classify_amp(case.variant, (*evidence, *case.own), case.tumour)
    return made.tier.value if made.tier is not None else NOT_ASSIGNED


def _read_release(path: Path) -> tuple[EvidenceItem, ...]:
    with path.open(encoding="utf-8", newline="") as lines:
        return read_civic(csv.DictReader(lines, delimiter="\t"), path.stem).items


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when done, 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--evidence", type=Path, help="CIViC's ClinicalEvidenceSummaries.tsv")
    parser.add_argument("--no-curated", action="store_true", help="leave out the evidence that ships")
    chosen = parser.parse_args(arguments)
    try:
        cases, left_out = read_cases(chosen.file)
        evidence = () if chosen.no_curated else curated_evidence()
        if chosen.evidence is not None:
            evidence += _read_release(chosen.evidence)
    except (OSError, InvalidInputError) as error:
        print(f"cannot use the input: {error}", file=sys.stderr)
        return 2
    for text in left_out:
        print(f"left out: {text}", file=sys.stderr)
    pairs = [(case, judge(case, evidence)) for case in cases]
    for case, found in pairs:
        if not agrees(case.expected, found):
            name = f"{case.variant.gene} {case.variant.protein or case.variant.kind} in {case.tumour or 'no tumour type'}"
            print(f"{name}: expected {case.expected}, here {found}")
    strict = [(found if agrees(case.expected, found) else case.expected, found) for case, found in pairs]
    value, is_defined = kappa(strict)
    print(json.dumps({
        "n": len(pairs), "agreement": round(sum(one == other for one, other in strict) / len(pairs), 4) if pairs else 0.0,
        "kappa": value, "kappa_defined": is_defined, "not_assigned": sum(found == NOT_ASSIGNED for _, found in pairs),
        "tier_one_without_tumour": sum(case.tumour is None and found in (Tier.I_A, Tier.I_B) for case, found in pairs),
        "left_out": len(left_out),
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main())
