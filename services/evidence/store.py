"""The Milvus store: fourteen collections, each with core columns, typed metadata, a dense and a BM25 vector.

Works the same on the embedded file (Milvus Lite) and on a server. Facts about Lite that shaped this module: indexes are
exact there (FLAT), its growing segments are slow until flushed, a collection must be loaded after opening, and only one
process can own the file. The embedding model's name is the default value of the column `embedding_model`: it is part of
the schema, so a collection always knows which model its vectors came from.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]  # ships no types
from milvus_lite.server_manager import server_manager_instance
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, MilvusException, RRFRanker

from services.errors import ConflictError, InvalidInputError, NotFoundError, StoreUnavailableError
from services.evidence.collections import BY_NAME, COLLECTIONS, Collection
from services.evidence.filters import with_ids
from services.evidence.passages import Passage
from services.evidence.remembering import Remembered
from services.evidence.row_cache import RowCache
from services.evidence.rows import CORE_FIELDS, METADATA_TYPES, Candidate, output_fields, to_candidate, to_passage, to_row

_LOG = logging.getLogger("paratope.store")

_TIMEOUT_SECONDS = 10.0  # on every call: without it the client repeats a call to a silent server for minutes
_WRITE_TIMEOUT_SECONDS = 60.0
_PROBE_TIMEOUT_SECONDS = 2.0
_KEEP_ROWS_SECONDS = 60.0  # on a server that other processes write to; the embedded file has one owner
_REMEMBER_SECONDS = 3.0  # every page and every health check asks for the status
_NO_COLLECTION = 100
_CONNECTION = {
    # the client's default, a ping every 10 s without calls, is more than a gRPC server allows: it would cut an idle connection
    "grpc.keepalive_time_ms": 300_000,
    "grpc.keepalive_permit_without_calls": False,
    # a pool shared by the process would answer a new connection with the refusals an earlier one met at the same address
    "grpc.use_local_subchannel_pool": 1,
}
_INSERT_BATCH = 500
_ID_PAGE = 5_000
_RRF_K = 60
# of unit vectors the inner product is the cosine; for COSINE Lite divides every vector by its length in each search
_METRIC = "IP"
_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """`model` is None when the collection does not exist."""

    collection: Collection
    exists: bool
    rows: int
    model: str | None
    dimension: int | None


class EvidenceStore:
    """One connection to Milvus, opened on first use. Thread-safe."""

    def __init__(
        self, uri: str, *, token: str | None = None, model: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._uri = uri
        self._token = token
        self._model = model
        self._client: MilvusClient | None = None
        self._lock = threading.RLock()
        self._writing = threading.Lock()  # Lite loses track of its log files when two threads write to one collection
        self._same_model: set[str] = set()  # collections whose vectors are known to be of this model
        self._statuses: Remembered[tuple[CollectionStatus, ...]] = Remembered(_REMEMBER_SECONDS, clock)
        self._connected: Remembered[bool] = Remembered(_REMEMBER_SECONDS, clock)
        self._rows = RowCache(clock=clock) if self.embedded else RowCache(_KEEP_ROWS_SECONDS, clock)

    @property
    def embedded(self) -> bool:
        return "://" not in self._uri

    def connected(self) -> bool:
        """Whether the store answered in the last few seconds; a call that failed since then counts."""
        return self._connected.get(self._probe)

    def server_version(self) -> str:
        return str(self._call(lambda client: client.get_server_version(timeout=_TIMEOUT_SECONDS)))

    def create(self, dimension: int, *, drop_existing: bool = False, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Create the collections that do not exist; with `drop_existing`, drop and create all. Returns the names created."""
        created = []
        for collection in [known(name) for name in names] if names else COLLECTIONS:
            exists = self._exists(collection.name)
            if exists and drop_existing:
                self.drop(collection.name)
                exists = False
            if not exists:
                self._create(collection, dimension)
                created.append(collection.name)
        return tuple(created)

    def drop(self, name: str) -> None:
        """Remove a collection with its rows. Idempotent."""
        known(name)
        self._same_model.discard(name)
        try:
            self._change(lambda client: client.drop_collection(name, timeout=_WRITE_TIMEOUT_SECONDS))
        finally:
            self._rows.forget(name)

    def status(self, name: str) -> CollectionStatus:
        collection = known(name)
        if not self._exists(name):
            return CollectionStatus(collection, False, 0, None, None)
        description = self._call(lambda client: client.describe_collection(name, timeout=_TIMEOUT_SECONDS))
        fields = {field["name"]: field for field in description["fields"]}
        return CollectionStatus(
            collection,
            True,
            self.count(name),
            _default_text(fields["embedding_model"]) if "embedding_model" in fields else None,
            int(fields["dense"]["params"]["dim"]),
        )

    def statuses(self) -> tuple[CollectionStatus, ...]:
        """The status of each collection, a few seconds old at most; what was written here is counted at once."""
        return self._statuses.get(lambda: tuple(self.status(collection.name) for collection in COLLECTIONS))

    def check_model(self) -> None:
        """Refuse to go on with vectors of another model.

        :raise ConflictError: names the collection, both models and the remedy.
        """
        for collection in COLLECTIONS:
            self._require_same_model(collection.name)

    def count(self, name: str) -> int:
        """Rows of a collection as a query counts them: deletions included at once."""
        rows = self._call(lambda client: client.query(name, filter="", output_fields=["count(*)"], timeout=_TIMEOUT_SECONDS))
        return int(rows[0]["count(*)"])

    def ids(self, name: str) -> Iterator[str]:
        """Yield the id of every row, in no order that could be relied on; a few thousand are in memory at a time."""
        known(name)
        pages = self._call(
            lambda client: client.query_iterator(name, batch_size=_ID_PAGE, output_fields=["id"], timeout=_WRITE_TIMEOUT_SECONDS)
        )
        try:
            while rows := self._call(lambda _: pages.next()):
                yield from (row["id"] for row in rows)
        finally:
            pages.close()

    def schema(self, name: str) -> list[dict[str, str]]:
        """Columns of a collection: name, type, description."""
        described = {field.name: field.description for field in known(name).fields}
        fields = self._call(lambda client: client.describe_collection(name, timeout=_TIMEOUT_SECONDS))["fields"]
        return [
            {"name": field["name"], "type": DataType(field["type"]).name, "description": described.get(field["name"], "")}
            for field in fields
        ]

    def put(self, passages: Sequence[Passage], vectors: Iterable[Sequence[float]]) -> None:
        """Insert or replace rows, then flush: unflushed rows make Lite's searches slow.

        :raise ConflictError: the collection holds vectors of another model.
        """
        by_collection: dict[str, list[dict[str, Any]]] = {}
        for passage, vector in zip(passages, vectors, strict=True):
            by_collection.setdefault(passage.collection, []).append(to_row(passage, vector))
        for name, rows in by_collection.items():
            self._require_searchable(name)
            for start in range(0, len(rows), _INSERT_BATCH):
                batch = rows[start : start + _INSERT_BATCH]
                upsert = partial(MilvusClient.upsert, collection_name=name, data=batch, timeout=_WRITE_TIMEOUT_SECONDS)
                self._write(upsert, name, [row["id"] for row in batch])
            self._write(partial(MilvusClient.flush, collection_name=name, timeout=_WRITE_TIMEOUT_SECONDS), name, ())

    def remove(self, name: str, ids: Sequence[str]) -> None:
        """Delete rows by primary key. Ids that are not there are ignored.

        :raise InvalidInputError: an id with control characters.
        """
        known(name)
        for start in range(0, len(ids), _INSERT_BATCH):
            batch = ids[start : start + _INSERT_BATCH]
            delete = partial(
                MilvusClient.delete, collection_name=name, filter=with_ids(batch), timeout=_WRITE_TIMEOUT_SECONDS
            )
            self._write(delete, name, batch)

    def sample(self, name: str, limit: int, expression: str = "") -> tuple[Passage, ...]:
        """Some rows of a collection, without vectors."""
        fields = output_fields(known(name))
        rows = self._call(
            lambda client: client.query(
                name, filter=expression, limit=limit, output_fields=fields, timeout=_TIMEOUT_SECONDS
            )
        )
        return tuple(to_passage(name, row) for row in rows)

    def hybrid(
        self, name: str, vectors: Sequence[Sequence[float]], question: str, expression: str, limit: int
    ) -> tuple[Candidate, ...]:
        """Candidates by a dense search for each vector and one BM25 search, fused by reciprocal rank in the store."""
        self._require_searchable(name)
        requests = [AnnSearchRequest([list(vector)], "dense", {}, limit, expr=expression) for vector in vectors]
        requests.append(AnnSearchRequest([question], "sparse", {}, limit, expr=expression))
        hits = self._call(
            lambda client: client.hybrid_search(
                name, requests, RRFRanker(_RRF_K), limit=len(requests) * limit, output_fields=["id"], timeout=_TIMEOUT_SECONDS
            )
        )
        return self._candidates(name, hits)

    def dense(self, name: str, vector: Sequence[float], expression: str, limit: int) -> tuple[Candidate, ...]:
        """Candidates by cosine similarity alone, best first."""
        return self._single(name, [list(vector)], "dense", expression, limit)

    def lexical(self, name: str, question: str, expression: str, limit: int) -> tuple[Candidate, ...]:
        """Candidates by BM25 alone, best first. `question` is a term list as `lexical_text` makes it."""
        return self._single(name, [question], "sparse", expression, limit)

    def close(self) -> None:
        """End the connection; the embedded file is released for another process."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
                if self.embedded:
                    server_manager_instance.release_server(self._uri)

    def _single(self, name: str, data: list[Any], field: str, expression: str, limit: int) -> tuple[Candidate, ...]:
        self._require_searchable(name)
        hits = self._call(
            lambda client: client.search(
                name, data, filter=expression, limit=limit, anns_field=field, output_fields=["id"], timeout=_TIMEOUT_SECONDS
            )
        )
        return self._candidates(name, hits)

    def _candidates(self, name: str, hits: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[Candidate, ...]:
        return self._rows.get(name, [hit["id"] for hit in hits[0]] if hits else [], partial(self._fetched, name))

    def _fetched(self, name: str, ids: Sequence[str]) -> dict[str, Candidate]:
        rows = self._call(
            lambda client: client.query(
                name, filter=with_ids(ids), output_fields=[*output_fields(known(name)), "dense"], timeout=_TIMEOUT_SECONDS
            )
        )
        return {row["id"]: to_candidate(name, row) for row in rows}

    def _require_searchable(self, name: str) -> None:
        if name in self._same_model:
            return
        self._require_same_model(name)
        if name not in self._same_model:
            raise _missing(name)

    def _require_same_model(self, name: str) -> None:
        if name in self._same_model:
            return
        status = self.status(name)
        if status.exists and status.model != self._model:
            raise ConflictError(
                f"collection {name} was indexed with {status.model or 'an unknown model'}, but "
                f"AUTO_EMBEDDING_MODEL is {self._model}: set it back, or rebuild the collections on the Collections page"
            )
        if status.exists:
            self._same_model.add(name)

    def _exists(self, name: str) -> bool:
        return bool(self._call(lambda client: client.has_collection(name, timeout=_TIMEOUT_SECONDS)))

    def _create(self, collection: Collection, dimension: int) -> None:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=collection.description)
        for name, kind, options in CORE_FIELDS:
            schema.add_field(name, kind, **options)
        for field in collection.fields:
            kind, limits = METADATA_TYPES[field.type]
            schema.add_field(field.name, kind, **limits)
        schema.add_field("embedding_model", DataType.VARCHAR, max_length=200, default_value=self._model)
        schema.add_field("dense", DataType.FLOAT_VECTOR, dim=dimension)
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25", function_type=FunctionType.BM25, input_field_names=["lexical"], output_field_names=["sparse"]
            )
        )
        index = MilvusClient.prepare_index_params()
        if self.embedded:
            index.add_index("dense", index_type="FLAT", metric_type=_METRIC)
        else:
            index.add_index("dense", index_type="HNSW", metric_type=_METRIC, params={"M": 16, "efConstruction": 200})
        index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_BM25)
        self._change(lambda client: client.create_collection(collection.name, schema=schema, timeout=_TIMEOUT_SECONDS))
        # an index of no rows is ready at once, but the client sleeps 0.5 s before it asks; loading waits where waiting is needed
        self._call(lambda client: client.create_index(collection.name, index, timeout=_TIMEOUT_SECONDS, sync=False))
        self._call(lambda client: client.load_collection(collection.name, timeout=_WRITE_TIMEOUT_SECONDS))

    def _write(self, action: Callable[[MilvusClient], object], name: str, ids: Sequence[str]) -> None:
        try:
            with self._writing:
                self._change(action)
        finally:
            self._rows.forget(name, ids)

    def _change(self, action: Callable[[MilvusClient], object]) -> None:
        try:
            self._call(action)
        finally:  # a change that failed may have been made all the same
            self._statuses.forget()

    def _call(self, action: Callable[[MilvusClient], Result]) -> Result:
        try:
            client = self._connected_client()
            with _translated(self._uri):
                return action(client)
        except StoreUnavailableError:
            self._statuses.forget()
            self._connected.forget()
            raise

    def _probe(self) -> bool:
        try:
            client = self._connected_client()
            with _translated(self._uri):
                client.list_collections(timeout=_PROBE_TIMEOUT_SECONDS)
        except StoreUnavailableError:
            self._statuses.forget()
            return False
        return True

    def _connected_client(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                with _translated(self._uri, opening=True):
                    if self.embedded:
                        Path(self._uri).parent.mkdir(parents=True, exist_ok=True)
                    # dedicated: a shared connection outlives its store, and a store opened later would be given it
                    client = MilvusClient(
                        uri=self._uri, token=self._token or "", timeout=_TIMEOUT_SECONDS, grpc_options=_CONNECTION, dedicated=True
                    )
                    for name in client.list_collections(timeout=_TIMEOUT_SECONDS):
                        if name in BY_NAME:
                            client.load_collection(name, timeout=_WRITE_TIMEOUT_SECONDS)
                self._client = client
            return self._client


def known(name: str) -> Collection:
    """Return the collection of that name.

    :raise NotFoundError: there is none; the message lists the fourteen.
    """
    try:
        return BY_NAME[name]
    except KeyError:
        raise NotFoundError(f"no collection {name[:80]!r}: the collections are {', '.join(BY_NAME)}") from None


@contextmanager
def _translated(uri: str, *, opening: bool = False) -> Iterator[None]:
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:  # the second: a call to a silent server that ran out of time
        code = error.code if isinstance(error, MilvusException) else "timeout"
        if code == _NO_COLLECTION:
            raise _missing(_named_in(str(error))) from error
        if "://" in uri:
            place, hint = "the Milvus server", "check AUTO_MILVUS_URI and that the server is running"
        elif opening:
            place = "the embedded evidence store"
            hint = "another process may own the file: stop it, or set AUTO_MILVUS_URI to a server"
        else:
            place, hint = "the embedded evidence store", "see the log"
            _LOG.error("a call to the store failed with code %s", code, stack_info=True)  # its message may name a patient
        raise StoreUnavailableError(f"{place} does not answer (code {code}): {hint}") from error
    except (OSError, ConnectionError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise StoreUnavailableError(f"the evidence store cannot be opened ({type(error).__name__})") from error


def _missing(name: str | None) -> StoreUnavailableError:
    what = f"collection {name} does not exist" if name else "a collection does not exist"
    return StoreUnavailableError(f"{what}: create it on the Collections page")


def _named_in(message: str) -> str | None:
    return next((name for name in BY_NAME if name in message), None)


def _default_text(field: Mapping[str, Any]) -> str | None:
    default = field.get("default_value")
    text = getattr(default, "string_data", default)
    return str(text) if text else None


