"""Builds the FastAPI application. It is mounted at `/api` of the dashboard's origin and served alone on the API port."""

from __future__ import annotations

from fastapi import FastAPI

from api import (
    analyze,
    classify,
    collections,
    export,
    genome,
    ingest,
    jobs,
    query,
    reads,
    reference,
    system,
    tables,
    uploads,
    variant_notes,
)
from api.dependencies import ServicesProvider
from api.errors import install_error_handlers
from api.rate_limits import RequestLimits
from api.security import GuardMiddleware
from services.access.principals import Principal
from services.access.tickets import GENOME_VIEW, JOB_EVENTS, UPLOADS
from services.settings import Settings

VERSION = "1.0.0"


def create_api(settings: Settings, services: ServicesProvider, limits: RequestLimits | None = None) -> FastAPI:
    """Return the application; `services` is asked on each request, so it may be built before the services are.

    `limits` are shared by the applications of a process; without them this one has its own.
    """
    app = FastAPI(
        title="Paratope", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/openapi.json",
        description="Decision support for clinicians: not a diagnosis, not for time-critical use.",
    )
    app.state.services = services

    def holder(ticket: str) -> Principal | None:
        running = services()
        return running.tickets.holder(ticket, UPLOADS) if running else None

    def listener(ticket: str) -> Principal | None:
        running = services()
        return running.tickets.redeem(ticket, JOB_EVENTS) if running else None

    def viewer(ticket: str) -> Principal | None:
        running = services()
        return running.tickets.holder(ticket, GENOME_VIEW) if running else None

    app.add_middleware(
        GuardMiddleware, settings=settings, limits=limits or RequestLimits(settings.rate_limit_per_minute),
        holder=holder, listener=listener, viewer=viewer,
    )
    install_error_handlers(app)
    for router in (system.router, query.router, analyze.router, export.router, ingest.router, collections.router, uploads.router):
        app.include_router(router)
    app.include_router(reads.router)
    app.include_router(reference.router)
    app.include_router(jobs.router)
    app.include_router(tables.router)
    app.include_router(genome.router)
    app.include_router(variant_notes.router, prefix="/api")
    app.include_router(classify.router, prefix="/api")
    app.include_router(classify.router, include_in_schema=False)
    app.include_router(variant_notes.router, include_in_schema=False)
    return app
