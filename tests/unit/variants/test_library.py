"""The register of tables: idempotent, honest about missing files, closed to those who may not see patients."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.errors import AccessDeniedError, ConflictError, InvalidIdentifierError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.variants.library import VariantLibrary, table_name
from services.variants.manifest import TABLE_FILE
from services.variants.workbench import Workbench
from tests.unit.variants.conftest import Add
from tests.unit.variants.support import HEADER

COLLEAGUE = Principal("colleague", may_see_patients=True, may_administer=False)
NO_LENGTHS = HEADER.replace(",length=248956422", "").replace(",length=242193529", "").replace(",length=156040895", "")


def test_registering_again_changes_nothing(library: VariantLibrary, add: Add) -> None:
    first = add(sample="Case 7")
    assert library.register(first.id, "other", "Other name") == first
    assert library.list(LOCAL_USER) == (first,)


def test_registering_at_once_from_several_threads_makes_one_entry(library: VariantLibrary, add: Add) -> None:
    made = [add(sample="Case 7") for _ in range(3)]
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda number: library.register(made[number % 3].id, "x", "Case 7"), range(24)))
    assert {table.id for table in again} == {table.id for table in made}
    assert sorted(table.name for table in library.list(LOCAL_USER)) == ["case_7", "case_7_2", "case_7_3"]


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("NA12878", "na12878"), ("Müller, Ä.", "muller_a"), ("007", "t_007"), ("../../x", "x"), ("日本", "table"),
        ("a" * 300, "a" * 55),
    ],
)  # fmt: skip
def test_a_table_name_holds_nothing_but_letters_digits_and_underscores(sample: str, name: str) -> None:
    assert table_name(sample) == name


def test_without_a_sample_name_the_only_sample_names_the_table(add: Add) -> None:
    assert add(sample="").sample_name == "S1"


def test_the_build_of_the_file_wins_over_the_stated_one(add: Add) -> None:
    assert add(assembly="GRCh37").assembly is GenomeBuild.GRCH38
    assert add(assembly="GRCh37", header=NO_LENGTHS).assembly is GenomeBuild.GRCH37


def test_a_build_is_stated_once(library: VariantLibrary, add: Add) -> None:
    table = add(assembly=None, header=NO_LENGTHS)
    assert table.assembly is None
    assert library.set_assembly(LOCAL_USER, table.id, GenomeBuild.GRCH37).assembly is GenomeBuild.GRCH37
    with pytest.raises(ConflictError, match="GRCh37"):
        library.set_assembly(LOCAL_USER, table.id, GenomeBuild.GRCH38)


def test_what_cannot_be_registered_is_refused(library: VariantLibrary, add: Add) -> None:
    with pytest.raises(NotFoundError):
        library.register("nothing1", "local")
    for bad in ("../x", "a/b", "", "x" * 33, "é"):
        with pytest.raises(InvalidIdentifierError):
            library.folder(bad)
    with pytest.raises(InvalidInputError, match="GRCh37 or GRCh38"):
        add(assembly="hg19", header=NO_LENGTHS)


def test_those_who_may_not_see_patients_see_no_table(library: VariantLibrary, add: Add) -> None:
    table = add()
    assert library.list(PUBLIC) == ()
    for ask in (library.get, library.open, library.delete):
        with pytest.raises(NotFoundError):
            ask(PUBLIC, table.name)


def test_only_the_owner_or_an_administrator_deletes(library: VariantLibrary, add: Add) -> None:
    table = add(owner="somebody")
    with pytest.raises(AccessDeniedError):
        library.delete(COLLEAGUE, table.id)
    library.delete(LOCAL_USER, table.id)
    assert library.list(LOCAL_USER) == ()


def test_deleting_removes_folder_row_and_what_was_remembered(library: VariantLibrary, workbench: Workbench, add: Add) -> None:
    table = add()
    open_one = library.open(LOCAL_USER, table.id)
    assert open_one.count() == 5
    workbench.questions.count(LOCAL_USER, table.id, None)
    workbench.delete(LOCAL_USER, table.name)
    assert not library.folder(table.id).exists()
    with pytest.raises(NotFoundError):
        workbench.questions.count(LOCAL_USER, table.id, None)


def test_a_table_whose_files_are_gone_says_so_and_can_be_deleted(library: VariantLibrary, add: Add) -> None:
    table = add()
    (library.folder(table.id) / TABLE_FILE).unlink()
    assert not library.get(LOCAL_USER, table.id).available
    with pytest.raises(NotFoundError, match="files of table"):
        library.open(LOCAL_USER, table.id)
    shutil.rmtree(library.folder(table.id))
    library.delete(LOCAL_USER, table.id)
    assert library.list(LOCAL_USER) == ()


def test_a_job_takes_its_tables_with_it(library: VariantLibrary, add: Add) -> None:
    add(job_id="job1")
    add(job_id="job1")
    kept = add(job_id="job2")
    assert (library.delete_by_job("job1"), library.delete_by_job("job1")) == (2, 0)
    assert [table.id for table in library.list(LOCAL_USER)] == [kept.id]


def test_few_tables_stay_open_and_readers_keep_theirs(library: VariantLibrary, add: Add) -> None:
    tables = [add() for _ in range(6)]
    first = library.open(LOCAL_USER, tables[0].id)
    assert library.open(LOCAL_USER, tables[0].name) is first
    for table in tables[1:]:
        library.open(LOCAL_USER, table.id)
    assert first.count() == 5  # let go of, but not closed under its reader
    assert library.open(LOCAL_USER, tables[0].id) is not first


def test_a_sample_named_like_another_tables_id_does_not_hide_it(library: VariantLibrary, add: Add, tmp_path: Path) -> None:
    first = add()
    twin = add(sample=first.id if first.id[0].isalpha() else f"a{first.id[1:]}")
    assert library.get(LOCAL_USER, first.id).id == first.id
    assert library.get(LOCAL_USER, twin.id).id == twin.id
