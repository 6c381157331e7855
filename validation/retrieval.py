"""Measures the search on graded questions: `python -m validation.retrieval FILE`.

FILE holds `queries` (each with `query`, perhaps `synonym_query`, and `relevant`: passage id to grade) and `corpus` (`pid`
and `text` each). The corpus is indexed in a temporary store by the product's own code, text only. Each question is searched by
dense vectors, by BM25 and by the hybrid the product uses. nDCG@10 takes 2^grade - 1 as gain; recall@10 is the share of hits
among the ten, or among all relevant passages when they are fewer. `p50_ms` is the median time of a hybrid search of `query`,
embedding included. Progress goes to stderr; the last line of stdout is one JSON object.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError, model_validator

from services.access.principals import PUBLIC
from services.errors import ParatopeError
from services.evidence.embedder import SentenceEmbedder
from services.evidence.passages import Passage, Tier
from services.evidence.search import MAX_QUESTION_CHARS, EvidenceSearch, Mode, Ranking
from services.evidence.store import EvidenceStore
from services.settings import Settings

DEPTH = 10
_COLLECTION = "autoimmune_literature"
_MAX_TEXT_BYTES = 60_000  # what a row of the store holds, with some room
_EVERY = 25

Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
Figures = dict[str, dict[str, float]]


class Query(BaseModel):
    qid: str = ""
    query: Question
    synonym_query: Question | None = None
    relevant: Annotated[dict[str, Annotated[float, Field(ge=0, le=10)]], Field(min_length=1)]


class Document(BaseModel):
    pid: str
    text: Annotated[str, Field(min_length=1)]


class Sample(BaseModel):
    """The file: questions with their graded passages, and the passages."""

    queries: Annotated[list[Query], Field(min_length=1)]
    corpus: Annotated[list[Document], Field(min_length=1)]

    @model_validator(mode="after")
    def _require_consistent_ids(self) -> Sample:
        known = {document.pid for document in self.corpus}
        if len(known) != len(self.corpus):
            raise ValueError("two passages of the corpus have the same pid")
        for number, query in enumerate(self.queries, start=1):
            missing = [pid for pid in query.relevant if pid not in known]
            if missing:
                raise ValueError(f"query {number}: the relevant passage {missing[0]!r} is not in the corpus")
        return self


def ndcg(found: Sequence[str], relevant: Mapping[str, float], depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain of a ranking, from 0 to 1."""
    ideal = sum(_gain(grade, rank) for rank, grade in enumerate(sorted(relevant.values(), reverse=True)[:depth], start=1))
    gained = sum(_gain(relevant.get(pid, 0.0), rank) for rank, pid in enumerate(found[:depth], start=1))
    return gained / ideal if ideal else 0.0


def recall(found: Sequence[str], relevant: Mapping[str, float], depth: int = DEPTH) -> float:
    """Return the hits among the first `depth`, as a share of what could be hit there. Grade 0 is not relevant."""
    wanted = {pid for pid, grade in relevant.items() if grade > 0}
    return len(wanted & set(found[:depth])) / min(depth, len(wanted)) if wanted else 0.0


def measure(sample: Sample) -> dict[str, Figures | float]:
    """Index the corpus and run every question in every mode."""
    pids = [document.pid for document in sample.corpus]
    asked = {
        "query": [(query.query, query.relevant) for query in sample.queries],
        "synonym_query": [(query.synonym_query, query.relevant) for query in sample.queries if query.synonym_query],
    }
    report: dict[str, Figures | float] = {}
    with _indexed(sample) as search:
        for name, questions in asked.items():
            figures: Figures = {}
            for mode in (Mode.DENSE, Mode.LEXICAL, Mode.HYBRID):
                found, times = _run(search, questions, mode, pids, f"{name}, {mode}")
                figures[mode.value] = _figures(found, [relevant for _, relevant in questions])
                if name == "query" and mode is Mode.HYBRID:
                    report["p50_ms"] = round(statistics.median(times), 1)
            report[name] = figures
    return report


