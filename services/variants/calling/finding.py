"""Sorted alignments to a filtered VCF: `bcftools mpileup` and `call`, window by window, in children joined by pipes.

The reference is cut into windows; a window's candidates are piled up, called, split to one allele a line, left-aligned and
written to a file of its own. Windows run side by side, `threads` at a time; each is bounded in memory. Germline samples go
through bcftools' multiallelic model (Danecek P, Schiffels S, Durbin R 2014, "Multiallelic calling model in bcftools"). Tumours
do not: a diploid model misses fractions below about a quarter, so their alleles are counted and reported by rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.variants.calling.filtering import Tally, filter_lines, fraction, germline_filters, tumour_filters
from services.variants.calling.model import SOMATIC, CallingRequest, CallReport, Design, Interval
from services.variants.calling.tools import Command, Progress, ShouldStop, ToolLimits, run, run_joined
from services.variants.vcf.importing import StoppedError

WINDOW = 2_000_000
_MOST_REGIONS = 1_000
"""Of one window: they stand on a command line."""
_TAGS = "FORMAT/AD,FORMAT/ADF,FORMAT/ADR,FORMAT/DP,FORMAT/SP,INFO/AD"
_ADDED = {
    "AF": '##FORMAT=<ID=AF,Number=A,Type=Float,Description="Share of the reads that show the allele">',
    "GT": '##FORMAT=<ID=GT,Number=1,Type=String,Description="0/1 where the allele was seen: a fraction is no diploid genotype">',
    "SOMATIC": '##INFO=<ID=SOMATIC,Number=0,Type=Flag,Description="Seen in the tumour, not in the normal at enough depth">',
}


@dataclass(frozen=True, slots=True)
class Window:
    """One or more regions, each `contig:first-last` (1-based, inclusive), that are called by one child."""

    regions: tuple[str, ...]


def windows(index: Path, size: int = WINDOW, intervals: Sequence[Interval] = ()) -> Iterator[Window]:
    """Cut the sequences of a FASTA index, or the intervals, into windows in their order; small ones share one."""
    gathered: list[str] = []
    bases = 0
    for one in intervals or whole_sequences(index):
        for first in range(one.first, one.last + 1, size):
            last = min(one.last, first + size - 1)
            if gathered and (bases + last - first + 1 > size or len(gathered) >= _MOST_REGIONS):
                yield Window(tuple(gathered))
                gathered, bases = [], 0
            gathered.append(f"{{{one.contig}}}:{first}-{last}" if ":" in one.contig else f"{one.contig}:{first}-{last}")
            bases += last - first + 1
    if gathered:
        yield Window(tuple(gathered))


def whole_sequences(index: Path) -> Iterator[Interval]:
    """Yield each sequence of a FASTA index from end to end."""
    with index.open(encoding="utf-8") as lines:
        for line in lines:
            name, length = line.split("\t")[:2]
            if int(length):
                yield Interval(name, 1, int(length))


def find_variants(
    bams: Sequence[Path], request: CallingRequest, reference: Path, folder: Path, *, report: Progress, should_stop: ShouldStop
) -> tuple[Path, CallReport]:
    """Write `calls.vcf.gz` with its index into `folder`; returns it with what was counted. Raises what `run_joined` raises."""
    parts = list(windows(Path(f"{reference}.fai"), intervals=request.intervals))
    finder = _Finder(bams, request, reference, folder, should_stop)
    finder.prepare()
    _all(parts, finder, request.threads, report)
    plain, tally = folder / "calls.vcf", Tally()
    with plain.open("w", encoding="utf-8") as target:
        for number in range(len(parts)):
            with finder.part(number).open(encoding="utf-8") as lines:
                _pass_on(lines, target, request, tally, with_header=number == 0)
            finder.part(number).unlink()
    packed = folder / "calls.vcf.gz"
    run(Command.of("bcftools", "view", "--no-version", "-Oz", plain), limits=ToolLimits(), should_stop=should_stop, output=packed)
    run(Command.of("bcftools", "index", "--tbi", packed), limits=ToolLimits(), should_stop=should_stop)
    plain.unlink()
    return packed, tally.report()


def _all(parts: Sequence[Window], finder: _Finder, threads: int, report: Progress) -> None:
    """Call the windows, `threads` at a time; the first failure ends the rest."""
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        waiting: set[Future[None]] = {pool.submit(finder.call, number, part) for number, part in enumerate(parts)}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += 1
                report(done / len(parts), f"Calling: {done:,} of {len(parts):,} windows")
        except BaseException:
            finder.give_up = True
            pool.shutdown(wait=True, cancel_futures=True)
            raise


class _Finder:
    """Calls windows of one set of samples."""

    def __init__(
        self, bams: Sequence[Path], request: CallingRequest, reference: Path, folder: Path, should_stop: ShouldStop
    ) -> None:
        self._bams = bams
        self._request = request
        self._reference = reference
        self._folder = folder
        self._should_stop = should_stop
        self._samples = folder / "samples.txt"
        self.give_up = False

    def prepare(self) -> None:
        """Write the samples with their sex, where bcftools is to know it."""
        sexes = [f"{sample.name}\t{sample.sex}\n" for sample in self._request.samples if sample.sex]
        self._samples.write_text("".join(sexes), encoding="utf-8")

    def part(self, number: int) -> Path:
        return self._folder / f"part{number:06d}.vcf"

    def call(self, number: int, window: Window) -> None:
        def stopped() -> bool:
            return self.give_up or self._should_stop()

        if stopped():
            raise StoppedError
        regions = ",".join(window.regions)
        chain = [self._pileup(regions), *self._calling(), self._normalising()]
        run_joined(chain, limits=ToolLimits(), should_stop=stopped, output=self.part(number))

    def _pileup(self, regions: str) -> Command:
        rules = self._request.thresholds
        sensitive = ["--min-ireads", "2", "--gap-frac", "0.05", "--per-sample-mF"]
        return Command.of(
            "bcftools", "mpileup", "--no-version", "-Ou", "-f", self._reference, "-r", regions, "-a", _TAGS,
            "-q", str(rules.mapping_quality), "-Q", str(rules.base_quality), "--max-depth", str(rules.most_depth),
            "--max-idepth", str(rules.most_depth), *sensitive, *self._bams,
        )

    def _calling(self) -> list[Command]:
        if self._request.design in SOMATIC:
            return [Command.of("bcftools", "view", "--no-version", "-Ou", "--trim-unseen-allele", "--min-alleles", "2", "-")]
        ploidy = ["--ploidy", "2"]
        if self._request.assembly and all(sample.sex for sample in self._request.samples):
            ploidy = ["--ploidy", self._request.assembly, "-S", str(self._samples)]
        return [Command.of("bcftools", "call", "--no-version", "-mv", "-Ou", "-a", "FORMAT/GQ", *ploidy, "-")]

    def _normalising(self) -> Command:
        return Command.of("bcftools", "norm", "--no-version", "-f", self._reference, "-m", "-any", "-Ov", "-")


def _pass_on(lines: IO[str], target: IO[str], request: CallingRequest, tally: Tally, *, with_header: bool) -> None:
    """Copy lines, with FILTER filled in; the header of the first part is everybody's."""
    for line in lines:
        if line.startswith("#"):
            if with_header:
                target.write("".join(f"{added}\n" for added in _added(line, request)) + line)
            continue
        fields = line.rstrip("\n").split("\t")
        filled = _filled(fields, request)
        if filled is not None:
            tally.add(fields[3].upper(), fields[4].upper(), [] if filled[6] == "PASS" else filled[6].split(";"))
            target.write("\t".join(filled) + "\n")


def _added(line: str, request: CallingRequest) -> list[str]:
    if not line.startswith("#CHROM"):
        return []
    added = filter_lines(request.design, request.thresholds)
    if request.design in SOMATIC:
        added += [_ADDED["AF"], _ADDED["GT"], _ADDED["SOMATIC"]]
    return added


def _filled(fields: list[str], request: CallingRequest) -> list[str] | None:
    if request.design not in SOMATIC:
        fields[6] = ";".join(germline_filters(fields, request.thresholds)) or "PASS"
        return fields
    has_normal = request.design is Design.TUMOUR_NORMAL
    failed = tumour_filters(fields, request.thresholds, has_normal=has_normal)
    if failed is None:
        return None
    fractions = [fraction(fields, at) for at in range(9, len(fields))]
    fields[6] = ";".join(failed) or "PASS"
    if has_normal and not failed:
        fields[7] += ";SOMATIC"
    fields[8] = f"GT:{fields[8]}:AF"
    for at, share in enumerate(fractions, start=9):
        seen = share != "." and float(share) > 0
        fields[at] = f"{'0/1' if seen else './.' if share == '.' else '0/0'}:{fields[at]}:{share}"
    fields[5] = "."  # mpileup has no model of a call: its zero would read as a bad one
    return fields
