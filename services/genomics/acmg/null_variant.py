"""PVS1: the decision tree of Abou Tayoun 2018, graded by what the variant does to the product.

The path is named in the reason: NF for nonsense and frameshift, SS for canonical splice sites, DEL and DUP for exons, IC for
the initiation codon. A panel may grade truncations that escape decay by the place of the new stop. Where a question cannot
be answered, the weakest strength counts if every answer leads to one; else the criterion is not assessable and says what is
missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.record import NULL_EFFECTS, Effect, LossOfFunction, Mechanism, Transcript, VariantRecord
from services.genomics.acmg.references import ABOU_TAYOUN_2018
from services.genomics.acmg.results import CriterionResult, met, not_assessable, not_met
from services.genomics.acmg.specifications import GENERAL, Specification

NMD_BASES = 50
"""A stop in the last exon or the last 50 bases before the last junction escapes nonsense-mediated decay."""
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
    inputs["path"] = branch.path
    if branch.missing:
        return not_assessable(Criterion.PVS1, f"{branch.reason}; not known: {branch.missing}", inputs, ABOU_TAYOUN_2018)
    if branch.strength is None:
        return not_met(Criterion.PVS1, branch.reason, inputs, ABOU_TAYOUN_2018)
    place = _ORDER.index(branch.strength) + _LOWER_BY[mechanism]
    if place >= len(_ORDER):
        text = f"{branch.reason}; nothing is left for a mechanism that is {mechanism}"
        return not_met(Criterion.PVS1, text, inputs, ABOU_TAYOUN_2018)
    lowered = f"; mechanism {mechanism}" if _LOWER_BY[mechanism] else ""
    return met(Criterion.PVS1, _ORDER[place], f"{branch.path}: {branch.reason}{lowered}", inputs, ABOU_TAYOUN_2018)


def decide(record: VariantRecord, rules: Specification = GENERAL) -> Branch:
    """Walk the tree for a null variant, without regard to the mechanism of the disease."""
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
        branch = _by_decay(record, "NF")
        return _by_panel(record, rules) or branch if branch.path == "NF3" else branch
    prefix = "SS" if effect is Effect.SPLICE_SITE else "DEL"
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


def _by_decay(record: VariantRecord, prefix: str) -> Branch:
    transcript, stop = record.transcript, record.loss.stop_position
    decay = predicts_decay(transcript, stop) if transcript is not None and stop is not None else None
    if transcript is not None and transcript.exon_count == 1:
        decay = False
    if decay is None:
        return Branch(prefix, None, "nonsense-mediated decay decides", "gene model or position of the new stop")
    if not decay:
        return _by_region(record, f"{prefix}3")
    relevant = transcript.is_relevant if transcript is not None else None
    if relevant is None:
        return Branch(f"{prefix}1", None, "decay is predicted", "whether the exon is in biologically relevant transcripts")
    if not relevant:
        return Branch(f"{prefix}2", None, "decay is predicted, but the exon is not in biologically relevant transcripts")
    return Branch(f"{prefix}1", Strength.VERY_STRONG, "decay is predicted and the exon is in biologically relevant transcripts")


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


def _by_panel(record: VariantRecord, rules: Specification) -> Branch | None:
    stop = record.loss.stop_position
    for last, strength in rules.truncations:
        if stop is not None and stop <= last:
            return Branch("NF3", strength, f"no decay, but {rules.name} grades a stop up to c.{last} as {strength}")
    return None


def removed_fraction(record: VariantRecord) -> float | None:
    """Return the fraction of the protein lost: as given, else from the new stop to the end of the coding sequence."""
    if record.loss.removed_fraction is not None:
        return record.loss.removed_fraction
    stop, transcript = record.loss.stop_position, record.transcript
    if stop is None or transcript is None or record.effect not in (Effect.NONSENSE, Effect.FRAMESHIFT):
        return None
    return max(0.0, min(1.0, (transcript.coding_length - stop + 1) / transcript.coding_length))


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
    return {
        "effect": record.effect, "gene": record.gene.symbol, "mechanism": record.gene.loss_of_function,
        "transcript": transcript.accession if transcript is not None else None,
        "exons": transcript.exon_count if transcript is not None else None,
        "last junction": transcript.last_junction if transcript is not None else None,
        "new stop": loss.stop_position, "keeps frame": loss.keeps_frame, "critical region": loss.region_is_critical,
        "exon loss common": loss.exon_loss_is_common, "protein removed": removed_fraction(record),
    }
