"""What documents tell of complaints and findings, as the lines an analysis reads: first symptoms, imaging, procedures.

Of a study only the sentences count that state a finding the differential knows, each with its study and day, so that "X-ray
hands: marginal erosions" is erosions on a radiograph. What a sentence denies or doubts stays denied or in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.clinical.symptoms import read_symptoms
from services.evidence.extraction import ImagingContent, ProcedureContent, SymptomContent
from services.patients.facts import StoredFact

MAX_DOCUMENTED = 100
MAX_LINE = 280
_SENTENCE = re.compile(r"(?<=[.;])\s+|\n")
_UNNAMED = "Study"
# What a picture, an endoscope or a biopsy shows. The words of a report mean other things elsewhere ("popliteal", "percentile").
SHOWN_BY_STUDIES = frozenset("""
    aortic_regurgitation autoimmune_pancreatitis bamboo_spine bilateral_hilar_adenopathy cavitary_lung
    continuous_colitis erosions_xray esophageal_dysmotility heberden ild lip_biopsy long_cord_lesion lung_nodules
    lupus_nephritis_biopsy lymphadenopathy mri_white_matter nailfold_changes noncaseating_granulomas parotid_enlargement
    pencil_in_cup pericarditis pleural_effusion psoriasis_histology pulmonary_hypertension retroperitoneal_fibrosis sacroiliitis
    schirmer_positive skip_lesions splenomegaly temporal_artery_signs terminal_ileitis transverse_myelitis villous_atrophy
""".split())


def documented_findings(facts: Sequence[StoredFact]) -> list[str]:
    """Return what the documents tell, at whatever time, complaints before studies; at most `MAX_DOCUMENTED` lines."""
    told = [fact.content.name for fact in facts if isinstance(fact.content, SymptomContent)]
    studied = [line for fact in facts for line in _of_study(fact)]
    return list(dict.fromkeys((*told, *studied)))[:MAX_DOCUMENTED]


def _of_study(fact: StoredFact) -> Iterator[str]:
    content = fact.content
    if isinstance(content, ImagingContent):
        names: tuple[str, ...] = (f"{content.modality} {content.region}".strip(), content.modality)
    elif isinstance(content, ProcedureContent):
        names = (content.name,)
    else:
        return
    name = next((one for one in names if not _says_something(one)), _UNNAMED)
    day = f" {fact.effective.isoformat()}" if fact.effective is not None else ""
    for sentence in _SENTENCE.split(content.finding):
        line = f"{name}{day}: {' '.join(sentence.split())}"[:MAX_LINE]
        found = read_symptoms([line]).findings if sentence.strip() else ()
        if any(one.present and one.concept in SHOWN_BY_STUDIES for one in found):
            yield line


def _says_something(name: str) -> bool:
    """Whether the bare name of a study would be read as a finding ("lip biopsy")."""
    return bool(read_symptoms([name]).findings)
