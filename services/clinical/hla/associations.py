"""HLA associations of a typing: at the resolution typed, linked alleles once, with direction, population and interval.

A finer allele matches a row about its group; a coarser typing can only make a row possible, and then no figure is shown.
Rows that a haplotype or genotype replaces are left out, so one haplotype never counts three times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal, NamedTuple

from services.clinical.explanation import Explanation, Input, Step
from services.clinical.hla.names import Allele, Typing, parse_allele, parse_typing
from services.clinical.hla.report import HlaAssociation, HlaDrugFinding, HlaReport
from services.clinical.presentations import name_of
from services.errors import ConfigurationError
from services.knowledge.catalogue import load
from services.knowledge.immunology import HlaAssociationRow, HlaModifierRow, HlaPgxRow

RULES_VERSION = "hla 2"
MAX_TYPINGS = 100
_ORDER = {"risk": 0, "protective": 1, "not_associated": 2}


class _Typed(NamedTuple):
    """One allele held, how often, and whether it is one of several the typing leaves open."""

    allele: Allele
    copies: int
    is_either: bool


class _Match(NamedTuple):
    held: tuple[Allele, ...]
    is_exact: bool


def associations(alleles: Iterable[str]) -> HlaReport:
    """Read a typing, one entry for each allele, antigen, haplotype or heterodimer; at most `MAX_TYPINGS` are read."""
    typings = [parse_typing(written) for written in list(alleles)[:MAX_TYPINGS]]
    present = [one for one in typings if one.is_recognised and not one.is_absent]
    typed = _typed(present)
    at_locus = _by_locus(typed)
    matches = {row.id: match for row in _rows() if (match := _match(row.all_of, row.excludes, at_locus, row.copies)) is not None}
    matches = {key: match for key, match in matches.items() if not _is_cancelled(_row(key), match, typed)}
    replaced = {covered for key, match in matches.items() if match.is_exact for covered in _row(key).covers}
    found = [_association(_row(key), match, typed) for key, match in matches.items() if key not in replaced]
    return HlaReport(
        associations=tuple(sorted(found, key=_rank)),
        pgx=tuple(_drug_findings(at_locus)),
        is_dq2_dq8_excluded=_is_dq2_dq8_excluded(typed),
        typed=tuple(dict.fromkeys(str(one.allele) for one in typed)),
        absent=tuple(one.written for one in typings if one.is_recognised and one.is_absent),
        absent_alleles=tuple(str(one) for typing in typings if typing.is_absent for one in typing.alleles),
        unrecognised=tuple(one.written for one in typings if not one.is_recognised and one.written),
        notes=tuple(dict.fromkeys((*(note for one in present for note in one.notes), *_typing_notes(typings, typed)))),
    )


def _rank(association: HlaAssociation) -> tuple[int, int, float]:
    odds = association.odds_ratio
    size = 0.0 if odds is None else max(odds, 1 / odds)
    return (association.certainty != "typed", _ORDER[association.direction], -size)


def _typed(present: list[Typing]) -> tuple[_Typed, ...]:
    counts: dict[tuple[Allele, bool], int] = {}
    for typing in present:
        for allele in typing.alleles:
            if not allele.is_null:
                key = (allele, typing.is_either)
                counts[key] = counts.get(key, 0) + typing.copies
    return tuple(_Typed(allele, copies, either) for (allele, either), copies in counts.items())


def _by_locus(typed: tuple[_Typed, ...]) -> Mapping[str, tuple[_Typed, ...]]:
    found: dict[str, tuple[_Typed, ...]] = {}
    for one in typed:
        found[one.allele.locus] = (*found.get(one.allele.locus, ()), one)
    return found


def _match(
    required: tuple[str, ...], excludes: tuple[str, ...], typed: Mapping[str, tuple[_Typed, ...]], copies: int
) -> _Match | None:
    """Match a row: every required entry held. Exact when each is held at the row's resolution or finer.

    `typed` holds the alleles by locus; an entry names alternatives of one locus.
    """
    if not all(_locus(entry) in typed for entry in required):
        return None
    excluded = _choice("|".join(excludes)) if excludes else ()
    held: list[Allele] = []
    exact = True
    for entry in required:
        wanted = _choice(entry)
        at_locus = typed[_locus(entry)]
        usable = [one for one in at_locus if not any(one.allele.is_within(out) for out in excluded)] if excluded else at_locus
        if not usable:
            return None
        certain = [one for one in usable if not one.is_either and any(one.allele.is_within(want) for want in wanted)]
        if sum(one.copies for one in certain) >= copies:
            held.append(max((one.allele for one in certain), key=lambda allele: len(allele.fields)))
            continue
        coarser = [one for one in usable if any(_may_be(one, want) for want in wanted)]
        if copies > 1 or not coarser:
            return None
        exact = False
        held.append(coarser[0].allele)
    if not exact and len(required) > 1:  # a haplotype is not guessed from its coarse half
        return None
    return _Match(tuple(dict.fromkeys(held)), exact)


def _may_be(one: _Typed, wanted: Allele) -> bool:
    return wanted.is_within(one.allele) or (one.is_either and one.allele.is_within(wanted))


def _is_cancelled(row: HlaAssociationRow, match: _Match, typed: tuple[_Typed, ...]) -> bool:
    """Say whether another typed allele rules the row out, or "not associated" would rest on a guess."""
    if row.direction == "not_associated" and not match.is_exact:
        return True
    return any(one.allele.is_within(out) for name in row.unless_with for out in _choice(name) for one in typed)


def _association(row: HlaAssociationRow, match: _Match, typed: tuple[_Typed, ...]) -> HlaAssociation:
    certainty: Literal["typed", "possible"] = "typed" if match.is_exact else "possible"
    odds = row.odds if match.is_exact else None
    modifiers = _modifiers(row, typed)
    not_shown = _not_shown(row, typed)
    resolution = _resolution(row, match, not_shown)
    interval = (odds.low, odds.high) if odds and odds.low is not None and odds.high is not None else None
    return HlaAssociation(
        id=row.id,
        allele=" + ".join(one.name for one in match.held) if len(match.held) > 1 else match.held[0].name,
        alleles=tuple(one.name for one in match.held),
        label=row.label,
        disease=row.disease,
        disease_name=name_of(row.disease),
        subset=row.subset,
        direction=row.direction,
        odds_ratio=odds.value if odds else None,
        interval=interval,
        population=row.population,
        absolute_risk=row.absolute_risk,
        certainty=certainty,
        is_uncertain=row.uncertain,
        npv_only=row.npv_only,
        modifiers=modifiers,
        resolution=resolution,
        note=row.note,
        source=row.source,
        explanation=_explain(row, match, modifiers, resolution, not_shown),
    )


def _not_shown(row: HlaAssociationRow, typed: tuple[_Typed, ...]) -> tuple[str, ...]:
    """Return the alleles of the haplotype a partial row belongs to that the typing does not show, as the row writes them."""
    if row.partial_of is None:
        return ()
    certain = [one.allele for one in typed if not one.is_either]
    return tuple(
        entry for entry in _row(row.partial_of).all_of
        if not any(one.is_within(want) for one in certain for want in _choice(entry))
    )  # fmt: skip


def _resolution(row: HlaAssociationRow, match: _Match, not_shown: tuple[str, ...]) -> str:
    held = ", ".join(str(one) for one in match.held)
    if not_shown and row.partial_of is not None:
        whole = _row(row.partial_of).label
        return f"Typed as {held}, not shown: {', '.join(not_shown)}. The figure is for {whole}, so none is given."
    if not match.is_exact:
        return f"Typed as {held}: {row.label} is possible but not shown by this resolution, so no odds ratio is given."
    coarse = [one for one in match.held if len(one.fields) == 1]
    excluded = [name for name in row.excludes if any(out.is_within(one) for one in coarse for out in _choice(name))]
    if excluded:
        return f"Typed as {held}: the subtype is not known, and {' and '.join(excluded)} are not associated."
    finer = [one for one, want in zip(match.held, row.all_of, strict=False) if len(one.fields) > len(_choice(want)[0].fields)]
    if finer:
        return f"Typed as {held}; the figure is for {row.label}."
    return f"Typed at the resolution of the row ({held})."


def _modifiers(row: HlaAssociationRow, typed: tuple[_Typed, ...]) -> tuple[str, ...]:
    found = []
    for modifier in load("hla_modifiers", HlaModifierRow):
        wanted = _choice(modifier.when)[0]
        if row.id in modifier.modifies and any(one.allele.is_within(wanted) for one in typed):
            found.append(modifier.text)
    return tuple(found)


def _explain(
    row: HlaAssociationRow, match: _Match, modifiers: tuple[str, ...], resolution: str, not_shown: tuple[str, ...]
) -> Explanation:
    if not match.is_exact:
        figure = "no odds ratio at this resolution"
    elif row.uncertain:
        figure = "the published figure is uncertain and not shown"
    elif row.odds is None:
        figure = "no odds ratio held"
    else:
        interval = f" ({row.odds.low:g}-{row.odds.high:g})" if row.odds.low and row.odds.high else ""
        figure = f"odds ratio {row.odds.value:g}{interval}"
    steps = [Step(label=f"{row.direction.replace('_', ' ')}: {figure}", note=f"population: {row.population}")]
    steps.append(Step(label="resolution", note=resolution))
    steps.extend(Step(label="modified", note=text) for text in modifiers)
    return Explanation(
        rule="Published association of the typed alleles; susceptibility, not a diagnosis. Linked alleles count once.",
        inputs=tuple(Input(name="typed", value=str(one)) for one in match.held),
        steps=tuple(steps),
        missing=("finer HLA typing",) if not match.is_exact else not_shown,
        sources=(row.source,),
        version=RULES_VERSION,
    )


def _drug_findings(typed: Mapping[str, tuple[_Typed, ...]]) -> Iterable[HlaDrugFinding]:
    for row in load("hla_pgx", HlaPgxRow):
        match = _match(row.all_of, row.excludes, typed, 1)
        if match is None:
            continue
        held = ", ".join(str(one) for one in match.held)
        certain: Literal["typed", "possible"] = "typed" if match.is_exact else "possible"
        action = row.action if match.is_exact else f"Typed only as {held}: type at two fields before deciding. {row.action}"
        label = "-".join(row.all_of)
        yield HlaDrugFinding(
            id=row.id, allele=" + ".join(one.name for one in match.held), label=label, drugs=row.drugs, drug=row.drug,
            effect=row.effect, direction=row.direction, figure=row.figure, action=action, severity=row.severity,
            population=row.population, certainty=certain, sources=row.sources,
            explanation=Explanation(
                rule="Published pharmacogenetic association of the typed allele.",
                inputs=(Input(name="typed", value=held),),
                steps=(Step(label=f"{row.drug}: {row.effect}", note=row.figure),),
                missing=() if match.is_exact else ("finer HLA typing",),
                sources=row.sources, version=RULES_VERSION,
            ),
        )  # fmt: skip


def _typing_notes(typings: list[Typing], typed: tuple[_Typed, ...]) -> Iterable[str]:
    loci = {one.allele.locus for one in typed}
    absent = [one for one in typings if one.is_absent]
    if absent:
        yield f"Reported as not present: {', '.join(one.written for one in absent)}."
    dq = [one for one in typed if one.allele.locus == "DQB1"]
    if not dq and "DRB1" in loci:
        yield "DQ was not typed: DRB1 alone neither shows nor excludes DQ2.5 or DQ8."
    if _is_dq2_dq8_excluded(typed):
        yield (
            "DQB1 typed on both chromosomes without *02 or *03:02: DQ2 and DQ8 are absent, which makes celiac disease very "
            "unlikely (negative predictive value; rare exceptions carry DQA1*05 only)."
        )


def _is_dq2_dq8_excluded(typed: tuple[_Typed, ...]) -> bool:
    """Say whether both DQB1 alleles are typed and neither can be *02 or *03:02."""
    dq = [one for one in typed if one.allele.locus == "DQB1"]
    chains = _choice("DQB1*02|DQB1*03:02")
    possible = any(want.is_within(one.allele) or one.allele.is_within(want) for one in dq for want in chains)
    return sum(one.copies for one in dq) >= 2 and not possible


@cache
def _rows() -> tuple[HlaAssociationRow, ...]:
    return load("hla_associations", HlaAssociationRow)


@cache
def _by_id() -> Mapping[str, HlaAssociationRow]:
    return {row.id: row for row in _rows()}


def _row(key: str) -> HlaAssociationRow:
    return _by_id()[key]


@cache
def _locus(entry: str) -> str:
    """Return the locus of an entry, which all of its alternatives share."""
    locus, *others = {allele.locus for allele in _choice(entry)}
    if others:
        raise ConfigurationError(f"knowledge file data/hla_associations.yaml: {entry!r} names alleles of several loci")
    return locus


@cache
def _choice(entry: str) -> tuple[Allele, ...]:
    alleles = tuple(parse_allele(name) for name in entry.split("|"))
    return tuple(one for one in alleles if one is not None)
