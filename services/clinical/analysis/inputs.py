"""Reads from a profile what several engines share: antibody results wherever they were sent, alleles, symptoms, courses.

A result sent twice counts once: the antibody panel wins over the biomarkers, and these over the extensions.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import ValidationError

from services.clinical.analysis.model import Problem
from services.clinical.antibodies import Measurement, normalise_antibody
from services.clinical.antibodies.report import isotype
from services.clinical.labs import LabPanel, Reading, convert, normalise, resolve
from services.clinical.phrases import words
from services.clinical.profile import MeasuredValue, Profile
from services.errors import UnitError

History = Mapping[str, Sequence[float | MeasuredValue]]
"""Earlier results: a name as in `Profile.biomarkers`, with any number of dated values."""

HISTORY_KEYS = frozenset({
    "documented_findings", "comorbidities", "comorbidity", "medical_history", "past_medical_history", "past_history",
})
SYMPTOM_KEYS = frozenset({"symptoms", "symptom", "current_symptoms", "presenting_symptoms", "signs", "clinical_findings"})
ABSENT_KEYS = frozenset({"pertinent_negatives", "negative_findings", "denies"})
HLA_KEYS = {f"hla_{locus.lower()}": locus for locus in ("A", "B", "C", "DRB1", "DQB1", "DQA1", "DPB1")}
MAX_ENTRIES = 200
MAX_SERIES = 500
CURRENT_DAYS = 365

# Laboratory values that are antibodies: read by the antibody engine too, against the laboratory's own limit only.
_ANTIBODY_OF = {
    "achr_antibody": "achr", "acpa": "acpa", "b2gp1_igg": "beta-2 glycoprotein I IgG", "c1q_antibody": "anti_c1q",
    "cardiolipin_igg": "anti-cardiolipin IgG", "cardiolipin_igm": "anti-cardiolipin IgM", "dgp_iga": "DGP IgA",
    "dgp_igg": "DGP IgG", "dsdna_antibody": "anti_dsdna", "gad65_antibody": "gad65", "ia2_antibody": "ia2",
    "insulin_antibody": "iaa", "mpo_antibody": "mpo_anca", "musk_antibody": "musk", "pr3_antibody": "pr3_anca",
    "rheumatoid_factor": "rheumatoid_factor", "ssa_antibody": "anti_ro60", "thyroglobulin_antibody": "tg",
    "tpo_antibody": "tpo", "trab": "trab", "tsi_iu_l": "tsi", "tsi_pct": "tsi", "ttg_iga": "ttg_iga", "ttg_igg": "ttg_igg",
    "znt8_antibody": "znt8",
}  # fmt: skip
_WORDED = {"true": True, "positive": True, "pos": True, "false": False, "negative": False, "neg": False}


def read_panel(profile: Profile) -> LabPanel:
    """Return the laboratory values, among them quantitative antibody results that only the antibody panel carries."""
    panel = normalise(profile.biomarkers, profile.sex, age_years=profile.age)
    further: dict[str, Reading] = {}
    for result in profile.autoantibody_panel.results if profile.autoantibody_panel else ():
        key = _analyte_of().get(_meaning(result.antibody))
        if key is None or panel.get(key) is not None or result.titer or not result.unit:
            continue
        measured = MeasuredValue(
            value=result.value, unit=result.unit, reference_range=result.reference_range,
            date=profile.autoantibody_panel.collection_date if profile.autoantibody_panel else None,
        )  # fmt: skip
        read = normalise({key: measured}, profile.sex, age_years=profile.age).get(key)
        if read is not None:
            further.setdefault(key, replace(read, name=result.antibody))
    if not further:
        return panel
    return LabPanel((*panel.readings, *further.values()), panel.unrecognised, panel.problems)


@cache
def _analyte_of() -> Mapping[tuple[str | None, str], str]:
    """Return the laboratory quantity of each antibody and isotype, where there is exactly one."""
    keys: dict[tuple[str | None, str], list[str]] = {}
    for key, antibody in _ANTIBODY_OF.items():
        keys.setdefault(_meaning(antibody), []).append(key)
    return {meaning: found[0] for meaning, found in keys.items() if len(found) == 1}


def _meaning(written: str) -> tuple[str | None, str]:
    return normalise_antibody(written).id, isotype(written)


def current_panel(panel: LabPanel, profile: Profile, today: datetime.date | None) -> tuple[LabPanel, list[Problem]]:
    """Return the values that still describe the patient now, and what was left out.

    A value dated more than `CURRENT_DAYS` before the newest result of the profile is history: an old crisis is not one of
    today. Values without a date are taken as current; a date after `today` is reported.
    """
    dates = [one.date for one in panel.readings if one.date is not None]
    if profile.autoantibody_panel is not None:
        dates.append(profile.autoantibody_panel.collection_date)
    known = [one for one in dates if today is None or one <= today]
    problems = [
        Problem(part="biomarkers", name=one.name, message=f"is dated {one.date}, after the day of this analysis: check the date")
        for one in panel.readings if one.date is not None and today is not None and one.date > today
    ]
    if not known:
        return panel, problems
    oldest = max(known) - datetime.timedelta(days=CURRENT_DAYS)
    stale = [one for one in panel.readings if one.date is not None and one.date < oldest]
    if not stale:
        return panel, problems
    listed = ", ".join(f"{one.name} ({one.date})" for one in stale)
    problems.append(
        Problem(
            part="biomarkers", name="older results",
            message=f"{listed}: more than a year before the newest result ({max(known)}). Shown, and used for classification "
            "and the differential, but not for scores, flare risk, safety or treatment.",
        )
    )  # fmt: skip
    readings = tuple(one for one in panel.readings if one not in stale)
    return LabPanel(readings, panel.unrecognised, panel.problems), problems


def antibody_measurements(profile: Profile, panel: LabPanel) -> tuple[Measurement, ...]:
    """Return every antibody result of the profile, each antibody from the first place that has it."""
    sent = [Measurement.of(result) for result in (profile.autoantibody_panel.results if profile.autoantibody_panel else ())]
    known = {name.id for one in sent if (name := normalise_antibody(one.antibody)).id is not None}
    further: list[Measurement] = []
    for source in (_measured(panel), _unread_biomarkers(profile, panel), stated_antibodies(profile.extensions)):
        found = [(name.id, one) for one in source if (name := normalise_antibody(one.antibody)).id not in known]
        further += [one for _, one in found]
        known |= {antibody for antibody, _ in found if antibody is not None}
    return (*sent, *further)


def _measured(panel: LabPanel) -> Iterator[Measurement]:
    for reading in panel.readings:
        antibody = _ANTIBODY_OF.get(reading.key)
        if antibody is not None:
            yield Measurement(
                antibody=antibody, value=reading.shown if reading.bound else reading.value, unit=reading.unit,
                reference_range=_laboratory_range(reading),
            )  # fmt: skip


def _laboratory_range(reading: Reading) -> str | None:
    if reading.range_source != "laboratory" or reading.uln is None:
        return None
    return f"<={reading.uln:g}" if reading.lln is None else f"{reading.lln:g}-{reading.uln:g}"


def _unread_biomarkers(profile: Profile, panel: LabPanel) -> Iterator[Measurement]:
    """Antibodies among the biomarkers that are no laboratory quantity here (`ANA`, `anti-Sm`)."""
    for name in panel.unrecognised:
        raw = profile.biomarkers.get(name)
        if raw is None or normalise_antibody(name).id is None:
            continue
        if isinstance(raw, MeasuredValue):
            yield Measurement(antibody=name, value=raw.value, unit=raw.unit, reference_range=raw.reference_range)
        else:
            yield Measurement(antibody=name, value=raw)


def stated_antibodies(extensions: Mapping[str, Any]) -> Iterator[Measurement]:
    """Yield results in words: `{"qualitative_antibodies": {"anti-Ro": true}}`, or an antibody as a key of its own."""
    for key, value in list(extensions.items())[:MAX_ENTRIES]:
        nested = isinstance(value, Mapping) and "antibod" in key.lower()
        for name, result in list(value.items())[:MAX_ENTRIES] if nested else ((key, value),):
            outcome = _WORDED.get(str(result).strip().lower()[:20]) if isinstance(result, bool | str) else None
            written = str(name)[:100].replace("_", " ")
            if nested or (outcome is not None and normalise_antibody(written).id is not None):
                worded = result[:100] if isinstance(result, str) and outcome is None else None
                yield Measurement(antibody=written, positive=outcome, value=worded)


def total_iga_g_per_l(panel: LabPanel) -> float | None:
    """Return total IgA in g/L, None where it was not measured."""
    reading, analyte = panel.get("iga"), resolve("IgA")
    if reading is None or analyte is None or reading.bound in (">", ">="):
        return None
    try:
        return reading.value / convert(1, "g/L", analyte)
    except UnitError:
        return None


def written_alleles(profile: Profile, genotyped: Iterable[str]) -> tuple[str, ...]:
    """Return the HLA alleles as written; those of extensions and genotypes only where the typing does not have them.

    A typing lists a homozygous allele twice, so repeats inside one source stay.
    """
    typing = profile.hla_profile.alleles() if profile.hla_profile is not None else ()
    return without_repeats(typing, extension_alleles(profile.extensions), genotyped)


def without_repeats(*sources: Iterable[str]) -> tuple[str, ...]:
    """Return the alleles of all sources, leaving out in a later one what an earlier one has."""
    typing: list[str] = []
    for source in sources:
        known = {_bare(one) for one in typing}
        typing += [one for one in source if _bare(one) not in known]
    return tuple(typing)


def _bare(allele: str) -> str:
    return allele.upper().removeprefix("HLA-").replace(" ", "")


def extension_alleles(extensions: Mapping[str, Any]) -> list[str]:
    """Return the alleles of `hla_dqa1` and the like, the locus added where it was left out."""
    written: list[str] = []
    for key, value in extensions.items():
        locus = HLA_KEYS.get(key.lower())
        given = (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
        for one in given[:MAX_ENTRIES] if locus else ():
            bare = one.strip()[:100] if isinstance(one, str) else ""
            if bare:
                written.append(f"{locus}*{bare.lstrip('*')}" if bare[0] in "*0123456789" else bare)
    return written


def written_symptoms(extensions: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the symptoms as written; `{"rash": false}` and a list of pertinent negatives become "no rash"."""
    found: list[str] = []
    for key, value in extensions.items():
        folded = "_".join(words(key[:120]))
        if folded in SYMPTOM_KEYS:
            found += _texts(value)
        elif folded in ABSENT_KEYS:
            found += [f"no {text}" for text in _texts(value)]
    return tuple(dict.fromkeys(found))[:MAX_ENTRIES]


