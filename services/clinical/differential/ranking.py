"""Ranks the thirteen diseases, with conditions outside them and "nothing specific" as competing explanations.

A ranking starts from an antibody or a finding, never from HLA, age or sex. Confidence is relative support: a softmax of
the scores of all hypotheses, flattened, because the evidence is correlated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp
from typing import Final

from services.clinical import labs as laboratory
from services.clinical.antibodies import NameQuestion, antibodies, normalise_antibody
from services.clinical.differential.report import Differential, DifferentialEntry, Evidence, OutsideCondition
from services.clinical.differential.scoring import (
    antibody_evidence,
    finding_evidence,
    hla_evidence,
    prior_evidence,
)
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Frozen, Input, Step
from services.clinical.hla import HlaReport, associations
from services.clinical.presentations import presentations
from services.clinical.profile import MeasuredValue
from services.clinical.symptoms import Finding, ancestors, concepts, read_labs, read_symptoms
from services.clinical.titers import Outcome
from services.knowledge.immunology import Presentation
from services.knowledge.sources import Source

RULES_VERSION: Final = "differential 4"
NOTHING_SPECIFIC: Final = 2.5
EXPLAINED: Final = 0.2  # share of its weight a non-specific antibody keeps where another condition explains it
FLATTENING: Final = 1.5
MAX_CONFIDENCE: Final = 0.95
OUTSIDE_SHOWN: Final = 5
NEARLY_AS_GOOD: Final = 1.0  # in natural-log units: less than the weight of one common finding
MAX_ANTIBODIES: Final = 100
LOW_CONFIDENCE: Final = 0.3
_HPO = Source(citation="Human Phenotype Ontology frequency subontology (classes, not measured rates)")
_CLINICAL = frozenset({"antibody", "finding", "hla"})
_MISSING = ("imaging", "biopsy", "course over time")


class _Results(Frozen):
    """The antibodies of the question, by id, and what could not be used."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()
    questions: tuple[NameQuestion, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prior:
    """Age in years, now or when the symptoms began, and sex."""

    age: int | None
    sex: str | None
    at_onset: bool


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    presentation: Presentation
    score: float
    evidence: tuple[Evidence, ...]
    is_started: bool


def differentiate(
    age: int | None = None,
    sex: str | None = None,
    positive_antibodies: Sequence[str] = (),
    negative_antibodies: Sequence[str] = (),
    hla_alleles: Sequence[str] = (),
    symptoms: Sequence[str] = (),
    labs: Mapping[str, float | MeasuredValue] | laboratory.LabPanel | None = None,
    criteria: Mapping[Disease, int] | None = None,
    *,
    hla: HlaReport | None = None,
    history: Sequence[str] = (),
    onset_age: int | None = None,
    diagnosed: Sequence[Disease] = (),
) -> Differential:
    """Rank the thirteen diseases as explanations of what is known; what is not sent is unknown, never negative.

    `labs` are laboratory values or an already read panel; `criteria` the number of classification items known to be met;
    `hla` the report on `hla_alleles` where it was made already. `history` holds findings of the past and further conditions:
    they count like symptoms unless the symptoms deny them; what is no finding there is passed over. Diseases begin at typical
    ages, so `onset_age` (years) is judged instead of `age` where it is known. `diagnosed` only changes the summary.
    Entries hold only diseases that an antibody or a finding supports. Names that are not recognised are echoed.
    """
    sex = sex if sex in {"F", "M"} else None
    results = _read_antibodies(positive_antibodies, negative_antibodies)
    reading = read_symptoms(symptoms, sex)
    findings = _distinct((*reading.findings, *_past_findings(history, reading.findings, sex), *_lab_findings(labs, age, sex)))
    hla = associations(hla_alleles) if hla is None else hla
    serology, clinical = _serology(results), [finding_evidence(one) for one in findings]
    prior = _Prior(age if onset_age is None else onset_age, sex, onset_age is not None)
    hypotheses = [_weigh(row, prior, serology, clinical, hla) for row in presentations().values()]
    support = _support(hypotheses)
    inside = sorted((one for one in hypotheses if one.presentation.scope == "thirteen" and one.is_started), key=_by_score)
    outside = sorted((one for one in hypotheses if one.presentation.scope == "outside" and one.is_started), key=_by_score)
    none = _is_none(inside, outside)
    entries = tuple(
        _entry(one, rank, support, results, findings, criteria or {}) for rank, one in enumerate(inside, start=1)
    )
    shown = tuple(_outside(one, support, findings) for one in outside[:OUTSIDE_SHOWN] if one.score > 0)
    return Differential(
        entries=entries,
        outside=shown,
        none_of_the_13=none,
        summary=_summary(entries, shown, none, diagnosed),
        findings=findings,
        hla=hla,
        unrecognised_antibodies=results.unrecognised,
        questions=results.questions,
        unrecognised_symptoms=reading.unrecognised,
        notes=(*results.notes, *_doubt_notes(reading.uncertain), *_general_notes(entries, hla)),
    )


def _by_score(one: _Hypothesis) -> tuple[float, str]:
    return -one.score, one.presentation.id


def _read_antibodies(positive: Sequence[str], negative: Sequence[str]) -> _Results:
    ids: dict[bool, list[str]] = {True: [], False: []}
    unrecognised: list[str] = []
    questions: list[NameQuestion] = []
    notes: list[str] = []
    for sent_as, names in ((True, positive), (False, negative)):
        for written in list(names)[:MAX_ANTIBODIES]:
            name = normalise_antibody(written)
            contradicts = name.stated is not None and (name.stated is Outcome.POSITIVE) is not sent_as
            if contradicts:
                sent = "positive" if sent_as else "negative"
                notes.append(f"{name.written!r} was sent as {sent} but says otherwise: not used.")
            elif name.id is not None:
                ids[sent_as].append(name.id)
            elif name.is_ambiguous:
                questions.append(NameQuestion(written=name.written, candidates=name.candidates, question=name.question))
            else:
                unrecognised.append(name.written)
    both = set(ids[True]) & set(ids[False])
    notes.extend(f"{antibodies()[one].name} was sent as positive and as negative: not used." for one in sorted(both))
    used = {sent_as: tuple(one for one in dict.fromkeys(found) if one not in both) for sent_as, found in ids.items()}
    return _Results(
        positive=used[True],
        negative=used[False],
        unrecognised=tuple(unrecognised),
        questions=tuple(questions),
        notes=tuple(notes),
    )


def _past_findings(history: Sequence[str], current: Sequence[Finding], sex: str | None) -> Iterable[Finding]:
    known = {finding.concept for finding in current}
    return (one for one in read_symptoms(history, sex).findings if one.present and one.concept not in known)


def _lab_findings(
    labs: Mapping[str, float | MeasuredValue] | laboratory.LabPanel | None, age: int | None, sex: str | None
) -> tuple[Finding, ...]:
    if labs is None:
        return ()
    panel = labs if isinstance(labs, laboratory.LabPanel) else laboratory.normalise(labs, sex, age_years=age)
    return read_labs(panel)


def _distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Keep each concept once; a broader finding implied by a finer one, or denied elsewhere, is not counted again."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        earlier = kept.get(finding.concept)
        if earlier is None or (finding.present and not earlier.present):
            kept[finding.concept] = finding
    implied = {broader for one in kept.values() if one.present for broader in ancestors(one.concept)}
    return tuple(one for one in kept.values() if one.concept not in implied)


def _specifically_supported(results: _Results) -> frozenset[str]:
    """Return the conditions that a positive antibody supports which is not a non-specific one."""
    specific = (antibodies()[one] for one in results.positive if not antibodies()[one].nonspecific)
    return frozenset(link.disease for record in specific for link in record.links if link.disease not in record.against)


def _is_explained(antibody: str, condition: str, specific: frozenset[str]) -> bool:
    """Say whether a non-specific antibody is already explained by another condition with a specific antibody of its own.

    Rheumatoid factor next to anti-La belongs to Sjögren's disease: it is then little reason to think of rheumatoid
    arthritis as well, unless that has a specific antibody too.
    """
    record = antibodies()[antibody]
    return record.nonspecific and condition not in specific and any(link.disease in specific for link in record.links)


def _serology(results: _Results) -> Mapping[str, list[tuple[str, Evidence]]]:
    """Return what the antibodies say about each condition, each with the kind of antibody it comes from."""
    specific = _specifically_supported(results)
    found: dict[str, list[tuple[str, Evidence]]] = {}
    for antibody, positive in [(one, True) for one in results.positive] + [(one, False) for one in results.negative]:
        for condition, one in antibody_evidence(antibody, positive=positive).items():
            is_explained = one.weight > 0 and _is_explained(antibody, condition, specific)
            found.setdefault(condition, []).append((_kin(antibody), _scaled(one, EXPLAINED) if is_explained else one))
    return found


def _weigh(
    row: Presentation,
    prior: _Prior,
    serology: Mapping[str, list[tuple[str, Evidence]]],
    findings: list[Mapping[str, Evidence]],
    hla: HlaReport,
) -> _Hypothesis:
    key = row.id
    tested = _damped(serology[key]) if key in serology else []
    clinical = _diminishing([one[key] for one in findings if key in one])
    started = any(one.weight > 0 for one in (*tested, *clinical))
    genetic = [one for one in hla_evidence(hla, key) if started or one.weight < 0]
    evidence = (*tested, *clinical, *genetic, *prior_evidence(row, prior.age, prior.sex, at_onset=prior.at_onset))
    return _Hypothesis(row, sum([one.weight for one in evidence]), evidence, started)


@cache
def _kin(antibody: str) -> str:
    """Return what an antibody shares with others: its group, or that it is not specific for anything."""
    record = antibodies()[antibody]
    return "nonspecific" if record.nonspecific else record.group


def _damped(found: list[tuple[str, Evidence]]) -> list[Evidence]:
    """Halve each further positive antibody of one kind for one disease: they are not independent."""
    seen: dict[str, int] = {}
    result = []
    for group, one in sorted(found, key=lambda pair: -pair[1].weight):
        repeats = seen.get(group, 0) if one.weight > 0 else 0
        if one.weight > 0:
            seen[group] = repeats + 1
        result.append(_scaled(one, 0.5**repeats))
    return result


def _diminishing(found: list[Evidence]) -> list[Evidence]:
    """Let each further supporting finding count a little less, down to 40 %."""
    ordered = sorted(found, key=lambda one: -one.weight)
    supporting = 0
    result = []
    for one in ordered:
        share = max(0.4, 1 - 0.08 * supporting) if one.weight > 0 else 1.0
        supporting += one.weight > 0
        result.append(_scaled(one, share))
    return result


def _scaled(one: Evidence, share: float) -> Evidence:
    return one if share == 1.0 else Evidence(kind=one.kind, text=one.text, weight=one.weight * share)


def _support(hypotheses: list[_Hypothesis]) -> Mapping[str, float]:
    scores = {one.presentation.id: one.score for one in hypotheses if one.is_started}
    top = max((*scores.values(), NOTHING_SPECIFIC))
    weights = {key: exp((score - top) / FLATTENING) for key, score in scores.items()}
    total = sum(weights.values()) + exp((NOTHING_SPECIFIC - top) / FLATTENING)
    return {key: min(MAX_CONFIDENCE, weight / total) for key, weight in weights.items()}


def _is_none(inside: list[_Hypothesis], outside: list[_Hypothesis]) -> bool:
    best = inside[0].score if inside else 0.0
    return best < NOTHING_SPECIFIC or (bool(outside) and outside[0].score > best)


def _entry(
    one: _Hypothesis,
    rank: int,
    support: Mapping[str, float],
    results: _Results,
    findings: tuple[Finding, ...],
    criteria: Mapping[Disease, int],
) -> DifferentialEntry:
    disease = Disease(one.presentation.id)
    return DifferentialEntry(
        disease=disease,
        confidence=round(support[one.presentation.id], 3),
        score=round(one.score, 3),
        rank=rank,
        evidence=one.evidence,
        supporting_antibodies=_supporting_antibodies(one, results),
        supporting_hla=tuple(item.text.partition(" (")[0] for item in one.evidence if item.kind == "hla" and item.weight > 0),
        matching_symptoms=_matching(one, findings),
        contradicting=tuple(item.text for item in one.evidence if item.weight <= -0.5 and item.kind in _CLINICAL),
        red_flags=_red_flags(one, findings),
        classification_criteria_met=max(0, criteria.get(disease, 0)),
        notes=_notes(one, support[one.presentation.id]),
        explanation=_explain(one),
    )


def _supporting_antibodies(one: _Hypothesis, results: _Results) -> tuple[str, ...]:
    supporting = {item.text for item in one.evidence if item.kind == "antibody" and item.weight > 0}
    if not supporting:
        return ()
    names = (antibodies()[antibody].name for antibody in results.positive)
    return tuple(name for name in names if f"{name} positive" in supporting)


def _matching(one: _Hypothesis, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    supporting = {item.text for item in one.evidence if item.kind == "finding" and item.weight > 0}
    if not supporting:
        return ()
    matched = [finding.text for finding in findings if finding.present and concepts()[finding.concept].name in supporting]
    return tuple(dict.fromkeys(matched))


def _red_flags(one: _Hypothesis, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    present = {finding.concept for finding in findings if finding.present}
    return tuple(concepts()[flag].name for flag in one.presentation.red_flags if flag in present)


def _outside(one: _Hypothesis, support: Mapping[str, float], findings: tuple[Finding, ...]) -> OutsideCondition:
    return OutsideCondition(
        condition=one.presentation.id,
        name=one.presentation.name,
        confidence=round(support[one.presentation.id], 3),
        score=round(one.score, 3),
        evidence=one.evidence,
        red_flags=_red_flags(one, findings),
    )


def _notes(one: _Hypothesis, confidence: float) -> str:
    notes = []
    if confidence < LOW_CONFIDENCE:
        notes.append("Low support.")
    kinds = {item.kind for item in one.evidence if item.weight > 0 and item.kind in {"antibody", "finding"}}
    if kinds == {"antibody"}:
        notes.append("Rests on antibodies alone: an antibody is not a diagnosis.")
    if any(item.kind == "hla" and item.weight > 0 for item in one.evidence):
        notes.append("HLA is susceptibility, not diagnosis.")
    return " ".join(notes)


def _explain(one: _Hypothesis) -> Explanation:
    return Explanation(
        rule="Sum of capped log weights: antibodies by sensitivity and specificity, findings by frequency class, HLA, age and "
        "sex as weak modifiers. Confidence is relative support among all hypotheses, not a probability.",
        inputs=tuple(_input(item.kind, item.text) for item in one.evidence),
        steps=tuple(_step(item.kind, item.text, round(item.weight, 2)) for item in one.evidence),
        missing=_MISSING,
        sources=(_HPO, *_antibody_sources(one)),
        version=RULES_VERSION,
    )


@lru_cache(maxsize=8192)
def _input(kind: str, text: str) -> Input:
    """Build a line once: evidence is named by concepts and antibodies, not by the patient's own words."""
    return Input(name=kind, value=text)


@lru_cache(maxsize=16384)
def _step(kind: str, text: str, points: float) -> Step:
    return Step(label=text, points=points, note=kind)


def _antibody_sources(one: _Hypothesis) -> tuple[Source, ...]:
    named = {item.text.rpartition(" ")[0] for item in one.evidence if item.kind == "antibody"}
    return tuple(dict.fromkeys(source for record in antibodies().values() if record.name in named for source in record.sources))


def _summary(
    entries: tuple[DifferentialEntry, ...], outside: tuple[OutsideCondition, ...], none: bool, diagnosed: Sequence[Disease]
) -> str:
    likely = ", ".join(one.name for one in outside[:3])
    if none and likely and (not entries or outside[0].score > entries[0].score):
        return f"None of the thirteen explains the findings best; consider {likely}."
    if none and diagnosed:
        held = ", ".join(one.label for one in diagnosed)
        return f"What is on file supports none of the thirteen by itself; the diagnosis stands on its own: {held}."
    if none:
        return "Not enough to support any of the thirteen diseases."
    near = ", ".join(one.name for one in outside if entries[0].score - one.score <= NEARLY_AS_GOOD)
    beside = f" Nearly as well supported outside the thirteen: {near}." if near else ""
    return f"Best supported of the thirteen: {entries[0].disease.label}. Not a diagnosis.{beside}"


def _doubt_notes(uncertain: Sequence[str]) -> tuple[str, ...]:
    """Say what was not counted because it is only considered ("rule out sacroiliitis", "possible uveitis")."""
    return (f"In doubt, so counted neither as present nor as absent: {'; '.join(uncertain)}.",) if uncertain else ()


def _general_notes(entries: tuple[DifferentialEntry, ...], hla: HlaReport) -> Iterable[str]:
    if not entries and hla.associations:
        yield "HLA alone does not point to a disease: carriers of risk alleles are mostly healthy."
