"""The composition root: the only place that names concrete things. Dashboard, API and worker are all built from it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from services.access.principals import LOCAL_USER
from services.access.tickets import Tickets
from services.assistant.answering import Assistant
from services.assistant.chat import Chat
from services.assistant.conversations import Conversations
from services.assistant.language_model import LanguageModel
from services.assistant.proposals import FactProposer
from services.assistant.rationale_writing import RationaleWriter
from services.clinical.analysis import warm_up
from services.evidence.documents.reading import DocumentReader
from services.evidence.embedder import SentenceEmbedder
from services.evidence.index import EvidenceIndex
from services.evidence.readiness import Readiness
from services.evidence.search import EvidenceSearch, Ranking
from services.evidence.store import EvidenceStore
from services.jobs.engine import DurableQueue
from services.jobs.service import Jobs
from services.jobs.slots import FileSlots, PostgresSlots
from services.knowledge.synonyms import expand
from services.patients.analyses import AnalysisLog
from services.patients.demo import DemoAnalyses, DemoLoader
from services.patients.documents import DocumentLibrary
from services.patients.fact_decisions import FactDecisions
from services.patients.record import PatientRecord
from services.patients.registry import PatientRegistry
from services.pipelines.annotation import VariantAnnotations
from services.pipelines.batch_classification import BatchClassification
from services.pipelines.demo_variants import DemoVariants
from services.pipelines.genomic_evidence import GenomicEvidence
from services.pipelines.genomic_findings import GenomicFindings
from services.pipelines.read_calling import ReadCalling
from services.pipelines.reference_install import ReferenceInstalls
from services.pipelines.variant_import import VariantImports
from services.preparation import Preparation, PreparationStatus, Step, settle
from services.reports.service import Reports
from services.settings import Settings
from services.storage.database import Database
from services.storage.files import FileStore, private_folder
from services.uploads.store import Uploads
from services.variants.annotation.vep.source import vep_sources
from services.variants.classification.service import VariantClassifier
from services.variants.library import VariantLibrary
from services.variants.reference.library import ReferenceLibrary
from services.variants.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the edges may call."""

    settings: Settings
    database: Database
    store: EvidenceStore
    embedder: SentenceEmbedder
    readiness: Readiness
    index: EvidenceIndex
    search: EvidenceSearch
    reader: DocumentReader
    patients: PatientRegistry
    analyses: AnalysisLog
    reports: Reports
    documents: DocumentLibrary
    record: PatientRecord
    decisions: FactDecisions
    proposer: FactProposer
    demo: DemoLoader
    assistant: Assistant
    conversations: Conversations
    chat: Chat
    tickets: Tickets
    uploads: Uploads
    jobs: Jobs
    variants: VariantLibrary
    variant_imports: VariantImports
    variant_annotations: VariantAnnotations
    workbench: Workbench
    genomic_findings: GenomicFindings
    genomic_evidence: GenomicEvidence
    references: ReferenceLibrary
    reference_installs: ReferenceInstalls
    classifier: VariantClassifier
    rationale_writer: RationaleWriter
    batch_classification: BatchClassification
    read_calling: ReadCalling
    preparation: Preparation
    started: float

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started

    def close(self) -> None:
        """Release processes, connections and files, in the reverse order of use."""
        self.jobs.close()
        self.preparation.stop()
        self.genomic_evidence.close()
        self.assistant.close()
        self.search.close()
        self.reader.close()
        self.classifier.close()
        self.workbench.close()
        self.variants.close()
        self.store.close()
        self.database.close()


def build_services(settings: Settings) -> Services:
    """Build the services and migrate the database. Nothing heavy is loaded yet: `preparation.start()` does that.

    :raise ConfigurationError: the settings contradict each other, or the database is newer than the program.
    """
    settings.refuse_open_network(keys_exist=False)
    private_folder(settings.data_dir)
    database = Database(settings.sql_url)
    database.migrate()
    embedder = SentenceEmbedder(settings.embedding_model)
    token = settings.milvus_token.get_secret_value() if settings.milvus_token else None
    store = EvidenceStore(settings.vector_uri, token=token, model=embedder.name)
    readiness = Readiness()
    readiness.preparing("waiting")
    index = EvidenceIndex(database, store, embedder, readiness)
    patients = PatientRegistry(database)
    ranking = Ranking(settings.collection_weights, settings.score_high, settings.score_medium)
    search = EvidenceSearch(store, embedder, ranking, patients.name_of, readiness)
    reader = DocumentReader()
    documents = DocumentLibrary(
        database, FileStore(settings.data_dir / "files"), reader, index, embedder, patients, settings.max_request_size_mb << 20
    )
    work = build_job_services(settings, database, patients)
    variants = work.variants
    workbench = Workbench.of(database, variants, settings.data_dir / "variants" / "exports")
    findings = GenomicFindings(variants, workbench, patients, work.classifier.store)
    genomic_evidence = GenomicEvidence(database, index, patients, findings)
    variants.subscribe(genomic_evidence.request)
    findings.subscribe(genomic_evidence.request)
    workbench.flags.subscribe(genomic_evidence.request_for)
    analyses = AnalysisLog(database, patients, findings.enriched)
    demo_variants = DemoVariants(variants, patients, settings.references, settings.data_dir / "demo_variants")
    model = LanguageModel.from_settings(settings)
    assistant = Assistant(search, model)
    record = PatientRecord(database, index, patients)
    demo_analyses = DemoAnalyses(patients, record, analyses)
    demo = DemoLoader(patients, documents, settings.data_dir / "demo", (demo_variants.load, demo_analyses.run))
    conversations = Conversations(database)
    return Services(
        settings=settings, database=database, store=store, embedder=embedder, readiness=readiness, index=index, search=search,
        reader=reader, patients=patients, analyses=analyses, reports=Reports(database, patients, analyses, reader, record),
        documents=documents, record=record, decisions=FactDecisions(database, record), demo=demo, assistant=assistant,
        proposer=FactProposer(model, documents, record, base_url=settings.anthropic_base_url),
        conversations=conversations, chat=Chat(assistant, conversations),
        tickets=Tickets(),
        uploads=work.uploads, jobs=work.jobs, variant_imports=work.variant_imports,
        variant_annotations=work.variant_annotations,
        variants=variants, workbench=workbench, genomic_findings=findings, genomic_evidence=genomic_evidence,
        references=work.references, reference_installs=work.reference_installs, classifier=work.classifier,
        rationale_writer=RationaleWriter(model, base_url=settings.anthropic_base_url),
        batch_classification=work.batch_classification, read_calling=work.read_calling,
        preparation=Preparation(
            _steps(settings, embedder, store, index, readiness, patients, documents, demo, work.variant_imports,
                   work.read_calling, work.reference_installs, genomic_evidence),
            lambda status: _tell(readiness, status),
        ),
        started=time.monotonic(),
    )


