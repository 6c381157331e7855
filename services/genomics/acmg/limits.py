"""What the rules cannot judge, said plainly beside the class: mitochondrial, HLA, duplicated, non-coding and X-linked variants.

A limit is no evidence. For the mitochondrial genome none of the automatic criteria is assessed: its own specifications
(McCormick 2020) have other thresholds, heteroplasmy and another genetic code, and are not encoded.
"""

from __future__ import annotations

from services.genomics.acmg.record import Effect, Inheritance, VariantRecord

MITOCHONDRIAL = (
    "the automatic rules are for nuclear genes: mitochondrial variants have specifications of their own (McCormick 2020), with "
    "heteroplasmy and other thresholds, which are not encoded"
)
DUPLICATED = frozenset({
    "NCF1", "IKBKG", "STRC", "PMS2", "SMN1", "SMN2", "CYP21A2", "CYP2D6", "GBA1", "PKD1", "VWF", "HBA1", "HBA2", "SBDS", "CORO1A",
    "C4A", "C4B", "FCGR2B", "FCGR2C", "FCGR3A", "FCGR3B", "CFHR1", "CFHR3", "OTOA", "NEB", "CHEK2",
})
"""Genes with a pseudogene or near-identical copy that short reads confuse (Mandelker 2016, Genet Med; not complete)."""
_HLA_LIKE = frozenset({"MICA", "MICB"})


def is_mitochondrial(record: VariantRecord) -> bool:
    return record.chromosome.removeprefix("chr").upper() in ("M", "MT") or record.gene.symbol.upper().startswith("MT-")


def limits_of(record: VariantRecord) -> tuple[str, ...]:
    """Return what the class must not be trusted for, most serious first; empty for an ordinary coding variant."""
    symbol, found = record.gene.symbol.upper(), []
    if is_mitochondrial(record):
        found.append(f"not assessed: {MITOCHONDRIAL}")
    if symbol.startswith("HLA-") or symbol in _HLA_LIKE:
        found.append(
            f"{symbol} is too variable for these rules: alleles are named and judged by HLA typing, and frequencies of single "
            "variants from short reads are not reliable there"
        )
    if symbol in DUPLICATED:
        found.append(f"{symbol} has a near-identical copy: confirm that the variant lies in the gene, and doubt its frequencies")
    if record.effect in (Effect.UNTRANSLATED, Effect.INTRONIC):
        found.append(f"{record.effect}: only an effect on splicing is judged, none on regulation, transcription or translation")
    if record.gene.inheritance is Inheritance.X_LINKED:
        found.append(
            "X-linked: rarity is judged by the dominant thresholds, healthy people by hemizygotes; sex of the patient and "
            "inactivation in females are for the expert"
        )
    return tuple(found)
