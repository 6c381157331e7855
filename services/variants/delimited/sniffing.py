"""What a CSV or TSV file looks like: encoding, delimiter, header, and which columns say where a variant is."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from services.genomics.genome import canonical_chromosome
from services.variants.outcome import DelimitedOptions
from services.variants.problems import Problem, UnusableFileError, error, warning
from services.variants.reading import ReadingLimits, decompressed

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}
_SAMPLE_BYTES = 1 << 20
_SAMPLE_ROWS = 200
_MAX_CELL = 4 * 1024 * 1024
MAX_COLUMNS = 5_000
ROLES = ("chrom", "pos", "end", "ref", "alt", "variant", "region", "id")
_NAMES: Mapping[str, frozenset[str]] = {
    "chrom": frozenset("chr chrom chromosome contig seqname seqid chromosomename startchrom vcfchrom".split()),
    "pos": frozenset("pos position start startposition vcfpos bp basepair chromstart genomicposition startpos".split()),
    "end": frozenset("end stop endposition chromend endpos".split()),
    "ref": frozenset("ref reference referenceallele refallele vcfref refbase".split()),
    "alt": frozenset(
        "alt alternate alternateallele alternativeallele altallele vcfalt tumorseqallele2 observedallele obs altbase".split()
    ),
    "variant": frozenset("variant hgvs hgvsg variantid vcfvariant genomichgvs ghgvs genomicchange variantkey mutation".split()),
    "region": frozenset("region locus coordinates interval location genomiclocation cytolocation".split()),
    "id": frozenset("id rsid rs dbsnp dbsnpid snpid snp".split()),
}
_ZERO_BASED_NAMES = frozenset(["chromstart"])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is to be read. `roles` maps a role to the index of its column."""

    encoding: str
    delimiter: str
    has_header: bool
    names: tuple[str, ...]
    roles: Mapping[str, int]
    zero_based: bool
    skipped_lines: int
    """Comment lines before the header or the first row."""
    comments: tuple[str, ...]
    problems: tuple[Problem, ...]


class Text(io.TextIOBase):
    """The decompressed, decoded text of a file, read piece by piece; refuses bytes that the encoding does not allow."""

    def __init__(self, path: Path, encoding: str, limits: ReadingLimits) -> None:
        self._pieces = decompressed(path, limits)
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._encoding = encoding
        self.bytes_read = 0

    def lines(self) -> Iterator[str]:
        """Yield lines with their ends; a lone carriage return ends a line too."""
        waiting = ""
        for piece in self._decoded():
            waiting += piece
            if "\x00" in piece:
                raise UnusableFileError(error(None, "file", "", "holds NUL characters; it is not text", "file.encoding"))
            *whole, waiting = waiting.splitlines(keepends=True) or [""]
            if waiting.endswith("\n"):
                whole, waiting = [*whole, waiting], ""
            yield from whole
            if len(waiting) > _MAX_CELL:
                raise UnusableFileError(
                    error(None, "file", "", f"a line is longer than {_MAX_CELL:,} characters", "file.line_length")
                )
        if waiting:
            yield waiting

    def _decoded(self) -> Iterator[str]:
        try:
            for piece, consumed in self._pieces:
                self.bytes_read = consumed
                yield self._decoder.decode(piece)
            yield self._decoder.decode(b"", final=True)
        except UnicodeDecodeError as problem:
            raise UnusableFileError(
                error(None, "file", "", f"is not {self._encoding} text ({problem.reason})", "file.encoding")
            ) from problem


def sniff(path: Path, options: DelimitedOptions, limits: ReadingLimits, *, is_bed: bool = False) -> Dialect:
    """Find out what `options` leave open; raises UnusableFileError where the file is empty or no table.

    `is_bed`: by its name the file is BED, whose positions count from 0 (UCSC, BED format).
    """
    head = _head(path, limits)
    if not head:
        raise UnusableFileError(error(None, "file", "", "is empty", "file.empty"))
    encoding, problems = _encoding(head, options.encoding)
    lines = list(islice(Text(path, encoding, limits).lines(), 2_000))
    comments, rest = _comments(lines)
    if not any(line.strip() for line in rest):
        raise UnusableFileError(error(None, "file", "", "holds no rows", "file.empty"))
    delimiter = options.delimiter or _delimiter(rest)
    rows = [row for row in csv.reader(rest[:_SAMPLE_ROWS], delimiter=delimiter) if row]
    first = [cell.strip().lstrip("﻿") for cell in rows[0]]
    if len(first) > MAX_COLUMNS:
        raise UnusableFileError(
            error(None, "file", "", f"has {len(first):,} columns; the limit is {MAX_COLUMNS:,}", "file.columns")
        )
    has_header = options.has_header if options.has_header is not None else _is_header(first)
    names = _header_names(first) if has_header else tuple(f"column_{number}" for number in range(1, len(first) + 1))
    roles = (
        _chosen_roles(options.roles, names)
        if options.roles is not None
        else _roles(names, rows[1:] if has_header else rows, has_header)
    )
    zero_based = options.zero_based
    if zero_based is None:
        zero_based = "pos" in roles and _plain(names[roles["pos"]]) in _ZERO_BASED_NAMES
        zero_based = zero_based or (is_bed and not has_header)
    return Dialect(encoding, delimiter, has_header, names, roles, zero_based, len(comments), tuple(comments), tuple(problems))


