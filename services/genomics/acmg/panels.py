"""What ClinGen expert panels change for their genes, as far as it is encoded: thresholds and criteria they do not use.

Each set names its panel and version. Numbers were compared with the panel's specification, or with a public implementation
of it (bihealth/auto-acmg); one that could not be confirmed is left general. Residues (PM1), assays (PS3, BS3) and phenotype
counts (PS4) of the panels are not encoded: they enter as curated regions of the record and as expert input. Nothing here was
fitted to classified variants; the way evidence combines is the general one.
"""

from __future__ import annotations

from services.genomics.acmg.criteria import Criterion, Strength
from services.genomics.acmg.specifications import CHOSEN, PUBLISHED, FrequencyThresholds, Specification, Specifications
from services.knowledge.sources import Source

_OFF = frozenset({Criterion.PP5, Criterion.BP6, Criterion.PP2, Criterion.BP1})

RUNX1 = Specification(
    "clingen-runx1", "2", "ClinGen Myeloid Malignancy panel, RUNX1, version 2",
    Source(citation="Luo 2019 and revision of 2022, Blood Adv (ClinGen RUNX1, GN008)"),
    refinements=CHOSEN, genes=frozenset({"RUNX1"}), not_used=_OFF | {Criterion.BP3, Criterion.BS2},
    thresholds=FrequencyThresholds(ba1=0.0015, bs1=0.00015, pm2_dominant=0.0),
)
CDH1 = Specification(
    "clingen-cdh1", "3.1", "ClinGen CDH1 panel, version 3.1",
    Source(citation="ClinGen CDH1 panel, J Med Genet 2023 (GN007)", doi="10.1136/jmg-2022-108807"),
    refinements=CHOSEN, genes=frozenset({"CDH1"}), not_used=_OFF | {Criterion.PM1, Criterion.BP3},
    thresholds=FrequencyThresholds(ba1=0.002, bs1=0.001, pm2_dominant=0.00001),
    truncations=((2_506, Strength.STRONG), (2_649, Strength.MODERATE)),
)
"""Beyond p.Glu836 (c.2506) a truncation that escapes decay is moderate, up to it strong."""
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
    truncations=((1_121, Strength.VERY_STRONG),),
)
"""Truncations up to p.Asp375 (c.1121) are very strong, whether or not they lead to decay."""
GJB2 = Specification(
    "clingen-hearing-loss-gjb2", "2", "ClinGen Hearing Loss panel, GJB2: truncations only, thresholds are general",
    Source(citation="Oza 2018, Hum Mutat (ClinGen hearing loss, GN005)", doi="10.1002/humu.23630"),
    refinements=CHOSEN, genes=frozenset({"GJB2"}), not_used=_OFF | {Criterion.PM1},
    truncations=((612, Strength.VERY_STRONG),),
)
"""The coding sequence lies in one exon, so nothing leads to decay; the panel counts truncations as very strong all the same.
Taken up to the last tenth of the protein, which the tree itself calls a small loss."""
PANELS = (RUNX1, CDH1, LDLR, PTEN, GJB2)
KNOWN = Specifications((*PUBLISHED, *PANELS))
"""Every rule set that ships: the general one, the published schemes, the panels."""
