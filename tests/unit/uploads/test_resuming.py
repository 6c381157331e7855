"""A transfer that breaks off goes on where it ended, and never joins the parts of two files."""

from __future__ import annotations

import hashlib
import re
import socket
from pathlib import Path

import pytest

from services.errors import InvalidInputError, TooLargeError, UnavailableError
from services.network.remote import Network
from services.network.resuming import fetch_resuming, forget
from tests.unit.uploads.tls_server import NAME, Server, body, serving

DATA = hashlib.sha256(b"seed").digest() * 20_000
URL = f"https://{NAME}/reference.gz"


class Store:
    """A server that has one file, knows ranges, and breaks off after some bytes as often as it is told to."""

    def __init__(self, data: bytes = DATA, tag: str = '"one"', *, ranges: bool = True) -> None:
        self.data, self.tag, self.ranges = data, tag, ranges
        self.breaks = [200_000, 100_000]
        self.server: Server | None = None

    def __call__(self, _path: str, connection: socket.socket) -> None:
        assert self.server is not None
        head = self.server.requests[-1][1]
        asked = re.search(r"Range: bytes=(\d+)-\r\nIf-Range: ([^\r]+)\r\n", head)
        named = [f"ETag: {self.tag}"] if self.tag else []
        start = int(asked[1]) if asked and self.ranges and asked[2] == self.tag else 0
        if asked and self.ranges and start >= len(self.data):
            connection.sendall(body(b"", f"Content-Range: bytes */{len(self.data)}", status="416 Range Not Satisfiable"))
            return
        status = "206 Partial Content" if start else "200 OK"
        if start:
            named.append(f"Content-Range: bytes {start}-{len(self.data) - 1}/{len(self.data)}")
        answer = body(self.data[start:], *named, status=status)
        limit = answer.index(b"\r\n\r\n") + 4 + self.breaks.pop(0) if self.breaks else len(answer)
        connection.sendall(answer[:limit])


def get(network: Network, destination: Path, limit: int = 10 << 20) -> bool:
    return fetch_resuming(
        URL, destination, limit_bytes=limit, on_progress=lambda *_: None, should_stop=lambda: False, network=network
    )


def test_a_transfer_that_broke_off_twice_goes_on_and_gives_the_whole_file(tmp_path: Path) -> None:
    store = Store()
    with serving(tmp_path, store) as server:
        store.server = server
        for arrived in (200_000, 300_000):
            with pytest.raises(UnavailableError, match="broke off"):
                get(server.network(), tmp_path / "file")
            assert (tmp_path / "file").stat().st_size == arrived
        assert get(server.network(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA
    assert [re.findall(r"bytes=(\d+)-", head) for _, head in server.requests] == [[], ["200000"], ["300000"]]


def test_a_file_that_was_whole_already_is_not_sent_again(tmp_path: Path) -> None:
    store = Store()
    store.breaks = []
    with serving(tmp_path, store) as server:
        store.server = server
        assert get(server.network(), tmp_path / "file")
        assert get(server.network(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


def test_another_file_at_the_address_begins_anew(tmp_path: Path) -> None:
    store = Store()
    with serving(tmp_path, store) as server:
        store.server = server
        with pytest.raises(UnavailableError):
            get(server.network(), tmp_path / "file")
        store.data, store.tag, store.breaks = DATA[::-1], '"two"', []
        assert get(server.network(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA[::-1]


@pytest.mark.parametrize(("tag", "ranges"), [("", True), ('W/"weak"', True), ('"one"', False)])
def test_without_a_strong_validator_or_ranges_the_whole_file_is_sent_again(tmp_path: Path, tag: str, ranges: bool) -> None:
    store = Store(tag=tag, ranges=ranges)
    store.breaks = [200_000]
    with serving(tmp_path, store) as server:
        store.server = server
        with pytest.raises(UnavailableError):
            get(server.network(), tmp_path / "file")
        assert get(server.network(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


def test_a_server_that_sends_another_part_than_was_asked_for_is_not_believed(tmp_path: Path) -> None:
    answers = [
        body(DATA, 'ETag: "one"')[:300_000],
        body(DATA[5:], 'ETag: "one"', f"Content-Range: bytes 5-{len(DATA) - 1}/{len(DATA)}", status="206 Partial Content"),
    ]
    with serving(tmp_path, lambda _path, connection: connection.sendall(answers.pop(0))) as server:
        for said in ("broke off", "another part"):
            with pytest.raises(UnavailableError, match=said):
                get(server.network(), tmp_path / "file")


def test_a_file_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    store = Store()
    store.breaks = []
    with serving(tmp_path, store) as server:
        store.server = server
        with pytest.raises(TooLargeError):
            get(server.network(), tmp_path / "file", limit=1_000)
    assert not (tmp_path / "file").exists()


def test_a_refusal_keeps_what_has_arrived_and_forgetting_deletes_it(tmp_path: Path) -> None:
    store = Store()
    with serving(tmp_path, store) as server:
        store.server = server
        with pytest.raises(UnavailableError):
            get(server.network(), tmp_path / "file")
        server.answer = lambda _path, connection: connection.sendall(body(b"", status="404 Not Found"))
        with pytest.raises(InvalidInputError, match="no such file"):
            get(server.network(), tmp_path / "file")
    assert (tmp_path / "file").stat().st_size == 200_000
    forget(tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{NAME}.pem"]
