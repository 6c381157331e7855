"""One variant under classification: class, criteria, evidence, case, text and history, in one fragment that is redrawn alone."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import streamlit as st

from components import (
    classify_board,
    classify_case,
    classify_editor,
    classify_evidence,
    classify_history,
    classify_oncogenicity,
    classify_result,
    classify_session,
    classify_somatic,
)
from components.analysis_words import inline
from components.classify_editor import Draft, Live
from components.classify_entry import Subject
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, ParatopeError
from services.variants.classification.content import MAX_RATIONALE, ClassificationContent, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, name_of
from services.variants.classification.store import Classified

_TABS = {
    Scheme.ACMG: ("Criteria", "Evidence", "Case", "Text", "History"),
    Scheme.AMP: ("Clinical evidence", "Oncogenicity", "Evidence", "Case", "Text", "History"),
}


@st.fragment
def show(services: Services, access: Principal, subject: Subject, scheme: Scheme) -> None:
    """Draw the workspace of a sequence variant; what is changed in it redraws nothing else."""
    key = f"classify.{scheme.value}.{subject.identity.key}"
    try:
        versions = services.classifier.store.history(access, subject.identity, scheme)
        latest = versions[0] if versions else None
        before = latest.content if latest else None
        classify_session.begin(key, before)
        gene = services.classifier.gather(subject.question).gene
        summary, work = st.columns([2, 5], gap="medium")
        box = summary.container(border=True)
        with work:
            tabs = dict(zip(_TABS[scheme], st.tabs([*_TABS[scheme][:-1], f"History ({len(versions)})"]), strict=True))
        with box:
            stated = classify_case.condition(services, scheme, gene, before, key)
        with tabs["Case"]:
            context = classify_case.choose(scheme, gene, stated, before, key)
        base = _classified(services, subject, scheme, context)
        live = _live(services, subject, scheme, context, base, key)
        with tabs["Text"]:
            content = _text(services, base, latest, key)
        with tabs[_TABS[scheme][0]]:
            if scheme is Scheme.ACMG:
                classify_board.show(live, gene, key)
            else:
                classify_somatic.show(services, live.content, key)
        if scheme is Scheme.AMP:
            with tabs["Oncogenicity"]:
                classify_oncogenicity.show(live, key)
        with tabs["Evidence"]:
            classify_evidence.show(base)
        with tabs["History"]:
            classify_history.show(versions, key)
        with box:
            classify_result.show(live.content, live.pending)
            classify_result.actions(services, access, subject, gene, content, latest, key, pending=live.pending)
    except ParatopeError as error:
        show_error(error)


def _classified(
    services: Services, subject: Subject, scheme: Scheme, context: Context, draft: Draft | None = None
) -> ClassificationContent:
    evidence = services.classifier.gather(replace(subject.question, condition=context.condition))
    entries = classify_session.expert()
    if draft is not None:
        entries = {name: one for name, one in entries.items() if name not in draft.instead_of} | {draft.entry.code: draft.entry}
    choices = Choices(
        tuple(entries.values()), context=context, own_evidence=classify_session.own_evidence(),
        excluded_evidence=classify_session.excluded_evidence(),
    )
    return services.classifier.classify(evidence, scheme, choices, name_of(subject.identity, evidence))


def _live(
    services: Services, subject: Subject, scheme: Scheme, context: Context, base: ClassificationContent, key: str
) -> Live:
    """Classify with what the open editor says, so that class and points follow while somebody types."""
    is_germline = scheme is Scheme.ACMG
    draft = classify_editor.draft(base, key) if is_germline else classify_oncogenicity.draft(base, key)
    if draft is None:
        return Live(base)
    try:
        return Live(_classified(services, subject, scheme, context, draft), draft.entry.code)
    except InvalidInputError as error:
        return Live(base, draft.entry.code, error.message)


def _text(services: Services, content: ClassificationContent, latest: Classified | None, key: str) -> ClassificationContent:
    """Draw the text of the class; what a person writes over it stays until the class's own text changes."""
    kept = latest.content if latest and latest.content.without_rationale() == content.without_rationale() else None
    own = f"{key}.text.{sha256(content.rationale.encode()).hexdigest()[:16]}"
    st.caption("Written from the rows of evidence, which it cites as E1, E2, … You may change it; the class stays what it is.")
    written = st.text_area(
        "Rationale", kept.rationale if kept else content.rationale, max_chars=MAX_RATIONALE, key=own, height=380,
    )  # fmt: skip
    _offer_model(services, content, own)
    if not written.strip() or written == content.rationale:
        return content
    if kept is not None and written == kept.rationale:
        return kept
    is_models = written == st.session_state.get(f"{own}.model")
    author = services.rationale_writer.author if is_models else "edited by a person"
    return content.model_copy(update={"rationale": written.strip(), "rationale_by": author})


def _offer_model(services: Services, content: ClassificationContent, own: str) -> None:
    """Offer the language model's wording where one is configured; what it writes stands in the text field, checked."""
    writer = services.rationale_writer
    if writer.available:
        st.button(
            "Word it with the language model", icon=":material/smart_toy:", key=f"{own}.ask", on_click=_ask_model,
            args=(services, content, own),
            help=f"Sends criteria and evidence to {writer.sends_to}, nothing that people wrote; each sentence is checked",
        )  # fmt: skip
    problem = st.session_state.pop(f"{own}.problem", None)
    if isinstance(problem, ParatopeError):
        show_error(problem)


def _ask_model(services: Services, content: ClassificationContent, own: str) -> None:
    try:
        text = services.rationale_writer.write(content)
    except ParatopeError as error:
        st.session_state[f"{own}.problem"] = error
    else:
        st.session_state[own] = st.session_state[f"{own}.model"] = text


def heading(services: Services, subject: Subject) -> None:
    """Name the variant that is open, so that it is never in doubt."""
    evidence = services.classifier.gather(subject.question)
    st.markdown(f"##### {inline(name_of(subject.identity, evidence))}")
