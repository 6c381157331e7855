"""The findings of a patient's tables as passages of the collection `genomic_evidence`, so that a search finds and cites them.

One passage for each variant, one for each pharmacogene, one for what a table could not answer. They are replaced when a table of
the patient is linked, changed, unlinked or deleted; the ids are made of table, finding and what is said of it, so nothing is left
behind or doubled, and a dashboard that keeps rows for a while never shows what another process replaced.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import NotFoundError, ParatopeError
from services.evidence.index import EvidenceIndex, delete_passages
from services.evidence.passages import MetadataValue, Passage, Tier
from services.genomics.pgx import GeneCall
from services.knowledge.genes import gene
from services.patients.registry import PatientRegistry
from services.pipelines.genomic.model import PatientFindings, TableFindings, VariantFinding
from services.pipelines.genomic.wording import (
    call_headline,
    changed_sites,
    drug_lines,
    drug_sources,
    evidence_line,
    places_line,
    searched_line,
    variant_headline,
)
from services.pipelines.genomic_findings import GenomicFindings
from services.storage.database import Database
from services.storage.tables import passages
from services.variants.flags import Flag

COLLECTION = "genomic_evidence"
READER = Principal("genomic evidence", may_see_patients=True, may_administer=False)
"""Who reads the tables to write the passages; a search then checks who may see them."""
_log = logging.getLogger(__name__)


class GenomicEvidence:
    """Writes the passages of patients. `request` returns at once; one thread of its own does the work, in order."""

    def __init__(self, database: Database, index: EvidenceIndex, patients: PatientRegistry, findings: GenomicFindings) -> None:
        self._database = database
        self._index = index
        self._patients = patients
        self._findings = findings
        self._waiting: queue.Queue[str | Flag | None] = queue.Queue()
        self._worker = threading.Thread(target=self._work, name="genomic-evidence", daemon=True)
        self._worker.start()

    def request(self, patient_id: str) -> None:
        """Have the passages of a patient brought into line soon."""
        self._waiting.put(patient_id)

    def request_for(self, flag: Flag) -> None:
        """Have the passages of every patient whose tables hold the flagged variant brought into line soon."""
        self._waiting.put(flag)

    def wait(self) -> None:
        """Return when everything requested so far is written."""
        self._waiting.join()

    def refresh(self, patient_id: str) -> int:
        """Bring the passages of a patient into line with the tables; returns how many changed. Idempotent."""
        name = self._patients.name_of(patient_id)
        try:
            found = self._findings.of_patient(patient_id, READER) if name is not None else None
        except NotFoundError:
            found = None
        made = {one.id: one for one in finding_passages(found, name or patient_id)} if found is not None else {}
        known = {one.id: one for one in self._index.export(COLLECTION, READER) if one.patient_id == patient_id}
        gone = [identifier for identifier in known if identifier not in made]
        changed = [one for identifier, one in made.items() if known.get(identifier) != one]
        self._index.put(changed)  # before the old ones go: what did not change in substance is found all the time
        if gone:
            self._index.remove_from_store(COLLECTION, gone)
            with self._database.begin() as connection:
                delete_passages(connection, COLLECTION, gone)
        return len(gone) + len(changed)

    def repair(self) -> int:
        """Bring the passages of every patient with tables or passages into line; returns how many changed."""
        query = sa.select(passages.c.patient_id).where(
            passages.c.collection == COLLECTION, passages.c.patient_id.is_not(None)
        ).distinct()  # fmt: skip
        with self._database.read() as connection:
            known = set(connection.execute(query).scalars())
        return sum(self.refresh(patient_id) for patient_id in sorted({*known, *self._findings.linked_patients()}))

    def close(self) -> None:
        """Stop after the patient at hand; what is left is caught up with at the next start."""
        self._waiting.put(None)
        self._worker.join(timeout=30)

    def _work(self) -> None:
        while (wanted := self._waiting.get()) is not None:
            try:
                for patient_id in self._concerned(wanted):
                    self.refresh(patient_id)
            except (ParatopeError, sa.exc.SQLAlchemyError) as error:
                _log.warning("genomic evidence was not written, the next start catches up: %s", type(error).__name__)
            finally:
                self._waiting.task_done()
        self._waiting.task_done()

    def _concerned(self, wanted: str | Flag) -> tuple[str, ...]:
        if isinstance(wanted, str):
            return (wanted,)
        return self._findings.patients_with(READER, wanted.variant, wanted.pos)


def finding_passages(found: PatientFindings, patient_name: str) -> tuple[Passage, ...]:
    """Return the passages of a patient's findings."""
    return tuple(passage for table in found.tables for passage in _of_table(found.patient_id, table, patient_name))


