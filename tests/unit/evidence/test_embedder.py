"""The embedding model: what its vectors are, how it starts, and how it fails."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from services.errors import EmbedderUnavailableError
from services.evidence import embedder as embedder_module
from services.evidence.embedder import EmbedderState, SentenceEmbedder
from services.settings import OFFLINE_MODEL


def test_vectors_are_unit_length_float32_and_in_the_order_of_the_texts(embedder: SentenceEmbedder) -> None:
    texts = ["lupus nephritis", "x", "a much longer text about complement and anti-dsDNA " * 5, "", "lupus nephritis"]
    vectors = embedder.embed(texts)
    assert vectors.shape == (5, embedder.dimension) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert vectors[0] @ vectors[4] == pytest.approx(1.0, abs=1e-3)
    assert vectors[0] @ vectors[1] < 0.9


def test_what_means_the_same_is_closer_than_what_does_not(embedder: SentenceEmbedder) -> None:
    question, same, other = embedder.embed(
        ["Which medicine slows joint damage in arthritis?", "Methotrexate protects the joints in RA.", "The bus was late."]
    )
    assert question @ same > question @ other + 0.3


def test_the_same_text_has_the_same_vector_alone_and_in_a_batch(embedder: SentenceEmbedder) -> None:
    text = "Complement C3 falls before a flare."
    alone = embedder.embed([text])[0]
    together = embedder.embed([f"{text} {number} " * (number + 1) for number in range(40)] + [text])[-1]
    assert alone @ together > 0.999


def test_no_text_gives_no_vector(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_progress_ends_at_the_number_of_texts(embedder: SentenceEmbedder) -> None:
    told: list[tuple[int, int]] = []
    embedder.embed(["text"] * 70, lambda done, total: told.append((done, total)))
    assert told == [(32, 70), (64, 70), (70, 70)]


@pytest.mark.parametrize("text", ["\x00", "🙂" * 200, "a" * 100_000, "\ud7ff", " \n\t", "ﷺ", "<script>"])
def test_any_text_has_a_vector(embedder: SentenceEmbedder, text: str) -> None:
    assert np.isfinite(embedder.embed([text])).all()


def test_tokens_are_counted_without_the_special_ones(embedder: SentenceEmbedder) -> None:
    assert embedder.count_tokens("") == 0
    assert embedder.count_tokens("one two three") == 3
    assert embedder.count_tokens("word " * 1_000) == 1_000


def test_several_threads_get_the_vectors_of_their_own_texts(embedder: SentenceEmbedder) -> None:
    texts = [f"antibody number {number}" for number in range(12)]
    alone = [embedder.embed([text])[0] for text in texts]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda text: embedder.embed([text])[0], texts))
    for one, other in zip(alone, together, strict=True):
        assert one @ other > 0.999


def test_a_model_that_was_not_asked_for_yet_is_idle_and_is_loaded_on_first_use() -> None:
    model = SentenceEmbedder(OFFLINE_MODEL)
    assert model.state is EmbedderState.IDLE
    model.start()
    model.start()
    assert model.state in (EmbedderState.LOADING, EmbedderState.READY)
    assert model.dimension == 384
    assert model.state is EmbedderState.READY


def test_an_unknown_model_fails_with_its_name_and_what_to_do(tmp_path: Path) -> None:
    model = SentenceEmbedder(str(tmp_path / "missing"))
    for attempt in (lambda: model.embed(["text"]), lambda: model.dimension, lambda: model.count_tokens("text")):
        with pytest.raises(EmbedderUnavailableError, match=r"missing.*AUTO_EMBEDDING_MODEL"):
            attempt()
    assert model.state is EmbedderState.FAILED


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"other weights")
    with pytest.raises(ValueError, match=r"sha256.*reinstall"):
        embedder_module._check_digest(weights)
    monkeypatch.setattr(embedder_module, "_OFFLINE_SHA256", hashlib.sha256(b"other weights").hexdigest())
    embedder_module._check_digest(weights)


def test_a_model_that_takes_too_long_is_said_to_be_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder_module, "_LOAD_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(SentenceEmbedder, "_load", lambda _: None)
    model = SentenceEmbedder(OFFLINE_MODEL)
    with pytest.raises(EmbedderUnavailableError, match="still loading"):
        model.embed(["text"])
    assert model.state is EmbedderState.LOADING
