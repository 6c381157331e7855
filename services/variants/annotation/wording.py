"""How consequences are written into the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from services.variants.annotation.gene_models import TranscriptPlaces
from services.variants.consequences.model import MARK_ORDER, TranscriptConsequence, VariantConsequences
from services.variants.consequences.terms import Impact, impact_of, rank

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
CONSEQUENCE_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("gene", _TEXT, "Gene with the most severe consequence"),
    ("gene_list", _TEXTS, "Every gene of which the variant touches a transcript"),
    ("consequence", _TEXT, "Consequence on the transcript shown, in terms of the Sequence Ontology, most severe first"),
    ("impact", _TEXT, "Impact of the consequence: HIGH, MODERATE, LOW or MODIFIER, as Ensembl ranks the terms"),
    ("transcript", _TEXT, "The transcript shown: MANE Select where the gene has one"),
    ("mane", _TEXT, "What the gene model calls that transcript: MANE Select, MANE Plus Clinical, canonical"),
    ("hgvs_p", _TEXT, "Predicted change of the protein, HGVS-like"),
    ("consequences_all", _TEXTS, "All transcripts: terms, gene, transcript, biotype, protein change and mark, separated by |; "
                                 "one for each gene where the variant lies in introns only"),
    ("phased_consequence", _TEXTS, "What the variant does together with others on one chromosome copy, and in which samples"),
    ("consequence_note", _TEXT, "Why no consequence was predicted"),
)  # fmt: skip
SCHEMA = pa.schema([pa.field(name, kind) for name, kind, _ in CONSEQUENCE_COLUMNS])
_INTRON, _BETWEEN = "intron_variant", "intergenic_variant"


def between_exons(places: TranscriptPlaces, pieces: Sequence[int]) -> dict[str, Any]:
    """Describe a place that is far from every exon: in introns of these transcripts, or between genes."""
    if not pieces:
        return {"consequence": _BETWEEN, "impact": str(Impact.MODIFIER)}
    spans = sorted(
        (places.spans[number] for number in pieces),
        key=lambda one: (one.biotype != "protein_coding", MARK_ORDER.index(one.mark), one.gene),
    )
    shown = spans[0]
    return {
        "gene": shown.gene, "gene_list": list(dict.fromkeys(one.gene for one in spans)), "consequence": _INTRON,
        "impact": str(Impact.MODIFIER), "transcript": shown.transcript, "mane": shown.mark.value or None,
        "consequences_all": [_entry(_INTRON, one.gene, one.transcript, one.biotype, "", one.mark.value) for one in spans],
    }  # fmt: skip


def of_prediction(places: TranscriptPlaces, record: VariantConsequences) -> dict[str, Any]:
    """Describe a predicted allele; empty where no transcript is hit."""
    if record.not_predicted is not None:
        return {"consequence_note": record.not_predicted}
    if not record.consequences:
        return {}
    best: dict[str, TranscriptConsequence] = {}
    for one in record.consequences:  # in order: marked transcripts first, then by severity
        best.setdefault(one.gene, one)
    shown = min(best.values(), key=lambda one: (rank(one.terms[0]), MARK_ORDER.index(one.mark), one.gene))
    speaker = places.speakers.get(shown.gene) if shown.transcript is None else None
    transcript, mark = (speaker.transcript, speaker.mark) if speaker else (shown.transcript, shown.mark)
    return {
        "gene": shown.gene or None, "gene_list": [gene for gene in best if gene] or None, "consequence": "&".join(shown.terms),
        "impact": str(impact_of(shown.terms)), "transcript": transcript, "mane": mark.value or None,
        "hgvs_p": shown.hgvs_protein, "consequences_all": [_of_transcript(one) for one in record.consequences],
        "phased_consequence": [
            f"{_of_transcript(one.consequence)} together: {' + '.join(one.consequence.nucleotides)} in {', '.join(one.samples)}"
            for one in record.compounds
        ] or None,
    }  # fmt: skip


def _of_transcript(one: TranscriptConsequence) -> str:
    return _entry("&".join(one.terms), one.gene, one.transcript or "", one.biotype, one.hgvs_protein or "", one.mark.value)


def _entry(*parts: str) -> str:
    return "|".join(parts)
