"""Reads a pasted or uploaded table of results: delimiter, header, decimal sign and date order found in the table itself.

Nothing is dropped: each row comes back as read, as a result of an antibody, or with the reason why it was not read.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.clinical.antibodies import normalise_antibody
from services.clinical.labs import Reading, normalise, parse_number, parse_quantity, resolve
from services.clinical.profile import AntibodyResult, MeasuredValue
from services.clinical.titers import Outcome, parse_outcome, parse_titer
from services.errors import InvalidInputError
from services.evidence.documents.dates import day_first, find_dates

MAX_CHARS = 500_000
MAX_ROWS = 2_000
MAX_CELL = 200
_DELIMITERS = ("\t", ";", "|", ",")
_FIELDS = ("test", "value", "unit", "range", "date")
_HEADERS: Mapping[str, str] = {
    name: column
    for column, names in {
        "test": "test testname name analyte analysis analyse parameter component assay lab labtest biomarker untersuchung "
        "bezeichnung messgrosse kurzbezeichnung item observation marker",
        "value": "value result results resultvalue wert ergebnis messwert befund measurement resultat",
        "unit": "unit units einheit einheiten uom dimension",
        "range": "referencerange reference range refrange ref normalrange normal referenceinterval referenzbereich referenz "
        "normbereich normwert normwerte referenzwerte referenzintervall limits",
        "date": "date datum specimendate sampledate collected collectiondate collectedon drawn drawdate entnahme entnahmedatum "
        "abnahme abnahmedatum probendatum resultdate befunddatum datetime time zeitpunkt",
    }.items()
    for name in names.split()
}
_GERMAN = frozenset(
    "wert ergebnis messwert befund einheit einheiten referenzbereich referenz normbereich normwert datum entnahme abnahme "
    "untersuchung bezeichnung analyse entnahmedatum abnahmedatum".split()
)
_GERMAN_RESULTS = {"positiv": "positive", "negativ": "negative", "grenzwertig": "equivocal", "nicht nachweisbar": "not detected"}
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))(?![\d,.])")
_POINT_DECIMAL = re.compile(r"(?<![\d.,])(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))(?![\d,.])")
_TWO_WAYS = re.compile(r"(?<![\d.,])[1-9]\d{0,2},\d{3}(?![\d,.])")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


class RowState(StrEnum):
    LAB = "laboratory value"
    ANTIBODY = "antibody"
    PROBLEM = "not taken over"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as written, and how it was understood. `line` counts the rows of the table from 1."""

    line: int
    test: str
    value: str = ""
    unit: str = ""
    limits: str = ""
    written_date: str = ""
    state: RowState = RowState.PROBLEM
    understood: str = ""
    reason: str = ""
    reading: Reading | None = None
    measured: MeasuredValue | None = None
    antibody: AntibodyResult | None = None
    qualitative: bool | None = None
    day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class LabTable:
    """The rows in their order; `notes` say what was inferred for the whole table."""

    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state is not RowState.PROBLEM)


@dataclass(frozen=True, slots=True)
class _Habits:
    """What the table as a whole says about its numbers and dates. `decimal_comma` None: it does not say."""

    decimal_comma: bool | None
    day_first: bool | None
    sex: str | None
    age_years: int | None
    notes: list[str] = field(default_factory=list)


