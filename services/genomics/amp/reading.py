"""Reads a somatic variant from the words a report or a table uses for it: a gene, and a change as databases write it."""

from __future__ import annotations

from services.errors import InvalidInputError
from services.genomics.amp.alterations import Alteration, ExonChange, Scope, parse_alteration
from services.genomics.amp.variant import SomaticKind, SomaticVariant

_WHOLE = {
    Scope.FUSION: SomaticKind.FUSION, Scope.AMPLIFICATION: SomaticKind.AMPLIFICATION, Scope.LOSS: SomaticKind.GENE_LOSS,
    Scope.INTERNAL_DUPLICATION: SomaticKind.INTERNAL_DUPLICATION,
}
_EXON = {
    ExonChange.DELETION: SomaticKind.INFRAME_DELETION, ExonChange.INSERTION: SomaticKind.INFRAME_INSERTION,
    ExonChange.SKIPPING: SomaticKind.EXON_SKIPPING, ExonChange.FRAMESHIFT: SomaticKind.FRAMESHIFT,
}


def read_variant(gene: str, written: str, *, is_oncogenic: bool | None = None) -> SomaticVariant:
    """Return the variant that `written` names, e.g. `p.Leu858Arg`, `Exon 19 Deletion`, `EML4::ALK Fusion`, `Amplification`.

    Raises InvalidInputError for words that name a class of variants or nothing that is known.
    """
    about = parse_alteration(written)
    if about.scope is Scope.CHANGE:
        return SomaticVariant(gene, _kind(about.change), about.change, is_oncogenic=is_oncogenic)
    if about.scope in _WHOLE:
        return SomaticVariant(gene, _WHOLE[about.scope], partner=_partner(gene, about), is_oncogenic=is_oncogenic)
    if about.scope is Scope.EXON and about.exon_change in _EXON:
        return SomaticVariant(gene, _EXON[about.exon_change], exon=about.exon, is_oncogenic=is_oncogenic)
    raise InvalidInputError(f"{written[:60]!r} does not name one variant: write it like L858R, Exon 19 Deletion, or Fusion")


def _kind(change: str) -> SomaticKind:
    if change.endswith("fs"):
        return SomaticKind.FRAMESHIFT
    if "dup" in change or ("ins" in change and "del" not in change):
        return SomaticKind.INFRAME_INSERTION
    if "del" in change:
        return SomaticKind.INFRAME_DELETION
    if change.endswith("*"):
        return SomaticKind.NONSENSE
    if change.endswith("="):
        return SomaticKind.SILENT
    return SomaticKind.START_LOST if change.startswith("M1") and change[2:3].isalpha() else SomaticKind.MISSENSE


def _partner(gene: str, about: Alteration) -> str:
    if about.scope is not Scope.FUSION or "::" not in about.text:
        return ""
    names = [name.strip() for name in about.text.upper().removesuffix("FUSION").split("::")]
    others = [name for name in names if name not in (gene.upper(), "V", "?", "")]
    return others[0][:60] if len(others) == 1 else ""
