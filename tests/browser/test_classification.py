"""A variant is classified: an expert enters counts in a form, the class follows, the version is kept and signed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NOTE = "Counted in the registry of a browser test"


def test_counts_of_an_expert_change_the_class_and_the_version_is_signed(page: Page) -> None:
    page.goto("/classify")
    page.get_by_role("textbox", name="Variant", exact=True).fill("MEFV p.Met694Val")
    page.get_by_role("button", name="Look up").click()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("heading", name="MEFV NM_000243.3:c.2080A>G")).to_be_visible()
    expect(main.get_by_role("heading", name="Uncertain Significance")).to_be_visible()

    main.get_by_role("button", name="PS4").click()
    for label, counts in (("With the variant", ("40", "6")), ("Without", ("160", "394"))):
        for place, count in enumerate(counts):
            field = main.get_by_role("spinbutton", name=label, exact=True).nth(place)
            field.fill(count)
            field.press("Enter")
            expect(field).to_have_value(count)
    expect(main.get_by_text("odds ratio 16.4 (6.83 to 39.5)").first).to_be_visible()
    expect(main.get_by_role("button", name="Save a version")).to_be_disabled()
    note = main.get_by_role("textbox", name="Note: what this rests on")
    note.fill(NOTE)
    note.press("Control+Enter")
    main.get_by_role("button", name="Apply").click()
    expect(main.get_by_role("button", name="Save a version")).to_be_enabled()
    expect(main.get_by_text("4 points", exact=True).first).to_be_visible()

    main.get_by_role("button", name="Save a version").click()
    expect(main.get_by_role("tab", name="History (1)")).to_be_visible()
    main.get_by_role("button", name="Sign", exact=True).click()
    form = page.get_by_test_id("stPopoverBody")
    form.get_by_role("textbox", name="Your name").fill("R. Browser")
    form.get_by_role("button", name="Sign this version").click()
    expect(form).to_be_hidden()
    main.get_by_role("tab", name="History (1)").click()
    expect(main.get_by_text("R. Browser").last).to_be_visible()
