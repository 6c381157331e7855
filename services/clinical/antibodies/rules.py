"""What a reader must know beside the number: traps of single antibodies and of their combinations.

Each rule is one function from a finding, or the panel, to notes or alerts. Sources stand with the antibody's row.
"""

from __future__ import annotations

from collections.abc import Callable

from services.clinical.antibodies.report import AntibodyAlert, AntibodyFinding
from services.clinical.disease import Disease
from services.clinical.explanation import Frozen
from services.clinical.titers import Outcome

LOW_IGA_G_PER_L = 0.2
ISLET = frozenset({"gad65", "ia2", "znt8", "iaa"})
_APL = ("lupus_anticoagulant", "anti_cardiolipin", "anti_b2gp1")
_CELIAC_IGA = frozenset({"ttg_iga", "ema"})
# Nuclear antibodies that must be known negative before a DFS70 can be called isolated.
_SPECIFIC_NUCLEAR = frozenset(
    "anti_dsdna anti_smith anti_u1rnp anti_ro60 anti_la anti_centromere anti_topoisomerase_1 anti_rnap3".split()
)


class PanelContext(Frozen):
    """The findings and what else is known of the patient; absent means unknown."""

    findings: tuple[AntibodyFinding, ...]
    diagnosed: tuple[Disease, ...] = ()
    age: int | None = None
    sex: str | None = None
    medications: tuple[str, ...] = ()
    total_iga_g_per_l: float | None = None

    def positive(self, antibody: str) -> bool:
        return any(one.id == antibody and one.outcome is Outcome.POSITIVE for one in self.findings)

    def negative(self, antibody: str) -> bool:
        outcomes = {one.outcome for one in self.findings if one.id == antibody}
        return outcomes == {Outcome.NEGATIVE}

    @property
    def positive_ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.findings if one.outcome is Outcome.POSITIVE)


def result_notes(finding: AntibodyFinding, context: PanelContext) -> tuple[str, ...]:
    """Return the notes that belong to one result."""
    notes: list[str] = []
    for rule in _RESULT_RULES:
        note = rule(finding, context)
        if note:
            notes.append(note)
    return tuple(notes)


def panel_notes(context: PanelContext) -> tuple[str, ...]:
    """Return the notes that follow from several results together."""
    return tuple(note for rule in _PANEL_RULES if (note := rule(context)))


def panel_alerts(context: PanelContext) -> tuple[AntibodyAlert, ...]:
    """Return what must not be missed, most severe first."""
    alerts = [alert for rule in _ALERT_RULES if (alert := rule(context)) is not None]
    order = ("critical", "major", "moderate", "info")
    return tuple(sorted(alerts, key=lambda alert: order.index(alert.severity)))


def _is_positive(finding: AntibodyFinding, *ids: str) -> bool:
    return finding.id in ids and finding.outcome is Outcome.POSITIVE


def _low_ana(finding: AntibodyFinding, _: PanelContext) -> str | None:
    titer = finding.verdict.titer
    if not _is_positive(finding, "ana") or titer is None or titer.dilution > 160:
        return None
    share = {40: "32 %", 80: "13 %", 160: "5 %"}.get(titer.dilution)
    known = f" (about {share} at 1:{titer.dilution})" if share else ""
    entry = "" if finding.meets_sle_entry_criterion else " It is below 1:80 and does not meet the entry criterion for SLE."
    return f"Low titre, common in healthy people{known}.{entry}"


def _ana_without_titer(finding: AntibodyFinding, _: PanelContext) -> str | None:
    if _is_positive(finding, "ana") and finding.meets_sle_entry_criterion is None:
        return "No titer: whether the SLE entry criterion (1:80 or above) is met cannot be told."
    return None


def _negative_ana_with_cytoplasmic(finding: AntibodyFinding, context: PanelContext) -> str | None:
    if finding.id == "ana" and finding.outcome is Outcome.NEGATIVE and context.positive("anti_ribosomal_p"):
        return "ANA can be reported negative where anti-ribosomal P is positive: the staining is cytoplasmic."
    return None


def _insulin_antibodies(finding: AntibodyFinding, context: PanelContext) -> str | None:
    if not _is_positive(finding, "iaa"):
        return None
    if any("insulin" in drug.lower() for drug in context.medications):
        return "On insulin: treatment itself induces insulin antibodies; this result cannot count as autoimmunity."
    return "Counts only if taken before, or within about two weeks of, the first insulin dose; insulin use is not known here."


def _thyroid_alone(finding: AntibodyFinding, _: PanelContext) -> str | None:
    if _is_positive(finding, "tpo", "tg"):
        return "The antibody alone is not disease: read with TSH and free T4."
    return None


def _rf_height(finding: AntibodyFinding, _: PanelContext) -> str | None:
    if not _is_positive(finding, "rheumatoid_factor", "acpa"):
        return None
    times = finding.verdict.times_uln
    if times is None:
        return "No upper limit known: low or high positive (3 times the limit) cannot be told; qualitative RF counts as low."
    return f"{'High' if times > 3 else 'Low'} positive: {times:.2g} times the upper limit (criteria cut: 3 times)."


def _ttg_height(finding: AntibodyFinding, context: PanelContext) -> str | None:
    times = finding.verdict.times_uln
    if _is_positive(finding, "ttg_iga") and times is not None:
        if times < 10:
            return f"{times:.2g} times the upper limit: below 10 times, biopsy is needed for the diagnosis."
        if context.age is None or context.age < 18:
            return (
                f"{times:.2g} times the upper limit: in children, with a positive EMA-IgA in a second sample, biopsy can be "
                "left out (ESPGHAN 2020)."
            )
        return f"{times:.2g} times the upper limit: in adults biopsy remains the default."
    return None


