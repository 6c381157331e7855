"""Loads every table of the clinical engine once, so that no analysis reads the disk or builds an index."""

from __future__ import annotations

from pydantic_core import to_json

from services.clinical.analysis.composition import analyse
from services.clinical.analysis.document import response
from services.clinical.analysis.question import DifferentialQuestion, answer
from services.clinical.disease import Disease
from services.clinical.profile import Profile


def warm_up() -> None:
    """Analyse a made-up patient with all thirteen diagnoses; idempotent, about a second the first time."""
    to_json(response(analyse(Profile.model_validate(_EVERYTHING))))
    to_json(answer(DifferentialQuestion(positive_antibodies=("ANA", "unknown"), symptoms=("malar rash",))))


_EVERYTHING = {
    "patient_id": "warm-up", "age": 45, "sex": "F",
    "diagnosed_conditions": [disease.value for disease in Disease],
    "autoantibody_panel": {
        "patient_id": "warm-up", "collection_date": "2000-01-01",
        "results": [
            {"antibody": "ANA", "value": 640, "titer": "1:640", "pattern": "homogeneous", "positive": True},
            {"antibody": "unknown antibody", "value": 1},
        ],
    },
    "hla_profile": {"hla_b": ["B*27:05", "B*07:02"], "hla_drb1": ["DRB1*03:01"], "hla_dqb1": ["DQB1*02:01"]},
    "biomarkers": {"CRP": 12, "C3": {"value": 60, "unit": "mg/dL"}, "TSH": 0.01, "unknown": 1},
    "genotypes": {"TPMT": "*1/*3A", "HLA-B": "*58:01"},
    "current_medications": ["methotrexate 15 mg weekly", "unknown drug"],
    "family_history": ["mother: psoriasis"],
    "extensions": {
        "symptoms": ["malar rash", "no fever", "temperature 38.5"], "comorbidities": ["latent TB"],
        "proposed_medications": ["adalimumab"], "unknown_key": 3,
        "instrument_items": {"HBI": {"general_wellbeing": 1}, "unknown": {}},
        "lab_history": {"C3": [{"value": 90, "unit": "mg/dL", "date": "2000-01-01"}]},
    },
}  # fmt: skip
