"""The findings in sentences, the same for the page, the report, the analysis and the evidence."""

from __future__ import annotations

from services.genomics.pgx import CallStatus, GeneCall, Site
from services.knowledge.drugs import Rule, drugs_selected
from services.knowledge.pgx import drugs_of_gene, pharmacogenes, rules_for_genotype
from services.pipelines.genomic.model import Evidence, TableFindings, VariantFinding


def variant_headline(one: VariantFinding) -> str:
    """One line: gene, change, place, copies, significance."""
    return f"{_named(one)} ({one.place}), {one.carried.words}: {one.significance}"


def variant_title(one: VariantFinding) -> str:
    """The same without the place, for a heading."""
    return f"{_named(one)}, {one.carried.words}: {one.significance}"


def _named(one: VariantFinding) -> str:
    return " ".join(part for part in (one.gene or "No curated gene,", one.change) if part)


def evidence_line(one: Evidence) -> str:
    """One ground with its source."""
    about = f" for {one.condition}" if one.condition else ""
    return f"{one.ground.value}: {one.significance}{about} ({one.source})"


def phenotype_words(call: GeneCall) -> str:
    """The phenotype in words, said to be missing where it is."""
    if call.is_open:
        return "not settled"
    if call.phenotype is None:
        return "no phenotype assigned" if call.pairs else "not called"
    if call.gene == "G6PD":
        return f"G6PD {call.phenotype}"
    return f"{call.phenotype} metaboliser"


def call_headline(call: GeneCall) -> str:
    """One line: gene, alleles, phenotype, how sure."""
    if not call.pairs:
        return f"{call.gene}: {call.status.value}"
    others = f", {' or '.join(call.other_phenotypes)} possible" if call.other_phenotypes else ""
    sure = "" if call.status is CallStatus.CALLED else f" ({call.status.value})"
    return f"{call.gene} {call.diplotype}: {phenotype_words(call)}{sure}{others}"


def fired_rules(call: GeneCall) -> tuple[Rule, ...]:
    """The drug rules of the likeliest pair."""
    return rules_for_genotype(call.gene, call.phenotype, call.diplotype) if call.pairs and not call.is_open else ()


def drug_lines(call: GeneCall) -> tuple[str, ...]:
    """What the genotype means for drugs, one line for each rule; else which drugs the gene matters for."""
    rules = fired_rules(call)
    if rules:
        return tuple(f"For {', '.join(drugs_selected(rule.drugs))}: {rule.text} {rule.action}" for rule in rules)
    named = ", ".join(drugs_of_gene(call.gene))
    if call.phenotype == "normal":
        return (f"No rule against {named} for a normal result.",)
    return (f"Matters for {named}.",)


def drug_sources(call: GeneCall) -> tuple[str, ...]:
    """The sources of the alleles and of what is said about drugs."""
    found = [*pharmacogenes()[call.gene].sources, *(source for rule in fired_rules(call) for source in rule.sources)]
    return tuple(dict.fromkeys(str(one) for one in found))


def changed_sites(call: GeneCall) -> tuple[Site, ...]:
    """The places at which the sample carries the change."""
    return tuple(site for site in call.sites if site.copies)


def places_line(call: GeneCall) -> str:
    """How many of the gene's places were read, and how many are not in the file."""
    read = len(call.sites) - len(call.missing) - len(call.unread)
    parts = [f"{read} of {len(call.sites)} places read"]
    if call.unread:
        parts.append(f"{len(call.unread)} with a record that could not be used")
    if call.missing:
        parts.append(f"{len(call.missing)} not in the file")
    return ", ".join(parts)


def searched_line(table: TableFindings) -> str:
    """What was looked for and how far the file answers; never that nothing is there."""
    if not table.known_places:
        return ""
    return (
        f"{table.known_places} places of curated well-known variants were looked up; the file has a record at "
        f"{table.known_recorded}. A place without a record was not tested or is reference: the file does not say which."
    )
