"""Every route and every kind of caller: no route is without an entry here, and none gives what its caller may not have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.application import create_api
from api.dependencies import principal_of
from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.access.tickets import JOB_EVENTS
from services.container import Services
from services.settings import Settings
from services.variants.imports import import_file
from services.variants.library import TableInfo
from tests.contract.conftest import Serve
from tests.fakes import pdfs
from tests.unit.variants.support import vcf, write

COLLEAGUE = Principal("colleague", may_see_patients=True, may_administer=False)
PATIENT, CANARY = "CANARY-A7", "Zqxvauth"
KEY = "canary-key-91d0"
BUILD = "GRCh38"


@dataclass(frozen=True, slots=True)
class Route:
    """What to send, and what somebody who may see no patient, and a colleague who is no administrator, are answered.

    `open` routes need no key. `{table}`, `{job}` and `{upload}` stand for things of somebody else.
    """

    outsider: tuple[int, ...]
    colleague: tuple[int, ...]
    sent: dict[str, Any] = field(default_factory=dict)
    is_open: bool = False


def open_to_all() -> Route:
    return Route((200,), (200,), is_open=True)


_FORM = {"files": {"file": ("a.vcf", b"##fileformat=VCFv4.2\n", "text/plain")}}
_PDF = {"files": {"file": ("a.pdf", pdfs.text_pdf(pdfs.NOTE))}, "data": {"patient_id": PATIENT}}
_VARIANT = {"variant_data": {"rsid": "rs2066844"}, "classification_type": "acmg"}
_PROFILE = {"patient_id": PATIENT, "age": 40, "sex": "F", "biomarkers": {"CRP": 3.0}}
_CLASSIFY = {
    ("POST", ""): Route((200, 404, 409), (200, 404, 409), {"json": _VARIANT}),
    ("POST", "/batch"): Route((403, 404), (422,), {"json": {"table_name": "{table}", "classification_type": "acmg",
                                                            "filter": "pos < 0"}}),
    ("GET", "/history"): Route((403, 404), (200, 404), {"params": {"variant": "1-100-A-G"}}),
    ("GET", "/export"): Route((403,), (200,), {"params": {"patient_id": PATIENT}}),
}
_NOTES = Route((404,), (200,), {"params": {"table_name": "{table}"}})
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/openapi.json"): Route((200,), (200,)), ("HEAD", "/openapi.json"): Route((200,), (200,)),
    ("GET", "/"): open_to_all(), ("GET", "/healthz"): open_to_all(), ("GET", "/health"): open_to_all(),
    ("GET", "/metrics"): open_to_all(),
    ("POST", "/search"): Route((403,), (200,), {"json": {"question": CANARY, "patient_id": PATIENT}}),
    ("POST", "/query"): Route((403,), (200,), {"json": {"question": CANARY, "patient_id": PATIENT}}),
    ("POST", "/query/stream"): Route((403,), (200,), {"json": {"question": CANARY, "patient_id": PATIENT}}),
    ("POST", "/analyze"): Route((200,), (200,), {"json": _PROFILE}),
    ("POST", "/differential"): Route((200,), (200,), {"json": {"positive_antibodies": ["ANA"]}}),
    ("POST", "/export"): Route((403, 404), (200,), {"json": {"patient_id": PATIENT}}),
    ("POST", "/ingest/upload"): Route((403,), (200,), _PDF),
    ("POST", "/ingest/demo-data"): Route((403,), ()),
    ("GET", "/collections"): Route((200,), (200,)),
    ("POST", "/collections/create"): Route((403,), (403,), {"params": {"drop_existing": "true"}}),
    ("POST", "/uploads"): Route((403,), (201,), {"json": {"filename": "a.vcf", "size": 10}}),
    ("GET", "/uploads"): Route((200,), (200,)),
    ("GET", "/uploads/{upload_id}"): Route((404,), (404,)),
    ("HEAD", "/uploads/{upload_id}"): Route((404,), (404,)),
    ("PATCH", "/uploads/{upload_id}"): Route((404,), (404,), {"content": b"x", "headers": {"Upload-Offset": "0"}}),
    ("DELETE", "/uploads/{upload_id}"): Route((404,), (404,)),
    ("POST", "/jobs/upload/parabricks"): Route((400, 403), (400,), _FORM),
    ("POST", "/jobs/upload/reads"): Route((403,), (404, 409, 422), {"json": {
        "design": "germline", "assembly": BUILD, "samples": [{"name": "S1", "lanes": [{"first": {"upload_id": "0" * 32}}]}]}}),
    ("GET", "/jobs/{job_id}/reads"): Route((404,), (404,)),
    ("GET", "/jobs/{job_id}/reads/{name}"): Route((404,), (404,)),
    ("GET", "/reference"): Route((200,), (200,)),
    ("POST", "/reference"): Route((403,), (403,), {"json": {"kind": "clinvar", "build": BUILD, "url": "https://a.example.org/x"}}),
    ("DELETE", "/reference/{kind}/{build}/{version}"): Route((403, 404), (403, 404)),
    ("POST", "/jobs/upload"): Route((403,), (), _FORM),
    ("POST", "/jobs/upload/from-cloud-url"): Route((403,), (422,), {"json": {"cloud_url": "https://10.0.0.1/a.vcf"}}),
    ("POST", "/jobs/upload/from-upload"): Route((403,), (404,), {"json": {"upload_id": "{upload}"}}),
    ("GET", "/jobs"): Route((200,), (200,)),
    ("GET", "/jobs/events"): Route((), ()),  # never ends: see below
    ("POST", "/jobs/events/ticket"): Route((200,), (200,)),
    ("GET", "/jobs/{job_id}/status"): Route((404,), (404,)),
    ("GET", "/jobs/{job_id}/log"): Route((404,), (404,)),
    ("POST", "/jobs/{job_id}/cancel"): Route((404,), (404,)),
    ("POST", "/jobs/{job_id}/retry"): Route((404,), (404,)),
    ("DELETE", "/jobs/{job_id}"): Route((404,), (404,)),
    ("GET", "/tables"): Route((200, 403), (200,)),
    ("GET", "/tables/{table_name}/data/all"): Route((404,), (200,)),
    ("PATCH", "/tables/{table_name}"): Route((404,), (403,), {"json": {"patient_id": None}}),
    ("DELETE", "/tables/{table_name}/patients/{patient_id}"): Route((404,), (403,)),
    ("GET", "/tables/{table_name}/findings"): Route((404,), (200,)),
    ("POST", "/tables/{table_name}/annotate"): Route((404, 422), (422,), {
        "json": {"small_variants": False, "structural_variants": False}}),
    ("GET", "/tables/{table_name}/annotation"): Route((404,), (200,)),
    ("DELETE", "/tables/{table_name}"): Route((404,), (403,)),
    ("GET", "/downloads/{token}"): Route((404,), (404,), is_open=True),
    ("GET", "/genome/reference/{build}/{part}"): Route((404,), (404,)),
    ("HEAD", "/genome/reference/{build}/{part}"): Route((404,), (404,)),
    ("GET", "/genome/jobs/{job_id}/{name}"): Route((404,), (404,)),
    ("HEAD", "/genome/jobs/{job_id}/{name}"): Route((404,), (404,)),
    **{("GET", f"{prefix}/variant-{what}/export"): _NOTES for prefix in ("", "/api") for what in ("flags", "comments")},
    **{(method, f"{prefix}/analyze/classify-variant{path}"): route
       for prefix in ("", "/api") for (method, path), route in _CLASSIFY.items()},
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in app.routes:
        # routers that were included give their routes as contexts; what is in the schema only is a part of them
        parts: Any = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        found |= {(method, part.path) for part in parts for method in part.methods}
    return found


@dataclass(frozen=True, slots=True)
class Secrets:
    """Things of somebody else."""

    table: TableInfo
    job_id: str
    upload_id: str

    def filled(self, path: str) -> str:
        for name, value in (("table_name", self.table.name), ("job_id", self.job_id), ("upload_id", self.upload_id),
                            ("name", "S1.bam"), ("kind", "clinvar"), ("build", BUILD), ("version", "1"),
                            ("part", "sequence.fa"), ("token", "0" * 48), ("patient_id", PATIENT)):
            path = path.replace(f"{{{name}}}", value)
        return path

    def sent(self, what: Any) -> Any:
        if isinstance(what, dict):
            return {name: self.sent(value) for name, value in what.items()}
        return {"{table}": self.table.name, "{upload}": self.upload_id}.get(what, what) if isinstance(what, str) else what


@pytest.fixture(scope="module")
def secrets(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secrets]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    services.patients.create(PATIENT, LOCAL_USER, name=f"{CANARY} Person")
    note = pdfs.text_pdf(f"{pdfs.NOTE}\n{CANARY} has lupus nephritis.")
    services.documents.ingest(PATIENT, f"{CANARY}.pdf", note, LOCAL_USER)
    table_id = services.variants.new_id()
    report = import_file(write(folder, vcf("chr1 100 rs1 A G 50 PASS DP=10 GT:GQ 0/1:30")), services.variants.folder(table_id))
    assert report.folder is not None, report.refusal
    table = services.variants.register(table_id, LOCAL_USER.name, f"{CANARY} sample", patient_id=PATIENT)
    job = services.jobs.announce(LOCAL_USER, "variant_import", sample_name=f"{CANARY} job")
    upload = services.uploads.begin(LOCAL_USER, f"{CANARY}.vcf", 100)
    yield Secrets(table, job.id, upload.id)
    services.uploads.discard(upload.id)
    services.jobs.withdraw(job)
    services.workbench.delete(LOCAL_USER, table.id)
    for one in services.documents.list(PATIENT, LOCAL_USER):
        services.documents.remove(one.id, LOCAL_USER)


def as_caller(services: Services, principal: Principal) -> TestClient:
    app = create_api(Settings(rate_limit_per_minute=100_000), lambda: services)
    app.dependency_overrides[principal_of] = lambda: principal
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


def asked(client: TestClient, secrets: Secrets, method: str, path: str, route: Route) -> httpx.Response:
    answer: httpx.Response = client.request(method, secrets.filled(path), **secrets.sent(route.sent))
    return answer


def test_every_route_has_an_entry_here() -> None:
    assert routes_of(create_api(Settings(), lambda: None)) == set(ROUTES)


def test_every_route_that_is_not_open_refuses_without_a_key_and_with_a_wrong_one(services: Services, serve: Serve) -> None:
    client = serve(services, api_key=SecretStr(KEY))
    let_in = [
        (method, path) for method, path in ROUTES
        if client.request(method, path).status_code != 401 and not ROUTES[method, path].is_open
    ]
    assert let_in == []
    wrong = {client.request(method, path, headers={"X-API-Key": "wrong"}).status_code for method, path in ROUTES}
    assert wrong <= {401, 429}


@pytest.mark.parametrize("principal", [PUBLIC, COLLEAGUE], ids=["outsider", "colleague"])
def test_each_caller_gets_what_the_table_says(services: Services, secrets: Secrets, principal: Principal) -> None:
    client = as_caller(services, principal)
    surprises = []
    for (method, path), route in ROUTES.items():
        expected = route.outsider if principal is PUBLIC else route.colleague
        if not expected:
            continue
        answer = asked(client, secrets, method, path, route)
        said = answer.text.replace(secrets.filled(path), "")
        # who asks names the patient and the table; what nobody named must not come back
        leaked = principal is PUBLIC and any(word in said for word in (f"{CANARY} Person", f"{CANARY}.", f"{CANARY} "))
        if answer.status_code not in expected or leaked:
            surprises.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    assert not surprises, "\n".join(surprises)


def test_a_stranger_hears_of_no_job(services: Services, secrets: Secrets, serve: Serve) -> None:
    client = serve(services, api_key=SecretStr(KEY))
    for principal, hears in ((PUBLIC, False), (COLLEAGUE, False), (LOCAL_USER, True)):
        ticket = services.tickets.mint(principal, JOB_EVENTS)
        with client.stream("GET", "/jobs/events", params={"ticket": ticket}) as stream:
            heard = ""
            for piece in stream.iter_text():
                heard += piece
                if "retry" in heard:
                    break
            job = services.jobs.list(principal)
        assert any(one.id == secrets.job_id for one in job) is hears
        assert hears or secrets.job_id not in heard
