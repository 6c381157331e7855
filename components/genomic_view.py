"""What a variant table says of its patient: variants that matter, pharmacogenes, the places behind each call."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import state, variant_session
from components.analysis_words import SEVERITY, Word, badge, card, inline, row
from services.genomics.pgx import CallStatus, GeneCall, SiteState
from services.pipelines.genomic.model import TableFindings, VariantFinding
from services.pipelines.genomic.wording import (
    call_headline,
    drug_lines,
    drug_sources,
    evidence_line,
    phenotype_words,
    places_line,
    searched_line,
    variant_title,
)

EXPLORER = "pages/variants/explorer.py"
_SURE = {
    CallStatus.CALLED: Word("called", "check_circle", "green"),
    CallStatus.PRESUMED: Word("presumed: places missing", "help", "violet"),
    CallStatus.AMBIGUOUS: Word("ambiguous", "call_split", "orange"),
    CallStatus.NOT_CALLED: Word("not called", "do_not_disturb_on", "gray"),
}


def table(found: TableFindings, key: str, *, open_row: Callable[[int], None] | None = None) -> None:
    """Draw the findings of one table. `open_row` is what happens when a variant is to be looked at."""
    for note in found.notes:
        st.markdown(f":material/help: {inline(note)}")
    if not found.is_read:
        return
    st.markdown("**Variants**")
    if not found.variants:
        st.markdown("No row is a curated or reported pathogenic variant that the sample carries. That excludes nothing.")
    for one in found.variants:
        _variant(one, f"{key}.{one.key}", open_row)
    if searched := searched_line(found):
        st.caption(inline(searched))
    if found.genes:
        pharmacogenes(found.genes)


def _variant(one: VariantFinding, key: str, open_row: Callable[[int], None] | None) -> None:
    with card():
        with row():
            st.markdown(f"**{inline(variant_title(one))}**", width="content")
            badge(SEVERITY[one.severity])
            if open_row is not None and st.button("Show the row", key=f"{key}.open", icon=":material/table:", type="tertiary"):
                open_row(one.row_id)
        st.markdown(inline(one.meaning))
        if one.family:
            st.markdown(f":material/family_restroom: {inline(one.family)}")
        if one.action:
            st.markdown(f":material/arrow_forward: **Do:** {inline(one.action)}")
        grounds = "\n".join(f"- {inline(evidence_line(ground))}{_noted(ground.note)}" for ground in one.evidence)
        st.markdown(f"Why it is listed, at {inline(one.place)}:\n{grounds}")
        if one.diseases:
            st.markdown(f"Diseases of the gene: {inline('; '.join(one.diseases))}.")
        if one.limits:
            st.caption("\n".join(f"- {inline(limit)}" for limit in one.limits))


def _noted(note: str) -> str:
    return f": {inline(note)}" if note else ""


def pharmacogenes(calls: tuple[GeneCall, ...]) -> None:
    """Draw the table of pharmacogenes, and for each gene why, what for, and the places."""
    st.markdown("**Pharmacogenomics**")
    if all(site.state is SiteState.NOT_IN_FILE for call in calls for site in call.sites):
        names = ", ".join(call.gene for call in calls)
        places = sum(len(call.sites) for call in calls)
        st.markdown(f":material/do_not_disturb_on: Not called: the file has none of the {places} places of {names}. "
                    "That is no normal result.")  # fmt: skip
        return
    st.table(
        [
            {
                "Gene": call.gene, "Alleles": inline(call.diplotype or "not called"), "Phenotype": inline(phenotype_words(call)),
                "How sure": _SURE[call.status].text, "Places": places_line(call),
                "Counts for treatment": "yes" if call.for_therapy else "no",
            }
            for call in calls
        ],
        border="horizontal", hide_index=True,
    )  # fmt: skip
    for call in calls:
        with st.expander(inline(call_headline(call)), icon=f":material/{_SURE[call.status].icon}:"):
            _gene(call)


def _gene(call: GeneCall) -> None:
    for line in drug_lines(call) if call.pairs else ():
        st.markdown(f":material/medication: {inline(line)}")
    for reason in call.reasons:
        st.markdown(f":material/help: {inline(reason)}")
    if len(call.pairs) > 1:
        st.table(
            [
                {"Alleles": inline(pair.text), "Phenotype": inline(pair.phenotype.name or pair.phenotype.reason)}
                for pair in call.pairs
            ],
            border="horizontal", hide_index=True, width="content",
        )  # fmt: skip
    read = sorted(call.sites, key=lambda site: (not site.copies, site.state is SiteState.NOT_IN_FILE, site.position))
    st.dataframe(
        [
            {
                "rsID": site.rsid, "Position": site.position, "Change": f"{site.ref}>{site.alt}", "In the file": site.state.value,
                "Genotype": site.genotype, "Copies": _number(site.copies), "Reads": _number(site.depth), "Filter": site.filter,
            }
            for site in read
        ],
        hide_index=True, height=min(36 * (len(read) + 1), 300),
    )  # fmt: skip
    st.caption(inline(" ".join(call.limits)))
    st.caption(f"Sources: {inline('; '.join(drug_sources(call)))}")


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def open_in_explorer(table_id: str, row_id: int | None = None) -> None:
    """Leave for the explorer with this table open, and this row selected where one is given."""
    state.open_table(table_id)
    if row_id is not None:
        variant_session.show_row(table_id, row_id)
    st.switch_page(EXPLORER)
