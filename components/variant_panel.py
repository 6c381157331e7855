"""The selected row at the side, with all its evidence: notes, place, genotypes, annotation, INFO, other tables that hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components import (
    classify_session,
    classify_standing,
    state,
    variant_annotation,
    variant_comments,
    variant_flags,
    variant_session,
)
from components.feedback import show_error
from components.formatting import counted, plain
from components.variant_grid import cell_text
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.variants.library import TableInfo
from services.variants.notes import NoteSubject, gene_of
from services.variants.presets import Group, group_of
from services.variants.tables import VariantTable

_LONG = 400
_HEIGHT = 610
_LOOK_UP = {GenomeBuild.GRCH38: "gnomad_r4", GenomeBuild.GRCH37: "gnomad_r2_1"}
_MAX_LINKED_ALLELE = 50


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the selected row; nothing where none is selected."""
    row_id = variant_session.selected_row()
    if row_id is None:
        return
    with st.container(border=True, height=_HEIGHT):
        try:
            table = services.workbench.questions.table(access, info.id)
            row = services.workbench.questions.row(access, info.id, row_id)
        except ParatopeError as error:
            show_error(error)
            return
        subject = _subject(services, access, info, row)
        _head(info, table, row)
        if subject is not None:
            classify_standing.of_variant(services, access, subject.identity)
            variant_flags.show(services, access, subject)
            variant_comments.show(services, access, subject)
            _elsewhere(services, access, info, subject)
        _evidence(table, row)


def _subject(services: Services, access: Principal, info: TableInfo, row: Mapping[str, Any]) -> NoteSubject | None:
    if info.assembly is None:
        st.caption("State the build of this table to flag or comment on its variants.")
        return None
    try:
        return services.workbench.questions.subject(access, info.id, row)
    except ParatopeError as error:
        show_error(error)
        return None


def _head(info: TableInfo, table: VariantTable, row: Mapping[str, Any]) -> None:
    alleles = f"{cell_text(row['ref'] or '.', 40)} > {cell_text(row['alt'] or '.', 40)}"
    gene = gene_of(row, table.facts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {plain(row['chrom'])}\\:{row['pos']} {plain(alleles)}", width="stretch")
        st.button(
            "Close", icon=":material/close:", key="explorer.row.close", type="tertiary", on_click=variant_session.close_row
        )
    build, kind = str(info.assembly or "build unknown"), str(row["variant_type"] or "").replace("_", " ")
    st.caption(plain(" · ".join(one for one in (gene, build, kind, row["id"]) if one)))
    written = f"{row['chrom']}-{row['pos']}-{row['ref'] or '.'}-{row['alt'] or '.'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Copy", icon=":material/content_copy:"):
            st.code(written[:2_000], language=None, wrap_lines=True)
        link = _gnomad(info, row)
        if link is not None:
            st.link_button("gnomAD", link, icon=":material/open_in_new:", help="Opens this variant at gnomad.broadinstitute.org")
        if info.assembly is not None and st.button("Classify", icon=":material/gavel:", key="explorer.row.classify"):
            symbolic = str(row["alt"] or "").startswith("<")
            classify_session.choose_row(info.id, row["row_id"], is_copy_number=symbolic)
            st.switch_page("pages/variants/classify.py")


def _gnomad(info: TableInfo, row: Mapping[str, Any]) -> str | None:
    chromosome = canonical_chromosome(row["chrom"] or "")
    alleles = (row["ref"] or "", row["alt"] or "")
    spelled = all(one and set(one) <= set("ACGT") and len(one) <= _MAX_LINKED_ALLELE for one in alleles)
    if info.assembly is None or chromosome is None or not spelled:
        return None
    place = f"{chromosome.replace('MT', 'M')}-{row['pos']}-{alleles[0]}-{alleles[1]}"
    return f"https://gnomad.broadinstitute.org/variant/{place}?dataset={_LOOK_UP[info.assembly]}"


def _elsewhere(services: Services, access: Principal, info: TableInfo, subject: NoteSubject) -> None:
    with st.expander("In other tables", icon=":material/travel_explore:", on_change="rerun", key="explorer.elsewhere") as opened:
        if not opened.open:
            return
        try:
            found = services.workbench.occurrences(access, subject.identity, without=info.id)
        except ParatopeError as error:
            show_error(error)
            return
        if not found.found:
            st.caption(f"In none of the {found.searched:,} other tables of {subject.identity.build}.")
        for number, one in enumerate(found.found[:50]):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(one.table.sample_name)}** · row {one.row_id + 1:,}")
                key = f"explorer.elsewhere.{number}"
                if st.button("Open", key=key, icon=":material/arrow_forward:", help=f"Open the table {one.table.name}"):
                    state.open_table(one.table.id)
                    variant_session.open_at(one.table.id, one.row_id)
                    st.rerun()
        if len(found.found) > 50:
            st.caption(f"and {len(found.found) - 50:,} more")
        if found.left_out:
            st.caption(f"{found.left_out:,} older tables were not searched.")


def _evidence(table: VariantTable, row: Mapping[str, Any]) -> None:
    groups: dict[Group, list[Mapping[str, Any]]] = {group: [] for group in Group}
    for entry in table.columns:
        groups[group_of(entry)].append(entry)
    for group, entries in groups.items():
        if group is Group.GENOTYPES:
            _genotypes(entries, row)
        elif group is Group.REFERENCE:
            if entries:
                variant_annotation.values(entries, row, table)
        elif entries:
            _values(group, entries, row)


def _values(group: Group, entries: list[Mapping[str, Any]], row: Mapping[str, Any]) -> None:
    present = [entry for entry in entries if row[entry["name"]] is not None]
    missing = [str(entry["name"]) for entry in entries if row[entry["name"]] is None]
    with st.expander(f"{group.value} ({len(present)})", expanded=group is Group.ANNOTATION):
        if present:
            st.table({plain(str(one["name"])): plain(cell_text(row[one["name"]], _LONG)) for one in present}, border="horizontal")
        if missing:
            st.caption(f"Missing: {plain(', '.join(missing))}")


def _genotypes(entries: list[Mapping[str, Any]], row: Mapping[str, Any]) -> None:
    if not entries:
        return
    fields: dict[str, dict[str, str]] = {}
    for entry in entries:
        field = str(entry["name"]).removesuffix(f".{entry['sample']}")
        value = row[entry["name"]]
        shown = "missing" if value is None else cell_text(value, 60)
        fields.setdefault(field, {})[str(entry["sample"])] = plain(shown)
    told = {field: values for field, values in fields.items() if set(values.values()) != {"missing"}}
    samples = list(dict.fromkeys(str(entry["sample"]) for entry in entries))
    with st.expander(f"{Group.GENOTYPES.value} ({counted(len(samples), 'sample')})", expanded=len(samples) <= 8):
        if told:
            few = samples[:100]
            st.table(
                [{"Sample": plain(one), **{plain(field): values.get(one, "") for field, values in told.items()}} for one in few],
                border="horizontal", hide_index=True,
            )  # fmt: skip
            if len(samples) > len(few):
                st.caption(f"The first {len(few)} of {len(samples):,} samples; the columns of all can be chosen for the grid.")
        silent = [field for field in fields if field not in told]
        if silent:
            st.caption(f"Missing for every sample: {plain(', '.join(silent))}")
