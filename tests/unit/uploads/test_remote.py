"""Files are fetched from the Internet and never from inside: not by a number, a name, a redirect or a changing answer."""

from __future__ import annotations

import itertools
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.principals import LOCAL_USER
from services.errors import InvalidInputError, TooLargeError, UnavailableError
from services.network.addresses import is_public
from services.network.locations import https_form, parse_address
from services.network.remote import Network, fetch, file_name_of
from services.uploads.content import Content
from services.uploads.model import UploadState
from services.uploads.store import Uploads
from tests.unit.uploads.tls_server import NAME, PUBLIC, Answer, Server, body, redirect, serving

DATA = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + b"1\t9\t.\tA\tG\t.\t.\t.\n" * 9_000
SECRET = "X-Amz-Signature=c4n4ry"

# Refused by their form: the name is not even looked up.
MALFORMED = [
    "http://data.example.org/a.vcf", "file:///etc/passwd", "ftp://data.example.org/a", "gopher://data.example.org/",
    "data:text/csv,a",
    "jar:https://data.example.org!/", "dict://data.example.org:11211/", "//data.example.org/a", "data.example.org/a", "",
    "https://",
    "https:///a", "https:/data.example.org/a", "https:data.example.org/a", "\\\\data.example.org\\share", "javascript:alert(1)",
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/", "https://017700000001/", "https://0/", "https://0.0.0.0/", "https://127.0.0.1./", "https://8.8.8.8/",
    "https://1.0x7f/", "https://169.254.169.254/latest/meta-data/", "https://169.254.43518/", "https://2852039166/",
    "https://[::1]/",
    "https://[::]/", "https://[fd00:ec2::254]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/", "https://[::127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[2606:4700::1111]/",
    "https://localhost/", "https://localhost:443/", "https://a.localhost/", "https://LOCALHOST/", "https://intranet/",
    "https://db.internal/",
    "https://metadata.google.internal/computeMetadata/v1/", "https://printer.local/", "https://router.lan/",
    "https://router.home/",
    "https://1.0.0.127.in-addr.arpa/", "https://data.example.org:80/", "https://data.example.org:8531/",
    "https://data.example.org:22/",
    "https://data.example.org:0443x/", "https://data.example.org:/", "https://user@data.example.org/",
    "https://user:pass@data.example.org/",
    "https://data.example.org@127.0.0.1/", "https://127.0.0.1@data.example.org/", "https://127.0.0.1\\@data.example.org/",
    "https://data.example.org\\.evil.example/", "https://data.example.org\t/", "https://data.example.org/a b",
    "https://data.example.org/\r\nX: y",
    "https://data.example.org/\x00", "https://①②⑦.⓪.⓪.①/", "https://ｌｏｃａｌｈｏｓｔ/", "https://data。example。org/",
    "https://dаta.example.org/",
    "https://data.example.org/é", "https://%31%32%37.0.0.1/", "https://loc%61lhost/", "https://data..example.org/",
    "https://.example.org/",
    "https://-data.example.org/", "https://data_.org-/", "https://data.example.org./", "https://" + "a." * 200 + "org/",
    "https://data.example.org/" + "a" * 9_000, "https://[data.example.org]/",
    "https://data.example.org,127.0.0.1/",
    "https://data.example.org;127.0.0.1/", "s3://169.254.169.254/x", "s3://../x", "s3://bucket/../other/x", "s3://Bucket/x",
    "s3://a/x", "s3://bucket",
    "s3://bucket/", "s3://bucket/x#y", "s3://user@bucket/x", "s3://bucket:80/x", "s3://bucket\\x/y", "gs://..", "gs://b@d/x",
    "gs://bucket/a/../b",
    "az://acc/x", "az://evil.example/container/x", "az://account@evil/container/x", "az://account/container/",
    "az://account/../x",
]

