from __future__ import annotations

from pathlib import Path

import pytest

from services.storage.database import Database
from services.uploads.store import Uploads

MB = 1 << 20


@pytest.fixture
def uploads(database: Database, tmp_path: Path) -> Uploads:
    return Uploads(database, tmp_path / "uploads", 20 * MB)
