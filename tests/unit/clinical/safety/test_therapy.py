"""Which treatments are offered, which are excluded with a reason, and what each says of itself."""

from __future__ import annotations

import pytest

from services.clinical import therapy
from services.clinical.disease import Disease
from services.clinical.therapy import Recommendation
from services.knowledge.drugs import LabelStatus, TherapyKind, therapies
from tests.unit.clinical.safety.patients import DISEASES, patient


def recommend(*args: object, **kwargs: object) -> therapy.TherapyReport:
    return therapy.recommend(patient(*args, **kwargs))  # type: ignore[arg-type]


def offered(report: therapy.TherapyReport) -> set[str]:
    return {one.drug_name for one in report.recommendations}


def found(report: therapy.TherapyReport, drug: str) -> Recommendation:
    one = report.get(drug)
    assert one is not None, drug
    return one


def test_as_with_ms_excludes_tnf_inhibitors_with_the_reason_and_never_drops_them() -> None:
    report = recommend("AS MS")
    excluded = {one.drug_name for one in report.excluded}
    assert {"Adalimumab", "Etanercept", "Infliximab", "Golimumab", "Certolizumab pegol"} <= excluded
    assert not offered(report) & excluded
    assert "demyelination" in found(report, "Adalimumab").exclusion_reasons[0].lower()
    assert {"Secukinumab", "Ixekizumab"} <= offered(report)


def test_indicated_diseases_are_the_labels_not_the_patients_own_list() -> None:
    report = recommend("AS MS")
    assert found(report, "Secukinumab").indicated_diseases == ("ankylosing_spondylitis",)
    assert found(report, "Natalizumab").indicated_diseases == ("multiple_sclerosis",)
    assert found(report, "Adalimumab").indicated_diseases == ("ankylosing_spondylitis",)


def test_as_with_crohns_disease_keeps_monoclonal_tnf_inhibitors_and_excludes_il17_and_etanercept() -> None:
    report = recommend("AS IBD", ibd_subtype="crohns_disease")
    assert {"Adalimumab", "Infliximab", "Certolizumab pegol", "Upadacitinib"} <= offered(report)
    assert {"Secukinumab", "Ixekizumab", "Bimekizumab", "Etanercept"} <= {one.drug_name for one in report.excluded}


def test_a_drug_that_covers_both_diseases_comes_before_one_that_covers_one() -> None:
    names = [one.drug_name for one in recommend("AS IBD", ibd_subtype="crohns_disease").recommendations]
    assert names.index("Adalimumab") < names.index("Vedolizumab")
    assert "efficacy" in therapy.ORDERING_RULE


def test_crohns_and_ulcerative_colitis_labels_differ() -> None:
    crohn, colitis = (recommend("IBD", ibd_subtype=one) for one in ("crohns_disease", "ulcerative_colitis"))
    assert "Certolizumab pegol" in offered(crohn) - offered(colitis)
    assert {"Golimumab", "Ozanimod", "Etrasimod"} <= offered(colitis) - offered(crohn)


def test_an_unstated_subtype_is_asked_for_and_is_no_indication() -> None:
    report = recommend("IBD")
    golimumab = found(report, "Golimumab")
    assert golimumab.indicated_diseases == ()
    assert golimumab.status_by_disease["inflammatory_bowel_disease"].applies is None
    assert any(one.code == "LABEL_POPULATION" for one in golimumab.not_checkable)


def test_tofacitinib_is_not_indicated_for_plaque_psoriasis() -> None:
    assert "psoriasis" not in found(recommend("PSO"), "Tofacitinib").indicated_diseases
    skin_only = found(recommend("PSO", comorbidities=["no psoriatic arthritis"]), "Tofacitinib")
    assert skin_only.status_by_disease["psoriasis"].status is LabelStatus.NOT_INDICATED
    assert found(recommend("PSO", comorbidities=["psoriatic arthritis"]), "Tofacitinib").indicated_diseases == ("psoriasis",)


def test_musk_myasthenia_gets_the_drugs_labelled_for_it() -> None:
    report = recommend("MG", ab="AChR-, MuSK+")
    assert {"Rozanolixizumab", "Nipocalimab", "Inebilizumab"} <= offered(report)
    assert not {"Eculizumab", "Ravulizumab", "Zilucoplan", "Efgartigimod alfa"} & offered(report)


