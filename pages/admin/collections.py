"""Collections: counts, model, schema, rows; search in one; create, rebuild, drop, export."""

from __future__ import annotations

import streamlit as st

from components import collection_admin
from components.feedback import explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.ADMINISTER)
services = get_services()

st.title("Collections")
with explained():
    chosen = collection_admin.overview(services)
    if chosen is not None:
        st.subheader(chosen.collection.name)
        collection_admin.details(services, access, chosen)
    collection_admin.maintenance(services)
