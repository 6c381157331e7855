"""Recognise the rows and header lines of laboratory tables in extracted text.

Rows carry the facts a reader looks for, so they are kept whole: as sentences of their own, never cut, with the header
line of their table. The rules look at the form of a line, never at the name of a test.
"""

from __future__ import annotations

import re

MAX_LINE = 400  # longer lines are prose; also keeps every pattern below cheap

_HEADER_WORDS = frozenset(
    "test tests analyte component investigation assay antibody antigen result results value values unit units reference "
    "ref range ranges interval flag flags normal abnormal status interpretation method previous prior date collected "
    "parameter measure finding findings locus allele allele1 allele2 gene variant zygosity consequence classification "
    "medication drug dose route frequency start started stop indication prescriber comments comment note notes titer "
    "pattern limit limits low high name marker joint site item score domain specimen visit trend".split()
)
_GLUE = frozenset("of and the in for or to per by s".split())
_PROSE_WORDS = frozenset(
    "the was were is are has have had and with that this she he we they will would should which who because although however "
    "since but not been be as her his their reports denies notes recommend continue".split()
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
_FLAG = re.compile(r"(?:^|\s)\(?(?:H{1,2}|L{1,2}|HIGH|LOW|A|ABN|ABNORMAL|CRIT|CRITICAL|N|NORMAL|POS|NEG|\*+|↑+|↓+)\)?$")
_UNIT = re.compile(
    r"(?:^|[\s\d(])(?:%|[munpkµμ]?(?:g|mol|eq|IU|U|EU|AU|RU|CU)\s?/\s?(?:d?[lL]|m[lLgm]|24\s?h\w*|day|mol|mmol|g|min|kg)|IU|U|mm/h\w*"
    r"|fL|pg|mEq/L|cells/\S+|[xX×]\s?10\S+|10[\^*]?\d*/\S+|K/\S+|M/\S+|/hpf|/HPF|/lpf|mL/min\S*|mmHg|ratio|index|titer|copies/mL"
    r"|seconds|sec|s|units?|units/mL|SD|cm|mm|kg|kPa|[nu]g/mL|AI|GPL|MPL|SMU|CU)(?=$|[\s,;)])"
)


def is_header(line: str) -> bool:
    """True for the header line of a table: nothing but column names, three or more of them ("Test Result Units Flag")."""
    if not line or len(line) > 160 or line.endswith((".", ":", ";")) or any(char.isdigit() for char in line):
        return False
    words = [word for word in re.split(r"[^a-z]+", line.lower()) if word]
    named = sum(word in _HEADER_WORDS for word in words)
    return named >= 3 and named + sum(word in _GLUE for word in words) >= 0.7 * len(words)


def is_row(line: str) -> bool:
    """True for a row of a results table: a name, a result, and a unit, range, flag or further columns; not prose."""
    if not line or len(line) > MAX_LINE or line.endswith((".", ";", ":", "?")):
        return False
    cells = [cell for cell in line.split("  ") if cell.strip()]
    words = line.split()
    if not 2 <= len(words) <= 30 or not _RESULT.search(line):
        return False
    prose = sum(word.lower().strip(",") in _PROSE_WORDS for word in words)
    if len(cells) >= 3:
        return prose <= 3
    if prose:
        return False
    result = _RESULT.search(line)
    assert result is not None
    after_name = line[result.start():]
    marks = (
        bool(_UNIT.search(after_name)) + bool(_FLAG.search(line)) + bool(_RANGE.search(after_name, result.end() - result.start()))
    )
    return result.start() > 0 and marks >= 1 and len(words) <= 16 and "," not in line[: result.start()]


def rows_kept(text: str, laid_out: str) -> str:
    """Return whichever of two extractions of a page keeps its table rows together.

    `text` follows the order of drawing: right for prose in columns, wrong for a table drawn column by column.
    `laid_out` follows the position on the page: right for tables, wrong for prose in columns. `laid_out` is taken only
    when it shows table rows that `text` has torn apart, and has lost no character.
    """
    if _ink(laid_out) < _ink(text):
        return text
    flat = {"".join(line.split()) for line in text.split("\n")}
    rows = [line for line in laid_out.split("\n") if _is_wide_row(line)]
    torn = sum("".join(row.split()) not in flat for row in rows)
    return laid_out if len(rows) >= 2 and torn >= 2 and torn * 2 >= len(rows) else text


def looks_torn(text: str) -> bool:
    """True when a page has so many very short lines that a table may have been drawn column by column."""
    lines = [line for line in text.split("\n") if line.strip()]
    short = sum(len(line) <= 24 for line in lines)
    return short >= 8 and short * 3 >= len(lines)


def _is_wide_row(line: str) -> bool:
    cells = [cell for cell in line.split("  ") if cell.strip()]
    if len(line) > MAX_LINE or len(cells) < 3:
        return False
    brief = sum(len(cell.split()) <= 5 for cell in cells)
    return brief >= len(cells) - 1 and any(char.isdigit() for char in line)


def _ink(text: str) -> int:
    return sum(not char.isspace() for char in text)
