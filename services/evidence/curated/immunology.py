"""Autoantibodies, staining patterns, HLA associations and HLA pharmacogenetics as passages."""

from __future__ import annotations

from collections.abc import Iterator

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
from services.knowledge.immunology import (
    AmbiguousName,
    AntibodyLink,
    AntibodyRecord,
    HlaAssociationRow,
    HlaModifierRow,
    HlaPgxRow,
    IcapPattern,
)
from services.knowledge.sources import Source

ICAP = Source(citation="Damoiseaux 2019, Ann Rheum Dis (ICAP)", pmid="30862649")
_MAX_SYNONYMS = 8
_DIRECTION = {"risk": "raises the risk of", "protective": "protects from", "not_associated": "is not associated with"}


def immunology_passages() -> Iterator[Passage]:
    """Yield the passages of the antibody and HLA files, in file order."""
    antibodies = {record.id: record for record in load("antibodies", AntibodyRecord)}
    for record in antibodies.values():
        yield from _antibody(record)
    for name in load("antibody_ambiguities", AmbiguousName):
        yield from _ambiguous(name, antibodies)
    for pattern in load("icap_patterns", IcapPattern):
        yield from _pattern(pattern)
    for association in load("hla_associations", HlaAssociationRow):
        yield from _association(association)
    for modifier in load("hla_modifiers", HlaModifierRow):
        yield from passages(
            "autoimmune_hla_associations", f"modifier-{modifier.id}", f"HLA-{modifier.when} changes another association",
            [f"HLA-{modifier.when} changes how another HLA association reads: {modifier.text}."], cited([modifier.source]),
            {"allele": modifier.when, "direction": "protective", "pmid": pmids([modifier.source])},
        )
    for effect in load("hla_pgx", HlaPgxRow):
        yield from _pharmacogenetic(effect)


def _antibody(row: AntibodyRecord) -> Iterator[Passage]:
    names = f" (also written {', '.join(row.synonyms[:_MAX_SYNONYMS])})" if row.synonyms else ""
    lead = f"{row.name}{names}."
    pieces = [_link(link) for link in row.links]
    if row.nonspecific:
        pieces.append("It is not specific: alone it does not make a diagnosis.")
    pieces += [sentence(note) for note in row.notes]
    if row.links:
        pieces.append("Sensitivity and specificity depend on the assay and on who was tested.")
    first = next((link for link in row.links if link.sensitivity), None)
    yield from passages(
        "autoimmune_autoantibody_panels", row.id, f"{row.name}: what it means", packed(lead, pieces), cited(row.sources),
        {
            "antibody": row.name,
            "disease": ",".join(link.disease for link in row.links),
            "sensitivity": str(first.sensitivity) if first else None,
            "specificity": str(first.specificity) if first and first.specificity else None,
            "pmid": pmids(row.sources),
        },
        context=f"Autoantibody {row.name}: {diseases_in_words(link.disease for link in row.links)}",
    )


def _link(link: AntibodyLink) -> str:
    basis = f" ({link.basis})" if link.basis else ""
    figures = []
    if link.sensitivity:
        figures.append(f"sensitivity {link.sensitivity}")
    if link.specificity:
        figures.append(f"specificity {link.specificity}")
    return f"Associated with {disease_in_words(link.disease)}{basis}{': ' + ', '.join(figures) if figures else ''}."


def _ambiguous(row: AmbiguousName, antibodies: dict[str, AntibodyRecord]) -> Iterator[Passage]:
    candidates = [antibodies[identifier].name for identifier in row.candidates]
    sources = [source for identifier in row.candidates for source in antibodies[identifier].sources]
    synonyms = f" (also {', '.join(row.synonyms[:4])})" if row.synonyms else ""
    yield from passages(
        "autoimmune_autoantibody_panels", f"ambiguous-{row.name}", f"The name {row.name} is ambiguous",
        [
            f"A laboratory report that says {row.name}{synonyms} can mean {' or '.join(candidates)}. {row.why} "
            "Ask the laboratory which antibody was measured before the result is used."
        ],
        cited(dict.fromkeys(sources)), {"antibody": row.name},
    )


def _pattern(row: IcapPattern) -> Iterator[Passage]:
    suggests = f"It suggests antibodies to {listed(row.antigens)}, which the next, specific test has to show."
    names = f" Other names: {', '.join(row.synonyms)}." if row.synonyms else ""
    yield from passages(
        "autoimmune_autoantibody_panels", f"icap-{row.code}", f"HEp-2 pattern {row.code}: {row.name}",
        [
            f"{row.code}, {row.name.lower()}, is a {row.compartment} staining pattern of antinuclear antibody (ANA) testing by "
            f"indirect immunofluorescence on HEp-2 cells, as named by the International Consensus on ANA Patterns (ICAP).{names} "
            f"{suggests if row.antigens else ''} A pattern alone makes no diagnosis."
        ],
        cited([ICAP]), {"antibody": f"ANA pattern {row.code}", "pmid": ICAP.pmid},
        context="Antinuclear antibody immunofluorescence pattern",
    )


def _association(row: HlaAssociationRow) -> Iterator[Passage]:
    disease = disease_in_words(row.disease)
    verb = _DIRECTION[row.direction]
    subset = f" ({row.subset})" if row.subset else ""
    lead = f"HLA-{row.label} {verb} {disease}{subset}."
    pieces = [_odds(row), f"Population: {row.population}." if row.population else ""]
    if row.absolute_risk:
        pieces.append(f"Absolute risk: {sentence(row.absolute_risk)}")
    if row.excludes:
        pieces.append(f"This does not hold for {listed(row.excludes)}.")
    if row.npv_only:
        pieces.append("Only absence is informative: it makes the disease very unlikely, presence proves nothing.")
    pieces += [sentence(row.note), "Susceptibility is not a diagnosis."]
    yield from passages(
        "autoimmune_hla_associations", row.id, f"HLA-{row.label} and {disease}", packed(lead, filter(None, pieces)),
        cited([row.source]),
        {
            "allele": row.label, "disease": row.disease, "direction": row.direction, "population": row.population,
            "odds_ratio": row.odds.value if row.odds else None, "pmid": pmids([row.source]),
        },
        context=f"HLA association, {disease}, human leukocyte antigen {row.label}",
    )


def _odds(row: HlaAssociationRow) -> str:
    if row.odds is None:
        return "The published size of the effect is uncertain and is left out." if row.uncertain else ""
    interval = f" (95 % confidence interval {row.odds.low:g} to {row.odds.high:g})" if row.odds.low and row.odds.high else ""
    return f"Odds ratio {row.odds.value:g}{interval}."


def _pharmacogenetic(row: HlaPgxRow) -> Iterator[Passage]:
    alleles = " and ".join(f"HLA-{allele}" for allele in row.all_of)
    lead = f"{alleles} and {row.drug}: {row.effect}."
    population = f"Population: {row.population}." if row.population else ""
    pieces = [sentence(row.direction), sentence(row.figure), population, f"What to do: {row.action}"]
    yield from passages(
        "autoimmune_pgx_rules", f"hla-{row.id}", f"{alleles} and {row.drug}", packed(lead, filter(None, pieces)),
        cited(row.sources),
        {"gene": alleles, "drug": row.drug, "effect": row.effect, "pmid": pmids(row.sources)},
        context=f"Pharmacogenomics, pharmacogenetic test before {', '.join(row.drugs)}",
    )
