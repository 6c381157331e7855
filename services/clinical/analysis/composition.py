"""The whole analysis of one patient: every engine once, each fed with what the others found.

Pure and without a clock: `today` is handed in and only used to read a year ("MI 2023") as time elapsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.clinical import activity, safety
from services.clinical import genotypes as genotypes_reader
from services.clinical.activity import ActivityScore
from services.clinical.analysis import criteria as criteria_reader
from services.clinical.analysis import evidence, inputs
from services.clinical.analysis.alerts import all_alerts, cross_findings
from services.clinical.analysis.extension_keys import unknown_keys
from services.clinical.analysis.inputs import History
from services.clinical.analysis.model import (
    ENGINE_VERSION,
    Analysis,
    CriteriaAssessment,
    Problem,
    Unrecognised,
)
from services.clinical.antibodies import AntibodyReport, interpret, normalise_antibody
from services.clinical.conditions import read_text
from services.clinical.differential import Differential, differentiate
from services.clinical.differential.ranking import NOTHING_SPECIFIC
from services.clinical.disease import Disease
from services.clinical.explanation import Status
from services.clinical.flare import FlareAssessment, assess_flare
from services.clinical.flare.context import unrecognised_context
from services.clinical.flare.reading import Series
from services.clinical.hla import HlaReport, associations
from services.clinical.labs import LabPanel
from services.clinical.overlap import find_overlaps
from services.clinical.profile import Profile
from services.clinical.safety import Facts
from services.clinical.therapy import recommend
from services.knowledge.version import knowledge_version

RELEVANT_BY_DIFFERENTIAL = 3
LIMITS = {"antibodies": 500, "alleles": 100, "medications": 300, "biomarkers": 1000, "symptoms": 100, "extensions": 300}


def analyse(profile: Profile, *, today: date | None = None, history: History | None = None) -> Analysis:
    """Analyse a profile with every engine.

    `history` holds earlier laboratory results (name to dated values, as in `Profile.biomarkers`) for courses; those of
    `extensions.lab_history` are added. Diagnoses stated in the extensions count like diagnosed conditions. Never raises on
    what a profile can hold; what cannot be used is returned in `problems`, `unrecognised` and `questions`.
    """
    panel = inputs.read_panel(profile)
    current, date_problems = inputs.current_panel(panel, profile, today)
    report = interpret(
        inputs.antibody_measurements(profile, panel), profile.diagnosed_conditions, age=profile.age, sex=profile.sex,
        medications=profile.current_medications, total_iga_g_per_l=inputs.total_iga_g_per_l(panel),
    )  # fmt: skip
    facts = safety.gather(profile, current, antibodies=report, today=today)
    diagnoses = tuple(dict.fromkeys((*profile.diagnosed_conditions, *facts.conditions.diseases)))
    diagnosed = profile.model_copy(update={"diagnosed_conditions": diagnoses})
    alleles = inputs.written_alleles(profile, facts.genotypes.alleles)
    hla = associations(alleles)
    known = evidence.outcomes(report, on_insulin=evidence.takes_insulin(facts))
    symptoms = inputs.written_symptoms(profile.extensions)
    scores = activity.scores_for(diagnosed, current)
    differential = differentiate(
        profile.age, profile.sex, evidence.names_of(known, positive=True), evidence.names_of(known, positive=False),
        alleles, symptoms, panel, hla=hla,
    )  # fmt: skip
    assessed = _criteria(profile, panel, report, known, facts, hla, differential, diagnoses)
    differential = criteria_reader.count_in(differential, assessed)
    earlier, history_problems = inputs.lab_history(profile, history)
    series, course_problems = inputs.lab_series(profile, panel, earlier)
    context = evidence.flare_context(profile, facts, differential.findings, known, hla)
    flares = tuple(_flare(diagnosed, one, current, series, known, context, scores) for one in diagnoses)
    review = safety.review(facts, activity=scores)
    overlaps = find_overlaps(evidence.overlap_evidence(diagnoses, facts, differential.findings, known))
    relevant = _relevant(diagnoses, differential)
    shown = tuple(one for one in assessed if relevant & set(one.criteria.diseases))
    return Analysis(
        profile=profile,
        analysed_on=today,
        diagnoses=diagnoses,
        panel=panel,
        current_labs=frozenset(one.key for one in current.readings),
        antibodies=report,
        hla=hla,
        genotypes=facts.genotypes,
        activity=scores,
        criteria=shown,
        differential=differential,
        flare=flares,
        safety=review,
        therapy=recommend(profile, current, activity=scores, facts=facts, hla=hla),
        overlap=overlaps,
        alerts=all_alerts(profile, review, flares, report, scores),
        cross_findings=cross_findings(hla, facts.genotypes, review, report, overlaps),
        problems=(
            *_problems(profile, panel, report, scores, facts), *criteria_reader.problems_of(shown),
            *date_problems, *history_problems, *course_problems,
        ),
        unrecognised=_unrecognised(profile, panel, report, hla, facts, differential),
        questions=report.questions,
        notes=_notes(profile, diagnoses),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Return the version of the engine and the hash of the curated knowledge it used."""
    return {"engine": ENGINE_VERSION, "knowledge": knowledge_version()}


