"""The evidence as it is shown: one row for each fact that was looked at, with source and version, what is missing included."""

from __future__ import annotations

from collections.abc import Mapping

from services.genomics.acmg.record import Effect
from services.knowledge.known_variants import known_variant_at
from services.variants.classification.content import EvidenceRow
from services.variants.classification.gaps import Gap
from services.variants.classification.gathering import Known
from services.variants.reference.model import PackKind

CONSEQUENCE, POPULATION, CLINVAR, PREDICTORS, GENE = (
    "Consequence", "Population frequency", "ClinVar and known variants", "Predictors", "Gene and disease"
)
_BUILT_IN = "built-in table"


class _Rows:
    """Collects rows and numbers them."""

    def __init__(self) -> None:
        self.rows: list[EvidenceRow] = []

    def add(self, topic: str, name: str, value: object, source: str = "", version: str = "", note: str = "") -> None:
        shown = None if value is None or value == "" else str(value)
        self.rows.append(EvidenceRow(
            id=f"E{len(self.rows) + 1}", topic=topic, name=name, value=shown, source=source, version=version, note=note
        ))


def evidence_of(known: Known, effect: Effect | None, gaps: Mapping[Gap, str]) -> tuple[EvidenceRow, ...]:
    """Return every fact that was looked at, numbered from E1."""
    rows = _Rows()
    _consequence(rows, known, effect, gaps)
    _population(rows, known, gaps)
    _clinvar(rows, known, gaps)
    _predictors(rows, known)
    _gene(rows, known, gaps)
    return tuple(rows.rows)


def _consequence(rows: _Rows, known: Known, effect: Effect | None, gaps: Mapping[Gap, str]) -> None:
    row, placed, change = known.question.row, known.placed, known.change
    if row.consequence:
        rows.add(CONSEQUENCE, "Consequence in the table", row.consequence.replace("_", " "), row.origin)
    if placed is not None and change is not None:
        rows.add(CONSEQUENCE, "Consequence on the transcript", change.effect, placed.pack.name, placed.pack.version)
    if effect is None:
        rows.add(CONSEQUENCE, "Consequence", None, note=gaps[Gap.CONSEQUENCE])
    if placed is not None:
        mark = placed.mark.replace("_", " ").replace("mane", "MANE") or "no mark"
        rows.add(CONSEQUENCE, "Transcript", f"{placed.accession} ({mark})", placed.pack.name, placed.pack.version)
    else:
        missing = gaps.get(Gap.GENE_MODELS, "the gene models have no coding transcript here")
        rows.add(CONSEQUENCE, "Transcript", row.transcript, row.origin, note="" if row.transcript else missing)
    for name, value in (("HGVS, transcript", row.hgvs_coding), ("HGVS, protein", row.hgvs_protein)):
        if value:
            rows.add(CONSEQUENCE, name, value, row.origin)
    if placed is not None and not row.hgvs_coding and known.hgvs_coding:
        rows.add(CONSEQUENCE, "HGVS, transcript", known.hgvs_coding, placed.pack.name, placed.pack.version)
    if change is not None and change.residue and placed is not None:
        words = f"{change.before}{change.residue}{change.after}" + (f", new stop at c.{change.stop}" if change.stop else "")
        rows.add(CONSEQUENCE, "Amino acid", words, placed.pack.name, placed.pack.version)


def _population(rows: _Rows, known: Known, gaps: Mapping[Gap, str]) -> None:
    found, row = known.found[PackKind.FREQUENCIES], known.row_of(PackKind.FREQUENCIES)
    told = known.question.row.frequency
    if found is None:
        note = gaps[Gap.FREQUENCIES]
        if told is not None:
            note += "; a frequency without its number of alleles decides no criterion"
        rows.add(POPULATION, "Allele frequency in the table", told, "the table" if told is not None else "", note=note)
        return
    pack = found.pack
    if row is None:
        seen = (
            f"another variant within 20 bases was called in {known.covered:,} alleles" if known.covered
            else "nothing near it was called either, so the site may not have been covered"
        )
        rows.add(POPULATION, "Allele frequency", "not in the data", pack.name, pack.version, note=seen)
        return
    counted = f"{row['ac']} of {row['an']} alleles" if row["ac"] is not None else "counts not given"
    filters = "" if row["passed"] is not False else "did not pass the dataset's filters, so it is not used"
    rows.add(POPULATION, "All populations", f"{_fraction(row['af'])} ({counted})", pack.name, pack.version, filters)
    if row["popmax_population"]:
        counted = f"{row['popmax_ac']} of {row['popmax_an']}" if row["popmax_ac"] is not None else "counts not given"
        words = f"{_fraction(row['popmax_af'])} in {row['popmax_population']} ({counted})"
        rows.add(POPULATION, "Highest population", words, pack.name, pack.version)
    if row["faf95"] is not None:
        rows.add(POPULATION, "Filter frequency (95 %)", _fraction(row["faf95"]), pack.name, pack.version)
    rows.add(POPULATION, "Homozygotes", row["homozygotes"], pack.name, pack.version)


