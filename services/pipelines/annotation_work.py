"""The annotation itself, as the child process does it: from a table and the installed packs to the annotated table beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import AnnotationRequest, Packs, Part
from services.variants.annotation.service import annotate
from services.variants.annotation.vep.source import VepSource
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind

Report = Callable[[float, str], None]


def annotate_table(payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Annotate the table in `payload["folder"]`; the new files are in `payload["scratch"]/annotated`. Returns what was made.

    :raise ParatopeError: it cannot be done; the table is as it was.
    """
    build = GenomeBuild(payload["build"])
    root = payload["references"]
    request = AnnotationRequest(
        Path(payload["folder"]), build, installed_packs(Path(root), build) if root else {},
        frozenset(Part(one) for one in payload["parts"]), VepSource.from_dict(payload["vep"]) if payload.get("vep") else None,
    )
    # cancelling kills this process with all it started, so nobody has to be asked whether to stop
    return annotate(request, Path(payload["scratch"]), report, lambda: False).summary()


def installed_packs(references: Path, build: GenomeBuild) -> Packs:
    """Return the packs that are used for a build."""
    library = ReferenceLibrary(references)
    found = {kind: library.active(kind, build) for kind in PackKind}
    return {kind: pack for kind, pack in found.items() if pack is not None}
