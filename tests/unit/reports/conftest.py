"""Reports of the demo patients and of one made-up patient, built from real analyses."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from demo_data.catalogue import load_patients
from demo_data.current_profile import profile_of
from services.access.principals import LOCAL_USER
from services.clinical.analysis import analyse, to_document
from services.clinical.profile import Profile
from services.evidence.documents.reading import DocumentReader
from services.patients.analyses import AnalysisEntry, AnalysisLog, StoredAnalysis
from services.patients.registry import Patient, PatientRegistry
from services.reports import AssistantAnswer, ReportChoice, ReportContent, Reports, Standing, build
from services.storage.database import Database

NOW = datetime.datetime(2026, 1, 5, 14, 2, tzinfo=datetime.UTC)
DEMO = {one.id: one for one in load_patients()}
LUPUS: dict[str, Any] = {
    "patient_id": "case-1", "age": 34, "sex": "F", "diagnosed_conditions": ["systemic_lupus_erythematosus"],
    "autoantibody_panel": {
        "patient_id": "case-1", "collection_date": "2025-11-03",
        "results": [
            {"antibody": "ANA", "value": 640, "titer": "1:640", "reference_range": "<1:80", "pattern": "homogeneous"},
            {"antibody": "anti-dsDNA", "value": 186, "unit": "IU/mL", "reference_range": "<30"},
            {"antibody": "anti-Sm", "value": 0.6, "unit": "AI", "reference_range": "<1.0"},
            {"antibody": "anti-Quux", "value": 3, "unit": "U/mL"},
        ],
    },
    "hla_profile": {"hla_drb1": ["DRB1*03:01", "DRB1*15:01"]},
    "biomarkers": {
        "C3": {"value": 0.62, "unit": "g/L", "reference_range": "0.9-1.8", "date": "2025-11-03"},
        "CRP": {"value": 2, "unit": "mg/L", "date": "2025-11-03"},
    },
    "current_medications": ["hydroxychloroquine 300 mg daily"],
    "extensions": {"pregnant": True, "qualitative_antibodies": {"lupus anticoagulant": True}},
}  # fmt: skip


@cache
def stored_demo(patient_id: str) -> StoredAnalysis:
    return stored(profile_of(DEMO[patient_id]))


def stored(profile: Profile) -> StoredAnalysis:
    document = to_document(analyse(profile, today=NOW.date()))
    return StoredAnalysis(AnalysisEntry("a" * 32, profile.patient_id, NOW, "tester", document["versions"]), profile, document)


def patient(patient_id: str) -> Patient:
    if patient_id in DEMO:
        demo = DEMO[patient_id]
        return Patient(demo.id, demo.name, demo.dob, demo.sex, demo.mrn, True, demo.summary)
    return Patient(patient_id, "Ada Example", datetime.date(1991, 2, 3), "F", "MRN-7", False, "")


def content_of(
    profile: dict[str, Any] | str, choice: ReportChoice | None = None, answer: AssistantAnswer | None = None
) -> ReportContent:
    """The content for a demo patient's id, or for a profile."""
    analysis = stored_demo(profile) if isinstance(profile, str) else stored(Profile.model_validate(profile))
    return build(patient(analysis.entry.patient_id), analysis, choice or ReportChoice(), answer)


def draft(content: ReportContent) -> Standing:
    return Standing(prepared_at=NOW, digest=content.digest())


def signed(content: ReportContent, name: str = "Dr. Grace Example") -> Standing:
    return Standing.model_validate(
        {"id": "b" * 32, "state": "signed", "prepared_at": NOW, "reviewed_by": name, "reviewed_at": NOW, "signed_by": name,
         "signed_at": NOW, "digest": content.digest()}
    )  # fmt: skip


@pytest.fixture
def patients(database: Database) -> PatientRegistry:
    return PatientRegistry(database)


@pytest.fixture
def analyses(database: Database, patients: PatientRegistry) -> AnalysisLog:
    return AnalysisLog(database, patients)


@pytest.fixture
def reports(database: Database, patients: PatientRegistry, analyses: AnalysisLog) -> Iterator[Reports]:
    with DocumentReader() as reader:
        yield Reports(database, patients, analyses, reader)


@pytest.fixture
def add_patient(patients: PatientRegistry) -> Callable[..., str]:
    def add(patient_id: str = "case-1", profile: dict[str, Any] | None = None) -> str:
        record = LUPUS if profile is None else profile
        patients.create(patient_id, LOCAL_USER, name="Ada Example", sex="F", profile=record)
        return patient_id

    return add
