from __future__ import annotations

import numpy as np

from services.evidence.curated import curated_passages
from services.evidence.embedder import SentenceEmbedder
from services.evidence.index import embedded_text
from services.evidence.precomputed import digest, vectors_of


def test_every_curated_passage_has_a_shipped_vector(embedder: SentenceEmbedder) -> None:
    shipped = vectors_of(embedder.name)
    missing = [passage.id for passage in curated_passages() if digest(embedded_text(passage)) not in shipped]
    assert missing == [], "the curated knowledge changed: run `make vectors`"


def test_shipped_vectors_are_what_the_model_computes(embedder: SentenceEmbedder) -> None:
    shipped = vectors_of(embedder.name)
    texts = [embedded_text(passage) for passage in curated_passages()[::60]]
    computed = embedder.embed(texts)
    similarities = [float(vector @ shipped[digest(text)]) for vector, text in zip(computed, texts, strict=True)]
    assert min(similarities) > 0.999
    assert np.allclose([np.linalg.norm(shipped[digest(text)]) for text in texts], 1, atol=1e-5)


def test_another_model_finds_no_shipped_vectors() -> None:
    assert vectors_of("another/model") == {}
