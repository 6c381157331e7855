"""One patient as the rules see them: what is known, what is known to be absent, and what is not known.

Everything is read once from the profile and the reports of the other engines. A fact that is in none of them is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.clinical import conditions as conditions_reader
from services.clinical import genotypes as genotypes_reader
from services.clinical import medications as medications_reader
from services.clinical.antibodies import AntibodyReport, interpret, normalise_antibody
from services.clinical.bounds import Bound
from services.clinical.conditions import Conditions, State
from services.clinical.disease import Disease
from services.clinical.genotypes import Genotypes
from services.clinical.hla import Allele, parse_typing
from services.clinical.labs import LabPanel, normalise
from services.clinical.medications import Medication
from services.clinical.profile import Profile
from services.clinical.titers import Outcome

MAX_EXTENSIONS = 300
ADULT_YEARS = 18
_OUTCOMES = {"true": True, "positive": True, "pos": True, "false": False, "negative": False, "neg": False}
APL_TESTS = ("lupus_anticoagulant", "anti_cardiolipin", "anti_b2gp1")
_HLA_KEYS = {
    f"hla_{locus}": locus.upper() for locus in ("a", "b", "c", "drb1", "dqb1", "dqa1", "dpb1")
}  # extensions may carry loci the documented profile has no field for
# Antibodies that laboratories also send as numbers among the biomarkers, with their limit.
_MEASURED_ANTIBODIES = {
    "achr": "achr_antibody", "musk": "musk_antibody", "anti_ro60": "ssa_antibody", "anti_cardiolipin": "cardiolipin_igg",
    "anti_b2gp1": "b2gp1_igg", "ttg_iga": "ttg_iga", "trab": "trab", "iaa": "insulin_antibody",
}  # fmt: skip


_STAGE = re.compile(
    r"(?:\bckd|kidney disease|renal disease)\W{0,3}(?:stage|grade)?\W{0,2}g?(3a|3b|[345]|iii[ab]?|iv|v)\b"
    r"|\bstage\W{0,2}g?(3a|3b|[345]|iii[ab]?|iv|v)\b(?=[^.;]{0,20}(?:kidney|renal|ckd))"
)
_DIALYSIS = re.compile(r"dialysis|end[- ]stage|\besrd\b|\beskd\b")
_ROMAN = {"iii": "3", "iiia": "3a", "iiib": "3b", "iv": "4", "v": "5"}
_STAGES = {"3": 60.0, "3a": 60.0, "3b": 45.0, "4": 30.0, "5": 15.0}


@dataclass(frozen=True, slots=True)
class Typed:
    """One typed HLA allele, as written and as read. `copies` is 2 where the entry says so."""

    written: str
    allele: Allele
    copies: int
    is_either: bool
    is_absent: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule can ask about a patient. `estimated` says how a number was worked out that nobody measured.

    `bounds` marks the numbers that are known only as a limit.
    """

    age: int
    sex: str
    diseases: frozenset[Disease]
    conditions: Conditions
    panel: LabPanel
    antibodies: Mapping[str, bool]
    genotypes: Genotypes
    alleles: tuple[Typed, ...]
    current: tuple[Medication, ...]
    proposed: tuple[Medication, ...]
    prior: tuple[Medication, ...]
    numbers: Mapping[str, float]
    estimated: Mapping[str, str]
    bounds: Mapping[str, Bound]
    unread_alleles: tuple[str, ...]
    # verdicts and drug checks already worked out; the same facts always give the same, so they are no part of the value
    memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def taken(self) -> tuple[Medication, ...]:
        """The medications taken now or proposed."""
        return (*self.current, *self.proposed)


