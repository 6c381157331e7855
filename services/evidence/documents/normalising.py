"""Turn extracted PDF text into plain, safe, searchable text without changing what it says.

Compatibility normalisation (NFKC) is not used on purpose: it turns 10⁹/L into 109/L. Only what cannot carry meaning is
changed: ligatures, odd spaces, control characters, bidirectional overrides, soft hyphens and hyphens at line ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_BULLETS = {"\uf0b7": "•", "\uf0a7": "•", "\uf0d8": "•", "\uf0fc": "•", "\u2023": "•", "\u25cf": "•"}
_SPACES = {chr(code): " " for code in (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)}
_INVISIBLE = dict.fromkeys(map(chr, (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)), "")
# Marks that reorder what is shown: text with them can read differently from what it says.
_BIDI = dict.fromkeys(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))), "")
_LINE_ENDS = {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
_CONTROLS = {
    chr(code): "" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\x0b\x0c\x85"
}
_TABLE = str.maketrans({**_LIGATURES, **_BULLETS, **_SPACES, **_INVISIBLE, **_BIDI, **_CONTROLS, **_LINE_ENDS})

_SURROGATES = re.compile("[\ud800-\udfff]")
_GAPS = re.compile(r"(?: *\t[ \t]*)|(?: {2,})")
_BLANK_LINES = re.compile(r"\n{3,}")
# A run of letters or digits is tried from its first character only: from each one it would take the square of a long word.
_LINE_END_HYPHEN = re.compile(r"((?<![^\W\d_])[^\W\d_]+|(?<!\d)\d+)[-\u2010]\n([^\W_]+)")
# First parts that keep their hyphen when a line ends after it: "anti-" + "dsDNA" is not "antidsDNA".
_COMPOUND_STARTS = _words(
    """
    anti non self well follow high low long short mid post pre co re ex cross half full first second third one two three
    four five six seven eight nine ten twice once year month week day old new over under by in on off up work check
    alpha beta gamma delta kappa lambda steroid disease drug dose treat double single multi semi quasi ill early late
    left right side pain symptom risk evidence biopsy sero x t b
    """
)

_PAGE_NUMBER = re.compile(
    r"(?:[-–—|•\s]*)(?:page|pg\.?|p\.|seite)?\s*\d{1,4}\s*(?:(?:of|/|von)\s*\d{1,4})?(?:[-–—|•\s]*)", re.IGNORECASE
)
_PAGE_LABEL = re.compile(r"\b(?:page|pg\.?)\s*\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?|\b\d{1,4}\s+of\s+\d{1,4}\b", re.IGNORECASE)
_PAGE_OF_PAGES = re.compile(r"\bpage\s*\d{1,4}\s*(?:of|/)\s*\d{1,4}\b", re.IGNORECASE)
_EDGE_LINES = 8
_HEAD_LINES = 16
_FORM_LINE = re.compile(
    r"\b(?:patient|name|mrn|dob|birth|date|age|author|provider|reported by|collected)\b[^:]{0,20}:", re.IGNORECASE
)
_LABEL_WORDS = frozenset({"mrn", "dob", "date", "of", "birth", "name", "patient", "page", "continued", "id"})


def clean_text(raw: str) -> str:
    """Return `raw` with typographic and invisible noise removed; line breaks and column gaps (two spaces) are kept."""
    text = _SURROGATES.sub("\ufffd", raw.replace("\r\n", "\n")).translate(_TABLE)
    text = unicodedata.normalize("NFC", text)
    text = text.replace("\u00ad\n", "").replace("\u00ad", "")
    text = _GAPS.sub("  ", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def join_hyphenated(pages: Sequence[str]) -> tuple[str, ...]:
    """Undo hyphenation at line ends on every page, judged by how the document writes the word elsewhere.

    The hyphen stays where dropping it would make a new word: before or after a digit or a capital ("IL-6", "anti-CCP"),
    after a common first part ("follow-up"), and where the document itself writes the word with its hyphen.
    """
    words = Counter(word.lower() for page in pages for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", page))

    def _join(match: re.Match[str]) -> str:
        first, second = match.group(1), match.group(2)
        if words[f"{first}{second}".lower()]:
            return first + second
        plain = first.isalpha() and len(first) >= 2 and second.isalpha() and second.islower() and first[-1].islower()
        if not plain or first.lower() in _COMPOUND_STARTS or words[f"{first}-{second}".lower()]:
            return f"{first}-{second}"
        return first + second

    return tuple(_LINE_END_HYPHEN.sub(_join, page) for page in pages)


def split_boilerplate(pages: Sequence[str], keep: Sequence[frozenset[str]] = ()) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return for each page its body and the lines removed from it.

    A line is boilerplate when it is or holds a page number ("Page 1 of 3"), when the same line (page number apart) stands
    in an unbroken run from the same edge on at least two pages (three for a sentence) and on half of them, or when it
    heads a later page with nothing but words of the first page's letterhead and patient block. Numbers other than page
    numbers must be equal: two results that differ only in their value are never taken for a repeated footer. Lines in
    `keep` (one set for each page; the rows of tables) are body wherever they stand.
    """
    lines = [page.split("\n") for page in pages]
    kept = list(keep) or [frozenset()] * len(lines)
    top = _repeated(lines, from_top=True)
    bottom = _repeated(lines, from_top=False)
    head_words = _head_words(lines[0]) if lines else frozenset()
    result = []
    for number, (page_lines, own) in enumerate(zip(lines, kept, strict=True)):
        first = _edge(page_lines, top, own, head_words if number else frozenset())
        last = len(page_lines) - _edge(page_lines[::-1], bottom, own)
        last = max(first, last)
        removed = tuple(line for line in (*page_lines[:first], *page_lines[last:]) if line)
        result.append(("\n".join(page_lines[first:last]).strip("\n"), removed))
    return tuple(result)


