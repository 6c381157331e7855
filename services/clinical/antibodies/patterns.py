"""HEp-2 staining patterns by the ICAP code or name a laboratory prints.

Source: Damoiseaux 2019, Ann Rheum Dis, PMID 30862649.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from services.clinical.antibodies.names import MAX_NAME
from services.knowledge.catalogue import load
from services.knowledge.immunology import IcapPattern

_CODE = re.compile(r"\bac[\s-]{0,2}(\d{1,2})\b")


def parse_patterns(text: str) -> tuple[IcapPattern, ...]:
    """Return the patterns `text` names, in order of code; none when nothing is recognised (`AC-4`, "fine speckled")."""
    if not text:
        return ()
    cut = text[:MAX_NAME].lower()
    codes = {f"AC-{int(number)}" for number in _CODE.findall(cut)}
    found = {code for code in codes if code in _by_code()}
    words = _phrase(cut)
    taken = ""
    for name, code in _by_name():
        if f" {name} " in words and f" {name} " not in taken:
            found.add(code)
            taken += f" {name} "
            words = words.replace(f" {name} ", "  ")
    return tuple(_by_code()[code] for code in sorted(found, key=lambda code: int(code[3:])))


def _phrase(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


@cache
def _by_code() -> Mapping[str, IcapPattern]:
    return {row.code: row for row in load("icap_patterns", IcapPattern)}


@cache
def _by_name() -> tuple[tuple[str, str], ...]:
    """Names with their codes, the longest first, so that "fine speckled" does not hide "dense fine speckled"."""
    names = {_phrase(name).strip(): row.code for row in _by_code().values() for name in (row.name, *row.synonyms)}
    return tuple(sorted(names.items(), key=lambda item: -len(item[0])))