def written_history(extensions: Mapping[str, Any]) -> tuple[str, ...]:
    """Return earlier findings and further conditions as written."""
    found = [text for key, value in extensions.items() if "_".join(words(key[:120])) in HISTORY_KEYS for text in _texts(value)]
    return tuple(dict.fromkeys(found))[:MAX_ENTRIES]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value.strip()[:1000]] if value.strip() else []
    if isinstance(value, list | tuple):
        return [text for one in value[:MAX_ENTRIES] if isinstance(one, str) for text in _texts(one)]
    if isinstance(value, Mapping):
        pairs = [(str(name)[:120].replace("_", " "), state) for name, state in list(value.items())[:MAX_ENTRIES]]
        return [name if state else f"no {name}" for name, state in pairs if isinstance(state, bool)]
    return []


def lab_history(profile: Profile, history: History | None) -> tuple[dict[str, list[float | MeasuredValue]], list[Problem]]:
    """Return the earlier results handed in and those of `extensions.lab_history`, and the entries that are no measurement."""
    merged: dict[str, list[float | MeasuredValue]] = {name: list(values) for name, values in (history or {}).items()}
    problems: list[Problem] = []
    given = profile.extensions.get("lab_history")
    if given is not None and not isinstance(given, Mapping):
        problems.append(_course_problem("lab_history", "must map a name to a list of dated values"))
        given = None
    for name, values in list((given or {}).items())[:MAX_ENTRIES]:
        for value in values[:MAX_SERIES] if isinstance(values, list | tuple) else (values,):
            try:
                merged.setdefault(str(name)[:200], []).append(MeasuredValue.model_validate(value))
            except ValidationError:
                problems.append(_course_problem(str(name), "needs a value, a unit and a date for each entry"))
    return merged, problems


