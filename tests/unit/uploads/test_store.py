"""What has arrived stays, goes on at its end, and belongs to one person."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.principals import API_CLIENT, LOCAL_USER
from services.errors import (
    ConflictError,
    InvalidIdentifierError,
    InvalidInputError,
    NotFoundError,
    ParatopeError,
    TooLargeError,
    UnavailableError,
)
from services.storage.database import Database
from services.uploads import store
from services.uploads.content import Content
from services.uploads.model import OffsetError, UploadState
from services.uploads.store import Uploads

ROOT = Path(__file__).resolve().parents[3]
MB = 1 << 20
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + b"1\t100\t.\tA\tG\t.\tPASS\t.\n" * 20_000


def send(uploads: Uploads, data: bytes, name: str = "a.vcf", piece: int = 100_000) -> str:
    upload = uploads.begin(LOCAL_USER, name, len(data))
    for start in range(0, len(data), piece):
        upload = uploads.append(LOCAL_USER, upload.id, start, data[start : start + piece])
    return upload.id


def test_a_file_sent_in_pieces_is_the_file(uploads: Uploads) -> None:
    upload_id = send(uploads, VCF)
    upload = uploads.get(LOCAL_USER, upload_id)
    assert (upload.state, upload.size, upload.received, upload.content) == (UploadState.COMPLETE, len(VCF), len(VCF), Content.VCF)
    assert uploads.path(upload_id).read_bytes() == VCF
    assert uploads.list_open(LOCAL_USER) == []
    assert [one.id for one in uploads.list_complete(LOCAL_USER)] == [upload_id]


@pytest.mark.parametrize("wrong", [0, 99_999, 100_001, 10**30])
def test_a_piece_for_another_place_is_refused_with_the_place_it_should_begin(uploads: Uploads, wrong: int) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    uploads.append(LOCAL_USER, upload.id, 0, VCF[:100_000])
    with pytest.raises(OffsetError) as refused:
        uploads.append(LOCAL_USER, upload.id, wrong, b"x")
    assert refused.value.expected == 100_000
    assert "100000" in refused.value.message
    assert uploads.get(LOCAL_USER, upload.id).received == 100_000


def test_an_upload_that_is_not_complete_has_no_path(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    with pytest.raises(ConflictError):
        uploads.path(upload.id)


def test_more_bytes_than_announced_are_refused_and_none_of_them_is_kept(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", 1_000)
    with pytest.raises(TooLargeError):
        uploads.append(LOCAL_USER, upload.id, 0, VCF[:1_001])
    assert uploads.get(LOCAL_USER, upload.id).received == 0


def test_nothing_can_be_added_to_a_complete_file(uploads: Uploads) -> None:
    upload_id = send(uploads, VCF)
    with pytest.raises(ConflictError):
        uploads.append(LOCAL_USER, upload_id, len(VCF), b"1")


def test_a_file_over_the_limit_is_refused_before_it_is_sent(uploads: Uploads) -> None:
    with pytest.raises(TooLargeError, match="AUTO_MAX_UPLOAD_SIZE_MB"):
        uploads.begin(LOCAL_USER, "a.vcf", 20 * MB + 1)
    assert uploads.begin(LOCAL_USER, "a.vcf", 20 * MB).received == 0


@pytest.mark.parametrize("size", [0, -1])
def test_an_empty_file_is_refused(uploads: Uploads, size: int) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        uploads.begin(LOCAL_USER, "a.vcf", size)


def test_what_is_another_persons_does_not_exist(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    for attempt in (
        lambda: uploads.get(API_CLIENT, upload.id),
        lambda: uploads.append(API_CLIENT, upload.id, 0, b"x"),
        lambda: uploads.delete(API_CLIENT, upload.id),
    ):
        with pytest.raises(NotFoundError) as told:
            attempt()
        with pytest.raises(NotFoundError) as told_of_nothing:
            uploads.get(API_CLIENT, "0" * 32)
        assert told.value.message == told_of_nothing.value.message
    assert uploads.list_open(API_CLIENT) == []
    assert uploads.get(LOCAL_USER, upload.id).received == 0


def test_the_same_file_chosen_again_goes_on_where_it_was(uploads: Uploads) -> None:
    first = uploads.begin(LOCAL_USER, "a.vcf", len(VCF), "print")
    uploads.append(LOCAL_USER, first.id, 0, VCF[:1_234])
    again = uploads.begin(LOCAL_USER, "a.vcf", len(VCF), "print")
    assert (again.id, again.received) == (first.id, 1_234)
    for other in (("b.vcf", len(VCF), "print"), ("a.vcf", len(VCF) + 1, "print"), ("a.vcf", len(VCF), "other")):
        assert uploads.begin(LOCAL_USER, *other).id != first.id
    assert uploads.begin(LOCAL_USER, "a.vcf", len(VCF)).id != first.id
    assert uploads.begin(API_CLIENT, "a.vcf", len(VCF), "print").id != first.id


def test_too_many_unfinished_uploads_are_refused(uploads: Uploads) -> None:
    for _ in range(50):
        uploads.begin(LOCAL_USER, "a.vcf", 10)
    with pytest.raises(ConflictError, match="unfinished"):
        uploads.begin(LOCAL_USER, "a.vcf", 10)
    assert uploads.begin(API_CLIENT, "a.vcf", 10)


# Crashes


def test_after_a_kill_the_length_of_the_file_is_what_has_arrived(uploads: Uploads, tmp_path: Path) -> None:
    """A process is killed while it appends; the next one goes on at the end of the file and gets the whole file."""
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    program = textwrap.dedent(f"""
        from pathlib import Path
        from services.access.principals import LOCAL_USER
        from services.storage.database import Database
        from services.uploads.store import Uploads
        data = Path(r"{tmp_path / 'source'}").read_bytes()
        uploads = Uploads(Database(r"sqlite:///{tmp_path / 'record.db'}"), Path(r"{tmp_path / 'uploads'}"), 20 << 20)
        at = uploads.get(LOCAL_USER, "{upload.id}").received
        while True:
            at = uploads.append(LOCAL_USER, "{upload.id}", at, data[at : at + 777]).received
            print(at, flush=True)
    """)
    (tmp_path / "source").write_bytes(VCF)
    for lines in (40, 60):
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            told = [int(child.stdout.readline()) for _ in range(lines)]
            child.send_signal(signal.SIGKILL)
        assert uploads.get(LOCAL_USER, upload.id).received >= told[-1]
    at = uploads.get(LOCAL_USER, upload.id).received
    assert uploads.append(LOCAL_USER, upload.id, at, VCF[at:]).is_complete
    assert uploads.path(upload.id).read_bytes() == VCF


def test_a_process_that_ended_between_the_last_byte_and_its_note_loses_nothing(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    uploads._file(upload.id).write_bytes(VCF)
    found = uploads.get(LOCAL_USER, upload.id)
    assert (found.is_complete, found.content) == (True, Content.VCF)
    assert uploads.path(upload.id).read_bytes() == VCF


def test_two_connections_cannot_mix_their_pieces(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    refused: list[int] = []

    def run() -> None:
        at = 0
        while at < len(VCF):
            try:
                at = uploads.append(LOCAL_USER, upload.id, at, VCF[at : at + 5_000]).received
            except OffsetError as error:
                refused.append(at)
                at = error.expected
            except ConflictError:
                return

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert uploads.path(upload.id).read_bytes() == VCF


# The disk


def test_a_file_for_which_there_is_no_room_is_refused_before_it_is_sent(database: Database, tmp_path: Path) -> None:
    free = {"bytes": 300 * MB}
    uploads = Uploads(database, tmp_path / "uploads", 1 << 40, free_bytes=lambda _: free["bytes"])
    uploads.begin(LOCAL_USER, "a.vcf", 40 * MB)
    with pytest.raises(UnavailableError, match="no room"):
        uploads.begin(LOCAL_USER, "b.vcf", 40 * MB)  # the first one's room is promised
    uploads.begin(LOCAL_USER, "b.vcf", 3 * MB)


def test_a_full_disk_is_said_plainly_and_what_has_arrived_is_kept(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    uploads.append(LOCAL_USER, upload.id, 0, VCF[:100_000])
    write = os.write

    def full(handle: int, data: memoryview) -> int:
        if len(data) > 1_000:
            return write(handle, data[:1_000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(store.os, "write", full)
        with pytest.raises(UnavailableError, match="disk is full"):
            uploads.append(LOCAL_USER, upload.id, 100_000, VCF[100_000:102_000])
    assert uploads.get(LOCAL_USER, upload.id).received == 101_000
    assert uploads.append(LOCAL_USER, upload.id, 101_000, VCF[101_000:]).is_complete
    assert uploads.path(upload.id).read_bytes() == VCF


# Names


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"), ("..\\..\\x.vcf", "x.vcf"), ("/etc/x", "x"), ("C:\\x.vcf", "x.vcf"),
        ("a\x00b.vcf", "ab.vcf"), ("\u202egnp.vcf", "gnp.vcf"), ("x" * 5_000 + ".vcf", "x" * 196 + ".vcf"), ("CON", "CON"),
        ("///", "upload"), ("\n", "upload"), ("%2e%2e%2fx", "%2e%2e%2fx"), ("<script>.vcf", "<script>.vcf"),
    ],
)
def test_a_hostile_name_is_only_ever_shown(uploads: Uploads, tmp_path: Path, given_name: str, shown: str) -> None:
    before = elsewhere(tmp_path)
    upload = uploads.begin(LOCAL_USER, given_name, 4)
    uploads.append(LOCAL_USER, upload.id, 0, b"a,b\n")
    assert uploads.get(LOCAL_USER, upload.id).filename == shown
    assert uploads.path(upload.id).name == upload.id
    assert elsewhere(tmp_path) == before


def elsewhere(folder: Path) -> set[Path]:
    """All files beside the uploads and the database."""
    return {path for path in folder.rglob("*") if "uploads" not in path.parts and not path.name.startswith("record.db")}


@given(name=st.text(max_size=300))
def test_no_name_leads_out_of_the_store_or_breaks_it(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory) as uploads:
        upload = uploads.begin(LOCAL_USER, name, 4)
        assert uploads._file(upload.id).resolve().is_relative_to(uploads._root)
        assert 0 < len(uploads.get(LOCAL_USER, upload.id).filename) <= 200
        uploads.delete(LOCAL_USER, upload.id)


_shared: dict[str, Uploads] = {}


@contextmanager
def opened(factory: pytest.TempPathFactory) -> Iterator[Uploads]:
    """One store for all examples: opening a database takes longer than an example."""
    if "uploads" not in _shared:
        folder = factory.mktemp("names")
        database = Database(f"sqlite:///{folder / 'record.db'}")
        database.migrate()
        _shared["uploads"] = Uploads(database, folder / "uploads", MB)
    yield _shared["uploads"]


@pytest.mark.parametrize("bad", ["", "x", "../" * 10, "0" * 31, "0" * 33, "A" * 32, "0" * 31 + "/", "0" * 31 + "\x00"])
def test_an_id_of_another_form_is_refused(uploads: Uploads, bad: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        uploads.get(LOCAL_USER, bad)
    with pytest.raises(InvalidIdentifierError):
        uploads.path(bad)


# What cannot be imported


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_program_is_refused_at_its_first_bytes_and_deleted(uploads: Uploads, piece: int) -> None:
    data = b"\x7fELF" + bytes(100_000)
    with pytest.raises(InvalidInputError, match="a program"):
        send(uploads, data, piece=piece)
    assert uploads.list_open(LOCAL_USER) == []
    assert [path for path in uploads._root.rglob("*") if path.is_file()] == []


# Streams


async def pieces(*parts: bytes | Exception) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


def test_a_stream_that_breaks_off_leaves_what_had_arrived(uploads: Uploads) -> None:
    upload = uploads.begin(LOCAL_USER, "a.vcf", len(VCF))
    with pytest.raises(ConnectionError):
        asyncio.run(uploads.append_stream(LOCAL_USER, upload.id, 0, pieces(VCF[:5_000], VCF[5_000:9_000], ConnectionError())))
    assert uploads.get(LOCAL_USER, upload.id).received == 9_000
    done = asyncio.run(uploads.append_stream(LOCAL_USER, upload.id, 9_000, pieces(VCF[9_000:])))
    assert done.is_complete
    assert uploads.path(upload.id).read_bytes() == VCF


def test_a_whole_file_of_unknown_length_is_received(uploads: Uploads) -> None:
    upload = asyncio.run(uploads.receive(LOCAL_USER, "../a.vcf", pieces(*[VCF[at : at + 999] for at in range(0, len(VCF), 999)])))
    assert (upload.is_complete, upload.size, upload.filename) == (True, len(VCF), "a.vcf")
    assert uploads.path(upload.id).read_bytes() == VCF


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([VCF, ConnectionError()], ConnectionError), ([b"x,y\n" * MB] * 6, TooLargeError),
        ([b"PK\x03\x04" * 99], InvalidInputError),
        ([], InvalidInputError),
    ],
)
def test_a_whole_file_that_fails_leaves_nothing(uploads: Uploads, parts: list[bytes | Exception], error: type[Exception]) -> None:
    with pytest.raises(error):
        asyncio.run(uploads.receive(LOCAL_USER, "a.vcf", pieces(*parts)))
    assert uploads.list_open(LOCAL_USER) == uploads.list_complete(LOCAL_USER) == []
    assert [path for path in uploads._root.rglob("*") if path.is_file()] == []


# Sweeping


def _age(path: Path, hours: float) -> None:
    past = path.stat().st_mtime - hours * 3_600
    os.utime(path, (past, past))


def test_abandoned_uploads_and_unknown_files_are_swept_and_others_are_not(uploads: Uploads) -> None:
    abandoned = uploads.begin(LOCAL_USER, "a.vcf", 100).id
    used, fresh = send(uploads, VCF), uploads.begin(LOCAL_USER, "b.vcf", 100).id
    unknown = uploads._root / "ab" / ("ab" + "0" * 30)
    unknown.parent.mkdir(exist_ok=True)
    unknown.write_bytes(b"left by a crash")
    just_made = unknown.with_name("ab" + "1" * 30)
    just_made.write_bytes(b"its row is being written")
    _age(unknown, 2)
    assert uploads.sweep(timedelta(days=1), in_use=()) == 1
    assert not unknown.exists()
    assert just_made.exists()
    assert uploads.sweep(timedelta(days=-1), in_use={used, fresh}) == 1
    with pytest.raises(NotFoundError):
        uploads.get(LOCAL_USER, abandoned)
    assert uploads.path(used).exists()
    assert uploads.get(LOCAL_USER, fresh)


def test_deleting_removes_the_file_and_can_be_repeated_by_a_job(uploads: Uploads) -> None:
    upload_id = send(uploads, VCF)
    uploads.delete(LOCAL_USER, upload_id)
    uploads.discard(upload_id)
    with pytest.raises(ParatopeError):
        uploads.path(upload_id)
    assert [path for path in uploads._root.rglob("*") if path.is_file()] == []
