"""Which curated knowledge an answer rests on: one hash over every data file, stored with each analysis."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources


@cache
def knowledge_version() -> str:
    """Return the first 16 hex digits of the SHA-256 over the names and contents of all data files, in name order."""
    digest = hashlib.sha256()
    folder = resources.files("services.knowledge").joinpath("data")
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_file():
            digest.update(entry.name.encode() + b"\0")
            digest.update(hashlib.sha256(entry.read_bytes()).digest())
    return digest.hexdigest()[:16]
