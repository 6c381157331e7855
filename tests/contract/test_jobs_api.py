"""Jobs over real HTTP: files in, states, events, and who may listen."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.access.principals import API_CLIENT
from services.access.tickets import JOB_EVENTS, ONCE_SECONDS, Tickets
from services.container import Services
from tests.contract.conftest import Serve

ROOT = Path(__file__).resolve().parents[2]
KEY = "canary-key-5d21c8"
VCF = (
    b"##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    b"1\t100\t.\tA\tG\t50\tPASS\t.\n"
)
BAD = VCF + b"1\t12a\t.\tA\tG\t50\tPASS\t.\n"
FORM = "multipart/form-data; boundary=b"
STATES = {"upload_pending", "queued", "processing", "completed", "failed", "cancelled"}


@pytest.fixture(scope="module", autouse=True)
def running(services: Services) -> Iterator[None]:
    services.jobs.start()
    yield
    services.jobs.close()


def sent(client: httpx.Client, data: bytes = VCF, **fields: str) -> str:
    response = client.post("/jobs/upload", data=fields, files={"file": ("sample.vcf", data)})
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["status"] == "queued"
    assert body["message"]
    return str(body["job_id"])


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    for _ in range(600):
        job: dict[str, Any] = client.get(f"/jobs/{job_id}/status").json()
        if job["status"] in ("completed", "failed", "cancelled") and job["stage"] != "stopping":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_an_uploaded_file_becomes_a_table_with_the_documented_fields_on_the_way(api: httpx.Client) -> None:
    job_id = sent(api, sample_name="Patient-001", assembly="GRCh37", sample_type="germline", notes="n", split_by_sample="false")
    job = finished(api, job_id)
    assert (job["job_id"], job["status"], job["progress"]) == (job_id, "completed", 100)
    assert job["message"].startswith("Imported 1 row into ")
    row = next(line for line in (ROOT / "docs/api.md").read_text().splitlines() if "/jobs/{job_id}/status`" in line)
    assert [field for field in (*job, *job["result"]) if f"`{field}`" not in row] == []
    for stamp in (job["created_at"], job["updated_at"]):
        assert time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")
    listed = api.get("/jobs").json()
    assert [listed[0][name] for name in ("job_id", "status", "sample_name")] == [job_id, "completed", "Patient-001"]
    assert "completed_at" in listed[0]
    tables = {table["table_name"]: table for table in api.get("/tables").json()}
    assert tables[job["result"]["table_name"]]["sample_name"] == "Patient-001"
    assert api.delete(f"/jobs/{job_id}").json() == {"job_id": job_id, "deleted": True}
    assert api.get(f"/jobs/{job_id}/status").status_code == 404
    assert job["result"]["table_name"] not in {table["table_name"] for table in api.get("/tables").json()}


def test_a_failed_job_says_where_and_what_to_do_and_can_be_tried_again(api: httpx.Client) -> None:
    job = finished(api, sent(api, BAD))
    assert job["status"] == "failed"
    assert job["problem"]["line"] == 5
    assert job["problem"]["field"] == "POS"
    assert job["problem"]["advice"]
    assert api.post(f"/jobs/{job['job_id']}/retry", json={"mode": "lenient"}).json()["status"] == "queued"
    again = finished(api, job["job_id"])
    assert (again["status"], again["attempt"], again["result"]["rejected"]) == ("completed", 2, 1)
    events = api.get(f"/jobs/{job['job_id']}/log").json()["events"]
    assert {event["status"] for event in events} <= STATES
    assert [event["attempt"] for event in events] == sorted(event["attempt"] for event in events)


def test_a_job_can_be_cancelled_and_only_then_deleted(api: httpx.Client) -> None:
    rows = b"".join(b"1\t%d\t.\tA\tG\t50\tPASS\t.\n" % number for number in range(200, 400_000))
    job_id = sent(api, VCF + rows)
    assert api.delete(f"/jobs/{job_id}").status_code == 409
    cancelled = api.post(f"/jobs/{job_id}/cancel").json()
    assert (cancelled["job_id"], cancelled["status"]) == (job_id, "cancelled")
    finished(api, job_id)
    assert api.post(f"/jobs/{job_id}/cancel").status_code == 409
    assert api.delete(f"/jobs/{job_id}").status_code == 200


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/jobs/job_none/status"), ("POST", "/jobs/job_none/cancel"), ("DELETE", "/jobs/job_none"),
    ("GET", "/jobs/job_none/log"), ("POST", "/jobs/job_none/retry"), ("GET", f"/jobs/{'x' * 3_000}/status"),
])
def test_a_job_nobody_knows_is_not_found(api: httpx.Client, method: str, path: str) -> None:
    response = api.request(method, path)
    assert response.status_code == 404
    assert "no such job" in response.json()["detail"]


def test_the_list_can_be_paged_and_limited_to_a_state(api: httpx.Client) -> None:
    ids = [finished(api, sent(api))["job_id"] for _ in range(2)]
    assert [job["job_id"] for job in api.get("/jobs?limit=2").json()] == ids[::-1]
    assert [job["job_id"] for job in api.get("/jobs?limit=1&offset=1").json()] == ids[:1]
    assert {job["status"] for job in api.get("/jobs?status=completed").json()} == {"completed"}
    assert api.get("/jobs?status=done").status_code == 422
    assert api.get("/jobs?limit=0").status_code == 422
    assert api.get(f"/jobs?offset={10**25}").status_code == 422


def test_an_option_that_is_wrong_is_refused_and_leaves_no_job(api: httpx.Client) -> None:
    before = api.get("/jobs").json()
    response = api.post("/jobs/upload", data={"assembly": "GRCh99"}, files={"file": ("a.vcf", VCF)})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "assembly"]
    late = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.vcf\"\r\n\r\n" + VCF + (
        b"\r\n--b\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\nsloppy\r\n--b--\r\n"
    )
    headers = {"Content-Type": FORM}
    assert api.post("/jobs/upload", content=late, headers=headers).status_code == 422
    assert api.post("/jobs/upload", files={"file": ("a.pdf", b"%PDF-1.4\n%%EOF")}).status_code == 422
    assert api.get("/jobs").json() == before


@pytest.mark.parametrize(("body", "kind"), [
    (b"", FORM), (b"--b--\r\n", FORM), (b"rubbish", FORM),
    (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", FORM),
    (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.vcf\"\r\n\r\n##file", FORM),
    (b"{}", "application/json"), (b"x", "multipart/form-data"),
    (b"--b\r\nContent-Disposition: form-data; name=\"notes\"\r\n\r\n" + b"x" * 70_000 + b"\r\n--b--\r\n", FORM),
])
def test_a_form_that_is_malformed_or_has_no_file_is_a_plain_400(api: httpx.Client, body: bytes, kind: str) -> None:
    response = api.post("/jobs/upload", content=body, headers={"Content-Type": kind})
    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)


def test_files_may_be_larger_than_other_requests_and_have_a_limit_of_their_own(services: Services, serve: Serve) -> None:
    rows = VCF + b"".join(b"1\t%d\t.\tA\tG\t50\tPASS\t.\n" % number for number in range(200, 80_000))
    assert len(rows) > 1 << 20
    small = serve(services, max_request_size_mb=1)
    finished(small, sent(small, rows))
    smaller = serve(services, max_request_size_mb=1, max_upload_size_mb=1)
    response = smaller.post("/jobs/upload", files={"file": ("a.vcf", rows * 2)})
    assert response.status_code == 413
    assert "AUTO_MAX_UPLOAD_SIZE_MB" in response.json()["detail"]


def test_an_upload_that_breaks_off_becomes_a_failed_job_that_says_so(api: httpx.Client) -> None:
    url = httpx.URL(api.base_url)
    with socket.create_connection((url.host, url.port or 80), 10) as connection:
        head = (
            f"POST /jobs/upload HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.vcf"\r\n\r\n'
        )
        connection.sendall(head.encode() + VCF)
        until = time.monotonic() + 10
        while not api.get("/jobs?status=upload_pending").json():
            assert time.monotonic() < until
            time.sleep(0.05)
    done = finished(api, api.get("/jobs").json()[0]["job_id"])
    assert (done["status"], done["message"]) == ("failed", "the upload broke off")
    assert not api.get("/uploads").json(), "what had come was kept"


@pytest.mark.parametrize("url", ["http://data.example.org/a.vcf", "https://169.254.169.254/a", "s3://../x", "file:///etc/passwd"])
def test_an_address_inside_is_refused(api: httpx.Client, url: str) -> None:
    response = api.post("/jobs/upload/from-cloud-url", json={"cloud_url": url, "sample_name": "S", "vep_annotation": True})
    assert response.status_code == 422
    assert api.post("/jobs/upload/from-cloud-url", json={}).status_code == 422


def test_a_file_sent_in_pieces_is_imported_by_its_id(api: httpx.Client) -> None:
    upload = api.post("/uploads", json={"filename": "pieces.vcf", "size": len(VCF)}).json()
    fields = {"upload_id": upload["id"], "sample_name": "Pieces"}
    assert api.post("/jobs/upload/from-upload", json=fields).status_code == 409
    api.patch(f"/uploads/{upload['id']}", content=VCF, headers={"Upload-Offset": "0"})
    assert finished(api, api.post("/jobs/upload/from-upload", json=fields).json()["job_id"])["status"] == "completed"
    assert api.post("/jobs/upload/from-upload", json={"upload_id": "none"}).status_code in (404, 422)


# Events


@dataclass(frozen=True)
class Event:
    number: int
    data: dict[str, Any]


@contextmanager
def listening(client: httpx.Client, path: str = "/jobs/events", **headers: str) -> Iterator[Iterator[Event]]:
    with client.stream("GET", path, headers=headers, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")

        def events() -> Iterator[Event]:
            number = 0
            for line in response.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    yield Event(number, json.loads(line[6:]))

        yield events()


def heard(events: Iterator[Event], job_id: str) -> list[Event]:
    """Listen until the job has ended."""
    collected = []
    for event in events:
        if event.data["job_id"] == job_id:
            collected.append(event)
            if event.data["status"] in ("completed", "failed", "cancelled"):
                break
    return collected


def test_events_tell_each_step_and_a_client_that_comes_back_misses_none(api: httpx.Client) -> None:
    with listening(api) as events:
        job_id = sent(api)
        live = heard(events, job_id)
    assert [event.data["status"] for event in live][-1] == "completed"
    assert all(set(event.data) == {"job_id", "status", "progress", "message"} for event in live)
    assert all(before.number < after.number for before, after in pairwise(live))
    assert all(before.data["progress"] <= after.data["progress"] for before, after in pairwise(live))
    for place, event in enumerate(live[:-1]):
        with listening(api, **{"Last-Event-ID": str(event.number)}) as events:
            assert heard(events, job_id) == live[place + 1 :]


def test_a_listener_who_comes_late_is_told_what_is_unfinished(api: httpx.Client) -> None:
    rows = b"".join(b"1\t%d\t.\tA\tG\t50\tPASS\t.\n" % number for number in range(200, 400_000))
    job_id = sent(api, VCF + rows)
    with listening(api) as events:
        assert next(events).data["job_id"] == job_id
        api.post(f"/jobs/{job_id}/cancel")
        assert heard(events, job_id)[-1].data["status"] == "cancelled"


def test_a_heartbeat_keeps_the_line_open(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jobs._HEARTBEAT_SECONDS", 0.5)
    with api.stream("GET", "/jobs/events", timeout=10) as response:
        assert any(line.startswith(": ") for line in response.iter_lines())


@pytest.mark.parametrize("value", ["", "abc", "-1", "9" * 40])
def test_an_id_that_is_none_opens_the_stream_from_now(api: httpx.Client, value: str) -> None:
    with listening(api, **{"Last-Event-ID": value}):
        pass


def test_the_key_may_stand_in_the_address_of_events_only_and_is_not_logged(
    services: Services, serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    locked = serve(services, api_key=SecretStr(KEY))
    with caplog.at_level(logging.DEBUG):
        with listening(locked, f"/jobs/events?token={KEY}"):
            pass
        assert locked.get("/jobs/events?token=wrong").status_code == 401
        assert locked.get("/jobs/events").status_code == 401
        assert locked.get(f"/jobs?token={KEY}").status_code == 401
        assert locked.get(f"/jobs/x/status?token={KEY}").status_code == 401
    written = capfd.readouterr()
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert KEY not in written.out + written.err + "\n".join(str(record.__dict__) for record in own)


def test_a_ticket_opens_the_events_once_and_nothing_else(services: Services, serve: Serve) -> None:
    locked = serve(services, api_key=SecretStr(KEY))
    assert locked.post("/jobs/events/ticket").status_code == 401
    given = locked.post("/jobs/events/ticket", headers={"X-API-Key": KEY}).json()
    assert given["expires_in"] == 60
    ticket = given["ticket"]
    assert locked.get(f"/jobs?ticket={ticket}").status_code == 401
    assert locked.get("/uploads", headers={"Upload-Ticket": ticket}).status_code == 401
    with listening(locked, f"/jobs/events?ticket={ticket}"):
        pass
    assert locked.get(f"/jobs/events?ticket={ticket}").status_code == 401
    assert locked.get("/jobs/events?ticket=none").status_code == 401


def test_a_ticket_ends_after_a_minute() -> None:
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    ticket = tickets.mint(API_CLIENT, JOB_EVENTS, ONCE_SECONDS)
    now[0] = 61.0
    assert tickets.redeem(ticket, JOB_EVENTS) is None
