"""What the record says about the patient's situation, as answers a predictor can ask for.

An answer not given is unknown. The vocabulary is the set of `context` names in `flare_predictors.yaml`; in a profile they
live in `extensions["flare_context"]`, with a few common keys of `extensions` read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from services.clinical.flare.records import PredictorTest, flare_records
from services.clinical.profile import Profile

_SMOKING = {"current": True, "yes": True, "smoker": True, "never": False, "former": False, "no": False, "ex-smoker": False}
_SUBTYPES = {
    "crohns_disease": "crohns_disease", "crohn": "crohns_disease", "crohns": "crohns_disease",
    "crohn's disease": "crohns_disease", "crohn disease": "crohns_disease", "cd": "crohns_disease",
    "ulcerative_colitis": "ulcerative_colitis", "ulcerative colitis": "ulcerative_colitis", "uc": "ulcerative_colitis",
}
_SAME = {
    "pregnant": "pregnancy", "pregnancy": "pregnancy", "postpartum": "postpartum", "smoker": "smoking",
    "infection": "infection", "recent_infection": "infection", "non_adherence": "non_adherence",
    "treatment_stopped": "treatment_stopped", "prior_nephritis": "prior_nephritis", "thymoma": "thymoma",
    "obesity": "obesity", "recent_relapse": "recent_relapse",
}


@cache
def vocabulary() -> frozenset[str]:
    """Return every context name a predictor or an alert asks for."""
    names: set[str] = set()
    for record in flare_records().values():
        asked: list[PredictorTest] = [predictor.test for predictor in record.predictors]
        asked += [test for alert in record.alerts for group in alert.any_of for test in group]
        names.update(test.context for test in asked if test.context)
        names.update(record.core_context)
    return frozenset(names)


def context_of(profile: Profile) -> dict[str, bool]:
    """Return the answers found in the profile's extensions; only real yes or no answers count."""
    extensions = profile.extensions
    answers = {name: value for key, name in _SAME.items() if isinstance(value := extensions.get(key), bool)}
    smoking = extensions.get("smoking")
    if isinstance(smoking, bool):
        answers["smoking"] = smoking
    elif isinstance(smoking, str) and (known := _SMOKING.get(smoking[:20].strip().lower())) is not None:
        answers["smoking"] = known
    months = extensions.get("postpartum_months")
    if isinstance(months, (int, float)) and not isinstance(months, bool):
        answers["postpartum"] = 0 <= months <= 12
    answers.update(_given(extensions.get("flare_context")))
    return answers


def _given(raw: Any) -> dict[str, bool]:
    if not isinstance(raw, Mapping):
        return {}
    return {key: value for key, value in raw.items() if key in vocabulary() and isinstance(value, bool)}


def unrecognised_context(profile: Profile) -> tuple[str, ...]:
    """Return the keys of `flare_context` that no predictor asks for, to be echoed."""
    raw = profile.extensions.get("flare_context")
    if not isinstance(raw, Mapping):
        return ()
    return tuple(str(key)[:80] for key in raw if key not in vocabulary())


def ibd_subtype(profile: Profile) -> str | None:
    """Return crohns_disease or ulcerative_colitis where the profile says which, else None."""
    raw = profile.extensions.get("ibd_subtype")
    return _SUBTYPES.get(raw[:40].strip().lower()) if isinstance(raw, str) else None
