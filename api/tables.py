"""The imported tables over HTTP: list, read, delete; and the files that the dashboard prepared for download."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_jsonable_python

from api.arrival import submitted
from api.dependencies import Caller, UsesServices
from services.clinical.profile import PatientId
from services.errors import InvalidInputError
from services.variants.annotation.model import Part
from services.variants.library import TableInfo
from services.variants.links import SampleChoice, stated_parents
from services.variants.tables import MAX_PAGE, VariantTable

router = APIRouter(tags=["tables"])

_MAX_OFFSET = 2**53
_MAX_SAMPLE = 1_000
_Sample = Annotated[str, Field(max_length=_MAX_SAMPLE)]


@router.get("/tables")
def tables(services: UsesServices, caller: Caller) -> list[dict[str, Any]]:
    """All tables, newest first."""
    return [_entry(table) for table in services.variants.list(caller)]


def _entry(table: TableInfo) -> dict[str, Any]:
    return {
        "table_name": table.name, "sample_name": table.sample_name, "row_count": table.row_count,
        "created_at": table.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "table_id": table.id, "job_id": table.job_id,
        "assembly": str(table.assembly) if table.assembly else None, "sample_type": table.sample_type,
        "rejected_count": table.rejected_count, "available": table.available, "patient_id": table.patient_id,
        "patients": [{"patient_id": one.patient_id, **asdict(one.choice)} for one in table.links],
    }  # fmt: skip


@router.get("/tables/{table_name}/data/all")
def data(
    table_name: str, services: UsesServices, caller: Caller,
    limit: Annotated[int | None, Query(ge=1)] = None,
    offset: Annotated[int, Query(ge=0, le=_MAX_OFFSET)] = 0,
    columns: Annotated[list[str] | None, Query()] = None,
    filter_text: Annotated[str, Query(alias="filter")] = "",
) -> StreamingResponse:  # fmt: skip
    """The rows in genome order. `filter` is JSON or an expression, `columns` names separated by commas.

    Without `limit` all rows from `offset` on are streamed. `total_rows` counts the rows that pass the filter. Values that JSON
    cannot carry (NaN, infinities) are null, as missing values are.
    """
    workbench = services.workbench
    info = workbench.library.get(caller, table_name)
    table = workbench.library.open(caller, info.id)
    condition = workbench.marks.resolve(caller, info.id, workbench.filter_from_text(caller, info.id, filter_text))
    chosen = _columns(table, columns)
    if limit is not None and limit > MAX_PAGE:
        raise InvalidInputError(f"limit is at most {MAX_PAGE:,}: leave it out to have all rows streamed")
    if limit is None:
        batches = _from(table.stream(condition, (), chosen), offset)
    else:
        batches = iter([table.page(condition, limit=limit, offset=offset, columns=chosen)])
    head = {"table_name": info.name, "columns": chosen, "total_rows": table.count(condition)}
    first = next(batches, None)  # asked before the answer begins, so that what fails has its status
    rows = chain([] if first is None else [first], batches)
    return StreamingResponse(_body(head, rows), media_type="application/json")


class TableLink(BaseModel):
    """Which sample of a table is which patient; without a patient all links are taken away.

    Parents that are left out are taken from the file's own pedigree, an empty name says that there is none in the table.
    """

    model_config = ConfigDict(extra="forbid")

    patient_id: PatientId | None
    sample: _Sample | None = None
    mother: _Sample | None = None
    father: _Sample | None = None

    @model_validator(mode="after")
    def _parents_of_a_sample(self) -> TableLink:
        if (self.mother or self.father) and not self.sample:
            raise ValueError("sample: name the patient's sample before the parents'")
        if self.sample and self.patient_id is None:
            raise ValueError("patient_id: say which patient the sample is")
        return self


@router.patch("/tables/{table_name}")
def link(table_name: str, change: TableLink, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Link a sample of a table to a patient, or take all links away. For the owner of the table or an administrator."""
    if change.patient_id is not None:
        services.patients.get(change.patient_id, caller)
    choice = SampleChoice()
    if change.sample:
        stated = stated_parents(services.workbench.library.open(caller, table_name).manifest, change.sample)
        mother, father = (
            known if given is None else given for given, known in ((change.mother, stated.mother), (change.father, stated.father))
        )
        choice = SampleChoice(change.sample, mother, father)
    return _entry(services.variants.link(caller, table_name, change.patient_id, choice))


