"""Reference data over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.jobs.model import FINISHED
from services.jobs.store import JobStore
from services.pipelines.reference_install import KIND
from services.variants.reference.model import Pack, PackKind, PackRequest
from tests.unit.variants.reference.published import G38, clinvar


@pytest.fixture
def pack(services: Services, tmp_path: Path) -> Iterator[Pack]:
    path = tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38))
    installed = services.references.install(path, PackRequest(PackKind.CLINVAR, G38))
    yield installed
    services.references.remove(installed)


@pytest.fixture
def no_jobs(services: Services) -> Iterator[None]:
    yield
    store = JobStore(services.database)
    for job in services.jobs.list(LOCAL_USER, limit=1_000):
        if job.kind == KIND:
            store.cancel(job.id)
            store.delete(job.id, FINISHED)


def test_packs_and_what_is_missing_are_listed(api: httpx.Client, pack: Pack) -> None:
    answer = api.get("/reference").raise_for_status().json()
    (entry,) = answer["packs"]
    assert (entry["kind"], entry["build"], entry["version"], entry["rows"]) == ("clinvar", "GRCh38", "2026-11-10", 3)
    assert (entry["sha256"], entry["in_use"], entry["pinned"], entry["bytes"]) == (pack.sha256, True, False, pack.size)
    missing = {(one["kind"], one["build"]): one["why"] for one in answer["missing"]}
    assert ("clinvar", "GRCh38") not in missing
    assert missing["clinvar", "GRCh37"] == "not annotated: no pack of ClinVar is installed for GRCh37"


def test_an_installation_is_queued(api: httpx.Client, services: Services, no_jobs: None) -> None:
    asked = {"kind": "mane", "url": "https://data.example.org/MANE.summary.txt.gz", "version": "1.4", "sha256": "a" * 64}
    answer = api.post("/reference", json=asked).raise_for_status().json()
    job = services.jobs.get(LOCAL_USER, answer["job_id"])
    assert (answer["status"], job.kind, job.request["pack"]["sha256"]) == ("queued", KIND, "a" * 64)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "clinvar", "url": "https://data.example.org/a"}, "state the genome build"),
        ({"kind": "mane"}, "give either url or upload_ids"),
        ({"kind": "mane", "url": "https://data.example.org/a", "upload_ids": ["0" * 32]}, "give either url or upload_ids"),
        ({"kind": "mane", "url": "https://127.0.0.1/a"}, "numbers in place of a name"),
        ({"kind": "horoscope", "url": "https://data.example.org/a"}, "kind"),
    ],
)
def test_what_cannot_be_installed_is_refused(api: httpx.Client, asked: dict[str, object], said: str) -> None:
    answer = api.post("/reference", json=asked)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_pack_is_removed_and_is_then_not_there(api: httpx.Client, services: Services, pack: Pack) -> None:
    path = "/reference/clinvar/GRCh38/2026-11-10"
    assert api.delete(path).raise_for_status().json() == {"pack": "ClinVar 2026-11-10 (GRCh38)", "deleted": True}
    assert services.references.installed() == ()
    assert api.delete(path).status_code == 404
    assert api.delete("/reference/clinvar/GRCh36/1").status_code == 422
    assert api.delete("/reference/clinvar/GRCh38/..%2F..%2Fx").status_code in (404, 422)
