"""The installation of reference data itself, as the child process does it: from published files to a pack."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.errors import ConflictError, InvalidInputError
from services.pipelines.import_work import RefusedError
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackRequest

_TELL_SECONDS = 0.25
_CHECKSUM = "Compare both with the checksum that the source publishes. Then install it anew, the file or the checksum put right."
_KIND = "Check that this is the file as its source publishes it, of this kind and build. Then install it anew."


def install_reference(payload: Mapping[str, Any], report: Callable[[float, str], None]) -> dict[str, Any]:
    """Install the files `payload["sources"]` into the library at `payload["root"]`; returns kind, build and version of the pack.

    :raise RefusedError: the files are not what was asked for, or this version is installed.
    """
    told = 0.0

    def tell(share: float, message: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_SECONDS:
            told = now
            report(share, message)

    library = ReferenceLibrary(Path(payload["root"]))
    request = PackRequest.from_dict(payload["request"])
    try:
        pack = library.install([Path(path) for path in payload["sources"]], request, tell)
    except ConflictError as error:
        raise RefusedError({"reason": error.message, "advice": "Nothing is to be done, or remove that version first."}) from error
    except InvalidInputError as error:
        raise RefusedError({"reason": error.message, "advice": _CHECKSUM if "checksum" in error.message else _KIND}) from error
    return {"key": pack.key}
