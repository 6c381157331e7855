"""Structured header lines: `##KEY=<ID=..,Description="..">` taken apart without guessing.

Grammar of VCFv4.3 and later (section 1.2): keys and values separated by `=`, pairs by `,`; a value in double quotes may hold
anything, with `\\"` and `\\\\` as escapes; a list is in square brackets. One pass over the text, so linear in its length.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetaValue:
    key: str
    value: str
    quoted: bool


class MetaSyntaxError(ValueError):
    """Why a structured line cannot be read; internal to the header reader, which turns it into a problem."""


def parse_structured(body: str) -> list[MetaValue]:
    """Read `<..>` into its pairs in order; raise MetaSyntaxError with the reason otherwise."""
    if not body.startswith("<"):
        raise MetaSyntaxError("a structured value begins with <")
    if not body.endswith(">"):
        raise MetaSyntaxError("the closing > is missing")
    inside = body[1:-1]
    if not inside:
        raise MetaSyntaxError("nothing stands between < and >")
    pairs: list[MetaValue] = []
    at = 0
    while True:
        equals = inside.find("=", at)
        if equals < 0:
            raise MetaSyntaxError(f"{_piece(inside, at)!r} has no value")
        key = inside[at:equals].strip(" ")
        if not key or any(character in key for character in ',"<>[] '):
            raise MetaSyntaxError(f"{_piece(inside, at)!r} is not a key with a value")
        value, quoted, at = _value(inside, equals + 1)
        pairs.append(MetaValue(key, value, quoted))
        if at == len(inside):
            return pairs
        at += 1
        if at == len(inside):
            raise MetaSyntaxError("a comma stands before >")


def _value(text: str, at: int) -> tuple[str, bool, int]:
    """Return the value at `at`, whether it was quoted, and where it ends: at a comma or at the end of the text."""
    if text[at : at + 1] == '"':
        value, at = _quoted(text, at + 1)
        if at < len(text) and text[at] != ",":
            raise MetaSyntaxError('text follows a closing quote; a quote inside is written \\"')
        return value, True, at
    if text[at : at + 1] == "[":
        closing = text.find("]", at)
        if closing < 0:
            raise MetaSyntaxError("the closing ] of a list is missing")
        if closing + 1 < len(text) and text[closing + 1] != ",":
            raise MetaSyntaxError("text follows the ] of a list")
        return text[at : closing + 1], False, closing + 1
    comma = text.find(",", at)
    end = len(text) if comma < 0 else comma
    value = text[at:end]
    if '"' in value and not _is_quote_free_value(value):
        raise MetaSyntaxError("a value holds a quote without being quoted")
    return value, False, end


def _is_quote_free_value(value: str) -> bool:
    # an ALT ID may hold any printable sign, quotes included (VCFv4.4 section 1.4.5)
    return not value.startswith('"') and not value.endswith('"')


def _quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        closing = text.find('"', at)
        if closing < 0:
            raise MetaSyntaxError("the closing quote is missing")
        slash = text.find("\\", at, closing)
        if slash < 0:
            parts.append(text[at:closing])
            return "".join(parts), closing + 1
        parts.append(text[at:slash])
        parts.append(text[slash + 1 : slash + 2] if text[slash + 1 : slash + 2] in ('"', "\\") else text[slash : slash + 2])
        at = slash + 2


def _piece(text: str, at: int) -> str:
    return text[at : at + 40]
