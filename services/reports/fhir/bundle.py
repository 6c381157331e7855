"""The bundle: a collection of resources that refer only to each other.

Not here yet, and room is left for it: variants and genomic implications. They become further Observations of the same
DiagnosticReport once variants are linked to a patient.
"""

from __future__ import annotations

from typing import Any

from services.reports.choices import Standing
from services.reports.content import PROGRAM, PROGRAM_VERSION, ReportContent
from services.reports.fhir.codes import DIAGNOSTIC_SERVICE, PROVENANCE_AGENT
from services.reports.fhir.conclusions import answer_observation, detected_issues, risk_assessments
from services.reports.fhir.elements import (
    ANALYSIS_SYSTEM,
    PATIENT_SYSTEM,
    REPORT_SYSTEM,
    Frame,
    Resource,
    coding,
    concept,
    instant,
    narrative,
    notes,
    reference,
    text,
    without_nothing,
)
from services.reports.fhir.observations import observations
from services.reports.summary import NO_ANALYSIS
from services.reports.words import disease_name

_GENDER = {"F": "female", "M": "male"}


def to_bundle(content: ReportContent, standing: Standing) -> dict[str, Any]:
    """Return the report as a FHIR 4.0.1 Bundle of JSON types. The same content and standing give the same bundle."""
    frame = Frame(content, standing)
    facts = content.facts
    engine = _device(frame, "engine", PROGRAM, PROGRAM_VERSION, "Rule-based clinical decision support")
    model = _model(frame)
    conditions = {disease: _condition(frame, disease) for disease in facts.diagnoses}
    statements, by_drug = _medications(frame)
    observed = list(observations(frame, facts, engine))
    quoted = answer_observation(frame, model)
    given = [one for one in observed if "meta" not in one]
    risks = list(risk_assessments(frame, facts, engine, conditions, given))
    issues = list(detected_issues(frame, facts, engine, by_drug))
    report = _report(frame, [*observed, *([quoted] if quoted else [])])
    concluded = [report, *(one for one in observed if "meta" in one), *risks, *issues]
    resources = [
        _patient(frame), report, *conditions.values(), *statements, *observed, *([quoted] if quoted else []), *risks, *issues,
        engine, *([model] if model else []), _provenance(frame, "engine", concluded, engine),
        *([_provenance(frame, "answer", [quoted], model)] if quoted else []),
    ]  # fmt: skip
    return {
        "resourceType": "Bundle",
        "id": frame.id("bundle", "1"),
        "meta": {"lastUpdated": instant(frame.moment)},
        "identifier": {"system": REPORT_SYSTEM, "value": standing.id or frame.id("export", "1")},
        "type": "collection",
        "timestamp": instant(frame.moment),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }


def _patient(frame: Frame) -> Resource:
    """The patient: the id, the sex the analysis used, and only the further identifiers that were chosen."""
    header = frame.content.patient
    identifiers: list[dict[str, Any]] = [{"use": "usual", "system": PATIENT_SYSTEM, "value": header.id}]
    if header.mrn:
        identifiers.append({"type": concept("Medical record number"), "value": text(header.mrn)})
    return without_nothing(
        {
            "resourceType": "Patient", "id": frame.patient_id(), "text": narrative(header.line()), "identifier": identifiers,
            "name": [{"text": text(header.name)}] if header.name else None, "gender": _GENDER.get(header.sex or "", "unknown"),
            "birthDate": header.date_of_birth.isoformat() if header.date_of_birth else None,
        }
    )  # fmt: skip


def _device(frame: Frame, key: str, name: str, version: str | None, kind: str) -> Resource:
    return without_nothing(
        {
            **frame.head("Device", "device", key, f"{name} {version or ''}".strip(), kind),
            "status": "active", "deviceName": [{"name": text(name), "type": "user-friendly-name"}], "type": concept(kind),
            "version": [{"value": text(version)}] if version else None,
            "note": notes(f"{key}: {value}" for key, value in frame.content.versions.items()) if key == "engine" else None,
        }
    )  # fmt: skip


