"""What an upload is: who sent which file, and how much of it has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.errors import ConflictError
from services.uploads.content import Content


class UploadState(StrEnum):
    """`remote` is a file that a job will fetch; it becomes `complete` like one that was sent."""

    RECEIVING = "receiving"
    REMOTE = "remote"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file. Sizes are bytes; `received` is the length of the file on disk, whatever anybody said it was."""

    id: str
    owner: str
    filename: str
    """The name to show; never a path, never used to store the file."""
    size: int | None
    """None while it is not known: a file that is being fetched, or sent without its length."""
    received: int
    state: UploadState
    content: Content | None
    """What the first bytes say the file is; None until it is complete."""
    created_at: datetime

    @property
    def is_complete(self) -> bool:
        return self.state is UploadState.COMPLETE


class OffsetError(ConflictError):
    """A piece was sent for another place than the end of what has arrived; `expected` is that end."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the upload continues at byte {expected}: send the piece that begins there")
        self.expected = expected
