"""Reads an HGVS description, or says at which character it stops to be one and what was expected there.

NOTE: the grammar is our own, on `lark`: the library `hgvs` has one too, but brings a PostgreSQL driver, IPython and a sequence
store with it, which a grammar does not need.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError
from lark.lexer import PatternStr

from services.errors import InvalidInputError
from services.genomics.hgvs.building import Builder
from services.genomics.hgvs.model import Description, Kind

MAX_TEXT = 200
_HEAD = re.compile(
    r"(?:(?P<reference>[A-Za-z][A-Za-z0-9-]{0,30}(?:_[A-Za-z0-9]{1,20})?(?:\.[0-9]{1,3})?)"
    r"(?:\((?P<gene>[A-Za-z][A-Za-z0-9-]{0,30})\))?(?: ?: ?| ))?(?P<kind>[gmcnrp])\."
)
_ACCESSION = re.compile(r"(?:[A-Z]{2}_[0-9]+|ENS[A-Z]{0,5}[0-9]{6,}|LRG_[0-9]+(?:[tp][0-9]+)?|[A-Z]{1,2}[0-9]{5,})(?:\.[0-9]+)?")
_STARTS = {
    Kind.GENOMIC: "genomic", Kind.MITOCHONDRIAL: "genomic", Kind.CODING: "coding", Kind.NONCODING: "noncoding",
    Kind.RNA: "rna_change", Kind.PROTEIN: "protein",
}  # fmt: skip
_FITTING = {
    "NC_": "gm", "NM_": "cnrp", "XM_": "cnrp", "NR_": "nr", "XR_": "nr", "NP_": "p", "XP_": "p", "ENST": "cnrp", "ENSP": "p",
}  # fmt: skip
_MAX_WORDS = 4
_RARE = {"`copy`", "`con`", "`(`", "`)`", "`[`", "`?`"}
"""Left out of a message that would name many things."""
_WORDS = {
    "NUMBER": "a number", "UNKNOWN_NUMBER": "`?`", "BASES": "a base",
    "AMINO_ACID": "an amino acid", "AMINO_ACIDS": "amino acids", "STOP": "`Ter` or `*`", "SOURCE": "a sequence with positions",
    "$END": "the end", "<END-OF-FILE>": "the end",
}  # fmt: skip


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", start=sorted(set(_STARTS.values())), maybe_placeholders=True)


def parse(text: str) -> Description:
    """Read `NM_022162.3:c.2104C>T`, `NOD2 c.2104C>T`, `NM_022162.3(NOD2):c.2104C>T`, `p.Arg702Trp` and the like.

    Descriptions with uncertain positions are read; whether they can be placed is another question.

    :raise InvalidInputError: it is none; the message names the character and what was expected.
    """
    written = text.strip()
    if len(written) > MAX_TEXT:
        raise InvalidInputError(f"a description is at most {MAX_TEXT} characters here")
    head = _HEAD.match(written)
    if head is None:
        raise InvalidInputError(
            "an HGVS description begins with its sequence and g., m., c., n., r. or p., as in NM_022162.3:c.2104C>T"
        )
    kind = Kind(head["kind"])
    reference, gene = head["reference"], head["gene"]
    if reference is not None and not _ACCESSION.fullmatch(reference):
        if gene is not None:
            raise InvalidInputError(f"{reference} before ({gene}) is no accession such as NM_022162.3")
        reference, gene = None, reference
    _refuse_unfitting(reference, kind)
    return Description(reference, gene, kind, _change(written, head.end(), kind))


def _refuse_unfitting(accession: str | None, kind: Kind) -> None:
    for prefix, kinds in _FITTING.items():
        if accession is not None and accession.startswith(prefix) and kind.value not in kinds:
            wanted = " or ".join(f"{letter}." for letter in kinds)
            raise InvalidInputError(f"{accession} takes {wanted}, not {kind}.")


def _change(written: str, start: int, kind: Kind) -> Any:
    try:
        return Builder(start, is_rna=kind is Kind.RNA).transform(_grammar().parse(written[start:], start=_STARTS[kind]))
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidInputError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise InvalidInputError(_explained(error, written, start)) from None


def _explained(error: UnexpectedInput, written: str, start: int) -> str:
    expected: set[str] = set()
    if isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    elif isinstance(error, UnexpectedToken | UnexpectedEOF):
        expected = set(error.expected)
    at = len(written) if _is_at_end(error) else start + (error.pos_in_stream or 0)
    found = f"`{written[at]}`" if at < len(written) else "the end"
    words = sorted({_word(name) for name in expected})
    if len(words) > _MAX_WORDS:
        words = [word for word in words if word not in _RARE]
    return f"at character {at + 1}: {' or '.join(words) or 'something else'} is expected, {found} is there"


def _is_at_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")


def _word(name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    pattern = next(one.pattern for one in _grammar().terminals if one.name == name)
    return f"`{pattern.value}`" if isinstance(pattern, PatternStr) else name.lower()
