"""Annotation of a table as a job: predicted, joined and scored in a child process, then exchanged for the old table at once.

A table stays as it was until the last moment, so a job that fails, is cancelled or dies with the machine leaves nothing to undo;
it can be run again, today or after other packs were installed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.access.principals import Principal
from services.errors import ConflictError, InvalidInputError
from services.genomics.genome import GenomeBuild
from services.jobs.model import Job
from services.jobs.running import JobRun
from services.jobs.service import JobKind, Jobs
from services.pipelines.annotation_work import installed_packs
from services.variants.annotation.model import OWN_PARTS, Part, told
from services.variants.annotation.vep.source import VepSource, VepSources
from services.variants.annotation.writing import put_in_place
from services.variants.library import TableInfo, VariantLibrary
from services.variants.manifest import read_manifest
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind

KIND = "variant_annotation"
_NEEDED: Mapping[Part, tuple[PackKind, ...]] = {
    Part.SMALL: (
        PackKind.SEQUENCE, PackKind.GENE_MODELS, PackKind.CLINVAR, PackKind.FREQUENCIES, PackKind.REVEL, PackKind.ALPHAMISSENSE,
        PackKind.SPLICEAI, PackKind.CONSTRAINT,
    ),
    Part.STRUCTURAL: (PackKind.GENE_MODELS, PackKind.DOSAGE, PackKind.POPULATION_SV),
}  # fmt: skip
_NO_BUILD = "state the genome build of this table first: reference data belongs to a build"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an annotation of a build would use now, and which kinds of packs it would miss."""

    packs: tuple[Pack, ...]
    missing: tuple[PackKind, ...]


class VariantAnnotations:
    """Annotations as jobs. Callers see what `Jobs` and the library let them see. `vep` are those an administrator turned on."""

    def __init__(
        self, jobs: Jobs, library: VariantLibrary, references: ReferenceLibrary, vep: VepSources | None = None
    ) -> None:
        self.sources: dict[GenomeBuild, VepSource] = dict(vep or {})
        """The VEP of each build that has one."""
        self._jobs = jobs
        self._library = library
        self._references = references
        jobs.register(JobKind(KIND, work=self._work, undo=_nothing, remove=_nothing))

    def vep(self, build: GenomeBuild) -> VepSource | None:
        """Return the VEP that is turned on for a build, with the statement to show before it is used; None: there is none."""
        return self.sources.get(build)

    def submit(self, principal: Principal, name_or_id: str, parts: Collection[Part] = tuple(OWN_PARTS)) -> Job:
        """Queue the annotation of a table; earlier columns of the same parts are replaced.

        `Part.VEP` among the parts is the caller's consent to what the statement of that VEP says, for this run.

        :raise NotFoundError: there is no such table.
        :raise InvalidInputError: its genome build is not known, nothing is asked for, or VEP is and is not turned on.
        :raise ConflictError: it is being annotated already.
        """
        table = self._library.get(principal, name_or_id)
        if table.assembly is None:
            raise InvalidInputError(_NO_BUILD)
        if not parts:
            raise InvalidInputError("say what to annotate: small variants, structural variants, or both")
        vep = self._agreed(table.assembly, parts)
        if self.running(principal, table.id) is not None:
            raise ConflictError(f"{table.name} is being annotated already: wait for that job, or cancel it")
        request = {"table_id": table.id, "parts": sorted(part.value for part in parts), **vep}
        return self._jobs.submit(
            principal, KIND, request, sample_name=table.sample_name, message=f"The annotation of {table.name} waits for its turn"
        )

    def running(self, principal: Principal, table_id: str) -> Job | None:
        """Return the caller's unfinished annotation of a table, or None."""
        jobs = (job for job in self._jobs.list(principal) if job.kind == KIND and job.active)
        return next((job for job in jobs if job.request.get("table_id") == table_id), None)

    def _agreed(self, build: GenomeBuild, parts: Collection[Part]) -> dict[str, str]:
        """Return what the caller agreed to: the host that may be asked."""
        if Part.VEP not in parts:
            return {}
        source = self.sources.get(build)
        if source is None:
            raise InvalidInputError(f"VEP is not turned on for {build}: an administrator does that in the settings")
        return {"vep_place": source.place}

    def _vep_of(self, run: JobRun, build: GenomeBuild) -> VepSource | None:
        """Return the VEP that the caller agreed to. :raise InvalidInputError: it is another one since."""
        if run.request.get("vep_place") is None:
            return None
        source = self.sources.get(build)
        if source is None or source.place != run.request["vep_place"]:
            raise InvalidInputError("the VEP that was agreed to is not turned on any more: annotate again, and agree anew")
        return source

    def prospect(self, build: GenomeBuild, parts: Collection[Part]) -> Prospect:
        """Tell what an annotation would find installed."""
        packs = installed_packs(self._references.root, build)
        wanted = dict.fromkeys(kind for part, kinds in _NEEDED.items() if part in parts for kind in kinds)
        return Prospect(
            tuple(packs[kind] for kind in wanted if kind in packs), tuple(kind for kind in wanted if kind not in packs)
        )

    def _work(self, run: JobRun) -> tuple[str, Mapping[str, Any]]:
        # the queue's word for who asked: whether the owner may see tables was checked when the job was submitted
        table = self._library.get(Principal(run.job.owner, may_see_patients=True, may_administer=False), run.request["table_id"])
        if table.assembly is None:
            raise InvalidInputError(_NO_BUILD)
        parts = frozenset(Part(one) for one in run.request["parts"])
        folder = self._library.folder(table.id)
        made = annotate_in_job(
            run, folder, table.assembly, parts, self._references.root, between=(1, 99), vep=self._vep_of(run, table.assembly)
        )
        self._library.changed(table.id)
        return f"Annotated {table.name}. {in_words(made)}", _result(table, made)


def annotate_in_job(
    run: JobRun, folder: Path, build: GenomeBuild, parts: Collection[Part], references: Path | None, *,
    between: tuple[int, int], vep: VepSource | None = None,
) -> Mapping[str, Any]:
    """Annotate the table in `folder` as a part of a job, and put it in place. Returns the manifest's account of it.

    :raise StoppedError: the job was told to stop; the table is as it was.
    :raise WorkFailedError: it cannot be done; the table is as it was.
    """
    run.report("annotating", between[0], "Annotating")
    scratch = run.folder.resolve() / f"annotation.{folder.name}"
    payload = {
        "folder": str(folder.resolve()), "build": str(build), "parts": sorted(part.value for part in parts),
        "references": str(references.resolve()) if references else None, "scratch": str(scratch),
        "vep": vep.as_dict() if vep else None,
    }
    made = run.child("annotate_table", payload, stage="annotating", between=between)
    put_in_place(folder, scratch / "annotated")
    account: dict[str, Any] = read_manifest(folder)["annotation"]
    return {**account, "columns": made["columns"]}


def in_words(account: Mapping[str, Any]) -> str:
    """Say what an annotation used and what it did not do, in sentences."""
    missing = told(account["missing"])
    said = f"Used: {', '.join(account['packs'])}."
    return f"{said} Not annotated: {'; '.join(missing)}." if missing else said


def _result(table: TableInfo, account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table_ids": [table.id], "table_name": table.name, "table_names": [table.name], "rows": table.row_count,
        "assembly": table.assembly, "annotated": True, "packs": account["packs"], "not_annotated": account["missing"],
        "columns": account["columns"],
    }


def _nothing(job: Job) -> None:
    """Leave the table alone: it belongs to whoever imported it, and is exchanged as a whole or not at all."""
    del job
