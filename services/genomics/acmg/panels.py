"""What ClinGen expert panels change for their genes, as far as it is encoded: thresholds, unused criteria and PVS1 trees.

Each set names its panel and version. Numbers were compared with the panel's specification, or with a public implementation or
transcription of it (bihealth/auto-acmg, akatzke/HerediClassify, muwenbo/vcep-classification-skills); one that could not be
confirmed is left general. Residues (PM1), assays (PS3, BS3) and phenotype counts (PS4) of the panels are not encoded: they enter
as curated regions of the record and as expert input. Nothing here was fitted to classified variants; the way evidence combines is
the general one.
"""

from __future__ import annotations

from services.genomics.acmg import panel_trees as trees
from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.null_rules import NullRules
from services.genomics.acmg.specifications import CHOSEN, PUBLISHED, FrequencyThresholds, Specification, Specifications
from services.knowledge.sources import Source

_OFF = frozenset({Criterion.PP5, Criterion.BP6, Criterion.PP2, Criterion.BP1})

RUNX1 = Specification(
    "clingen-runx1", "2", "ClinGen Myeloid Malignancy panel, RUNX1, version 2",
    Source(citation="Luo 2019 and revision of 2022, Blood Adv (ClinGen RUNX1, GN008)"),
    refinements=CHOSEN, genes=frozenset({"RUNX1"}), not_used=_OFF | {Criterion.BP3, Criterion.BS2},
    thresholds=FrequencyThresholds(ba1=0.0015, bs1=0.00015, pm2_dominant=0.0), null=trees.RUNX1,
)
CDH1 = Specification(
    "clingen-cdh1", "3.1", "ClinGen CDH1 panel, version 3.1",
    Source(citation="ClinGen CDH1 panel, J Med Genet 2023 (GN007)", doi="10.1136/jmg-2022-108807"),
    refinements=CHOSEN, genes=frozenset({"CDH1"}), not_used=_OFF | {Criterion.PM1, Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.002, bs1=0.001, pm2_dominant=0.00001),
    null=trees.CDH1,
)
LDLR = Specification(
    "clingen-ldlr", "1", "ClinGen Familial Hypercholesterolemia panel, LDLR, version 1",
    Source(citation="Chora 2022, Genet Med (ClinGen LDLR, GN013)", doi="10.1016/j.gim.2021.09.012"),
    refinements=CHOSEN, genes=frozenset({"LDLR"}), not_used=_OFF | {Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.005, bs1=0.002, pm2_dominant=0.0002),
    strengths=((Criterion.PM2, Strength.MODERATE),),
)
PTEN = Specification(
    "clingen-pten", "3.1", "ClinGen PTEN panel, version 3.1",
    Source(citation="ClinGen PTEN panel, specification 3.1 (GN003)"),
    refinements=CHOSEN, genes=frozenset({"PTEN"}), not_used=_OFF - {Criterion.PP2} | {Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.00056, bs1=0.000043, pm2_dominant=0.00001),
    null=trees.PTEN,
)
GJB2 = Specification(
    "clingen-hearing-loss-gjb2", "2", "ClinGen Hearing Loss panel, GJB2: truncations only, thresholds are general",
    Source(citation="Oza 2018, Hum Mutat (ClinGen hearing loss, GN005)", doi="10.1002/humu.23630"),
    refinements=CHOSEN, genes=frozenset({"GJB2"}), not_used=_OFF | {Criterion.PM1}, null=trees.GJB2,
)


def _null_only(gene: str, version: str, panel: str, rules: NullRules, *, doi: str | None = None) -> Specification:
    """A panel of which only the PVS1 tree is encoded: everything else is general, and the title says so."""
    return Specification(
        f"clingen-{gene.lower()}-pvs1", version, f"ClinGen {panel} panel, {gene}: PVS1 only, all else is general",
        Source(citation=f"ClinGen {panel} panel, criteria specification for {gene}, version {version}", doi=doi),
        refinements=CHOSEN, genes=frozenset({gene}), null=rules,
    )


_BREAST, _DIABETES = "Hereditary Breast, Ovarian and Pancreatic Cancer", "Monogenic Diabetes"
_CREATINE = "Cerebral Creatine Deficiency Syndromes"
_RETT, _RETT_DOI = "Rett and Angelman-like Disorders", "10.1002/humu.24302"
NULL_ONLY = (
    _null_only("ATM", "1.5", _BREAST, trees.ATM),
    _null_only("PALB2", "1.2", _BREAST, trees.PALB2),
    _null_only("GAA", "2.0", "Lysosomal Diseases", trees.GAA),
    _null_only("ACADVL", "2.1", "ACADVL", trees.ACADVL),
    _null_only("HNF1A", "3.1", _DIABETES, trees.HNF1A),
    _null_only("GCK", "3.1", _DIABETES, trees.GCK),
    _null_only("GAMT", "2.0", _CREATINE, trees.GAMT),
    _null_only("GATM", "2.0", _CREATINE, trees.GATM),
    _null_only("SLC6A8", "2.1", _CREATINE, trees.SLC6A8),
    _null_only("FBN1", "1.0", "FBN1", trees.FBN1),
    _null_only("RAG2", "2.2", "Severe Combined Immunodeficiency Disease", trees.RAG2),
    _null_only("MECP2", "5.0", _RETT, trees.MECP2, doi=_RETT_DOI),
    _null_only("CDKL5", "5.0", _RETT, trees.CDKL5, doi=_RETT_DOI),
    _null_only("UBE3A", "5.0", _RETT, trees.UBE3A, doi=_RETT_DOI),
    _null_only("TCF4", "5.0", _RETT, trees.TCF4, doi=_RETT_DOI),
    _null_only("SLC9A6", "5.0", _RETT, trees.SLC9A6, doi=_RETT_DOI),
    _null_only("FOXG1", "6.0", _RETT, trees.FOXG1, doi=_RETT_DOI),
    _null_only("RPE65", "1.0", "Leber Congenital Amaurosis/early onset Retinal Dystrophy", trees.RPE65),
    _null_only("KCNQ1", "1.0", "Potassium Channel Arrhythmia", trees.KCNQ1),
    _null_only("TP53", "2.4", "TP53", trees.TP53),
    _null_only("APC", "2.1", "InSiGHT Hereditary Colorectal Cancer/Polyposis", trees.APC),
)
PANELS = (RUNX1, CDH1, LDLR, PTEN, GJB2, *NULL_ONLY)
KNOWN = Specifications((*PUBLISHED, *PANELS))
"""Every rule set that ships: the general one, the published schemes, the panels."""
