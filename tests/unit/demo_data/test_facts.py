"""The numbers hold together: prose against facts, flags against ranges, instruments against their formulas."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

import pytest
from pydantic import ValidationError

from demo_data.catalogue import load_patients
from demo_data.markup import parse_sections
from demo_data.schema import ActivityScore, DemoDocument, DemoPatient, LabResult, flag_of

PATIENTS = load_patients()
every_patient = pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.id)

# the words prose uses for an analyte -> the names under which it is recorded
SPOKEN: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in "C3 C4 UPCR WBC CRP ESR TSH IgG HbA1c ALT AST eGFR NT-proBNP anti-dsDNA tTG-IgA TRAb".split()},
    **{name: (name,) for name in "anti-CCP RF ANA GAD65 ZnT8".split()},
    **{name.lower(): (name,) for name in "Platelets Creatinine Ferritin Neutrophils Urate".split()},
    "free T4": ("Free T4",),
    "FVC": ("FVC % predicted", "FVC"),
    "DLCO": ("DLCO % predicted",),
    "calprotectin": ("Fecal calprotectin",),
    "vitamin D": ("25-OH vitamin D",),
    "TPO antibodies": ("TPOAb",),
    "rheumatoid factor": ("RF",),
    "JCV index": ("JCV antibody index",),
    "trough": ("Adalimumab trough",),
    "neurofilament": ("Neurofilament light",),
}
LINK = r"(?: (?:of|is|was|at|has|had|fallen|fell|to|went|from|reported|as|in|the|low|above|below|number|is low|IgG)){0,4}"
NUMBER = r"((?>\d+(?:\.\d+)?))(?!/| (?:weeks|months|IU\b))"
SCORE = re.compile(r"\b(?:EDSS|DAS28-CRP|MG-ADL|Skin score|clinical activity score)(?: at| of)? (\d+(?:\.\d+)?)")
SUMS = frozenset({"SLEDAI-2K", "MG-ADL", "QMG", "CAS", "HBI", "mRSS", "CDAI"})


def asdas_crp(items: Mapping[str, float]) -> float:
    pain, stiffness, patient, peripheral, crp = items.values()
    return 0.12 * pain + 0.06 * stiffness + 0.11 * patient + 0.07 * peripheral + 0.58 * math.log(max(crp, 2.0) + 1)


def das28_crp(items: Mapping[str, float]) -> float:
    return (
        0.56 * math.sqrt(items["TJC28"]) + 0.28 * math.sqrt(items["SJC28"]) + 0.36 * math.log(items["CRP mg/L"] + 1)
        + 0.014 * items["patient global 0-100"] + 0.96
    )


def basdai(items: Mapping[str, float]) -> float:
    q1, q2, q3, q4, q5, q6 = items.values()
    return (q1 + q2 + q3 + q4 + (q5 + q6) / 2) / 5


def pasi(items: Mapping[str, float]) -> float:
    weights = {"head": 0.1, "arms": 0.2, "trunk": 0.3, "legs": 0.4}
    return sum(
        weight * sum(items[f"{part} {sign}"] for sign in "EID") * items[f"{part} A"] for part, weight in weights.items()
    )


def essdai(items: Mapping[str, float]) -> float:
    weights = (3, 4, 2, 2, 3, 5, 5, 6, 5, 5, 2, 1)
    return sum(weight * level for weight, level in zip(weights, items.values(), strict=True))


FORMULAS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "ASDAS-CRP": asdas_crp, "DAS28-CRP": das28_crp, "BASDAI": basdai, "PASI": pasi, "ESSDAI": essdai,
    "ESSPRI": lambda items: sum(items.values()) / 3,
}


def expected(score: ActivityScore) -> float | None:
    if score.instrument in SUMS:
        return sum(score.items.values())
    formula = FORMULAS.get(score.instrument)
    return formula(score.items) if formula else None


def recorded(patient: DemoPatient, until: DemoDocument) -> dict[str, set[float]]:
    """Every value of each analyte up to the day of a document; prose of the day may know results of the day."""
    values: dict[str, set[float]] = {}
    for document in patient.documents:
        for panel in document.labs:
            for result in panel.results:
                if panel.specimen_date <= until.date and result.value is not None:
                    values.setdefault(result.test, set()).add(result.value)
        for finding in document.antibodies:
            if finding.specimen_date <= until.date:
                number = finding.titer.partition(":")[2] if finding.titer else finding.value
                if number is not None:
                    values.setdefault(finding.name, set()).add(float(number))
    return values


@every_patient
def test_values_in_prose_are_recorded_values(patient: DemoPatient) -> None:
    checked = 0
    for document in patient.documents:
        values = recorded(patient, document)
        for spoken, names in SPOKEN.items():
            phrase = rf"(?<![\w/-]){re.escape(spoken)}{LINK} (?:1:)?{NUMBER}"
            for match in re.finditer(phrase, document.text(), re.IGNORECASE):
                known = set().union(*(values.get(name, set()) for name in names))
                assert float(match[1]) in known, f"{document.id}: {match[0]!r}, recorded {sorted(known)}"
                checked += 1
    assert checked >= 2


@every_patient
def test_instruments_follow_from_their_items(patient: DemoPatient) -> None:
    for document in patient.documents:
        for score in document.activity:
            value = expected(score)
            if value is None:
                assert score.instrument == "EDSS"
                assert (score.value * 2).is_integer()
                continue
            places = 2 if score.instrument in ("ASDAS-CRP", "DAS28-CRP") else 1
            assert score.value == pytest.approx(round(value, places), abs=0.5 * 10**-places), (document.id, score)


@every_patient
def test_crp_in_an_instrument_is_the_crp_of_the_visit(patient: DemoPatient) -> None:
    for document in patient.documents:
        measured = {r.value for panel in document.labs for r in panel.results if r.test == "CRP"}
        for score in document.activity:
            if "CRP mg/L" in score.items:
                assert score.items["CRP mg/L"] in measured, document.id


@every_patient
def test_every_instrument_value_in_prose_is_a_score_of_the_record(patient: DemoPatient) -> None:
    for document in patient.documents:
        scores = {s.value for other in patient.documents if other.date <= document.date for s in other.activity}
        for match in SCORE.finditer(document.text()):
            assert float(match[1]) in scores, (document.id, match[0])


def test_signs_rise_before_the_flare_and_fall_after_treatment() -> None:
    by_id = {patient.id: patient for patient in PATIENTS}

    def series(patient_id: str, name: str, laboratory: str) -> list[float]:
        points = {}
        for document in by_id[patient_id].documents:
            for panel in document.labs:
                for result in panel.results:
                    if result.test == name and panel.laboratory.startswith(laboratory) and result.value is not None:
                        points[panel.specimen_date] = result.value
        return [points[day] for day in sorted(points)]

    c3 = series("sarah_mitchell", "C3", "Cobalt")
    assert c3[:3] == sorted(c3[:3], reverse=True)
    assert c3[0] > 90 > c3[1]
    tsh = series("aisha_rahman", "TSH", "Northmere")
    assert tsh[0] < 0.1
    assert max(tsh) > 30
    ttg = [
        finding.value for document in by_id["hannah_fischer"].documents for finding in document.antibodies
        if finding.name == "tTG-IgA" and finding.specimen_date == document.date
    ]
    assert ttg == sorted(ttg, key=lambda value: -(value or 0))


@pytest.mark.parametrize(
    ("value", "comparator", "low", "high", "flag"),
    [
        (90, None, 90, 180, None), (180, None, 90, 180, None), (89.9, None, 90, 180, "L"), (180.1, None, 90, 180, "H"),
        (0.01, "<", 0.4, 4.5, "L"), (3, "<", None, 5, None), (8, ">", None, 1, "H"), (5, None, None, None, None),
    ],
)
def test_flags_at_and_beyond_the_limits(
    value: float, comparator: str | None, low: float | None, high: float | None, flag: str | None
) -> None:
    assert flag_of(value, comparator, low, high) == flag


def test_a_flag_against_the_range_is_refused() -> None:
    with pytest.raises(ValidationError, match="disagrees"):
        LabResult(test="C3", shown="62", value=62, low=90, high=180, reference_range="90–180", flag=None)


def test_prose_before_a_heading_is_refused() -> None:
    with pytest.raises(ValueError, match="before the first heading"):
        parse_sections("Lost line.\n# Heading\nText.")


def test_paragraph_after_bullets_is_refused_instead_of_reordered() -> None:
    with pytest.raises(ValueError, match="after bullets"):
        parse_sections("# Plan\n- one\n\nAnd then.")
