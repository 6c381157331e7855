"""The notes on the variants of one table as CSV, in the order of the table and safe for spreadsheets.

Chromosome, position and alleles are written as the table writes them, so that a line can be joined with the table's rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import chain

from services.access.principals import Principal
from services.errors import AccessDeniedError
from services.variants.comments import threaded
from services.variants.exports import disarmed
from services.variants.library import TableInfo, VariantLibrary
from services.variants.marks import Marks, NotedRow
from services.variants.notes import own_names

FLAG_COLUMNS = ("chrom", "pos", "ref", "alt", "gene", "flag", "note", "flagged_by", "flagged_at")
COMMENT_COLUMNS = (
    "chrom", "pos", "ref", "alt", "gene", "comment_id", "parent_id", "depth", "author", "text", "created_at",
)  # fmt: skip


class NoteExports:
    """Writes what `Marks` finds."""

    def __init__(self, library: VariantLibrary, marks: Marks) -> None:
        self._library = library
        self._marks = marks

    def flags(self, principal: Principal, table: str, *, of_members: bool = False) -> Iterator[str]:
        """Yield the CSV of the caller's flags, with `of_members` of everybody's, line by line.

        :raise AccessDeniedError: the flags of others are for the table's owner and administrators.
        """
        info = self._checked(principal, table, of_members)
        mine = None if of_members else own_names(principal)
        rows = (
            (*_place(row), flag.gene, flag.category, flag.note, flag.author, _time(flag.created_at))
            for row in self._marks.noted(principal, info.id).values()
            for flag in row.flags
            if mine is None or flag.author in mine
        )
        return _lines(FLAG_COLUMNS, rows)

    def comments(self, principal: Principal, table: str, *, of_members: bool = False) -> Iterator[str]:
        """Yield the CSV of the caller's comments, with `of_members` of everybody's, thread by thread.

        `depth` is that in the whole thread, also where comments of others are left out.

        :raise AccessDeniedError: the comments of others are for the table's owner and administrators.
        """
        info = self._checked(principal, table, of_members)
        mine = None if of_members else own_names(principal)
        rows = (
            (*_place(row), one.gene, one.id, one.parent_id or "", str(one.depth), one.author, one.text, _time(one.created_at))
            for row in self._marks.noted(principal, info.id).values()
            for one in threaded(row.comments)
            if one.deleted_at is None and (mine is None or one.author in mine)
        )
        return _lines(COMMENT_COLUMNS, rows)

    def _checked(self, principal: Principal, table: str, of_members: bool) -> TableInfo:
        info = self._library.get(principal, table)
        if of_members and info.owner not in own_names(principal) and not principal.may_administer:
            raise AccessDeniedError("the notes of other members are for the table's owner and administrators")
        return info


def _place(row: NotedRow) -> tuple[str, str, str, str]:
    return row.chrom, str(row.pos), row.ref, row.alt


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for cells in chain([tuple(header)], rows):
        line = StringIO()
        csv.writer(line).writerow([disarmed(cell) for cell in cells])
        yield line.getvalue()
