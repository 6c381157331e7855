"""The form for a patient's record: person, laboratory, antibodies, HLA and genotypes, context. Saved as one profile."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from components import analysis_context_form, analysis_record, analysis_session
from components.analysis_record import LOCI, Entered
from components.feedback import show_error
from services.access.principals import Principal
from services.clinical.disease import Disease
from services.container import Services
from services.errors import ParatopeError
from services.patients.registry import Patient

_NOT_STATED = "not stated"
_ONE_A_LINE = "one per line"


def show(services: Services, access: Principal, patient: Patient) -> None:
    """Draw the form; "Save" stores the record, "Save and analyse" also runs the analysis."""
    record = patient.profile
    today = analysis_session.today()
    with st.form(f"analysis.form.{analysis_session.revision()}", border=False, enter_to_submit=False):
        person, labs, antibodies, genetics, context = st.tabs(
            ["Person and diagnoses", "Laboratory", "Antibodies", "HLA and genotypes", "Context"]
        )
        with person:
            fields = _person(patient, record, today)
        with labs:
            lab_rows = _labs(record)
        with antibodies:
            antibody_rows, collected = _antibodies(record)
        with genetics:
            alleles, genotypes = _genetics(record)
        with context:
            stated = analysis_context_form.show(record.get("extensions", {}), _key, _edited)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", icon=":material/save:", key=_key("save"))
            run = st.form_submit_button("Save and analyse", icon=":material/play_arrow:", type="primary", key=_key("run"))
        st.caption("What is left empty is unknown: never zero, normal or negative. Entries are kept when you save.")
    if save or run:
        entered = Entered(labs=lab_rows, antibodies=antibody_rows, collected_on=collected, alleles=alleles,
                          genotypes=genotypes, context=stated, **fields)  # fmt: skip
        _store(services, access, patient, entered, today, analyse=run)


def known_age(patient: Patient) -> int | None:
    """The age in the record, else the one that follows from the date of birth."""
    age: int | None = patient.profile.get("age")
    return age if age is not None else patient.age_on(analysis_session.today())


def known_sex(patient: Patient) -> str | None:
    sex: str | None = patient.profile.get("sex")
    return sex or patient.sex


def _store(
    services: Services, access: Principal, patient: Patient, entered: Entered, today: datetime.date, *, analyse: bool
) -> None:
    try:
        profile = analysis_record.to_profile(patient, entered, today)
        analysis_session.save(services, access, profile)
        if analyse:
            analysis_session.run(services, access, services.patients.get(patient.id, access))
    except ParatopeError as error:  # the form stays as typed, with the reason above it
        show_error(error)
        return
    st.toast("Saved", icon=":material/check:")
    st.rerun()


def _key(name: str) -> str:
    return f"analysis.form.{analysis_session.revision()}.{name}"


def _person(patient: Patient, record: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        age = st.number_input("Age (years)", 0, 150, value=record.get("age", patient.age_on(today)), step=1, key=_key("age"))
        sexes = ["F", "M"]
        known = record.get("sex") or patient.sex
        sex = st.segmented_control("Sex", sexes, default=known if known in sexes else None, key=_key("sex"),
                                   format_func=lambda one: {"F": "female", "M": "male"}[one])  # fmt: skip
        months = st.number_input("Symptoms for (months)", 0, 1800, value=record.get("symptom_duration_months"), step=1,
                                 key=_key("months"), placeholder=_NOT_STATED)  # fmt: skip
        conditions = st.multiselect(
            "Diagnosed conditions", [one.value for one in Disease], default=record.get("diagnosed_conditions", []),
            format_func=lambda one: Disease(one).label, key=_key("conditions"), placeholder="none entered",
        )
    with right:
        medications = st.text_area("Current medications", "\n".join(record.get("current_medications", ())), height=150,
                                   key=_key("medications"), placeholder=_ONE_A_LINE, max_chars=20_000)  # fmt: skip
        family = st.text_area("Family history", "\n".join(record.get("family_history", ())), height=90, max_chars=20_000,
                              key=_key("family"), placeholder=f"{_ONE_A_LINE}, e.g. mother: psoriasis")  # fmt: skip
    return {
        "age": None if age is None else int(age), "sex": sex, "symptom_duration_months": None if months is None else int(months),
        "conditions": conditions, "medications": medications, "family_history": family,
    }  # fmt: skip


def _labs(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    st.caption("One row for each result. Several dated results of one test make a course; the latest counts.")
    frame = _frame(analysis_record.lab_rows(record), ("Test", "Value", "Unit", "Reference range", "Date"))
    frame["Date"] = pd.to_datetime(frame["Date"]).dt.date
    return _edited(
        frame, "labs", "Laboratory results",
        {"Date": st.column_config.DateColumn(format="YYYY-MM-DD", help="Date of the specimen"),
         "Value": st.column_config.TextColumn(help="A number; decimal point or comma")},
    )  # fmt: skip


def _antibodies(record: Mapping[str, Any]) -> tuple[list[dict[str, Any]], datetime.date | None]:
    panel = record.get("autoantibody_panel") or {}
    day = panel.get("collection_date")
    collected = st.date_input("Collected on", value=datetime.date.fromisoformat(day) if day else None, key=_key("collected"),
                              format="YYYY-MM-DD", help="Today where nothing is entered")  # fmt: skip
    columns = ("Antibody", "Value", "Unit", "Reference range", "Result", "Titer", "Pattern")
    rows = _edited(
        _frame(analysis_record.antibody_rows(record), columns), "antibodies", "Antibody results",
        {"Result": st.column_config.SelectboxColumn(options=["positive", "negative", "equivocal"], help="As reported"),
         "Titer": st.column_config.TextColumn(help="e.g. 1:320 or <1:80")},
    )  # fmt: skip
    return rows, collected


def _genetics(record: Mapping[str, Any]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    typing = record.get("hla_profile") or {}
    st.caption("Alleles as the laboratory wrote them, separated by commas.")
    columns = st.columns(2)
    alleles = {
        locus: columns[position % 2].text_input(
            f"HLA-{locus}", ", ".join(typing.get(f"hla_{locus.lower()}", ())), key=_key(f"hla.{locus}"), max_chars=300,
            placeholder=f"e.g. {locus}*04:01",
        )
        for position, locus in enumerate(LOCI)
    }
    genotypes = [{"Gene": gene, "Genotype": written} for gene, written in record.get("genotypes", {}).items()]
    frame = _frame(genotypes, ("Gene", "Genotype"))
    return alleles, _edited(frame, "genotypes", "Pharmacogene genotypes, e.g. TPMT *1/*3A", {})


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype({column: "string" for column in columns if column != "Date"})


def _edited(frame: pd.DataFrame, name: str, alt: str, config: dict[str, Any], *, fixed: bool = False) -> list[dict[str, Any]]:
    """Draw a table to be edited; returns its rows, an empty cell as None."""
    edited = st.data_editor(
        frame, key=_key(name), num_rows="fixed" if fixed else "dynamic", hide_index=True, column_config=config, alt=alt,
        height=320 if len(frame) > 8 else "content", placeholder=_NOT_STATED,
    )
    rows = edited.astype(object).where(edited.notna(), None).to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in rows]
