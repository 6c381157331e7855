"""The classification of a table's rows: what an earlier run wrote, and the button that classifies what passes the filter."""

from __future__ import annotations

import streamlit as st

from components import variant_session
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.pipelines.batch_classification import MAX_ROWS
from services.variants.library import TableInfo
from services.variants.tables import VariantTable


def show(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    """Draw the popover in which the rows that pass the filter are classified; `total` is how many pass."""
    with st.popover("Classify these", icon=":material/gavel:", on_change="rerun", key="explorer.classify") as opened:
        if not opened.open:
            return
        try:
            _account(services.workbench.questions.table(access, info.id))
            _form(services, access, info, total)
        except ParatopeError as error:
            show_error(error)


def _account(table: VariantTable) -> None:
    made = table.manifest.get("classification")
    if made is None:
        return
    classes = ", ".join(f"{count:,} {name}" for name, count in made["classes"].items()) or "none"
    st.caption(plain(f"Classified {made['made_at'][:10]} with rules {made['rules_version']}: {classes}."))
    versions = ", ".join(f"{name}: {version}" for name, version in made["data_versions"].items())
    st.caption(plain(f"Evidence: {versions}"))


def _form(services: Services, access: Principal, info: TableInfo, total: int) -> None:
    if info.assembly is None:
        st.info("State the genome build of this table first: evidence is looked up by place.", icon=":material/help:")
        return
    st.markdown(
        f"Judges the **{total:,}** variants that pass the filter under ACMG/AMP, from what is installed and annotated, and "
        "writes the columns *acmg_class*, *acmg_points* and *acmg_criteria* into the table. An earlier run is replaced. What "
        "needs an expert is left open: these classes are a first look, not reviewed."
    )
    if total > MAX_ROWS:
        st.caption(f"At most {MAX_ROWS:,} at once: narrow the filter.")
    possible = 0 < total <= MAX_ROWS
    if st.button("Classify", key="explorer.classify.start", type="primary", icon=":material/play_arrow:", disabled=not possible):
        condition = services.workbench.marks.resolve(access, info.id, variant_session.view().condition)
        services.batch_classification.submit(access, info.id, condition)
        st.success("Queued. The columns appear when the job is done.", icon=":material/schedule:")
        st.page_link("pages/variants/jobs.py", label="Watch the job", icon=":material/checklist:")
