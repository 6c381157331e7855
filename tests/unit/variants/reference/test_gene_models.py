"""GFF3 of four publishers becomes one form that the prediction of consequences can read; FASTA becomes an indexed sequence."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pysam
import pytest

from services.errors import InvalidInputError
from services.variants.consequences.gene_model import read_gene_model
from services.variants.consequences.predicting import ConsequenceRequest, predict
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind, PackRequest
from tests.unit.variants.reference.conftest import Install, rows
from tests.unit.variants.reference.published import G37, G38, packed

_ENSEMBL = """##gff-version 3
##sequence-region   16 1 90338345
#!genome-build GRCh38.p14
#!genebuild-last-updated 2023-07
16\tensembl_havana\tgene\t101\t400\t.\t-\t.\tID=gene:ENSG00000103313;Name=MEFV;biotype=protein_coding;\
gene_id=ENSG00000103313;version=14
16\tensembl_havana\tmRNA\t101\t400\t.\t-\t.\tID=transcript:ENST00000219596;Parent=gene:ENSG00000103313;\
Name=MEFV-201;biotype=protein_coding;tag=basic,Ensembl_canonical,MANE_Select;transcript_id=ENST00000219596;version=6
16\tensembl_havana\tthree_prime_UTR\t101\t130\t.\t-\t.\tParent=transcript:ENST00000219596
16\tensembl_havana\texon\t101\t200\t.\t-\t.\tParent=transcript:ENST00000219596;Name=ENSE2;rank=2
16\tensembl_havana\tCDS\t131\t200\t.\t-\t1\tID=CDS:ENSP1;Parent=transcript:ENST00000219596
16\tensembl_havana\texon\t301\t400\t.\t-\t.\tParent=transcript:ENST00000219596;Name=ENSE1;rank=1
16\tensembl_havana\tCDS\t301\t350\t.\t-\t0\tID=CDS:ENSP1;Parent=transcript:ENST00000219596
###
16\thavana\tncRNA_gene\t150\t180\t.\t+\t.\tID=gene:ENSG2;Name=MEFV-AS1;biotype=lncRNA;gene_id=ENSG2;version=1
16\thavana\tlnc_RNA\t150\t180\t.\t+\t.\tID=transcript:ENST2;Parent=gene:ENSG2;biotype=lncRNA;transcript_id=ENST2;version=1
16\thavana\texon\t150\t180\t.\t+\t.\tParent=transcript:ENST2
CHR_HSCHR6_MHC\thavana\tgene\t150\t180\t.\t+\t.\tID=gene:ENSG3;Name=HLA-A;biotype=protein_coding
"""
_REFSEQ = """##gff-version 3
#!genome-build GRCh38.p14
#!annotation-source NCBI RefSeq GCF_000001405.40-RS_2025_08
##sequence-region NC_000016.10 1 90338345
NC_000016.10\tRefSeq\tregion\t1\t90338345\t.\t+\t.\tID=NC_000016.10:1..90338345;Dbxref=taxon:9606
NC_000016.10\tBestRefSeq\tgene\t101\t400\t.\t-\t.\tID=gene-MEFV;Dbxref=GeneID:4210,HGNC:HGNC:6998;Name=MEFV;gene=MEFV;\
gene_biotype=protein_coding
NC_000016.10\tBestRefSeq\tmRNA\t101\t400\t.\t-\t.\tID=rna-NM_000243.3;Parent=gene-MEFV;Dbxref=GeneID:4210;\
Name=NM_000243.3;gene=MEFV;tag=MANE Select;transcript_id=NM_000243.3
NC_000016.10\tBestRefSeq\texon\t301\t400\t.\t-\t.\tID=exon-NM_000243.3-1;Parent=rna-NM_000243.3;transcript_id=NM_000243.3
NC_000016.10\tBestRefSeq\texon\t101\t200\t.\t-\t.\tID=exon-NM_000243.3-2;Parent=rna-NM_000243.3;transcript_id=NM_000243.3
NC_000016.10\tBestRefSeq\tCDS\t301\t350\t.\t-\t0\tID=cds-NP_000234.1;Parent=rna-NM_000243.3;protein_id=NP_000234.1
NC_000016.10\tBestRefSeq\tCDS\t131\t200\t.\t-\t1\tID=cds-NP_000234.1;Parent=rna-NM_000243.3;protein_id=NP_000234.1
NC_000016.10\tGnomon\tgene\t500\t600\t.\t+\t.\tID=gene-LOC1;Dbxref=GeneID:1;Name=LOC1;gene=LOC1;gene_biotype=lncRNA
NC_000016.10\tGnomon\tlnc_RNA\t500\t600\t.\t+\t.\tID=rna-XR_1.1;Parent=gene-LOC1;gene=LOC1;transcript_id=XR_1.1
NC_000016.10\tGnomon\texon\t500\t600\t.\t+\t.\tID=exon-XR_1.1-1;Parent=rna-XR_1.1
NT_187613.1\tGnomon\tgene\t500\t600\t.\t+\t.\tID=gene-LOC2;Dbxref=GeneID:2;Name=LOC2
"""
_GENCODE = """##gff-version 3
##description: evidence-based annotation of the human genome (GRCh38), version 47 (Ensembl 113)
##date: 2024-07-22
chr16\tHAVANA\tgene\t101\t400\t.\t-\t.\tID=ENSG00000103313.14;gene_id=ENSG00000103313.14;gene_type=protein_coding;gene_name=MEFV
chr16\tHAVANA\ttranscript\t101\t400\t.\t-\t.\tID=ENST00000219596.6;Parent=ENSG00000103313.14;gene_id=ENSG00000103313.14;\
transcript_id=ENST00000219596.6;gene_type=protein_coding;gene_name=MEFV;transcript_type=protein_coding;\
tag=basic,Ensembl_canonical,MANE_Select
chr16\tHAVANA\texon\t301\t400\t.\t-\t.\tID=exon:ENST00000219596.6:1;Parent=ENST00000219596.6
chr16\tHAVANA\tCDS\t301\t350\t.\t-\t0\tID=CDS:ENST00000219596.6;Parent=ENST00000219596.6
chr16\tHAVANA\texon\t101\t200\t.\t-\t.\tID=exon:ENST00000219596.6:2;Parent=ENST00000219596.6
chr16\tHAVANA\tCDS\t131\t200\t.\t-\t1\tID=CDS:ENST00000219596.6;Parent=ENST00000219596.6
chr16\tHAVANA\tthree_prime_UTR\t101\t130\t.\t-\t.\tID=UTR3:ENST00000219596.6;Parent=ENST00000219596.6
"""
_EXON_ONE = {"exon": 1, "start": 301, "end": 400, "coding_start": 301, "coding_end": 350}
_EXON_TWO = {"exon": 2, "start": 101, "end": 200, "coding_start": 131, "coding_end": 200}


@pytest.mark.parametrize(
    ("text", "name", "transcript", "version", "gene_id", "release"),
    [
        (_ENSEMBL, "Homo_sapiens.GRCh38.113.gff3", "ENST00000219596", 6, "ENSG00000103313", "113"),
        (_REFSEQ, "GCF_000001405.40_GRCh38.p14_genomic.gff", "NM_000243.3", 3, "4210", "GCF_000001405.40-RS_2025_08"),
        (_GENCODE, "gencode.v47.annotation.gff3", "ENST00000219596", 6, "ENSG00000103313", "47"),
    ],
)
def test_each_publisher_gives_the_same_exons_in_transcript_order(
    install: Install, text: str, name: str, transcript: str, version: int, gene_id: str, release: str
) -> None:
    pack = install(PackKind.GENE_MODELS, text, G38, name=name, version="")
    assert pack.version == release
    found = [row for row in rows(pack.folder / "exons.parquet") if row["gene"] == "MEFV"]
    same = {"gene": "MEFV", "gene_id": gene_id, "transcript": transcript, "mark": "mane_select", "biotype": "protein_coding",
            "chrom": "16", "strand": "-", "version": version}
    assert found == [same | _EXON_TWO, same | _EXON_ONE]  # in the order of the chromosome


def test_a_transcript_without_coding_sequence_has_none_and_scaffolds_are_counted(
    install: Install, library: ReferenceLibrary
) -> None:
    pack = install(PackKind.GENE_MODELS, _ENSEMBL, G38)
    noncoding = next(row for row in rows(pack.folder / "exons.parquet") if row["gene"] == "MEFV-AS1")
    assert (noncoding["coding_start"], noncoding["coding_end"], noncoding["biotype"]) == (None, None, "lncRNA")
    assert pack.rows == 2
    assert library.manifest(pack)["notes"] == ["1 features on scaffolds and patches were left out."]


@pytest.mark.parametrize("text", [_ENSEMBL, _REFSEQ, _GENCODE])
def test_the_written_models_are_read_by_the_prediction_of_consequences(install: Install, tmp_path: Path, text: str) -> None:
    pack = install(PackKind.GENE_MODELS, text, G38, version="1")
    model = read_gene_model(pack.path, tmp_path / "mitochondrion.gff3", "MT")
    assert model.contigs == {"16"}
    assert list(model.marks.values()) == ["MANE Select"]
    bases = "".join(random.Random(5).choices("ACGT", k=700))
    coding = "ATG" + "GCT" * 37  # 111 bases and a start, read from the minus strand
    minus = coding[:50], coding[50:114] + "CCTTAA"
    flip = str.maketrans("ACGT", "TGCA")
    bases = bases[:300] + minus[0].translate(flip)[::-1] + bases[350:]
    bases = bases[:130] + minus[1].translate(flip)[::-1] + bases[200:]
    fasta = tmp_path / "small.fa"
    fasta.write_text(f">chr16\n{bases}\n")
    reference = install(PackKind.SEQUENCE, fasta, G38, version="1")
    assert Path(f"{reference.path}.fai").is_file()
    ref, alt = bases[339], {"A": "C", "C": "A", "G": "T", "T": "G"}[bases[339]]
    variants = tmp_path / "one.vcf"
    variants.write_text(f"##fileformat=VCFv4.2\n##contig=<ID=16>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n16\t340\t.\t{ref}\t{alt}\t.\t.\t.\n")
    work = tmp_path / "work"
    work.mkdir()
    run = predict(ConsequenceRequest(vcf=variants, genes=pack.path, reference=reference.path), work)
    found = next(iter(run.records())).consequences
    assert found[0].gene == "MEFV"
    assert found[0].mark == "MANE Select"
    assert found[0].terms[0] in {"missense_variant", "synonymous_variant", "stop_gained"}


def test_a_transcript_listed_twice_is_kept_on_x(install: Install) -> None:
    gene = "{0}\tHAVANA\tgene\t10\t20\t.\t+\t.\tID=ENSG1.1{1};gene_id=ENSG1.1;gene_type=protein_coding;gene_name=P2RY8\n"
    rna = ("{0}\tHAVANA\ttranscript\t10\t20\t.\t+\t.\tID=ENST1.1{1};Parent=ENSG1.1{1};transcript_id=ENST1.1;"
           "transcript_type=protein_coding\n{0}\tHAVANA\texon\t10\t20\t.\t+\t.\tParent=ENST1.1{1}\n")
    text = "##gff-version 3\n" + (gene + rna).format("chrX", "") + (gene + rna).format("chrY", "_PAR_Y")
    pack = install(PackKind.GENE_MODELS, text, G38)
    assert [row["chrom"] for row in rows(pack.folder / "exons.parquet")] == ["X"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (_ENSEMBL, "a.gff3", "is in GRCh38"),
        (_REFSEQ, "a.gff3", "is in GRCh38"),
        (_GENCODE, "a.gff3", "is in GRCh38"),
        ("##gff-version 3\n", "a.gff3", "names no transcript"),
        ("16\t1\t2\n", "a.gff3", "is not GFF3"),
        ("##gff-version 3\n16\tx\tgene\tten\t20\t.\t+\t.\tID=gene:E\n", "a.gff3", "line 2: nine columns"),
    ],
)
def test_gene_models_of_another_build_or_kind_are_refused(install: Install, text: str, name: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        install(PackKind.GENE_MODELS, text, G37, name=name)


# The sequence

_FASTA = ">chrM\nACGTACGTAC\nACGTA\n>chr2 second\nacgtnnacgt\n"


@pytest.mark.parametrize("pack_it", ["plain", "gzip", "bgzf"])
def test_a_sequence_is_indexed_however_it_is_packed(install: Install, tmp_path: Path, pack_it: str) -> None:
    path = tmp_path / "genome.fasta"
    path.write_text(_FASTA)
    if pack_it != "plain":
        path = packed(tmp_path / "genome.fasta.gz", _FASTA, bgzf=pack_it == "bgzf")
    pack = install(PackKind.SEQUENCE, path, G38)
    assert pack.rows == 2
    assert pack.path.name == ("genome.fa.gz" if pack_it == "bgzf" else "genome.fa")
    with pysam.FastaFile(str(pack.path)) as fasta:
        assert fasta.fetch("chr2", 0, 4) == "acgt"


def long_sequence(path: Path, length: int) -> Path:
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(">1\n")
        for _ in range(length // 1_000_000):
            file.write("A" * 1_000_000 + "\n")
        if length % 1_000_000:
            file.write("A" * (length % 1_000_000) + "\n")
    return path


@pytest.mark.parametrize(("length", "said"), [(22_000_000, "is not the sequence of GRCh38: it holds 1 with 22,000,000 bases")])
def test_a_sequence_of_something_else_is_refused(install: Install, tmp_path: Path, length: int, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        install(PackKind.SEQUENCE, long_sequence(tmp_path / "a.fa.gz", length), G38)


@pytest.mark.parametrize(("text", "said"), [("ACGT\n", "does not begin with >"), (">1\nACGT\nAC\nACGTAC\n", "cannot be indexed")])
def test_what_is_not_fasta_is_refused(library: ReferenceLibrary, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.fa"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=said):
        library.install(path, PackRequest(PackKind.SEQUENCE, G38, version="1"))
    assert library.installed() == ()