# Names that have an acceptable form and lead inside.
INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "100::1",
    "3fff::1", "5f00::1", "2a00:1450::5efe:a00:1", "2a00:1450::200:5efe:a00:1", "not an address", "",
]
PUBLIC_ADDRESSES = [PUBLIC, "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "172.32.0.1"]


_TLS = ssl.create_default_context()


class _NoSocketError(AssertionError):
    pass


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, opening any socket or asking for any name fails the test."""

    def refuse(*_: object, **__: object) -> None:
        raise _NoSocketError("something tried to reach the network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


def get(url: str, destination: Path, network: Network | None = None, limit: int = 10 << 20) -> bool:
    return fetch(url, destination, limit_bytes=limit, on_progress=lambda *_: None, should_stop=lambda: False, network=network)


@pytest.mark.usefixtures("no_socket")
@pytest.mark.parametrize("url", MALFORMED)
def test_an_address_of_the_wrong_form_is_refused_before_anything_is_looked_up(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        get(url, tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.usefixtures("no_socket")
@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused_before_a_connection(address: str, tmp_path: Path) -> None:
    for answers in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(InvalidInputError, match="not a public server"):
            get(f"https://{NAME}/a.vcf", tmp_path / "file", Network(look_up=lambda _, answers=answers: answers, tls=_TLS))


def test_there_are_more_than_sixty_attempts_of_each_kind() -> None:
    assert len(set(MALFORMED)) > 90
    assert len(set(INSIDE)) > 45


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_an_address_that_is_called_public_is_none_of_this_network(address: IPv4Address | IPv6Address) -> None:
    text = str(address)
    if is_public(text):
        embedded = getattr(address, "ipv4_mapped", None) or address
        assert not any(getattr(embedded, kind) for kind in ("is_private", "is_loopback", "is_link_local", "is_multicast"))
        assert not embedded.is_reserved or text.startswith("64:ff9b:")


@given(st.text(max_size=200))
def test_whatever_is_typed_is_refused_or_leads_to_a_plain_name(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{NAME}/{text}", f"s3://{text}", f"gs://bucket/{text}"):
        try:
            address = parse_address(https_form(url))
        except InvalidInputError:
            continue
        assert address.name.isascii()
        assert not any(sign in address.name for sign in "@:/\\?#[]% ")
        assert address.target.startswith("/")
        assert address.target.isprintable()
        assert " " not in address.target


# Fetching, from a real server with TLS on the loopback


@contextmanager
def answering(tmp_path: Path, answer: Answer | dict[str, bytes]) -> Iterator[Server]:
    def from_table(path: str, connection: socket.socket) -> None:
        assert isinstance(answer, dict)
        connection.sendall(answer.get(path, body(b"", status="404 Not Found")))

    with serving(tmp_path, from_table if isinstance(answer, dict) else answer) as server:
        yield server


def test_a_file_is_fetched_from_the_checked_address_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    steps: list[tuple[int, int | None]] = []
    with answering(tmp_path, {f"/a/b.vcf?{SECRET}": body(DATA)}) as server:
        done = fetch(
            f"https://{NAME.upper()}:443/a/b.vcf?{SECRET}#x", tmp_path / "file", limit_bytes=len(DATA), network=server.network(),
            on_progress=lambda *step: steps.append(step), should_stop=lambda: False,
        )
    assert done
    assert (tmp_path / "file").read_bytes() == DATA
    assert steps[-1] == (len(DATA), len(DATA))
    assert (server.looked_up, server.dialled) == ([NAME], [PUBLIC])
    ((indicated, head),) = server.requests
    assert indicated == NAME
    assert f"\r\nHost: {NAME}\r\n" in head
    assert "Accept-Encoding: identity" in head
    assert not any(word in head.lower() for word in ("authorization", "cookie", "referer"))


def test_the_name_is_looked_up_once_so_a_second_answer_does_not_matter(tmp_path: Path) -> None:
    answers = itertools.chain([[PUBLIC]], itertools.repeat(["127.0.0.1"]))
    with answering(tmp_path, {"/a.vcf": body(DATA)}) as server:
        assert get(f"https://{NAME}/a.vcf", tmp_path / "file", server.network(lambda _: next(answers)))
    assert server.looked_up == [NAME]
    assert server.dialled == [PUBLIC]


def test_a_server_that_does_not_answer_at_one_address_is_asked_at_the_next(tmp_path: Path) -> None:
    with answering(tmp_path, {"/a.vcf": body(DATA)}) as server:
        network = server.network(lambda _: ["1.1.1.1", PUBLIC])
        reach = network.dial

        def dial(address: str) -> socket.socket:
            if address == "1.1.1.1":
                raise ConnectionRefusedError
            return reach(address)

        assert get(f"https://{NAME}/a.vcf", tmp_path / "file", Network(network.look_up, network.permits, dial, network.tls))


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/", "https://[::1]/", "http://data.example.org/a", "file:///etc/passwd", "gopher://data.example.org/",
        "https://localhost/",
        "//127.0.0.1/", "https://user@data.example.org/", "https://data.example.org:8531/", "https://2130706433/", "",
        "\\\\127.0.0.1\\x",
        "https://169.254.169.254/latest/", "ftp:x", "javascript:x",
    ],
)
def test_a_redirect_to_a_place_that_is_refused_is_not_followed(tmp_path: Path, location: str) -> None:
    refused = pytest.raises(InvalidInputError, match="redirects to a place that is refused")
    with answering(tmp_path, {"/a.vcf": redirect(location)}) as server, refused:
        get(f"https://{NAME}/a.vcf", tmp_path / "file", server.network())
    assert len(server.dialled) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_to_a_name_that_leads_inside_opens_no_connection(tmp_path: Path, status: str) -> None:
    inside = {NAME: [PUBLIC], "other.example.org": ["127.0.0.1"]}
    refused = pytest.raises(InvalidInputError, match="not a public server")
    with answering(tmp_path, {"/a.vcf": redirect("https://other.example.org/", status)}) as server, refused:
        get(f"https://{NAME}/a.vcf", tmp_path / "file", server.network(inside.__getitem__))
    assert server.looked_up == [NAME, "other.example.org"]
    assert server.dialled == [PUBLIC]


def test_three_redirects_are_followed_and_a_fourth_is_not(tmp_path: Path) -> None:
    table = {
        "/1/a": redirect("https://other.example.org/2/b"), "/2/b": redirect("/3/c?d=1"), "/3/c?d=1": redirect("e"),
        "/3/e": body(DATA),
        "/0": redirect("/1/a"), "/loop": redirect("/loop"),
    }
    with answering(tmp_path, table) as server:
        assert get(f"https://{NAME}/1/a", tmp_path / "file", server.network())
        assert (tmp_path / "file").read_bytes() == DATA
        assert server.looked_up == [NAME, "other.example.org", "other.example.org", "other.example.org"]
        for path in ("0", "loop"):
            with pytest.raises(InvalidInputError, match="more than 3 times"):
                get(f"https://{NAME}/{path}", tmp_path / "file", server.network())


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with answering(tmp_path, {"/a": body(DATA)}) as server, pytest.raises(InvalidInputError, match="certificate"):
        get("https://wrong.example.org/a", tmp_path / "file", server.network())
    assert server.requests == []


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with answering(tmp_path, {"/a": body(DATA)}) as server:
        trusting = server.network()
        strict = Network(trusting.look_up, trusting.permits, trusting.dial, ssl.create_default_context())
        with pytest.raises(InvalidInputError, match="certificate"):
            get(f"https://{NAME}/a", tmp_path / "file", strict)


def endless(_path: str, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"a" * 65_536 + b"\r\n")


def test_a_file_over_the_limit_is_refused_by_its_length_and_by_counting(tmp_path: Path) -> None:
    with answering(tmp_path, {"/a": body(DATA)}) as server, pytest.raises(TooLargeError):
        get(f"https://{NAME}/a", tmp_path / "file", server.network(), limit=len(DATA) - 1)
    with answering(tmp_path, endless) as server, pytest.raises(TooLargeError):
        get(f"https://{NAME}/a", tmp_path / "file", server.network(), limit=3 << 20)
    assert (tmp_path / "file").stat().st_size == 0


@pytest.mark.parametrize(
    "sent",
    [
        body(DATA)[:-1], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", b"HTTP/1.1 200 OK\r\n",
        b"SSH-2.0-OpenSSH\r\n", b"",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_breaks_off_or_is_none_leaves_nothing(tmp_path: Path, sent: bytes) -> None:
    with answering(tmp_path, lambda _, connection: connection.sendall(sent)) as server, pytest.raises(UnavailableError):
        get(f"https://{NAME}/a", tmp_path / "file", server.network())
    assert not (tmp_path / "file").exists() or (tmp_path / "file").stat().st_size == 0


@pytest.mark.parametrize("size", [b"-1", b"-2", b"-0x1"])
def test_a_piece_of_negative_length_is_refused_and_not_read_to_the_end_of_all_things(size: bytes, tmp_path: Path) -> None:
    sent = 0

    def flood(_path: str, connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n")
        while sent < 200 << 20:
            connection.sendall(b"a" * 65_536)
            sent += 65_536

    with answering(tmp_path, flood) as server, pytest.raises(UnavailableError):
        get(f"https://{NAME}/a", tmp_path / "file", server.network(), limit=1 << 20)
    assert sent < 16 << 20
    assert (tmp_path / "file").stat().st_size == 0


def test_a_body_whose_end_is_a_cut_connection_is_not_taken_for_whole(tmp_path: Path) -> None:
    def cut(_path: str, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + DATA)
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # without saying in TLS that this is the end

    with answering(tmp_path, cut) as server, pytest.raises(UnavailableError):
        get(f"https://{NAME}/a", tmp_path / "file", server.network())


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ("404 Not Found", InvalidInputError, "no such file"), ("403 Forbidden", InvalidInputError, "signature"),
        ("401 No", InvalidInputError, "401"),
        ("500 Oops", UnavailableError, "try again"), ("503 Busy", UnavailableError, "try again"),
        ("429 Slow", UnavailableError, "try again"),
        ("204 Nothing", InvalidInputError, "204"), ("206 Part", InvalidInputError, "206"), ("418 Tea", InvalidInputError, "418"),
    ],
)
def test_what_the_server_says_is_told_plainly(tmp_path: Path, status: str, error: type[Exception], said: str) -> None:
    table = {"/a": body(b"" if status[:3] == "204" else b"text", status=status)}
    with answering(tmp_path, table) as server, pytest.raises(error, match=said):
        get(f"https://{NAME}/a", tmp_path / "file", server.network())


def drip(_path: str, connection: socket.socket) -> None:
    """One byte now and then, so that no single wait is long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"a")
        time.sleep(0.1)


