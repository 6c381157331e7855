"""The classification page in Streamlit's own runner: look up, decide, keep, sign, compare, flag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.genomics.acmg.observations import FORMS
from services.genomics.acmg.results import Status
from services.genomics.genome import GenomeBuild
from services.genomics.oncogenicity.criteria import CodeStatus
from services.genomics.variant import Variant
from services.storage.tables import variant_classifications
from services.variants.classification.content import Scheme
from services.variants.identity import VariantIdentity
from services.variants.imports import import_file
from services.variants.library import TableInfo
from services.variants.notes import NoteSubject
from tests.pages.conftest import OpenPage
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, exon_rows, plus_position

PAGE = "pages/variants/classify.py"


def place(coding: int, alt: str) -> str:
    return f"{CHROM}-{plus_position(coding)}-{base_at(plus_position(coding))}-{alt}"


def identity(coding: int, alt: str) -> VariantIdentity:
    return VariantIdentity(
        Variant(GenomeBuild.GRCH38, CHROM, plus_position(coding), base_at(plus_position(coding)), alt)
    )


@pytest.fixture
def packs(services: Services) -> Iterator[Shelf]:
    with services.database.begin() as connection:  # a version kept by another test would be opened
        connection.execute(sa.delete(variant_classifications))
    shelf = Shelf(services.references.root)
    shelf.complete(plus="TNFAIP3")
    yield shelf
    for pack in services.references.installed():
        services.references.remove(pack)


def texts(page: AppTest) -> str:
    kinds: tuple[Any, ...] = (page.markdown, page.caption, page.error, page.info, page.warning)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def look_up(page: AppTest, text: str) -> AppTest:
    page.text_input(key="classify.text").input(text)
    return next(one for one in page.button if one.label == "Look up").click().run()


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_before_a_variant_is_chosen_the_page_says_how(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    assert not page.exception
    assert "Look up a variant by place" in texts(page)


def test_what_names_no_variant_is_said_in_words(open_page: OpenPage) -> None:
    page = look_up(open_page(PAGE), "rs999999999")
    assert not page.exception
    assert page.error


def test_without_reference_data_the_page_warns_that_nobody_has_looked(open_page: OpenPage) -> None:
    page = look_up(open_page(PAGE), place(21, "A"))
    assert not page.exception
    assert "nobody has looked" in texts(page)


def test_an_expert_decides_and_the_version_is_kept_signed_and_flagged(
    open_page: OpenPage, services: Services, packs: Shelf
) -> None:
    page = look_up(open_page(PAGE), place(18, "A"))
    assert not page.exception
    assert "Likely Pathogenic" in texts(page)
    key = f"classify.acmg.{identity(18, 'A').key}"
    page.button(key=f"{key}.edit.PM5").click().run()
    editor = f"{key}.editor.PM5"
    page.segmented_control(key=f"{editor}.status").set_value(Status.MET).run()
    page.text_area(key=f"{editor}.note").input("seen in our own cohort")
    press(page, "Apply")
    assert not page.exception
    press(page, "Save a version")
    kept = services.classifier.store.latest(LOCAL_USER, identity(18, "A"))
    assert kept is not None
    assert [row.code for row in kept.content.criteria if row.is_expert] == ["PM5"]
    page.text_input(key=f"{key}.signer").input("Dr. Weber")
    press(page, "Sign this version")
    signed = services.classifier.store.get(LOCAL_USER, kept.id)
    assert signed.signed_by == "Dr. Weber"
    press(page, "Set as flag")
    flags = services.workbench.flags.of(LOCAL_USER, identity(18, "A").key)
    assert [flag.category for flag in flags] == [kept.classification.lower()]


def test_counts_change_points_and_class_while_they_are_entered_and_stay_with_a_note(
    open_page: OpenPage, services: Services, packs: Shelf
) -> None:
    page = look_up(open_page(PAGE), place(18, "A"))
    key = f"classify.acmg.{identity(18, 'A').key}"
    page.button(key=f"{key}.edit.PM6").click().run()
    editor = f"{key}.editor.PM6"
    page.number_input(key=f"{editor}.specific_confirmed").set_value(1).run()
    assert "Pathogenic" in [one.value.split("]")[-1].strip() for one in page.markdown if one.value.startswith("####")]
    assert "not applied yet" in texts(page)
    assert page.button(key=f"{key}.save").disabled
    press(page, "Apply")
    assert "Write what this rests on" in texts(page)
    page.text_area(key=f"{editor}.note").input("trio exome").run()
    press(page, "Apply")
    assert "not applied yet" not in texts(page)
    press(page, "Save a version")
    assert not page.exception
    kept = services.classifier.store.latest(LOCAL_USER, identity(18, "A"))
    assert kept is not None
    assert (kept.classification, [row.code for row in kept.content.criteria if row.is_expert]) == ("Pathogenic", ["PS2"])


def test_numbers_that_cannot_be_are_said_beside_them_and_cannot_be_applied(open_page: OpenPage, packs: Shelf) -> None:
    page = look_up(open_page(PAGE), place(18, "A"))
    key = f"classify.acmg.{identity(18, 'A').key}"
    page.button(key=f"{key}.edit.PP1").click().run()
    page.number_input(key=f"{key}.editor.PP1.meioses").set_value(4).run()
    assert "at least one family" in texts(page)
    assert page.button(key=f"{key}.editor.PP1.apply").disabled
    page.number_input(key=f"{key}.editor.PP1.families").set_value(1).run()
    assert not page.exception
    assert not page.button(key=f"{key}.editor.PP1.apply").disabled


def test_every_form_opens_and_closes(open_page: OpenPage, packs: Shelf) -> None:
    page = look_up(open_page(PAGE), place(18, "A"))
    key = f"classify.acmg.{identity(18, 'A').key}"
    for criterion in FORMS:
        page.button(key=f"{key}.edit.{criterion}").click().run()
        assert not page.exception, criterion
        assert page.button(key=f"{key}.editor.{criterion}.apply")


def test_a_version_made_with_older_rules_asks_to_be_made_again(
    open_page: OpenPage, services: Services, packs: Shelf
) -> None:
    page = look_up(open_page(PAGE), place(18, "A"))
    press(page, "Save a version")
    kept = services.classifier.store.latest(LOCAL_USER, identity(18, "A"))
    assert kept is not None
    older = kept.content.model_copy(update={"rules_version": "2019.1"})
    services.classifier.store.save(LOCAL_USER, NoteSubject(identity(18, "A"), "TNFAIP3"), older)
    page = look_up(open_page(PAGE), place(18, "A"))
    assert "Reclassify" in texts(page)
    assert "they were 2019" in texts(page)
    assert "1 difference, highlighted" in texts(page)


def test_a_row_of_a_table_is_opened_by_its_address(
    open_page: OpenPage, services: Services, packs: Shelf, tmp_path: Path
) -> None:
    table_id = services.variants.new_id()
    chrom, pos, ref, alt = place(9, "A").split("-")
    source = tmp_path / "case.vcf"
    header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    source.write_text(f"{header}{chrom}\t{pos}\t.\t{ref}\t{alt}\t9\tPASS\t.\n", encoding="utf-8")
    assert import_file(source, services.variants.folder(table_id)).folder is not None
    info: TableInfo = services.variants.register(table_id, LOCAL_USER.name, "Case", "GRCh38")
    page = open_page(PAGE, link={"table": info.id, "row": "0"})
    assert not page.exception
    assert pos in texts(page)
    explorer = open_page("pages/variants/explorer.py", link={"table": info.id})
    explorer.session_state["explorer.row"] = 0
    explorer.run()
    explorer.button(key="explorer.row.classify").click().run()
    assert not explorer.exception
    assert [one.value for one in explorer.title] == ["Classify a variant"]
    assert pos in texts(explorer)
    services.workbench.delete(LOCAL_USER, info.id)


def test_a_tumour_type_is_asked_for_before_a_tier_one(open_page: OpenPage, services: Services, packs: Shelf) -> None:
    packs.genes(exon_rows("BRAF", "+"), version="2")
    page = open_page(PAGE)
    page.session_state["classify.scheme"] = Scheme.AMP
    page = look_up(page, place(24, "A"))
    assert not page.exception
    assert "Tier I-" not in texts(page)
    assert "Tumour type" in [one.label for one in page.selectbox]


def test_an_expert_changes_evidence_and_points_of_a_somatic_variant(
    open_page: OpenPage, services: Services, packs: Shelf
) -> None:
    packs.genes(exon_rows("BRAF", "+"), version="2")
    page = open_page(PAGE)
    page.session_state["classify.scheme"] = Scheme.AMP
    page = look_up(page, place(24, "A"))
    key = f"classify.amp.{identity(24, 'A').key}"
    page.selectbox(key=f"{key}.condition").set_value("osteosarcoma").run()
    press(page, "Add")
    assert "needs its" in texts(page)
    page.text_input(key=f"{key}.own.0.what").input("drug X")
    page.text_input(key=f"{key}.own.0.source").input("Author 2024, J Oncol")
    press(page, "Add")
    assert not page.exception
    assert "Tier I\\-A" in texts(page)
    page.button(key=f"{key}.edit.OS2").click().run()
    page.segmented_control(key=f"{key}.editor.OS2.status").set_value(CodeStatus.MET).run()
    page.text_area(key=f"{key}.editor.OS2.note").input("kinase assay").run()
    press(page, "Apply")
    press(page, "Save a version")
    assert not page.exception
    kept = services.classifier.store.latest(LOCAL_USER, identity(24, "A"), Scheme.AMP)
    assert kept is not None
    assert kept.classification == "Tier I-A"
    assert [one.therapies for one in kept.content.own_evidence] == [("drug X",)]
    assert [one.code for one in kept.content.expert] == ["OS2"]
    press(page, "Take it back")
    assert "Tier I\\-A" not in next(one.value for one in page.markdown if one.value.startswith("#### "))


def test_a_region_is_scored_as_a_copy_number_variant_and_a_cell_is_set(
    open_page: OpenPage, services: Services, packs: Shelf
) -> None:
    page = open_page(PAGE)
    page.segmented_control(key="classify.scheme").set_value(Scheme.CNV).run()
    assert "Enter the region" in texts(page)
    page.text_input(key="classify.region").input(f"chr{CHROM}:50-450")
    press(page, "Look up")
    assert "are copies lost or gained?" in texts(page).lower()
    page.text_input(key="classify.region").input(f"chr{CHROM}:50-450 DEL")
    press(page, "Look up")
    assert not page.exception
    key = f"classify.cnv.GRCh38:{CHROM}:50:N:<DEL>:450"
    page.selectbox(key=f"{key}.cell").set_value("4A").run()
    page.text_area(key=f"{key}.note.4A").input("de novo")
    press(page, "Apply")
    assert not page.exception
    assert "Not assessed for want of data" in texts(page)
    press(page, "Save a version")
    found = VariantIdentity(Variant(GenomeBuild.GRCH38, CHROM, 50, "N", "<DEL>"), 450)
    kept = services.classifier.store.latest(LOCAL_USER, found, Scheme.CNV)
    assert kept is not None
    assert [row.code for row in kept.content.criteria if row.is_expert] == ["4A"]


def test_a_region_that_cannot_be_read_is_said_in_words(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    page.segmented_control(key="classify.scheme").set_value(Scheme.CNV).run()
    page.text_input(key="classify.region").input("chr1:500-20")
    press(page, "Look up")
    assert "comes before the first" in texts(page)
