"""Call variants from reads and hold the calls against a truth set.

    python -m validation.variant_calling --reads A [B] --reference FA --truth VCF [--threads N] [--keep DIRECTORY]
    python -m validation.variant_calling --simulate LENGTH --depth 30 --seed 1

Both sides are split to one allele a line and left-aligned against the reference before they are compared by place and alleles;
of the calls only those that pass all filters count. Genotypes are compared where the truth has them, without phase. With
`--simulate` a random region, a diploid genome and read pairs are made first (`validation.read_simulation`). The last line of the
output is JSON: `snv_recall`, `snv_precision`, `indel_recall`, `indel_precision`, `genotype_concordance`, `seconds`; a share of
nothing is null.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.variants.calling.model import CallingRequest, Design, Lane, SampleReads
from services.variants.calling.references import usable_reference
from services.variants.calling.service import call_variants
from services.variants.calling.tools import Command, ToolLimits, never, run
from validation.read_simulation import Simulation, simulate

Allele = tuple[str, int, str, str]
Genotype = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What agrees, by kind of variant."""

    truth: dict[Allele, Genotype | None]
    calls: dict[Allele, Genotype | None]

    def recall(self, *, snv: bool) -> float | None:
        wanted = {allele for allele in self.truth if is_snv(allele) == snv}
        return len(wanted & self.calls.keys()) / len(wanted) if wanted else None

    def precision(self, *, snv: bool) -> float | None:
        called = {allele for allele in self.calls if is_snv(allele) == snv}
        return len(called & self.truth.keys()) / len(called) if called else None

    @property
    def genotype_concordance(self) -> float | None:
        both = [allele for allele in self.truth.keys() & self.calls.keys() if self.truth[allele] is not None]
        return sum(self.truth[allele] == self.calls[allele] for allele in both) / len(both) if both else None

    def differences(self) -> Iterable[str]:
        """Yield a line of text for each disagreement."""
        for allele in sorted(self.truth.keys() | self.calls.keys()):
            place = "{}:{} {}>{}".format(*allele)
            if allele not in self.calls:
                yield f"missed     {place}"
            elif allele not in self.truth:
                yield f"unexpected {place}"
            elif self.truth[allele] is not None and self.truth[allele] != self.calls[allele]:
                yield f"genotype   {place}: truth {self.truth[allele]}, called {self.calls[allele]}"


def is_snv(allele: Allele) -> bool:
    return len(allele[2]) == len(allele[3]) == 1


def read_alleles(vcf: Path, reference: Path, folder: Path) -> dict[Allele, Genotype | None]:
    """Return the alleles of a VCF's first sample (or of all lines without samples) that pass its filters, normalised."""
    plain = folder / f"normal.{len(list(folder.iterdir()))}.vcf"
    command = Command.of("bcftools", "norm", "-f", reference, "-m", "-any", "-Ov", vcf.resolve())
    run(command, limits=ToolLimits(), output=plain)
    found: dict[Allele, Genotype | None] = {}
    with plain.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t")
            genotype = _genotype(fields)
            carried = genotype is None or any(genotype)
            if fields[6] in ("PASS", ".") and carried and fields[4].isalpha():
                found[fields[0], int(fields[1]), fields[3].upper(), fields[4].upper()] = genotype
    return found


def _genotype(fields: list[str]) -> Genotype | None:
    """Return how many copies of the allele each place of the genotype has, sorted; None where the file does not say."""
    if len(fields) < 10 or "GT" not in fields[8].split(":"):
        return None
    text = fields[9].split(":")[fields[8].split(":").index("GT")].replace("|", "/")
    return None if "." in text else tuple(sorted(int(part == "1") for part in text.split("/")))


def compare(reads: list[Path], reference: Path, truth: Path, threads: int, keep: Path | None) -> tuple[Comparison, float]:
    """Call the variants of one sample and compare them; the second is the seconds that calling took."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lane = Lane(reads[0], reads[1] if len(reads) > 1 else None)
        started = time.monotonic()
        request = CallingRequest(Design.GERMLINE, (SampleReads("sample", (lane,)),), reference, threads=threads)
        result = call_variants(request, keep or folder / "calls")
        seconds = time.monotonic() - started
        usable = usable_reference(reference, folder, never)
        return Comparison(read_alleles(truth, usable, folder), read_alleles(result.vcf, usable, folder)), seconds


def summary(comparison: Comparison, seconds: float) -> dict[str, float | None]:
    return {
        "snv_recall": comparison.recall(snv=True), "snv_precision": comparison.precision(snv=True),
        "indel_recall": comparison.recall(snv=False), "indel_precision": comparison.precision(snv=False),
        "genotype_concordance": comparison.genotype_concordance, "seconds": round(seconds, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", nargs="+", type=Path, help="FASTQ of single reads, or two of pairs")
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a new folder for the BAM and the VCF")
    parser.add_argument("--simulate", type=int, metavar="LENGTH", help="make a region of so many bases and its reads")
    parser.add_argument("--depth", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        reads, reference, truth = arguments.reads, arguments.reference, arguments.truth
        if arguments.simulate:
            made = simulate(Simulation(length=arguments.simulate, depth=arguments.depth, seed=arguments.seed), Path(scratch))
            reads, reference, truth = [made.first, made.second], made.reference, made.truth
        if not reads or reference is None or truth is None or len(reads) > 2:
            parser.error("--reads A [B], --reference and --truth are needed, or --simulate")
        comparison, seconds = compare(reads, reference, truth, arguments.threads, arguments.keep)
    for line in comparison.differences():
        print(line)
    print(json.dumps(summary(comparison, seconds)))


if __name__ == "__main__":
    main()
