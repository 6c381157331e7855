"""Gene models in GFF3: Ensembl's, GENCODE's, RefSeq's or MANE's, written anew in Ensembl's style, as bcftools csq reads it.

Two files come of it: `genes.gff3.gz` for the prediction of consequences, and `exons.parquet` for everything that needs the places
of exons and coding sequence. Only chromosomes are kept. A transcript that a file lists twice, as RefSeq and GENCODE do for the
pseudoautosomal regions, is kept where it comes first, on X. UTRs are derived from exons and coding sequence.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import (
    CHROMOSOMES,
    GenomeBuild,
    beyond_chromosome_end,
    build_from_lengths,
    build_named_in,
    refseq_chromosome,
)
from services.variants.reference.checks import refuse_misplaced_genes
from services.variants.reference.converters.gff3 import GeneModels, Transcript, read_gff3
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.layouts import EXONS
from services.variants.reference.tables import READ_SHARE, Rows, write_parquet
from services.variants.reference.text import open_text

GENES = "genes.gff3.gz"
EXON_TABLE = "exons.parquet"
_RELEASES = (
    re.compile(r"\.GRCh3[78]\.(\d{2,3})\.(?:chr\.)?(?:gff3|chromosome)"),  # Ensembl's file name
    re.compile(r"MANE\.GRCh38\.v(\d+(?:\.\d+){0,2})\."),
    re.compile(r"gencode\.v(\d{1,3}(?:lift37)?)\."),
)
_SAID = (re.compile(r"annotation-source NCBI (?:RefSeq )?(\S{1,60})"), re.compile(r"##description: .{0,200}, version (\d{1,3})"))
_REGION = re.compile(r"##sequence-region +(\S{1,100}) +1 +([0-9]{1,12})")
_DATE = re.compile(r"(?:genebuild-last-updated|annotation-date|##date:) *(\d{4}-\d{2}(?:-\d{2})?)")
_BATCH = 50_000


def convert(conversion: Conversion) -> Converted:
    """Convert a GFF3 file. Returns the number of transcripts.

    :raise InvalidInputError: it is not GFF3, is of another build, or names no transcript.
    """
    if len(conversion.sources) != 1:
        raise InvalidInputError("gene models are one GFF3 file")
    source = conversion.sources[0]
    with open_text(source, lambda share: conversion.report(READ_SHARE * share, "Reading the gene models")) as text:
        models = read_gff3(text, conversion.check)
    assert conversion.build is not None
    _refuse_other_build(source, models, conversion.build)
    transcripts = sorted(models.transcripts.values(), key=lambda one: (CHROMOSOMES.index(one.chrom), one.start, one.id))
    if not transcripts:
        raise InvalidInputError(
            f"{source.name} names no transcript with exons on a chromosome: GFF3 of Ensembl, GENCODE, RefSeq or MANE is expected"
        )
    _write_gff3(conversion.folder / GENES, models, transcripts)
    schema = pa.schema([(name, pa.int32() if kind == "INTEGER" else pa.string()) for name, kind in EXONS.items()])
    rows = Rows(schema, _exon_batches(models, transcripts, schema))
    order = "list_position([" + ", ".join(f"'{chrom}'" for chrom in CHROMOSOMES) + "], chrom), start, \"end\", transcript"
    write_parquet(conversion, conversion.folder / EXON_TABLE, EXONS, order, rows, "SELECT * FROM source")
    said = "\n".join(models.comments)
    release = next((match[1] for form in _RELEASES if (match := form.search(source.name))), None)
    release = release or next((match[1] for form in _SAID if (match := form.search(said))), None)
    date = _DATE.search(said)
    return Converted(len(transcripts), version=release, date=date[1] if date else None, name=f"{models.style} genes",
                     notes=_notes(models), facts={"genes": len({one.gene for one in transcripts}), "style": models.style})


def _notes(models: GeneModels) -> tuple[str, ...]:
    notes = []
    if models.elsewhere:
        notes.append(f"{models.elsewhere:,} features on scaffolds and patches were left out.")
    if models.repeated:
        notes.append(f"{models.repeated:,} transcripts that the file lists twice were kept once, at their first place.")
    return tuple(notes)


def _refuse_other_build(source: Path, models: GeneModels, build: GenomeBuild) -> None:
    regions = {match[1]: int(match[2]) for line in models.comments if (match := _REGION.match(line))}
    evidence = build_from_lengths(regions)
    told_in = ("genome-build", "genome-version", "description")
    said = "\n".join(line for line in models.comments if any(word in line for word in told_in))
    accessions = {found[1] for name in models.contigs if (found := refseq_chromosome(name)) and found[1]}
    told = (evidence.build if evidence else None, build_named_in(said), *accessions, build_named_in(source.name))
    named = next((one for one in told if one is not None), None)
    if named is not None and named is not build:
        reason = f" ({evidence.statement})" if evidence else ""
        raise InvalidInputError(f"{source.name} is in {named}{reason}, but {build} was asked for")
    for one in models.transcripts.values():
        if beyond_chromosome_end(build, one.chrom, one.end):
            raise InvalidInputError(f"transcript {one.id} ends at {one.chrom}:{one.end:,}, beyond the chromosome in {build}")
    symbols = ((models.genes[one.gene].symbol or "", one.chrom, one.start, one.end) for one in models.transcripts.values())
    refuse_misplaced_genes(symbols, str(build))


def _write_gff3(path: Path, models: GeneModels, transcripts: list[Transcript]) -> None:
    written: set[str] = set()
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
        file.write("##gff-version 3\n")
        for one in transcripts:
            gene = models.genes[one.gene]
            if one.gene not in written:
                written.add(one.gene)
                attributes = f"ID=gene:{one.gene};Name={gene.symbol or one.gene};biotype={gene.biotype};gene_id={one.gene}"
                file.write(_line(one, "gene", gene.start, gene.end, ".", attributes))
            tags = f";tag={one.tag}" if one.tag else ""
            numbered = f";version={one.version}" if one.version else ""
            identity = f"ID=transcript:{one.id};Parent=gene:{one.gene}"
            attributes = f"{identity};biotype={one.biotype};transcript_id={one.id}{numbered}{tags}"
            file.write(_line(one, "mRNA" if one.coding else "transcript", one.start, one.end, ".", attributes))
            parent = f"Parent=transcript:{one.id}"
            for start, end in one.exons:
                file.write(_line(one, "exon", start, end, ".", parent))
            for start, end, phase in one.coding:
                file.write(_line(one, "CDS", start, end, phase, f"ID=CDS:{one.id};{parent}"))
            for side, start, end in one.untranslated():
                file.write(_line(one, side, start, end, ".", parent))
            file.write("###\n")


def _line(one: Transcript, kind: str, start: int, end: int, phase: str, attributes: str) -> str:
    return f"{one.chrom}\t.\t{kind}\t{start}\t{end}\t.\t{one.strand}\t{phase}\t{attributes}\n"


def _exon_batches(models: GeneModels, transcripts: list[Transcript], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows: list[dict[str, object]] = []
    for one in transcripts:
        gene = models.genes[one.gene]
        ordered = one.exons if one.strand == "+" else one.exons[::-1]
        for number, (start, end) in enumerate(ordered, start=1):
            coding = one.coding_part(start, end)
            rows.append({
                "gene": gene.symbol, "gene_id": one.gene, "transcript": one.id, "mark": one.mark, "biotype": one.biotype,
                "chrom": one.chrom, "strand": one.strand, "exon": number, "start": start, "end": end,
                "coding_start": coding[0] if coding else None, "coding_end": coding[1] if coding else None,
                "version": one.version,
            })
        if len(rows) >= _BATCH:
            yield pa.RecordBatch.from_pylist(rows, schema)
            rows = []
    yield pa.RecordBatch.from_pylist(rows, schema)
