"""The differential: what ranks, what never may, and when the answer is none of the thirteen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.differential import Differential, differentiate
from services.clinical.disease import Disease
from services.clinical.presentations import THIRTEEN, presentations
from services.clinical.symptoms import concepts


def leading(result: Differential) -> Disease | None:
    return result.entries[0].disease if result.entries else None


# General pictures from the textbook, one for each disease.
_PICTURES: list[tuple[Disease, dict[str, object]]] = [
    (Disease.RHEUMATOID_ARTHRITIS, {
        "age": 50, "sex": "F",
        "symptoms": ["symmetric swelling of the MCP joints", "morning stiffness for 2 hours"],
    }),
    (Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, {
        "age": 25, "sex": "F",
        "symptoms": ["malar rash", "joint pain", "proteinuria", "oral ulcers"],
    }),
    (Disease.MULTIPLE_SCLEROSIS, {
        "age": 30, "sex": "F",
        "symptoms": ["pain on eye movement with loss of vision", "tingling in the legs", "brisk reflexes"],
    }),
    (Disease.TYPE_1_DIABETES, {
        "age": 10, "sex": "M",
        "symptoms": ["polyuria", "polydipsia", "weight loss", "vomiting", "ketones in urine"],
    }),
    (Disease.INFLAMMATORY_BOWEL_DISEASE, {
        "age": 24, "sex": "M",
        "symptoms": ["bloody diarrhea for months", "tenesmus", "weight loss"],
    }),
    (Disease.PSORIASIS, {"age": 35, "sex": "M", "symptoms": ["scaly plaques on elbows and knees", "nail pitting"]}),
    (Disease.ANKYLOSING_SPONDYLITIS, {
        "age": 26, "sex": "M",
        "symptoms": ["chronic low back pain", "morning stiffness", "better with exercise"],
    }),
    (Disease.SJOGRENS_SYNDROME, {"age": 52, "sex": "F", "symptoms": ["dry eyes", "dry mouth", "parotid swelling"]}),
    (Disease.SYSTEMIC_SCLEROSIS, {
        "age": 45, "sex": "F",
        "symptoms": ["Raynaud phenomenon", "thickened skin of the fingers", "heartburn"],
    }),
    (Disease.MYASTHENIA_GRAVIS, {
        "age": 30, "sex": "F",
        "symptoms": ["ptosis", "double vision", "weakness worse in the evening"],
    }),
    (Disease.CELIAC_DISEASE, {
        "age": 28, "sex": "F",
        "symptoms": ["chronic diarrhea", "bloating", "iron deficiency anemia", "itchy blisters on elbows"],
    }),
    (Disease.GRAVES_DISEASE, {
        "age": 30, "sex": "F",
        "symptoms": ["palpitations", "heat intolerance", "proptosis", "goiter", "low TSH"],
    }),
    (Disease.HASHIMOTO_THYROIDITIS, {
        "age": 45, "sex": "F",
        "symptoms": ["fatigue", "cold intolerance", "weight gain", "elevated TSH"],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("disease", "picture"), _PICTURES, ids=[disease.value for disease, _ in _PICTURES])
def test_the_textbook_picture_ranks_its_disease_first(disease: Disease, picture: dict[str, object]) -> None:
    result = differentiate(**picture)  # type: ignore[arg-type]
    assert leading(result) is disease
    assert not result.none_of_the_13
    assert result.entries[0].matching_symptoms


@pytest.mark.parametrize(
    ("condition", "given_evidence"),
    [
        ("neuromyelitis_optica", {
            "positive_antibodies": ["AQP4-IgG"],
            "symptoms": ["vision loss in both eyes", "leg weakness"],
        }),
        ("lambert_eaton", {
            "positive_antibodies": ["VGCC"],
            "symptoms": ["proximal weakness", "strength improves with repeated use"],
        }),
        ("gout", {"age": 55, "sex": "M", "symptoms": ["acute pain in the great toe", "swollen joint"]}),
        ("osteoarthritis", {"age": 70, "symptoms": ["knee pain worse with activity", "bony enlargement", "crepitus"]}),
        ("fibromyalgia", {"age": 42, "sex": "F", "symptoms": ["widespread pain", "poor sleep", "fatigue"]}),
        ("type_2_diabetes", {"age": 55, "symptoms": ["polyuria", "obesity", "acanthosis nigricans"]}),
        ("irritable_bowel", {
            "age": 25,
            "symptoms": ["abdominal pain relieved by defecation", "bloating", "no blood in stool"],
        }),
        ("granulomatosis_polyangiitis", {
            "positive_antibodies": ["PR3-ANCA"],
            "symptoms": ["chronic sinusitis", "hemoptysis", "hematuria"],
        }),
        ("sarcoidosis", {"symptoms": ["bilateral hilar lymphadenopathy", "dry cough", "erythema nodosum"]}),
        ("botulism", {"symptoms": ["descending paralysis", "double vision", "dry mouth"]}),
        ("polymyositis_dermatomyositis", {"symptoms": ["proximal weakness", "heliotrope rash", "Gottron papules"]}),
        ("subacute_thyroiditis", {"symptoms": ["tender thyroid", "low TSH", "recent viral illness"]}),
        ("addison", {"symptoms": ["fatigue", "hyperpigmentation", "low blood pressure", "hyponatremia"]}),
        ("primary_biliary_cholangitis", {
            "positive_antibodies": ["AMA"],
            "symptoms": ["itching", "high alkaline phosphatase"],
        }),
        ("polymyalgia_giant_cell", {"age": 75, "symptoms": ["headache", "jaw claudication", "high ESR"]}),
        ("behcet", {"symptoms": ["oral ulcers", "genital ulcers", "uveitis"]}),
    ],
)  # fmt: skip
def test_look_alikes_are_named_and_none_of_the_thirteen_is_the_answer(condition: str, given_evidence: dict[str, object]) -> None:
    result = differentiate(**given_evidence)  # type: ignore[arg-type]
    assert result.none_of_the_13
    assert condition in [one.condition for one in result.outside[:2]]
    assert not result.entries or result.entries[0].confidence < 0.5


@pytest.mark.parametrize(
    "alleles", [["B*27:05"], ["DRB1*07:01", "DRB1*13:01"], ["DQ2.5"], ["DRB1*03:01", "DRB1*04:01", "DQB1*03:02"]]
)
def test_hla_alone_never_makes_an_entry(alleles: list[str]) -> None:
    result = differentiate(age=20, sex="M", hla_alleles=alleles)
    assert result.entries == ()
    assert result.none_of_the_13


def test_protective_alleles_never_raise_a_disease() -> None:
    picture = {"age": 10, "sex": "M", "symptoms": ["polyuria", "polydipsia", "weight loss"]}
    plain = differentiate(**picture)  # type: ignore[arg-type]
    protected = differentiate(**picture, hla_alleles=["DQB1*06:02"])  # type: ignore[arg-type]
    assert protected.entries[0].score < plain.entries[0].score
    assert protected.entries[0].supporting_hla == ()


def test_risk_alleles_move_a_ranking_only_a_little() -> None:
    picture = {"age": 26, "sex": "M", "symptoms": ["chronic low back pain", "morning stiffness"]}
    plain = differentiate(**picture)  # type: ignore[arg-type]
    carrier = differentiate(**picture, hla_alleles=["B*27:05"])  # type: ignore[arg-type]
    assert 0 < carrier.entries[0].score - plain.entries[0].score <= 1
    assert carrier.entries[0].supporting_hla == ("B*27:05",)


def test_b27_subtypes_that_are_not_associated_do_not_count() -> None:
    picture = {"age": 26, "sex": "M", "symptoms": ["chronic low back pain", "morning stiffness"]}
    assert differentiate(**picture, hla_alleles=["B*27:06"]).entries == differentiate(**picture).entries  # type: ignore[arg-type]


@pytest.mark.parametrize("antibody", ["ANA", "RF", "anti-TPO", "anti-histone"])
def test_a_nonspecific_antibody_alone_gives_no_confident_answer(antibody: str) -> None:
    result = differentiate(positive_antibodies=[antibody])
    assert result.none_of_the_13
    assert all(entry.confidence < 0.4 for entry in result.entries)


def test_rf_and_ana_do_not_put_sjogren_above_rheumatoid_arthritis() -> None:
    ranks = {entry.disease: entry.rank for entry in differentiate(positive_antibodies=["RF", "ANA"]).entries}
    assert ranks[Disease.RHEUMATOID_ARTHRITIS] < ranks[Disease.SJOGRENS_SYNDROME]


def test_negative_antibodies_count_against() -> None:
    picture = {"age": 30, "sex": "F", "symptoms": ["joint pain", "rash"], "positive_antibodies": []}
    plain = {one.disease: one.score for one in differentiate(**picture).entries}  # type: ignore[arg-type]
    without = {one.disease: one.score for one in differentiate(**picture, negative_antibodies=["ANA"]).entries}  # type: ignore[arg-type]
    lupus = Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS
    assert without[lupus] <= plain[lupus] - 2


def test_aqp4_speaks_against_multiple_sclerosis() -> None:
    symptoms = ["optic neuritis", "numbness of the legs"]
    assert leading(differentiate(age=30, sex="F", symptoms=symptoms)) is Disease.MULTIPLE_SCLEROSIS
    result = differentiate(age=30, sex="F", symptoms=symptoms, positive_antibodies=["AQP4-IgG"])
    assert result.outside[0].condition == "neuromyelitis_optica"
    assert result.none_of_the_13


def test_a_finding_of_the_past_counts_like_a_symptom() -> None:
    past = differentiate(52, "M", history=["Acute anterior uveitis, left eye, recurrent", "Night back pain"])
    now = differentiate(52, "M", symptoms=["Acute anterior uveitis, left eye, recurrent", "Night back pain"])
    assert [(one.disease, one.score) for one in past.entries] == [(one.disease, one.score) for one in now.entries]
    assert past.entries[0].disease is Disease.ANKYLOSING_SPONDYLITIS


def test_a_finding_of_the_past_that_is_denied_now_does_not_count() -> None:
    found = differentiate(30, "F", symptoms=["no malar rash"], history=["malar rash", "Lumbar disc degeneration"])
    assert [(one.concept, one.present) for one in found.findings] == [("malar_rash", False)]
    assert found.unrecognised_symptoms == ()


def test_the_age_at_which_symptoms_began_is_judged_where_it_is_known() -> None:
    now, then = (differentiate(52, "M", symptoms=["night back pain"], onset_age=onset).entries[0] for onset in (None, 22))
    assert "age 52" in {one.text for one in now.evidence}
    assert "age at onset 22" in {one.text for one in then.evidence}
    assert then.score > now.score


def test_without_findings_a_diagnosis_is_not_called_unsupported() -> None:
    silent = differentiate(52, "M", diagnosed=(Disease.ANKYLOSING_SPONDYLITIS,))
    assert silent.none_of_the_13
    assert Disease.ANKYLOSING_SPONDYLITIS.label in silent.summary


def test_edema_of_another_organ_is_no_swelling_of_the_legs() -> None:
    found = differentiate(40, "M", symptoms=["macular edema", "bone marrow edema"]).findings
    assert {one.concept for one in found} == {"edema_elsewhere"}


def test_denied_findings_do_not_support() -> None:
    entries = differentiate(symptoms=["no dry eyes", "no dry mouth", "fatigue"]).entries
    sjogren = next(entry for entry in entries if entry.disease is Disease.SJOGRENS_SYNDROME)
    assert sjogren.matching_symptoms == ("fatigue",)
    assert sjogren.contradicting


def test_names_that_are_not_known_are_echoed_and_ambiguous_ones_asked_about() -> None:
    result = differentiate(
        positive_antibodies=["anti-foo", "anti-microsomal"], hla_alleles=["B*99:99X"], symptoms=["zorbling"]
    )
    assert result.unrecognised_antibodies == ("anti-foo",)
    assert [one.written for one in result.questions] == ["anti-microsomal"]
    assert result.hla.unrecognised == ("B*99:99X",)
    assert result.unrecognised_symptoms == ("zorbling",)
    assert result.entries == ()


def test_a_negative_result_in_the_positive_list_is_not_used() -> None:
    result = differentiate(positive_antibodies=["anti-dsDNA negative"])
    assert result.entries == ()
    assert "not used" in result.notes[0]


def test_an_antibody_sent_as_positive_and_negative_is_not_used() -> None:
    result = differentiate(positive_antibodies=["anti-Sm"], negative_antibodies=["anti-Smith"])
    assert result.entries == ()
    assert any("positive and as negative" in note for note in result.notes)


def test_nothing_sent_is_no_answer_not_a_healthy_one() -> None:
    result = differentiate()
    assert result.entries == ()
    assert result.none_of_the_13
    assert "Not enough" in result.summary


def test_laboratory_values_count_as_findings() -> None:
    result = differentiate(age=30, sex="F", symptoms=["palpitations", "proptosis"], labs={"TSH": 0.01})
    assert leading(result) is Disease.GRAVES_DISEASE
    assert "low_tsh" in {one.concept for one in result.findings}


def test_criteria_met_are_passed_through_and_red_flags_named() -> None:
    result = differentiate(symptoms=["ptosis", "double vision", "respiratory failure"], criteria={Disease.MYASTHENIA_GRAVIS: 3})
    assert result.entries[0].classification_criteria_met == 3
    assert "Respiratory failure" in result.entries[0].red_flags


def test_every_entry_explains_its_score() -> None:
    for entry in differentiate(age=40, sex="F", positive_antibodies=["ANA"], symptoms=["joint pain", "rash", "no fever"]).entries:
        assert sum(step.points or 0 for step in entry.explanation.steps) == pytest.approx(entry.score, abs=0.1)
        assert entry.explanation.sources


def test_presentations_are_consistent() -> None:
    rows = presentations()
    assert set(rows) >= THIRTEEN
    assert {row.id for row in rows.values() if row.scope == "thirteen"} == THIRTEEN
    for row in rows.values():
        listed = [*row.very_frequent, *row.frequent, *row.occasional, *row.rare]
        assert len(listed) == len(set(listed)), f"{row.id} lists a finding twice"
        assert set(listed) | set(row.against) | set(row.red_flags) <= set(concepts()), row.id
        assert not set(listed) & set(row.against), row.id


_KNOWN = st.sampled_from(["joint pain", "rash", "no fever", "ANA", "B27", "TSH 9", "x", "fatigue", "DQ2.5", "anti-Sm"])
_TEXTS = st.lists(_KNOWN | st.text(max_size=40), max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.none() | st.integers(0, 150), st.sampled_from([None, "F", "M", "?"]), _TEXTS, _TEXTS, _TEXTS, _TEXTS)
def test_no_input_breaks_it_and_support_never_exceeds_one(
    age: int | None, sex: str | None, positive: list[str], negative: list[str], alleles: list[str], symptoms: list[str]
) -> None:
    result = differentiate(age, sex, positive, negative, alleles, symptoms)
    assert [entry.rank for entry in result.entries] == list(range(1, len(result.entries) + 1))
    assert all(0 <= entry.confidence <= 1 for entry in result.entries)
    assert sum(entry.confidence for entry in result.entries) <= 1.01


def test_rheumatoid_factor_beside_specific_antibodies_does_not_lift_rheumatoid_arthritis() -> None:
    sjogren = differentiate(
        63, "F", ["ANA", "RF", "anti-SSA/Ro", "anti-SSB/La"], ["anti-CCP", "anti-dsDNA"],
        labs={"ESR": 58, "hemoglobin": 11.6, "neutrophils": 1.4},
    )  # fmt: skip
    assert leading(sjogren) is Disease.SJOGRENS_SYNDROME
    assert sjogren.entries[0].score - _score(sjogren, Disease.RHEUMATOID_ARTHRITIS) > 1


def test_a_nonspecific_antibody_counts_in_full_until_another_disease_explains_it() -> None:
    def share(*positive: str) -> float:
        entry = next(one for one in differentiate(50, "F", positive).entries if one.disease is Disease.RHEUMATOID_ARTHRITIS)
        return next(one.weight for one in entry.evidence if one.text == "rheumatoid factor positive")

    alone = share("RF")
    assert share("RF", "anti-La") < alone / 2
    assert share("RF", "anti-La", "anti-CCP") == alone  # it has a specific antibody of its own
    assert share("RF", "TRAb") == alone  # Graves' disease does not explain rheumatoid factor


def _score(result: Differential, disease: Disease) -> float:
    return next(one.score for one in result.entries if one.disease is disease)
