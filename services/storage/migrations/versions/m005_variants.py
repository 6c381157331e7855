"""Variant tables, and what people note about variants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "m005"
down_revision = "m004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "variant_tables",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("sample_name", sa.String(length=200), nullable=False),
        sa.Column("assembly", sa.String(length=16), nullable=True),
        sa.Column("sample_type", sa.String(length=32), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_variant_tables_patient_id_patients"),
        sa.PrimaryKeyConstraint("id", name="pk_variant_tables"),
        sa.UniqueConstraint("name", name="uq_variant_tables_name"),
    )
    op.create_index("ix_variant_tables_created_at", "variant_tables", ["created_at"], unique=False)
    op.create_table(
        "variant_flags",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("variant", sa.String(length=600), nullable=False),
        sa.Column("assembly", sa.String(length=16), nullable=False),
        sa.Column("chrom", sa.String(length=64), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("gene", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_variant_flags"),
    )
    op.create_index("ix_variant_flags_variant", "variant_flags", ["variant"], unique=False)
    op.create_table(
        "variant_comments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("variant", sa.String(length=600), nullable=False),
        sa.Column("assembly", sa.String(length=16), nullable=False),
        sa.Column("chrom", sa.String(length=64), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("gene", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["variant_comments.id"], name="fk_variant_comments_parent_id_variant_comments"),
        sa.PrimaryKeyConstraint("id", name="pk_variant_comments"),
    )
    op.create_index("ix_variant_comments_variant", "variant_comments", ["variant"], unique=False)
    op.create_table(
        "variant_note_edits",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_variant_note_edits"),
    )
    op.create_index("ix_variant_note_edits_subject_id", "variant_note_edits", ["subject_id"], unique=False)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("table_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("owner", "table_id", "name", name="uq_saved_views_owner_table_id_name"),
    )
