"""The SQL engine and the migrations: SQLite in WAL mode by default, PostgreSQL by URL.

SQLite needs care for many threads: WAL lets readers go on while one writes, `BEGIN IMMEDIATE` makes a writer wait its turn
at the start of a transaction instead of failing in the middle, and the busy timeout bounds that wait. A reader takes a plain
`BEGIN`, which locks nothing: it sees the last commit and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.errors import ConfigurationError, UnavailableError

_BUSY_TIMEOUT_MS = 30_000
_MIGRATIONS = Path(__file__).parent / "migrations"
_READING = "paratope_reading"  # the execution option that marks a connection whose transaction only reads


class Database:
    """Owns the connection pool. Safe for use from several threads; transactions are short."""

    def __init__(self, url: str) -> None:
        try:
            self._url = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise ConfigurationError("AUTO_DATABASE_URL is not a database address such as postgresql://user@host/name") from error
        if self._url.get_backend_name() == "sqlite" and self._url.database not in (None, "", ":memory:"):
            Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine = sa.create_engine(self._url, pool_pre_ping=True, hide_parameters=True)  # parameters are patient data
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction that commits at the end of the block and rolls back on any error.

        :raise UnavailableError: the database cannot be reached or is locked for longer than the busy timeout.
        """
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction for queries only: one view of the last commit, which waits for no other reader or writer.

        It always ends in a rollback, so a statement that writes by mistake changes nothing.

        :raise UnavailableError: the database cannot be reached.
        """
        with _translated(), self.engine.connect() as connection:
            connection.execution_options(**{_READING: True})
            yield connection

    def migrate(self) -> None:
        """Bring the schema to the newest migration. Idempotent.

        :raise ConfigurationError: the database was written by a newer version of the program.
        """
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        script = ScriptDirectory.from_config(config)
        with self.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        known = {revision.revision for revision in script.walk_revisions()}
        if current is not None and current not in known:
            raise ConfigurationError(
                f"the database is at migration {current}, which this version does not know: update the program"
            )
        if current == script.get_current_head():
            return
        config.attributes["engine"] = self.engine
        command.upgrade(config, "head")

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        raise UnavailableError(
            f"the database does not answer ({type(error.orig).__name__}): check AUTO_DATABASE_URL and free disk space"
        ) from error


def _prepare_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
