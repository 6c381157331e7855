"""Whose variants a table holds, and what it says of them: which sample is which patient, and the findings in the explorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import genomic_view, state, variant_session
from components.analysis_words import inline
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.library import TableInfo
from services.variants.links import SampleChoice, TableLink, proposed

_ANALYSIS = "pages/patients/analysis.py"
_NOT_HERE = ""


def show(services: Services, access: Principal, table: TableInfo) -> None:
    """Draw the patients of the table with the way to change them, and the way to its findings."""
    names = {one.id: one.name for one in services.patients.list(access)}
    samples = services.variants.samples(table)
    with st.popover(_label(table, names, samples), icon=":material/person:", on_change="rerun", key="explorer.patient",
                    help="The patients whose samples this table holds") as opened:  # fmt: skip
        if opened.open:
            _patients(services, access, table, names, samples)
    if st.button("Findings", icon=":material/genetics:", key="explorer.findings",
                 help="Well-known and reported variants, deletions, and pharmacogenes, in this table"):  # fmt: skip
        _findings(services, access, table, names, samples)


def _label(table: TableInfo, names: Mapping[str, str], samples: Sequence[str]) -> str:
    if not table.links:
        return "No patient"
    if len(table.links) > 1:
        return f"{len(table.links)} patients"
    link = table.links[0]
    sample = "" if len(samples) <= 1 else f" · {link.choice.sample or 'sample not chosen'}"
    return inline(f"{names.get(link.patient_id, link.patient_id)}{sample}")


def _patients(
    services: Services, access: Principal, table: TableInfo, names: Mapping[str, str], samples: Sequence[str]
) -> None:
    for link in table.links:
        _linked(services, access, table, link, names, samples)
    if not names:
        st.markdown("There is no patient yet: create one under **Analysis**.")
        return
    ids = list(names)
    index = ids.index(table.patient_id) if table.patient_id is not None and table.patient_id in names else None
    chosen = st.selectbox(
        "Patient", ids, index=index, format_func=lambda one: f"{names[one]} ({one})", placeholder="Choose a patient",
        key=f"explorer.patient.{table.id}",
    )  # fmt: skip
    choice = _choose_sample(services, access, table, chosen, samples) if len(samples) > 1 and chosen else SampleChoice()
    known = table.link_of(chosen) if chosen else None
    is_same = known is not None and (len(samples) <= 1 or known.choice == choice)
    st.caption("Findings of the table then appear in the patient's analysis, report and answers.")
    if st.button("Link" if known is None else "Change", type="primary", icon=":material/link:", key="explorer.patient.link",
                 disabled=chosen is None or is_same or (len(samples) > 1 and not choice.sample)):  # fmt: skip
        _link(services, access, table, chosen, choice)


def _linked(
    services: Services, access: Principal, table: TableInfo, link: TableLink, names: Mapping[str, str], samples: Sequence[str]
) -> None:
    """One patient of the table, with the ways to the analysis and out of it."""
    name = inline(names.get(link.patient_id, link.patient_id))
    if len(samples) <= 1:
        st.markdown(f"**{name}**")
    elif link.choice.sample:
        parents = [f"{who} {inline(one)}" for who, one in (("mother", link.choice.mother), ("father", link.choice.father)) if one]
        st.markdown(f"**{name}** is sample **{inline(link.choice.sample)}**" + (f" ({', '.join(parents)})" if parents else ""))
    else:
        st.warning(f"**{name}**: which of the {len(samples)} samples this is was not chosen, so nothing is read. Choose it "
                   "below.", icon=":material/help:")  # fmt: skip
    with st.container(horizontal=True):
        if st.button("Open the analysis", icon=":material/arrow_forward:", key=f"explorer.patient.open.{link.patient_id}",
                     type="tertiary"):  # fmt: skip
            state.choose_patient(link.patient_id)
            st.switch_page(_ANALYSIS)
        if st.button("Unlink", icon=":material/link_off:", key=f"explorer.patient.unlink.{link.patient_id}", type="tertiary"):
            _unlink(services, access, table, link.patient_id)


def _choose_sample(
    services: Services, access: Principal, table: TableInfo, patient_id: str, samples: Sequence[str]
) -> SampleChoice:
    """Ask which sample is the patient, and which are the parents, offering what is stated or what the file says itself."""
    manifest = services.workbench.questions.table(access, table.id).manifest
    known = table.link_of(patient_id)
    taken = {one.choice.sample: one.patient_id for one in table.links if one.patient_id != patient_id}
    offered = known.choice if known is not None and known.choice.sample else proposed(manifest, patient_id)
    key = f"explorer.patient.{table.id}.{patient_id}"
    options = list(samples)
    sample = st.selectbox(
        "Which sample is the patient?", options, index=options.index(offered.sample) if offered.sample in options else None,
        placeholder=f"Choose one of {len(options)} samples", key=f"{key}.sample",
        format_func=lambda one: f"{one} (linked to another patient)" if one in taken else one,
    )  # fmt: skip
    if known is None and offered.sample:
        is_named = offered.sample.casefold() == patient_id.casefold()
        why = "it is called like the patient" if is_named else "the file's pedigree has it as the child"
        st.caption(f":material/lightbulb: Proposed because {why}: check it.")
    if sample is None:
        return SampleChoice()
    others = [_NOT_HERE, *(one for one in options if one != sample)]
    left, right = st.columns(2)
    mother = _parent(left, "Mother", others, offered.mother, f"{key}.{sample}.mother")
    father = _parent(right, "Father", others, offered.father, f"{key}.{sample}.father")
    st.caption("With a parent, findings say whether a variant is inherited or new, and whether two lie on different chromosomes.")
    return SampleChoice(sample, mother, father)


def _parent(place: DeltaGenerator, label: str, options: list[str], offered: str, key: str) -> str:
    return place.selectbox(
        label, options, index=options.index(offered) if offered in options else 0, key=key,
        format_func=lambda one: one or "not in this table",
    )  # fmt: skip


def _link(services: Services, access: Principal, table: TableInfo, patient_id: str | None, choice: SampleChoice) -> None:
    try:
        services.variants.link(access, table.id, patient_id, choice)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()


def _unlink(services: Services, access: Principal, table: TableInfo, patient_id: str) -> None:
    try:
        services.variants.unlink(access, table.id, patient_id)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()


@st.dialog("Findings of this table", width="large")
def _findings(
    services: Services, access: Principal, table: TableInfo, names: Mapping[str, str], samples: Sequence[str]
) -> None:
    sample = ""
    if len(samples) > 1:
        people = {one.choice.sample: names.get(one.patient_id, one.patient_id) for one in table.links}
        options = list(samples)
        first = next((options.index(one) for one in people if one in options), None)
        sample = st.selectbox(
            "Sample", options, index=first, key=f"explorer.findings.sample.{table.id}", placeholder="Choose a sample",
            format_func=lambda one: f"{one}: {people[one]}" if one in people else one,
        ) or ""  # fmt: skip
    accept = st.toggle(
        "Take places without a record for reference", key="explorer.findings.accept",
        help="A file of variants leaves out what is reference and what was never tested alike. What rests on this is marked "
        "as presumed and is not used for treatment.",
    )  # fmt: skip
    try:
        found = services.genomic_findings.of_table(table.id, access, sample=sample, accept_missing=accept)
    except ParatopeError as error:
        show_error(error)
        return
    st.caption("Read from a file of variants: confirm what matters with an independent method.")
    genomic_view.table(found, f"explorer.findings.{table.id}.{sample}", open_row=lambda row_id: _select(table, row_id))


def _select(table: TableInfo, row_id: int) -> None:
    variant_session.show_row(table.id, row_id)
    st.rerun()
