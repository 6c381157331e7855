"""What can be missing, and which criteria cannot be judged then."""

from __future__ import annotations

from enum import StrEnum

from services.genomics.acmg.criteria import Criterion


class Gap(StrEnum):
    """One kind of evidence that may be missing; the value says what it is."""

    CONSEQUENCE = "consequence"
    GENE_MODELS = "gene models"
    SEQUENCE = "reference sequence"
    FREQUENCIES = "population frequencies"
    CLINVAR = "ClinVar"
    REVEL = "REVEL"
    SPLICEAI = "SpliceAI"
    CONSTRAINT = "gene constraint"
    INHERITANCE = "inheritance of the disease"
    MECHANISM = "mechanism of the disease"


_GENE_MODEL = (Gap.GENE_MODELS, Gap.SEQUENCE)
EXPLAINS: dict[Criterion, tuple[Gap, ...]] = {
    Criterion.PVS1: (Gap.CONSEQUENCE, Gap.MECHANISM, *_GENE_MODEL, Gap.FREQUENCIES),
    Criterion.PS1: (Gap.CONSEQUENCE, Gap.CLINVAR, *_GENE_MODEL),
    Criterion.PM1: (Gap.CONSEQUENCE, Gap.CLINVAR, *_GENE_MODEL),
    Criterion.PM5: (Gap.CONSEQUENCE, Gap.CLINVAR, *_GENE_MODEL),
    Criterion.PM2: (Gap.FREQUENCIES,),
    Criterion.BA1: (Gap.FREQUENCIES,),
    Criterion.BS1: (Gap.FREQUENCIES,),
    Criterion.BS2: (Gap.INHERITANCE, Gap.FREQUENCIES),
    Criterion.PM4: (Gap.CONSEQUENCE, Gap.SEQUENCE),
    Criterion.BP3: (Gap.CONSEQUENCE, Gap.SEQUENCE),
    Criterion.PP2: (Gap.CONSEQUENCE, Gap.MECHANISM, Gap.CONSTRAINT),
    Criterion.BP1: (Gap.CONSEQUENCE, Gap.MECHANISM),
    Criterion.PP3: (Gap.CONSEQUENCE, Gap.REVEL, Gap.SPLICEAI),
    Criterion.BP4: (Gap.CONSEQUENCE, Gap.REVEL, Gap.SPLICEAI),
    Criterion.BP7: (Gap.CONSEQUENCE, Gap.SPLICEAI, Gap.GENE_MODELS),
}
"""The gaps that can stand behind a criterion that is not assessable, the deciding one first."""

NEEDS_EFFECT = frozenset(criterion for criterion, gaps in EXPLAINS.items() if Gap.CONSEQUENCE in gaps)
"""Criteria that mean nothing while nobody knows what the variant does."""