def lab_series(
    profile: Profile, panel: LabPanel, history: Mapping[str, Sequence[float | MeasuredValue]]
) -> tuple[dict[str, tuple[tuple[datetime.date, float], ...]], list[Problem]]:
    """Return dated values in canonical units by analyte, oldest first, the panel's own dated reading among them.

    An entry without a date cannot be placed in a course and is returned as a problem.
    """
    points: dict[str, dict[datetime.date, float]] = {}
    problems: list[Problem] = []
    for name, values in history.items():
        for value in values[:MAX_SERIES]:
            read = normalise({name: value}, profile.sex, age_years=profile.age)
            problems += [_course_problem(one.name, one.message) for one in read.problems]
            problems += [_course_problem(one, "is not a known laboratory value") for one in read.unrecognised]
            for reading in read.readings:
                if reading.date is None:
                    problems.append(_course_problem(name, "has no date: not placed in the course"))
                elif reading.bound is None and math.isfinite(reading.value):
                    points.setdefault(reading.key, {})[reading.date] = reading.value
    for key, course in points.items():
        now = panel.get(key)
        if now is not None and now.date is not None and now.bound is None:
            course[now.date] = now.value
    series = {key: tuple(sorted(course.items())) for key, course in points.items()}
    return series, list(dict.fromkeys(problems))


def _course_problem(name: str, message: str) -> Problem:
    return Problem(part="lab_history", name=name[:200], message=message)