def _celiac_negative(finding: AntibodyFinding, context: PanelContext) -> str | None:
    if finding.id not in _CELIAC_IGA or finding.outcome is not Outcome.NEGATIVE:
        return None
    if context.total_iga_g_per_l is None:
        return "Total IgA is not known: a negative IgA-class result cannot be relied on. Also ask whether gluten was eaten."
    if context.total_iga_g_per_l < LOW_IGA_G_PER_L:
        return "IgA deficiency: this IgA-class result does not exclude celiac disease."
    return None


def _ro_in_women(finding: AntibodyFinding, context: PanelContext) -> str | None:
    if _is_positive(finding, "anti_ro60") and context.sex == "M":
        return "The pregnancy note does not apply to this patient."
    return None


_RESULT_RULES: tuple[Callable[[AntibodyFinding, PanelContext], str | None], ...] = (
    _low_ana, _ana_without_titer, _negative_ana_with_cytoplasmic, _insulin_antibodies, _thyroid_alone, _rf_height,
    _ttg_height, _celiac_negative, _ro_in_women,
)  # fmt: skip


def _isolated_dfs70(context: PanelContext) -> str | None:
    if not context.positive("anti_dfs70"):
        return None
    others = context.positive_ids & _SPECIFIC_NUCLEAR
    if others:
        return "Anti-DFS70 is not isolated here: it says nothing against a systemic disease."
    untested = sorted(one for one in _SPECIFIC_NUCLEAR if not context.negative(one))
    known = "Isolated anti-DFS70 argues against a systemic autoimmune rheumatic disease."
    return known if not untested else f"{known} It counts as isolated only once the disease-specific antibodies are negative."


def _islet_count(context: PanelContext) -> str | None:
    islet = context.positive_ids & ISLET
    if any("insulin" in drug.lower() for drug in context.medications):
        islet -= {"iaa"}
    if len(islet) >= 2:
        return (
            f"{len(islet)} islet autoantibodies: at least stage 1 type 1 diabetes if confirmed; glucose decides the stage "
            "(Insel 2015)."
        )
    if len(islet) == 1:
        return "One islet autoantibody: at risk, not a stage of type 1 diabetes."
    return None


def _triple_apl(context: PanelContext) -> str | None:
    found = [one for one in _APL if context.positive(one)]
    if len(found) == len(_APL):
        return "All three antiphospholipid tests are positive: highest thrombotic risk; confirm after 12 weeks."
    return "Antiphospholipid positivity must persist for 12 weeks before it counts." if found else None


def _ana_alone(context: PanelContext) -> str | None:
    if context.positive_ids == {"ana"}:
        return "Only the ANA is positive: this does not point to one disease."
    return None


_PANEL_RULES: tuple[Callable[[PanelContext], str | None], ...] = (_isolated_dfs70, _islet_count, _triple_apl, _ana_alone)


def _nmosd(context: PanelContext) -> AntibodyAlert | None:
    if not context.positive("aqp4"):
        return None
    harm = "interferon-beta, fingolimod, natalizumab, alemtuzumab may worsen NMOSD"
    if Disease.MULTIPLE_SCLEROSIS in context.diagnosed:
        text = f"AQP4-IgG positive: NMOSD; reconsider MS diagnosis; {harm}"
        return AntibodyAlert(code="AQP4_MS_MIMIC", severity="critical", text=text, antibodies=("aqp4",))
    text = f"AQP4-IgG positive: NMOSD, not MS; {harm}"
    return AntibodyAlert(code="AQP4_NMOSD", severity="major", text=text, antibodies=("aqp4",))


def _mogad(context: PanelContext) -> AntibodyAlert | None:
    if not context.positive("mog"):
        return None
    diagnosed = Disease.MULTIPLE_SCLEROSIS in context.diagnosed
    advice = "reconsider MS diagnosis" if diagnosed else "MOGAD rather than MS"
    text = f"MOG-IgG positive: {advice}; confirm by live cell-based assay, low titers can be false positive"
    return AntibodyAlert(code="MOG_MS_MIMIC", severity="major" if diagnosed else "moderate", text=text, antibodies=("mog",))


def _iga_deficiency(context: PanelContext) -> AntibodyAlert | None:
    if context.total_iga_g_per_l is None or context.total_iga_g_per_l >= LOW_IGA_G_PER_L:
        return None
    read = tuple(one.id for one in context.findings if one.id in _CELIAC_IGA and one.outcome is Outcome.NEGATIVE)
    if not read:
        return None
    text = "IgA deficiency: the negative IgA-class celiac test cannot be read. Use IgG tests (tTG-IgG, DGP-IgG) and biopsy."
    return AntibodyAlert(code="IGA_DEFICIENCY_TTG", severity="major", text=text, antibodies=read)


def _mda5(context: PanelContext) -> AntibodyAlert | None:
    if not context.positive("anti_mda5"):
        return None
    text = "Anti-MDA5 positive: rapidly progressive interstitial lung disease is possible; urgent respiratory assessment"
    return AntibodyAlert(code="MDA5_RPILD", severity="critical", text=text, antibodies=("anti_mda5",))


def _gbm(context: PanelContext) -> AntibodyAlert | None:
    if not context.positive("anti_gbm"):
        return None
    text = "Anti-GBM positive: with haematuria or lung haemorrhage this is an emergency"
    return AntibodyAlert(code="ANTI_GBM", severity="critical", text=text, antibodies=("anti_gbm",))


_ALERT_RULES: tuple[Callable[[PanelContext], AntibodyAlert | None], ...] = (_nmosd, _mogad, _iga_deficiency, _mda5, _gbm)
