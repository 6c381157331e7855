"""Classifying the rows of a table as a job, through the real queue and the real child process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER, PUBLIC
from services.errors import AccessDeniedError, ConflictError, InvalidInputError
from services.genomics.genome import GenomeBuild
from services.jobs.engine import DurableQueue
from services.jobs.model import STOPPING, Job, JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.pipelines.batch_classification import BatchClassification
from services.storage.database import Database
from services.variants.expressions import parse_expression
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.reference.model import PackKind
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, plus_position

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@dataclass
class Place:
    jobs: Jobs
    library: VariantLibrary
    batch: BatchClassification
    shelf: Shelf
    folder: Path

    def table(self, *variants: tuple[int, str, str], assembly: str | None = "GRCh38") -> TableInfo:
        table_id = self.library.new_id()
        lines = [f"{CHROM}\t{pos}\t.\t{ref}\t{alt}\t50\tPASS\t.\n" for pos, ref, alt in variants]
        source = self.folder / f"{table_id}.vcf"
        source.write_text(HEADER + "".join(lines), encoding="utf-8")
        assert import_file(source, self.library.folder(table_id)).folder is not None
        return self.library.register(table_id, LOCAL_USER.name, "Case", assembly)

    def finished(self, job: Job) -> Job:
        deadline = time.monotonic() + 60
        while not (found := self.jobs.get(LOCAL_USER, job.id)).finished or found.stage == STOPPING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found

    def rows(self, info: TableInfo) -> list[dict[str, object]]:
        table = self.library.open(LOCAL_USER, info.id)
        found: list[dict[str, object]] = table.page(
            columns=[name for name in ("pos", "acmg_class", "acmg_points", "acmg_criteria") if name in table.facts.columns]
        ).to_pylist()
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("classification")
    database = Database(f"sqlite:///{folder / 'record.db'}")
    database.migrate()
    jobs = Jobs(
        database, DurableQueue(f"sqlite:///{folder / 'queue.db'}", FileSlots(folder / "slots"), 1), folder / "jobs", 1
    )
    library = VariantLibrary(database, folder / "variants")
    shelf = Shelf(folder / "packs")
    shelf.complete(plus="TNFAIP3")
    shelf.table(PackKind.FREQUENCIES, [{
        "pos": plus_position(7), "ref": "C", "alt": "T", "ac": 12_000, "an": 150_000, "af": 0.08, "passed": True,
    }])
    batch = BatchClassification(jobs, library, folder / "packs", folder / "waiting")
    jobs.start()
    yield Place(jobs, library, batch, shelf, folder)
    jobs.close()
    library.close()
    database.close()


NONSENSE = (plus_position(18), base_at(plus_position(18)), "A")
COMMON = (plus_position(7), "C", "T")
DELETION = (plus_position(30), base_at(plus_position(30)), "<DEL>")


def test_every_row_gets_its_class_and_what_has_no_alleles_stays_empty(place: Place) -> None:
    info = place.table(COMMON, NONSENSE, DELETION)
    job = place.finished(place.batch.submit(LOCAL_USER, info.name))
    assert job.status is JobStatus.COMPLETED, job.problem
    by_place = {row["pos"]: row for row in place.rows(info)}
    assert by_place[COMMON[0]]["acmg_class"] == "Benign"
    assert "PVS1 very strong" in str(by_place[NONSENSE[0]]["acmg_criteria"])
    assert by_place[DELETION[0]]["acmg_class"] is None
    assert "1 have no alleles" in job.message
    told = place.library.open(LOCAL_USER, info.id).manifest["classification"]
    assert told["data_versions"]["Population frequencies"] == "Population frequencies 2026-11 (GRCh38)"


def test_only_the_rows_that_pass_the_filter_are_classified_and_a_second_run_replaces_the_first(place: Place) -> None:
    info = place.table(COMMON, NONSENSE)
    place.finished(place.batch.submit(LOCAL_USER, info.name))
    condition = parse_expression(f"pos = {NONSENSE[0]}", place.library.open(LOCAL_USER, info.id).facts)
    job = place.finished(place.batch.submit(LOCAL_USER, info.name, condition))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert [row["acmg_class"] is None for row in place.rows(info)] == [True, False]
    columns = [entry["name"] for entry in place.library.open(LOCAL_USER, info.id).columns]
    assert sum(name.startswith("acmg_class") for name in columns) == 1


def test_what_cannot_be_done_is_refused_before_a_job_is_made(place: Place) -> None:
    unknown = place.table(COMMON, assembly=None)
    with pytest.raises(ConflictError, match="build"):
        place.batch.submit(LOCAL_USER, unknown.name)
    info = place.table(COMMON)
    with pytest.raises(AccessDeniedError):
        place.batch.submit(PUBLIC, info.name)
    nothing = parse_expression("pos = 1", place.library.open(LOCAL_USER, info.id).facts)
    with pytest.raises(InvalidInputError, match="no row passes"):
        place.batch.submit(LOCAL_USER, info.name, nothing)


def test_without_packs_for_the_build_no_row_gets_a_class(place: Place) -> None:
    info = place.table(COMMON, assembly=str(GenomeBuild.GRCH37))
    job = place.finished(place.batch.submit(LOCAL_USER, info.name))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert [row["acmg_class"] for row in place.rows(info)] == [None]
    assert "nothing is known of 1" in job.message
