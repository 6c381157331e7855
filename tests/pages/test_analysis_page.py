"""The analysis page against real services: nothing entered, a new patient, full records, hostile text, saving and comparing."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components import analysis_session
from components.analysis_sections import SECTIONS
from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.access.principals import LOCAL_USER
from services.clinical.profile import Profile
from services.container import Services
from services.errors import ConflictError
from tests.pages.conftest import OpenPage

PAGE = "pages/patients/analysis.py"
RESULTS = tuple(section for section in SECTIONS if section not in ("Data", "Genomics", "History"))
HOSTILE = "<script>alert(1)</script> ![x](http://127.0.0.1:9/leak) [a](javascript:alert(1)) :red[**x**] $$x$$ `c` | --- |"
DEMO = {one.id: one for one in load_patients()}


def enter(services: Services, profile: dict[str, Any] | Profile, *, suffix: str = "") -> str:
    """Create a patient with this record, under an id of its own."""
    valid = profile if isinstance(profile, Profile) else Profile.model_validate(profile)
    identifier = f"{valid.patient_id}{suffix}"
    record = valid.model_copy(update={"patient_id": identifier}).model_dump(mode="json", exclude_none=True)
    try:
        services.patients.create(identifier, LOCAL_USER, name=f"Person {identifier}", sex=valid.sex, profile=record)
    except ConflictError:
        services.patients.save_profile(identifier, record, LOCAL_USER)
    return identifier


def section(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="analysis.section").set_value(name).run()


def words(app: AppTest) -> str:
    return "\n".join(str(one.value) for kind in ("markdown", "caption", "warning", "error", "info") for one in app.get(kind))


def run_analysis(app: AppTest) -> AppTest:
    return app.button(key="analysis.run").click().run()


@pytest.fixture
def sarah(services: Services) -> str:
    return enter(services, profile_of(DEMO["sarah_mitchell"]), suffix="-page")


class TestWithoutData:
    def test_without_a_patient_the_page_offers_to_create_one_or_open_a_sample(self, open_page: OpenPage) -> None:
        app = open_page(PAGE)
        assert not app.exception
        assert app.title[0].value == "Analysis"
        assert {button.label for button in app.button} >= {"Sample: Rheumatoid arthritis", "Sample: Systemic lupus erythematosus"}

    def test_a_new_patient_is_created_and_chosen(self, open_page: OpenPage, services: Services) -> None:
        app = open_page(PAGE)
        app.text_input(key="analysis.create.id").set_value("NEW-1")
        app.text_input(key="analysis.create.name").set_value("Somebody")
        app.button(key="analysis.create.go").click().run()
        assert not app.exception
        assert app.title[0].value == "Somebody"
        assert services.patients.get("NEW-1", LOCAL_USER).profile == {}

    def test_an_id_that_is_taken_or_wrong_is_refused_with_the_reason(self, open_page: OpenPage, sarah: str) -> None:
        for identifier in (sarah, "not an id!", ""):
            app = open_page(PAGE)
            app.text_input(key="analysis.create.id").set_value(identifier)
            app.button(key="analysis.create.go").click().run()
            assert not app.exception
            assert app.error

    @pytest.mark.parametrize("name", SECTIONS)
    def test_a_patient_without_data_gets_an_empty_state_in_every_section(
        self, open_page: OpenPage, services: Services, name: str
    ) -> None:
        services.patients.ensure("EMPTY-1", LOCAL_USER)
        app = section(open_page(PAGE, "EMPTY-1"), name)
        assert not app.exception
        assert app.button(key="analysis.run").disabled
        if name == "Genomics":
            assert "not a negative result" in words(app)
        elif name != "Data":
            assert "No analysis" in words(app)

    def test_saving_without_age_and_sex_asks_for_them_and_stores_nothing(self, open_page: OpenPage, services: Services) -> None:
        services.patients.create("EMPTY-2", LOCAL_USER)
        app = open_page(PAGE, "EMPTY-2")
        next(button for button in app.button if button.label == "Save").click().run()
        assert "age and sex" in app.error[0].value
        assert services.patients.get("EMPTY-2", LOCAL_USER).profile == {}


class TestWithARecord:
    def test_running_shows_what_is_dangerous_active_and_missing(self, open_page: OpenPage, sarah: str) -> None:
        app = run_analysis(open_page(PAGE, sarah))
        assert not app.exception
        shown = words(app)
        for heading in ("Dangerous", "Active", "Missing"):
            assert heading in shown
        assert "contraindicated" in shown
        assert "not a diagnosis" in shown

    @pytest.mark.parametrize("name", SECTIONS)
    def test_every_section_of_a_full_record_renders(self, open_page: OpenPage, sarah: str, name: str) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), name)
        assert not app.exception
        assert not app.error or name == "Flare"  # an urgent state is drawn as an error box there

    @pytest.mark.parametrize("name", RESULTS)
    def test_every_why_names_rule_inputs_sources_and_version(self, open_page: OpenPage, sarah: str, name: str) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), name)
        explained = [one.value for one in app.markdown if one.value.startswith("**Rule**")]
        popovers = [one for one in app.get("popover") if one.proto.popover.label == "Why?"]
        assert explained
        assert len(explained) == len(popovers)
        for text in explained:
            for part in ("**Inputs**", "**Sources**", "**Version**"):
                assert part in text

    def test_what_is_shown_is_what_was_kept(self, open_page: OpenPage, services: Services, sarah: str) -> None:
        run_analysis(run_analysis(open_page(PAGE, sarah)))
        patient = services.patients.get(sarah, LOCAL_USER)
        for entry in services.analyses.list(sarah, LOCAL_USER):
            opened = analysis_session.in_full(entry.id, LOCAL_USER.name, services, LOCAL_USER)
            assert opened.is_as_kept
            assert opened.analysis.profile == Profile.model_validate(patient.profile)

    def test_susceptibility_and_criteria_are_never_shown_as_a_diagnosis(self, open_page: OpenPage, sarah: str) -> None:
        app = run_analysis(open_page(PAGE, sarah))
        assert "never a diagnosis" in words(section(app, "HLA"))
        assert "not a diagnosis" in words(section(app, "Criteria"))
        assert "not a probability" in words(section(app, "Flare"))

    def test_excluded_drugs_are_named_beside_the_offer_and_listed_with_their_reasons(
        self, open_page: OpenPage, sarah: str
    ) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), "Therapy")
        assert "Methotrexate" in app.warning[0].value
        app.segmented_control(key="analysis.therapy.list").set_value("Excluded for this patient").run()
        shown = words(app)
        assert "**Methotrexate**" in shown
        assert "Methotrexate in pregnancy" in shown

    def test_a_changed_record_is_announced_until_it_is_analysed_again(
        self, open_page: OpenPage, services: Services, sarah: str
    ) -> None:
        app = run_analysis(open_page(PAGE, sarah))
        assert not any("has changed" in one.value for one in app.info)
        changed = profile_of(DEMO["sarah_mitchell"]).model_copy(update={"current_medications": ("aspirin",)})
        enter(services, changed, suffix="-page")
        app.run()
        assert any("has changed" in one.value for one in app.info)
        assert not any("has changed" in one.value for one in run_analysis(app).info)

    def test_answers_of_the_criteria_board_count_at_once_and_are_kept_on_request(
        self, open_page: OpenPage, services: Services, sarah: str
    ) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), "Criteria")
        before = float(app.metric[0].value)
        app.segmented_control(key="analysis.board.sle_2019_eular_acr.oral_ulcers").set_value(True).run()
        assert float(app.metric[0].value) == before + 2
        app.button(key="analysis.board.save").click().run()
        assert not app.exception
        record = services.patients.get(sarah, LOCAL_USER).profile
        assert record["extensions"]["criteria"]["sle_2019_eular_acr"]["oral_ulcers"] is True
        assert len(services.analyses.list(sarah, LOCAL_USER)) >= 2

    def test_an_item_of_an_instrument_changes_the_score_at_once_and_unknown_is_no_score(
        self, open_page: OpenPage, sarah: str
    ) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), "Activity")
        seizure = app.segmented_control(key="analysis.editor.SLEDAI-2K.seizure")
        assert seizure.value == "no"
        app = seizure.set_value("yes").run()
        assert any("value **10**" in one.value for one in app.markdown)
        app = app.segmented_control(key="analysis.editor.SLEDAI-2K.seizure").set_value(None).run()
        assert any("Insufficient data" in one.value and "Seizure" in one.value for one in app.markdown)

    @pytest.mark.parametrize("instrument", ["RA-Boolean-2.0", "HBI", "thyroid-status", "CDAI-Crohn", "PASI", "EDSS"])
    def test_any_instrument_can_be_opened_in_the_editor(self, open_page: OpenPage, sarah: str, instrument: str) -> None:
        app = section(run_analysis(open_page(PAGE, sarah)), "Activity")
        app.selectbox(key="analysis.editor.instrument").set_value(instrument).run()
        assert not app.exception
        assert any("Insufficient data" in one.value for one in app.markdown)

    def test_two_analyses_are_compared(self, open_page: OpenPage, services: Services, sarah: str) -> None:
        app = run_analysis(open_page(PAGE, sarah))
        enter(
            services, profile_of(DEMO["sarah_mitchell"]).model_copy(update={"extensions": {"pregnant": False}}), suffix="-page"
        )
        app = section(run_analysis(app), "History")
        assert not app.exception
        assert "Alerts no longer raised" in words(app)


def test_choosing_another_patient_forgets_the_section_and_the_opened_analysis(
    open_page: OpenPage, services: Services, sarah: str
) -> None:
    other = enter(services, profile_of(DEMO["james_okonkwo"]), suffix="-page")
    app = section(run_analysis(open_page(PAGE, sarah)), "HLA")
    app.sidebar.selectbox[0].set_value(other).run()
    assert app.segmented_control(key="analysis.section").value == "Data"
    assert "Sarah" not in words(app)
    assert app.query_params == {"patient": other}


def test_a_pasted_table_is_shown_row_by_row_and_added(open_page: OpenPage, services: Services) -> None:
    patient = enter(services, {"patient_id": "IMPORT-1", "age": 40, "sex": "F", "hla_profile": {}})
    app = open_page(PAGE, patient)
    app.text_area(key="analysis.import.text.0").set_value("Test;Wert;Einheit\nCRP;12,5;mg/L\nUnsinn;1;x").run()
    assert any("1 row cannot be taken over" in one.value for one in app.warning)
    app.button(key="analysis.import.add").click().run()
    assert not app.exception
    assert services.patients.get(patient, LOCAL_USER).profile["biomarkers"] == {"CRP": {"value": 12.5, "unit": "mg/L"}}


def test_hostile_text_is_shown_as_text_in_every_section(open_page: OpenPage, services: Services) -> None:
    patient = enter(
        services,
        {
            "patient_id": "HOSTILE-1", "age": 40, "sex": "F", "diagnosed_conditions": ["rheumatoid_arthritis"],
            "current_medications": [HOSTILE, "methotrexate 15 mg weekly"], "family_history": [HOSTILE],
            "biomarkers": {HOSTILE: 1.0, "CRP": {"value": 12, "unit": HOSTILE, "reference_range": HOSTILE}},
            "autoantibody_panel": {
                "patient_id": "HOSTILE-1", "collection_date": "2025-01-01",
                "results": [
                    {"antibody": HOSTILE, "value": 1, "titer": HOSTILE, "pattern": HOSTILE},
                    {"antibody": "ANA", "value": 1, "unit": HOSTILE, "titer": "1:320", "pattern": HOSTILE},
                ],
            },
            "hla_profile": {"hla_b": [HOSTILE, "B*27:05"]}, "genotypes": {HOSTILE: HOSTILE, "TPMT": HOSTILE},
            "extensions": {"symptoms": [HOSTILE], "comorbidities": [HOSTILE], HOSTILE: HOSTILE, "serology": {HOSTILE: HOSTILE},
                           "instrument_items": {HOSTILE: {HOSTILE: HOSTILE}, "CDAI": {HOSTILE: HOSTILE}}},
        },
    )  # fmt: skip
    app = run_analysis(open_page(PAGE, patient))
    for name in SECTIONS:
        app = section(app, name)
        assert not app.exception, name
        shown = words(app)
        assert "![x](" not in shown
        assert "<script>" not in shown.replace("\\<script\\>", "")
        assert ":red[**x**]" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("identifier", sorted(DEMO))
def test_every_demo_patient_is_analysed_and_every_section_renders(
    open_page: OpenPage, services: Services, identifier: str
) -> None:
    patient = enter(services, profile_of(DEMO[identifier]), suffix="-all")
    app = run_analysis(open_page(PAGE, patient))
    for name in SECTIONS:
        app = section(app, name)
        assert not app.exception, name
