"""What a pathogenic variant means for who carries it: copies against the inheritance of the gene's diseases.

One copy of a recessive disease makes a carrier; two variants of one gene are a compound heterozygote only where they lie on
different chromosomes; on the X chromosome a man has one copy. A variant that destroys a gene counts only for the diseases that
come from its loss. Penetrance is never assumed to be complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.knowledge.drugs import Severity
from services.knowledge.genes import Effect, Gene, GeneDisease, Inheritance
from services.pipelines.genomic.model import Carried

Sex = Literal["F", "M"]
Partner = Literal["none", "trans", "unknown", "cis"]

LOW_SHARE = 0.2
"""Share of reads below which one inherited copy is unlikely (allele balance, Karczewski 2020, Nature 581:434)."""
_SURE_DEPTH = 10
_CONFIRM = "Confirm with an independent method before acting on it."
_COMPARE = f"Compare with the findings of the patient. {_CONFIRM}"
_SECOND_MAY_HIDE = "A second variant may lie where the file has no record, or be a deletion."


@dataclass(frozen=True, slots=True)
class Bearing:
    """What is known of a variant and its carrier. `diseases` are those that fit it, see `fitting`."""

    carried: Carried
    inheritance: tuple[str, ...]
    diseases: tuple[GeneDisease, ...] = ()
    on_x: bool = False
    sex: Sex | None = None
    partner: Partner = "none"
    phased_by: str = ""
    is_lost: bool = False
    gene: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What carrying it means, what to do, and how much it matters."""

    meaning: str
    action: str
    severity: Severity
    limits: tuple[str, ...] = ()


def fitting(genes: Sequence[Gene], *, is_lost: bool, stated: Inheritance | None = None) -> tuple[GeneDisease, ...]:
    """Return the monogenic diseases that a variant of these genes can cause.

    A variant that destroys the gene fits only what comes from its loss, or from nobody knows what. `stated` is the inheritance
    of a curated variant.
    """
    every = [disease for one in genes for disease in one.diseases if disease.inheritance]
    if stated is not None:
        every = [one for one in every if stated in one.inheritance]
    if is_lost:
        every = [one for one in every if one.effect in (Effect.LOSS, Effect.UNKNOWN)]
    return tuple(every)


def disease_words(diseases: Sequence[GeneDisease]) -> tuple[str, ...]:
    """Name diseases with their inheritance in words: `LRBA deficiency (recessive)`."""
    words = {"AD": "dominant", "AR": "recessive", "XL": "X-linked", "somatic": "acquired"}
    return tuple(
        f"{one.name} ({' or '.join(words[how.value] for how in one.inheritance)})" for one in diseases
    )


def read_copies(one: Bearing) -> Reading:
    """Weigh the copies of a pathogenic or likely pathogenic variant. `inheritance` uses AD, AR, XL and somatic."""
    if one.is_lost and not one.inheritance and one.gene:
        return Reading(
            f"It destroys {one.gene}. The diseases listed for this gene come from a changed function, not from its loss: "
            "whether this explains anything is open.", _CONFIRM, Severity.MODERATE,
        )  # fmt: skip
    if one.carried.copies is None:
        return Reading("The table does not say whether one or two copies carry it.", _CONFIRM, Severity.INFO)
    if "somatic" in one.inheritance and (one.inheritance[0] == "somatic" or is_low(one.carried)):
        return _acquired(one)
    reading = _inherited(one)
    return _in_few_reads(reading, one.carried) if is_low(one.carried) else reading


def is_low(carried: Carried) -> bool:
    """Whether too few of enough reads carry it for one inherited copy."""
    reads = carried.reads
    return reads.share is not None and reads.share < LOW_SHARE and (reads.depth is None or reads.depth >= _SURE_DEPTH)


def _in_few_reads(reading: Reading, carried: Carried) -> Reading:
    rank = min(reading.severity, Severity.MODERATE, key=lambda severity: severity.rank)
    said = (
        f"Only {carried.reads.words} carry it, where about half are expected of an inherited copy: it may be in part of the "
        "cells only (mosaic), or an error of reading."
    )
    return replace(reading, meaning=f"{said} If it is inherited: {reading.meaning[:1].lower()}{reading.meaning[1:]}",
                   severity=rank)  # fmt: skip


def _acquired(one: Bearing) -> Reading:
    named = next((disease.name for disease in one.diseases if Inheritance.SOMATIC in disease.inheritance), "")
    which = f" ({named})" if named else ""
    share = one.carried.reads.share
    if share is None:
        how_many = "The table does not say what share of the reads carries it, which matters here."
    elif share < 0.35:
        how_many = f"{one.carried.reads.words} carry it, as in a variant acquired by part of the blood cells."
    else:
        how_many = (
            f"{one.carried.reads.words} carry it: most blood cells may have acquired it, or it is inherited, which would mean "
            "something else."
        )
    return Reading(
        f"The disease{which} comes from variants acquired in blood cells during life, mostly in adults; it is not inherited. "
        f"{how_many}", "Confirm it in blood with deep reading, and look in another tissue, such as skin.", Severity.MAJOR,
    )  # fmt: skip


