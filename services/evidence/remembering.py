"""An answer kept for a few seconds, so that many who ask at once cost one call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Keeps the last answer for `seconds`. One caller asks while the others wait for its answer; errors are not kept.

    After `forget` returned, no answer from before it is given.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._asking = threading.Lock()
        self._lock = threading.Lock()
        self._kept: tuple[float, Answer] | None = None
        self._forgotten = 0

    def get(self, ask: Callable[[], Answer]) -> Answer:
        """Return the answer kept, or ask for it."""
        with self._asking:
            with self._lock:
                if self._kept is not None and self._clock() < self._kept[0]:
                    return self._kept[1]
                before = self._forgotten
            answer = ask()
            with self._lock:
                if self._forgotten == before:  # else something changed while we asked
                    self._kept = (self._clock() + self._seconds, answer)
            return answer

    def forget(self) -> None:
        """Ask again at the next `get`; an answer that is on its way is not kept."""
        with self._lock:
            self._forgotten += 1
            self._kept = None