def _clinvar(rows: _Rows, known: Known, gaps: Mapping[Gap, str]) -> None:
    found, row = known.found[PackKind.CLINVAR], known.row_of(PackKind.CLINVAR)
    own = "shown for comparison: the variant's own classification is never evidence for itself"
    if found is None:
        rows.add(CLINVAR, "ClinVar", known.question.row.clinvar, "the table" if known.question.row.clinvar else "",
                 note=gaps[Gap.CLINVAR])  # fmt: skip
    elif row is None:
        rows.add(CLINVAR, "ClinVar", "not in ClinVar", found.pack.name, found.pack.version)
    else:
        words = f"{str(row['significance']).replace('_', ' ')}, {row['stars'] or 0} of 4 stars ({row['variation_id']})"
        rows.add(CLINVAR, "ClinVar", words, found.pack.name, found.pack.version, own)
        if row["conditions"]:
            rows.add(CLINVAR, "ClinVar conditions", str(row["conditions"]).replace("_", " ")[:500], found.pack.name,
                     found.pack.version)  # fmt: skip
    site = known.question.site
    listed = known_variant_at(str(known.build), site.chrom, site.pos, site.ref, site.alt)
    if listed is not None:
        words = f"{listed.name}, {listed.significance}: {listed.condition}"
        rows.add(CLINVAR, "Known variant", words, listed.source.citation, note=f"{own}. {listed.note}")


def _predictors(rows: _Rows, known: Known) -> None:
    row = known.question.row
    for name, kind, told in (
        ("REVEL", PackKind.REVEL, row.revel), ("SpliceAI, largest delta", PackKind.SPLICEAI, row.splice_delta),
        ("AlphaMissense", PackKind.ALPHAMISSENSE, row.alphamissense),
    ):
        found, own = known.found[kind], known.row_of(kind)
        only = "for comparison: one calibrated predictor decides, REVEL" if kind is PackKind.ALPHAMISSENSE else ""
        if own is not None and found is not None:
            rows.add(PREDICTORS, name, own["score"], found.pack.name, found.pack.version, only)
        elif told is not None:
            rows.add(PREDICTORS, name, told, "the table", note=only)
        else:
            missing = f"no {kind.label} pack is installed for {known.build}"
            if found is None:
                rows.add(PREDICTORS, name, None, note=missing)
            else:
                rows.add(PREDICTORS, name, None, found.pack.name, found.pack.version, "the pack has no score for this variant")


def _gene(rows: _Rows, known: Known, gaps: Mapping[Gap, str]) -> None:
    view, facts = known.gene, known.gene.facts
    unknown = "" if view.symbol else "no gene is known at this place"
    rows.add(GENE, "Gene", view.symbol, note=unknown)
    if view.listed is None:
        rows.add(GENE, "Disease", None, note=gaps.get(Gap.MECHANISM, ""))
    else:
        sources = "; ".join(one.citation for one in view.listed.sources)
        diseases = ", ".join(
            f"{one.name} ({'/'.join(one.inheritance)})" for one in view.listed.diseases if one.inheritance
        )  # fmt: skip
        rows.add(GENE, "Diseases", diseases, _BUILT_IN, note=sources)
        rows.add(GENE, "Inheritance used", facts.inheritance, _BUILT_IN, note=view.inheritance_note)
        rows.add(GENE, "Loss of function as a cause", facts.loss_of_function, _BUILT_IN, note=view.mechanism_note)
    constraint, pack = view.constraint, view.constraint_pack
    if pack is None:
        rows.add(GENE, "Constraint", None, note=gaps[Gap.CONSTRAINT])
    elif constraint is None:
        rows.add(GENE, "Constraint", None, pack.name, pack.version, "the pack does not list the gene")
    else:
        words = ", ".join(f"{name} {constraint[key]:g}" for name, key in (
            ("missense Z", "missense_z"), ("pLI", "pli"), ("LOEUF", "loeuf")) if constraint[key] is not None)  # fmt: skip
        rows.add(GENE, "Constraint", words, pack.name, pack.version)


def _fraction(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float | int) else "not given"
