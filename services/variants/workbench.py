"""What the explorer and the API need around the tables, built together: questions, notes, views, downloads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from services.access.principals import Principal
from services.errors import InvalidInputError
from services.storage.database import Database
from services.variants.comments import VariantComments
from services.variants.downloads import Downloads
from services.variants.expressions import MAX_LENGTH, parse_expression
from services.variants.filter_json import filter_from_json
from services.variants.filters import Filter
from services.variants.flags import VariantFlags
from services.variants.identity import VariantIdentity
from services.variants.library import TableInfo, VariantLibrary
from services.variants.marks import Marks
from services.variants.note_exports import NoteExports
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
    note_exports: NoteExports

    @classmethod
    def of(cls, database: Database, library: VariantLibrary, exports: Path) -> Workbench:
        """Build it; `exports` is the folder for prepared downloads, emptied at once."""
        flags, comments = VariantFlags(database), VariantComments(database)
        marks = Marks(library, flags, comments)
        return cls(
            library, flags, comments, marks, TableQuestions(library, flags, comments, marks), SavedViews(database),
            Downloads(library, marks, exports), NoteExports(library, marks),
        )  # fmt: skip

    def filter_from_text(self, principal: Principal, name_or_id: str, text: str) -> Filter | None:
        """Read a filter for a table: JSON where the text begins with a brace, else an expression; None where it is blank.

        :raise InvalidInputError: says what is wrong with it.
        """
        if not text.lstrip().startswith("{"):
            return parse_expression(text, self.library.open(principal, name_or_id).facts)
        if len(text) > MAX_LENGTH:
            raise InvalidInputError(f"a filter has at most {MAX_LENGTH:,} characters")
        try:
            return filter_from_json(json.loads(text))
        except (ValueError, RecursionError) as problem:
            raise InvalidInputError("the filter begins like JSON but is none: check its quotes and braces") from problem

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
