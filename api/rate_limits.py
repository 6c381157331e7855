"""How often a client may ask: token buckets, one set for the whole process however many addresses it listens on."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_FAILED_KEYS_PER_MINUTE = 20
_ALL_FAILED_KEYS_PER_MINUTE = 300
_MAX_CLIENTS = 10_000
_NETWORK_BITS = 64
_ROUNDING = 1e-9
_EVERYBODY = "everybody"


class RateLimit:
    """A token bucket for each client; `clock` gives seconds and never goes back."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, client: str) -> int:
        """Take one token; 0 when there was one, else the whole seconds until there is."""
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.pop(client, (self._capacity, now))
            tokens = min(self._capacity, tokens + (now - then) * self._per_second)
            allowed = tokens >= 1 - _ROUNDING
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            while len(self._buckets) > _MAX_CLIENTS:
                self._buckets.popitem(last=False)
            return 0 if allowed else max(1, math.ceil((1 - tokens) / self._per_second - _ROUNDING))


class RequestLimits:
    """The limits of a process. Share one among all that serve the same API, or a client has as many budgets as there are doors.

    Wrong keys have a smaller budget of their own, and one for all clients together: who can choose the address a request seems to
    come from, as everybody on the machine of a proxy can, would else have a new budget for each address.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = RateLimit(per_minute, clock)
        self._failures = RateLimit(_FAILED_KEYS_PER_MINUTE, clock)
        self._all_failures = RateLimit(_ALL_FAILED_KEYS_PER_MINUTE, clock)

    def request(self, address: str) -> int:
        """Count a request; returns the seconds to wait, 0 where it may be answered."""
        return self._requests.seconds_to_wait(client_of(address))

    def wrong_key(self, address: str) -> int:
        """Count a wrong key or ticket; returns the seconds to wait before the next is looked at, 0 for at once."""
        return self._failures.seconds_to_wait(client_of(address)) or self._all_failures.seconds_to_wait(_EVERYBODY)


def client_of(address: str) -> str:
    """Return what one client's requests have in common: the address, of IPv6 the network, all of which one client can use."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, ipaddress.IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), _NETWORK_BITS), strict=False))
