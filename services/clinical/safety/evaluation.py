"""Evaluate a rule's condition with three truth values: true, false, and not known.

Kleene logic: `all` is false as soon as one part is false, `any` true as soon as one is true; otherwise one unknown part
makes the whole unknown and names what is missing. Missing data never makes a condition true or false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from services.clinical.conditions import State
from services.clinical.disease import Disease
from services.clinical.explanation import Input
from services.clinical.hla import parse_allele
from services.clinical.labs import Bound, is_above, is_below
from services.clinical.medications import Medication
from services.clinical.safety.facts import Facts, Typed
from services.knowledge.drugs import Condition, Rule, Scope, drug_classes, findings, selects

# Sexual maturity and menopause bound the ages at which an unstated pregnancy has to be asked about.
PREGNANCY_AGES = range(11, 56)
_PREGNANCY = frozenset({"pregnancy", "pregnancy_planned", "first_trimester", "third_trimester"})


@dataclass(frozen=True, slots=True)
class Subject:
    """The drug a rule is evaluated for: `medication` is None for a candidate nobody has written down."""

    name: str
    classes: frozenset[str]
    scope: Scope
    medication: Medication | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`truth` is None where it cannot be decided; `missing` then names what would decide it.

    `asks` are the missing facts worth asking every patient for; complaints are not among them.
    """

    truth: bool | None
    inputs: tuple[Input, ...] = ()
    missing: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


TRUE, FALSE = Verdict(True), Verdict(False)


def evaluate(condition: Condition | None, facts: Facts, subject: Subject | None) -> Verdict:
    """Return whether `condition` holds for these facts and, where it speaks of a drug, for `subject`."""
    return TRUE if condition is None else _EVALUATORS[condition.kind](condition, facts, subject)


def is_nobodys(subject: Subject, facts: Facts) -> bool:
    """Whether the patient neither takes this drug nor is it proposed, in this entry or in another."""
    return subject.medication is None and subject.name not in _taken_names(facts)


def verdict_of(rule: Rule, facts: Facts, subject: Subject | None) -> Verdict:
    """Return whether a rule holds, worked out once where the answer is the same for every drug the rule names.

    That is so for a rule about the patient. Drugs that nobody takes or proposes differ in nothing else than their dose.
    """
    if rule.when is None:
        return TRUE
    about_patient = subject is None or rule.when.is_about_patient
    if subject is not None and not about_patient and (rule.when.asks_dose or not is_nobodys(subject, facts)):
        return evaluate(rule.when, facts, subject)
    key = rule.code if about_patient else ("nobody's", rule.code)
    known: Verdict | None = facts.memory.get(key)
    if known is None:
        known = facts.memory[key] = evaluate(rule.when, facts, subject)
    return known


