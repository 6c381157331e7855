"""A class that was kept is shown where the variant and the patient are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.storage.tables import variant_classifications
from services.variants.classification.content import ClassificationContent, Scheme
from services.variants.identity import VariantIdentity
from services.variants.imports import import_file
from services.variants.notes import NoteSubject
from tests.pages.conftest import OpenPage

SUBJECT = NoteSubject(VariantIdentity(Variant(GenomeBuild.GRCH38, "16", 3243407, "T", "C")), "MEFV")


@pytest.fixture
def emptied(services: Services) -> Iterator[None]:
    yield
    with services.database.begin() as connection:
        connection.execute(sa.delete(variant_classifications))


def texts(page: AppTest) -> str:
    return "\n".join(str(one.value) for kind in (page.markdown, page.caption) for one in kind)


def test_the_row_of_a_classified_variant_shows_class_version_and_signature(
    open_page: OpenPage, services: Services, emptied: None, tmp_path: Path
) -> None:
    table_id = services.variants.new_id()
    source = tmp_path / "case.vcf"
    header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    source.write_text(f"{header}16\t3243407\t.\tT\tC\t9\tPASS\t.\n", encoding="utf-8")
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    info = services.variants.register(table_id, LOCAL_USER.name, "Classified case", "GRCh38")
    content = ClassificationContent(
        scheme=Scheme.ACMG, classification="Likely Pathogenic", points="6", rule_set="general@2026.1", rules_version="2026.2",
    )  # fmt: skip
    kept = services.classifier.store.save(LOCAL_USER, SUBJECT, content)
    page = open_page("pages/variants/explorer.py", link={"table": info.id})
    page.session_state["explorer.row"] = 0
    page.run()
    assert not page.exception
    assert "not signed" in texts(page)
    services.classifier.store.sign(LOCAL_USER, kept.id, "Dr. Weber", seen=kept.digest)
    page.run()
    assert "signed by Dr\\. Weber" in texts(page)
    services.workbench.delete(LOCAL_USER, info.id)
