"""What a row of a table says of its variant: columns that this product annotated, else those the file brought with it.

Texts are taken as they are; nothing is worked out here. Of the file's own columns (CSQ, ANN, BCSQ) the importer has chosen one
entry per allele already. SEE: `services/variants/vcf/annotations.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.genomics.acmg.record import Effect

OWN, FILE, ENTERED = "this product's annotation", "annotation in the file", "the name it was found by"

_EFFECTS: tuple[tuple[Effect, frozenset[str]], ...] = (
    (Effect.WHOLE_GENE_DELETION, frozenset({"transcript_ablation"})),
    (Effect.SPLICE_SITE, frozenset({"splice_acceptor_variant", "splice_donor_variant"})),
    (Effect.NONSENSE, frozenset({"stop_gained"})),
    (Effect.FRAMESHIFT, frozenset({"frameshift_variant"})),
    (Effect.STOP_LOST, frozenset({"stop_lost"})),
    (Effect.START_LOST, frozenset({"start_lost", "initiator_codon_variant"})),
    (Effect.INFRAME_INDEL, frozenset({
        "inframe_insertion", "inframe_deletion", "protein_altering_variant", "conservative_inframe_insertion",
        "conservative_inframe_deletion", "disruptive_inframe_insertion", "disruptive_inframe_deletion",
    })),
    (Effect.MISSENSE, frozenset({"missense_variant"})),
    (Effect.SYNONYMOUS, frozenset({"synonymous_variant", "stop_retained_variant", "start_retained_variant"})),
    (Effect.SPLICE_REGION, frozenset({
        "splice_region_variant", "splice_donor_5th_base_variant", "splice_donor_region_variant",
        "splice_polypyrimidine_tract_variant",
    })),
    (Effect.UNTRANSLATED, frozenset({"5_prime_UTR_variant", "3_prime_UTR_variant"})),
    (Effect.INTRONIC, frozenset({"intron_variant"})),
)
_NAMES: Mapping[str, tuple[str, ...]] = {
    "gene": ("gene", "vep_gene", "csq_symbol", "vep_symbol", "ann_gene_name", "bcsq_gene"),
    "consequence": ("consequence", "csq_consequence", "vep_consequence", "ann_annotation", "bcsq_consequence"),
    "transcript": ("transcript", "vep_transcript", "csq_feature", "vep_feature", "ann_feature_id", "bcsq_transcript"),
    "hgvs_coding": ("hgvs_c", "vep_hgvs_c", "csq_hgvsc", "vep_hgvsc", "ann_hgvs_c"),
    "hgvs_protein": ("hgvs_p", "vep_hgvs_p", "csq_hgvsp", "vep_hgvsp", "ann_hgvs_p"),
    "revel": ("revel", "csq_revel", "csq_revel_score", "vep_revel"),
    "splice_delta": ("spliceai",),
    "alphamissense": ("alphamissense",),
    "frequency": ("popmax_af", "af", "csq_max_af", "csq_gnomade_af", "csq_gnomadg_af", "csq_gnomad_af"),
    "clinvar": ("clinvar_significance", "csq_clin_sig", "info_clnsig"),
    "rsid": ("id",),
}
COLUMN_NAMES = frozenset(name for names in _NAMES.values() for name in names)
"""The columns that are read, in lower case."""
_OWN_COLUMNS = ("consequence", "hgvs_p", "vep_transcript")
_TERM = re.compile(r"[A-Za-z0-9_]{3,60}")
_PROTEIN = re.compile(r"p\.\(?(?P<before>[A-Z][a-z]{2})(?P<residue>[0-9]{1,6})(?P<after>[A-Z][a-z]{2}|[=*])?")
_NEW_STOP = re.compile(r"fs(?:Ter|\*)(?P<distance>[0-9]{1,6})")
_MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class ProteinChange:
    """A change of the protein as far as its text tells: residue, amino acids (three letters), codon of a new stop."""

    residue: int
    before: str
    after: str
    stop_codon: int | None


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a row says. Blank or None: it does not say. `origin` tells whose annotation the consequence is."""

    gene: str = ""
    consequence: str = ""
    transcript: str = ""
    hgvs_coding: str = ""
    hgvs_protein: str = ""
    revel: float | None = None
    splice_delta: float | None = None
    alphamissense: float | None = None
    frequency: float | None = None
    clinvar: str = ""
    rsid: str = ""
    origin: str = FILE

    @property
    def effect(self) -> Effect | None:
        """The effect that the consequence states, else the one that the change of the protein implies."""
        return effect_of(self.consequence) or implied_effect(self.hgvs_protein)

    @property
    def protein(self) -> ProteinChange | None:
        return protein_change(self.hgvs_protein)


def facts_of(row: Mapping[str, Any]) -> RowFacts:
    """Read a row; columns are looked up without regard to case, the product's own before the file's."""
    by_lower = {name.lower(): value for name, value in row.items()}
    found: dict[str, Any] = {}
    for field, names in _NAMES.items():
        value = next((by_lower[name] for name in names if by_lower.get(name) not in (None, "", [])), None)
        is_number = field in ("revel", "splice_delta", "alphamissense", "frequency")
        read = _number(value) if is_number else _text(value)
        if read is not None and read != "":
            found[field] = read
    own = any(by_lower.get(name) is not None for name in _OWN_COLUMNS)
    return RowFacts(**found, origin=OWN if own else FILE)


def effect_of(consequence: str) -> Effect | None:
    """Return the most severe effect among Sequence Ontology terms, however they are separated; None where there are none."""
    terms = set(_TERM.findall(consequence[:_MAX_TEXT]))
    if not terms:
        return None
    return next((effect for effect, own in _EFFECTS if own & terms), Effect.OTHER)


def implied_effect(hgvs: str) -> Effect | None:
    """Return what a change of the protein says of the kind of variant; None where it may be several."""
    change = protein_change(hgvs)
    if change is None:
        return None
    if "fs" in hgvs:
        return Effect.FRAMESHIFT
    if change.after in ("Ter", "*"):
        return Effect.NONSENSE
    if change.after in ("=", change.before):
        return Effect.SYNONYMOUS
    is_whole = change.after and hgvs.rstrip(")").endswith(f"{change.before}{change.residue}{change.after}")
    return Effect.MISSENSE if is_whole and change.before != "Ter" and change.residue > 1 else None


def protein_change(hgvs: str) -> ProteinChange | None:
    """Read `p.(Arg702Trp)`, `NP_1:p.Gly3fs`, `p.Arg12GlyfsTer23`; None for anything else."""
    text = hgvs[:_MAX_TEXT].replace("%3D", "=")
    match = _PROTEIN.search(text)
    if match is None:
        return None
    residue, stop = int(match["residue"]), _NEW_STOP.search(text)
    after = match["after"] or ""
    codon = residue + int(stop["distance"]) - 1 if stop else residue if after in ("Ter", "*") else None
    return ProteinChange(residue, match["before"], after, codon)


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = next((one for one in value if one), "")
    text = str(value if value is not None else "").strip()[:_MAX_TEXT]
    return "" if text == "." else text


def _number(value: Any) -> float | None:
    """Read a number, or the first of several; NaN, infinities and negative values are no score and no frequency."""
    text = _text(value).split("&")[0].split(",")[0]
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 <= number < float("inf") else None
