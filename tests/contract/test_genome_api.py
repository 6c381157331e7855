"""Pieces of files for the genome view over real HTTP: by ticket or key, by part and never by path, in ranges."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.access.tickets import GENOME_VIEW, UPLOADS, Tickets
from services.container import Services
from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild
from tests.contract.conftest import Serve
from tests.installed_packs import put_sequence

KEY = "canary-key-77c1"
SEQUENCE = "/genome/reference/GRCh38/sequence.fa"


@pytest.fixture
def parts(tmp_path: Path) -> Services:
    """What the routes use of the services: the installed packs and the tickets, both real."""
    references = put_sequence(tmp_path, GenomeBuild.GRCH38, {"chrM": "ACGT" * 100})
    (tmp_path / "secret.txt").write_text("secret")
    return cast("Services", SimpleNamespace(references=references, tickets=Tickets()))


@pytest.fixture
def locked(parts: Services, serve: Serve) -> httpx.Client:
    return serve(parts, api_key=SecretStr(KEY))


def asked(client: httpx.Client, ticket: str, path: str = SEQUENCE, **headers: Any) -> httpx.Response:
    return client.get(path, headers={"Genome-Ticket": ticket, **headers})


def test_a_range_is_answered_with_that_piece_and_nothing_is_cached(locked: httpx.Client, parts: Services) -> None:
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    answer = asked(locked, ticket, Range="bytes=6-9")
    assert (answer.status_code, answer.text) == (206, "ACGT")
    assert answer.headers["content-range"] == "bytes 6-9/413"
    assert answer.headers["cache-control"] == "private, no-store"
    last = asked(locked, ticket, Range="bytes=-3")
    assert (last.status_code, last.text) == (206, "GT\n")


def test_a_range_beyond_the_end_is_416_and_a_malformed_one_is_refused(locked: httpx.Client, parts: Services) -> None:
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    beyond = asked(locked, ticket, Range="bytes=5000-6000")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */413")
    assert asked(locked, ticket, Range="bytes=x-y").status_code in (400, 416)


def test_a_piece_of_another_version_of_the_file_is_never_mixed_in(locked: httpx.Client, parts: Services) -> None:
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    tag = asked(locked, ticket, Range="bytes=0-0").headers["etag"]
    assert asked(locked, ticket, Range="bytes=0-0", **{"If-Range": tag}).status_code == 206
    assert asked(locked, ticket, Range="bytes=0-0", **{"If-Range": '"another"'}).status_code == 200


def test_head_tells_the_size_without_the_content(locked: httpx.Client, parts: Services) -> None:
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    answer = locked.head(SEQUENCE, headers={"Genome-Ticket": ticket})
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "413", b"")
    index = asked(locked, ticket, f"{SEQUENCE}.fai")
    assert index.text.startswith("chrM\t400\t")


def test_without_a_ticket_for_this_purpose_nothing_is_read(locked: httpx.Client, parts: Services) -> None:
    assert locked.get(SEQUENCE).status_code == 401
    assert asked(locked, "made-up").status_code == 401
    assert asked(locked, parts.tickets.mint(LOCAL_USER, UPLOADS)).status_code == 401
    assert locked.get(SEQUENCE, headers={"X-API-Key": KEY}).status_code == 200
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    assert asked(locked, ticket, "/tables").status_code == 401, "the ticket opens the genome routes only"


@pytest.mark.parametrize(
    "path",
    [
        "/genome/reference/GRCh38/secret.txt", "/genome/reference/GRCh38/..%2F..%2F..%2Fsecret.txt",
        "/genome/reference/..%2F..%2Fsecret/sequence.fa", "/genome/reference/GRCh38/%2Fetc%2Fpasswd",
        "/genome/reference/GRCh38/sequence.fa%00", "/genome/reference/hg38/sequence.fa",
    ],
)  # fmt: skip
def test_no_other_file_can_be_named(locked: httpx.Client, parts: Services, path: str) -> None:
    answer = asked(locked, parts.tickets.mint(LOCAL_USER, GENOME_VIEW), path)
    assert answer.status_code in (404, 422)
    assert "secret" not in answer.text.replace(path, "")


def test_files_of_a_job_are_those_its_owner_may_see(locked: httpx.Client, parts: Services, tmp_path: Path) -> None:
    reads = tmp_path / "S1.bam"
    reads.write_bytes(b"0123456789")

    def files(principal: Principal, job_id: str) -> dict[str, Path]:
        if (principal, job_id) != (LOCAL_USER, "job_1"):
            raise NotFoundError("there is no such job")
        return {"S1.bam": reads}

    cast("Any", parts).read_calling = SimpleNamespace(files=files)
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    piece = asked(locked, ticket, "/genome/jobs/job_1/S1.bam", Range="bytes=2-4")
    assert (piece.status_code, piece.text) == (206, "234")
    assert asked(locked, ticket, "/genome/jobs/job_2/S1.bam").status_code == 404
    assert asked(locked, ticket, "/genome/jobs/job_1/secret.txt").status_code == 404
    stranger = parts.tickets.mint(PUBLIC, GENOME_VIEW)
    assert asked(locked, stranger, "/genome/jobs/job_1/S1.bam").status_code == 404


def test_a_build_without_sequence_is_not_found(locked: httpx.Client, parts: Services) -> None:
    ticket = parts.tickets.mint(LOCAL_USER, GENOME_VIEW)
    answer = asked(locked, ticket, "/genome/reference/GRCh37/sequence.fa")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such sequence is installed for GRCh37")
    assert asked(locked, ticket, "/genome/reference/GRCh38/sequence.fa.gz").status_code == 404
