"""Tickets: what the dashboard hands to its own page so that the browser may call the API without knowing a key.

A ticket is random, lives in this process only, opens one purpose for one principal, and ends after an hour or with the process.
It travels in a header, so no page of another site can send it and no address or log holds it. The page asks for a new one
when its ticket has ended. A browser cannot set a header when it listens to events: for those a ticket stands in the address, and
so is good for one minute and one use.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from services.access.principals import Principal

UPLOADS = "uploads"
"""The purpose of a ticket that lets a page send files."""
JOB_EVENTS = "job events"
"""The purpose of a ticket that lets a page listen to jobs, once."""
GENOME_VIEW = "genome view"
"""The purpose of a ticket that lets a page read pieces of sequence, alignment and call files."""
ONCE_SECONDS = 60.0
_SECONDS = 3_600.0
_MAX_TICKETS = 10_000


class Tickets:
    """Safe for use from several threads; keeps hashes only. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minted: OrderedDict[bytes, tuple[float, str, Principal]] = OrderedDict()

    def mint(self, principal: Principal, purpose: str, seconds: float = _SECONDS) -> str:
        """Return a new ticket of 256 random bits that is good for so many seconds."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._minted[_digest(ticket)] = (self._clock() + seconds, purpose, principal)
            while len(self._minted) > _MAX_TICKETS:
                self._minted.popitem(last=False)
        return ticket

    def holder(self, ticket: str, purpose: str) -> Principal | None:
        """Return for whom the ticket was made; None when it is unknown, has ended or is for another purpose."""
        with self._lock:
            ends, made_for, principal = self._minted.get(_digest(ticket), (0.0, "", None))
        return principal if principal is not None and made_for == purpose and self._clock() < ends else None

    def redeem(self, ticket: str, purpose: str) -> Principal | None:
        """Return for whom the ticket was made, and end it: the second time it is unknown."""
        principal = self.holder(ticket, purpose)
        if principal is not None:
            with self._lock:
                return principal if self._minted.pop(_digest(ticket), None) is not None else None
        return None


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "replace")).digest()
