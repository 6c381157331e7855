"""Reference data is listed, installed and removed on the command line, without the dashboard."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.settings import Settings
from services.variants.reference import __main__ as command_line
from services.variants.reference.catalogue import GIVES, SOURCES
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind
from services.variants.reference.registry import CONVERTERS
from tests.unit.variants.reference.published import G38, clinvar


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command_line, "load_settings", lambda: Settings(reference_dir=tmp_path / "reference"))
    return tmp_path / "reference"


def test_a_pack_is_installed_listed_and_removed(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clinvar.vcf"
    path.write_text(clinvar(G38))
    assert command_line.main(["list"]) == 0
    assert "No reference data is installed" in capsys.readouterr().out
    assert command_line.main(["install", "clinvar", "--build", "hg38", "--file", str(path), "--licence", "free"]) == 0
    assert "Installed ClinVar 2026-11-10 (GRCh38): 3 rows" in capsys.readouterr().out
    assert command_line.main(["list"]) == 0
    assert "clinvar\tGRCh38\t2026-11-10\t3 rows" in capsys.readouterr().out
    assert ReferenceLibrary(root).installed()[0].licence == "free"
    assert command_line.main(["update", "clinvar", "--build", "GRCh38", "--file", str(path)]) == 0
    assert "Up to date: ClinVar 2026-11-10 (GRCh38)" in capsys.readouterr().out
    assert command_line.main(["remove", "clinvar", "--build", "GRCh38", "--version", "2026-11-10"]) == 0
    assert ReferenceLibrary(root).installed() == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["install", "clinvar", "--file", "absent.vcf"], "state the genome build"),
        (["install", "clinvar", "--build", "hg38", "--file", "absent.vcf"], "there is no file absent.vcf"),
        (["install", "clinvar", "--build", "hg18", "--file", "absent.vcf"], "the build must be one of GRCh37, GRCh38"),
        (["install", "clinvar", "--build", "hg38", "--url", "http://example.org/x"], "must begin with https://"),
        (["install", "mane", "--file", "x", "--sha256", "abc"], "64 hexadecimal"),
        (["update", "spliceai", "--build", "hg38"], "no address is known for SpliceAI: fetch it from https://"),
        (["remove", "mane", "--version", "1.4"], "MANE transcripts 1.4 is not installed"),
        (["remove", "mane"], "state which version"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_status_is_one(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert command_line.main(arguments) == 1
    assert said in capsys.readouterr().err


def test_an_unknown_kind_is_not_understood(root: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["install", "horoscopes", "--file", "x"])
    assert ended.value.code == 2


def test_the_catalogue_names_every_kind_and_where_it_comes_from(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["catalogue"]) == 0
    said = capsys.readouterr().out
    assert all(f"{kind}: {GIVES[kind]}" in said for kind in PackKind)
    assert all(source.page in said for source in SOURCES if not source.url)


def test_a_file_that_never_says_its_version_is_named_by_the_day_it_was_fetched() -> None:
    versions = {source.kind: source.version_on(date(2026, 11, 22)) for source in SOURCES}
    assert versions[PackKind.PHENOTYPES] == "fetched-2026-11-22"
    assert versions[PackKind.CLINVAR] is None
    assert versions[PackKind.MANE] == "1.4"


def test_each_source_can_be_installed_and_has_its_terms_on_record() -> None:
    for source in SOURCES:
        assert source.kind in CONVERTERS
        assert source.licence
        assert source.page.startswith("https://")
        assert not source.url or source.url.startswith("https://")
        assert (source.build is not None) == source.kind.has_build
