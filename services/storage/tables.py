"""The tables of the system of record, as SQLAlchemy Core.

Vectors can be rebuilt from `passages` by one command; files can be found from `documents`. Time stamps are UTC. The
schema changes only through a new numbered migration beside the earlier ones; a test proves that the migrations and
this module describe the same schema.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time stamp that is aware and UTC on both sides, on SQLite too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self, value: Any, dialect: Dialect  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        if value is None:
            return None
        stamp: datetime = value
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


patients = sa.Table(
    "patients",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("date_of_birth", sa.String(10)),
    sa.Column("sex", sa.String(1)),
    sa.Column("mrn", sa.String(64)),
    sa.Column("demo", sa.Boolean, nullable=False, default=False),
    sa.Column("summary", sa.Text, nullable=False, default=""),
    sa.Column("profile", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("file_key", sa.String(255), nullable=False),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("doc_type", sa.String(64), nullable=False),
    sa.Column("specialty", sa.String(64), nullable=False),
    sa.Column("document_date", sa.String(10)),
    sa.Column("author", sa.String(200)),
    sa.Column("facility", sa.String(200)),
    sa.Column("page_count", sa.Integer, nullable=False),
    sa.Column("passage_count", sa.Integer, nullable=False),
    sa.Column("notes", sa.JSON, nullable=False, default=list),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("facts_version", sa.String(16)),
    sa.UniqueConstraint("patient_id", "sha256"),
    sa.Index(None, "patient_id", "filename"),
)

passages = sa.Table(
    "passages",
    metadata,
    sa.Column("collection", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("patient_id", sa.String(64)),
    sa.Column("document_id", sa.ForeignKey("documents.id", ondelete="CASCADE")),
    sa.Column("page", sa.Integer),
    sa.Column("section", sa.String(200)),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("tier", sa.String(16), nullable=False),
    sa.Column("document_date", sa.String(10)),
    sa.Column("source", sa.Text),
    sa.Column("context", sa.Text, nullable=False, default=""),
    sa.Column("metadata", sa.JSON, nullable=False, default=dict),
    sa.Index(None, "document_id"),
    sa.Index(None, "patient_id"),
)

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), nullable=False),
    sa.Column("document_id", sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("span_start", sa.Integer, nullable=False),
    sa.Column("span_end", sa.Integer, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("effective_date", sa.String(10)),
    sa.Column("date_precision", sa.String(8), nullable=False),
    sa.Column("date_basis", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Index(None, "patient_id", "kind"),
    sa.Index(None, "document_id"),
)

# What people decided about facts. Append-only, the last one counts; without a key to `facts`, so that a decision outlives
# the reading it corrects and applies again when the same file is read again.
fact_reviews = sa.Table(
    "fact_reviews",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("fact_id", sa.String(32), nullable=False),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("content", sa.JSON),
    sa.Column("effective_date", sa.String(10)),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index(None, "patient_id"),
    sa.Index(None, "fact_id"),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("patient_id", sa.String(64)),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.Index(None, "owner", "updated_at"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("provenance", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("conversation_id", "position"),
)

analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), nullable=False),
    sa.Column("profile", sa.JSON, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("versions", sa.JSON, nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index(None, "patient_id", "created_at"),
)

# A signed row is never written again; the versions of one report share the id of the first as `series_id`.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), nullable=False),
    sa.Column("analysis_id", sa.ForeignKey("analyses.id")),
    sa.Column("series_id", sa.String(32), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("content_sha256", sa.String(64), nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("prepared_at", UtcDateTime, nullable=False),
    sa.Column("reviewed_by", sa.String(200)),
    sa.Column("reviewed_at", UtcDateTime),
    sa.Column("signed_by", sa.String(200)),
    sa.Column("signed_account", sa.String(128)),
    sa.Column("signed_at", UtcDateTime),
    sa.Column("seal_sha256", sa.String(64)),
    sa.UniqueConstraint("series_id", "version"),
    sa.Index(None, "patient_id", "created_at"),
)


# A file on its way in, or arrived. How much of `size` is here is the length of the file on disk, and stands nowhere else.
uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("filename", sa.String(255), nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("content", sa.String(16), nullable=False, default=""),
    sa.Column("fingerprint", sa.String(64), nullable=False, default=""),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index(None, "owner", "created_at"),
)

# What a user sees of a job. The queue engine knows ids only; what the job is to do stands here in `request`. `ticket` is the
# entry in the engine's queue that may work on the job now: an older entry that turns up late finds another ticket and stops.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("sample_name", sa.String(200), nullable=False, default=""),
    sa.Column("request", sa.JSON, nullable=False, default=dict),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False, default=""),
    sa.Column("progress", sa.Integer, nullable=False, default=0),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("problem", sa.JSON),
    sa.Column("result", sa.JSON),
    sa.Column("attempt", sa.Integer, nullable=False, default=1),
    sa.Column("ticket", sa.String(64), nullable=False, default=""),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("completed_at", UtcDateTime),
    sa.Index(None, "owner", "created_at"),
    sa.Index(None, "status"),
)

# The history of each job: its log, and what the event stream replays. `number` only grows, also after rows were deleted.
job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index(None, "job_id", "number"),
    sqlite_autoincrement=True,
)

# An imported table: the rows are in the Parquet file in its folder, this is what the lists show.
variant_tables = sa.Table(
    "variant_tables",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("sample_name", sa.String(200), nullable=False),
    sa.Column("assembly", sa.String(16)),
    sa.Column("sample_type", sa.String(32), nullable=False, default=""),
    sa.Column("notes", sa.Text, nullable=False, default=""),
    sa.Column("job_id", sa.String(32)),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("rejected_count", sa.BigInteger, nullable=False, default=0),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("name"),
    sa.Index(None, "created_at"),
)

# Whose samples a table holds: one sample is one patient. `sample` is empty where nobody said which of them it is.
variant_links = sa.Table(
    "variant_links",
    metadata,
    sa.Column("table_id", sa.ForeignKey("variant_tables.id"), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("sample", sa.Text, nullable=False, default=""),
    sa.Column("mother", sa.Text, nullable=False, default=""),
    sa.Column("father", sa.Text, nullable=False, default=""),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("table_id", "sample"),
    sa.Index(None, "patient_id"),
)


def _note_on_variant(name: str, *own: sa.Column[Any]) -> sa.Table:
    """What a person notes about a variant itself: `variant` is build, chromosome, position and alleles, as in all tables."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("variant", sa.String(600), nullable=False),
        sa.Column("assembly", sa.String(16), nullable=False),
        sa.Column("chrom", sa.String(64), nullable=False),
        sa.Column("pos", sa.BigInteger, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("alt", sa.Text, nullable=False),
        sa.Column("gene", sa.String(200), nullable=False, default=""),
        *own,
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("deleted_at", UtcDateTime),
        sa.Index(None, "variant"),
    )


