"""Text from files and models made inert: nothing in it is read as Markdown, HTML, a link or an image."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")


def plain(text: str) -> str:
    """Escape `text` so that Streamlit's Markdown shows it as written, line breaks included."""
    return _MARKDOWN.sub(r"\\\1", text).replace("\n", "  \n")