@router.delete("/tables/{table_name}/patients/{patient_id}")
def unlink(table_name: str, patient_id: PatientId, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Take the link of one patient away; those of others stay."""
    return _entry(services.variants.unlink(caller, table_name, patient_id))


@router.get("/tables/{table_name}/findings")
def findings(
    table_name: str, services: UsesServices, caller: Caller, accept_missing: Annotated[bool, Query()] = False,
    sample: Annotated[str, Query(max_length=_MAX_SAMPLE)] = "",
) -> dict[str, Any]:  # fmt: skip
    """What the table says of a sample: variants that matter, star alleles, and what it could not answer.

    Without `sample` it is that of the only patient.
    `accept_missing` takes places without a record for reference, which the file does not show.
    """
    found: dict[str, Any] = to_jsonable_python(
        services.genomic_findings.of_table(table_name, caller, sample=sample, accept_missing=accept_missing)
    )
    return found


class Annotate(BaseModel):
    """Which parts of a table to annotate; columns that an earlier annotation made for them are replaced.

    `vep` is the consent to what `vep.statement` of `GET /tables/{table_name}/annotation` says, for this run.
    """

    small_variants: bool = True
    structural_variants: bool = True
    vep: bool = False


@router.post("/tables/{table_name}/annotate")
def annotate(table_name: str, services: UsesServices, caller: Caller, body: Annotate | None = None) -> dict[str, Any]:
    """Queue the annotation of a table from the installed reference data; 409 while it is being annotated already."""
    asked = body or Annotate()
    chosen = {Part.SMALL: asked.small_variants, Part.STRUCTURAL: asked.structural_variants, Part.VEP: asked.vep}
    job = services.variant_annotations.submit(caller, table_name, [part for part, wanted in chosen.items() if wanted])
    return submitted(job)


@router.get("/tables/{table_name}/annotation")
def annotation(table_name: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Say which packs a table was annotated from, when, what was not annotated and why, and which VEP may be asked."""
    info = services.workbench.library.get(caller, table_name)
    table = services.workbench.library.open(caller, info.id)
    account = table.manifest.get("annotation")
    columns = [
        {key: entry[key] for key in ("name", "type", "description", "stamp")} for entry in table.columns if entry.get("stamp")
    ]  # fmt: skip
    said = {key: account[key] for key in ("made_at", "packs", "missing")} if account else None
    source = services.variant_annotations.vep(info.assembly) if info.assembly else None
    vep = {"runs_on": source.place, "statement": source.statement} if source else None
    return {"annotation": said, "columns": columns, "vep": vep}


@router.delete("/tables/{table_name}")
def delete(table_name: str, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Delete a table with its files. Flags and comments stay with their variants."""
    return {"table_name": services.workbench.delete(caller, table_name).name, "deleted": True}


@router.get("/downloads/{token}", include_in_schema=False)
def download(token: str, services: UsesServices) -> FileResponse:
    """A prepared export. The token is the permission: the guard asks for no key here."""
    found = services.workbench.downloads.fetch(token)
    return FileResponse(
        found.path, filename=found.filename, media_type="application/octet-stream", headers={"cache-control": "no-store"}
    )


def _columns(table: VariantTable, asked: Sequence[str] | None) -> list[str]:
    if asked is None:
        return list(table.facts.columns)
    known = table.facts.columns
    names = [name for part in asked for name in ([part] if part in known else part.split(","))]
    chosen = list(dict.fromkeys(name if name in known else name.strip() for name in names if name.strip()))
    if not chosen:
        raise InvalidInputError("choose at least one column")
    return [table.facts.column(name).name for name in chosen]


def _from(batches: Iterable[pa.Table], offset: int) -> Iterator[pa.Table]:
    for batch in batches:
        skipped = min(offset, batch.num_rows)
        offset -= skipped
        if skipped < batch.num_rows:
            yield batch.slice(skipped)


def _body(head: dict[str, Any], batches: Iterable[pa.Table]) -> Iterator[str]:
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
    between = ""
    for batch in batches:
        if batch.num_rows:
            yield between + _rows(batch)
            between = ","
    yield "]}"


def _rows(batch: pa.Table) -> str:
    """Write rows as JSON objects, separated by commas."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_floating(field.type):
            column = batch.column(place)
            batch = batch.set_column(place, field, pc.if_else(pc.is_finite(column), column, None))
    rows = batch.to_pylist()
    try:
        return json.dumps(rows, ensure_ascii=False, allow_nan=False)[1:-1]
    except ValueError:  # a NaN inside a list
        return json.dumps([{name: _finite(value) for name, value in row.items()} for row in rows], ensure_ascii=False)[1:-1]


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and value - value != 0 else value
