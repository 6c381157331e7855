"""Finishes a candidate: compares the reference, aligns it to the left, and says what it is on its transcript."""

from __future__ import annotations

from dataclasses import replace

from services.errors import InvalidInputError
from services.genomics.alleles import left_align
from services.genomics.genome import beyond_chromosome_end
from services.genomics.hgvs.model import Edit, NucleotideChange
from services.genomics.hgvs.projection import Bases, describe
from services.genomics.hgvs.protein import protein_of_substitution
from services.genomics.hgvs.transcript import TranscriptModel
from services.variants.resolving import known
from services.variants.resolving.data import InstalledData
from services.variants.resolving.model import Candidate

_MAX_SHOWN = 20


def checked(candidate: Candidate, data: InstalledData) -> Candidate:
    """Return the candidate left-aligned, once its reference allele was found in the installed sequence.

    Without sequence it comes back as it is.

    :raise InvalidInputError: the chromosome is shorter, or the reference has other bases there.
    """
    if candidate.pos < 1 or beyond_chromosome_end(candidate.build, candidate.chrom, candidate.pos):
        raise InvalidInputError(f"chromosome {candidate.chrom} of {candidate.build} has no position {candidate.pos:,}")
    bases = data.bases(candidate.chrom)
    if bases is None:
        return candidate
    there = bases(candidate.pos, candidate.pos + len(candidate.ref) - 1)
    if there != candidate.ref:
        raise InvalidInputError(
            f"{data.build} has {there[:_MAX_SHOWN] or 'nothing'} at {candidate.chrom}:{candidate.pos:,}, "
            f"not {candidate.ref[:_MAX_SHOWN]}: is it another build?"
        )
    pos, ref, alt = left_align(candidate.pos, candidate.ref, candidate.alt, bases)
    return replace(candidate, pos=pos, ref=ref, alt=alt)


def described(candidate: Candidate, data: InstalledData, transcript: TranscriptModel | None = None) -> Candidate:
    """Fill in gene, transcript and HGVS: from the known variants, else on `transcript` or the best one at the place."""
    known_one = known.at(candidate)
    if known_one is not None and transcript is None:
        mane = known.mane_of(known_one.gene)
        coding = f"{mane}:{known_one.coding}" if mane and known_one.coding else known_one.coding
        return replace(
            candidate, gene=known_one.gene, transcript=mane, hgvs_c=coding or None, hgvs_p=known_one.protein or None
        )
    bases = data.bases(candidate.chrom)
    chosen = transcript or next(iter(data.at(candidate.chrom, candidate.pos, candidate.pos + len(candidate.ref) - 1)), None)
    if chosen is None:
        return candidate
    change = _change(candidate, chosen, bases)
    letter = "c" if chosen.coding is not None else "n"
    protein = None if change is None or bases is None else _protein(change, chosen, bases)
    return replace(
        candidate, gene=candidate.gene or chosen.gene or None, transcript=candidate.transcript or chosen.accession,
        hgvs_c=candidate.hgvs_c or (f"{chosen.accession}:{letter}.{change}" if change is not None else None),
        hgvs_p=candidate.hgvs_p or protein,
    )  # fmt: skip


def _change(candidate: Candidate, transcript: TranscriptModel, bases: Bases | None) -> NucleotideChange | None:
    is_one_base = len(candidate.ref) == len(candidate.alt) == 1
    if bases is None and not is_one_base:
        return None  # how far a description moves 3' is written in the sequence
    return describe(candidate.pos, candidate.ref, candidate.alt, transcript, bases or _no_bases)


def _no_bases(_start: int, _end: int) -> str:
    return ""


def _protein(change: NucleotideChange, transcript: TranscriptModel, bases: Bases) -> str | None:
    exact = change.stretch.exact
    if transcript.coding is None or change.edit is not Edit.SUBSTITUTION or exact is None:
        return None
    position = exact[0]
    if position.base is None or position.base < 1 or position.offset or position.is_after_stop:
        return None
    protein = protein_of_substitution(position.base, change.alt, transcript, bases)
    return None if protein is None else f"p.{protein}"
