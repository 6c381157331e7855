"""Judges inflammatory bowel disease (Lennard-Jones 1989) and writes the Montreal phenotype (PMID 16698746)."""

from __future__ import annotations

from services.clinical.criteria.answers import Facts
from services.clinical.criteria.logic import all_of
from services.clinical.criteria.records import CriteriaRecord
from services.clinical.criteria.results import Verdict
from services.clinical.explanation import Step

_CORE = ("chronic_symptoms", "endoscopic_inflammation", "histology_chronic_inflammation", "infection_excluded")


def decide_diagnosis(facts: Facts, record: CriteriaRecord) -> Verdict:
    """Return the verdict on IBD, and the type as the features recorded so far suggest it."""
    met = all_of(*(facts.truth(key) for key in _CORE))
    minor = [
        item.label for item in record.items
        if item.domain == "crohn" and item.key != "granuloma" and facts.truth(item.key).true
    ]
    granuloma = facts.truth("granuloma").true
    category = None
    if met.false:
        category = "not_supported"
    elif met.true:
        category = _type(granuloma, len(minor), facts.truth("continuous_from_rectum").true)
    notes = []
    if facts.truth("infection_excluded").false:
        notes.append("infection is not excluded: no diagnosis of IBD before stool culture and C. difficile test")
    if granuloma and not minor and facts.truth("continuous_from_rectum").true:
        notes.append("a granuloma next to a ruptured crypt does not count; check before the pattern is called UC")
    return Verdict(
        classified=met.value, missing=met.missing, category=category, notes=tuple(notes),
        entry_met=facts.truth("chronic_symptoms").value,
        steps=(
            Step(label="Symptoms, endoscopy, histology, infection excluded",
                 note={True: "all", False: "not all", None: "not decided"}[met.value]),
            Step(label="Granuloma", note="yes" if granuloma else "not recorded as present"),
            Step(label="Further features of Crohn's disease", note=f"{len(minor)}: {', '.join(minor)}" if minor else "0"),
        ),
    )


def _type(granuloma: bool, minor: int, continuous: bool) -> str:
    if (granuloma and minor >= 1) or minor >= 3:
        return "crohn_established"
    if minor == 2 and not granuloma:
        return "crohn_probable"
    if continuous and not granuloma and minor == 0:
        return "ulcerative_colitis_pattern"
    return "ibd_unclassified"


_SITE = {"ileal": "L1", "colonic": "L2", "ileocolonic": "L3", "upper_only": "L4"}
_BEHAVIOUR = {"inflammatory": "B1", "stricturing": "B2", "penetrating": "B3"}


def decide_montreal_crohn(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return the phenotype code, for example A2L3+L4B2p."""
    age, site, behaviour = facts.number("age_dx"), facts.choice("site"), facts.choice("behaviour")
    perianal = facts.truth("perianal")
    if age is None or site is None or behaviour is None or perianal.value is None:
        given = (("age_dx", age), ("site", site), ("behaviour", behaviour), ("perianal", perianal.value))
        return Verdict(None, missing=frozenset(key for key, value in given if value is None))
    group = "A1" if age < 17 else "A2" if age < 41 else "A3"
    upper = "+L4" if facts.truth("upper_gi").true and site != "upper_only" else ""
    notes = () if facts.truth("upper_gi").value is not None or site == "upper_only" else (
        "upper gastrointestinal tract not recorded: L4 could have to be added",)
    code = f"{group}{_SITE[site]}{upper}{_BEHAVIOUR[behaviour]}{'p' if perianal.true else ''}"
    return Verdict(None, category=code, notes=notes)


_EXTENT = {"proctitis": "E1", "left_sided": "E2", "extensive": "E3"}


def decide_montreal_uc(facts: Facts, record: CriteriaRecord) -> Verdict:  # noqa: ARG001 - the common rule shape
    """Return extent and severity, for example E2S3; see the record for how S3 is read."""
    extent = facts.choice("extent")
    severity, lacking, note = _severity(facts)
    missing = lacking | (frozenset() if extent else frozenset({"extent"}))
    if missing or extent is None:
        return Verdict(None, missing=missing, notes=(note,) if note else ())
    return Verdict(None, category=_EXTENT[extent] + severity, notes=(note,) if note else ())


def _severity(facts: Facts) -> tuple[str, frozenset[str], str]:
    if facts.truth("in_remission").true:
        return "S0", frozenset(), ""
    bloody, stools = facts.number("bloody_stools_per_day"), facts.number("stools_per_day")
    if bloody is None:
        return "", frozenset({"bloody_stools_per_day"}), ""
    signs = {
        "pulse": facts.compare("pulse", at_least=90), "temp_c": facts.compare("temp_c", at_least=37.5),
        "hb_g_dl": facts.compare("hb_g_dl", below=10.5), "esr": facts.compare("esr", at_least=30),
    }
    present = [key for key, sign in signs.items() if sign.true]
    open_signs = frozenset(key for key, sign in signs.items() if sign.value is None)
    count = max(bloody, stools or 0)
    if bloody >= 6:
        if present:
            return "S3", frozenset(), f"{len(present)} of 4 systemic signs with six or more bloody stools: severe"
        return ("", open_signs, "") if open_signs else ("S2", frozenset(), "")
    if count > 4:
        return "S2", frozenset(), ""
    if present:
        return "S2", frozenset(), "few stools, but systemic signs are present: not mild"
    if open_signs:
        return "", open_signs, ""
    return "S1", frozenset(), ""
