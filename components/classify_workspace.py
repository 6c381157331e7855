"""One variant under classification: class, criteria, evidence, case, text and history, in one fragment that is redrawn alone."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import streamlit as st

from components import (
    classify_board,
    classify_case,
    classify_evidence,
    classify_history,
    classify_result,
    classify_session,
)
from components.analysis_words import inline
from components.classify_entry import Subject
from components.feedback import show_error
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.classification.content import MAX_RATIONALE, ClassificationContent, Scheme
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, name_of
from services.variants.classification.store import Classified

_FIRST_TAB = {Scheme.ACMG: "Criteria", Scheme.AMP: "Clinical evidence"}


@st.fragment
def show(services: Services, access: Principal, subject: Subject, scheme: Scheme) -> None:
    """Draw the workspace of a sequence variant; what is changed in it redraws nothing else."""
    key = f"classify.{scheme.value}.{subject.identity.key}"
    try:
        versions = services.classifier.store.history(access, subject.identity, scheme)
        latest = versions[0] if versions else None
        classify_session.begin(key, latest.content if latest else None)
        summary, work = st.columns([2, 5], gap="medium")
        with work:
            criteria, facts, case, text, history = st.tabs(
                [_FIRST_TAB[scheme], "Evidence", "Case", "Text", f"History ({len(versions)})"]
            )
        with case:
            gene = services.classifier.gather(subject.question).gene
            context = classify_case.choose(scheme, gene, latest.content if latest else None, key)
        content = _classified(services, subject, scheme, context)
        with text:
            content = _text(services, content, latest, key)
        with criteria:
            if scheme is Scheme.ACMG:
                classify_board.show(content, key)
            else:
                classify_evidence.items(content)
        with facts:
            classify_evidence.show(content)
        with history:
            classify_history.show(versions, key)
        with summary, st.container(border=True):
            classify_result.show(content)
            classify_result.actions(services, access, subject, gene, content, latest, key)
    except ParatopeError as error:
        show_error(error)


def _classified(services: Services, subject: Subject, scheme: Scheme, context: Context) -> ClassificationContent:
    evidence = services.classifier.gather(replace(subject.question, condition=context.condition))
    choices = Choices(tuple(classify_session.expert().values()) if scheme is Scheme.ACMG else (), context=context)
    return services.classifier.classify(evidence, scheme, choices, name_of(subject.identity, evidence))


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
