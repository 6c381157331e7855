"""Reference data on the command line, with or without the dashboard running:

    python -m services.variants.reference list
    python -m services.variants.reference catalogue
    python -m services.variants.reference install KIND [--build B] [--version V] (--file F ... | --url U) [--sha256 S | --md5 S]
    python -m services.variants.reference update KIND [--build B] [--file F ... | --url U]
    python -m services.variants.reference remove KIND [--build B] --version V

The folder is that of the settings (`AUTO_REFERENCE_DIR`). The exit status is 0 when it was done, 1 when it could not be, 2 when
the command is not understood.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from services.errors import ConflictError, InvalidInputError, ParatopeError
from services.genomics.genome import GenomeBuild, build_named_in
from services.network.remote import file_name_of
from services.network.resuming import fetch_resuming, forget
from services.settings import load_settings
from services.variants.reference.catalogue import GIVES, SOURCES, Source, sources_of
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import Pack, PackKind, PackRequest

_DOWNLOADS = ".downloads"
_SPARE_BYTES = 1 << 30
_TELL_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command. Returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        library = ReferenceLibrary(load_settings().references)
        commands = {"list": _list, "catalogue": _catalogue, "install": _install, "update": _update, "remove": _remove}
        commands[given.command](library, given)
    except ParatopeError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was installed, and what was downloaded is kept\n")
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _list(library: ReferenceLibrary, _given: argparse.Namespace) -> None:
    packs = library.installed()
    if not packs:
        _say(f"No reference data is installed in {library.root}. See: python -m services.variants.reference catalogue")
    for pack in packs:
        used = library.active(pack.kind, pack.build)
        note = "pinned" if library.pinned(pack) else "in use" if used == pack else "older"
        size = f"{pack.rows:,} rows\t{pack.size / 1e6:,.1f} MB"
        _say(f"{pack.kind}\t{pack.build or '-'}\t{pack.version}\t{size}\t{note}\t{pack.name}")


def _catalogue(library: ReferenceLibrary, _given: argparse.Namespace) -> None:
    for kind in PackKind:
        _say(f"{kind}: {GIVES[kind]}")
        for source in (one for one in SOURCES if one.kind is kind):
            installed = "installed" if library.active(kind, source.build) else "not installed"
            _say(f"  {source.name} ({source.build or 'any build'}), about {source.megabytes:,} MB, {installed}")
            _say(f"    {source.url or 'fetch it from'} {source.page if not source.url else ''}".rstrip())
            _say(f"    licence: {source.licence}")


def _install(library: ReferenceLibrary, given: argparse.Namespace) -> None:
    pack = _made(library, _request(given), given)
    _say(f"Installed {pack.stamp}: {pack.rows:,} rows in {pack.folder}")
    for note in library.manifest(pack)["notes"]:
        _say(f"Note: {note}")


def _update(library: ReferenceLibrary, given: argparse.Namespace) -> None:
    """Install the newest version of a kind; what is installed already stays until it is removed."""
    request = _request(given)
    before = library.active(request.kind, request.build)
    try:
        pack = _made(library, request, given)
    except ConflictError as error:
        if before is None or "is installed already" not in error.message:
            raise
        _say(f"Up to date: {before.stamp}")
        return
    _say(f"Installed {pack.stamp}: {pack.rows:,} rows in {pack.folder}")
    now = library.active(pack.kind, pack.build)
    if now is not None and now != pack:
        reason = "it is pinned" if library.pinned(now) else "it is newer"
        _say(f"In use stays {now.stamp}: {reason}.")


def _remove(library: ReferenceLibrary, given: argparse.Namespace) -> None:
    if given.version is None:
        raise InvalidInputError("state which version is to be removed: --version")
    pack = library.find(PackKind(given.kind), _build(given), given.version)
    library.remove(pack)
    _say(f"Removed {pack.stamp}")


def _request(given: argparse.Namespace) -> PackRequest:
    """Fill what was not said from the known source, where that is what is installed."""
    kind = PackKind(given.kind)
    request = PackRequest(
        kind, _build(given), version=given.version, source_url=given.url or "", licence=given.licence or "",
        sha256=given.sha256 and given.sha256.lower(), md5=given.md5 and given.md5.lower(),
    )
    source = _known(request, given)
    if source is None:
        return request
    given.url = given.url or source.url
    version = request.version or source.version_on(datetime.now(UTC).date())
    return replace(request, version=version, source_url=source.url,
                   licence=request.licence or source.licence)


def _known(request: PackRequest, given: argparse.Namespace) -> Source | None:
    if given.file:
        return None
    known = sources_of(request.kind, request.build)
    if given.url:
        return next((source for source in known if source.url == given.url), None)
    source = next((source for source in known if source.url), None)
    if source is None:
        where = f": fetch it from {known[0].page} and give it with --file" if known else ""
        raise InvalidInputError(f"no address is known for {request.kind.label}{where}")
    return source


def _made(library: ReferenceLibrary, request: PackRequest, given: argparse.Namespace) -> Pack:
    if given.file:
        return library.install([Path(one) for one in given.file], request, _Progress().tell)
    if request.version is not None and library.has(request.kind, request.build, request.version):
        raise ConflictError(f"{request.kind.label} {request.version} is installed already")
    folder = library.root / _DOWNLOADS / "command_line"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (Path(file_name_of(given.url)).name or "download")
    shown = _Progress()
    fetch_resuming(
        given.url, path, limit_bytes=max(0, shutil.disk_usage(folder).free - _SPARE_BYTES), should_stop=lambda: False,
        on_progress=lambda received, size: shown.tell(received / size if size else 0.0, f"{received / 1e6:,.1f} MB fetched"),
    )
    pack = library.install(path, request, shown.tell)
    forget(path)
    return pack


class _Progress:
    """Tells now and then how far the work is, on standard error."""

    def __init__(self) -> None:
        self._told = 0.0

    def tell(self, share: float, message: str) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            sys.stderr.write(f"{share:4.0%} {message}\n")


def _build(given: argparse.Namespace) -> GenomeBuild | None:
    if given.build is None:
        return None
    build = build_named_in(given.build)
    if build is None:
        raise InvalidInputError(f"the build must be one of {', '.join(GenomeBuild)}")
    return build


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    program = "python -m services.variants.reference"
    parser = argparse.ArgumentParser(prog=program, description="Reference data as versioned packs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what is installed")
    commands.add_parser("catalogue", help="known sources, what they give, how large they are")
    words = {"install": "install a published file", "update": "install the newest version", "remove": "remove a pack"}
    for name, meaning in words.items():
        command = commands.add_parser(name, help=meaning)
        command.add_argument("kind", choices=[kind.value for kind in PackKind])
        command.add_argument("--build", help="GRCh37 or GRCh38, where the kind has coordinates")
        command.add_argument("--version", help="letters, digits and . _ + -; taken from the file where it says it")
        if name == "remove":
            continue
        source = command.add_mutually_exclusive_group(required=name == "install")
        source.add_argument("--file", nargs="+", help="the published file, several of them, or their folder")
        source.add_argument("--url", help="an https address; without one, update takes the known source")
        command.add_argument("--licence", help="recorded with the pack")
        command.add_argument("--sha256", help="the checksum the file must have")
        command.add_argument("--md5", help="the same, as MD5")
    return parser


if __name__ == "__main__":
    sys.exit(main())
