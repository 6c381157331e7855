"""One question in a conversation: stored before the model is asked, answered, and stored again however it ends.

A dashboard run can be cut off at any moment (the reader clicks elsewhere, the tab closes). Then the events stop being read, and
what had arrived is stored as a stopped answer; a question whose answer was lost to a crash is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from services.access.principals import Principal
from services.assistant.answering import Assistant
from services.assistant.answers import Answer, AnswerEvent
from services.assistant.conversations import Conversations


class Chat:
    """Answers within a conversation."""

    def __init__(self, assistant: Assistant, conversations: Conversations) -> None:
        self._assistant = assistant
        self._conversations = conversations

    def ask(
        self,
        access: Principal,
        conversation_id: str,
        question: str,
        *,
        patient_context: str | None = None,
        collections: Sequence[str] = (),
        top_k: int = 5,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[AnswerEvent]:
        """Yield the events of `Assistant.answer_stream`. The patient is the conversation's own, so two cannot be mixed up.

        :raise NotFoundError: the conversation is not the caller's.
        Raises also what `Assistant.answer_stream` raises; the question stays stored then.
        """
        owner = access.name
        conversation = self._conversations.get(owner, conversation_id)
        history = self._conversations.history(owner, conversation_id)
        self._conversations.append_question(owner, conversation_id, question)

        def keep(answer: Answer) -> None:
            self._conversations.append_answer(owner, conversation_id, answer)

        yield from self._assistant.answer_stream(
            question,
            access=access,
            patient_id=conversation.patient_id,
            patient_context=patient_context,
            collections=collections,
            top_k=top_k,
            history=history,
            should_stop=should_stop,
            on_end=keep,
        )