@dataclass(frozen=True, slots=True)
class JobServices:
    """What turns files into tables; a part of `Services` that needs neither evidence nor a model."""

    jobs: Jobs
    uploads: Uploads
    variants: VariantLibrary
    variant_imports: VariantImports
    variant_annotations: VariantAnnotations
    references: ReferenceLibrary
    reference_installs: ReferenceInstalls
    classifier: VariantClassifier
    batch_classification: BatchClassification
    read_calling: ReadCalling


def build_job_services(settings: Settings, database: Database, patients: PatientRegistry) -> JobServices:
    """Build the jobs and what they work on; nothing runs before `jobs.start()`."""
    folder = settings.data_dir / "jobs"
    slots = PostgresSlots(database.engine) if settings.shares_database else FileSlots(folder)
    jobs = Jobs(database, DurableQueue(settings.job_queue_url, slots, settings.job_workers), folder, settings.job_workers)
    uploads = Uploads(database, settings.data_dir / "uploads", settings.max_upload_size_mb << 20)
    variants = VariantLibrary(database, settings.data_dir / "variants")
    references = ReferenceLibrary(settings.references)
    return JobServices(
        jobs=jobs, uploads=uploads, variants=variants,
        variant_imports=VariantImports(jobs, uploads, variants, patients, references.root),
        variant_annotations=VariantAnnotations(jobs, variants, references, vep_sources(settings)),
        references=references, reference_installs=ReferenceInstalls(jobs, uploads, references),
        classifier=VariantClassifier(references, database),
        batch_classification=BatchClassification(jobs, variants, settings.references, settings.data_dir / "classification"),
        read_calling=ReadCalling(jobs, uploads, variants, patients, references, settings.data_dir / "reads"),
    )


def _tell(readiness: Readiness, status: PreparationStatus) -> None:
    if status.failure is not None:
        readiness.failed(status.stage, status.failure)
    else:
        readiness.preparing(status.stage)


def _steps(
    settings: Settings,
    embedder: SentenceEmbedder,
    store: EvidenceStore,
    index: EvidenceIndex,
    readiness: Readiness,
    patients: PatientRegistry,
    documents: DocumentLibrary,
    demo: DemoLoader,
    imports: VariantImports,
    reads: ReadCalling,
    installs: ReferenceInstalls,
    genomic_evidence: GenomicEvidence,
) -> tuple[Step, ...]:
    demo_wanted = settings.demo_data and (demo.unfinished or not patients.list(LOCAL_USER))
    steps: list[Step] = [
        ("loading the clinical rules", lambda _: warm_up()),
        ("loading the embedding model", lambda _: embedder.embed(["ready"])),
        ("loading the names of diseases", lambda _: expand("warm up")),
        ("opening the evidence collections", lambda _: _open(index, store)),
        ("indexing the curated knowledge", index.load_curated),
        ("comparing the collections with the record", lambda _: index.repair_counts()),
        ("opening the search", lambda _: _open_search(readiness)),
        ("reading facts again where rules changed", lambda progress: documents.refresh_facts(LOCAL_USER, progress)),
        ("deleting uploads that nobody used",
         lambda _: imports.sweep_uploads(reads.uploads_in_use() | installs.uploads_in_use())),
        ("reading the variant tables of patients", lambda _: genomic_evidence.repair()),
    ]
    if demo_wanted:
        steps.append(("taking in the demo patients", lambda progress: demo.load(LOCAL_USER, progress)))
    # last, because it reads every id and nobody should wait for it
    steps.append(("comparing the passages with the record", lambda _: index.repair()))
    return tuple(steps)


def _open_search(readiness: Readiness) -> None:
    settle()
    readiness.prepared()


def _open(index: EvidenceIndex, store: EvidenceStore) -> None:
    index.create_collections()
    store.check_model()
