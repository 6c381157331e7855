"""PVS1: the decision tree of Abou Tayoun 2018, graded by what the variant does to the product.

The path is named in the reason: NF for nonsense and frameshift, SS for canonical splice sites, DEL and DUP for exons, IC for
the initiation codon. A panel's own tree goes first, where one is encoded for the gene. Where a question cannot be answered, the
weakest strength counts if every answer leads to one; else the criterion is not assessable and says what is missing.

Without the reference sequence nobody knows where a shifted frame ends. It ends behind the shift, so a shift behind the border of
decay escapes it for sure; and 3 of 64 codons are stops, so less than one shifted frame in a hundred stays open for 96 codons: a
shift that far before the border is presumed to lead to decay, and the reason says so. What lies between is not assessable.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.null_rules import Grades, NullRules, graded, weakest
from services.genomics.acmg.record import NULL_EFFECTS, Effect, LossOfFunction, Mechanism, Transcript, VariantRecord
from services.genomics.acmg.references import ABOU_TAYOUN_2018
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import GENERAL, Specification

NMD_BASES = 50
"""A stop in the last exon or the last 50 bases before the last junction escapes nonsense-mediated decay."""
OPEN_BASES = 288
"""96 codons: (61/64) to the 96th is under 1 %."""
SMALL_LOSS = 0.10
_ORDER = (Strength.VERY_STRONG, Strength.STRONG, Strength.MODERATE, Strength.SUPPORTING)
_LOWER_BY = {Mechanism.ESTABLISHED: 0, Mechanism.LIKELY: 1, Mechanism.LIMITED: 2}


@dataclass(frozen=True, slots=True)
class Branch:
    """Where the tree ended. `strength` None and `missing` empty: the criterion does not apply."""

    path: str
    strength: Strength | None
    reason: str
    missing: str = ""
    by_panel: bool = False
    """Whether a panel's own tree decided, not the one of 2018."""


def assess_pvs1(record: VariantRecord, rules: Specification = GENERAL) -> CriterionResult:
    inputs = _inputs(record)
    if record.effect not in NULL_EFFECTS:
        return not_met(Criterion.PVS1, f"{record.effect} is not a null variant", inputs, ABOU_TAYOUN_2018)
    mechanism = record.gene.loss_of_function
    if mechanism is Mechanism.NONE:
        return not_met(
            Criterion.PVS1, f"loss of function of {record.gene.symbol} does not cause the disease", inputs, ABOU_TAYOUN_2018
        )
    if mechanism is Mechanism.UNKNOWN:
        text = f"whether loss of function of {record.gene.symbol} causes disease is not known"
        return not_assessable(Criterion.PVS1, text, inputs, ABOU_TAYOUN_2018)
    branch = decide(record, rules)
    source = rules.source if branch.by_panel else ABOU_TAYOUN_2018
    inputs["path"] = branch.path
    inputs["tree"] = rules.title if branch.by_panel else "Abou Tayoun 2018"
    if branch.missing:
        return not_assessable(Criterion.PVS1, f"{branch.reason}; not known: {branch.missing}", inputs, source)
    if branch.strength is None:
        return not_met(Criterion.PVS1, branch.reason, inputs, source)
    place = _ORDER.index(branch.strength) + _LOWER_BY[mechanism]
    if place >= len(_ORDER):
        text = f"{branch.reason}; nothing is left for a mechanism that is {mechanism}"
        return not_met(Criterion.PVS1, text, inputs, source)
    lowered = f"; mechanism {mechanism}" if _LOWER_BY[mechanism] else ""
    return met(Criterion.PVS1, _ORDER[place], f"{branch.path}: {branch.reason}{lowered}", inputs, source)


def decide(record: VariantRecord, rules: Specification = GENERAL) -> Branch:
    """Walk the panel's tree, else the general one, for a null variant, without regard to the mechanism of the disease."""
    if rules.null is not None:
        found = _by_panel(record, rules.null)
        if found is not None:
            strength, path, why = found
            told = f"{rules.name} grades it {strength}: {why}" if strength else f"not counted under {rules.name}: {why}"
            return Branch(path, strength, told, by_panel=True)
    return decide_by_tree(record)


def decide_by_tree(record: VariantRecord) -> Branch:
    """Walk the tree of 2018 alone."""
    effect, loss = record.effect, record.loss
    if effect is Effect.WHOLE_GENE_DELETION:
        return Branch("DEL1", Strength.VERY_STRONG, "the whole gene is deleted")
    if effect is Effect.START_LOST:
        return _start(loss)
    if effect is Effect.EXON_DUPLICATION:
        return _duplication(record)
    if loss.rescued_by_splicing:
        return Branch("SS0", None, "a cryptic site or an alternative exon restores a working transcript")
    if effect in (Effect.NONSENSE, Effect.FRAMESHIFT):
        return _by_decay(record, "NF")
    prefix = "SS" if effect is Effect.SPLICE_SITE else "DEL"
    if _holds_stop(record):
        return _by_region(record, f"{prefix}3")
    if loss.keeps_frame is None:
        return Branch(prefix, None, "the reading frame of the transcript decides", "whether the frame is kept")
    if loss.keeps_frame:
        return _by_region(record, f"{prefix}10")
    return _by_decay(record, prefix)


