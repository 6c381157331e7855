"""Keys, limits and headers of every request, as one ASGI middleware.

A key is accepted in `Authorization: Bearer`, `X-API-Key` or `?api_key=`. With no key configured the API is open and then listens
on loopback only (`Settings.refuse_open_network`); it also refuses what a browser sends for another site, under another host
name or with another origin, because every web page can reach this machine. Bodies are counted while they stream, so a missing
or lying Content-Length does not help. Requests are limited per client and minute; failed keys have a smaller bucket of their
own. What goes wrong unexpectedly is logged and answered here, so that this answer carries the headers too.

The dashboard's own page knows no key. It sends files with a ticket (`services/access/tickets.py`) in the header `Upload-Ticket`,
which opens the upload routes and nothing else, and only to a page of this very origin. The bodies of those routes go to disk
while they arrive; they have the limit of uploads instead of that of requests.

The genome view reads pieces of files the same way, with a ticket in the header `Genome-Ticket`, which opens the routes under
`/genome` and nothing else.

The stream of job events is listened to by `EventSource`, which sends no headers: there, and only there, a key may stand in
`?token=`, or a ticket for one use in `?ticket=`.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import time
import traceback
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rate_limits import RequestLimits
from services.access.principals import Principal
from services.settings import Settings

_LOG = logging.getLogger("paratope.api")

OPEN_PATHS = frozenset({"/", "/health", "/healthz", "/metrics"})
TicketHolder = Callable[[str], Principal | None]
_UPLOADS = "/uploads"
_EVENTS = "/jobs/events"
_MANY_FILES = "/jobs/upload/parabricks"
_MOST_FILES = 24
"""In one form, when it comes to its size; each file has the limit of an upload."""
_STREAMED_TO_DISK = ("/jobs/upload", _MANY_FILES)
_FORMS = ("/jobs/upload", "/ingest/upload")
_FORM_BYTES = 1 << 20
_DOWNLOADS = "/downloads/"  # what follows is random and stands for the key (`services/variants/downloads.py`)
_GENOME = "/genome/"

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"


class GuardMiddleware:
    """Checks key, rate and size, then adds the timing and security headers. Wraps the whole API."""

    def __init__(
        self, app: ASGIApp, settings: Settings, limits: RequestLimits, holder: TicketHolder, listener: TicketHolder,
        viewer: TicketHolder,
    ) -> None:
        """`holder` knows the tickets for uploads, `viewer` those of genome views, `listener` those for events, which it ends."""
        self._app = app
        self._holder = holder
        self._listener = listener
        self._viewer = viewer
        self._key = settings.api_key.get_secret_value() if settings.api_key else None
        self._max_bytes = settings.max_request_size_mb << 20
        self._max_upload_bytes = (settings.max_upload_size_mb << 20) + _FORM_BYTES
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                elapsed = f"{(time.perf_counter() - started) * 1000:.1f}".encode()
                message["headers"] = [
                    *message["headers"], *SECURITY_HEADERS,
                    (b"content-security-policy", API_POLICY), (b"x-process-time-ms", elapsed),
                ]
            await send(message)

        refusal = self._refuse(scope, path)
        if refusal is not None:
            await _answer(reply, *refusal)
            return
        await self._limited(scope, receive, reply, path)

    def _refuse(self, scope: Scope, path: str) -> tuple[int, str, int | None] | None:
        client = (scope.get("client") or ("unknown",))[0]
        wait = self._limits.request(client)
        if wait:
            return 429, f"too many requests: wait {wait} s", wait
        sent = _sent_key(scope, path)
        if sent is None and _takes_files(path) and not _from_same_origin(Headers(scope=scope)):
            return 403, "files are taken from the dashboard's own page only", None
        if sent is None and _is_upload(path):
            return self._refuse_upload(scope, path, client)
        if sent is None and path.startswith(_GENOME) and (ticket := Headers(scope=scope).get("genome-ticket")) is not None:
            return self._refuse_ticket(scope, client, self._viewer(ticket), "ticket for the genome view")
        if sent is None and path == _EVENTS and (ticket := _parameter(scope, "ticket")) is not None:
            return self._refuse_ticket(scope, client, self._listener(ticket), "ticket for events")
        return self._refuse_key(scope, path, client, sent) or self._refuse_length(scope, path)

    def _refuse_upload(self, scope: Scope, path: str, client: str) -> tuple[int, str, int | None] | None:
        """Let in a page of ours with its ticket, and who would be let in without one."""
        ticket = Headers(scope=scope).get("upload-ticket")
        if ticket is None:
            return self._refuse_key(scope, path, client, None) or self._refuse_length(scope, path)
        refusal = self._refuse_ticket(scope, client, self._holder(ticket), "upload ticket")
        return refusal or self._refuse_length(scope, path)

    def _refuse_ticket(
        self, scope: Scope, client: str, principal: Principal | None, name: str
    ) -> tuple[int, str, int | None] | None:
        if principal is None:
            wait = self._limits.wrong_key(client)
            return (429, f"too many wrong tickets: wait {wait} s", wait) if wait else (401, f"the {name} has ended", None)
        scope.setdefault("state", {})["principal"] = principal
        return None

    def _refuse_key(self, scope: Scope, path: str, client: str, sent: str | None) -> tuple[int, str, int | None] | None:
        if self._key is not None and not (sent is None and (path in OPEN_PATHS or path.startswith(_DOWNLOADS))):
            if sent is None:
                return 401, "this endpoint needs an API key: send X-API-Key or Authorization: Bearer", None
            if not hmac.compare_digest(sent.encode(), self._key.encode()):
                wait = self._limits.wrong_key(client)
                return (429, f"too many wrong keys: wait {wait} s", wait) if wait else (401, "the API key is not valid", None)
        if self._key is None and _from_another_site(Headers(scope=scope)):
            return 403, "without a key the API answers only to this machine's own names: set AUTO_API_KEY to use others", None
        return None

    def _refuse_length(self, scope: Scope, path: str) -> tuple[int, str, int | None] | None:
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._limit(path):
            return self._too_large(path)
        return None

    def _limit(self, path: str) -> int:
        if path == _MANY_FILES:
            return _MOST_FILES * self._max_upload_bytes
        return self._max_upload_bytes if _goes_to_disk(path) else self._max_bytes

    def _too_large(self, path: str) -> tuple[int, str, int | None]:
        setting = "AUTO_MAX_UPLOAD_SIZE_MB" if _goes_to_disk(path) else "AUTO_MAX_REQUEST_SIZE_MB"
        return 413, f"the request is larger than {self._limit(path) >> 20} MB ({setting})", None

    async def _limited(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        limit = self._limit(path)
        received = 0
        answered = False

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _BodyTooLargeError
            return message

        async def noted_send(message: Message) -> None:
            nonlocal answered
            if received > limit and not answered:
                return  # the framework reports our refusal as a malformed body; the answer is given below
            answered = True
            await send(message)

        try:
            await self._app(scope, counted_receive, noted_send)
        except _BodyTooLargeError:
            pass
        except Exception as error:
            _log_unexpected(scope, error)
            if answered:
                raise  # a stream that broke off must not look complete
            await _answer(send, 500, "unexpected error: it was logged; try again or report it", None)
            return
        if received > limit and not answered:
            await _answer(send, *self._too_large(path))


class _BodyTooLargeError(Exception):
    """The body went over the limit while it was streaming; never leaves this module."""


def _log_unexpected(scope: Scope, error: Exception) -> None:
    """Log the kind of error and where it happened: the URL may carry a key, and the message a patient's data."""
    route = getattr(scope.get("route"), "path", "an unknown path")
    frames = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("unexpected %s in %s %s\n%s", type(error).__name__, scope["method"], route, frames)


