"""What a caller says of its own structural variant: copies, how exact the breakpoints are, supporting reads, inserted bases.

Each caller has its own fields: Manta PR and SR with the alternate count second, Delly PE and SR with DV and RV, Lumpy SU, PE and
SR, GRIDSS RP, SR and VF, Sniffles SUPPORT, MELT LP and RP, Canvas and GATK gCNV CN. Sample fields are read in tables of one
sample only: with several, whose reads or copies they are stands in the sample's own columns. What nobody wrote is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.variants.filters import quoted

_INFO: Final = (
    "PRECISE", "IMPRECISE", "SUPPORT", "SU", "PE", "SR", "LP", "RP", "CN", "MATEID", "PARID", "SVLEN", "SVINSLEN",
)  # fmt: skip
_FORMAT: Final = ("CN", "RDCN", "PR", "SR", "PE", "SU", "DV", "RV", "VF")
_ALT_SECOND: Final = ("PR", "SR")
"""Sample fields of Manta: reads for the reference, then for the alternate allele."""
_PAIRS, _SPLIT, _READS = "read pair", "split read", "read"
_BY_KIND: Final = ((_PAIRS, ("f_PR", "f_PE", "PE", "RP")), (_SPLIT, ("f_SR", "f_RV", "SR")))
"""What counts as which kind of support, the field that speaks first."""
_ANY_READS: Final = ("SUPPORT", "f_VF", "f_SU", "SU", "f_DV")
"""Reads as such, where no kind is told."""
_DIGITS = 9
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{0,3})?")


@dataclass(frozen=True, slots=True)
class Call:
    """`reach` and `end_reach` are the bases by which start and end may lie before and after the place written."""

    copies: int | None = None
    is_exact: bool | None = None
    reach: tuple[int, int] | None = None
    end_reach: tuple[int, int] | None = None
    support: tuple[tuple[str, int], ...] = ()
    inserted: int | None = None
    name: str = ""
    mate: str = ""
    """Identifiers of the record and of the record of its other breakend, as written."""

    @property
    def precision(self) -> str | None:
        """What to show of how exact the breakpoints are."""
        spread = [
            f"{word} {low:+d} to {high:+d}"
            for word, reach in (("start", self.reach), ("end", self.end_reach))
            if reach is not None and reach != (0, 0) for low, high in (reach,)
        ]
        if self.is_exact is None and self.reach is None:
            return None
        if self.is_exact is False:
            return ", ".join(["not exact", *spread])
        return ", ".join(["exact", *spread]) if spread and self.is_exact else ", ".join(spread) or "exact"

    @property
    def support_text(self) -> str | None:
        """What to show of the reads, such as `12 read pairs, 4 split reads`."""
        return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in self.support) or None


NOTHING_SAID: Final = Call()


def call_fields(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the SQL of the fields that a call is read from, as far as the table has them; names begin with `c_`."""
    samples = {entry.get("sample") for entry in entries if entry["origin"] == "format"}
    found: dict[str, str] = {}
    for entry in entries:
        field, origin, name = str(entry.get("field", "")), str(entry["origin"]), quoted(str(entry["name"]))
        is_list = str(entry["type"]).startswith("list of")
        part = entry.get("part", "value")
        if origin == "info" and field in ("CIPOS", "CIEND") and is_list:
            found.setdefault(f"c_{field}_low", f"{name}[1]")
            found.setdefault(f"c_{field}_high", f"{name}[2]")
        elif origin == "info" and field in _INFO and part in ("value", "alt"):
            found.setdefault(f"c_{field}", f"{name}[1]" if is_list else name)
        elif origin == "format" and field in _FORMAT and len(samples) == 1 and part in ("value", "alt"):
            place = f"[{2 if field in _ALT_SECOND else 1}]" if is_list and part == "value" else "[1]" if is_list else ""
            found.setdefault(f"c_f_{field}", f"{name}{place}")
    return found


def call_of(row: Mapping[str, Any], fields: Iterable[str], *, is_insertion: bool) -> Call:
    """Read the call from the fields of a row, which are text; `fields` are the names that `call_fields` gave."""
    said: dict[str, str] = {name[2:]: value for name in fields if (value := row[name]) is not None}
    is_exact = False if said.get("IMPRECISE") == "true" else True if said.get("PRECISE") == "true" else None
    return Call(
        copies=_first(said, ("CN", "f_CN", "f_RDCN")), is_exact=is_exact, reach=_reach(said, "CIPOS"),
        end_reach=_reach(said, "CIEND"), support=_support(said), inserted=_inserted(row, said) if is_insertion else None,
        name=row["id"] or "", mate=said.get("MATEID") or said.get("PARID") or "",
    )


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    return int(float(text)) if _NUMBER.fullmatch(text) else None


def _first(said: Mapping[str, str], fields: Iterable[str]) -> int | None:
    for field in fields:
        if field in said and (value := _whole(said[field])) is not None:
            return value
    return None


def _reach(said: Mapping[str, str], field: str) -> tuple[int, int] | None:
    low, high = _whole(said.get(f"{field}_low")), _whole(said.get(f"{field}_high"))
    return None if low is None or high is None else (low, high)


def _support(said: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    if "LP" in said and "RP" in said:  # MELT: pairs on the left and on the right of the place
        return ((_PAIRS, (_whole(said["LP"]) or 0) + (_whole(said["RP"]) or 0)),)
    told = tuple((word, count) for word, fields in _BY_KIND if (count := _first(said, fields)) is not None)
    if told:
        return told
    reads = _first(said, _ANY_READS)
    return ((_READS, reads),) if reads is not None else ()


def _inserted(row: Mapping[str, Any], said: Mapping[str, str]) -> int | None:
    """Return how many bases an insertion adds: of the sequence written, else as the caller says."""
    ref, alt = row["ref"], row["alt"]
    if alt and not set(alt.upper()) - set("ACGTN"):
        return len(alt) - len(ref)
    told = _first(said, ("SVLEN", "SVINSLEN"))
    return abs(told) if told else None
