"""Which keys of `Profile.extensions` nobody reads: they are echoed, so that a misspelt key is seen.

A key with a reader of its own is known by its name. Any other key is known when reading it alone tells the reader of
conditions something; a key that says nothing ("unknown", null) loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from services.clinical import conditions as conditions_reader
from services.clinical.analysis.criteria import CRITERIA_KEYS
from services.clinical.analysis.inputs import ABSENT_KEYS, HLA_KEYS, SYMPTOM_KEYS
from services.clinical.analysis.model import Unrecognised
from services.clinical.antibodies import normalise_antibody
from services.clinical.conditions import Conditions
from services.clinical.labs import resolve
from services.clinical.phrases import words
from services.clinical.profile import HlaProfile, Profile
from services.knowledge.drugs import Condition, rules, therapies

READ_BY_NAME = frozenset({
    *SYMPTOM_KEYS, *ABSENT_KEYS, *HLA_KEYS, *CRITERIA_KEYS, "instrument_items", "flare_context", "lab_history",
    "ibd_subtype", "ibd_type", "psoriasis_subtype", "disease_subtype", "subtype", "psoriatic_arthritis", "pregnant",
    "smoking", "smoker", "postpartum", "postpartum_months", "infection", "recent_infection", "non_adherence",
    "treatment_stopped", "prior_nephritis", "thymoma", "obesity", "recent_relapse", "genomic_findings",
    "documented_findings",
})  # fmt: skip
MAX_PROBES = 100
_SAYS_NOTHING = frozenset({
    "", "unknown", "na", "n a", "not known", "not tested", "pending", "not done", "null", "none", "unclear",
})  # fmt: skip


def unknown_keys(extensions: Mapping[str, Any]) -> tuple[Unrecognised, ...]:
    """Return the extension keys nothing was read from, nested ones as `key.subkey`."""
    asked = [pair for key, value in extensions.items() for pair in _parts(str(key), value)][:MAX_PROBES]
    if not asked:
        return ()
    bare = Profile(patient_id="probe", age=40, sex="F", hla_profile=HlaProfile())
    silence = conditions_reader.parse(bare)
    found = [
        name for name, extension in asked
        if not _tells(conditions_reader.parse(bare.model_copy(update={"extensions": extension})), silence)
    ]
    return tuple(Unrecognised(kind="extension", written=name[:200]) for name in dict.fromkeys(found))


def _parts(key: str, value: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    if _is_read_by_name(key) or _says_nothing(value):
        return
    if isinstance(value, Mapping) and "value" not in value:
        if "antibod" in key.lower():
            return
        for subkey, subvalue in value.items():
            if not _says_nothing(subvalue):
                yield f"{key}.{subkey}", {key: {subkey: subvalue}}
    else:
        yield key, {key: value}


def _is_read_by_name(key: str) -> bool:
    folded = "_".join(words(key[:120]))
    return key in READ_BY_NAME or folded in READ_BY_NAME or normalise_antibody(key[:100].replace("_", " ")).id is not None


def _says_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return " ".join(words(value[:100])) in _SAYS_NOTHING
    return value is None or (isinstance(value, list | tuple | dict) and not value)


def _tells(read: Conditions, silence: Conditions) -> bool:
    if any(_is_used(name) for name in read.numbers):
        return True
    lists = (
        read.diseases, read.family, read.allergies, read.prior_medications, read.proposed_medications,
        read.further_medications, read.genotypes, read.unrecognised,
    )  # fmt: skip
    return read.findings != silence.findings or any(lists)


@cache
def _measures() -> frozenset[str]:
    """Return every number a rule or a therapy asks for by name."""
    conditions = [rule.when for rule in rules()] + [use.when for therapy in therapies() for use in therapy.uses]
    names: set[str] = {"weight_kg", "smoking_pack_years"}
    waiting: list[Condition] = [one for one in conditions if one is not None]
    while waiting:
        one = waiting.pop()
        if one.measure:
            names.add(one.measure)
        waiting += [*one.all_of, *one.any_of, *(part for part in (one.negated, one.unless) if part is not None)]
    return frozenset(names)


def _is_used(number: str) -> bool:
    return number in _measures() or resolve(number) is not None
