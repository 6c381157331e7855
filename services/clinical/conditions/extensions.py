"""Gather what `Profile.extensions` states into findings and numbers.

Keys are read in words, so `hbv: negative`, `hbsag: false`, `serology: {HBsAg: negative}` and a sentence in `history`
give the same finding. Booleans, numbers, strings, lists and mappings are accepted. What states nothing known is echoed
in `unrecognised`; keys that belong to other parts of the analysis (criteria items, instrument items) are left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from pydantic import Field

from services.clinical import genotypes as genotypes_reader
from services.clinical.conditions.text import Finding, State, finding_names, is_of_family, read_text
from services.clinical.disease import Disease
from services.clinical.explanation import Frozen
from services.clinical.phrases import MAX_TEXT, fold, words
from services.clinical.profile import Profile
from services.knowledge.drugs import FindingRecord, findings

MAX_ENTRIES = 300
MAX_DEPTH = 4

_TEXT_KEYS = frozenset(
    """comorbidities comorbidity history medical_history past_medical_history past_history symptoms symptom conditions
    diagnoses complications cardiac_history malignancy_history risk_factors signs clinical_findings problems
    infection_history obstetric_history surgical_history current_symptoms""".split()
)
_PRIOR_DRUG_KEYS = frozenset(
    """prior_immunosuppressant prior_immunosuppressants prior_immunosuppression prior_medications previous_medications
    prior_therapies previous_therapies failed_therapies failed_medications prior_biologics previous_biologics
    past_medications prior_treatments previous_treatments prior_drugs""".split()
)
_PROPOSED_KEYS = frozenset(
    """proposed_medications proposed_medication planned_medications proposed_drugs proposed_therapy proposed_therapies
    proposed_treatment proposed_treatments planned_treatment planned_treatments planned_vaccines proposed_vaccines
    planned_vaccinations requested_vaccines requested_vaccine planned_procedures planned_imaging""".split()
)
_TAKEN_KEYS = frozenset(
    """supplements supplement otc_medications over_the_counter other_medications concomitant_medications medications
    contraception contraceptive""".split()
)
_ALLERGY_KEYS = frozenset({"allergies", "allergy", "drug_allergies", "intolerances"})
_VACCINE_KEYS = frozenset({"vaccinations", "vaccines", "vaccination", "immunisations", "immunizations"})
_ABSENT_KEYS = frozenset("ruled_out negative_findings pertinent_negatives absent denies excluded".split())
# Keys that hold what is asked, considered or true of somebody else, not what the patient has.
_OTHERS = frozenset("family differential question questions goal goals considered father mother sibling partner".split())
_NUMBER_ALIASES = {
    "qtc_ms": "qtc", "qt_c": "qtc", "weight": "weight_kg", "body_weight_kg": "weight_kg", "actual_weight_kg": "weight_kg",
    "treatment_duration_months": "duration_months", "natalizumab_months": "duration_months",
    "months_on_treatment": "duration_months", "natalizumab_duration_months": "duration_months",
    "natalizumab_infusions": "duration_months", "therapy_duration_months": "duration_months",
    "gestational_age_weeks": "gestational_weeks", "pregnancy_weeks": "gestational_weeks",
    "weeks_pregnant": "gestational_weeks", "weeks_gestation": "gestational_weeks", "sbp": "systolic_bp",
    "systolic": "systolic_bp", "systolic_blood_pressure": "systolic_bp", "systolic_bp_mmhg": "systolic_bp",
    "crcl": "creatinine_clearance", "crcl_ml_min": "creatinine_clearance", "creatinine_clearance_ml_min": "creatinine_clearance",
    "egfr_ml_min": "egfr", "pack_years": "smoking_pack_years",
}  # fmt: skip
_NEGATIVE = frozenset("no none false negative never absent neg nil n not".split())
_POSITIVE = frozenset("yes true positive present pos y current active".split())
_UNSAID = frozenset(("", "unknown", "na", "not known", "not tested", "pending", "not done", "null", "unclear", "not stated"))
_FEMALE_ONLY = ("pregnancy", "first_trimester", "third_trimester", "breastfeeding")
_WEEKS = re.compile(r"(\d{1,2}) ?(?:\+ ?\d )?(?:weeks?|wks?|w)\b")
_PRESSURE = re.compile(r"(?<!\d)(\d{2,3}) ?/ ?\d{2,3}(?!\d)")
_WRITTEN_PRESSURE = re.compile(r"\b(?:bp|blood pressure)\W{0,3}(\d{2,3}) ?/ ?\d{2,3}(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)")
_EXCLUSIVE = (("crohns_disease", "ulcerative_colitis"), ("ulcerative_colitis", "crohns_disease"))
FROM_DIAGNOSIS = "diagnosis: "
FIRST_TRIMESTER_WEEKS = 14
THIRD_TRIMESTER_WEEKS = 28


class Conditions(Frozen):
    """What is stated. A finding that is in none of the records is unknown, never absent.

    `numbers` are in the unit their key names (`weight_kg`, `qtc` in ms, `duration_months`, `gestational_weeks`). `genotypes`
    are those stated among the conditions, by gene.
    """

    findings: Mapping[str, Finding] = Field(default_factory=dict)
    diseases: tuple[Disease, ...] = ()
    numbers: Mapping[str, float] = Field(default_factory=dict)
    family: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    prior_medications: tuple[str, ...] = ()
    proposed_medications: tuple[str, ...] = ()
    further_medications: tuple[str, ...] = ()
    genotypes: Mapping[str, str] = Field(default_factory=dict)
    unrecognised: tuple[str, ...] = ()

    def get(self, finding_id: str) -> Finding | None:
        """Return the statement about a finding, or None where nothing is stated."""
        return self.findings.get(finding_id)

    def present(self, finding_id: str) -> bool:
        """Whether a finding is stated to be present."""
        found = self.findings.get(finding_id)
        return found is not None and found.state is State.PRESENT


def parse(profile: Profile, *, today: date | None = None) -> Conditions:
    """Return what the profile's diagnoses, extensions and serology results state."""
    gathering = _Gathering(today)
    for disease in profile.diagnosed_conditions:
        gathering.diagnosis(disease)
    if profile.sex == "M":
        gathering.settle(_FEMALE_ONLY, "male")
    for key, value in list(profile.extensions.items())[:MAX_ENTRIES]:
        gathering.extension(str(key)[:120], value)
    if profile.autoantibody_panel is not None:
        for result in profile.autoantibody_panel.results:
            if result.positive is not None:
                gathering.serology(result.antibody, result.positive)
    for name, measured in profile.biomarkers.items():
        value = measured if isinstance(measured, int | float) else measured.value
        if value in (0, 1):
            gathering.serology(name, value == 1)
    for entry in profile.family_history:
        gathering.relatives(entry)
    return gathering.conditions()