def predicts_decay(transcript: Transcript, stop_position: int) -> bool | None:
    """Whether a stop at a coding position leads to nonsense-mediated decay; None where the last junction is not known."""
    if transcript.exon_count == 1:
        return False
    if transcript.last_junction is None:
        return None
    return stop_position <= transcript.last_junction - NMD_BASES


def _decays(record: VariantRecord) -> tuple[bool | None, str]:
    """Return whether decay is predicted, and the words for it; a stop that is not known is placed by the shift before it."""
    transcript, stop, shift = record.transcript, record.loss.stop_position, _shift(record)
    if transcript is None:
        return None, ""
    if transcript.exon_count == 1:
        return False, "no decay"
    if stop is not None:
        decay = predicts_decay(transcript, stop)
        return decay, "decay is predicted" if decay else "no decay"
    if shift is None or not predicts_decay(transcript, shift):
        return (False, "no decay") if shift is not None and predicts_decay(transcript, shift) is False else (None, "")
    if predicts_decay(transcript, shift + OPEN_BASES):
        return True, f"decay is presumed (the new stop is not known; the frame shifts at c.{shift}, far before the last junction)"
    return None, ""


def _shift(record: VariantRecord) -> int | None:
    """Return where the frame shifts: at the change, or behind exons that are lost out of frame."""
    loss = record.loss
    if record.effect is Effect.FRAMESHIFT:
        return loss.changed_from
    return loss.lost_exons[1] + 1 if loss.keeps_frame is False and loss.lost_exons is not None else None


def _by_decay(record: VariantRecord, prefix: str) -> Branch:
    transcript = record.transcript
    decay, told = _decays(record)
    if decay is None:
        return Branch(prefix, None, "nonsense-mediated decay decides", "gene model or position of the new stop")
    if not decay:
        return _by_region(record, f"{prefix}3")
    relevant = transcript.is_relevant if transcript is not None else None
    if relevant is None:
        return Branch(f"{prefix}1", None, told, "whether the exon is in biologically relevant transcripts")
    if not relevant:
        return Branch(f"{prefix}2", None, f"{told}, but the exon is not in biologically relevant transcripts")
    return Branch(f"{prefix}1", Strength.VERY_STRONG, f"{told} and the exon is in biologically relevant transcripts")


def _by_region(record: VariantRecord, path: str) -> Branch:
    """Judge an altered or truncated protein: critical region, common loss of the exon, then the fraction removed."""
    loss, removed = record.loss, removed_fraction(record)
    if loss.region_is_critical:
        return Branch(path, Strength.STRONG, "no decay, but a region critical for function is lost")
    relevant = record.transcript.is_relevant if record.transcript is not None else None
    if loss.exon_loss_is_common or relevant is False:
        why = "loss of the exon is common" if loss.exon_loss_is_common else "the exon is not in relevant transcripts"
        return Branch(path, None, f"no decay, and {why}")
    if loss.exon_loss_is_common is None:
        return Branch(path, None, "no decay; role of the region unknown", "whether loss of the exon is common in the population")
    if removed is None:
        return Branch(path, Strength.MODERATE, "no decay, an unknown fraction of the protein is lost")
    if removed > SMALL_LOSS:
        return Branch(path, Strength.STRONG, f"no decay, {removed:.0%} of the protein is lost")
    return Branch(path, Strength.MODERATE, f"no decay, {removed:.0%} of the protein is lost")


_Found = tuple[Strength | None, str, str]


def _by_panel(record: VariantRecord, null: NullRules) -> _Found | None:
    """Return strength, path and reason where the panel's tree says something of such a variant."""
    effect = record.effect
    if record.loss.rescued_by_splicing or (record.transcript is not None and record.transcript.is_relevant is False):
        return None
    if effect is Effect.START_LOST:
        if null.start_refused:
            return None, "IC3", null.start_refused
        return (null.start, "IC", "the initiation codon is lost") if null.start is not None else None
    if effect in (Effect.NONSENSE, Effect.FRAMESHIFT):
        return _truncation_by_panel(record, null)
    if effect in (Effect.SPLICE_SITE, Effect.EXON_DELETION):
        return _exons_by_panel(record, null)
    return None


