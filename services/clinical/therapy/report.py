"""What a therapy report consists of. Field names of the documented API keep their names."""

from __future__ import annotations

from services.clinical.explanation import Explanation, Frozen
from services.clinical.safety import Alert, NotCheckable
from services.knowledge.drugs import LabelStatus, TherapyKind
from services.knowledge.sources import Source

ORDERING_RULE = (
    "Order: drugs with an established indication in one of the diagnoses, then those whose subtype is not stated, then "
    "off-label; within each those that cover more of the diagnoses, then the mildest alert, then without boxed warning, "
    "then by name. The order says nothing about efficacy."
)
LABEL_NOTE = "Approvals move: check the current label before prescribing."


class DiseaseStatus(Frozen):
    """A drug in one of the patient's diseases.

    `applies` is True where the labelled subtype is this patient's, False where it is not, None where it is not stated;
    `missing` then names what would decide it.
    """

    disease: str
    status: LabelStatus
    population: str = ""
    note: str = ""
    applies: bool | None = True
    missing: tuple[str, ...] = ()


class Recommendation(Frozen):
    """One treatment. In `TherapyReport.excluded` it carries `excluded` True and the reasons."""

    drug_name: str
    drug_class: str
    kind: TherapyKind
    mechanism: str
    indicated_diseases: tuple[str, ...]
    pgx_considerations: tuple[str, ...]
    contraindications: tuple[str, ...]
    monitoring_requirements: tuple[str, ...]
    efficacy_evidence: str
    status_by_disease: dict[str, DiseaseStatus]
    alerts: tuple[Alert, ...]
    not_checkable: tuple[NotCheckable, ...]
    boxed_warnings: tuple[str, ...]
    warnings: tuple[str, ...]
    start_thresholds: tuple[str, ...]
    screening: tuple[str, ...]
    is_current: bool
    excluded: bool
    exclusion_reasons: tuple[str, ...]
    note: str
    sources: tuple[Source, ...]
    explanation: Explanation


class TherapyReport(Frozen):
    """The treatments of a patient's diseases. `excluded` are shown with their reasons, never dropped.

    `not_indicated` are treatments that some would think of and whose label or evidence says no for these diseases.
    """

    recommendations: tuple[Recommendation, ...]
    excluded: tuple[Recommendation, ...]
    not_indicated: tuple[Recommendation, ...]
    disease_notes: dict[str, str]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    ordering: str = ORDERING_RULE
    label_note: str = LABEL_NOTE

    @property
    def biologics(self) -> tuple[Recommendation, ...]:
        """The recommendations that are biologic or targeted synthetic drugs."""
        return tuple(one for one in self.recommendations if one.kind in {TherapyKind.BIOLOGIC, TherapyKind.TARGETED_SYNTHETIC})

    def get(self, drug: str) -> Recommendation | None:
        """Return what the report says of a drug by name, wherever it stands, or None."""
        wanted = drug.lower()
        every = (*self.recommendations, *self.excluded, *self.not_indicated)
        return next((one for one in every if one.drug_name.lower() == wanted), None)
