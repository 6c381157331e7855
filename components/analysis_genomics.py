"""Genomic findings of a patient: what the linked variant tables say now, and whether the analysis on screen has it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from components import classify_standing, genomic_view
from components.analysis_hla import drugs
from components.analysis_session import Opened
from components.analysis_words import inline
from components.feedback import empty
from services.access.principals import Principal
from services.clinical.analysis.genomic import genomic_input
from services.container import Services
from services.patients.registry import Patient
from services.pipelines.genomic_findings import as_input


def show(services: Services, access: Principal, patient: Patient, opened: Opened | None, key: str) -> None:
    """Draw the findings table by table: those with something found first, within that the newest."""
    found = services.genomic_findings.of_patient(patient.id, access)
    classify_standing.of_patient(services, access, patient.id)
    if not found.tables:
        empty("No variant table is linked to this patient. That is not a negative result. Upload a file for the patient, or link "
              "a table in the explorer.", icon=":material/genetics:")  # fmt: skip
        st.page_link("pages/variants/upload.py", label="Upload a file", icon=":material/upload:")
        st.page_link(genomic_view.EXPLORER, label="Open the explorer", icon=":material/table:")
        return
    st.info("Read from files of variants: confirm what matters with an independent method. A file that is silent about a place "
            "says nothing about it.", icon=":material/genetics:")  # fmt: skip
    if opened is not None and genomic_input(opened.stored.profile)[0] != as_input(found):
        st.warning("The variant tables or what is known of them changed since this analysis. Run it again so that alerts and "
                   "therapy use what is shown here.", icon=":material/update:")  # fmt: skip
    if opened is not None:
        _stated(opened)
    for table in sorted(found.tables, key=lambda one: not (one.variants or any(gene.pairs for gene in one.genes))):
        parents = [f"{who} {name}" for who, name in (("mother", table.mother), ("father", table.father)) if name]
        sample = f"sample {table.sample}" if table.sample else ""
        named = [table.table_name, sample, *parents, str(table.build or "build unknown")]
        st.subheader(inline(" · ".join(part for part in named if part)), anchor=False)
        if table.sample is None and st.button("Open the table", icon=":material/table:", key=f"{key}.{table.table_id}.choose"):
            genomic_view.open_in_explorer(table.table_id)
        genomic_view.table(
            table, f"{key}.{table.table_id}", open_row=partial(genomic_view.open_in_explorer, table.table_id)
        )
    if opened is not None and opened.analysis.hla.pgx:
        st.markdown("**HLA alleles that matter for a drug** (from the HLA typing in the record)")
        drugs(opened.analysis.hla, key=f"{key}.hla")


def _stated(opened: Opened) -> None:
    """Where the record states a genotype that the file contradicts, show both first."""
    for finding in opened.analysis.cross_findings:
        if finding.agent == "pharmacogenomics" and "the record states" in finding.finding:
            st.error(f"**{inline(finding.finding)}** {inline(finding.action)}", icon=":material/compare_arrows:")
