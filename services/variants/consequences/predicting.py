"""Consequences of the small variants of a VCF, by `bcftools csq` in children with limits.

Two questions are asked: what does each allele do by itself, on every transcript; and what do the alleles that certainly lie on
one chromosome copy do together. Two variants of one codon can be missense each and a stop together, so the second answer stands
beside the first and never replaces it (Danecek P, McCarthy SA, Bioinformatics 2017, "BCFtools/csq").

The mitochondrion is asked about apart, as its genetic code is another (NCBI translation table 2: TGA is Trp, AGA and AGG stops).

A child that fails is an error with its reason. No consequence is only said of alleles that the caller has looked at.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError
from services.variants.calling.references import usable_reference
from services.variants.calling.tools import Command, Progress, ShouldStop, ToolLimits, never, run, silent
from services.variants.consequences.gene_model import MITOCHONDRION, bare
from services.variants.consequences.model import (
    CompoundConsequence,
    Phasing,
    TranscriptMark,
    VariantConsequences,
    in_order,
)
from services.variants.consequences.parsing import parse_entries, parse_entry

_PREPARING = "services.variants.consequences.preparing"
_MOST_CONSEQUENCES = "255"  # per copy and site; the default of 15 drops transcripts of busy genes
LIMITS = ToolLimits(memory_bytes=6 * 1024**3, cpu_seconds=2 * 3600, wall_seconds=3 * 3600.0)

_APART = f".{MITOCHONDRION}"
_MITOCHONDRIAL_CODE = ("--genetic-code", "2")

_Place = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class ConsequenceRequest:
    """What to predict, from which gene model (GFF3 in Ensembl's style) and reference (FASTA, plain or bgzip)."""

    vcf: Path
    genes: Path
    reference: Path
    phasing: Phasing = Phasing.PHASED
    every_transcript: bool = True
    """Also name the transcripts that a variant only touches in an intron when it hits the coding sequence of another."""
    limits: ToolLimits = field(default=LIMITS)
    leave_out_mismatches: bool = False
    """Say of an allele whose REF the reference contradicts that it was not predicted, instead of refusing the file, as long as
    they are few; many mean another genome build, which is refused in any case."""


@dataclass(frozen=True, slots=True)
class ConsequenceRun:
    """A finished prediction. Its files stay in the folder that was given, which is the caller's to delete."""

    folder: Path
    alleles: int
    not_predicted: int
    contigs_without_genes: tuple[str, ...]
    """Sequences of the file for which the gene model has no transcript: nothing is known there, rather than nothing found."""
    caller: str
    """Name and version of the program."""
    _contigs: Mapping[str, str]
    _marks: Mapping[str, TranscriptMark]
    _samples: tuple[str, ...]

    def records(self) -> Iterator[VariantConsequences]:
        """Yield one record per alternate allele, in the order of the file. Can be called again.

        :raise InvalidInputError: the caller did not answer for every allele that it was given.
        """
        compounds = self._compounds()
        missing = self.alleles - self.not_predicted
        left = _left(self.folder / "left.tsv")
        waiting = next(left, None)
        for record in self._answers(compounds):
            while waiting is not None and (waiting.line, waiting.allele_index) < (record.line, record.allele_index):
                yield waiting
                waiting = next(left, None)
            missing -= 1
            yield record
        while waiting is not None:
            yield waiting
            waiting = next(left, None)
        if missing:
            raise InvalidInputError(f"{self.caller} gave no answer for {missing} alleles: its incomplete result was refused")

    def _answers(self, compounds: Mapping[_Place, tuple[CompoundConsequence, ...]]) -> Iterator[VariantConsequences]:
        for line, allele, fields in merge(*(_lines(path) for path in _both(self.folder, "answers"))):
            contig, position, _, ref, alt, _, _, info = fields
            found = next((part[5:] for part in info.split(";") if part.startswith("BCSQ=")), "")
            consequences, elsewhere = parse_entries(found, self._marks)
            yield VariantConsequences(
                line, allele, self._contigs[contig], int(position), ref, alt, in_order(consequences),
                compounds.get((contig, int(position), ref.upper(), alt.upper()), ()), elsewhere,
            )

    def _compounds(self) -> dict[_Place, tuple[CompoundConsequence, ...]]:
        """Read what variants do together, by each place that takes part."""
        samples: dict[tuple[str, str], list[str]] = defaultdict(list)
        together = chain.from_iterable(_entries_together(path) for path in _both(self.folder, "together"))
        for contig, entry, columns in together:
            names = samples[contig, entry]
            names += [name for name in dict.fromkeys(self._samples[column // 2] for column in columns) if name not in names]
        found: dict[_Place, list[CompoundConsequence]] = defaultdict(list)
        for (contig, entry), names in samples.items():
            consequence = parse_entry(entry, self._marks)
            if not consequence.is_compound:
                continue
            for change in consequence.nucleotides:
                digits = len(change) - len(change.lstrip("0123456789"))
                ref, _, alt = change[digits:].partition(">")
                place = (contig, int(change[:digits]), ref.upper(), alt.upper())
                found[place].append(CompoundConsequence(consequence, tuple(names)))
        return {at: tuple(together) for at, together in found.items()}


def predict(
    request: ConsequenceRequest, folder: Path, *, report: Progress = silent, should_stop: ShouldStop = never
) -> ConsequenceRun:
    """Predict the consequences of every alternate allele of a file; the work is done in `folder`, which must be empty.

    :raise InvalidInputError: the VCF does not fit the reference (the message says where), a file is malformed, or the caller
        refused it or crashed on it.
    :raise UnavailableError: a limit of time or memory was reached.
    :raise StoppedError: told to stop.
    """
    report(0.0, "Comparing with the reference")
    reference = usable_reference(request.reference, folder, should_stop)
    prepared = _prepare(request, reference, folder, should_stop)
    contigs = {str(name): str(contig) for contig, name in prepared["contigs"].items() if name}
    together = request.phasing is Phasing.PHASED and prepared["phased"] > 1
    commands = {"": _Csq(request, request.genes.resolve(), reference, _naming(contigs, prepared["gene_contigs"]))}
    if (folder / f"alone{_APART}.vcf").is_file() and (folder / f"genes{_APART}.gff3").stat().st_size:
        commands[_APART] = _Csq(request, folder.resolve() / f"genes{_APART}.gff3", reference, (), _MITOCHONDRIAL_CODE)
    report(0.3, f"Predicting {prepared['alleles']:,} alleles")
    for part, command in commands.items():
        as_they_are = request.phasing is Phasing.AS_WRITTEN
        command.run(folder / f"alone{part}.vcf", folder / f"answers{part}.vcf", should_stop, alone=not as_they_are)
    if together:
        report(0.7, "Predicting alleles that lie on one chromosome copy")
        for part, command in commands.items():
            command.run(folder / f"phased{part}.vcf", folder / f"together{part}.vcf", should_stop, alone=False)
    report(1.0, f"Predicted {prepared['alleles']:,} alleles")
    known = {bare(name) for name in prepared["gene_contigs"]}
    return ConsequenceRun(
        folder, prepared["alleles"], prepared["left"],
        tuple(contig for name, contig in contigs.items() if bare(name) not in known), _version(folder / "answers.vcf"), contigs,
        {name: TranscriptMark(mark) for name, mark in prepared["marks"].items()}, tuple(prepared["samples"]),
    )


def _prepare(request: ConsequenceRequest, reference: Path, folder: Path, should_stop: ShouldStop) -> dict[str, Any]:
    asked = folder / "request.json"
    asked.write_text(
        json.dumps({
            "vcf": str(request.vcf.resolve()), "genes": str(request.genes.resolve()), "reference": str(reference),
            "phasing": request.phasing.value, "folder": str(folder.resolve()),
            "leave_out_mismatches": request.leave_out_mismatches,
        }),
        encoding="utf-8",
    )
    run(Command("the check of the VCF", _PREPARING, (str(asked.resolve()),)), limits=request.limits, should_stop=should_stop)
    prepared: dict[str, Any] = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    if "problem" in prepared:
        raise InvalidInputError(prepared["problem"])
    return prepared


@dataclass(frozen=True, slots=True)
class _Csq:
    request: ConsequenceRequest
    genes: Path
    reference: Path
    naming: tuple[str, ...]
    code: tuple[str, ...] = ()

    def run(self, source: Path, target: Path, should_stop: ShouldStop, *, alone: bool) -> None:
        options = ["--local-csq"] if alone else ["--phase", "a"]  # the genotypes in `phased.vcf` are certain
        command = Command.of(
            "bcftools", "csq", "--fasta-ref", self.reference, "--gff-annot", self.genes,
            "--ncsq", _MOST_CONSEQUENCES, *self.naming, *self.code,
            "--greedy", "1" if self.request.every_transcript else "0", *options,
            "--output-type", "v", source.resolve(),
        )
        run(command, limits=self.request.limits, should_stop=should_stop, output=target)


def _both(folder: Path, stem: str) -> Iterator[Path]:
    """Yield the caller's files of a kind that there are: of the chromosomes, and of the mitochondrion."""
    yield from (path for part in ("", _APART) if (path := folder / f"{stem}{part}.vcf").is_file())


def _lines(path: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Yield line and allele of the user's file with the columns of the answer, in the order of the user's file."""
    with path.open(encoding="utf-8") as lines:
        for text in lines:
            if not text.startswith("#"):
                fields = text.rstrip("\n").split("\t")[:8]
                line, _, allele = fields[2].partition(":")
                yield int(line), int(allele), fields


def _entries_together(path: Path) -> Iterator[tuple[str, str, list[int]]]:
    """Yield the entries that combine variants, with the columns of genotypes that have them on a copy.

    `bcftools csq` says who has which entry in bits: entry `i` of the line is bit 2i for the first and 2i + 1 for the second copy,
    30 bits to a number.
    """
    with path.open(encoding="utf-8") as lines:
        for text in lines:
            fields = text.rstrip("\n").split("\t")
            if text.startswith("#") or not fields[8].endswith(":BCSQ"):
                continue
            found = next((part[5:] for part in fields[7].split(";") if part.startswith("BCSQ=")), "")
            masks = [value.rpartition(":")[2] for value in fields[9:]]
            for at, entry in enumerate(found.split(",")):
                if "+" in entry.rpartition("|")[2]:
                    yield fields[0], entry, [column for column, mask in enumerate(masks) if _has(mask, at)]


def _has(mask: str, entry: int) -> bool:
    numbers = [int(number) if number.isdigit() else 0 for number in mask.split(",")]
    word, bit = divmod(2 * entry, 30)
    return word < len(numbers) and bool(numbers[word] >> bit & 3)


def _naming(contigs: Mapping[str, str], gene_contigs: list[str]) -> tuple[str, ...]:
    """Say which prefix the caller takes off: the VCF it gets is named as the reference is."""
    ours = "chr" if contigs and all(name.startswith("chr") for name in contigs) else "-"
    theirs = "chr" if gene_contigs and all(name.startswith("chr") for name in gene_contigs) else "-"
    return () if ours == theirs else ("--unify-chr-names", f"{ours},{theirs},{ours}")


def _left(path: Path) -> Iterator[VariantConsequences]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            line, allele, contig, position, ref, alt, why = text.rstrip("\n").split("\t")
            yield VariantConsequences(int(line), int(allele), contig, int(position), ref, alt, (), not_predicted=why)


def _version(answers: Path) -> str:
    with answers.open(encoding="utf-8") as lines:
        for text in lines:
            if text.startswith("##bcftools/csqVersion="):
                return f"bcftools csq {text.strip().partition('=')[2].partition('+')[0]}"
            if not text.startswith("#"):
                break
    return "bcftools csq"

