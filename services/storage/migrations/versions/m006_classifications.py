"""Versions of variant classifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m006"
down_revision = "m005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "variant_classifications",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("variant", sa.String(length=600), nullable=False),
        sa.Column("assembly", sa.String(length=16), nullable=False),
        sa.Column("chrom", sa.String(length=64), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("gene", sa.String(length=200), nullable=False),
        sa.Column("scheme", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("classification", sa.String(length=64), nullable=False),
        sa.Column("points", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("table_id", sa.String(length=32), nullable=True),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(length=128), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name="fk_variant_classifications_patient_id_patients"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_variant_classifications"),
        sa.UniqueConstraint("variant", "scheme", "version", name="uq_variant_classifications_variant_scheme_version"),
    )
    op.create_index("ix_variant_classifications_patient_id", "variant_classifications", ["patient_id"], unique=False)
    op.create_index("ix_variant_classifications_created_at", "variant_classifications", ["created_at"], unique=False)
