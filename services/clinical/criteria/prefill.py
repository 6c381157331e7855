"""Answers the items that laboratory values and antibodies can answer; everything else stays unknown.

Plain inputs, no profile: the caller maps its own antibody and laboratory readers onto these keys. A prefilled answer is a
proposal: what a clinician answers takes precedence (`merge`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.clinical.criteria.records import Answer
from services.clinical.criteria.rheumatoid import serology_category
from services.clinical.labs import Bound, is_above, is_below


@dataclass(frozen=True, slots=True)
class AntibodyFinding:
    """One antibody. `times_uln` is the value as a multiple of the assay's upper limit; `titer` the reciprocal of a titer."""

    positive: bool | None = None
    times_uln: float | None = None
    titer: int | None = None


@dataclass(frozen=True, slots=True)
class LabFinding:
    """One laboratory value in the canonical unit of `services.clinical.labs`, with the limits it is compared to."""

    value: float
    lln: float | None = None
    uln: float | None = None
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Findings by canonical key. An absent key is unknown."""

    antibodies: Mapping[str, AntibodyFinding] = field(default_factory=dict)
    labs: Mapping[str, LabFinding] = field(default_factory=dict)
    age_years: float | None = None
    hla_b27: bool | None = None

    def positive(self, *keys: str) -> bool | None:
        """Return yes if any is positive, no if all are negative, else unknown."""
        states = [finding.positive for key in keys if (finding := self.antibodies.get(key)) is not None]
        if any(states):
            return True
        return False if len(states) == len(keys) and None not in states else None

    def any_positive(self, *keys: str) -> bool | None:
        """Return yes if any is positive, no if those that were tested are negative, else unknown."""
        states = [finding.positive for key in keys if (finding := self.antibodies.get(key)) is not None]
        decided = [state for state in states if state is not None]
        return any(decided) if decided else None

    def value(self, key: str) -> float | None:
        """Return a measured value; a result known only as a bound is none."""
        finding = self.labs.get(key)
        return None if finding is None or finding.bound is not None else finding.value

    def exceeds(self, key: str, limit: float) -> bool | None:
        finding = self.labs.get(key)
        return None if finding is None else is_above(finding.value, finding.bound, limit)

    def less_than(self, key: str, limit: float) -> bool | None:
        finding = self.labs.get(key)
        return None if finding is None else is_below(finding.value, finding.bound, limit)

    def above(self, key: str) -> bool | None:
        finding = self.labs.get(key)
        return None if finding is None or finding.uln is None else self.exceeds(key, finding.uln)

    def under(self, key: str) -> bool | None:
        finding = self.labs.get(key)
        return None if finding is None or finding.lln is None else self.less_than(key, finding.lln)


def prefill(criteria_id: str, evidence: Evidence) -> dict[str, Answer]:
    """Return the answers `evidence` gives for a set; empty for a set or items it cannot inform."""
    reader = _READERS.get(criteria_id)
    if reader is None:
        return {}
    return {key: answer for key, answer in reader(evidence).items() if answer is not None}


def merge(prefilled: Mapping[str, Answer], given: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers with what was given by a person winning over what was prefilled."""
    return {**prefilled, **{key: answer for key, answer in given.items() if answer is not None}}


def ana_reaches_1_80(finding: AntibodyFinding | None) -> bool | None:
    """Return whether ANA reached 1:80: by its titer; without one a negative test is no and a positive one unknown."""
    if finding is None:
        return None
    if finding.titer is not None:
        return finding.titer >= 80
    return False if finding.positive is False else None


def _sle(evidence: Evidence) -> dict[str, Answer]:
    low_c3, low_c4 = evidence.under("c3"), evidence.under("c4")
    both_known = low_c3 is not None and low_c4 is not None
    proteinuria = _proteinuria(evidence)
    return {
        "ana_ge_1_80": ana_reaches_1_80(evidence.antibodies.get("ana")),
        # one present value shows the finding; one normal value does not exclude that it ever occurred
        "leukopenia": _yes_only(evidence.less_than("leukocytes", 4.0)),
        "thrombocytopenia": _yes_only(evidence.less_than("platelets", 100.0)),
        "proteinuria_gt_0_5g_24h": _yes_only(proteinuria),
        "low_C3_or_low_C4": _yes_only((low_c3 or low_c4) if low_c3 or low_c4 else None),
        "low_C3_and_low_C4": _yes_only((low_c3 and low_c4) if both_known else None),
        "anti_dsDNA": evidence.positive("anti_dsdna"),
        "anti_Sm": evidence.positive("anti_smith"),
        "antiphospholipid_antibodies": evidence.positive(
            "lupus_anticoagulant", "anti_cardiolipin", "anti_b2gp1"
        ),
    }


def _yes_only(found: bool | None) -> bool | None:
    return True if found else None


def _proteinuria(evidence: Evidence) -> bool | None:
    day = evidence.exceeds("urine_protein_24h", 0.5)
    return evidence.exceeds("upcr", 500) if day is None else day


def _ra(evidence: Evidence) -> dict[str, Answer]:
    multiples = [_multiple(evidence.antibodies.get(key)) for key in ("rheumatoid_factor", "acpa")]
    crp, esr = evidence.above("crp"), evidence.above("esr")
    abnormal: bool | None = True if crp or esr else False if crp is False and esr is False else None
    return {"serology": serology_category(*multiples), "abnormal_crp_or_esr": abnormal}


