"""Fetches a file from an address a user gave, without lending the user this server's place in the network.

An address is taken apart once, by the strict rules here, and what was checked is what is used: the name is looked up once, every
answer must be a public address, the connection goes to that very address, and TLS and the Host header carry the name. Nothing
parses the address a second time. That is why this is `http.client` over a socket of ours and not a client library: httpx, urllib
and their like take an address, look the name up themselves and follow proxies of the environment; here no URL reaches a library.

Redirects are followed by hand, at most three, each through all the checks. The body is stored as it is sent and never
unpacked. The address may carry a signature, so no message and no log holds more of it than the name of the server.
"""

from __future__ import annotations

import errno
import http.client
import io
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from services.errors import InvalidInputError, TooLargeError, UnavailableError
from services.network.addresses import is_public
from services.network.locations import Address, https_form, parse_address, redirected

__all__ = ["Network", "Progress", "ShouldStop", "Watch", "fetch", "file_name_of", "https_form", "refuse_status", "transfer"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have arrived and, where the server tells it, how many there are in all."""
ShouldStop = Callable[[], bool]
Receive = Callable[[Address, http.client.HTTPResponse, "Watch"], None]
"""Takes in the answer of a server that does not redirect; judges its status first (`refuse_status`)."""

_PORT = 443
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 30.0
_TOTAL_SECONDS = 6 * 3_600.0
_WATCH_SECONDS = 0.5
_PIECE_BYTES = 1 << 18
_MAX_ADDRESSES = 64
_MAX_TRIED = 4


def _look_up(name: str) -> list[str]:
    found = socket.getaddrinfo(name, _PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _dial(address: str) -> socket.socket:
    return socket.create_connection((address, _PORT), _CONNECT_SECONDS)


@dataclass(frozen=True, slots=True)
class Network:
    """How the outside is reached; tests give parts of their own.

    `look_up` gives the addresses of a name, `permits` judges one, `dial` connects to one on port 443. `tls` None: without.
    """

    look_up: Callable[[str], list[str]] = _look_up
    permits: Callable[[str], bool] = is_public
    dial: Callable[[str], socket.socket] = _dial
    tls: ssl.SSLContext | None = field(default_factory=ssl.create_default_context)
    total_seconds: float = _TOTAL_SECONDS
    silence_seconds: float = _SILENCE_SECONDS


def file_name_of(url: str) -> str:
    """Return the last part of the path of an address that may be fetched from; may be empty.

    :raise InvalidInputError: it may not.
    """
    path = parse_address(https_form(url)).target.partition("?")[0]
    return unquote(path.rsplit("/", 1)[-1], errors="replace")


def fetch(
    url: str,
    destination: Path,
    *,
    limit_bytes: int,
    on_progress: Progress,
    should_stop: ShouldStop,
    network: Network | None = None,
) -> bool:
    """Write the file at `url` (https, or s3, gs, az) to `destination`; False when `should_stop` said so.

    `destination` is emptied first; when this raises or was stopped, nothing of the file is left in it.

    :raise InvalidInputError: the address may not be fetched from, or the server has no such file.
    :raise TooLargeError: the file is larger than `limit_bytes`.
    :raise UnavailableError: the server does not answer, breaks off, or is too slow: try again.
    """

    def receive(address: Address, answer: http.client.HTTPResponse, watch: Watch) -> None:
        refuse_status(address, answer.status)
        _store(address, answer, destination, limit_bytes, on_progress, watch)

    with _emptied_on_failure(destination) as emptied:
        whole = transfer(url, receive, should_stop=should_stop, network=network)
        if not whole:
            emptied()
        return whole


def transfer(
    url: str | Address, receive: Receive, *, should_stop: ShouldStop, network: Network | None = None,
    headers: Mapping[str, str] | None = None, body: bytes | None = None, follows: bool = True,
) -> bool:
    """Ask for the file at `url` with all the checks of this module and hand the answer to `receive`; False when stopped.

    With a `body` it is posted. Then, and where `follows` is False, a redirect is refused: no other server is asked than the one
    that was named.
    Raises what `fetch` raises, and what `receive` raises.
    """
    address = url if isinstance(url, Address) else parse_address(https_form(url))
    network = network or Network()
    watch = Watch(should_stop, time.monotonic() + network.total_seconds)
    try:
        with watch, _plain_errors(address):
            for _ in range(_MAX_REDIRECTS + 1):
                moved = _try(address, receive, headers or {}, body, watch, network)
                if moved is None:
                    return True
                if body is not None or not follows:
                    raise InvalidInputError(f"{address.name} redirects to another place: what is sent goes to no other server")
                address = redirected(address, moved)
            raise InvalidInputError(f"{address.name} redirects more than {_MAX_REDIRECTS} times")
    except (UnavailableError, OSError):
        if watch.stopped:
            return False
        if watch.late:
            raise UnavailableError(f"{address.name} is too slow: the time for one file is over") from None
        raise


def _try(
    address: Address, receive: Receive, headers: Mapping[str, str], body: bytes | None, watch: Watch, network: Network
) -> str | None:
    """Ask one server; return where it redirects to, or None when its answer was taken in."""
    connection = _connect(address, network, watch)
    try:
        connection.request(
            "GET" if body is None else "POST", address.target, body=body,
            headers={
                "Host": address.name, "Accept-Encoding": "identity", "User-Agent": "Paratope", "Connection": "close", **headers,
            },
        )
        answer = connection.getresponse()
        if answer.status in _REDIRECTS:
            return answer.getheader("Location") or ""
        receive(address, answer, watch)
    finally:
        connection.close()
    return None


class _BoundedReader(io.BufferedReader):
    """Reads only so much as is asked for: `http.client` takes a piece of length -1 for all that the server will ever send."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise http.client.HTTPException("a length below zero")
        return super().read(size)


class _BoundedAnswer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = _BoundedReader(self.fp.detach())


class _Pinned(http.client.HTTPConnection):
    """A connection over a socket that is already open, to an address that has been checked."""

    response_class = _BoundedAnswer

    def __init__(self, name: str, opened: socket.socket) -> None:
        super().__init__(name)
        self.sock = opened

    def connect(self) -> None:
        raise UnavailableError("the connection was closed")  # it must never open another one by itself


def _connect(address: Address, network: Network, watch: Watch) -> _Pinned:
    """Look the name up once, refuse it when any answer is not public, and connect to one of the answers."""
    try:
        found = network.look_up(address.name)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"the name {address.name} is not known: check the address") from error
    if not found or len(found) > _MAX_ADDRESSES:
        raise UnavailableError(f"the name {address.name} is not known: check the address")
    if not all(network.permits(one) for one in found):
        raise InvalidInputError(f"{address.name} is not a public server: files are fetched from the Internet only")
    failure: OSError | None = None
    for one in found[:_MAX_TRIED]:
        watch.check()
        try:
            plain = network.dial(one)
        except OSError as error:
            failure = error
            continue
        try:
            return _Pinned(address.name, _secured(plain, address, network, watch))
        except BaseException:
            plain.close()
            raise
    raise UnavailableError(f"{address.name} does not answer: try again later") from failure


