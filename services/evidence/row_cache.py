"""Rows of the store kept in memory, so that a search asks the store for ids alone.

Turning a row with its vector into messages and back costs more than finding it. Rows are kept by collection and id, which say
nothing about a person; a write through this process forgets the rows it touches at once. Where other processes write to the same
store, rows are kept for a short time only.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from cachetools import TTLCache

from services.evidence.rows import Candidate

_MAX_ROWS = 16_384  # about 5 kB each with the vector


class RowCache:
    """Least recently used rows go first. Thread-safe."""

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._rows: TTLCache[tuple[str, str], Candidate] = TTLCache(_MAX_ROWS, seconds, clock)
        self._writes: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def get(
        self, collection: str, ids: Sequence[str], fetch: Callable[[Sequence[str]], Mapping[str, Candidate]]
    ) -> tuple[Candidate, ...]:
        """Return the rows of `ids` in that order, those not kept by one `fetch`. A row that is gone by then is left out."""
        with self._lock:
            known = {key: row for key in ids if (row := self._rows.get((collection, key))) is not None}
            before = self._writes[collection]
        if missing := [key for key in ids if key not in known]:
            fetched = fetch(missing)
            known |= fetched
            with self._lock:
                if self._writes[collection] == before:  # else a row may have been replaced while it was on its way
                    self._rows.update({(collection, key): row for key, row in fetched.items()})
        return tuple(known[key] for key in ids if key in known)

    def forget(self, collection: str, ids: Iterable[str] | None = None) -> None:
        """Drop these rows, or all of the collection; what is on its way is not kept either."""
        with self._lock:
            self._writes[collection] += 1
            gone = [(collection, key) for key in ids] if ids is not None else [one for one in self._rows if one[0] == collection]
            for key in gone:
                self._rows.pop(key, None)
