"""Runs worked clinical cases through the engine: `python -m validation.clinical FILE`.

FILE holds `vectors` (one instrument each) and `safety_scenarios` (one patient each). A case without an adapter counts as
failed. Progress goes to stderr; the last line of stdout is one JSON object with `passed` and `failed`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.errors import InvalidInputError
from validation.clinical_comparison import differences
from validation.clinical_scenarios import ScenarioOutcome, scenario_differences

Adapter = Callable[[Mapping[str, Any]], Mapping[str, Any]]
ScenarioRunner = Callable[[Mapping[str, Any]], ScenarioOutcome]

# the later group wins where two answer for the same instrument
_GROUPS = ("activity", "antibodies", "hla", "flare", "criteria")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case. `differences` is empty when it passed."""

    case_id: str
    instrument: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def adapters() -> dict[str, Adapter]:
    """Return the adapter of every instrument that has one."""
    found: dict[str, Adapter] = {}
    for group in _GROUPS:
        name = f"validation.clinical_adapters.{group}"
        if find_spec(name) is not None:
            found.update(import_module(name).ADAPTERS)
    return found


def scenario_runner() -> ScenarioRunner | None:
    """Return what runs a safety scenario, None where the analysis has no adapter."""
    name = "validation.clinical_adapters.analysis"
    if find_spec(name) is None:
        return None
    runner: ScenarioRunner = import_module(name).run_scenario
    return runner


def run_vectors(vectors: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Run each vector through the adapter of its instrument."""
    known = adapters()
    for vector in vectors:
        instrument, case_id = str(vector["instrument"]), str(vector["id"])
        adapter = known.get(instrument)
        if adapter is None:
            yield CaseResult(case_id, instrument, ("no adapter for this instrument",))
            continue
        yield CaseResult(case_id, instrument, _compare(adapter, vector))


def _compare(adapter: Adapter, vector: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        actual = adapter(vector["inputs"])
    except (InvalidInputError, ValidationError) as error:
        # the profile refuses some inputs before an engine sees them; that is an answer, not a crash
        actual = {"status": "invalid_input", "value": None, "message": str(error)}
    except Exception as error:  # noqa: BLE001 - one crashing case must not hide the results of the others
        return (f"crashed: {type(error).__name__}: {error}",)
    return differences(vector["expected"], actual)


def run_scenarios(scenarios: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Run each safety scenario through the whole analysis."""
    runner = scenario_runner()
    for scenario in scenarios:
        case_id = str(scenario["id"])
        if runner is None:
            yield CaseResult(case_id, "safety", ("no adapter for the analysis",))
            continue
        try:
            outcome = runner(scenario)
        except Exception as error:  # noqa: BLE001 - one crashing case must not hide the results of the others
            yield CaseResult(case_id, "safety", (f"crashed: {type(error).__name__}: {error}",))
            continue
        yield CaseResult(case_id, "safety", scenario_differences(scenario["expected"], outcome))


def main(arguments: Sequence[str]) -> int:
    """Run the file named in `arguments`; return 0 when every case passed, 1 otherwise, 2 for a file that cannot be used."""
    if len(arguments) != 1:
        print("usage: python -m validation.clinical FILE", file=sys.stderr)
        return 2
    try:
        content = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        vectors, scenarios = content.get("vectors", []), content.get("safety_scenarios", [])
    except (OSError, ValueError, AttributeError) as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    results = []
    for kind, cases in (("vectors", run_vectors(vectors)), ("scenarios", run_scenarios(scenarios))):
        for result in cases:
            results.append(result)
            if len(results) % 25 == 0:
                print(f"{len(results)} of {len(vectors) + len(scenarios)} cases ({kind})", file=sys.stderr)
    return _report(results)


def _report(results: Sequence[CaseResult]) -> int:
    totals: dict[str, list[int]] = {}
    for result in results:
        counts = totals.setdefault(result.instrument, [0, 0])
        counts[0 if result.passed else 1] += 1
        for difference in result.differences:
            print(f"FAIL {result.case_id} [{result.instrument}] {difference}")
    for instrument, (passed, failed) in sorted(totals.items()):
        print(f"{instrument:32} {passed:4} passed {failed:4} failed")
    passed = sum(result.passed for result in results)
    print(json.dumps({"passed": passed, "failed": len(results) - passed}))
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
