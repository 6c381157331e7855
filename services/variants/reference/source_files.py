"""The files a pack is made from: which they are, and whether they are those that were published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.variants.reference.converting import Report, ShouldStop

_PIECE = 1 << 20
_MAX_FILES = 200
_SIDE_FILES = {".tbi", ".csi", ".fai", ".gzi", ".md5", ".sha256"}


@dataclass(frozen=True, slots=True)
class CheckedSources:
    """Name, size and checksum of each file, and one checksum for all."""

    entries: tuple[dict[str, Any], ...]
    sha256: str


def list_sources(source: Path | Sequence[Path]) -> tuple[Path, ...]:
    """Return the files to read, in order of their names; a folder stands for the files in it, indexes and checksums left out.

    :raise NotFoundError: there is no such file.
    :raise InvalidInputError: a folder is empty or holds too many files.
    """
    found: list[Path] = []
    for path in [source] if isinstance(source, Path) else source:
        if path.is_dir():
            inside = (one for one in path.iterdir() if one.is_file() and one.suffix not in _SIDE_FILES)
            found += sorted(one for one in inside if not one.name.startswith("."))
        elif path.is_file():
            found.append(path)
        else:
            raise NotFoundError(f"there is no file {path.name}")
    if not found:
        raise InvalidInputError("the folder holds no file to install")
    if len(found) > _MAX_FILES:
        raise InvalidInputError(f"{len(found):,} files are more than the {_MAX_FILES} a pack can be made from")
    return tuple(path.absolute() for path in found)


def checked_sources(
    paths: Sequence[Path], sha256: str | None, md5: str | None, report: Report, should_stop: ShouldStop
) -> CheckedSources:
    """Read all files once and compare their checksum with the published one, where one was given.

    :raise InvalidInputError: a file is empty, or the checksum differs.
    """
    if (sha256 or md5) and len(paths) > 1:
        raise InvalidInputError("a checksum belongs to one file: give the files of a pack without it, or one by one")
    total, done = sum(path.stat().st_size for path in paths), 0
    entries = []
    for path in paths:
        digests = (hashlib.sha256(), hashlib.md5(usedforsecurity=False))
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                if should_stop():
                    raise ConflictError("the installation was stopped; nothing was installed")
                for digest in digests:
                    digest.update(piece)
                done += len(piece)
                report(done / total, "Checking the file")
        found = [digest.hexdigest() for digest in digests]
        _compare(path, "SHA-256", sha256, found[0])
        _compare(path, "MD5", md5, found[1])
        if not path.stat().st_size:
            raise InvalidInputError("the file is empty")
        entries.append({"name": path.name, "bytes": path.stat().st_size, "sha256": found[0]})
    if len(entries) == 1:
        return CheckedSources(tuple(entries), str(entries[0]["sha256"]))
    together = hashlib.sha256("".join(f"{entry['sha256']}\n" for entry in entries).encode()).hexdigest()
    return CheckedSources(tuple(entries), together)


def _compare(path: Path, name: str, wanted: str | None, found: str) -> None:
    if wanted is not None and wanted != found:
        raise InvalidInputError(
            f"the {name} checksum of {path.name} is {found}, but {wanted} was expected: the file is damaged or another one"
        )
