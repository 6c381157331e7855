"""What changed between two analyses of one patient: scores, levels, alerts, treatments, diagnoses considered.

Compared are the kept documents, so an analysis of last year can be compared with one of today. Where the rules changed in
between, a difference may come from them and not from the patient: `same_rules` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.clinical.activity import INSTRUMENTS, ActivityScore, ScoreChange, delta
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Status
from services.errors import InvalidInputError

if TYPE_CHECKING:
    from services.patients.analyses import StoredAnalysis


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """A score that is not the same. `change` carries the published meaning where both analyses have a value."""

    score_name: str
    disease: str
    value_before: float | None
    value_now: float | None
    level_before: str | None
    level_now: str | None
    change: ScoreChange | None = None


@dataclass(frozen=True, slots=True)
class LevelDifference:
    """A flare risk that is not the same."""

    disease: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class RankDifference:
    """A disease that moved in the differential; None where it was not listed."""

    disease: str
    before: int | None
    now: int | None


@dataclass(frozen=True, slots=True)
class LabDifference:
    """A laboratory value that is not the same; units are canonical and equal."""

    key: str
    label: str
    unit: str
    value_before: float | None
    value_now: float | None
    flag_before: str | None
    flag_now: str | None


@dataclass(frozen=True, slots=True)
class AnalysisChanges:
    """What changed from `older_id` to `newer_id`. Alerts and treatments are given as their rows of the documents."""

    older_id: str
    newer_id: str
    same_rules: bool
    scores: tuple[ScoreDifference, ...] = ()
    flares: tuple[LevelDifference, ...] = ()
    new_alerts: tuple[Mapping[str, Any], ...] = ()
    resolved_alerts: tuple[Mapping[str, Any], ...] = ()
    newly_offered: tuple[str, ...] = ()
    no_longer_offered: tuple[str, ...] = ()
    newly_excluded: tuple[Mapping[str, Any], ...] = ()
    differential: tuple[RankDifference, ...] = ()
    labs: tuple[LabDifference, ...] = ()
    diagnoses_added: tuple[str, ...] = ()
    diagnoses_removed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed but, perhaps, the rules."""
        parts: Iterable[Sequence[object]] = (
            self.scores, self.flares, self.new_alerts, self.resolved_alerts, self.newly_offered, self.no_longer_offered,
            self.newly_excluded, self.differential, self.labs, self.diagnoses_added, self.diagnoses_removed,
        )  # fmt: skip
        return not any(parts)


def compare(older: StoredAnalysis, newer: StoredAnalysis) -> AnalysisChanges:
    """Return what is different in `newer`.

    :raise InvalidInputError: the analyses belong to different patients.
    """
    if older.entry.patient_id != newer.entry.patient_id:
        raise InvalidInputError("the two analyses belong to different patients: compare analyses of one patient")
    before, now = older.document, newer.document
    offered_before, offered_now = _offered(before), _offered(now)
    excluded_before = {row["drug_name"] for row in before["excluded_therapies"]}
    alerts_before, alerts_now = _alerts(before), _alerts(now)
    return AnalysisChanges(
        older_id=older.id,
        newer_id=newer.id,
        same_rules=older.entry.versions == newer.entry.versions,
        scores=tuple(_scores(before, now)),
        flares=tuple(_flares(before, now)),
        new_alerts=tuple(row for key, row in alerts_now.items() if key not in alerts_before),
        resolved_alerts=tuple(row for key, row in alerts_before.items() if key not in alerts_now),
        newly_offered=tuple(drug for drug in offered_now if drug not in offered_before),
        no_longer_offered=tuple(drug for drug in offered_before if drug not in offered_now),
        newly_excluded=tuple(row for row in now["excluded_therapies"] if row["drug_name"] not in excluded_before),
        differential=tuple(_ranks(before, now)),
        labs=tuple(_labs(before, now)),
        diagnoses_added=tuple(one for one in now["diagnoses"] if one not in before["diagnoses"]),
        diagnoses_removed=tuple(one for one in before["diagnoses"] if one not in now["diagnoses"]),
    )


def _offered(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row["drug_name"] for row in (*document["biologic_recommendations"], *document["other_therapies"]))


def _alerts(document: Mapping[str, Any]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Return the alerts by what makes them the same: rule, severity and whom they concern."""
    return {
        (row["code"], row["severity"], str(row["disease"]), row["scope"], *sorted(row["drugs"])): row
        for row in document["alerts"]
    }


def _scores(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[ScoreDifference]:
    old = {(row["score_name"], row["disease"]): row for row in before["disease_activity_scores"]}
    new = {(row["score_name"], row["disease"]): row for row in now["disease_activity_scores"]}
    for key in dict.fromkeys((*new, *old)):
        then, today = old.get(key, {}), new.get(key, {})
        pairs = [(one.get("score_value"), one.get("level")) for one in (then, today)]
        if pairs[0] == pairs[1]:
            continue
        yield ScoreDifference(
            score_name=key[0], disease=key[1], value_before=pairs[0][0], value_now=pairs[1][0], level_before=pairs[0][1],
            level_now=pairs[1][1], change=_change(key[0], then, today),
        )  # fmt: skip


def _change(instrument: str, then: Mapping[str, Any], today: Mapping[str, Any]) -> ScoreChange | None:
    if instrument not in INSTRUMENTS or not then or not today:
        return None
    earlier, later = (_as_score(instrument, one) for one in (then, today))
    return delta(earlier, later)


def _as_score(instrument: str, row: Mapping[str, Any]) -> ActivityScore:
    return ActivityScore(
        instrument_id=instrument, name=row["title"], disease=Disease(row["disease"]), status=Status(row["status"]),
        value=row["score_value"], explanation=Explanation.model_validate(row["explanation"]),
    )  # fmt: skip


def _flares(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[LevelDifference]:
    old = {row["disease"]: row["predicted_risk"] for row in before["flare_predictions"]}
    new = {row["disease"]: row["predicted_risk"] for row in now["flare_predictions"]}
    for disease in dict.fromkeys((*new, *old)):
        if old.get(disease) != new.get(disease):
            yield LevelDifference(disease, old.get(disease), new.get(disease))


def _ranks(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[RankDifference]:
    old = {row["disease"]: row["rank"] for row in before["differential"]}
    new = {row["disease"]: row["rank"] for row in now["differential"]}
    for disease in dict.fromkeys((*new, *old)):
        if old.get(disease) != new.get(disease):
            yield RankDifference(disease, old.get(disease), new.get(disease))


def _labs(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[LabDifference]:
    old = {row["key"]: row for row in before["labs"]}
    new = {row["key"]: row for row in now["labs"]}
    for key in dict.fromkeys((*new, *old)):
        then, today = old.get(key), new.get(key)
        shown = today or then or {}
        values = [(one["value"], one["flag"]) if one else (None, None) for one in (then, today)]
        if values[0] != values[1]:
            yield LabDifference(
                key, shown["label"], shown["unit"], values[0][0], values[1][0], values[0][1], values[1][1]
            )
