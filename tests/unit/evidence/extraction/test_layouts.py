"""Results out of layouts the demo records do not have: other heads, orders, units, dates and flags."""

from __future__ import annotations

from datetime import date

import pytest

from services.clinical.titers import Outcome
from services.evidence.extraction import AntibodyContent, DateBasis, Fact, HlaContent, LabContent
from tests.unit.evidence.extraction.conftest import Read
from tests.unit.evidence.extraction.layouts import Grid


def _labs(facts: tuple[Fact, ...]) -> list[tuple[object, ...]]:
    """Analyte, value or words, unit, flag and date of each laboratory result."""
    found: list[tuple[object, ...]] = []
    for fact in facts:
        content = fact.content
        if isinstance(content, LabContent):
            said = content.value if content.value is not None else content.text
            found.append((content.analyte, said, content.unit, content.flag, fact.effective))
    return found


def _antibodies(facts: tuple[Fact, ...]) -> dict[str, AntibodyContent]:
    return {fact.content.subject: fact.content for fact in facts if isinstance(fact.content, AntibodyContent)}


def test_rows_without_columns_give_value_unit_flag_and_range(read_pdf: Read) -> None:
    facts = read_pdf(
        "TEST RESULT FLAG UNITS REFERENCE RANGE\nC-Reactive Protein 28.4 H mg/L 0.0-5.0\nHemoglobin 11.2 L g/dL 12.0-15.5\n"
        "Ferritin <5 L ng/mL 15-150\nAnti-dsDNA Ab 120 H IU/mL <30",
        lead="Collected: 03/12/2022 08:15   Received: 03/12/2022   Reported: 03/15/2022\n",
    )
    drawn = date(2022, 3, 12)
    assert _labs(facts) == [
        ("crp", 28.4, "mg/L", "H", drawn),
        ("haemoglobin", 11.2, "g/dL", "L", drawn),
        ("ferritin", 5.0, "ng/mL", "L", drawn),
    ]
    ferritin = next(f.content for f in facts if isinstance(f.content, LabContent) and f.content.analyte == "ferritin")
    assert (ferritin.comparator, ferritin.reference_range) == ("<", "15-150")
    assert _antibodies(facts)["anti_dsdna"].outcome is Outcome.POSITIVE


def test_decimal_commas_si_units_and_heads_in_two_languages(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Parameter", "Ergebnis / Result", "Einheit / Unit", "Referenz / Reference range"),
                ("CRP", "28,4 ↑", "mg/L", "< 5,0"),
                ("Hämoglobin / Hemoglobin", "112 L", "g/L", "120 - 155"),
                ("Kreatinin / Creatinine", "88", "µmol/L", "45 - 84"),
            ],
            (60, 40, 30, 40),
        ),
        date="15.03.2022",
    )
    day = date(2022, 3, 15)
    assert _labs(facts) == [
        ("crp", 28.4, "mg/L", "H", day),
        ("haemoglobin", 112.0, "g/L", "L", day),
        ("creatinine", 88.0, "µmol/L", None, day),
    ]


def test_a_table_turned_round_gives_each_result_the_date_of_its_row(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Date", "CRP (mg/L)", "C3 (g/L)", "Anti-dsDNA (IU/mL)"),
                ("Reference", "<5", "0.90-1.80", "<30"),
                ("2021-11-02", "12", "0.88", "60"),
                ("2022-03-14", "<4", "0.61", "148"),
            ],
            (35, 35, 35, 45),
        )
    )
    assert _labs(facts) == [
        ("crp", 12.0, "mg/L", None, date(2021, 11, 2)),
        ("c3", 0.88, "g/L", None, date(2021, 11, 2)),
        ("crp", 4.0, "mg/L", None, date(2022, 3, 14)),
        ("c3", 0.61, "g/L", None, date(2022, 3, 14)),
    ]
    assert {fact.basis for fact in facts} == {DateBasis.ROW}
    assert _antibodies(facts)["anti_dsdna"].reference_range == "<30"


def test_dates_at_the_head_of_columns_and_empty_cells_are_kept_apart(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Component", "Units", "Ref Range", "03/01/2022", "01/11/2022", "10/12/2021"),
                ("Albumin", "g/dL", "3.5-5.0", "3.2 (L)", "3.9", "4.1"),
                ("Urine Protein/Creatinine Ratio", "mg/g", "<150", "1100 (H)", "", "310 (H)"),
            ],
            (45, 22, 28, 28, 28, 28),
        )
    )
    assert _labs(facts) == [
        ("albumin", 3.2, "g/dL", "L", date(2022, 3, 1)),
        ("albumin", 3.9, "g/dL", None, date(2022, 1, 11)),
        ("albumin", 4.1, "g/dL", None, date(2021, 10, 12)),
        ("upcr", 1100.0, "mg/g", "H", date(2022, 3, 1)),
        ("upcr", 310.0, "mg/g", "H", date(2021, 10, 12)),
    ]