def drip_head(_path: str, connection: socket.socket) -> None:
    for _ in range(1_000):
        connection.sendall(b"H")
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [drip, drip_head])
def test_a_server_that_drips_is_given_up_after_the_time_for_one_file(tmp_path: Path, answer: Answer) -> None:
    with answering(tmp_path, answer) as server:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="too slow"):
            get(f"https://{NAME}/a", tmp_path / "file", server.network(total_seconds=0.6))
        assert time.monotonic() - began < 3


def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with answering(tmp_path, lambda *_: time.sleep(1)) as server, pytest.raises(UnavailableError, match="silent"):
        get(f"https://{NAME}/a", tmp_path / "file", server.network(silence_seconds=0.3))


def test_stopping_is_seen_while_the_server_is_silent_and_leaves_nothing(tmp_path: Path) -> None:
    def half(_path: str, connection: socket.socket) -> None:
        connection.sendall(body(DATA)[:50_000])
        time.sleep(1.6)

    with answering(tmp_path, half) as server:
        began = time.monotonic()
        stopped = fetch(
            f"https://{NAME}/a", tmp_path / "file", limit_bytes=1 << 30, on_progress=lambda *_: None,
            should_stop=lambda: time.monotonic() - began > 0.3, network=server.network(),
        )
        assert not stopped
        assert time.monotonic() - began < 1.5
    assert (tmp_path / "file").stat().st_size == 0


