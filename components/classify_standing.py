"""How a variant is classified by now, in one line for each standard: for the explorer's row and the patient's analysis."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from components.analysis_words import badge, inline
from components.classify_words import class_word
from services.access.principals import Principal
from services.container import Services
from services.variants.classification.store import Classified
from services.variants.identity import VariantIdentity


def of_variant(services: Services, access: Principal, identity: VariantIdentity) -> None:
    """Draw the newest version of each standard; nothing where the variant was never classified."""
    newest: dict[str, Classified] = {}
    for one in services.classifier.store.history(access, identity):
        newest.setdefault(one.scheme, one)
    lines(newest.values())


def of_patient(services: Services, access: Principal, patient_id: str) -> None:
    """Draw the classifications that name a patient, with their variants."""
    found = services.classifier.store.of_patient(access, patient_id)
    if not found:
        return
    st.markdown("**Classified variants of this patient**")
    lines(found, named=True)
    st.caption("Kept on the classification page with this patient's name. How many copies the patient carries is not part of it.")


def lines(found: Iterable[Classified], *, named: bool = False) -> None:
    """Draw one line for each version; `named` says the variant too."""
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if named:
                change = one.content.hgvs or f"{one.assembly} {one.chrom}-{one.pos}-{one.ref}-{one.alt}"
                st.markdown(f"**{inline(' '.join(part for part in (one.gene, change[:120]) if part))}**", width="content")
            badge(class_word(one.classification))
            signed = f"signed by {one.signed_by}, {one.signed_at:%Y-%m-%d}" if one.signed_at else "not signed"
            condition = f", for {one.content.condition}" if one.content.condition else ""
            icon = "lock" if one.signed_at else "lock_open"
            st.caption(f":material/{icon}: {inline(f'{one.scheme.label}, version {one.version}{condition}, {signed}')}")
