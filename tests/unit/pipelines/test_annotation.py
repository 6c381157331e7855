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
from services.pipelines.annotation import KIND, VariantAnnotations
from services.settings import Settings
from services.storage.database import Database
from services.variants.annotation.model import AnnotationRequest, Part
from services.variants.annotation.service import annotate
from services.variants.annotation.vep.layer import KEPT_ANSWERS
from services.variants.annotation.vep.source import vep_sources
from services.variants.annotation.writing import put_in_place
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import MANIFEST_FILE, TABLE_FILE, read_manifest
from services.variants.reference.model import PackKind
from services.variants.workbench import Workbench
from tests.installed_packs import put_rows
from tests.unit.variants.annotation.packs import clinvar, frequency
from tests.unit.variants.support import HEADER, vcf, write
from tests.vep_servers import VepServer, serving_vep

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
    vep: VepServer

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
    workbench = Workbench.of(database, library, folder / "exports")
    with serving_vep() as vep:
        sources = vep_sources(Settings(vep_url=vep.url, vep_allow_private=True))
        annotations = VariantAnnotations(jobs, library, references, sources)
        jobs.start()
        yield Place(jobs, workbench, annotations, folder, folder / "packs", vep)
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


def test_nothing_is_asked_of_vep_unless_the_user_agrees_in_this_run(place: Place) -> None:
    info = place.table()
    place.vep.questions.clear()
    assert place.finished(place.annotations.submit(ANNA, info.id)).status is JobStatus.COMPLETED
    assert place.vep.questions == []
    source = place.annotations.vep(GenomeBuild.GRCH38)
    assert source is not None
    job = place.annotations.submit(ANNA, info.id, [Part.VEP])
    assert dict(job.request) == {"table_id": info.id, "parts": ["VEP"], "vep_place": source.place}
    job = place.finished(job)
    assert job.status is JobStatus.COMPLETED, job.problem
    assert place.vep.batches == [["1 100 . A G . . .", "1 200 . C T . . ."]]
    row = place.workbench.questions.row(ANNA, info.id, 0)
    assert (row["vep_gene"], row["clinvar_significance"]) == ("GENE1", "Pathogenic"), "the earlier annotation stays"
    assert f"VEP 116 (GRCh38), service {source.place}" in job.message


def test_a_cancelled_run_asks_no_further_batch_and_its_retry_goes_on_behind_it(place: Place) -> None:
    info = place.table(*(f"chr1 {pos} . A G 50 PASS . GT 0/1" for pos in range(1, 451)))
    folder = place.library.folder(info.id)
    before = (folder / TABLE_FILE).read_bytes()
    place.vep.questions.clear()
    jobs: list[Job] = []

    def cancel_at_the_second() -> None:
        if len(place.vep.batches) == 2:
            place.jobs.cancel(ANNA, jobs[0].id)
            place.finished(jobs[0])

    place.vep.on_batch = cancel_at_the_second
    try:
        jobs.append(place.annotations.submit(ANNA, info.id, [Part.VEP]))
        assert place.finished(jobs[0]).status is JobStatus.CANCELLED
    finally:
        place.vep.on_batch = lambda: None
    assert (folder / TABLE_FILE).read_bytes() == before
    assert len(place.vep.batches) == 2
    again = place.finished(place.jobs.retry(ANNA, jobs[0].id))
    assert again.status is JobStatus.COMPLETED, again.problem
    assert [len(batch) for batch in place.vep.batches] == [200, 200, 200, 50], "the first batch was answered and kept"
    assert not (folder / KEPT_ANSWERS).exists()
    answered = place.workbench.filter_from_text(ANNA, info.id, "vep_gene = GENE1")
    assert place.workbench.questions.count(ANNA, info.id, answered) == 450


def test_vep_is_refused_where_it_is_not_turned_on_or_is_another_than_was_agreed_to(place: Place) -> None:
    header = "".join(line for line in HEADER.splitlines(keepends=True) if not line.startswith("##contig"))
    old = place.table("1 100 . A G 50 PASS . GT 0/1", assembly="GRCh37", header=header)
    assert place.annotations.vep(GenomeBuild.GRCH37) is None
    with pytest.raises(InvalidInputError, match="VEP is not turned on for GRCh37"):
        place.annotations.submit(ANNA, old.id, [Part.SMALL, Part.VEP])
    info = place.table()
    place.vep.questions.clear()
    agreed = {"table_id": info.id, "parts": ["VEP"], "vep_place": "another.example.org"}
    job = place.finished(place.jobs.submit(ANNA, KIND, agreed))
    assert job.status is JobStatus.FAILED
    assert job.problem is not None
    assert "agree anew" in job.problem.text
    assert place.vep.questions == []
