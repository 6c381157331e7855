"""The flags of one variant: set a tier with one click, add a label and a note, change, delete, take back."""

from __future__ import annotations

import streamlit as st

from components.feedback import show_error
from components.formatting import plain
from components.variant_grid import colour
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.flags import MAX_LABEL, MAX_NOTE, Flag, Tier
from services.variants.notes import NoteSubject, own_names

_PROBLEM = "explorer.flags.problem"


def show(services: Services, access: Principal, subject: NoteSubject) -> None:
    """Draw the standing flags and the means to set them."""
    variant = subject.identity.key
    flags = services.workbench.flags.of(access, variant)
    mine = next((flag for flag in flags if flag.tier is not None and flag.author in own_names(access)), None)
    key = f"explorer.tier.{variant}.{mine.id if mine else ''}.{mine.category if mine else ''}"
    st.pills(
        "Your classification", list(Tier), default=mine.tier if mine else None, key=key, format_func=lambda one: one.capitalize(),
        on_change=lambda: _set_tier(services, access, subject, key, mine), help="Click the chosen one again to take it away",
    )
    _say_problem()
    for flag in flags:
        _flag(services, access, flag)
    with st.container(horizontal=True):
        with st.popover("Label or note", icon=":material/new_label:"):
            _form(services, access, subject, mine)
        deleted = services.workbench.flags.of(access, variant, deleted=True)
        if deleted:
            with st.popover(f"Deleted ({len(deleted)})", icon=":material/restore_from_trash:", type="tertiary"):
                for flag in deleted:
                    st.button(
                        f"Restore {plain(flag.category)}", key=f"explorer.flag.restore.{flag.id}", icon=":material/undo:",
                        on_click=_do, args=(services, access, "restore", flag.id),
                    )


def _set_tier(services: Services, access: Principal, subject: NoteSubject, key: str, mine: Flag | None) -> None:
    chosen: Tier | None = st.session_state[key]
    try:
        if chosen is not None:
            services.workbench.flags.add(access, subject, chosen.value, mine.note if mine else "")
        elif mine is not None:
            services.workbench.flags.delete(access, mine.id)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _flag(services: Services, access: Principal, flag: Flag) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(plain(flag.category), icon=":material/flag:", color=colour(flag.category))  # type: ignore[arg-type]
        st.caption(f"{plain(flag.author)}, {flag.updated_at:%Y-%m-%d}")
        if flag.author in own_names(access) or access.may_administer:
            st.button(
                ":material/delete:", key=f"explorer.flag.delete.{flag.id}", type="tertiary", on_click=_do,
                args=(services, access, "delete", flag.id), help=f"Delete the flag {flag.category}",
            )  # fmt: skip
    if flag.note:
        st.markdown(plain(flag.note))


def _form(services: Services, access: Principal, subject: NoteSubject, mine: Flag | None) -> None:
    known = services.workbench.flags.labels(access)
    key = f"explorer.label.{subject.identity.key}"
    with st.form(f"{key}.form", border=False, clear_on_submit=True):
        st.selectbox(
            "Label", [*([mine.category] if mine else []), *known], index=0 if mine else None, accept_new_options=True, key=key,
            placeholder="Choose or write a label", help=f"At most {MAX_LABEL} characters",
        )
        st.text_area("Note", mine.note if mine else "", max_chars=MAX_NOTE, key=f"{key}.note")
        st.form_submit_button(
            "Save the flag", type="primary", key=f"{key}.save", on_click=_save_label, args=(services, access, subject, key)
        )


def _save_label(services: Services, access: Principal, subject: NoteSubject, key: str) -> None:
    try:
        services.workbench.flags.add(access, subject, st.session_state[key] or "", st.session_state[f"{key}.note"])
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _do(services: Services, access: Principal, action: str, flag_id: str) -> None:
    flags = services.workbench.flags
    try:
        (flags.delete if action == "delete" else flags.restore)(access, flag_id)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _say_problem() -> None:
    problem = st.session_state.pop(_PROBLEM, None)
    if isinstance(problem, ParatopeError):
        show_error(problem)
