"""What the classification page remembers between runs: the variant, the scheme, and what an expert entered but has not saved.

A variant is kept as a place with alleles, or as a row of a table; the row alone is in the address, as opaque numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import streamlit as st

from components import state
from services.genomics.genome import GenomeBuild
from services.variants.classification.content import ClassificationContent, ExcludedEvidence, ExpertEntry, OwnEvidence, Scheme

SCHEME = "classify.scheme"
_TARGET = "classify.target"
_ENTERED = "classify.entered"
_EDITED = "classify.edited"
_QUERY_ROW = "row"
_MAX_ROW_DIGITS = 12


@dataclass(frozen=True, slots=True)
class RowTarget:
    """A row of a table."""

    table_id: str
    row_id: int


@dataclass(frozen=True, slots=True)
class EnteredTarget:
    """A variant that somebody entered, with the names it was found by. `end` is set for copy number variants only."""

    build: GenomeBuild
    chrom: str
    pos: int
    ref: str
    alt: str
    end: int | None = None
    gene: str = ""
    hgvs_coding: str = ""
    hgvs_protein: str = ""


Target = RowTarget | EnteredTarget


@dataclass(frozen=True, slots=True)
class _Entered:
    """What was entered for one variant and scheme, saved or not."""

    key: str
    entries: Mapping[str, ExpertEntry]
    own: tuple[OwnEvidence, ...]
    excluded: Mapping[str, str]


def target() -> Target | None:
    """The variant to classify: from this session, or the row that the address names."""
    if _TARGET not in st.session_state:
        row = st.query_params.get(_QUERY_ROW, "")
        table_id = state.table_id()
        is_row = table_id is not None and row.isdecimal() and len(row) <= _MAX_ROW_DIGITS
        st.session_state[_TARGET] = RowTarget(table_id, int(row)) if is_row and table_id else None
    chosen: Target | None = st.session_state[_TARGET]
    return chosen


def choose(chosen: Target | None) -> None:
    """Turn to another variant; what was entered for the one before is forgotten."""
    st.session_state[_TARGET] = chosen
    for key in (_ENTERED, _EDITED):
        st.session_state.pop(key, None)


def choose_row(table_id: str, row_id: int, *, is_copy_number: bool) -> None:
    """Turn to a row of a table, under a scheme that fits its alleles. Before the page is drawn."""
    choose(RowTarget(table_id, row_id))
    if is_copy_number != (scheme() is Scheme.CNV):
        st.session_state[SCHEME] = Scheme.CNV if is_copy_number else Scheme.ACMG


def link() -> None:
    """Keep the address in step: a row of a table is named in it, an entered variant is not."""
    chosen = target()
    if isinstance(chosen, RowTarget):
        state.open_table(chosen.table_id)
        state.link_table()
        st.query_params[_QUERY_ROW] = str(chosen.row_id)
    else:
        st.query_params.pop(_QUERY_ROW, None)


def scheme() -> Scheme:
    chosen: Scheme = st.session_state.get(SCHEME) or Scheme.ACMG
    return chosen


def begin(key: str, latest: ClassificationContent | None) -> None:
    """Start from what the newest version says, once for each variant and scheme."""
    standing: _Entered | None = st.session_state.get(_ENTERED)
    if standing is None or standing.key != key:
        entries = {one.code: one for one in latest.expert} if latest else {}
        own, excluded = (latest.own_evidence, latest.excluded_evidence) if latest else ((), ())
        st.session_state[_ENTERED] = _Entered(key, entries, own, {one.id: one.reason for one in excluded})
        st.session_state[_EDITED] = None


def expert() -> Mapping[str, ExpertEntry]:
    """What an expert entered, by criterion or cell."""
    return _entered().entries


def own_evidence() -> tuple[OwnEvidence, ...]:
    """The clinical evidence that was added."""
    return _entered().own


def excluded_evidence() -> tuple[ExcludedEvidence, ...]:
    """The clinical evidence that was left out, with the reasons."""
    return tuple(ExcludedEvidence(id=name, reason=reason) for name, reason in _entered().excluded.items())


def _entered() -> _Entered:
    return st.session_state.get(_ENTERED) or _Entered("", {}, (), {})


def enter(entry: ExpertEntry, *, instead_of: Iterable[str] = ()) -> None:
    """Take an entry, in place of the one for its criterion and of those for `instead_of`."""
    standing = _entered()
    kept = {name: one for name, one in standing.entries.items() if name not in instead_of}
    st.session_state[_ENTERED] = replace(standing, entries={**kept, entry.code: entry})
    st.session_state[_EDITED] = None


def withdraw(*codes: str) -> None:
    standing = _entered()
    kept = {name: one for name, one in standing.entries.items() if name not in codes}
    st.session_state[_ENTERED] = replace(standing, entries=kept)
    st.session_state[_EDITED] = None


def add_evidence(one: OwnEvidence) -> None:
    standing = _entered()
    st.session_state[_ENTERED] = replace(standing, own=(*standing.own, one))


def take_back_evidence(number: int) -> None:
    """Take the evidence away that was added as the `number`-th, from 0."""
    standing = _entered()
    kept = tuple(one for place, one in enumerate(standing.own) if place != number)
    st.session_state[_ENTERED] = replace(standing, own=kept)


def exclude_evidence(item: str, reason: str) -> None:
    standing = _entered()
    st.session_state[_ENTERED] = replace(standing, excluded={**standing.excluded, item: reason})


def include_evidence(item: str) -> None:
    standing = _entered()
    kept = {name: reason for name, reason in standing.excluded.items() if name != item}
    st.session_state[_ENTERED] = replace(standing, excluded=kept)


def edited() -> str | None:
    """The criterion or cell whose editor is open."""
    code: str | None = st.session_state.get(_EDITED)
    return code


def edit(code: str | None) -> None:
    st.session_state[_EDITED] = code
