from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import InvalidIdentifierError, NotFoundError
from services.storage.files import FileStore, disk_name, display_name, private_folder


def test_the_same_content_is_stored_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    first, second = store.put("documents", b"same", ".pdf"), store.put("documents", b"same", ".pdf")
    assert first == second
    assert [path.read_bytes() for path in tmp_path.rglob("*.pdf")] == [b"same"]


@pytest.mark.parametrize("key", ["../outside.pdf", "/etc/passwd", "documents/../../x", "a\x00b", "", "."])
def test_a_key_never_leads_outside_the_store(tmp_path: Path, key: str) -> None:
    with pytest.raises((InvalidIdentifierError, ValueError)):
        FileStore(tmp_path / "root").path(key)


def test_a_missing_file_is_named_as_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="upload it again"):
        FileStore(tmp_path).existing("documents/aa/none.pdf")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\me\\scan.pdf", "scan.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("bell\x07.pdf", "bell.pdf"),
        ("", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_file_name_is_made_fit_to_be_shown(given: str, shown: str) -> None:
    assert display_name(given) == shown


@pytest.mark.parametrize(
    "given",
    ["..", ".", "/", "", "...", "\x00", "../..", "a/..", "名" * 300, "x" * 5_000, ".lock", "a##idx##/etc/passwd"],
)
def test_a_name_on_disk_stays_in_its_folder_and_can_be_made(given: str, tmp_path: Path) -> None:
    name = disk_name(given, "upload")
    path = tmp_path / name
    path.with_name(f"{name}.validator.json").touch()
    path.touch()
    assert path.resolve().parent == tmp_path.resolve()
    assert not name.startswith(".")
    assert "#" not in name


def test_a_name_on_disk_keeps_what_programs_read_from_it() -> None:
    assert disk_name("dir/clinvar_20261110.vcf.gz", "upload") == "clinvar_20261110.vcf.gz"
    assert disk_name("x" * 400 + "_v2.vcf.gz", "upload").endswith("_v2.vcf.gz")


@pytest.mark.parametrize(("before", "after"), [(None, 0o700), (0o755, 0o750), (0o777, 0o770), (0o700, 0o700)])
def test_the_folder_of_patient_data_is_shut_for_others(tmp_path: Path, before: int | None, after: int) -> None:
    folder = tmp_path / "deep" / "data"
    if before is not None:
        folder.mkdir(parents=True)
        folder.chmod(before)
    private_folder(folder)
    private_folder(folder)
    assert folder.stat().st_mode & 0o777 == after
