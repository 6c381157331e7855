"""Annotation as a job, through the real queue and child process: the explorer sees new columns, nothing is lost on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER, Principal
from services.errors import ConflictError, InvalidInputError
from services.genomics.genome import GenomeBuild
from services.jobs.engine import DurableQueue
from services.jobs.model import STOPPING, Job, JobStatus
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots
from services.pipelines.annotation import VariantAnnotations
from services.storage.database import Database
from services.variants.annotation.model import AnnotationRequest, Part
from services.variants.annotation.service import annotate
from services.variants.annotation.writing import put_in_place
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import MANIFEST_FILE, TABLE_FILE, read_manifest
from services.variants.reference.model import PackKind
from services.variants.workbench import Workbench
from tests.installed_packs import put_rows
from tests.unit.variants.annotation.packs import clinvar, frequency
from tests.unit.variants.support import HEADER, vcf, write

ANNA = Principal("anna", may_see_patients=True, may_administer=False)
LINES = (
    "chr1 100 . A G 50 PASS DP=10 GT 0/1", "chr1 200 . C T 50 PASS DP=9 GT 0/1", "chr2 60 . C <DEL> 99 PASS END=500 GT 0/1"
)


@dataclass
class Place:
    jobs: Jobs
    workbench: Workbench
    annotations: VariantAnnotations
    folder: Path
    references: Path

    @property
    def library(self) -> VariantLibrary:
        return self.workbench.library

    def table(self, *lines: str, assembly: str | None = "GRCh38", header: str = HEADER) -> TableInfo:
        table_id = self.library.new_id()
        source = write(self.folder, vcf(*(lines or LINES), header=header), f"{table_id}.vcf")
        assert import_file(source, self.library.folder(table_id)).folder is not None
        return self.library.register(table_id, ANNA.name, "S1", assembly)

    def finished(self, job: Job) -> Job:
        deadline = time.monotonic() + 60
        while not (found := self.jobs.get(LOCAL_USER, job.id)).finished or found.stage == STOPPING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("annotations")
    database = Database(f"sqlite:///{folder / 'record.db'}")
    database.migrate()
    rows = {
        PackKind.CLINVAR: clinvar("1", 100, "A", "G", "Pathogenic"), PackKind.FREQUENCIES: frequency("1", 200, "C", "T", 0.001)
    }  # fmt: skip
    for kind, row in rows.items():
        references = put_rows(folder / "packs", kind, GenomeBuild.GRCH38, [{"chrom_order": 0, **row}])
    jobs = Jobs(database, DurableQueue(f"sqlite:///{folder / 'jobs.db'}", FileSlots(folder / "jobs"), 1), folder / "jobs", 1)
    library = VariantLibrary(database, folder / "variants")
    annotations = VariantAnnotations(jobs, library, references)
    workbench = Workbench.of(database, library, folder / "exports")
    jobs.start()
    yield Place(jobs, workbench, annotations, folder, folder / "packs")
    jobs.close()
    workbench.close()
    library.close()
    database.close()


def test_the_explorer_filters_by_a_new_column_as_soon_as_the_job_is_done(place: Place) -> None:
    info = place.table()
    questions = place.workbench.questions
    assert questions.count(ANNA, info.id, None) == 3
    row = questions.row(ANNA, info.id, 0)
    assert "clinvar_significance" not in row
    job = place.finished(place.annotations.submit(ANNA, info.id))
    assert job.status is JobStatus.COMPLETED, job.problem
    for text, count in (("clinvar_significance = Pathogenic", 1), ("clinvar = Pathogenic", 1), ("gnomad_af < 0.01", 1),
                        ("af is missing", 2), ("sv_type = DEL", 1), ("qual > 60", 1)):  # fmt: skip
        condition = place.workbench.filter_from_text(ANNA, info.id, text)
        assert questions.count(ANNA, info.id, condition) == count, text
    assert questions.row(ANNA, info.id, 0)["clinvar_significance"] == "Pathogenic"
    assert [one.value for one in questions.facets(ANNA, info.id, "clinvar_significance", None, 5)] == [None, "Pathogenic"]
    assert "ClinVar test (GRCh38)" in job.message
    assert "Not annotated: not installed: Reference sequence, Gene models, REVEL," in job.message
    assert "without Reference sequence and Gene models, consequences on genes are not predicted" in job.message
    assert job.result is not None
    assert job.result["table_ids"] == [info.id]


def test_deleting_the_job_leaves_the_table_and_its_annotation(place: Place) -> None:
    info = place.table()
    job = place.finished(place.annotations.submit(ANNA, info.id, [Part.SMALL]))
    place.jobs.delete(ANNA, job.id)
    table = place.library.open(ANNA, info.id)
    assert table.count() == 3
    assert "clinvar_significance" in table.facts.columns
    assert "sv_type" not in table.facts.columns


def test_a_table_without_a_build_is_not_annotated_until_somebody_states_it(place: Place) -> None:
    header = "".join(line for line in HEADER.splitlines(keepends=True) if not line.startswith("##contig"))
    info = place.table("1 100 . A G 50 PASS . GT 0/1", assembly=None, header=header)
    with pytest.raises(InvalidInputError, match="state the genome build"):
        place.annotations.submit(ANNA, info.id)
    place.library.set_assembly(ANNA, info.id, GenomeBuild.GRCH38)
    job = place.finished(place.annotations.submit(ANNA, info.id))
    assert job.status is JobStatus.COMPLETED, job.problem
    assert place.workbench.questions.row(ANNA, info.id, 0)["clinvar_significance"] == "Pathogenic"


def test_a_table_is_not_annotated_twice_at_a_time_and_a_cancelled_one_is_as_it_was(place: Place) -> None:
    info = place.table()
    folder = place.library.folder(info.id)
    before = (folder / TABLE_FILE).read_bytes(), (folder / MANIFEST_FILE).read_bytes()
    job = place.annotations.submit(ANNA, info.id)
    with pytest.raises(ConflictError, match="being annotated already"):
        place.annotations.submit(ANNA, info.id)
    place.jobs.cancel(ANNA, job.id)
    place.finished(job)
    assert ((folder / TABLE_FILE).read_bytes(), (folder / MANIFEST_FILE).read_bytes()) == before
    again = place.finished(place.jobs.retry(ANNA, job.id))
    assert again.status is JobStatus.COMPLETED, again.problem
    assert read_manifest(folder)["annotation"]["packs"][0] == "ClinVar test (GRCh38)"


def test_a_reader_of_the_old_table_goes_on_reading_when_the_files_are_exchanged(place: Place, tmp_path: Path) -> None:
    info = place.table()
    old = place.library.open(ANNA, info.id)
    packs = {pack.kind: pack for pack in place.annotations.prospect(GenomeBuild.GRCH38, list(Part)).packs}
    request = AnnotationRequest(place.library.folder(info.id), GenomeBuild.GRCH38, packs)
    outcome = annotate(request, tmp_path / "work", lambda _share, _message: None, lambda: False)
    assert old.count() == 3
    put_in_place(request.folder, outcome.folder)
    assert [row["pos"] for row in old.page().to_pylist()] == [100, 200, 60]
    new = place.library.open(ANNA, info.id)
    assert new is not old
    assert "clinvar_significance" in new.facts.columns
    assert place.library.open(ANNA, info.id) is new
    put_in_place(request.folder, outcome.folder)  # again, as after a crash
    assert place.library.open(ANNA, info.id).count() == 3
