"""What the engines concluded: flare risk as RiskAssessment, alerts as DetectedIssue; and the quoted answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.reports.facts import Facts
from services.reports.fhir.codes import RISK_PROBABILITY
from services.reports.fhir.elements import Frame, Resource, coding, concept, instant, notes, reference, text, without_nothing
from services.reports.rows import AlertRow, FlareRow
from services.reports.words import disease_name, joined, scope, sentence, spoken

_QUALITATIVE = {"low": "Low likelihood", "moderate": "Moderate likelihood", "high": "High likelihood"}
_SEVERITY = {"contraindicated": "high", "critical": "high", "major": "high", "moderate": "moderate", "info": "low"}


def risk_assessments(
    frame: Frame, facts: Facts, device: Resource, conditions: Mapping[str, Resource], basis: Sequence[Resource]
) -> Iterator[Resource]:
    """Yield the flare risk of each diagnosis. The ordinal score is never written as a probability.

    Of `basis`, the given observations, an assessment names those its explanation names as inputs.
    """
    for one in facts.flare:
        prediction: dict[str, Any] = {"outcome": concept(f"{disease_name(one.disease)}: {spoken(one.outcome)}")}
        shown = _QUALITATIVE.get(one.predicted_risk)
        if shown is not None:
            prediction["qualitativeRisk"] = concept(
                f"{one.predicted_risk} (ordered class, not a probability)", coding(RISK_PROBABILITY, one.predicted_risk, shown)
            )
        start = facts.analysed_on
        if start is not None:
            end = start + datetime.timedelta(days=one.time_horizon_days)
            prediction["whenPeriod"] = {"start": start.isoformat(), "end": end.isoformat()}
        prediction["rationale"] = text(_rationale(one))
        condition = conditions.get(one.disease)
        named = {entry.name for entry in one.explanation.inputs}
        used = [reference(resource) for resource in basis if resource["code"]["text"] in named]
        lead = f"{disease_name(one.disease)}, {one.time_horizon_days} days: {spoken(one.predicted_risk)}"
        monitoring = f"Monitoring: {joined(one.recommended_monitoring)}." if one.recommended_monitoring else ""
        yield without_nothing(
            {
                **frame.head("RiskAssessment", "flare", one.disease, lead, _rationale(one), is_algorithmic=True),
                "status": frame.status, "method": concept(one.explanation.rule) if one.explanation.rule else None,
                "subject": frame.subject(), "occurrenceDateTime": frame.analysed(),
                "condition": reference(condition) if condition else None, "performer": reference(device),
                "basis": used, "prediction": [prediction], "note": notes([monitoring, *one.notes]),
            }
        )  # fmt: skip


def _rationale(one: FlareRow) -> str:
    parts = [
        f"{lead}: {joined(texts)}."
        for lead, texts in (
            ("Raises it", one.contributing_factors), ("Lowers it", one.protective_factors), ("Missing", one.missing),
        )
        if texts
    ]  # fmt: skip
    lead = "Insufficient data." if one.predicted_risk == "insufficient_data" else ""
    return " ".join([*([lead] if lead else []), *parts]) or "No factor is recorded that raises or lowers it."


def detected_issues(frame: Frame, facts: Facts, device: Resource, medications: Mapping[str, Resource]) -> Iterator[Resource]:
    """Yield one issue for each alert.

    What to do stands in `detail`: `mitigation` is for what was done, and nothing was done yet.
    """
    for number, one in enumerate(facts.alerts):
        about = list(dict.fromkeys(medications[drug]["id"] for drug in (*one.drugs, *one.interacts_with) if drug in medications))
        sources = [str(source) for source in one.explanation.sources] if one.explanation else []
        yield without_nothing(
            {
                **frame.head("DetectedIssue", "alert", f"{number}|{one.code}|{one.scope}",
                             f"{one.severity.upper()}: {_detail(one)}", is_algorithmic=True),
                "status": frame.status,
                "code": concept(spoken(one.code).lower()), "severity": _SEVERITY.get(one.severity, "moderate"),
                "patient": frame.subject(), "identifiedDateTime": instant(frame.moment), "author": reference(device),
                "implicated": [{"reference": f"urn:uuid:{identifier}"} for identifier in about],
                "evidence": [{"code": [concept(source) for source in sources]}] if sources else None,
                "detail": text(_detail(one)),
            }
        )  # fmt: skip


def _detail(one: AlertRow) -> str:
    when = scope(one.scope)
    subject = f"{joined(one.drugs)}{f' ({when})' if when else ''}: " if one.drugs else ""
    return f"{subject}{sentence(one.message)} {sentence(one.action)}".strip()


def answer_observation(frame: Frame, author: Resource | None) -> Resource | None:
    """Return the quoted answer, labelled as made by a model unless it is known that none took part."""
    given = frame.content.answer
    if given is None:
        return None
    question = given.question or "no question given"
    return without_nothing(
        {
            **frame.head("Observation", "answer", "1", f"Question: {question}", given.text, is_algorithmic=given.is_ai_assisted),
            "status": frame.status,
            "code": concept("Answer to a question about the record"), "subject": frame.subject(),
            "device": reference(author) if author else None, "valueString": text(given.text),
            "note": notes([f"Question: {given.question}" if given.question else "", "Not checked; a person must review it."]),
        }
    )  # fmt: skip
