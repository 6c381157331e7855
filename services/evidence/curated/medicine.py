"""Criteria, instruments, flare predictors, overlap syndromes, therapies and drug rules as passages.

The texts are written from the records the clinical engine computes with, so what is read and what is computed agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from services.clinical.activity.passages import passages as instrument_texts
from services.clinical.activity.records import records as instrument_records
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.flare.records import FlarePredictor, FlareRecord, flare_records
from services.clinical.overlap import OverlapRecord
from services.evidence.curated.wording import (
    cited,
    disease_in_words,
    diseases_in_words,
    listed,
    packed,
    passages,
    pmids,
    sentence,
)
from services.evidence.passages import Passage
from services.knowledge.catalogue import load
from services.knowledge.drugs import (
    LabelStatus,
    Rule,
    Severity,
    Therapy,
    Use,
    disease_notes,
    drug_classes,
    pgx_codes,
    rules,
    therapies,
)
from services.knowledge.immunology import HlaPgxRow

_STATUS = {
    LabelStatus.ON_LABEL: "labelled for",
    LabelStatus.OFF_LABEL: "used off-label in",
    LabelStatus.STANDARD_CARE: "standard care in",
    LabelStatus.UNCERTAIN: "of uncertain label status in",
    LabelStatus.NOT_INDICATED: "not indicated in",
}
_SEVERITY = {
    Severity.CONTRAINDICATED: "Contraindicated", Severity.CRITICAL: "Critical warning", Severity.MAJOR: "Major warning",
    Severity.MODERATE: "Caution", Severity.INFO: "Note",
}


def medicine_passages() -> Iterator[Passage]:
    """Yield the passages of the clinical engine's data files."""
    for criteria in load("criteria", CriteriaRecord):
        yield from _criteria(criteria)
    yield from _instruments()
    for flare in flare_records().values():
        yield from _flare(flare)
    for overlap in load("overlap_syndromes", OverlapRecord):
        yield from _overlap(overlap)
    for therapy in therapies():
        yield from _therapy(therapy)
    for note in disease_notes().values():
        named = disease_in_words(note.disease)
        yield from passages(
            "autoimmune_biologic_therapies", f"note-{note.disease}", f"Treatment of {named}: what to know first",
            packed(f"Treatment of {named}.", [note.text]), cited(note.sources),
            {"disease": note.disease, "pmid": pmids(note.sources)}, context=f"Drugs for {named}",
        )
    pharmacogenomic = pgx_codes()
    for rule in rules():
        if not told_by_hla_row(rule):
            yield from _rule(rule, "autoimmune_pgx_rules" if rule.code in pharmacogenomic else "autoimmune_biologic_therapies")


def told_by_hla_row(rule: Rule) -> bool:
    """Tell whether a row of `hla_pgx` says the same of the same allele and drugs, so that nothing is indexed twice."""
    alleles = set((_genes(rule) or "").split(", "))
    return any(alleles <= set(row.all_of) and set(rule.drugs) <= set(row.drugs) for row in load("hla_pgx", HlaPgxRow))


def _criteria(row: CriteriaRecord) -> Iterator[Passage]:
    diseases = diseases_in_words(disease.value for disease in row.diseases)
    named = (("Rule", row.rule), ("Entry", row.entry), ("Exclusions", row.exclusions), ("Limits", row.limits))
    facts = [f"{heading}: {sentence(text)}" for heading, text in named if text]
    weighted = [f"{item.label} = {item.weight:g}" for item in row.items if item.weight]
    if weighted:
        facts.append(f"Items and weights: {'; '.join(weighted)}.")
    year = row.version[:4]
    yield from passages(
        "autoimmune_disease_criteria", row.id, row.name,
        [*packed(f"{row.name}.", row.summary), *packed(f"{row.name}, for {diseases}.", facts)],
        cited(row.sources),
        {
            "criteria": row.name, "disease": ",".join(disease.value for disease in row.diseases),
            "year": int(year) if year.isdigit() else None, "pmid": pmids(row.sources),
        },
        context=f"{row.purpose} criteria: {diseases}",
    )


