"""Antibody names, results and what they mean."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clinical.antibodies import (
    AntibodyFinding,
    Measurement,
    antibodies,
    interpret,
    likelihood_ratios,
    normalise_antibody,
    parse_patterns,
)
from services.clinical.disease import Disease
from services.clinical.presentations import THIRTEEN, presentations
from services.clinical.profile import AntibodyPanel
from services.clinical.titers import Outcome
from services.knowledge.catalogue import load
from services.knowledge.immunology import AmbiguousName, IcapPattern


def read(**result: object) -> AntibodyFinding:
    return interpret([Measurement.model_validate(result)]).findings[0]


@pytest.mark.parametrize(
    ("written", "antibody"),
    [
        ("ACPA", "acpa"), ("anti-CCP2", "acpa"), ("anti-SSA", "anti_ro60"), ("SSA/Ro", "anti_ro60"),
        ("anti-Ro52", "anti_ro52"),
        ("Scl-70", "anti_topoisomerase_1"), ("anti-Sm", "anti_smith"), ("Sm", "anti_smith"), ("ASMA", "asma"),
        ("smooth muscle antibodies", "asma"), ("TRAb", "trab"), ("TSI", "tsi"), ("AChR", "achr"), ("tTG-IgA", "ttg_iga"),
        ("tTG IgG", "ttg_igg"), ("anti-tTG", "ttg_iga"), ("NMO-IgG", "aqp4"), ("c-ANCA", "pr3_anca"),
        ("LA", "lupus_anticoagulant"),
        ("La", "anti_la"), ("anti-Tg", "tg"), ("GAD-65", "gad65"), ("antinuclear antibody (ANA)", "ana"),
        ("Anti-Smith Antibody, IgG", "anti_smith"), ("ANA 1:640", "ana"), ("anti-β2GPI", "anti_b2gp1"),
        ("thyroid peroxidase antibodies (TPO)", "tpo"), ("anti-liver kidney microsomal", "lkm1"),
        ("lupus_anticoagulant", "lupus_anticoagulant"),
    ],
)  # fmt: skip
def test_names_and_synonyms_find_their_antibody(written: str, antibody: str) -> None:
    assert normalise_antibody(written).id == antibody


def test_anti_sm_is_smith_and_never_smooth_muscle() -> None:
    smith = read(antibody="anti-Sm", value=50, positive=True)
    assert smith.canonical == "anti-Smith"
    assert smith.diseases == ("systemic_lupus_erythematosus",)
    assert "autoimmune_hepatitis" not in smith.diseases


@pytest.mark.parametrize("written", ["anti-microsomal", "p-ANCA", "ANCA", "TG", "la", "ENA", "antiphospholipid"])
def test_ambiguous_names_are_asked_about_with_candidates(written: str) -> None:
    report = interpret([Measurement(antibody=written, value=50, positive=True)])
    assert report.findings == ()
    assert len(report.questions[0].candidates) >= 2
    assert report.questions[0].question


@pytest.mark.parametrize("written", ["anti-foo", "anti", "antibody", "???", "x" * 500, "component", "management"])
def test_unknown_names_are_echoed(written: str) -> None:
    assert interpret([Measurement(antibody=written, value=50.0, positive=True)]).unrecognised == (written.strip()[:200],)


def test_no_synonym_is_owned_by_two_antibodies_or_also_listed_as_ambiguous() -> None:
    for record in antibodies().values():
        for name in (record.name, *record.synonyms):
            assert normalise_antibody(name).id == record.id, f"{name} of {record.id}"


def test_every_disease_an_antibody_names_is_known_and_every_candidate_exists() -> None:
    for record in antibodies().values():
        for disease in (*(link.disease for link in record.links), *record.against):
            assert disease in THIRTEEN or disease in presentations(), f"{record.id}: {disease}"
    for row in load("antibody_ambiguities", AmbiguousName):
        assert set(row.candidates) <= set(antibodies())


def test_a_low_ana_is_common_in_healthy_people_and_no_entry_criterion() -> None:
    low = read(antibody="ANA", value=1, positive=True, titer="1:40")
    assert low.outcome is Outcome.POSITIVE
    assert low.meets_sle_entry_criterion is False
    assert any("common in healthy people" in note for note in low.notes)


def test_an_ana_of_1_80_meets_the_entry_criterion_and_one_without_titer_leaves_it_open() -> None:
    assert read(antibody="ANA", value=1, positive=True, titer="1:80").meets_sle_entry_criterion is True
    assert read(antibody="ANA", value=1, positive=True).meets_sle_entry_criterion is None


def test_negative_results_stay_negative() -> None:
    report = interpret([
        Measurement(antibody="ANA", value=0, positive=False, titer="<1:80"),
        Measurement(antibody="anti-dsDNA", value=3, positive=False),
    ])
    assert report.positive_findings == ()
    assert all(finding.diseases == () for finding in report.findings)


@pytest.mark.parametrize("value", ["not detected", "negative", "Non-reactive"])
def test_not_detected_is_negative(value: str) -> None:
    assert read(antibody="anti-Jo-1", value=value).outcome is Outcome.NEGATIVE


def test_a_result_written_into_the_name_is_read() -> None:
    assert read(antibody="ANA negative").outcome is Outcome.NEGATIVE
    assert read(antibody="anti-Sm+").outcome is Outcome.POSITIVE


def test_a_flag_that_contradicts_the_range_is_said_and_decides_nothing() -> None:
    for value, flag in ((3.0, True), (40.0, False)):
        finding = read(antibody="anti-dsDNA", value=value, positive=flag, reference_range="<10")
        assert finding.outcome is Outcome.UNKNOWN
        assert "contradicts" in finding.notes[0]
        assert finding.diseases == ()


def test_a_low_titer_the_laboratory_calls_negative_is_no_contradiction() -> None:
    assert read(antibody="ANA", value=1, positive=False, titer="1:40").outcome is Outcome.NEGATIVE
    assert read(antibody="ANA", value=1, positive=False, titer="1:640").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("value", "reference_range", "outcome"),
    [
        (19.0, "<20", Outcome.NEGATIVE),
        (20.0, "<20", Outcome.EQUIVOCAL),
        (21.0, "0-20", Outcome.POSITIVE),
        (21.0, None, Outcome.UNKNOWN),
    ],
)
def test_the_laboratorys_range_decides_and_no_range_decides_nothing(
    value: float, reference_range: str | None, outcome: Outcome
) -> None:
    assert read(antibody="anti-CCP", value=value, reference_range=reference_range).outcome is outcome


def test_a_titer_is_compared_with_a_titer_limit() -> None:
    assert read(antibody="ANA", value=40, titer="1:40", reference_range="<1:80").outcome is Outcome.NEGATIVE
    assert read(antibody="ANA", value=160, titer="1:160", reference_range="<1:80").outcome is Outcome.POSITIVE


def test_rf_height_is_told_from_the_upper_limit_and_not_guessed_without_it() -> None:
    assert any("High positive: 4.5" in note for note in read(antibody="RF", value=90, reference_range="0-20").notes)
    assert any("cannot be told" in note for note in read(antibody="RF", value=90, positive=True).notes)


def test_ten_times_ttg_never_replaces_biopsy_in_adults() -> None:
    result = [Measurement(antibody="tTG-IgA", value=200, reference_range="<10")]
    assert any("in adults biopsy" in note for note in interpret(result, age=40).findings[0].notes)
    assert any("EMA-IgA in a second sample" in note for note in interpret(result, age=8).findings[0].notes)


def test_a_negative_ttg_with_iga_deficiency_cannot_be_read() -> None:
    result = [Measurement(antibody="anti-tTG IgA", value=1, positive=False)]
    report = interpret(result, total_iga_g_per_l=0.02)
    assert [alert.code for alert in report.alerts] == ["IGA_DEFICIENCY_TTG"]
    assert interpret(result, total_iga_g_per_l=1.8).alerts == ()
    assert any("Total IgA is not known" in note for note in interpret(result).findings[0].notes)


def test_aqp4_in_multiple_sclerosis_is_a_critical_alert_naming_the_drugs() -> None:
    result = [Measurement(antibody="AQP4-IgG", value=1, positive=True)]
    alert = interpret(result, [Disease.MULTIPLE_SCLEROSIS]).alerts[0]
    assert alert.severity == "critical"
    for word in ("NMOSD", "reconsider MS", "interferon-beta", "fingolimod", "natalizumab", "alemtuzumab"):
        assert word in alert.text
    assert interpret([Measurement(antibody="AQP4-IgG", value=0, positive=False)], [Disease.MULTIPLE_SCLEROSIS]).alerts == ()


def test_insulin_antibodies_on_insulin_are_not_autoimmunity() -> None:
    report = interpret(
        [Measurement(antibody="IAA", value=1, positive=True), Measurement(antibody="GAD65", value=1, positive=True)],
        medications=["insulin glargine 10 units"],
    )
    assert any("treatment itself" in note for note in report.findings[0].notes)
    assert any("One islet autoantibody" in note for note in report.notes)


def test_dfs70_is_isolated_only_without_specific_antibodies() -> None:
    dfs = Measurement(antibody="anti-DFS70", value="detected")
    alone = interpret([dfs, Measurement(antibody="ANA", titer="1:160", value=1)])
    assert any("argues against" in note for note in alone.notes)
    with_sm = interpret([dfs, Measurement(antibody="anti-Sm", value="positive")])
    assert any("not isolated" in note for note in with_sm.notes)
    with_thyroid = interpret([dfs, Measurement(antibody="TPO", value="positive")])
    assert not any("not isolated" in note for note in with_thyroid.notes)


def test_tpo_alone_is_not_disease() -> None:
    assert any("not disease" in note for note in read(antibody="TPO", value=500, reference_range="<34").notes)


def test_likelihood_ratios_come_from_the_ranges_of_sensitivity_and_specificity() -> None:
    link = antibodies()["anti_smith"].links[0]
    positive, negative = likelihood_ratios(link)
    assert positive is not None
    assert negative is not None
    assert (positive.low, positive.high) == pytest.approx((15.0, 30.0))
    assert (negative.low, negative.high) == pytest.approx((70 / 99, 85 / 99))


def test_no_ratio_is_given_where_a_figure_is_not_held_and_no_upper_bound_where_specificity_reaches_100() -> None:
    without = next(link for link in antibodies()["anti_ro60"].links if link.disease == "systemic_lupus_erythematosus")
    assert likelihood_ratios(without) == (None, None)
    perfect, _ = likelihood_ratios(antibodies()["aqp4"].links[0])
    assert perfect is not None
    assert perfect.high is None
    assert str(perfect) == "at least 70"


def test_every_finding_explains_itself_with_a_source() -> None:
    for record in antibodies().values():
        finding = read(antibody=record.synonyms[0] if record.synonyms else record.name, value=1.0, positive=True)
        assert finding.id == record.id
        assert finding.explanation.sources
        assert finding.explanation.steps


def test_a_profile_panel_is_read_as_it_comes() -> None:
    panel = AntibodyPanel.model_validate({
        "patient_id": "p1", "collection_date": "2026-01-01",
        "results": [{"antibody": "ANA", "value": 640, "unit": "titer", "pattern": "AC-1 homogeneous"}],
    })
    finding = interpret(panel).findings[0]
    assert finding.verdict.titer is not None
    assert finding.verdict.titer.dilution == 640
    assert finding.patterns == ("AC-1 Homogeneous",)


def test_patterns_are_read_by_code_and_by_the_most_specific_name() -> None:
    assert [one.code for one in parse_patterns("nuclear dense fine speckled")] == ["AC-2"]
    assert [one.code for one in parse_patterns("fine speckled and centromere")] == ["AC-3", "AC-4"]
    assert [one.code for one in parse_patterns("AC 29")] == ["AC-29"]
    assert parse_patterns("AC-99 striped") == ()
    assert {one.code for one in load("icap_patterns", IcapPattern)} == {f"AC-{number}" for number in range(30)}


@given(st.text(max_size=300))
def test_no_name_breaks_or_slows_the_reader(written: str) -> None:
    normalise_antibody("ANA")
    started = time.process_time()
    normalise_antibody(written)
    parse_patterns(written)
    assert time.process_time() - started < 0.005


@given(
    st.text(max_size=60),
    st.none() | st.floats(allow_nan=False) | st.text(max_size=40),
    st.none() | st.text(max_size=40),
    st.none() | st.text(max_size=40),
    st.none() | st.booleans(),
)
def test_no_result_breaks_the_panel(
    name: str, value: float | str | None, reference_range: str | None, titer: str | None, positive: bool | None
) -> None:
    measured = Measurement(antibody=name or "ANA", value=value, reference_range=reference_range, titer=titer, positive=positive)
    interpret([measured, measured.model_copy(update={"antibody": "ANA"})])
