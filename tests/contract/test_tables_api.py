"""Tables and note exports over real HTTP."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild
from services.settings import Settings
from services.variants.annotation.vep.source import vep_sources
from services.variants.downloads import DownloadKind
from services.variants.imports import import_file
from services.variants.library import TableInfo
from tests.contract.conftest import Serve
from tests.unit.variants.support import HEADER, vcf, write

LINES = [
    "chr1 100 rs1 A G 50 PASS DP=10;AF=0.5;NOTE==SUM(A1) GT:GQ 0/1:30",
    "chr1 200 . A G . q10 AF=nan GT:GQ 1/1:9",
    "chr2 50 rs2 C T 10 . AF=0.1 GT:GQ ./.:.",
]


@pytest.fixture
def table(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    source = write(tmp_path, vcf(*LINES, header=HEADER.replace("Number=A,Type=Float", "Number=.,Type=Float")))
    table_id = services.variants.new_id()
    report = import_file(source, services.variants.folder(table_id))
    assert report.folder is not None, report.refusal
    info = services.variants.register(table_id, LOCAL_USER.name, "Case 7", job_id="job1")
    yield info
    try:
        services.workbench.delete(LOCAL_USER, info.id)
    except NotFoundError:
        return  # the test deleted it


def note(services: Services, table: TableInfo, row_id: int, flag: str, text: str) -> None:
    row = services.workbench.questions.row(LOCAL_USER, table.id, row_id)
    subject = services.workbench.questions.subject(LOCAL_USER, table.id, row)
    services.workbench.flags.add(LOCAL_USER, subject, flag, "=1+1")
    first = services.workbench.comments.add(LOCAL_USER, subject, text)
    services.workbench.comments.add(LOCAL_USER, subject, "agreed", parent_id=first.id)


def test_tables_are_listed_with_the_documented_members(api: httpx.Client, table: TableInfo) -> None:
    listed = {entry["table_name"]: entry for entry in api.get("/tables").raise_for_status().json()}
    entry = listed[table.name]
    assert (entry["sample_name"], entry["row_count"]) == ("Case 7", 3)
    assert entry["created_at"].endswith("Z")


def test_all_data_is_streamed_without_a_limit_and_paged_with_one(api: httpx.Client, table: TableInfo) -> None:
    whole = api.get(f"/tables/{table.name}/data/all").raise_for_status().json()
    assert (whole["table_name"], whole["total_rows"]) == (table.name, 3)
    assert [row["pos"] for row in whole["rows"]] == [100, 200, 50]
    assert list(whole["rows"][0]) == whole["columns"]
    page = api.get(f"/tables/{table.name}/data/all", params={"limit": 1, "offset": 1, "columns": "pos,qual"}).json()
    assert page == {"table_name": table.name, "columns": ["pos", "qual"], "total_rows": 3, "rows": [{"pos": 200, "qual": None}]}
    rest = api.get(f"/tables/{table.id}/data/all", params={"offset": 2, "columns": ["pos"]}).json()
    assert rest["rows"] == [{"pos": 50}]


def test_what_json_cannot_carry_is_null_like_a_missing_value(api: httpx.Client, table: TableInfo) -> None:
    text = api.get(f"/tables/{table.name}/data/all", params={"columns": "info_AF"}).text
    assert "NaN" not in text
    assert [row["info_AF"] for row in json.loads(text)["rows"]] == [[0.5], [None], [0.1]]


@pytest.mark.parametrize("text", ["qual >= 50", '{"number": {"column": "qual", "minimum": 50}}'])
def test_a_filter_is_an_expression_or_json(api: httpx.Client, table: TableInfo, text: str) -> None:
    found = api.get(f"/tables/{table.name}/data/all", params={"filter": text, "columns": "pos"}).raise_for_status().json()
    assert (found["total_rows"], found["rows"]) == (1, [{"pos": 100}])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"filter": "qual >"}, "number"),
        ({"filter": "nothing = 1"}, "no column"),
        ({"filter": "{broken"}, "JSON"),
        ({"filter": "{" + "[" * 15_000}, "JSON"),
        ({"filter": '{"sql": {}}'}, "not a filter"),
        ({"columns": "pos,none"}, "no column"),
        ({"columns": ","}, "at least one column"),
        ({"limit": 20_000}, "at most 10,000"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"offset": -1}, "greater than or equal to 0"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(
    api: httpx.Client, table: TableInfo, params: dict[str, object], words: str
) -> None:
    answer = api.get(f"/tables/{table.name}/data/all", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert words in str(answer.json()["detail"])


@pytest.mark.parametrize("name", ["nobody", "../../etc/passwd", "%2e%2e", "a'--", "x" * 300])
def test_an_unknown_table_is_not_found(api: httpx.Client, name: str) -> None:
    for answer in (
        api.get(f"/tables/{name}/data/all"), api.delete(f"/tables/{name}"),
        api.get("/api/variant-flags/export", params={"table_name": name[:100]}),
    ):  # fmt: skip
        assert answer.status_code == 404
        assert "detail" in answer.json()


def test_a_deleted_table_is_gone_with_its_files(api: httpx.Client, services: Services, table: TableInfo) -> None:
    folder = services.variants.folder(table.id)
    assert api.delete(f"/tables/{table.name}").json() == {"table_name": table.name, "deleted": True}
    assert not folder.exists()
    assert api.delete(f"/tables/{table.name}").status_code == 404
    assert table.name not in {entry["table_name"] for entry in api.get("/tables").json()}


def test_flags_and_comments_are_exported_under_both_paths_safe_for_spreadsheets(
    api: httpx.Client, services: Services, table: TableInfo
) -> None:
    note(services, table, 0, "likely_pathogenic", '=HYPERLINK("http://x")')
    for path in ("/api/variant-flags/export", "/variant-flags/export"):
        answer = api.get(path, params={"table_name": table.name, "include_member_flags": "true"}).raise_for_status()
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.reader(StringIO(answer.text)))
        assert ",".join(rows[0]) == "chrom,pos,ref,alt,gene,flag,note,flagged_by,flagged_at"
        assert rows[1][:8] == ["chr1", "100", "A", "G", "", "likely pathogenic", "'=1+1", "local"]
    answer = api.get("/api/variant-comments/export", params={"table_name": table.name, "format": "csv"}).raise_for_status()
    rows = list(csv.reader(StringIO(answer.text)))
    assert ",".join(rows[0]) == "chrom,pos,ref,alt,gene,comment_id,parent_id,depth,author,text,created_at"
    assert [(row[7], row[9]) for row in rows[1:]] == [("0", "'=HYPERLINK(\"http://x\")"), ("1", "agreed")]
    assert rows[2][6] == rows[1][5]


def test_an_export_needs_a_table_and_knows_csv_only(api: httpx.Client, table: TableInfo) -> None:
    assert api.get("/api/variant-flags/export").status_code == 422
    answer = api.get("/api/variant-comments/export", params={"table_name": table.name, "format": "xlsx"})
    assert (answer.status_code, "csv" in answer.json()["detail"]) == (400, True)


def test_a_prepared_download_needs_its_link_and_no_key(services: Services, table: TableInfo, serve: Serve) -> None:
    client = serve(services, api_key="a-key-that-is-long-enough")
    made = services.workbench.downloads.prepare(LOCAL_USER, table.id, DownloadKind.CSV, columns=["pos", "info_NOTE"])
    answer = client.get(f"/downloads/{made.token}").raise_for_status()
    assert answer.headers["content-disposition"] == f'attachment; filename="{table.name}.csv"'
    assert list(csv.reader(StringIO(answer.text))) == [["pos", "info_NOTE"], ["100", "'=SUM(A1)"], ["200", ""], ["50", ""]]
    assert client.get(f"/downloads/{'0' * 48}").status_code == 404
    assert client.get("/tables").status_code == 401


def test_a_table_is_annotated_by_a_job_and_says_from_what(
    api: httpx.Client, services: Services, table: TableInfo, request: pytest.FixtureRequest
) -> None:
    before = api.get(f"/tables/{table.name}/annotation").raise_for_status().json()
    assert before == {"annotation": None, "columns": [], "vep": None}
    job = api.post(f"/tables/{table.name}/annotate", json={"structural_variants": False}).raise_for_status().json()
    assert job["status"] == "queued"
    assert api.post(f"/tables/{table.name}/annotate").status_code == 409
    services.jobs.start()
    request.addfinalizer(services.jobs.close)
    deadline = time.monotonic() + 60
    while (found := api.get(f"/jobs/{job['job_id']}/status").json())["status"] not in ("completed", "failed"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert found["status"] == "completed", found["problem"]
    assert found["result"]["table_name"] == table.name
    said = api.get(f"/tables/{table.name}/annotation").json()
    assert said["annotation"]["packs"] == ["built-in knowledge"]
    assert {"kind": "clinvar", "why": "no ClinVar pack for GRCh38 is installed"} in said["annotation"]["missing"]
    assert "known_variant" in {column["name"] for column in said["columns"]}
    nothing = {"small_variants": False, "structural_variants": False}
    assert api.post(f"/tables/{table.name}/annotate", json=nothing).status_code == 422
    api.delete(f"/jobs/{job['job_id']}").raise_for_status()
    assert api.get(f"/tables/{table.name}/annotation").json() == said, "the annotation outlives its job"


def test_vep_is_asked_for_in_words_of_its_own_and_only_where_it_is_turned_on(
    api: httpx.Client, services: Services, table: TableInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.get(f"/tables/{table.id}/annotation").raise_for_status().json()["vep"] is None
    refused = api.post(f"/tables/{table.id}/annotate", json={"vep": True})
    assert (refused.status_code, "VEP is not turned on for GRCh38" in refused.text) == (422, True)
    source = vep_sources(Settings(vep_url="https://rest.ensembl.org"))[GenomeBuild.GRCH38]
    monkeypatch.setitem(services.variant_annotations.sources, GenomeBuild.GRCH38, source)
    told = api.get(f"/tables/{table.id}/annotation").raise_for_status().json()["vep"]
    assert told == {"runs_on": "rest.ensembl.org", "statement": source.statement}
    plain = {"structural_variants": False}
    for body, parts in ((plain, ["small variants"]), ({**plain, "vep": True}, ["VEP", "small variants"])):
        job_id = api.post(f"/tables/{table.id}/annotate", json=body).raise_for_status().json()["job_id"]
        job = services.jobs.get(LOCAL_USER, job_id)
        services.jobs.cancel(LOCAL_USER, job_id)
        services.jobs.delete(LOCAL_USER, job_id)
        assert sorted(job.request["parts"]) == parts
        assert ("vep_place" in job.request) is ("VEP" in parts)
