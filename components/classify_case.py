"""What is said of the case: the disease or tumour type, phenotype terms with their fit to the gene, a description."""

from __future__ import annotations

import streamlit as st

from components import classify_session
from components.analysis_words import inline
from services.knowledge.genes import gene as known_gene
from services.knowledge.tumour_types import tumour_types
from services.variants.classification.content import MAX_NOTE, MAX_TERMS, ClassificationContent, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.phenotypes import find_terms, fit_of

_SEARCHED = 100


def choose(scheme: Scheme, symbol: str, latest: ClassificationContent | None, key: str) -> Context:
    """Draw the questions about the case; their answers begin as the newest version has them."""
    condition = _condition(scheme, symbol, latest, key)
    terms: tuple[str, ...] = ()
    if scheme is Scheme.ACMG:
        terms = _terms(symbol, latest, key)
    description = st.text_area(
        "Description of the case", latest.description if latest else "", max_chars=MAX_NOTE, key=f"{key}.description",
        help="Kept with the version; the class does not depend on it",
    )  # fmt: skip
    return Context(condition, terms, description.strip())


def _condition(scheme: Scheme, symbol: str, latest: ClassificationContent | None, key: str) -> str:
    before = latest.condition if latest else ""
    if scheme is Scheme.AMP:
        options, label = [one.name for one in tumour_types()], "Tumour type"
        tip = "Without a tumour type no variant is Tier I: evidence of one tumour does not count in another"
    else:
        listed = known_gene(symbol) if symbol else None
        options = list(dict.fromkeys(one.name for one in listed.diseases if one.inheritance)) if listed else []
        label, tip = "Disease", "Decides the inheritance and mechanism where the gene's diseases differ"
    options += [before] if before and before not in options else []
    chosen: str | None = st.selectbox(
        label, options, index=options.index(before) if before else None, key=f"{key}.condition", accept_new_options=True,
        placeholder="Not stated", help=tip,
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
        _fit(symbol, chosen, key)
    return tuple(chosen)


def _fit(symbol: str, chosen: list[str], key: str) -> None:
    fit = fit_of(symbol, chosen)
    with st.container(border=True):
        st.markdown(f"**Support for PP4** {inline(fit.sentence)}")
        for label, terms in (("Fits", fit.fitting), ("Not annotated to the gene", fit.others)):
            if terms:
                st.caption(f"{label}: {inline(', '.join(term.label for term in terms))}")
        if fit.unknown:
            st.caption(f"No current term: {inline(', '.join(fit.unknown))}")
        st.caption("PP4 asks for a phenotype highly specific for one disease: that is an expert's decision.")
        st.button("Decide on PP4", key=f"{key}.pp4", icon=":material/edit:", on_click=classify_session.edit, args=("PP4",))
