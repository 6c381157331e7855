"""What a pathogenic variant means for who carries it: copies against the inheritance of the gene's diseases.

One copy of a recessive disease makes a carrier; two variants of one gene are a compound heterozygote only where they lie on
different chromosomes; on the X chromosome a man has one copy. Penetrance is never assumed to be complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.knowledge.drugs import Severity

Sex = Literal["F", "M"]
Partner = Literal["none", "trans", "unknown", "cis"]

_CONFIRM = "Confirm with an independent method before acting on it."
_COMPARE = f"Compare with the findings of the patient. {_CONFIRM}"
_SECOND_MAY_HIDE = "A second variant may lie where the file has no record, or be a deletion."


@dataclass(frozen=True, slots=True)
class Reading:
    """What carrying it means, what to do, and how much it matters."""

    meaning: str
    action: str
    severity: Severity
    limits: tuple[str, ...] = ()


def read_copies(
    copies: int | None, ploidy: int, inheritance: tuple[str, ...], *, on_x: bool, sex: Sex | None, partner: Partner = "none"
) -> Reading:
    """Weigh the copies of a pathogenic or likely pathogenic variant. `inheritance` uses AD, AR, XL and somatic."""
    if copies is None:
        return Reading("The table does not say whether one or two copies carry it.", _CONFIRM, Severity.INFO)
    if "XL" in inheritance or (on_x and "somatic" not in inheritance):
        return _x_linked(copies, ploidy, sex)
    if "somatic" in inheritance:
        return Reading(
            "The disease comes from variants acquired in blood cells: the share of reads that carry it matters, and an inherited "
            "variant means something else.", "Look at the share of reads; confirm in blood and in another tissue.",
            Severity.MAJOR,
        )  # fmt: skip
    if copies >= 2:
        if "AR" in inheritance:
            return Reading("Both copies carry it, as in the recessive disease.", _COMPARE,
                           Severity.MAJOR, ("A deletion of the other copy looks the same as two copies.",))  # fmt: skip
        return Reading("Both copies carry it; one is enough for the dominant disease.", _CONFIRM, Severity.MAJOR)
    if "AD" in inheritance:
        both = " The gene also has a recessive disease, for which one copy is a carrier." if "AR" in inheritance else ""
        return Reading(
            f"One copy can cause the dominant disease; not everybody who carries it falls ill.{both}",
            f"Compare with the findings of the patient and the family. {_CONFIRM}", Severity.MAJOR,
        )  # fmt: skip
    if "AR" in inheritance:
        return _one_recessive_copy(partner)
    return Reading("One copy carries it; how the disease is inherited is not curated.", _CONFIRM, Severity.MODERATE)


def _one_recessive_copy(partner: Partner) -> Reading:
    if partner == "trans":
        return Reading("Together with the other variant of this gene, on the other chromosome: compound heterozygous, as in the "
                       "recessive disease.", _COMPARE, Severity.MAJOR)  # fmt: skip
    if partner == "unknown":
        return Reading(
            "Possibly compound heterozygous with the other variant of this gene; the phase is not known.",
            "Test the parents, or phase the two variants: on one chromosome they make a carrier only.", Severity.MODERATE,
        )  # fmt: skip
    beside = " The other variant of this gene lies on the same chromosome." if partner == "cis" else ""
    return Reading(
        f"Carrier: one copy of a recessive disease does not usually explain illness by itself.{beside}",
        "Genetic counselling where wanted.", Severity.INFO, (_SECOND_MAY_HIDE,),
    )  # fmt: skip


def _x_linked(copies: int, ploidy: int, sex: Sex | None) -> Reading:
    if sex == "M" or (sex is None and ploidy == 1):
        if copies < ploidy:
            return Reading("Heterozygous on the X chromosome of a man: mosaic, or a wrong sample or call.",
                           "Check the sample and the reads.", Severity.MODERATE)  # fmt: skip
        return Reading("On the only X chromosome, as in the X-linked disease.",
                       _COMPARE, Severity.MAJOR)  # fmt: skip
    if sex is None:
        return Reading("X-linked: what it means depends on the sex, which is not known.", "Enter the sex of the patient.",
                       Severity.MODERATE)  # fmt: skip
    if copies >= 2:
        return Reading("On both X chromosomes, as in the X-linked disease.", _COMPARE,
                       Severity.MAJOR)  # fmt: skip
    return Reading("Carrier of an X-linked disease: usually well, mild disease is possible.",
                   "Genetic counselling; sons may be affected.", Severity.MODERATE)  # fmt: skip
