"""Builds the record of the oncogenicity criteria from what was gathered for the ACMG criteria of the same variant.

Shared are consequence, gene model, frequencies and predictions. Hot spots, established oncogenic variants and functional
studies are not among them and stay unknown until somebody adds them.
"""

from __future__ import annotations

from services.genomics.acmg.computational import CALIBRATIONS, SPLICE_DAMAGING, SPLICE_HARMLESS
from services.genomics.acmg.criteria import Criterion
from services.genomics.acmg.null_variant import decide
from services.genomics.acmg.record import NULL_EFFECTS, Effect, VariantRecord
from services.genomics.amp.variant import SomaticKind
from services.genomics.oncogenicity.record import GeneRole, Line, OncogenicRecord, Verdict
from services.knowledge.cancer_genes import CANCER_GENES_SOURCE, cancer_role

_ROLES = {"oncogene": GeneRole.ONCOGENE, "tumour suppressor": GeneRole.TUMOUR_SUPPRESSOR}


def oncogenic_record(record: VariantRecord, kind: SomaticKind, *, predictor: str = "REVEL") -> OncogenicRecord:
    """Return the record; `kind` is the variant as the tiers see it. One calibrated predictor is used, never several."""
    branch = decide(record) if record.effect in NULL_EFFECTS else None
    role = cancer_role(record.gene.symbol)
    curated = record.hotspot is not None and record.hotspot.is_curated
    return OncogenicRecord(
        record.gene.symbol, kind, _ROLES[role] if role is not None else GeneRole.UNKNOWN,
        null_strength=branch.strength if branch is not None and not branch.missing else None,
        null_judged=branch is not None and not branch.missing,
        in_critical_domain=True if curated else None,
        domain=record.hotspot.name if curated and record.hotspot is not None else "",
        lines=_lines(record, predictor), populations=record.populations,
        is_silent=record.effect is Effect.SYNONYMOUS if kind is SomaticKind.SILENT else None, splice_delta=record.splice_delta,
        data_versions=(*record.data_versions, ("cancer genes", CANCER_GENES_SOURCE.citation)),
    )


def _lines(record: VariantRecord, predictor: str) -> tuple[Line, ...]:
    """State the lines used: the predictor for missense, and splicing where it can matter.

    A missense change may act through the protein alone, so a harmless splicing prediction does not speak against it.
    """
    found = []
    score = next((one.score for one in record.predictions if one.predictor.lower() == predictor.lower()), None)
    is_missense = record.effect is Effect.MISSENSE
    if is_missense and score is not None:
        called = CALIBRATIONS[predictor.lower()].strength(score)
        verdict = {Criterion.PP3: Verdict.DAMAGING, Criterion.BP4: Verdict.HARMLESS}
        found.append(Line(f"{predictor} {score:g}", verdict[called[0]] if called is not None else Verdict.INDETERMINATE))
    delta = record.splice_delta
    if delta is not None and record.effect not in NULL_EFFECTS and not (is_missense and delta <= SPLICE_HARMLESS):
        harmful = Verdict.DAMAGING if delta >= SPLICE_DAMAGING else Verdict.INDETERMINATE
        found.append(Line(f"SpliceAI {delta:g}", Verdict.HARMLESS if delta <= SPLICE_HARMLESS else harmful))
    return tuple(found)
