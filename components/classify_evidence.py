"""The evidence panel: every fact that was looked at, with source and version; what is missing is said where it would stand."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from components.analysis_words import inline
from services.variants.classification.content import ClassificationContent, EvidenceRow


def show(content: ClassificationContent) -> None:
    """Draw the evidence by topic, then the versions it came from."""
    for topic, rows in groupby(content.evidence, key=lambda row: row.topic):
        st.markdown(f"**{inline(topic)}**")
        st.table([_line(row) for row in rows], border="horizontal", hide_index=True)
    st.markdown("**Versions**")
    st.table({inline(name): inline(version) for name, version in content.data_versions}, border="horizontal")


def _line(row: EvidenceRow) -> dict[str, str]:
    missing = ":violet[:material/help: not known]"
    source = " ".join(part for part in (row.source, row.version) if part)
    return {
        "No.": row.id, "Fact": inline(row.name), "Value": inline(row.value) if row.value is not None else missing,
        "Source": inline(source), "Note": inline(row.note),
    }  # fmt: skip
