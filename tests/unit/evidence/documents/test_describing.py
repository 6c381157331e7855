"""A document is described by what it says, and every description says how it was found."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import pytest

from services.evidence.documents.describing import How, describe
from services.evidence.documents.model import Page, ParsedDocument
from services.evidence.documents.vocabulary import SPECIALTIES, DocumentType
from tests.fakes import pdfs

Written = Callable[..., ParsedDocument]
FORM = "Patient: Jane Doe  MRN: 00123456  DOB: 05/17/1985\nDate: 03/14/2022"


def test_note_is_described_in_full(written: Written) -> None:
    found = describe(written(pdfs.NOTE))
    assert found.doc_type is DocumentType.PROGRESS_NOTE
    assert found.specialty == "rheumatology"
    assert found.date == date(2022, 3, 14)
    assert (found.author, found.author_credentials) == ("Alma Reyes", "MD, FACR")
    assert found.facility == "Harborview Rheumatology Clinic"
    assert (found.patient_name, found.mrn, found.date_of_birth) == ("Jane Q. Doe", "00123456", date(1985, 5, 17))
    assert found.label() == "Rheumatology progress note of 2022-03-14"
    assert {finding.field for finding in found.findings} == {
        "doc_type", "specialty", "date", "author", "facility", "patient_name", "mrn", "date_of_birth",
    }
    assert found.how("date") is not None
    assert found.notes == ()


@pytest.mark.parametrize(
    ("head", "kind", "specialty"),
    [
        ("RHEUMATOLOGY CONSULTATION", "consultation", "rheumatology"),
        ("Initial Evaluation - Neurology", "consultation", "neurology"),
        ("Nephrology Follow-up Visit", "progress_note", "nephrology"),
        ("LABORATORY REPORT", "lab_report", "laboratory_medicine"),
        ("Autoantibody Panel Results", "lab_report", "laboratory_medicine"),
        ("MRI SACROILIAC JOINTS", "imaging_report", "radiology"),
        ("High-Resolution CT Chest Report", "imaging_report", "radiology"),
        ("Surgical Pathology Report", "pathology_report", "pathology"),
        ("Skin Biopsy Report", "pathology_report", "pathology"),
        ("HLA Typing, High Resolution", "genetic_report", "genetics"),
        ("Pharmacogenomics Report", "genetic_report", "genetics"),
        ("DISCHARGE SUMMARY", "discharge_summary", None),
        ("Emergency Department Note", "emergency_note", "emergency_medicine"),
        ("Medication Reconciliation", "medication_list", None),
        ("Infusion Center Record", "infusion_note", None),
        ("Operative Report", "operative_note", None),
        ("Colonoscopy", "operative_note", "gastroenterology"),
        ("Referral to Rheumatology", "referral_letter", None),
        ("After-Visit Summary", "patient_letter", None),
        ("Endocrinology Clinic Note", "progress_note", "endocrinology"),
        ("Ophthalmology Consult", "consultation", "ophthalmology"),
        ("Family Medicine Office Visit", "progress_note", "primary_care"),
    ],
)
def test_title_names_type_and_specialty(written: Written, head: str, kind: str, specialty: str | None) -> None:
    found = describe(written(f"Port Ellis General Hospital\n{head}\n{FORM}\nThe text of the document follows here."))
    assert (found.doc_type.value, found.specialty) == (kind, specialty)
    assert found.how("doc_type").how is How.TITLE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        ("TECHNIQUE\nCOMPARISON\nFINDINGS\nIMPRESSION", "imaging_report"),
        ("GROSS DESCRIPTION\nMICROSCOPIC DESCRIPTION\nDIAGNOSIS", "pathology_report"),
        ("SUBJECTIVE\nOBJECTIVE\nASSESSMENT\nPLAN", "progress_note"),
        ("HOSPITAL COURSE\nDISCHARGE MEDICATIONS", "discharge_summary"),
    ],
)
def test_sections_tell_the_type_where_no_title_does(written: Written, headings: str, kind: str) -> None:
    body = headings.replace("\n", "\nSome text stands here.\n")
    found = describe(written(f"{FORM}\n{body}\nSome text."))
    assert found.doc_type.value == kind
    assert found.how("doc_type").how is How.SECTIONS  # type: ignore[union-attr]


def test_section_heading_under_the_patient_block_is_no_title(written: Written) -> None:
    found = describe(written(f"Progress Note\n{FORM}\nLaboratory Data\nCRP 12 mg/L.\nImaging\nNormal."))
    assert found.doc_type is DocumentType.PROGRESS_NOTE


def test_letter_is_told_by_whom_it_addresses(written: Written) -> None:
    doctor = describe(written("Port Ellis Practice\n4 March 2022\nDear Dr Osei,\nThank you for seeing this patient."))
    patient = describe(written("Port Ellis Practice\n4 March 2022\nDear Ms Doe,\nYour results are back."))
    assert (doctor.doc_type, patient.doc_type) == (DocumentType.REFERRAL_LETTER, DocumentType.PATIENT_LETTER)


def test_file_name_is_asked_only_where_the_content_is_silent(written: Written) -> None:
    name = "2021-05-06_Nephrology_Progress_Note.pdf"
    silent = describe(written("Blood pressure is better.\nContinue."), file_name=name)
    assert (silent.doc_type.value, silent.specialty, silent.date) == ("progress_note", "nephrology", date(2021, 5, 6))
    assert {finding.how for finding in silent.findings} == {How.FILE_NAME}
    assert any("file name" in note for note in silent.notes)
    speaking = describe(written(pdfs.NOTE), file_name=name)
    assert (speaking.specialty, speaking.date) == ("rheumatology", date(2022, 3, 14))


def test_date_of_birth_is_never_the_date_of_the_document(written: Written) -> None:
    lines = ("DOB: 05/17/1985", "Date of birth\n05/17/1985", "Jane Doe, born 17 May 1985", "Patient: Jane Doe  DOB 05/17/1985")
    for text in lines:
        found = describe(written(f"Progress Note\n{text}\nShe is well."))
        assert found.date is None, text
        assert any("No date" in note for note in found.notes)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Report date: 03/20/2022\nDate of service: 03/14/2022", date(2022, 3, 14)),
        ("Received: 03/15/2022\nCollected: 03/14/2022 08:15\nReported: 03/16/2022", date(2022, 3, 14)),
        ("Reported: 16 March 2022\nReceived: 15 March 2022", date(2022, 3, 16)),
        ("Date of visit\nMarch 14, 2022", date(2022, 3, 14)),
        ("Exam date: 2022-03-14  Comparison: 2020-01-01", date(2022, 3, 14)),
        ("Date of Service: Monday, March 14, 2022", date(2022, 3, 14)),
        ("Next visit: 06/14/2022\nVisit date: 03/14/2022", date(2022, 3, 14)),
        ("March 14, 2022", date(2022, 3, 14)),
        ("Admitted: 03/10/2022\nDischarged: 03/14/2022", date(2022, 3, 14)),
    ],
)
def test_labelled_date_is_chosen_by_its_label(written: Written, lines: str, expected: date) -> None:
    assert describe(written(f"Clinical Note\nDOB: 05/17/1985\n{lines}\nShe is well.")).date == expected


def test_signature_dates_an_undated_note(written: Written) -> None:
    found = describe(written("Progress Note\nShe is well.\nElectronically signed by Alma Reyes, MD on 03/14/2022"))
    assert found.date == date(2022, 3, 14)


def test_assumed_order_of_day_and_month_is_stated(written: Written) -> None:
    doubtful = describe(written("Progress Note\nDate: 03/04/2022\nShe is well."))
    assert doubtful.date == date(2022, 3, 4)
    assert any("month/day" in note for note in doubtful.notes)
    settled = describe(written("Progress Note\nDate: 03/04/2022\nReview on 25/04/2022."))
    assert (settled.date, settled.notes) == (date(2022, 4, 3), ())


@pytest.mark.parametrize(
    ("lines", "author", "credentials"),
    [
        ("Author: Alma Reyes, MD, FACR", "Alma Reyes", "MD, FACR"),
        ("Provider: Dr. Alma Reyes", "Alma Reyes", None),
        ("Attending: Reyes, Alma M., MD", "Alma M. Reyes", "MD"),
        ("Electronically signed by: Tobias Wren, PA-C 03/14/2022", "Tobias Wren", "PA-C"),
        ("Interpreted by Greta Lindqvist, MD, PhD", "Greta Lindqvist", "MD, PhD"),
        ("Sincerely,\nAnselm Okoye, MBBS, FRCP\nConsultant Nephrologist", "Anselm Okoye", "MBBS, FRCP"),
        ("Referring provider: Harold Pennington, MD\nAuthor: Ines Calloway, MD", "Ines Calloway", "MD"),
        ("Ordering physician: Harold Pennington, MD\nPathologist: Petra van Hoorn, MD", "Petra van Hoorn", "MD"),
        ("cc: Harold Pennington, MD", None, None),
    ],
)
def test_author_is_who_wrote_it(written: Written, lines: str, author: str | None, credentials: str | None) -> None:
    found = describe(written(f"Clinic Note\n{FORM}\nShe is well today and has no complaint.\n{lines}"))
    assert (found.author, found.author_credentials) == (author, credentials)


def test_specialty_of_the_reader_is_not_that_of_the_writer(written: Written) -> None:
    text = f"Willow Family Practice\nReferral Letter\n{FORM}\nTo: Department of Rheumatology\nPlease see her.\nAlma Reyes, MD"
    assert describe(written(text)).specialty == "primary_care"


def test_signature_tells_the_specialty_where_the_head_does_not(written: Written) -> None:
    text = f"Port Ellis General Hospital\nProgress Note\n{FORM}\nStable.\nElectronically signed by Alma Reyes, MD\nRheumatology"
    assert describe(written(text)).specialty == "rheumatology"


def test_patient_is_read_from_a_form_run_together_in_one_line(written: Written) -> None:
    found = describe(written("Progress Note\nName: Doe, Jane MRN: SMI-2022-44871 DOB: 1985-05-17 Sex: F\nShe is well."))
    assert (found.patient_name, found.mrn, found.date_of_birth) == ("Doe, Jane", "SMI-2022-44871", date(1985, 5, 17))


def test_repeated_letterhead_taken_out_of_the_text_still_describes(written: Written) -> None:
    letterhead = ("Harborview Neurology Clinic", "Consultation Note")
    pages = tuple(Page(n, f"Part {n} of the story.", 612, 792, letterhead) for n in (1, 2))
    found = describe(ParsedDocument("0" * 64, 2, pages))
    assert (found.doc_type.value, found.specialty, found.facility) == (
        "consultation", "neurology", "Harborview Neurology Clinic",
    )


def test_document_that_says_nothing_is_other_and_nothing_is_invented(written: Written) -> None:
    found = describe(written("Lorem ipsum dolor sit amet."))
    assert found.doc_type is DocumentType.OTHER
    assert (found.specialty, found.date, found.author, found.facility, found.patient_name, found.mrn) == (None,) * 6
    assert found.label() == "Document"


def test_every_specialty_is_reached_by_its_own_name() -> None:
    assert len({name for name, _ in SPECIALTIES}) == len(SPECIALTIES) >= 19


def test_long_hostile_lines_are_described_in_time(written: Written) -> None:
    for piece in ("A ", "Dr. ", "1/", "Patient: ", "a", "(", "A,A ", "Dr. A. ", "MD, ", "03/04/20"):
        text = piece * (100_000 // len(piece))
        document = written(text, "\n".join([text[:290]] * 100))
        started = time.thread_time()
        describe(document)
        assert time.thread_time() - started < 3, piece
