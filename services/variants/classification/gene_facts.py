"""What is known of a gene and its disease, as the rules ask for it: from the built-in table of genes and installed packs.

A gene outside the built-in table is unknown here, not harmless. Where a gene's diseases disagree in inheritance, the disease that
the classification is for decides; without one the inheritance is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.genomics.acmg.record import GeneFacts, Inheritance, Mechanism
from services.knowledge import genes as known
from services.variants.reference.model import Pack

_INHERITANCE = {
    known.Inheritance.DOMINANT: Inheritance.DOMINANT, known.Inheritance.RECESSIVE: Inheritance.RECESSIVE,
    known.Inheritance.X_LINKED: Inheritance.X_LINKED,
}
SUFFICIENT = 3


@dataclass(frozen=True, slots=True)
class GeneView:
    """The gene as the rules see it, with what it rests on. `listed` None: the built-in table does not list it."""

    symbol: str
    """Blank: nobody knows the gene."""
    facts: GeneFacts
    listed: known.Gene | None
    disease: known.GeneDisease | None
    constraint: Mapping[str, Any] | None
    constraint_pack: Pack | None
    inheritance_note: str
    mechanism_note: str


def view_of(symbol: str, condition: str, constraint: tuple[Pack, Mapping[str, Mapping[str, Any]]] | None) -> GeneView:
    """Return what is known of a gene; `condition` names the disease the classification is for, or is blank."""
    listed = known.gene(symbol) if symbol else None
    diseases = [one for one in listed.diseases if one.inheritance] if listed else []
    wanted = condition.strip().casefold()
    chosen = next((one for one in diseases if one.name.casefold() == wanted), None)
    concerned = [chosen] if chosen is not None else diseases
    inheritance, inheritance_note = _inheritance(listed, concerned)
    mechanism, mechanism_note = _mechanism(listed, concerned)
    row = constraint[1].get(symbol) if constraint else None
    gains = bool(concerned) and all(
        one.established and one.effect in (known.Effect.GAIN, known.Effect.DOMINANT_NEGATIVE) for one in concerned
    )
    facts = GeneFacts(
        symbol or "unknown gene", inheritance, mechanism,
        missense_z=row["missense_z"] if row else None,
        missense_is_common_mechanism=True if gains else None,
    )
    pack = constraint[0] if constraint else None
    return GeneView(symbol, facts, listed, chosen, row, pack, inheritance_note, mechanism_note)


def _inheritance(listed: known.Gene | None, diseases: list[known.GeneDisease]) -> tuple[Inheritance, str]:
    if listed is None:
        return Inheritance.UNKNOWN, "the gene is not in the built-in table"
    modes = {_INHERITANCE[mode] for one in diseases for mode in one.inheritance if mode in _INHERITANCE}
    if len(modes) == 1:
        return modes.pop(), ""
    if not modes:
        return Inheritance.UNKNOWN, "the built-in table lists no inherited disease of this gene"
    return Inheritance.UNKNOWN, "the gene's diseases differ in inheritance: choose the disease"


def _mechanism(listed: known.Gene | None, diseases: list[known.GeneDisease]) -> tuple[Mechanism, str]:
    """Loss of function: established where the table says so or ClinGen's dosage score is 3, limited where it is disputed."""
    if listed is None:
        return Mechanism.UNKNOWN, "the gene is not in the built-in table"
    losses = [one for one in diseases if one.effect is known.Effect.LOSS]
    if any(one.established for one in losses) or (diseases and listed.haploinsufficiency == SUFFICIENT):
        return Mechanism.ESTABLISHED, ""
    if losses:
        return Mechanism.LIMITED, "loss of function is described but not established"
    if diseases and all(one.effect is not known.Effect.UNKNOWN and one.established for one in diseases):
        return Mechanism.NONE, "the disease comes from changed or gained function"
    return Mechanism.UNKNOWN, "the built-in table does not say how variants cause the disease"
