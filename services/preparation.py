"""What has to happen before the first answer: load the model, create collections, index the curated knowledge.

It runs in one background thread while the dashboard is already served, so that a page can say how far it is. A failure is kept
and shown; it is never an empty dashboard.
"""

from __future__ import annotations

import atexit
import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from services.errors import ParatopeError

_LOG = logging.getLogger("paratope.preparation")

Step = tuple[str, Callable[[Callable[[int, int], None]], object]]


@dataclass(frozen=True, slots=True)
class PreparationStatus:
    """`fraction` is from 0 to 1 within the current stage, None where it is unknown. `failure` ends the preparation."""

    stage: str
    fraction: float | None = None
    done: bool = False
    failure: str | None = None


def settle() -> None:
    """Tell the garbage collector that what is loaded by now stays.

    A full collection walks over everything: with the model, the rules and the tables loaded it stops every thread for 0.2 s,
    measured once in each fifty analyses.
    """
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # else extension modules take what is frozen at the end for leaks


class Preparation:
    """Runs the steps in order, once, in a daemon thread; `observe` is told of each change before it can be read here."""

    def __init__(
        self, steps: tuple[Step, ...], observe: Callable[[PreparationStatus], None] = lambda _status: None
    ) -> None:
        self._steps = steps
        self._observe = observe
        self._status = PreparationStatus("waiting")
        self._thread: threading.Thread | None = None
        self._finished = threading.Event()
        self._stopping = threading.Event()

    @property
    def status(self) -> PreparationStatus:
        return self._status

    def start(self) -> None:
        """Begin. Idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="preparation", daemon=True)
            self._thread.start()

    def wait(self, timeout_seconds: float) -> PreparationStatus:
        """Wait for the end and return the status then."""
        self._finished.wait(timeout_seconds)
        return self._status

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """End after the current step; used at shutdown so that the stores are not closed under a running step."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            for stage, action in self._steps:
                if self._stopping.is_set():
                    return
                self._show(PreparationStatus(stage))
                action(lambda done, total, stage=stage: self._advance(stage, done, total))  # type: ignore[misc]  # mypy cannot type a default in a lambda
            self._show(PreparationStatus("ready", 1.0, done=True))
        except ParatopeError as error:
            self._fail(error.message)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever happens must be shown, not lost
            self._fail(f"preparation failed unexpectedly ({type(error).__name__}): see the log")
            _LOG.exception("preparation step failed", exc_info=error)
        finally:
            self._finished.set()

    def _advance(self, stage: str, done: int, total: int) -> None:
        self._show(PreparationStatus(stage, done / total if total else None))

    def _fail(self, message: str) -> None:
        _LOG.error("preparation stopped: %s", message)
        self._show(PreparationStatus(self._status.stage, failure=message))

    def _show(self, status: PreparationStatus) -> None:
        self._observe(status)
        self._status = status