def _of_table(patient_id: str, table: TableFindings, name: str) -> Iterator[Passage]:
    for variant in table.variants:
        yield _passage(patient_id, table, name, variant.key, _title(variant.gene, "variant"), _variant_text(variant),
                       _variant_metadata(variant))  # fmt: skip
    for call in table.genes:
        yield _passage(patient_id, table, name, call.gene.lower(), f"{call.gene} pharmacogenetics", _gene_text(call),
                       {"gene": call.gene, "inheritance": "pharmacogene"}, drug_sources(call))  # fmt: skip
    said = " ".join(part for part in (*table.notes, searched_line(table)) if part)
    if said:
        yield _passage(patient_id, table, name, "limits", "What the variant table does not tell", said, {})


def _title(gene_name: str, what: str) -> str:
    return f"{gene_name} {what}" if gene_name else what.capitalize()


def _variant_text(one: VariantFinding) -> str:
    grounds = "; ".join(evidence_line(ground) for ground in one.evidence)
    listed = gene(one.gene) if one.gene else None
    diseases = ", ".join(disease.name for disease in listed.diseases[:3]) if listed is not None else ""
    parts = [
        f"Carries a variant: {variant_headline(one)}.", one.meaning, one.action, f"Diseases of the gene: {diseases}." if diseases
        else "", f"Grounds: {grounds}.", f"Limits: {' '.join(one.limits)}" if one.limits else "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _variant_metadata(one: VariantFinding) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {"gene": one.gene} if one.gene else {}
    return found | ({"inheritance": ", ".join(one.inheritance)} if one.inheritance else {})


def _gene_text(call: GeneCall) -> str:
    carried = changed_sites(call)
    changes = ", ".join(f"{site.rsid} {site.ref}>{site.alt} ({site.genotype})" for site in carried)
    if call.pairs:
        seen = f"Carries {call.gene} variants: {changes}." if changes else f"No {call.gene} variant was read in the file."
    else:
        seen = f"{call.gene} could not be called." + (f" Seen: {changes}." if changes else "")
    return " ".join(
        [f"{call_headline(call)}.", seen, *(drug_lines(call) if call.pairs else ()), f"{places_line(call)}.", *call.reasons]
    )


def _passage(
    patient_id: str, table: TableFindings, name: str, key: str, title: str, text: str, metadata: dict[str, MetadataValue],
    sources: tuple[str, ...] = (),
) -> Passage:
    sample = f", sample {table.sample}" if table.sample else ""
    where = f"variant table {table.table_name}{sample}, {table.build or 'build unknown'}"
    made = Passage(
        id=f"{table.table_id}-{key}", collection=COLLECTION, text=text[:4_000], title=f"{title} ({table.table_name})"[:300],
        tier=Tier.RECORD, patient_id=patient_id, source="; ".join((where, *sources))[:2_000], metadata=metadata,
        context=f"{name}. {title}, {where}",
    )  # fmt: skip
    return replace(made, id=f"{made.id}-{hashlib.sha256(repr(made).encode()).hexdigest()[:8]}")
