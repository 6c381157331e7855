"""Filters as text that people type: `gnomad_af < 0.01 and gene in (NOD2, TNFAIP3)`. Read into filter values, and written back.

    condition   column = 3 | != | < | <= | > | >=           text is compared exactly, without regard to case
                column between 1 and 5
                column in (a, b) | not in (a, b)
                column contains 'text' | starts with 'text'
                column is missing | is not missing | is true | is false
                region chr1:100-200 | region chr1
                gene in (NOD2, TNFAIP3) | gene = NOD2
                flag = pathogenic | flag in (...) | flagged | commented
    combined    not, and, or, parentheses; `and` binds tighter than `or`; words without regard to case

A column is named as in the table, or without its prefix (`info_`, `csq_` ...) and its sample where only one column is meant.
Names with blanks stand in backticks, texts with blanks in quotes; a quote inside is written twice. The reader is a tokenizer of
one linear pattern and a parser of bounded depth; nothing is evaluated. Missing values pass `is missing` only, not even `!=`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from services.errors import InvalidInputError
from services.genomics.genome import canonical_chromosome
from services.variants.expression_names import Names
from services.variants.filters import (
    MAX_DEPTH,
    MAX_PARTS,
    MAX_TEXT,
    MAX_VALUES,
    And,
    Commented,
    Filter,
    Flag,
    Flagged,
    Genes,
    Missing,
    Not,
    Number,
    OneOf,
    Or,
    Region,
    TableFacts,
    Text,
    TextTest,
)

MAX_LENGTH = 100_000
END_OF_CHROMOSOME = 2**31 - 1
"""Where a region ends that has no end: no sequence of a VCF file is longer."""
_TOKEN = re.compile(
    r"\s*(?:(?P<word>[^\s()<>=!,\"'`]+)|(?P<sign><=|>=|!=|==|<>|[<>=(),])|'(?P<single>(?:[^']++|'')*+)'"
    r"|\"(?P<double>(?:[^\"]++|\"\")*+)\"|`(?P<column>(?:[^`]++|``)*+)`|(?P<bad>\S))"
)
RESERVED = frozenset("and or not in is between contains starts missing region flagged commented".split())
"""Words that name a column only in backticks."""
_QUOTES = {"single": "'", "double": '"', "column": "`"}
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,5})?")
_STRETCH = re.compile(r"(?P<chromosome>.{1,200}):(?P<start>[0-9,]{1,15})(?:-(?P<end>[0-9,]{1,15}))?")
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_SHOWN = 40


class _Token(NamedTuple):
    """`kind` is word, sign, text, column or end; `at` counts characters from 1."""

    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs


def parse_expression(text: str, table: TableFacts) -> Filter | None:
    """Read an expression for one table; None when it is blank.

    :raise InvalidInputError: says at which character what was expected, or which columns a name may mean.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInputError(f"an expression has at most {MAX_LENGTH:,} characters: put a long gene list into the gene filter")
    if not text.strip():
        return None
    return _Parser(_tokens(text), Names(table), table).whole()


def _tokens(text: str) -> list[_Token]:
    found = []
    place, length = 0, len(text.rstrip())
    while place < length:
        match = _TOKEN.match(text, place)
        kind = match.lastgroup if match else None
        if match is None or kind is None or kind == "bad":
            at = place if match is None else match.start(kind or 0)
            _fail(_Token("bad", text[at], at + 1), "a closing quote" if text[at] in "'\"`" else "a column, a value or a sign")
        quote = _QUOTES.get(kind, "")
        written = match.group(kind).replace(quote * 2, quote) if quote else match.group(kind)
        found.append(_Token("text" if quote in ("'", '"') else kind, written, match.start(kind) + 1))
        place = match.end()
    return [*found, _Token("end", "", length + 1)]


def _fail(token: _Token, expected: str) -> NoReturn:
    found = f"not {token.text[:_SHOWN]!r}" if token.text else "but the expression ends"
    raise InvalidInputError(f"at character {token.at}: {expected} is expected, {found}")


