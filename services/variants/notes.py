"""What flags and comments have in common: the variant they are about, who may write, and the history of each.

A note is never lost: an edit keeps what stood before, a deletion only hides it and can be taken back. Both are for the author or
an administrator; reading and adding is for everybody who may see patients.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from services.access.principals import API_CLIENT, LOCAL_USER, Principal
from services.errors import AccessDeniedError, InvalidInputError
from services.storage.tables import variant_note_edits
from services.variants.filters import TableFacts, gene_column
from services.variants.identity import VariantIdentity

_MAX_GENE = 200


@dataclass(frozen=True, slots=True)
class NoteSubject:
    """The variant that is noted, and the gene it was seen in (blank: not known)."""

    identity: VariantIdentity
    gene: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """The subject as the columns of both tables of notes."""
        variant = self.identity.variant
        return {
            "variant": self.identity.key, "assembly": str(variant.build), "chrom": variant.chromosome[:64],
            "pos": variant.position, "ref": variant.ref, "alt": variant.alt, "gene": self.gene[:_MAX_GENE],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoteEdit:
    """One change of a note: what it said before, by whom it was changed and when. `action` is edit, delete or restore."""

    action: str
    before: Mapping[str, Any]
    author: str
    created_at: datetime


def gene_of(row: Mapping[str, Any], table: TableFacts) -> str:
    """Return the genes of a row, separated by commas; blank where the table has none."""
    column = gene_column(table)
    value = row.get(column.name) if column else None
    if isinstance(value, list):
        value = ",".join(str(gene) for gene in value if gene)
    return str(value)[:_MAX_GENE] if value else ""


def require_reader(principal: Principal) -> None:
    if not principal.may_see_patients:
        raise AccessDeniedError("notes on variants are for those who may see patients")


def require_author(principal: Principal, author: str) -> None:
    require_reader(principal)
    if author not in own_names(principal) and not principal.may_administer:
        raise AccessDeniedError("only the author of a note or an administrator may change it")


def own_names(principal: Principal) -> frozenset[str]:
    """Return the names under which this caller writes: the machine's owner is one person on the dashboard and with the key."""
    machine = frozenset({LOCAL_USER.name, API_CLIENT.name})
    return machine if principal.name in machine else frozenset({principal.name})


def checked_text(text: str, what: str, limit: int, *, blank: bool = False) -> str:
    """Return the text composed and without control characters other than line ends.

    :raise InvalidInputError: it is blank where it may not be, or longer than `limit`.
    """
    if len(text) > limit:
        raise InvalidInputError(f"{what} has at most {limit:,} characters")
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(sign for sign in composed if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()
    if not kept and not blank:
        raise InvalidInputError(f"{what} is blank: write something")
    return kept


def record_edit(connection: sa.Connection, subject_id: str, action: str, before: Mapping[str, Any], author: str) -> None:
    """Keep what a note said before it is changed, in the transaction of the change."""
    connection.execute(
        sa.insert(variant_note_edits),
        {"id": uuid4().hex, "subject_id": subject_id, "action": action, "before": dict(before), "author": author,
         "created_at": datetime.now(UTC)},
    )  # fmt: skip


def edits_of(connection: sa.Connection, subject_id: str) -> tuple[NoteEdit, ...]:
    """Return the changes of a note, oldest first."""
    query = (
        sa.select(variant_note_edits)
        .where(variant_note_edits.c.subject_id == subject_id)
        .order_by(variant_note_edits.c.created_at, variant_note_edits.c.id)
    )
    return tuple(
        NoteEdit(row["action"], row["before"], row["author"], row["created_at"]) for row in connection.execute(query).mappings()
    )
