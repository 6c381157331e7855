"""What the record gives an analysis: the latest valid values of a patient, each with its date and its age in days.

The profile is what `services.clinical.profile.Profile` accepts. A result printed as a bound ("<0.01") keeps its sign, so that
rules use it only where the bound decides, and is no point of a course; an antibody known only in words stands in
`qualitative_antibodies`; what is missing is left out, never filled.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.clinical.activity import INSTRUMENTS, Instrument, names
from services.clinical.antibodies import normalise_antibody
from services.clinical.labs import analytes, normalise_unit
from services.clinical.labs.analytes import locate
from services.clinical.titers import Outcome, parse_titer
from services.evidence.extraction import ActivityContent, DiagnosisStatus, GenotypeContent, HlaContent
from services.patients.courses import Condition, Course
from services.patients.documented import documented_findings
from services.patients.facts import StoredFact
from services.patients.registry import Patient
from services.patients.results import Place, Result, latest, place_of

STALE_AFTER_DAYS = 365
"""A result older than this is still given, and marked: whether it may be used is for the reader to say."""
MAX_EARLIER = 60

_LOCI = {
    "A": "hla_a", "B": "hla_b", "C": "hla_c", "DRB1": "hla_drb1", "DQB1": "hla_dqb1", "DQA1": "hla_dqa1", "DPB1": "hla_dpb1",
}
_INFECTION_TESTS = ("hbsag", "anti_hbc", "anti_hbs", "hbv_dna", "anti_hcv", "hcv_rna", "hiv", "igra", "vzv_igg")
_CHECKLISTS = frozenset({"SLEDAI-2K", "CAS"})


@dataclass(frozen=True, slots=True)
class InputDate:
    """Where an input comes from: `days_old` on the day of the analysis, None without a date; `place` states it.

    `part` and `key` name it as `services.patients.starting` does. What does not age (alleles, diagnoses) is never stale.
    """

    part: str
    name: str
    shown: str
    date: datetime.date | None
    days_old: int | None
    is_stale: bool
    is_approximate: bool
    fact_ids: tuple[str, ...] = ()
    key: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ProfileInputs:
    """`profile` holds the fields of a `Profile`; `inputs` say how old each is; `notes` what a person should look at.

    `ended` are the keys of medications that the record says are not taken (any more).
    """

    profile: dict[str, Any]
    inputs: tuple[InputDate, ...]
    notes: tuple[str, ...] = field(default=())
    ended: frozenset[str] = frozenset()


def profile_inputs(
    patient: Patient,
    today: datetime.date,
    *,
    labs: Sequence[Result],
    antibodies: Sequence[Result],
    facts: Iterable[StoredFact],
    courses: Sequence[Course],
    conditions: Sequence[Condition],
) -> ProfileInputs:
    """Put the latest values together. Nothing dated after `today` is used."""
    known = [fact for fact in facts if fact.counts and (fact.document_date is None or fact.document_date <= today)]
    before = [result for result in labs if result.date is None or result.date <= today]
    panel = latest([result for result in antibodies if result.date is None or result.date <= today])
    inputs: list[InputDate] = []
    notes: list[str] = []
    notes += _disagreements([*before, *antibodies])
    measured = [result for result in antibodies if result.date is None or result.date <= today]
    biomarkers, earlier = _biomarkers([*before, *_with_course(measured, before)], today, inputs)
    profile: dict[str, Any] = {"patient_id": patient.id, "biomarkers": biomarkers}
    age = patient.age_on(today)
    if age is not None:
        profile["age"] = age
    if patient.sex is not None:
        profile["sex"] = patient.sex
    notes += [f"{name} is not in the record: the analysis needs it" for name in ("age", "sex") if name not in profile]
    collected, worded = _panel(patient.id, panel.values(), today, inputs)
    if collected is not None:
        profile["autoantibody_panel"] = collected
    hla = _hla(known, today, inputs)
    if hla:
        profile["hla_profile"] = hla
    genotypes = _genotypes(known, today, inputs)
    if genotypes:
        profile["genotypes"] = genotypes
    profile["diagnosed_conditions"] = _diagnoses(conditions, today, inputs)
    profile["current_medications"] = _taken(courses, today, inputs)
    notes += _medication_notes(courses, today)
    profile["extensions"] = _extensions(before, worded, earlier, known, courses, conditions, today, inputs)
    taken = {course.subject for course in courses if course.is_taken_on(today)}
    ended = frozenset(course.subject for course in courses if course.subject not in taken)
    return ProfileInputs(profile, tuple(inputs), tuple(notes), ended)


def name_in_profile(analyte: str) -> str:
    """Return the name under which a profile holds an analyte: its label where that is understood again, else its key."""
    label = analytes()[analyte].label
    located = locate(label)
    return label if located is not None and located.analyte.key == analyte and located.limit is None else analyte


def antibody_key(name: str) -> str:
    """Return what the results of one autoantibody are compared by, whatever they are called."""
    return normalise_antibody(name).id or " ".join(name.lower().split())


def _aged(part: str, result: Result, today: datetime.date, key: str = "") -> InputDate:
    days = (today - result.date).days if result.date is not None else None
    return InputDate(
        part, result.test, result.shown, result.date, days, days is None or days > STALE_AFTER_DAYS, result.is_approximate,
        result.fact_ids, key or result.test, result.places[0] if result.places else None,
    )


def _stated(part: str, key: str, name: str, shown: str, place: Place, day: datetime.date | None, today: datetime.date, *,
            ages: bool) -> InputDate:  # fmt: skip
    """Where something that is no result comes from; `ages` for what has to be asked again after a year."""
    days = (today - day).days if day is not None else None
    stale = ages and (days is None or days > STALE_AFTER_DAYS)
    return InputDate(part, name, shown, day, days, stale, is_approximate=False, fact_ids=(place.fact_id,), key=key, place=place)


def _disagreements(results: Sequence[Result]) -> list[str]:
    """Results of one test and day that differ: both are in the record, and a person should say which holds."""
    found: dict[tuple[str, datetime.date, str, str], list[Result]] = {}
    for result in results:
        if result.date is not None and not result.is_approximate and result.value is not None:
            unit = result.unit or ""
            same = (result.subject, result.date, normalise_unit(unit) or unit, result.laboratory or "")
            found.setdefault(same, []).append(result)
    return [
        f"{rows[0].test} of {day} stands in the record as {' and as '.join(dict.fromkeys(one.shown for one in rows))}: check it"
        for (_, day, *_), rows in found.items() if len({(one.value, one.comparator) for one in rows}) > 1
    ]


def _diagnoses(conditions: Sequence[Condition], today: datetime.date, inputs: list[InputDate]) -> list[str]:
    held = [
        one for one in conditions
        if one.disease is not None and one.status in (DiagnosisStatus.CONFIRMED, DiagnosisStatus.HISTORY)
    ]
    for one in held:
        assert one.disease is not None  # filtered above
        if one.places:
            inputs.append(
                _stated("conditions", one.disease.value, one.disease.label, one.name, one.places[-1], one.since, today,
                        ages=False)
            )  # fmt: skip
    return list(dict.fromkeys(one.disease.value for one in held if one.disease is not None))


def _taken(courses: Sequence[Course], today: datetime.date, inputs: list[InputDate]) -> list[str]:
    taken = [course for course in courses if course.is_taken_on(today)]
    for course in taken:
        if course.places:
            inputs.append(
                _stated("medications", course.subject, course.name, course.described, course.places[-1], course.confirmed, today,
                        ages=True)
            )  # fmt: skip
    return [course.described[:200] for course in taken]


def _biomarkers(
    results: Sequence[Result], today: datetime.date, inputs: list[InputDate]
) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The latest measured value of each analyte, and the dated ones before it."""
    series: dict[str, list[Result]] = {}
    for result in results:
        if result.analyte is not None and result.value is not None and _has_unit(result):
            series.setdefault(result.analyte, []).append(result)
    found: dict[str, dict[str, Any]] = {}
    earlier: dict[str, list[dict[str, Any]]] = {}
    for key, values in series.items():
        last = latest(values)[values[0].subject]
        name = name_in_profile(key)
        found[name] = _measured(last)
        inputs.append(_aged("biomarkers", last, today, key))
        older = [
            _measured(one) for one in values
            if one is not last and one.date is not None and not one.is_approximate and one.comparator is None
        ]
        if older:
            earlier[name] = older[-MAX_EARLIER:]
    return found, earlier


