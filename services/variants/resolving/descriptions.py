"""Finds the variants an HGVS description names: on a chromosome, on transcripts, or through the codons of a protein."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.genomics.hgvs.model import Description, Kind, NucleotideChange, ProteinChange
from services.genomics.hgvs.projection import to_allele
from services.genomics.hgvs.protein import coding_changes, one_letter
from services.genomics.hgvs.transcript import TranscriptModel
from services.genomics.variant import chromosome_in_build
from services.variants.resolving import known
from services.variants.resolving.data import InstalledData
from services.variants.resolving.model import Candidate, How
from services.variants.resolving.placing import checked, described

Found = tuple[list[Candidate], list[str]]
_MAX_CANDIDATES = 20


def resolve_description(description: Description, data: InstalledData) -> Found:
    """Return the candidates and the problems of one description. Never raises for what a description may say."""
    change = description.change
    if description.kind in (Kind.GENOMIC, Kind.MITOCHONDRIAL):
        return _attempt(lambda: _on_chromosome(description, data))
    if description.kind is Kind.RNA:
        return [], ["an r. description tells what was seen in RNA: give the c. description of the DNA"]
    if description.accession is None and description.gene is None:
        return [], [f"name the gene or the transcript before {description.kind}., as in MEFV c.2080A>G"]
    candidates, problems = _known(description, data)
    if candidates and not problems:
        read_on = f"read on {candidates[0].transcript} (MANE Select)"
        return candidates, [] if description.accession else [read_on]
    read: Callable[[TranscriptModel], Found]
    if isinstance(change, ProteinChange):
        read = partial(_through_codons, change, data)
    else:
        read = partial(_on_transcript, description.kind, change, data)
    more, reasons = _on_transcripts(description, data, read)
    merged = _merged(candidates, more)
    return merged, problems if merged and not more else [*problems, *reasons]


def _attempt(work: Callable[[], Candidate]) -> Found:
    try:
        return [work()], []
    except InvalidInputError as error:
        return [], [error.message]


def _on_chromosome(description: Description, data: InstalledData) -> Candidate:
    name = description.accession or description.gene
    if description.kind is Kind.MITOCHONDRIAL and name is None:
        name = "MT"
    if name is None or not isinstance(description.change, NucleotideChange):
        raise InvalidInputError("name the chromosome before g., as in NC_000016.10:g.50712015C>T or chr16:g.50712015C>T")
    chrom = chromosome_in_build(name, data.build)
    if canonical_chromosome(chrom) is None:
        raise InvalidInputError(f"{name} is no chromosome of {data.build}: g. is read on chromosomes, c. on transcripts")
    exact = description.change.stretch.exact
    if exact is None:
        raise InvalidInputError("a change with uncertain positions names no single variant")
    start, end = exact[0].base, exact[1].base
    if start is None or end is None or start > end:
        raise InvalidInputError("the first position of a stretch lies before its last")
    allele = to_allele(description.change, start, end, is_plus_strand=True, bases=data.bases(chrom))
    found = Candidate(data.build, chrom, allele.pos, allele.ref, allele.alt, None, None, None, None, How.GENOMIC_HGVS)
    return described(checked(found, data), data)


def _known(description: Description, data: InstalledData) -> Found:
    gene = description.gene or (data.gene_of_mane(description.accession) if description.accession else None)
    if gene is None:
        return [], []
    change = description.change
    spelled = replace(change, is_predicted=False) if isinstance(change, ProteinChange) else change
    candidate, reason = known.by_name(gene, f"{description.kind}.{spelled}", data.build)
    if candidate is None and reason is None and isinstance(change, ProteinChange) and description.accession is None:
        return _known_by_older_name(gene, change, data)
    return ([candidate] if candidate else []), ([reason] if reason else [])


def _known_by_older_name(gene: str, change: ProteinChange, data: InstalledData) -> Found:
    name = one_letter(change)
    candidate, reason = known.by_name(gene, name, data.build) if name else (None, None)
    if candidate is None:
        return [], [reason] if reason else []
    return [candidate], [f"{name} is the older numbering: on {candidate.transcript} it is {candidate.hgvs_p}"]


def _transcripts(description: Description, data: InstalledData) -> tuple[tuple[TranscriptModel, ...], list[str]]:
    """The transcripts a description may be of: those of the gene, best first, or those with the accession."""
    if data.models is None:
        return (), [f"transcripts are placed with gene models, which are not installed for {data.build}"]
    if description.accession is None:
        found = data.of_gene(description.gene or "")
        return found, [] if found else [f"{description.gene} is in no transcript of {data.models.stamp}"]
    found = data.named(description.accession)
    if not found:
        return (), [f"{description.accession} is not in {data.models.stamp}"]
    version = description.accession.partition(".")[2]
    other = {one.accession for one in found if version and one.accession != description.accession}
    return found, [f"read on {name}, which is installed, not on {description.accession}" for name in sorted(other)]


def _on_transcripts(description: Description, data: InstalledData, read: Callable[[TranscriptModel], Found]) -> Found:
    """Read a description on its transcripts. A gene stands for its best transcript; only where that refuses, for the others."""
    transcripts, notes = _transcripts(description, data)
    if not transcripts or description.accession is not None:
        found = [read(one) for one in transcripts]
        return [each for one, _ in found for each in one], [*notes, *(reason for _, reasons in found for reason in reasons)]
    best, *others = transcripts
    if data.bases(best.chrom) is None and not isinstance(description.change, ProteinChange):
        return _on_all(transcripts, read, data)
    candidates, reasons = read(best)
    mark = best.mark.replace("_", " ") or "the longest; none is marked as MANE or canonical"
    if candidates:
        return candidates, [f"read on {best.accession} ({mark})", *reasons]
    notes += [f"on {best.accession} ({mark}): {reason}" for reason in reasons]
    for one in others:
        more, _ = read(one)
        candidates += more
        notes += [f"read on {one.accession}, where it fits"] if more else []
    return candidates[:_MAX_CANDIDATES], notes[:_MAX_CANDIDATES]


def _on_all(transcripts: Sequence[TranscriptModel], read: Callable[[TranscriptModel], Found], data: InstalledData) -> Found:
    """Without sequence nothing tells on which transcript of a gene the stated base lies, so each place is a candidate."""
    found = [read(one) for one in transcripts]
    candidates = _merged([each for one, _ in found for each in one], ())
    reasons = list(dict.fromkeys(reason for _, reasons in found for reason in reasons))
    if candidates:
        reasons = [f"the stated base could not be compared: no reference sequence is installed for {data.build}"]
    return candidates[:_MAX_CANDIDATES], reasons[:_MAX_CANDIDATES]


def _projected(kind: Kind, change: NucleotideChange, data: InstalledData, transcript: TranscriptModel) -> Candidate:
    exact = change.stretch.exact
    if exact is None:
        raise InvalidInputError("a change with uncertain positions names no single variant")
    ends = [transcript.to_genomic(position, is_coding=kind is Kind.CODING) for position in exact]
    if (ends[0] > ends[1]) is transcript.is_plus_strand and ends[0] != ends[1]:
        raise InvalidInputError("the first position of a stretch lies before its last")
    bases = data.bases(transcript.chrom)
    allele = to_allele(change, min(ends), max(ends), is_plus_strand=transcript.is_plus_strand, bases=bases)
    found = Candidate(
        data.build, transcript.chrom, allele.pos, allele.ref, allele.alt, transcript.gene or None, transcript.accession, None,
        None, How.PROJECTION,
    )
    return described(checked(found, data), data, transcript)


def _on_transcript(kind: Kind, change: NucleotideChange, data: InstalledData, transcript: TranscriptModel) -> Found:
    return _attempt(partial(_projected, kind, change, data, transcript))


def _through_codons(change: ProteinChange, data: InstalledData, transcript: TranscriptModel) -> Found:
    bases = data.bases(transcript.chrom)
    if bases is None:
        return [], [f"codons are read in the reference sequence, which is not installed for {data.build}"]
    try:
        changes = coding_changes(change, transcript, bases)
    except InvalidInputError as error:
        return [], [error.message]
    found = [_attempt(partial(_projected, Kind.CODING, one, data, transcript)) for one in changes[:_MAX_CANDIDATES]]
    candidates = [replace(each, how=How.PROTEIN, hgvs_p=f"p.{change}") for one, _ in found for each in one]
    return candidates, [reason for _, reasons in found for reason in reasons]


def _merged(first: Sequence[Candidate], second: Iterable[Candidate]) -> list[Candidate]:
    """Join two lists without naming one variant twice; what comes first stays."""
    kept: dict[tuple[GenomeBuild, str, int, str, str], Candidate] = {}
    for one in (*first, *second):
        kept.setdefault((one.build, one.chrom, one.pos, one.ref, one.alt), one)
    return list(kept.values())
