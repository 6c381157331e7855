"""Questions: answered, streamed, or evidence only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.dependencies import Caller, UsesServices
from services.assistant.answers import Answer, AnswerState, Failed, Finished, TextDelta
from services.clinical.profile import PatientId
from services.errors import ParatopeError
from services.evidence.passages import Hit

router = APIRouter(tags=["query"])

MAX_TEXT = 1_000


class SearchRequest(BaseModel):
    """`top_k` is the number of passages from each collection; null or left out: 5."""

    question: Annotated[str, Field(min_length=1, max_length=4_000)]
    patient_id: PatientId | None = None
    collections_filter: list[str] | None = None
    top_k: Annotated[int | None, Field(ge=1, le=100)] = None

    @property
    def passages_per_collection(self) -> int:
        return 5 if self.top_k is None else self.top_k


class QueryRequest(SearchRequest):
    patient_context: Annotated[str, Field(max_length=8_000)] | None = None


@router.post("/search")
def search(body: SearchRequest, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Find passages without a language model."""
    result = services.search.search(
        body.question, access=caller, patient_id=body.patient_id, collections=body.collections_filter or (),
        top_k=body.passages_per_collection,
    )
    return {"hits": [_hit(hit) for hit in result.hits], "total": len(result.hits)}


@router.post("/query")
def query(body: QueryRequest, services: UsesServices, caller: Caller) -> dict[str, Any]:
    """Answer a question with citations."""
    answer = services.assistant.answer(
        body.question, access=caller, patient_id=body.patient_id, patient_context=body.patient_context,
        collections=body.collections_filter or (), top_k=body.passages_per_collection,
    )
    return {
        "answer": answer.with_markers(),
        "evidence_count": len(answer.evidence.hits),
        "collections_searched": len(answer.evidence.collections_searched),
        "search_time_ms": round(answer.evidence.elapsed_ms, 1),
        **_provenance(answer),
    }


@router.post("/query/stream")
def query_stream(body: QueryRequest, services: UsesServices, caller: Caller) -> StreamingResponse:
    """Answer a question as server-sent events; ends with `[DONE]` only when the answer is complete.

    Citations are verified after their sentence was sent, so the markers come last: in the whole `answer` of the final event.
    """
    events = services.assistant.answer_stream(
        body.question, access=caller, patient_id=body.patient_id, patient_context=body.patient_context,
        collections=body.collections_filter or (), top_k=body.passages_per_collection,
    )
    next(events)  # the search runs here, so its errors are HTTP errors and not events

    def stream() -> Iterator[str]:
        try:
            for event in events:
                if isinstance(event, TextDelta):
                    yield _sse({"text": event.text})
                elif isinstance(event, Failed):
                    yield _sse({"error": event.error.message})
                elif isinstance(event, Finished):
                    if event.answer.state is AnswerState.COMPLETE:
                        yield _sse({"text": "", "answer": event.answer.with_markers(), **_provenance(event.answer)})
                        yield "data: [DONE]\n\n"
                    else:
                        yield _sse({"error": f"the answer is {event.answer.state.value}: ask again"})
        except ParatopeError as error:
            yield _sse({"error": error.message})

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _provenance(answer: Answer) -> dict[str, Any]:
    return {
        "mode": answer.mode.value,
        "state": answer.state.value,
        "model": answer.model,
        "citations": [
            {
                "number": one.number, "source": one.source_uri, "title": one.title, "page": one.page,
                "document_date": one.document_date, "cited_text": one.cited_text,
            }
            for one in answer.citations
        ],
        "warnings": [warning.message for warning in answer.warnings],
    }


def _sse(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _hit(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    provenance = {
        "title": passage.title, "patient_id": passage.patient_id, "document_id": passage.document_id, "page": passage.page,
        "section": passage.section, "document_date": passage.document_date, "source": passage.source,
        "tier": passage.tier.value, "citation": passage.source_uri,
    }
    return {
        "collection": passage.collection,
        "id": passage.id,
        "score": round(hit.score, 4),
        "text": passage.text[:MAX_TEXT],
        "relevance": hit.relevance.value,
        "metadata": {**{key: value for key, value in provenance.items() if value is not None}, **passage.metadata},
    }