def _with_course(antibodies: Sequence[Result], labs: Sequence[Result]) -> list[Result]:
    """The antibodies measured more than once that are laboratory quantities too (anti-dsDNA in IU/mL), as such quantities.

    A course needs the date of each value, and an antibody panel has one date only.
    """
    known = {result.analyte for result in labs}
    series: dict[str, list[Result]] = {}
    for result in antibodies:
        located = locate(result.test)
        spelled = normalise_unit(result.unit or "")
        if located is None or spelled is None or result.titer is not None or located.analyte.key in known:
            continue
        if result.value is not None and result.comparator is None and located.analyte.accepts(spelled):
            series.setdefault(located.analyte.key, []).append(replace(result, analyte=located.analyte.key))
    return [result for values in series.values() if len({one.date for one in values}) > 1 for result in values]


def _has_unit(result: Result) -> bool:
    """A number without a unit counts only where the quantity has none: two units could mean two things."""
    analyte = analytes().get(result.analyte or "")
    if analyte is None:
        return False
    if result.unit is None:
        return not analyte.unit_matters
    spelled = normalise_unit(result.unit)
    return spelled is not None and analyte.accepts(spelled)


def _measured(result: Result) -> dict[str, Any]:
    return {
        "value": result.value, "bound": result.comparator, "unit": result.unit, "reference_range": result.reference_range,
        "date": result.date.isoformat() if result.date else None,
    }


