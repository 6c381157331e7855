"""From a published file to a pack, through the real queue, the real child process and a server on the loopback."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from services.access.principals import LOCAL_USER, Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError
from services.jobs.engine import DurableQueue
from services.jobs.model import STOPPING, Job, JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.pipelines.reference_install import ReferenceInstalls
from services.storage.database import Database
from services.uploads.store import Uploads
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind, PackRequest
from tests.unit.uploads.tls_server import NAME, Server, body, serving
from tests.unit.variants.reference.published import G37, G38, clinvar

ANNA = Principal("anna", may_see_patients=True, may_administer=False)
URL = f"https://{NAME}/pub/clinvar.vcf.gz"


@dataclass
class Place:
    jobs: Jobs
    uploads: Uploads
    library: ReferenceLibrary
    installs: ReferenceInstalls
    server: Server

    def upload(self, text: str, name: str, who: Principal = LOCAL_USER) -> str:
        data = text.encode()
        upload = self.uploads.begin(who, name, len(data))
        return self.uploads.append(who, upload.id, 0, data).id

    def finished(self, job: Job) -> Job:
        deadline = time.monotonic() + 60
        while not (found := self.jobs.get(LOCAL_USER, job.id)).finished or found.stage == STOPPING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found

    def left_over(self) -> list[str]:
        """Files of the library that belong to no installed pack."""
        found = [path.relative_to(self.library.root) for path in self.library.root.rglob("*") if path.is_file()]
        return [str(path) for path in found if path.parts[0].startswith(".") and path.suffix != ".lock"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("installs")
    database = Database(f"sqlite:///{folder / 'record.db'}")
    database.migrate()
    with serving(folder, lambda _path, connection: connection.sendall(body(b""))) as server:
        jobs = Jobs(database, DurableQueue(f"sqlite:///{folder / 'jobs.db'}", FileSlots(folder / "jobs"), 1), folder / "jobs", 1)
        uploads = Uploads(database, folder / "uploads", 1 << 28)
        library = ReferenceLibrary(folder / "reference")
        installs = ReferenceInstalls(jobs, uploads, library, server.network())
        jobs.start()
        yield Place(jobs, uploads, library, installs, server)
        jobs.close()
    database.close()


@pytest.fixture(autouse=True)
def empty(place: Place) -> Iterator[None]:
    yield
    for pack in place.library.installed():
        place.library.remove(pack)


@pytest.mark.parametrize("name", ["..", "名" * 150 + ".vcf"])
def test_a_file_of_a_hostile_name_becomes_a_pack_too(place: Place, name: str) -> None:
    upload_id = place.upload(clinvar(G38), name)
    asked = PackRequest(PackKind.CLINVAR, G38, version="2026-11-10")
    job = place.finished(place.installs.submit_uploads(LOCAL_USER, [upload_id], asked))
    assert job.status is JobStatus.COMPLETED, job.problem


def test_an_uploaded_file_becomes_a_pack_and_is_deleted(place: Place) -> None:
    upload_id = place.upload(clinvar(G38), "clinvar_20261110.vcf")
    job = place.installs.submit_uploads(LOCAL_USER, [upload_id], PackRequest(PackKind.CLINVAR, G38, licence="free"))
    assert upload_id in place.installs.uploads_in_use()
    done = place.finished(job)
    assert done.status is JobStatus.COMPLETED, done.problem
    assert done.message == "Installed ClinVar 2026-11-10 (GRCh38): 3 rows."
    (pack,) = place.library.installed()
    assert (pack.licence, place.library.manifest(pack)["sources"][0]["name"]) == ("free", "clinvar_20261110.vcf")
    assert place.uploads.list_complete(LOCAL_USER) == []
    assert place.left_over() == []


def test_a_broken_download_is_a_clear_failure_and_a_retry_goes_on_from_there(place: Place) -> None:
    data = gzip.compress(clinvar(G38).encode())
    half = len(data) // 2
    answers = [
        body(data, 'ETag: "a"')[: -(len(data) - half)],
        body(data[half:], 'ETag: "a"', f"Content-Range: bytes {half}-{len(data) - 1}/{len(data)}", status="206 Partial Content"),
    ]
    before = len(place.server.requests)
    place.server.answer = lambda _path, connection: connection.sendall(answers.pop(0))
    job = place.finished(place.installs.submit_url(LOCAL_USER, f"{URL}?signature=s3cret", PackRequest(PackKind.CLINVAR, G38)))
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert "broke off after" in job.problem.reason
    assert "what has arrived is kept" in job.problem.advice
    assert place.library.installed() == ()
    done = place.finished(place.jobs.retry(LOCAL_USER, job.id))
    assert done.status is JobStatus.COMPLETED, done.problem
    assert f"Range: bytes={half}-" in place.server.requests[before + 1][1]
    assert place.library.installed()[0].source_url == URL
    assert place.left_over() == []


def test_a_file_that_cannot_be_installed_fails_with_its_reason_and_leaves_no_pack(place: Place) -> None:
    upload_id = place.upload(clinvar(G37), "clinvar.vcf")
    job = place.finished(place.installs.submit_uploads(LOCAL_USER, [upload_id], PackRequest(PackKind.CLINVAR, G38)))
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert "is in GRCh37" in job.problem.reason
    assert place.library.installed() == ()
    place.jobs.delete(LOCAL_USER, job.id)
    assert place.left_over() == []
    assert place.uploads.list_complete(LOCAL_USER) == []


def test_a_run_that_was_cut_off_after_the_pack_was_in_its_place_finds_it(place: Place) -> None:
    first = place.finished(
        place.installs.submit_uploads(LOCAL_USER, [place.upload(clinvar(G38), "a.vcf")], PackRequest(PackKind.CLINVAR, G38))
    )
    (pack,) = place.library.installed()
    assert place.library.installed_by(first.id) == pack
    message, result = place.installs._work(_Run(first))  # type: ignore[arg-type]
    assert result["pack"] == pack.key
    assert message.startswith("Installed ClinVar")


class _Run:
    """A second run of a job; it must need nothing but what is on record."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.request = job.request


