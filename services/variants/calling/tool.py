"""The child that runs one command of samtools or bcftools:

    python -m services.variants.calling.tool MEMORY_BYTES CPU_SECONDS samtools|bcftools COMMAND ARGUMENT...

Standard input and output are the command's own, so that commands can be joined by pipes. What it complains about goes to
standard error.
"""

from __future__ import annotations

import sys
from typing import Any

from services.variants.calling.confinement import confine

_CAPTURED = frozenset({"flagstat", "stats"})
"""Commands whose output pysam loses unless it collects it; theirs is small."""


def main() -> int:
    memory_bytes, cpu_seconds, program, command, *arguments = sys.argv[1:]
    confine(int(memory_bytes), int(cpu_seconds))
    import pysam.bcftools
    import pysam.samtools
    from pysam.utils import SamtoolsError

    module: Any = {"samtools": pysam.samtools, "bcftools": pysam.bcftools}[program]
    captured = command in _CAPTURED
    try:
        answer = getattr(module, command)(*arguments, catch_stdout=captured)
    except SamtoolsError as error:
        sys.stderr.write(str(error))
        return 1
    if captured:
        sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
