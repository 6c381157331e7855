"""The limits that a child process puts on itself before it touches a file of the user.

htslib, minimap2 and what is built on them are C: a hostile or unlucky file can end the process that runs them, or make it grow
without end. So they run in children that die with their parent, may use so much memory and processor time and no more, and
leave no core file.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import sys

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def confine(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process for the rest of its life; 0 bytes means that the system's own limit on memory stays."""
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
