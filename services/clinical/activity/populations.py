"""For whom an instrument is made: Crohn's disease is not ulcerative colitis, skin is not joints.

A diagnosis in the inputs that names another disease, or another form of it, makes the instrument not applicable. A
diagnosis that is not recognised changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.clinical.activity.names import DIAGNOSIS, fold
from services.clinical.activity.records import InstrumentRecord
from services.clinical.disease import Disease

_ABBREVIATIONS = {
    "cd": "crohn_disease", "uc": "ulcerative_colitis", "ibdu": "ibd_unclassified",
    "psa": "psoriatic_arthritis", "pso": "skin_psoriasis",
}  # fmt: skip
_PARTS = (  # the first part found in the folded name decides
    ("crohn", "crohn_disease"),
    ("ulcerativecolitis", "ulcerative_colitis"),
    ("proctitis", "ulcerative_colitis"),
    ("indeterminatecolitis", "ibd_unclassified"),
    ("ibdunclassified", "ibd_unclassified"),
    ("withoutarthritis", "skin_psoriasis"),
    ("psoriaticarthritis", "psoriatic_arthritis"),
    ("psoriasis", "skin_psoriasis"),
)
_LABELS = {
    "crohn_disease": "Crohn's disease",
    "ulcerative_colitis": "ulcerative colitis",
    "psoriatic_arthritis": "psoriatic arthritis",
}


def form_named(text: str) -> str | None:
    """Return the form of a disease a text names (`UC` -> `ulcerative_colitis`), or None."""
    folded = fold(text)
    return _ABBREVIATIONS.get(folded) or next((form for part, form in _PARTS if part in folded), None)


def disease_of(form: str) -> Disease:
    """Return the disease a form belongs to."""
    skin_or_joints = form in ("psoriatic_arthritis", "skin_psoriasis")
    return Disease.PSORIASIS if skin_or_joints else Disease.INFLAMMATORY_BOWEL_DISEASE


def refused_population(record: InstrumentRecord, inputs: Mapping[str, object]) -> str | None:
    """Return why the instrument does not apply to the diagnosis among `inputs`, or None."""
    diagnoses = [str(raw)[:200] for name, raw in inputs.items() if fold(str(name)) in DIAGNOSIS and isinstance(raw, str)]
    forms = {form for text in diagnoses if (form := form_named(text)) is not None}
    if any(fold(str(name)) == "psoriaticarthritis" and raw is False for name, raw in inputs.items()):
        forms.add("skin_psoriasis")
    if record.population is not None and forms and record.population not in forms:
        return f"{record.name} is for {_LABELS[record.population]} only"
    diseases = {disease for text in diagnoses if (disease := Disease.parse(text)) is not None}
    if diseases and not diseases & set(record.diseases):
        return f"{record.name} is for {', '.join(disease.label for disease in record.diseases)} only"
    return None
