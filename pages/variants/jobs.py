"""Jobs: what is being imported, how far it is, what failed and why."""

from __future__ import annotations

import streamlit as st

from components import job_monitor
from components.feedback import explained
from components.runtime import Need, get_services, require_access

access = require_access(Need.PATIENTS)
services = get_services()

st.title("Jobs")
if not services.jobs.running:
    st.warning("The job queue is not running, so jobs wait. Restart the program; the log says what stood in the way.",
               icon=":material/warning:")
with explained():
    job_monitor.show(services, access)