def _instruments() -> Iterator[Passage]:
    by_id = {record.id: record for record in instrument_records()}
    for identifier, parts in groupby(instrument_texts(), key=lambda part: part.instrument_id):
        written = list(parts)
        record = by_id.get(identifier)
        if record is None:
            # What is not computed has no record: it is said in the page on the instrument, not cited.
            continue
        low, high = record.range or (None, None)
        span = f"{low:g} to {high:g}" if low is not None and high is not None else f"from {low:g}" if low is not None else None
        diseases = tuple(disease.value for disease in record.diseases)
        yield from passages(
            "autoimmune_disease_activity", f"instrument-{identifier}", f"{record.name} ({identifier})",
            packed(f"{record.name} ({identifier}).", (_once(part.text, f"{record.name} ({identifier})") for part in written)),
            cited(record.sources),
            {"instrument": identifier, "disease": ",".join(diseases), "range": span, "pmid": pmids(record.sources)},
            context=f"Activity score, index, instrument: {diseases_in_words(diseases)}",
        )


def _once(text: str, named: str) -> str:
    """Drop the instrument's name from a part of its text: the lead of the passage says it."""
    text = text.replace(f"{named}, used in", "Used in")
    text = text.replace(f" of the {named}:", ":").replace(f" in the {named}:", ":")
    return text.replace(f"the {named}", "it")


def _flare(row: FlareRecord) -> Iterator[Passage]:
    disease = disease_in_words(row.disease.value)
    for direction, words in (("increases", "raise"), ("decreases", "lower")):
        chosen = [predictor for predictor in row.predictors if predictor.direction == direction]
        if not chosen:
            continue
        sources = [row.sources[key] for key in dict.fromkeys(predictor.source for predictor in chosen)]
        major = [_factor(predictor) for predictor in chosen if predictor.strength == 2]
        minor = [_factor(predictor) for predictor in chosen if predictor.strength == 1]
        pieces = [
            f"Strong factors: {'; '.join(major)}." if major else "",
            f"Further factors: {'; '.join(minor)}." if minor else "",
            "No published model joins them into one probability, so factors and direction are shown, not a percentage.",
        ]
        yield from passages(
            "autoimmune_flare_patterns", f"{row.disease.value}-{direction}",
            f"What {words}s the risk of {row.outcome} in {disease}",
            packed(f"Factors that {words} the risk of {row.outcome} in {disease}.", filter(None, pieces)), cited(sources),
            {
                "factor": "; ".join(predictor.label for predictor in chosen)[:400], "disease": row.disease.value,
                "direction": direction, "pmid": pmids(sources),
            },
            context=f"Flare, relapse, exacerbation, progression predictors of {disease}",
        )
    followed = [f"Follow-up: {'; '.join(row.monitoring)}.", f"What does not show it: {row.not_markers}"]
    yield from passages(
        "autoimmune_flare_patterns", f"{row.disease.value}-monitoring", f"What to follow in {disease}, and what does not help",
        packed(f"Watching for {row.outcome} in {disease}.", followed), cited(row.sources.values()),
        {"factor": "monitoring", "disease": row.disease.value, "pmid": pmids(row.sources.values())},
        context=f"Monitoring of {disease}, markers that do not follow activity",
    )
    for alert in row.alerts:
        source = row.sources[alert.source]
        urgency = "an emergency" if alert.severity == "critical" else "needs prompt action"
        yield from passages(
            "autoimmune_flare_patterns", f"{row.disease.value}-alert-{alert.id}", f"{alert.title}: {row.disease.label}",
            [f"{alert.title}, in {disease}: {urgency}. {alert.action}"],
            cited([source]), {"factor": alert.title, "disease": row.disease.value, "pmid": pmids([source])},
            context=f"Emergency, urgent state in {disease}",
        )


def _factor(predictor: FlarePredictor) -> str:
    return f"{predictor.label} ({predictor.note})" if predictor.note else predictor.label


