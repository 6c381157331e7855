"""A region with known variants, and the reads that a sequencer would make of it.

The region is random sequence with what makes calling hard in real genomes: homopolymers, short tandem repeats, and a segment
that occurs twice. A diploid genome is made from it with SNVs and short insertions and deletions, some of them in those repeats,
heterozygous on either copy or homozygous. Read pairs come from both copies with errors that follow their qualities, quality
falling towards the end of the read. Everything follows from the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

_BASES = "ACGT"
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_LEAST_DISTANCE = 25


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to make. Rates are per base; `depth` is the mean number of reads over a position."""

    length: int = 100_000
    depth: float = 30.0
    seed: int = 1
    read_length: int = 150
    fragment: int = 400
    fragment_spread: int = 50
    snv_rate: float = 0.001
    indel_rate: float = 0.0002
    longest_indel: int = 12
    sample: str = "sample"
    contig: str = "sim1"


@dataclass(frozen=True, slots=True)
class Simulated:
    """The files that were made."""

    reference: Path
    first: Path
    second: Path
    truth: Path


@dataclass(frozen=True, slots=True)
class Change:
    """A variant before it is normalised: 1-based position and genotype as two copies."""

    position: int
    ref: str
    alt: str
    copies: tuple[int, int]


def simulate(simulation: Simulation, folder: Path) -> Simulated:
    """Write reference, truth and read pairs into a folder."""
    chance = random.Random(simulation.seed)  # noqa: S311 - a seeded simulation, nothing secret
    sequence = region(simulation.length, chance)
    changes = variants(sequence, simulation, chance)
    made = Simulated(*(folder / name for name in ("reference.fa", "reads_1.fastq", "reads_2.fastq", "truth.vcf")))
    lines = [sequence[at : at + 60] for at in range(0, len(sequence), 60)]
    made.reference.write_text(f">{simulation.contig}\n" + "\n".join(lines) + "\n", encoding="ascii")
    write_truth(made.truth, changes, simulation)
    copies = [haplotype(sequence, changes, copy) for copy in (0, 1)]
    write_reads(made.first, made.second, copies, simulation, chance)
    return made


def region(length: int, chance: random.Random) -> str:
    """Return random sequence with homopolymers, short tandem repeats, and one segment that occurs twice."""
    parts: list[str] = []
    size = 0
    while size < length:
        part = "".join(chance.choices(_BASES, weights=(3, 2, 2, 3), k=chance.randint(150, 600)))
        unit = "".join(chance.choices(_BASES, k=chance.choice((1, 1, 2, 3, 4))))
        part += unit * chance.randint(4, 9)
        parts.append(part)
        size += len(part)
    text = "".join(parts)[:length]
    if length >= 20_000:
        text = text[: length - 2_000] + text[5_000:6_000] + text[length - 1_000 :]
    return text


def variants(sequence: str, simulation: Simulation, chance: random.Random) -> list[Change]:
    """Draw variants that keep their distance from each other and from the ends; none in the segment that occurs twice."""
    count = round(len(sequence) * (simulation.snv_rate + simulation.indel_rate))
    indels = round(len(sequence) * simulation.indel_rate)
    taken: list[Change] = []
    used: set[int] = set()
    twice = [range(4_800, 6_200), range(len(sequence) - 2_200, len(sequence) - 800)] if len(sequence) >= 20_000 else []
    while len(taken) < count:
        at = chance.randrange(1_000, len(sequence) - 1_000)
        bin_of = at // (2 * _LEAST_DISTANCE)
        if used & {bin_of - 1, bin_of, bin_of + 1} or any(at in part for part in twice):
            continue
        used.add(bin_of)
        copies = chance.choice(((0, 1), (1, 0), (1, 1)))
        base = sequence[at]
        if len(taken) < indels:
            size = min(simulation.longest_indel, 1 + int(chance.expovariate(0.4)))
            if chance.random() < 0.5:
                taken.append(Change(at + 1, sequence[at : at + size + 1], base, copies))
            else:
                taken.append(Change(at + 1, base, base + "".join(chance.choices(_BASES, k=size)), copies))
        else:
            taken.append(Change(at + 1, base, chance.choice(_BASES.replace(base, "")), copies))
    return sorted(taken, key=lambda change: change.position)


def haplotype(sequence: str, changes: list[Change], copy: int) -> str:
    """Return one copy of the genome."""
    parts: list[str] = []
    at = 0
    for change in changes:
        if change.copies[copy]:
            parts += [sequence[at : change.position - 1], change.alt]
            at = change.position - 1 + len(change.ref)
    return "".join([*parts, sequence[at:]])


def write_truth(path: Path, changes: list[Change], simulation: Simulation) -> None:
    header = [
        "##fileformat=VCFv4.2", f"##contig=<ID={simulation.contig},length={simulation.length}>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", simulation.sample)),
    ]  # fmt: skip
    rows = [
        f"{simulation.contig}\t{one.position}\t.\t{one.ref}\t{one.alt}\t.\tPASS\t.\tGT\t{one.copies[0]}|{one.copies[1]}"
        for one in changes
    ]
    path.write_text("\n".join([*header, *rows]) + "\n", encoding="ascii")


def write_reads(first: Path, second: Path, copies: list[str], simulation: Simulation, chance: random.Random) -> None:
    """Write read pairs from both copies, each fragment from either strand."""
    pairs = round(simulation.length * simulation.depth / (2 * simulation.read_length))
    size = simulation.read_length
    with first.open("w", encoding="ascii") as ones, second.open("w", encoding="ascii") as twos:
        for number in range(pairs):
            copy = copies[chance.randrange(2)]
            length = max(size + 20, round(chance.gauss(simulation.fragment, simulation.fragment_spread)))
            start = chance.randrange(0, len(copy) - length)
            fragment = copy[start : start + length]
            if chance.random() < 0.5:
                fragment = fragment.translate(_COMPLEMENT)[::-1]
            mates = (fragment[:size], fragment[-size:].translate(_COMPLEMENT)[::-1])
            for target, mate, bases in ((ones, 1, mates[0]), (twos, 2, mates[1])):
                read, qualities = _sequenced(bases, chance)
                target.write(f"@read{number}/{mate}\n{read}\n+\n{qualities}\n")


def _sequenced(bases: str, chance: random.Random) -> tuple[str, str]:
    """Return the bases with errors as frequent as their qualities say."""
    read: list[str] = []
    qualities: list[str] = []
    for cycle, base in enumerate(bases):
        quality = max(2, min(40, round(chance.gauss(36 - 10 * (cycle / len(bases)) ** 2, 3))))
        wrong = chance.random() < 10 ** (-quality / 10)
        read.append(chance.choice(_BASES.replace(base, "")) if wrong else base)
        qualities.append(chr(33 + quality))
    return "".join(read), "".join(qualities)
