"""Consequence terms of the Sequence Ontology, from the most to the least severe, with Ensembl's impact.

Order and impact follow Ensembl's table of calculated consequences (McLaren W et al., Genome Biology 2016, "The Ensembl Variant
Effect Predictor", and the documentation of Ensembl). `bcftools csq` writes short names of its own (Danecek P, McCarthy SA,
Bioinformatics 2017, "BCFtools/csq"): they are translated here.
"""

from __future__ import annotations

from enum import StrEnum


class Impact(StrEnum):
    HIGH = "HIGH"
    MODERATE = "MODERATE"
    LOW = "LOW"
    MODIFIER = "MODIFIER"
    UNKNOWN = "UNKNOWN"
    """A term that this table does not list: never to be read as harmless."""


_BY_IMPACT: tuple[tuple[Impact, str], ...] = (
    (Impact.HIGH, "transcript_ablation splice_acceptor_variant splice_donor_variant stop_gained frameshift_variant stop_lost "
                  "start_lost transcript_amplification feature_elongation feature_truncation"),
    (Impact.MODERATE, "inframe_insertion inframe_deletion missense_variant protein_altering_variant"),
    (Impact.LOW, "splice_donor_5th_base_variant splice_region_variant splice_donor_region_variant "
                 "splice_polypyrimidine_tract_variant incomplete_terminal_codon_variant start_retained_variant "
                 "stop_retained_variant synonymous_variant"),
    (Impact.MODIFIER, "coding_sequence_variant mature_miRNA_variant 5_prime_UTR_variant 3_prime_UTR_variant "
                      "non_coding_transcript_exon_variant intron_variant NMD_transcript_variant non_coding_transcript_variant "
                      "coding_transcript_variant upstream_gene_variant downstream_gene_variant regulatory_region_variant "
                      "intergenic_variant sequence_variant"),
)  # fmt: skip

IMPACTS: dict[str, Impact] = {term: impact for impact, terms in _BY_IMPACT for term in terms.split()}
RANKS: dict[str, int] = {term: rank for rank, term in enumerate(IMPACTS)}
_UNLISTED_RANK = -1  # an unknown term stands first, where it is seen

_OF_CSQ = {
    "synonymous": "synonymous_variant",
    "missense": "missense_variant",
    "frameshift": "frameshift_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "splice_region": "splice_region_variant",
    "stop_retained": "stop_retained_variant",
    "start_retained": "start_retained_variant",
    "inframe_altering": "protein_altering_variant",
    "coding_sequence": "coding_sequence_variant",
    "5_prime_utr": "5_prime_UTR_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "non_coding": "non_coding_transcript_variant",
    "intron": "intron_variant",
    "intergenic": "intergenic_variant",
    "NMD_transcript": "NMD_transcript_variant",
}


def ontology_term(csq_name: str) -> str:
    """Translate a name of `bcftools csq` to the ontology's; a name that both share, or an unknown one, stays."""
    return _OF_CSQ.get(csq_name, csq_name)


def rank(term: str) -> int:
    """Return the place of a term in the order of severity: 0 is the most severe, -1 a term that is not listed."""
    return RANKS.get(term, _UNLISTED_RANK)


def by_severity(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Order terms, most severe first."""
    return tuple(sorted(terms, key=rank))


def impact_of(terms: tuple[str, ...]) -> Impact:
    """Return the impact of the most severe term; UNKNOWN when any term is not listed and nothing listed is HIGH."""
    impacts = {IMPACTS.get(term, Impact.UNKNOWN) for term in terms} or {Impact.UNKNOWN}
    order = (Impact.HIGH, Impact.UNKNOWN, Impact.MODERATE, Impact.LOW, Impact.MODIFIER)
    return next(impact for impact in order if impact in impacts)
