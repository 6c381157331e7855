"""The class as it stands, live; and what can be done with it: keep a version, sign it, set it as the variant's flag."""

from __future__ import annotations

import streamlit as st

from components.analysis_words import badge, inline
from components.classify_entry import Subject
from components.classify_words import class_word
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.classification.comparing import outdated
from services.variants.classification.content import ClassificationContent, Scheme
from services.variants.classification.judging import is_unassessed
from services.variants.classification.store import MAX_NAME, Classified
from services.variants.flags import MAX_LABEL, MAX_NOTE

_PROBLEM = "classify.problem"
_MAX_NEWER = 4


def show(content: ClassificationContent, pending: str = "") -> None:
    """Draw the class, the points, and what both schemes say; `pending` names what it holds that was not taken over yet."""
    nothing = content.scheme is not Scheme.AMP and is_unassessed(content)
    with st.container(horizontal=True, vertical_alignment="center"):
        word = class_word(content.classification)
        st.markdown(f"#### :{word.colour}[:material/{word.icon}:] {inline(word.text)}", width="content")
        if content.points:
            st.badge(f"{content.points} points", color="gray")
    st.caption(f"{inline(content.rule_set)}, rules {inline(content.rules_version)}")
    if pending:
        st.caption(f":material/edit: With what is being entered for **{inline(pending)}**, not applied yet.")
    if nothing:
        st.warning(
            "Not one criterion could be assessed, so this class says only that nobody has looked. Install reference data, "
            "annotate the table, or enter what you know.", icon=":material/help:",
        )  # fmt: skip
    if content.details:
        st.table({inline(name): inline(value) for name, value in content.details}, border="horizontal")
    schemes = dict(content.details)
    if schemes.get("Class by points") != schemes.get("Class by the 2015 table"):
        st.info("Points and the 2015 table give different classes: look at both.", icon=":material/call_split:")
    for one in content.conflicts:
        st.warning(f"{inline(one[:1].upper() + one[1:])}.", icon=":material/warning:")


def actions(
    services: Services, access: Principal, subject: Subject, gene: str, content: ClassificationContent,
    latest: Classified | None, key: str, *, pending: str = "",
) -> None:
    """Draw what can be done with the class as it stands; nothing is kept while something is `pending`."""
    patient_id = _patient(services, access, subject, latest, key)
    is_kept = latest is not None and latest.content == content and latest.patient_id == patient_id
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save a version", type="primary", icon=":material/save:", key=f"{key}.save", disabled=is_kept or bool(pending),
            on_click=_save, args=(services, access, subject, gene, content, patient_id),
            help=f"Apply or close {pending} first" if pending else None,
        )  # fmt: skip
        st.button(
            "Set as flag", icon=":material/flag:", key=f"{key}.flag", on_click=_flag, disabled=bool(pending),
            args=(services, access, subject, gene, content),
            help="Make this your classification of the variant, as the explorer shows and filters it",
        )  # fmt: skip
        if is_kept and latest is not None and not latest.is_signed and not pending:
            with st.popover("Sign", icon=":material/draw:"):
                _sign(services, access, latest, key)
    if latest is None:
        st.caption("Not kept yet.")
    else:
        _standing(latest, is_kept=is_kept)
        _newer(latest, content)
    problem = st.session_state.pop(_PROBLEM, None)
    if isinstance(problem, ParatopeError):
        show_error(problem)


def _standing(latest: Classified, *, is_kept: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(plain(f"Version {latest.version}, {latest.created_at:%Y-%m-%d}, {latest.author}:"), width="content")
        badge(class_word(latest.classification))
        if not latest.is_intact:
            st.badge("stored content was changed", icon=":material/gpp_bad:", color="red")
    if latest.signed_at:
        told = f"Signed by {latest.signed_by} on {latest.signed_at:%Y-%m-%d}: locked."
        st.caption(f":material/lock: {inline(told)} A change becomes version {latest.version + 1}.")
    else:
        st.caption(":material/lock_open: Not signed.")
    if not is_kept:
        st.caption(":material/difference: What stands above differs from this version.")


def _newer(latest: Classified, content: ClassificationContent) -> None:
    """Say where rules or data moved on since the version was made."""
    found = outdated(latest.content, content)
    if not found:
        return
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/update: **Reclassify: rules or data are newer than version {latest.version}**")
        for one in found[:_MAX_NEWER]:
            st.caption(inline(one[:1].upper() + one[1:]))
        if len(found) > _MAX_NEWER:
            st.caption(f"and {len(found) - _MAX_NEWER} more")


def _patient(services: Services, access: Principal, subject: Subject, latest: Classified | None, key: str) -> str | None:
    known = {one.id: one.name for one in services.patients.list(access)}
    default = (latest.patient_id if latest else None) or subject.patient_id
    options = list(known)
    chosen: str | None = st.selectbox(
        "Patient", options, index=options.index(default) if default in known else None, key=f"{key}.patient",
        format_func=known.__getitem__, placeholder="No patient",
        help="A version that names a patient stands in their analysis under Genomics",
    )  # fmt: skip
    return chosen


def _save(
    services: Services, access: Principal, subject: Subject, gene: str, content: ClassificationContent, patient_id: str | None,
) -> None:
    table_id = subject.table.id if subject.table else None
    try:
        services.classifier.store.save(access, subject.noted(gene), content, patient_id=patient_id, table_id=table_id)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error
    else:
        st.toast("Version kept", icon=":material/save:")


def _flag(services: Services, access: Principal, subject: Subject, gene: str, content: ClassificationContent) -> None:
    label = content.classification
    if content.scheme is Scheme.AMP and content.condition:
        label = f"{label}, {content.condition}"
    codes = ", ".join(f"{row.code} {row.strength}" if row.strength else row.code for row in content.met)
    note = f"{content.scheme.label}: {codes or 'no criterion met'}"
    try:
        services.workbench.flags.add(access, subject.noted(gene), label[:MAX_LABEL], note[:MAX_NOTE])
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error
    else:
        st.toast(f"Flagged as {content.classification}", icon=":material/flag:")


def _sign(services: Services, access: Principal, latest: Classified, key: str) -> None:
    with st.form(f"{key}.sign.{latest.digest}", border=False):
        st.text_input("Your name", key=f"{key}.signer", max_chars=MAX_NAME, placeholder="as it shall stand on the report")
        st.caption(f"Signing vouches for version {latest.version} exactly as it is. It cannot be changed or withdrawn.")
        st.form_submit_button(
            "Sign this version", type="primary", key=f"{key}.sign.go", on_click=_signed, args=(services, access, latest, key)
        )


def _signed(services: Services, access: Principal, latest: Classified, key: str) -> None:
    try:
        services.classifier.store.sign(access, latest.id, st.session_state[f"{key}.signer"], seen=latest.digest)
    except ParatopeError as error:
        st.session_state[_PROBLEM] = error
