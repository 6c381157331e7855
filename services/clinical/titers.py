"""Antibody titers and worded results, read so that they can be compared.

A titer is a dilution: 1:640 is stronger than 1:80, and `<1:40` says only that the first dilution was not reached. A worded
result ("not detected", "weakly positive") is read as a whole; nothing is guessed from a part of a word.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import total_ordering
from typing import Literal

from services.clinical.explanation import Frozen

MAX_TEXT = 200
MAX_DILUTION = 100_000_000

_TITER = re.compile(r"(<=|>=|<|>|≤|≥)?\s{0,3}(?<![\d.,])1\s{0,3}[:/]\s{0,3}(\d{1,3}(?:[,.]\d{3}){1,2}|\d{1,9})(?![\d:/])")
_BARE = re.compile(r"^\s{0,3}(<=|>=|<|>|≤|≥)?\s{0,3}:?\s{0,3}(\d{2,9})\s{0,3}$")
_SIGNS = {"≤": "<=", "≥": ">="}


class Outcome(StrEnum):
    """What a result says. `UNKNOWN` is an answer: the data do not decide."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    EQUIVOCAL = "equivocal"
    UNKNOWN = "unknown"


@total_ordering
class Titer(Frozen):
    """A dilution 1:`dilution`. `sign` is how it is bounded: `<` not reached, `>` beyond the last one tested."""

    dilution: int
    sign: Literal["<", "<=", ">", ">="] | None = None

    def __str__(self) -> str:
        return f"{self.sign or ''}1:{self.dilution}"

    def _key(self) -> tuple[int, int]:
        return self.dilution, {"<": -2, "<=": -1, None: 0, ">=": 1, ">": 2}[self.sign]

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Titer):
            return NotImplemented
        return self._key() < other._key()

    @property
    def is_reactive(self) -> bool:
        """True unless the titer says that the dilution was not reached (`<1:40`, `<=1:40`)."""
        return self.sign not in {"<", "<="}

    def at_least(self, dilution: int) -> bool | None:
        """Say whether the serum reacted at 1:`dilution`; None where this titer cannot tell (`<1:640` and 80)."""
        if self.is_reactive:
            return True if self.dilution >= dilution else (None if self.sign else False)
        if self.sign == "<=" and self.dilution >= dilution:
            return None
        return False if self.dilution <= dilution else None


def parse_titer(text: str) -> Titer | None:
    """Read `1:640`, `<1/40`, `1 : 2,560`, `>=1:1280 homogeneous` or a bare `640`; None when it is no titer."""
    cut = text[:MAX_TEXT]
    match = _TITER.search(cut) or _BARE.match(cut)
    if match is None:
        return None
    sign, digits = match.groups()
    dilution = int(re.sub(r"\D", "", digits))
    if not 1 <= dilution <= MAX_DILUTION:
        return None
    return Titer.model_validate({"dilution": dilution, "sign": _SIGNS.get(sign, sign)})


_WORDED: dict[str, Outcome] = {
    phrase: outcome
    for outcome, phrases in {
        Outcome.NEGATIVE: "negative;neg;not detected;none detected;undetected;undetectable;non reactive;nonreactive;absent;"
        "not present;not reactive;not positive;within normal limits;normal;none;no antibodies detected;"
        "no antibody detected;below cutoff;below cut off;seronegative;not found;nil",
        Outcome.EQUIVOCAL: "equivocal;borderline;indeterminate;inconclusive;grey zone;gray zone;doubtful;ambiguous;equiv",
        Outcome.POSITIVE: "positive;pos;detected;reactive;present;weak positive;weakly positive;low positive;"
        "strong positive;strongly positive;high positive;moderate positive;moderately positive;"
        "elevated;abnormal;high;seropositive;weak pos;strong pos",
    }.items()
    for phrase in phrases.split(";")
}
_LEADING = re.compile(r"^(?:(?:result|interpretation|is|was|report)\s)+")


def parse_outcome(text: str) -> Outcome | None:
    """Read a worded result; None where the words are not known. `+`, `++`, `(-)` are read, "not detected" is negative."""
    cut = unicodedata.normalize("NFKC", text[:MAX_TEXT]).strip().lower()
    bare = cut.strip("() []")
    if bare and set(bare) == {"+"}:
        return Outcome.POSITIVE
    if bare in {"-", "−", "–"}:
        return Outcome.NEGATIVE
    if bare in {"+/-", "±", "+-"}:
        return Outcome.EQUIVOCAL
    words = _LEADING.sub("", " ".join(re.findall(r"[a-z]+", cut)))
    return _WORDED.get(words)
