"""Which genome build is a file in? Contig lengths decide; names in the header only suggest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.genomics.genome import GenomeBuild, build_from_lengths, build_named_in, refseq_chromosome
from services.variants.problems import Problem, error, warning
from services.variants.vcf.header import Header


@dataclass(frozen=True, slots=True)
class BuildFinding:
    """The build of a file, None where nothing tells; `evidence` are sentences to show."""

    build: GenomeBuild | None
    evidence: tuple[str, ...]
    problems: tuple[Problem, ...]


def build_of_header(header: Header, expected: GenomeBuild | None) -> BuildFinding:
    """Recognise the build from a VCF header and hold it against the expected one.

    A build other than the expected one is an error that names both. Lengths that speak against a name in the header are a
    warning; the lengths hold.
    """
    by_length = build_from_lengths({name: length for name, length in header.contigs.items() if length})
    named = _named(header.statements)
    by_accession = _by_accession(header.contigs)
    evidence: list[str] = []
    if by_length:
        evidence.append(by_length.statement)
    if by_accession:
        evidence.append(f"contigs are named by RefSeq accessions of {by_accession}")
    if named:
        evidence.append(f"the header names {named}")
    build = by_length.build if by_length else by_accession or named
    problems: list[Problem] = []
    if by_length and named and by_length.build is not named:
        reason = f"the header names {named}, but {by_length.statement}"
        problems.append(warning(None, "build", "", reason, "build.contradiction"))
    if expected is not None and build is not None and build is not expected:
        reason = f"the file is in {build} ({evidence[0]}), but {expected} is expected"
        problems.append(error(None, "build", str(build), reason, "build.mismatch"))
    return BuildFinding(build, tuple(evidence), tuple(problems))


def _named(statements: Iterable[str]) -> GenomeBuild | None:
    found = {build for statement in statements if (build := build_named_in(statement))}
    return found.pop() if len(found) == 1 else None


def _by_accession(names: Iterable[str]) -> GenomeBuild | None:
    found = {entry[1] for name in names if (entry := refseq_chromosome(name)) and entry[1]}
    return found.pop() if len(found) == 1 else None


def other_build(build: GenomeBuild) -> GenomeBuild:
    return GenomeBuild.GRCH37 if build is GenomeBuild.GRCH38 else GenomeBuild.GRCH38
