"""Commands of samtools and bcftools, and modules of ours that use C libraries, in children that can be killed.

One command is `run(...)`; commands that feed each other are `run_joined(...)`, connected by pipes of the operating system, so
that nothing but the last result is written down. Whoever calls gives a `should_stop` that is asked several times a second.
Children stay in the process group of whoever starts them: a job that is killed takes them along, those of its last instant too.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.errors import InvalidInputError, UnavailableError
from services.evidence.documents.processes import import_path
from services.variants.vcf.importing import StoppedError

Progress = Callable[[float, str], None]
"""Called with the share of the work that is done (0 to 1) and what to show."""
ShouldStop = Callable[[], bool]

_LOOK_SECONDS = 0.05
_KEPT_MESSAGE = 2_000
_NO_MEMORY = ("memoryerror", "out of memory", "allocate memory", "failed to map segment", "bad_alloc")
_TOOL = "services.variants.calling.tool"


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """What one child may use. `memory_bytes` is address space; 0 leaves the system's limit."""

    memory_bytes: int = 4 * 1024**3
    cpu_seconds: int = 12 * 3600
    wall_seconds: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Command:
    """One child: a module of ours and its arguments."""

    name: str
    """What a message calls it, such as "bcftools csq"."""
    module: str
    arguments: tuple[str, ...]

    @classmethod
    def of(cls, program: str, command: str, *arguments: str | Path) -> Command:
        """Name a command of samtools or bcftools."""
        return cls(f"{program} {command}", _TOOL, (program, command, *(str(one) for one in arguments)))


def never() -> bool:
    """Answer that nobody wants the work to stop."""
    return False


def silent(_share: float, _message: str) -> None:
    """Show progress to nobody."""


def run(
    command: Command, *, limits: ToolLimits, should_stop: ShouldStop = never, output: Path | None = None,
    while_running: Callable[[], None] | None = None,
) -> None:
    """Run one command to its end; its standard output goes to `output`. Raises what `run_joined` raises."""
    run_joined([command], limits=limits, should_stop=should_stop, output=output, while_running=while_running)


def run_joined(
    commands: Sequence[Command], *, limits: ToolLimits, should_stop: ShouldStop = never, output: Path | None = None,
    while_running: Callable[[], None] | None = None,
) -> None:
    """Run commands of which each reads what the one before writes, until the last has ended.

    :raise StoppedError: told to stop; no child runs any more.
    :raise InvalidInputError: a command refused its input or crashed on it; the message says which and why.
    :raise UnavailableError: a limit of time or memory was reached, or no process could be started.
    """
    with contextlib.ExitStack() as stack:
        messages: list[IO[bytes]] = [stack.enter_context(tempfile.TemporaryFile()) for _ in commands]
        children: list[subprocess.Popen[bytes]] = []
        stack.callback(_end_all, children)
        target: IO[bytes] | int = stack.enter_context(output.open("wb")) if output is not None else subprocess.DEVNULL
        source: IO[bytes] | int = subprocess.DEVNULL
        for command, message in zip(commands, messages, strict=True):
            is_last = command is commands[-1]
            child = _start(command, source, target if is_last else subprocess.PIPE, message, limits)
            if not isinstance(source, int):
                source.close()  # the reader has its own: a writer must notice when that one dies
            children.append(child)
            if child.stdout is not None:
                source = child.stdout
        _wait(children, limits, should_stop, while_running)
        _judge(commands, children, messages)


def _start(
    command: Command, source: IO[bytes] | int, target: IO[bytes] | int, message: IO[bytes], limits: ToolLimits
) -> subprocess.Popen[bytes]:
    # the environment holds no secret of ours; `-S` keeps start-up files of site-packages out
    environment = {"PYTHONPATH": import_path(), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    bounds = [str(limits.memory_bytes), str(limits.cpu_seconds)]
    line = [sys.executable, "-S", "-P", "-m", command.module, *bounds, *command.arguments]
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed program; paths are single arguments and no shell is involved
            line, env=environment, cwd="/", stdin=source, stdout=target, stderr=message
        )
    except OSError as error:
        raise UnavailableError(f"no process could be started for {command.name} ({error.strerror}): try again") from error


def _wait(
    children: Sequence[subprocess.Popen[bytes]], limits: ToolLimits, should_stop: ShouldStop,
    while_running: Callable[[], None] | None,
) -> None:
    deadline = time.monotonic() + limits.wall_seconds
    while any(child.poll() is None for child in children):
        if should_stop():
            raise StoppedError
        if time.monotonic() > deadline:
            raise UnavailableError(f"the work was not finished within {limits.wall_seconds:g} seconds and was given up")
        if any(child.poll() not in (None, 0) for child in children):
            # give the neighbours of a failed child a moment to end by themselves: their messages may say more
            with contextlib.suppress(subprocess.TimeoutExpired):
                for child in children:
                    child.wait(timeout=2.0)
            return
        if while_running is not None:
            while_running()
        with contextlib.suppress(subprocess.TimeoutExpired):
            children[-1].wait(timeout=_LOOK_SECONDS)
        if children[-1].poll() is not None:
            time.sleep(0.005)  # the last has ended and the others are about to


def _judge(commands: Sequence[Command], children: Sequence[subprocess.Popen[bytes]], messages: Sequence[IO[bytes]]) -> None:
    """Raise for the first child in the chain that failed for a reason of its own, not because its neighbour had died."""
    failed = [
        (command, int(child.returncode), _text(message))
        for command, child, message in zip(commands, children, messages, strict=True)
        if child.returncode not in (None, 0)
    ]
    if not failed:
        return
    own = [one for one in failed if one[1] != -signal.SIGPIPE and "Broken pipe" not in one[2]] or failed
    raise failure(*own[0])


def failure(command: Command, status: int, message: str) -> InvalidInputError | UnavailableError:
    """Say why a child failed: its own words, or the signal that ended it."""
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        what = "processor time" if status == -signal.SIGXCPU else "memory"
        return UnavailableError(f"{command.name} needed more {what} than it may use and was ended")
    if status < 0:
        # C code that gets no memory often ends by a signal too: the two cannot be told apart from outside
        reason = "the file is malformed, or needs more memory than is allowed"
        return InvalidInputError(f"{command.name} crashed on this file ({signal.Signals(-status).name}): {reason}")
    if any(sign in message.lower() for sign in _NO_MEMORY):
        return UnavailableError(f"{command.name} needed more memory than it may use and was ended")
    return InvalidInputError(f"{command.name} refused: {plain(message) or f'it ended with code {status}'}")


def plain(message: str) -> str:
    """Return the telling part of what a command wrote, without paths of this machine."""
    found = re.search(r"stderr=(?:'|\")?([^\x00]*)", message[-_KEPT_MESSAGE:])
    text = (found[1] if found else message[-_KEPT_MESSAGE:]).replace("\\n", " ").replace("\\t", " ")
    words = " ".join(text.split())
    at = max(words.rfind(mark) for mark in ("Error:", "[E::", "error:"))
    return re.sub(r"/[^\s'\":]*/", "", words[max(at, 0):]).strip("'\" ")[-600:]


def _text(message: IO[bytes]) -> str:
    size = message.seek(0, os.SEEK_END)
    message.seek(max(0, size - 2 * _KEPT_MESSAGE))
    return message.read().decode("utf-8", "replace")


def _end_all(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
