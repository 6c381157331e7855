"""The child that aligns reads with minimap2's short-read preset and writes SAM to its standard output.

    python -m services.variants.calling.aligning MEMORY_BYTES CPU_SECONDS REQUEST.json

The request is `{reference, sample, lanes: [[first, second or null], ...], threads, least_aligned, state}`; the file `state` is
replaced now and then by `{share, reads, aligned, encodings}`, and at the end by the same with `done`, or by
`{problem, advice}`. Reads are streamed: a bounded number of batches is in memory. One alignment is kept for each read, the
best (Li H, Bioinformatics 2018, "Minimap2").
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import IO, Any

from services.errors import InvalidInputError
from services.variants.calling.confinement import confine
from services.variants.calling.fastq import FastqReader, QualityEncoding, Read, encoding_of, paired
from services.variants.calling.model import RefusedReadsError

_BATCH = 500
_EARLY_READS = 20_000
_FEWEST_TO_JUDGE = 20
_TELL_SECONDS = 0.5
_LONGEST_PAIR = 2_000
_LONGEST_NAME = 250
_COMPLEMENT = bytes.maketrans(b"ACGTN", b"TGCAN")
_PAIRED, _PROPER, _UNMAPPED, _MATE_UNMAPPED, _REVERSE, _FIRST, _SECOND = 0x1, 0x2, 0x4, 0x8, 0x10, 0x40, 0x80

Pair = tuple[Read, Read | None]


class Alignment:
    """One run: counts, and where to write."""

    def __init__(self, request: dict[str, Any], target: IO[bytes]) -> None:
        mappy = importlib.import_module("mappy")  # a bare extension module, which type checkers cannot see
        self._request = request
        self._target = target
        self._state = Path(request["state"])
        self._aligner = mappy.Aligner(str(request["reference"]), preset="sr", n_threads=int(request["threads"]))
        if not self._aligner:
            raise InvalidInputError("the reference cannot be indexed: it must be FASTA, plain or gzip")
        self._buffer = mappy.ThreadBuffer
        self._total = sum(Path(path).stat().st_size for lane in request["lanes"] for path in lane if path)
        self._before = 0
        self._told = 0.0
        self.reads = 0
        self.aligned = 0
        self.encodings: list[str] = []

    def run(self) -> None:
        """Align all lanes. :raise InvalidInputError: a file is malformed, or too few reads align."""
        self._header()
        for number, (first, second) in enumerate(self._request["lanes"], start=1):
            files = [Path(path) for path in (first, second) if path]
            encoding = encoding_of(files[0])
            self.encodings.append(encoding.text)
            readers = [FastqReader(path) for path in files]
            try:
                self._lane(readers, files, number, encoding)
            finally:
                for reader in readers:
                    reader.close()
            self._before += sum(path.stat().st_size for path in files)
        self._judge(self.reads)

    def _header(self) -> None:
        lines = ["@HD\tVN:1.6\tSO:unsorted\tGO:query"]
        index = Path(f"{self._request['reference']}.fai").read_text(encoding="utf-8").splitlines()
        lines += [f"@SQ\tSN:{name}\tLN:{length}" for name, length in (line.split("\t")[:2] for line in index)]
        sample = self._request["sample"]
        lines += [f"@RG\tID:{sample}.{lane}\tSM:{sample}\tLB:{sample}" for lane in range(1, len(self._request["lanes"]) + 1)]
        self._target.write(("\n".join(lines) + "\n").encode())

    def _lane(self, readers: list[FastqReader], files: list[Path], number: int, encoding: QualityEncoding) -> None:
        pairs: Iterator[Pair] = ((read, None) for read in readers[0])
        if len(readers) == 2:
            pairs = paired(readers[0], readers[1], files[0].name, files[1].name)
        group = f"RG:Z:{self._request['sample']}.{number}\n".encode()
        threads = int(self._request["threads"])
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[tuple[bytes, int, int]]] = deque()
            while batch := list(islice(pairs, _BATCH)):
                waiting.append(pool.submit(self._align, batch, group, encoding))
                if len(waiting) > 2 * threads:
                    self._write(waiting.popleft(), readers)
            while waiting:
                self._write(waiting.popleft(), readers)

    def _write(self, future: Future[tuple[bytes, int, int]], readers: list[FastqReader]) -> None:
        text, reads, aligned = future.result()
        self._target.write(text)
        judged = self.reads >= _EARLY_READS
        self.reads += reads
        self.aligned += aligned
        if not judged and self.reads >= _EARLY_READS:
            self._judge(self.reads)
        if time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            done = self._before + sum(reader.bytes_read for reader in readers)
            tell(self._state, {"share": done / max(1, self._total), "reads": self.reads})

    def _judge(self, seen: int) -> None:
        if seen >= _FEWEST_TO_JUDGE and self.aligned < self._request["least_aligned"] * seen:
            raise RefusedReadsError(
                f"only {self.aligned:,} of {seen:,} reads of sample {self._request['sample']} align to the reference "
                f"({self.aligned / seen:.1%}): it is the wrong reference, or the reads are of something else",
                "Choose the reference of the species that was sequenced, and check that these are the files you meant.",
            )

    def _align(self, batch: list[Pair], group: bytes, encoding: QualityEncoding) -> tuple[bytes, int, int]:
        buffer = self._buffer()
        lines: list[bytes] = []
        reads = aligned = 0
        for first, second in batch:
            best = self._best(first, second, buffer)
            mates = [first] if second is None else [first, second]
            proper = second is not None and is_proper(best[0], best[1])
            for at, read in enumerate(mates):
                reads += 1
                aligned += best[at] is not None
                mate = best[1 - at] if second is not None else None
                flag = 0 if second is None else _PAIRED | (_FIRST, _SECOND)[at] | (_PROPER if proper else 0)
                if second is not None and mate is None:
                    flag |= _MATE_UNMAPPED
                lines.append(sam_line(read, best[at], mate, flag, at, encoding) + group)
        return b"".join(lines), reads, aligned

    def _best(self, first: Read, second: Read | None, buffer: Any) -> list[Any]:
        best: list[Any] = [None, None]
        if not first.bases or (second is not None and not second.bases):
            return best
        other = None if second is None else second.bases.decode()
        for hit in self._aligner.map(first.bases.decode(), other, buf=buffer):
            at = hit.read_num - 1
            if hit.is_primary and best[at] is None:
                best[at] = hit
        return best


def is_proper(one: Any, two: Any) -> bool:
    """Whether two mates lie on one sequence, face each other, and are no further apart than a fragment is long."""
    if one is None or two is None or one.ctg != two.ctg or one.strand == two.strand:
        return False
    left, right = (one, two) if one.strand > 0 else (two, one)
    return bool(left.r_st <= right.r_en and 0 < right.r_en - left.r_st <= _LONGEST_PAIR)


def sam_line(read: Read, hit: Any, mate: Any, flag: int, at: int, encoding: QualityEncoding) -> bytes:
    """Write one record up to its last tab; the read group follows."""
    bases, qualities = read.bases, encoding.to_sanger(read.qualities)
    name = read.name[:_LONGEST_NAME].replace(b"@", b"_")
    if hit is None:
        place = (mate.ctg.encode(), mate.r_st + 1) if mate is not None else (b"*", 0)
        bare = (name, b"%d" % (flag | _UNMAPPED), place[0], b"%d" % place[1], b"0\t*\t*\t0\t0", bases or b"*", qualities or b"*")
        return b"\t".join(bare) + b"\t"
    length = len(bases)
    # minimap2 sees the second read turned round, and mappy turns only its strand back
    lead = hit.q_st if (hit.strand > 0) == (at == 0) else length - hit.q_en
    trail = length - lead - (hit.q_en - hit.q_st)
    cigar = (f"{lead}S" if lead else "") + hit.cigar_str + (f"{trail}S" if trail else "")
    if hit.strand < 0:
        flag |= _REVERSE
        bases, qualities = bases[::-1].translate(_COMPLEMENT), qualities[::-1]
    fields = (name, b"%d" % flag, hit.ctg.encode(), b"%d" % (hit.r_st + 1), b"%d" % hit.mapq, cigar.encode(), b"*", b"0", b"0",
              bases, qualities, b"NM:i:%d" % hit.NM)
    return b"\t".join(fields) + b"\t"


def tell(state: Path, content: dict[str, Any]) -> None:
    """Replace the state file in one step, so that a reader never sees half of it."""
    fresh = state.with_suffix(".fresh")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    os.replace(fresh, state)


def main() -> int:
    memory_bytes, cpu_seconds, request_path = sys.argv[1:]
    confine(int(memory_bytes), int(cpu_seconds))
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    try:
        alignment = Alignment(request, sys.stdout.buffer)
        alignment.run()
        sys.stdout.buffer.flush()
    except InvalidInputError as error:
        tell(Path(request["state"]), {"problem": error.message, "advice": getattr(error, "advice", "")})
        return 3
    tell(Path(request["state"]), {
        "done": True, "share": 1.0, "reads": alignment.reads, "aligned": alignment.aligned, "encodings": alignment.encodings,
    })
    return 0


if __name__ == "__main__":
    sys.exit(main())
