"""Installs published files and reads the packs back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from services.genomics.genome import GenomeBuild
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind, PackRequest

Install = Callable[..., Pack]


@pytest.fixture
def library(tmp_path: Path) -> ReferenceLibrary:
    return ReferenceLibrary(tmp_path / "reference")


@pytest.fixture
def install(library: ReferenceLibrary, tmp_path: Path) -> Install:
    """Write `text` (or take a path) as a published file and install it."""

    def install_it(
        kind: PackKind, content: str | Path, build: GenomeBuild | None = None, *, name: str = "published.txt", version: str = "1",
    ) -> Pack:
        path = content
        if isinstance(path, str):
            path = tmp_path / name
            path.write_text(str(content), encoding="utf-8")
        return library.install(path, PackRequest(kind, build, version=version or None))

    return install_it


def rows(path: Path) -> list[dict[str, Any]]:
    """Read all rows of a Parquet file, in the order of the file."""
    relation = duckdb.sql("SELECT * FROM read_parquet(?)", params=[str(path)])
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
