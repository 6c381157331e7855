"""Asks a service that an administrator named in the settings, and returns its answer whole; no file, and no redirect is followed.

A service on the Internet is reached by the rules of `remote.py`: https on port 443, a name whose every address is public. One
inside the network is reached only where the settings say so: then any port, http too, and whatever address its name has. What
users type never comes here.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from services.errors import InvalidInputError, UnavailableError
from services.network.locations import Address, parse_address
from services.network.remote import Network, ShouldStop, Watch, transfer

_INSIDE = re.compile(r"(?P<scheme>https?)://(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
                     r"(?P<path>(?:/[A-Za-z0-9._~-]{1,100}){0,10})/?")
_PIECE_BYTES = 1 << 16
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said. `retry_after` is the pause it asks for, in seconds."""

    status: int
    body: bytes
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Service:
    """A service at an address; `place` is what people are told it is, a host with its port where that is not the usual one."""

    place: str
    _name: str
    _path: str
    _network: Network

    @classmethod
    def at(cls, url: str, *, is_inside: bool = False, network: Network | None = None) -> Service:
        """Take the address of a service apart; `is_inside` lets it lie in this network.

        :raise InvalidInputError: it is not an address that may be asked.
        """
        network = network or Network()
        if not is_inside:
            address = parse_address(url)
            if "?" in address.target:
                raise InvalidInputError("the address of a service ends with its path")
            return cls(address.name, address.name, address.target.rstrip("/"), network)
        found = _INSIDE.fullmatch(url)
        port = int(found["port"] or (443 if found["scheme"] == "https" else 80)) if found else 0
        if found is None or not 0 < port < 65_536:
            raise InvalidInputError("the address must be http(s)://name:port/path, without user name, query or fragment")
        name = found["name"].strip("[]").lower()
        tls = network.tls if found["scheme"] == "https" else None
        reached = replace(
            network, look_up=partial(_look_up, port), permits=lambda _address: True, dial=partial(_dial, port), tls=tls
        )
        place = found["name"].lower() + (f":{found['port']}" if found["port"] else "")
        return cls(place, name, found["path"], reached)

    def ask(
        self, target: str, body: bytes | None = None, *, limit_bytes: int, silence_seconds: float, should_stop: ShouldStop,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Get `target` (a path with its query, below the service's own), or post a body to it; None when told to stop.

        :raise InvalidInputError: the server is not public though it must be, redirects, or is no such service.
        :raise UnavailableError: it does not answer, breaks off, is too slow, or says more than `limit_bytes`.
        """
        given: list[Answer] = []

        def receive(address: Address, answer: http.client.HTTPResponse, watch: Watch) -> None:
            given.append(Answer(answer.status, _read(address, answer, watch, limit_bytes), _seconds(answer)))

        network = replace(self._network, silence_seconds=silence_seconds, total_seconds=2 * silence_seconds)
        whole = transfer(
            Address(self._name, self._path + target), receive, should_stop=should_stop, network=network,
            headers={"Host": self.place, **(headers or {})}, body=body, follows=False,
        )
        return given[0] if whole else None


def _read(address: Address, answer: http.client.HTTPResponse, watch: Watch, limit: int) -> bytes:
    text = bytearray()
    announced = answer.length
    while piece := answer.read(_PIECE_BYTES):
        watch.check()
        text += piece
        if len(text) > limit:
            raise UnavailableError(f"{address.name} sends more than {limit >> 20} MB for one question")
    watch.check()
    if announced is not None and len(text) != announced:
        raise UnavailableError(f"{address.name} broke off in the middle of its answer: try again")
    return bytes(text)


def _seconds(answer: http.client.HTTPResponse) -> float | None:
    """Read Retry-After as seconds, whole or with a fraction; a date is taken for a minute."""
    text = (answer.getheader("Retry-After") or "").strip()[:64]
    if not text:
        return None
    return float(text) if re.fullmatch(r"[0-9]{1,7}(?:\.[0-9]{1,6})?", text) else 60.0


def _look_up(port: int, name: str) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _dial(port: int, address: str) -> socket.socket:
    return socket.create_connection((address, port), _CONNECT_SECONDS)
