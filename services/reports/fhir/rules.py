"""What a bundle must keep beyond the schema: closed references, confirmed codes, invariants, narratives.

The rules are read off a bundle from outside: they know nothing of how it was made, so they also judge a stored file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.reports.fhir.codes import ALLOWED_CODES, ALLOWED_UCUM, LOINC, LOINC_NAMES, UCUM, has_valid_check_digit

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_STATUSES = {"preliminary", "final"}
_STATED = {"Observation", "DiagnosticReport", "RiskAssessment", "DetectedIssue"}
_KINDS = _STATED | {"Patient", "Condition", "MedicationStatement", "Provenance", "Device"}
_NARRATED = _KINDS


def violations(bundle: Mapping[str, Any]) -> list[str]:
    """Return every rule the bundle breaks, as sentences; an empty list means none."""
    return [*_shape(bundle), *_references(bundle), *_codes(bundle, "Bundle"), *_resources(bundle)]


def _entries(bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = bundle.get("entry", [])
    listed = entries if isinstance(entries, list) else []
    return [one for one in listed if isinstance(one, Mapping) and isinstance(one.get("resource"), Mapping)]


def _shape(bundle: Mapping[str, Any]) -> Iterator[str]:
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "collection":
        yield "the resource is not a Bundle of the type collection"
    listed = bundle.get("entry", [])
    if not isinstance(listed, list) or len(_entries(bundle)) != len(listed):
        yield "an entry holds no resource"
    kinds = [one.get("resource", {}).get("resourceType") for one in _entries(bundle)]
    for needed in ("Patient", "DiagnosticReport"):
        if kinds.count(needed) != 1:
            yield f"there must be exactly one {needed}, there are {kinds.count(needed)}"
    for kind in set(kinds) - _KINDS:
        yield f"a {kind} is not foreseen"
    ids = [one.get("resource", {}).get("id", "") for one in _entries(bundle)]
    for identifier in {one for one in ids if ids.count(one) > 1}:
        yield f"the id {identifier} stands on several resources"
    for entry in _entries(bundle):
        identifier = entry.get("resource", {}).get("id", "")
        if not _ID.fullmatch(str(identifier)):
            yield f"{identifier!r} is not a FHIR id"
        if entry.get("fullUrl") != f"urn:uuid:{identifier}":
            yield f"the address of {identifier} is not its id"


def _references(bundle: Mapping[str, Any]) -> Iterator[str]:
    known = {entry.get("fullUrl") for entry in _entries(bundle)}
    for path, key, value in _leaves(bundle, "Bundle"):
        if key == "reference" and value not in known:
            yield f"{path}: {value} is not in the bundle"


def _codes(value: Any, path: str) -> Iterator[str]:
    """Check each coding and quantity: known system, allowed code, LOINC with its check digit and its confirmed name."""
    if isinstance(value, Mapping):
        system, code = value.get("system"), value.get("code")
        if isinstance(code, str) and isinstance(system, str):
            yield from _code(system, code, value, path)
        for key, inner in value.items():
            yield from _codes(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _codes(inner, f"{path}[{index}]")


def _code(system: str, code: str, value: Mapping[str, Any], path: str) -> Iterator[str]:
    if system == LOINC:
        if not has_valid_check_digit(code):
            yield f"{path}: LOINC {code} has a wrong check digit"
        if code not in LOINC_NAMES:
            yield f"{path}: LOINC {code} is not among the confirmed codes"
        elif value.get("display") != LOINC_NAMES[code]:
            yield f"{path}: LOINC {code} does not carry its long name"
    elif system == UCUM:
        if code not in ALLOWED_UCUM:
            yield f"{path}: the unit {code} is not among the confirmed units"
    elif system not in ALLOWED_CODES:
        yield f"{path}: the code system {system} is not foreseen"
    elif code not in ALLOWED_CODES[system]:
        yield f"{path}: {code} is not foreseen in {system}"


def _resources(bundle: Mapping[str, Any]) -> Iterator[str]:
    signed = any(_signed(entry.get("resource", {})) for entry in _entries(bundle))
    for entry in _entries(bundle):
        resource = entry.get("resource", {})
        kind, name = resource.get("resourceType"), f"{resource.get('resourceType')}/{resource.get('id')}"
        if kind in _NARRATED and not str(resource.get("text", {}).get("div", "")).startswith("<div xmlns="):
            yield f"{name} has no narrative"
        if kind in _STATED:
            status = resource.get("status")
            if status not in _STATUSES:
                yield f"{name}: the status {status} is not foreseen"
            elif (status == "final") != signed:
                yield f"{name} is {status} although the report is {'signed' if signed else 'not signed'}"
        if kind == "Observation":
            yield from _observation(name, resource)
        if kind == "RiskAssessment":
            yield from _risk(name, resource)
        if kind == "Provenance" and not (resource.get("target") and resource.get("agent")):
            yield f"{name} names no target or no agent"


def _signed(resource: Mapping[str, Any]) -> bool:
    if resource.get("resourceType") != "Provenance":
        return False
    codes = [one.get("code") for agent in resource.get("agent", []) for one in agent.get("type", {}).get("coding", [])]
    return "verifier" in codes


def _observation(name: str, resource: Mapping[str, Any]) -> Iterator[str]:
    values = [key for key in resource if key.startswith("value")]
    if len(values) > 1:
        yield f"{name} has several values: {', '.join(values)}"
    if values and "dataAbsentReason" in resource:
        yield f"{name} has a value and a reason for having none (obs-6)"
    if not values and "dataAbsentReason" not in resource:
        yield f"{name} has neither a value nor a reason for having none"
    for part in resource.get("component", []):
        if part.get("code") == resource.get("code") and values:
            yield f"{name}: a component repeats the code of the observation (obs-7)"
    for limits in resource.get("referenceRange", []):
        if not {"low", "high", "text"} & limits.keys():
            yield f"{name}: a reference range says nothing (obs-3)"


def _risk(name: str, resource: Mapping[str, Any]) -> Iterator[str]:
    for prediction in resource.get("prediction", []):
        if any(key.startswith("probability") for key in prediction):
            yield f"{name} carries a probability, and the score is ordinal (ras-2 does not even arise)"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list):
                yield from _leaves(inner, f"{path}.{key}")
            else:
                yield path, str(key), inner
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
