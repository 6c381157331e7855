"""Evidence for the tests: a small record, some general knowledge, and a search that returns what the test put there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.access.principals import Principal
from services.errors import ParatopeError
from services.evidence.passages import Hit, Passage, Relevance, SearchResult, Tier

PATIENT = "ZQX-2020-00017"
NAME = "Zqxv Canary"

NOTE = Passage(
    id="note-1-p2-3", collection="autoimmune_clinical_documents", title="Rheumatology progress note", tier=Tier.RECORD,
    text=(
        "Joint pain has improved on hydroxychloroquine. Complement C3 has fallen since the spring and C4 is low. "
        "Urine protein is raised at 1.2 g/day."
    ),
    patient_id=PATIENT, document_id="doc-note-1", page=2, section="Assessment", document_date="2021-09-20",
)
LAB_TABLE = Passage(
    id="lab-1-p1-0", collection="autoimmune_clinical_documents", title="Laboratory report", tier=Tier.RECORD,
    text=(
        "Test Result Unit Reference Flag\nComplement C3 61 mg/dL 90-180 L\nComplement C4 8 mg/dL 10-40 L\n"
        "Anti-dsDNA 412 IU/mL <30 H\nHemoglobin 12.9 g/dL 12.0-15.5"
    ),
    patient_id=PATIENT, document_id="doc-lab-1", page=1, section="Immunology", document_date="2021-09-14",
)
EARLIER_LAB = Passage(
    id="lab-0-p1-0", collection="autoimmune_clinical_documents", title="Laboratory report", tier=Tier.RECORD,
    text="Test Result Unit Reference Flag\nComplement C3 98 mg/dL 90-180\nComplement C4 17 mg/dL 10-40",
    patient_id=PATIENT, document_id="doc-lab-0", page=1, section="Immunology", document_date="2021-03-02",
)
KNOWLEDGE = Passage(
    id="flare-complement", collection="autoimmune_flare_patterns", title="Falling complement in lupus", tier=Tier.CURATED,
    text="A fall of C3 or C4 can precede a renal flare of lupus. Not every fall is followed by a flare.",
    source="a textbook",
)
UNRELATED = Passage(
    id="msk-ultrasound", collection="autoimmune_literature", title="Ultrasound of the hand", tier=Tier.CURATED,
    text="Power Doppler shows synovitis of the wrist. The examination takes twenty minutes.",
)
OTHER_PATIENT = Passage(
    id="lab-9", collection="autoimmune_patient_labs", title="Laboratory result", tier=Tier.RECORD,
    text="Complement C3 44 mg/dL 90-180 L", patient_id="OTHER-1", document_date="2020-01-05",
)
RECORD = (LAB_TABLE, NOTE, EARLIER_LAB, KNOWLEDGE)


def hits(*passages: Passage, relevance: Relevance = Relevance.HIGH) -> tuple[Hit, ...]:
    return tuple(Hit(passage, rank, 0.9 - rank / 100, relevance, 0.8, 0.8) for rank, passage in enumerate(passages, start=1))


def found(*passages: Passage, relevance: Relevance = Relevance.HIGH, expansions: tuple[str, ...] = ()) -> SearchResult:
    names = ("autoimmune_clinical_documents", "autoimmune_flare_patterns")
    return SearchResult(hits(*passages, relevance=relevance), names, 4.2, expansions)


class Shelf:
    """A search that returns one prepared result, or is down; `asked` keeps what it was asked."""

    def __init__(self, result: SearchResult, *, error: ParatopeError | None = None) -> None:
        self.result = result
        self.error = error
        self.asked: list[dict[str, Any]] = []

    def search(
        self, question: str, *, patient_id: str | None = None, collections: Sequence[str] = (), top_k: int = 5, access: Principal
    ) -> SearchResult:
        self.asked.append({
            "question": question, "patient_id": patient_id, "collections": collections, "top_k": top_k, "access": access,
        })
        if self.error is not None:
            raise self.error
        return self.result