def _all_of(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    return _all(evaluate(part, facts, subject) for part in condition.all_of)


def _any_of(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    return _any(evaluate(part, facts, subject) for part in condition.any_of)


def _not(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    inner = evaluate(condition.negated, facts, subject)
    return inner if inner.truth is None else Verdict(not inner.truth, inner.inputs)


def _unless(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    return Verdict(evaluate(condition.unless, facts, subject).truth is not True)


def _all(parts: Iterable[Verdict]) -> Verdict:
    verdicts: list[Verdict] = []
    for one in parts:
        if one.truth is False:
            return FALSE
        verdicts.append(one)
    unknown = [one for one in verdicts if one.truth is None]
    return _join(None if unknown else True, unknown or verdicts)


def _any(parts: Iterable[Verdict]) -> Verdict:
    verdicts = tuple(parts)
    holding = [one for one in verdicts if one.truth is True]
    if holding:
        return _join(True, holding)
    unknown = [one for one in verdicts if one.truth is None]
    return _join(None, unknown) if unknown else FALSE


def _join(truth: bool | None, verdicts: Iterable[Verdict]) -> Verdict:
    parts = tuple(verdicts)
    if len(parts) == 1 and parts[0].truth is truth:
        return parts[0]
    return Verdict(
        truth,
        tuple(dict.fromkeys(one for part in parts for one in part.inputs)),
        tuple(dict.fromkeys(one for part in parts for one in part.missing)),
        tuple(dict.fromkeys(one for part in parts for one in part.asks)),
        tuple(dict.fromkeys(one for part in parts for one in part.partners)),
    )


@lru_cache(maxsize=4096)
def _missing(what: str, *, ask: bool = True) -> Verdict:
    return Verdict(None, missing=(what,), asks=(what,) if ask else ())


def _finding(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    finding_id = condition.finding or ""
    record = findings()[finding_id]
    found = facts.conditions.get(finding_id)
    if found is None:
        if (finding_id in _PREGNANCY and facts.age not in PREGNANCY_AGES) or (record.listed and facts.diseases):
            return FALSE
        return _missing(record.label, ask=record.ask)
    if found.state is State.ABSENT:
        return FALSE
    stated = Input(name=record.label, value="suspected" if found.suspected else "present", note=found.text)
    if condition.treated is False and found.treated is True:
        return FALSE
    if condition.within_months is not None:
        if found.months_ago is None:
            return _missing(f"date of {record.label}")
        if found.months_ago > condition.within_months:
            return FALSE
    return Verdict(True, (stated,))


def _disease(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    disease = Disease(condition.disease or "")
    if disease not in facts.diseases:
        return FALSE
    return Verdict(True, (Input(name="diagnosis", value=disease.label),))


def _antibody(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    name = condition.antibody or ""
    known = facts.antibodies.get(name)
    if known is None:
        return _missing(f"{_ANTIBODY_LABELS.get(name, name)} result")
    if known is not condition.positive:
        return FALSE
    result = "positive" if known else "negative"
    return Verdict(True, (Input(name=_ANTIBODY_LABELS.get(name, name), value=result),))


def _measure(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    key = condition.measure or ""
    reading = facts.panel.get(key)
    label = _MEASURE_LABELS.get(key, key.replace("_", " "))
    if reading is None:
        number = facts.numbers.get(key)
        if number is None:
            return _missing(label, ask=key not in _DERIVED)
        given = Input(name=label, value=f"{number:.4g}", unit=condition.unit, note=facts.estimated.get(key, ""))
        limit = condition.default_uln if condition.uln else 1.0
        bound = facts.bounds.get(key)
        if bound is not None:
            given = given.model_copy(update={"value": f"{bound}{number:g}"})
        return _compared(condition, number / (limit or 1.0), given, bound)
    given = Input(name=reading.label, value=reading.shown, unit=reading.unit, date=reading.date)
    if not condition.uln:
        return _compared(condition, reading.value, given, reading.bound)
    upper = reading.uln or condition.default_uln
    if not upper:
        return _missing(f"upper limit of {reading.label}")
    whose = reading.range_source if reading.uln else "assumed"
    noted = given.model_copy(update={"note": f"{reading.value / upper:.1f} × upper limit {upper:g} ({whose})"})
    return _compared(condition, reading.value / upper, noted, reading.bound)


def _compared(condition: Condition, value: float, given: Input, bound: Bound | None = None) -> Verdict:
    if bound is not None:
        return _bounded(condition, value, given, bound)
    holds = (
        (condition.lt is None or value < condition.lt)
        and (condition.le is None or value <= condition.le)
        and (condition.gt is None or value > condition.gt)
        and (condition.ge is None or value >= condition.ge)
    )
    return Verdict(True, (given,)) if holds else FALSE


def _bounded(condition: Condition, value: float, given: Input, bound: Bound) -> Verdict:
    """Compare a result printed as a bound (`<5`): undecided where both answers remain possible."""
    above = {limit: is_above(value, bound, limit) for limit in (condition.gt, condition.le) if limit is not None}
    below = {limit: is_below(value, bound, limit) for limit in (condition.lt, condition.ge) if limit is not None}
    wanted = [above[condition.gt]] if condition.gt is not None else []
    wanted += [below[condition.lt]] if condition.lt is not None else []
    unwanted = [above[condition.le]] if condition.le is not None else []
    unwanted += [below[condition.ge]] if condition.ge is not None else []
    if False in wanted or True in unwanted:
        return FALSE
    if None in wanted or None in unwanted:
        return _missing(f"{given.name} (known only as {given.value})")
    return Verdict(True, (given,))


def _age(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    return _compared(condition, facts.age, Input(name="age", value=str(facts.age), unit="years"))


def _sex(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    return Verdict(True, (Input(name="sex", value=facts.sex),)) if facts.sex == condition.sex else FALSE


def _allele(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    wanted = parse_allele(condition.allele or "")
    if wanted is None:
        return FALSE
    at_locus = [one for one in facts.alleles if one.allele.locus == wanted.locus]
    if any(one.is_absent and wanted.is_within(one.allele) for one in at_locus):
        return FALSE
    carried = [one for one in at_locus if not one.is_absent]
    for one in carried:
        if one.allele.is_within(wanted) and not one.is_either:
            return Verdict(True, (Input(name=f"HLA-{wanted}", value="carried", note=f"typed as {one.written}"),))
    coarse = [one for one in carried if wanted.is_within(one.allele) or one.allele.is_within(wanted)]
    if coarse:
        return _missing(f"two-field typing of HLA-{coarse[0].allele} (for HLA-{wanted})")
    if _both_chromosomes(carried):
        return FALSE
    return _missing(f"HLA-{wanted.locus} typing{' of the second allele' if carried else ''} (for HLA-{wanted})")


def _both_chromosomes(carried: list[Typed]) -> bool:
    """Whether two alleles of a locus are typed; one entry alone may be an incomplete typing."""
    return sum(one.copies for one in carried if not one.is_either) >= 2


def _gene(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    gene = condition.gene or ""
    genotype = facts.genotypes.get(gene)
    if genotype is None:
        return _missing(f"{gene} genotype")
    known = genotype.diplotype_text if condition.diplotype else genotype.phenotype
    if known is None:
        return _missing(f"{gene} {'diplotype' if condition.diplotype else 'phenotype'} ({genotype.reason or 'not stated'})")
    # CPIC treats a likely poor metaboliser as a poor one, and a likely intermediate one as intermediate
    if known.removeprefix("likely ") not in (condition.diplotype or condition.phenotype):
        return FALSE
    value = genotype.diplotype_text or f"{genotype.phenotype} metaboliser"
    return Verdict(True, (Input(name=gene, value=value, note=genotype.phenotype or ""),))


def _co_drug(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    name = subject.name if subject is not None else ""
    # a drug nobody takes is nobody's partner: the answer is the same for every one of them
    key = ("with", id(condition)) if subject is None or is_nobodys(subject, facts) else None
    known: Verdict | None = facts.memory.get(key) if key is not None else None
    if known is None:
        known = _with_partners(condition, facts, name)
        if key is not None:
            facts.memory[key] = known
    return known


def _taken_names(facts: Facts) -> frozenset[str]:
    known: frozenset[str] | None = facts.memory.get("taken names")
    if known is None:
        known = facts.memory["taken names"] = frozenset(name for one in facts.taken for name in one.names)
    return known


def _with_partners(condition: Condition, facts: Facts, name: str) -> Verdict:
    partners: list[str] = []
    inputs: list[Input] = []
    among = {"current": facts.current, "proposed": facts.proposed}.get(condition.partner or "", facts.taken)
    for medication in among:
        for drug in medication.drugs:  # two drugs written in one entry can be each other's partner, no drug its own
            if drug.name != name and selects(condition.co_drug, drug.name, drug.classes):
                partners.append(drug.name)
                inputs.append(Input(name="with", value=medication.text or drug.name))
    return Verdict(True, tuple(inputs), partners=tuple(dict.fromkeys(partners))) if partners else FALSE


def _prior_drug(condition: Condition, facts: Facts, _: Subject | None) -> Verdict:
    for medication in (*facts.prior, *facts.current):
        for drug in medication.drugs:
            if selects(condition.prior_drug, drug.name, drug.classes):
                return Verdict(True, (Input(name="earlier or current treatment", value=medication.text),))
    labels = [drug_classes()[one[6:]].label if one.startswith("class:") else one for one in condition.prior_drug]
    return FALSE if facts.prior else _missing(f"earlier treatment with {' or '.join(labels)}")


def _dose(condition: Condition, facts: Facts, subject: Subject | None) -> Verdict:
    if subject is None or subject.medication is None:
        return _missing(f"dose of {subject.name if subject else 'the drug'}", ask=False)
    medication, amount = subject.medication, None
    if condition.dose == "prednisone_equivalent_mg_per_day":
        amount = medication.prednisone_equivalent_mg_per_day(subject.name)
    elif condition.dose == "mg_per_day":
        amount = medication.milligrams_per_day
    elif condition.dose == "mg_per_kg" and medication.dose is not None and medication.dose.per_kg:
        amount = medication.dose.milligrams
    elif condition.dose == "mg_per_kg_per_day":
        weight, daily = facts.numbers.get("weight_kg"), medication.milligrams_per_day
        if weight is None or not weight > 0:
            return _missing("body weight")
        amount = None if daily is None else daily / weight
    if amount is None:
        return _missing(f"dose of {subject.name}")
    assumed = "" if medication.doses_per_day is not None else "no frequency written: one dose a day assumed"
    unit = condition.dose.replace("_", " ") if condition.dose else None
    given = Input(name=f"dose of {subject.name}", value=f"{amount:.3g}", unit=unit, note=assumed)
    return _compared(condition, amount, given)


def _frequency(_: Condition, __: Facts, subject: Subject | None) -> Verdict:
    times = subject.medication.doses_per_day if subject is not None and subject.medication is not None else None
    if times is None:
        return _missing(f"frequency of {subject.name if subject else 'the drug'}")
    name = subject.name if subject is not None else ""
    return Verdict(True, (Input(name=f"frequency of {name}", value=f"{times:.3g}", unit="per day"),)) if times >= 0.5 else FALSE


_EVALUATORS: dict[str, Callable[[Condition, Facts, Subject | None], Verdict]] = {
    "all_of": _all_of, "any_of": _any_of, "negated": _not, "unless": _unless, "finding": _finding,
    "disease": _disease, "antibody": _antibody, "measure": _measure, "age": _age, "sex": _sex, "allele": _allele,
    "gene": _gene, "co_drug": _co_drug, "prior_drug": _prior_drug, "dose": _dose, "frequency": _frequency,
}  # fmt: skip
# Values worked out here or meant for emergencies: nobody is asked for them.
_DERIVED = frozenset({"steroid_dose", "gestational_weeks", "duration_months", "systolic_bp"})
_ANTIBODY_LABELS = {
    "aqp4": "AQP4 antibody", "mog": "MOG antibody", "achr": "AChR antibody", "musk": "MuSK antibody",
    "anti_ro60": "anti-Ro/SSA", "anti_rnap3": "anti-RNA polymerase III", "anti_mda5": "anti-MDA5",
    "lupus_anticoagulant": "lupus anticoagulant", "apl": "antiphospholipid antibody",
    "apl_triple": "antiphospholipid antibodies (all three tests)", "ttg_iga": "anti-tTG IgA",
    "iaa": "insulin antibody (IAA)", "trab": "TRAb",
}  # fmt: skip
_MEASURE_LABELS = {
    "neutrophils": "neutrophils (ANC)", "alt": "ALT", "ast": "AST", "egfr": "eGFR", "ldl": "LDL cholesterol",
    "jcv_index": "anti-JCV antibody index", "igg": "IgG", "iga": "total IgA", "qtc": "QTc", "tsh": "TSH",
    "steroid_dose": "glucocorticoid dose", "gestational_weeks": "gestational age", "duration_months": "months on treatment",
}  # fmt: skip