def _panel(
    patient_id: str, results: Iterable[Result], today: datetime.date, inputs: list[InputDate]
) -> tuple[dict[str, Any] | None, dict[str, bool]]:
    """The antibodies with a number or titer as a panel; those known in words only apart. Unclear ones are in neither."""
    rows: list[dict[str, Any]] = []
    worded: dict[str, bool] = {}
    days: list[datetime.date] = []
    for result in results:
        positive = {Outcome.POSITIVE: True, Outcome.NEGATIVE: False}.get(result.outcome or Outcome.UNKNOWN)
        titer = parse_titer(result.titer) if result.titer else None
        number = float(titer.dilution) if titer is not None and titer.sign is None else result.value if titer is None else None
        if number is not None and result.comparator is None:
            rows.append({
                "antibody": result.test, "value": number, "unit": result.unit, "reference_range": result.reference_range,
                "positive": positive, "titer": result.titer, "pattern": result.pattern,
            })
            days += [result.date] if result.date else []
        elif positive is not None:
            worded[result.test] = positive
        else:
            continue
        inputs.append(_aged("autoantibodies", result, today, antibody_key(result.test)))
    if not rows:
        return None, worded
    collected = max(days) if days else today
    return {"patient_id": patient_id, "collection_date": collected.isoformat(), "results": rows}, worded


def _hla(facts: Sequence[StoredFact], today: datetime.date, inputs: list[InputDate]) -> dict[str, list[str]]:
    """The latest typing of each locus at the finest resolution; a later antigen test does not blur an allele."""
    found: dict[str, tuple[int, list[str], StoredFact]] = {}
    for fact in facts:
        content = fact.content
        if not isinstance(content, HlaContent) or not content.present or content.locus not in _LOCI:
            continue
        fields = max(allele.count(":") for allele in content.alleles) + len(content.alleles)
        known = found.get(_LOCI[content.locus])
        if known is None or fields >= known[0]:
            found[_LOCI[content.locus]] = (fields, list(content.alleles), fact)
    for locus, (_, alleles, fact) in found.items():
        name = f"HLA-{locus.removeprefix('hla_').upper()}"
        inputs.append(_stated("hla", locus, name, ", ".join(alleles), place_of(fact), fact.effective, today, ages=False))
    return {locus: alleles for locus, (_, alleles, _) in found.items()}


def _genotypes(facts: Sequence[StoredFact], today: datetime.date, inputs: list[InputDate]) -> dict[str, str]:
    """The last stated genotype of each gene; one with its phenotype outweighs the bare alleles, and alleles a bare phenotype."""
    found: dict[str, tuple[str, StoredFact]] = {}
    for fact in facts:
        content = fact.content
        if isinstance(content, GenotypeContent):
            known = found.get(content.gene)
            if known is None or not (known[0].startswith(content.genotype) or ("*" in known[0] and "*" not in content.genotype)):
                found[content.gene] = (content.genotype, fact)
    for gene, (shown, fact) in found.items():
        inputs.append(_stated("genotypes", gene, gene, shown, place_of(fact), fact.effective, today, ages=False))
    return {gene: shown for gene, (shown, _) in found.items()}


def _medication_notes(courses: Sequence[Course], today: datetime.date) -> list[str]:
    notes = []
    for course in courses:
        if course.status == "held":
            notes.append(f"{course.name} is on hold: not counted as taken")
        elif course.not_listed_on is not None:
            notes.append(f"{course.name} is missing from later lists (since {course.not_listed_on}): not counted as taken")
        elif course.status == "current" and course.confirmed and (today - course.confirmed).days > STALE_AFTER_DAYS:
            notes.append(f"{course.name} was last confirmed on {course.confirmed}")
    return notes