def _multiple(finding: AntibodyFinding | None) -> float | None:
    if finding is None:
        return None
    if finding.times_uln is not None:
        return finding.times_uln
    # a test reported only as positive counts as low positive, one reported only as negative as negative
    return None if finding.positive is None else 2.0 if finding.positive else 0.0


def _ssc(evidence: Evidence) -> dict[str, Answer]:
    return {
        "anti_centromere": evidence.positive("anti_centromere"),
        "anti_topoisomerase_I": evidence.positive("anti_topoisomerase_1"),
        "anti_RNA_polymerase_III": evidence.positive("anti_rnap3"),
    }


def _sjogren(evidence: Evidence) -> dict[str, Answer]:
    return {"anti_ro_positive": evidence.positive("anti_ro60"), "anti_la_positive": evidence.positive("anti_la")}


def _axial(evidence: Evidence) -> dict[str, Answer]:
    return {"hla_b27": evidence.hla_b27, "elevated_crp": evidence.above("crp")}


def _peripheral(evidence: Evidence) -> dict[str, Answer]:
    return {"hla_b27": evidence.hla_b27}


def _caspar(evidence: Evidence) -> dict[str, Answer]:
    rf = evidence.positive("rheumatoid_factor")
    return {"rf_negative": None if rf is None else not rf}


def _mcdonald(evidence: Evidence) -> dict[str, Answer]:
    return {
        "csf_ocb": evidence.positive("ocb"),
        "aqp4_igg": evidence.positive("aqp4"),
        "mog_igg": evidence.positive("mog"),
    }


def _glycemia(evidence: Evidence) -> dict[str, Answer]:
    return {
        "fpg_mg_dl": evidence.value("fasting_glucose"), "ogtt_2h_mg_dl": evidence.value("ogtt_2h"),
        "hba1c_pct": evidence.value("hba1c"), "random_mg_dl": evidence.value("glucose"),
    }


def _t1d(evidence: Evidence) -> dict[str, Answer]:
    return {
        **_glycemia(evidence), "gad65": evidence.positive("gad65"), "ia2": evidence.positive("ia2"),
        "znt8": evidence.positive("znt8"), "iaa": evidence.positive("iaa"),
    }


def _celiac(evidence: Evidence) -> dict[str, Answer]:
    ttg = evidence.antibodies.get("ttg_iga")
    lab = evidence.labs.get("ttg_iga")
    multiple = ttg.times_uln if ttg else None
    if multiple is None and lab is not None and lab.uln and _decides_pathway(lab):
        multiple = lab.value / lab.uln
    # below 0.2 g/L is deficient at any age from 3 years; a normal call needs the laboratory's own limit
    deficient = evidence.less_than("iga", 0.2) is True and (evidence.age_years is None or evidence.age_years >= 3)
    normal = evidence.under("iga") is False and not deficient
    return {
        "age": evidence.age_years, "ttg_multiple": multiple,
        "total_iga": "deficient" if deficient else "normal" if normal else None,
    }


def _decides_pathway(lab: LabFinding) -> bool:
    """Say whether a result leaves open neither the upper limit nor ten times it: `>200` can be enough, `>50` is not."""
    limits = (lab.uln or 0.0, 10 * (lab.uln or 0.0))
    return lab.bound is None or None not in {is_above(lab.value, lab.bound, limit) for limit in limits}


def _graves(evidence: Evidence) -> dict[str, Answer]:
    ft4, ft3 = evidence.above("ft4"), evidence.above("ft3")
    raised: bool | None = True if ft4 or ft3 else False if ft4 is False and ft3 is False else None
    return {
        "tsh_suppressed": evidence.under("tsh"), "ft4_or_t3_raised": raised,
        "trab_positive": evidence.any_positive("trab", "tsi"),
    }


def _hashimoto(evidence: Evidence) -> dict[str, Answer]:
    return {
        "tsh_raised": evidence.above("tsh"), "tpo_antibody": evidence.positive("tpo"),
        "tg_antibody": evidence.positive("tg"),
    }


def _mg(evidence: Evidence) -> dict[str, Answer]:
    return {
        "achr_antibody": evidence.positive("achr"), "musk_antibody": evidence.positive("musk"),
        "lrp4_antibody": evidence.positive("lrp4"),
    }


def _montreal_uc(evidence: Evidence) -> dict[str, Answer]:
    return {"hb_g_dl": evidence.value("haemoglobin"), "esr": evidence.value("esr")}


_READERS: dict[str, Callable[[Evidence], dict[str, Answer]]] = {
    "sle_2019_eular_acr": _sle, "ra_2010_acr_eular": _ra, "ssc_2013_acr_eular": _ssc,
    "sjogren_2016_acr_eular": _sjogren, "asas_axial_2009": _axial, "asas_peripheral_2011": _peripheral,
    "caspar_2006": _caspar, "mcdonald_2017": _mcdonald, "ada_diabetes_2025": _glycemia, "t1d_staging_2015": _t1d,
    "celiac_espghan_2020": _celiac, "graves_ata_2016": _graves, "hashimoto_ata_2014": _hashimoto,
    "mg_diagnosis": _mg, "montreal_uc": _montreal_uc,
}
