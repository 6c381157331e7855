"""The clinical engine over HTTP: the whole analysis of a profile, and a differential from names.

Both are computed from the request alone: no patient row is read or written, and nothing is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic_core import to_json

from services.clinical.analysis import DifferentialQuestion, analyse, answer, response
from services.clinical.profile import Profile

router = APIRouter(tags=["analysis"])


@router.post("/analyze")
def analyze(profile: Profile) -> Response:
    """Analyse a patient profile: interpretation, scores, flare risk, treatments, alerts, and what is missing."""
    analysis = analyse(profile, today=datetime.now(UTC).date())
    return Response(to_json(response(analysis)), media_type="application/json")


@router.post("/differential")
def differential(question: DifferentialQuestion) -> Response:
    """Rank the thirteen diseases from antibodies, HLA, symptoms and laboratory values."""
    return Response(to_json(answer(question)), media_type="application/json")
