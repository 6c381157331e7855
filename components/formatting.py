"""Text from files and models made inert: nothing in it is read as Markdown, HTML, a link or an image."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z]+[ ,:]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


def plain(text: str) -> str:
    """Escape `text` so that Streamlit's Markdown shows it as written, line breaks included."""
    return _MARKDOWN.sub(r"\\\1", text).replace("\n", "  \n")


def sentence(text: str) -> str:
    """Return `text` as a sentence: it ends with a full stop, and begins with a capital where its first word is no name."""
    text = text.strip()
    begun = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return begun if begun.endswith((".", "!", "?", ":")) else f"{begun}."


def counted(number: int, noun: str) -> str:
    """Return `1 page` or `1,024 pages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def file_size(size: int) -> str:
    """Return a number of bytes in the unit that suits it, counted in thousands as disks and browsers do."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1_000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:.1f} TB"
