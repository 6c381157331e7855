"""Reads GFF3 of Ensembl, GENCODE, RefSeq and MANE into one model of genes and transcripts.

The four differ in how ids are written, where the biotype stands and how MANE transcripts are tagged; nothing else does here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from services.errors import InvalidInputError
from services.genomics.genome import canonical_chromosome
from services.variants.reference.text import TextFile

_CHECK_EVERY = 100_000
_GENE_TYPES = frozenset({"gene", "ncRNA_gene", "pseudogene"})
_PARTS = frozenset({"exon", "CDS"})
_NO_TRANSCRIPT = frozenset({
    "five_prime_UTR", "three_prime_UTR", "start_codon", "stop_codon", "stop_codon_redefined_as_selenocysteine", "UTR",
    "region", "match", "cDNA_match", "chromosome", "scaffold", "biological_region", "supercontig", "intron", "enhancer",
})
_MARKS = (
    ("mane_select", "MANE_Select", ("MANE_Select", "MANE Select")),
    ("mane_plus_clinical", "MANE_Plus_Clinical", ("MANE_Plus_Clinical", "MANE Plus Clinical")),
    ("canonical", "Ensembl_canonical", ("Ensembl_canonical", "RefSeq Select")),
)
_BIOTYPE_OF_TYPE = {
    "mRNA": "protein_coding", "lnc_RNA": "lncRNA", "transcript": "misc_RNA", "primary_transcript": "miRNA",
    "antisense_RNA": "antisense", "V_gene_segment": "IG_V_gene", "D_gene_segment": "IG_D_gene", "J_gene_segment": "IG_J_gene",
    "C_gene_segment": "IG_C_gene", "scRNA": "scaRNA", "ncRNA": "misc_RNA", "RNase_MRP_RNA": "misc_RNA", "RNase_P_RNA": "misc_RNA",
    "telomerase_RNA": "misc_RNA", "SRP_RNA": "misc_RNA", "Y_RNA": "misc_RNA", "vault_RNA": "misc_RNA",
}


@dataclass(slots=True)
class Gene:
    """A gene while the file is read; its place grows to that of its transcripts."""

    symbol: str | None
    biotype: str
    start: int
    end: int


@dataclass(slots=True)
class Transcript:
    """A transcript; exons and coding parts are 1-based inclusive, in the order of the chromosome."""

    id: str
    gene: str
    chrom: str
    strand: str
    start: int
    end: int
    biotype: str
    mark: str
    tag: str
    version: int | None
    exons: list[tuple[int, int]] = field(default_factory=list)
    coding: list[tuple[int, int, str]] = field(default_factory=list)
    """Start, end, and the phase as the file writes it."""

    def add(self, kind: str, start: int, end: int, phase: str) -> None:
        """Take in an exon or a coding part."""
        if kind == "exon":
            self.exons.append((start, end))
        else:
            self.coding.append((start, end, phase))

    def coding_part(self, start: int, end: int) -> tuple[int, int] | None:
        """Return what is coding of an exon."""
        if not self.coding:
            return None
        first, last = max(start, self.coding[0][0]), min(end, self.coding[-1][1])
        return (first, last) if first <= last else None

    def untranslated(self) -> list[tuple[str, int, int]]:
        """Return the untranslated parts of a coding transcript with their side."""
        if not self.coding:
            return []
        first, last = self.coding[0][0], self.coding[-1][1]
        before, behind = ("five_prime_UTR", "three_prime_UTR") if self.strand == "+" else ("three_prime_UTR", "five_prime_UTR")
        parts = [(before, start, min(end, first - 1)) for start, end in self.exons if start < first]
        return parts + [(behind, max(start, last + 1), end) for start, end in self.exons if end > last]


@dataclass(slots=True)
class GeneModels:
    """What a GFF3 file holds on chromosomes."""

    comments: list[str] = field(default_factory=list)
    genes: dict[str, Gene] = field(default_factory=dict)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    """By the id that the file uses."""
    contigs: set[str] = field(default_factory=set)
    style: str = "Ensembl"
    elsewhere: int = 0
    repeated: int = 0


def read_gff3(text: TextFile, check: Callable[[], None]) -> GeneModels:
    """Read a whole file. Parts may stand before what they belong to, nested genes may mix.

    :raise InvalidInputError: it is not GFF3; says at which line.
    """
    reader = _Reader(text.name)
    for number, raw in enumerate(text.stream, start=1):
        if number % _CHECK_EVERY == 0:
            check()
        if number == 1 and not raw.startswith((b"##gff-version", b"#")):
            raise InvalidInputError(f"{text.name} is not GFF3: it begins with {raw[:60].decode('utf-8', 'replace')!r}")
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("##FASTA"):
            break
        reader.take(number, line)
    return reader.finished()


class _Reader:
    """Collects features by line; `finished` joins them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._models = GeneModels()
        self._early: list[tuple[str, str, int, int, str]] = []
        self._gene_ids: dict[str, str] = {}
        self._accessions: set[str] = set()

    def take(self, number: int, line: str) -> None:
        if not line or line.startswith("#"):
            if line.startswith(("##", "#!")) and line != "###":
                self._models.comments.append(line[:500])
            return
        fields = line.split("\t")
        if len(fields) != 9 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            raise InvalidInputError(f"{self._name}, line {number:,}: nine columns with start and end are expected, as in GFF3")
        contig, _, kind, start, end, _, strand, phase, attributes = fields
        chrom = canonical_chromosome(contig)
        if chrom is None:
            self._models.elsewhere += 1
            return
        self._models.contigs.add(contig)
        if kind in _PARTS:
            for parent in _attribute(attributes, "Parent").split(","):
                known = self._models.transcripts.get(parent)
                if known is not None:
                    known.add(kind, int(start), int(end), phase)
                else:
                    self._early.append((parent, kind, int(start), int(end), phase))
        elif kind not in _NO_TRANSCRIPT:
            said = dict(part.split("=", 1) for part in attributes.split(";") if "=" in part)
            self._feature(kind, chrom, int(start), int(end), strand, said)

    def finished(self) -> GeneModels:
        models = self._models
        for parent, kind, start, end, phase in self._early:
            owner = models.transcripts.get(parent)
            if owner is not None:
                owner.add(kind, start, end, phase)
        for one in models.transcripts.values():
            one.exons.sort()
            one.coding.sort()
            if not one.exons:  # bacteria, the mitochondrion in some files: the coding parts are all that is said
                one.exons = [(start, end) for start, end, _ in one.coding]
            gene = models.genes.setdefault(one.gene, Gene(None, one.biotype, one.start, one.end))
            gene.start, gene.end = min(gene.start, one.start), max(gene.end, one.end)
        models.transcripts = {name: one for name, one in models.transcripts.items() if one.exons}
        return models

    def _feature(self, kind: str, chrom: str, start: int, end: int, strand: str, said: dict[str, str]) -> None:
        parent = said.get("Parent", "")
        if not parent:
            if kind in _GENE_TYPES or "gene_id" in said or said.get("ID", "").startswith("gene"):
                self._gene(start, end, said)
            return
        accession, version = self._accession(said)
        if not accession or "ID" not in said or parent.split(",")[0] not in self._gene_ids:
            return
        if accession in self._accessions:
            self._models.repeated += 1
            return
        self._accessions.add(accession)
        gene = self._gene_ids[parent.split(",")[0]]
        mark, tag = _mark(said.get("tag", ""))
        biotype = said.get("biotype") or said.get("transcript_type") or said.get("transcript_biotype")
        if not biotype:
            of_gene = self._models.genes[gene].biotype
            biotype = _BIOTYPE_OF_TYPE.get(kind, kind)
            if biotype == "misc_RNA" and "pseudogene" in of_gene:
                biotype = of_gene
        self._models.transcripts[said["ID"]] = Transcript(
            accession, gene, chrom, strand, start, end, biotype, mark, tag, version
        )

    def _gene(self, start: int, end: int, said: dict[str, str]) -> None:
        file_id = said.get("ID", "")
        if "gene_type" in said:
            self._models.style = "GENCODE"
        elif file_id.startswith("gene-"):
            self._models.style = "RefSeq"
        name = file_id.removeprefix("gene:").removeprefix("gene-")
        references = said.get("Dbxref", "").split(",")
        number = next((one.removeprefix("GeneID:") for one in references if one.startswith("GeneID:")), None)
        identity = number if number and self._models.style == "RefSeq" else name.partition(".")[0]
        symbol = said.get("Name") or said.get("gene_name") or said.get("gene")
        if self._models.style == "GENCODE":
            symbol = said.get("gene_name")
        biotype = said.get("biotype") or said.get("gene_type") or said.get("gene_biotype") or "unknown"
        self._gene_ids[file_id] = identity
        self._models.genes.setdefault(identity, Gene(unquote(symbol) if symbol else None, biotype, start, end))

    def _accession(self, said: dict[str, str]) -> tuple[str, int | None]:
        """Return accession and version; the accession is Ensembl's without its version, RefSeq's with it, as it is written."""
        file_id = said.get("ID", "").removeprefix("transcript:").removeprefix("rna-")
        name = said.get("transcript_id") or file_id
        bare, dot, number = name.partition(".")
        if bare.startswith("ENST"):
            stated = number.split("_")[0] if dot else said.get("version", "")
            return bare, int(stated) if stated.isdigit() else None
        _, dot, number = name.rpartition(".")
        return name, int(number) if dot and number.isdigit() else None


def _attribute(attributes: str, name: str) -> str:
    for part in attributes.split(";"):
        if part.startswith(f"{name}="):
            return part[len(name) + 1 :]
    return ""


def _mark(tags: str) -> tuple[str, str]:
    found = unquote(tags).split(",")
    for mark, tag, words in _MARKS:
        if any(word in found for word in words):
            return mark, tag
    return "", ""