class _Gathering:
    def __init__(self, today: date | None) -> None:
        self._today = today
        self._findings: dict[str, Finding] = {}
        self._diseases: list[Disease] = []
        self._numbers: dict[str, float] = {}
        self._family: list[str] = []
        self._allergies: list[str] = []
        self._prior: list[str] = []
        self._proposed: list[str] = []
        self._taken: list[str] = []
        self._genotypes: dict[str, str] = {}
        self._unrecognised: list[str] = []

    def conditions(self) -> Conditions:
        self._derive()
        return Conditions(
            findings=_closed(self._findings),
            diseases=tuple(dict.fromkeys(self._diseases)),
            numbers=self._numbers,
            family=tuple(dict.fromkeys(self._family)),
            allergies=tuple(self._allergies),
            prior_medications=tuple(self._prior),
            proposed_medications=tuple(self._proposed),
            further_medications=tuple(self._taken),
            genotypes=self._genotypes,
            unrecognised=tuple(dict.fromkeys(self._unrecognised)),
        )

    def diagnosis(self, disease: Disease) -> None:
        self._diseases.append(disease)
        for record in _established_by(disease.value):
            self._keep(_stated(record, State.PRESENT, f"{FROM_DIAGNOSIS}{disease.label}"))

    def settle(self, ids: Iterable[str], why: str) -> None:
        for finding_id in ids:
            self._keep(_stated(findings()[finding_id], State.ABSENT, why))

    def serology(self, name: str, positive: bool) -> None:
        named = finding_names().get(name)
        if named is not None:
            state = State.PRESENT if positive != named.absent else State.ABSENT
            self._keep(_stated(named.record, state, f"{name[:100]}: {'positive' if positive else 'negative'}"))

    def relatives(self, text: str) -> None:
        reading = read_text(text, today=self._today)
        self._family += [one.id for one in reading.findings if one.state is State.PRESENT]
        self._family += reading.family

    def extension(self, key: str, value: Any, depth: int = 0) -> None:
        folded = "_".join(words(key))
        if value is None or depth > MAX_DEPTH:
            return
        if _OTHERS & set(words(key)):
            for text in _texts(value) if "family" in folded else ():
                self.relatives(text)
        elif folded in _ABSENT_KEYS:
            for text in _texts(value):
                self._read(f"no {text}")
        elif folded in _TEXT_KEYS:
            for text in _texts(value):
                self._text(text)
        elif folded in _PRIOR_DRUG_KEYS:
            self._prior_drugs(folded, value)
        elif folded in _PROPOSED_KEYS:
            self._proposed += _texts(value)
            for text in _texts(value):  # "hip replacement planned" is a finding, not a drug
                self._read(text)
        elif folded in _TAKEN_KEYS:
            self._taken += _texts(value)
        elif folded in _ALLERGY_KEYS:
            for text in _texts(value):
                self._allergies.append(text)
                self._read(f"allergy to {text}")
        elif folded in _VACCINE_KEYS:
            self._vaccinations(value)
        elif isinstance(value, Mapping) and "value" not in value:
            for subkey, subvalue in list(value.items())[:MAX_ENTRIES]:
                self._under(key, str(subkey)[:120], subvalue, depth)
        else:
            self._scalar(key, folded, value)

    def _vaccinations(self, value: Any) -> None:
        """Read a vaccination list. It is taken as complete: meningococcal vaccines that are not in it were not given."""
        for text in _texts(value):
            self._read(text)
        if not {"meningococcal_vaccination", "men_acwy", "men_b"} & self._findings.keys():
            record = findings()["meningococcal_vaccination"]
            self._keep(_stated(record, State.ABSENT, "not in the vaccination list"))

    def _under(self, key: str, subkey: str, value: Any, depth: int) -> None:
        known = finding_names().get(subkey) is not None or "_".join(words(subkey)) in _NUMBER_ALIASES
        self.extension(subkey if known else f"{key} {subkey}", value, depth + 1)

    def _scalar(self, key: str, folded: str, value: Any) -> None:
        if isinstance(value, list | tuple):
            for item in value[:MAX_ENTRIES]:
                if isinstance(item, str):
                    self._keyed_text(key, item)
            return
        if isinstance(value, bool):
            self._keyed_text(key, "yes" if value else "no")
            return
        number = _number(value)
        if number is not None:
            self._number_of(key, folded, number)
        elif isinstance(value, str):
            self._keyed_text(key, value)

    def _number_of(self, key: str, folded: str, number: float) -> None:
        if folded in {"weight_lb", "weight_lbs", "weight_pounds"}:
            folded, number = "weight_kg", number * 0.45359237
        name = _NUMBER_ALIASES.get(folded, folded)
        self._numbers.setdefault(name, number)
        if name == "smoking_pack_years":
            self._keep(_stated(findings()["smoker"], State.PRESENT if number > 0 else State.ABSENT, f"{number:g} pack-years"))
        elif name in {"pregnancy", "pregnant"} and number <= 1:
            self._keyed_text(key, "yes" if number else "no")
        elif name in {"pregnancy", "gestational_weeks"}:
            self._weeks(number)
        elif number == 0:  # a checklist item: 0 is no, any other number is how much
            self._read(f"{' '.join(words(key))} negative")
        elif number == int(number):
            self._read(f"{key} {int(number)}")

    def _keyed_text(self, key: str, value: str) -> None:
        text = value.strip()[:MAX_TEXT]
        plain = " ".join(words(text))
        if plain in _UNSAID:
            return
        subject = " ".join(words(key))
        if subject.startswith(("pregnancy", "pregnant")):
            weeks = _WEEKS.search(fold(text))
            if weeks is not None:
                self._weeks(float(weeks.group(1)))
                return
        if subject in {"smoking", "smoking status", "tobacco", "smoker"}:
            absent = plain in _NEGATIVE or plain.startswith(("never", "non"))
            self._keep(_stated(findings()["smoker"], State.ABSENT if absent else State.PRESENT, f"{key}: {text}"))
            return
        pressure = _PRESSURE.search(text) if subject in {"blood pressure", "bp", "home blood pressure"} else None
        if pressure is not None:
            self._numbers.setdefault("systolic_bp", float(pressure.group(1)))
            return
        weight = _NUMBER.match(plain) if subject.startswith("weight") else None
        if weight is not None:
            self._number_of(key, "weight_lb" if "lb" in plain else "weight_kg", float(weight.group(1)))
            return
        if self._genotype(f"{key} {text}"):
            return
        if finding_names().get(f"{subject} {plain}") is not None:
            self._read(f"{subject} {plain}")
        elif plain in _NEGATIVE:
            self._read(f"{subject} negative")
        elif plain in _POSITIVE:
            self._read(f"{subject} positive")
        elif not self._read(text):
            self._read(f"{subject} {text}")

    def _weeks(self, weeks: float) -> None:
        self._numbers["gestational_weeks"] = weeks
        self._keep(_stated(findings()["pregnancy"], State.PRESENT, f"pregnant, {weeks:g} weeks"))
        if weeks < FIRST_TRIMESTER_WEEKS:
            self._keep(_stated(findings()["first_trimester"], State.PRESENT, f"{weeks:g} weeks"))
        if weeks >= THIRD_TRIMESTER_WEEKS:
            self._keep(_stated(findings()["third_trimester"], State.PRESENT, f"{weeks:g} weeks"))

    def _prior_drugs(self, key: str, value: Any) -> None:
        texts = ["yes" if value else "none"] if isinstance(value, bool) else _texts(value)
        named = [text for text in texts if " ".join(words(text)) not in _NEGATIVE | _UNSAID]
        if "immunosuppress" in key and texts:
            state = State.PRESENT if named else State.ABSENT
            self._keep(_stated(findings()["prior_immunosuppressant"], state, f"{key}: {', '.join(texts)[:150]}"))
        self._prior += [text for text in named if text != "yes"]

    def _text(self, text: str) -> None:
        pressure = _WRITTEN_PRESSURE.search(text[:MAX_TEXT])
        if pressure is not None:
            self._numbers.setdefault("systolic_bp", float(pressure.group(1)))
        disease = Disease.parse(text)
        if disease is not None:
            self.diagnosis(disease)
        understood = self._read(text) | self._genotype(text)
        if not understood and disease is None and pressure is None and " ".join(words(text)) not in _UNSAID | _NEGATIVE:
            self._unrecognised.append(text[:200])

    def _genotype(self, text: str) -> bool:
        """Keep a pharmacogene phenotype stated among the conditions ("TPMT intermediate metabolizer"), unless of a relative."""
        stated = None if is_of_family(text) else genotypes_reader.read_sentence(text)
        if stated is not None:
            self._genotypes.setdefault(*stated)
        return stated is not None

    def _read(self, text: str) -> bool:
        reading = read_text(text, today=self._today)
        for finding in reading.findings:
            self._keep(finding)
        self._family += reading.family
        return reading.understood

    def _keep(self, finding: Finding) -> None:
        """Keep the stronger of two statements: present over absent, the more recent of two that are present."""
        earlier = self._findings.get(finding.id)
        if earlier is None or _strength(finding) > _strength(earlier):
            self._findings[finding.id] = finding

    def _derive(self) -> None:
        has_acwy, has_b = (self._is_present(one) for one in ("men_acwy", "men_b"))
        if has_acwy or has_b:
            self._findings.pop("meningococcal_vaccination", None)
            state = State.PRESENT if has_acwy and has_b else State.ABSENT
            said = "ACWY and B" if has_acwy and has_b else f"only {'ACWY' if has_acwy else 'B'} stated"
            self._keep(_stated(findings()["meningococcal_vaccination"], state, said))
        for stated, other in _EXCLUSIVE:
            if self._is_present(stated) and other not in self._findings:
                why = f"{findings()[stated].label} is stated instead"
                self._keep(_stated(findings()[other], State.ABSENT, why))
        # "hepatitis B" alone, affirmed and no more: read as infection until the serology says otherwise
        if self._is_present("hbv") and not {"hbv_infection", "hbv_core"} & self._findings.keys():
            written = self._findings["hbv"].text
            self._keep(_stated(findings()["hbv_infection"], State.PRESENT, written))

    def _is_present(self, finding_id: str) -> bool:
        finding = self._findings.get(finding_id)
        return finding is not None and finding.state is State.PRESENT


