"""The typeface of the printed report, cut down once per process to the scripts it covers.

Source Sans Pro (SIL Open Font License) from the package `font-source-sans-pro`: Latin with all European and Vietnamese
letters, Greek and Cyrillic. A smaller font is embedded faster. What it cannot show is written as its code point, so that
nothing disappears.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

_FILES = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}
_SIGNS = "’‘“”‚„–—…•→←↑↓≥≤≈≠×±−₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹½✓√′″Δ☐†‡·§¶€™‰"
_WANTED = (*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x400), *range(0x400, 0x500), *range(0x1E00, 0x1F00))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="paratope-report-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def font_file(style: str) -> Path:
    """Return the file of the reduced face: style "" or "B"."""
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, drop_tables=["GSUB", "GPOS", "GDEF", "DSIG", "BASE"]
    )
    font = TTFont(str(resources.files("font_source_sans_pro") / "files" / _FILES[style]), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=(*_WANTED, *map(ord, _SIGNS)))
    cutter.subset(font)
    target = _folder() / _FILES[style]
    font.save(target)
    return target


@cache
def covered() -> frozenset[int]:
    """Return the code points both cuts can show."""
    maps = [set(TTFont(str(font_file(style))).getBestCmap()) for style in _FILES]
    return frozenset(set.intersection(*maps))


def printable(text: str) -> str:
    """Return `text` with every character the typeface lacks written as its code point, e.g. `[U+5F20]`."""
    known = covered()
    return "".join(sign if ord(sign) in known or sign in "\n " else f"[U+{ord(sign):04X}]" for sign in text)
