"""A database from before links: each table keeps its patient, and which sample that is stays open."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from services.access.principals import LOCAL_USER
from services.storage import database as storage
from services.storage.database import Database
from services.variants.library import VariantLibrary
from services.variants.links import SampleChoice

BEFORE = "m006"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def test_the_patient_of_a_table_becomes_its_link_and_no_sample_is_guessed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.attributes["engine"] = database.engine
    command.upgrade(config, BEFORE)
    table = (
        "INSERT INTO variant_tables (id, name, owner, sample_name, sample_type, notes, patient_id, row_count, rejected_count, "
        "created_at) VALUES (:id, :id, 'ann', :id, '', '', :patient, 3, 0, '2026-11-01 12:00:00.000000')"
    )
    with database.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO patients (id, name, demo, summary, profile, created_at) VALUES ('P1', 'Ada', 0, '', '{}', '2026-01-01')"
        ))  # fmt: skip
        for name, patient in (("linked", "P1"), ("second", "P1"), ("free", None)):
            connection.execute(sa.text(table), {"id": name, "patient": patient})

    database.migrate()
    library = VariantLibrary(database, tmp_path / "variants")
    found = {one.id: one for one in library.list(LOCAL_USER)}
    assert set(found) == {"linked", "second", "free"}
    assert found["free"].links == ()
    link = found["linked"].links[0]
    assert (link.patient_id, link.choice, link.author, link.created_at) == ("P1", SampleChoice(), "ann", NOW)
    assert {one.id for one in library.of_patient(LOCAL_USER, "P1")} == {"linked", "second"}
    assert library.unlink(LOCAL_USER, "linked", "P1").links == ()
    database.close()
