"""Runs the ACMG/AMP rules on what was gathered: all 28 criteria, the class, and for whatever cannot be judged the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.engine import Assessment, assess
from services.genomics.acmg.expert import ExpertDecision, assess_observation
from services.genomics.acmg.observations import FORMS, Circumstances
from services.genomics.acmg.panels import KNOWN
from services.genomics.acmg.references import RICHARDS_2015
from services.genomics.acmg.results import CriterionResult, Status, not_assessable
from services.genomics.acmg.specifications import Specification
from services.variants.classification.content import ClassificationContent, CriterionRow, ExpertEntry, Judgement, Scheme
from services.variants.classification.gaps import EXPLAINS, NEEDS_EFFECT, Gap
from services.variants.classification.gathering import Gathered


@dataclass(frozen=True, slots=True)
class _Decided:
    """One entry of an expert, judged. `by_rule` is what the published rule gives for what was observed."""

    entry: ExpertEntry
    result: CriterionResult | ExpertDecision
    by_rule: CriterionResult | None = None

    @property
    def criterion(self) -> Criterion:
        return self.result.criterion


@dataclass(frozen=True, slots=True)
class Context:
    """What a person says about the case. It is shown and stored; only `condition` is used by the rules, by way of the gene."""

    condition: str = ""
    phenotype_terms: tuple[str, ...] = ()
    description: str = ""


def specification_for(gene: str, name: str = "") -> Specification:
    """Return the rule set called `name`, else the panel's of the gene, else the general one."""
    return KNOWN.named(name) if name else KNOWN.for_gene(gene)


def judge(
    gathered: Gathered, expert: Iterable[ExpertEntry] = (), *, specification: str = "", context: Context | None = None
) -> ClassificationContent:
    """Classify. The same evidence, expert entries and rules give the same content.

    :raise InvalidInputError: an expert's entry has no note, a strength its criterion cannot have, or a criterion comes twice.
    :raise NotFoundError: no rule set has that name.
    """
    entries, case = tuple(expert), context or Context()
    rules = specification_for(gathered.gene, specification)
    alone = _assess(gathered, rules, {})
    known = circumstances(gathered, alone)
    decided = {one.criterion: one for one in (_decided(entry, known) for entry in entries)}
    if len(decided) != len(entries):
        raise InvalidInputError("a criterion is given twice: one entry for each")
    final = _assess(gathered, rules, {code: one.result for code, one in decided.items()}) if decided else alone
    called = final.classification
    details = (
        ("Class by points", called.by_points.value), ("Class by the 2015 table", called.by_table.value),
        ("Pathogenic points", str(called.pathogenic_points)), ("Benign points", str(called.benign_points)),
        *(("Refinement applied", one.value) for one in called.applied),
    )
    return ClassificationContent(
        scheme=Scheme.ACMG, classification=called.pathogenicity.value, points=str(called.points), details=details,
        conflicts=called.conflicts, criteria=tuple(
            _row(one, alone, gathered.gaps, decided.get(one.criterion)) for one in final.results
        ),
        evidence=gathered.evidence, rule_set=called.specification, rules_version=final.rules_version,
        data_versions=final.data_versions, condition=case.condition, phenotype_terms=case.phenotype_terms,
        description=case.description, expert=entries,
        hgvs=" ".join(one for one in (gathered.hgvs_coding, gathered.hgvs_protein) if one)[:500],
    )


def assessed(gathered: Gathered) -> Assessment:
    """Judge without a person's word: class and criteria only, for many variants at once."""
    return _assess(gathered, specification_for(gathered.gene), {})


def is_unassessed(content: ClassificationContent) -> bool:
    """Whether not one criterion could be judged: then the class says only that nobody looked."""
    return all(row.status == Status.NOT_ASSESSABLE for row in content.criteria)


def criterion_of(code: str) -> Criterion:
    if code not in Criterion.__members__:
        raise InvalidInputError(f"{code[:20]!r} is no criterion of ACMG/AMP")
    return Criterion[code]


def circumstances(gathered: Gathered, alone: Assessment) -> Circumstances:
    """Return what data and rules say of gene and variant, for the criteria that an expert's observations decide."""
    rare = {Status.MET: True, Status.NOT_MET: False}.get(alone.result(Criterion.PM2).status)
    return Circumstances(inheritance=gathered.record.gene.inheritance, is_rare=rare)


def _decided(entry: ExpertEntry, known: Circumstances) -> _Decided:
    if entry.observed is None:
        return _Decided(entry, _decision(entry))
    criterion = criterion_of(entry.code)
    if FORMS.get(criterion) is not type(entry.observed):
        raise InvalidInputError(f"{entry.code} is not judged by an observation of the kind “{entry.observed.form}”")
    by_rule = assess_observation(entry.observed, known)
    if entry.status is None and entry.strength is None:
        return _Decided(entry, by_rule, by_rule)
    stated = entry.model_copy(update={"code": by_rule.criterion.value, "status": entry.status or Status.MET.value})
    return _Decided(entry, _decision(stated), by_rule)


def _decision(entry: ExpertEntry) -> ExpertDecision:
    if entry.status not in set(Status):
        raise InvalidInputError(f"{entry.code}: a criterion is met, not met or not assessable")
    strength = None
    if entry.status == Status.MET:
        if entry.strength is not None and entry.strength not in set(Strength):
            raise InvalidInputError(f"{entry.code}: {entry.strength[:20]!r} is no strength")
        strength = Strength(entry.strength) if entry.strength else criterion_of(entry.code).definition.default
    return ExpertDecision(criterion_of(entry.code), Status(entry.status), strength, entry.note)


def _assess(
    gathered: Gathered, rules: Specification, decided: Mapping[Criterion, CriterionResult | ExpertDecision]
) -> Assessment:
    given: list[CriterionResult | ExpertDecision] = list(decided.values())
    if not gathered.effect_known:
        # the record has no word for "not known"; the rules would read any other as a statement about the variant
        given += [
            not_assessable(one, "what the variant does is not known", {}, RICHARDS_2015)
            for one in Criterion if one in NEEDS_EFFECT and one not in decided
        ]
    return assess(gathered.record, rules, given)


def _row(
    result: CriterionResult, alone: Assessment, gaps: Mapping[Gap, str], decided: _Decided | None
) -> CriterionRow:
    criterion, before = result.criterion, _explained(alone.result(result.criterion), gaps)
    shown = before if decided is None or decided.by_rule is None else decided.by_rule
    evidence = result.evidence
    return CriterionRow(
        code=criterion.value, title=criterion.definition.title, status=result.status.value,
        strength=result.strength.value if result.strength else None,
        points=str(evidence.points) if evidence and evidence.points else "",
        reason=shown.reason, inputs=shown.inputs, source=shown.source.citation, is_expert=decided is not None,
        note=decided.entry.note.strip() if decided else "", automatic=_judgement(before) if decided else None,
        by_rule=_judgement(decided.by_rule) if decided and decided.by_rule else None,
    )


def _judgement(result: CriterionResult) -> Judgement:
    strength = result.strength.value if result.strength else None
    return Judgement(status=result.status.value, strength=strength, reason=result.reason)


def _explained(result: CriterionResult, gaps: Mapping[Gap, str]) -> CriterionResult:
    """Add to a criterion that is not assessable which data would be needed."""
    if result.status is not Status.NOT_ASSESSABLE:
        return result
    missing = next((gaps[gap] for gap in EXPLAINS.get(result.criterion, ()) if gap in gaps), "")
    return replace(result, reason=f"{result.reason} ({missing})") if missing else result
