"""What can be done with a document: open it, read it again, ask a language model, delete it with everything derived from it."""

from __future__ import annotations

import streamlit as st

from components import source_viewer
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.assistant.proposals import Asked
from services.container import Services
from services.errors import ParatopeError
from services.patients.documents import Document, FactCount, Reread

_MESSAGE, _DONE = "documents.message", "documents.done"
_FIELDS = {
    "title": "title", "doc_type": "type", "specialty": "specialty", "document_date": "date", "author": "author",
    "facility": "facility", "notes": "what to check",
}  # fmt: skip


def show(services: Services, access: Principal, document: Document, count: FactCount) -> None:
    """Draw the actions, and what the last one did."""
    turn = int(st.session_state.get(_DONE, 0))  # a popover keeps open under the same key: after an action it has another
    with st.container(horizontal=True):
        if st.button("Open", key="documents.open", icon=":material/menu_book:", type="primary"):
            source_viewer.open_page(services, access, document.id, 1, "")
        with st.popover("Read again", icon=":material/refresh:", key=f"documents.reading.{turn}"):
            _read_again(services, access, document)
        if services.proposer.available:
            with st.popover("Ask the model", icon=":material/smart_toy:", key=f"documents.asking.{turn}"):
                _ask(services, access, document)
        with st.popover("Delete", icon=":material/delete:"):
            _delete(services, access, document, count)
    if not services.proposer.available:
        st.caption(
            "A language model could be asked for what the rules missed, but none is configured (ANTHROPIC_API_KEY is not set)."
        )
    said = st.session_state.get(_MESSAGE)
    if said and said[0] == document.id:
        st.info(said[1], icon=":material/info:")


def _say(document: Document, text: str) -> None:
    """Keep what an action did for the run after it: counts and names of fields, nothing of the patient."""
    st.session_state[_MESSAGE] = (document.id, text)
    st.session_state[_DONE] = int(st.session_state.get(_DONE, 0)) + 1


def _read_again(services: Services, access: Principal, document: Document) -> None:
    st.markdown("Reads the same file with the present rules. Corrections and decisions stay.")
    if not st.button("Read it again", key="documents.read_again", type="primary"):
        return
    try:
        with st.spinner("Reading …"):
            changed = services.documents.read_again(document.id, access)
    except ParatopeError as error:
        show_error(error)
        return
    _say(document, _reread(changed))
    st.rerun()


def _reread(changed: Reread) -> str:
    if changed.is_same:
        return "Read again: nothing changed."
    parts = [
        f"{number} {word}"
        for number, word in (
            (changed.added, "facts are new"), (changed.gone, "facts are gone"), (changed.changed, "facts read differently"),
        )
        if number
    ]  # fmt: skip
    if changed.description:
        parts.append(f"{', '.join(_FIELDS[name] for name in changed.description)} of the document read differently")
    if changed.passages[0] != changed.passages[1]:
        parts.append(f"{changed.passages[1]} passages instead of {changed.passages[0]}")
    lost = f" {changed.undecided} decisions concern statements that are not read any more; they are kept under Decisions."
    return f"Read again: {'; '.join(parts)}.{lost if changed.undecided else ''}"


def _ask(services: Services, access: Principal, document: Document) -> None:
    proposer = services.proposer
    pages = "1 page" if document.page_count == 1 else f"{document.page_count} pages"
    st.markdown(
        f"**Ask the model for what the rules missed.** This sends the whole text of this document ({pages}, names and dates "
        f"included) to the language model **{plain(proposer.model_name)}** at **{plain(proposer.sends_to)}**. Nothing is sent "
        "before you press the button. What comes back is marked as proposed and used only once you confirm it."
    )
    if not st.button("Send the text and ask", key="documents.ask", type="primary"):
        return
    try:
        with st.spinner("The model is reading …"):
            asked = proposer.ask(document.id, access)
    except ParatopeError as error:
        show_error(error)
        return
    _say(document, _asked(asked))
    st.rerun()


def _asked(asked: Asked) -> str:
    lead = f"{asked.kept} new proposals wait for your decision below." if asked.kept else "The model proposed nothing new."
    dropped = [f"{count} ({reason.value})" for reason, count in asked.dropped.items()]
    refused = f" Not taken: {'; '.join(dropped)}." if dropped else ""
    pages = ", ".join(map(str, asked.pages_left_out))
    return f"{lead}{refused}{f' Pages {pages} were not sent: the document is too long.' if pages else ''}"


def _delete(services: Services, access: Principal, document: Document, count: FactCount) -> None:
    facts = count.used + count.proposed + count.rejected
    st.markdown(
        f"**This cannot be undone.** Gone will be: the PDF, {document.passage_count} passages in the search, and {facts} facts "
        "with their places in the timeline, trends and analysis inputs. Analyses and reports that were kept stay as they were. "
        "Your corrections come back if the same file is uploaded again."
    )
    if not st.button("Delete this document", key="documents.delete", type="primary"):
        return
    try:
        services.documents.remove(document.id, access)
    except ParatopeError as error:
        show_error(error)
        return
    st.rerun()