def _head(path: Path, limits: ReadingLimits) -> bytes:
    head = b""
    for piece, _ in decompressed(path, limits):
        head += piece
        if len(head) >= _SAMPLE_BYTES:
            break
    return head


def _encoding(head: bytes, chosen: str | None) -> tuple[str, list[Problem]]:
    if chosen is not None:
        try:
            return codecs.lookup(chosen).name, []
        except LookupError as problem:
            raise UnusableFileError(error(None, "encoding", chosen, "is not a known encoding", "file.encoding")) from problem
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", []
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", []
    if head[1:200:2].count(0) > 40 and head[0:200:2].count(0) == 0:
        return "utf-16-le", []
    if head[0:200:2].count(0) > 40 and head[1:200:2].count(0) == 0:
        return "utf-16-be", []
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return "latin-1", [warning(None, "file", "", "is not UTF-8; read as Latin-1", "file.encoding")]
    return "utf-8", []


def _comments(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell leading comment lines from the table. A single # right before column names is a header, not a comment."""
    start = 0
    while start < len(lines):
        line = lines[start]
        if line.startswith("##") or not line.strip() or (line.startswith("#") and not _delimited_like_next(lines, start)):
            start += 1
            continue
        break
    return [line.rstrip("\r\n") for line in lines[:start]], list(lines[start:])


def _delimited_like_next(lines: Sequence[str], at: int) -> bool:
    following = next((line for line in lines[at + 1 :] if line.strip() and not line.startswith("#")), "")
    return any(delimiter in lines[at] and lines[at].count(delimiter) == following.count(delimiter) for delimiter in DELIMITERS)


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that gives the same number of columns, more than one, on most lines."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines[:_SAMPLE_ROWS], delimiter=delimiter) if row]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count)
        score = (widths.count(common) / len(widths), common) if common > 1 else (0.0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_header(cells: Sequence[str]) -> bool:
    named = [cell for cell in cells if cell]
    known = any(_plain(cell) in names for cell in named for names in _NAMES.values())
    numeric = any(re.fullmatch(r"-?[0-9.]+", cell) for cell in named)
    return known or (bool(named) and not numeric and len(set(named)) == len(named))


def _header_names(cells: Sequence[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        base = cell.lstrip("#").strip() or f"column_{number}"
        name = base
        while name in names:
            counts[base] = counts.get(base, 1) + 1  # not from the beginning each time: all columns may have one name
            name = f"{base} ({counts[base]})"
        names[name] = None
    return tuple(names)


def _chosen_roles(chosen: Mapping[str, str], names: Sequence[str]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for role, name in chosen.items():
        if role not in ROLES:
            raise UnusableFileError(error(None, "columns", role, f"is none of {', '.join(ROLES)}", "columns.role"))
        if name not in names:
            raise UnusableFileError(error(None, "columns", name, "the file has no such column", "columns.missing"))
        roles[role] = list(names).index(name)
    return roles


def _roles(names: Sequence[str], rows: Sequence[Sequence[str]], has_header: bool) -> dict[str, int]:
    """Give roles by column names; without a header by what the first rows hold."""
    roles: dict[str, int] = {}
    for role, known in _NAMES.items():
        found = next((index for index, name in enumerate(names) if _plain(name) in known), None)
        if found is not None:
            roles[role] = found
    if has_header or roles:
        return roles
    return _roles_by_content(len(names), rows)


def _roles_by_content(width: int, rows: Sequence[Sequence[str]]) -> dict[str, int]:
    def share(index: int, test: object) -> float:
        cells = [row[index].strip() for row in rows if index < len(row)]
        return sum(bool(test(cell)) for cell in cells) / len(cells) if cells and callable(test) else 0.0

    roles: dict[str, int] = {}
    for index in range(width):
        if "chrom" not in roles and share(index, canonical_chromosome) > 0.9:
            roles["chrom"] = index
        elif "chrom" in roles and "pos" not in roles and share(index, lambda cell: re.fullmatch(r"[0-9]{1,10}", cell)) > 0.9:
            roles["pos"] = index
        elif "pos" in roles and "end" not in roles and share(index, lambda cell: re.fullmatch(r"[0-9]{1,10}", cell)) > 0.9:
            roles["end"] = index
        elif "pos" in roles and "ref" not in roles and share(index, lambda cell: re.fullmatch(r"[ACGTNacgtn]+|-", cell)) > 0.9:
            roles["ref"] = index
        elif "ref" in roles and "alt" not in roles and share(index, lambda cell: re.fullmatch(r"[ACGTNacgtn,]+|-", cell)) > 0.9:
            roles["alt"] = index
    return roles