def _model(frame: Frame) -> Resource | None:
    """The author of the quoted answer: the language model, or somebody unknown who handed the text in."""
    given = frame.content.answer
    if given is None:
        return None
    if given.origin == "request":
        return _device(frame, "model", "Not stated", None, "Author of a text handed in with the request; treated as AI-assisted")
    if given.model is None:
        return _device(frame, "model", PROGRAM, PROGRAM_VERSION, "Retrieval of passages, quoted without a language model")
    return _device(frame, "model", given.model, None, "Large language model")


def _condition(frame: Frame, disease: str) -> Resource:
    name = disease_name(disease)
    return {
        **frame.head("Condition", "condition", disease, f"{name}, as given"),
        "code": concept(name), "subject": frame.subject(), "note": notes(["As given; not established here."]),
    }  # fmt: skip


def _medications(frame: Frame) -> tuple[list[Resource], dict[str, Resource]]:
    """Return the statements as written, and by recognised drug."""
    statements: list[Resource] = []
    by_drug: dict[str, Resource] = {}
    for number, one in enumerate(frame.content.facts.medications):
        made: Resource = {
            **frame.head("MedicationStatement", "medication", f"{number}|{one.text}", one.text),
            "status": "active" if one.is_taken else "not-taken",
            "medicationCodeableConcept": concept(one.text), "subject": frame.subject(),
        }  # fmt: skip
        statements.append(made)
        by_drug.update(dict.fromkeys(one.drugs, made))
    return statements, by_drug


def _report(frame: Frame, results: list[Resource]) -> Resource:
    content = frame.content
    facts = content.facts
    conclusion = _conclusion(content)
    standing = f"{content.title}: {frame.standing.mark(ai_assisted=content.is_ai_assisted)}"
    return without_nothing(
        {
            **frame.head("DiagnosticReport", "report", "1", standing, content.disclaimer, conclusion, is_algorithmic=True),
            "identifier": [{"system": REPORT_SYSTEM, "value": frame.standing.id}] if frame.standing.id else None,
            "status": frame.status, "category": [concept("Immunology", coding(DIAGNOSTIC_SERVICE, "IMM", "Immunology"))],
            "code": concept(content.title), "subject": frame.subject(),
            "effectiveDateTime": facts.analysed_on.isoformat() if facts.analysed_on else None, "issued": instant(frame.moment),
            "resultsInterpreter": [{"display": text(frame.standing.signed_by or "")}] if frame.standing.is_signed else None,
            "result": [reference(one) for one in results], "conclusion": text(f"{conclusion} {content.disclaimer}"),
        }
    )  # fmt: skip


def _conclusion(content: ReportContent) -> str:
    """The summary in one paragraph, as it stands on the first page."""
    if content.facts.analysed_on is None:
        return NO_ANALYSIS
    parts: list[str] = []
    for block in content.summary.blocks:
        if block.kind == "subheading":
            parts.append(f"{block.text.upper()}:")
        elif block.kind == "list":
            parts += [f"{one.lead} {one.text}".strip().rstrip(".") + "." for one in block.items]
    return " ".join(parts)


def _provenance(frame: Frame, key: str, targets: list[Resource], author: Resource | None) -> Resource:
    """Who made these resources from what, and who vouched for them."""
    standing = frame.standing
    agents: list[dict[str, Any]] = []
    if author is not None:
        agents.append({"type": concept("author", coding(PROVENANCE_AGENT, "author", "Author")), "who": reference(author)})
    if standing.is_signed:
        who = {"display": text(standing.signed_by or "")}
        agents.append({"type": concept("verifier", coding(PROVENANCE_AGENT, "verifier", "Verifier")), "who": who})
    analysis = frame.content.analysis
    source = {"role": "source", "what": {"identifier": {"system": ANALYSIS_SYSTEM, "value": analysis.id}}} if analysis else None
    seal = f"SHA-256 of the content: {standing.digest}" if standing.digest else ""
    return without_nothing(
        {
            **frame.head("Provenance", "provenance", key, standing.mark(ai_assisted=frame.content.is_ai_assisted), seal),
            "target": [reference(one) for one in targets], "recorded": instant(frame.moment),
            "agent": agents, "entity": [source] if source and key == "engine" else None,
        }
    )  # fmt: skip
