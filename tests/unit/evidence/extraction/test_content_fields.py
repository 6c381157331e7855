"""Facts as fields: every read fact survives its own form, and a corrected one is read by the same rules."""

from __future__ import annotations

import datetime

import pytest

from services.clinical.disease import Disease
from services.clinical.titers import Outcome
from services.errors import InvalidInputError
from services.evidence.extraction import (
    ActivityContent,
    AntibodyContent,
    Content,
    Dated,
    DiagnosisContent,
    FactKind,
    FlareContent,
    GenotypeContent,
    HlaContent,
    ImagingContent,
    LabContent,
    LabelContent,
    MedicationContent,
    Precision,
    ProcedureContent,
    SymptomContent,
)
from services.evidence.extraction.content_fields import AS_THE_RESULT_SAYS, content_of_fields, fields_of, statement_of

CRP = LabContent(
    test="CRP", subject="crp", analyte="crp", loinc="1988-5", value=28.0, unit="mg/L", reference_range="<5", flag="H",
    laboratory="Fenwick Bay",
)  # fmt: skip
DSDNA = AntibodyContent(
    name="Anti-dsDNA", subject="anti_dsdna", antibody="anti_dsdna", outcome=Outcome.POSITIVE, value=68.0, unit="IU/mL",
    reference_range="<30",
)  # fmt: skip
ANA = AntibodyContent(
    name="ANA", subject="ana", antibody="ana", outcome=Outcome.POSITIVE, titer="1:640", pattern="homogeneous", loinc="5048-4"
)
HLA = HlaContent(locus="B", alleles=("B*27:05", "B*40:01"), method="sequencing")
METHOTREXATE = MedicationContent(
    name="methotrexate", drugs=("methotrexate",), status="stopped", dose="15 mg", frequency="weekly",
    start=Dated(day=datetime.date(2021, 2, 1), precision=Precision.MONTH), stop=Dated(day=datetime.date(2022, 3, 14)),
    note="nausea", from_list=True,
)  # fmt: skip
LUPUS = DiagnosisContent(name="SLE", status="confirmed", disease=Disease.SYSTEMIC_LUPUS_ERYTHEMATOSUS, from_list=True)
BIOPSY = ProcedureContent(name="Kidney biopsy", finding="Class IV nephritis.")
XRAY = ImagingContent(modality="X-ray", region="hands", finding="Erosions of the second MCP joints.")
SLEDAI = ActivityContent(instrument="SLEDAI-2K", value=8.0, items={"arthritis": 4.0, "rash": 2.0, "low complement": 2.0})


OTHERS = (
    GenotypeContent(gene="TPMT", genotype="*1/*3A"), SymptomContent(name="Raynaud phenomenon"), LabelContent(name="fibromyalgia"),
    FlareContent(name="flare of her arthritis"),
)  # fmt: skip


@pytest.mark.parametrize(
    "content", [CRP, DSDNA, ANA, HLA, METHOTREXATE, LUPUS, BIOPSY, XRAY, SLEDAI, *OTHERS], ids=lambda one: one.kind
)
def test_a_form_that_nobody_touched_gives_the_fact_back(content: Content) -> None:
    assert content_of_fields(content.kind, fields_of(content), content) == content


def _corrected(content: Content, **changed: str) -> Content:
    return content_of_fields(content.kind, {**fields_of(content), **changed}, content)


def test_a_corrected_number_keeps_the_test_the_laboratory_and_the_range() -> None:
    corrected = _corrected(CRP, result="2.8", flag="")
    assert isinstance(corrected, LabContent)
    assert (corrected.value, corrected.analyte, corrected.loinc, corrected.flag) == (2.8, "crp", "1988-5", None)
    assert (corrected.reference_range, corrected.laboratory) == ("<5", "Fenwick Bay")


def test_a_bound_and_words_are_read_as_in_a_document() -> None:
    bound = _corrected(CRP, result="<0.6", flag="")
    words = _corrected(CRP, result="not detected", flag="")
    assert isinstance(bound, LabContent)
    assert isinstance(words, LabContent)
    assert (bound.comparator, bound.value) == ("<", 0.6)
    assert (words.value, words.text) == (None, "not detected")


def test_the_flag_of_the_misread_number_does_not_stay_beside_a_normal_one() -> None:
    with pytest.raises(InvalidInputError, match="Flag as printed contradicts"):
        _corrected(CRP, result="2.8")


