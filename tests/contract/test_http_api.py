"""The documented API over real HTTP: each endpoint with its fields, its limits and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.application import VERSION, create_api
from demo_data.catalogue import load_patients
from services.assistant.answering import Assistant
from services.assistant.language_model import LanguageModel
from services.container import Services, build_services
from services.evidence.collections import BY_NAME
from services.settings import Settings
from tests.contract.conftest import Serve
from tests.fakes import messages_api as fake
from tests.fakes import pdfs
from tests.fakes.messages_api import MessagesApi, Responder

ROOT = Path(__file__).resolve().parents[2]
QUESTION = {"question": "What does anti-dsDNA with low complement mean?", "top_k": 2}
HOSTILE_PATIENTS = (
    'P1" or patient_id != "', "", " ", "../../etc/passwd", "a" * 65, "P1\n", "P 1", ".hidden", "-x", "名前", "P1\x00", "{p}",
)


def detail(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/json"
    return json.dumps(response.json()["detail"], ensure_ascii=False)


# Identity, health, metrics


def test_the_root_names_service_version_and_ports(api: httpx.Client) -> None:
    assert api.get("/").json() == {
        "service": "Precision Autoimmune Intelligence Agent", "version": VERSION, "status": "running",
        "ports": {"api": 8532, "ui": 8531},
    }


def test_the_version_is_that_of_the_package() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


def test_healthz_says_ok(api: httpx.Client) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}


def test_health_has_every_documented_field(api: httpx.Client, services: Services) -> None:
    body = api.get("/health").json()
    assert body["status"] == "healthy"
    assert body["service"] == "autoimmune-agent"
    assert body["milvus_connected"] is True
    assert body["collections"] == 14
    assert body["total_vectors"] == sum(status.rows for status in services.store.statuses())
    assert body["embedder_loaded"] is True
    assert body["llm_available"] is False
    assert isinstance(body["uptime_seconds"], int)


def test_metrics_are_prometheus_text_with_a_line_for_each_collection(api: httpx.Client, services: Services) -> None:
    response = api.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    assert "# TYPE autoimmune_agent_up gauge" in lines
    assert "autoimmune_agent_up 1.0" in lines
    counted = dict(re.findall(r'autoimmune_collection_vectors\{collection="(\w+)"\} ([\d.]+)', response.text))
    assert set(counted) == set(BY_NAME)
    assert float(counted["autoimmune_hla_associations"]) == services.store.count("autoimmune_hla_associations")
    assert re.search(r"^autoimmune_agent_uptime_seconds \d", response.text, re.MULTILINE)


# Search


def test_search_gives_hits_with_every_documented_field(api: httpx.Client) -> None:
    body = api.post("/search", json={
        "question": "HLA-B27 ankylosing spondylitis sacroiliitis", "top_k": 3,
        "collections_filter": ["autoimmune_hla_associations", "autoimmune_disease_criteria"],
    }).json()
    assert body["total"] == len(body["hits"]) > 0
    for hit in body["hits"]:
        assert set(hit) == {"collection", "id", "score", "text", "relevance", "metadata"}
        assert hit["collection"] in ("autoimmune_hla_associations", "autoimmune_disease_criteria")
        assert 0 <= hit["score"] <= 1
        assert len(hit["text"]) <= 1_000
        assert hit["relevance"] in ("high", "medium", "low")
        assert hit["metadata"]["citation"] == f"milvus://{hit['collection']}/{hit['id']}"
    assert [hit["score"] for hit in body["hits"]] == sorted((hit["score"] for hit in body["hits"]), reverse=True)
    assert body["hits"][0]["metadata"]["allele"].startswith("B*27")
    by_collection = [hit["collection"] for hit in body["hits"]]
    assert all(by_collection.count(name) <= 3 for name in by_collection)


def test_search_takes_null_for_what_may_be_left_out_and_gives_five_of_each_collection(api: httpx.Client) -> None:
    left_out = api.post("/search", json={"question": "methotrexate"}).json()
    null = api.post("/search", json={
        "question": "methotrexate", "top_k": None, "patient_id": None, "collections_filter": None,
    }).json()
    assert null == left_out
    found = [hit["collection"] for hit in left_out["hits"]]
    assert max(found.count(name) for name in found) == 5


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "question"),
        ({"question": ""}, 422, "question"),
        ({"question": "   "}, 422, "empty"),
        ({"question": "x" * 4_001}, 422, "question"),
        ({"question": 5}, 422, "question"),
        ({"question": "C3", "top_k": 0}, 422, "top_k"),
        ({"question": "C3", "top_k": 101}, 422, "top_k"),
        ({"question": "C3", "top_k": "many"}, 422, "top_k"),
        ({"question": "C3", "collections_filter": ["patients"]}, 404, "autoimmune_literature"),
        ({"question": "C3", "collections_filter": "autoimmune_literature"}, 422, "collections_filter"),
    ],
)
@pytest.mark.parametrize("path", ["/search", "/query", "/query/stream"])
def test_a_bad_question_is_refused_and_the_field_is_named(
    api: httpx.Client, path: str, body: dict[str, Any], status: int, named: str
) -> None:
    response = api.post(path, json=body)
    assert response.status_code == status
    assert named in detail(response)


@pytest.mark.parametrize("patient", HOSTILE_PATIENTS)
@pytest.mark.parametrize("path", ["/search", "/query", "/query/stream"])
def test_a_hostile_patient_id_is_refused_everywhere(api: httpx.Client, path: str, patient: str) -> None:
    response = api.post(path, json={"question": "C3", "patient_id": patient})
    assert response.status_code == 422
    assert "patient_id" in detail(response)


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"\xff\xfe", b'"text"'])
def test_a_body_that_is_not_the_documented_json_is_refused(api: httpx.Client, body: bytes) -> None:
    response = api.post("/search", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert detail(response)


def test_wrong_methods_and_paths_are_json_errors(api: httpx.Client) -> None:
    assert api.get("/search").status_code == 405
    assert detail(api.get("/search"))
    assert api.get("/no-such-path").status_code == 404
    assert detail(api.get("/no-such-path"))


# Questions without a language model


def test_query_without_a_model_quotes_the_evidence_and_says_so(api: httpx.Client) -> None:
    body = api.post("/query", json=QUESTION).json()
    assert body["answer"]
    assert body["evidence_count"] > 0
    assert body["collections_searched"] == 14
    assert body["search_time_ms"] > 0
    assert (body["mode"], body["state"]) == ("evidence_only", "complete")
    assert body["citations"]
    assert any("language model" in warning for warning in body["warnings"])
    assert "[1]" in body["answer"]


def test_a_query_for_one_collection_counts_one(api: httpx.Client) -> None:
    body = api.post("/query", json={**QUESTION, "collections_filter": ["autoimmune_autoantibody_panels"]}).json()
    assert body["collections_searched"] == 1
    assert {citation["source"].split("/")[2] for citation in body["citations"]} == {"autoimmune_autoantibody_panels"}


def test_an_overlong_context_is_refused(api: httpx.Client) -> None:
    response = api.post("/query", json={**QUESTION, "patient_context": "x" * 8_001})
    assert response.status_code == 422
    assert "patient_context" in detail(response)


# Questions with a language model


@pytest.fixture
def model() -> Iterator[MessagesApi]:
    with MessagesApi() as running:
        yield running


@pytest.fixture
def asked(services: Services, model: MessagesApi, serve: Serve) -> Iterator[httpx.Client]:
    """The API with a language model on the loopback."""
    language_model = LanguageModel(model="claude-test", api_key="test-key", base_url=model.url)
    yield serve(replace(services, assistant=Assistant(services.search, language_model)))
    language_model.close()


def events(response: httpx.Response) -> list[dict[str, Any] | str]:
    """The events of a stream in order: parsed JSON, or the bare marker of the end."""
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    chunks = response.text.split("\n\n")
    assert chunks.pop() == ""
    assert all(chunk.startswith("data: ") for chunk in chunks)
    data = [chunk.removeprefix("data: ") for chunk in chunks]
    return [one if one == "[DONE]" else json.loads(one) for one in data]


def test_query_answers_with_the_model_and_cites_what_was_retrieved(asked: httpx.Client) -> None:
    body = asked.post("/query", json=QUESTION).json()
    assert (body["mode"], body["state"], body["model"]) == ("llm", "complete", "claude-test")
    assert [citation["number"] for citation in body["citations"]] == list(range(1, len(body["citations"]) + 1))
    assert all(citation["cited_text"] for citation in body["citations"])
    assert "[1]" in body["answer"]


def test_a_complete_stream_ends_with_done_and_says_the_same_as_the_plain_answer(asked: httpx.Client) -> None:
    _expect_the_same(asked)


def test_a_stream_without_a_model_ends_with_done_and_says_the_same_as_the_plain_answer(api: httpx.Client) -> None:
    _expect_the_same(api)


def _expect_the_same(client: httpx.Client) -> None:
    *texts, last = events(client.post("/query/stream", json=QUESTION))
    plain = client.post("/query", json=QUESTION).json()
    assert last == "[DONE]"
    final = texts[-1]
    assert isinstance(final, dict)
    for field in ("answer", "citations", "warnings", "mode", "state", "model"):
        assert final[field] == plain[field]
    assert final["citations"]
    said = "".join(one["text"] for one in texts if isinstance(one, dict))
    unmarked = re.sub(r"\[\d+\]", "", plain["answer"].split("\n\nSources:")[0])
    assert said.split() == unmarked.split()


def test_the_stream_arrives_while_the_model_is_still_writing(asked: httpx.Client, model: MessagesApi) -> None:
    model.plan.append(fake.silent(1.0, text="C3 was low and "))
    with asked.stream("POST", "/query/stream", json=QUESTION) as response:
        first = next(response.iter_text())
    assert "C3 was low" in first


@pytest.mark.parametrize(
    "behaviour",
    [
        fake.error_midstream(), fake.dropped_connection(), fake.no_stop_reason(),
        fake.text_answer("This is lu", stop_reason="max_tokens"), fake.text_answer("This is", stop_reason="refusal"),
        fake.text_answer("One moment", stop_reason="pause_turn"),
    ],
    ids=["error event", "dropped connection", "no stop reason", "length limit", "refusal", "pause"],
)
def test_an_answer_that_broke_off_never_ends_with_done(asked: httpx.Client, model: MessagesApi, behaviour: Responder) -> None:
    model.plan.append(behaviour)
    found = events(asked.post("/query/stream", json=QUESTION))
    assert "[DONE]" not in found
    assert isinstance(found[-1], dict)
    assert found[-1]["error"]
    model.plan.append(behaviour)
    plain = asked.post("/query", json=QUESTION).json()
    assert plain["state"] == "incomplete"
    assert plain["warnings"]


@pytest.mark.parametrize(
    ("behaviour", "times"),
    [(fake.key_refused(), 1), (fake.rate_limited(retry_after=0), 9), (fake.overloaded(), 9)],
    ids=["401", "429", "529"],
)
def test_a_model_that_refuses_before_its_first_word_is_replaced_by_quotations_that_say_so(
    asked: httpx.Client, model: MessagesApi, behaviour: Responder, times: int
) -> None:
    model.plan.extend([behaviour] * times)
    found = events(asked.post("/query/stream", json=QUESTION))
    assert found[-1] == "[DONE]"
    said = "".join(one.get("text", "") for one in found if isinstance(one, dict))
    assert "quotations" in said
    model.plan.clear()
    model.plan.extend([behaviour] * times)
    body = asked.post("/query", json=QUESTION).json()
    assert body["mode"] == "evidence_only"
    assert body["warnings"]


def test_a_model_that_is_busy_for_a_moment_is_asked_again(asked: httpx.Client, model: MessagesApi) -> None:
    model.plan.append(fake.overloaded())
    body = asked.post("/query", json=QUESTION).json()
    assert (body["mode"], body["state"]) == ("llm", "complete")
    assert len(model.log) == 2


def test_a_made_up_source_is_not_cited(asked: httpx.Client, model: MessagesApi) -> None:
    model.plan.append(fake.unknown_source())
    body = asked.post("/query", json=QUESTION).json()
    assert body["citations"] == []
    assert body["warnings"]


# Documents in


def upload(client: httpx.Client, content: bytes, patient: str | None = "HTTP-1", name: str = "note.pdf") -> httpx.Response:
    data = {} if patient is None else {"patient_id": patient}
    return client.post("/ingest/upload", data=data, files={"file": (name, content, "application/pdf")})


def test_a_pdf_is_taken_in_once_and_replaced_by_its_new_version(api: httpx.Client, services: Services) -> None:
    before, content = services.store.count("autoimmune_clinical_documents"), pdfs.text_pdf(pdfs.NOTE)
    first = upload(api, content, "HTTP-2").json()
    assert (first["status"], first["filename"], first["patient_id"]) == ("success", "note.pdf", "HTTP-2")
    assert (first["doc_type"], first["specialty"], first["outcome"]) == ("progress_note", "rheumatology", "added")
    assert first["chunks_ingested"] == services.store.count("autoimmune_clinical_documents") - before > 0

    again = upload(api, content, "HTTP-2").json()
    assert (again["outcome"], again["document_id"]) == ("unchanged", first["document_id"])
    assert services.store.count("autoimmune_clinical_documents") == before + first["chunks_ingested"]

    newer = upload(api, pdfs.text_pdf(pdfs.NOTE.replace("62 mg/dL", "97 mg/dL")), "HTTP-2").json()
    assert newer["outcome"] == "replaced"
    assert services.store.count("autoimmune_clinical_documents") == before + newer["chunks_ingested"]
    hits = api.post("/search", json={"question": "complement C3", "patient_id": "HTTP-2", "top_k": 5}).json()["hits"]
    own = " ".join(hit["text"] for hit in hits if hit["metadata"].get("patient_id") == "HTTP-2")
    assert "97 mg/dL" in own
    assert "62 mg/dL" not in own


def test_two_patients_may_have_the_same_document(api: httpx.Client) -> None:
    content = pdfs.text_pdf(pdfs.NOTE + "\nCopied to two records.")
    assert upload(api, content, "HTTP-3").json()["outcome"] == "added"
    assert upload(api, content, "HTTP-4").json()["outcome"] == "added"


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 400, "empty"),
        (b"MZ\x90\x00 a program", 400, "PDF"),
        (b"plain text, whatever the name says", 400, "PDF"),
        (pdfs.scanned_pdf(), 422, "text"),
        (pdfs.encrypted_pdf("secret"), 422, "password"),
        (pdfs.text_pdf(pdfs.NOTE)[:700], 422, "cut off"),
        (pdfs.cyclic_pdf(), 422, ""),
    ],
    ids=["empty", "program", "text", "scanned", "encrypted", "cut off", "cyclic"],
)
def test_a_file_that_cannot_be_used_says_why_and_changes_nothing(
    api: httpx.Client, services: Services, content: bytes, status: int, said: str
) -> None:
    before = services.store.count("autoimmune_clinical_documents")
    response = upload(api, content, "HTTP-5")
    assert response.status_code == status
    assert said in detail(response)
    assert services.store.count("autoimmune_clinical_documents") == before


@pytest.mark.parametrize("patient", [None, *HOSTILE_PATIENTS])
def test_an_upload_needs_a_proper_patient_id(api: httpx.Client, patient: str | None) -> None:
    response = upload(api, pdfs.text_pdf(pdfs.NOTE), patient)
    assert response.status_code == 422
    assert "patient_id" in detail(response)


def test_an_upload_needs_a_file(api: httpx.Client) -> None:
    response = api.post("/ingest/upload", data={"patient_id": "HTTP-1"})
    assert response.status_code == 422
    assert "file" in detail(response)


@pytest.mark.parametrize("name", ["../../../etc/cron.d/x.pdf", "C:\\windows\\x.pdf", "a\u202efdp.exe", "x" * 300 + ".pdf", "CON"])
def test_a_hostile_file_name_is_only_shown_and_never_used(api: httpx.Client, services: Services, name: str) -> None:
    root = services.settings.data_dir
    shown = upload(api, pdfs.text_pdf(f"{pdfs.NOTE}\n{len(name)} {ord(name[0])}"), "HTTP-6", name).json()["filename"]
    assert not set(shown) & {"/", "\\", "\u202e"}
    assert len(shown) <= 200
    stored = [path.relative_to(root) for path in (root / "files").rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"files/documents/[0-9a-f]{2}/[0-9a-f]{64}\.pdf", path.as_posix()) for path in stored)


# Collections


def test_collections_are_listed_with_their_counts(api: httpx.Client) -> None:
    body = api.get("/collections").json()
    names = [row["name"] for row in body["collections"]]
    assert names == sorted(BY_NAME)
    assert body["total_collections"] == 14
    assert body["total_vectors"] == sum(row["count"] for row in body["collections"])


def test_creating_collections_that_exist_creates_none(api: httpx.Client) -> None:
    assert api.post("/collections/create").json() == {"status": "success", "collections_created": [], "count": 0}


def test_a_malformed_switch_drops_nothing(api: httpx.Client) -> None:
    before = api.get("/collections").json()
    assert api.post("/collections/create", params={"drop_existing": "maybe"}).status_code == 422
    assert api.get("/collections").json() == before


def test_recreating_the_collections_brings_every_row_back(api: httpx.Client) -> None:
    upload(api, pdfs.text_pdf(f"{pdfs.NOTE}\nBefore the collections were made anew."), "HTTP-7")
    before = api.get("/collections").json()
    question = {"question": "malar rash and morning stiffness", "patient_id": "HTTP-7", "top_k": 3}
    found = api.post("/search", json=question).json()
    body = api.post("/collections/create", params={"drop_existing": "true"}).json()
    assert (body["status"], body["count"]) == ("success", 14)
    assert set(body["collections_created"]) == set(BY_NAME)
    assert api.get("/collections").json() == before
    again = api.post("/search", json=question).json()
    assert [hit["id"] for hit in again["hits"]] == [hit["id"] for hit in found["hits"]]


@pytest.mark.slow
def test_the_demo_patients_are_taken_in_once(serve: Serve, tmp_path: Path) -> None:
    own = build_services(Settings(data_dir=tmp_path, demo_data=False))
    try:
        own.preparation.start()
        assert own.preparation.wait(300).done
        client = serve(own)
        client.timeout = 600
        first = client.post("/ingest/demo-data").json()
        assert first["status"] == "success"
        assert set(first["patients"]) == {patient.id for patient in load_patients()}
        assert first["total_chunks"] == sum(first["patients"].values()) == own.store.count("autoimmune_clinical_documents")
        assert client.post("/ingest/demo-data").json() == first
        assert own.store.count("autoimmune_clinical_documents") == first["total_chunks"]
    finally:
        own.close()


# The document of the API


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    paths = app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods} | {("GET", "/openapi.json")}


def test_every_endpoint_is_documented_and_every_documented_endpoint_exists() -> None:
    documented = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^` ]*)`", (ROOT / "docs/api.md").read_text(), re.MULTILINE))
    assert documented == _routes(create_api(Settings(), lambda: None))


def test_every_endpoint_answers_with_the_fields_the_document_names(api: httpx.Client) -> None:
    text = (ROOT / "docs/api.md").read_text()
    for path, body in (("/health", None), ("/", None), ("/collections", None), ("/search", QUESTION), ("/query", QUESTION)):
        answer = (api.get(path) if body is None else api.post(path, json=body)).json()
        row = next(line for line in text.splitlines() if re.match(rf"\| `(GET|POST) {re.escape(path)}`", line))
        assert [field for field in answer if f"`{field}`" not in row] == []
