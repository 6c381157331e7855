"""What a report says: nothing that was not found, everything that is missing, nothing that was left out by choice."""

from __future__ import annotations

import copy

import pytest

from services.clinical.profile import Profile
from services.reports import AssistantAnswer, Identity, ReportChoice, ReportContent, SectionKind, build, to_plain_text
from services.reports.blocks import BulletList, Paragraph, Table
from tests.unit.reports.conftest import DEMO, LUPUS, NOW, content_of, draft, patient, stored


def words(content: ReportContent) -> str:
    return " ".join(to_plain_text(content, draft(content)).split())


def summary(content: ReportContent) -> str:
    return " ".join(
        f"{one.lead} {one.text}" for block in content.summary.blocks if isinstance(block, BulletList) for one in block.items
    ) + " ".join(block.text for block in content.summary.blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize("patient_id", sorted(DEMO))
def test_every_section_and_every_cited_source_is_there(patient_id: str) -> None:
    content = content_of(patient_id)
    titles = [section.title for section in content.sections]
    assert titles == ["Summary", *(one.heading for one in SectionKind), "Methods", "Limits", "Sources", "Versions"]
    numbers = {
        number
        for section in content.sections for block in section.blocks
        for number in (*getattr(block, "cites", ()), *(n for one in getattr(block, "items", ()) for n in one.cites))
    }  # fmt: skip
    assert numbers <= set(range(1, len(content.sources) + 1))


def test_a_value_without_its_inputs_is_insufficient_data_and_names_them() -> None:
    content = content_of(LUPUS)
    score = next(one for one in content.facts.scores if one.score_name == "SLEDAI-2K")
    assert score.score_value is None
    assert "SLEDAI-2K, insufficient data: missing" in summary(content)
    assert "insufficient data" in words(content)


def test_the_summary_puts_what_is_dangerous_before_what_is_active() -> None:
    text = " ".join(block.text for block in content_of("sarah_mitchell").summary.blocks if block.kind == "subheading")
    assert text == "Dangerous Changed Active Missing"
    assert "Do not start: cyclophosphamide, methotrexate, mycophenolate" in summary(content_of("sarah_mitchell"))


def test_a_negative_antibody_an_absent_one_and_an_unknown_name_are_three_different_things() -> None:
    content = content_of(LUPUS)
    table = next(block for block in content.sections[2].blocks if isinstance(block, Table))
    read_as = {row.cells[0]: row.cells[3] for row in table.rows}
    assert read_as["anti-Smith (written: anti-Sm)"] == "negative"
    assert read_as["anti-Quux (name not recognised: not interpreted)"] == "cannot be called"
    assert not any("centromere" in name for name in read_as)


def test_a_value_in_another_unit_is_shown_with_what_was_sent() -> None:
    table = next(block for block in content_of(LUPUS).sections[3].blocks if isinstance(block, Table))
    row = next(row for row in table.rows if row.cells[0] == "Complement C3")
    assert row.cells[1:] == ("62 mg/dL", "90 to 180", "L (low)", "2025-11-03", "0.62 g/L")
    assert row.strong


def test_typical_limits_are_called_typical() -> None:
    table = next(block for block in content_of(LUPUS).sections[3].blocks if isinstance(block, Table))
    assert next(row for row in table.rows if row.cells[0] == "C-reactive protein").cells[2] == "up to 5 (typical adult limits)"


def test_flare_risk_is_an_ordered_class_and_never_a_probability() -> None:
    text = words(content_of("sarah_mitchell"))
    assert "high (ordered class, not a probability)" in text
    assert "% risk" not in text


def test_what_was_left_out_by_choice_is_gone_from_text_and_facts_and_said_to_be() -> None:
    sections = [one for one in SectionKind if one not in (SectionKind.HLA, SectionKind.LABS)]
    content = content_of(LUPUS, ReportChoice.of(sections, ()))
    stored_text = content.model_dump_json(exclude={"sections"})
    assert "DRB1*03:01" not in stored_text.split('"hla":')[1][:20]
    assert content.facts.hla == content.facts.labs == ()
    assert "Left out of this report by choice: Laboratory values, HLA and pharmacogenomics." in summary(content)


def test_critical_alerts_stay_when_the_alerts_are_left_out() -> None:
    content = content_of("sarah_mitchell", ReportChoice.of([SectionKind.HLA], ()))
    assert content.facts.alerts
    assert all(one.is_critical for one in content.facts.alerts)
    assert "Do not start: cyclophosphamide, methotrexate, mycophenolate. The detail was left out by choice." in summary(content)


def test_identifiers_that_were_not_chosen_are_nowhere() -> None:
    content = content_of(LUPUS, ReportChoice.of(list(SectionKind), [Identity.MRN]))
    everything = content.model_dump_json() + words(content)
    assert "Ada Example" not in everything
    assert "1991-02-03" not in everything
    assert "MRN-7" in everything


def test_without_any_analysis_the_report_says_so_and_nothing_else() -> None:
    content = build(patient("case-9"), None, ReportChoice())
    assert [section.title for section in content.sections] == ["Summary", "Limits", "Sources", "Versions"]
    assert "No analysis of this patient is stored" in words(content)
    assert "that is not a normal result" in words(content)


def test_an_answer_of_a_model_is_marked_and_one_of_quotations_is_not() -> None:
    written = content_of(LUPUS, answer=AssistantAnswer(text="Because [1].", origin="assistant", model="model-x"))
    quoted = content_of(LUPUS, answer=AssistantAnswer(text="“Because” [1].", origin="assistant"))
    handed_in = content_of(LUPUS, answer=AssistantAnswer(text="Because.", origin="request"))
    assert "AI-assisted: written by the language model model-x" in words(written)
    assert "no language model took part" in words(quoted)
    assert "treated as AI-assisted" in words(handed_in)
    assert [one.is_ai_assisted for one in (written, quoted, handed_in)] == [True, False, True]


def test_the_same_input_gives_the_same_digest_and_any_change_another() -> None:
    changed = copy.deepcopy(LUPUS)
    changed["biomarkers"]["CRP"]["value"] = 2.1
    assert content_of(LUPUS).digest() == content_of(LUPUS).digest()
    assert content_of(LUPUS).digest() != content_of(changed).digest()


def test_a_content_survives_being_stored_and_read_again() -> None:
    content = content_of("priya_nair")
    assert ReportContent.model_validate_json(content.model_dump_json()) == content


def test_an_analysis_of_an_older_program_with_fewer_fields_still_makes_a_report() -> None:
    whole = stored(Profile.model_validate(LUPUS))
    old = {key: whole.document[key] for key in ("disease_activity_scores", "alerts", "versions", "analysed_on", "diagnoses")}
    content = build(patient("case-1"), type(whole)(whole.entry, whole.profile, old), ReportChoice())
    assert "DRB1*03:01" in words(content)
    assert content.facts.analysed_on == NOW.date()


def _rows(content: ReportContent, title: str, subheading: str | None = None) -> list[tuple[str, ...]]:
    blocks = list(next(section for section in content.sections if section.title == title).blocks)
    if subheading is not None:
        blocks = blocks[next(n for n, one in enumerate(blocks) if one.kind == "subheading" and one.text == subheading):]
    table = next(block for block in blocks if isinstance(block, Table))
    return [row.cells for row in table.rows]


def test_alerts_come_strongest_first_and_what_the_report_says_elsewhere_is_not_among_them() -> None:
    content = content_of("sarah_mitchell")
    severities = [cells[0].lower() for cells in _rows(content, "Alerts")]
    order = ["contraindicated", "critical", "major", "moderate", "info"]
    assert severities == sorted(severities, key=order.index)
    assert "missing clinical_sledai" not in words(content)
    assert any(one.code == "INSUFFICIENT_DATA_ACTIVITY" for one in content.facts.alerts)  # the bundle still carries it


def test_drugs_excluded_for_the_same_reason_share_a_row() -> None:
    reasons = [cells[1] for cells in _rows(content_of("sarah_mitchell"), "Therapy", "Excluded for this patient")]
    assert len(reasons) == len(set(reasons))


def test_history_stands_apart_from_current_values_and_no_sentence_is_said_twice() -> None:
    content = content_of("sarah_mitchell")
    current, history = (_rows(content, "Laboratory values", part) for part in (None, "History"))
    assert {cells[0] for cells in current}.isdisjoint({cells[0] for cells in history})
    assert min(cells[4] for cells in current) > max(cells[4] for cells in history)
    paragraphs = [block.text for section in content.sections for block in section.blocks if block.kind == "paragraph"]
    longer = [text for text in paragraphs if len(text) > 60]
    assert len(longer) == len(set(longer))


def test_a_converted_value_has_no_more_digits_than_a_test_can_have() -> None:
    hba1c = {"value": 49, "unit": "mmol/mol", "reference_range": "20-41", "date": "2025-11-03"}
    [row] = _rows(content_of({**LUPUS, "biomarkers": {"HbA1c": hba1c}}), "Laboratory values")
    assert (row[1], row[5]) == ("6.63 %", "49 mmol/mol")
    [plain] = _rows(content_of({**LUPUS, "biomarkers": {"CRP": {"value": 2.225, "unit": "mg/L"}}}), "Laboratory values")
    assert (plain[1], plain[5]) == ("2.225 mg/L", "")
