"""Read the "Label: value" fields of a clinical document, however its form was laid out.

Extraction runs a form's columns together ("Patient: A. Smith MRN: 123 DOB: 03/15/1988") or puts a value on the line under
its label. A value therefore ends at a column gap, at the next label of a form, or at the end of the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

_MAX_LINE = 300
# Labels of a clinical form that end the value before them.
_FORM_LABEL = (
    r"(?:patient(?: name| id)?|name|mrn|medical record|dob|d\.o\.b|date of birth|birth ?date|age|sex|gender|date|visit date|"
    r"date of \w+|collected|received|reported|report date|provider|author|physician|attending|ordering \w+|ordered by|"
    r"referring \w+|facility|location|department|specialty|service|accession|account|encounter|phone|fax|tel|page|"
    r"reported by|specimen|status|nhs|hospital (?:no|number)|insurance|address|pcp|language|allergies|location|room|clinic)"
)
_NEXT_LABEL = re.compile(rf"(?:\s{{2,}}|\s[|·]\s|[\s,;]+(?={_FORM_LABEL}(?:\s?(?:no|number|id|#))?\.?\s*(?::|#)))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """A value, and the line it was read from."""

    value: str
    line: str


def find_fields(lines: Sequence[str], label: str, *, colon: bool = True) -> Iterator[Field]:
    """Yield what stands behind `label` (a regular expression), in order of the lines.

    With `colon` the label needs one (or "#") after it, unless it fills a line or a column alone; the value is then what
    follows in the next column or on the next line.
    """
    pattern = _compiled(label, colon)
    for number, line in enumerate(lines):
        if len(line) > _MAX_LINE:
            continue
        match = pattern.search(line)
        if match is None:
            continue
        rest = line[match.end():].strip()
        if not rest and number + 1 < len(lines):
            rest = lines[number + 1].strip()[:_MAX_LINE]
        value = _NEXT_LABEL.split(rest, maxsplit=1)[0].strip(" :|·,;-")
        if value:
            yield Field(value, line)


@cache
def _compiled(label: str, colon: bool) -> re.Pattern[str]:
    start = r"(?:^|(?<=\s\s)|(?<=[|·;,]\s)|(?<=\s))"
    if not colon:
        return re.compile(rf"{start}(?:{label})\b[:#]?\s*", re.IGNORECASE)
    marked = rf"{start}(?:{label})(?:\s?\([^)]{{1,20}}\))?\s?[:#]\s*"
    alone = rf"(?:^|(?<=\s\s))(?:{label})(?:\s{{2,}}|$)"
    return re.compile(rf"{marked}|{alone}", re.IGNORECASE)
