"""The columns of `data.parquet`, kind by kind. Whoever reads a pack relies on them; a change raises the converter's version.

Text is NULL where the source says nothing, never empty; a number is NULL where it is not known, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.variants.reference.model import PackKind

_ALLELE = {"chrom_order": "INTEGER", "chrom": "VARCHAR", "pos": "INTEGER", "ref": "VARCHAR", "alt": "VARCHAR"}
_SCORE = {**_ALLELE, "score": "DOUBLE", "transcript": "VARCHAR"}

LAYOUTS: Mapping[PackKind, Mapping[str, str]] = {
    PackKind.CLINVAR: {
        **_ALLELE, "variation_id": "BIGINT", "significance": "VARCHAR", "stars": "INTEGER", "review_status": "VARCHAR",
        "conditions": "VARCHAR", "gene": "VARCHAR", "rsid": "VARCHAR", "molecular_consequence": "VARCHAR", "hgvs": "VARCHAR",
    },
    PackKind.FREQUENCIES: {
        **_ALLELE, "ac": "BIGINT", "an": "BIGINT", "af": "DOUBLE", "homozygotes": "BIGINT", "hemizygotes": "BIGINT",
        "popmax_population": "VARCHAR", "popmax_ac": "BIGINT", "popmax_an": "BIGINT", "popmax_af": "DOUBLE", "faf95": "DOUBLE",
        "passed": "BOOLEAN",
    },
    PackKind.REVEL: _SCORE,
    PackKind.ALPHAMISSENSE: _SCORE,
    PackKind.SPLICEAI: _SCORE,
    PackKind.CONSTRAINT: {
        "gene": "VARCHAR", "transcript": "VARCHAR", "pli": "DOUBLE", "loeuf": "DOUBLE", "missense_z": "DOUBLE",
    },
    PackKind.DOSAGE: {
        "kind": "VARCHAR", "name": "VARCHAR", "chrom": "VARCHAR", "start": "INTEGER", "end": "INTEGER",
        "haploinsufficiency": "INTEGER", "triplosensitivity": "INTEGER",
    },
    PackKind.POPULATION_SV: {
        "chrom_order": "INTEGER", "chrom": "VARCHAR", "start": "INTEGER", "end": "INTEGER", "sv_type": "VARCHAR", "ac": "BIGINT",
        "an": "BIGINT", "af": "DOUBLE", "name": "VARCHAR", "dataset": "VARCHAR",
    },
    PackKind.PHENOTYPES: {"gene": "VARCHAR", "hpo_id": "VARCHAR", "term": "VARCHAR", "disease": "VARCHAR"},
    PackKind.MANE: {
        "symbol": "VARCHAR", "refseq": "VARCHAR", "ensembl": "VARCHAR", "protein": "VARCHAR", "status": "VARCHAR",
        "gene_id": "VARCHAR",
    },
    PackKind.SOMATIC_EVIDENCE: {
        "id": "VARCHAR", "gene": "VARCHAR", "alteration": "VARCHAR", "type": "VARCHAR", "level": "VARCHAR", "tumour": "VARCHAR",
        "therapies": "VARCHAR", "outcome": "VARCHAR", "supports": "BOOLEAN", "rating": "INTEGER", "origin": "VARCHAR",
        "statement": "VARCHAR", "citation": "VARCHAR", "url": "VARCHAR",
    },
}
EXONS: Mapping[str, str] = {
    "gene": "VARCHAR", "gene_id": "VARCHAR", "transcript": "VARCHAR", "mark": "VARCHAR", "biotype": "VARCHAR", "chrom": "VARCHAR",
    "strand": "VARCHAR", "exon": "INTEGER", "start": "INTEGER", "end": "INTEGER", "coding_start": "INTEGER",
    "coding_end": "INTEGER", "version": "INTEGER",
}
"""`exons.parquet` beside gene models: 1-based inclusive, sorted by chromosome and start; `exon` counts in transcript order.

`transcript` is Ensembl's accession without its version, which stands in `version`, or RefSeq's with it (`NM_000243.3`).
"""

SORTED_BY_ALLELE = "chrom_order, pos, ref, alt"
SORTED_BY: Mapping[PackKind, str] = {
    PackKind.REVEL: f"{SORTED_BY_ALLELE}, score, transcript",
    PackKind.ALPHAMISSENSE: f"{SORTED_BY_ALLELE}, score, transcript",
    PackKind.CONSTRAINT: "gene",
    PackKind.DOSAGE: "chrom, start, \"end\", name",
    PackKind.POPULATION_SV: "chrom_order, start, \"end\", sv_type, name",
    PackKind.PHENOTYPES: "gene, hpo_id, disease",
    PackKind.MANE: "symbol, status DESC",
    PackKind.SOMATIC_EVIDENCE: "gene, id",
}
