"""The file store: uploaded files under generated keys, never under names that a user chose.

The local store keeps files below the data directory. A key is checked to stay inside it, whatever it says.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import unicodedata
from pathlib import Path

from services.errors import InvalidIdentifierError, NotFoundError

_MAX_NAME = 200
_MAX_NAME_BYTES = 200  # a file system takes 255, and companions such as an index add to it


class FileStore:
    """Files by key on the local disk. Writing is atomic: a reader sees the whole file or none."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def put(self, folder: str, data: bytes, suffix: str) -> str:
        """Store `data` under its content hash and return the key. Idempotent: the same content has the same key."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"{folder}/{digest[:2]}/{digest}{suffix}"
        path = self.path(key)
        if path.exists():
            return key
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return key

    def existing(self, key: str) -> Path:
        """Return the path of a stored file.

        :raise NotFoundError: there is no file under that key.
        """
        path = self.path(key)
        if not path.is_file():
            raise NotFoundError("the stored file is missing: upload it again")
        return path

    def remove(self, key: str) -> None:
        """Delete a file. Idempotent."""
        self.path(key).unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        """Return where a key lives, refusing one that leads outside.

        :raise InvalidIdentifierError: the key is not a plain relative path inside the store.
        """
        path = (self._root / key).resolve()
        if "\x00" in key or not path.is_relative_to(self._root) or path == self._root:
            raise InvalidIdentifierError("a file key must stay inside the store")
        return path


def private_folder(path: Path) -> None:
    """Make a folder for patient data, and shut it for everybody on this machine but its owner and group.

    What is below is then out of their reach, whatever rights the single files have. A folder that belongs to somebody else keeps
    the rights its owner gave it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~stat.S_IRWXO)


def display_name(name: str, nameless: str = "document.pdf") -> str:
    """Return a file name fit to be shown: last part only, composed, without control or direction characters.

    `nameless` is what a file is called of whose name nothing is left.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(
        character for character in unicodedata.normalize("NFC", last) if unicodedata.category(character)[0] != "C"
    ).strip()
    return visible[-_MAX_NAME:] or nameless


def disk_name(name: str, nameless: str) -> str:
    """Return a name under which a user's file may stand in a folder of its own: inside it, and not too long, whatever was given.

    Programs that look at the ending of a name or at a version in it find them as they were. `#` is replaced, because htslib takes
    `##idx##` in a name for the place of another file.
    """
    shown = display_name(name, nameless).lstrip(".").replace("#", "_")
    return shown.encode()[-_MAX_NAME_BYTES:].decode("utf-8", "ignore").lstrip(".") or nameless
