"""The answers of a patient's conversations that a report can quote."""

from __future__ import annotations

from services.access.principals import Principal
from services.assistant.answers import AnswerMode, AnswerState, Citation
from services.assistant.conversations import Message
from services.container import Services
from services.reports.choices import MAX_ANSWER, AssistantAnswer

_CONVERSATIONS, _MOST = 5, 10


def of_patient(services: Services, access: Principal, patient_id: str) -> dict[str, AssistantAnswer]:
    """Return the complete answers of the reader's latest conversations about this patient, by message id."""
    found: dict[str, AssistantAnswer] = {}
    for conversation in services.conversations.list(access.name, patient_id=patient_id, limit=_CONVERSATIONS):
        question = ""
        for message in services.conversations.messages(access.name, conversation.id):
            if message.role == "user":
                question = message.text
            elif message.state is AnswerState.COMPLETE and message.segments:
                found[message.id] = _answer(message, question)
    return dict(list(found.items())[:_MOST])


def _answer(message: Message, question: str) -> AssistantAnswer:
    provenance = message.provenance
    is_written = provenance is None or provenance.mode is AnswerMode.LLM
    model = (provenance.model if provenance else None) or "not recorded"
    return AssistantAnswer(
        text=_with_sources(message)[:MAX_ANSWER] or "(empty)", origin="assistant", question=question[:4000],
        model=model if is_written else None,
    )  # fmt: skip


def _with_sources(message: Message) -> str:
    parts = []
    for segment in message.segments:
        numbers = "".join(f"[{citation.number}]" for citation in segment.citations)
        body = segment.text.rstrip()
        parts.append(f"{body} {numbers}{segment.text[len(body):] or ' '}" if numbers else segment.text)
    sources = [f"[{one.number}] {', '.join(_where(one))}" for one in message.citations]
    return "\n".join(["".join(parts).rstrip(), *(["", "Sources:", *sources] if sources else [])])


def _where(citation: Citation) -> list[str]:
    page = f"page {citation.page}" if citation.page else None
    return [part for part in (citation.title, citation.document_date, page) if part]