variant_flags = _note_on_variant(
    "variant_flags",
    sa.Column("category", sa.String(64), nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
)
variant_comments = _note_on_variant(
    "variant_comments",
    sa.Column("parent_id", sa.ForeignKey("variant_comments.id")),
    sa.Column("text", sa.Text, nullable=False),
)

# What a flag or comment said before an edit. Append-only.
variant_note_edits = sa.Table(
    "variant_note_edits",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("subject_id", sa.String(32), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index(None, "subject_id"),
)

# A choice of filter, sort and columns of the explorer: named, for every table; or nameless, what one table last looked like.
saved_views = sa.Table(
    "saved_views",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("table_id", sa.String(32), nullable=False, default=""),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("owner", "table_id", "name"),
)

# Versions of classifications. A row is never changed, except that signing fills the last two columns once.
variant_classifications = sa.Table(
    "variant_classifications",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("variant", sa.String(600), nullable=False),
    sa.Column("assembly", sa.String(16), nullable=False),
    sa.Column("chrom", sa.String(64), nullable=False),
    sa.Column("pos", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("alt", sa.Text, nullable=False),
    sa.Column("gene", sa.String(200), nullable=False, default=""),
    sa.Column("scheme", sa.String(8), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("classification", sa.String(64), nullable=False),
    sa.Column("points", sa.String(16), nullable=False, default=""),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("patient_id", sa.ForeignKey("patients.id")),
    sa.Column("table_id", sa.String(32)),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("signed_by", sa.String(128)),
    sa.Column("signed_at", UtcDateTime),
    sa.UniqueConstraint("variant", "scheme", "version"),
    sa.Index(None, "patient_id"),
    sa.Index(None, "created_at"),
)