def gather(
    profile: Profile,
    panel: LabPanel | None = None,
    *,
    conditions: Conditions | None = None,
    antibodies: AntibodyReport | None = None,
    today: date | None = None,
) -> Facts:
    """Read a profile into facts. Reports that were made already are taken over; the others are made here."""
    panel = panel if panel is not None else normalise(profile.biomarkers, profile.sex, age_years=profile.age)
    conditions = conditions if conditions is not None else conditions_reader.parse(profile, today=today)
    if antibodies is None and profile.autoantibody_panel is not None:
        antibodies = interpret(profile.autoantibody_panel, profile.diagnosed_conditions, age=profile.age, sex=profile.sex)
    genotypes = _genotypes(profile, conditions)
    written = medications_reader.parse_all((*profile.current_medications, *conditions.further_medications))
    current = tuple(one for one in written if one.is_taken)
    stopped = tuple(one for one in written if not one.is_taken)
    proposed = tuple(one for one in medications_reader.parse_all(conditions.proposed_medications) if one.is_taken)
    prior = (*medications_reader.parse_all(conditions.prior_medications), *stopped)
    typed, unread = _typed(profile, genotypes)
    numbers, estimated = _numbers(conditions, current, profile), {}
    bounds: dict[str, Bound] = {}
    if panel.get("egfr") is None and "egfr" not in numbers:
        filtration = _estimated_egfr(profile, panel)
        staged = staged_egfr(conditions)
        if filtration is not None:
            numbers["egfr"] = filtration
            estimated["egfr"] = "estimated from creatinine by CKD-EPI 2021 (Inker 2021, N Engl J Med)"
        elif staged is not None:
            numbers["egfr"], bounds["egfr"] = staged, "<"
            estimated["egfr"] = "from the stated stage of chronic kidney disease (KDIGO 2024); no eGFR or creatinine is on file"
    return Facts(
        age=profile.age,
        sex=profile.sex,
        diseases=frozenset((*profile.diagnosed_conditions, *conditions.diseases)),
        conditions=conditions,
        panel=panel,
        antibodies=_antibodies(antibodies, panel, profile.extensions),
        genotypes=genotypes,
        alleles=typed,
        current=current,
        proposed=proposed,
        prior=prior,
        numbers=numbers,
        estimated=estimated,
        bounds=bounds,
        unread_alleles=unread,
    )


def _genotypes(profile: Profile, conditions: Conditions) -> Genotypes:
    """Read the profile's genotypes, and those stated among the conditions for genes the profile says nothing of."""
    read = genotypes_reader.parse(profile.genotypes)
    further = {gene: stated for gene, stated in conditions.genotypes.items() if read.get(gene) is None}
    return genotypes_reader.parse({**profile.genotypes, **further}) if further else read


def _estimated_egfr(profile: Profile, panel: LabPanel) -> float | None:
    """Return eGFR in mL/min/1.73 m² by CKD-EPI 2021, None for children and without a creatinine above zero.

    SEE: Inker 2021, N Engl J Med: 142 × min(Scr/κ, 1)^α × max(Scr/κ, 1)^-1.200 × 0.9938^age (× 1.012 in women).
    """
    creatinine = panel.get("creatinine")
    if creatinine is None or creatinine.bound or profile.age < ADULT_YEARS or not creatinine.value > 0:
        return None
    kappa, alpha, factor = (0.7, -0.241, 1.012) if profile.sex == "F" else (0.9, -0.302, 1.0)
    ratio = creatinine.value / kappa
    return float(142 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.2 * 0.9938**profile.age * factor)


def staged_egfr(conditions: Conditions) -> float | None:
    """Return the upper limit of eGFR that a stated stage of chronic kidney disease means, None where no stage is stated.

    A stage bounds eGFR; it is no measurement. SEE: KDIGO 2024, Kidney Int: G3a below 60, G3b below 45, G4 below 30, G5 below 15.
    """
    found = conditions.get("kidney_disease")
    if found is None or found.state is not State.PRESENT or found.suspected:
        return None
    text = found.text.lower()
    if _DIALYSIS.search(text):
        return _STAGES["5"]
    match = _STAGE.search(text)
    stage = "" if match is None else match[1] or match[2]
    return _STAGES.get(_ROMAN.get(stage, stage))


