"""Measures the differential against case vignettes: `python -m validation.differential FILE`.

FILE is a JSON list of cases with `disease`, `age`, `sex`, `positive_antibodies`, `negative_antibodies`, `hla_alleles`,
`symptoms` and `diagnosis_named_in_vignette`; nothing else of a case is used. Prints totals, then each case whose diagnosis is not
ranked first with expected and actual, then conditions outside the thirteen apart; the last line is one JSON object with
the fractions over the cases whose diagnosis is not named in the vignette.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from services.clinical.differential import Differential, differentiate
from services.clinical.disease import Disease

CONFIDENT = 0.5


class Case(BaseModel):
    """One vignette, reduced to what the differential may see, its label and its id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    disease: str
    diagnosis_named_in_vignette: bool = False
    age: int | None = None
    sex: str | None = None
    positive_antibodies: tuple[str, ...] = ()
    negative_antibodies: tuple[str, ...] = ()
    hla_alleles: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()


class Scored(NamedTuple):
    """A case with its differential; `rank` is the place of the labelled disease, None where it is absent."""

    case: Case
    result: Differential
    rank: int | None


def read_cases(path: Path) -> list[Case]:
    """Read a vignette file.

    :raise ValueError: the file is not JSON of the expected shape (pydantic and json errors are both `ValueError`).
    """
    loaded = json.loads(path.read_text(encoding="utf-8"))
    rows = loaded.get("vignettes", loaded) if isinstance(loaded, dict) else loaded
    return TypeAdapter(list[Case]).validate_python(rows)


def score(case: Case) -> Scored:
    """Run the differential on one case."""
    result = differentiate(
        age=case.age, sex=case.sex, positive_antibodies=case.positive_antibodies,
        negative_antibodies=case.negative_antibodies, hla_alleles=case.hla_alleles, symptoms=case.symptoms,
    )  # fmt: skip
    disease = Disease.parse(case.disease)
    rank = next((entry.rank for entry in result.entries if entry.disease is disease), None)
    return Scored(case, result, rank)


def totals(scored: Sequence[Scored]) -> dict[str, float | int]:
    """Return `top1`, `top3` (fractions) and `n` over cases of the thirteen whose diagnosis is not named."""
    counted = [one for one in scored if _is_inside(one.case) and not one.case.diagnosis_named_in_vignette]
    first = sum(one.rank == 1 for one in counted)
    third = sum(one.rank is not None and one.rank <= 3 for one in counted)
    n = len(counted)
    return {"top1": round(first / n, 4) if n else 0.0, "top3": round(third / n, 4) if n else 0.0, "n": n}


def _is_inside(case: Case) -> bool:
    return Disease.parse(case.disease) is not None


def _describe(one: Scored) -> str:
    leaders = ", ".join(f"{entry.disease.value} {entry.confidence:.2f}" for entry in one.result.entries[:3]) or "nothing"
    outside = ", ".join(f"{other.condition} {other.confidence:.2f}" for other in one.result.outside[:2])
    none = " [none of the 13]" if one.result.none_of_the_13 else ""
    return f"actual {leaders}{none}; outside: {outside or 'nothing'}"


def main(arguments: Sequence[str]) -> int:
    """Print the report; return 0, or 2 when the file cannot be used."""
    if len(arguments) != 1:
        print("usage: python -m validation.differential FILE", file=sys.stderr)
        return 2
    try:
        cases = read_cases(Path(arguments[0]))
    except (OSError, ValidationError, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    scored = [score(case) for case in cases]
    inside = [one for one in scored if _is_inside(one.case)]
    outside = [one for one in scored if not _is_inside(one.case)]
    print(f"{len(scored)} cases: {len(inside)} of the thirteen diseases, {len(outside)} outside")
    for one in inside:
        if one.rank != 1:
            named = " (named in the vignette)" if one.case.diagnosis_named_in_vignette else ""
            print(f"  {one.case.id}{named}: expected {one.case.disease} (rank {one.rank or 'none'}); {_describe(one)}")
    withheld = sum(one.result.none_of_the_13 for one in inside)
    print(f"labelled diseases answered with none of the 13: {withheld} of {len(inside)}")
    _print_outside(outside)
    print(json.dumps(totals(scored)))
    return 0


def _print_outside(outside: Sequence[Scored]) -> None:
    confident = [one for one in outside if one.result.entries and one.result.entries[0].confidence >= CONFIDENT]
    print(f"outside conditions given a confident answer ({CONFIDENT:g} or more): {len(confident)} of {len(outside)}")
    for one in outside:
        print(f"  {one.case.id}: label {one.case.disease}; {_describe(one)}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
