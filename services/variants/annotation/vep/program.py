"""Runs the installed program `vep` with its offline cache: no connection is made, no shell is involved.

The options are those of Ensembl's documentation. `--offline` keeps VEP from every connection; HGVS names need the sequence, so
that they are asked for only where one is installed. `--flag_pick` marks the entry that VEP itself would show.
SEE: McLaren W and others, "The Ensembl Variant Effect Predictor", Genome Biology 2016.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from services.errors import InvalidInputError, UnavailableError
from services.variants.annotation.model import ShouldStop
from services.variants.annotation.vep.source import VepSource
from services.variants.calling.tools import plain
from services.variants.vcf.importing import StoppedError

_LOOK_SECONDS = 0.1
_MOST_SECONDS = 12 * 3600.0
_BUFFER = "5000"
_KEPT = 20_000
_VERSION = re.compile(r'^##VEP="?v?([0-9]{1,4}(?:\.[0-9]{1,4})?)"?', re.MULTILINE)
_CACHE = re.compile(r'cache="[^"]{0,2000}?([0-9]{1,4})_(GRCh3[78])/?"')
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Answers:
    """The VCF that VEP wrote, and the version it names."""

    vcf: Path
    version: str


def run_vep(source: VepSource, asked: Path, sequence: Path | None, folder: Path, should_stop: ShouldStop) -> Answers:
    """Annotate the VCF `asked`; everything is written in `folder`.

    :raise InvalidInputError: VEP refused its input, its cache is not installed, or is of another build.
    :raise UnavailableError: it could not be started, or needed too long.
    :raise StoppedError: told to stop; nothing of it runs any more.
    """
    answers = folder / "answers.vcf"
    line = [
        source.where, "--offline", "--cache", "--species", "homo_sapiens", "--assembly", str(source.build),
        *(["--dir_cache", source.cache] if source.cache else []),
        "--format", "vcf", "--input_file", str(asked), "--vcf", "--output_file", str(answers), "--no_stats", "--force_overwrite",
        "--symbol", "--biotype", "--canonical", "--mane", "--allele_number", "--flag_pick", "--buffer_size", _BUFFER,
        *(["--hgvs", "--fasta", str(sequence)] if sequence else []),
    ]  # fmt: skip
    _run(line, source, folder, should_stop)
    if not answers.is_file():
        raise InvalidInputError("vep ended without a result")
    with answers.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD_BYTES)
    version, cache = _VERSION.search(head), _CACHE.search(head)
    if cache is not None and cache[2] != source.build:
        raise InvalidInputError(f"the cache that vep used is of {cache[2]}, the table of {source.build}")
    told = version[1] if version else "of a version it does not name"
    return Answers(answers, f"{told}, cache {cache[1]}" if cache else told)


def _run(line: list[str], source: VepSource, folder: Path, should_stop: ShouldStop) -> None:
    """Run the program in our process group, so that it ends with the job."""
    program = Path(source.where)
    # no secret of ours; HOME is where VEP looks for its cache when none is named
    path = os.pathsep.join((str(program.parent), os.defpath, "/usr/local/bin"))
    home = str(folder) if source.cache else os.path.expanduser("~")
    environment = {"PATH": path, "HOME": home, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    deadline = time.monotonic() + _MOST_SECONDS
    with (folder / "vep.log").open("w+b") as log:
        try:
            child = subprocess.Popen(  # noqa: S603 - the program the settings name; every argument is one of ours, no shell
                line, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        except OSError as error:
            raise UnavailableError(f"vep could not be started ({error.strerror}): is AUTO_VEP_PROGRAM right?") from error
        try:
            while child.poll() is None:
                if should_stop():
                    raise StoppedError
                if time.monotonic() > deadline:
                    raise UnavailableError("vep did not end within 12 hours and was given up")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=_LOOK_SECONDS)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        log.seek(max(0, log.seek(0, os.SEEK_END) - _KEPT))
        text = log.read().decode("utf-8", "replace")
    if child.returncode != 0:
        raise InvalidInputError(f"vep ended with code {child.returncode}: {_said(text) or 'it said nothing'}")


def _said(text: str) -> str:
    """Return VEP's reason: the line behind MSG in its exceptions, else what it wrote last; no line of the input, no path."""
    found = re.search(r"^(?:MSG|ERROR): ?(.{1,300})", text, re.MULTILINE)
    return plain(found[1] if found else (text.strip().splitlines() or [""])[-1])[:300]