def test_no_message_and_no_log_repeats_the_signature(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = {f"/moved?{SECRET}": redirect(f"https://localhost/?{SECRET}"), f"/busy?{SECRET}": body(b"", status="503 Busy")}
    said = []
    with caplog.at_level(logging.DEBUG), answering(tmp_path, table) as server:
        for path in ("moved", "busy", "none"):
            with pytest.raises((InvalidInputError, UnavailableError)) as refused:
                get(f"https://{NAME}/{path}?{SECRET}", tmp_path / "file", server.network())
            said.append(refused.value.message)
        for url in (f"http://{NAME}/?{SECRET}", f"https://{NAME}:1/?{SECRET}", f"https://u:{SECRET}@{NAME}/", f"s3://B/?{SECRET}"):
            with pytest.raises(InvalidInputError) as refused:
                get(url, tmp_path / "file")
            said.append(refused.value.message)
    assert not any("c4n4ry" in message for message in (*said, caplog.text))


# The provider's other spellings


@pytest.mark.parametrize(
    ("url", "https"),
    [
        ("s3://1000genomes/release/ALL.vcf.gz", "https://1000genomes.s3.amazonaws.com/release/ALL.vcf.gz"),
        ("s3://my.bucket/a.vcf", "https://s3.amazonaws.com/my.bucket/a.vcf"),
        (f"s3://bucket/a b+c.vcf?{SECRET}", f"https://bucket.s3.amazonaws.com/a%20b%2Bc.vcf?{SECRET}"),
        ("gs://genomics_public/x/y.vcf.gz", "https://storage.googleapis.com/genomics_public/x/y.vcf.gz"),
        ("az://account1/container/x/y.vcf?sig=1", "https://account1.blob.core.windows.net/container/x/y.vcf?sig=1"),
        ("az://account1.blob.core.windows.net/container/y.vcf", "https://account1.blob.core.windows.net/container/y.vcf"),
        ("S3://bucket/a", "https://bucket.s3.amazonaws.com/a"), (" https://data.example.org/a ", "https://data.example.org/a"),
    ],
)
def test_cloud_addresses_have_an_https_form(url: str, https: str) -> None:
    assert https_form(url) == https
    assert parse_address(https).target.startswith("/")


def test_credentials_of_this_machine_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_STORAGE_KEY"):
        monkeypatch.setenv(variable, "c4n4ry")
    with serving(tmp_path, lambda _, connection: connection.sendall(body(DATA)), "bucket.s3.amazonaws.com") as server:
        assert get("s3://bucket/a.vcf", tmp_path / "file", server.network())
    assert "c4n4ry" not in server.requests[0][1]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.org/x/y.vcf.gz?sig=1", "y.vcf.gz"), ("https://a.org/", ""), ("https://a.org", ""),
        ("https://a.org/a%2Fb%20c", "a/b c"),
    ],
)
def test_the_file_is_called_by_the_last_part_of_the_path(url: str, name: str) -> None:
    assert file_name_of(url) == name


