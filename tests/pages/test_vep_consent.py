"""The box for VEP above a table: only where it is turned on, never ticked by itself, beside the statement of what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.errors import NotFoundError
from services.genomics.genome import GenomeBuild
from services.settings import Settings
from services.variants.annotation.vep.source import VepSource, vep_sources
from services.variants.imports import import_file
from services.variants.library import TableInfo
from tests.pages.conftest import OpenPage
from tests.unit.variants.support import HEADER, vcf, write

PAGE = "pages/variants/explorer.py"


@pytest.fixture
def table(services: Services, tmp_path: Path) -> Iterator[TableInfo]:
    table_id = services.variants.new_id()
    source = write(tmp_path, vcf("chr1 100 . A G 50 PASS . GT 0/1", header=HEADER))
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    info = services.variants.register(table_id, LOCAL_USER.name, "Consent", GenomeBuild.GRCH38)
    yield info
    try:
        services.workbench.delete(LOCAL_USER, info.id)
    except NotFoundError:
        return


@pytest.fixture
def vep(services: Services, monkeypatch: pytest.MonkeyPatch) -> VepSource:
    source = vep_sources(Settings(vep_url="https://rest.ensembl.org"))[GenomeBuild.GRCH38]
    monkeypatch.setitem(services.variant_annotations.sources, GenomeBuild.GRCH38, source)
    return source


def opened(open_page: OpenPage, table: TableInfo) -> AppTest:
    page = open_page(PAGE, link={"table": table.id})
    page.session_state["explorer.annotate"] = True
    return page.run()


def boxes(page: AppTest) -> list[str]:
    return [box.label.replace("\\", "") for box in page.checkbox]


def test_no_box_is_shown_where_vep_is_not_turned_on(open_page: OpenPage, table: TableInfo) -> None:
    page = opened(open_page, table)
    assert "Small variants" in boxes(page)
    assert not [label for label in boxes(page) if "VEP" in label]


def test_the_box_is_empty_stands_beside_the_statement_and_is_asked_for_anew(
    open_page: OpenPage, services: Services, table: TableInfo, vep: VepSource
) -> None:
    page = opened(open_page, table)
    (box,) = (one for one in page.checkbox if "VEP" in one.label)
    assert not box.value
    assert any(vep.statement in one.value.replace("\\", "") for one in page.caption)
    box.check().run()
    page.button(key="explorer.annotate.start").click().run()
    assert not page.exception
    job = services.variant_annotations.running(LOCAL_USER, table.id)
    assert job is not None
    try:
        assert (sorted(job.request["parts"]), job.request["vep_place"]) == (
            ["VEP", "small variants", "structural variants"], "rest.ensembl.org"
        )  # fmt: skip
        assert not [label for label in boxes(page) if "VEP" in label], "it runs: nothing is left to agree to"
    finally:
        services.jobs.cancel(LOCAL_USER, job.id)
        services.jobs.delete(LOCAL_USER, job.id)
    (box,) = (one for one in page.run().checkbox if "VEP" in one.label)
    assert not box.value