def _overlap(row: OverlapRecord) -> Iterator[Passage]:
    elements = [element.label for group in row.groups for element in group.of]
    pieces = [*row.summary, f"Rule: {row.rule}", f"Looked for: {listed(list(dict.fromkeys(elements)))}.", row.note,
              "An overlap pattern to consider, not a diagnosis."]
    diseases = sorted({
        reference.removeprefix("disease:")
        for group in row.groups for element in group.of for alternative in element.any_of for reference in alternative
        if reference.startswith("disease:")
    })
    yield from passages(
        "autoimmune_cross_disease", row.id, row.name, packed(f"{row.name}.", (sentence(piece) for piece in pieces)),
        cited(row.sources),
        {"syndrome": row.name, "disease": ",".join(diseases), "pmid": pmids(row.sources)},
        context=f"Overlap syndrome, diseases that occur together: {diseases_in_words(diseases)}",
    )


def _therapy(row: Therapy) -> Iterator[Passage]:
    labels = drug_classes()
    named = f"{row.name} ({', '.join(row.names[:5])})" if row.names else row.name
    classes = listed([labels[identifier].label for identifier in row.classes])
    use = [
        f"Mechanism: {sentence(row.mechanism)}", *(_use(one) for one in row.uses), f"Evidence: {sentence(row.evidence)}",
        sentence(row.note),
    ]
    care = [
        f"{heading}: {'; '.join(items)}."
        for heading, items in (
            ("Boxed warning", row.boxed), ("Warnings", row.warnings), ("Do not start when", row.start_thresholds),
            ("Before starting", row.screening), ("Monitoring", row.monitoring), ("Pharmacogenetics", row.pgx),
        )
        if items
    ]
    texts = [*packed(f"{named}, {classes}.", filter(None, use)), *packed(f"Safety of {named}, {classes}.", care)]
    listed_for = [one.disease for one in row.uses if one.status is not LabelStatus.NOT_INDICATED]
    yield from passages(
        "autoimmune_biologic_therapies", row.name, f"{row.name}: {classes}", texts, cited(row.sources),
        {"drug": row.name, "drug_class": classes, "disease": ",".join(dict.fromkeys(listed_for)), "pmid": pmids(row.sources)},
        context=f"Drug {named}, {classes}: {diseases_in_words(dict.fromkeys(one.disease for one in row.uses))}",
    )


def _use(one: Use) -> str:
    population = f", {one.population}" if one.population else ""
    note = f" ({one.note})" if one.note else ""
    return sentence(f"{_STATUS[one.status]} {disease_in_words(one.disease)}{population}{note}")


def _rule(rule: Rule, collection: str) -> Iterator[Passage]:
    concerned = listed([_selected(selector) for selector in rule.drugs]) or listed(rule.applies_to)
    classes = [_selected(selector) for selector in rule.drugs if selector.startswith("class:")]
    alternatives = f"Alternatives: {'; '.join(rule.alternatives)}." if rule.alternatives else ""
    pieces = [f"{_SEVERITY[rule.severity]}: {sentence(rule.text)}", f"What to do: {sentence(rule.action)}", alternatives]
    yield from passages(
        collection, f"rule-{rule.code}", f"{concerned}: {rule.title}"[:200],
        packed(sentence(f"{concerned}: {rule.title}"), filter(None, pieces)), cited(rule.sources),
        {
            "drug": concerned[:400], "gene": _genes(rule), "effect": rule.title, "drug_class": ", ".join(classes)[:200],
            "pmid": pmids(rule.sources),
        },
        context=f"Drug safety, contraindication, interaction: {concerned[:300]}",
    )


def _selected(selector: str) -> str:
    return drug_classes()[selector.removeprefix("class:")].label if selector.startswith("class:") else selector


def _genes(rule: Rule) -> str | None:
    """Return the gene or allele a pharmacogenomic rule asks for, wherever in its condition it stands."""
    waiting = [rule.when] if rule.when else []
    found: dict[str, None] = {}
    while waiting:
        condition = waiting.pop(0)
        for name in (condition.gene, condition.allele):
            if name:
                found[name] = None
        waiting += [*condition.all_of, *condition.any_of, *(inner for inner in (condition.negated, condition.unless) if inner)]
    return ", ".join(found) or None
