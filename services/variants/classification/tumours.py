"""The tumour types a person can choose among: the curated list, and what else the installed evidence names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import duckdb

from services.errors import UnavailableError
from services.knowledge.tumour_types import MAX_NAME_LENGTH, tumour_type, tumour_types
from services.variants.reference.model import Pack

_SYNONYMS = 4


def tumour_choices(release: Pack | None) -> Mapping[str, str]:
    """Return names with the words they are found by, in alphabetical order; `release` is the installed evidence.

    A name of the release that is a listed type or a synonym of one is that type; the others stand for themselves only.

    :raise UnavailableError: the release cannot be read.
    """
    return _choices(release.path if release is not None else None)


@lru_cache(maxsize=4)
def _choices(path: Path | None) -> Mapping[str, str]:
    found = {one.name: _labelled(one.name, one.synonyms) for one in tumour_types()}
    for name in _named_in(path) if path is not None else ():
        if tumour_type(name) is None and len(name) <= MAX_NAME_LENGTH:
            found[name] = f"{name} (as the installed evidence names it)"
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))


def _labelled(name: str, synonyms: tuple[str, ...]) -> str:
    return f"{name} ({', '.join(synonyms[:_SYNONYMS])})" if synonyms else name


def _named_in(path: Path) -> list[str]:
    try:
        with duckdb.connect() as connection:
            rows = connection.execute("SELECT DISTINCT tumour FROM read_parquet(?) ORDER BY tumour", [str(path)]).fetchall()
    except duckdb.Error as error:
        raise UnavailableError("the installed somatic evidence cannot be read: install it again") from error
    return [str(row[0]) for row in rows if row[0]]