def test_deleting_the_job_of_an_installed_pack_keeps_the_pack(place: Place) -> None:
    job = place.finished(
        place.installs.submit_uploads(LOCAL_USER, [place.upload(clinvar(G38), "a.vcf")], PackRequest(PackKind.CLINVAR, G38))
    )
    place.jobs.delete(LOCAL_USER, job.id)
    assert len(place.library.installed()) == 1


def test_only_an_administrator_installs_pins_and_removes(place: Place) -> None:
    place.finished(
        place.installs.submit_uploads(LOCAL_USER, [place.upload(clinvar(G38), "a.vcf")], PackRequest(PackKind.CLINVAR, G38))
    )
    (pack,) = place.library.installed()
    request = PackRequest(PackKind.CLINVAR, G37)
    for attempt in (
        lambda: place.installs.submit_url(ANNA, URL, request), lambda: place.installs.submit_uploads(ANNA, ["0" * 32], request),
        lambda: place.installs.remove(ANNA, pack), lambda: place.installs.pin(ANNA, pack, pinned=True),
    ):
        with pytest.raises(AccessDeniedError):
            attempt()
    assert place.library.installed() == (pack,)


def test_a_version_that_is_installed_or_an_address_inside_is_refused_at_once(place: Place) -> None:
    upload_id = place.upload(clinvar(G38), "a.vcf")
    place.finished(place.installs.submit_uploads(LOCAL_USER, [upload_id], PackRequest(PackKind.CLINVAR, G38, version="1")))
    with pytest.raises(ConflictError, match="installed already"):
        place.installs.submit_url(LOCAL_USER, URL, PackRequest(PackKind.CLINVAR, G38, version="1"))
    with pytest.raises(InvalidInputError):
        place.installs.submit_url(LOCAL_USER, "https://localhost/x", PackRequest(PackKind.CLINVAR, G38))
    with pytest.raises(InvalidInputError, match="from 1 to 50 files"):
        place.installs.submit_uploads(LOCAL_USER, [], PackRequest(PackKind.CLINVAR, G38))


def test_several_uploads_make_one_pack(place: Place) -> None:
    files = [place.upload(f"chr6\t{at}\t{at + 9}\tGENE{at}\t3\n", f"ClinGen_{word}_gene_GRCh38.bed")
             for at, word in ((5, "haploinsufficiency"), (50, "triplosensitivity"))]
    job = place.finished(place.installs.submit_uploads(LOCAL_USER, files, PackRequest(PackKind.DOSAGE, G38, version="2026")))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert place.library.installed()[0].rows == 2


def test_a_cancelled_installation_leaves_nothing(place: Place) -> None:
    lines = [f"1\t{at}\t{at}\tA\tG\t.\t.\tCLNSIG=Benign" for at in range(1, 200_000)]
    job = place.installs.submit_uploads(
        LOCAL_USER, [place.upload(clinvar(G38, rows=lines), "a.vcf")], PackRequest(PackKind.CLINVAR, G38)
    )
    place.jobs.cancel(LOCAL_USER, job.id)
    assert place.finished(job).status is JobStatus.CANCELLED
    assert place.library.installed() == ()
    assert place.left_over() == []