def test_achr_myasthenia_gets_complement_inhibitors_with_the_vaccination_question() -> None:
    eculizumab = found(recommend("MG", ab="AChR+"), "Eculizumab")
    assert eculizumab.indicated_diseases == ("myasthenia_gravis",)
    assert any(one.code == "C5_MENINGOCOCCAL" for one in eculizumab.not_checkable)
    assert eculizumab.boxed_warnings


def test_primary_progressive_ms_leaves_ocrelizumab() -> None:
    report = recommend("MS", ms_course="PPMS")
    on_label = {one.drug_name for one in report.recommendations if one.indicated_diseases and one.kind is TherapyKind.BIOLOGIC}
    assert on_label == {"Ocrelizumab"}


def test_lupus_nephritis_opens_voclosporin_and_obinutuzumab() -> None:
    report = recommend("SLE", comorbidities=["lupus nephritis"])
    assert found(report, "Voclosporin").indicated_diseases == ("systemic_lupus_erythematosus",)
    obinutuzumab = found(report, "Obinutuzumab")
    assert obinutuzumab.indicated_diseases == ("systemic_lupus_erythematosus",)
    assert obinutuzumab.status_by_disease["systemic_lupus_erythematosus"].status is LabelStatus.ON_LABEL


def test_rituximab_is_off_label_in_lupus() -> None:
    rituximab = found(recommend("SLE"), "Rituximab")
    assert rituximab.indicated_diseases == ()
    assert rituximab.status_by_disease["systemic_lupus_erythematosus"].status is LabelStatus.OFF_LABEL
    assert "missed" in rituximab.efficacy_evidence


def test_ssc_ild_drugs_need_the_lung_disease() -> None:
    assert found(recommend("SSC", comorbidities=["ILD"]), "Nintedanib").indicated_diseases == ("systemic_sclerosis",)
    assert found(recommend("SSC"), "Nintedanib").indicated_diseases == ()


def test_teplizumab_is_for_stage_2_from_age_8() -> None:
    assert "Teplizumab" in offered(recommend("T1D", t1d_stage=2, age=12))
    for report in (recommend("T1D", age=12), recommend("T1D", t1d_stage=2, age=7), recommend("T1D", t1d_stage=3, age=12)):
        assert "Teplizumab" not in offered(report)
        assert "Insulin" in offered(report)


@pytest.mark.parametrize(("dx", "drug"), [("CD", "Gluten-free diet"), ("HT", "Levothyroxine")])
def test_diseases_without_a_biologic_say_so(dx: str, drug: str) -> None:
    report = recommend(dx)
    assert report.biologics == ()
    assert drug in offered(report)
    assert "biologic" in report.disease_notes[DISEASES[dx]]


def test_no_diagnosis_gives_no_treatment_whatever_the_hla_type() -> None:
    report = recommend("", hla="B*27:05")
    assert report.recommendations == ()
    assert any("No diagnosis" in note for note in report.notes)


def test_pharmacogenes_are_evaluated_not_recited() -> None:
    poor = found(recommend("IBD", gen="TPMT=*3A/*3A"), "Azathioprine")
    assert poor.excluded
    assert any("poor metaboliser" in line for line in poor.pgx_considerations)
    normal = found(recommend("IBD", gen="TPMT=*1/*1"), "Azathioprine")
    assert not normal.excluded
    assert any("TPMT *1/*1: normal metaboliser" in line for line in normal.pgx_considerations)
    assert any("NUDT15" in line and "not known" in line for line in normal.pgx_considerations)


def test_contraindications_are_evaluated_against_this_patient() -> None:
    adalimumab = found(recommend("RA", comorbidities=["multiple sclerosis"]), "Adalimumab")
    assert adalimumab.contraindications[0].startswith("PRESENT: Demyelinating disease")
    assert any("not known for this patient" in one for one in adalimumab.contraindications)


def test_unknown_screening_stays_with_the_drug() -> None:
    report = recommend("RA")
    questions = {one.code for one in found(report, "Rituximab").not_checkable}
    assert {"ANTICD20_HBV", "ANTICD20_HBV_CORE"} <= questions
    assert any("hepatitis B" in fact for fact in report.missing)


def test_a_current_drug_is_marked_and_not_combined() -> None:
    report = recommend("RA", meds="Humira 40 mg")
    assert found(report, "Adalimumab").is_current
    assert any("replaces" in note for note in report.notes)