def test_a_previous_column_with_a_date_is_an_older_result(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Analyte", "Result", "Previous (01/11/2022)", "Unit", "Reference interval"),
                ("Complement C3", "71 L", "88 L", "mg/dL", "90-180"),
            ],
            (45, 25, 40, 25, 40),
        )
    )
    assert _labs(facts) == [("c3", 71.0, "mg/dL", "L", date(2022, 3, 15)), ("c3", 88.0, "mg/dL", "L", date(2022, 1, 11))]


def test_flags_may_stand_before_the_name_and_units_in_the_result(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Flag", "Test", "Value", "Normal"),
                ("H", "ALT", "88 U/L", "7-45"),
                ("", "AST", "31 U/L", "8-40"),
                ("L", "Sodium", "129 mmol/L", "135-145"),
            ],
            (20, 50, 40, 40),
        )
    )
    assert [row[:4] for row in _labs(facts)] == [
        ("alt", 88.0, "U/L", "H"),
        ("ast", 31.0, "U/L", None),
        ("sodium", 129.0, "mmol/L", "L"),
    ]


def test_in_range_and_out_of_range_columns_and_units_behind_the_range(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("TEST NAME", "IN RANGE", "OUT OF RANGE", "REFERENCE RANGE", "LAB"),
                ("GLUCOSE", "", "112 H", "65-99 mg/dL", "EN"),
                ("CREATININE", "0.81", "", "0.50-1.10 mg/dL", "EN"),
                ("ANA SCREEN, IFA", "", "POSITIVE", "NEGATIVE", "AMD"),
            ],
            (45, 25, 30, 45, 15),
        )
    )
    assert [row[:4] for row in _labs(facts)] == [("glucose", 112.0, "mg/dL", "H"), ("creatinine", 0.81, "mg/dL", None)]
    assert _antibodies(facts)["ana"].outcome is Outcome.POSITIVE


def test_low_and_high_columns_make_a_range(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid([("Analyte", "Result", "Unit", "Low", "High"), ("Hb", "9.8", "g/dL", "12.0", "15.5")], (40, 30, 30, 25, 25))
    )
    content = facts[0].content
    assert isinstance(content, LabContent)
    assert (content.value, content.reference_range) == (9.8, "12.0-15.5")


def test_a_table_without_head_or_borders_is_read_by_its_content(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("C-reactive protein", "28.4", "mg/L", "H", "0 - 5"),
                ("Albumin", "41", "g/L", "", "35 - 50"),
                ("Anti-nuclear antibody", "Positive", "", "A", "Negative"),
            ],
            (60, 25, 25, 20, 30),
            border=False,
        ),
        lead="Specimen date: 03/11/2022\n",
    )
    assert _labs(facts) == [("crp", 28.4, "mg/L", "H", date(2022, 3, 11)), ("albumin", 41.0, "g/L", None, date(2022, 3, 11))]
    assert _antibodies(facts)["ana"].outcome is Outcome.POSITIVE


def test_two_columns_and_key_value_lists(read_pdf: Read) -> None:
    facts = read_pdf(
        "LABS (03/10/2022)\nCRP: 28.4 mg/L (H) [0-5]\nHgb: 11.2 g/dL (L)\nANA: positive 1:320 speckled\nanti-CCP: >250 U/mL "
        "(ref <20)\n"
        "Rheumatoid factor: negative\nHLA-B27: negative\nQuantiFERON: indeterminate",
        Grid([("ESR", "44 mm/h"), ("TSH", "2.1 mIU/L")], (60, 60)),
        title="CLINIC NOTE",
    )
    day = date(2022, 3, 10)
    assert _labs(facts) == [
        ("crp", 28.4, "mg/L", "H", day),
        ("haemoglobin", 11.2, "g/dL", "L", day),
        (None, "indeterminate", None, None, day),
        ("esr", 44.0, "mm/h", None, day),
        ("tsh", 2.1, "mIU/L", None, day),
    ]
    antibodies = _antibodies(facts)
    assert (antibodies["ana"].titer, antibodies["ana"].pattern) == ("1:320", "speckled")
    assert (antibodies["acpa"].outcome, antibodies["acpa"].comparator) == (Outcome.POSITIVE, ">")
    assert antibodies["rheumatoid_factor"].outcome is Outcome.NEGATIVE
    hla = next(fact.content for fact in facts if isinstance(fact.content, HlaContent))
    assert (hla.alleles, hla.present) == (("B27",), False)


