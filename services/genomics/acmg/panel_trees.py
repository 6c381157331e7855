"""The PVS1 trees of ClinGen expert panels, gene by gene, as published in their criteria specifications.

Only what a specification states is here; where it defers to the tree of 2018, or its figure is not public, nothing is. What the
very bases decide (a +2 T>C that makes a working GC donor, a G lost at the last base of an exon) is not encoded: it is left to
the expert. Nothing was fitted to classified variants.
"""

from __future__ import annotations

from services.genomics.acmg.criteria import Strength
from services.genomics.acmg.null_rules import ExonRule, Grades, NullRules
from services.genomics.acmg.record import Effect

_VS, _S, _M, _P = Strength.VERY_STRONG, Strength.STRONG, Strength.MODERATE, Strength.SUPPORTING
_SITE, _DELETION = Effect.SPLICE_SITE, Effect.EXON_DELETION

CDH1 = NullRules(
    numbering=((2_649, 0),), start=_VS, sites=_S, in_frame=_S,
    stops=((2_388, _VS), (2_508, _S), (2_649, _M)),
    shifts=((1, ((2_352, _VS), (2_499, _S), (2_649, _M))), (2, ((2_375, _VS), (2_443, _S), (2_649, _M)))),
    exons=(
        ExonRule(164, 387, _M, "a new donor within exon 3 keeps the frame", at_donor=True, effect=_SITE),
        ExonRule(1_566, 1_711, _M, "bases of intron 10 come in, in frame", at_donor=False, effect=_SITE),
        ExonRule(1_712, 1_936, _M, "a new acceptor within exon 12 keeps the frame", at_donor=False, effect=_SITE),
    ),
)
"""Beyond p.Glu836 a truncation that escapes decay is moderate, up to it strong. Canonical splice sites are strong by default."""
PTEN = NullRules(
    numbering=((1_212, 0),), start=_VS, in_frame=_S, stops=((1_121, _VS), (1_212, _M)),
    exons=(
        ExonRule(80, 801, _VS, "the frame is lost and decay is predicted", keeps_frame=False),
        ExonRule(1_027, 1_212, _S, "exon 9 is critical"),
    ),
)
"""Truncations up to p.Asp375 (c.1121) are very strong, whether or not they lead to decay."""
GJB2 = NullRules(numbering=((681, 0),), stops=((612, _VS),))
"""The coding sequence lies in one exon, so nothing leads to decay; the panel counts truncations as very strong all the same.
Taken up to the last tenth of the protein, which the tree itself calls a small loss."""
RUNX1 = NullRules(
    numbering=((1_443, 0),), escapes=_S, stops=((97, None), (916, _VS), (1_443, _S)),
    shifts=((1, ((97, None), (779, _VS), (1_443, _S))), (2, ((97, None), (758, _VS), (1_443, _S)))),
    exons=(
        ExonRule(1, 97, None, "only isoform c has these exons", effect=_SITE),
        ExonRule(1, 97, _M, "only isoform c has these exons", effect=_DELETION),
        ExonRule(98, 508, _VS, "the frame is lost and decay is predicted", keeps_frame=False),
        ExonRule(509, 967, _S, "the frame is kept, the Runt or transactivation domain is altered", keeps_frame=True),
        ExonRule(968, 1_443, _S, "the last exon holds a third of the protein"),
    ),
)
"""Stops beyond c.916 escape decay and truncate the transactivation domain."""
ATM = NullRules(
    numbering=((9_171, 0),), start=_VS, in_frame=_S, stops=((9_141, _VS), (9_171, None)),
    exons=(ExonRule(5_763, 9_171, _VS, "the FAT, kinase and FATC domains are critical"),),
)
"""The last residue known to matter is p.Arg3047. In-frame loss before the FAT domain is strong."""
PALB2 = NullRules(
    numbering=((3_561, 0),), start=_VS, stops=((3_549, _VS), (3_561, _M)), escaping_shifts=((3_549, _S), (3_561, _P)),
    exons=(
        ExonRule(49, 108, _M, "two residues of exon 2 are lost", at_donor=False, effect=_SITE),
        ExonRule(109, 211, _P, "a few residues come in, in frame", at_donor=True, effect=_SITE),
        ExonRule(212, 1_684, _S, "more than a tenth of the protein is altered, in frame", effect=_SITE),
        ExonRule(1_685, 2_514, _S, "more than a tenth of the protein is altered, in frame", at_donor=False, effect=_SITE),
        ExonRule(49, 108, _VS, "the coiled-coil domain is critical"),
        ExonRule(2_515, 3_561, _VS, "the WD40 domain is critical"),
    ),
)
"""p.Tyr1183 is the last truncation known to be pathogenic."""
GAA = NullRules(
    numbering=((2_859, 0),), start=_S, stops=((2_749, _VS), (2_859, _M)),
    exons=(
        ExonRule(2_647, 2_799, None, "the donor of intron 19 is GC", at_donor=True, effect=_SITE),
        *(ExonRule(*exon, _VS, "active site, or loss of the exon is known to be pathogenic")
          for exon in ((1, 546), (1_195, 1_326), (1_438, 1_551), (2_482, 2_646))),
        *(ExonRule(*exon, _S, "the exon belongs to the catalytic barrel") for exon in ((956, 1_075), (1_327, 1_437))),
        *(ExonRule(*exon, _M, "less than a tenth of the protein") for exon in ((2_332, 2_481), (2_647, 2_799), (2_800, 2_859))),
        ExonRule(547, 2_331, _VS, "the frame is lost and decay is predicted", keeps_frame=False),
    ),
)
ACADVL = NullRules(
    numbering=((1_968, 0),), start=_S, stops=((1_777, _VS), (1_968, _M)),
    exons=(
        ExonRule(1, 62, _VS, "exon 1 holds the start codon", at_donor=True, effect=_SITE),
        ExonRule(623, 752, None, "the donor of intron 8 is GC", at_donor=True, effect=_SITE),
        ExonRule(1, 1_827, _VS, "the frame is lost and decay is predicted", keeps_frame=False),
        ExonRule(1_270, 1_434, _S, "exons 13 and 14 are critical", effect=_DELETION),
        ExonRule(1, 1_968, _M, "less than a tenth of the protein is lost, in frame", keeps_frame=True),
        ExonRule(1_828, 1_968, _M, "the last exon holds less than a tenth of the protein"),
    ),
)
HNF1A = NullRules(
    numbering=((1_896, 0),), start=_VS, stops=((1_768, _VS), (1_803, _S), (1_896, _P)),
    shifts=((0, ((1_768, _VS), (1_854, _S), (1_896, _P))),),
    exons=(
        ExonRule(1, 1_768, _VS, "exons 1 to 9: out of frame, or the transactivation domain"),
        ExonRule(1_769, 1_896, _S, "exon 10: the end of the transactivation domain"),
    ),
)
GCK = NullRules(
    numbering=((1_398, 0), (1_395, 3)), start=_P, stops=((1_398, _VS),), shifts=((0, ((1_398, _VS),)),),
    exons=(ExonRule(1, 1_398, _VS, "every exon is critical"),),
)
"""The pancreatic transcript; the last helix is critical, so truncations in the last exon count in full."""
GAMT = NullRules(
    numbering=((711, 0),), start=_M, stops=((519, _VS), (639, _S), (711, _M)),
    exons=(ExonRule(460, 711, _S, "more than a tenth of the protein is lost"),),
)
GATM = NullRules(
    numbering=((1_272, 0),), stops=((1_109, _VS), (1_221, _S), (1_272, _M)), escaping_shifts=((1_221, _S), (1_272, _M))
)
"""Cys407 in the last exon belongs to the active site."""
SLC6A8 = NullRules(
    numbering=((1_908, 0),), stops=((1_716, _VS), (1_908, _M)),
    exons=(
        ExonRule(1, 262, _VS, "exon 1 holds the start codon", at_donor=True, effect=_SITE),
        ExonRule(263, 394, _S, "exon 2 is critical", keeps_frame=True),
        ExonRule(778, 912, _S, "exon 5 is critical", keeps_frame=True),
        ExonRule(395, 1_596, _VS, "the frame is lost and decay is predicted", keeps_frame=False),
    ),
)
FBN1 = NullRules(numbering=((8_616, 0),), start=_M, escapes=_S, in_frame=_S)
"""The end of the protein is critical, and so is every domain an exon codes for. A start loss is moderate: there are pathogenic
variants before the next start."""
_RAG2: Grades = ((1_461, _VS), (1_584, _M))
RAG2 = NullRules(numbering=((1_584, 0),), stops=_RAG2, shifts=((0, _RAG2),))
"""One coding exon: nothing leads to decay, but core and PHD domain (up to p.487) are critical, altered or gone."""
# The Rett and Angelman-like panel grades truncations by the place of the variant, frameshifts too.
_MECP2: Grades = ((1_416, _VS), (1_461, _M))
MECP2 = NullRules(
    numbering=((1_461, 0), (1_497, -36)), start_refused="isoform e1 starts elsewhere", stops=_MECP2, shifts=((0, _MECP2),),
    exons=(
        ExonRule(27, 377, _VS, "exon 3 holds the methyl-DNA binding domain"),
        ExonRule(378, 1_461, _S, "exon 4 is critical"),
    ),
)
_CDKL5: Grades = ((2_844, _VS), (2_883, _M))
CDKL5 = NullRules(
    numbering=((2_883, 0),), start=_P, stops=_CDKL5, shifts=((0, _CDKL5),),
    exons=(
        *(ExonRule(*exon, _VS, "loss of the exon is known to be pathogenic")
          for exon in ((404, 463), (745, 825), (1_945, 2_046))),
        ExonRule(2_377, 2_496, _M, "few pathogenic variants in exon 17"),
        ExonRule(2_497, 2_883, _S, "the last exon"),
    ),
)
"""On the major brain isoform (NM_001323289); the older one (NM_003159) has another end."""
UBE3A = NullRules(numbering=((2_559, 0),), start=_VS, stops=((2_523, _VS),), shifts=((0, ((2_523, _VS),)),))
TCF4 = NullRules(
    numbering=((2_016, 0),), stops=((1_929, _VS),), shifts=((0, ((1_929, _VS),)),),
    exons=(ExonRule(1_147, 1_350, _VS, "loss of exon 15 is known to be pathogenic"),),
)
_SLC9A6: Grades = ((1_689, _VS), (1_803, _S), (2_010, _M))
SLC9A6 = NullRules(
    numbering=((2_010, 0),), start=_P, stops=_SLC9A6, shifts=((0, _SLC9A6),),
    exons=(
        ExonRule(1_141, 1_254, _VS, "loss of exon 10 is known to be pathogenic"),
        ExonRule(430, 507, _S, "exon 3 is lost in frame", effect=_SITE),
        ExonRule(430, 507, _VS, "exon 3 is lost in frame", effect=_DELETION),
    ),
)
_FOXG1: Grades = ((1_404, _VS), (1_440, _S), (1_470, _M))
FOXG1 = NullRules(numbering=((1_470, 0),), start=_P, stops=_FOXG1, shifts=((0, _FOXG1),))
RPE65 = NullRules(
    numbering=((1_602, 0),), start=_S, stops=((1_584, _VS), (1_602, _S)),
    exons=(ExonRule(1, 1_602, _VS, "every exon is critical"),),
)
KCNQ1 = NullRules(numbering=((2_031, 0),), stops=((1_743, _VS), (1_860, _M), (2_031, _P)))
"""Start codon and splice sites go by the tree of 2018."""
APC = NullRules(numbering=((8_532, 0),), stops=((7_935, _VS),), shifts=((0, ((7_935, _VS),)),))
"""The last exon holds most of the protein; truncations up to codon 2645 count in full."""
TP53 = NullRules(
    numbering=((1_182, 0),), start=_VS, stops=((1_050, _VS), (1_065, _S), (1_182, _M)),
    exons=(
        ExonRule(1, 74, None, "the coding sequence is not reached", at_donor=False, effect=_SITE),
        ExonRule(783, 919, None, "a few bases are lost in frame", at_donor=False, effect=_SITE),
        ExonRule(994, 1_100, _M, "the end of the protein, of unknown role", at_donor=True, effect=_SITE),
        ExonRule(1_101, 1_182, _M, "the last exon holds less than a tenth of the protein"),
        ExonRule(1, 1_182, _VS, "out of frame, or a critical domain"),
    ),
)
