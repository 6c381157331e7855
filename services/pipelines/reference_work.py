"""The installation of reference data itself, as the child process does it: from published files to a pack."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackRequest

_TELL_SECONDS = 0.25


def install_reference(payload: Mapping[str, Any], report: Callable[[float, str], None]) -> dict[str, Any]:
    """Install the files `payload["sources"]` into the library at `payload["root"]`; returns kind, build and version of the pack.

    Raises what `ReferenceLibrary.install` raises.
    """
    told = 0.0

    def tell(share: float, message: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_SECONDS:
            told = now
            report(share, message)

    library = ReferenceLibrary(Path(payload["root"]))
    pack = library.install([Path(path) for path in payload["sources"]], PackRequest.from_dict(payload["request"]), tell)
    return {"key": pack.key}
