"""What a patient's variant tables say, as an analysis is given it: findings to show, and genotypes to reason with.

The analysis stays pure: whoever reads the tables puts the result into `extensions.genomic_findings` of the profile, so that it is
kept with the analysis and the same input gives the same answer again. A genotype stated by a laboratory is used before one read
from a file; where they differ both are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from services.clinical import genotypes
from services.clinical.analysis.model import CrossFinding, DerivedGenotype, GenomicInput, Problem
from services.clinical.profile import Profile
from services.clinical.safety import Severity
from services.clinical.therapy import TherapyReport
from services.knowledge.drugs import drugs_selected
from services.knowledge.pgx import rules_for_genotype

KEY = "genomic_findings"
"""The key of `Profile.extensions` that holds it."""


def genomic_input(profile: Profile) -> tuple[GenomicInput, tuple[Problem, ...]]:
    """Return what the profile carries, and why it could not be read where it is malformed."""
    written = profile.extensions.get(KEY)
    if not written:
        return GenomicInput(), ()
    try:
        return GenomicInput.model_validate(written), ()
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])[:100]
        return GenomicInput(), (Problem(part="extensions", name=KEY, message=f"not in the form the program writes: {place}"),)


def without_genomics(profile: Profile) -> Profile:
    """Return the profile as a person entered it."""
    if KEY not in profile.extensions:
        return profile
    return profile.model_copy(update={"extensions": {name: one for name, one in profile.extensions.items() if name != KEY}})


def with_genomics(profile: Profile, found: GenomicInput) -> Profile:
    """Return the profile with what its tables say, in place of what it carried; without a table nothing is added."""
    bare = without_genomics(profile)
    if not found.tables:
        return bare
    return bare.model_copy(update={"extensions": {**bare.extensions, KEY: found.model_dump(mode="json")}})


def with_genotypes(profile: Profile, found: GenomicInput) -> Profile:
    """Return the profile with the genotypes of its tables for the genes that no laboratory stated."""
    derived = {gene: one.used for gene, one in origins(profile, found).items()}
    if not derived:
        return profile
    # an entry about the same gene that says nothing ("pending") would contradict what was read
    stated = {
        key: value for key, value in profile.genotypes.items()
        if not any(one.gene in derived for one in genotypes.parse({key: value}).genes)
    }
    return profile.model_copy(update={"genotypes": {**stated, **derived}})


def genomic_findings(profile: Profile, found: GenomicInput) -> tuple[CrossFinding, ...]:
    """Return the findings of the tables, the genes that could not be settled, and those whose stated genotype differs."""
    stated = genotypes.parse(profile.genotypes)
    open_genes = [_unsettled(one) for one in found.genotypes if not one.used and one.diplotype and not _is_plain_normal(one)]
    return (*found.findings, *open_genes, *_differences(stated, found))


def with_origin(rows: Iterable[CrossFinding], profile: Profile, found: GenomicInput) -> tuple[CrossFinding, ...]:
    """Return the engine's rows, those about a gene read from a table with the table and its limits."""
    read = origins(profile, found)
    return tuple(_told(row, read[row.gene]) if row.agent == "pharmacogenomics" and row.gene in read else row for row in rows)


def genotypes_with_origin(read: genotypes.Genotypes, profile: Profile, found: GenomicInput) -> genotypes.Genotypes:
    """Return the genotypes, those read from a table saying so."""
    known = origins(profile, found)
    marked = tuple(
        one.model_copy(update={"origin": f"read from the variant table {known[one.gene].table}, {known[one.gene].status}"})
        if one.gene in known else one
        for one in read.genes
    )
    return read.model_copy(update={"genes": marked})


def therapy_with_origin(therapy: TherapyReport, profile: Profile, found: GenomicInput) -> TherapyReport:
    """Return the treatments with a note for each genotype they rest on that no laboratory stated."""
    notes = [
        f"{gene} {one.used} was read from the variant table {one.table} ({one.status}), not stated by a laboratory: confirm it "
        "before a dose depends on it."
        for gene, one in origins(profile, found).items()
    ]
    return therapy.model_copy(update={"notes": (*therapy.notes, *notes)}) if notes else therapy


def _told(row: CrossFinding, origin: DerivedGenotype) -> CrossFinding:
    finding = f"{row.finding} (variant table {origin.table}, {origin.status})"
    rules = rules_for_genotype(row.gene, row.significance, row.genotype)
    action = " ".join(f"For {', '.join(drugs_selected(rule.drugs))}: {rule.action}" for rule in rules)
    known = {"table": origin.table, "limits": origin.reasons, "sources": origin.sources}
    return row.model_copy(update={"action": action, "finding": finding, **known})


def _is_plain_normal(one: DerivedGenotype) -> bool:
    return one.phenotype == "normal" and one.status in ("called", "presumed")


def _unsettled(one: DerivedGenotype) -> CrossFinding:
    return CrossFinding(
        agent="pharmacogenomics", finding=f"{one.gene} {one.diplotype}: {one.phenotype or 'no phenotype assigned'} "
        f"(variant table {one.table}, {one.status}; not used for treatment)",
        action="Confirm with a laboratory test before a drug depends on it.", severity=Severity.INFO, concerns=(one.gene,),
        gene=one.gene, genotype=one.diplotype, significance=one.phenotype, table=one.table, limits=one.reasons,
        sources=one.sources,
    )  # fmt: skip


def origins(profile: Profile, found: GenomicInput) -> Mapping[str, DerivedGenotype]:
    """Return the genotypes that are used because no laboratory stated one, by gene."""
    stated = {one.gene for one in genotypes.parse(profile.genotypes).genes if one.phenotype or one.diplotype}
    return {one.gene: one for one in found.genotypes if one.used and one.gene not in stated}


def _differences(stated: genotypes.Genotypes, found: GenomicInput) -> tuple[CrossFinding, ...]:
    made = []
    for derived in found.genotypes:
        known = stated.get(derived.gene)
        if known is None or not derived.phenotype or known.phenotype in (None, derived.phenotype):
            continue
        if derived.phenotype == "normal" and derived.status != "called":
            continue  # a file that lacks places does not contradict a laboratory
        shown = f"{derived.diplotype} ({derived.phenotype}, {derived.status})" if derived.diplotype else derived.phenotype
        made.append(CrossFinding(
            agent="pharmacogenomics",
            finding=f"{derived.gene}: the record states {known.written} ({known.phenotype}), the table {derived.table} shows "
                    f"{shown}.",
            action="The stated result is used. Have the difference clarified before a dose depends on it.",
            severity=Severity.MAJOR, concerns=(derived.gene,), gene=derived.gene, table=derived.table, limits=derived.reasons,
        ))  # fmt: skip
    return tuple(made)
