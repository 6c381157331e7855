"""Read what a short clinical text states about a patient: present, absent, or not said.

Negation, doubt, family history and pending tests are told apart word by word in each clause. Where the text is unclear
the finding counts as present, because a false alarm can be dismissed and a missed contraindication cannot.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from services.clinical.explanation import Frozen
from services.clinical.phrases import Match, PhraseIndex, fold
from services.knowledge.drugs import FindingRecord, findings


class State(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"


class Finding(Frozen):
    """One statement about a patient. `months_ago` and `treated` are None where the text does not say.

    `suspected` marks what the text itself calls possible; it counts as present until it is excluded.
    """

    id: str
    label: str
    state: State
    text: str
    months_ago: float | None = None
    treated: bool | None = None
    suspected: bool = False


class Reading(NamedTuple):
    """What a text states. `understood` is False where it holds no known name at all."""

    findings: tuple[Finding, ...]
    family: tuple[str, ...]
    understood: bool


class _Name(NamedTuple):
    record: FindingRecord
    absent: bool


_SENTENCE = re.compile(r"[;\n]|(?<!\d)\.(?!\d)|\b(?:but|however|except|although|whereas)\b")
_MILLISECONDS = re.compile(r"\b\d{1,4} ?ms\b")
_WORD = re.compile(r"[a-z0-9]+")
_YEAR = re.compile(r"^(?:19|20)\d\d$")

_DENIALS = frozenset({"denies", "denied"})
_BEFORE = frozenset({"no", "not", "without", "never", "nor", "neither", "free", "non", "exclude"}) | _DENIALS
_AFTER_NO = frozenset(
    "negative nonreactive undetectable absent seronegative excluded none unlikely false no neg normal".split()
)
_AFTER_YES = frozenset("positive reactive detected detectable present confirmed yes true pos active seropositive".split())
_DOUBT = frozenset("possible suspected probable query suspicion presumed maybe".split())
_UNKNOWN = frozenset(
    "pending unknown awaiting awaited untested unavailable requested ordered recommended due risk outstanding avoid "
    "avoids avoiding prevent preventing contraception".split()
)
_SCREENING = frozenset({"screening", "screen", "surveillance", "check", "checkup"})
_VACCINE = frozenset("vaccine vaccinated vaccination immunised immunized immunisation immunization vaccines".split())
_FAMILY = frozenset(
    "family mother father sister brother parent parents grandmother grandfather aunt uncle son daughter cousin maternal "
    "paternal relative relatives sibling wife husband".split()
)
_TREATED = frozenset("treated completed cured resolved eradicated svr prophylaxis treatment therapy replaced controlled".split())
_UNTREATED = frozenset({"untreated", "unreplaced", "uncontrolled", "incompletely", "incomplete", "partially"})
_NOT_DONE = frozenset("done tested checked known available measured stated documented screened assessed".split())
_NUMBER_WORDS = {
    word: value
    for value, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
}
_MONTHS_IN = {"day": 1 / 30.4, "week": 7 / 30.4, "month": 1.0, "year": 12.0, "wk": 7 / 30.4, "yr": 12.0}
_RECENT = frozenset({"recent", "recently", "today", "yesterday", "current", "acute"})
# A list of these tests shares one result: "HBV, HCV and HIV negative".
_LISTED_TESTS = frozenset({"hbv", "hbv_infection", "hbv_core", "hcv", "hiv", "tb"})
_IMMUNITY = frozenset({"vzv_immunity", "meningococcal_vaccination", "hbv_vaccinated", "men_acwy", "men_b"})


@cache
def finding_names() -> PhraseIndex[_Name]:
    """Return the index of every name of every finding."""
    pairs: list[tuple[str, _Name]] = []
    for record in findings().values():
        pairs += [(name, _Name(record, absent=False)) for name in (*record.names, record.label, record.id)]
        pairs += [(name, _Name(record, absent=True)) for name in record.absent_names]
    return PhraseIndex(pairs)


def read_text(text: str, *, today: date | None = None) -> Reading:
    """Return what `text` states, in the order written.

    A year ("MI 2023") becomes months only when `today` is given. Text beyond 1000 characters is not read.
    """
    folded = _MILLISECONDS.sub(" ", fold(text))
    found: list[Finding] = []
    family: list[str] = []
    understood = False
    for sentence in _SENTENCE.split(folded):
        clauses = [_Clause(part, text, today) for part in sentence.split(",")]
        understood = understood or any(clause.matches for clause in clauses)
        _share_between(clauses, sentence)
        treated = next((clause.treated for clause in clauses if clause.treated is not None), None)
        for clause in clauses:
            if clause.family:
                family += [match.value.record.id for match in clause.matches]
            else:
                found += clause.findings(treated)
    return Reading(tuple(found), tuple(family), understood)


def is_of_family(text: str) -> bool:
    """Say whether a text speaks of a relative."""
    return not _FAMILY.isdisjoint(_WORD.findall(fold(text)))


def _share_between(clauses: list[_Clause], sentence: str) -> None:
    """Carry a negation over the commas of a list: "denies fever, chills", "no TB, HBV or HIV", "HBV, HIV negative"."""
    listed = bool({"or", "nor"} & set(_WORD.findall(sentence)))
    carried = False
    for clause in clauses:
        if carried and not clause.leads_negation:
            clause.negate_open()
        carried = carried or clause.denies or (listed and clause.leads_negation)
    for clause, following in zip(reversed(clauses[:-1]), reversed(clauses[1:]), strict=True):
        if clause.only_tests and following.ends_negative and following.only_tests:
            clause.negate_open()
            clause.ends_negative = True


class _Clause:
    """One clause: its known names, and for each whether it is affirmed, denied or left open."""

    def __init__(self, clause: str, written: str, today: date | None) -> None:
        self.words = tuple(_WORD.findall(clause))
        self._written = written.strip()[:200]
        self.matches: tuple[Match[_Name], ...] = finding_names().find(self.words)
        covered = {position for match in self.matches for position in range(match.start, match.end)}
        self._cues = [(position, word) for position, word in enumerate(self.words) if position not in covered]
        loose = {word for _, word in self._cues}
        self.family = bool(loose & _FAMILY)
        self.denies = bool(loose & _DENIALS)
        self._unknown = bool(loose & _UNKNOWN) or self._says_not_done()
        self._vaccine = bool(loose & _VACCINE)
        self._screening = bool(loose & _SCREENING)
        self._suspected = bool(loose & _DOUBT) or "rule out" in " ".join(self.words)
        self.treated = self._treated(loose)
        self.months_ago = self._months_ago(today)
        self._polarity: dict[int, bool] = {}
        self.leads_negation = False
        self.ends_negative = False
        self._read_cues()

    @property
    def only_tests(self) -> bool:
        """Whether every name is one of the infection tests that share a result in a list."""
        return bool(self.matches) and all(match.value.record.id in _LISTED_TESTS for match in self.matches)

    def negate_open(self) -> None:
        """Deny every name that no cue of its own has decided."""
        for match in self.matches:
            self._polarity.setdefault(match.start, False)

    def findings(self, treated: bool | None) -> list[Finding]:
        """Return the findings of this clause; `treated` is what the sentence says of treatment."""
        if self._unknown:
            return []
        return [
            self._finding(match, treated)
            for match in self.matches
            if not (self._vaccine and match.value.record.id not in _IMMUNITY)
            and not (self._screening and match.start not in self._polarity)  # "cancer screening" without a result
        ]

    def _finding(self, match: Match[_Name], treated: bool | None) -> Finding:
        record, absent_name = match.value
        affirmed = self._polarity.get(match.start, True)
        if absent_name:
            affirmed = False
        return Finding(
            id=record.id,
            label=record.label,
            state=State.PRESENT if affirmed else State.ABSENT,
            text=self._written,
            months_ago=self.months_ago,
            treated=treated,
            suspected=self._suspected and affirmed,
        )

    def _read_cues(self) -> None:
        denied_from: int | None = None
        decided_to = 0
        for position, word in self._cues:
            following = self.words[position + 1] if position + 1 < len(self.words) else ""
            preceding = self.words[position - 1] if position else ""
            if word == "no" and not following and self.matches and position >= self.matches[-1].end:
                self._decide(list(self.matches), affirmed=False)  # a form field: "Raynaud's: no"
                self.ends_negative = True
            elif word in _BEFORE and following not in _AFTER_YES and following not in _TREATED | {"longer", "change"}:
                denied_from = position
                self.leads_negation = True
            elif word in _AFTER_NO or (word in _AFTER_YES and preceding in {"not", "non", "no"}):
                earlier = [match for match in self.matches if decided_to <= match.start < position]
                if following == "for" or (not earlier and word not in {"no", "normal"}):
                    denied_from = position
                    self.leads_negation = True
                elif earlier:
                    self._decide(earlier, affirmed=False)
                    self.ends_negative = True
                decided_to = position
            elif word in _AFTER_YES:
                self._decide([match for match in self.matches if decided_to <= match.start < position], affirmed=True)
                decided_to = position
        if denied_from is not None:
            self._decide([match for match in self.matches if match.start > denied_from], affirmed=False)
        if self.words[-2:] == ("ruled", "out"):
            self._decide(list(self.matches), affirmed=False)

    def _decide(self, matches: list[Match[_Name]], *, affirmed: bool) -> None:
        for match in matches:
            self._polarity.setdefault(match.start, affirmed)

    def _says_not_done(self) -> bool:
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(first in {"not", "never", "to", "un"} and second in _NOT_DONE for first, second in pairs)

    def _treated(self, loose: set[str]) -> bool | None:
        if loose & _UNTREATED:
            return False
        for position, word in self._cues:
            if word in _TREATED:
                return not set(self.words[max(0, position - 2) : position]) & {"not", "no", "without", "never", "needs"}
        return None

    def _months_ago(self, today: date | None) -> float | None:
        for position, word in enumerate(self.words):
            unit = _MONTHS_IN.get(word.removesuffix("s"))
            if unit is not None and position and self.words[position + 1 : position + 2] in (("ago",), ("before",), ("prior",)):
                count = self.words[position - 1]
                amount = int(count) if count.isdigit() and len(count) < 5 else _NUMBER_WORDS.get(count)
                if amount is not None:
                    return amount * unit
            if today is not None and _YEAR.match(word) and int(word) <= today.year:
                return _months_since_year(int(word), today)
        loose = {word for _, word in self._cues}
        return 0.0 if loose & _RECENT or self.words[-2:] in {("last", "week"), ("last", "month"), ("this", "year")} else None


def _months_since_year(year: int, today: date) -> float:
    """The least time that can have passed since an event of `year`: the end of that year, never below zero."""
    return max(0.0, float((today.year - year - 1) * 12 + today.month))
