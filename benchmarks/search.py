"""Measures a search over all fourteen collections, embedding of the question included, as the collections grow.

Rows are real curated texts, repeated, under random unit vectors, in the shares that a used installation has. So the exact dense
search and BM25 do their real work; what they find does not matter here (`validation.retrieval` measures that).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import percentiles, progress
from services.access.principals import LOCAL_USER
from services.evidence.collections import COLLECTIONS
from services.evidence.curated import curated_passages
from services.evidence.embedder import SentenceEmbedder
from services.evidence.passages import Passage
from services.evidence.search import EvidenceSearch, Ranking
from services.evidence.store import EvidenceStore
from services.preparation import settle
from services.settings import OFFLINE_MODEL

SIZES = (2_500, 12_600, 25_000, 50_000, 100_000)
DEFAULT_MAX_VECTORS = SIZES[-1]
# the counts of the documented example of GET /collections
SHARES = {
    "autoimmune_autoantibody_panels": 245, "autoimmune_biologic_therapies": 180, "autoimmune_clinical_documents": 2_340,
    "autoimmune_clinical_trials": 420, "autoimmune_cross_disease": 85, "autoimmune_disease_activity": 310,
    "autoimmune_disease_criteria": 156, "autoimmune_flare_patterns": 198, "autoimmune_hla_associations": 275,
    "autoimmune_literature": 1_850, "autoimmune_patient_labs": 1_920, "autoimmune_patient_timelines": 450,
    "autoimmune_pgx_rules": 120, "genomic_evidence": 3_500,
}
QUESTIONS = (
    "What does anti-dsDNA with low complement mean?", "HLA-B27 and ankylosing spondylitis", "methotrexate monitoring",
    "Which antibodies come before type 1 diabetes?", "flare of lupus nephritis after stopping mycophenolate",
    "TPMT poor metaboliser azathioprine dose", "anti-TNF and demyelination", "celiac disease with IgA deficiency",
    "differential of ANA 1:640 speckled", "Graves' orbitopathy teprotumumab hearing", "rituximab hepatitis B",
    "myasthenia gravis MuSK antibodies",
)
_ROUNDS = 3
_WARM_UP = 3


def run(max_vectors: int = DEFAULT_MAX_VECTORS) -> list[dict[str, Any]]:
    """Return for each size up to `max_vectors`: rows, seconds to add them, and the times of a search."""
    embedder = SentenceEmbedder(OFFLINE_MODEL)
    random = np.random.default_rng(7)
    measured: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = EvidenceStore(str(Path(folder) / "milvus.db"), model=embedder.name)
        search = EvidenceSearch(store, embedder, Ranking({}, 0.55, 0.35))
        try:
            store.create(embedder.dimension)
            rows = {collection.name: _rows(collection.name) for collection in COLLECTIONS}
            held = dict.fromkeys(rows, 0)
            for size in [one for one in SIZES if one <= max_vectors] or [max_vectors]:
                progress(f"search: filling up to {size:,} vectors")
                started = time.perf_counter()
                for name, wanted in _counts(size).items():
                    new = [next(rows[name]) for _ in range(wanted - held[name])]
                    store.put(new, _unit(random, len(new), embedder.dimension))
                    held[name] = wanted
                filled = time.perf_counter() - started
                progress(f"search: {_ROUNDS * len(QUESTIONS)} questions")
                times = _ask(search)
                measured.append({"vectors": sum(held.values()), "added_in_s": round(filled, 1), **percentiles(times)})
        finally:
            search.close()
            store.close()
    return measured


def _ask(search: EvidenceSearch) -> list[float]:
    for question in QUESTIONS[:_WARM_UP]:
        search.search(question, access=LOCAL_USER)
    settle()  # as the program does once it is ready
    return [search.search(question, access=LOCAL_USER).elapsed_ms for _ in range(_ROUNDS) for question in QUESTIONS]


def _rows(name: str) -> Iterator[Passage]:
    """Passages of a collection without end: its curated ones, or the literature's where it has none."""
    curated = curated_passages()
    own = [one for one in curated if one.collection == name] or [
        replace(one, collection=name, metadata={}) for one in curated if one.collection == "autoimmune_literature"
    ]
    for number, passage in enumerate(cycle(own)):
        yield replace(passage, id=f"row-{number}")


def _counts(size: int) -> dict[str, int]:
    total = sum(SHARES.values())
    return {name: max(1, round(size * share / total)) for name, share in SHARES.items()}


def _unit(random: np.random.Generator, count: int, dimension: int) -> Sequence[Sequence[float]]:
    vectors = random.standard_normal((count, dimension), dtype=np.float32)
    rows: list[list[float]] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).tolist()
    return rows
