"""Vectors of the curated passages, computed once and shipped, so that a first start need not embed them.

`data/curated_vectors.npz` in `services/knowledge` holds the model's name, a digest of each text and its vector in half
precision. A text that is not in it, or another model, is simply embedded. After a change of the curated knowledge run
`python -m services.evidence.precomputed` (`make vectors`); a test fails while passages are missing from the file.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGEST_BYTES = 12


def digest(text: str) -> bytes:
    """The key of a text in the file."""
    return hashlib.sha256(text.encode("utf-8")).digest()[:_DIGEST_BYTES]


@cache
def vectors_of(model: str) -> Mapping[bytes, NDArray[np.float32]]:
    """Return the shipped vectors of `model` by digest: unit length, float32; empty for any other model."""
    path = resources.files("services.knowledge").joinpath("data", "curated_vectors.npz")
    if not path.is_file():
        return {}
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        if str(stored["model"]) != model:
            return {}
        matrix = stored["vectors"].astype(np.float32)
        keys = stored["digests"]
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return {bytes(key): vector for key, vector in zip(keys, matrix, strict=True)}


def main() -> None:
    """Embed the curated passages and write the file."""
    from services.evidence.curated import curated_passages
    from services.evidence.embedder import SentenceEmbedder
    from services.evidence.index import embedded_text
    from services.settings import OFFLINE_MODEL

    texts = sorted({embedded_text(passage) for passage in curated_passages()})
    vectors = SentenceEmbedder(OFFLINE_MODEL).embed(texts)
    digests = np.array([list(digest(text)) for text in texts], dtype=np.uint8)
    target = Path(str(resources.files("services.knowledge").joinpath("data", "curated_vectors.npz")))
    np.savez_compressed(target, model=np.array(OFFLINE_MODEL), digests=digests, vectors=vectors.astype(np.float16))
    sys.stdout.write(f"{len(texts)} vectors in {target.name}, {target.stat().st_size >> 10} KiB\n")


if __name__ == "__main__":
    main()
