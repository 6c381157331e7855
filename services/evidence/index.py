"""The index: keeps the SQL passages (the record) and the vectors (rebuildable) in step.

The store is filled before the record changes. An interrupted change is then still visible as a difference: curated knowledge
that the record does not hold yet is indexed again, and a collection that does not hold the passages of the record is rebuilt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import NotFoundError
from services.evidence.collections import COLLECTIONS
from services.evidence.curated import curated_passages
from services.evidence.embedder import Embedder, Progress
from services.evidence.id_sums import IdSum, id_sum
from services.evidence.passages import Passage, Tier
from services.evidence.precomputed import digest, vectors_of
from services.evidence.readiness import Readiness
from services.evidence.store import EvidenceStore, known
from services.storage.database import Database
from services.storage.tables import passages as table

_DELETE_BATCH = 500
_EMBED_BATCH = 512
_ID_PAGE = 5_000
_SETTLE_SECONDS = 2.0


def _settle() -> None:
    time.sleep(_SETTLE_SECONDS)


class EvidenceIndex:
    """Writes passages. One writer at a time; readers are never blocked.

    While a collection is filled anew, `readiness` refuses searches in it.
    """

    def __init__(
        self, database: Database, store: EvidenceStore, embedder: Embedder, readiness: Readiness | None = None,
        *, settle: Callable[[], object] = _settle,
    ) -> None:
        """`settle` waits between the two glances of `repair`."""
        self._database = database
        self._store = store
        self._embedder = embedder
        self._readiness = readiness or Readiness()
        self._settle = settle
        self._writing = threading.Lock()

    def create_collections(self, *, drop_existing: bool = False) -> tuple[str, ...]:
        """Create the collections that are missing and fill those created from the record. Returns their names."""
        with self._writing:
            names = [one.collection.name for one in self._store.statuses() if drop_existing or not one.exists]
            if not names:
                return ()
            with self._readiness.rebuilding(names):
                created = self._store.create(self._embedder.dimension, drop_existing=drop_existing, names=names)
                self._fill(created, None)
        return created

    def drop(self, name: str) -> None:
        """Remove the vectors of a collection; its passages stay on record. Idempotent."""
        known(name)
        with self._writing, self._readiness.rebuilding([name]):
            self._store.drop(name)

    def passage(self, collection: str, passage_id: str, access: Principal) -> Passage:
        """Return one passage from the record.

        :raise NotFoundError: it is not there (any more), or the caller may not see it.
        """
        known(collection)
        query = sa.select(table).where(table.c.collection == collection, table.c.id == passage_id[:128])
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None or (row["patient_id"] is not None and not access.may_see_patients):
            raise NotFoundError("this passage is no longer there: its document was replaced or deleted")
        return passage_from_row(row)

    def export(self, collection: str, access: Principal) -> tuple[Passage, ...]:
        """Every passage of a collection that the caller may see, from the record."""
        query = sa.select(table).where(table.c.collection == known(collection).name).order_by(table.c.id)
        if not access.may_see_patients:
            query = query.where(table.c.patient_id.is_(None))
        with self._database.read() as connection:
            return tuple(passage_from_row(row) for row in connection.execute(query).mappings())

    def put(self, passages: Sequence[Passage], progress: Progress | None = None) -> None:
        """Insert or replace passages by (collection, id): first the vectors, then the record."""
        if not passages:
            return
        with self._writing:
            self._embed_and_store(passages, progress)
            with self._database.begin() as connection:
                write_passages(connection, passages)

    def store_only(self, passages: Sequence[Passage], progress: Progress | None = None) -> None:
        """Embed passages and put them into the store; the caller writes the record."""
        with self._writing:
            self._embed_and_store(passages, progress)

    def remove_from_store(self, collection: str, ids: Sequence[str]) -> None:
        with self._writing:
            self._store.remove(collection, ids)

    def rebuild(self, name: str, progress: Progress | None = None) -> int:
        """Drop one collection and index it again from the record. Returns its number of rows."""
        known(name)
        with self._writing, self._readiness.rebuilding([name]):
            self._store.create(self._embedder.dimension, drop_existing=True, names=[name])
            return self._fill([name], progress)

    def load_curated(self, progress: Progress | None = None) -> int:
        """Index the curated passages that are new or changed and remove those that are gone. Returns how many changed."""
        wanted = {(passage.collection, passage.id): passage for passage in curated_passages()}
        with self._database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.tier == Tier.CURATED.value)).mappings()
            stored = {(row["collection"], row["id"]): passage_from_row(row) for row in rows}
        changed = [passage for key, passage in wanted.items() if stored.get(key) != passage]
        gone = [key for key in stored if key not in wanted]
        for collection in {name for name, _ in gone}:
            ids = [identifier for name, identifier in gone if name == collection]
            self.remove_from_store(collection, ids)
            with self._database.begin() as connection:
                delete_passages(connection, collection, ids)
        self.put(changed, progress)
        return len(changed) + len(gone)

    def repair_counts(self) -> tuple[str, ...]:
        """Rebuild every collection whose number of rows differs from the record's, which is quick to see. Returns their names."""
        with self._database.read() as connection:
            counted = connection.execute(sa.select(table.c.collection, sa.func.count()).group_by(table.c.collection))
            recorded = {row[0]: row[1] for row in counted}
        return self._rebuilt(c.name for c in COLLECTIONS if self._store.count(c.name) != recorded.get(c.name, 0))

    def repair(self) -> tuple[str, ...]:
        """Rebuild every collection that does not hold exactly the passages of the record, by their ids. Returns their names.

        Reads all ids, in bounded memory: about a second for 20,000 in the embedded store. A collection is rebuilt only when it
        looks the same at a second glance: a document that is just being taken in is in the store before it is on record.
        """
        return self._rebuilt(collection.name for collection in COLLECTIONS if self._differs(collection.name))

    def _rebuilt(self, wrong: Iterable[str]) -> tuple[str, ...]:
        names = tuple(wrong)
        for name in names:
            self.rebuild(name)
        return names

    def _differs(self, name: str) -> bool:
        first = self._both(name)
        if first[0] == first[1]:
            return False
        self._settle()
        return self._both(name) == first

    def _both(self, name: str) -> tuple[IdSum, IdSum]:
        """What the store and the record hold of a collection, while nobody writes here."""
        query = sa.select(table.c.id).where(table.c.collection == name).execution_options(yield_per=_ID_PAGE)
        with self._writing, self._database.read() as connection:
            return id_sum(self._store.ids(name)), id_sum(connection.execute(query).scalars())

    def _fill(self, names: Sequence[str], progress: Progress | None) -> int:
        if not names:
            return 0
        with self._database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.collection.in_(names))).mappings().all()
        passages = [passage_from_row(row) for row in rows]
        self._embed_and_store(passages, progress)
        return len(passages)

    def _embed_and_store(self, passages: Sequence[Passage], progress: Progress | None) -> None:
        if not passages:
            return
        shipped = vectors_of(self._embedder.name)
        keys = [digest(embedded_text(passage)) for passage in passages]
        ready = [(passage, shipped[key]) for passage, key in zip(passages, keys, strict=True) if key in shipped]
        self._store.put([passage for passage, _ in ready], [vector.tolist() for _, vector in ready])
        rest = [passage for passage, key in zip(passages, keys, strict=True) if key not in shipped]
        for start in range(0, len(rest), _EMBED_BATCH):
            batch = rest[start : start + _EMBED_BATCH]
            vectors = self._embedder.embed([embedded_text(passage) for passage in batch])
            self._store.put(batch, vectors.tolist())
            if progress is not None:
                progress(start + len(batch), len(rest))


