"""Read one printed result: number, bound, titer or word, with unit, range and flag wherever the report puts them.

"H 28.4", "28.4 H mg/L", "<0.01", "12,5 mg/L (0-5)", "1:640 homogeneous POS", "not detected", "24 neg": one grammar for table
cells, rows without cells and phrases in a sentence. Input is cut to a few hundred characters, and every pattern is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from services.clinical.labs import normalise_unit, parse_number, parse_reference_range
from services.clinical.titers import Outcome, parse_outcome, parse_titer
from services.evidence.extraction.facts import Comparator, Flag

MAX_TEXT = 300

_SIGNS: dict[str, Comparator | None] = {
    "<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=", "": None, "~": None, "=": None,
    "less than": "<", "greater than": ">", "more than": ">", "below": "<", "above": ">",
}
_NUMBER = re.compile(
    r"(?P<sign><=|>=|[<>≤≥~=]|(?:less|greater|more) than|below|above)?\s{0,3}(?P<number>[+\-−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|"
    r"\d{1,12}(?:[.,]\d{1,8})?))"
    r"(?![\d]|[.,]\d)",
    re.IGNORECASE,
)
_TITER = re.compile(r"(?:[<>≤≥]=?)?\s{0,2}1\s{0,2}[:/]\s{0,2}\d{1,3}(?:[,.]?\d{3}){0,2}\b(?!\s{0,2}[:/])|"
                    r"(?:[<>≤≥]=?)?\s{0,2}1:\d{1,7}\b")
_FLAGS: dict[str, Flag | None] = {
    "h": "H", "hh": "HH", "high": "H", "hi": "H", "elevated": "H", "raised": "H", "increased": "H",
    "↑": "H", "↑↑": "HH", "+h": "H",
    "l": "L", "ll": "L", "low": "L", "lo": "L", "decreased": "L", "reduced": "L", "↓": "L", "↓↓": "LL", "a": "A", "ab": "A",
    "abn": "A", "abnormal": "A", "*": "A", "**": "A", "!": "A", "crit": "A", "critical": "A", "n": None, "normal": None,
    "wnl": None, "": None, "ok": None, "c": "A", "panic": "A", "critical high": "HH", "critical low": "LL", "h*": "H", "l*": "L",
    "*h": "H", "*l": "L", "high *": "H", "within range": None, "out of range": "A", "in range": None,
    "above range": "H", "below range": "L",
}
_FLAGS["ll"] = "LL"
_FLAG_WORD = r"(?:HH|LL|H|L|A|ABN|N|[Hh]igh|HIGH|[Ll]ow|LOW|[Aa]bnormal|ABNORMAL|CRIT(?:ICAL)?|\*{1,2}|↑{1,2}|↓{1,2}|!)"
_LEADING_FLAG = re.compile(rf"^\(?({_FLAG_WORD})\)?[\s:]*(?=[<>≤≥]?\s?\d)")
_TRAILING_FLAG = re.compile(rf"(?:\s|(?<=[\d(\[])|^)[(\[]?({_FLAG_WORD})[)\]]?\s*$")
_OUTCOME_WORD = re.compile(r"\s*[(\[]?\b(POS(?:ITIVE)?|NEG(?:ATIVE)?|EQUIV(?:OCAL)?|BORDERLINE|INDETERMINATE|"
                           r"(?:NON-?)?REACTIVE|(?:NOT )?DETECTED)\b[)\]]?\s*$", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|not|never|nor|without|non|neither)\b", re.IGNORECASE)  # "no longer detected" is not detected
_RANGE_LABEL = re.compile(
    r"\b(?:ref(?:erence)?\.?(?:\s+(?:range|interval|limits?))?|normal(?:\s+(?:range|limits?|values?))?|range|RR|NR|nl|expected|"
    r"cut-?off)\s*[:=]?\s*"
    r"(?=[<>≤≥\d(n])([^);\]\n]{1,60})", re.IGNORECASE,
)
_BARE_RANGE = re.compile(
    r"[(\[]?\s*((?:[<>≤≥]=?\s?|up to |less than |below |above )\d{1,7}(?:[.,]\d{1,4})?|\d{1,7}(?:[.,]\d{1,4})?\s?(?:-|–|—|−|"
    r"to)\s?\d{1,7}(?:[.,]\d{1,4})?)\s*[)\]]?"
)
_PLAIN_RANGE = re.compile(
    r"((?:[<>≤≥]=?\s?)\d{1,7}(?:[.,]\d{1,4})?|\d{1,7}(?:[.,]\d{1,4})?\s?(?:-|–|—|−|to)\s?\d{1,7}(?:[.,]\d{1,4})?)(?![\d/:])"
)
_SPACE = re.compile(r"[ \t\n,]{0,4}")
_FLAG_HERE = re.compile(rf"({_FLAG_WORD})(?![\w/])")
_AFTER_FLAG = ("", " ", "\n", ",", ";", ")")
_FREE_UNIT = re.compile(r"[^\s(\[;,0-9][^(\[;\n]{0,30}")
_PIECE = re.compile(r"[^\s,;()\[\]]+")
_TITER_LIMIT = re.compile(r"([<≤]\s?1\s?[:/]\s?\d{1,6})(?!\d)")
_BRACKET = re.compile(r"[(\[]([^()\[\]]{1,120})[)\]]")


@dataclass(frozen=True, slots=True)
class Value:
    """A result as printed. `end` is where it ends in the text it was read from.

    `value` with `comparator`, or `titer`, or `text`; `unit` is the spelling of the report.
    """

    value: float | None = None
    comparator: Comparator | None = None
    titer: str | None = None
    text: str | None = None
    unit: str | None = None
    reference_range: str | None = None
    flag: Flag | None = None
    outcome: Outcome | None = None
    pattern: str | None = None
    end: int = 0

    @property
    def is_empty(self) -> bool:
        return self.value is None and self.titer is None and self.text is None


def read_flag(text: str) -> tuple[bool, Flag | None]:
    """Return whether `text` is a flag, and which; "N" and an empty cell are the flag of a normal result."""
    folded = text.strip().strip("()[]").lower()
    return (folded in _FLAGS), _FLAGS.get(folded)


def read_cell(text: str, *, unit: str | None = None, litres: bool = False) -> Value:
    """Read the result cell of a table. `unit` is the column's or the name's; with `litres` a lone L is a unit, not a flag."""
    rest = text.strip()[:MAX_TEXT]
    rest, reference = _take_range(rest)
    leading = _LEADING_FLAG.match(rest)
    flag: Flag | None = None
    if leading is not None:
        flag = _FLAGS.get(leading.group(1).lower())
        rest = rest[leading.end():]
    outcome: Outcome | None = None
    worded = _OUTCOME_WORD.search(rest)
    if worded is not None and worded.start() > 0 and not _DENIED.search(rest[: worded.start()]):
        outcome = parse_outcome(worded.group(1))
        rest = rest[: worded.start()].rstrip(" ,;(-")
    trailing = _TRAILING_FLAG.search(rest)
    if trailing is not None and trailing.start() > 0 and not (litres and unit is None and trailing.group(1) == "L"):
        flag = _FLAGS.get(trailing.group(1).lower()) or flag
        rest = rest[: trailing.start()].rstrip(" (")
    read = _quantity(rest, unit)
    return replace(read, flag=flag, reference_range=reference, outcome=outcome or read.outcome)


def _take_range(text: str) -> tuple[str, str | None]:
    """Part a result cell from a range that stands in it in brackets or behind "ref"."""
    for bracket in _BRACKET.finditer(text):
        inside = bracket.group(1).strip()
        labelled = _RANGE_LABEL.search(inside)
        shown = labelled.group(1).strip() if labelled else inside
        if parse_reference_range(shown) is not None and (labelled or _BARE_RANGE.fullmatch(inside)):
            before = inside[: labelled.start()].strip(" ,;") if labelled else ""
            return f"{text[:bracket.start()]} {before} {text[bracket.end():]}".strip(), shown
    return text, None


def _quantity(text: str, unit: str | None) -> Value:
    if not text or set(text) <= set("-–—.…* "):
        return Value()
    titer = _TITER.match(text)
    if titer is not None:
        found = parse_titer(titer.group())
        if found is not None:
            pattern = text[titer.end():].strip(" ,;()")
            return Value(titer=str(found), pattern=pattern[:80] or None)
    number = _NUMBER.match(text)
    if number is None:
        outcome = parse_outcome(text)
        return Value(text=text[:200], outcome=outcome)
    value = parse_number(number["number"])
    rest = text[number.end():].strip()
    if value is None or (rest[:1] in "/:+" and rest[:1]):
        return Value(text=text[:200])  # 14/36, 2+, 12:30
    if rest and normalise_unit(rest) is None and unit is not None and rest[0].isalpha():
        return Value(text=text[:200], outcome=parse_outcome(text))  # "2 weeks" beside a column of units
    shown = rest.strip(" ,;")
    if len(shown.split()) > 2 and "/" not in shown and normalise_unit(shown) is None:
        return Value(text=text[:200])  # "9 in CSF, 0 in serum"
    return Value(value=value, comparator=_SIGNS[(number["sign"] or "").lower()], unit=shown[:60] or None)


def read_phrase(text: str, *, loose_unit: bool = False) -> Value | None:
    """Read the result that `text` begins with: the rest of a row or phrase after the name of the test.

    Flag, unit and range may follow in any order. With `loose_unit` (a list of results, not a sentence) all that stands
    before the bracket is the unit. None where `text` does not begin with a result.
    """
    cut = text[:MAX_TEXT]
    position = len(cut) - len(cut.lstrip(" :=\t"))
    leading = _LEADING_FLAG.match(cut[position:])
    flag: Flag | None = None
    if leading is not None:
        flag = _FLAGS.get(leading.group(1).lower())
        position += leading.end()
    titer = _TITER.match(cut, position)
    if titer is not None and (found := parse_titer(titer.group())) is not None:
        return _with_tail(Value(titer=str(found), flag=flag, end=titer.end()), cut, loose_unit=False)
    number = _NUMBER.match(cut, position)
    if number is None:
        return None
    value = parse_number(number["number"])
    after = cut[number.end():number.end() + 2]
    glued = after[:1].isalpha() and after[0] not in "xmguµUIpnkfsHL"  # "28mg/L" is a unit, "7th" is none
    if value is None or after[:1] in "/:" or (after[:1] in "-–" and after[1:2].isdigit()) or after[:1] == "+" or glued:
        return None
    read = Value(value=value, comparator=_SIGNS[(number["sign"] or "").lower()], flag=flag, end=number.end())
    return _with_tail(read, cut, loose_unit=loose_unit)


def _with_tail(read: Value, text: str, *, loose_unit: bool) -> Value:
    """Take unit, flag and range from what follows the number, in any order, as long as each is recognised."""
    for _ in range(6):
        position = _SPACE.match(text, read.end).end()  # type: ignore[union-attr]  # matches the empty string too
        following = _next_part(read, text, position, loose_unit=loose_unit)
        if following is None:
            break
        read = following
    return read


def _next_part(read: Value, text: str, position: int, *, loose_unit: bool) -> Value | None:
    if read.unit is None and read.titer is None and (unit := _unit_at(text, position)) is not None:
        return replace(read, unit=unit[0], end=unit[1])
    bracket = _BRACKET.match(text, position)
    if bracket is not None:
        noted = _noted(read, bracket.group(1))
        return replace(noted, end=bracket.end()) if noted is not None else None
    flag = _FLAG_HERE.match(text, position)
    if flag is not None and read.flag is None and (len(flag.group(1)) > 1 or text[flag.end():flag.end() + 1] in _AFTER_FLAG):
        return replace(read, flag=_FLAGS.get(flag.group(1).lower()), end=flag.end())
    limits = (_TITER_LIMIT if read.titer is not None else _PLAIN_RANGE).match(text, position)
    if limits is not None and read.reference_range is None and read.end != position:
        return replace(read, reference_range=limits.group(1).strip(), end=limits.end())
    free = _FREE_UNIT.match(text, position) if loose_unit and read.unit is None else None
    return replace(read, unit=free.group().strip(), end=free.end()) if free is not None else None


def _unit_at(text: str, position: int) -> tuple[str, int] | None:
    """The longest known unit, of up to four words, that begins at `position`."""
    pieces = list(_PIECE.finditer(text[position:position + 40]))[:4]
    if not pieces or pieces[0].start() != 0:
        return None
    for count in range(len(pieces), 0, -1):
        end = pieces[count - 1].end()
        shown = text[position:position + end].rstrip(".,:")
        if shown == "L" and len(pieces) > 1 and normalise_unit(pieces[1].group()) is not None:
            return None  # "11.2 L g/dL": low, not litres
        if "\n\n" not in shown and normalise_unit(shown) is not None:
            return " ".join(shown.split()), position + len(shown)
    return None


def _noted(read: Value, inside: str) -> Value | None:
    """Take flag, words and range from brackets; None when they hold none of these."""
    labelled = _RANGE_LABEL.search(inside)
    words = inside[: labelled.start()] if labelled else inside
    found = read
    taken = False
    if labelled is not None:
        found, taken = replace(found, reference_range=labelled.group(1).strip(" ,;")[:60]), True
    elif _BARE_RANGE.fullmatch(inside.strip()):
        return replace(found, reference_range=inside.strip())
    for part in re.split(r"[,;]", words):
        is_flag, flag = read_flag(part)
        outcome = parse_outcome(part) if part.strip() else None
        if is_flag and part.strip():
            found, taken = replace(found, flag=flag or found.flag), True
            if outcome is not None and found.outcome is None and flag is None:
                found = replace(found, outcome=outcome)
        elif outcome is not None:
            found, taken = replace(found, outcome=outcome), True
    return found if taken else None


def combined(
    value: Value,
    *,
    unit: str | None = None,
    reference_range: str | None = None,
    flag_text: str | None = None,
    words: str | None = None,
) -> Value:
    """Add what the other cells of the row say: unit, range, flag, interpretation. The result cell itself goes first."""
    flag, outcome = value.flag, value.outcome
    for text in (flag_text, words):
        if text:
            flag = flag or read_flag(text)[1]
            outcome = outcome or parse_outcome(text)
    unit = (unit or "").strip()[:60] or None
    reference_range = (reference_range or "").strip()[:120] or None
    return replace(
        value, unit=value.unit or unit, reference_range=value.reference_range or reference_range, flag=flag, outcome=outcome
    )
