"""Statements on packs read their own files and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.variants.reference.asking import ask


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "it's data.parquet"
    pq.write_table(pa.table({"gene": ["NOD2", "MEFV"], "pos": [1, 2]}), path)
    (tmp_path / "secret.csv").write_text("s3cret\n1\n")
    return path


def test_rows_come_by_the_names_of_their_columns(pack: Path) -> None:
    sql = "SELECT gene, pos FROM read_parquet(?) ORDER BY pos"
    assert ask([pack], sql, [str(pack)]) == [{"gene": "NOD2", "pos": 1}, {"gene": "MEFV", "pos": 2}]
    assert ask([pack], sql, [str(pack)], limit=1) == [{"gene": "NOD2", "pos": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{folder}/secret.csv')", "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_text('/etc/passwd')", "ATTACH '{folder}/new.db'", "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SET enable_external_access = true", "SET allowed_paths = ['/etc/passwd']", "INSTALL httpfs",
        "SELECT * FROM read_parquet('https://data.example.org/x.parquet')",
    ],
)
def test_nothing_else_can_be_read_written_or_set(pack: Path, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        ask([pack], sql.replace("{folder}", str(pack.parent)), [])
    assert sorted(path.name for path in pack.parent.iterdir()) == ["it's data.parquet", "secret.csv"]