class _Parser:
    """Recursive descent over the tokens; depth and number of conditions are bounded."""

    def __init__(self, tokens: list[_Token], names: Names, table: TableFacts) -> None:
        self._tokens = tokens
        self._names = names
        self._table = table
        self._place = 0
        self._depth = 0
        self._conditions = 0

    def whole(self) -> Filter:
        found = self._any_of()
        if self._next.kind != "end":
            _fail(self._next, "and, or, or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._tokens[self._place]
        if token.kind != "end":
            self._place += 1
        return token

    def _took_word(self, *words: str) -> bool:
        return self._next.is_word(*words) and bool(self._take())

    def _took_sign(self, *signs: str) -> bool:
        return self._next.is_sign(*signs) and bool(self._take())

    def _any_of(self) -> Filter:
        return self._joined("or", self._all_of, Or)

    def _all_of(self) -> Filter:
        return self._joined("and", self._negated, And)

    def _joined(self, word: str, part: Callable[[], Filter], group: type[And] | type[Or]) -> Filter:
        parts = [part()]
        while self._took_word(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else group(tuple(parts))

    def _negated(self) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidInputError(f"at character {self._next.at}: an expression is nested at most {MAX_DEPTH} deep")
        try:
            if self._took_word("not"):
                return Not(self._negated())
            if self._took_sign("("):
                inner = self._any_of()
                if not self._took_sign(")"):
                    _fail(self._next, "and, or, or a closing parenthesis")
                return inner
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Filter:
        self._conditions += 1
        if self._conditions > MAX_PARTS // 2:
            raise InvalidInputError(f"an expression has at most {MAX_PARTS // 2} conditions")
        token = self._take()
        if token.kind not in ("word", "column"):
            _fail(token, "a column")
        special = token.text.lower() if token.kind == "word" else ""
        if special == "flagged":
            return Flagged()
        if special == "commented":
            return Commented()
        if special == "region":
            return self._region()
        if special in RESERVED:
            _fail(token, "a column")
        if special in ("gene", "genes") and special not in self._table.columns:
            return self._listed(Genes, "gene")
        if special == "flag" and special not in self._table.columns:
            return self._listed(Flagged, "flag")
        return self._test(self._names.column(token.text, token.at))

    def _listed(self, make: Callable[[tuple[str, ...]], Filter], word: str) -> Filter:
        if self._took_sign("=", "=="):
            return make((self._text(),))
        if self._took_sign("!=", "<>"):
            return Not(make((self._text(),)))
        unwanted = self._took_word("not")
        if not self._took_word("in"):
            _fail(self._next, f"in (...) or = after {word}")
        values = self._list()
        if not values:
            _fail(self._next, "at least one value in the list")
        return Not(make(values)) if unwanted else make(values)

    def _test(self, column: str) -> Filter:
        facts = self._table.column(column)
        token = self._next
        if token.is_sign("=", "==", "!=", "<>"):
            self._take()
            found = self._equals(column, facts.element)
            return found if token.text in ("=", "==") else Not(found)
        if token.is_sign("<", "<=", ">", ">="):
            self._take()
            bound = self._number()
            if token.text[0] == "<":
                return Number(column, None, bound, below=token.text == "<")
            return Number(column, bound, None, above=token.text == ">")
        if facts.type == "flag" and (token.kind == "end" or token.is_word("and", "or") or token.is_sign(")")):
            return Flag(column, True)
        return self._worded(column)

    def _worded(self, column: str) -> Filter:
        if self._took_word("is"):
            unwanted = self._took_word("not")
            if self._took_word("missing", "null", "empty"):
                return Missing(column, not unwanted)
            if self._next.is_word(*_TRUTH):
                return Flag(column, _TRUTH[self._take().text.lower()] != unwanted)
            _fail(self._next, "missing, not missing, true or false")
        unwanted = self._took_word("not")
        found = self._positive(column)
        return Not(found) if unwanted else found

    def _positive(self, column: str) -> Filter:
        if self._took_word("in"):
            return OneOf(column, self._list())
        if self._took_word("contains"):
            return Text(column, TextTest.CONTAINS, self._text())
        if self._took_word("starts"):
            self._took_word("with")
            return Text(column, TextTest.STARTS_WITH, self._text())
        if self._took_word("between"):
            low = self._number()
            if not self._took_word("and"):
                _fail(self._next, "and")
            token = self._next
            high = self._number()
            if high < low:
                _fail(token, f"a number not below {low:g}")
            return Number(column, low, high)
        _fail(self._next, "=, !=, <, <=, >, >=, in, between, contains, starts with or is missing")

    def _equals(self, column: str, element: str) -> Filter:
        token = self._next
        if element == "flag":
            if not token.is_word(*_TRUTH):
                _fail(token, "true or false")
            return Flag(column, _TRUTH[self._take().text.lower()])
        if element in ("integer", "number") or (column in self._table.numeric and _NUMBER.fullmatch(token.text)):
            value = self._number()
            return Number(column, value, value)
        return Text(column, TextTest.EQUALS, self._text())

    def _region(self) -> Filter:
        token = self._next
        written = self._text()
        while token.kind == "word" and self._took_sign(","):  # 1,000,000
            written += f",{self._text()}"
        match = None if written in self._table.contigs else _STRETCH.fullmatch(written)
        if match is None:
            if canonical_chromosome(written) is None and written not in self._table.contigs:
                _fail(token, "a region such as chr1:100-200, or a contig of this table")
            return Region(written, 0, END_OF_CHROMOSOME)
        digits = [(match[part] or match["start"]).replace(",", "") for part in ("start", "end")]
        start, end = (int(number) if number else -1 for number in digits)
        if not 0 <= start <= end <= END_OF_CHROMOSOME:
            _fail(token, "a region such as chr1:100-200 that ends after it begins")
        return Region(match["chromosome"], start, end)

    def _list(self) -> tuple[str, ...]:
        if not self._took_sign("("):
            _fail(self._next, "an opening parenthesis")
        if self._took_sign(")"):
            return ()
        values = [self._text()]
        while self._took_sign(","):
            values.append(self._text())
            if len(values) > MAX_VALUES:
                raise InvalidInputError(f"a list has at most {MAX_VALUES:,} values")
        if not self._took_sign(")"):
            _fail(self._next, "a comma or a closing parenthesis")
        return tuple(values)

    def _text(self) -> str:
        """Take one value: a word, or a text in quotes."""
        token = self._take()
        if token.kind not in ("word", "text"):
            _fail(token, "a value")
        if len(token.text) > MAX_TEXT:
            raise InvalidInputError(f"at character {token.at}: a value has at most {MAX_TEXT:,} characters")
        return token.text

    def _number(self) -> float:
        token = self._take()
        if token.kind != "word" or not _NUMBER.fullmatch(token.text):
            _fail(token, "a number")
        value = float(token.text)
        if not math.isfinite(value):
            _fail(token, "a number that is not larger than 1e308")
        return value
