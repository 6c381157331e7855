"""Reads published VCF files without samples: the header's statements, and rows with their INFO as one text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.genome import BuildEvidence, GenomeBuild, build_from_lengths, build_named_in
from services.variants.reference.converting import Conversion
from services.variants.reference.tables import Columns, Rows, read_files
from services.variants.reference.text import TextFile

_FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_WANTED = ("CHROM", "POS", "ID", "REF", "ALT", "FILTER", "INFO")
_CONTIG = re.compile(r"##contig=<ID=([^,>]{1,200}),.{0,500}?length=([0-9]{1,12})[,>]")
_INFO_ID = re.compile(r"##INFO=<ID=([^,>]{1,200}),")
_MAX_NAMED = 2_000


@dataclass(frozen=True, slots=True)
class VcfHeader:
    """What the header of a VCF says."""

    lines: tuple[str, ...]
    info: frozenset[str]
    """The declared INFO keys."""
    evidence: BuildEvidence | None

    def value(self, key: str) -> str | None:
        """Return the text of the first line `##key=text`."""
        prefix = f"##{key}="
        return next((line[len(prefix):].strip() for line in self.lines if line.startswith(prefix)), None)


def vcf_rows(conversion: Conversion, check: Callable[[TextFile, VcfHeader], None]) -> Rows:
    """Read the VCF files of a conversion; `check` refuses one that is of another kind.

    The rows have the columns CHROM, POS, ID, REF, ALT, FILTER and INFO; `.` is NULL, but in ALT.
    """
    columns = Columns(_FIXED, _WANTED, {"POS": pa.int32()}, null_values=("",))

    def open_table(text: TextFile) -> Columns:
        header, names = read_header(text)
        refuse_build(text, header, conversion.build)
        check(text, header)
        return Columns(names, _WANTED, {"POS": pa.int32()}, null_values=("",))

    return Rows(columns.schema, read_files(conversion, open_table))


def read_header(text: TextFile) -> tuple[VcfHeader, list[str]]:
    """Read the header. Returns it and the names of the columns.

    :raise InvalidInputError: the file is not VCF.
    """
    lines = text.comments()
    if not lines or not lines[0].startswith("##fileformat=VCF"):
        first = lines[0][:80] if lines else text.line()[:80]
        raise InvalidInputError(f"{text.name} is not a VCF file: it begins with {first!r}, ##fileformat=VCF is expected")
    names = lines[-1].lstrip("#").split("\t")
    if tuple(names[:8]) != _FIXED:
        raise InvalidInputError(f"{text.name} has no line of column names (#CHROM POS ID REF ALT QUAL FILTER INFO)")
    return VcfHeader(tuple(lines), frozenset(_INFO_ID.findall("\n".join(lines))), _evidence(lines)), names


def refuse_build(text: TextFile, header: VcfHeader, build: GenomeBuild | None) -> None:
    """:raise InvalidInputError: the header speaks for another build than the one that was asked for."""
    if build is not None and header.evidence is not None and header.evidence.build is not build:
        raise InvalidInputError(
            f"{text.name} is in {header.evidence.build} ({header.evidence.statement}), but {build} was asked for"
        )


def info(key: str) -> str:
    """Return SQL for the value of an INFO key as text; NULL where it is missing or `.`."""
    return f"nullif(nullif(regexp_extract(INFO, '(?:^|;){key}=([^;]*)', 1), ''), '.')"


def info_flag(key: str) -> str:
    """Return SQL that tells whether a flag is set."""
    return f"regexp_matches(INFO, '(?:^|;){key}(?:;|$)')"


ALLELES = """
    SELECT * EXCLUDE (ALT), upper(REF) AS ref_, upper(unnest(string_split(ALT, ','))) AS alt_,
           generate_subscripts(string_split(ALT, ','), 1) AS nr
    FROM source
"""
"""SQL: one row for each ALT (`alt_`), the `nr`-th of its line."""
PLAIN_ALLELES = "regexp_full_match(ref_, '[ACGTN]+') AND regexp_full_match(alt_, '[ACGTN]+')"
"""SQL: both alleles are sequences, so neither symbolic nor missing."""


def per_alt(value: str, kind: str) -> str:
    """Return SQL for the `nr`-th of a list of values, or the only one."""
    parts = f"string_split({value}, ',')"
    return f"TRY_CAST(CASE WHEN len({parts}) = 1 THEN {parts}[1] ELSE {parts}[nr] END AS {kind})"


def _evidence(lines: list[str]) -> BuildEvidence | None:
    lengths = {match[1]: int(match[2]) for line in lines if (match := _CONTIG.match(line))}
    found = build_from_lengths(lengths)
    if found is not None:
        return found
    said = "\n".join(line for line in lines if line.startswith(("##reference", "##assembly", "##contig")))[:_MAX_NAMED]
    named = build_named_in(said)
    return BuildEvidence(named, f"its header names {named}") if named else None
