"""What a pack of reference data is: one kind of data, for one genome build, in one version, with where it came from.

A pack is a folder with the converted data and `manifest.json`. It never changes after it was installed; another version is
another folder beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild

ANY_BUILD = "any"
"""The folder of packs that hold no coordinates."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_MAX_TEXT = 1_000
_TEXTS = ("version", "name", "date", "source_url", "licence", "sha256", "md5", "origin")


class PackKind(StrEnum):
    """The kinds of reference data."""

    SEQUENCE = "sequence"
    GENE_MODELS = "gene_models"
    CLINVAR = "clinvar"
    FREQUENCIES = "frequencies"
    REVEL = "revel"
    ALPHAMISSENSE = "alphamissense"
    SPLICEAI = "spliceai"
    CONSTRAINT = "constraint"
    DOSAGE = "dosage"
    POPULATION_SV = "population_sv"
    PHENOTYPES = "phenotypes"
    MANE = "mane"
    SOMATIC_EVIDENCE = "somatic_evidence"

    @property
    def label(self) -> str:
        """The name to show."""
        return _LABELS[self]

    @property
    def has_build(self) -> bool:
        """Whether its rows hold coordinates, so that a pack is for one genome build."""
        return self not in _WITHOUT_BUILD


_LABELS = {
    PackKind.SEQUENCE: "Reference sequence",
    PackKind.GENE_MODELS: "Gene models",
    PackKind.CLINVAR: "ClinVar",
    PackKind.FREQUENCIES: "Population frequencies",
    PackKind.REVEL: "REVEL",
    PackKind.ALPHAMISSENSE: "AlphaMissense",
    PackKind.SPLICEAI: "SpliceAI",
    PackKind.CONSTRAINT: "Gene constraint",
    PackKind.DOSAGE: "ClinGen dosage sensitivity",
    PackKind.POPULATION_SV: "Population structural variants",
    PackKind.PHENOTYPES: "HPO gene to phenotype",
    PackKind.MANE: "MANE transcripts",
    PackKind.SOMATIC_EVIDENCE: "Somatic evidence",
}
_WITHOUT_BUILD = frozenset({PackKind.CONSTRAINT, PackKind.PHENOTYPES, PackKind.MANE, PackKind.SOMATIC_EVIDENCE})
_FILES = {PackKind.GENE_MODELS: ("genes.gff3.gz",), PackKind.SEQUENCE: ("genome.fa.gz", "genome.fa")}
_TABLE = ("data.parquet",)


@dataclass(frozen=True, slots=True)
class Pack:
    """An installed pack. `date` is the day its data was published (`2026-11`, `2026-11-10`), empty where nobody said."""

    kind: PackKind
    name: str
    build: GenomeBuild | None
    version: str
    date: str
    source_url: str
    licence: str
    sha256: str
    """Of the source file; of the list of their checksums where there were several."""
    rows: int
    """Rows of the table; sequences of a FASTA file; transcripts of gene models."""
    folder: Path

    @property
    def path(self) -> Path:
        """The file to read: `data.parquet`, `genes.gff3.gz`, or `genome.fa[.gz]` with its index beside it."""
        names = _FILES.get(self.kind, _TABLE)
        return next((self.folder / name for name in names if (self.folder / name).exists()), self.folder / names[0])

    @property
    def stamp(self) -> str:
        """Name, version and build in one line, as it is shown beside what was taken from the pack."""
        return f"{self.name} {self.version}" + (f" ({self.build})" if self.build else "")

    @property
    def key(self) -> str:
        """What identifies the pack among the installed ones."""
        return f"{self.kind}/{self.build or ANY_BUILD}/{self.version}"

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())


@dataclass(frozen=True, slots=True)
class PackRequest:
    """What is to be installed. What is None is taken from the file where it says it, or from the known source.

    :raise InvalidInputError: a field does not have its form, or a kind with coordinates comes without a build.
    """

    kind: PackKind
    build: GenomeBuild | None = None
    version: str | None = None
    name: str | None = None
    date: str | None = None
    source_url: str = ""
    licence: str = ""
    sha256: str | None = None
    """The checksum the source must have; it is compared before anything is converted."""
    md5: str | None = None
    """The same for sources that publish an MD5 sum."""
    origin: str = ""
    """Who asked for it, such as the id of a job; kept in the manifest, so that a job finds what it has installed."""

    def as_dict(self) -> dict[str, str | None]:
        """Return the request as plain values, as `from_dict` reads them."""
        return {name: None if value is None else str(value) for name, value in asdict(self).items()}

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> PackRequest:
        """Read what `as_dict` wrote.

        :raise InvalidInputError: a kind or build that is not known, or what the constructor refuses.
        """
        try:
            kind = PackKind(content["kind"])
            build = GenomeBuild(content["build"]) if content.get("build") else None
        except (KeyError, ValueError) as error:
            raise InvalidInputError(
                f"kind must be one of {', '.join(PackKind)}, build one of {', '.join(GenomeBuild)}"
            ) from error
        said = {name: str(content.get(name) or "") for name in _TEXTS}
        return PackRequest(
            kind, build, version=said["version"] or None, name=said["name"] or None, date=said["date"] or None,
            source_url=said["source_url"], licence=said["licence"], sha256=said["sha256"] or None, md5=said["md5"] or None,
            origin=said["origin"],
        )

    def __post_init__(self) -> None:
        if self.kind.has_build and self.build is None:
            raise InvalidInputError(f"{self.kind.label} holds coordinates: state the genome build, GRCh37 or GRCh38")
        if not self.kind.has_build and self.build is not None:
            object.__setattr__(self, "build", None)
        checks = (("version", _VERSION, "letters, digits and . _ + -"), ("date", _DATE, "YYYY, YYYY-MM or YYYY-MM-DD"),
                  ("sha256", _SHA256, "64 hexadecimal digits in lower case"),
                  ("md5", _MD5, "32 hexadecimal digits in lower case"))
        for field, form, words in checks:
            value = getattr(self, field)
            if value is not None and not form.fullmatch(value):
                raise InvalidInputError(f"the {field} must be {words}")
        for field in ("name", "source_url", "licence"):
            if len(getattr(self, field) or "") > _MAX_TEXT:
                raise InvalidInputError(f"the {field.replace('_', ' ')} is longer than {_MAX_TEXT:,} characters")
