"""Recognise the rows and header lines of tables in extracted text.

Rows carry the facts a reader looks for, so they are kept whole: as sentences of their own, never cut, with the header
line of their table. A line with `CELL` between its cells is a row that `layout` found on the page; for all other lines the
rules look at the form of the line, never at the name of a test.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CELL = " | "
"""Stands between the cells of a table row in `Page.text`; an empty cell stays visible ("C3 | 90–180 |  | 88 L")."""

MAX_LINE = 400  # longer lines are prose; also keeps every pattern below cheap

_HEADER_WORDS = _words(
    """
    test tests analyte component investigation assay antibody antigen result results value values unit units reference
    ref range ranges interval flag flags normal abnormal status interpretation method previous prior date collected
    parameter measure finding findings locus allele allele1 allele2 gene variant zygosity consequence classification
    medication drug dose route frequency start started stop indication prescriber comments comment note notes titer
    pattern limit limits low high name marker joint site item score domain specimen visit trend
    """
)
_GLUE = _words(
    """
    of and the in for or to per by s
    """
)
_PROSE_WORDS = _words(
    """
    the was were is are has have had and with that this she he we they will would should which who because although
    however since but not been be as her his their reports denies notes recommend continue
    """
)
_NUMBER = r"[<>≤≥~]?\s?\d+(?:[.,]\d+)*"
_RANGE = re.compile(
    rf"(?<![\w.]){_NUMBER}\s?[-–—]\s?\d+(?:[.,]\d+)*(?![\w])|(?:[<>≤≥]|less than|up to|below|above|under)\s?\d|1:\d+"
    r"|\b(?:negative|non-?reactive|not detected|normal|absent)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    rf"(?<![\w.:]){_NUMBER}(?![\w])|1:\d+|\b(?:positive|negative|reactive|non-?reactive|detected|trace|borderline|equivocal"
    r"|indeterminate|normal|abnormal|present|absent)\b|\+{1,4}(?!\w)",
    re.IGNORECASE,
)
_DATE_CELL = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|[A-Za-z]{3,9} \d{4}"
)
_FLAG = re.compile(r"(?:^|\s)\(?(?:H{1,2}|L{1,2}|HIGH|LOW|A|ABN|ABNORMAL|CRIT|CRITICAL|N|NORMAL|POS|NEG|\*+|↑+|↓+)\)?$")
_UNIT = re.compile(
    r"(?:^|[\s\d(])(?:%|[munpkµμ]?(?:g|mol|eq|IU|U|EU|AU|RU|CU)\s?/\s?(?:d?[lL]|m[lLgm]|24\s?h\w*|day|mol|mmol|g|min|kg)|IU|U|mm/h\w*"
    r"|fL|pg|mEq/L|cells/\S+|[xX×]\s?10\S+|10[\^*]?\d*/\S+|K/\S+|M/\S+|/hpf|/HPF|/lpf|mL/min\S*|mmHg|ratio|index|titer|copies/mL"
    r"|seconds|sec|s|units?|units/mL|SD|cm|mm|kg|kPa|[nu]g/mL|AI|GPL|MPL|SMU|CU)(?=$|[\s,;)])"
)


def cells_of(line: str) -> tuple[str, ...]:
    """Return the cells of a row with cell marks, empty ones included; () for any other line."""
    return tuple(cell.strip() for cell in line.split("|")) if line.count("|") >= 2 else ()


def is_header(line: str) -> bool:
    """True for the header line of a table: nothing but column names, three or more of them ("Test Result Units Flag").

    In a row with cell marks a date is a column name too (a cumulative report), and blank cells do not count.
    """
    if not line or len(line) > MAX_LINE or line.endswith((".", ":", ";")):
        return False
    cells = [cell for cell in cells_of(line) if cell]
    if cells:
        named = sum(bool(_DATE_CELL.fullmatch(cell)) or _is_name(cell) for cell in cells)
        return named >= 2 and named >= 0.7 * len(cells)
    if len(line) > 160 or any(char.isdigit() for char in line):
        return False
    words = _plain_words(line)
    named = sum(word in _HEADER_WORDS for word in words)
    return named >= 3 and named + sum(word in _GLUE for word in words) >= 0.7 * len(words)


def _plain_words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]


def _is_name(cell: str) -> bool:
    """True for the name of a column: header words lead, and no result stands in it."""
    words = _plain_words(cell.partition("(")[0])
    return bool(words) and len(words) <= 4 and sum(word in _HEADER_WORDS for word in words) * 2 >= len(words)


def is_row(line: str) -> bool:
    """True for a row of a table: cell marks, or a name, a result, and a unit, range, flag or further columns; not prose."""
    if cells_of(line):
        return not is_header(line)
    if not line or len(line) > MAX_LINE or line.endswith((".", ";", ":", "?")):
        return False
    gaps = [cell for cell in line.split("  ") if cell.strip()]
    words = line.split()
    result = _RESULT.search(line)
    if not 2 <= len(words) <= 30 or result is None:
        return False
    prose = sum(word.lower().strip(",") in _PROSE_WORDS for word in words)
    if len(gaps) >= 3:
        return prose <= 3 and not any(":" in gap for gap in gaps)
    if prose or result.start() == 0 or len(words) > 16 or "," in line[: result.start()]:
        return False
    after_name = line[result.start():]
    return bool(
        _UNIT.search(after_name) or _FLAG.search(line) or _RANGE.search(after_name, result.end() - result.start())
    )
