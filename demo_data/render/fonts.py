"""The two typefaces of the letterheads, cut down once per process to the characters clinical text uses.

Source Sans Pro and Source Serif Pro (SIL Open Font License) come from the packages `font-source-sans-pro` and
`font-source-serif-pro`. A smaller font loads faster in each of the many documents. Only the upright cuts are used: the
italics have no Greek.
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

_FACES = {
    ("sans", ""): ("font_source_sans_pro", "SourceSansPro-Regular.ttf"),
    ("sans", "B"): ("font_source_sans_pro", "SourceSansPro-Bold.ttf"),
    ("serif", ""): ("font_source_serif_pro", "SourceSerifPro-Regular.ttf"),
    ("serif", "B"): ("font_source_serif_pro", "SourceSerifPro-Bold.ttf"),
}
_SIGNS = "’‘“”–—…•→↑↓≥≤≈×±−₀₁₂₃₄⁰¹²³⁴⁵⁶⁷⁸⁹½✓√′″Δ☐†·"
SUPPORTED = frozenset((*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA), *map(ord, _SIGNS)))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="paratope-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def font_file(family: str, style: str) -> Path:
    """Return the file of the reduced face: family `sans` or `serif`, style "" or "B"."""
    package, name = _FACES[family, style]
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, drop_tables=["GSUB", "GPOS", "GDEF", "DSIG", "BASE"]
    )
    font = TTFont(str(resources.files(package) / "files" / name), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=SUPPORTED)
    cutter.subset(font)
    target = _folder() / name
    font.save(target)
    return target
