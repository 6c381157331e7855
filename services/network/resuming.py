"""Fetches a large file so that a broken transfer goes on where it ended, with the checks of `services/network/remote.py`.

What has arrived is kept with the validator the server gave for it (RFC 9110: a strong ETag, else Last-Modified). The next attempt
asks for the rest on the condition that the file is still that one (Range with If-Range); a server that says otherwise, or that
gave no validator, sends the whole file anew. The two parts are never of two files.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import ConflictError, InvalidInputError, TooLargeError, UnavailableError
from services.network.locations import Address
from services.network.remote import Network, Progress, ShouldStop, Watch, refuse_status, transfer

_PIECE_BYTES = 1 << 18
_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-[0-9]{1,18}|\*)/([0-9]{1,18})")
_MAX_VALIDATOR = 500


def fetch_resuming(
    url: str, destination: Path, *, limit_bytes: int, on_progress: Progress, should_stop: ShouldStop,
    network: Network | None = None,
) -> bool:
    """Write the file at `url` to `destination`, going on with what an earlier attempt left there; False when stopped.

    `destination` is whole when this returns True. When it raises or was stopped, what has arrived stays for the next attempt.

    :raise InvalidInputError: the address may not be fetched from, or the server has no such file.
    :raise TooLargeError: the file is larger than `limit_bytes`.
    :raise UnavailableError: the server does not answer, breaks off, or is too slow: try again.
    :raise ConflictError: somebody else is fetching to this place.
    """
    with _alone(destination):
        return _fetch(url, _Part(destination), limit_bytes, on_progress, should_stop, network)


def _fetch(
    url: str, part: _Part, limit_bytes: int, on_progress: Progress, should_stop: ShouldStop, network: Network | None
) -> bool:
    def receive(address: Address, answer: http.client.HTTPResponse, watch: Watch) -> None:
        part.take(address, answer, watch, limit_bytes, on_progress)

    for _ in range(2):  # a second time where the server has no such range: then for the whole file
        part.refused = False
        if not transfer(url, receive, should_stop=should_stop, network=network, headers=part.headers()):
            return False
        if not part.refused:
            return True
    raise UnavailableError("the server refuses to send the file from its beginning: try again later")


def forget(destination: Path) -> None:
    """Delete what has arrived of a file. Idempotent."""
    _drop(destination)
    _lock(destination).unlink(missing_ok=True)


def _drop(destination: Path) -> None:
    destination.unlink(missing_ok=True)
    _note(destination).unlink(missing_ok=True)


@contextmanager
def _alone(destination: Path) -> Iterator[None]:
    handle = os.open(_lock(destination), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConflictError("this file is being fetched already: wait until that is done") from error
    finally:
        os.close(handle)


def _lock(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}.lock")


def _note(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}.validator.json")


class _Part:
    """A file that has arrived in part, and the validator of the file that part is of."""

    def __init__(self, destination: Path) -> None:
        self._path = destination
        self._note = _note(destination)
        self.refused = False

    def headers(self) -> dict[str, str]:
        """Return the request headers: for the rest of the file where there is a part with a validator, else none."""
        validator = self._validator()
        length = self._path.stat().st_size if self._path.exists() else 0
        if not validator or not length:
            _drop(self._path)
            return {}
        return {"Range": f"bytes={length}-", "If-Range": validator}

    def take(self, address: Address, answer: http.client.HTTPResponse, watch: Watch, limit: int, on_progress: Progress) -> None:
        """Take in an answer: the rest, the whole file, or that there is no more."""
        length = self._path.stat().st_size if self._path.exists() else 0
        match = _RANGE.fullmatch(answer.getheader("Content-Range") or "")
        if answer.status == 416:
            if match is None or int(match[2]) != length:
                _drop(self._path)
                self.refused = True
            return
        if answer.status == 206 and length:
            if match is None or match[1] is None or int(match[1]) != length:
                raise UnavailableError(f"{address.name} sent another part of the file than was asked for: try again")
        else:
            refuse_status(address, answer.status)
            self._begin(answer)
            length = 0
        total = None if answer.length is None else length + answer.length
        if total is not None and total > limit:
            _drop(self._path)
            raise _too_large(limit)
        self._write(address, answer, watch, length, total, limit, on_progress)

    def _write(
        self, address: Address, answer: http.client.HTTPResponse, watch: Watch, length: int, total: int | None, limit: int,
        on_progress: Progress,
    ) -> None:
        with self._path.open("ab") as file:
            while piece := answer.read(_PIECE_BYTES):
                watch.check()
                length += len(piece)
                if length > limit:
                    file.close()
                    _drop(self._path)
                    raise _too_large(limit)
                file.write(piece)
                on_progress(length, total)
            file.flush()
            os.fsync(file.fileno())
        watch.check()  # a connection that was shut from this side ends like a whole file
        if total is not None and length != total:
            raise UnavailableError(
                f"{address.name} broke off after {length:,} of {total:,} bytes: try again, it goes on from there"
            )
        if not length:
            raise InvalidInputError(f"the file at {address.name} is empty")

    def _begin(self, answer: http.client.HTTPResponse) -> None:
        """Start the file anew and note what it is."""
        _drop(self._path)
        tag = answer.getheader("ETag") or ""
        validator = tag if tag.startswith('"') else answer.getheader("Last-Modified") or ""
        if validator and len(validator) <= _MAX_VALIDATOR and validator.isascii() and validator.isprintable():
            self._note.write_text(json.dumps({"validator": validator}), encoding="utf-8")
        self._path.touch(mode=0o600)

    def _validator(self) -> str:
        try:
            return str(json.loads(self._note.read_text(encoding="utf-8"))["validator"])
        except (FileNotFoundError, ValueError, KeyError):
            return ""


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the file is larger than the {limit >> 20:,} MB there is room for on this disk")
