"""The Messages API behind a narrow door: a request in, text, citations and a stop reason out.

Only this module knows the vendor's library. It never calls without a key, it turns each of the vendor's errors into a
`LanguageModelError` in plain words, and it never reports a reply as complete that did not end with `message_stop` and a stop
reason: the library itself ends silently when the connection drops.

The reply is read in a thread of its own, so a stop takes effect at once even while the model is silent or the library waits
to retry, and one deadline bounds the whole call, which the library's time-outs (per read) and retries do not.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.assistant.answers import Usage
from services.errors import LanguageModelError
from services.settings import Settings

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

DEFAULT_BASE_URL = "https://api.anthropic.com"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait, in seconds: for a connection, for the next bytes, and for the whole reply, retries included."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 240.0


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is sent: `system` and `messages` as the Messages API defines them."""

    system: Sequence[dict[str, Any]] = field(repr=False)
    messages: Sequence[dict[str, Any]] = field(repr=False)
    max_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class RawCitation:
    """A citation as the model gave it: not verified."""

    source: str
    cited_text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class BlockDone:
    """A text block is closed; these are all its citations (they may arrive before, between or after its text)."""

    citations: tuple[RawCitation, ...]


@dataclass(frozen=True, slots=True)
class ToolRequested:
    """The model asked for a tool. Nothing has been run."""

    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The reply ended as the API defines it. `stop_reason` is the API's word; "end_turn" is the only complete one."""

    stop_reason: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Stopped:
    """The caller asked to stop; nothing more follows."""


ModelEvent = Text | BlockDone | ToolRequested | Ended | Stopped


class LanguageModel:
    """One model of the Messages API. Safe for use from several threads."""

    def __init__(self, *, model: str, api_key: str | None, base_url: str | None = None, timing: Timing | None = None) -> None:
        self.model = model
        self._timing = timing or Timing()
        self._client: anthropic.Anthropic | None = None
        if api_key and api_key.strip():
            # here and not at the head: the library takes most of a second to import, and without a key nothing needs it
            import anthropic
            import httpx2

            self._client = anthropic.Anthropic(
                api_key=api_key.strip(),
                base_url=base_url or DEFAULT_BASE_URL,
                timeout=httpx2.Timeout(self._timing.read, connect=self._timing.connect),
                max_retries=2,  # 408, 409, 429, 5xx and 529, with the server's retry-after
            )

    @classmethod
    def from_settings(cls, settings: Settings) -> LanguageModel:
        key = settings.anthropic_api_key
        return cls(
            model=settings.llm_model,
            api_key=key.get_secret_value() if key is not None else None,
            base_url=settings.anthropic_base_url,
        )

    @property
    def available(self) -> bool:
        """True when a key is configured. Says nothing about whether the service answers."""
        return self._client is not None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def stream(
        self, request: ModelRequest, *, should_stop: Callable[[], bool] = lambda: False
    ) -> Generator[ModelEvent, None, None]:
        """Send the request and yield the reply as it comes. Ends with `Ended` or `Stopped`, or raises.

        `should_stop` is asked about ten times a second, in the caller's thread. A reply in the middle of which the caller
        gives up (closes the iterator) is abandoned.

        :raise LanguageModelError: no key, refused, overloaded, unreachable, too slow, or the reply broke off.
        """
        if self._client is None:
            raise LanguageModelError("no language model is configured: set ANTHROPIC_API_KEY", retryable=False)
        items: queue.SimpleQueue[ModelEvent | Exception] = queue.SimpleQueue()
        abandoned = threading.Event()
        reader = threading.Thread(
            target=_read, args=(self._client, self.model, request, items, abandoned), name="language-model", daemon=True
        )
        reader.start()
        deadline = time.monotonic() + self._timing.total
        try:
            while True:
                if should_stop():
                    yield Stopped()
                    return
                if time.monotonic() > deadline:
                    raise LanguageModelError(
                        f"the language model did not finish within {self._timing.total:g} seconds: try again", retryable=True
                    )
                try:
                    item = items.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if isinstance(item, Exception):
                    raise self._explained(item) from item
                yield item
                if isinstance(item, Ended):
                    return
        finally:
            abandoned.set()

    def _explained(self, error: Exception) -> Exception:
        """The error in plain words; what is no failure of the service (a defect of ours) stays what it is."""
        if isinstance(error, LanguageModelError):
            return error
        import anthropic
        import httpx2

        if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
            return LanguageModelError("the language model did not answer in time: try again", retryable=True)
        if isinstance(error, anthropic.APIConnectionError):
            return LanguageModelError(
                "the language model cannot be reached: check the network and ANTHROPIC_BASE_URL", retryable=True
            )
        if isinstance(error, httpx2.HTTPError):
            return LanguageModelError("the connection to the language model broke off: try again", retryable=True)
        if isinstance(error, anthropic.APIStatusError):
            return _explained_status(error, self.model)
        if isinstance(error, anthropic.AnthropicError | ValueError):
            return LanguageModelError("the language model sent something that cannot be read: try again", retryable=True)
        return error


