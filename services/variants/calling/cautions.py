"""What a reader should know before trusting calls: signs that reads or calls are not what they should be, by fixed thresholds."""

from __future__ import annotations

from services.variants.calling.model import CallingResult, ReadReport

ALIGNED_SHARE = 0.8
DUPLICATE_SHARE = 0.5
ERROR_RATE = 0.02
MEAN_DEPTH, TARGET_DEPTH = 15.0, 30.0
BREADTH_DEPTH, BREADTH_SHARE = 10, 0.9
PAIRED_SHARE = 0.7
_FEWEST_SNVS = 1_000
_TI_TV = (1.8, 3.6)


def cautions_of(result: CallingResult, *, targeted: bool) -> list[str]:
    """Return one sentence for each sign; none where all is as expected.

    The ratio of transitions to transversions is judged from a thousand SNVs on; about 2.0 to 2.1 is usual for whole human genomes
    and 2.8 to 3.3 for exomes (DePristo MA et al., Nature Genetics 2011, "A framework for variation discovery and genotyping
    using next-generation DNA sequencing data").
    """
    found = [text for reads in result.reads for text in _of_reads(reads, targeted=targeted)]
    ti_tv = result.calls.ti_tv
    if ti_tv is not None and result.calls.snvs >= _FEWEST_SNVS and not _TI_TV[0] <= ti_tv <= _TI_TV[1]:
        found.append(
            f"The ratio of transitions to transversions is {ti_tv:.2f}; in human genomes it lies near 2.1, in exomes near 3: "
            "many of these calls may be errors."
        )
    if not result.calls.snvs and not result.calls.indels:
        found.append("No variant passed the filters: look at the depth before reading this as 'no variant'.")
    return found


def _of_reads(reads: ReadReport, *, targeted: bool) -> list[str]:
    where = "of the target regions" if targeted else "of the reference"
    found = []
    if reads.aligned_share is not None and reads.aligned_share < ALIGNED_SHARE:
        found.append(
            f"Only {reads.aligned_share:.0%} of the reads of {reads.sample} align: contamination, adapters, or a reference that "
            "does not fit."
        )
    if reads.duplicate_share is not None and reads.duplicate_share > DUPLICATE_SHARE:
        found.append(
            f"{reads.duplicate_share:.0%} of the aligned reads of {reads.sample} are duplicates: little material was sequenced."
        )
    least = TARGET_DEPTH if targeted else MEAN_DEPTH
    if reads.mean_depth < least:
        found.append(
            f"The mean depth of {reads.sample} is {reads.mean_depth:.1f} {where}, below {least:g}: heterozygous variants "
            "are missed."
        )
    elif reads.breadth.get(BREADTH_DEPTH, 1.0) < BREADTH_SHARE:
        found.append(
            f"Only {reads.breadth[BREADTH_DEPTH]:.0%} {where} has {BREADTH_DEPTH} reads of {reads.sample} or more: no call "
            "elsewhere does not mean no variant."
        )
    if reads.error_rate is not None and reads.error_rate > ERROR_RATE:
        found.append(f"{reads.error_rate:.1%} of the aligned bases of {reads.sample} differ from the reference, which is much.")
    if reads.median_insert_size is not None and reads.aligned and reads.properly_paired < PAIRED_SHARE * reads.aligned:
        found.append(f"Few pairs of {reads.sample} lie as pairs should: the files of a lane may have been mixed up.")
    return found
