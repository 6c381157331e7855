"""Which rows of a table are flagged or commented on: what makes notes a column of the grid and a part of filters.

Notes are kept by variant, in the database; rows are in Parquet. Here the two meet: the noted positions are looked up in the table
once for each state of the notes, and filters on notes become filters on row numbers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from services.access.principals import Principal
from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.comments import Comment, VariantComments
from services.variants.filters import And, Commented, Filter, Flagged, Not, Or, Rows
from services.variants.flags import Flag, VariantFlags, category_of
from services.variants.identity import IDENTITY_COLUMNS, identity_of
from services.variants.library import VariantLibrary
from services.variants.tables import VariantTable

_KEPT = 32
_NO_BUILD = "the build of this table is not known, so notes cannot be found in it: state the build first"


@dataclass(frozen=True, slots=True)
class NotedRow:
    """A row with notes, as the table writes the variant."""

    row_id: int
    chrom: str
    pos: int
    ref: str
    alt: str
    flags: tuple[Flag, ...]
    comments: tuple[Comment, ...]
    """All comments of the variant, deleted ones included; `threaded` puts them in order."""

    @property
    def comment_count(self) -> int:
        return sum(1 for comment in self.comments if comment.deleted_at is None)


class Marks:
    """Looks notes up in tables. Results are kept for a few tables until a note of their build changes."""

    def __init__(self, library: VariantLibrary, flags: VariantFlags, comments: VariantComments) -> None:
        self._library = library
        self._flags = flags
        self._comments = comments
        self._known: OrderedDict[tuple[str, str], Mapping[int, NotedRow]] = OrderedDict()
        self._lock = Lock()

    def noted(self, principal: Principal, table_id: str) -> Mapping[int, NotedRow]:
        """Return the rows of a table whose variants have notes, by row number, in genome order; none without a build."""
        info = self._library.get(principal, table_id)
        if info.assembly is None:
            return {}
        key = (info.id, self.version(info.assembly))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._look_up(principal, self._library.open(principal, info.id), info.assembly)
        with self._lock:
            self._known[key] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found

    def version(self, build: GenomeBuild | None) -> str:
        """Return a text that changes with every note on a variant of this build."""
        return "" if build is None else f"{build}/{self._flags.version(build)}/{self._comments.version(build)}"

    def resolve(self, principal: Principal, table_id: str, condition: Filter | None) -> Filter | None:
        """Return the filter with every condition on notes turned into row numbers.

        :raise InvalidInputError: it asks for notes and the table's build is not known.
        """
        if condition is None or not asks_for_notes(condition):
            return condition
        if self._library.get(principal, table_id).assembly is None:
            raise InvalidInputError(_NO_BUILD)
        return _resolved(condition, self.noted(principal, table_id))

    def _look_up(self, principal: Principal, table: VariantTable, build: GenomeBuild) -> Mapping[int, NotedRow]:
        flags: dict[str, list[Flag]] = {}
        for flag in self._flags.in_build(principal, build):
            flags.setdefault(flag.variant, []).append(flag)
        comments: dict[str, list[Comment]] = {}
        for comment in self._comments.in_build(principal, build):
            comments.setdefault(comment.variant, []).append(comment)
        positions = {flag.pos for own in flags.values() for flag in own} | {one.pos for own in comments.values() for one in own}
        found: dict[int, NotedRow] = {}
        for row in rows_at(table, sorted(positions)):
            try:
                key = identity_of(row, build).key
            except InvalidInputError:  # a contig of another build, or an allele that has no identity: nobody can have noted it
                continue
            if key in flags or key in comments:
                found[row["row_id"]] = NotedRow(
                    row["row_id"], row["chrom"], row["pos"], row["ref"] or "", row["alt"] or "",
                    tuple(flags.get(key, ())), tuple(comments.get(key, ())),
                )  # fmt: skip
        return {number: noted for number, noted in found.items() if noted.flags or noted.comment_count}


def rows_at(table: VariantTable, positions: Sequence[int]) -> list[dict[str, Any]]:
    """Return number and identity of the rows that begin at any of these positions, on whatever contig, in genome order."""
    if not positions:
        return []
    names = ", ".join(f'"{name}"' for name in ("row_id", *IDENTITY_COLUMNS))
    where = "pos BETWEEN ? AND ? AND pos IN (SELECT unnest(?::BIGINT[]))"
    values = [positions[0], positions[-1], list(positions)]
    with table.query(f"SELECT {names} FROM variants WHERE {where} ORDER BY row_id", values) as result:  # noqa: S608 (our names)
        found: list[dict[str, Any]] = result.to_arrow_table().to_pylist()
    return found


def asks_for_notes(condition: Filter) -> bool:
    """Tell whether a filter has a condition on flags or comments."""
    match condition:
        case And(parts) | Or(parts):
            return any(asks_for_notes(part) for part in parts)
        case Not(part):
            return asks_for_notes(part)
    return isinstance(condition, Flagged | Commented)


def _resolved(condition: Filter, noted: Mapping[int, NotedRow]) -> Filter:
    match condition:
        case And(parts):
            return And(tuple(_resolved(part, noted) for part in parts))
        case Or(parts):
            return Or(tuple(_resolved(part, noted) for part in parts))
        case Not(part):
            return Not(_resolved(part, noted))
        case Flagged(categories):
            wanted = {category_of(category).lower() for category in categories}
            return Rows(tuple(
                number for number, row in noted.items()
                if any(not wanted or flag.category.lower() in wanted for flag in row.flags)
            ))  # fmt: skip
        case Commented():
            return Rows(tuple(number for number, row in noted.items() if row.comment_count))
    return condition