def _read(
    client: anthropic.Anthropic,
    model: str,
    request: ModelRequest,
    items: queue.SimpleQueue[ModelEvent | Exception],
    abandoned: threading.Event,
) -> None:
    """Read one reply into `items`, until it ends or is abandoned. Runs in the reader's thread."""
    try:
        with client.messages.stream(
            model=model,
            max_tokens=request.max_tokens,
            system=list(request.system),  # type: ignore[arg-type] # plain dictionaries; the API checks them
            messages=list(request.messages),  # type: ignore[arg-type]
        ) as stream:
            for event in stream:
                if abandoned.is_set():
                    return
                if event.type == "text":
                    items.put(Text(event.text))
                elif event.type == "content_block_stop":
                    _put_block(event.content_block, items)
                elif event.type == "message_stop":
                    items.put(_ended(event.message))
                    return
        items.put(LanguageModelError("the connection broke off before the answer was complete: try again", retryable=True))
    except Exception as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
        items.put(error)


def _put_block(block: Any, items: queue.SimpleQueue[ModelEvent | Exception]) -> None:
    if block.type == "text":
        found = tuple(
            RawCitation(citation.source, citation.cited_text)
            for citation in block.citations or ()
            if citation.type == "search_result_location"
        )
        items.put(BlockDone(found))
    elif block.type == "tool_use":
        items.put(ToolRequested(block.name))


def _ended(message: Message) -> ModelEvent | LanguageModelError:
    if message.stop_reason is None:
        return LanguageModelError("the language model ended without saying why: the answer may be incomplete", retryable=True)
    usage = message.usage
    return Ended(message.stop_reason, Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens or 0,
        cache_write=usage.cache_creation_input_tokens or 0,
    ))


# The vendor's error type or the status, in the order of asking; what to say; whether trying again can help.
_STATUS_MESSAGES: tuple[tuple[frozenset[str], frozenset[int], str, bool], ...] = (
    (frozenset({"authentication_error"}), frozenset({401}),
     "the key of the language model was refused: check ANTHROPIC_API_KEY", False),
    (frozenset({"permission_error"}), frozenset({403}),
     "the key may not use the model {model}: check AUTO_LLM_MODEL and the account", False),
    (frozenset({"billing_error"}), frozenset({402}),
     "the account of the key has no credit left for the language model", False),
    (frozenset({"not_found_error"}), frozenset({404}),
     "the model {model} was not found: check AUTO_LLM_MODEL and ANTHROPIC_BASE_URL", False),
    (frozenset({"request_too_large"}), frozenset({413}),
     "the question with its evidence is too large for the language model", False),
    (frozenset({"rate_limit_error"}), frozenset({429}),
     "the language model takes no more requests for now: try again in a minute", True),
    (frozenset({"overloaded_error"}), frozenset({529}),
     "the language model is overloaded: try again in a minute", True),
    (frozenset({"api_error", "timeout_error"}), frozenset({408, *range(500, 600)}),
     "the language model has an internal error: try again", True),
    (frozenset({"invalid_request_error"}), frozenset({400, 422}),
     "the language model refused the request (model {model}): check AUTO_LLM_MODEL and the account's credit", False),
)


def _explained_status(error: anthropic.APIStatusError, model: str) -> LanguageModelError:
    """Explain an error by its type first: one in the middle of a stream carries status 200.

    The vendor's own text stays out: it can quote the request, and the request holds patient data.
    """
    for kinds, _, message, retryable in _STATUS_MESSAGES:
        if error.type in kinds:
            return LanguageModelError(message.format(model=model), retryable=retryable)
    for _, statuses, message, retryable in _STATUS_MESSAGES:
        if error.status_code in statuses:
            return LanguageModelError(message.format(model=model), retryable=retryable)
    return LanguageModelError(f"the language model failed (status {error.status_code})", retryable=error.status_code == 200)
