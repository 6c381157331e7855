"""A copy number variant under classification: its place and kind, the score sheet with the cells an expert sets, the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import streamlit as st

from components import classify_evidence, classify_history, classify_result, classify_session
from components.analysis_words import inline
from components.classify_entry import Subject
from components.classify_session import EnteredTarget
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, ParatopeError
from services.genomics.cnv.cells import SHEETS, Cell, CnvType
from services.genomics.cnv.notation import MAX_TEXT, check_place, read_cnv
from services.genomics.genome import GenomeBuild
from services.knowledge.cytobands import band_of
from services.variants.classification.content import MAX_NOTE, ClassificationContent, CriterionRow, ExpertEntry, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, copy_number_name

_HELP = (
    "First and last base, counted from 1, with DEL, DUP, loss, gain or x1 behind it; or ISCN's array form. A build or a kind "
    "that stands in the text goes before the choice beside it."
)
_ALT = {CnvType.LOSS: "<DEL>", CnvType.GAIN: "<DUP>"}
_SECTIONS: Mapping[str, str] = {
    "1": "1 Genomic content", "2": "2 Dosage-sensitive genes and regions", "3": "3 Number of genes",
    "4": "4 Cases and population", "5": "5 Inheritance and the patient's family",
}
_PROBLEM = "classify.cnv.problem"
_COUNTED = ("applied", "set by an expert")
_STATUS: Mapping[str, tuple[str, str]] = {
    "applied": ("check_circle", ""), "set by an expert": ("person_edit", "Set by an expert"),
    "not applied": ("remove", ""), "not assessable": ("help", "Not assessable"),
}  # fmt: skip
_NONE, _HYPHEN, _SPACE = "–", "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"
_SCALE = "Pathogenic from 0.99, likely pathogenic from 0.90, likely benign from -0.90 down, benign from -0.99 down"


def enter() -> None:
    """Draw the form in which a region is entered."""
    with st.form("classify.cnv", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Region", key="classify.region", max_chars=MAX_TEXT, help=_HELP,
            placeholder="chr22:18,900,000-21,500,000 or arr[GRCh38] 16p11.2(29580020_30176508)x1",
        )  # fmt: skip
        kind = st.selectbox(
            "Kind", list(CnvType), index=None, key="classify.kind", format_func=lambda one: one.capitalize(), width=130,
            placeholder="As written",
        )  # fmt: skip
        build = st.selectbox("Genome build", [*GenomeBuild], index=1, key="classify.cnv.build", width=160)
        pressed = st.form_submit_button("Look up", type="primary", icon=":material/search:")
    if not pressed:
        return
    try:
        classify_session.choose(_target(text, build or GenomeBuild.GRCH38, kind))
    except ParatopeError as error:
        show_error(error)


def _target(text: str, build: GenomeBuild, chosen: CnvType | None) -> EnteredTarget:
    """Return what to classify: the build and the kind that stand in the text go before those of the form."""
    written = read_cnv(text)
    check_place(written, written.build or build)
    if written.kind is not None and chosen not in (None, written.kind):
        raise InvalidInputError(f"the text says {written.kind}, the form says {chosen}: which is it?")
    kind = written.kind or chosen
    if kind is None and written.copies is not None:
        raise InvalidInputError(
            f"whether {written.copies} of chromosome {written.chromosome} is a loss or a gain depends on the person's sex: choose"
        )
    if kind is None:
        raise InvalidInputError("are copies lost or gained? Choose Loss or Gain, or write DEL, DUP, x1 or x3 behind the place")
    return EnteredTarget(written.build or build, written.chromosome, written.start, "N", _ALT[kind], written.end)


def kind_of(subject: Subject) -> CnvType | None:
    """Return whether the alleles say that copies are lost or gained; None where they do not."""
    alt = subject.identity.variant.alt.upper()
    if alt.startswith("<DEL") or alt == "<CN0>":
        return CnvType.LOSS
    return CnvType.GAIN if alt.startswith("<DUP") else None


@st.fragment
def show(services: Services, access: Principal, subject: Subject) -> None:
    """Draw the workspace of a copy number variant."""
    key = f"classify.cnv.{subject.identity.key}"
    try:
        versions = services.classifier.store.history(access, subject.identity, Scheme.CNV)
        latest = versions[0] if versions else None
        classify_session.begin(key, latest.content if latest else None)
        kind = kind_of(subject) or _ask_kind(key)
        if kind is None:
            return
        choices = Choices(tuple(classify_session.expert().values()), context=Context())
        evidence, content = services.classifier.classify_copy_number(subject.identity, kind, choices)
        summary, work = st.columns([2, 5], gap="medium")
        with work:
            sheet, facts, text, history = st.tabs(["Score sheet", "Evidence", "Text", f"History ({len(versions)})"])
        with sheet:
            _editor(content, kind, key)
            _sheet(content, kind)
        with facts:
            classify_evidence.show(content)
        with text:
            st.markdown(plain(content.rationale))
        with history:
            classify_history.show(versions, key)
        with summary, st.container(border=True):
            classify_result.show(content)
            _without_data(content)
            gene = evidence.genes[0] if len(evidence.genes) == 1 else ""
            classify_result.actions(services, access, subject, gene, content, latest, key)
    except ParatopeError as error:
        show_error(error)


def heading(subject: Subject) -> None:
    """Name the region that is open."""
    kind = kind_of(subject)
    if kind is not None and subject.identity.end is not None:
        variant = subject.identity.variant
        band = band_of(variant.build, variant.chromosome, variant.position, subject.identity.end)
        st.markdown(f"##### {inline(copy_number_name(subject.identity, kind))}{f' · {band}' if band else ''}")


def _ask_kind(key: str) -> CnvType | None:
    chosen: CnvType | None = st.segmented_control(
        "The alleles do not say whether copies are lost or gained", list(CnvType), key=f"{key}.kind",
        format_func=lambda one: one.capitalize(),
    )  # fmt: skip
    return chosen


def _without_data(content: ClassificationContent) -> None:
    """Say which cells the class does not rest on because data is missing."""
    cells = [row.code.replace("-", _HYPHEN) for row in content.criteria if _lacks_data(row)]
    if cells:
        st.caption(f":material/help: Not assessed for want of data: {', '.join(cells)}. The class rests on the other cells.")


def _sheet(content: ClassificationContent, kind: CnvType) -> None:
    every = st.toggle("Show every cell", key="classify.cnv.every", help="Otherwise only those that apply or lack data")
    cells = {cell.id: cell for cell in SHEETS[kind]}
    lines: list[dict[str, str]] = []
    for section, rows in groupby(content.criteria, key=lambda row: row.code[0]):
        shown = [row for row in rows if every or row.status in _COUNTED or _lacks_data(row)]
        lines.append(_heading(section, has_rows=bool(shown)))
        lines += [_line(row, cells[row.code]) for row in shown]
    lines.append({"Cell": "", "What": "**Sum**", "Points": f"**{content.points}**", "Takes": "", "Why": _SCALE})
    st.table(lines, border="horizontal", hide_index=True)


def _heading(section: str, *, has_rows: bool) -> dict[str, str]:
    why = "" if has_rows else "No cell applies; what needs an expert is open."
    return {"Cell": "", "What": f"**{_SECTIONS[section]}**", "Points": "", "Takes": "", "Why": why}


def _lacks_data(row: CriterionRow) -> bool:
    """Whether a cell that the data should decide could not be assessed."""
    return row.status == "not assessable" and not row.reason.startswith("needs an expert")


def _line(row: CriterionRow, cell: Cell) -> dict[str, str]:
    low, high = cell.reach
    if row.status in _COUNTED:
        colour = "gray" if row.points == "0.00" else "blue" if row.points.startswith("-") else "red"
        points = f":{colour}[**{row.points}**]"
    else:
        points = "" if row.status == "not assessable" else _NONE
    icon, word = _STATUS.get(row.status, ("remove", row.status))
    said = inline(row.reason[:1].upper() + row.reason[1:])
    return {
        "Cell": row.code.replace("-", _HYPHEN), "What": inline(row.title), "Points": points,
        "Takes": f"{low}" if low == high else f"{low} to {high}".replace(" ", _SPACE),
        "Why": f":material/{icon}: {f'**{word}:** ' if word else ''}{said}",
    }  # fmt: skip


def _editor(content: ClassificationContent, kind: CnvType, key: str) -> None:
    cells = {cell.id: cell for cell in SHEETS[kind]}
    with st.expander("Set a cell yourself", icon=":material/edit:"):
        chosen = st.selectbox(
            "Cell", list(cells), key=f"{key}.cell", format_func=lambda one: f"{one} {cells[one].text}", index=None,
            placeholder="Choose a cell of the sheet",
        )  # fmt: skip
        if chosen is not None:
            _cell_form(cells[chosen], next(row for row in content.criteria if row.code == chosen), key)
        if st.session_state.pop(_PROBLEM, None):
            st.error("Write what the points rest on: it is kept with the cell.", icon=":material/edit_note:")
    for row in content.criteria:
        if row.is_expert:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    f"Take {row.code} back", key=f"{key}.back.{row.code}", icon=":material/undo:",
                    on_click=classify_session.withdraw, args=(row.code,),
                )  # fmt: skip
                st.caption(f"{row.points} points, set by an expert: {inline(row.reason)}")


def _cell_form(cell: Cell, row: CriterionRow, key: str) -> None:
    """Draw the form for the points and the reason of a cell; what the data gave stands beside it."""
    (low, high), single = cell.reach, max(abs(cell.low), abs(cell.high))
    stands = f"stands at {row.points}" if row.status in _COUNTED else row.status
    repeated = f" One entry takes {single} at most, all entries together {abs(cell.limit)}." if single != abs(cell.limit) else ""
    st.caption(f"{inline(cell.text)}. Now: {stands} ({inline(row.reason)}).{repeated}")
    with st.form(f"{key}.form.{cell.id}", border=False):
        st.number_input(
            f"Points, {low} to {high}" if low != high else f"Points: always {low}", float(low), float(high), float(cell.default),
            0.05, key=f"{key}.points.{cell.id}", format="%.2f", disabled=low == high,
        )  # fmt: skip
        st.text_area("Note: what this rests on", key=f"{key}.note.{cell.id}", max_chars=MAX_NOTE)
        st.form_submit_button("Apply", type="primary", key=f"{key}.apply.{cell.id}", on_click=_apply, args=(cell.id, key))


def _apply(code: str, key: str) -> None:
    note = st.session_state[f"{key}.note.{code}"].strip()
    if not note:
        st.session_state[_PROBLEM] = True
        return
    points = f"{st.session_state[f'{key}.points.{code}']:.2f}"
    classify_session.enter(ExpertEntry(code=code, status="set by an expert", points=points, note=note))
