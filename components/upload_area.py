"""The area on which files are dropped: sends them in pieces, shows progress, pauses, resumes, goes on after a reload.

The browser talks to the upload routes of this origin with a ticket made for this page; nothing comes from another host.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from components.formatting import file_size
from services.access.principals import Principal
from services.access.tickets import UPLOADS
from services.container import Services
from services.uploads.model import Upload

_ASSETS = Path(__file__).parent / "assets"
_ROUTE = "/api/uploads"
_CHUNK_BYTES = 8 << 20
_KINDS = ".vcf,.bcf,.csv,.tsv,.txt,.bed,.gz,.bgz,.bz2"
_HINT = "VCF, BCF, CSV or TSV, plain or packed with gzip"

_AREA = st.components.v2.component(
    "paratope_upload_area",
    html=(_ASSETS / "upload_area.html").read_text(encoding="utf-8"),
    css=(_ASSETS / "upload_area.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "upload_area.js").read_text(encoding="utf-8"),
)


def show(
    services: Services, access: Principal, ready: Sequence[Upload], *, key: str, kinds: str = _KINDS, hint: str = _HINT
) -> None:
    """Draw the area; the page runs again when a file has arrived completely. `ready` are those that have.

    One area at a time: what is being sent is shown in the one that was drawn last.
    """
    limit = services.uploads.limit_bytes
    _AREA(
        key=key,
        data={
            "ticket": services.tickets.mint(access, UPLOADS),
            "url": _ROUTE,
            "chunkBytes": _CHUNK_BYTES,
            "accept": kinds,
            "hint": f"{hint}; up to {file_size(limit)} each",
            "ready": [upload.id for upload in ready],
        },
        on_arrived_change=_run_again,
        on_renew_change=_run_again,
    )


def _run_again() -> None:
    """A change of the component runs the page again; that is all that is wanted: it reads what has arrived, from the record."""
