"""What an antibody report consists of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from services.clinical.antibodies.positivity import Verdict
from services.clinical.explanation import Explanation, Frozen
from services.clinical.titers import Outcome


class Ratio(Frozen):
    """A likelihood ratio range. `high` is None where the specificity reaches 100 % and no upper bound exists."""

    low: float
    high: float | None

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {self.low:.2g}"
        return f"{self.low:.2g}" if self.low == self.high else f"{self.low:.2g}-{self.high:.2g}"


class DiseaseLink(Frozen):
    """One disease an antibody is associated with.

    Likelihood ratios are computed from the published ranges: LR+ = sensitivity / (1 - specificity) from low/low to
    high/high, LR- = (1 - sensitivity) / specificity; None where either range is not held. `applies` is True for a positive
    result, False for a negative one, None where the result does not say.
    """

    disease: str
    name: str
    is_one_of_thirteen: bool
    basis: str = ""
    sensitivity: str | None = None
    specificity: str | None = None
    lr_positive: Ratio | None = None
    lr_negative: Ratio | None = None
    applies: bool | None = None


class AntibodyFinding(Frozen):
    """One result, read. `written` is the name as sent, `id` and `canonical` the antibody it was recognised as."""

    written: str
    id: str
    canonical: str
    verdict: Verdict
    patterns: tuple[str, ...] = ()
    is_nonspecific: bool = False
    meets_sle_entry_criterion: bool | None = None
    links: tuple[DiseaseLink, ...] = ()
    notes: tuple[str, ...] = ()
    explanation: Explanation

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def diseases(self) -> tuple[str, ...]:
        """Ids of the diseases a positive result speaks for; empty unless positive."""
        return tuple(dict.fromkeys(link.disease for link in self.links if link.applies))


class AntibodyAlert(Frozen):
    """Something the reader must see. `severity` as in the safety engine: info, moderate, major, critical."""

    code: str
    severity: str
    text: str
    antibodies: tuple[str, ...]


class NameQuestion(Frozen):
    """A name that has several meanings: which one was meant?"""

    written: str
    candidates: tuple[str, ...]
    question: str


_ISOTYPE = re.compile(r"(?<![a-z])ig ?([gma])(?![a-z])")


def isotype(written: str) -> str:
    """Return g, m or a where a written name states its immunoglobulin class, else an empty text."""
    found = _ISOTYPE.search(written[:200].lower().replace("_", " "))
    return found.group(1) if found else ""


class AntibodyReport(Frozen):
    """The whole panel, read. Nothing sent is dropped: it is a finding, a question, or unrecognised."""

    findings: tuple[AntibodyFinding, ...] = ()
    alerts: tuple[AntibodyAlert, ...] = ()
    notes: tuple[str, ...] = ()
    questions: tuple[NameQuestion, ...] = ()
    unrecognised: tuple[str, ...] = ()

    @property
    def positive_findings(self) -> tuple[AntibodyFinding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome is Outcome.POSITIVE)

    @cached_property
    def _by_isotype(self) -> Mapping[str, Mapping[str, set[Outcome]]]:
        """The outcomes of each antibody, by the immunoglobulin class its entry names."""
        found: dict[str, dict[str, set[Outcome]]] = {}
        for finding in self.findings:
            found.setdefault(finding.id, {}).setdefault(isotype(finding.written), set()).add(finding.outcome)
        return found

    def outcome_of(self, antibody: str) -> Outcome | None:
        """Return the outcome of an antibody id, None where it was not tested; disagreeing repeats are `UNKNOWN`.

        Isotypes are not repeats of each other: with IgG positive and IgM negative the antibody is positive.
        """
        isotypes = self._by_isotype.get(antibody)
        if isotypes is None:
            return None
        outcomes = {next(iter(one)) if len(one) == 1 else Outcome.UNKNOWN for one in isotypes.values()}
        if len(outcomes) == 1:
            return next(iter(outcomes))
        return Outcome.POSITIVE if Outcome.POSITIVE in outcomes and "" not in isotypes else Outcome.UNKNOWN
