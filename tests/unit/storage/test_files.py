from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import InvalidIdentifierError, NotFoundError
from services.storage.files import FileStore, display_name


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