def _secured(plain: socket.socket, address: Address, network: Network, watch: Watch) -> socket.socket:
    plain.settimeout(network.silence_seconds)
    if network.tls is None:
        watch.guard(plain)
        return plain
    # a body whose end is the end of the connection must not be cut short unnoticed: a ragged end is an error
    secured = network.tls.wrap_socket(
        plain, server_hostname=address.name, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        watch.guard(secured)
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


def refuse_status(address: Address, status: int) -> None:
    """:raise InvalidInputError: the server has no such file, or does not give it.
    :raise UnavailableError: it cannot give it now.
    """
    if status == 200:
        return
    if status in (401, 403):
        raise InvalidInputError(
            f"{address.name} refuses the file ({status}): it must be public, or the address must hold a valid signature"
        )
    if status in (404, 410):
        raise InvalidInputError(f"{address.name} has no such file ({status}): check the address")
    if status >= 500 or status in (408, 425, 429):
        raise UnavailableError(f"{address.name} cannot give the file now ({status}): try again later")
    raise InvalidInputError(f"{address.name} does not give the file ({status})")


def _store(
    address: Address,
    answer: http.client.HTTPResponse,
    destination: Path,
    limit: int,
    on_progress: Progress,
    watch: Watch,
) -> None:
    announced = answer.length  # None where the server sends the body in chunks
    too_large = f"the file is larger than {limit >> 20} MB (AUTO_MAX_UPLOAD_SIZE_MB)"
    if announced is not None and announced > limit:
        raise TooLargeError(too_large)
    received = 0
    with destination.open("wb") as file:
        while piece := answer.read(_PIECE_BYTES):
            watch.check()
            received += len(piece)
            if received > limit:
                raise TooLargeError(too_large)
            file.write(piece)
            on_progress(received, announced)
        file.flush()
        os.fsync(file.fileno())
    watch.check()  # a connection that was shut from this side ends like a whole file
    if announced is not None and received != announced:
        raise UnavailableError(f"{address.name} broke off after {received} of {announced} bytes: try again")
    if announced == 0:
        raise InvalidInputError(f"the file at {address.name} is empty")
    if received == 0:
        raise UnavailableError(f"{address.name} sent nothing: try again")


class Watch:
    """Ends a transfer that was stopped or takes too long, also while it waits: it shuts the socket from another thread.

    A time limit on each read is not enough against a server that sends one byte now and then.
    """

    def __init__(self, should_stop: ShouldStop, deadline: float) -> None:
        self._should_stop = should_stop
        self._deadline = deadline
        self._ended = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="fetch-watch", daemon=True)
        self.stopped = False
        self.late = False

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def guard(self, opened: socket.socket) -> None:
        self._socket = opened
        self.check()

    def check(self) -> None:
        if self.stopped or self.late:
            raise UnavailableError("the transfer was ended")

    def _run(self) -> None:
        while not self._ended.wait(_WATCH_SECONDS):
            self.stopped = self.stopped or self._should_stop()
            self.late = self.late or time.monotonic() > self._deadline
            if (self.stopped or self.late) and self._socket is not None:
                _shut(self._socket)