def decode(content: bytes) -> str:
    """Return the text of an uploaded table: UTF-8, UTF-16 with mark, or the Windows code page German Excel writes."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_table(text: str, *, sex: str | None = None, age_years: int | None = None) -> LabTable:
    """Read a table of results.

    :raise InvalidInputError: it is too large, or holds no row with a test and a value.
    """
    if len(text) > MAX_CHARS:
        raise InvalidInputError(f"the table has more than {MAX_CHARS:,} characters: import it in parts")
    cells, delimiter = _split(text)
    if not cells:
        raise InvalidInputError("the table is empty: paste rows of test, value, unit, reference range, date")
    if len(cells) > MAX_ROWS:
        raise InvalidInputError(f"the table has more than {MAX_ROWS:,} rows: import it in parts")
    columns, has_header = _columns(cells[0])
    body = cells[1:] if has_header else cells
    if max((len(row) for row in cells), default=0) < 2:
        raise InvalidInputError("the table has one column only: separate test and value by a tab, semicolon, comma or bar")
    if "test" not in columns or "value" not in columns:
        raise InvalidInputError("the header names no column for the test or for the value: use test, value, unit, range, date")
    raw = [_row(position, row, columns) for position, row in enumerate(body, start=1)]
    habits = _habits(raw, cells[0] if has_header else [], sex, age_years)
    named = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}[delimiter]
    order = "" if has_header else " No header: columns taken as test, value, unit, reference range, date."
    notes = (f"Columns separated by {named}.{order}", *habits.notes)
    return LabTable(tuple(_understand(row, habits) for row in raw), notes)


def _split(text: str) -> tuple[list[list[str]], str]:
    """Return the cells by the delimiter that names most columns and divides most rows alike."""
    lines = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    best: tuple[tuple[int, int, float], list[list[str]], str] = ((-1, -1, -1.0), [], ",")
    for delimiter in _DELIMITERS:
        rows = _parsed(lines, delimiter)
        if not rows:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = widths.most_common(1)[0]
        named = sum(_fold(cell) in _HEADERS for cell in rows[0])
        score = (named, int(width > 1), count / len(rows) if width > 1 else 0.0)
        if score > best[0]:
            best = (score, rows, delimiter)
    return best[1], best[2]


def _parsed(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # an unclosed quotation mark: read the lines as they stand
        rows = [line.split(delimiter) for line in text.split("\n")]
    cut = [[cell.strip()[:MAX_CELL] for cell in row] for row in rows]
    return [row for row in cut if any(row) and not all(set(cell) <= set("-: ") for cell in row)]


def _columns(first: Sequence[str]) -> tuple[dict[str, int], bool]:
    found: dict[str, int] = {}
    for position, cell in enumerate(first):
        column = _HEADERS.get(_fold(cell))
        if column is not None:
            found.setdefault(column, position)
    if len(found) >= 2:
        return found, True
    return {name: position for position, name in enumerate(_FIELDS)}, False


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:MAX_CELL].replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "", plain.lower())


def _row(line: int, cells: Sequence[str], columns: Mapping[str, int]) -> Row:
    named = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
    test, value, unit, limits, written = (named.get(name, "") for name in _FIELDS)
    return Row(line, test, value, unit, limits, written)


def _habits(rows: Sequence[Row], header: Sequence[str], sex: str | None, age_years: int | None) -> _Habits:
    numbers = " ".join(f"{row.value} {row.limits}" for row in rows)
    commas, points = _COMMA_DECIMAL.search(numbers) is not None, _POINT_DECIMAL.search(numbers) is not None
    german = any(_fold(cell) in _GERMAN for cell in header)
    decimal_comma = commas if commas != points else (True if german and not points else None)
    habits = _Habits(decimal_comma, day_first("\n".join(row.written_date for row in rows)), sex, age_years)
    if decimal_comma:
        habits.notes.append("Numbers read with a decimal comma: 12,5 is twelve and a half.")
    return habits


def _understand(row: Row, habits: _Habits) -> Row:
    if not row.test or not row.value:
        return _problem(row, "no test name" if not row.test else "no value")
    day, why = _date(row.written_date, habits)
    if why:
        return _problem(row, why)
    if habits.decimal_comma is None and _TWO_WAYS.search(row.value):
        return _problem(row, f"{row.value} can be read in two ways: write it without the comma")
    if (":" in row.value and parse_titer(row.value) is not None) or _outcome(row.value) is not None:
        return _antibody(row, habits, day)
    if resolve(row.test) is None:
        return _antibody(row, habits, day)
    return _laboratory(row, habits, day)


def _laboratory(row: Row, habits: _Habits, day: datetime.date | None) -> Row:
    quantity = parse_quantity(_as_point(row.value, habits))
    if quantity is None:
        return _problem(row, f"{row.value!r} is not a number")
    range_text = _as_point(row.limits, habits) or None
    measured = MeasuredValue(
        value=quantity.value, bound=quantity.comparator, unit=row.unit or quantity.unit, reference_range=range_text, date=day
    )
    panel = normalise({row.test: measured}, habits.sex, age_years=habits.age_years)
    if panel.problems:
        return _problem(row, panel.problems[0].message)
    if not panel.readings:
        return _problem(row, "names a limit, not a result")
    reading = panel.readings[0]
    understood = f"{reading.label} {reading.shown} {reading.unit}"
    return replace(
        row, state=RowState.LAB, understood=understood, reason=reading.note, reading=reading, measured=measured, day=day
    )


def _antibody(row: Row, habits: _Habits, day: datetime.date | None) -> Row:
    name = normalise_antibody(row.test)
    if name.id is None:
        return _problem(row, name.question or "the test is not recognised")
    outcome, titer = _outcome(row.value), parse_titer(row.value) if ":" in row.value else None
    if outcome is not None and titer is None:
        decided = {"positive": True, "negative": False}.get(outcome.value)
        if decided is None:
            return _problem(row, f"{row.value}: neither positive nor negative")
        understood = f"{row.test}: {outcome.value}"
        return replace(row, state=RowState.ANTIBODY, understood=understood, qualitative=decided, day=day)
    number = float(titer.dilution) if titer else parse_number(_as_point(row.value, habits))
    if number is None:
        return _problem(row, f"{row.value!r} is neither a number, a titer nor a word for positive or negative")
    result = AntibodyResult(
        antibody=row.test, value=number, unit=row.unit or None, titer=row.value if titer else None,
        reference_range=(row.limits if titer else _as_point(row.limits, habits)) or None,
    )  # fmt: skip
    understood = f"{row.test} {row.value} {row.unit}".strip()
    return replace(row, state=RowState.ANTIBODY, understood=understood, antibody=result, day=day)


def _outcome(text: str) -> Outcome | None:
    return parse_outcome(_GERMAN_RESULTS.get(text.strip().lower(), text))


def _as_point(text: str, habits: _Habits) -> str:
    """Write the numbers of a cell with a decimal point where the table uses the comma."""
    if not habits.decimal_comma:
        return text
    return _NUMBER.sub(lambda match: match.group().replace(".", "").replace(",", "."), text)


def _date(text: str, habits: _Habits) -> tuple[datetime.date | None, str]:
    if not text:
        return None, ""
    found = next(iter(find_dates(text, day_first=habits.day_first)), None)
    if found is None:
        return None, f"{text!r} is not a date: write 2024-03-31"
    if found.assumed:
        return None, f"{text!r} can be two dates: write it as year-month-day"
    return found.value, ""


def _problem(row: Row, reason: str) -> Row:
    return replace(row, reason=reason)
