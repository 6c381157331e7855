"""What stands in FILTER, by rules that hold for every call.

A call that misses a rule is kept with the rule's name, so that nothing disappears and everybody can decide otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.variants.calling.model import CallReport, Design, Thresholds

_TRANSITIONS = frozenset({"AG", "GA", "CT", "TC"})


def filter_lines(design: Design, rules: Thresholds) -> list[str]:
    """Return the header lines that explain the names."""
    texts = {
        "LowQual": f"QUAL below {rules.quality:g}",
        "LowDepth": f"no sample that shows the allele has {rules.depth} reads or more",
        "AlleleBalance": f"the allele has less than {rules.allele_fraction:.0%} of the reads of every heterozygous sample",
        "StrandBias": f"Phred-scaled strand bias above {rules.strand_bias}",
    }
    if design in (Design.TUMOUR_ONLY, Design.TUMOUR_NORMAL):
        texts = {
            "FewReads": f"fewer than {rules.tumour_reads} reads of the tumour show the allele",
            "OneStrand": "all reads that show the allele come from one strand while both strands are read",
        }
        if design is Design.TUMOUR_NORMAL:
            texts["InNormal"] = f"{rules.normal_fraction:.0%} or more of the normal's reads show the allele"
            texts["NormalDepth"] = f"the normal has fewer than {rules.normal_depth} reads: germline cannot be excluded"
    return [f'##FILTER=<ID={name},Description="{text}">' for name, text in texts.items()]


@dataclass(slots=True)
class Tally:
    """Counts of what was written."""

    snvs: int = 0
    indels: int = 0
    transitions: int = 0
    transversions: int = 0
    filtered: dict[str, int] = field(default_factory=dict)

    def add(self, ref: str, alt: str, filters: list[str]) -> None:
        for name in filters:
            self.filtered[name] = self.filtered.get(name, 0) + 1
        if filters:
            return
        if len(ref) == len(alt) == 1:
            self.snvs += 1
            if ref + alt in _TRANSITIONS:
                self.transitions += 1
            else:
                self.transversions += 1
        else:
            self.indels += 1

    def report(self) -> CallReport:
        return CallReport(self.snvs, self.indels, dict(self.filtered), self.transitions, self.transversions)


def germline_filters(fields: list[str], rules: Thresholds) -> list[str]:
    """Return the names of the rules that a line (one alternate allele) misses."""
    samples = [_values(fields, at) for at in range(9, len(fields))]
    carriers = [sample for sample in samples if "1" in sample.get("GT", "")]
    failed = []
    if float(fields[5]) < rules.quality:
        failed.append("LowQual")
    if carriers:
        depths = [_counts(sample, "AD") for sample in carriers]
        if all(sum(depth) < rules.depth for depth in depths):
            failed.append("LowDepth")
        if all(_balance_fails(sample, depth, rules) for sample, depth in zip(carriers, depths, strict=True)):
            failed.append("AlleleBalance")
        if all(_counts(sample, "SP")[0] > rules.strand_bias for sample in carriers):
            failed.append("StrandBias")
    return failed


def tumour_filters(fields: list[str], rules: Thresholds, *, has_normal: bool) -> list[str] | None:
    """Return the names of the rules that a line misses; None when the tumour does not show the allele often enough to report."""
    tumour = _values(fields, 9)
    depth, forward, reverse = (_counts(tumour, key) for key in ("AD", "ADF", "ADR"))
    total = sum(depth)
    if len(depth) < 2 or depth[1] < 2 or depth[1] < rules.tumour_fraction * total:
        return None
    failed = []
    if depth[1] < rules.tumour_reads:
        failed.append("FewReads")
    if 0 in (forward[1], reverse[1]) and min(sum(forward), sum(reverse)) >= rules.tumour_reads:
        failed.append("OneStrand")
    if has_normal:
        normal = _counts(_values(fields, 10), "AD")
        seen = sum(normal)
        if seen < rules.normal_depth:
            failed.append("NormalDepth")
        if seen and normal[1] >= max(rules.normal_fraction * seen, 1):
            failed.append("InNormal")
    return failed


def fraction(fields: list[str], at: int) -> str:
    """Return the share of a sample's reads that show the allele, `.` without reads."""
    depth = _counts(_values(fields, at), "AD")
    total = sum(depth)
    return f"{depth[1] / total:.4f}" if len(depth) > 1 and total else "."


def _balance_fails(sample: dict[str, str], depth: list[int], rules: Thresholds) -> bool:
    alleles = sample["GT"].replace("|", "/").split("/")
    total = sum(depth)
    return len(set(alleles)) > 1 and len(depth) > 1 and total > 0 and depth[1] < rules.allele_fraction * total


def _values(fields: list[str], at: int) -> dict[str, str]:
    return dict(zip(fields[8].split(":"), fields[at].split(":"), strict=False))


def _counts(sample: dict[str, str], key: str) -> list[int]:
    return [int(value) if value.isdigit() else 0 for value in sample.get(key, "").split(",")]
