"""For whom an instrument is made: Crohn's disease is not ulcerative colitis, skin is not joints.

A diagnosis in the inputs that names another disease, or another form of it, makes the instrument not applicable. A
diagnosis that is not recognised changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.clinical.activity.names import DIAGNOSIS, fold
from services.clinical.activity.records import InstrumentRecord
from services.clinical.disease import Disease

_FORMS: dict[str, tuple[str, ...]] = {
    "crohn_disease": ("crohn", "crohns", "crohndisease", "crohnsdisease", "cd", "regionalenteritis"),
    "ulcerative_colitis": ("ulcerativecolitis", "uc", "proctitis", "ulcerativeproctitis"),
    "ibd_unclassified": ("ibdu", "ibdunclassified", "indeterminatecolitis", "microscopiccolitis"),
    "psoriatic_arthritis": ("psoriaticarthritis", "psa"),
    "skin_psoriasis": ("psoriasis", "plaquepsoriasis", "skinpsoriasis", "psoriasisvulgaris", "cutaneouspsoriasis", "pso"),
}
_LABELS = {
    "crohn_disease": "Crohn's disease",
    "ulcerative_colitis": "ulcerative colitis",
    "psoriatic_arthritis": "psoriatic arthritis",
}
_BY_NAME = {name: form for form, spellings in _FORMS.items() for name in spellings}


def form_named(text: str) -> str | None:
    """Return the form of a disease a text names (`UC` -> `ulcerative_colitis`), or None."""
    return _BY_NAME.get(fold(text)) or _BY_NAME.get(fold(text.partition("(")[0]))


def refused_population(record: InstrumentRecord, inputs: Mapping[str, object]) -> str | None:
    """Return why the instrument does not apply to the diagnosis among `inputs`, or None."""
    diagnoses = [str(raw)[:200] for name, raw in inputs.items() if fold(str(name)) in DIAGNOSIS and isinstance(raw, str)]
    forms = {form for text in diagnoses if (form := form_named(text)) is not None}
    if record.population is not None and forms and record.population not in forms:
        return f"{record.name} is for {_LABELS[record.population]} only"
    diseases = {disease for text in diagnoses if (disease := Disease.parse(text)) is not None}
    if diseases and not diseases & set(record.diseases):
        return f"{record.name} is for {', '.join(disease.label for disease in record.diseases)} only"
    return None
