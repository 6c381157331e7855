"""Saved views of the explorer: filter, sort, columns and page size under a name, and what each table last looked like.

A view is kept by owner. Named ones fit any table: columns that a table lacks are left out when it is applied, while a filter or
sort on such a column is reported, because without it the view would show other rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import InvalidInputError, NotFoundError
from services.storage.database import Database
from services.storage.tables import saved_views
from services.variants.filter_json import filter_from_json, filter_to_json
from services.variants.filters import Filter
from services.variants.notes import checked_text
from services.variants.tables import Sort

MAX_NAME = 120
MAX_VIEWS = 200
MAX_COLUMNS = 2_000
PAGE_SIZES = (50, 100, 250, 500)
_LAST = ""


@dataclass(frozen=True, slots=True)
class View:
    """What the explorer shows. `columns` None means: its own choice for the table; `page` counts from 1."""

    condition: Filter | None = None
    sort: tuple[Sort, ...] = ()
    columns: tuple[str, ...] | None = None
    page_size: int = 100
    page: int = 1

    def for_columns(self, known: Sequence[str]) -> View:
        """Return the view without columns that a table lacks; its filter is left as it is."""
        have = set(known)
        columns = None if self.columns is None else tuple(name for name in self.columns if name in have) or None
        return replace(self, columns=columns)


@dataclass(frozen=True, slots=True)
class SavedView:
    id: str
    name: str
    view: View
    created_at: datetime


class SavedViews:
    """Reads and writes views; every method sees the caller's own only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, principal: Principal) -> tuple[SavedView, ...]:
        """Return the named views by name; one that a newer version wrote and this one cannot read is left out."""
        query = sa.select(saved_views).where(saved_views.c.owner == principal.name, saved_views.c.name != _LAST)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(sa.func.lower(saved_views.c.name))).mappings().all()
        found = ((row, _readable(row["content"])) for row in rows)
        return tuple(SavedView(row["id"], row["name"], view, row["created_at"]) for row, view in found if view is not None)

    def save(self, principal: Principal, name: str, view: View) -> None:
        """Keep a view under a name; the caller's view of that name is replaced."""
        shown = checked_text(name.replace("\n", " "), "the name of a view", MAX_NAME)
        with self._database.begin() as connection:
            mine = sa.and_(saved_views.c.owner == principal.name, saved_views.c.name != _LAST)
            if connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one() >= MAX_VIEWS:
                raise InvalidInputError(f"at most {MAX_VIEWS} views are kept: delete one first")
            _put(connection, principal.name, "", shown, replace(view, page=1))

    def delete(self, principal: Principal, view_id: str) -> None:
        """Delete a named view.

        :raise NotFoundError: the caller has none with this id.
        """
        mine = sa.and_(saved_views.c.id == view_id, saved_views.c.owner == principal.name, saved_views.c.name != _LAST)
        with self._database.begin() as connection:
            if connection.execute(sa.delete(saved_views).where(mine)).rowcount == 0:
                raise NotFoundError("no such view")

    def remember(self, principal: Principal, table_id: str, view: View) -> None:
        """Keep what a table looks like now, so that it looks the same after a reload."""
        with self._database.begin() as connection:
            _put(connection, principal.name, table_id, _LAST, view)

    def last(self, principal: Principal, table_id: str) -> View | None:
        """Return what a table last looked like, or None."""
        query = sa.select(saved_views.c.content).where(
            saved_views.c.owner == principal.name, saved_views.c.table_id == table_id, saved_views.c.name == _LAST
        )
        with self._database.read() as connection:
            content = connection.execute(query).scalar()
        return None if content is None else _readable(content)

    def forget_table(self, table_id: str) -> None:
        """Drop what anybody last saw of a table that is gone. Idempotent."""
        with self._database.begin() as connection:
            connection.execute(sa.delete(saved_views).where(saved_views.c.table_id == table_id))


def _put(connection: sa.Connection, owner: str, table_id: str, name: str, view: View) -> None:
    place = sa.and_(saved_views.c.owner == owner, saved_views.c.table_id == table_id, saved_views.c.name == name)
    content = view_to_json(view)
    if connection.execute(sa.update(saved_views).where(place).values(content=content)).rowcount == 0:
        connection.execute(
            sa.insert(saved_views),
            {"id": uuid4().hex, "owner": owner, "table_id": table_id, "name": name, "content": content,
             "created_at": datetime.now(UTC)},
        )  # fmt: skip


def view_to_json(view: View) -> dict[str, Any]:
    return {
        "filter": None if view.condition is None else filter_to_json(view.condition),
        "sort": [{"column": one.column, "descending": one.descending} for one in view.sort],
        "columns": None if view.columns is None else list(view.columns),
        "page_size": view.page_size,
        "page": view.page,
    }


def view_from_json(data: Mapping[str, Any]) -> View:
    """Read a view; InvalidInputError for anything `view_to_json` does not write."""
    condition, columns = data.get("filter"), data.get("columns")
    try:
        sort = tuple(Sort(str(one["column"]), bool(one["descending"])) for one in data.get("sort", ()))
        size, page = int(data.get("page_size", 100)), int(data.get("page", 1))
        names = None if columns is None else tuple(map(str, columns[:MAX_COLUMNS]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError("this saved view cannot be read: delete it and save it again") from error
    return View(
        None if condition is None else filter_from_json(condition), sort, names, size if size in PAGE_SIZES else 100, max(1, page)
    )


def _readable(content: Mapping[str, Any]) -> View | None:
    try:
        return view_from_json(content)
    except InvalidInputError:
        return None
