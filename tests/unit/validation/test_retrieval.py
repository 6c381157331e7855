"""The measurement of the search: its figures by hand, its report, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from validation.retrieval import main, ndcg, read_sample, recall

CORPUS = [
    {"pid": "c3", "text": "Complement C3 falls before a renal flare of lupus."},
    {"pid": "b27", "text": "HLA-B27 is the strongest genetic risk factor for ankylosing spondylitis."},
    {"pid": "tg", "text": "Celiac disease is screened for with antibodies to tissue transglutaminase."},
    {"pid": "mtx", "text": "Methotrexate is given once a week together with folic acid."},
]
QUERIES = [
    {"query": "Which complement falls before a flare?", "synonym_query": None, "relevant": {"c3": 2}},
    {"query": "celiac disease antibodies", "synonym_query": "gluten enteropathy screening", "relevant": {"tg": 2, "mtx": 0}},
]


def saved(folder: Path, content: Any) -> str:
    path = folder / "sample.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_ndcg_is_one_for_the_ideal_order_and_discounts_by_rank() -> None:
    relevant = {"a": 2.0, "b": 1.0}
    assert ndcg(["a", "b", "x"], relevant) == 1.0
    ideal = 3 + 1 / math.log2(3)
    assert ndcg(["b", "a"], relevant) == pytest.approx((1 + 3 / math.log2(3)) / ideal)
    assert ndcg(["x", "y", "a"], relevant) == pytest.approx((3 / math.log2(4)) / ideal)
    assert ndcg(["x"], relevant) == 0.0
    assert ndcg([], relevant) == 0.0


def test_only_the_first_ten_count() -> None:
    found = [f"x{number}" for number in range(10)] + ["a"]
    assert ndcg(found, {"a": 2.0}) == 0.0
    assert recall(found, {"a": 2.0}) == 0.0


def test_recall_is_measured_against_what_fits_into_the_ten() -> None:
    many = {f"r{number}": 1.0 for number in range(30)}
    assert recall([f"r{number}" for number in range(10)], many) == 1.0
    assert recall(["r1", "x"], {"r1": 1.0, "r2": 2.0}) == 0.5
    assert recall(["zero"], {"zero": 0.0, "one": 1.0}) == 0.0
    assert recall(["zero"], {"zero": 0.0}) == 0.0


def test_the_report_ends_with_one_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([saved(tmp_path, {"queries": QUERIES, "corpus": CORPUS})]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out.splitlines()[-1])
    assert set(report) == {"query", "synonym_query", "p50_ms"}
    for name in ("query", "synonym_query"):
        assert set(report[name]) == {"dense", "bm25", "hybrid"}
        assert all(set(row) == {"ndcg10", "recall10"} for row in report[name].values())
    assert report["query"]["hybrid"] == {"ndcg10": 1.0, "recall10": 1.0}
    assert report["p50_ms"] > 0
    assert "2 questions, 1 of them also with synonyms, 4 passages" in captured.out
    assert "indexing the corpus: 4 of 4" in captured.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "Invalid JSON"),
        ("[]", "the file"),
        ({"queries": QUERIES}, "corpus"),
        ({"queries": [], "corpus": CORPUS}, "queries"),
        ({"queries": QUERIES, "corpus": [*CORPUS, CORPUS[0]]}, "same pid"),
        ({"queries": [{"query": "C3", "relevant": {"unknown": 1}}], "corpus": CORPUS}, "'unknown' is not in the corpus"),
        ({"queries": [{"query": "C3", "relevant": {}}], "corpus": CORPUS}, "queries.0.relevant"),
        ({"queries": [{"query": "", "relevant": {"c3": 1}}], "corpus": CORPUS}, "queries.0.query"),
        ({"queries": [{"query": "x" * 4_001, "relevant": {"c3": 1}}], "corpus": CORPUS}, "queries.0.query"),
        ({"queries": QUERIES, "corpus": [{"pid": "a", "text": ""}]}, "corpus.0.text"),
        ({"queries": [{"query": "C3", "relevant": {"c3": "high"}}], "corpus": CORPUS}, "queries.0.relevant.c3"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, said: str
) -> None:
    assert main([saved(tmp_path, content)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.shared_data
def test_the_public_sample_has_the_format(shared: Path) -> None:
    sample = read_sample(shared / "data" / "retrieval" / "medquad_sample.json")
    assert len(sample.queries) == 300
    assert len(sample.corpus) == 2_000
    assert sum(query.synonym_query is not None for query in sample.queries) > 100


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_hybrid_is_at_least_as_good_as_either_half(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(shared / "data" / "retrieval" / "medquad_sample.json")]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    for name in ("query", "synonym_query"):
        for measure in ("ndcg10", "recall10"):
            best = max(report[name][mode][measure] for mode in ("dense", "bm25"))
            assert report[name]["hybrid"][measure] >= best, (name, measure)
    assert report["query"]["hybrid"]["ndcg10"] >= 0.83
    assert report["synonym_query"]["hybrid"]["ndcg10"] >= 0.70
