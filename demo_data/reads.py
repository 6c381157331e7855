"""`python -m demo_data.reads --out DIR`: write the demo reads: a small reference, a pair of FASTQ files, and their truth.

Everything is simulated from a fixed seed: the reference is random sequence and no part of any genome, so nothing found in it says
anything about anybody. The variants that were put in stand in `demo_truth.vcf`, for comparison with what is called.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from validation.read_simulation import Simulation, simulate

_SIMULATION = Simulation(
    length=15_000, depth=30.0, seed=20262, snv_rate=0.0016, indel_rate=0.0004, sample="DEMO", contig="simulated_demo"
)
_PACKED = 6


@dataclass(frozen=True, slots=True)
class DemoReads:
    """The files by what they are (`reference`, `first`, `second`), and how to call them."""

    files: Mapping[str, Path]
    truth: Path
    name: str
    sample: str
    notes: str


def write_reads(folder: Path) -> DemoReads:
    """Write the demo reads into an existing folder. The same bytes each time."""
    made = simulate(_SIMULATION, folder)
    files = {"reference": made.reference.rename(folder / "demo_reference.fa")}
    for part, path in (("first", made.first), ("second", made.second)):
        number = {"first": 1, "second": 2}[part]
        files[part] = folder / f"demo_L001_R{number}.fastq.gz"
        files[part].write_bytes(gzip.compress(path.read_bytes(), _PACKED, mtime=0))
        path.unlink()
    truth = made.truth.rename(folder / "demo_truth.vcf")
    return DemoReads(
        files, truth, "Demo reads (simulated)", _SIMULATION.sample,
        "Simulated reads of a simulated reference: random sequence of no genome. Nothing here is about a person.",
    )


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(prog="python -m demo_data.reads", description="Write the simulated demo reads.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; created when absent")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    made = write_reads(folder)
    for path in (*made.files.values(), made.truth):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
