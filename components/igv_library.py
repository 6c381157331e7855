"""Serves igv.js to the dashboard's own page, with a guard in front of it that lets it ask no other host.

The file is 1.5 MB: as a response of its own it is sent once and kept by the browser, where the text of a component would travel
with every page. It lies in the repository as it was published; `components/assets/igv/README.md` says where it comes from.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VERSION = "3.8.10"
SHA256 = "4cada8a46e3a6c6bccb5fa15bfed0c4adf7c0c66bdc8ee387ec77391e6d948dc"
FILE = Path(__file__).parent / "assets" / "igv" / "igv.esm.min.js"
_GUARD = FILE.with_name("same_origin.js")


@cache
def _module() -> bytes:
    """The guard and the library as one module, so that the guard's names hide the browser's in it."""
    library = FILE.read_bytes().rpartition(b"//# sourceMappingURL=")[0]
    return _GUARD.read_bytes() + b"\n" + library


@cache
def library_url() -> str:
    """The address of the module; it changes with its content, so a browser may keep the module for ever."""
    return f"/library/igv-{VERSION}-{hashlib.sha256(_module()).hexdigest()[:12]}.js"


async def _serve(_: Request) -> Response:
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_module(), media_type="text/javascript", headers=kept)


def routes() -> list[Route]:
    """The one route of the library, for the dashboard's origin."""
    return [Route(library_url(), _serve, methods=["GET"])]