def _extensions(
    labs: Sequence[Result],
    worded: Mapping[str, bool],
    earlier: Mapping[str, list[dict[str, Any]]],
    facts: Sequence[StoredFact],
    courses: Sequence[Course],
    conditions: Sequence[Condition],
    today: datetime.date,
    inputs: list[InputDate],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tests = latest([result for result in labs if result.subject in _INFECTION_TESTS])
    inputs += [_aged("serology", result, today) for result in tests.values()]
    taken = {course.subject for course in courses if course.is_taken_on(today)}
    for one in conditions:
        if one.disease is None and one.status is DiagnosisStatus.CONFIRMED and one.places:
            inputs.append(
                _stated("comorbidities", one.name.lower(), one.name, one.name, one.places[-1], one.since, today, ages=False)
            )
    parts: dict[str, Any] = {
        "serology": {result.test: result.shown for result in tests.values()},
        "comorbidities": [one.name for one in conditions if one.disease is None and one.status is DiagnosisStatus.CONFIRMED],
        "documented_findings": documented_findings(facts),
        "prior_medications": list(dict.fromkeys(
            f"{course.name} ({course.reason})" if course.reason else course.name
            for course in courses if course.status == "stopped" and course.subject not in taken
        )),
        "planned_medications": [course.described for course in courses if course.status == "planned"],
        "qualitative_antibodies": dict(worded),
        "instrument_items": _items(facts, today, inputs),
        "lab_history": dict(earlier),
    }
    found.update({name: value for name, value in parts.items() if value})
    return found


def _items(facts: Sequence[StoredFact], today: datetime.date, inputs: list[InputDate]) -> dict[str, dict[str, Any]]:
    """The items of the latest scores that print them. A checklist prints points where the instrument asks yes or no."""
    found: dict[str, dict[str, Any]] = {}
    told: dict[str, InputDate] = {}
    for fact in sorted(facts, key=lambda one: one.effective or datetime.date.min):
        content = fact.content
        if not isinstance(content, ActivityContent):
            continue
        if content.items or content.instrument == "EDSS":
            shown = f"{content.value:g} ({len(content.items)} items)" if content.items else f"{content.value:g}"
            told[content.instrument] = _stated(
                "activity", content.instrument, content.instrument, shown, place_of(fact), fact.effective, today, ages=True
            )
        if content.instrument == "EDSS":
            found[content.instrument] = {"edss": content.value}
        elif content.items and content.instrument in _CHECKLISTS:
            found[content.instrument] = {name: value > 0 for name, value in content.items.items()}
            if content.instrument == "SLEDAI-2K" and sum(content.items.values()) == content.value:
                found[content.instrument]["all_others_absent"] = True  # the printed items make the printed total
        elif content.items:
            # no complication is printed as 0 where the instrument asks for a list
            found[content.instrument] = {
                name: [] if name == "complications" and not value else value for name, value in content.items.items()
            }
    _share(found, told)
    inputs += [told[instrument] for instrument in found]
    return found


def _share(found: dict[str, dict[str, Any]], told: dict[str, InputDate]) -> None:
    """Let an instrument without items of its own take those that another one printed: a joint count serves DAS28 and SDAI.

    The key of an item names its scale, so equal keys are the same observation. Laboratory items come from the results.
    """
    documented = sorted(found, key=lambda name: told[name].date or datetime.date.min, reverse=True)
    for name, instrument in INSTRUMENTS.items():
        if name in documented:
            continue
        shared = {one: items for one in documented if (items := _of_instrument(instrument, one, found[one]))}
        of_day = [one for one in shared if told[one].date == told[next(iter(shared))].date]
        if of_day:
            found[name] = {key: value for one in of_day for key, value in shared[one].items()}
            shown = f"{len(found[name])} items, as for {' and '.join(of_day)}"
            told[name] = replace(told[of_day[0]], name=name, key=name, shown=shown)


def _of_instrument(instrument: Instrument, source: str, items: Mapping[str, Any]) -> dict[str, Any]:
    """The items of `source` that are items of `instrument` too, by their keys."""
    known = INSTRUMENTS.get(source)
    if known is None or not set(known.diseases) & set(instrument.diseases):
        return {}
    wanted = {item.key for item in instrument.items if item.unit is None}
    shared: dict[str, Any] = {}
    for written, value in items.items():
        target = names.find(known.record, written)
        if target is not None and target.item.key in wanted:
            shared[target.item.key] = value
    return shared