def test_another_test_name_is_recognised_anew() -> None:
    corrected = _corrected(CRP, test="ESR", unit="mm/h", result="40", reference_range="<20")
    assert isinstance(corrected, LabContent)
    assert (corrected.analyte, corrected.loinc) == ("esr", None)


def test_an_antibody_follows_its_corrected_result() -> None:
    corrected = _corrected(DSDNA, result="12")
    assert isinstance(corrected, AntibodyContent)
    assert (corrected.outcome, corrected.antibody) == (Outcome.NEGATIVE, "anti_dsdna")
    renamed = _corrected(DSDNA, name="anti-SSA")
    assert isinstance(renamed, AntibodyContent)
    assert renamed.antibody not in (None, "anti_dsdna")


def test_the_readers_word_on_an_antibody_outweighs_number_and_range() -> None:
    assert fields_of(DSDNA)["outcome"] == AS_THE_RESULT_SAYS
    corrected = _corrected(DSDNA, outcome="equivocal")
    assert isinstance(corrected, AntibodyContent)
    assert corrected.outcome is Outcome.EQUIVOCAL
    assert fields_of(corrected)["outcome"] == "equivocal"


def test_alleles_are_checked_and_decide_the_locus() -> None:
    corrected = _corrected(HLA, alleles="HLA-DRB1*04:01, DRB1*15:01", present="no")
    assert corrected == HlaContent(locus="DRB1", alleles=("DRB1*04:01", "DRB1*15:01"), present=False, method="sequencing")
    for wrong, why in (("B*27:05, DRB1*04:01", "several loci"), ("hello", "no HLA allele")):
        with pytest.raises(InvalidInputError, match=why):
            _corrected(HLA, alleles=wrong)


def test_a_drug_is_recognised_by_its_corrected_name_and_dates_stay_as_vague_as_written() -> None:
    corrected = _corrected(METHOTREXATE, name="Arava", start="2020", stop="2022-03")
    assert isinstance(corrected, MedicationContent)
    assert (corrected.drugs, corrected.from_list, corrected.note) == (("leflunomide",), True, "nausea")
    assert corrected.start == Dated(day=datetime.date(2020, 1, 1), precision=Precision.YEAR)
    assert corrected.stop == Dated(day=datetime.date(2022, 3, 1), precision=Precision.MONTH)


@pytest.mark.parametrize(("field", "text", "why"), [
    ("start", "last spring", "Start must be a date"), ("start", "2022-13", "Start must be a date"),
    ("stop", "2019-01-01", "Stop lies before Start"), ("status", "perhaps", "must be one of"), ("name", " ", "is missing"),
    ("dose", "9" * 500, "too long"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_by_the_name_of_its_field(field: str, text: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why) as refused:
        _corrected(METHOTREXATE, **{field: text})
    assert text.strip() == "" or text not in refused.value.message


def test_a_corrected_diagnosis_is_one_of_the_thirteen_or_none() -> None:
    corrected = _corrected(LUPUS, name="Sjögren disease")
    assert isinstance(corrected, DiagnosisContent)
    assert corrected.disease is Disease.SJOGRENS_SYNDROME
    other = _corrected(LUPUS, name="Osteoarthritis of the knee", status="history")
    assert isinstance(other, DiagnosisContent)
    assert (other.disease, other.status) == (None, "history")


def test_the_items_of_a_score_belong_to_the_printed_value() -> None:
    corrected = _corrected(SLEDAI, value="4")
    assert isinstance(corrected, ActivityContent)
    assert (corrected.value, corrected.items) == (4.0, {})
    for wrong in ("900", "nan", "inf", "many"):
        with pytest.raises(InvalidInputError):
            _corrected(SLEDAI, value=wrong)


def test_an_autoantibody_is_no_laboratory_value() -> None:
    with pytest.raises(InvalidInputError, match="names an autoantibody"):
        content_of_fields(FactKind.LAB, {"test": "anti-dsDNA", "result": "12", "unit": "IU/mL"})


def test_equal_statements_are_equal_however_they_are_printed() -> None:
    twin = CRP.model_copy(update={"test": "C-reactive protein", "laboratory": None, "reference_range": None})
    assert statement_of(twin) == statement_of(CRP)
    assert statement_of(_corrected(CRP, result="27")) != statement_of(CRP)