def _key(line: str) -> str:
    return " ".join(_PAGE_LABEL.sub("", line).split()).lower()


def _repeated(pages: Sequence[Sequence[str]], *, from_top: bool) -> frozenset[str]:
    """Keys of the lines that stand near one edge of enough pages. Copies of a page count once: they repeat everything."""
    distinct = {tuple(key for line in page if (key := _key(line))) for page in pages}
    counts: Counter[str] = Counter()
    for page in distinct:
        counts.update(set(page[:_EDGE_LINES] if from_top else page[-_EDGE_LINES:]))
    half = (len(distinct) + 1) // 2
    # A whole sentence may well be the finding of two pages: it takes three to make it a footer.
    return frozenset(key for key, count in counts.items() if count >= max(half, 3 if key.endswith((".", ";")) else 2))


def _head_words(lines: Sequence[str]) -> frozenset[str]:
    """The words of the letterhead and patient block of the first page: everything down to its last "Label: value" line."""
    form = [number for number, line in enumerate(lines[:_HEAD_LINES]) if _FORM_LINE.search(line)]
    words = re.findall(r"\w+", " ".join(lines[:form[-1] + 1]).lower()) if form else []
    return frozenset(words) | _LABEL_WORDS if words else frozenset()


def _repeats(line: str, head_words: frozenset[str]) -> bool:
    """True for a running head: nothing but words of the first page's letterhead and patient block."""
    words = re.findall(r"\w+", line.lower())
    return len(line) <= 160 and len(words) >= 3 and head_words.issuperset(words)


def _edge(
    lines: Sequence[str], repeated: frozenset[str], keep: frozenset[str], head_words: frozenset[str] = frozenset()
) -> int:
    """Number of lines from the start of `lines` that are boilerplate."""
    taken = 0
    for index, line in enumerate(lines):
        if not line:
            continue
        key = _key(line)
        numbered = bool(_PAGE_NUMBER.fullmatch(line)) or (len(line) <= 160 and bool(_PAGE_OF_PAGES.search(line)))
        if not numbered and (line in keep or not (not key or key in repeated or _repeats(line, head_words))):
            break
        taken = index + 1
    return taken