def _shut(opened: socket.socket) -> None:
    try:
        # the raw socket: shutting TLS down politely would wait for the other side
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
    except OSError:
        return  # it was closed meanwhile


@contextmanager
def _emptied_on_failure(destination: Path) -> Iterator[Callable[[], None]]:
    def empty() -> None:
        if destination.exists():
            os.truncate(destination, 0)

    try:
        yield empty
    except BaseException:
        empty()
        raise


@contextmanager
def _plain_errors(address: Address) -> Iterator[None]:
    """Translate what the network and the disk can do to us; nothing of the address but the name is repeated."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise InvalidInputError(f"the certificate of {address.name} is not valid: {_words(error.verify_message)}") from error
    except ssl.SSLError as error:
        reason = _words(error.reason or "it was broken off")
        raise UnavailableError(f"no secure connection to {address.name}: {reason}") from error
    except http.client.HTTPException as error:
        raise UnavailableError(f"{address.name} does not answer as a web server does ({type(error).__name__})") from error
    except TimeoutError as error:
        raise UnavailableError(f"{address.name} was silent for too long: try again") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnavailableError("this server's disk is full: ask an administrator to free space") from error
        reason = error.strerror or "the connection was lost"
        raise UnavailableError(f"the file could not be fetched from {address.name}: {reason}") from error


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9 .,_-]", "", text)[:120].replace("_", " ").lower()
