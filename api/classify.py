"""Classification of variants over HTTP: one, many, the versions kept, and the export for ClinVar.

The documented path begins with `/api`. The router is included twice for it, as those of the notes are (`api/application.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.arrival import submitted
from api.classify_answers import answer, candidates, version
from api.dependencies import Caller, UsesServices
from services.container import Services
from services.errors import InvalidInputError, ParatopeError
from services.genomics.genome import GenomeBuild
from services.variants.classification import clinvar_export
from services.variants.classification.content import (
    MAX_NOTE,
    MAX_OWN_EVIDENCE,
    MAX_TERMS,
    ExcludedEvidence,
    ExpertEntry,
    OwnEvidence,
    Scheme,
)
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, name_of, question_of_variant
from services.variants.identity import VariantIdentity
from services.variants.notes import NoteSubject
from services.variants.resolving import Candidate, Resolution, resolve

router = APIRouter(prefix="/analyze/classify-variant", tags=["classification"])

MAX_BATCH = 1_000
Text = Annotated[str, Field(max_length=300)]


class VariantData(BaseModel):
    """One variant: a place with alleles, an rsID, or a name in HGVS."""

    model_config = ConfigDict(extra="ignore")

    chrom: Annotated[str, Field(max_length=60)] | None = None
    pos: Annotated[int, Field(ge=1, le=2**31)] | None = None
    ref: Annotated[str, Field(max_length=1_000)] | None = None
    alt: Annotated[str, Field(max_length=1_000)] | None = None
    rsid: Annotated[str, Field(max_length=40)] | None = None
    hgvs: Text | None = None
    gene: Annotated[str, Field(max_length=60)] | None = None

    def written(self) -> str:
        """Return the variant as a person would write it.

        :raise InvalidInputError: it is not named, or in two ways at once.
        """
        place = (self.chrom, self.pos, self.ref, self.alt)
        named = [one for one in (self.rsid, self.hgvs) if one]
        if all(place) and not named:
            return f"{self.chrom}-{self.pos}-{self.ref}-{self.alt}"
        if len(named) == 1 and not any(place):
            return named[0]
        raise InvalidInputError("variant_data names one variant: chrom, pos, ref and alt together, or rsid, or hgvs")


class _Case(BaseModel):
    """What is said of the case. Members nobody knows are refused, so that a misspelt one is not silently without effect."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    classification_type: Literal["acmg", "amp"]
    assembly: GenomeBuild = GenomeBuild.GRCH38
    phenotype_terms: Annotated[tuple[Text, ...], Field(max_length=MAX_TERMS)] = ()
    description: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    additional_context: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    condition: Text = ""
    """The disease for ACMG, the tumour type for AMP."""
    model: Annotated[str, Field(max_length=100)] = ""
    """Taken for compatibility: no class depends on a language model."""

    @property
    def scheme(self) -> Scheme:
        return Scheme(self.classification_type)

    @property
    def context(self) -> Context:
        said = "\n".join(one for one in (self.description, self.additional_context) if one)[:MAX_NOTE]
        return Context(self.condition, self.phenotype_terms, said)


class ClassifyRequest(_Case):
    """One variant to classify. `expert` replaces what the rules say of single criteria; `save` keeps the result as a version.

    `own_evidence` and `excluded_evidence` change what a somatic tier rests on.
    """

    variant_data: VariantData
    expert: Annotated[tuple[ExpertEntry, ...], Field(max_length=28)] = ()
    own_evidence: Annotated[tuple[OwnEvidence, ...], Field(max_length=MAX_OWN_EVIDENCE)] = ()
    excluded_evidence: Annotated[tuple[ExcludedEvidence, ...], Field(max_length=MAX_OWN_EVIDENCE)] = ()
    specification: Annotated[str, Field(max_length=60)] = ""
    save: bool = False
    patient_id: Annotated[str, Field(max_length=64)] | None = None

    @property
    def choices(self) -> Choices:
        """:raise InvalidInputError: items of clinical evidence are given for a germline class, which does not rest on any."""
        changes_evidence = self.own_evidence or self.excluded_evidence
        if changes_evidence and self.scheme is not Scheme.AMP:
            raise InvalidInputError("own_evidence and excluded_evidence belong to classification_type amp")
        return Choices(
            self.expert, self.specification, self.context, own_evidence=self.own_evidence,
            excluded_evidence=self.excluded_evidence,
        )


class BatchRequest(_Case):
    """Several variants, up to 1,000, or the rows of a table that pass a filter (ACMG only), as a job."""

    variants: Annotated[tuple[VariantData, ...], Field(max_length=MAX_BATCH)] = ()
    table_name: Annotated[str, Field(max_length=128)] | None = None
    filter: Annotated[str, Field(max_length=20_000)] = ""


