"""Laboratory values are read into one unit, or refused with a reason; nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest

from services.clinical import labs
from services.clinical.labs import LabPanel, ProblemKind, analytes, normalise
from services.clinical.profile import MeasuredValue


def _only_problem(panel: LabPanel) -> tuple[str | None, ProblemKind]:
    assert panel.readings == ()
    (problem,) = panel.problems
    return problem.key, problem.kind


@pytest.mark.parametrize(
    ("name", "value", "unit", "key", "expected"),
    [
        ("C3", 0.95, "g/L", "c3", 95.0),
        ("complement C4", 0.12, "g/l", "c4", 12.0),
        ("C-Reactive Protein", 1.8, "mg/dL", "crp", 18.0),
        ("HbA1c", 48, "mmol/mol", "hba1c", 6.542),
        ("fasting glucose", 6.0, "mmol/L", "fasting_glucose", 108.096),
        ("Creatinine", 88.4, "µmol/L", "creatinine", 1.0),
        ("Haemoglobin", 130, "g/L", "haemoglobin", 13.0),
        ("WBC", 4500, "cells/mm3", "leukocytes", 4.5),
        ("Platelets", 250, "x10*9/L", "platelets", 250),
        ("Platelets", 250, "K/uL", "platelets", 250),
        ("Platelets", 250, "G/L", "platelets", 250),
        ("ESR", 30, "mm/1 hr", "esr", 30),
        ("free T4", 15.0, "pmol/L", "ft4", 1.1655),
        ("C-peptide", 200, "pmol/L", "c_peptide", 0.604),
        ("uPCR", 100, "mg/mmol", "upcr", 884.0),
        ("proteinuria", 3500, "mg/24h", "urine_protein_24h", 3.5),
        ("proteinuria", 0.9, "g/g", "upcr", 900.0),
        ("FVC", 2.1, "L", "fvc_l", 2.1),
        ("Lymphocytes", 22, "%", "lymphocytes_pct", 22),
        ("TSI", 2.4, "IU/L", "tsi_iu_l", 2.4),
        ("NT-proBNP", 100, "pmol/L", "nt_probnp", 845.7),
    ],
)
def test_a_value_with_its_unit_is_converted(name: str, value: float, unit: str, key: str, expected: float) -> None:
    panel = labs.normalise({name: MeasuredValue(value=value, unit=unit)})
    (reading,) = panel.readings
    assert reading.key == key
    assert reading.value == pytest.approx(expected, rel=1e-3)
    assert panel.problems == ()


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("crp_mg_l", 18, "crp", 18),
        ("CRP (mg/dL)", 1.8, "crp", 18),
        ("c3_mg_dl", 55, "c3", 55),
        ("tsh_miu_l", 0.005, "tsh", 0.005),
        ("wbc_ul", 4500, "leukocytes", 4.5),
        ("alt_u_l", 50, "alt", 50),
        ("nt_probnp_pg_ml", 4000, "nt_probnp", 4000),
        ("fvc_percent_predicted", 25, "fvc_pct", 25),
        ("dlco_pct", 30, "dlco_pct", 30),
        ("anti_dsDNA_iu_ml", 800, "dsdna_antibody", 800),
        ("c_peptide_random_pmol_l", 150, "c_peptide", 0.453),
        ("β2-microglobulin", 2.0, "beta2_microglobulin", 2.0),
    ],
)
def test_a_bare_number_is_in_the_unit_its_name_says(name: str, value: float, key: str, expected: float) -> None:
    reading = labs.normalise({name: value}).get(key)
    assert reading is not None
    assert reading.value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("C3", 0.95), ("C4", 0.12), ("Hb", 130), ("HbA1c", 58), ("creatinine", 80), ("WBC", 4500), ("fasting glucose", 6.0),
     ("IgG", 850), ("uPCR", 0.5), ("calcium", 2.3), ("C-peptide", 150), ("proteinuria", 3500)],
)  # fmt: skip
def test_a_bare_number_that_fits_another_unit_better_is_asked_for_not_read(name: str, value: float) -> None:
    _, kind = _only_problem(labs.normalise({name: value}))
    assert kind is ProblemKind.UNIT_AMBIGUOUS


def test_a_measured_crp_without_unit_is_refused_because_two_units_are_in_use() -> None:
    assert _only_problem(labs.normalise({"CRP": MeasuredValue(value=18)})) == ("crp", ProblemKind.UNIT_MISSING)


def test_an_esr_without_unit_is_read_because_only_one_unit_is_in_use() -> None:
    reading = labs.normalise({"ESR": MeasuredValue(value=18)}).get("esr")
    assert reading is not None
    assert (reading.value, reading.unit) == (18, "mm/h")


@pytest.mark.parametrize("value", [-5, 9999])
def test_an_impossible_crp_is_rejected_with_its_reason(value: float) -> None:
    panel = labs.normalise({"CRP": value})
    assert _only_problem(panel) == ("crp", ProblemKind.OUT_OF_RANGE)
    assert "0 to 1000" in panel.problems[0].message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "eighteen", None, [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    panel = labs.normalise({"CRP": value})  # type: ignore[dict-item]  # the point of the test
    assert _only_problem(panel) == ("crp", ProblemKind.NOT_A_NUMBER)


def test_an_unknown_unit_is_refused_and_named() -> None:
    panel = labs.normalise({"ferritin": MeasuredValue(value=3, unit="bananas")})
    assert _only_problem(panel) == ("ferritin", ProblemKind.UNIT_UNKNOWN)
    assert "bananas" in panel.problems[0].message


def test_an_unknown_name_is_echoed_as_written() -> None:
    assert labs.normalise({"Foo-Bar": 3, "CRP": 2}).unrecognised == ("Foo-Bar",)


@pytest.mark.parametrize(
    "name", ["creatinine clearance", "CRP ratio", "IgG index", "urine creatinine", "T3 uptake", "C3 nephritic factor"]
)
def test_a_longer_name_is_not_taken_for_the_analyte_it_begins_with(name: str) -> None:
    found = labs.resolve(name)
    assert found is None or found.key in ("creatinine_clearance", "igg_index")


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("Hb", "Hgb", "hemoglobin", "Haemoglobin"), "haemoglobin"),
        (("ALT", "SGPT", "alanine transaminase"), "alt"),
        (("fecal calprotectin", "Faecal Calprotectin", "FCP"), "calprotectin"),
        (("anti-CCP", "ACPA", "CCP antibody"), "acpa"),
        (("25-OH vitamin D", "25(OH)D", "Vitamin D"), "vitamin_d"),
        (("ANC", "neutrophils", "absolute neutrophil count"), "neutrophils"),
        (("serum creatinine", "Creatinine level", "SCr"), "creatinine"),
        (("TSH receptor antibody", "TRAb", "TBII"), "trab"),
        (("JCV_index", "anti-JCV antibody index"), "jcv_index"),
    ],
)
def test_british_and_american_names_mean_one_analyte(names: tuple[str, ...], key: str) -> None:
    assert {found.key if (found := labs.resolve(name)) else None for name in names} == {key}


def test_the_laboratorys_range_wins_over_the_typical_one_and_is_converted_with_the_value() -> None:
    reading = labs.normalise({"C3": MeasuredValue(value=0.95, unit="g/L", reference_range="1.0 - 1.8")}).get("c3")
    assert reading is not None
    assert reading.lln == pytest.approx(100)
    assert reading.uln == pytest.approx(180)
    assert (reading.range_source, reading.flag) == ("laboratory", "L")


def test_a_range_printed_with_its_own_unit_gives_the_unit_of_a_value_without_one() -> None:
    reading = labs.normalise({"CRP": MeasuredValue(value=1.8, reference_range="0-0.5 mg/dL")}).get("crp")
    assert reading is not None
    assert (reading.value, reading.uln, reading.flag) == (18, 5, "H")


def test_typical_limits_depend_on_sex_and_are_marked_as_typical() -> None:
    by_sex = {sex: labs.normalise({"Hb": 12.5}, sex).get("haemoglobin") for sex in ("M", "F", None)}
    assert {sex: reading and (reading.flag, reading.range_source) for sex, reading in by_sex.items()} == {
        "M": ("L", "typical"), "F": (None, "typical"), None: (None, None),
    }  # fmt: skip


def test_typical_adult_limits_are_not_applied_to_a_child() -> None:
    reading = labs.normalise({"ALP": 300}, "F", age_years=9).get("alp")
    assert reading is not None
    assert (reading.flag, reading.range_source) == (None, None)


def test_an_assay_specific_antibody_has_no_flag_until_its_own_limit_is_sent() -> None:
    alone = labs.normalise({"anti_dsDNA_iu_ml": 800}).get("dsdna_antibody")
    limited = labs.normalise({"anti_dsDNA_iu_ml": 800, "anti_dsDNA_uln": 30}).get("dsdna_antibody")
    assert alone is not None
    assert limited is not None
    assert (alone.flag, limited.flag, limited.range_source) == (None, "H", "laboratory")
    assert limited.times_uln == pytest.approx(26.67, abs=0.01)


def test_inspiratory_force_is_kept_as_a_negative_pressure() -> None:
    values = [labs.normalise({"NIF": value}).get("nif") for value in (30, -30)]
    assert [reading and reading.value for reading in values] == [-30, -30]


def test_of_two_dated_values_the_later_is_used() -> None:
    panel = labs.normalise(
        {
            "CRP": MeasuredValue(value=40, unit="mg/L", date=date(2025, 1, 1)),
            "C-reactive protein": MeasuredValue(value=4, unit="mg/L", date=date(2025, 6, 1)),
        }
    )
    reading = panel.get("crp")
    assert reading is not None
    assert (reading.value, reading.date) == (4, date(2025, 6, 1))


def test_values_that_contradict_each_other_are_reported_and_none_is_used() -> None:
    panel = labs.normalise({"CRP": 8, "crp_mg_l": 80, "c-reactive protein": 8})
    assert _only_problem(panel) == ("crp", ProblemKind.CONTRADICTION)


def test_zero_is_a_value_and_absent_is_not() -> None:
    panel = labs.normalise({"CRP": 0})
    assert panel.get("esr") is None
    crp = panel.get("crp")
    assert crp is not None
    assert crp.value == 0


@pytest.mark.parametrize(
    ("name", "value", "unit", "key", "canonical"),
    [
        ("Leukozyten", 7.2, "Tsd./µl", "leukocytes", 7.2), ("Leukozyten", 7.2, "G/l", "leukocytes", 7.2),
        ("Hämoglobin", 120, "g/l", "haemoglobin", 12.0), ("Thrombozyten", 250, "Gpt/l", "platelets", 250),
        ("Erythrozyten", 4.5, "Mio/µl", "red_cells", 4.5), ("Kreatinin", 100, "µmol/l", "creatinine", 1.1312),
        ("Harnstoff", 40, "mg/dl", "urea", 6.66), ("BSG", 30, "mm/Std", "esr", 30),
        ("Eiweiß/24h", 800, "mg/24 Std.", "urine_protein_24h", 0.8),
        ("Komplement C3", 0.6, "g/l", "c3", 60), ("Natrium", 140, "mval/l", "sodium", 140),
        ("UACR", 30, "mg/mmol", "uacr", 265.2), ("HCO3-", 12, "mEq/L", "bicarbonate", 12),
        ("CSF protein", 0.6, "g/L", "csf_protein", 60), ("Liquorglukose", 3, "mmol/l", "csf_glucose", 54.048),
        ("6-TGN", 250, "pmol/8×10^8 RBC", "tgn_6", 250), ("6-MMP", 5000, "pmol/8x10^8 RBC", "mmp_6", 5000),
        ("FEV1/FVC", 0.72, "ratio", "fev1_fvc", 72), ("TPMT activity", 20, "U/mL", "tpmt_activity", 20),
    ],
)  # fmt: skip
def test_names_and_units_of_other_laboratories_are_read(name: str, value: float, unit: str, key: str, canonical: float) -> None:
    (reading,) = normalise({name: MeasuredValue(value=value, unit=unit)}, "F").readings
    assert (reading.key, reading.value) == (key, pytest.approx(canonical))


def test_albumin_in_g_per_litre_is_not_read_as_cells_per_litre() -> None:
    (reading,) = normalise({"Albumin": MeasuredValue(value=40, unit="G/l")}).readings
    assert reading.value == pytest.approx(4.0)


@pytest.mark.parametrize("code", [one.loinc for one in analytes().values() if one.loinc])
def test_a_loinc_code_ends_with_its_check_digit(code: str) -> None:
    digits, check = code.split("-")
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    assert (10 - sum(number // 10 + number % 10 for number in doubled) % 10) % 10 == int(check)
