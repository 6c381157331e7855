"""What a clinician does on the analysis page: run, ask why, read each section, import a table, compare, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Dashboard
from tests.browser.test_first_use import shot

pytestmark = pytest.mark.browser

SECTIONS = ("Alerts", "Antibodies", "HLA", "Activity", "Criteria", "Differential", "Flare", "Therapy", "History")


def run(page: Page, patient: str) -> None:
    """Open the patient's latest analysis; run the first one."""
    page.goto(f"/analysis?patient={patient}")
    expect(page.get_by_role("button", name="Run the analysis")).to_be_visible()
    if page.get_by_text("not analysed yet").count():
        page.get_by_role("button", name="Run the analysis").click()
    expect(page.get_by_role("heading", name="Dangerous")).to_be_visible()


def open_section(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()


def test_one_click_shows_what_is_dangerous_active_and_missing(page: Page) -> None:
    run(page, "sarah_mitchell")
    for heading in ("Dangerous", "Active", "Missing", "Explanations", "Criteria"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("contraindicated").first).to_be_visible()
    shot(page, "analysis")


def test_why_opens_the_rule_its_inputs_and_its_source(page: Page) -> None:
    run(page, "sarah_mitchell")
    page.get_by_role("button", name="Why?").first.click()
    opened = page.get_by_test_id("stPopoverBody")
    for part in ("Rule", "Inputs", "Sources", "Version"):
        expect(opened.get_by_text(part, exact=True)).to_be_visible()


def test_every_section_draws_and_no_error_appears(page: Page) -> None:
    run(page, "sarah_mitchell")
    for name in SECTIONS:
        open_section(page, name)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_activity_is_drawn_on_named_bands(page: Page) -> None:
    run(page, "sarah_mitchell")
    open_section(page, "Activity")
    chart = page.locator(".js-plotly-plot").first
    expect(chart).to_be_visible()
    expect(chart.get_by_text("moderate")).to_be_visible()
    shot(page, "analysis_activity")


def test_an_answer_on_the_criteria_board_changes_the_points_at_once(page: Page) -> None:
    run(page, "sarah_mitchell")
    open_section(page, "Criteria")
    points = page.get_by_test_id("stMetric").filter(has_text="Points now")
    before = int(points.inner_text().split()[-1])
    item = page.get_by_role("radiogroup", name="Delirium")
    item.get_by_role("radio", name="yes").click()
    expect(points).to_contain_text(str(before + 2))
    shot(page, "analysis_criteria")


def test_excluded_drugs_stand_in_their_own_list_with_reasons(page: Page) -> None:
    run(page, "sarah_mitchell")
    open_section(page, "Therapy")
    page.get_by_role("radio", name="Excluded for this patient").click()
    expect(page.get_by_text("Methotrexate in pregnancy").first).to_be_visible()
    shot(page, "analysis_therapy")


def test_a_german_table_is_imported_after_each_row_was_shown(page: Page) -> None:
    page.goto("/analysis")
    page.get_by_role("button", name="Sample: Rheumatoid arthritis").click()
    expect(page.get_by_role("heading", name="Sample RA")).to_be_visible()
    page.get_by_text("Import a lab table").click()
    page.get_by_role("textbox", name="Paste a table").fill("Test;Wert;Einheit;Datum\nCRP;7,5;mg/L;01.04.2025\nUnsinn;1;x;")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 row cannot be taken over")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)
    page.get_by_role("button", name="Add 1 of 2 rows to the record").click()
    expect(page.get_by_text("1 row cannot be taken over")).to_have_count(0)
    expect(page.get_by_text("How the saved laboratory values are read")).to_be_visible()


def test_the_page_is_readable_in_the_dark_theme(chromium: Browser, dashboard: Dashboard) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, base_url=dashboard.url, color_scheme="dark")
    page = context.new_page()
    run(page, "james_okonkwo")
    open_section(page, "Activity")
    label = page.locator(".js-plotly-plot .annotation text").first
    expect(label).to_be_visible()
    colour = label.evaluate("element => getComputedStyle(element).fill")
    assert colour == "rgb(231, 238, 240)"  # light ink: the bands are dark here
    context.close()


def test_the_analysis_starts_from_the_record_with_dates_ages_and_pages(page: Page) -> None:
    page.goto("/analysis?patient=rachel_thompson")
    open_section(page, "Data")
    expect(page.get_by_role("heading", name="What the analysis starts from")).to_be_visible()
    expect(page.get_by_text("from the record", exact=False).first).to_be_visible()
    expect(page.get_by_text("The newest result in the record is of")).to_be_visible()
    shot(page, "analysis_record")


def test_the_way_to_the_diagnosis_tells_the_delay_and_opens_its_pages(page: Page) -> None:
    page.goto("/timeline?patient=james_okonkwo")
    page.get_by_role("radio", name="Way to the diagnosis").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Delay")).to_contain_text("1 y 3 m")
    for name in ("Gout", "Polymyalgia rheumatica", "Hand osteoarthritis"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    shot(page, "timeline_odyssey")
    page.get_by_role("button", name="Gout").click()
    expect(page.get_by_role("dialog").get_by_role("img").first).to_be_visible()