def _antibodies(report: AntibodyReport | None, panel: LabPanel, extensions: Mapping[str, Any]) -> dict[str, bool]:
    """Read antibody results, the panel of the profile before numbers among the biomarkers before the extensions."""
    known = _stated_antibodies(extensions)
    for antibody, analyte in _MEASURED_ANTIBODIES.items():
        reading = panel.get(analyte)
        if reading is not None and reading.uln is not None:
            above = reading.is_above(reading.uln)
            if above is not None:
                known[antibody] = above
    if report is not None:
        for antibody in dict.fromkeys(finding.id for finding in report.findings):
            outcome = report.outcome_of(antibody)
            if outcome in {Outcome.POSITIVE, Outcome.NEGATIVE}:
                known[antibody] = outcome is Outcome.POSITIVE
    tested = [known[name] for name in APL_TESTS if name in known]
    if any(tested):
        known["apl"] = True
    elif len(tested) == len(APL_TESTS):
        known["apl"] = False
    if len(tested) == len(APL_TESTS) or False in tested:
        known["apl_triple"] = all(tested) and len(tested) == len(APL_TESTS)
    return known


def _stated_antibodies(extensions: Mapping[str, Any]) -> dict[str, bool]:
    """Read results such as `{"aqp4_igg": "positive"}` or `{"antibodies": {"AChR": False}}`."""
    known: dict[str, bool] = {}
    for key, value in list(extensions.items())[:MAX_EXTENSIONS]:
        for name, result in value.items() if isinstance(value, Mapping) and "antibod" in key.lower() else ((key, value),):
            outcome = _OUTCOMES.get(str(result).strip().lower()[:20])
            antibody = normalise_antibody(str(name)[:100].replace("_", " ")).id if outcome is not None else None
            if antibody is not None and outcome is not None:
                known[antibody] = outcome
    return known


def _typed(profile: Profile, genotypes: Genotypes) -> tuple[tuple[Typed, ...], tuple[str, ...]]:
    written = list(profile.hla_profile.alleles()) if profile.hla_profile is not None else []
    for key, given in list(profile.extensions.items())[:MAX_EXTENSIONS]:
        locus = _HLA_KEYS.get(key.strip().lower().replace("-", "_")[:20])
        if locus is None:
            continue
        for one in (given,) if isinstance(given, str) else given if isinstance(given, list | tuple) else ():
            if isinstance(one, str) and one.strip():
                bare = one.strip()[:100]
                written.append(f"{locus}*{bare.lstrip('*')}" if bare[:1] in "*0123456789" else bare)
    typed: list[Typed] = []
    unread: list[str] = []
    for text in (*written, *genotypes.alleles):
        typing = parse_typing(text)
        if not typing.is_recognised:
            unread.append(text[:100])
        typed += [
            Typed(text[:100], allele, typing.copies, typing.is_either, typing.is_absent)
            for allele in typing.alleles
            if not allele.is_null
        ]
    return tuple(typed), tuple(unread)


def _numbers(conditions: Conditions, current: tuple[Medication, ...], profile: Profile) -> dict[str, float]:
    """The numbers of the extensions, laboratory values among them converted, and the total glucocorticoid dose.

    The total is known only where every glucocorticoid states its dose.
    """
    numbers = dict(conditions.numbers)
    for reading in normalise(conditions.numbers, profile.sex, age_years=profile.age).readings:
        numbers[reading.key] = reading.value
    doses = [
        one.prednisone_equivalent_mg_per_day(drug.name)
        for one in current
        for drug in one.drugs
        if "glucocorticoid" in drug.classes
    ]
    known = [dose for dose in doses if dose is not None]
    if doses and len(known) == len(doses):
        numbers["steroid_dose"] = sum(known)
    return numbers