def _inherited(one: Bearing) -> Reading:
    copies = one.carried.copies or 0
    if "XL" in one.inheritance or (one.on_x and not one.inheritance):
        return _x_linked(one)
    if copies >= 2:
        if "AR" in one.inheritance:
            return Reading("Both copies carry it, as in the recessive disease.", _COMPARE,
                           Severity.MAJOR, ("A deletion of the other copy looks the same as two copies.",))  # fmt: skip
        return Reading("Both copies carry it; one is enough for the dominant disease." if "AD" in one.inheritance else
                       "Both copies carry it; how the disease is inherited is not curated.", _CONFIRM,
                       Severity.MAJOR)  # fmt: skip
    if "AD" in one.inheritance and "AR" in one.inheritance:
        return _either(one)
    if "AD" in one.inheritance:
        return Reading(
            "One copy can cause the dominant disease; not everybody who carries it falls ill.",
            f"Compare with the findings of the patient and the family. {_CONFIRM}", Severity.MAJOR,
        )  # fmt: skip
    if "AR" in one.inheritance:
        return _one_recessive_copy(one)
    return Reading("One copy carries it; how the disease is inherited is not curated.", _CONFIRM, Severity.MODERATE)


def _either(one: Bearing) -> Reading:
    """One copy in a gene with a dominant and a recessive disease: which of them the variant belongs to decides."""
    if one.partner in ("trans", "unknown"):
        return _one_recessive_copy(one)
    beside = _BESIDE if one.partner == "cis" else ""
    return Reading(
        "The gene has a dominant and a recessive disease. If the variant belongs to the dominant one, one copy can cause it, "
        f"though not everybody falls ill; if to the recessive one, one copy makes a carrier.{beside}",
        f"Find out for which disease the variant is known. {_COMPARE}", Severity.MAJOR if one.is_lost else Severity.MODERATE,
        (_SECOND_MAY_HIDE,),
    )  # fmt: skip


_BESIDE = " The other variant of this gene lies on the same chromosome."


def _one_recessive_copy(one: Bearing) -> Reading:
    if one.partner == "trans":
        return Reading("Together with the other variant of this gene, on the other chromosome (in trans"
                       f"{one.phased_by}): compound heterozygous, as in the recessive disease.", _COMPARE,
                       Severity.MAJOR)  # fmt: skip
    if one.partner == "unknown":
        return Reading(
            "Possibly compound heterozygous with the other variant of this gene: whether the two lie on different chromosomes is "
            "not known (phase unknown).",
            "Test the parents, or phase the two variants: on one chromosome they make a carrier only.", Severity.MODERATE,
        )  # fmt: skip
    beside = _BESIDE if one.partner == "cis" else ""
    return Reading(
        f"Carrier: one copy of a recessive disease does not usually explain illness by itself.{beside}",
        "Genetic counselling where wanted.", Severity.INFO, (_SECOND_MAY_HIDE,),
    )  # fmt: skip


def _x_linked(one: Bearing) -> Reading:
    copies, ploidy = one.carried.copies or 0, one.carried.ploidy
    if one.sex == "M" or (one.sex is None and ploidy == 1):
        if copies < ploidy:
            return Reading("One of two copies on the X chromosome of a man, who has one: mosaic, or a wrong sample or call.",
                           "Check the sample and the reads.", Severity.MODERATE)  # fmt: skip
        return Reading("On the only X chromosome (hemizygous), as in the X-linked disease.",
                       _COMPARE, Severity.MAJOR)  # fmt: skip
    if one.sex is None:
        return Reading("X-linked: what it means depends on the sex, which is not known.", "Enter the sex of the patient.",
                       Severity.MODERATE)  # fmt: skip
    if copies >= 2:
        return Reading("On both X chromosomes, as in the X-linked disease.", _COMPARE,
                       Severity.MAJOR)  # fmt: skip
    gained = [disease.name for disease in one.diseases if disease.effect is Effect.GAIN and "XL" in disease.inheritance]
    if gained:
        return Reading(f"One of the two X chromosomes carries it. Where the disease comes from a gained function ({gained[0]}), "
                       "one copy can be enough in a woman; otherwise she is a carrier.", _COMPARE, Severity.MODERATE)  # fmt: skip
    return Reading("Carrier of an X-linked disease: women are usually well, mild disease is possible, and some become ill when "
                   "the other X is the one switched off.", "Genetic counselling; sons may be affected.",
                   Severity.MODERATE)  # fmt: skip
