"""Which engine an answer comes from: one hash over its code and everything it knows, derived and never set by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from services.knowledge.version import knowledge_version

_PACKAGES = ("services.clinical", "services.knowledge")


@cache
def engine_version() -> str:
    """Return the first 16 hex digits of the SHA-256 over every module of the engine and the knowledge version.

    It changes with any rule, whether the rule is code or data. A changed comment changes it too.
    """
    return version_of({package: resources.files(package) for package in _PACKAGES}, knowledge_version())


def version_of(packages: Mapping[str, Traversable], knowledge: str) -> str:
    """Return the version of an engine whose modules are below these folders and which knows what `knowledge` names."""
    digest = hashlib.sha256(knowledge.encode())
    for package, folder in packages.items():
        for name, module in _modules(folder, package):
            digest.update(name.encode() + b"\0")
            digest.update(hashlib.sha256(module.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _modules(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    """Yield every module below a folder with its dotted name, in the order of the names."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _modules(entry, f"{name}.{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{name}.{entry.name}", entry