def test_abatacept_in_copd_is_a_warning_not_an_exclusion() -> None:
    abatacept = found(recommend("RA", comorbidities=["COPD"]), "Abatacept")
    assert not abatacept.excluded
    assert "ABATACEPT_COPD" in {one.code for one in abatacept.alerts}


def test_jak_inhibitors_print_their_boxed_warning_in_full() -> None:
    for drug in ("Tofacitinib", "Baricitinib", "Upadacitinib"):
        boxed = " ".join(found(recommend("RA"), drug).boxed_warnings).lower()
        for word in ("infection", "mortality", "malignancy", "cardiovascular", "thrombosis"):
            assert word in boxed, drug


def test_children_are_told_that_labels_differ() -> None:
    assert any("children" in note for note in recommend("IBD", age=9).notes)
    assert not any("children" in note for note in recommend("IBD", age=40).notes)


@pytest.mark.parametrize(
    ("dx", "drug", "age", "extensions", "status"),
    [
        ("SLE", "Belimumab", 3, {}, "not_indicated"),
        ("SLE", "Belimumab", 5, {}, "on_label"),
        ("SLE", "Anifrolumab", 3, {}, "uncertain"),
        ("SLE", "Anifrolumab", 18, {}, "on_label"),
        ("SLE", "Voclosporin", 3, {"comorbidities": ["lupus nephritis"]}, "uncertain"),
        ("SLE", "Voclosporin", 30, {"comorbidities": ["lupus nephritis"]}, "on_label"),
        ("SLE", "Rituximab", 12, {}, "off_label"),
        ("MS", "Cladribine", 6, {}, "uncertain"),
        ("MS", "Alemtuzumab", 17, {}, "uncertain"),
        ("MS", "Siponimod", 6, {}, "uncertain"),
        ("MS", "Siponimod", 18, {}, "on_label"),
        ("MS", "Fingolimod", 9, {}, "not_indicated"),
        ("MS", "Fingolimod", 10, {}, "on_label"),
        ("RA", "Baricitinib", 4, {}, "uncertain"),
        ("RA", "Tofacitinib", 60, {}, "on_label"),
        ("T1D", "Insulin", 1, {}, "standard_care"),
        ("HT", "Levothyroxine", 8, {}, "on_label"),
    ],
)
def test_the_label_is_read_for_the_patients_age(
    dx: str, drug: str, age: int, extensions: dict[str, object], status: str
) -> None:
    assert found(recommend(dx, age=age, **extensions), drug).status_by_disease[DISEASES[dx]].status == status


def test_a_label_that_differs_by_subtype_is_read_for_the_childs_subtype() -> None:
    def status(drug: str, age: int, **stated: str) -> LabelStatus:
        return found(recommend("IBD", age=age, **stated), drug).status_by_disease["inflammatory_bowel_disease"].status

    assert status("Adalimumab", 5, ibd_subtype="ulcerative_colitis") is LabelStatus.ON_LABEL
    assert status("Adalimumab", 5, ibd_subtype="crohns_disease") is LabelStatus.NOT_INDICATED
    assert status("Adalimumab", 12) is LabelStatus.UNCERTAIN
    assert status("Budesonide", 12, ibd_subtype="ulcerative_colitis") is LabelStatus.UNCERTAIN


@pytest.mark.parametrize("dx", sorted(DISEASES))
def test_no_drug_is_on_label_for_an_infant_unless_a_label_at_that_age_is_recorded(dx: str) -> None:
    report = recommend(dx, age=1)
    any_age = {one.name for one in therapies() for use in one.uses for label in use.children if not label.from_years}
    assert {one.drug_name for one in report.recommendations if one.indicated_diseases} <= any_age
    silent = [one for one in report.recommendations if one.drug_name not in any_age]
    for status in (status for one in silent for status in one.status_by_disease.values()):
        assert "check the current label" in status.note or status.applies is False


@pytest.mark.parametrize("dx", sorted(DISEASES))
def test_every_disease_has_treatments_and_each_is_complete(dx: str) -> None:
    report = recommend(dx)
    assert report.recommendations
    for one in (*report.recommendations, *report.excluded):
        assert one.drug_class, one.drug_name
        assert one.mechanism
        assert one.efficacy_evidence
        assert one.sources
        assert one.explanation.steps
        assert set(one.status_by_disease) == {DISEASES[dx]}


def test_the_table_names_real_diseases_and_each_drug_once() -> None:
    names = [one.name for one in therapies()]
    assert len(names) == len(set(names))
    for one in therapies():
        for use in one.uses:
            Disease(use.disease)
