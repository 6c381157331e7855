"""Which VEP an administrator turned on for a build, and what a user is told before using it. Without a setting there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.errors import ConfigurationError, InvalidInputError
from services.genomics.genome import GenomeBuild
from services.network.asking import Service
from services.settings import Settings

MOST_FOR_THE_PROGRAM = 1_000_000
"""Alleles that the program is given in one run; it takes hours for more."""


class VepKind(StrEnum):
    """Where VEP runs."""

    PROGRAM = "program"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service is waited for: silence, pauses before it is asked again, the longest pause that it may ask for."""

    silence_seconds: float = 180.0
    pauses: tuple[float, ...] = (2.0, 10.0, 30.0)
    longest_pause: float = 600.0
    most_refused: int = 50
    """Single variants that may be refused before the service is taken to refuse everything."""


@dataclass(frozen=True, slots=True)
class VepSource:
    """One VEP. `where` is the program's path or the service's address; `most` alleles are annotated in one run."""

    kind: VepKind
    build: GenomeBuild
    where: str
    most: int
    cache: str = ""
    """The folder of the program's offline cache; empty: where the program looks for it."""
    is_inside: bool = False
    """The service may lie in this network, and need not be encrypted."""
    patience: Patience = Patience()

    @property
    def place(self) -> str:
        """What people are told: the host of the service, or that it is this machine."""
        return self.service().place if self.kind is VepKind.SERVICE else "this machine"

    @property
    def statement(self) -> str:
        """What leaves the machine, in sentences."""
        if self.kind is VepKind.PROGRAM:
            return "VEP runs on this machine with its offline cache. Nothing leaves the machine."
        encrypted = "encrypted" if self.where.lower().startswith("https://") else "NOT encrypted"
        return (
            f"Chromosome, position and alleles of the small variants of this table (at most {self.most:,}) are sent to "
            f"{self.place}, {encrypted}. Not sent are names, patient and sample ids, genotypes and every other column. Whoever "
            "runs that server sees the address of this machine and which variants were asked for together: rare variants can "
            "identify a person."
        )

    def service(self) -> Service:
        """Take the address apart. :raise InvalidInputError: it is not one that may be asked."""
        return Service.at(self.where, is_inside=self.is_inside)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> VepSource:
        waits = {**content["patience"], "pauses": tuple(content["patience"]["pauses"])}
        kind, build = VepKind(content["kind"]), GenomeBuild(content["build"])
        return cls(**{**content, "kind": kind, "build": build, "patience": Patience(**waits)})


VepSources = Mapping[GenomeBuild, VepSource]


def vep_sources(settings: Settings) -> dict[GenomeBuild, VepSource]:
    """Return the VEP for each build that has one; a program comes before a service, as nothing leaves the machine then.

    :raise ConfigurationError: an address is not one that may be asked, or the program is not there.
    """
    found: dict[GenomeBuild, VepSource] = {}
    for build, url, name in (
        (GenomeBuild.GRCH38, settings.vep_url, "AUTO_VEP_URL"),
        (GenomeBuild.GRCH37, settings.vep_url_grch37, "AUTO_VEP_URL_GRCH37"),
    ):
        if url:
            source = VepSource(VepKind.SERVICE, build, url, settings.vep_max_variants, is_inside=settings.vep_allow_private)
            try:
                source.service()
            except InvalidInputError as error:
                inside = "" if settings.vep_allow_private else "; for a server in your own network set AUTO_VEP_ALLOW_PRIVATE"
                raise ConfigurationError(f"{name}: {error.message}{inside}") from error
            found[build] = source
    if settings.vep_program is not None:
        program = settings.vep_program.absolute()
        if not program.is_file():
            raise ConfigurationError("AUTO_VEP_PROGRAM names no file: give the path of the program `vep`")
        cache = _cache(settings.vep_cache_dir)
        for build in GenomeBuild:
            found[build] = VepSource(VepKind.PROGRAM, build, str(program), MOST_FOR_THE_PROGRAM, cache)
    return found


def _cache(folder: Path | None) -> str:
    if folder is not None and not folder.is_dir():
        raise ConfigurationError("AUTO_VEP_CACHE_DIR names no folder: give the folder of VEP's offline cache")
    return "" if folder is None else str(folder.absolute())
