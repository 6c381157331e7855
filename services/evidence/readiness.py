"""Whether the evidence can be searched: refused while it is prepared, and a collection while it is built anew.

A half-filled collection answers like a whole one, with less. So whoever fills collections closes this gate first, and every
search passes it twice: before it asks, and before it answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.errors import StoreUnavailableError


class Readiness:
    """The gate between the index, which fills collections, and the search, which reads them. Thread-safe.

    It begins open; `preparing` or `failed` close it until `prepared`, and both change nothing from then on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusal: str | None = None
        self._prepared = False
        self._building: set[str] = set()
        self._unfinished: set[str] = set()
        self._built: dict[str, int] = {}  # how often each collection was built anew, to notice it during a search

    @property
    def ready(self) -> bool:
        """Whether a search over all collections would be let through."""
        with self._lock:
            return self._refusal is None and not self._building and not self._unfinished

    def preparing(self, stage: str) -> None:
        """Refuse searches because the start is still at `stage`."""
        self._close(f"the evidence is still being prepared ({stage}): try again in a minute")

    def failed(self, stage: str, reason: str) -> None:
        """Refuse searches because the start failed at `stage`."""
        self._close(f"the evidence could not be prepared ({stage}): {reason}")

    def prepared(self) -> None:
        """Let searches through, for good."""
        with self._lock:
            self._prepared = True
            self._refusal = None

    @contextmanager
    def rebuilding(self, names: Sequence[str]) -> Iterator[None]:
        """Refuse searches in these collections for the length of the block; for longer when it fails, until one succeeds."""
        with self._lock:
            self._building.update(names)
            self._unfinished.update(names)
        try:
            yield
            with self._lock:
                self._unfinished.difference_update(names)
        finally:
            with self._lock:
                self._building.difference_update(names)
                self._built.update({name: self._built.get(name, 0) + 1 for name in names})

    @contextmanager
    def searching(self, names: Sequence[str]) -> Iterator[None]:
        """Let a search in these collections through, unless what it reads is being built, or was in the meantime.

        :raise StoreUnavailableError: says what is not ready, and what to do.
        """
        before = self._admit(names)
        try:
            yield
        except StoreUnavailableError:
            self._admit(names)  # a collection that goes away under a search is being rebuilt: that is the better reason
            raise
        if self._admit(names) != before:
            raise StoreUnavailableError("a collection was rebuilt during the search: search again")

    def _close(self, refusal: str) -> None:
        with self._lock:
            if not self._prepared:
                self._refusal = refusal

    def _admit(self, names: Sequence[str]) -> tuple[int, ...]:
        with self._lock:
            if self._refusal is not None:
                raise StoreUnavailableError(self._refusal)
            for name in names:
                if name in self._building:
                    raise StoreUnavailableError(
                        f"collection {name} is being rebuilt: try again in a minute, or search the others"
                    )
                if name in self._unfinished:
                    raise StoreUnavailableError(
                        f"collection {name} was not rebuilt to its end: rebuild it on the Collections page, or search the others"
                    )
            return tuple(self._built.get(name, 0) for name in names)
