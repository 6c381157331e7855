"""The demo variants become tables of the demo patients: once, linked, and completed after an interruption."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo_data.variants import demo_genomes
from services.access.principals import LOCAL_USER, PUBLIC
from services.genomics.genome import GenomeBuild
from services.patients.registry import PatientRegistry
from services.pipelines import demo_variants
from services.pipelines.demo_variants import DemoVariants
from services.storage.database import Database
from services.variants.library import VariantLibrary

PATIENTS = tuple(one.patient for one in demo_genomes())


@dataclass(frozen=True, slots=True)
class Bench:
    library: VariantLibrary
    patients: PatientRegistry
    demo: DemoVariants

    def add(self, *names: str) -> None:
        for name in names:
            self.patients.create(name, LOCAL_USER, name=name, demo=True)


@pytest.fixture
def bench(tmp_path: Path, database: Database) -> Iterator[Bench]:
    library, patients = VariantLibrary(database, tmp_path / "variants"), PatientRegistry(database)
    yield Bench(library, patients, DemoVariants(library, patients, tmp_path / "reference", tmp_path / "work"))
    library.close()


def test_every_demo_patient_with_variants_gets_linked_tables(bench: Bench, tmp_path: Path) -> None:
    bench.add(*PATIENTS)
    ids = bench.demo.load(LOCAL_USER)
    tables = bench.library.list(LOCAL_USER)
    assert {table.id for table in tables} == set(ids)
    assert {table.patient_id for table in tables} == set(PATIENTS)
    for table in tables:
        assert (table.assembly, table.sample_type, table.owner) == (GenomeBuild.GRCH38, "demo", LOCAL_USER.name)
        assert table.available
        assert table.row_count > 0
        assert table.rejected_count == 0
        assert "Invented for the demonstration" in table.notes
    assert list((tmp_path / "work").iterdir()) == []


def test_loading_again_changes_nothing(bench: Bench) -> None:
    bench.add(*PATIENTS[:2])
    bench.demo.load(LOCAL_USER)
    before = bench.library.list(LOCAL_USER)
    bench.demo.load(LOCAL_USER)
    assert bench.library.list(LOCAL_USER) == before


def test_only_patients_who_are_there_get_tables(bench: Bench) -> None:
    assert bench.demo.load(LOCAL_USER) == ()
    bench.add(PATIENTS[1])
    bench.demo.load(LOCAL_USER)
    assert {table.patient_id for table in bench.library.list(LOCAL_USER)} == {PATIENTS[1]}


def test_who_may_not_see_patients_loads_nothing(bench: Bench) -> None:
    bench.add(*PATIENTS)
    assert bench.demo.load(PUBLIC) == ()
    assert bench.library.list(LOCAL_USER) == ()


def test_a_load_that_was_interrupted_is_completed_by_the_next(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add(*PATIENTS[:2])
    register, calls = bench.library.register, []

    def stops_at_the_second(*given: Any, **more: Any) -> Any:
        calls.append(given[0])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return register(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(bench.library, "register", stops_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            bench.demo.load(LOCAL_USER)
    assert len(bench.library.list(LOCAL_USER)) == 1
    ids = bench.demo.load(LOCAL_USER)
    assert sorted(table.id for table in bench.library.list(LOCAL_USER)) == sorted(ids)
    assert len(ids) == 3


def test_a_table_whose_files_are_gone_gets_them_back(bench: Bench) -> None:
    bench.add(PATIENTS[1])
    (table_id,) = bench.demo.load(LOCAL_USER)
    shutil.rmtree(bench.library.folder(table_id))
    assert not bench.library.get(LOCAL_USER, table_id).available
    bench.demo.load(LOCAL_USER)
    assert bench.library.get(LOCAL_USER, table_id).available


def test_known_variants_and_genes_are_marked_in_the_tables(bench: Bench) -> None:
    bench.add("aisha_rahman")
    (table_id,) = bench.demo.load(LOCAL_USER)
    table = bench.library.open(LOCAL_USER, table_id)
    sql = "SELECT known_variant, curated_gene FROM variants WHERE known_variant_significance = 'pathogenic'"
    with table.query(sql, []) as rows:
        assert rows.fetchall() == [("CTLA4 p.Arg70Trp", ["CTLA4"])]
    assert {one["kind"] for one in table.manifest["annotation"]["missing"]} >= {"clinvar", "gene_models"}


def test_with_packs_installed_the_annotation_is_left_to_a_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_variants, "installed_packs", lambda *_: {"clinvar": "a pack"})
    bench.add("aisha_rahman")
    (table_id,) = bench.demo.load(LOCAL_USER)
    assert "annotation" not in bench.library.open(LOCAL_USER, table_id).manifest