def test_each_panel_has_its_own_date_and_fluid(read_pdf: Read) -> None:
    facts = read_pdf(
        "Chemistry - collected 03/01/2022",
        Grid([("Test", "Result", "Units"), ("Creatinine", "1.1", "mg/dL")], (60, 40, 40)),
        "Chemistry - collected 03/08/2022",
        Grid([("Test", "Result", "Units"), ("Creatinine", "1.4", "mg/dL")], (60, 40, 40)),
        "URINALYSIS\nCollected: 03/09/2022",
        Grid(
            [("Test", "Result", "Units"), ("Protein", "2+", ""), ("RBC", "18", "/HPF"), ("Creatinine", "120", "mg/dL")],
            (60, 40, 40),
        ),
    )
    assert _labs(facts) == [
        ("creatinine", 1.1, "mg/dL", None, date(2022, 3, 1)),
        ("creatinine", 1.4, "mg/dL", None, date(2022, 3, 8)),
        (None, "2+", None, None, date(2022, 3, 9)),
        ("urine_red_cells", 18.0, "/HPF", None, date(2022, 3, 9)),
        (None, 120.0, "mg/dL", None, date(2022, 3, 9)),  # urine creatinine is not the creatinine of the blood
    ]


def test_wrapped_names_methods_and_aliases_are_one_antibody(read_pdf: Read) -> None:
    found = _antibodies(
        read_pdf(
            Grid(
                [
                    ("Test", "Result", "Interpretation", "Reference"),
                    ("Antinuclear antibody by indirect immunofluorescence", "1:1280 speckled", "Positive", "<1:80"),
                    ("Anti-Sjögren syndrome A (SSA/Ro)", "7.8 AI", "POSITIVE", "<1.0"),
                    ("Cyclic citrullinated peptide antibody IgG", "<8 U/mL", "Negative", "<20"),
                    ("Lupus anticoagulant", "Not detected", "", "Not detected"),
                ],
                (50, 35, 35, 35),
            )
        )
    )
    assert (found["ana"].titer, found["ana"].pattern) == ("1:1280", "speckled")
    assert (found["anti_ro60"].value, found["anti_ro60"].unit) == (7.8, "AI")
    assert (found["acpa"].comparator, found["acpa"].outcome) == ("<", Outcome.NEGATIVE)
    assert found["lupus_anticoagulant"].outcome is Outcome.NEGATIVE


def test_columns_repeated_side_by_side(read_pdf: Read) -> None:
    facts = read_pdf(
        Grid(
            [
                ("Test", "Result", "Ref", "Test", "Result", "Ref"),
                ("Na", "140 mmol/L", "135-145", "K", "4.1 mmol/L", "3.5-5.1"),
                ("Cr", "0.9 mg/dL", "0.6-1.2", "", "", ""),
            ],
            (25, 35, 30, 25, 35, 30),
        )
    )
    assert [row[:3] for row in _labs(facts)] == [
        ("sodium", 140.0, "mmol/L"),
        ("potassium", 4.1, "mmol/L"),
        ("creatinine", 0.9, "mg/dL"),
    ]


def test_hla_lines_without_a_table(read_pdf: Read) -> None:
    facts = read_pdf("HLA-A: *02:01, *24:02\nDRB1*04:01, DRB1*15:01\nHLA-DQB1*03:02/*06:02", title="HLA TYPING REPORT")
    typed = {fact.content.locus: fact.content.alleles for fact in facts if isinstance(fact.content, HlaContent)}
    assert typed == {"A": ("A*02:01", "A*24:02"), "DRB1": ("DRB1*04:01", "DRB1*15:01"), "DQB1": ("DQB1*03:02", "DQB1*06:02")}


@pytest.mark.parametrize("word", ["pending", "not done", "see comment", "cancelled", "-", ""])
def test_a_cell_without_a_result_is_no_fact(read_pdf: Read, word: str) -> None:
    assert read_pdf(Grid([("Test", "Result", "Units"), ("TSH", word, "mIU/L"), ("CRP", "3", "mg/L")], (60, 40, 40)))[
        0
    ].quote.startswith("CRP")


def test_places_point_at_the_words_on_the_page(read_text: Read) -> None:
    body = "LABORATORY DATA\nFerritin: 48 ng/mL\nASSESSMENT\nCRP was 12 mg/L today.\n"
    for fact in read_text(body):
        assert fact.start < fact.end
        assert fact.quote.split()[0].strip(":") in ("Ferritin", "CRP")