@cache
def _established_by(disease: str) -> tuple[FindingRecord, ...]:
    """Return the findings a diagnosis establishes, in file order."""
    return tuple(record for record in findings().values() if disease in record.diseases)


def _strength(finding: Finding) -> tuple[bool, int, bool, float]:
    """Order two statements: present over absent, untreated over treated over unsaid, stated over implied by a diagnosis."""
    recency = -finding.months_ago if finding.months_ago is not None else -math.inf
    treatment = {False: 2, True: 1, None: 0}[finding.treated]
    return finding.state is State.PRESENT, treatment, not finding.text.startswith(FROM_DIAGNOSIS), recency


def _stated(record: FindingRecord, state: State, text: str) -> Finding:
    return Finding(id=record.id, label=record.label, state=state, text=text)


def _closed(stated: Mapping[str, Finding]) -> dict[str, Finding]:
    """Add what follows: a present finding implies the wider ones, an absent one rules out the narrower ones."""
    known, closed = findings(), dict(stated)
    waiting = [finding for finding in stated.values() if finding.state is State.PRESENT]
    while waiting:
        finding = waiting.pop()
        for wider in known[finding.id].implies:
            earlier = closed.get(wider)
            implied = finding.model_copy(update={"id": wider, "label": known[wider].label})
            if earlier is None or _strength(implied) > _strength(earlier):
                closed[wider] = implied
                waiting.append(implied)
    for finding in list(closed.values()):
        if finding.state is State.ABSENT:
            for narrower in known[finding.id].covers:
                covered = finding.model_copy(update={"id": narrower, "label": known[narrower].label})
                closed.setdefault(narrower, covered)
    return closed


def _texts(value: Any) -> list[str]:
    """Return the texts in a string, a list or a mapping of name to value; a false value negates its name."""
    if isinstance(value, str):
        return [value[:MAX_TEXT]] if value.strip() else []
    if isinstance(value, Mapping):
        name = value.get("name") or value.get("text") or value.get("condition")
        if isinstance(name, str):
            rest = " ".join(str(one)[:100] for key, one in value.items() if key not in {"name", "text", "condition"})
            return [f"{name[:200]} {rest}".strip()]
        return [text for key, one in list(value.items())[:MAX_ENTRIES] if (text := _pair(str(key), one)) is not None]
    if isinstance(value, list | tuple | set):
        return [text for one in list(value)[:MAX_ENTRIES] for text in _texts(one)]
    return []


def _pair(key: str, value: Any) -> str | None:
    name = key[:120].replace("_", " ")
    if value is None:
        return None
    if isinstance(value, bool):
        return name if value else f"{name} negative"
    return f"{name} {str(value)[:200]}"


def _number(value: Any) -> float | None:
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value) if abs(value) < 1e12 else math.inf
    return number if math.isfinite(number) else None
