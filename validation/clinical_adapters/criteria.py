"""Worked cases of the criteria sets: their input names onto the items of `services.clinical.criteria`.

A list in a case names what is present among what was assessed, so what it leaves out is absent. Every other input that
is not given stays unknown. Two sets of cases state positive findings as single keys and leave the rest out (CASPAR, PPMS);
there, and only there, a left-out finding is read as assessed and absent, an explicit null as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.clinical.criteria import CRITERIA
from services.clinical.criteria.records import OTHER_CAUSE, Answer, CriterionItem
from services.clinical.criteria.results import CriteriaResult
from services.clinical.criteria.rheumatoid import count_joints, serology_category
from services.clinical.labs import analytes, convert
from services.errors import UnitError
from validation.clinical_adapters.names import fold, item_key

Inputs = Mapping[str, Any]
Actual = dict[str, Any]

_SLE_ALIASES = {
    "low_c3": "low_C3_or_low_C4", "low_c4": "low_C3_or_low_C4", "discoid": "subacute_cutaneous_or_discoid",
    "discoid_lupus": "subacute_cutaneous_or_discoid", "subacute_cutaneous_lupus": "subacute_cutaneous_or_discoid",
    "acute_cutaneous_lupus": "acute_cutaneous", "anti_smith": "anti_Sm", "hemolysis": "autoimmune_hemolysis",
    "proteinuria": "proteinuria_gt_0_5g_24h", "antiphospholipid": "antiphospholipid_antibodies",
}
_SSC_ALIASES = {
    "anti_scl70": "anti_topoisomerase_I", "anti_scl_70": "anti_topoisomerase_I", "anti_topo_i": "anti_topoisomerase_I",
    "anti_rnap_iii": "anti_RNA_polymerase_III", "anti_rnap3": "anti_RNA_polymerase_III",
    "fingertip_pitting_scars": "pitting_scars", "fingertip_ulcers": "digital_tip_ulcers",
    "nailfold_capillaries": "abnormal_nailfold_capillaries", "aca": "anti_centromere",
}
_SJOGREN_ALIASES = {
    "hcv": "active_hepatitis_c", "active_hcv": "active_hepatitis_c", "hcv_pcr_positive": "active_hepatitis_c",
    "hepatitis_c": "active_hepatitis_c", "gvhd": "graft_versus_host_disease", "igg4_rd": "igg4_related_disease",
    "igg4": "igg4_related_disease", "head_and_neck_radiation": "head_neck_radiation", "radiation": "head_neck_radiation",
    "anti_ssa": "anti_ro_positive", "anti_ssa_ro": "anti_ro_positive", "anti_ro": "anti_ro_positive",
}
_AXIAL_ALIASES = {
    "ibp": "inflammatory_back_pain", "enthesitis": "heel_enthesitis", "crohns": "ibd", "crohn": "ibd", "crohn_uc": "ibd",
    "crohns_disease": "ibd", "ulcerative_colitis": "ibd", "inflammatory_bowel_disease": "ibd",
    "nsaid_response": "good_nsaid_response", "family_history_spa": "family_history", "crp": "elevated_crp",
    "raised_crp": "elevated_crp", "anterior_uveitis": "uveitis",
}
_CASPAR_ALIASES = {
    "new_bone": "juxta_articular_new_bone", "new_bone_formation": "juxta_articular_new_bone",
    "history_of_psoriasis": "personal_history", "psoriasis_current": "current_psoriasis",
}


def _keys(criteria_id: str, *roles: str) -> list[str]:
    items: tuple[CriterionItem, ...] = CRITERIA[criteria_id].items
    return [item.key for item in items if item.role in roles]


def _plain(result: CriteriaResult) -> Actual:
    ok = result.status == "ok"
    return {
        "status": result.status.value,
        "score": result.points if ok else None,
        "value": result.points if ok else None,
        "partial_lower_bound": result.points,
        "classifies": result.classified,
        "entry_criterion_met": result.entry_met,
        "classification": result.category_label if result.criteria_id == "marsh_oberhuber" else result.category,
        "arm": result.category,
        "domain_scores": {domain.key: domain.points for domain in result.domains if domain.points},
        "component_scores": {domain.key: domain.points for domain in result.domains},
        "missing": list(result.missing),
        "invalid": list(result.invalid),
        "is_diagnostic": CRITERIA[result.criteria_id].purpose == "diagnosis",
    }


def _listed(criteria_id: str, inputs: Inputs, roles: tuple[str, ...], aliases: Mapping[str, str]) -> dict[str, Answer]:
    """Return answers from `items_present`, the rest absent where the case says that all was assessed."""
    keys = _keys(criteria_id, *roles)
    rest: Answer = False if inputs.get("all_other_items_assessed_absent") is True else None
    answers: dict[str, Answer] = dict.fromkeys(keys, rest)
    for name in inputs.get("not_assessed") or ():
        answers[item_key(name, keys, aliases)] = None
    for name in inputs.get("items_present") or ():
        answers[item_key(name, keys, aliases)] = True
    for name in inputs.get("item_explained_by_other_cause") or ():
        answers[item_key(name, keys, aliases)] = OTHER_CAUSE
    return answers


def sle(inputs: Inputs) -> Actual:
    answers = _listed("sle_2019_eular_acr", inputs, ("criterion",), _SLE_ALIASES)
    answers["ana_ge_1_80"] = inputs.get("ana_ge_1_80", _titer_reaches_80(inputs.get("ana_titer")))
    return _plain(CRITERIA["sle_2019_eular_acr"].evaluate(answers))


def _titer_reaches_80(titer: Any) -> bool | None:
    text = str(titer or "").strip()
    negative, reciprocal = text.startswith("<"), text.rpartition(":")[2].strip()
    if not reciprocal.isdigit() or len(reciprocal) > 9:
        return None
    return False if negative and int(reciprocal) <= 80 else int(reciprocal) >= 80


def ra(inputs: Inputs) -> Actual:
    large, small = inputs.get("large_joints"), inputs.get("small_joints")
    if inputs.get("joints_involved") is not None:
        joints = count_joints(inputs["joints_involved"])
        large, small = joints.large, joints.small
    serology = {"neg": "negative", "low": "low_positive", "high": "high_positive"}.get(
        str(inputs.get("serology")), inputs.get("serology"))
    if serology is None:
        serology = serology_category(_times_limit(inputs.get("rf")), _times_limit(inputs.get("ccp")))
    crp, esr = _times_limit(inputs.get("crp")), _times_limit(inputs.get("esr"))
    abnormal = inputs.get("abnormal_crp_or_esr")
    if abnormal is None and (crp or esr):
        raised = [value > 1 for value in (crp, esr) if value is not None]
        abnormal = True if any(raised) else False if len(raised) == 2 else None
    return _plain(CRITERIA["ra_2010_acr_eular"].evaluate({
        "definite_synovitis_ge_1_joint": inputs.get("definite_synovitis_ge_1_joint"),
        "better_alternative_diagnosis": inputs.get("better_alternative_diagnosis"),
        "large_joints": large, "small_joints": small, "serology": serology, "abnormal_crp_or_esr": abnormal,
        "duration_ge_6_weeks": inputs.get("duration_ge_6_weeks"),
        "typical_erosions": inputs.get("typical_erosions"),
    }))


def _times_limit(measured: Any) -> float | None:
    if not isinstance(measured, Mapping) or not measured.get("uln") or measured.get("value") is None:
        return None
    return float(measured["value"]) / float(measured["uln"])


def ssc(inputs: Inputs) -> Actual:
    answers = _listed("ssc_2013_acr_eular", inputs, ("criterion",), _SSC_ALIASES)
    if "exclusion" in inputs:
        exclusion = inputs["exclusion"]
        spared = exclusion is not None and "spare" in str(exclusion)
        answers["fingers_spared"] = spared
        options = [option.value for item in CRITERIA["ssc_2013_acr_eular"].items for option in item.options]
        known = "none" if exclusion is None or spared else item_key(str(exclusion), options)
        answers["scleroderma_like_disorder"] = known if known in options else "other"
    return _plain(CRITERIA["ssc_2013_acr_eular"].evaluate(answers))


def sjogren(inputs: Inputs) -> Actual:
    answers = _listed("sjogren_2016_acr_eular", inputs, ("criterion",), _SJOGREN_ALIASES)
    if "entry" in inputs:
        answers.update(dict.fromkeys(_keys("sjogren_2016_acr_eular", "entry"), False))
        if inputs["entry"] is not None:
            answers[item_key(inputs["entry"], _keys("sjogren_2016_acr_eular", "entry"))] = True
    if inputs.get("exclusions") is not None:
        exclusions = _keys("sjogren_2016_acr_eular", "exclusion")
        answers.update(dict.fromkeys(exclusions, False))
        answers.update({item_key(name, exclusions, _SJOGREN_ALIASES): True for name in inputs["exclusions"]})
    return _plain(CRITERIA["sjogren_2016_acr_eular"].evaluate(answers))


def axial(inputs: Inputs) -> Actual:
    features = [item.key for item in CRITERIA["asas_axial_2009"].items if item.domain == "features"]
    answers: dict[str, Answer] = {
        key: inputs.get(key) for key in ("back_pain_months", "age_at_onset", "sacroiliitis_on_imaging", "hla_b27")
    }
    if inputs.get("spa_features") is not None:
        answers.update(dict.fromkeys(features, False))
        for name in inputs["spa_features"]:
            if fold(name) != "hla_b27":  # asked for on its own
                answers[item_key(name, features, _AXIAL_ALIASES)] = True
    return _plain(CRITERIA["asas_axial_2009"].evaluate(answers))


def modified_new_york(inputs: Inputs) -> Actual:
    clinical = [item.key for item in CRITERIA["modified_new_york_1984"].items if item.domain == "clinical"]
    answers: dict[str, Answer] = {
        key: inputs.get(key) for key in ("sij_grade_right", "sij_grade_left", "sacroiliitis_mri")
    }
    if inputs.get("clinical_criteria") is not None:
        answers.update(dict.fromkeys(clinical, False))
        answers.update({item_key(name, clinical): True for name in inputs["clinical_criteria"]})
    return _plain(CRITERIA["modified_new_york_1984"].evaluate(answers))


def caspar(inputs: Inputs) -> Actual:
    keys = _keys("caspar_2006", "criterion", "entry")
    answers: dict[str, Answer] = dict.fromkeys(keys, False)
    answers.update({item_key(name, keys, _CASPAR_ALIASES): value for name, value in inputs.items()})
    return _plain(CRITERIA["caspar_2006"].evaluate(answers))


def _same_names(criteria_id: str, **defaults: Answer) -> Callable[[Inputs], Actual]:
    keys = {item.key for item in CRITERIA[criteria_id].items}

    def run(inputs: Inputs) -> Actual:
        given = {key: value for key, value in inputs.items() if key in keys}
        return _plain(CRITERIA[criteria_id].evaluate({**defaults, **given}))

    return run


_ISLET = {
    "gad65": "gad65", "gad": "gad65", "gada": "gad65", "ia_2": "ia2", "ia2": "ia2", "ia_2a": "ia2", "znt8": "znt8",
    "znt8a": "znt8", "iaa": "iaa", "insulin": "iaa",
}
_GLYCEMIC = {"fpg": ("fpg_mg_dl", "fasting_glucose"), "ogtt_2h": ("ogtt_2h_mg_dl", "ogtt_2h"),
             "hba1c": ("hba1c_pct", "hba1c"), "random": ("random_mg_dl", "glucose"),
             "random_glucose": ("random_mg_dl", "glucose")}


def t1d_stage(inputs: Inputs) -> Actual:
    keys = {item.key for item in CRITERIA["t1d_staging_2015"].items}
    answers: dict[str, Answer] = {key: value for key, value in inputs.items() if key in keys}
    without_unit = []
    for name, (key, analyte) in _GLYCEMIC.items():
        if isinstance(measured := inputs.get(name), Mapping):
            if measured.get("unit") is None:
                without_unit.append(f"{name}.unit")
                continue
            try:
                answers[key] = convert(float(measured["value"]), str(measured["unit"]), analytes()[analyte])
            except UnitError:
                return {"status": "invalid_input", "invalid": [name], "value": None}
    positive = inputs.get("positive_islet_autoantibodies")
    if positive is not None:
        answers.update(dict.fromkeys(("gad65", "ia2", "znt8", "iaa"), False))
        answers.update({_ISLET.get(fold(name), str(name)): True for name in positive})
    actual = _plain(CRITERIA["t1d_staging_2015"].evaluate(answers))
    if without_unit and actual["status"] != "ok":
        actual["missing"] = without_unit
    return actual


def celiac(inputs: Inputs) -> Actual:
    value, limit = inputs.get("ttg_iga"), inputs.get("ttg_uln")
    multiple = value / limit if isinstance(value, (int, float)) and limit else inputs.get("ttg_multiple")
    iga = inputs.get("total_iga")
    actual = _plain(CRITERIA["celiac_espghan_2020"].evaluate({
        "age": inputs.get("age"), "on_gluten": inputs.get("on_gluten"),
        "total_iga": "deficient" if iga in ("low", "deficient") else iga,
        "ttg_multiple": multiple, "ema_second_sample": inputs.get("ema_second_sample"),
        "family_agreement": inputs.get("family_agreement"),
    }))
    return {**actual, "ttg_multiple": multiple}


def marsh(inputs: Inputs) -> Actual:
    lymphocytes, crypts = inputs.get("iel_per_100_enterocytes"), inputs.get("crypts")
    raised: Answer = None
    if isinstance(lymphocytes, (int, float)):
        raised = lymphocytes > 25
    elif lymphocytes is not None:
        raised = {">25": True, "increased": True, "normal": False, "<=25": False, "<25": False}.get(
            str(lymphocytes), str(lymphocytes))
    return _plain(CRITERIA["marsh_oberhuber"].evaluate({
        "raised_iel": raised, "villi": inputs.get("villi"),
        "crypt_hyperplasia": {"hyperplastic": True, "normal": False}.get(str(crypts), crypts),
    }))


_PATTERN = {"limb": "limb_axial", "axial": "limb_axial", "limb_axial": "limb_axial", "bulbar": "bulbar_respiratory",
            "respiratory": "bulbar_respiratory", "bulbar_respiratory": "bulbar_respiratory",
            "oropharyngeal_respiratory": "bulbar_respiratory"}


def mgfa(inputs: Inputs) -> Actual:
    weakness = inputs.get("weakness")
    pattern = inputs.get("predominant")
    return _plain(CRITERIA["mgfa_class"].evaluate({
        "weakness": {"ocular": "ocular_only"}.get(str(weakness), weakness),
        "predominant": _PATTERN.get(fold(pattern), pattern) if pattern is not None else None,
        "intubated": inputs.get("intubated"), "feeding_tube": inputs.get("feeding_tube"),
    }))


def montreal_crohn(inputs: Inputs) -> Actual:
    site = {"upper_gi": "upper_only", "upper": "upper_only", "isolated_upper": "upper_only"}.get(
        str(inputs.get("site")), inputs.get("site"))
    return _plain(CRITERIA["montreal_crohn"].evaluate({
        key: site if key == "site" else inputs.get(key)
        for key in ("age_dx", "site", "upper_gi", "behaviour", "perianal")
    }))


ADAPTERS: Mapping[str, Callable[[Inputs], Actual]] = {
    "SLE-2019-EULAR-ACR": sle, "RA-2010-ACR-EULAR": ra, "SSc-2013-ACR-EULAR": ssc, "Sjogren-2016-ACR-EULAR": sjogren,
    "ASAS-axSpA-2009": axial, "modified-New-York-1984": modified_new_york, "CASPAR": caspar,
    "McDonald-2017": _same_names("mcdonald_2017"),
    "McDonald-2017-PPMS": _same_names("mcdonald_2017_ppms", better_explanation=False),
    "T1D-stage": t1d_stage, "celiac-serology": celiac, "Marsh-Oberhuber": marsh, "MGFA-class": mgfa,
    "Montreal-Crohn": montreal_crohn, "Montreal-UC": _same_names("montreal_uc"),
}
