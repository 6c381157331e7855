"""Identity, health and metrics: the endpoints that need no key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.dependencies import UsesServices
from services.errors import UnavailableError
from services.evidence.embedder import EmbedderState

router = APIRouter(tags=["system"])

SERVICE = "Precision Autoimmune Intelligence Agent"


@router.get("/")
def root(services: UsesServices) -> dict[str, Any]:
    """Service identity and ports."""
    settings = services.settings
    return {
        "service": SERVICE, "version": "1.0.0", "status": "running",
        "ports": {"api": settings.api_port, "ui": settings.ui_port},
    }


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/health")
def health(services: UsesServices) -> dict[str, Any]:
    """Whether each part works. `degraded` when one does not, or when the evidence is not ready to be searched."""
    counts = _counts(services)
    ready = services.embedder.state is EmbedderState.READY
    preparation = services.preparation.status
    healthy = counts is not None and ready and services.readiness.ready and preparation.failure is None
    return {
        "status": "healthy" if healthy else "degraded",
        "service": "autoimmune-agent",
        "milvus_connected": counts is not None,
        "collections": len(counts or {}),
        "total_vectors": sum((counts or {}).values()),
        "embedder_loaded": ready,
        "llm_available": services.assistant.model_available,
        "uptime_seconds": int(services.uptime_seconds),
        "preparation": {"stage": preparation.stage, "done": preparation.done, "failure": preparation.failure},
    }


@router.get("/metrics")
def metrics(services: UsesServices) -> Response:
    """Prometheus text exposition."""
    registry = CollectorRegistry()
    Gauge("autoimmune_agent_up", "Whether the agent is running", registry=registry).set(1)
    vectors = Gauge(
        "autoimmune_collection_vectors", "Number of vectors per collection", ["collection"], registry=registry
    )
    for name, count in (_counts(services) or {}).items():
        vectors.labels(collection=name).set(count)
    Gauge("autoimmune_agent_uptime_seconds", "Agent uptime", registry=registry).set(int(services.uptime_seconds))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _counts(services: UsesServices) -> dict[str, int] | None:
    """Rows of each existing collection, or None when the store does not answer."""
    if not services.store.connected():
        return None
    try:
        return {status.collection.name: status.rows for status in services.store.statuses() if status.exists}
    except UnavailableError:
        return None