def _from_another_site(headers: Headers) -> bool:
    """Whether the request names another host than this machine, or was sent by a page of another site."""
    origin = headers.get("origin")
    return not _is_this_machine(f"//{headers.get('host', '')}") or (origin is not None and not _is_this_machine(origin))


def _is_upload(path: str) -> bool:
    return path == _UPLOADS or path.startswith(f"{_UPLOADS}/")


def _takes_files(path: str) -> bool:
    """Whether a form of another page could send a file there: a browser sends forms without asking first."""
    return _is_upload(path) or path.startswith(_FORMS)


def _goes_to_disk(path: str) -> bool:
    return path.startswith(f"{_UPLOADS}/") or path in _STREAMED_TO_DISK


def _from_same_origin(headers: Headers) -> bool:
    """Whether a browser says that the page it shows is of this origin; what is no browser says nothing.

    A page cannot forge either header. `Sec-Fetch-Site` also holds behind a proxy that changes the host name.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin in (f"https://{headers.get('host')}", f"http://{headers.get('host')}")


def _is_this_machine(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sent_key(scope: Scope, path: str) -> str | None:
    headers = Headers(scope=scope)
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    if headers.get("x-api-key"):
        return headers["x-api-key"]
    if path == _EVENTS and (token := _parameter(scope, "token")) is not None:
        return token
    return _parameter(scope, "api_key")


def _parameter(scope: Scope, name: str) -> str | None:
    values = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name)
    return values[0] if values else None


async def _answer(send: Send, status: int, detail: str, retry_after: int | None) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
