"""Two fictional patients to try the analysis with: rheumatoid arthritis before a biologic, lupus with falling complement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up record under an id of its own. `profile` has the form of `services.clinical.profile.Profile`."""

    patient_id: str
    name: str
    label: str
    profile: dict[str, Any]


def _lab(value: float, unit: str, limits: str, day: str = "2025-02-11") -> dict[str, Any]:
    return {"value": value, "unit": unit, "reference_range": limits, "date": day}


_RA = Sample(
    "SAMPLE-RA", "Sample RA", "Rheumatoid arthritis",
    {
        "patient_id": "SAMPLE-RA", "age": 58, "sex": "F", "diagnosed_conditions": ["rheumatoid_arthritis"],
        "current_medications": ["methotrexate 15 mg weekly", "folic acid 5 mg weekly", "prednisolone 5 mg daily"],
        "family_history": ["mother: rheumatoid arthritis"], "symptom_duration_months": 19,
        "biomarkers": {
            "CRP": _lab(21.0, "mg/L", "<5"), "ESR": _lab(38.0, "mm/h", "<20"), "Hemoglobin": _lab(11.6, "g/dL", "12.0-15.5"),
            "ALT": _lab(24.0, "U/L", "<35"), "Creatinine": _lab(0.8, "mg/dL", "0.5-1.0"),
        },
        "autoantibody_panel": {
            "patient_id": "SAMPLE-RA", "collection_date": "2025-02-11",
            "results": [
                {"antibody": "RF", "value": 88, "unit": "IU/mL", "reference_range": "<14", "positive": True},
                {"antibody": "anti-CCP", "value": 190, "unit": "U/mL", "reference_range": "<7", "positive": True},
                {"antibody": "ANA", "value": 80, "titer": "1:80", "positive": True, "pattern": "speckled"},
            ],
        },
        "hla_profile": {"hla_drb1": ["DRB1*04:01", "DRB1*15:01"]},
        "extensions": {
            "serology": {"HBsAg": "negative", "Anti-HBc total": "positive", "Interferon-gamma release assay (TB)": "negative"},
            "smoking": "current", "proposed_medications": ["adalimumab"],
            "symptoms": ["symmetric arthritis of small joints", "morning stiffness of 90 minutes"],
            "instrument_items": {
                "rheumatoid_arthritis": {"tjc28": 9, "sjc28": 6, "pga_0_100_mm": 62, "ega_0_10": 5.5},
            },
        },
    },
)  # fmt: skip
_SLE = Sample(
    "SAMPLE-SLE", "Sample SLE", "Systemic lupus erythematosus",
    {
        "patient_id": "SAMPLE-SLE", "age": 27, "sex": "F", "diagnosed_conditions": ["systemic_lupus_erythematosus"],
        "current_medications": ["hydroxychloroquine 200 mg daily", "azathioprine 100 mg daily"],
        "family_history": ["aunt: Hashimoto thyroiditis"], "symptom_duration_months": 44,
        "biomarkers": {
            "C3": _lab(61.0, "mg/dL", "90-180"), "C4": _lab(6.0, "mg/dL", "10-40"), "WBC": _lab(3.1, "10^9/L", "4.0-11.0"),
            "Platelets": _lab(132.0, "10^9/L", "150-400"), "Creatinine": _lab(0.9, "mg/dL", "0.5-1.0"),
            "UPCR": _lab(0.9, "g/g", "<0.2"), "CRP": _lab(4.0, "mg/L", "<5"), "ESR": _lab(52.0, "mm/h", "<20"),
        },
        "autoantibody_panel": {
            "patient_id": "SAMPLE-SLE", "collection_date": "2025-02-11",
            "results": [
                {"antibody": "ANA", "value": 1280, "titer": "1:1280", "positive": True, "pattern": "homogeneous"},
                {"antibody": "anti-dsDNA", "value": 210, "unit": "IU/mL", "reference_range": "<30", "positive": True},
                {"antibody": "anti-Sm", "value": 2.4, "unit": "AI", "reference_range": "<1.0", "positive": True},
                {"antibody": "anti-SSA/Ro", "value": 0.4, "unit": "AI", "reference_range": "<1.0", "positive": False},
            ],
        },
        "hla_profile": {"hla_drb1": ["DRB1*03:01", "DRB1*15:01"]}, "genotypes": {"TPMT": "*1/*3A"},
        "extensions": {
            "smoking": "never", "pregnant": False, "prior_nephritis": True,
            "symptoms": ["malar rash", "polyarthritis", "oral ulcers", "fatigue"],
            "lab_history": {
                "C3": [_lab(96.0, "mg/dL", "90-180", "2024-06-03"), _lab(78.0, "mg/dL", "90-180", "2024-10-21")],
                "C4": [_lab(12.0, "mg/dL", "10-40", "2024-06-03"), _lab(9.0, "mg/dL", "10-40", "2024-10-21")],
            },
            "instrument_items": {
                "SLEDAI-2K": {
                    "rash": True, "arthritis": True, "mucosal_ulcers": True, "low_complement": True, "proteinuria": True,
                    "increased_dna_binding": True, "all_others_absent": True,
                },
            },
        },
    },
)  # fmt: skip
SAMPLES: dict[str, Sample] = {"ra": _RA, "sle": _SLE}
