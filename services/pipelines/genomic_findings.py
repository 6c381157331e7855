"""What the tables linked to a patient say of that patient: variants, pharmacogenes, and what they are silent about.

Findings are computed from the tables when they are asked for, and kept in memory until a table, a flag or the patient's sex
changes. The clinical engine gets them as a part of the profile, see `services.clinical.analysis.genomic`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Literal

from services.access.principals import Principal
from services.clinical.analysis import CrossFinding, DerivedGenotype, GenomicInput, GenomicTable, with_genomics
from services.clinical.profile import Profile
from services.errors import InvalidInputError, NotFoundError, ParatopeError
from services.genomics.genome import GenomeBuild
from services.genomics.pgx import CallStatus, GeneCall, call_gene
from services.knowledge.pgx import pharmacogenes
from services.patients.registry import Patient, PatientRegistry
from services.pipelines.genomic.carrying import Sex
from services.pipelines.genomic.model import PatientFindings, TableFindings, VariantFinding
from services.pipelines.genomic.reading import columns_of, observations, sample_of
from services.pipelines.genomic.variants import find_variants
from services.pipelines.genomic.wording import drug_sources, evidence_line, searched_line, variant_headline
from services.variants.classification.content import Scheme
from services.variants.classification.store import Classifications, Classified
from services.variants.library import TableInfo, VariantLibrary
from services.variants.links import SampleChoice, stated_parents
from services.variants.marks import rows_at
from services.variants.tables import table_version
from services.variants.workbench import Workbench

_KEPT = 64
_NO_BUILD = "The genome build of this table is not known, so nothing was read: state the build in the explorer."
_SURENESS = (CallStatus.CALLED, CallStatus.PRESUMED, CallStatus.AMBIGUOUS, CallStatus.NOT_CALLED)


class GenomicFindings:
    """Reads the tables of patients. Safe for use from several threads."""

    def __init__(
        self, library: VariantLibrary, workbench: Workbench, patients: PatientRegistry, classifications: Classifications
    ) -> None:
        self._library = library
        self._workbench = workbench
        self._patients = patients
        self._classifications = classifications
        self._known: OrderedDict[tuple[str, ...], TableFindings] = OrderedDict()
        self._last: dict[str, str] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._lock = Lock()

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with a patient's id when the findings asked for are others than those asked for before."""
        self._listeners.append(listener)

    def of_patient(self, patient_id: str, access: Principal) -> PatientFindings:
        """Return what every table of a patient says, newest table first.

        :raise NotFoundError: there is no such patient, or the caller may not know.
        """
        patient = self._patients.get(patient_id, access)
        tables = tuple(
            self._of(info, patient, link.choice, access) for info in self._library.of_patient(access, patient.id)
            if (link := info.link_of(patient.id)) is not None
        )
        found = PatientFindings(patient.id, tables, hashlib.sha256(repr(tables).encode()).hexdigest()[:32])
        if self._last.get(patient.id, "") != found.version and (tables or patient.id in self._last):
            self._last[patient.id] = found.version
            for listener in self._listeners:
                listener(patient.id)
        return found

    def of_table(
        self, table_id: str, access: Principal, *, sample: str = "", accept_missing: bool = False
    ) -> TableFindings:
        """Return what one table says of a sample, linked to a patient or not; without a sample, of its only patient.

        `accept_missing` takes places without a record for reference, which the file does not show.

        :raise NotFoundError: there is no such table, or the caller may not know.
        :raise InvalidInputError: the table has no such sample.
        """
        info = self._library.get(access, table_id)
        samples = self._library.samples(info)
        if sample and sample not in samples:
            raise InvalidInputError(f"the table has no sample {sample[:100]!r}")
        only = info.links[0] if len(info.links) == 1 and (not sample or len(samples) == 1) else None
        link = only or next((one for one in info.links if sample and one.choice.sample == sample), None)
        if link is not None:
            choice, patient = link.choice, self._patients.get(link.patient_id, access)
        else:
            choice, patient = SampleChoice(), None
        if sample and choice.sample != sample:
            choice = stated_parents(self._library.open(access, info.id).manifest, sample)
        return self._of(info, patient, choice, access, accept_missing=accept_missing)

    def input_of(self, patient_id: str, access: Principal) -> GenomicInput:
        """Return the findings of a patient as an analysis takes them; empty where no table is linked."""
        return as_input(self.of_patient(patient_id, access))

    def linked_patients(self) -> tuple[str, ...]:
        """Return the ids of the patients who have tables; for services that have checked access already."""
        return self._library.linked_patients()

    def patients_with(self, access: Principal, variant: str, position: int) -> tuple[str, ...]:
        """Return the patients one of whose tables has a record at the place of a variant, given by its key."""
        build = variant.partition(":")[0]
        found: dict[str, None] = {}
        for info in self._library.list(access):
            new = [link.patient_id for link in info.links if link.patient_id not in found]
            if not new or str(info.assembly) != build or not info.available:
                continue
            if rows_at(self._library.open(access, info.id), [position]):
                found.update(dict.fromkeys(new))
        return tuple(found)

    def enriched(self, profile: Profile, access: Principal) -> Profile:
        """Return the profile with what the tables of its patient say; unchanged for a patient who is not known here."""
        try:
            found = self.input_of(profile.patient_id, access)
        except NotFoundError:
            return profile
        return with_genomics(profile, found)

    def _of(
        self, info: TableInfo, patient: Patient | None, choice: SampleChoice, access: Principal, *, accept_missing: bool = False
    ) -> TableFindings:
        stated = patient.sex if patient is not None else None
        sex: Sex | None = "F" if stated == "F" else "M" if stated == "M" else None
        signed = self._signed(info, access)
        noted = self._workbench.marks.version(info.assembly)
        key = (
            info.id, self._state(info), noted, str(sex), str(accept_missing), ",".join(one.id for one in signed),
            choice.sample, choice.mother, choice.father,
        )  # fmt: skip
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._read(info, choice, sex, access, signed, accept_missing=accept_missing)
        with self._lock:
            self._known[key] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found

    def _signed(self, info: TableInfo, access: Principal) -> tuple[Classified, ...]:
        """The signed germline classifications in the build of a table."""
        return tuple(
            one for one in self._classifications.list(access, signed_only=True)
            if one.scheme is Scheme.ACMG and one.assembly == str(info.assembly)
        )

    def _state(self, info: TableInfo) -> str:
        """A text that changes when the files of the table are written anew, or its names change."""
        return f"{table_version(self._library.folder(info.id)) or 'gone'}/{info.name}/{info.assembly}"

    def _read(
        self, info: TableInfo, linked: SampleChoice, sex: Sex | None, access: Principal,
        signed: Sequence[Classified], *, accept_missing: bool,
    ) -> TableFindings:
        if info.assembly is None:
            return TableFindings(info.id, info.name, None, None, notes=(_NO_BUILD,))
        try:
            table = self._library.open(access, info.id)
            choice, why = sample_of(table.manifest["samples"], linked)
            if not choice.sample and len(table.manifest["samples"]) > 1:
                return TableFindings(info.id, info.name, None, info.assembly, notes=(why,))
            noted = self._workbench.marks.noted(access, info.id).values()
            found = find_variants(table, info.assembly, choice, sex, noted, signed)
            genes: tuple[GeneCall, ...] = ()
            if choice.sample:
                columns = columns_of(table, choice.sample)
                build = _build(info.assembly)
                genes = tuple(
                    call_gene(gene.gene, build, observations(table, columns, gene.chrom, *_span(gene.gene, build)), sex=sex,
                              accept_missing=accept_missing)
                    for gene in pharmacogenes().values()
                )  # fmt: skip
        except ParatopeError as error:
            unread = f"This table could not be read: {error.message}"
            return TableFindings(info.id, info.name, None, info.assembly, notes=(unread,))
        notes = tuple(note for note in (why, *found.notes) if note)
        return TableFindings(
            info.id, info.name, choice.sample or None, info.assembly, found.variants, genes, notes, found.known_places,
            found.known_recorded, choice.mother, choice.father,
        )


