"""Tables of results, pasted or typed: how each row is understood, and that none is lost on the way into the record."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.analysis_lab_table import MAX_ROWS, LabTable, RowState, decode, read_table
from components.analysis_record import Entered, antibody_rows, lab_rows, to_profile, with_rows
from components.analysis_samples import SAMPLES
from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.clinical.profile import MeasuredValue, Profile
from services.errors import InvalidInputError
from services.patients.registry import Patient

TODAY = datetime.date(2025, 6, 1)


def patient(profile: dict[str, Any] | None = None, identifier: str = "T-1") -> Patient:
    return Patient(id=identifier, name="T", date_of_birth=None, sex="F", mrn=None, demo=False, summary="", profile=profile or {})


def stated(extensions: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extensions.items() if value not in (None, "", [], {})}


def only(text: str) -> tuple[RowState, str, str]:
    row = read_table(text, sex="F", age_years=40).rows[0]
    return row.state, row.understood, row.reason


def entered(record: dict[str, Any], **changes: Any) -> Entered:
    """What the form holds when it shows a record and nothing is edited."""
    panel = record.get("autoantibody_panel") or {}
    fields: dict[str, Any] = {
        "age": record.get("age", 40), "sex": record.get("sex", "F"), "conditions": record.get("diagnosed_conditions", ()),
        "medications": "\n".join(record.get("current_medications", ())),
        "family_history": "\n".join(record.get("family_history", ())),
        "symptom_duration_months": record.get("symptom_duration_months"), "labs": lab_rows(record),
        "antibodies": antibody_rows(record),
        "collected_on": datetime.date.fromisoformat(panel["collection_date"]) if panel else None,
        "alleles": {
            locus: ", ".join((record.get("hla_profile") or {}).get(f"hla_{locus.lower()}", ()))
            for locus in ("A", "B", "C", "DRB1", "DQB1", "DQA1", "DPB1")
        },
        "genotypes": [{"Gene": gene, "Genotype": one} for gene, one in record.get("genotypes", {}).items()],
        "context": {
            name: value for name, value in record.get("extensions", {}).items()
            if name not in ("lab_history", "qualitative_antibodies")
        },
    }  # fmt: skip
    return Entered(**{**fields, **changes})


class TestReadingATable:
    @pytest.mark.parametrize("delimiter", ["\t", ";", "|", ","])
    def test_each_delimiter_is_found(self, delimiter: str) -> None:
        table = read_table(delimiter.join(["Test", "Value", "Unit"]) + "\n" + delimiter.join(["CRP", "12.5", "mg/L"]))
        assert table.rows[0].understood == "C-reactive protein 12.5 mg/L"

    def test_a_german_table_is_read_with_decimal_commas_and_day_first_dates(self) -> None:
        table = read_table(
            "Untersuchung;Ergebnis;Einheit;Referenzbereich;Datum\nCRP;12,5;mg/L;<5,0;03.04.2025\nC3;0,550;g/L;0,90-1,80;03.04.2025"
        )
        crp, c3 = table.rows
        assert crp.measured == MeasuredValue(value=12.5, unit="mg/L", reference_range="<5.0", date=datetime.date(2025, 4, 3))
        assert c3.reading is not None
        assert (c3.reading.value, c3.reading.unit, c3.reading.flag) == (pytest.approx(55), "mg/dL", "L")

    def test_a_comma_before_three_digits_is_a_decimal_comma_where_the_table_uses_them(self) -> None:
        table = read_table("Test;Wert;Einheit\nCreatinine;1,250;mg/dL\nCRP;12,5;mg/L")
        assert table.rows[0].measured is not None
        assert table.rows[0].measured.value == 1.25

    def test_a_comma_before_three_digits_is_refused_where_nothing_tells_its_meaning(self) -> None:
        state, _, reason = only("Test;Value;Unit\nPlatelets;1,250;10^9/L")
        assert state is RowState.PROBLEM
        assert "two ways" in reason

    def test_a_date_that_can_be_two_dates_is_refused_unless_another_settles_it(self) -> None:
        assert only("Test;Value;Unit;Date\nCRP;1;mg/L;03/04/2025")[0] is RowState.PROBLEM
        table = read_table("Test;Value;Unit;Date\nCRP;1;mg/L;03/04/2025\nESR;5;mm/h;25/04/2025")
        assert table.rows[0].day == datetime.date(2025, 4, 3)

    def test_a_titer_and_a_word_become_antibody_results(self) -> None:
        table = read_table("Test;Result;Unit\nANA;1:320;\nanti-Ro;positiv;\nanti-dsDNA;negative;")
        ana, ro, dsdna = table.rows
        assert ana.antibody is not None
        assert (ana.antibody.titer, ana.antibody.value) == ("1:320", 320)
        assert (ro.qualitative, dsdna.qualitative) == (True, False)

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("Nonsense;3;x", "not recognised"), ("CRP;;mg/L", "no value"), (";5;mg/L", "no test"),
            ("CRP;abc;mg/L", "not a number"), ("CRP;5;parsec", "unit"), ("CRP;900000;mg/L", "outside"),
            ("C3;1.2;", "without a unit"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_says_why_and_stays_in_the_list(self, line: str, why: str) -> None:
        state, _, reason = only(f"Test;Value;Unit\n{line}")
        assert state is RowState.PROBLEM
        assert why in reason

    def test_a_result_printed_as_a_bound_keeps_it(self) -> None:
        (row,) = read_table("Test;Value;Unit\nFerritin;<5;ng/mL").rows
        assert row.state is RowState.LAB
        assert row.measured == MeasuredValue(value=5, bound="<", unit="ng/mL")
        assert row.understood == "Ferritin <5 ng/mL"

    def test_a_table_without_header_is_read_by_position_and_says_so(self) -> None:
        table = read_table("CRP\t12\tmg/L\t0-5\t2025-01-31")
        assert table.rows[0].day == datetime.date(2025, 1, 31)
        assert "No header" in table.notes[0]

    @pytest.mark.parametrize("text", ["", "   \n ", "only one column\nand another", "Unit;Date\nmg/L;2025-01-01"])
    def test_a_text_that_is_no_table_is_refused_with_the_reason(self, text: str) -> None:
        with pytest.raises(InvalidInputError):
            read_table(text)

    def test_too_many_rows_are_refused(self) -> None:
        with pytest.raises(InvalidInputError, match="rows"):
            read_table("Test;Value\n" + "CRP;1\n" * (MAX_ROWS + 1))

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_an_uploaded_file_is_decoded(self, encoding: str) -> None:
        assert "µg/l" in decode("Ferritin;50;µg/l".encode(encoding))

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=400))
    def test_no_text_crashes_the_reader_and_no_row_vanishes(self, text: str) -> None:
        try:
            table: LabTable = read_table(f"Test;Value;Unit\nCRP;1.5;mg/L\n{text}")
        except InvalidInputError:
            return
        assert all(row.state is not RowState.PROBLEM or row.reason for row in table.rows)


class TestTheRecord:
    def test_opening_and_saving_a_demo_record_changes_nothing(self) -> None:
        for one in load_patients():
            before = profile_of(one)
            record = before.model_dump(mode="json", exclude_none=True)
            after = to_profile(patient(record, one.id), entered(record), TODAY)
            parts = {"hla_profile", "extensions"}
            assert after.model_dump(exclude=parts) == before.model_dump(exclude=parts)
            assert stated(after.extensions) == stated(before.extensions)
            before_alleles = before.hla_profile.alleles() if before.hla_profile else ()
            assert after.hla_profile is not None
            assert after.hla_profile.alleles() == before_alleles

    def test_the_samples_are_valid_and_survive_the_form(self) -> None:
        for sample in SAMPLES.values():
            before = Profile.model_validate(sample.profile)
            record = before.model_dump(mode="json", exclude_none=True)
            after = to_profile(patient(record, sample.patient_id), entered(record), TODAY)
            assert after.biomarkers == before.biomarkers
            assert after.extensions["instrument_items"] == before.extensions["instrument_items"]
            history = before.extensions.get("lab_history", {})
            assert {name: len(rows) for name, rows in after.extensions.get("lab_history", {}).items()} == {
                name: len(rows) for name, rows in history.items()
            }

    def test_the_latest_result_counts_and_earlier_ones_become_the_course(self) -> None:
        labs = [
            {"Test": "CRP", "Value": "12", "Unit": "mg/L", "Date": datetime.date(2025, 3, 1)},
            {"Test": "C-reactive protein", "Value": "4,5", "Unit": "mg/L", "Date": datetime.date(2025, 5, 1)},
        ]
        profile = to_profile(patient(), entered({}, labs=labs), TODAY)
        assert profile.biomarkers == {
            "C-reactive protein": MeasuredValue(value=4.5, unit="mg/L", date=datetime.date(2025, 5, 1))
        }
        assert profile.extensions["lab_history"] == {"CRP": [{"value": 12.0, "unit": "mg/L", "date": "2025-03-01"}]}

    def test_two_results_that_no_date_orders_are_refused_by_name(self) -> None:
        labs = [{"Test": "CRP", "Value": "12", "Unit": "mg/L"}, {"Test": "CRP", "Value": "13", "Unit": "mg/L"}]
        with pytest.raises(InvalidInputError, match="CRP has several results"):
            to_profile(patient(), entered({}, labs=labs), TODAY)

    @pytest.mark.parametrize(
        ("table", "row", "why"),
        [
            ("labs", {"Test": "CRP", "Value": "many"}, "row 1 CRP: 'many' is not a number"),
            ("labs", {"Test": "", "Value": "5"}, "no test is named"),
            ("antibodies", {"Antibody": "ANA"}, "neither value, titer nor result"),
            ("antibodies", {"Antibody": "", "Value": "5"}, "no antibody is named"),
        ],
    )
    def test_a_row_that_cannot_be_used_is_named_instead_of_dropped(self, table: str, row: dict[str, str], why: str) -> None:
        with pytest.raises(InvalidInputError, match=why):
            to_profile(patient(), entered({}, **{table: [row]}), TODAY)

    def test_a_missing_age_is_asked_for_and_never_assumed(self) -> None:
        with pytest.raises(InvalidInputError, match="age and sex"):
            to_profile(patient(), entered({}, age=None), TODAY)

    def test_an_antibody_reported_in_words_stays_in_words(self) -> None:
        rows = [{"Antibody": "anti-Ro", "Result": "positive"}, {"Antibody": "anti-Sm", "Result": "equivocal"}]
        profile = to_profile(patient(), entered({}, antibodies=rows), TODAY)
        assert profile.autoantibody_panel is None
        assert profile.extensions["qualitative_antibodies"] == {"anti-Ro": True, "anti-Sm": "equivocal"}

    def test_what_the_form_does_not_show_is_kept(self) -> None:
        record = {"extensions": {"prior_nephritis": True, "lab_history": {"CRP": ["no result"]}}}
        profile = to_profile(patient(record), entered({}, context={}), TODAY)
        assert profile.extensions == {"prior_nephritis": True, "lab_history": {"CRP": ["no result"]}}

    def test_an_import_adds_to_the_record_and_keeps_the_older_result_as_course(self) -> None:
        record = {
            "patient_id": "T-1", "age": 40, "sex": "F",
            "biomarkers": {"CRP": {"value": 30.0, "unit": "mg/L", "date": "2025-01-01"}},
        }
        rows = read_table("Test;Value;Unit;Date\nCRP;12;mg/L;2025-03-01\nANA;1:320;;2025-03-01").usable
        profile = with_rows(patient(record), "F", 40, rows)
        assert profile.biomarkers["CRP"] == MeasuredValue(value=12, unit="mg/L", date=datetime.date(2025, 3, 1))
        assert profile.extensions["lab_history"]["CRP"][0]["value"] == 30.0
        assert profile.autoantibody_panel is not None
        assert profile.autoantibody_panel.results[0].titer == "1:320"

    def test_an_import_that_contradicts_the_record_adds_nothing_and_names_the_test(self) -> None:
        record = {
            "patient_id": "T-1", "age": 40, "sex": "F",
            "biomarkers": {"CRP": {"value": 30.0, "unit": "mg/L", "date": "2025-01-01"}},
        }
        rows = read_table("Test;Value;Unit;Date\nCRP;12;mg/L;2025-01-01").usable
        with pytest.raises(InvalidInputError, match=r"Nothing was added\. CRP"):
            with_rows(patient(record), "F", 40, rows)
