"""What of the earlier conversation the search and the model get to see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from services.assistant.answers import Turn
from services.assistant.quotations import content_words

MAX_HISTORY_CHARACTERS = 24_000
# Turns left out at once. Leaving out one pair per question would change the cached prefix with every question.
_STEP = 8
_MAX_BEFORE = 1_000  # characters
_FOLLOW_UP = re.compile(r"(?:and|or|but|also|what about|how about|why|why not)\b", re.IGNORECASE)


def trim_history(history: Sequence[Turn], budget: int = MAX_HISTORY_CHARACTERS) -> tuple[tuple[Turn, ...], bool]:
    """Return the latest answered questions that fit the budget, oldest first, and whether any were left out for length.

    A question without an answer is dropped: the API wants user and assistant in turn, and no empty text.
    """
    turns: list[Turn] = []
    for question, reply in pairwise(history):
        if (question.role, reply.role) == ("user", "assistant") and question.text.strip() and reply.text.strip():
            turns += [question, reply]
    start = 0
    while start < len(turns) and sum(len(turn.text) for turn in turns[start:]) > budget:
        start += _STEP
    return tuple(turns[start:]), start > 0


def search_text(question: str, history: Sequence[Turn]) -> str:
    """Return what to search for: a follow-up that says little by itself ("And C4?") is searched with the question before it."""
    before = next((turn.text for turn in reversed(history) if turn.role == "user" and turn.text.strip()), None)
    words = content_words(question)
    if before is None or not (words <= 1 or (words <= 3 and _FOLLOW_UP.match(question))):
        return question
    return f"{before.strip()[:_MAX_BEFORE]} {question}"
