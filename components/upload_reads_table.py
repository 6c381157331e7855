"""Which files are the reads of which sample: guessed from the names, shown as a small table, for the reader to put right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from components.formatting import plain
from services.pipelines.read_request import FAMILY_ROLES, ReadFile
from services.variants.calling.model import ROLES, Design
from services.variants.calling.pairing import guess_design, pair_files

DESIGNS: Mapping[Design, str] = {
    Design.GERMLINE: "One germline sample",
    Design.TRIO: "Child with both parents",
    Design.FAMILY: "Relatives, called together",
    Design.TUMOUR_ONLY: "Tumour without a normal sample",
    Design.TUMOUR_NORMAL: "Tumour with its normal sample",
}
_NONE = "single reads"
_SEXES = {"not stated": None, "female": "F", "male": "M"}
_USE, _SAMPLE, _ROLE, _SEX, _FIRST, _SECOND = "Use", "Sample", "Role", "Sex", "First reads (R1)", "Second reads (R2)"


def show(files: Mapping[str, ReadFile], key: str) -> tuple[Design, list[dict[str, Any]], list[str]]:
    """Draw design and table; returns the design, the samples as a request has them, and what stands against them.

    :param files: the files by the name to show, each name once.
    """
    names = list(files)
    lanes = pair_files([file.name for file in files.values()])
    guessed, roles = guess_design(list(dict.fromkeys(lane.sample for lane in lanes)))
    design = st.selectbox(
        "Design", list(DESIGNS), index=list(DESIGNS).index(guessed), format_func=DESIGNS.__getitem__, key=f"{key}.design"
    )
    wanted = ROLES.get(design, FAMILY_ROLES)
    frame = pd.DataFrame({
        _USE: [True] * len(lanes),
        _SAMPLE: [lane.sample for lane in lanes],
        _ROLE: [roles[lane.sample] if roles[lane.sample] in wanted else wanted[0] for lane in lanes],
        _SEX: ["not stated"] * len(lanes),
        _FIRST: [names[lane.first] for lane in lanes],
        _SECOND: [_NONE if lane.second is None else names[lane.second] for lane in lanes],
    })
    edited = st.data_editor(
        frame, key=f"{key}.lanes.{design.value}", hide_index=True, width="stretch", num_rows="fixed",
        alt="Lanes: the sample, its role and its files",
        column_config={
            _USE: st.column_config.CheckboxColumn(help="Lanes that are not ticked are left out", width="small"),
            _SAMPLE: st.column_config.TextColumn(
                required=True, max_chars=64,
                help="Lanes with the same name are one sample: letters, digits, dot, dash, underscore",
            ),
            _ROLE: st.column_config.SelectboxColumn(options=list(wanted), required=True),
            _SEX: st.column_config.SelectboxColumn(options=list(_SEXES), required=True, help="For the ploidy of X and Y"),
            _FIRST: st.column_config.SelectboxColumn(options=names, required=True),
            _SECOND: st.column_config.SelectboxColumn(options=[_NONE, *names], required=True),
        },
    )
    called = [file.name for file in files.values()]
    for name in sorted({one for one in called if called.count(one) > 1}):
        st.warning(f"Several files are called {plain(name)}: untick what was sent twice.", icon=":material/content_copy:")
    st.caption("Paired by their names; check it. Rows with the same sample name are lanes of one sample.")
    rows = [row for row in edited.to_dict("records") if row[_USE]]
    return design, _samples(rows, files), _problems(rows, names)


def _samples(rows: Sequence[Mapping[Any, Any]], files: Mapping[str, ReadFile]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = str(row[_SAMPLE] or "").strip()
        sample = made.setdefault(name, {"name": name, "role": row[_ROLE], "sex": _SEXES[row[_SEX]], "lanes": []})
        second = None if row[_SECOND] == _NONE else files[row[_SECOND]]
        sample["lanes"].append({"first": files[row[_FIRST]], "second": second})
    return list(made.values())


def _problems(rows: Sequence[Mapping[Any, Any]], names: Sequence[str]) -> list[str]:
    """Say what the table contradicts itself in; the request checks the rest."""
    if not rows:
        return ["Tick at least one row."]
    found = []
    used = [row[column] for row in rows for column in (_FIRST, _SECOND) if row[column] != _NONE]
    twice = next((name for name in names if used.count(name) > 1), None)
    if twice is not None:
        found.append(f"{twice} stands in two places: each file belongs to one lane.")
    for column in (_ROLE, _SEX):
        stated: dict[str, set[str]] = {}
        for row in rows:
            stated.setdefault(str(row[_SAMPLE]), set()).add(str(row[column]))
        unclear = next((name for name, values in stated.items() if len(values) > 1), None)
        if unclear is not None:
            found.append(f"{unclear} has two different values under {column}: rows of one sample must agree.")
    return found
