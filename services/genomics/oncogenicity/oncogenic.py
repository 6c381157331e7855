"""Evidence of an oncogenic effect: OVS1, OS1 to OS3, OM1 to OM4, OP1 to OP4. What excludes what is the engine's matter."""

from __future__ import annotations

from services.genomics.amp.variant import TRUNCATING, SomaticKind
from services.genomics.oncogenicity.criteria import Code, CodeResult, met, not_assessable, not_met
from services.genomics.oncogenicity.frequencies import highest
from services.genomics.oncogenicity.record import CancerHotspot, GeneRole, Line, OncogenicRecord, Verdict

HOTSPOT_POSITION, HOTSPOT_CHANGE = 50, 10
EXTREMELY_RARE = 0.00001
"""The house's reading of "extremely low frequency": one allele in 100,000. The standard gives no number."""
_LENGTH_KINDS = (SomaticKind.INFRAME_DELETION, SomaticKind.INFRAME_INSERTION, SomaticKind.INTERNAL_DUPLICATION)


def assess_ovs1(record: OncogenicRecord) -> CodeResult:
    """Judge a null variant of a tumour suppressor, graded like PVS1 where the tree was walked."""
    inputs = {"kind": record.kind, "role": record.role, "PVS1": record.null_strength if record.null_judged else None}
    if record.kind not in TRUNCATING:
        return not_met(Code.OVS1, f"{record.kind} is not a null variant", inputs)
    if record.role.suppresses is None:
        return not_assessable(Code.OVS1, f"whether {record.gene} suppresses tumours is not known", inputs)
    if not record.role.suppresses:
        return not_met(Code.OVS1, f"{record.gene} is no tumour suppressor", inputs)
    if not record.null_judged:
        return not_assessable(Code.OVS1, "whether the product is lost was not judged: no gene model", inputs)
    if record.null_strength is None:
        return not_met(Code.OVS1, "the variant is not expected to destroy the product", inputs)
    text = f"null variant of {record.gene}, {record.null_strength} as PVS1 is graded"
    return met(Code.OVS1, text, inputs, points=record.null_strength.points)


def assess_os1(record: OncogenicRecord) -> CodeResult:
    if (refused := _no_established(Code.OS1, record)) is not None:
        return refused
    same = [one.name for one in record.established or () if one.same_protein_change and not one.same_nucleotide_change]
    inputs = {"established": ", ".join(same) or "none"}
    if same:
        return met(Code.OS1, f"same amino acid change as {same[0]}", inputs)
    return not_met(Code.OS1, "no established oncogenic variant with the same amino acid change", inputs)


def assess_os2(record: OncogenicRecord) -> CodeResult:
    if record.functional is None:
        return not_assessable(Code.OS2, "needs an expert: no functional study was entered", {})
    inputs = {"study": record.functional.note, "of this nucleotide change": record.functional.of_nucleotide_change}
    if record.functional.is_oncogenic:
        return met(Code.OS2, record.functional.note, inputs)
    return not_met(Code.OS2, "the studies show no oncogenic effect", inputs)


def assess_os3(record: OncogenicRecord) -> CodeResult:
    return _hotspot(Code.OS3, record)


def assess_om1(record: OncogenicRecord) -> CodeResult:
    inputs = {"kind": record.kind, "domain": record.domain or None, "critical": record.in_critical_domain}
    if record.kind not in (SomaticKind.MISSENSE, *_LENGTH_KINDS):
        return not_met(Code.OM1, f"{record.kind} is not judged by domain", inputs)
    if record.in_critical_domain is None:
        return not_assessable(Code.OM1, "critical parts of the domains were not looked up", inputs)
    if record.in_critical_domain:
        return met(Code.OM1, f"in {record.domain or 'a critical part of a domain'}", inputs)
    return not_met(Code.OM1, "not in a critical part of a functional domain", inputs)


def assess_om2(record: OncogenicRecord) -> CodeResult:
    inputs = {"kind": record.kind, "role": record.role}
    if record.kind not in (*_LENGTH_KINDS, SomaticKind.STOP_LOST):
        return not_met(Code.OM2, f"{record.kind} does not change the length in frame", inputs)
    if record.role is GeneRole.UNKNOWN:
        return not_assessable(Code.OM2, f"the role of {record.gene} in cancer is not known", inputs)
    counts = record.role.suppresses if record.kind is SomaticKind.STOP_LOST else record.role.is_cancer_gene
    if counts:
        return met(Code.OM2, f"{record.kind} in {record.gene}, {record.role}", inputs)
    return not_met(Code.OM2, f"{record.kind} in {record.gene}, {record.role}", inputs)


