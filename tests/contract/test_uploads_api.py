"""Uploads over real HTTP: in pieces, through broken connections, by their owner only, and from no other site."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from services.access.principals import API_CLIENT, LOCAL_USER, Principal
from services.access.tickets import UPLOADS
from services.container import Services
from tests.contract.conftest import Serve

KEY = "canary-key-8a4b"
MB = 1 << 20
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + b"1\t100\t.\tA\tG\t.\tPASS\t.\n" * 120_000


@pytest.fixture
def locked(services: Services, serve: Serve) -> httpx.Client:
    return serve(services, api_key=SecretStr(KEY))


def begin(client: httpx.Client, size: int = len(VCF), filename: str = "a.vcf", **more: Any) -> dict[str, Any]:
    answer = client.post("/uploads", json={"filename": filename, "size": size, **more.pop("body", {})}, **more)
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    return content


def patch(client: httpx.Client, upload_id: str, offset: int, data: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
    return client.patch(f"/uploads/{upload_id}", content=data, headers={"Upload-Offset": str(offset), **headers})


def stored(services: Services, upload_id: str) -> bytes:
    return services.uploads.path(upload_id).read_bytes()


def test_a_file_is_sent_in_pieces_and_arrives_as_it_was(api: httpx.Client, services: Services) -> None:
    upload = begin(api)
    assert (upload["offset"], upload["state"], upload["content"], upload["chunk_bytes"]) == (0, "receiving", None, 8 * MB)
    at = 0
    while at < len(VCF):
        answer = patch(api, upload["id"], at, VCF[at : at + MB])
        at = answer.json()["offset"]
        assert answer.headers["upload-offset"] == str(at)
    done = api.get(f"/uploads/{upload['id']}").json()
    assert (done["state"], done["content"], done["offset"], done["size"]) == ("complete", "vcf", len(VCF), len(VCF))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", done["created_at"])
    assert stored(services, upload["id"]) == VCF
    head = api.head(f"/uploads/{upload['id']}")
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(len(VCF)), str(len(VCF)))
    assert upload["id"] not in [one["id"] for one in api.get("/uploads").json()]


@pytest.mark.parametrize("kept", [0, 700_000, 2 * MB])
def test_after_a_dropped_connection_the_upload_goes_on_where_it_broke(
    api: httpx.Client, services: Services, kept: int
) -> None:
    upload = begin(api)
    head = f"PATCH /uploads/{upload['id']} HTTP/1.1\r\nHost: localhost\r\nUpload-Offset: 0\r\nContent-Length: {len(VCF)}\r\n\r\n"
    address = urlsplit(str(api.base_url))
    with socket.create_connection((address.hostname, address.port), 20) as connection:
        connection.sendall(head.encode() + VCF[:kept])
    offset = _settled(api, upload["id"], kept)
    assert patch(api, upload["id"], offset, VCF[offset:]).json()["state"] == "complete"
    assert stored(services, upload["id"]) == VCF


def _settled(client: httpx.Client, upload_id: str, expected: int) -> int:
    """Return the offset once the server has noticed that the connection is gone."""
    offset = -1
    for _ in range(30):
        offset = int(client.head(f"/uploads/{upload_id}").headers["upload-offset"])
        if offset == expected:
            break
        time.sleep(0.02)
    return offset


def test_a_piece_for_another_place_gets_the_expected_offset(api: httpx.Client) -> None:
    upload = begin(api)
    patch(api, upload["id"], 0, VCF[:1_000])
    for wrong in (0, 999, 1_001, 10**18):
        answer = patch(api, upload["id"], wrong, b"x")
        assert answer.status_code == 409
        assert (answer.json()["offset"], answer.headers["upload-offset"]) == (1_000, "1000")
    assert api.get(f"/uploads/{upload['id']}").json()["offset"] == 1_000


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "0x0", None])
def test_an_offset_that_is_no_number_is_refused(api: httpx.Client, offset: str | None) -> None:
    upload = begin(api)
    headers = {} if offset is None else {"Upload-Offset": offset}
    assert api.patch(f"/uploads/{upload['id']}", content=VCF, headers=headers).status_code == 422
    assert api.get(f"/uploads/{upload['id']}").json()["offset"] == 0


def test_a_file_over_the_limit_is_refused_when_it_is_announced(services: Services, api: httpx.Client) -> None:
    answer = api.post("/uploads", json={"filename": "a.vcf", "size": services.uploads.limit_bytes + 1})
    assert answer.status_code == 413
    assert "AUTO_MAX_UPLOAD_SIZE_MB" in answer.json()["detail"]


def test_more_bytes_than_announced_are_refused(api: httpx.Client, services: Services) -> None:
    upload = begin(api, size=2 * MB)
    assert patch(api, upload["id"], 0, VCF[: 2 * MB] + b"x").status_code == 413
    assert api.get(f"/uploads/{upload['id']}").json()["offset"] == 0
    assert patch(api, upload["id"], 0, iter([VCF[:MB], VCF[MB : 2 * MB], b"x"])).status_code == 413


def test_a_piece_may_be_larger_than_other_requests_and_not_larger_than_an_upload(
    services: Services, serve: Serve
) -> None:
    client = serve(services, max_request_size_mb=1, max_upload_size_mb=3)
    upload = begin(client)
    assert len(VCF) > 2 * MB
    assert patch(client, upload["id"], 0, VCF).json()["state"] == "complete"
    assert client.post("/search", content=b"x" * (2 * MB)).status_code == 413
    another = begin(client)
    answer = patch(client, another["id"], 0, iter([b"1\t2\n" * 262_144] * 5))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF" + bytes(200), "a program for Linux"), (b"PK\x03\x04" + bytes(200), "ZIP"),
        (b"<!doctype html><p>Sign in</p>", "a web page"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_its_first_bytes_and_gone(
    api: httpx.Client, data: bytes, reason: str
) -> None:
    upload = begin(api, size=len(data))
    answer = patch(api, upload["id"], 0, data)
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]
    assert api.get(f"/uploads/{upload['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {}, {"filename": "a.vcf"}, {"size": 5}, {"filename": "", "size": 5}, {"filename": "a", "size": 0},
        {"filename": "a", "size": -1},
        {"filename": "a" * 5_000, "size": 5}, {"filename": "a", "size": "x"},
        {"filename": "a", "size": 5, "fingerprint": "x" * 65}, [],
    ],
)
def test_an_announcement_that_does_not_fit_is_refused(api: httpx.Client, body: Any) -> None:
    assert api.post("/uploads", json=body).status_code == 422


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../x.vcf", "x.vcf"), ("..\\..\\x.vcf", "x.vcf"), ("/etc/passwd", "passwd"), ("C:\\x.vcf", "x.vcf"),
        ("a\x00b.vcf", "ab.vcf"),
        ("\u202efcv.x", "fcv.x"), ("x" * 300, "x" * 200), ("\r\nSet-Cookie: a=b", "Set-Cookie: a=b"), ("=cmd()", "=cmd()"),
    ],
)
def test_a_hostile_name_is_shown_harmlessly_and_names_no_file(
    api: httpx.Client, services: Services, filename: str, shown: str
) -> None:
    upload = begin(api, size=4, filename=filename)
    assert upload["filename"] == shown
    patch(api, upload["id"], 0, b"a,b\n")
    assert services.uploads.path(upload["id"]).name == upload["id"]
    assert [path for path in services.settings.data_dir.parent.rglob("*") if path.name == shown] == []


@pytest.mark.parametrize("upload_id", ["x", "0" * 31, "..%2f..%2fetc%2fpasswd", "%00", "A" * 32])
def test_an_id_of_another_form_reaches_no_file(api: httpx.Client, upload_id: str) -> None:
    for answer in (
        api.get(f"/uploads/{upload_id}"), api.delete(f"/uploads/{upload_id}"), patch(api, upload_id, 0, b"x")
    ):
        assert answer.status_code in (404, 422)


def test_giving_up_deletes_what_has_arrived(api: httpx.Client, services: Services) -> None:
    upload = begin(api)
    patch(api, upload["id"], 0, VCF[:MB])
    assert upload["id"] in [one["id"] for one in api.get("/uploads").json()]
    assert api.delete(f"/uploads/{upload['id']}").json() == {"id": upload["id"], "deleted": True}
    assert api.get(f"/uploads/{upload['id']}").status_code == 404
    assert api.delete(f"/uploads/{upload['id']}").status_code == 404
    assert not services.uploads._file(upload["id"]).exists()


def test_the_same_file_announced_again_goes_on(api: httpx.Client) -> None:
    first = begin(api, body={"fingerprint": "f1"})
    patch(api, first["id"], 0, VCF[:5_000])
    again = begin(api, body={"fingerprint": "f1"})
    assert (again["id"], again["offset"]) == (first["id"], 5_000)


# Who may upload


def ticket(services: Services, principal: Principal = LOCAL_USER, purpose: str = UPLOADS) -> dict[str, str]:
    return {"Upload-Ticket": services.tickets.mint(principal, purpose)}


def test_the_dashboards_page_sends_with_its_ticket_where_a_key_is_needed(services: Services, locked: httpx.Client) -> None:
    headers = {**ticket(services), "Sec-Fetch-Site": "same-origin"}
    upload = begin(locked, headers=headers)
    assert patch(locked, upload["id"], 0, VCF, **headers).json()["state"] == "complete"
    assert services.uploads.get(LOCAL_USER, upload["id"]).owner == LOCAL_USER.name
    assert locked.delete(f"/uploads/{upload['id']}", headers={"X-API-Key": KEY}).status_code == 404
    assert locked.delete(f"/uploads/{upload['id']}", headers=headers).status_code == 200


def test_what_was_sent_with_a_key_belongs_to_the_key(services: Services, locked: httpx.Client) -> None:
    upload = begin(locked, headers={"X-API-Key": KEY})
    assert services.uploads.get(API_CLIENT, upload["id"])
    for attempt in (locked.get, locked.delete, locked.head):
        assert attempt(f"/uploads/{upload['id']}", headers=ticket(services)).status_code == 404
    assert patch(locked, upload["id"], 0, VCF, **ticket(services)).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{}, {"Upload-Ticket": ""}, {"Upload-Ticket": "guess"}, {"Upload-Ticket": "é" * 9}, {"X-API-Key": "wrong"}],
)
def test_without_a_valid_ticket_or_key_nothing_is_taken(
    services: Services, serve: Serve, headers: dict[str, str]
) -> None:
    client = serve(services, api_key=SecretStr(KEY))
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    assert client.post("/uploads", json={"filename": "a.vcf", "size": 5}, headers=sent).status_code == 401
    assert client.patch(f"/uploads/{'0' * 32}", content=b"x", headers={b"Upload-Offset": b"0"} | {
        name.encode(): value for name, value in sent.items()
    }).status_code == 401


def test_a_ticket_opens_nothing_but_uploads(services: Services, locked: httpx.Client) -> None:
    for path in ("/collections", "/tables", "/jobs", "/uploadsx", "/openapi.json", "/jobs/upload"):
        assert locked.get(path, headers=ticket(services)).status_code == 401
    assert locked.get("/uploads", headers=ticket(services, purpose="other")).status_code == 401
    wrong_and_ticket = {**ticket(services), "X-API-Key": "wrong"}
    assert locked.get("/uploads", headers=wrong_and_ticket).status_code == 401


def test_wrong_tickets_have_the_small_bucket_of_wrong_keys(services: Services, serve: Serve) -> None:
    client = serve(services, api_key=SecretStr(KEY))
    statuses = [client.get("/uploads", headers={"Upload-Ticket": f"guess-{number}"}).status_code for number in range(25)]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) == {429}


FOREIGN = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost:9999"}, {"Origin": "file://"}, {"Origin": "http://["}, {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("with_ticket", [False, True])
def test_a_page_of_another_origin_cannot_upload(
    api: httpx.Client, services: Services, headers: dict[str, str], with_ticket: bool
) -> None:
    sent = {**headers, **(ticket(services) if with_ticket else {})}
    answer = api.post("/uploads", json={"filename": "a.vcf", "size": 5}, headers=sent)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    preflight = api.options("/uploads", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code in (403, 405)
    assert "access-control-allow-origin" not in preflight.headers


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/jobs/upload", "/ingest/upload"])
def test_a_form_of_another_origin_cannot_send_a_file_either(api: httpx.Client, headers: dict[str, str], path: str) -> None:
    """Browsers send forms with files to any address without asking first."""
    sent = api.post(path, files={"file": ("a.vcf", VCF[:1_000])}, data={"patient_id": "FOREIGN-1"}, headers=headers)
    assert sent.status_code == 403


def test_the_page_may_be_served_under_another_name_by_a_proxy(services: Services, serve: Serve) -> None:
    for client in (serve(services), serve(services, api_key=SecretStr(KEY))):
        for headers in (
            {"Host": "paratope.hospital.example", "Origin": "https://paratope.hospital.example"},
            {"Host": "inside:8531", "Origin": "https://paratope.hospital.example", "Sec-Fetch-Site": "same-origin"},
        ):
            assert client.get("/uploads", headers={**headers, **ticket(services)}).status_code == 200


def test_an_open_api_takes_no_upload_under_a_foreign_name_without_a_ticket(api: httpx.Client) -> None:
    assert api.get("/uploads", headers={"Host": "evil.example"}).status_code == 403


def test_no_ticket_is_logged(
    services: Services, locked: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = ticket(services)
    with caplog.at_level(logging.DEBUG):
        upload = begin(locked, headers=headers)
        patch(locked, upload["id"], 5, VCF, **headers)
    written = capfd.readouterr()
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert headers["Upload-Ticket"] not in written.out + written.err + "\n".join(str(record.__dict__) for record in own)


def test_memory_does_not_grow_with_the_file(api: httpx.Client, services: Services) -> None:
    """200 MB in one request; the whole process, this client included, stays within a few pieces."""
    piece = VCF[:MB]
    size = 200 * MB
    upload = begin(api, size=size)

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc on this system")
    patch(api, upload["id"], 0, piece)
    before, most = resident(), 0

    def pieces() -> Iterator[bytes]:
        nonlocal most
        for _ in range(size // MB - 1):
            most = max(most, resident())
            yield piece

    answer = patch(api, upload["id"], MB, pieces())
    assert answer.json()["state"] == "complete"
    assert most - before < 40 * MB
    with contextlib.suppress(FileNotFoundError):
        api.delete(f"/uploads/{upload['id']}")