def _build(assembly: GenomeBuild) -> Literal["GRCh37", "GRCh38"]:
    return "GRCh37" if assembly is GenomeBuild.GRCH37 else "GRCh38"


def _span(gene: str, build: str) -> tuple[int, int]:
    """The first and last base of a gene's places."""
    places = [(one.position(build), one.position(build) + len(one.ref) - 1) for one in pharmacogenes()[gene].variants]
    return min(start for start, _ in places), max(end for _, end in places)


def as_input(found: PatientFindings) -> GenomicInput:
    """Return findings as an analysis takes them: variants as findings, of each pharmacogene the surest call."""
    return GenomicInput(
        tables=tuple(
            GenomicTable(name=table.table_name, sample=table.sample or "", build=str(table.build or ""),
                         notes=tuple(note for note in (*table.notes, searched_line(table)) if note), is_read=table.is_read)
            for table in found.tables
        ),
        findings=tuple(_cross(one, table) for table in found.tables for one in table.variants)[:300],
        genotypes=tuple(
            derived for gene in pharmacogenes() if (derived := _derived(gene, found.tables)) is not None
        ),
    )  # fmt: skip


def _cross(one: VariantFinding, table: TableFindings) -> CrossFinding:
    diseases = f"Diseases of the gene: {'; '.join(one.diseases)}." if one.diseases and not one.conditions else ""
    said = (f"{variant_headline(one)}.", one.meaning, one.family, diseases)
    return CrossFinding(
        agent="genomics", finding=" ".join(part for part in said if part), action=one.action, severity=one.severity,
        concerns=one.conditions or one.diseases, gene=one.gene, genotype=one.carried.genotype, significance=one.significance,
        table=table.table_name, row=one.row_id, limits=one.limits,
        sources=tuple(evidence_line(ground) for ground in one.evidence),
    )  # fmt: skip


def _derived(gene: str, tables: Sequence[TableFindings]) -> DerivedGenotype | None:
    """Return the surest call of a gene over the tables; where they differ, the one that raises a caution, naming the others."""
    calls = [(call, table) for table in tables for call in table.genes if call.gene == gene]
    if not calls:
        return None
    calls.sort(key=lambda one: _SURENESS.index(one[0].status))  # stable: the newest table first among equals
    told = [one for one in calls if one[0].phenotype is not None]
    differ = len({call.phenotype for call, _ in told}) > 1
    call, table = next((one for one in told if one[0].phenotype != "normal"), calls[0]) if differ else calls[0]
    reasons = list(call.reasons)
    if differ:
        others = [f"{other.table_name} shows {one.diplotype} ({one.phenotype})" for one, other in told if other is not table]
        reasons.append(f"The tables differ: {'; '.join(others)}.")
    return DerivedGenotype(
        gene=gene, diplotype=call.diplotype or "", phenotype=call.phenotype or "", status=call.status.value,
        used=call.for_therapy or "", reasons=tuple(reason[:1_000] for reason in reasons), table=table.table_name,
        sources=drug_sources(call),
    )  # fmt: skip