def embedded_text(passage: Passage) -> str:
    """What the embedding model reads: the passage with the line that says what it comes from."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def write_passages(connection: sa.Connection, passages: Sequence[Passage]) -> None:
    """Insert or replace passages in the record, inside the caller's transaction."""
    by_collection: dict[str, list[str]] = {}
    for passage in passages:
        by_collection.setdefault(passage.collection, []).append(passage.id)
    for collection, ids in by_collection.items():
        delete_passages(connection, collection, ids)
    connection.execute(sa.insert(table), [_row(passage) for passage in passages])


def delete_passages(connection: sa.Connection, collection: str, ids: Sequence[str]) -> None:
    """Delete passages of one collection from the record, inside the caller's transaction."""
    for start in range(0, len(ids), _DELETE_BATCH):
        some = ids[start : start + _DELETE_BATCH]
        connection.execute(sa.delete(table).where(table.c.collection == collection, table.c.id.in_(some)))


def passage_from_row(row: sa.RowMapping) -> Passage:
    return Passage(
        id=row["id"], collection=row["collection"], text=row["text"], title=row["title"], tier=Tier(row["tier"]),
        patient_id=row["patient_id"], document_id=row["document_id"], page=row["page"], section=row["section"],
        document_date=row["document_date"], source=row["source"], metadata=row["metadata"], context=row["context"],
    )


def _row(passage: Passage) -> dict[str, object]:
    return {
        "collection": passage.collection, "id": passage.id, "patient_id": passage.patient_id,
        "document_id": passage.document_id, "page": passage.page, "section": passage.section, "title": passage.title,
        "text": passage.text, "tier": passage.tier.value, "document_date": passage.document_date, "source": passage.source,
        "metadata": dict(passage.metadata), "context": passage.context,
    }
