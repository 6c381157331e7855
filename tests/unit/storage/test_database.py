from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.errors import ConfigurationError, ParatopeError
from services.storage.database import Database
from services.storage.tables import metadata, patients


def test_the_migrations_and_the_tables_describe_the_same_schema(database: Database) -> None:
    with database.begin() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
    with database.begin() as connection:
        assert connection.execute(sa.text("select count(*) from alembic_version")).scalar() == 1


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = 'm999'"))
    with pytest.raises(ConfigurationError, match="m999"):
        database.migrate()


def test_sixteen_writers_lose_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'busy.db'}")
    with database.begin() as connection:
        connection.execute(sa.text("create table ticks (writer integer, tick integer)"))
    failures: list[ParatopeError | sa.exc.SQLAlchemyError] = []

    def write(writer: int) -> None:
        try:
            for tick in range(50):
                with database.begin() as connection:
                    connection.execute(sa.text("insert into ticks values (:writer, :tick)"), {"writer": writer, "tick": tick})
        except (ParatopeError, sa.exc.SQLAlchemyError) as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.begin() as connection:
        assert connection.execute(sa.text("select count(*) from ticks")).scalar() == 800
    database.close()


def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    row = {"id": "p1", "name": "A", "demo": False, "summary": "", "profile": {}, "created_at": datetime.now(UTC)}
    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.insert(patients), [row, row])
    with database.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(patients)).scalar() == 0


def test_a_reader_waits_neither_for_a_reader_nor_for_a_writer(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(patients)
    row = {"id": "p1", "name": "A", "demo": False, "summary": "", "profile": {}, "created_at": datetime.now(UTC)}
    seen: list[int | None] = []

    def read() -> None:
        with database.read() as connection:
            seen.append(connection.execute(count).scalar())

    with database.read() as earlier, database.begin() as writer:
        assert earlier.execute(count).scalar() == 0
        writer.execute(sa.insert(patients), row)
        other = threading.Thread(target=read, daemon=True)
        other.start()
        other.join(timeout=10)  # the busy timeout is 30 s: whoever waits for a lock is still waiting then
        assert seen == [0]
    read()
    assert seen == [0, 1]


def test_a_reader_sees_one_state_until_its_end(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(patients)
    row = {"id": "p1", "name": "A", "demo": False, "summary": "", "profile": {}, "created_at": datetime.now(UTC)}
    with database.read() as reader:
        assert reader.execute(count).scalar() == 0
        with database.begin() as writer:
            writer.execute(sa.insert(patients), row)
        assert reader.execute(count).scalar() == 0


def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    row = {"id": "p1", "name": "A", "demo": False, "summary": "", "profile": {}, "created_at": datetime.now(UTC)}
    with database.read() as connection:
        connection.execute(sa.insert(patients), row)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(patients)).scalar() == 0
