"""Builds the FastAPI application. It is mounted at `/api` of the dashboard's origin and served alone on the API port."""

from __future__ import annotations

from fastapi import FastAPI

from api import analyze, collections, export, ingest, query, system, uploads
from api.dependencies import ServicesProvider
from api.errors import install_error_handlers
from api.security import GuardMiddleware
from services.access.principals import Principal
from services.access.tickets import UPLOADS
from services.settings import Settings

VERSION = "1.0.0"


def create_api(settings: Settings, services: ServicesProvider) -> FastAPI:
    """Return the application; `services` is asked on each request, so it may be built before the services are."""
    app = FastAPI(
        title="Paratope", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/openapi.json",
        description="Decision support for clinicians: not a diagnosis, not for time-critical use.",
    )
    app.state.services = services

    def holder(ticket: str) -> Principal | None:
        running = services()
        return running.tickets.holder(ticket, UPLOADS) if running else None

    app.add_middleware(GuardMiddleware, settings=settings, holder=holder)
    install_error_handlers(app)
    for router in (system.router, query.router, analyze.router, export.router, ingest.router, collections.router, uploads.router):
        app.include_router(router)
    return app
