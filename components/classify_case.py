"""What is said of the case: the disease or tumour type, phenotype terms with their fit to the gene, a description."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import classify_session
from components.analysis_words import inline
from components.classify_tumour import choose_tumour
from services.container import Services
from services.knowledge.genes import gene as known_gene
from services.variants.classification.content import MAX_NOTE, MAX_TERMS, ClassificationContent, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.phenotypes import find_terms, fit_of, known_terms

_SEARCHED = 100


def condition(services: Services, scheme: Scheme, symbol: str, latest: ClassificationContent | None, key: str) -> str:
    """Draw what the class is for, the disease or the tumour type; it begins as the newest version has it."""
    before = latest.condition if latest else ""
    if scheme is Scheme.AMP:
        return choose_tumour(services, "Tumour type", before, f"{key}.condition")
    return _disease(symbol, before, key)


def choose(scheme: Scheme, symbol: str, stated: str, latest: ClassificationContent | None, key: str) -> Context:
    """Draw the questions about the case; their answers begin as the newest version has them. `stated` is its condition."""
    terms: tuple[str, ...] = ()
    if scheme is Scheme.ACMG:
        terms = _terms(symbol, latest, key)
    description = st.text_area(
        "Description of the case", latest.description if latest else "", max_chars=MAX_NOTE, key=f"{key}.description",
        help="Kept with the version; the class does not depend on it",
    )  # fmt: skip
    return Context(stated, terms, description.strip())


def _disease(symbol: str, before: str, key: str) -> str:
    listed = known_gene(symbol) if symbol else None
    options = list(dict.fromkeys(one.name for one in listed.diseases if one.inheritance)) if listed else []
    options += [before] if before and before not in options else []
    chosen: str | None = st.selectbox(
        "Disease", options, index=options.index(before) if before else None, key=f"{key}.condition", accept_new_options=True,
        placeholder="Not stated", help="Decides the inheritance and mechanism where the gene's diseases differ",
    )  # fmt: skip
    return (chosen or "").strip()[:300]


def _terms(symbol: str, latest: ClassificationContent | None, key: str) -> tuple[str, ...]:
    search = st.text_input(
        "Search phenotype terms (HPO)", key=f"{key}.term", max_chars=_SEARCHED, placeholder="recurrent fever or HP:0001954"
    )
    found = [term.label for term in find_terms(search)] if search.strip() else []
    if search.strip() and not found:
        st.caption("No term of the ontology has this in its name.")
    before = list(latest.phenotype_terms) if latest else []
    standing: list[str] = st.session_state.get(f"{key}.terms", before)
    chosen = st.multiselect(
        "Phenotype terms", list(dict.fromkeys([*standing, *found])), default=before, key=f"{key}.terms", max_selections=MAX_TERMS,
        placeholder="Choose among the terms found",
    )
    if chosen and symbol:
        with st.container(border=True):
            support(symbol, chosen)
            st.caption("PP4 asks for a phenotype highly specific for one disease: enter it under PP4 in *Criteria*.")
            st.button("Open PP4", key=f"{key}.pp4", icon=":material/edit:", on_click=classify_session.edit, args=("PP4",))
    return tuple(chosen)


def support(symbol: str, chosen: Sequence[str]) -> None:
    """Say how the chosen terms lie to those of the gene, and which terms tell the gene best."""
    if not symbol:
        st.caption("The gene is not known: phenotype terms cannot be compared.")
        return
    if not chosen:
        st.caption("No phenotype terms yet: choose them under *Case* to see how they fit the gene.")
    else:
        fit = fit_of(symbol, chosen)
        st.markdown(f"**Support for PP4** {inline(fit.sentence)}")
        for label, terms in (("Fits", fit.fitting), ("Not annotated to the gene", fit.others)):
            if terms:
                st.caption(f"{label}: {inline(', '.join(term.label for term in terms))}")
        if fit.unknown:
            st.caption(f"No current term: {inline(', '.join(fit.unknown))}")
    known = known_terms(symbol)
    if known:
        names = ", ".join(f"{term.name} ({genes:,})" for term, genes in known)
        st.caption(f"Most telling terms of {inline(symbol)}, with the number of genes that have each: {inline(names)}")