def _truncation_by_panel(record: VariantRecord, null: NullRules) -> _Found | None:
    loss, offset = record.loss, null.offset(record.transcript)
    decay, _ = _decays(record)
    if offset is not None:
        shift = loss.changed_from + offset if loss.changed_from is not None else None
        stop = loss.stop_position + offset if loss.stop_position is not None else None
        if record.effect is Effect.FRAMESHIFT and shift is not None:
            grades: Grades = null.shift_grades(loss.shift) or (null.escaping_shifts if decay is False else ())
            by_shift = graded(grades, shift)
            if by_shift is not None:
                return by_shift[0], "NF", f"the frame shifts up to c.{by_shift[1]}"
            if stop is None and decay is False and graded(null.stops, shift) is not None:
                return weakest(null.stops, shift), "NF", "the new stop lies behind the border of decay"
        by_stop = graded(null.stops, stop) if stop is not None else None
        if by_stop is not None:
            return by_stop[0], "NF", f"the new stop lies up to c.{by_stop[1]}"
    if null.escapes is not None and decay is False:
        return null.escapes, "NF3", "it escapes decay, and the lost end is critical"
    return None


def _exons_by_panel(record: VariantRecord, null: NullRules) -> _Found | None:
    loss, offset, is_site = record.loss, null.offset(record.transcript), record.effect is Effect.SPLICE_SITE
    path = "SS" if is_site else "DEL"
    if offset is not None and loss.lost_exons is not None:
        lost = (loss.lost_exons[0] + offset, loss.lost_exons[1] + offset)
        rule = next((one for one in null.exons if one.fits(lost, loss.at_donor, loss.keeps_frame, record.effect)), None)
        if rule is not None:
            return rule.strength, path, rule.why
    if is_site and null.sites is not None:
        return null.sites, path, "its default for canonical splice sites"
    if null.in_frame is not None and loss.keeps_frame and not _holds_stop(record):
        return null.in_frame, f"{path}10", "the frame is kept, and the exons are critical"
    if null.escapes is not None and loss.keeps_frame is False and _decays(record)[0] is False:
        return null.escapes, f"{path}3", "it escapes decay, and the lost end is critical"
    return None


def _holds_stop(record: VariantRecord) -> bool:
    """Whether the lost exons hold the stop codon: no junction lies behind it that could lead to decay."""
    lost, transcript = record.loss.lost_exons, record.transcript
    return lost is not None and transcript is not None and lost[0] > 1 and lost[1] >= transcript.coding_length


def removed_fraction(record: VariantRecord) -> float | None:
    """Return the fraction of the protein lost: as given, else from the first altered residue to the end."""
    loss, transcript = record.loss, record.transcript
    if loss.removed_fraction is not None:
        return loss.removed_fraction
    if transcript is None:
        return None
    start = loss.lost_exons[0] if loss.lost_exons is not None and _holds_stop(record) else None
    if record.effect in (Effect.NONSENSE, Effect.FRAMESHIFT):
        start = loss.changed_from if loss.changed_from is not None else loss.stop_position
    if start is None:
        return None
    return max(0.0, min(1.0, (transcript.coding_length - start + 1) / transcript.coding_length))


def _start(loss: LossOfFunction) -> Branch:
    if loss.alternative_start is None:
        return Branch("IC", None, "the initiation codon is lost", "whether another functional transcript starts elsewhere")
    if loss.alternative_start:
        return Branch("IC3", None, "another functional transcript uses an alternative start codon")
    if loss.pathogenic_before_next_start is None:
        return Branch("IC2", Strength.SUPPORTING, "no alternative start; pathogenic variants before the next one unknown")
    if loss.pathogenic_before_next_start:
        return Branch("IC1", Strength.MODERATE, "no alternative start, pathogenic variants lie before the next in-frame one")
    return Branch("IC2", Strength.SUPPORTING, "no alternative start, no pathogenic variant before the next in-frame one")


def _duplication(record: VariantRecord) -> Branch:
    loss = record.loss
    if loss.in_tandem is False:
        return Branch("DUP4", None, "the duplicated exons lie elsewhere")
    if loss.keeps_frame is not False:
        return Branch("DUP3", None, "no effect on the reading frame is shown")
    decay = _by_decay(record, "DUP")
    if decay.strength is not Strength.VERY_STRONG:
        return decay if decay.missing else Branch("DUP3", None, "decay is not predicted for the duplication")
    if loss.in_tandem:
        return Branch("DUP1", Strength.VERY_STRONG, "proven in tandem, the frame is lost and decay is predicted")
    return Branch("DUP2", Strength.STRONG, "presumed in tandem, the frame is lost and decay is predicted")


def _inputs(record: VariantRecord) -> dict[str, object]:
    transcript, loss = record.transcript, record.loss
    lost = f"c.{loss.lost_exons[0]} to c.{loss.lost_exons[1]}" if loss.lost_exons is not None else None
    return {
        "effect": record.effect, "gene": record.gene.symbol, "mechanism": record.gene.loss_of_function,
        "transcript": transcript.accession if transcript is not None else None,
        "exons": transcript.exon_count if transcript is not None else None,
        "last junction": transcript.last_junction if transcript is not None else None,
        "new stop": loss.stop_position, "frame shifts at": loss.changed_from, "lost exons": lost,
        "keeps frame": loss.keeps_frame, "critical region": loss.region_is_critical,
        "exon loss common": loss.exon_loss_is_common, "protein removed": removed_fraction(record),
    }