@router.post("", response_model=None)
def classify(request: ClassifyRequest, services: UsesServices, caller: Caller) -> dict[str, Any] | JSONResponse:
    """Classify one variant from the evidence that is installed; what is missing is named in the answer."""
    written = request.variant_data.written()
    found = resolve(written, request.assembly, services.references)
    if found.only is None:
        return _not_one(found, is_place=request.variant_data.chrom is not None)
    identity, said = _classified(services, found.only, request.scheme, request.choices, request.variant_data.gene or "")
    kept = None
    if request.save or request.patient_id:
        subject = NoteSubject(identity, said["variant_info"]["gene"] or "")
        kept = services.classifier.store.save(caller, subject, said.pop("content"), patient_id=request.patient_id)
    said.pop("content", None)
    return said | {"notes": list(found.problems), "saved": version(kept) if kept else None}


@router.post("/batch")
def batch(request: BatchRequest, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Classify several variants; one that cannot be classified has an `error` and does not stop the others."""
    if bool(request.variants) == bool(request.table_name):
        raise InvalidInputError("a batch names variants, or a table: one of the two")
    if request.table_name:
        if request.scheme is not Scheme.ACMG:
            raise InvalidInputError("the rows of a table are classified under ACMG/AMP: set classification_type to acmg")
        workbench = services.workbench
        condition = workbench.filter_from_text(caller, request.table_name, request.filter)
        resolved = workbench.marks.resolve(caller, request.table_name, condition)
        job = services.batch_classification.submit(caller, request.table_name, resolved)
        return submitted(job)
    results = [_one_of_many(services, request, one) for one in request.variants]
    failed = sum("error" in one for one in results)
    return {"results": results, "classified": len(results) - failed, "failed": failed}


@router.get("/history")
def history(
    services: UsesServices, caller: Caller, variant: Annotated[str, Query(max_length=300)],
    assembly: GenomeBuild = GenomeBuild.GRCH38,
) -> list[dict[str, Any]]:  # fmt: skip
    """The versions kept for a variant, newest first."""
    found = resolve(variant, assembly, services.references)
    if found.only is None:
        raise HTTPException(404, _sentence(found))
    identity = VariantIdentity(found.only.variant.trimmed())
    return [version(one) for one in services.classifier.store.history(caller, identity)]


@router.get("/export")
def export(
    services: UsesServices, caller: Caller, form: Annotated[str, Query(alias="format", max_length=40)] = "clinvar",
    patient_id: Annotated[str | None, Query(max_length=64)] = None, signed_only: bool = True,
) -> StreamingResponse:  # fmt: skip
    """The germline classifications as rows for ClinVar's submission spreadsheet; only signed ones unless asked otherwise."""
    if form.strip().lower() != "clinvar":
        raise HTTPException(400, "unsupported export format: clinvar is the one")
    store = services.classifier.store
    found = store.list(caller, signed_only=signed_only) if patient_id is None else [
        one for one in store.of_patient(caller, patient_id) if one.is_signed or not signed_only
    ]
    headers = {"content-disposition": 'attachment; filename="clinvar_variants.tsv"', "cache-control": "no-store"}
    return StreamingResponse(
        clinvar_export.rows(found), media_type="text/tab-separated-values; charset=utf-8", headers=headers
    )


def _classified(
    services: Services, one: Candidate, scheme: Scheme, choices: Choices, gene: str
) -> tuple[VariantIdentity, dict[str, Any]]:
    identity = VariantIdentity(one.variant.trimmed())
    question = question_of_variant(
        identity, gene=gene or one.gene or "", hgvs_coding=one.hgvs_c or "", hgvs_protein=one.hgvs_p or "",
        condition=choices.context.condition,
    )
    evidence = services.classifier.gather(question)
    content = services.classifier.classify(evidence, scheme, choices, name_of(identity, evidence))
    return identity, answer(identity, evidence, content) | {"content": content}


def _one_of_many(services: Services, request: BatchRequest, data: VariantData) -> dict[str, Any]:
    given = data.model_dump(exclude_none=True)
    try:
        found = resolve(data.written(), request.assembly, services.references)
        if found.only is None:
            return {"variant_data": given, "error": _sentence(found), "candidates": candidates(found.candidates)}
        _, said = _classified(services, found.only, request.scheme, Choices(context=request.context), data.gene or "")
    except ParatopeError as error:
        return {"variant_data": given, "error": error.message}
    said.pop("content")
    return {"variant_data": given, **said}


def _not_one(found: Resolution, *, is_place: bool) -> JSONResponse:
    status = 409 if found.candidates else 422 if is_place else 404
    return JSONResponse({"detail": _sentence(found), "candidates": candidates(found.candidates)}, status_code=status)


def _sentence(found: Resolution) -> str:
    problems = "; ".join(found.problems)
    if found.candidates:
        return f"{found.text} may mean {len(found.candidates)} variants in {found.build}: send one of the candidates" + (
            f" ({problems})" if problems else ""
        )
    return problems or f"{found.text} names no variant that is known here"

