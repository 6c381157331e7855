"""The clinical engine over HTTP: the whole analysis of a profile, and a differential from names.

Both are computed from the request, and nothing is kept. Of a patient who is known here, the analysis adds what the linked variant
tables say; with no table linked it is computed from the request alone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic_core import to_json

from api.dependencies import Caller, MayUseServices
from services.clinical.analysis import DifferentialQuestion, analyse, answer, response
from services.clinical.profile import Profile

router = APIRouter(tags=["analysis"])


@router.post("/analyze")
def analyze(profile: Profile, services: MayUseServices, caller: Caller) -> Response:
    """Analyse a patient profile: interpretation, scores, flare risk, treatments, alerts, and what is missing.

    `cross_agent_findings` holds what the variant tables of the patient show, each with its table, sources and limits.
    """
    known = services.genomic_findings.enriched(profile, caller) if services is not None else profile
    analysis = analyse(known, today=datetime.now(UTC).date())
    return Response(to_json(response(analysis)), media_type="application/json")


@router.post("/differential")
def differential(question: DifferentialQuestion) -> Response:
    """Rank the thirteen diseases from antibodies, HLA, symptoms and laboratory values."""
    return Response(to_json(answer(question)), media_type="application/json")
