"""Structural variants as callers write them, read into one form: a stretch of bases, or two joined breakpoints.

Manta, Delly, Lumpy, Sniffles, GATK and CNVkit agree on little beyond the specification: a translocation is a pair of bracketed
alleles, or `<BND>`/`<TRA>` with CHR2; which side of a breakpoint is kept stands in the brackets, in CT (`3to5`), or in STRANDS
(`+-`); the direction of a `<CNV>` in CN, in `<CN3>`, or nowhere. Positions are 1-based.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, VariantType, allele_form, parse_breakend
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import canonical_chromosome
from services.variants.filters import quoted
from services.variants.manifest import TABLE_FILE
from services.variants.structural.calls import NOTHING_SAID, Call, call_fields, call_of

LEAST_BASES = 50
"""Sequence alleles that change the length by this much are structural too."""
_TYPES = (
    VariantType.STRUCTURAL_DELETION, VariantType.STRUCTURAL_INSERTION, VariantType.STRUCTURAL_DUPLICATION,
    VariantType.STRUCTURAL_INVERSION, VariantType.COPY_NUMBER, VariantType.BREAKEND, VariantType.OTHER_SYMBOLIC,
    VariantType.REGION,
)  # fmt: skip
_MOBILE = ("ALU", "LINE", "L1", "SVA", "HERV", "MEI", "ME")
_COPIES = re.compile(r"CN([0-9]{1,3})")
_ENDS = {"3to5": (True, False), "3to3": (True, True), "5to5": (False, False), "5to3": (False, True)}
_STRANDS = {"+-": (True, False), "++": (True, True), "--": (False, False), "-+": (False, True)}
_INFO = ("SVTYPE", "SVLEN", "CHR2", "POS2", "END", "CT", "STRANDS", "INV3", "INV5", "CN")
_LOOKED_AT = 2_000
_MOST_ARE_KINDS = 0.5


class SvKind(StrEnum):
    """The value is written as VCF does."""

    DELETION = "DEL"
    DUPLICATION = "DUP"
    INSERTION = "INS"
    INVERSION = "INV"
    BREAKEND = "BND"
    COPY_NUMBER = "CNV"
    MOBILE_ELEMENT = "MEI"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a junction. `keeps_left`: the joined sequence lies to the left of the position; None where nobody says."""

    chrom: str
    position: int
    keeps_left: bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """One structural variant: bases `start` to `end` of a chromosome, and the junctions it makes.

    `dosage` says whether copies are lost or gained, None where nobody can tell. `has_span` is False where the variant is a place
    and not a stretch (an insertion, a breakend).
    """

    row_id: int
    kind: SvKind
    chrom: str
    start: int
    end: int
    dosage: CnvType | None
    junctions: tuple[tuple[Side, Side], ...] = ()
    call: Call = NOTHING_SAID

    @property
    def has_span(self) -> bool:
        return self.kind not in (SvKind.BREAKEND, SvKind.INSERTION, SvKind.MOBILE_ELEMENT, SvKind.UNKNOWN)

    @property
    def places(self) -> tuple[tuple[str, int, int], ...]:
        """The stretches it touches: its own, or the two sides of a breakend."""
        if self.kind is SvKind.BREAKEND and self.junctions:
            return tuple(dict.fromkeys((side.chrom, side.position, side.position) for side in self.junctions[0]))
        return ((self.chrom, self.start, self.end),)

    @property
    def breakpoints(self) -> tuple[tuple[str, int], ...]:
        """The positions at which the sequence is broken, each once."""
        if self.junctions:
            return tuple(dict.fromkeys((side.chrom, side.position) for pair in self.junctions for side in pair))
        return tuple(dict.fromkeys([(self.chrom, self.start), (self.chrom, self.end)]))


def read_events(folder: Path, entries: Sequence[Mapping[str, Any]], connection: duckdb.DuckDBPyConnection) -> list[Event]:
    """Return the structural variants of a table in its order."""
    types = ", ".join(f"'{kind}'" for kind in _TYPES)
    fields, called = _fields(entries), call_fields(entries)
    stated = _type_column(folder, entries, connection)
    if stated is not None:
        fields.setdefault("SVTYPE", quoted(stated))
    wanted = {**{f"x_{name}": column for name, column in fields.items()}, **called}
    chosen = "".join(f", CAST({column} AS VARCHAR) AS {quoted(name)}" for name, column in wanted.items())
    sql = f"""
        SELECT row_id, chrom, pos, "end", coalesce(ref, '') AS ref, coalesce(alt, '') AS alt, coalesce(variant_type, '') AS kind,
            id, mate_chrom, mate_pos{chosen} FROM read_parquet(?)
        WHERE pos IS NOT NULL AND chrom IS NOT NULL AND (variant_type IN ({types}) OR (
            variant_type IN ('insertion', 'deletion', 'delins') AND abs(length(ref) - length(alt)) >= {LEAST_BASES}))
        ORDER BY row_id
    """  # noqa: S608 (quoted names and fixed text)
    found: pa.Table = connection.sql(sql, params=[str(folder / TABLE_FILE)]).to_arrow_table()
    return [_event(row, tuple(called)) for row in found.to_pylist()]


