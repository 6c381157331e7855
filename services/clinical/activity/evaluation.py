"""From inputs and a formula to a score: applicability, validity, completeness, value, band, explanation."""

from __future__ import annotations

from collections.abc import Mapping

from services.clinical.activity.answers import Answers
from services.clinical.activity.populations import refused_population
from services.clinical.activity.reading import read
from services.clinical.activity.records import InstrumentRecord, ItemKind
from services.clinical.activity.results import ActivityScore, Formula, Verdict
from services.clinical.explanation import Explanation, Input, Status

_KIND_WORDING = {
    "disability": "Disability, not inflammatory activity.",
    "extent": "Extent, not activity.",
    "emergency": "An emergency score, not disease activity.",
    "control": "Control of the disease, not autoimmune activity.",
    "status": "A status, not an activity score.",
    "state": "A target state: reached or not, without degrees.",
    "patient_reported": "Symptoms as the patient reports them.",
    "activity": "",
}


def evaluate(record: InstrumentRecord, formula: Formula, inputs: Mapping[str, object]) -> ActivityScore:
    """Return the score of `inputs`; every outcome but OK carries neither value nor band."""
    refusal = refused_population(record, inputs)
    if refusal is not None:
        return _score(record, Answers(), Verdict(message=refusal), Status.NOT_APPLICABLE)
    answers = read(record, inputs)
    if answers.invalid:
        return _score(record, answers, Verdict(), Status.INVALID_INPUT)
    if answers.contradiction:
        return _score(record, answers, Verdict(contradiction=answers.contradiction), Status.INCONSISTENT_INPUT)
    if answers.missing:
        return _score(record, answers, Verdict(), Status.INSUFFICIENT_DATA)
    verdict = formula(record, answers)
    if verdict.invalid:
        answers.invalid.update(verdict.invalid)
        return _score(record, answers, verdict, Status.INVALID_INPUT)
    if verdict.contradiction:
        return _score(record, answers, verdict, Status.INCONSISTENT_INPUT)
    if verdict.missing:
        answers.missing.extend(verdict.missing)
        return _score(record, answers, verdict, Status.INSUFFICIENT_DATA)
    return _score(record, answers, verdict, Status.OK)


def _score(record: InstrumentRecord, answers: Answers, verdict: Verdict, status: Status) -> ActivityScore:
    ok = status is Status.OK
    value = round(verdict.value, 6) if ok and verdict.value is not None else None
    band = _band(record, verdict) if ok else (None, None)
    missing = tuple(dict.fromkeys(answers.missing)) if status is Status.INSUFFICIENT_DATA else ()
    return ActivityScore(
        instrument_id=record.id,
        name=record.name,
        disease=record.diseases[0],
        status=status,
        value=value,
        band=band[0],
        level=band[1],
        components=dict(verdict.components or {}) if ok else {},
        thresholds=record.thresholds,
        missing=missing,
        invalid=tuple(answers.invalid) if status is Status.INVALID_INPUT else (),
        lower_bound=_lower_bound(record, answers) if status is Status.INSUFFICIENT_DATA else None,
        message=_message(record, answers, verdict, status),
        explanation=Explanation(
            rule=record.rule,
            inputs=_inputs(record, answers),
            steps=verdict.steps if ok else (),
            missing=missing,
            sources=record.sources,
            version=f"{record.id} {record.version}",
        ),
    )


def _band(record: InstrumentRecord, verdict: Verdict) -> tuple[str | None, str | None]:
    if verdict.band is not None:
        named = next((band for band in record.bands if band.band == verdict.band), None)
        return verdict.band, named.level if named else None
    found = record.band_of(verdict.value) if verdict.value is not None else None
    return (found.band, found.level) if found else (None, None)


def _message(record: InstrumentRecord, answers: Answers, verdict: Verdict, status: Status) -> str:
    if status is Status.INVALID_INPUT:
        return "; ".join(f"{name} {reason}" for name, reason in answers.invalid.items())
    unused = f"Not used here: {', '.join(answers.unused)}." if answers.unused else ""
    if status is Status.INSUFFICIENT_DATA:
        return " ".join(filter(None, (f"Missing: {', '.join(dict.fromkeys(answers.missing))}.", verdict.message, unused)))
    if status is Status.INCONSISTENT_INPUT:
        return verdict.contradiction
    if status is Status.NOT_APPLICABLE:
        return verdict.message
    return " ".join(filter(None, (_KIND_WORDING[record.kind], verdict.message, unused)))


def _lower_bound(record: InstrumentRecord, answers: Answers) -> float | None:
    """Return what the answered items of a sum add up to; None for anything but a sum, or where nothing is answered."""
    if not answers.values or record.formula not in ("weighted_sum", "hbi", "mayo_full", "cas"):
        return None
    weighted = [item for item in record.items if item.weight and item.kind in (ItemKind.FLAG, ItemKind.COUNT, ItemKind.NUMBER)]
    known = [item for item in weighted if answers.has(item.key)]
    if not known:
        return None
    return round(sum(item.weight * answers.number(item.key) for item in known), 6)


def _inputs(record: InstrumentRecord, answers: Answers) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=record.labels[key], value=_printed(answer.value), unit=answer.unit, date=answer.date,
            note=_note(answer.value, answer.written, answer.note),
        )
        for key, answer in answers.values.items()
    )  # fmt: skip


def _printed(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)


def _note(value: object, written: str, note: str) -> str:
    """Say how the value was written where it was converted."""
    converted = written and written != _printed(value) and not isinstance(value, bool)
    return "; ".join(filter(None, (f"written as {written}" if converted else "", note)))

