"""An answer in the making: the draft collects it, the reply turns what the model streams into safe, verified parts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from services.assistant.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    AnswerSegment,
    AnswerState,
    AnswerWarning,
    SegmentDone,
    TextDelta,
    Usage,
    WarningKind,
)
from services.assistant.grounding import Grounding, Segmenter
from services.assistant.language_model import RawCitation
from services.assistant.markdown import StreamSanitiser
from services.evidence.passages import SearchResult


@dataclass
class Draft:
    """What is known of the answer so far. `conclude` freezes it, in whatever state it is, and hands it to `on_end`."""

    evidence: SearchResult
    mode: AnswerMode
    model: str | None
    prompt_version: str
    grounding: Grounding
    on_end: Callable[[Answer], None]
    segments: list[AnswerSegment] = field(default_factory=list)
    warnings: list[AnswerWarning] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    concluded: bool = False

    def add(self, segment: AnswerSegment) -> SegmentDone:
        self.segments.append(segment)
        return SegmentDone(segment)

    def warn(self, kind: WarningKind, message: str) -> AnswerWarning:
        warning = AnswerWarning(kind, message)
        self.warnings.append(warning)
        return warning

    def new_warnings(self) -> list[AnswerWarning]:
        """Take over what the grounding noticed since the last call; the same remark is made once."""
        fresh = [warning for warning in dict.fromkeys(self.grounding.warnings) if warning not in self.warnings]
        self.warnings += fresh
        return fresh

    def conclude(self, state: AnswerState, error: str | None = None) -> Answer:
        answer = Answer(
            segments=tuple(self.segments),
            citations=self.grounding.citations,
            state=state,
            mode=self.mode,
            model=self.model,
            prompt_version=self.prompt_version,
            usage=self.usage,
            evidence=self.evidence,
            warnings=tuple(self.warnings),
            error=error,
        )
        if not self.concluded:  # whoever stops reading at the last event ends the answer a second time
            self.concluded = True
            self.on_end(answer)
        return answer


class Reply:
    """The reply of the model, block by block: text is made inert at once, citations are verified when their block closes."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._sanitiser = StreamSanitiser()
        self._segmenter = Segmenter()
        self._block: list[str] = []
        self.started = False

    def text(self, piece: str) -> Iterator[AnswerEvent]:
        if not self.started:
            piece = piece.lstrip()
            self.started = bool(piece)
        yield from self._show(self._sanitiser.feed(piece))

    def block(self, citations: Sequence[RawCitation]) -> Iterator[AnswerEvent]:
        yield from self._show(self._sanitiser.flush())
        verified = [found for raw in citations if (found := self._draft.grounding.verify(raw)) is not None]
        yield from self._draft.new_warnings()
        text = "".join(self._block)
        self._block.clear()
        # All enter the draft before the first is shown: the reader may go away between two of them.
        yield from [self._draft.add(segment) for segment in self._segmenter.add(text, tuple(dict.fromkeys(verified)))]

    def close(self) -> Iterator[AnswerEvent]:
        """Finish the text wherever it stands. A block that never closed has no verified citation, so it stays uncited."""
        yield from self.block(())
        yield from [self._draft.add(segment) for segment in self._segmenter.flush()]

    def _show(self, text: str) -> Iterator[TextDelta]:
        if text:
            self._block.append(text)
            yield TextDelta(text)