def _fields(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the SQL of the fields that say more than position and alleles, as far as the table has them."""
    found: dict[str, str] = {}
    for entry in entries:
        field, origin, name = str(entry.get("field", "")), str(entry["origin"]), quoted(str(entry["name"]))
        value = f"{name}[1]" if str(entry["type"]).startswith("list of") else name
        if origin == "info" and field in _INFO and entry.get("part", "value") in ("value", "alt"):
            found.setdefault(field, value)
        elif origin == "format" and field in ("CN", "RDCN") and entry.get("part", "value") == "value":
            found.setdefault("sample_CN", value)
    return found


def _type_column(folder: Path, entries: Sequence[Mapping[str, Any]], connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the column of a BED or CSV file that says the kinds, whatever it is called: most of its values are kinds."""
    names = [str(entry["name"]) for entry in entries if entry["origin"] == "file" and entry["type"] == "text"]
    if not names:
        return None
    sql = f"SELECT {', '.join(quoted(name) for name in names)} FROM read_parquet(?) LIMIT {_LOOKED_AT}"  # noqa: S608 (quoted)
    looked_at: pa.Table = connection.sql(sql, params=[str(folder / TABLE_FILE)]).to_arrow_table()
    shares = {
        name: sum(one is not None and _kind_of_word(one) is not None for one in values) / max(1, len(values))
        for name, values in zip(names, (column.to_pylist() for column in looked_at.columns), strict=True)
    }
    best = max(names, key=lambda name: shares[name])
    return best if shares[best] > _MOST_ARE_KINDS else None


def _event(row: Mapping[str, Any], called: Sequence[str]) -> Event:
    info = {name[2:]: value for name, value in row.items() if name.startswith("x_") and value is not None}
    kind = _kind(row, info)
    chrom, pos, end = _chromosome(row["chrom"]), int(row["pos"]), int(row["end"] or row["pos"])
    form = allele_form(row["alt"] or ".")
    if form is AlleleForm.SEQUENCE:
        start, end = _changed_bases(pos, row["ref"], row["alt"], kind)
    elif row["kind"] == VariantType.REGION:
        start = pos
    else:  # a symbolic allele is anchored at the base before it
        start, end = (pos + 1, max(end, pos + 1)) if kind not in (SvKind.INSERTION, SvKind.MOBILE_ELEMENT) else (pos, pos)
    if kind is SvKind.BREAKEND:
        junctions = _breakend(row, info, chrom, pos)
        return Event(row["row_id"], kind, chrom, pos, pos, None, junctions, call_of(row, called, is_insertion=False))
    joined = _junctions(kind, chrom, start, end, info)
    call = call_of(row, called, is_insertion=kind in (SvKind.INSERTION, SvKind.MOBILE_ELEMENT))
    return Event(row["row_id"], kind, chrom, start, end, _dosage(kind, row, info, chrom), joined, call)


def _chromosome(name: str) -> str:
    return canonical_chromosome(name) or name


def _kind(row: Mapping[str, Any], info: Mapping[str, str]) -> SvKind:
    symbol = row["alt"][1:-1].upper() if row["alt"].startswith("<") else ""
    if ":ME" in symbol and symbol.startswith("INS"):
        return SvKind.MOBILE_ELEMENT
    found = (_KINDS.get(row["kind"]), _kind_of_word(symbol), _kind_of_word(info.get("SVTYPE", "")))
    return next((one for one in found if one is not None), SvKind.UNKNOWN)


def _kind_of_word(text: str) -> SvKind | None:
    """Read `DEL`, `<DUP:TANDEM>`, `CN0`, `ALU;TSD=null`, `copy number loss`; None for anything else."""
    word = text[:_LONGEST_WORD].strip(" <>").upper()
    first = re.split(r"[^A-Z0-9]", word, maxsplit=1)[0]
    if _COPIES.fullmatch(first):
        return SvKind.COPY_NUMBER
    if first in _MOBILE or first.startswith(("LINE", "SVA")):
        return SvKind.MOBILE_ELEMENT
    return next((kind for kind in SvKind if kind.value == first), _WORDS.get(word) or _WORDS.get(first))


_LONGEST_WORD = 60
_WORDS = {
    "LOSS": SvKind.DELETION, "DELETION": SvKind.DELETION, "COPY NUMBER LOSS": SvKind.DELETION, "GAIN": SvKind.DUPLICATION,
    "DUPLICATION": SvKind.DUPLICATION, "COPY NUMBER GAIN": SvKind.DUPLICATION, "AMP": SvKind.DUPLICATION,
    "AMPLIFICATION": SvKind.DUPLICATION, "INSERTION": SvKind.INSERTION, "INVERSION": SvKind.INVERSION,
    "TRA": SvKind.BREAKEND, "CTX": SvKind.BREAKEND, "TRANSLOCATION": SvKind.BREAKEND,
}  # fmt: skip
_KINDS: Mapping[str, SvKind] = {
    VariantType.STRUCTURAL_DELETION: SvKind.DELETION, VariantType.STRUCTURAL_DUPLICATION: SvKind.DUPLICATION,
    VariantType.STRUCTURAL_INSERTION: SvKind.INSERTION, VariantType.STRUCTURAL_INVERSION: SvKind.INVERSION,
    VariantType.COPY_NUMBER: SvKind.COPY_NUMBER, VariantType.BREAKEND: SvKind.BREAKEND, VariantType.INSERTION: SvKind.INSERTION,
    VariantType.DELETION: SvKind.DELETION,
}  # fmt: skip


def _changed_bases(pos: int, ref: str, alt: str, kind: SvKind) -> tuple[int, int]:
    """Return the bases that a sequence allele takes away; the anchor of an insertion."""
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[shared].upper() == alt[shared].upper():
        shared += 1
    if kind is SvKind.INSERTION or shared == len(ref):
        return pos, pos
    return pos + shared, pos + len(ref) - 1


def _dosage(kind: SvKind, row: Mapping[str, Any], info: Mapping[str, str], chrom: str) -> CnvType | None:
    """Say whether copies are lost or gained. The copies of X and Y depend on the person, so a count alone does not tell there."""
    if kind is SvKind.DELETION:
        return CnvType.LOSS
    if kind is SvKind.DUPLICATION:
        return CnvType.GAIN
    if kind is not SvKind.COPY_NUMBER:
        return None
    stated = info.get("SVTYPE", "").upper()
    if stated in ("DEL", "LOSS", "DUP", "GAIN"):
        return CnvType.LOSS if stated in ("DEL", "LOSS") else CnvType.GAIN
    symbol = _COPIES.fullmatch(row["alt"][1:-1].upper()) if row["alt"].startswith("<") else None
    text = symbol[1] if symbol else info.get("CN") or info.get("sample_CN") or ""
    if not re.fullmatch(r"[0-9]{1,3}(\.0*)?", text) or chrom in ("X", "Y", "MT"):
        return None
    copies = int(float(text))
    return None if copies == 2 else CnvType.LOSS if copies < 2 else CnvType.GAIN


def _orientation(info: Mapping[str, str]) -> tuple[bool, bool] | None:
    strands = info.get("STRANDS", "")[:2]
    return _ENDS.get(info.get("CT", "")) or _STRANDS.get(strands)


def _junctions(kind: SvKind, chrom: str, start: int, end: int, info: Mapping[str, str]) -> tuple[tuple[Side, Side], ...]:
    """Return what an event on one chromosome joins: the side that is kept is the one the sequence goes on at."""
    def joined(first: bool, second: bool) -> tuple[Side, Side]:
        return Side(chrom, start, first), Side(chrom, end, second)

    if kind is SvKind.DELETION:
        return (joined(True, False),)
    if kind is SvKind.DUPLICATION:  # in tandem: what ends the copy goes on with its beginning
        return (joined(False, True),)
    if kind is not SvKind.INVERSION:
        return ()
    only = _orientation(info)
    if only is None and ("INV3" in info) != ("INV5" in info):
        only = (True, True) if "INV3" in info else (False, False)
    return (joined(*only),) if only is not None else (joined(True, True), joined(False, False))


def _breakend(row: Mapping[str, Any], info: Mapping[str, str], chrom: str, pos: int) -> tuple[tuple[Side, Side], ...]:
    """Return the junction of a breakend; nothing where its other side is not told."""
    if allele_form(row["alt"] or ".") is AlleleForm.BREAKEND:
        try:
            written = parse_breakend(row["alt"])
        except InvalidInputError:
            return ()
        mate_left = written.far_is_reverse != written.joined_before
        mate = Side(_chromosome(written.mate_chromosome), written.mate_position, mate_left)
        return ((Side(chrom, pos, not written.joined_before), mate),)
    other = info.get("CHR2") or row["mate_chrom"]
    where = info.get("POS2") or (str(row["mate_pos"]) if row["mate_pos"] else "") or info.get("END", "")
    if not other or not re.fullmatch(r"[0-9]{1,10}", where):
        return ()
    first, second = _orientation(info) or (None, None)
    return ((Side(chrom, pos, first), Side(_chromosome(other), int(where), second)),)
