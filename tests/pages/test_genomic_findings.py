"""Genomic findings on the pages: with the patient, and with the table in the explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import NotFoundError
from services.variants.imports import import_file
from services.variants.library import TableInfo
from services.variants.links import SampleChoice
from tests.pages.conftest import OpenPage

VCF = """##fileformat=VCFv4.2
##contig=<ID=chr6,length=170805979>
##contig=<ID=chr16,length=90338345>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1
chr6	18130687	rs1142345	T	C	50	PASS	.	GT	0/1
chr6	18138997	rs1800460	C	T	50	PASS	.	GT	0/1
chr16	3243407	rs61752717	T	C	50	PASS	.	GT	0/1
"""
PATIENT = "GENOMIC-PAGE"
ANALYSIS, EXPLORER = "pages/patients/analysis.py", "pages/variants/explorer.py"
PROFILE = {
    "patient_id": PATIENT, "age": 40, "sex": "F", "biomarkers": {"CRP": 12}, "genotypes": {"TPMT": "*1/*1"},
    "diagnosed_conditions": ["inflammatory_bowel_disease"],
}  # fmt: skip


@pytest.fixture
def table(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    services.patients.ensure(PATIENT, LOCAL_USER)
    services.patients.save_profile(PATIENT, PROFILE, LOCAL_USER)
    source = tmp_path / "page.vcf"
    source.write_text(VCF)
    table_id = services.variants.new_id()
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    yield services.variants.register(table_id, LOCAL_USER.name, "Of a page", patient_id=PATIENT)
    try:
        services.workbench.delete(LOCAL_USER, table_id)
    except NotFoundError:
        return  # the test deleted it


def words(app: AppTest) -> str:
    shown = [one.value for kind in ("markdown", "caption", "warning", "error", "info", "subheader") for one in app.get(kind)]
    return " ".join([*shown, *(one.value.to_string() for one in app.table), *(one.label for one in app.expander)])


def test_the_genomics_section_shows_variants_genes_and_what_the_file_does_not_tell(open_page: OpenPage, table: TableInfo) -> None:
    app = open_page(ANALYSIS, PATIENT)
    app.segmented_control(key="analysis.section").set_value("Genomics").run()
    assert not app.exception
    shown = words(app)
    for part in ("MEFV c.2080A>G", "Carrier", "*1/*3A", "*3B/*3C", "17 not in the file", "not called", "was not tested"):
        assert part in shown.replace("\\", ""), part
    assert table.available


def test_an_analysis_from_before_the_table_is_said_to_be_old_and_a_new_one_tells_the_difference(
    open_page: OpenPage, services: Services, table: TableInfo
) -> None:
    services.variants.link(LOCAL_USER, table.id, None)
    app = open_page(ANALYSIS, PATIENT)
    app.button(key="analysis.run").click().run()
    services.variants.link(LOCAL_USER, table.id, PATIENT)
    app.segmented_control(key="analysis.section").set_value("Genomics").run()
    assert any("changed since this analysis" in one.value for one in app.warning)
    app.button(key="analysis.run").click().run()
    app.segmented_control(key="analysis.section").set_value("Genomics").run()
    assert not app.exception
    assert not any("changed since this analysis" in one.value for one in app.warning)
    assert any("the record states" in one.value for one in app.error)


def test_the_explorer_shows_the_findings_of_its_table(open_page: OpenPage, table: TableInfo) -> None:
    app = open_page(EXPLORER, link={"table": table.id})
    app.button(key="explorer.findings").click().run()
    assert not app.exception
    assert "NUDT15: not called" in words(app).replace("\\", "")
    assert not app.toggle(key="explorer.findings.accept").value


FAMILY = """##fileformat=VCFv4.3
##contig=<ID=chr16,length=90338345>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	GENOMIC-PAGE	S2
chr16	3243407	rs61752717	T	C	50	PASS	.	GT	0/1	1/1
"""


@pytest.fixture
def family(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    services.patients.ensure(PATIENT, LOCAL_USER)
    source = tmp_path / "family.vcf"
    source.write_text(FAMILY)
    table_id = services.variants.new_id()
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    yield services.variants.register(table_id, LOCAL_USER.name, "Two of a page")
    services.workbench.delete(LOCAL_USER, table_id)


def test_findings_of_several_samples_are_shown_for_the_one_that_is_linked(
    open_page: OpenPage, services: Services, family: TableInfo
) -> None:
    app = open_page(EXPLORER, link={"table": family.id})
    app.button(key="explorer.findings").click().run()
    assert "nobody stated which of them is the patient" in words(app)
    services.variants.link(LOCAL_USER, family.id, PATIENT, SampleChoice("S2"))
    app = open_page(EXPLORER, link={"table": family.id})
    app.button(key="explorer.findings").click().run()
    assert not app.exception
    assert "two copies (homozygous)" in words(app).replace("\\", "")


def test_a_linked_table_without_a_chosen_sample_says_so_with_the_patient(
    open_page: OpenPage, services: Services, family: TableInfo
) -> None:
    services.variants.link(LOCAL_USER, family.id, PATIENT)
    app = open_page(ANALYSIS, PATIENT)
    app.segmented_control(key="analysis.section").set_value("Genomics").run()
    assert not app.exception
    assert "nobody stated which of them is the patient" in words(app)
    assert any(one.label == "Open the table" for one in app.button)
