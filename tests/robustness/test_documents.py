"""Hostile, broken and enormous documents: each ends in an error that says why, and the reader goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import (
    BrokenDocumentError,
    DocumentError,
    DocumentLimitError,
    EncryptedDocumentError,
    NotAPdfError,
    NoTextError,
    NotFoundError,
    UnavailableError,
)
from services.evidence.documents.model import Limits
from services.evidence.documents.reading import DocumentReader
from tests.fakes import pdfs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as shared:
        yield shared


@pytest.fixture
def hasty() -> Iterator[DocumentReader]:
    """A reader that gives a document two seconds."""
    with DocumentReader(Limits(wall_seconds=2.0, workers=1)) as impatient:
        yield impatient


def _children() -> set[int]:
    """Process ids of our children, from /proc."""
    mine = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                mine.add(int(entry.name))
    return mine


def test_slow_document_is_given_up_on_time_and_the_next_one_is_read(hasty: DocumentReader, tmp_path: Path) -> None:
    slow = pdfs.saved(tmp_path, pdfs.slow_pdf(), "slow.pdf")
    good = pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE), "good.pdf")
    assert slow.stat().st_size < 20_000
    started = time.monotonic()
    with pytest.raises(DocumentLimitError, match="2 seconds"):
        hasty.read(slow)
    assert time.monotonic() - started < 4
    assert "malar rash" in hasty.read(good).pages[0].text


def test_processor_time_is_limited_by_the_operating_system(tmp_path: Path) -> None:
    slow = pdfs.saved(tmp_path, pdfs.slow_pdf())
    with (
        DocumentReader(Limits(wall_seconds=30, cpu_seconds=1)) as reader,
        pytest.raises(DocumentLimitError, match="processor time"),
    ):
        reader.read(slow)


def test_hung_child_is_killed_and_leaves_no_process(tmp_path: Path) -> None:
    before = _children()
    slow = pdfs.saved(tmp_path, pdfs.slow_pdf())
    with DocumentReader(Limits(wall_seconds=1.0)) as reader:
        with pytest.raises(DocumentLimitError):
            reader.read(slow)
        assert _children() - before == set()
        reader.read(pdfs.saved(tmp_path, pdfs.text_pdf("Alive"), "good.pdf"))
        assert len(_children() - before) == 1
    assert _children() - before == set()


def test_content_of_too_many_operations_is_refused_before_it_is_read(reader: DocumentReader, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentLimitError, match="too much work"):
        reader.read(pdfs.saved(tmp_path, pdfs.slow_pdf(2_000_000)))
    assert time.monotonic() - started < 20


def test_flate_bomb_is_refused_without_filling_the_memory(reader: DocumentReader, tmp_path: Path) -> None:
    bomb = pdfs.saved(tmp_path, pdfs.bomb_pdf(400_000_000))
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(DocumentLimitError):
        reader.read(bomb)


def test_memory_of_the_child_is_limited(tmp_path: Path) -> None:
    tight = Limits(memory_bytes=200_000_000)
    with DocumentReader(tight) as reader:
        with pytest.raises(DocumentLimitError, match="memory"):
            reader.read(pdfs.saved(tmp_path, pdfs.raw_pdf(b"%" + b" " * 70_000_000), "hungry.pdf"))
        assert reader.read(pdfs.saved(tmp_path, pdfs.text_pdf("Alive"), "good.pdf")).pages[0].text == "Alive"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00 this program cannot be run in DOS mode %PDF-1.7", "Windows program"),
        (b"Dear colleague, this is a letter saved as .pdf", "something else"),
        (b"PK\x03\x04 word/document.xml", "Office or zip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"<html><body>%PDF-1.4</body></html>", "web page"),
    ],
)
def test_other_file_types_are_named_and_refused(reader: DocumentReader, tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(NotAPdfError, match=reason):
        reader.read(pdfs.saved(tmp_path, content))


def test_truncated_document_is_refused_rather_than_read_in_part(reader: DocumentReader, tmp_path: Path) -> None:
    whole = pdfs.text_pdf(pdfs.NOTE, "Second page")
    with pytest.raises(BrokenDocumentError, match="cut off"):
        reader.read(pdfs.saved(tmp_path, whole[: len(whole) * 2 // 3]))


def test_padding_after_the_end_of_the_file_is_no_damage(reader: DocumentReader, tmp_path: Path) -> None:
    padded = pdfs.text_pdf("Padded by a fax gateway") + b"\x00" * 20_000
    assert reader.read(pdfs.saved(tmp_path, padded)).pages[0].text == "Padded by a fax gateway"


def test_bytes_before_the_header_are_tolerated(reader: DocumentReader, tmp_path: Path) -> None:
    spooled = b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n" + pdfs.text_pdf("From a print spooler")
    assert reader.read(pdfs.saved(tmp_path, spooled)).pages[0].text == "From a print spooler"


def test_cyclic_page_tree_is_broken(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        reader.read(pdfs.saved(tmp_path, pdfs.cyclic_pdf()))


def test_page_limit_counts_exactly(tmp_path: Path) -> None:
    with DocumentReader(Limits(pages=3)) as reader:
        assert reader.read(pdfs.saved(tmp_path, pdfs.many_pages_pdf(3))).page_count == 3
        with pytest.raises(DocumentLimitError, match="4 pages; up to 3"):
            reader.read(pdfs.saved(tmp_path, pdfs.many_pages_pdf(4)))


def test_more_than_two_thousand_pages_are_refused(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(DocumentLimitError, match=r"2,001 pages; up to 2,000"):
        reader.read(pdfs.saved(tmp_path, pdfs.many_pages_pdf(2_001)))


def test_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    with DocumentReader(Limits(file_bytes=1_000)) as reader, pytest.raises(DocumentLimitError, match="MB"):
        reader.read(pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE)))


def test_text_beyond_the_output_limit_is_refused(tmp_path: Path) -> None:
    with DocumentReader(Limits(characters=100)) as reader, pytest.raises(DocumentLimitError, match="100 characters"):
        reader.read(pdfs.saved(tmp_path, pdfs.text_pdf(pdfs.NOTE)))


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_password_protected_document_is_named_as_such(reader: DocumentReader, tmp_path: Path, algorithm: str) -> None:
    with pytest.raises(EncryptedDocumentError, match="password"):
        reader.read(pdfs.saved(tmp_path, pdfs.encrypted_pdf("secret", algorithm)))
    with pytest.raises(EncryptedDocumentError, match="password"):
        reader.page_image(pdfs.saved(tmp_path, pdfs.encrypted_pdf("secret", algorithm)), 1)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_empty_user_password_opens(reader: DocumentReader, tmp_path: Path, algorithm: str) -> None:
    path = pdfs.saved(tmp_path, pdfs.encrypted_pdf("", algorithm))
    assert "malar rash" in reader.read(path).pages[0].text
    assert reader.page_image(path, 1, "new malar rash").highlights_found == 1


def test_scanned_document_says_that_it_needs_text_recognition(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match=r"2 pages.*OCR"):
        reader.read(pdfs.saved(tmp_path, pdfs.scanned_pdf(pages=2)))


def test_scanned_page_inside_a_document_is_reported(reader: DocumentReader, tmp_path: Path) -> None:
    parsed = reader.read(pdfs.saved(tmp_path, pdfs.mixed_pdf()))
    assert parsed.page_count == 2
    assert parsed.pages_without_text == (2,)
    assert parsed.pages[1].text == ""


def test_text_that_cannot_be_decoded_is_not_stored_as_gibberish(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="cannot be decoded"):
        reader.read(pdfs.saved(tmp_path, pdfs.undecodable_pdf()))


def test_embedded_script_and_attachment_do_nothing(reader: DocumentReader, tmp_path: Path) -> None:
    parsed = reader.read(pdfs.saved(tmp_path, pdfs.scripted_pdf()))
    assert "malar rash" in parsed.pages[0].text
    assert "submitForm" not in parsed.pages[0].text
    assert reader.page_image(tmp_path / "document.pdf", 1).png.startswith(b"\x89PNG")


def test_missing_file_and_folder_are_told_apart(reader: DocumentReader, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        reader.read(tmp_path / "absent.pdf")
    with pytest.raises(NotAPdfError):
        reader.read(tmp_path)


def test_named_pipe_does_not_block(reader: DocumentReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(NotAPdfError):
        reader.read(tmp_path / "pipe.pdf")


def test_error_messages_do_not_quote_the_document(reader: DocumentReader, tmp_path: Path) -> None:
    canary = b"Zqxv Canary MRN 990017"
    broken = pdfs.raw_pdf(b"BT (" + canary + b") Tj ET").replace(b"/Kids [3 0 R]", b"/Kids [(Zqxv Canary)]")
    with pytest.raises(DocumentError) as caught:
        reader.read(pdfs.saved(tmp_path, broken))
    assert "Canary" not in str(caught.value)


def test_four_threads_get_their_own_documents(reader: DocumentReader, tmp_path: Path) -> None:
    paths = [pdfs.saved(tmp_path, pdfs.text_pdf(f"Document number {n}"), f"{n}.pdf") for n in range(24)]
    with ThreadPoolExecutor(4) as threads:
        parsed = list(threads.map(reader.read, paths))
        images = list(threads.map(lambda item: reader.page_image(item[1], 1, f"number {item[0]}"), enumerate(paths)))
    assert [document.pages[0].text for document in parsed] == [f"Document number {n}" for n in range(24)]
    assert all(image.highlights_found == 1 for image in images)


def test_slow_document_does_not_hold_up_other_threads(tmp_path: Path) -> None:
    slow = pdfs.saved(tmp_path, pdfs.slow_pdf(), "slow.pdf")
    good = pdfs.saved(tmp_path, pdfs.text_pdf("Quick"), "good.pdf")
    with DocumentReader(Limits(wall_seconds=3.0, workers=2)) as reader, ThreadPoolExecutor(2) as threads:
        reader.read(good)
        blocked = threads.submit(reader.read, slow)
        started = time.monotonic()
        for _ in range(10):
            reader.read(good)
        assert time.monotonic() - started < 2.5
        assert isinstance(blocked.exception(), DocumentLimitError)


def test_closed_reader_refuses_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf("Text"))
    reader = DocumentReader()
    reader.read(path)
    reader.close()
    reader.close()
    with pytest.raises(UnavailableError, match="closed"):
        reader.read(path)


def test_child_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf("Text"))
    before = _children()
    with DocumentReader(Limits(workers=1)) as reader:
        reader.read(path)
        (child,) = _children() - before
        os.kill(child, 9)
        time.sleep(0.2)
        assert reader.read(path).pages[0].text == "Text"


def test_child_starts_without_the_product_its_environment_and_heavy_libraries() -> None:
    code = (
        "import sys, services.evidence.documents.worker, services.evidence.documents.extraction, "
        "services.evidence.documents.rendering; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"torch", "streamlit", "pymilvus", "sqlalchemy", "pydantic", "anthropic", "pandas"})


def test_child_sees_no_environment_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-key")
    before = _children()
    with DocumentReader() as reader:
        reader.read(pdfs.saved(tmp_path, pdfs.text_pdf("Text")))
        (child,) = _children() - before
        assert b"canary-key" not in Path(f"/proc/{child}/environ").read_bytes()


def test_random_damage_never_escapes_the_error_tree(tmp_path: Path) -> None:
    whole = bytearray(pdfs.joined(pdfs.text_pdf(pdfs.NOTE), pdfs.table_pdf()))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=40))
    def damaged(changes: list[tuple[int, int]]) -> None:
        content = bytearray(whole)
        for place, value in changes:
            content[place] = value
        path = pdfs.saved(tmp_path, bytes(content), "damaged.pdf")
        with suppress(DocumentError, NotFoundError):
            patient.read(path)
        with suppress(DocumentError, NotFoundError):
            patient.page_image(path, 1, "malar rash")

    with DocumentReader(Limits(wall_seconds=10)) as patient:
        damaged()


@pytest.mark.parametrize("box", ["[0 0 14400 14400]", "[0 0 0 0]", "[0 0 200000 1]", "[100 100 50 50]", "[0 0 -612 -792]"])
def test_absurd_page_sizes_end_in_an_image_or_an_error(reader: DocumentReader, tmp_path: Path, box: str) -> None:
    path = pdfs.saved(tmp_path, pdfs.raw_pdf(b"BT /F1 12 Tf 10 10 Td (Text) Tj ET", media_box=box))
    try:
        image = reader.page_image(path, 1, scale=6.0)
    except DocumentError:
        return
    assert 0 < image.width * image.height <= 17_000_000


def test_page_that_does_not_exist_is_not_found(reader: DocumentReader, tmp_path: Path) -> None:
    path = pdfs.saved(tmp_path, pdfs.text_pdf("Text"))
    for number in (0, -1, 2):
        with pytest.raises(NotFoundError, match="no page"):
            reader.page_image(path, number)
