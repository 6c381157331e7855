"""What the columns of a CSV or TSV file mean: what was recognised, for the reader to check and to change before the import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from components.feedback import show_error
from components.formatting import plain, sentence
from services.pipelines.import_request import DelimitedChoices
from services.uploads.model import Upload
from services.variants.delimited.importing import DelimitedPreview, preview_delimited
from services.variants.delimited.sniffing import DELIMITERS, ROLES
from services.variants.exports import disarmed
from services.variants.outcome import DelimitedOptions, ImportOptions
from services.variants.problems import Severity, UnusableFileError

_NONE = "no role"
_ROLE_WORDS: Mapping[str, str] = {
    "chrom": "chromosome", "pos": "position", "end": "end position", "ref": "reference allele", "alt": "alternate allele",
    "variant": "whole variant (HGVS or chr-pos-ref-alt)", "region": "region (chr:start-end)", "id": "identifier (rs number)",
}
_ROLE_OF = {word: role for role, word in _ROLE_WORDS.items()} | {_NONE: None}
_TYPES = ("text", "integer", "number", "flag")
_ENCODINGS = ("utf-8", "latin-1", "cp1252", "utf-16")
_FIND_OUT = "found in the file"


def show(upload: Upload, path: Path) -> DelimitedChoices | None:
    """Draw the preview; returns what the reader settled on, or None when the file cannot be imported like this."""
    key = f"upload.mapping.{upload.id}"
    st.markdown(f"**Columns of {plain(upload.filename)}**")
    choices = _reading_options(key)
    try:
        found = _preview(upload, path, choices)
        edited = _editor(found, f"{key}.{choices.delimiter}.{choices.has_header}.{choices.encoding}")
        choices = _chosen(choices, found, edited)
        settled = _preview(upload, path, choices)
    except UnusableFileError as refused:
        show_error(refused)
        return None
    for problem in settled.problems:
        say = st.error if problem.severity is Severity.ERROR else st.warning
        say(plain(sentence(problem.reason if problem.rule == "columns.place" else problem.text)), icon=":material/rule:")
    twice = _role_given_twice(edited)
    if twice:
        st.error(f"Two columns have the role “{twice}”: leave it to one of them.", icon=":material/rule:")
    st.caption(_summary(settled))
    return None if twice or any(problem.severity is Severity.ERROR for problem in settled.problems) else choices


def _reading_options(key: str) -> DelimitedChoices:
    with st.expander("How the file is read", icon=":material/tune:"), st.container(horizontal=True):
        names = {name: sign for sign, name in DELIMITERS.items()}
        delimiter = st.selectbox("Columns are parted by", (_FIND_OUT, *names), key=f"{key}.delimiter")
        header = st.selectbox("First line", (_FIND_OUT, "names of columns", "a row of values"), key=f"{key}.header")
        encoding = st.selectbox("Encoding", (_FIND_OUT, *_ENCODINGS), key=f"{key}.encoding")
        start = st.selectbox("Positions count", (_FIND_OUT, "from 1 (VCF, HGVS)", "from 0 (BED)"), key=f"{key}.start")
    return DelimitedChoices(
        delimiter=names.get(delimiter),
        has_header=None if header == _FIND_OUT else header == "names of columns",
        encoding=None if encoding == _FIND_OUT else encoding,
        zero_based=None if start == _FIND_OUT else start.startswith("from 0"),
    )


def _preview(upload: Upload, path: Path, choices: DelimitedChoices) -> DelimitedPreview:
    options = DelimitedOptions(
        encoding=choices.encoding, delimiter=choices.delimiter, has_header=choices.has_header, roles=choices.roles,
        types=choices.types, zero_based=choices.zero_based,
    )
    return preview_delimited(path, ImportOptions(delimited=options, file_name=upload.filename))


def _editor(found: DelimitedPreview, key: str) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Column": [disarmed(column.name) for column in found.columns],
            "First values": [disarmed(" · ".join(column.examples)) for column in found.columns],
            "Role": [_ROLE_WORDS[column.role] if column.role else _NONE for column in found.columns],
            "Type": [column.type for column in found.columns],
        }
    )
    return st.data_editor(
        frame, key=key, hide_index=True, width="stretch", disabled=["Column", "First values"],
        column_config={
            "Role": st.column_config.SelectboxColumn(
                options=[_NONE, *_ROLE_WORDS.values()], required=True, help="What the column says about where the variant is"
            ),
            "Type": st.column_config.SelectboxColumn(
                options=list(_TYPES), required=True,
                help="Seen in the first rows; a type you change here is held against every row of the file",
            ),
        },
    )


def _chosen(choices: DelimitedChoices, found: DelimitedPreview, edited: pd.DataFrame) -> DelimitedChoices:
    """Add the reader's roles and types. Types left as they were found are decided by the whole file, not by its first rows."""
    names = [column.name for column in found.columns]
    roles = {role: name for name, word in zip(names, edited["Role"], strict=True) if (role := _ROLE_OF[word])}
    types = {
        column.name: kind for column, kind in zip(found.columns, edited["Type"], strict=True) if kind != column.type
    }
    return choices.model_copy(update={"roles": {role: roles[role] for role in ROLES if role in roles}, "types": types})


def _role_given_twice(edited: pd.DataFrame) -> str | None:
    given = [word for word in edited["Role"] if word != _NONE]
    return next((word for word in given if given.count(word) > 1), None)


def _summary(preview: DelimitedPreview) -> str:
    positions = "from 0" if preview.zero_based else "from 1"
    header = "the first line names the columns" if preview.has_header else "no line of names"
    return (
        f"Read as {DELIMITERS.get(preview.delimiter, plain(preview.delimiter))}-separated {preview.encoding}; {header}; "
        f"positions count {positions}."
    )
