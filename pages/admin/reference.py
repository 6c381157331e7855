"""Reference data: what is built in, installed and missing; install from a source or a file, choose a version, remove."""

from __future__ import annotations

import streamlit as st

from components import reference_install, reference_packs
from components.feedback import explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.ADMINISTER)
services = get_services()

st.title("Reference data")
st.markdown("What variants are compared with. Each pack has a version, which is written to everything that was made with it.")
with explained():
    reference_packs.built_in()
    st.subheader("Installed")
    reference_packs.installed(services, access)
    st.subheader("Install")
    reference_install.show(services, access)
    st.subheader("Missing")
    reference_packs.missing(services)
