"""Text from files and models made inert: nothing in it is read as Markdown, HTML, a link or an image."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


def plain(text: str) -> str:
    """Escape `text` so that Streamlit's Markdown shows it as written, line breaks included."""
    return _MARKDOWN.sub(r"\\\1", text).replace("\n", "  \n")


def sentence(text: str) -> str:
    """Return `text` as a sentence: it begins with a capital and ends with a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) else ".")


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
