"""The small parts of a resource: ids, references, coded texts, quantities, narratives, security labels."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable
from html import escape
from typing import Any

from services.reports.choices import Standing
from services.reports.content import ReportContent
from services.reports.fhir.codes import LOINC, LOINC_NAMES, SECURITY_OBSERVATION, UCUM, ucum
from services.reports.markdown import visible

Resource = dict[str, Any]
_NAMESPACE = uuid.UUID("6f0e1c1a-4c55-5d0b-9a52-0e1f5b3c7d21")
PATIENT_SYSTEM = f"urn:uuid:{uuid.uuid5(_NAMESPACE, 'patient id')}"
REPORT_SYSTEM = f"urn:uuid:{uuid.uuid5(_NAMESPACE, 'report id')}"
ANALYSIS_SYSTEM = f"urn:uuid:{uuid.uuid5(_NAMESPACE, 'analysis id')}"
_MAX_TEXT = 20_000
# FHIR strings hold no control characters but tab, carriage return and line feed, and are not empty.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Frame:
    """What every resource of one bundle shares: ids that repeat for the same content, the status, the patient."""

    def __init__(self, content: ReportContent, standing: Standing) -> None:
        self.content = content
        self.standing = standing
        self._base = f"{standing.id or 'export'}|{standing.version}|{standing.digest or content.digest()}"

    @property
    def status(self) -> str:
        """`preliminary` until a clinician has signed."""
        return "final" if self.standing.is_signed else "preliminary"

    @property
    def moment(self) -> datetime.datetime:
        return self.standing.signed_at or self.standing.prepared_at

    def id(self, kind: str, key: str) -> str:
        """Return the id of a resource: the same for the same report, kind and key."""
        return str(uuid.uuid5(_NAMESPACE, f"{self._base}|{kind}|{key}"))

    def head(self, kind: str, part: str, key: str, *lines: str, is_algorithmic: bool = False) -> Resource:
        """Return what every resource begins with: type, id, who asserted it, and `lines` as its narrative.

        `part` and `key` make the id; `is_algorithmic` marks what a computer concluded.
        """
        made: Resource = {"resourceType": kind, "id": self.id(part, key)}
        if is_algorithmic:
            made["meta"] = algorithmic()
        return {**made, "text": narrative(*lines)}

    def patient_id(self) -> str:
        """Return the id of the patient resource: the same in every report about them."""
        return str(uuid.uuid5(_NAMESPACE, f"patient|{self.content.patient.id}"))

    def subject(self) -> dict[str, str]:
        return {"reference": f"urn:uuid:{self.patient_id()}"}

    def analysed(self) -> str | None:
        day = self.content.facts.analysed_on
        return day.isoformat() if day else None


def reference(resource: Resource) -> dict[str, str]:
    """Return a reference to a resource of the same bundle."""
    return {"reference": f"urn:uuid:{resource['id']}"}


def text(value: str) -> str:
    """Return `value` as a FHIR string: visible characters only, bounded, never empty."""
    return _NOT_XML.sub("", visible(value)).strip()[:_MAX_TEXT] or "not stated"


def concept(value: str, *codings: dict[str, str]) -> dict[str, Any]:
    """Return a CodeableConcept with its text, and codings where there are any."""
    made: dict[str, Any] = {"text": text(value)}
    return {"coding": list(codings), **made} if codings else made


def coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    return {"system": system, "code": code, **({"display": display} if display else {})}


def loinc(code: str | None) -> tuple[dict[str, str], ...]:
    """Return the coding of a confirmed LOINC code, nothing for any other."""
    name = LOINC_NAMES.get(code or "")
    return (coding(LOINC, code, name),) if code and name else ()


def quantity(value: float, unit: str | None = None) -> dict[str, Any]:
    """Return a Quantity; the unit is coded where UCUM has it, else it stays text, and without a unit there is none."""
    code = ucum(unit)
    made: dict[str, Any] = {"value": decimal(value)}
    if unit:
        made["unit"] = text(unit)
    return {**made, "system": UCUM, "code": code} if code else made


def decimal(value: float) -> int | float:
    """Return a number as FHIR writes it: without the noise of a conversion between units."""
    rounded = float(f"{value:.10g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def instant(moment: datetime.datetime) -> str:
    """Return a FHIR instant in UTC, to the second."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def narrative(*lines: str) -> dict[str, str]:
    """Return the generated text of a resource."""
    body = "".join(f"<p>{escape(text(line), quote=False)}</p>" for line in lines if line)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}


def algorithmic() -> dict[str, Any]:
    """Return the `meta` of a resource a computer asserted.

    HL7 defines the label AIAST for decision support and algorithms as well as for learned models, so it stands on what the
    rules concluded and on a quoted answer alike, and not on what was sent.
    """
    return {"security": [coding(SECURITY_OBSERVATION, "AIAST", "Artificial Intelligence asserted")]}


def notes(lines: Iterable[str]) -> list[dict[str, str]]:
    """Return annotations, one for each line that says something."""
    return [{"text": text(line)} for line in lines if line]


def without_nothing(resource: Resource) -> Resource:
    """Return the resource without empty elements, which FHIR does not allow."""
    return {key: value for key, value in resource.items() if value not in (None, "", [], {}, ())}
