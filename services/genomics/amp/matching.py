"""Whether evidence is about the patient's variant: the very change, a class of changes it belongs to, or not.

A class as wide as "any mutation" or "loss of function" holds passengers too, so a variant counts as a member only when it
truncates (loss of function) or is known to be oncogenic; otherwise the item is listed with what would have to be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.genomics.amp.alterations import Alteration, ExonChange, Scope, residue_of, residue_span, short_protein
from services.genomics.amp.evidence import EvidenceItem
from services.genomics.amp.variant import TRUNCATING, SomaticKind, SomaticVariant


class Fit(StrEnum):
    EXACT = "the same change"
    CLASS = "a change of the class the evidence is about"
    UNKNOWN = "cannot be told"
    NONE = "another change"


@dataclass(frozen=True, slots=True)
class Match:
    """`reason` says why, or what is missing when `fit` is unknown."""

    fit: Fit
    reason: str

    @property
    def applies(self) -> bool:
        return self.fit in (Fit.EXACT, Fit.CLASS)


_EXON_KINDS = {
    ExonChange.DELETION: frozenset({SomaticKind.INFRAME_DELETION}),
    ExonChange.INSERTION: frozenset({SomaticKind.INFRAME_INSERTION, SomaticKind.INTERNAL_DUPLICATION}),
    ExonChange.FRAMESHIFT: frozenset({SomaticKind.FRAMESHIFT}),
    ExonChange.SKIPPING: frozenset({SomaticKind.EXON_SKIPPING}),
}
_WHOLE_KINDS = {
    Scope.FUSION: SomaticKind.FUSION, Scope.AMPLIFICATION: SomaticKind.AMPLIFICATION, Scope.LOSS: SomaticKind.GENE_LOSS,
    Scope.INTERNAL_DUPLICATION: SomaticKind.INTERNAL_DUPLICATION,
}
_SMALL = frozenset(SomaticKind) - {
    SomaticKind.FUSION, SomaticKind.AMPLIFICATION, SomaticKind.GENE_LOSS, SomaticKind.SILENT, SomaticKind.OTHER,
}


def match(item: EvidenceItem, variant: SomaticVariant) -> Match:
    """Return whether an item is about the variant; genes are compared first."""
    if item.gene.upper() not in variant.genes:
        return Match(Fit.NONE, f"about {item.gene}")
    about, kind = item.alteration, variant.kind
    if about.scope is Scope.VARIANT:
        return Match(Fit.EXACT, f"entered for this variant of {variant.gene}")
    if about.scope is Scope.CHANGE:
        return _by_change(about, variant)
    if about.scope is Scope.CODON:
        return _by_codon(about, variant)
    if about.scope is Scope.EXON:
        return _by_exon(about, variant)
    if about.scope in _WHOLE_KINDS:
        if kind is not _WHOLE_KINDS[about.scope]:
            return Match(Fit.NONE, f"about {about.scope}, the variant is {kind}")
        return _by_partner(about, variant) if kind is SomaticKind.FUSION else Match(Fit.EXACT, f"{kind} of {variant.gene}")
    if about.scope in (Scope.LOSS_OF_FUNCTION, Scope.ANY):
        return _by_class(about, variant)
    if about.scope is Scope.COMBINATION:
        return Match(Fit.UNKNOWN, f"about several variants together ({about.text}); the others were not looked up")
    return Match(Fit.UNKNOWN, f"described in words: {about.text}")


def _by_change(about: Alteration, variant: SomaticVariant) -> Match:
    if not variant.protein:
        return Match(Fit.UNKNOWN if variant.kind in _SMALL else Fit.NONE, "the protein change of the variant is not known")
    if short_protein(variant.protein) == about.change:
        return Match(Fit.EXACT, f"{variant.gene} {about.change}")
    return Match(Fit.NONE, f"about {about.change}")


def _by_codon(about: Alteration, variant: SomaticVariant) -> Match:
    if variant.kind is not SomaticKind.MISSENSE:
        return Match(Fit.NONE, f"about missense changes of codon {about.codon}")
    if not variant.protein:
        return Match(Fit.UNKNOWN, "the protein change of the variant is not known")
    same = residue_of(variant.protein) == about.codon and short_protein(variant.protein)[:1] == about.reference
    return Match(Fit.CLASS, f"a missense change of codon {about.codon}") if same else Match(Fit.NONE, f"about {about.text}")


def _by_exon(about: Alteration, variant: SomaticVariant) -> Match:
    change = about.exon_change
    if change is None or variant.kind not in (_SMALL if change is ExonChange.ANY else _EXON_KINDS[change]):
        return Match(Fit.NONE, f"about {about.text}, the variant is {variant.kind}")
    inside = _in_exon(about, variant)
    if inside is None:
        return Match(Fit.UNKNOWN, f"about {about.text}; the exon of the variant is not known")
    if not inside:
        return Match(Fit.NONE, f"about {about.text}, the variant lies elsewhere")
    if change is ExonChange.ANY and not variant.is_oncogenic:
        return Match(Fit.UNKNOWN, f"in exon {about.exon}; whether the change is oncogenic is not known")
    return Match(Fit.CLASS, f"{variant.kind} in exon {about.exon}")


def _in_exon(about: Alteration, variant: SomaticVariant) -> bool | None:
    if variant.exon is not None:
        return variant.exon == about.exon
    span = residue_span(variant.protein)
    if span is None or about.residues is None:
        return None
    return about.residues[0] <= span[0] and span[1] <= about.residues[1]


def _by_partner(about: Alteration, variant: SomaticVariant) -> Match:
    named = about.text.upper().replace("FUSION", "").split("::") if "::" in about.text else []
    partners = {part.strip() for part in named} - {"V", "?", ""}
    if not partners - {variant.gene.upper()}:
        return Match(Fit.EXACT, f"fusion of {variant.gene}")
    if not variant.partner:
        return Match(Fit.UNKNOWN, f"about {about.text}; the partner of the fusion is not known")
    if partners <= variant.genes:
        return Match(Fit.EXACT, f"fusion of {variant.gene} with {variant.partner}")
    return Match(Fit.NONE, f"about {about.text}, the partner is {variant.partner}")


def _by_class(about: Alteration, variant: SomaticVariant) -> Match:
    if variant.kind in (SomaticKind.SILENT, SomaticKind.FUSION, SomaticKind.AMPLIFICATION):
        return Match(Fit.NONE, f"about {about.scope}, the variant is {variant.kind}")
    if about.scope is Scope.LOSS_OF_FUNCTION and variant.kind in TRUNCATING:
        return Match(Fit.CLASS, f"{variant.kind} of {variant.gene}")
    if variant.is_oncogenic:
        return Match(Fit.CLASS, f"about {about.scope}; the variant is known to be oncogenic")
    if variant.is_oncogenic is False:
        return Match(Fit.NONE, f"about {about.scope}; the variant is not oncogenic")
    return Match(Fit.UNKNOWN, f"about {about.scope}; whether the variant is oncogenic is not known")
