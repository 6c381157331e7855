"""A library with tables in it, for the tests of what stands around tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER
from services.storage.database import Database
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.outcome import ImportOptions, Mode
from services.variants.workbench import Workbench
from tests.unit.variants.support import CSQ_HEADER, HEADER, vcf, write

TRIO = [
    "chr1 100 rs1 A G 50 PASS DP=10;CSQ=G|missense_variant|MODERATE|NOD2|YES|0.00001 GT:GQ 0/1:30",
    "chr1 200 . A G . q10 CSQ=G|intron_variant|MODIFIER|BRCA2||0.2 GT:GQ 1/1:9",
    "chr2 60 . C <DEL> 99 PASS END=500 GT:GQ 0/0:5",
    "chr2 60 . C <DEL> 99 PASS END=900 GT:GQ 0/1:5",
    "chrX 70 . GAA GA 70 PASS . GT:GQ 1/1:7",
]
Add = Callable[..., TableInfo]


@pytest.fixture
def library(database: Database, tmp_path: Path) -> Iterator[VariantLibrary]:
    opened = VariantLibrary(database, tmp_path / "variants")
    yield opened
    opened.close()


@pytest.fixture
def workbench(database: Database, library: VariantLibrary, tmp_path: Path) -> Workbench:
    return Workbench.of(database, library, tmp_path / "exports")


@pytest.fixture
def add(library: VariantLibrary, tmp_path: Path) -> Add:
    """Imports lines (blanks for tabs) as a table of its own and registers it."""

    def add_one(
        *lines: str, sample: str = "S1", owner: str = LOCAL_USER.name, assembly: str | None = "GRCh38", header: str = HEADER,
        job_id: str | None = None,
    ) -> TableInfo:  # fmt: skip
        table_id = library.new_id()
        source = write(tmp_path, vcf(*(lines or TRIO), header=header + CSQ_HEADER), f"{table_id}.vcf")
        report = import_file(source, library.folder(table_id), ImportOptions(mode=Mode.LENIENT))
        assert report.folder is not None, report.refusal
        return library.register(table_id, owner, sample, assembly, job_id=job_id)

    return add_one
