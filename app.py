"""The entry point: builds the services once and serves dashboard and API in one process.

`streamlit run app.py` serves the dashboard, with the API under `/api` of the same origin; the API also listens alone on
`AUTO_API_PORT`. One process owns the embedded evidence store, and the dashboard calls the services without HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from streamlit.runtime.pages_manager import PagesManager

from api.application import create_api
from api.rate_limits import RequestLimits
from api.security import SECURITY_HEADERS
from components import igv_library
from components.runtime import current_services, provide_services
from services.container import Services, build_services
from services.errors import ConfigurationError, ParatopeError, UnavailableError
from services.settings import Settings, load_settings

_ROOT = Path(__file__).resolve().parent
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; form-action 'self'"
)

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
# these log one line a request with its whole URL, which may carry a key
for chatty in ("httpx", "httpx2", "milvus_lite", "sentence_transformers", "faiss", "fontTools"):
    logging.getLogger(chatty).setLevel(logging.WARNING)
# a failed call is logged there with pages of frames and the filter it carried, and by us in one line as what it means
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
_LOG = logging.getLogger("paratope")


class SecurityHeadersMiddleware:
    """Adds the policy headers to what the dashboard serves; the mounted API sets its own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path == "/api" or path.startswith("/api/"):
            await self._app(scope, receive, send)
            return

        async def reply(message: Any) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in SECURITY_HEADERS}
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in named]
                message["headers"] = [*kept, *SECURITY_HEADERS, (b"content-security-policy", _POLICY.encode())]
            await send(message)

        await self._app(scope, receive, reply)


class ApiServer:
    """The API on its own port, in a thread of this process.

    :raise ConfigurationError: the port is taken; raised before anything is announced.
    """

    def __init__(self, settings: Settings) -> None:
        family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((settings.api_host, settings.api_port))
        except OSError as error:
            self._socket.close()
            raise ConfigurationError(
                f"the API cannot listen on {settings.api_host}:{settings.api_port} ({error.strerror}): stop the program that "
                "uses the port, or set AUTO_API_PORT"
            ) from error
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_api(settings, current_services, _LIMITS), log_level="warning", access_log=False, server_header=False
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="api", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    settings = load_settings()
    try:
        server = ApiServer(settings)
        services = build_services(settings)
    except ParatopeError as error:
        _refuse_to_start(error)
    provide_services(services)
    await asyncio.to_thread(_start_jobs, services)  # what a crash interrupted goes on at once
    services.preparation.start()
    _tell_of_the_end(services)
    server.start()
    _announce(services.assistant.model_available)
    try:
        yield {}
    finally:
        server.stop()
        provide_services(None)
        services.close()


def _start_jobs(services: Services) -> None:
    """Begin to run jobs. Without its queue the rest of the program works, and jobs that are submitted wait for the next start."""
    try:
        services.jobs.start()
    except UnavailableError as error:
        _LOG.error("%s: jobs are stored, and will be run after a restart", error.message)


def _tell_of_the_end(services: Services) -> None:
    """Let responses that follow jobs end when the program is told to: the server waits for open ones, and they never would."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(received: int, frame: Any, before: Any = before) -> None:
            services.jobs.announce_end()
            if callable(before):
                before(received, frame)

        signal.signal(number, handle)


def _settings() -> Settings:
    try:
        return load_settings()
    except ParatopeError as error:
        _refuse_to_start(error)


def _refuse_to_start(error: ParatopeError) -> NoReturn:
    """Say why in one sentence and end at once: the server around us would go on serving pages without services."""
    sys.stderr.write(f"Paratope cannot start: {error.message}\n")
    sys.stderr.flush()
    os._exit(2)


def _announce(model_available: bool) -> None:
    settings = load_settings()
    lines = [
        "",
        f"  Paratope        http://localhost:{settings.ui_port}",
        f"  API             http://{settings.api_host}:{settings.api_port}",
    ]
    if not model_available:
        lines.append("  language model  none: answers are quotations from the evidence (set ANTHROPIC_API_KEY to change that)")
    if settings.api_key is None:
        lines.append("  API key         none: the API listens on this machine only (set AUTO_API_KEY to change that)")
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


# Streamlit takes a folder named `pages` for its older way of making pages until `st.navigation` has run once: the first deep
# link after a start would get "Page not found" over the right page. This is the flag that `st.navigation` itself sets.
PagesManager.uses_pages_directory = False

_LIMITS = RequestLimits(_settings().rate_limit_per_minute)  # one budget for a client, whichever port it asks

app = st.App(
    str(_ROOT / "dashboard.py"),
    lifespan=lifespan,
    middleware=[
        Middleware(SecurityHeadersMiddleware),
        # a foreign host name that resolves to this machine must not reach the dashboard, by HTTP or by WebSocket
        Middleware(TrustedHostMiddleware, allowed_hosts=list(_settings().allowed_hosts), www_redirect=False),
    ],
    routes=[Mount("/api", create_api(_settings(), current_services, _LIMITS)), *igv_library.routes()],
)