def assess_om3(record: OncogenicRecord) -> CodeResult:
    if (refused := _no_established(Code.OM3, record)) is not None:
        return refused
    others = [one for one in record.established or () if not one.same_protein_change]
    severe = [one.name for one in others if one.is_as_severe]
    inputs = {"established": ", ".join(one.name for one in others) or "none", "as severe as": ", ".join(severe) or "none"}
    if severe:
        return met(Code.OM3, f"another missense change of the residue, {severe[0]}, is oncogenic", inputs)
    if any(one.is_as_severe is None for one in others):
        return not_assessable(Code.OM3, "whether the residue differs as much as that of the known variant is not known", inputs)
    return not_met(Code.OM3, "no comparable oncogenic change of the residue", inputs)


def assess_om4(record: OncogenicRecord) -> CodeResult:
    return _hotspot(Code.OM4, record)


def assess_op1(record: OncogenicRecord) -> CodeResult:
    return by_lines(Code.OP1, record.lines, Verdict.DAMAGING)


def assess_op2(record: OncogenicRecord) -> CodeResult:
    inputs = {"single cause": record.single_cause}
    if record.single_cause is None:
        return not_assessable(Code.OP2, "needs an expert: whether the malignancy has this gene as its single cause", inputs)
    if record.single_cause:
        return met(Code.OP2, f"the malignancy has {record.gene} as its single genetic cause", inputs)
    return not_met(Code.OP2, "the malignancy has several causes", inputs)


def assess_op3(record: OncogenicRecord) -> CodeResult:
    return _hotspot(Code.OP3, record)


def assess_op4(record: OncogenicRecord) -> CodeResult:
    found = highest(record.populations)
    usable = [one for one in record.populations if one.passed_filters]
    inputs = {"datasets": ", ".join(f"{one.dataset} {one.version}".strip() for one in usable) or None, "limit": EXTREMELY_RARE}
    if found is not None and found.frequency > EXTREMELY_RARE:
        return not_met(Code.OP4, f"frequency {found.frequency:.5%} in {found.population}", inputs)
    if found is None and not any(one.covered for one in usable):
        return not_assessable(Code.OP4, "no population data that cover the site", inputs)
    text = "extremely rare in controls" if found is not None and found.allele_count else "absent from controls"
    return met(Code.OP4, text, inputs)


def by_lines(code: Code, lines: tuple[Line, ...], wanted: Verdict) -> CodeResult:
    """Judge OP1 or SBP1: every line used must say the same."""
    inputs = {one.name: one.verdict for one in lines}
    if not lines:
        return not_assessable(code, "no computational evidence", inputs)
    if all(one.verdict is wanted for one in lines):
        return met(code, f"all {len(lines)} lines used: {wanted}", inputs)
    return not_met(code, "the lines used do not all say so", inputs)


def _no_established(code: Code, record: OncogenicRecord) -> CodeResult | None:
    if record.kind is not SomaticKind.MISSENSE:
        return not_met(code, f"{record.kind} is not missense", {"kind": record.kind})
    if record.established is None:
        return not_assessable(code, "oncogenic variants at the residue were not looked up", {"established": None})
    return None


def _hotspot(code: Code, record: OncogenicRecord) -> CodeResult:
    spot = record.hotspot
    if record.kind in (SomaticKind.FUSION, SomaticKind.AMPLIFICATION, SomaticKind.GENE_LOSS, SomaticKind.SILENT):
        return not_met(code, f"{record.kind} is not judged by hot spot", {"kind": record.kind})
    if spot is None:
        return not_assessable(code, "hot spots were not looked up", {"hot spot": None})
    inputs = {"catalogue": spot.dataset, "samples at the residue": spot.same_position, "with the change": spot.same_change}
    if not spot.is_hotspot:
        return not_met(code, f"no hot spot in {spot.dataset}", inputs)
    text = f"{spot.same_position} samples at the residue, {spot.same_change} with the change ({spot.dataset})"
    return met(code, text, inputs) if _grade(spot) is code else not_met(code, f"{text}: {_grade(spot)}", inputs)


def _grade(spot: CancerHotspot) -> Code:
    if spot.same_change < HOTSPOT_CHANGE:
        return Code.OP3
    return Code.OS3 if spot.same_position >= HOTSPOT_POSITION else Code.OM4
