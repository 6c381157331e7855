"""Explorer: one variant table of any size; filter, sort, look at a variant with all its evidence, flag, comment, export."""

from __future__ import annotations

import streamlit as st

from components import (
    variant_annotation,
    variant_charts,
    variant_patient,
    variant_rejected,
    variant_session,
    variant_tables,
    variant_toolbar,
    variant_workspace,
)
from components.feedback import empty, explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()

head = st.container(horizontal=True, vertical_alignment="bottom")
head.title("Variants", width="content")
with explained():
    table = variant_tables.choose(services, access, head)
if table is None:
    empty("No table yet. Upload a VCF, CSV or TSV file: when its import is done, the table is here.", icon=":material/table:")
    st.page_link("pages/variants/upload.py", label="Upload a file", icon=":material/upload:")
    st.stop()

if not table.available:
    st.error("The files of this table are gone. Delete it, and import the file again.", icon=":material/folder_off:")
    variant_tables.delete(services, access, table)
    st.stop()

with explained():
    variant_session.follow(services, access, table)
    with st.container(horizontal=True, gap="xsmall"):
        variant_patient.show(services, access, table)
        variant_tables.about(services, access, table)
        variant_annotation.show(services, access, table)
    variant_tables.ask_build(services, access, table)
    variant_toolbar.filters(services, access, table)
    shown, total = variant_toolbar.counts(services, access, table)

with explained():
    if shown == variant_toolbar.Shown.CHARTS:
        variant_charts.show(services, access, table)
    elif shown == variant_toolbar.Shown.REJECTED:
        variant_rejected.show(services, access, table)
    elif total is not None:
        variant_workspace.show(services, access, table, total)