def _criteria(
    profile: Profile,
    panel: LabPanel,
    report: AntibodyReport,
    known: dict[str, bool | None],
    facts: Facts,
    hla: HlaReport,
    differential: Differential,
    diagnoses: tuple[Disease, ...],
) -> tuple[CriteriaAssessment, ...]:
    is_pregnant = profile.extensions.get("pregnant") is True or facts.conditions.present("pregnancy")
    candidates = tuple(dict.fromkeys((*diagnoses, *(entry.disease for entry in differential.entries))))
    present = {finding.concept for finding in differential.findings if finding.present}
    present |= {name for name, is_present in evidence.stated_findings(facts).items() if is_present}
    found = evidence.criteria_evidence(panel, report, known, hla, age=profile.age, is_pregnant=is_pregnant)
    return criteria_reader.assess(candidates, found, present, diagnoses, profile.extensions)


def _relevant(diagnoses: Iterable[Disease], differential: Differential) -> set[Disease]:
    return {*diagnoses, *supported(differential)}


def supported(differential: Differential) -> set[Disease]:
    """Return the diseases worth judging criteria for: the best supported ones, above "nothing specific"."""
    return {one.disease for one in differential.entries[:RELEVANT_BY_DIFFERENTIAL] if one.score >= NOTHING_SPECIFIC}


def _flare(
    profile: Profile,
    disease: Disease,
    panel: LabPanel,
    series: Series,
    known: dict[str, bool | None],
    context: dict[str, bool],
    scores: tuple[ActivityScore, ...],
) -> FlareAssessment:
    return assess_flare(
        profile, disease, labs=panel, series=series, antibodies=known, context=context,
        current_activity=evidence.current_activity(disease, scores),
    )  # fmt: skip


def _problems(
    profile: Profile, panel: LabPanel, report: AntibodyReport, scores: Iterable[ActivityScore], facts: Facts
) -> tuple[Problem, ...]:
    found = [Problem(part="biomarkers", name=one.name, message=one.message) for one in panel.problems]
    for finding in report.findings:
        said = tuple(filter(None, (finding.verdict.contradiction, *finding.verdict.unread)))
        found += [Problem(part="autoantibody_panel", name=finding.written[:200], message=message) for message in said]
    found += [
        Problem(part="instrument_items", name=score.instrument_id, message=score.message)
        for score in scores if score.status in {Status.INVALID_INPUT, Status.INCONSISTENT_INPUT}
    ]
    found += [
        Problem(part="genotypes", name=gene.gene, message=gene.reason) for gene in facts.genotypes.genes if gene.reason
    ]
    counts = {
        "antibodies": len(profile.autoantibody_panel.results) if profile.autoantibody_panel else 0,
        "alleles": len(profile.hla_profile.alleles()) if profile.hla_profile else 0,
        "medications": len(profile.current_medications),
        "biomarkers": len(profile.biomarkers),
        "symptoms": len(inputs.written_symptoms(profile.extensions)),
        "extensions": len(profile.extensions),
    }
    found += [
        Problem(part="profile", name=name, message=f"{count} were sent; only the first {LIMITS[name]} were read")
        for name, count in counts.items() if count > LIMITS[name]
    ]
    return tuple(dict.fromkeys(found))


def _unrecognised(
    profile: Profile, panel: LabPanel, report: AntibodyReport, hla: HlaReport, facts: Facts, differential: Differential
) -> tuple[Unrecognised, ...]:
    symptoms = set(inputs.written_symptoms(profile.extensions))
    found: list[Unrecognised] = []
    found += [Unrecognised(kind="biomarker", written=one) for one in panel.unrecognised if normalise_antibody(one).id is None]
    found += [Unrecognised(kind="antibody", written=one) for one in report.unrecognised]
    found += [Unrecognised(kind="allele", written=one) for one in hla.unrecognised]
    found += [Unrecognised(kind="medication", written=one.text) for one in facts.taken if not one.is_recognised]
    found += [Unrecognised(kind="genotype", written=one) for one in genotypes_reader.parse(profile.genotypes).unrecognised]
    # a symptom is known when either reader knows it, any other text when the reader of conditions does
    found += [Unrecognised(kind="condition", written=one) for one in facts.conditions.unrecognised if one not in symptoms]
    found += [
        Unrecognised(kind="symptom", written=one) for one in differential.unrecognised_symptoms if not read_text(one).understood
    ]
    found += [Unrecognised(kind="instrument", written=one) for one in activity.unknown_instruments(profile)]
    found += criteria_reader.unknown_sets(profile.extensions)
    found += [Unrecognised(kind="extension", written=f"flare_context.{one}") for one in unrecognised_context(profile)]
    found += unknown_keys(profile.extensions)
    return tuple(dict.fromkeys(found))


def _notes(profile: Profile, diagnoses: tuple[Disease, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    stated = [one.label for one in diagnoses if one not in profile.diagnosed_conditions]
    if stated:
        notes.append(f"Taken as diagnoses because the history states them: {', '.join(stated)}.")
    if not diagnoses:
        notes.append("No diagnosis is given: activity, flare risk and treatment are not assessed.")
    if profile.age < 18:
        notes.append("Under 18: typical adult limits are not used, and most instruments and criteria were made for adults.")
    return tuple(notes)
