"""Which column of a table holds what: from its head, or where it has none from what stands in it.

Reports differ in names and order of columns, repeat the same columns side by side, put dates or tests at the head. A table whose
columns cannot be told apart gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.clinical.labs import normalise_unit, parse_reference_range
from services.evidence.documents.tables import is_header
from services.evidence.extraction.dating import Moment
from services.evidence.extraction.lexicon import subject_of
from services.evidence.extraction.sheet import Cell
from services.evidence.extraction.values import read_cell, read_flag


class Column(StrEnum):
    NAME = "name"
    VALUE = "value"
    UNIT = "unit"
    RANGE = "range"
    LOW = "low"
    HIGH = "high"
    FLAG = "flag"
    WORDS = "words"
    PATTERN = "pattern"
    TITER = "titer"
    DAY = "day"
    DATED = "dated"  # a result of the date at its head
    TEST = "test"  # a result of the test at its head
    PREVIOUS = "previous"
    ALLELE = "allele"
    OTHER = "other"


_ROLES: tuple[tuple[Column, re.Pattern[str]], ...] = tuple(
    (role, re.compile(rf"(?:{words})", re.IGNORECASE))
    for role, words in (
        (Column.VALUE, r"^(?:in|out of|within|outside) range$"),
        (Column.PREVIOUS, r"^(?:previous|prior|last|earlier|historical)\b(?! name)"),
        (Column.ALLELE, r"^(?:allele|haplotype|typing|antigen|hla type|type) ?(?:[12ab])?$|^alleles?\b"),
        (Column.LOW, r"^(?:low(?:er)?(?: limit| ref\w*)?|min(?:imum)?|lln)$"),
        (Column.HIGH, r"^(?:high(?:er)?(?: limit| ref\w*)?|upper(?: limit| ref\w*)?|max(?:imum)?|uln)$"),
        (Column.RANGE, r"\bref(?:erence)?\b|\branges?\b|\binterval\b|\bnormal(?: value| limit| range)?s?$|\bexpected\b|"
                       r"\bcut-?off\b|\blimits\b|^rr$"),
        (Column.FLAG, r"^(?:flags?|h/l|abn(?:ormal)?(?: flag)?|alert|indicator|\*)$"),
        (Column.PATTERN, r"\bpattern\b"),
        (Column.TITER, r"^titers?$|^titres?$"),
        (Column.UNIT, r"^(?:[^ ]+ ?/ ?)?(?:units?|uom|unit of measure)$"),
        (Column.DAY, r"^(?:date|collected|collection(?: date)?|date collected|date/time|specimen date|drawn|sample date|visit|"
                     r"day)$"),
        (Column.WORDS, r"^(?:interpretation|status|qualitative|comment|remark|evaluation|assessment|qual\.?(?: result)?|"
                       r"pos/neg)s?$"),
        (Column.NAME, r"^(?:(?:lab(?:oratory)? )?tests?(?: name| description| ?\(unit\))?|analytes?(?: ?\(unit\))?|"
                      r"investigation|assay|"
                      r"component|parameter|marker|exam(?:ination)?|antibod(?:y|ies)(?: ?\(unit\))?|autoantibod(?:y|ies)|"
                      r"antigen|measure(?:ment)?|"
                      r"determination|procedure|observation|description|item|locus|gene|name|lab(?:oratory)?|biomarker|"
                      r"variable|specificity)$"),
        (Column.VALUE, r"^(?:[^ ]+ ?/ ?)?(?:(?:patient(?:'s)? |your |test |current |new |numeric |quantitative )?"
                       r"(?:results?|values?|findings?|readings?|level)|"
                       r"concentration|observed(?: value)?|measured|outcome|in range|out of range|current|today)(?: ?\([^)]*\)|"
                       r" ?\[[^\]]*\])?$"),
    )
)
_OTHER_HEAD = re.compile(  # of lists of medications and of problems
    r"(?:current |active )?(?:medications?|drugs?|medicines?|problems?(?: list)?|diagnos[ie]s|conditions?)(?: name)?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^a-z0-9/.'()\[\]* -]")


def role_of(head: str) -> Column | None:
    """Return what a column of this head holds, None where the words do not say."""
    shown = " ".join(head.split())
    return next((role for role, pattern in _ROLES if pattern.search(_PLAIN.sub("", shown.lower()))), None)


@dataclass(frozen=True, slots=True)
class Head:
    """The roles of the columns; `moments` are the dates at their heads, `names` their words."""

    roles: tuple[Column | None, ...]
    moments: tuple[Moment | None, ...]
    names: tuple[str, ...]

    def has(self, role: Column) -> bool:
        return role in self.roles


def looks_like_head(cells: Sequence[Cell], moments: Sequence[Moment | None]) -> bool:
    """Whether a row names columns: known names, dates and no results."""
    shown = [cell.text for cell in cells if cell.text]
    if len(shown) < 2:
        return False
    if any(_OTHER_HEAD.fullmatch(text) for text in shown) and not any(char.isdigit() for text in shown for char in text):
        return all(len(text.split()) <= 4 for text in shown)
    if cells[0].text and role_of(cells[0].text) is None and subject_of(cells[0].text) is not None:
        return False  # a test, whatever stands beside it ("Blood film | normal | normal")
    if is_header(" | ".join(cell.text for cell in cells)):
        return True
    named = sum(role_of(text) is not None for text in shown)
    dated = sum(moment is not None for moment in moments)
    return named + dated >= 2 and named + dated >= 0.6 * len(shown)


def infer(rows: Sequence[Sequence[Cell]]) -> Head | None:
    """Tell columns apart by what stands in them, for a table without a head; None where it stays unclear."""
    width = max((len(row) for row in rows), default=0)
    if width < 2:
        return None
    roles: list[Column | None] = [Column.NAME]
    for number in range(1, width):
        texts = [row[number].text for row in rows if number < len(row) and row[number].text]
        roles.append(_content_role(texts))
    if roles.count(Column.VALUE) == 0:
        return None
    seen = False
    for number, role in enumerate(roles):
        if role is Column.VALUE:
            roles[number] = None if seen else role
            seen = True
    return Head(tuple(roles), (None,) * width, ("",) * width)


def _content_role(texts: Sequence[str]) -> Column | None:
    if not texts:
        return None
    enough = 0.6 * len(texts)
    if sum(read_flag(text)[0] for text in texts) >= enough:
        return Column.FLAG
    if sum(normalise_unit(text) is not None for text in texts) >= enough:
        return Column.UNIT
    if sum(parse_reference_range(text) is not None and read_cell(text).comparator is None for text in texts) >= enough:
        return Column.RANGE
    if sum(_is_result(text) for text in texts) >= enough:
        return Column.VALUE
    return None


def _is_result(text: str) -> bool:
    read = read_cell(text)
    return read.value is not None or read.titer is not None or read.outcome is not None
