"""What ClinGen expert panels change for their genes, as far as it is encoded: thresholds and criteria they do not use.

Each set names its panel and version. Residues (PM1), assays (PS3, BS3) and phenotype counts (PS4) of the panels are not
encoded: they enter as curated regions of the record and as expert input. Nothing here was fitted to classified variants; the
way evidence combines is the general one.
"""

from __future__ import annotations

from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.specifications import CHOSEN, PUBLISHED, FrequencyThresholds, Specification, Specifications
from services.knowledge.sources import Source

_OFF = frozenset({Criterion.PP5, Criterion.BP6, Criterion.PP2, Criterion.BP1})

RUNX1 = Specification(
    "clingen-runx1", "2", "ClinGen Myeloid Malignancy panel, RUNX1, version 2",
    Source(citation="Luo 2019 and revision of 2022, Blood Adv (ClinGen RUNX1, GN008)"),
    refinements=CHOSEN, genes=frozenset({"RUNX1"}), not_used=_OFF | {Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.0015, bs1=0.00015, pm2_dominant=0.0),
)
CDH1 = Specification(
    "clingen-cdh1", "2", "ClinGen CDH1 panel, version 2",
    Source(citation="Lee 2018, Hum Mutat (ClinGen CDH1, GN007)", doi="10.1002/humu.23650"),
    refinements=CHOSEN, genes=frozenset({"CDH1"}), not_used=_OFF | {Criterion.PM1},
    thresholds=FrequencyThresholds(ba1=0.002, bs1=0.001, pm2_dominant=0.00001),
)
LDLR = Specification(
    "clingen-ldlr", "1", "ClinGen Familial Hypercholesterolemia panel, LDLR, version 1",
    Source(citation="Chora 2022, Genet Med (ClinGen LDLR, GN013)", doi="10.1016/j.gim.2021.09.012"),
    refinements=CHOSEN, genes=frozenset({"LDLR"}), not_used=_OFF | {Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.005, bs1=0.002, pm2_dominant=0.0002),
    strengths=((Criterion.PM2, Strength.MODERATE),),
)
PANELS = (RUNX1, CDH1, LDLR)
KNOWN = Specifications((*PUBLISHED, *PANELS))
"""Every rule set that ships: the general one, the published schemes, the panels."""
