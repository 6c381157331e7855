"""Validates exported FHIR bundles: `python -m validation.fhir DIR`.

Every `*.json` in DIR is read as one bundle. Where DIR is empty or absent, the reports of the demo patients are exported into it
first. Three validators look at each bundle: the R4B models of `fhir.resources` (FHIR 4.3, where the elements used here are those
of 4.0.1), the JSON schema of R4 4.0.1, and the product's own rules (closed references, confirmed codes, LOINC check digits,
invariants obs-3, obs-6, obs-7, ras-2, narratives). Prints a table; the last line is one JSON object.

The official Java validator needs a network and is not run here: `java -jar validator_cli.jar DIR/*.json -version 4.0.1`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fhir.resources.R4B.bundle import Bundle
from jsonschema import Draft6Validator
from jsonschema import ValidationError as JsonSchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import ValidationError

from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from demo_data.schema import DemoPatient
from services.clinical.analysis import analyse, to_document
from services.patients.analyses import AnalysisEntry, StoredAnalysis
from services.patients.registry import Patient
from services.reports.choices import ReportChoice, Standing
from services.reports.content import build
from services.reports.fhir import to_bundle, violations

SCHEMA = Path(__file__).resolve().parents[1] / "tests" / "data" / "fhir-r4.schema.json.gz"
_SHOWN = 5


class Verdict(NamedTuple):
    """What the three validators say of one bundle: one message for each error."""

    models: tuple[str, ...]
    schema: tuple[str, ...]
    rules: tuple[str, ...]

    @property
    def errors(self) -> int:
        return len(self.models) + len(self.schema) + len(self.rules)


def validate(bundle: Mapping[str, Any]) -> Verdict:
    """Return the verdict on one bundle."""
    return Verdict(tuple(_by_models(bundle)), tuple(_by_schema(bundle)), tuple(violations(bundle)))


def _resources(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = bundle.get("entry")
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [one["resource"] for one in entries if isinstance(one.get("resource"), dict)]


def _by_models(bundle: Mapping[str, Any]) -> Iterator[str]:
    unknown = [str(one.get("resourceType"))[:60] for one in _resources(bundle) if not _is_resource(one.get("resourceType"))]
    if unknown:  # the library raises a KeyError for these
        yield f"no resource of R4: {', '.join(unknown)}"
        return
    try:
        Bundle.model_validate(bundle)
    except ValidationError as error:
        yield from (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def _by_schema(bundle: Mapping[str, Any]) -> Iterator[str]:
    """Check the frame and each resource against its own definition: the schema's union of all resources is slow."""
    listed = bundle.get("entry")
    frame = {key: value for key, value in bundle.items() if key != "entry"}
    if isinstance(listed, list):
        addresses = ({key: value for key, value in one.items() if key != "resource"} for one in listed if isinstance(one, dict))
        frame["entry"] = list(addresses) or listed
    elif listed is not None:
        yield "Bundle.entry: is not a list"
    for resource in (frame, *_resources(bundle)):
        kind = str(resource.get("resourceType"))
        if not _is_resource(kind):
            yield f"{kind[:60]} is not a resource of R4"
            continue
        yield from (f"{kind}{error.json_path[1:]}: {error.message[:200]}" for error in _definition(kind).iter_errors(resource))


def _is_resource(kind: object) -> bool:
    definition = _schema()["definitions"].get(kind, {}) if isinstance(kind, str) else {}
    return "resourceType" in definition.get("properties", {})


def _reference(_validator: Validator, target: str, instance: Any, _schema: Any) -> Iterator[JsonSchemaError]:
    """Follow a reference inside the schema to a validator made once: the library makes a new one each time."""
    yield from _definition(target.removeprefix("#/definitions/")).iter_errors(instance)


_R4Validator = extend(Draft6Validator, {"$ref": _reference})


@cache
def _definition(name: str) -> Validator:
    made: Validator = _R4Validator(_schema()["definitions"][name])
    return made


@cache
def _schema() -> dict[str, Any]:
    with gzip.open(SCHEMA, "rt", encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


def demo_bundle(demo: DemoPatient, now: datetime) -> dict[str, Any]:
    """Return the bundle of a demo patient's whole report, as an export of today gives it."""
    profile = profile_of(demo)
    document = to_document(analyse(profile, today=now.date()))
    entry = AnalysisEntry(f"demo-{demo.id}", demo.id, now, "validation", document["versions"])
    patient = Patient(demo.id, demo.name, demo.dob, demo.sex, demo.mrn, True, demo.summary)
    content = build(patient, StoredAnalysis(entry, profile, document), ReportChoice())
    return to_bundle(content, Standing(prepared_at=now, digest=content.digest()))


def write_demo_bundles(folder: Path) -> None:
    """Export the reports of the demo patients into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    for demo in load_patients():
        text = json.dumps(demo_bundle(demo, now), ensure_ascii=False, indent=1)
        (folder / f"{demo.id}.json").write_text(text, encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Read a bundle, or the answer of `POST /export` that holds one.

    :raise ValueError: the file is no JSON object.
    """
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path.name} is not a JSON object")
    content = loaded.get("content")
    return content if loaded.get("format") == "fhir" and isinstance(content, dict) else loaded


def main(arguments: Sequence[str]) -> int:
    """Print the report; return 0, 1 when there is an error, 2 when the folder cannot be used."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m validation.fhir DIR", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        if not sorted(folder.glob("*.json")):
            write_demo_bundles(folder)
        bundles = {path.name: read(path) for path in sorted(folder.glob("*.json"))}
    except (OSError, ValueError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return 2
    verdicts = {name: validate(bundle) for name, bundle in bundles.items()}
    print(f"{'bundle':<40}{'resources':>10}{'R4B':>6}{'schema':>8}{'rules':>7}")
    for name, verdict in verdicts.items():
        resources = len(bundles[name].get("entry", []))
        print(f"{name[:39]:<40}{resources:>10}{len(verdict.models):>6}{len(verdict.schema):>8}{len(verdict.rules):>7}")
        for message in (*verdict.models, *verdict.schema, *verdict.rules)[:_SHOWN]:
            print(f"  {message}")
    errors = sum(verdict.errors for verdict in verdicts.values())
    print(json.dumps({"bundles": len(bundles), "errors": errors}))
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
