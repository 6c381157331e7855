"""Evidence against an oncogenic effect: SBVS1, SBS1, SBS2, SBP1 and SBP2."""

from __future__ import annotations

from services.genomics.acmg.computational import SPLICE_HARMLESS
from services.genomics.amp.variant import SomaticKind
from services.genomics.oncogenicity.criteria import Code, CodeResult, met, not_assessable, not_met
from services.genomics.oncogenicity.frequencies import highest
from services.genomics.oncogenicity.oncogenic import by_lines
from services.genomics.oncogenicity.record import OncogenicRecord, Verdict

VERY_COMMON, COMMON = 0.05, 0.01


def assess_sbvs1(record: OncogenicRecord) -> CodeResult:
    return _frequency(Code.SBVS1, record)


def assess_sbs1(record: OncogenicRecord) -> CodeResult:
    return _frequency(Code.SBS1, record)


def assess_sbs2(record: OncogenicRecord) -> CodeResult:
    if record.functional is None:
        return not_assessable(Code.SBS2, "needs an expert: no functional study was entered", {})
    if record.functional.is_oncogenic:
        return not_met(Code.SBS2, "the studies show an oncogenic effect", {"study": record.functional.note})
    return met(Code.SBS2, record.functional.note, {"study": record.functional.note})


def assess_sbp1(record: OncogenicRecord) -> CodeResult:
    return by_lines(Code.SBP1, record.lines, Verdict.HARMLESS)


def assess_sbp2(record: OncogenicRecord) -> CodeResult:
    inputs = {"silent": record.is_silent, "splice delta": record.splice_delta, "highly conserved": record.highly_conserved}
    if record.kind is not SomaticKind.SILENT or record.is_silent is False:
        return not_met(Code.SBP2, "not a silent change", inputs)
    if record.is_silent is None or record.splice_delta is None:
        return not_assessable(Code.SBP2, "whether it is synonymous, or its effect on splicing, is not known", inputs)
    if record.splice_delta > SPLICE_HARMLESS:
        return not_met(Code.SBP2, f"SpliceAI {record.splice_delta:g} does not exclude an effect on splicing", inputs)
    if record.highly_conserved is None:
        return not_assessable(Code.SBP2, "conservation of the nucleotide is not known", inputs)
    if record.highly_conserved:
        return not_met(Code.SBP2, "the nucleotide is highly conserved", inputs)
    return met(Code.SBP2, f"silent, SpliceAI {record.splice_delta:g}, not highly conserved", inputs)


def _frequency(code: Code, record: OncogenicRecord) -> CodeResult:
    found = highest(record.populations)
    if found is None:
        covered = any(one.covered and one.passed_filters for one in record.populations)
        if covered:
            return not_met(code, "absent from data that cover the site", {"datasets": len(record.populations)})
        return not_assessable(code, "no general population with enough alleles", {"datasets": len(record.populations)})
    limit = VERY_COMMON if code is Code.SBVS1 else COMMON
    inputs = {"population": found.population, "AC": found.allele_count, "AN": found.allele_number, "limit": limit}
    text = f"frequency {found.frequency:.4%} in {found.population}"
    if found.frequency <= limit:
        return not_met(code, f"{text}, not above {limit:.0%}", inputs)
    if code is Code.SBS1 and found.frequency > VERY_COMMON:
        return not_met(code, f"{text}; counted by SBVS1", inputs)
    return met(code, f"{text}, above {limit:.0%}", inputs)
