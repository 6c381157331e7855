"""Hold the predicted consequences against files that say what is expected.

    python -m validation.consequences DIRECTORY

The directory has one folder per gene slice with a FASTA, a GFF3 and VCF files; `EXP` in the INFO column is what is expected,
written as `bcftools csq` writes it: entries joined by commas, `.` for none, `@123` where the effect stands at position 123.
The variants of one file lie on one chromosome copy. The last line of the output is JSON: `correct` and `total` records.

Entries are compared as sets of what they state. Two ways of writing are read as the same, because one follows from the other:
`NMD_transcript` repeats the biotype NMD, and `synonymous&start_lost` of one residue is the contradictory older name of
`start_retained` (the start codon reads the same). `literal` counts the records that agree to the letter.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.errors import ParatopeError
from services.variants.consequences.gene_model import opened
from services.variants.consequences.model import Phasing, TranscriptConsequence, VariantConsequences
from services.variants.consequences.parsing import parse_entries
from services.variants.consequences.predicting import ConsequenceRequest, predict

Statement = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One record with an expectation."""

    place: str
    expected: str
    correct: bool
    literal: bool
    found: str


def judge_folder(folder: Path) -> list[Judged]:
    """Judge every VCF of a folder; a file that cannot be predicted counts all its records as wrong."""
    judged: list[Judged] = []
    reference, genes = _one(folder, "*.fa*"), _one(folder, "*.gff*")
    for vcf in sorted(path for path in folder.glob("*.vcf*") if path.suffix in (".vcf", ".gz")):
        expected = read_expectations(vcf)
        if not expected:
            continue
        reason = ""
        found: dict[int, list[VariantConsequences]] = {}
        try:
            found = _predicted(vcf, genes, reference)
        except ParatopeError as error:
            reason = error.message
        name = f"{vcf.parent.name}/{vcf.name}"
        judged += [_judge(f"{name}:{line}", text, found.get(line), reason) for line, text in expected.items()]
    return judged


def read_expectations(vcf: Path) -> dict[int, str]:
    """Return the expected text by number of line."""
    with opened(vcf) as lines:
        numbered = [(number, line.decode("utf-8")) for number, line in enumerate(lines, start=1)]
    rows = [(number, line.rstrip("\n").split("\t")) for number, line in numbered if not line.startswith("#")]
    found = {}
    for number, fields in rows:
        text = next((part[4:] for part in fields[7].split(";") if part.startswith("EXP=")), None) if len(fields) > 7 else None
        if text is not None:
            found[number] = text
    return found


def statements(consequences: list[TranscriptConsequence]) -> set[Statement]:
    """Return what a list of entries states, with the two equivalences of this module applied."""
    return {_statement(one) for one in consequences}


def _statement(one: TranscriptConsequence) -> Statement:
    terms = set(one.terms)
    if one.biotype == "NMD" and len(terms) > 1:
        terms.discard("NMD_transcript_variant")
    amino_acids, nucleotides, strand = one.amino_acids, one.nucleotides, one.strand
    if {"synonymous_variant", "start_lost"} <= terms:
        terms = terms - {"synonymous_variant", "start_lost"} | {"start_retained_variant"}
    if "start_retained_variant" in terms:
        amino_acids, nucleotides = None, ()
    return one.behind_a_stop, frozenset(terms), one.gene, one.transcript, one.biotype, strand, amino_acids, nucleotides


def _predicted(vcf: Path, genes: Path, reference: Path) -> dict[int, list[VariantConsequences]]:
    found: dict[int, list[VariantConsequences]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        request = ConsequenceRequest(vcf, genes, reference, Phasing.AS_WRITTEN, every_transcript=False)
        for record in predict(request, Path(scratch)).records():
            found.setdefault(record.line, []).append(record)
    return found


def _judge(place: str, expected: str, records: list[VariantConsequences] | None, reason: str) -> Judged:
    if records is None:
        return Judged(place, expected, False, False, reason or "no record came back")
    consequences = [one for record in records for one in record.consequences]
    elsewhere = {position for record in records for position in record.combined_at}
    wanted, wanted_elsewhere = parse_entries(expected, {})
    same_places = elsewhere == set(wanted_elsewhere)
    literal = same_places and set(map(_letters, consequences)) == set(map(_letters, wanted))
    correct = same_places and statements(consequences) == statements(wanted)
    shown = [_letters(one) for one in consequences] + [f"@{position}" for position in sorted(elsewhere)]
    return Judged(place, expected, correct, literal, ", ".join(map(str, shown)) or "none")


def _letters(one: TranscriptConsequence) -> Statement:
    strand = one.strand
    return one.behind_a_stop, one.terms, one.gene, one.transcript, one.biotype, strand, one.amino_acids, one.nucleotides


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(path for path in folder.glob(pattern) if path.suffix not in (".fai", ".gzi", ".tbi", ".csi"))
    if len(found) != 1:
        raise SystemExit(f"{folder} must hold exactly one {pattern}: found {len(found)}")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    folders = sorted({path.parent for path in directory.rglob("*.vcf*")})
    judged = [one for folder in folders for one in judge_folder(folder)]
    for one in judged:
        if not one.correct:
            print(f"WRONG {one.place}: expected {one.expected}; found {one.found}")
        elif not one.literal:
            print(f"same  {one.place}: expected {one.expected}; found {one.found}")
    correct = sum(one.correct for one in judged)
    print(json.dumps({"correct": correct, "total": len(judged), "literal": sum(one.literal for one in judged)}))


if __name__ == "__main__":
    main()
