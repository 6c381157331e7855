"""Where the published files are: for each kind the sources this program knows, with their terms.

An address here was found in the source's own documentation or in the configuration of public pipelines that use it. Addresses
change: an administrator may always give another one, or a file. Sizes are rough, packed as published, to plan for disk and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.genomics.genome import GenomeBuild
from services.variants.reference.model import PackKind

_G37, _G38 = GenomeBuild.GRCH37, GenomeBuild.GRCH38


@dataclass(frozen=True, slots=True)
class Source:
    """A published file. `url` is empty where the source wants a registration, or publishes many files: `page` says where."""

    kind: PackKind
    name: str
    build: GenomeBuild | None
    version: str | None
    """None where the file says its version itself, or the address always leads to the newest."""
    url: str
    page: str
    licence: str
    megabytes: int
    says_version: bool = True
    """Whether the file itself says which version it is; where it does not, the day of fetching stands for it."""

    def version_on(self, today: date) -> str | None:
        """Return the version to ask for when it is fetched today; None where the file says it."""
        return self.version or (None if self.says_version else f"fetched-{today.isoformat()}")


_CLINVAR_TERMS = "NCBI: free of restrictions, with attribution"
_GNOMAD_TERMS = "CC0 1.0 (gnomAD)"
_CLINGEN_TERMS = "CC0 1.0 (ClinGen)"
_ENSEMBL_TERMS = "EMBL-EBI terms of use: no restrictions of its own"
_GNOMAD = "https://storage.googleapis.com/gcp-public-data--gnomad"
_GNOMAD_PAGE = "https://gnomad.broadinstitute.org/downloads"
_ENSEMBL_38 = "https://ftp.ensembl.org/pub/release-113"
_ENSEMBL_37 = "https://ftp.ensembl.org/pub/grch37/release-115"

SOURCES: tuple[Source, ...] = (
    Source(PackKind.SEQUENCE, "Ensembl GRCh38, primary assembly", _G38, "113",
           f"{_ENSEMBL_38}/fasta/homo_sapiens/dna/Homo_sapiens.GRCh38.dna.primary_assembly.fa.gz",
           "https://www.ensembl.org/info/data/ftp/index.html", _ENSEMBL_TERMS, 860),
    Source(PackKind.SEQUENCE, "Ensembl GRCh37, primary assembly", _G37, "p13",
           "https://ftp.ensembl.org/pub/grch37/current/fasta/homo_sapiens/dna/Homo_sapiens.GRCh37.dna.primary_assembly.fa.gz",
           "https://grch37.ensembl.org/info/data/ftp/index.html", _ENSEMBL_TERMS, 850),
    Source(PackKind.GENE_MODELS, "Ensembl genes", _G38, "113",
           f"{_ENSEMBL_38}/gff3/homo_sapiens/Homo_sapiens.GRCh38.113.gff3.gz",
           "https://www.ensembl.org/info/data/ftp/index.html", _ENSEMBL_TERMS, 60),
    Source(PackKind.GENE_MODELS, "Ensembl genes", _G37, "87",
           f"{_ENSEMBL_37}/gff3/homo_sapiens/Homo_sapiens.GRCh37.87.gff3.gz",
           "https://grch37.ensembl.org/info/data/ftp/index.html", _ENSEMBL_TERMS, 45),
    Source(PackKind.CLINVAR, "ClinVar", _G38, None, "https://ftp.ncbi.nlm.nih.gov/pub/clinvar/vcf_GRCh38/clinvar.vcf.gz",
           "https://www.ncbi.nlm.nih.gov/clinvar/docs/ftp_primer/", _CLINVAR_TERMS, 200),
    Source(PackKind.CLINVAR, "ClinVar", _G37, None, "https://ftp.ncbi.nlm.nih.gov/pub/clinvar/vcf_GRCh37/clinvar.vcf.gz",
           "https://www.ncbi.nlm.nih.gov/clinvar/docs/ftp_primer/", _CLINVAR_TERMS, 200),
    Source(PackKind.FREQUENCIES, "gnomAD 4.1, a file for each chromosome", _G38, "4.1", "", _GNOMAD_PAGE, _GNOMAD_TERMS,
           500_000),
    Source(PackKind.FREQUENCIES, "gnomAD 2.1.1 exomes", _G37, "2.1.1",
           f"{_GNOMAD}/release/2.1.1/vcf/exomes/gnomad.exomes.r2.1.1.sites.vcf.bgz", _GNOMAD_PAGE, _GNOMAD_TERMS, 59_000),
    *(
        Source(PackKind.REVEL, "REVEL 1.3", build, "1.3", "https://zenodo.org/record/7072866/files/revel-v1.3_all_chromosomes.zip",
               "https://sites.google.com/site/revelgenomics/downloads", "Free for non-commercial use (REVEL)", 650)
        for build in (_G38, _G37)
    ),
    Source(PackKind.ALPHAMISSENSE, "AlphaMissense", _G38, "2023",
           "https://storage.googleapis.com/dm_alphamissense/AlphaMissense_hg38.tsv.gz",
           "https://doi.org/10.5281/zenodo.8208688", "As stated in the file's first lines", 640),
    Source(PackKind.ALPHAMISSENSE, "AlphaMissense", _G37, "2023",
           "https://storage.googleapis.com/dm_alphamissense/AlphaMissense_hg19.tsv.gz",
           "https://doi.org/10.5281/zenodo.8208688", "As stated in the file's first lines", 620),
    *(
        Source(PackKind.SPLICEAI, "SpliceAI precomputed scores", build, None, "", "https://github.com/Illumina/SpliceAI",
               "Illumina: free for academic and non-commercial use, registration needed", 28_000)
        for build in (_G38, _G37)
    ),
    Source(PackKind.CONSTRAINT, "gnomAD constraint 4.1", None, "4.1",
           f"{_GNOMAD}/release/4.1/constraint/gnomad.v4.1.constraint_metrics.tsv", _GNOMAD_PAGE, _GNOMAD_TERMS, 95),
    Source(PackKind.DOSAGE, "ClinGen dosage, genes", _G38, None,
           "https://ftp.clinicalgenome.org/ClinGen_gene_curation_list_GRCh38.tsv",
           "https://search.clinicalgenome.org/kb/downloads", _CLINGEN_TERMS, 1),
    Source(PackKind.DOSAGE, "ClinGen dosage, genes", _G37, None,
           "https://ftp.clinicalgenome.org/ClinGen_gene_curation_list_GRCh37.tsv",
           "https://search.clinicalgenome.org/kb/downloads", _CLINGEN_TERMS, 1),
    Source(PackKind.POPULATION_SV, "gnomAD-SV 4.1", _G38, "4.1",
           f"{_GNOMAD}/release/4.1/genome_sv/gnomad.v4.1.sv.sites.vcf.gz", _GNOMAD_PAGE, _GNOMAD_TERMS, 2_000),
    Source(PackKind.POPULATION_SV, "gnomAD-SV 2.1", _G37, "2.1",
           f"{_GNOMAD}/papers/2019-sv/gnomad_v2.1_sv.sites.bed.gz", _GNOMAD_PAGE, _GNOMAD_TERMS, 150),
    Source(PackKind.PHENOTYPES, "HPO genes to phenotype", None, None,
           "https://purl.obolibrary.org/obo/hp/hpoa/genes_to_phenotype.txt", "https://hpo.jax.org/data/annotations",
           "HPO licence: free with attribution, not to be altered", 20, says_version=False),
    Source(PackKind.MANE, "MANE", None, "1.4",
           "https://ftp.ncbi.nlm.nih.gov/refseq/MANE/MANE_human/release_1.4/MANE.GRCh38.v1.4.summary.txt.gz",
           "https://www.ncbi.nlm.nih.gov/refseq/MANE/", _CLINVAR_TERMS, 1),
    Source(PackKind.SOMATIC_EVIDENCE, "CIViC, a monthly release (ClinicalEvidenceSummaries)", None, None, "",
           "https://civicdb.org/releases/main", "CC0 1.0 (CIViC)", 10),
)

GIVES: dict[PackKind, str] = {
    PackKind.SEQUENCE: "Left-aligned indels, a check of each file's build, predicted consequences, calling from reads.",
    PackKind.GENE_MODELS: "Genes, transcripts, predicted consequences, HGVS names and exons hit by structural variants.",
    PackKind.CLINVAR: "Classifications submitted to ClinVar with their review status, and rs numbers.",
    PackKind.FREQUENCIES: "How common a variant is, in all and in the population where it is most common; homozygotes.",
    PackKind.REVEL: "A score for missense variants, calibrated for ACMG criteria PP3 and BP4.",
    PackKind.ALPHAMISSENSE: "A second score for missense variants.",
    PackKind.SPLICEAI: "How likely a variant changes splicing.",
    PackKind.CONSTRAINT: "How intolerant a gene is of loss of function (pLI, LOEUF) and of missense variants.",
    PackKind.DOSAGE: "Which genes and regions are sensitive to loss or gain, for copy-number variants.",
    PackKind.POPULATION_SV: "Whether a structural variant is common in healthy people.",
    PackKind.PHENOTYPES: "Phenotype terms of the diseases of a gene.",
    PackKind.MANE: "The agreed transcript of each gene in RefSeq's and Ensembl's names.",
    PackKind.SOMATIC_EVIDENCE: "Drugs, prognosis and diagnosis linked to tumour variants.",
}
"""What a kind adds, in one sentence; without it that is not annotated."""


def sources_of(kind: PackKind, build: GenomeBuild | None) -> tuple[Source, ...]:
    """Return the known sources of a kind for a build."""
    return tuple(source for source in SOURCES if source.kind is kind and source.build is (build if kind.has_build else None))
