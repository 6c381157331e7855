"""`python -m demo_data --out DIR`: write the demo patients' PDFs."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo_data.render import render_all


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(prog="python -m demo_data", description="Write the demo patients' PDF records.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; created when absent")
    directory = parser.parse_args().out
    for patient_id, paths in render_all(directory).items():
        print(f"{patient_id}: {len(paths)} documents")


if __name__ == "__main__":
    main()
