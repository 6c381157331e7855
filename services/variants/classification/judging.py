"""Runs the ACMG/AMP rules on what was gathered: all 28 criteria, the class, and for whatever cannot be judged the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.errors import InvalidInputError
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.engine import Assessment, assess
from services.genomics.acmg.expert import ExpertDecision
from services.genomics.acmg.panels import KNOWN
from services.genomics.acmg.references import RICHARDS_2015
from services.genomics.acmg.results import CriterionResult, Origin, Status, not_assessable
from services.genomics.acmg.specifications import Specification
from services.variants.classification.content import ClassificationContent, CriterionRow, ExpertEntry, Judgement, Scheme
from services.variants.classification.gaps import EXPLAINS, NEEDS_EFFECT, Gap
from services.variants.classification.gathering import Gathered


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
    decided = {criterion_of(one.code): _decision(one) for one in entries}
    if len(decided) != len(entries):
        raise InvalidInputError("a criterion is given twice: one entry for each")
    final = _assess(gathered, rules, decided) if decided else alone
    called = final.classification
    details = (
        ("Class by points", called.by_points.value), ("Class by the 2015 table", called.by_table.value),
        ("Pathogenic points", str(called.pathogenic_points)), ("Benign points", str(called.benign_points)),
        *(("Refinement applied", one.value) for one in called.applied),
    )
    return ClassificationContent(
        scheme=Scheme.ACMG, classification=called.pathogenicity.value, points=str(called.points), details=details,
        conflicts=called.conflicts, criteria=tuple(_row(one, alone, gathered.gaps) for one in final.results),
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


def _decision(entry: ExpertEntry) -> ExpertDecision:
    if entry.status not in set(Status):
        raise InvalidInputError(f"{entry.code}: a criterion is met, not met or not assessable")
    strength = None
    if entry.status == Status.MET:
        if entry.strength is not None and entry.strength not in set(Strength):
            raise InvalidInputError(f"{entry.code}: {entry.strength[:20]!r} is no strength")
        strength = Strength(entry.strength) if entry.strength else criterion_of(entry.code).definition.default
    return ExpertDecision(criterion_of(entry.code), Status(entry.status), strength, entry.note)


def _assess(gathered: Gathered, rules: Specification, decided: Mapping[Criterion, ExpertDecision]) -> Assessment:
    given: list[CriterionResult | ExpertDecision] = list(decided.values())
    if not gathered.effect_known:
        # the record has no word for "not known"; the rules would read any other as a statement about the variant
        given += [
            not_assessable(one, "what the variant does is not known", {}, RICHARDS_2015)
            for one in Criterion if one in NEEDS_EFFECT and one not in decided
        ]
    return assess(gathered.record, rules, given)


def _row(result: CriterionResult, alone: Assessment, gaps: Mapping[Gap, str]) -> CriterionRow:
    criterion, is_expert = result.criterion, result.origin is Origin.EXPERT
    told = result if is_expert else _explained(result, gaps)
    before = _explained(alone.result(criterion), gaps)
    evidence = result.evidence
    return CriterionRow(
        code=criterion.value, title=criterion.definition.title, status=result.status.value,
        strength=result.strength.value if result.strength else None,
        points=str(evidence.points) if evidence and evidence.points else "",
        reason=before.reason if is_expert else told.reason, inputs=alone.result(criterion).inputs if is_expert else told.inputs,
        source=before.source.citation, is_expert=is_expert, note=result.reason if is_expert else "",
        automatic=Judgement(
            status=before.status.value, strength=before.strength.value if before.strength else None, reason=before.reason
        ) if is_expert else None,
    )  # fmt: skip


def _explained(result: CriterionResult, gaps: Mapping[Gap, str]) -> CriterionResult:
    """Add to a criterion that is not assessable which data would be needed."""
    if result.status is not Status.NOT_ASSESSABLE:
        return result
    missing = next((gaps[gap] for gap in EXPLAINS.get(result.criterion, ()) if gap in gaps), "")
    return replace(result, reason=f"{result.reason} ({missing})") if missing else result