def _run(
    search: EvidenceSearch, questions: Sequence[tuple[str, Mapping[str, float]]], mode: Mode, pids: Sequence[str], label: str
) -> tuple[list[list[str]], list[float]]:
    found: list[list[str]] = []
    times: list[float] = []
    for number, (question, _) in enumerate(questions, start=1):
        result = search.search(question, access=PUBLIC, collections=[_COLLECTION], top_k=DEPTH, mode=mode)
        found.append([pids[int(hit.passage.id)] for hit in result.hits])
        times.append(result.elapsed_ms)
        _progress(label, number, len(questions))
    return found, times


def _figures(found: Sequence[Sequence[str]], relevant: Sequence[Mapping[str, float]]) -> dict[str, float]:
    if not found:
        return {"ndcg10": 0.0, "recall10": 0.0}
    pairs = list(zip(found, relevant, strict=True))
    return {
        "ndcg10": round(statistics.fmean(ndcg(one, graded) for one, graded in pairs), 4),
        "recall10": round(statistics.fmean(recall(one, graded) for one, graded in pairs), 4),
    }


@contextmanager
def _indexed(sample: Sample) -> Iterator[EvidenceSearch]:
    """The corpus in a store of its own, searched with the product's default settings. Rows are named by their position."""
    defaults = Settings.model_construct()
    embedder = SentenceEmbedder(defaults.embedding_model)
    with tempfile.TemporaryDirectory() as folder:
        store = EvidenceStore(str(Path(folder) / "milvus.db"), model=embedder.name)
        search = EvidenceSearch(store, embedder, Ranking({}, defaults.score_high, defaults.score_medium))
        try:
            store.create(embedder.dimension, names=[_COLLECTION])
            passages = [_passage(position, document) for position, document in enumerate(sample.corpus)]
            vectors = embedder.embed(
                [passage.text for passage in passages], lambda done, total: _progress("indexing the corpus", done, total)
            )
            store.put(passages, vectors.tolist())
            yield search
        finally:
            search.close()
            store.close()


def _passage(position: int, document: Document) -> Passage:
    text = document.text.encode()[:_MAX_TEXT_BYTES].decode(errors="ignore")
    return Passage(id=str(position), collection=_COLLECTION, text=text, title="", tier=Tier.CURATED)


def _progress(what: str, done: int, total: int) -> None:
    if done % _EVERY == 0 or done == total:
        print(f"\r{what}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _gain(grade: float, rank: int) -> float:
    return (2**grade - 1) / math.log2(rank + 1)


def read_sample(path: Path) -> Sample:
    """Read and check the file.

    :raise OSError: it cannot be read.
    :raise ValueError: it does not have the format.
    """
    return Sample.model_validate_json(path.read_bytes())


def main(arguments: Sequence[str]) -> int:
    """Print the report; return 0, or 2 when the file cannot be used."""
    if len(arguments) != 1:
        print("usage: python -m validation.retrieval FILE", file=sys.stderr)
        return 2
    try:
        sample = read_sample(Path(arguments[0]))
    except ValidationError as error:
        first = error.errors()[0]
        print(f"{arguments[0]}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{arguments[0]}: {error.strerror or error}", file=sys.stderr)
        return 2
    try:
        report = measure(sample)
    except ParatopeError as error:
        print(error.message, file=sys.stderr)
        return 1
    _print_table(sample, report)
    print(json.dumps(report))
    return 0


def _print_table(sample: Sample, report: Mapping[str, Figures | float]) -> None:
    synonyms = sum(query.synonym_query is not None for query in sample.queries)
    print(f"{len(sample.queries)} questions, {synonyms} of them also with synonyms, {len(sample.corpus)} passages")
    print(f"{'':14} {'mode':8} {'nDCG@10':>8} {'recall@10':>10}")
    for name in ("query", "synonym_query"):
        figures = report[name]
        assert isinstance(figures, dict)
        for mode, row in figures.items():
            print(f"{name:14} {mode:8} {row['ndcg10']:8.3f} {row['recall10']:10.3f}")
    print(f"median time of a hybrid search, embedding included: {report['p50_ms']} ms")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
