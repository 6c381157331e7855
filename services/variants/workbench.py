"""What the explorer and the API need around the tables, built together: questions, notes, views, downloads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.access.principals import Principal
from services.storage.database import Database
from services.variants.comments import VariantComments
from services.variants.downloads import Downloads
from services.variants.flags import VariantFlags
from services.variants.identity import VariantIdentity
from services.variants.library import TableInfo, VariantLibrary
from services.variants.marks import Marks
from services.variants.occurrences import Occurrences, occurrences
from services.variants.questions import TableQuestions
from services.variants.views import SavedViews


@dataclass(frozen=True, slots=True)
class Workbench:
    """One set of services over one library."""

    library: VariantLibrary
    flags: VariantFlags
    comments: VariantComments
    marks: Marks
    questions: TableQuestions
    views: SavedViews
    downloads: Downloads

    @classmethod
    def of(cls, database: Database, library: VariantLibrary, exports: Path) -> Workbench:
        """Build it; `exports` is the folder for prepared downloads, emptied at once."""
        flags, comments = VariantFlags(database), VariantComments(database)
        marks = Marks(library, flags, comments)
        return cls(
            library, flags, comments, marks, TableQuestions(library, flags, comments, marks), SavedViews(database),
            Downloads(library, marks, exports),
        )  # fmt: skip

    def occurrences(self, principal: Principal, identity: VariantIdentity, *, without: str = "") -> Occurrences:
        """Return the other tables that hold a variant."""
        return occurrences(self.library, principal, identity, without=without)

    def delete(self, principal: Principal, name_or_id: str) -> TableInfo:
        """Delete a table, what was kept of it and what it last looked like."""
        info = self.library.delete(principal, name_or_id)
        self.questions.forget(info.id)
        self.views.forget_table(info.id)
        return info

    def close(self) -> None:
        self.downloads.close()
