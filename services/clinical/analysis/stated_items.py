"""Which items of a criteria set the words of the record answer.

A finding of the differential is wider than a criterion: "crackles" make interstitial lung disease likelier and are none by the
criteria. So an item is answered only where the words are the item's own. What needs a duration, a count or an examination
that nobody states stays open. A statement of joint pain is no synovitis; an imaging finding counts with its method.

SEE: the definitions printed with each set: Aringer 2019 (PMID 31383717), van den Hoogen 2013 (PMID 24092682), Shiboski 2017
(PMID 27785888), Rudwaleit 2009 (PMID 19297344), Taylor 2006 (PMID 16871531).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from services.clinical.criteria.records import Answer
from services.clinical.symptoms import Finding, read_gland_tests

_SEVERAL_JOINTS = frozenset({"polyarthritis", "symmetric_arthritis", "small_joint_arthritis"})
_JOINTS = _SEVERAL_JOINTS | {"arthritis", "oligoarthritis", "monoarthritis"}
_SYNOVITIS = r"arthritis|synovitis|swell|swollen|effusion|boggy"
_JOINT = r"(?:joint|mcp|pip|wrist|knee|elbow|ankle|mtp)"
_DEFINITE_SYNOVITIS = (
    rf"synovitis|boggy|(?:swollen|swelling)[^.;]{{0,40}}{_JOINT}|{_JOINT}[^.;]{{0,40}}(?:swollen|swelling)"
)
_BACK_PAIN = ("back_pain", "chronic_back_pain", "other_known")
_INFLAMMATORY_BACK_PAIN = r"inflammatory (?:low(?:er)? )?back pain|\bibp\b"
_HEEL = r"(?:heel|achill|plantar)"
_SACROILIITIS_IMAGE = (
    r"\bmri?\b|magnetic|x-?\s?ray|radiograph|\bct\b|film|stir|marrow|oedema|edema|grade|bilateral sacroiliitis"
)
_GLAND_FINDINGS = frozenset({"schirmer_positive", "lip_biopsy", "dry_mouth"})
_DOUBTED_NSAID = r"partial|poor|little|minimal|inadequate|lack|incomplete|temporar|fail"
_SPONDYLOARTHRITIS = r"ankylosing|spondyl|psoria|uveitis|crohn|colitis|reactive"
SYNOVITIS = "synovitis"
"""The feature that overlap syndromes ask for: inflamed joints, told apart from painful ones."""


class Statement(NamedTuple):
    """A finding that is present, with the words it was read from."""

    finding: str
    text: str


class _Wording(NamedTuple):
    """The findings that can answer an item, the words one of which must be there, and those that spoil it."""

    findings: frozenset[str]
    said: str = ""
    unless: str = ""


def _of(*findings: str, said: str = "", unless: str = "") -> tuple[_Wording, ...]:
    return (_Wording(frozenset(findings), said, unless),)


_ITEMS: Mapping[str, Mapping[str, tuple[_Wording, ...]]] = {
    "sle_2019_eular_acr": {
        "psychosis": _of("psychosis"), "seizure": _of("seizure"), "oral_ulcers": _of("oral_ulcers", "painless_oral_ulcers"),
        "subacute_cutaneous_or_discoid": _of("discoid_rash"),
        "acute_cutaneous": _of("malar_rash", said=r"malar|butterfly|nasolabial"),
        "pleural_or_pericardial_effusion": (
            *_of("pleural_effusion", said=r"effusion|fluid"), *_of("pericarditis", said=r"pericardial effusion")
        ),
        "acute_pericarditis": _of("pericarditis", said=r"pericarditis", unless=r"constrictive|chronic"),
        "joint_involvement": _of(*_SEVERAL_JOINTS, said=_SYNOVITIS),
        "class_II_or_V_nephritis": _of("lupus_nephritis_biopsy", said=r"class (?:ii|v|2|5)\b(?! ?[-+/] ?(?:iii|iv|3|4))"),
        "class_III_or_IV_nephritis": _of("lupus_nephritis_biopsy", said=r"class (?:iii|iv|3|4)\b|[-+/] ?(?:iii|iv|3|4)\b"),
    },
    "ra_2010_acr_eular": {
        "definite_synovitis_ge_1_joint": _of(*_JOINTS, said=_DEFINITE_SYNOVITIS),
    },
    "ssc_2013_acr_eular": {
        "skin_fingers_proximal_to_mcp": _of("skin_proximal_to_mcp"),
        "puffy_fingers": _of("puffy_fingers"), "sclerodactyly": _of("sclerodactyly"),
        "digital_tip_ulcers": _of("digital_ulcers", said=r"ulcer"), "pitting_scars": _of("pitting_scars"),
        "telangiectasia": _of("telangiectasia"), "abnormal_nailfold_capillaries": _of("nailfold_changes"),
        "ILD": _of("ild", said=r"interstitial|\bild\b|fibrosis|ground|honeycomb|reticul|velcro|\bnsip\b|\buip\b|organi[sz]ing"),
        "raynaud": _of("raynaud", said=r"raynaud"),
    },
    "asas_axial_2009": {
        "sacroiliitis_on_imaging": _of("sacroiliitis", said=_SACROILIITIS_IMAGE),
        "inflammatory_back_pain": _of(*_BACK_PAIN, said=_INFLAMMATORY_BACK_PAIN),
        "heel_enthesitis": _of("enthesitis", said=rf"{_HEEL}[^.;]{{0,30}}enthes|enthes[^.;]{{0,30}}{_HEEL}"),
        "uveitis": _of("uveitis", unless=r"posterior|panuveitis|intermediate uveitis"), "dactylitis": _of("dactylitis"),
        "good_nsaid_response": _of("nsaid_response", unless=_DOUBTED_NSAID),
        "family_history": _of("family_spa", said=_SPONDYLOARTHRITIS),
    },
    "asas_peripheral_2011": {
        "sacroiliitis_on_imaging": _of("sacroiliitis", said=_SACROILIITIS_IMAGE),
        "inflammatory_back_pain_ever": _of(*_BACK_PAIN, said=_INFLAMMATORY_BACK_PAIN),
        "enthesitis": _of("enthesitis", said=r"enthes"), "dactylitis": _of("dactylitis"), "uveitis": _of("uveitis"),
        "family_history": _of("family_spa", said=_SPONDYLOARTHRITIS),
    },
    "modified_new_york_1984": {"sacroiliitis_mri": _of("sacroiliitis", said=r"\bmri?\b|magnetic|stir|marrow")},
    "caspar_2006": {"dactylitis": _of("dactylitis"), "nail_dystrophy": _of("nail_pitting")},
    "graves_ata_2016": {"diffuse_uptake": _of("diffuse_uptake")},
    "mg_diagnosis": {"fatigable_weakness": _of("fatigable_weakness", "fatigable_ptosis")},
    "mcdonald_2017": {"csf_ocb": _of("csf_ocb")},
}  # fmt: skip
# An item that another one settles: where fingers are thickened, skin thickening does not spare the fingers.
_SETTLED: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "ssc_2013_acr_eular": dict.fromkeys(
        ("skin_fingers_proximal_to_mcp", "puffy_fingers", "sclerodactyly"), ("fingers_spared", False)
    ),
}


def statements(findings: Iterable[Finding], stated: Mapping[str, str]) -> frozenset[Statement]:
    """Return what is present with its words; `stated` are the texts of further findings by id.

    A joint whose own entry denies swelling ("MCP pain without swelling") states no synovitis.
    """
    every = tuple(findings)
    unswollen = {one.text for one in every if not one.present and one.concept in _JOINTS}
    found = {
        Statement(one.concept, one.text) for one in every
        if one.present and not (one.concept in _JOINTS and one.text in unswollen)
    }
    return frozenset(found | {Statement(name, text) for name, text in stated.items()})


def shows_synovitis(findings: Iterable[Finding]) -> bool:
    """Say whether any entry speaks of inflamed joints, not only of painful or stiff ones."""
    return any(one.finding in _JOINTS and _says(_SYNOVITIS, one.text) for one in statements(findings, {}))


def answers(criteria_id: str, stated: frozenset[Statement]) -> dict[str, Answer]:
    """Return the answers the statements give for a criteria set; nothing is answered no for want of words."""
    wordings = _wordings(criteria_id)
    found: dict[str, Answer] = {
        item: True
        for one in stated if one.finding in wordings
        for item, wording in wordings[one.finding] if _answers(one, wording)
    }
    if criteria_id == "sjogren_2016_acr_eular":
        found |= _gland_tests(stated)
    for item, (settled, value) in _SETTLED.get(criteria_id, {}).items():
        if found.get(item) is True:
            found[settled] = value
    return found


@cache
def _wordings(criteria_id: str) -> Mapping[str, tuple[tuple[str, _Wording], ...]]:
    """Return the items of a set that each finding can answer."""
    found: dict[str, list[tuple[str, _Wording]]] = {}
    for item, wordings in _ITEMS.get(criteria_id, {}).items():
        for wording in wordings:
            for finding in wording.findings:
                found.setdefault(finding, []).append((item, wording))
    return {finding: tuple(items) for finding, items in found.items()}


def _gland_tests(stated: frozenset[Statement]) -> dict[str, Answer]:
    texts = {one.text for one in stated if one.finding in _GLAND_FINDINGS}
    tests = [test for text in sorted(texts) for test in read_gland_tests(text)]
    return {test.item: True for test in tests if test.is_abnormal}


def _answers(one: Statement, wording: _Wording) -> bool:
    return _says(wording.said, one.text) and not (wording.unless and _says(wording.unless, one.text))


@lru_cache(maxsize=256)
def _pattern(said: str) -> re.Pattern[str]:
    return re.compile(said, re.IGNORECASE)


def _says(said: str, text: str) -> bool:
    return not said or _pattern(said).search(text[:300]) is not None
