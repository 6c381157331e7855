"""Commands in children: limits, stops, pipes and what a failure says."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from services.errors import InvalidInputError, UnavailableError
from services.variants.calling.tools import Command, ToolLimits, failure, plain, run, run_joined
from services.variants.vcf.importing import StoppedError

SAM = "@SQ\tSN:1\tLN:100\nr1\t0\t1\t50\t60\t4M\t*\t0\t0\tACGT\tIIII\nr2\t0\t1\t5\t60\t4M\t*\t0\t0\tACGT\tIIII\n"
CRASH = "the file is malformed, or needs more memory than is allowed"
VIEW = Command.of("samtools", "view", "-h", "--no-PG", "-")


def test_commands_feed_each_other_and_the_last_result_is_kept(tmp_path: Path) -> None:
    (tmp_path / "reads.sam").write_text(SAM)
    first = Command.of("samtools", "sort", "-u", "-T", tmp_path / "sort", tmp_path / "reads.sam")
    run_joined([first, VIEW], limits=ToolLimits(), output=tmp_path / "out.sam")
    assert [line.split("\t")[0] for line in (tmp_path / "out.sam").read_text().splitlines() if line[0] != "@"] == ["r2", "r1"]


def test_the_command_that_failed_is_named_and_not_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "reads.sam").write_text("nonsense\n")
    with pytest.raises(InvalidInputError, match=r"samtools sort refused") as caught:
        run_joined([Command.of("samtools", "sort", "-u", tmp_path / "reads.sam"), VIEW], limits=ToolLimits())
    assert str(tmp_path) not in caught.value.message


def test_work_that_waits_forever_is_stopped_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    started = time.monotonic()
    with pytest.raises(StoppedError):
        run(Command.of("samtools", "view", fifo), limits=ToolLimits(), should_stop=lambda: time.monotonic() > started + 0.5)
    assert time.monotonic() - started < 5


def test_too_little_memory_is_said_as_such(tmp_path: Path) -> None:
    (tmp_path / "reads.sam").write_text(SAM)
    command = Command.of("samtools", "sort", "-m", "3G", "-o", tmp_path / "out.bam", tmp_path / "reads.sam")
    with pytest.raises(UnavailableError, match="samtools sort needed more memory than it may use"):
        run(command, limits=ToolLimits(memory_bytes=2_000_000_000))


@pytest.mark.parametrize(
    ("status", "message", "kind", "text"),
    [
        (-signal.SIGSEGV, "", InvalidInputError, f"bcftools csq crashed on this file (SIGSEGV): {CRASH}"),
        (-signal.SIGKILL, "", UnavailableError, "bcftools csq needed more memory than it may use and was ended"),
        (-signal.SIGXCPU, "", UnavailableError, "bcftools csq needed more processor time than it may use and was ended"),
        (1, "Cannot allocate memory", UnavailableError, "bcftools csq needed more memory than it may use and was ended"),
        (1, "", InvalidInputError, "bcftools csq refused: it ended with code 1"),
    ],
)
def test_the_end_of_a_child_becomes_a_plain_error(status: int, message: str, kind: type[Exception], text: str) -> None:
    error = failure(Command.of("bcftools", "csq"), status, message)
    assert (type(error), str(error)) == (kind, text)


def test_a_message_keeps_the_reason_and_loses_the_folders() -> None:
    raw = "'bcftools returned with error -1: stdout=None, stderr=Parsing x\\nError: cannot read /data/of/x.vcf\\n'"
    assert plain(raw) == "Error: cannot read x.vcf"
