"""The comments on one variant as threads: write, reply, edit, delete, take back, see what was said before."""

from __future__ import annotations

import streamlit as st

from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.comments import MAX_TEXT, Comment
from services.variants.notes import NoteSubject, own_names

_PROBLEM = "explorer.comments.problem"
_DEEPEST_INDENT = 6


def show(services: Services, access: Principal, subject: NoteSubject) -> None:
    """Draw the threads and the box for a new comment."""
    variant = subject.identity.key
    thread = services.workbench.comments.thread(access, variant)
    standing = sum(1 for one in thread if one.deleted_at is None)
    key = f"explorer.comments.{variant}"
    with st.expander(f"Comments ({standing})", icon=":material/forum:", expanded=bool(thread), key=key):
        problem = st.session_state.pop(_PROBLEM, None)
        if isinstance(problem, ParatopeError):
            show_error(problem)
        for comment in thread:
            _comment(services, access, subject, comment)
        _box(services, access, subject, "Add a comment", None)
        deleted = services.workbench.comments.deleted(access, variant)
        if deleted:
            with st.popover(f"Deleted ({len(deleted)})", icon=":material/restore_from_trash:", type="tertiary"):
                for one in deleted:
                    st.caption(f"{plain(one.author)}: {plain(one.text[:200])}")
                    st.button(
                        "Restore", key=f"explorer.comment.restore.{one.id}", icon=":material/undo:",
                        on_click=_do, args=(services, access, "restore", one.id),
                    )


def _comment(services: Services, access: Principal, subject: NoteSubject, comment: Comment) -> None:
    indent = min(comment.depth, _DEEPEST_INDENT)
    area = st.columns([0.06 * indent, 1 - 0.06 * indent])[1] if indent else st.container()
    with area:
        if comment.deleted_at is not None:
            st.caption("*deleted comment*")
            return
        edited = " · edited" if comment.edited else ""
        st.caption(f"**{plain(comment.author)}** · {comment.created_at:%Y-%m-%d %H\\:%M} UTC{edited}")
        st.markdown(plain(comment.text))
        with st.container(horizontal=True, gap="xsmall"):
            with st.popover("Reply", type="tertiary"):
                _box(services, access, subject, f"Reply to {comment.author}", comment.id)
            if comment.author in own_names(access) or access.may_administer:
                with st.popover("Edit", type="tertiary"):
                    _edit(services, access, comment)
                st.button(
                    "Delete", key=f"explorer.comment.delete.{comment.id}", type="tertiary", on_click=_do,
                    args=(services, access, "delete", comment.id),
                )


def _box(services: Services, access: Principal, subject: NoteSubject, label: str, parent: str | None) -> None:
    key = f"explorer.comment.{subject.identity.key}.{parent or 'new'}"
    with st.form(f"{key}.form", border=False, clear_on_submit=True):
        st.text_area(label, key=key, max_chars=MAX_TEXT, height=68, placeholder="What should others know about this variant?")
        st.form_submit_button(
            "Reply" if parent else "Comment", icon=":material/send:", key=f"{key}.send", on_click=_add,
            args=(services, access, subject, key, parent),
        )


def _edit(services: Services, access: Principal, comment: Comment) -> None:
    key = f"explorer.comment.edit.{comment.id}"
    with st.form(f"{key}.form", border=False):
        st.text_area("Text", comment.text, key=key, max_chars=MAX_TEXT)
        st.form_submit_button("Save", on_click=_change, args=(services, access, comment.id, key), key=f"{key}.save")
    for edit in services.workbench.comments.history(access, comment.id):
        if edit.action == "edit":
            st.caption(f"Until {edit.created_at:%Y-%m-%d %H\\:%M} UTC: {plain(str(edit.before.get('text', ''))[:500])}")


def _add(services: Services, access: Principal, subject: NoteSubject, key: str, parent: str | None) -> None:
    try:
        services.workbench.comments.add(access, subject, st.session_state[key], parent_id=parent)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _change(services: Services, access: Principal, comment_id: str, key: str) -> None:
    try:
        services.workbench.comments.edit(access, comment_id, st.session_state[key])
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error


def _do(services: Services, access: Principal, action: str, comment_id: str) -> None:
    comments = services.workbench.comments
    try:
        (comments.delete if action == "delete" else comments.restore)(access, comment_id)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error
