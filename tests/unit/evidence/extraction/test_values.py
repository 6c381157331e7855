"""The reader of single results, and the names of tests."""

from __future__ import annotations

import pytest

from services.clinical.titers import Outcome
from services.evidence.extraction.lexicon import Role, loinc_of, subject_of
from services.evidence.extraction.tables import split_unit
from services.evidence.extraction.values import Value, read_cell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("28.4", Value(value=28.4)),
        ("H 28.4", Value(value=28.4, flag="H")),
        ("28.4 H", Value(value=28.4, flag="H")),
        ("28.4 mg/L (H)", Value(value=28.4, unit="mg/L", flag="H")),
        ("*28.4", Value(value=28.4, flag="A")),
        ("28,4 ↑", Value(value=28.4, flag="H")),
        ("<0.01", Value(value=0.01, comparator="<")),
        ("≥ 100", Value(value=100.0, comparator=">=")),
        ("1,250", Value(value=1250.0)),
        ("3.7 10³/µL", Value(value=3.7, unit="10³/µL")),
        ("28.4 [0-5]", Value(value=28.4, reference_range="0-5")),
        ("1:640 homogeneous", Value(titer="1:640", pattern="homogeneous")),
        ("24 neg", Value(value=24.0, outcome=Outcome.NEGATIVE)),
        ("Not detected", Value(text="Not detected", outcome=Outcome.NEGATIVE)),
        ("RBC casts A", Value(text="RBC casts", flag="A")),
        ("no longer detected", Value(text="no longer detected")),
        ("2+", Value(text="2+")),
        ("9 in CSF, 0 in serum", Value(text="9 in CSF, 0 in serum")),
        ("14/36", Value(text="14/36")),
        ("", Value()),
        ("—", Value()),
    ],
)
def test_a_cell_is_read_as_the_laboratory_prints_it(text: str, expected: Value) -> None:
    assert read_cell(text) == expected


def test_a_lone_l_is_litres_only_where_the_test_is_measured_in_litres() -> None:
    assert read_cell("2.34 L", litres=True).unit == "L"
    assert read_cell("2.34 L").flag == "L"


@pytest.mark.parametrize(
    ("name", "unit", "key", "role"),
    [
        ("MCV", "fL", "mcv", Role.ANALYTE),
        ("anti-CCP", "U/mL", "acpa", Role.ANTIBODY),
        ("IgG index", None, "igg_index", Role.ANALYTE),
        ("HBsAg", None, "hbsag", Role.TEST),
        ("Anti-smooth muscle antibody", None, "asma", Role.ANTIBODY),
        ("anti-Sm", "AI", "anti_smith", Role.ANTIBODY),
        ("ANA by IFA, serum", None, "ana", Role.ANTIBODY),
    ],
)
def test_names_are_told_apart(name: str, unit: str | None, key: str, role: Role) -> None:
    subject = subject_of(name, unit)
    assert subject is not None
    assert (subject.key, subject.role) == (key, role)


def test_a_plain_name_in_urine_is_not_the_test_of_the_blood() -> None:
    creatinine = subject_of("Creatinine", "mg/dL", "urine")
    assert creatinine is not None
    assert creatinine.key == "urine_creatinine"
    assert subject_of("Glucose", None, "CSF") != subject_of("Glucose")


def test_loinc_is_given_only_where_name_unit_and_method_are_certain() -> None:
    assert loinc_of("CRP", subject_of("CRP"), unit="mg/L", titer=None) == "1988-5"
    assert loinc_of("CRP", subject_of("CRP"), unit=None, titer=None) is None
    assert loinc_of("ESR", subject_of("ESR"), unit="mm/h", titer=None) is None
    assert loinc_of("ESR Westergren", subject_of("ESR"), unit="mm/h", titer=None) == "4537-7"
    assert loinc_of("Weird score", None, unit="AU", titer=None) is None


def test_a_unit_in_brackets_is_parted_from_the_name_and_an_antigen_is_not() -> None:
    assert split_unit("CRP (mg/L)") == ("CRP", "mg/L")
    assert split_unit("Anti-Sjögren syndrome A (SSA/Ro)") == ("Anti-Sjögren syndrome A (SSA/Ro)", None)
    assert split_unit("Pregnancy test (urine)", said=True) == ("Pregnancy test (urine)", None)
