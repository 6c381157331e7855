"""Genomic findings over real HTTP, and as evidence: they come with a table, move with its link, and go with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import NotFoundError
from services.pipelines.genomic_evidence import COLLECTION
from services.reports.service import ReportFormat
from services.variants.imports import import_file
from services.variants.library import TableInfo

VCF = """##fileformat=VCFv4.2
##contig=<ID=chr6,length=170805979>
##contig=<ID=chr16,length=90338345>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1
chr6	18130687	rs1142345	T	C	50	PASS	.	GT	0/1
chr6	18138997	rs1800460	C	T	50	PASS	.	GT	0/1
chr16	3243407	rs61752717	T	C	50	PASS	.	GT	0/1
"""
PATIENT, OTHER = "GENOMIC-1", "GENOMIC-2"
PROFILE: dict[str, Any] = {
    "patient_id": PATIENT, "age": 40, "sex": "F", "biomarkers": {"CRP": 12},
    "diagnosed_conditions": ["inflammatory_bowel_disease"], "current_medications": ["azathioprine 150 mg daily"],
}  # fmt: skip


@pytest.fixture
def table(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    services.patients.ensure(PATIENT, LOCAL_USER)
    services.patients.ensure(OTHER, LOCAL_USER)
    source = tmp_path / "one.vcf"
    source.write_text(VCF)
    table_id = services.variants.new_id()
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    yield services.variants.register(table_id, LOCAL_USER.name, "Genomic one")
    try:
        services.workbench.delete(LOCAL_USER, table_id)
    except NotFoundError:
        return  # the test deleted it


def passages(services: Services, patient: str) -> dict[str, str]:
    services.genomic_evidence.wait()
    return {one.title: one.text for one in services.index.export(COLLECTION, LOCAL_USER) if one.patient_id == patient}


def found(api: httpx.Client, patient: str, question: str) -> list[str]:
    asked = {"question": question, "patient_id": patient, "collections_filter": [COLLECTION], "top_k": 5}
    return [hit["text"] for hit in api.post("/search", json=asked).raise_for_status().json()["hits"]]


def findings_of(api: httpx.Client, profile: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.post("/analyze", json=profile).raise_for_status().json()["cross_agent_findings"]
    return [row for row in rows if row["table"]]


def test_an_analysis_of_a_patient_without_a_table_has_no_genomic_findings(api: httpx.Client, table: TableInfo) -> None:
    assert table.patient_id is None
    assert findings_of(api, PROFILE) == []
    assert findings_of(api, {**PROFILE, "patient_id": "never-seen"}) == []


def test_a_linked_table_appears_in_the_analysis_the_evidence_and_the_report_and_goes_with_the_link(
    api: httpx.Client, services: Services, table: TableInfo
) -> None:
    linked = api.patch(f"/tables/{table.name}", json={"patient_id": PATIENT}).raise_for_status().json()
    assert linked["patient_id"] == PATIENT

    rows = {row["gene"]: row for row in findings_of(api, PROFILE)}
    assert set(rows) == {"TPMT", "MEFV"}
    assert (rows["TPMT"]["genotype"], rows["TPMT"]["agent"]) == ("*1/*3A", "pharmacogenomics")
    assert (rows["MEFV"]["row"], rows["MEFV"]["agent"]) == (2, "genomics")
    assert all(row["sources"] and row["table"] == table.name for row in rows.values())

    written = passages(services, PATIENT)
    assert any("TPMT *1/*3A" in text for text in written.values())
    assert any(text.startswith("TPMT *1/*3A") for text in found(api, PATIENT, "Does she carry a TPMT variant?"))
    assert not any("*1/*3A: intermediate metaboliser" in text for text in found(api, OTHER, "Does she carry a TPMT variant?"))

    services.patients.save_profile(PATIENT, PROFILE, LOCAL_USER)
    report = services.reports.export(PATIENT, ReportFormat.MARKDOWN, LOCAL_USER).data.decode()
    section = report.split("## Genomic findings")[1].split("\n## ")[0].replace("\\_", "_")
    for part in ("MEFV", "TPMT", "intermediate", table.name, "was not tested or is reference", "fit"):
        assert part in section, part

    api.patch(f"/tables/{table.name}", json={"patient_id": OTHER}).raise_for_status()
    assert passages(services, PATIENT) == {}
    assert passages(services, OTHER)
    assert findings_of(api, PROFILE) == []
    api.delete(f"/tables/{table.name}").raise_for_status()
    assert passages(services, OTHER) == {}


def test_evidence_is_brought_into_line_where_it_was_left_behind(services: Services, table: TableInfo) -> None:
    services.variants.link(LOCAL_USER, table.id, OTHER)
    before = passages(services, OTHER)
    assert services.genomic_evidence.repair() == 0
    assert passages(services, OTHER) == before
    services.variants.link(LOCAL_USER, table.id, None)
    assert passages(services, OTHER) == {}


def test_a_flag_becomes_evidence_and_taking_it_back_removes_it(services: Services, table: TableInfo) -> None:
    services.variants.link(LOCAL_USER, table.id, OTHER)
    before = passages(services, OTHER)
    row = services.workbench.questions.row(LOCAL_USER, table.id, 0)
    subject = services.workbench.questions.subject(LOCAL_USER, table.id, row)
    flag = services.workbench.flags.add(LOCAL_USER, subject, "likely pathogenic", "seen before")
    assert any("flagged by local" in text for text in passages(services, OTHER).values())
    services.workbench.flags.delete(LOCAL_USER, flag.id)
    assert passages(services, OTHER) == before


@pytest.mark.parametrize(("body", "status"), [
    ({"patient_id": "nobody-here"}, 404), ({"patient_id": "../x"}, 422), ({}, 422), ({"patient_id": PATIENT, "name": "x"}, 422),
])  # fmt: skip
def test_a_link_that_cannot_be_is_refused(api: httpx.Client, table: TableInfo, body: dict[str, Any], status: int) -> None:
    assert api.patch(f"/tables/{table.name}", json=body).status_code == status


def test_the_findings_of_a_table_name_their_places_and_what_is_missing(api: httpx.Client, table: TableInfo) -> None:
    body = api.get(f"/tables/{table.name}/findings").raise_for_status().json()
    genes = {one["gene"]: one for one in body["genes"]}
    assert [pair["alleles"] for pair in genes["TPMT"]["pairs"]] == [["*1", "*3A"], ["*3B", "*3C"]]
    assert genes["NUDT15"]["status"] == "not called"
    accepted = api.get(f"/tables/{table.name}/findings", params={"accept_missing": True}).json()
    assert {one["gene"]: one["status"] for one in accepted["genes"]}["NUDT15"] == "presumed"
    assert body["variants"][0]["gene"] == "MEFV"
    assert api.get("/tables/no_such_table/findings").status_code == 404


FAMILY = """##fileformat=VCFv4.3
##contig=<ID=chr16,length=90338345>
##PEDIGREE=<ID=CHILD,Mother=MUM,Father=DAD>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	CHILD	MUM	DAD
chr16	3243310	.	A	G	50	PASS	.	GT:DP	0/1:30	0/0:30	0/1:30
chr16	3243407	.	T	C	50	PASS	.	GT:DP	0/1:30	0/1:30	0/0:30
"""


@pytest.fixture
def family(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    services.patients.ensure(PATIENT, LOCAL_USER)
    services.patients.ensure(OTHER, LOCAL_USER)
    source = tmp_path / "family.vcf"
    source.write_text(FAMILY)
    table_id = services.variants.new_id()
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    yield services.variants.register(table_id, LOCAL_USER.name, "Genomic family")
    services.workbench.delete(LOCAL_USER, table_id)


def test_the_child_of_a_family_file_is_read_with_its_parents_and_the_mother_as_herself(
    api: httpx.Client, services: Services, family: TableInfo
) -> None:
    place = f"/tables/{family.name}"
    api.patch(place, json={"patient_id": PATIENT}).raise_for_status()
    assert findings_of(api, PROFILE) == []
    assert any("nobody stated which of them is the patient" in text for text in passages(services, PATIENT).values())
    body = api.patch(place, json={"patient_id": PATIENT, "sample": "CHILD"}).raise_for_status().json()
    assert body["patients"] == [{"patient_id": PATIENT, "sample": "CHILD", "mother": "MUM", "father": "DAD"}]
    assert all("in trans, as the parents' samples show" in row["finding"] for row in findings_of(api, PROFILE))
    body = api.patch(place, json={"patient_id": OTHER, "sample": "MUM"}).raise_for_status().json()
    assert ([one["patient_id"] for one in body["patients"]], body["patient_id"]) == ([PATIENT, OTHER], None)
    assert [row["row"] for row in findings_of(api, {**PROFILE, "patient_id": OTHER})] == [1]
    assert "in trans" in " ".join(passages(services, PATIENT).values())
    assert api.delete(f"{place}/patients/{PATIENT}").raise_for_status().json()["patient_id"] == OTHER
    assert passages(services, PATIENT) == {}
    alone = api.patch(place, json={"patient_id": PATIENT, "sample": "CHILD", "mother": "", "father": ""}).json()["patients"]
    assert next(one for one in alone if one["patient_id"] == PATIENT)["mother"] == ""
    assert api.get(f"{place}/findings", params={"sample": "DAD"}).json()["sample"] == "DAD"


@pytest.mark.parametrize("body", [
    {"patient_id": PATIENT, "sample": "nobody"}, {"patient_id": PATIENT, "mother": "MUM"}, {"patient_id": None, "sample": "MUM"},
    {"patient_id": PATIENT, "sample": "MUM", "mother": "MUM"},
])  # fmt: skip
def test_a_sample_that_cannot_be_the_patient_is_refused(api: httpx.Client, family: TableInfo, body: dict[str, Any]) -> None:
    assert api.patch(f"/tables/{family.name}", json=body).status_code == 422
    assert api.get("/tables").json()[0]["patients"] == []