# As an upload


def test_a_reserved_remote_file_is_fetched_once_and_becomes_complete(uploads: Uploads, tmp_path: Path) -> None:
    upload = uploads.expect_remote(LOCAL_USER, f"https://{NAME}/x/fam%2Fily.vcf?{SECRET}")
    assert (upload.state, upload.filename, upload.size) == (UploadState.REMOTE, "ily.vcf", None)
    with answering(tmp_path, {f"/x/fam%2Fily.vcf?{SECRET}": body(DATA)}) as server:
        uploads._network = server.network()
        for _ in range(2):
            done = uploads.fetch(
                upload.id, f"https://{NAME}/x/fam%2Fily.vcf?{SECRET}", on_progress=lambda *_: None, should_stop=lambda: False
            )
            assert done is not None
            assert (done.state, done.size, done.content) == (UploadState.COMPLETE, len(DATA), Content.VCF)
        assert len(server.requests) == 1
    assert uploads.path(upload.id).read_bytes() == DATA


def test_a_page_that_asks_to_sign_in_is_not_taken_for_the_file(uploads: Uploads, tmp_path: Path) -> None:
    upload = uploads.expect_remote(LOCAL_USER, f"https://{NAME}/a.vcf")
    with answering(tmp_path, {"/a.vcf": body(b"<!DOCTYPE html><html>Sign in</html>")}) as server:
        uploads._network = server.network()
        with pytest.raises(InvalidInputError, match="a web page"):
            uploads.fetch(upload.id, f"https://{NAME}/a.vcf", on_progress=lambda *_: None, should_stop=lambda: False)


@pytest.mark.usefixtures("no_socket")
@pytest.mark.parametrize("url", ["http://data.example.org/a", "https://127.0.0.1/a", "file:///etc/passwd"])
def test_an_address_that_may_not_be_fetched_from_reserves_nothing(uploads: Uploads, url: str) -> None:
    with pytest.raises(InvalidInputError):
        uploads.expect_remote(LOCAL_USER, url)
    assert [path for path in uploads._root.rglob("*") if path.is_file()] == []
