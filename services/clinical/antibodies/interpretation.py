"""Reads an antibody panel: which antibody, positive or not and why, what it speaks for and what it does not.

No antibody makes a diagnosis here. Sensitivities and specificities are ranges that depend on assay and cohort.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from services.clinical.antibodies.names import antibodies, normalise_antibody
from services.clinical.antibodies.patterns import parse_patterns
from services.clinical.antibodies.positivity import Measurement, Verdict, judge
from services.clinical.antibodies.report import AntibodyFinding, AntibodyReport, DiseaseLink, NameQuestion, Ratio
from services.clinical.antibodies.rules import PanelContext, panel_alerts, panel_notes, result_notes
from services.clinical.disease import Disease
from services.clinical.explanation import Explanation, Input, Step
from services.clinical.presentations import THIRTEEN, name_of
from services.clinical.profile import AntibodyPanel, AntibodyResult
from services.clinical.titers import Outcome
from services.knowledge.immunology import AntibodyLink, AntibodyRecord

RULES_VERSION = "antibodies 1"
SLE_ENTRY_DILUTION = 80
MAX_RESULTS = 500


def interpret(
    panel: AntibodyPanel | Iterable[AntibodyResult | Measurement],
    diagnosed_conditions: Sequence[Disease] = (),
    *,
    age: int | None = None,
    sex: str | None = None,
    medications: Sequence[str] = (),
    total_iga_g_per_l: float | None = None,
) -> AntibodyReport:
    """Read every result of a panel, in the order sent; at most `MAX_RESULTS` are read.

    `total_iga_g_per_l` decides whether a negative IgA-class celiac test can be read at all; `medications` whether insulin
    antibodies can still mean autoimmunity. Unknown names are returned as unrecognised, ambiguous ones as questions.
    """
    results = panel.results if isinstance(panel, AntibodyPanel) else tuple(panel)
    findings: list[AntibodyFinding] = []
    questions: list[NameQuestion] = []
    unrecognised: list[str] = []
    for result in results[:MAX_RESULTS]:
        measurement = result if isinstance(result, Measurement) else Measurement.of(result)
        name = normalise_antibody(measurement.antibody)
        if name.id is not None:
            findings.append(_finding(measurement, antibodies()[name.id], name.stated))
        elif name.is_ambiguous:
            questions.append(NameQuestion(written=name.written, candidates=name.candidates, question=name.question))
        else:
            unrecognised.append(name.written)
    context = PanelContext(
        findings=tuple(findings), diagnosed=tuple(diagnosed_conditions), age=age, sex=sex,
        medications=tuple(medications), total_iga_g_per_l=total_iga_g_per_l,
    )  # fmt: skip
    return AntibodyReport(
        findings=tuple(_with_notes(finding, context) for finding in findings),
        alerts=panel_alerts(context),
        notes=panel_notes(context),
        questions=tuple(questions),
        unrecognised=tuple(unrecognised),
    )


def likelihood_ratios(link: AntibodyLink) -> tuple[Ratio | None, Ratio | None]:
    """Return LR+ and LR- as ranges, None where sensitivity or specificity is not held."""
    sensitivity, specificity = link.sensitivity, link.specificity
    if sensitivity is None or specificity is None:
        return None, None
    false_low, false_high = 100 - specificity.low, 100 - specificity.high
    positive = Ratio(
        low=sensitivity.low / false_low if false_low else sensitivity.low,
        high=sensitivity.high / false_high if false_high else None,
    )
    negative = Ratio(low=(100 - sensitivity.high) / specificity.high, high=(100 - sensitivity.low) / specificity.low)
    return positive, negative


def _finding(measurement: Measurement, record: AntibodyRecord, stated: Outcome | None) -> AntibodyFinding:
    verdict = judge(measurement) if stated is None else judge(_with_stated(measurement, stated))
    meets_entry = _meets_entry(record, verdict)
    return AntibodyFinding(
        written=measurement.antibody,
        id=record.id,
        canonical=record.name,
        verdict=verdict,
        patterns=tuple(f"{one.code} {one.name}" for one in parse_patterns(measurement.pattern or "")),
        is_nonspecific=record.nonspecific,
        meets_sle_entry_criterion=meets_entry,
        links=_links(record.id, verdict.outcome),
        explanation=_explain(measurement, record, verdict),
    )


def _with_stated(measurement: Measurement, stated: Outcome) -> Measurement:
    """Use a result written into the name ("ANA negative") where no other word was sent."""
    if isinstance(measurement.value, str) or measurement.titer:
        return measurement
    return measurement.model_copy(update={"titer": stated.value})


def _meets_entry(record: AntibodyRecord, verdict: Verdict) -> bool | None:
    """Say whether an ANA reaches 1:80 (entry criterion, Aringer 2019); None where the titer does not tell."""
    if record.id != "ana" or verdict.outcome is Outcome.UNKNOWN:
        return None
    if verdict.titer is not None:
        return verdict.titer.at_least(SLE_ENTRY_DILUTION)
    return False if verdict.outcome is Outcome.NEGATIVE else None


@cache
def _links(antibody: str, outcome: Outcome) -> tuple[DiseaseLink, ...]:
    """Return what an outcome of an antibody says of each disease: knowledge, the same for every patient."""
    return tuple(_link(link, outcome) for link in antibodies()[antibody].links)


def _link(link: AntibodyLink, outcome: Outcome) -> DiseaseLink:
    positive, negative = likelihood_ratios(link)
    return DiseaseLink(
        disease=link.disease,
        name=name_of(link.disease),
        is_one_of_thirteen=link.disease in THIRTEEN,
        basis=link.basis,
        sensitivity=str(link.sensitivity) if link.sensitivity else None,
        specificity=str(link.specificity) if link.specificity else None,
        lr_positive=positive,
        lr_negative=negative,
        applies={Outcome.POSITIVE: True, Outcome.NEGATIVE: False}.get(outcome),
    )


def _explain(measurement: Measurement, record: AntibodyRecord, verdict: Verdict) -> Explanation:
    inputs = [Input(name="antibody", value=measurement.antibody, note=f"recognised as {record.name}")]
    for name in ("value", "reference_range", "titer", "pattern", "positive"):
        sent = getattr(measurement, name)
        if sent is not None:
            inputs.append(Input(name=name, value=str(sent), unit=measurement.unit if name == "value" else None))
    steps = [Step(label=f"read as {verdict.outcome.value}", note=reason) for reason in verdict.how]
    steps.extend(Step(label="not used", note=reason) for reason in verdict.unread)
    if verdict.times_uln is not None:
        steps.append(Step(label="multiple of the upper limit", note=f"{verdict.times_uln:.2g} times"))
    return Explanation(
        rule="Positive or negative from the laboratory's flag, titer, words and range together; likelihood ratios "
        "LR+ = sensitivity/(1 - specificity), LR- = (1 - sensitivity)/specificity from published ranges.",
        inputs=tuple(inputs),
        steps=tuple(steps),
        missing=("reference_range or positive flag",) if verdict.outcome is Outcome.UNKNOWN and not verdict.contradiction else (),
        sources=record.sources,
        version=RULES_VERSION,
    )


def _with_notes(finding: AntibodyFinding, context: PanelContext) -> AntibodyFinding:
    own = antibodies()[finding.id].notes if finding.outcome is not Outcome.NEGATIVE else ()
    notes = (*([finding.verdict.contradiction] if finding.verdict.contradiction else []), *result_notes(finding, context), *own)
    return finding.model_copy(update={"notes": tuple(dict.fromkeys(notes))}) if notes else finding
