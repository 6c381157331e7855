"""The installed packs: found, chosen, installed and removed.

    <root>/<kind>/<GRCh37|GRCh38|any>/<version>/   manifest.json and the data
    <root>/.building/<id>/                         a pack on its way in or out; never read
    <root>/pins.json                               versions an administrator chose in place of the newest

A pack is built in a hidden folder and renamed into its place, so a reader sees all of it or nothing, whatever is killed when.
The folder is the record: there is no list that could disagree with it.

`data.parquet` of the kinds with alleles is sorted by `chrom_order, pos, ref, alt`; `chrom` is written without "chr" (1-22, X, Y,
MT), `chrom_order` counts from 0 in that order, `pos` from 1; alleles are upper case and otherwise as published, one row for
each ALT.
SEE: `services/variants/reference/layouts.py` for the columns of each kind.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from services.genomics.genome import GenomeBuild
from services.variants.reference.checks import refuse_other_sequence
from services.variants.reference.converting import Conversion, Converted, Report, ShouldStop
from services.variants.reference.layouts import LAYOUTS
from services.variants.reference.model import ANY_BUILD, Pack, PackKind, PackRequest
from services.variants.reference.registry import convert
from services.variants.reference.source_files import checked_sources, list_sources
from services.variants.reference.tables import TABLE

_LOG = logging.getLogger("paratope.reference")
CONVERTER_VERSION = "1"
MANIFEST = "manifest.json"
_BUILDING = ".building"
_LOCK = ".lock"
_GATE = "gate.lock"
_PINS = "pins.json"
_FORMAT = 1
_CHECKED_SHARE = 0.1


def _silent(_share: float, _message: str) -> None:
    """Show progress to nobody."""


def _never() -> bool:
    return False


class ReferenceLibrary:
    """The packs below `root`. Safe for several threads and processes."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def root(self) -> Path:
        return self._root

    def installed(self) -> tuple[Pack, ...]:
        """Return all packs, by kind and build, the newest of each first."""
        found = [
            pack for kind in PackKind for build in (*GenomeBuild, None) for pack in self._packs(kind, build)
        ]
        return tuple(found)

    def active(self, kind: PackKind, build: GenomeBuild | str | None = None) -> Pack | None:
        """Return the pack of a kind that is used for a build: the pinned version, else the newest; None where none is installed.

        Kinds without coordinates have one pack for both builds.
        """
        wanted = GenomeBuild(build) if build is not None and kind.has_build else None
        packs = self._packs(kind, wanted)
        pinned = self._pins().get(_place(kind, wanted))
        return next((pack for pack in packs if pack.version == pinned), packs[0] if packs else None)

    def find(self, kind: PackKind, build: GenomeBuild | None, version: str) -> Pack:
        """Return one installed pack.

        :raise NotFoundError: it is not installed.
        """
        for pack in self._packs(kind, build if kind.has_build else None):
            if pack.version == version:
                return pack
        raise NotFoundError(f"{kind.label} {version[:64]} is not installed{f' for {build}' if build else ''}")

    def why_missing(self, kind: PackKind, build: GenomeBuild | str | None = None) -> str:
        """Return the sentence that says why nothing of a kind can be shown; empty where a pack is installed."""
        if self.active(kind, build) is not None:
            return ""
        where = f" for {build}" if build is not None and kind.has_build else ""
        return f"not annotated: no pack of {kind.label} is installed{where}"

    def installed_by(self, origin: str) -> Pack | None:
        """Return the pack that somebody asked for, `origin` being what the request said."""
        return next((pack for pack in self.installed() if self.manifest(pack).get("origin") == origin), None)

    def has(self, kind: PackKind, build: GenomeBuild | None, version: str) -> bool:
        """Tell whether a version is installed."""
        return self._folder(kind, build if kind.has_build else None, version).is_dir()

    def manifest(self, pack: Pack) -> dict[str, Any]:
        """Return all that was recorded when a pack was installed."""
        content: dict[str, Any] = json.loads((pack.folder / MANIFEST).read_text(encoding="utf-8"))
        return content

    def install(
        self, source: Path | Sequence[Path], request: PackRequest, report: Report = _silent, should_stop: ShouldStop = _never,
    ) -> Pack:
        """Convert a published file (or several, or a folder of them) into a pack and put it into its place.

        :raise InvalidInputError: the file is damaged, of another kind or build, or holds no usable row.
        :raise ConflictError: this version is installed already, or the installation was stopped.
        :raise UnavailableError: the disk is full.
        """
        sources = list_sources(source)
        if request.version is not None:
            self._refuse_installed(request, request.version)
        with self._building() as folder:
            checked = checked_sources(
                sources, request.sha256, request.md5, lambda share, text: report(share * _CHECKED_SHARE, text), should_stop
            )
            made = _converted(
                request.kind,
                Conversion(
                    sources, request.build, folder,
                    lambda share, text: report(_CHECKED_SHARE + (1 - _CHECKED_SHARE) * share, text), should_stop,
                ),
            )
            self._refuse_other_build(request, folder)
            chosen = request.version or made.version
            if chosen is None:
                raise InvalidInputError(f"the file does not say which version of {request.kind.label} it is: state the version")
            self._refuse_installed(request, chosen)
            _write_manifest(folder, _manifest(request, chosen, made, checked.entries, checked.sha256))
            _put_on_disk(folder)
            target = self._folder(request.kind, request.build, chosen)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                folder.rename(target)
            except OSError as error:
                raise ConflictError(f"{request.kind.label} {chosen} was installed by somebody else meanwhile") from error
        return self.find(request.kind, request.build, chosen)

    def remove(self, pack: Pack) -> None:
        """Delete a pack; readers that have its files open keep them. Idempotent."""
        target = self._folder(pack.kind, pack.build, pack.version)
        if self._pins().get(_place(pack.kind, pack.build)) == pack.version:
            self.unpin(pack.kind, pack.build)
        hidden = self._hidden(uuid4().hex)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.rename(hidden)
        except FileNotFoundError:
            return
        shutil.rmtree(hidden, ignore_errors=True)

    def pin(self, pack: Pack) -> None:
        """Use this version, also when a newer one is installed later."""
        self.find(pack.kind, pack.build, pack.version)
        self._change_pin(_place(pack.kind, pack.build), pack.version)

    def unpin(self, kind: PackKind, build: GenomeBuild | None) -> None:
        """Use the newest version again. Idempotent."""
        self._change_pin(_place(kind, build), None)

    def pinned(self, pack: Pack) -> bool:
        """Tell whether a pack is used because an administrator chose it."""
        return self._pins().get(_place(pack.kind, pack.build)) == pack.version

    def sweep(self) -> int:
        """Delete what killed installations left behind; return how many. Running ones are left alone."""
        hidden = self._root / _BUILDING
        if not hidden.is_dir():
            return 0
        with _lock(hidden / _GATE, wait=True):
            return self._sweep_behind_the_gate(hidden)

    # -- folders

    def _packs(self, kind: PackKind, build: GenomeBuild | None) -> list[Pack]:
        folder = self._root / kind / (build or ANY_BUILD)
        if not folder.is_dir():
            return []
        packs = [pack for path in folder.iterdir() if (pack := _read_pack(path)) is not None]
        return sorted(packs, key=lambda pack: (pack.date, _natural(pack.version)), reverse=True)

    def _folder(self, kind: PackKind, build: GenomeBuild | None, version: str) -> Path:
        return self._root / kind / (build or ANY_BUILD) / version

    def _hidden(self, name: str) -> Path:
        return self._root / _BUILDING / name

    def _refuse_installed(self, request: PackRequest, version: str) -> None:
        if self._folder(request.kind, request.build, version).exists():
            what = f"{request.kind.label} {version}{f' for {request.build}' if request.build else ''}"
            raise ConflictError(f"{what} is installed already: remove it first, or state another version")

    def _refuse_other_build(self, request: PackRequest, folder: Path) -> None:
        sequence = self.active(PackKind.SEQUENCE, request.build) if request.build else None
        if sequence is not None and "ref" in LAYOUTS.get(request.kind, {}):
            refuse_other_sequence(folder / TABLE, sequence.path, str(request.build))

    @contextmanager
    def _building(self) -> Iterator[Path]:
        """Give a hidden folder whose lock says that somebody works in it; nothing of it is left if the work fails."""
        folder = self._hidden(uuid4().hex)
        lock = folder.with_suffix(_LOCK)
        with contextlib.ExitStack() as held, _plain_errors():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _lock(folder.parent / _GATE, wait=True):
                self._sweep_behind_the_gate(folder.parent)
                held.enter_context(_lock(lock, wait=True))
                folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)

    def _sweep_behind_the_gate(self, hidden: Path) -> int:
        """Delete folders that nobody works in. Folder and lock appear together while the gate is held, so none is mistaken."""
        removed = 0
        for folder in hidden.iterdir():
            if not folder.is_dir():
                continue
            with _lock(folder.with_suffix(_LOCK)) as mine:
                if mine:
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.with_suffix(_LOCK).unlink(missing_ok=True)
                    removed += 1
        return removed

    # -- pins

    def _pins(self) -> dict[str, str]:
        try:
            content = json.loads((self._root / _PINS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {str(place): str(version) for place, version in content.items()}

    def _change_pin(self, place: str, version: str | None) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        with _lock(self._root / f"{_PINS}.lock", wait=True):
            pins = self._pins()
            pins.pop(place, None)
            if version is not None:
                pins[place] = version
            written = self._root / f"{_PINS}.new"
            written.write_text(json.dumps(pins, indent=1, sort_keys=True), encoding="utf-8")
            os.replace(written, self._root / _PINS)


def _converted(kind: PackKind, conversion: Conversion) -> Converted:
    made = convert(kind, conversion)
    if made.rows == 0:
        raise InvalidInputError(f"no usable row for {kind.label} was found in the file")
    return made


def _manifest(
    request: PackRequest, version: str, made: Converted, entries: Sequence[dict[str, Any]], sha256: str
) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "kind": request.kind.value,
        "name": request.name or made.name or request.kind.label,
        "build": request.build.value if request.build else None,
        "version": version,
        "date": request.date or made.date or "",
        "source_url": request.source_url,
        "licence": request.licence,
        "sha256": sha256,
        "rows": made.rows,
        "sources": list(entries),
        "notes": list(made.notes),
        "origin": request.origin,
        "facts": dict(made.facts),
        "converter": CONVERTER_VERSION,
        "tools": _tools(),
        "installed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _tools() -> dict[str, str]:
    return {name: version(name) for name in ("duckdb", "pyarrow", "pysam")}


def _write_manifest(folder: Path, content: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _put_on_disk(folder: Path) -> None:
    """A name must not reach the disk before what it names."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _read_pack(folder: Path) -> Pack | None:
    """Read a pack; None for a folder that is none, or is just being removed."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return _pack(content, folder)
    except OSError:
        return None
    except (KeyError, TypeError, ValueError):
        _LOG.warning("the manifest of a pack of reference data cannot be read: %s", folder.name)
        return None


def _pack(content: dict[str, Any], folder: Path) -> Pack:
    return Pack(
        kind=PackKind(content["kind"]), name=content["name"], build=GenomeBuild(content["build"]) if content["build"] else None,
        version=content["version"], date=content["date"], source_url=content["source_url"], licence=content["licence"],
        sha256=content["sha256"], rows=content["rows"], folder=folder,
    )


def _place(kind: PackKind, build: GenomeBuild | None) -> str:
    return f"{kind}/{build or ANY_BUILD}"


def _natural(version: str) -> tuple[tuple[int, int | str], ...]:
    """Order versions as people do: 2.10 after 2.9."""
    parts = re.findall(r"\d+|[^\d]+", version)
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnavailableError("the disk is full; nothing was installed: free space, then try again") from error
        raise UnavailableError(f"a file could not be read or written ({error.strerror}): ask an administrator") from error


@contextmanager
def _lock(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock of a file; gives False where another process holds it. It ends with the process, however that ends."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
