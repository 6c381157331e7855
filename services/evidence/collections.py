"""The fourteen collections: their documented names, what each holds, and the typed metadata of its rows.

Eleven hold curated knowledge or patient rows of one kind; every collection has the same core columns (see `store.py`) and
declares here the metadata fields that can be filtered and shown. A collection is `patient` when its rows belong to a
person: those rows are only ever read with that patient's id, or by a caller who may see patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class MetadataField:
    name: str
    type: FieldType
    description: str


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    title: str
    description: str
    patient: bool
    fields: tuple[MetadataField, ...]
    weight: float = 1.0

    @property
    def field_names(self) -> frozenset[str]:
        return frozenset(field.name for field in self.fields)


def _text(name: str, description: str) -> MetadataField:
    return MetadataField(name, FieldType.TEXT, description)


def _number(name: str, description: str) -> MetadataField:
    return MetadataField(name, FieldType.NUMBER, description)


def _date(name: str, description: str) -> MetadataField:
    return MetadataField(name, FieldType.DATE, description)


_DISEASE = _text("disease", "disease identifier, or several separated by commas")
_PMID = _text("pmid", "PubMed id where number and paper were checked against each other")
_YEAR = _number("year", "year of publication")

COLLECTIONS: tuple[Collection, ...] = (
    Collection(
        "autoimmune_clinical_documents", "Clinical documents", "Passages of the patients' PDFs", True,
        (
            _text("doc_type", "progress_note, lab_report, …"), _text("specialty", "clinical specialty"),
            _text("author", "who signed the document"), _text("facility", "where it was written"),
        ),
        weight=1.2,
    ),
    Collection(
        "autoimmune_patient_labs", "Patient laboratory results", "One dated result or panel of a patient per row", True,
        (
            _text("test", "name of the test"), _number("value", "numeric value"), _text("unit", "unit as reported"),
            _text("reference_range", "of the reporting laboratory"), _text("flag", "H, L or empty"),
            _text("loinc", "LOINC code where certain"),
        ),
    ),
    Collection(
        "autoimmune_autoantibody_panels", "Autoantibodies",
        "What each autoantibody means, and the dated panels of patients", True,
        (
            _text("antibody", "canonical name"), _DISEASE, _text("sensitivity", "percent or range"),
            _text("specificity", "percent or range"), _text("titer", "for patient rows"), _PMID,
        ),
    ),
    Collection(
        "autoimmune_hla_associations", "HLA associations", "Allele, disease, direction, odds ratio, population", False,
        (
            _text("allele", "allele or haplotype"), _DISEASE, _text("direction", "risk or protective"),
            _number("odds_ratio", "as published"), _text("population", "in which it was measured"), _PMID,
        ),
    ),
    Collection(
        "autoimmune_disease_criteria", "Classification criteria", "Entry, items, weights, thresholds", False,
        (_text("criteria", "name of the set"), _DISEASE, _YEAR, _PMID),
    ),
    Collection(
        "autoimmune_disease_activity", "Activity instruments", "Formula, range, bands, pitfalls", False,
        (_text("instrument", "name"), _DISEASE, _text("range", "lowest to highest value"), _PMID),
    ),
    Collection(
        "autoimmune_flare_patterns", "Flare predictors", "Factors that raise or lower the risk of a flare", False,
        (_text("factor", "what was observed"), _DISEASE, _text("direction", "raises or lowers risk"), _PMID),
    ),
    Collection(
        "autoimmune_biologic_therapies", "Therapies", "Mechanism, indications, warnings, monitoring", False,
        (_text("drug", "generic name"), _text("drug_class", "class"), _DISEASE, _PMID),
    ),
    Collection(
        "autoimmune_pgx_rules", "Pharmacogenomic rules", "Gene or allele, drug, consequence, action", False,
        (_text("gene", "gene or HLA allele"), _text("drug", "drug"), _text("effect", "what happens"), _PMID),
    ),
    Collection(
        "autoimmune_clinical_trials", "Key trials", "Question, design and result of the trials behind a therapy", False,
        (_text("trial", "acronym or name"), _text("drug", "intervention"), _DISEASE, _YEAR, _PMID),
    ),
    Collection(
        "autoimmune_literature", "Literature", "Findings of key papers in our own words", False,
        (_text("topic", "what it is about"), _DISEASE, _YEAR, _PMID),
    ),
    Collection(
        "autoimmune_patient_timelines", "Patient timelines", "Dated events of a patient", True,
        (_text("event", "kind of event"), _text("specialty", "clinical specialty"), _date("event_date", "when")),
    ),
    Collection(
        "autoimmune_cross_disease", "Overlap syndromes", "Diseases that occur together and how to tell them apart", False,
        (_text("syndrome", "name"), _DISEASE, _PMID),
    ),
    Collection(
        "genomic_evidence", "Genomic evidence", "Immune genes: mechanism, inheritance, disease; a patient's findings", True,
        (_text("gene", "HGNC symbol"), _DISEASE, _text("inheritance", "AD, AR, XL"), _PMID),
    ),
)

BY_NAME: dict[str, Collection] = {collection.name: collection for collection in COLLECTIONS}
