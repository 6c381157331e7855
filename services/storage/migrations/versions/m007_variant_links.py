"""Which sample of a variant table is which patient, with the parents among the samples; a table may have several patients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m007"
down_revision = "m006"
branch_labels = None
depends_on = None

_LINKS = (
    sa.Column("table_id", sa.String(length=32), nullable=False),
    sa.Column("patient_id", sa.String(length=64), nullable=False),
    sa.Column("sample", sa.Text(), nullable=False),
    sa.Column("mother", sa.Text(), nullable=False),
    sa.Column("father", sa.Text(), nullable=False),
    sa.Column("author", sa.String(length=128), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)


def upgrade() -> None:
    """Move each table's patient into a link of its own. Which sample it is was never stated, so the sample stays empty."""
    names = [sa.column(name, sa.String()) for name in ("id", "patient_id", "owner")]
    tables = sa.table("variant_tables", *names, sa.column("created_at", sa.DateTime(timezone=True)))
    query = sa.select(tables).where(tables.c.patient_id.is_not(None))
    linked = op.get_bind().execute(query).mappings().all()
    # SQLite copies the table to drop a column, which it may do only while nothing refers to it: so this comes first
    with op.batch_alter_table("variant_tables") as batch:
        batch.drop_constraint("fk_variant_tables_patient_id_patients", type_="foreignkey")
        batch.drop_column("patient_id")
    links = op.create_table(
        "variant_links",
        *_LINKS,
        sa.ForeignKeyConstraint(["table_id"], ["variant_tables.id"], name="fk_variant_links_table_id_variant_tables"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_variant_links_patient_id_patients"),
        sa.PrimaryKeyConstraint("table_id", "patient_id", name="pk_variant_links"),
        sa.UniqueConstraint("table_id", "sample", name="uq_variant_links_table_id_sample"),
    )
    op.create_index("ix_variant_links_patient_id", "variant_links", ["patient_id"], unique=False)
    rows = [
        {"table_id": row["id"], "patient_id": row["patient_id"], "sample": "", "mother": "", "father": "",
         "author": row["owner"], "created_at": row["created_at"]}
        for row in linked
    ]  # fmt: skip
    if rows:
        op.bulk_insert(links, rows)
