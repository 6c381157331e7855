"""What a demo patient looks like on a day: the analysis profile that follows from the documents up to then."""

from __future__ import annotations

import datetime

from demo_data.schema import ActivityScore, AntibodyFinding, DemoDocument, DemoPatient, Medication, MedicationStatus
from services.clinical.profile import AntibodyPanel, AntibodyResult, HlaProfile, MeasuredValue, Profile

_LOCI = {"A": "hla_a", "B": "hla_b", "C": "hla_c", "DRB1": "hla_drb1", "DQB1": "hla_dqb1", "DQA1": "hla_dqa1", "DPB1": "hla_dpb1"}
_CHECKLISTS = frozenset({"SLEDAI-2K", "CAS"})


def profile_of(patient: DemoPatient) -> Profile:
    """Return the profile on the day of the last document.

    The latest result counts for each test, antibody, HLA locus and instrument. A result given only as a bound ("<0.01")
    is left out of the biomarkers: the bound is not a measurement. An antibody reported only in words stands in
    `extensions["qualitative_antibodies"]`, because the panel needs a number and there is none.
    """
    last = patient.documents[-1].date
    numeric, worded = _antibodies(patient)
    return Profile(
        patient_id=patient.id,
        age=patient.age_on(last),
        sex=patient.sex,
        autoantibody_panel=_panel(patient, numeric),
        hla_profile=_hla(patient),
        biomarkers=_biomarkers(patient),
        genotypes=dict(patient.genotypes),
        diagnosed_conditions=patient.conditions,
        current_medications=patient.current_medications,
        symptom_duration_months=_months(patient.journey.first_symptom_date, last),
        family_history=tuple(f"{relative.relation}: {relative.condition}" for relative in patient.family_history),
        extensions={
            "allergies": list(patient.allergies),
            "comorbidities": list(patient.comorbidities),
            "serology": {item.name: item.result for item in patient.serology},
            "prior_medications": _prior(patient),
            "instrument_items": _instrument_items(patient),
            "qualitative_antibodies": {finding.name: finding.positive for finding in worded},
            **({"pregnancy": patient.pregnancy} if patient.pregnancy else {}),
            **patient.extensions,
        },
    )


def _months(first: datetime.date, last: datetime.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def _biomarkers(patient: DemoPatient) -> dict[str, float | MeasuredValue]:
    latest: dict[str, float | MeasuredValue] = {}
    days: dict[str, datetime.date] = {}
    for document in patient.documents:
        for panel in document.labs:
            for result in panel.results:
                if result.value is None or result.comparator or panel.specimen_date < days.get(result.test, panel.specimen_date):
                    continue
                days[result.test] = panel.specimen_date
                latest[result.test] = MeasuredValue(
                    value=result.value, unit=result.unit, reference_range=result.reference_range, date=panel.specimen_date
                )
    return latest


def _antibodies(patient: DemoPatient) -> tuple[list[AntibodyFinding], list[AntibodyFinding]]:
    latest: dict[str, AntibodyFinding] = {}
    for document in patient.documents:
        for finding in document.antibodies:
            known = latest.get(finding.name)
            if known is None or finding.specimen_date >= known.specimen_date:
                latest[finding.name] = finding
    numeric = [finding for finding in latest.values() if _number(finding) is not None]
    return numeric, [finding for finding in latest.values() if _number(finding) is None]


def _number(finding: AntibodyFinding) -> float | None:
    return float(finding.titer.partition(":")[2]) if finding.titer else finding.value


def _panel(patient: DemoPatient, findings: list[AntibodyFinding]) -> AntibodyPanel | None:
    if not findings:
        return None
    results = tuple(
        AntibodyResult(
            antibody=finding.name, value=number, unit=finding.unit, reference_range=finding.reference_range,
            positive=finding.positive, titer=finding.titer, pattern=finding.pattern,
        )
        for finding in findings
        if (number := _number(finding)) is not None
    )
    collected = max(finding.specimen_date for finding in findings)
    return AntibodyPanel(patient_id=patient.id, collection_date=collected, results=results)


def _hla(patient: DemoPatient) -> HlaProfile | None:
    loci: dict[str, tuple[str, ...]] = {}
    for document in patient.documents:
        if document.hla is None:
            continue
        typed: dict[str, list[str]] = {}
        for allele in document.hla.alleles:
            typed.setdefault(_LOCI[allele.partition("*")[0]], []).append(allele)
        loci |= {locus: tuple(alleles) for locus, alleles in typed.items()}
    return HlaProfile(**loci) if loci else None


def _instrument_items(patient: DemoPatient) -> dict[str, dict[str, object]]:
    return {score.instrument: _items(score) for document in patient.documents for score in document.activity}


def _items(score: ActivityScore) -> dict[str, object]:
    """Return the items as the instrument takes them; a checklist prints points where the instrument asks yes or no."""
    if score.instrument == "EDSS":
        return {"edss": score.value}
    if score.instrument not in _CHECKLISTS:
        return {name: [] if name == "complications" and not value else value for name, value in score.items.items()}
    present: dict[str, object] = {name: value > 0 for name, value in score.items.items()}
    # the printed total is the sum of the printed items, so the others were looked for and absent
    return present | ({"all_others_absent": True} if score.instrument == "SLEDAI-2K" else {})


def _prior(patient: DemoPatient) -> list[str]:
    current = " ".join(patient.current_medications).lower()
    return list(
        dict.fromkeys(
            f"{medication.name} ({medication.note})" if medication.note else medication.name
            for document in patient.documents
            for medication in _stopped(document)
            if medication.name.split()[0].lower() not in current
        )
    )


def _stopped(document: DemoDocument) -> list[Medication]:
    return [m for m in document.medications if m.status in (MedicationStatus.STOPPED, MedicationStatus.PAST)]
