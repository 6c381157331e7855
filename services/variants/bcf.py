"""BCF to VCF text, in a child process.

htslib decodes BCF; a hostile file can end the process that runs it, so it never runs in the dashboard's own. The child has
limits on memory and time, inherits no environment, and writes VCF text to a pipe. Line numbers of problems then count lines of
that text, as `bcftools view` shows it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from services.variants.problems import UnusableFileError, error

_PIECE = 1 << 20
_MEMORY_BYTES = 2 * 1024**3
_CPU_SECONDS = 3_600
_CHILD = """
import sys
import pysam
import pysam.bcftools
pysam.set_verbosity(1)
pysam.bcftools.view("--no-version", sys.argv[1], catch_stdout=False)
"""


def bcf_as_text(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield VCF text of a BCF file in pieces; raises UnusableFileError when htslib refuses the file or dies on it.

    The second member of each pair is the size of the file: how far htslib has read is not known.
    """
    size = path.stat().st_size
    command = [sys.executable, "-I", "-c", _CHILD, str(path.resolve())]
    process = subprocess.Popen(  # noqa: S603 (fixed program, the path is one argument and no shell is involved)
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, cwd="/", preexec_fn=_limit
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        while piece := process.stdout.read(_PIECE):
            yield piece, size
        message = process.stderr.read(2_000).decode("utf-8", "replace")
        if process.wait(timeout=60) != 0:
            detail = " ".join(message.split())[-200:] or f"the reader stopped with code {process.returncode}"
            raise UnusableFileError(error(None, "file", "", f"cannot be read as BCF: {_without_path(detail, path)}", "file.bcf"))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _without_path(message: str, path: Path) -> str:
    return message.replace(str(path.resolve()), "the file")
