"""A Messages API on the loopback that speaks the real protocol over real HTTP, so the vendor's library is tested, not replaced.

Each POST to /v1/messages is answered by the next responder of `plan`, or by `default` when the plan is empty, and kept in
`log` with its headers and body. By default it behaves like a model that cites well: from each of the first search results
the sentence nearest to the question, word for word, with a citation. Try the product without a key of your own:

    python -m tests.fakes.messages_api --port 8012
    ANTHROPIC_API_KEY=fake ANTHROPIC_BASE_URL=http://127.0.0.1:8012 make run
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Json = dict[str, Any]
Responder = Callable[["Exchange"], None]


@dataclass(frozen=True)
class LoggedRequest:
    """What came in. `raw` are the bytes of the body, to prove that a prefix stays the same."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Json:
        return json.loads(self.raw)

    def search_results(self) -> list[Json]:
        return [block for message in self.body["messages"] for block in _content(message) if block["type"] == "search_result"]

    def question(self) -> str:
        return _content(self.body["messages"][-1])[-1]["text"]


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: LoggedRequest) -> None:
        self.request = request
        self._handler = handler

    def error(self, status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
        self._handler.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def start(self) -> None:
        """Open the event stream, up to and with `message_start`."""
        self._handler.send_response(200)
        self._handler.send_header("content-type", "text/event-stream")
        self._handler.send_header("connection", "close")
        self._handler.end_headers()
        self._handler.close_connection = True
        self.event({
            "type": "message_start",
            "message": {
                "id": "msg_fake", "type": "message", "role": "assistant", "model": self.request.body["model"], "content": [],
                "stop_reason": None, "stop_sequence": None,
                "usage": {
                    "input_tokens": 1200, "output_tokens": 1, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 0,
                },
            },
        })

    def event(self, data: Json) -> None:
        self._handler.wfile.write(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode())
        self._handler.wfile.flush()

    def open_block(self, index: int) -> None:
        block = {"type": "text", "text": "", "citations": []}
        self.event({"type": "content_block_start", "index": index, "content_block": block})

    def block(
        self, index: int, text: str, citations: Sequence[Json] = (), *, pieces: int = 3, citations_first: bool = False
    ) -> None:
        """Send a whole text block in pieces. Real replies mix the order of text and citation deltas, so both orders exist."""
        self.open_block(index)
        deltas: list[Json] = [{"type": "text_delta", "text": piece} for piece in _pieces(text, pieces)]
        cited: list[Json] = [{"type": "citations_delta", "citation": citation} for citation in citations]
        for delta in [*cited, *deltas] if citations_first else [*deltas, *cited]:
            self.event({"type": "content_block_delta", "index": index, "delta": delta})
        self.event({"type": "content_block_stop", "index": index})

    def tool_use(self, index: int, name: str, tool_input: Json) -> None:
        self.event({
            "type": "content_block_start", "index": index,
            "content_block": {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}},
        })
        for piece in _pieces(json.dumps(tool_input), 3):
            self.event({
                "type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}
            })
        self.event({"type": "content_block_stop", "index": index})

    def finish(self, stop_reason: str = "end_turn") -> None:
        self.event({
            "type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": {"output_tokens": 80},
        })
        self.event({"type": "message_stop"})


class MessagesApi:
    """The server. Use it as a context manager; `url` is what goes into ANTHROPIC_BASE_URL."""

    def __init__(self, *, port: int = 0, default: Responder | None = None) -> None:
        self.plan: deque[Responder] = deque()
        self.log: list[LoggedRequest] = []
        self.default = default or cited_answer()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                request = LoggedRequest(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
                api.log.append(request)
                exchange = Exchange(self, request)
                if not self.path.startswith("/v1/messages"):
                    exchange.error(404, "not_found_error", "no such path")
                    return
                responder = api.plan.popleft() if api.plan else api.default
                try:
                    responder(exchange)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the caller hung up, as after a stop

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> MessagesApi:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        self._server.serve_forever()


# Responders. Each is a function that returns one, so that a plan reads as a list of what happens.


def cited_answer(*, sentences: int = 3, lead_in: str = "", citations_first: bool = False) -> Responder:
    """A good reply: from each of the first search results the sentence nearest to the question, with its citation."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        index = 0
        if lead_in:
            exchange.block(index, lead_in)
            index += 1
        results = exchange.request.search_results()
        asked = _words(exchange.request.question())
        for number, result in enumerate(results[:sentences]):
            start = _nearest(result, asked)
            said = result["content"][start]["text"].strip().rstrip(".") + ". "
            exchange.block(index, said, [location(result, number, start, start + 1)], citations_first=citations_first)
            index += 1
        if not results:
            exchange.block(index, "Insufficient evidence.")
        exchange.finish()

    return respond


def text_answer(*blocks: str, stop_reason: str = "end_turn") -> Responder:
    """A reply of uncited blocks that ends with the given reason: "max_tokens", "refusal", "pause_turn" ..."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        for index, text in enumerate(blocks):
            exchange.block(index, text)
        exchange.finish(stop_reason)

    return respond


def blocks_answer(*blocks: tuple[str, list[Json]], stop_reason: str = "end_turn") -> Responder:
    """A reply of the given blocks with the given raw citations."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        for index, (text, citations) in enumerate(blocks):
            exchange.block(index, text, citations)
        exchange.finish(stop_reason)

    return respond


def http_error(status: int, kind: str, message: str = "refused", **headers: str) -> Responder:
    def respond(exchange: Exchange) -> None:
        exchange.error(status, kind, message, {name.replace("_", "-"): value for name, value in headers.items()})

    return respond


def key_refused() -> Responder:
    return http_error(401, "authentication_error", "invalid x-api-key")


def rate_limited(retry_after: int = 1) -> Responder:
    return http_error(429, "rate_limit_error", retry_after=str(retry_after))


def overloaded() -> Responder:
    return http_error(529, "overloaded_error", "Overloaded")


def error_midstream(text: str = "C3 was low and ", kind: str = "overloaded_error") -> Responder:
    """Status 200, some text, then an `error` event."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        _half_block(exchange, text)
        exchange.event({"type": "error", "error": {"type": kind, "message": "Overloaded"}})

    return respond


def dropped_connection(text: str = "C3 was low and ") -> Responder:
    """Some text, then the connection ends without `message_stop`."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        _half_block(exchange, text)

    return respond


def no_stop_reason(text: str = "C3 was low. ") -> Responder:
    """A stream that ends with `message_stop` and never said why."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        exchange.block(0, text)
        exchange.event({"type": "message_stop"})

    return respond


def slow_stream(words: int = 200, pause_s: float = 0.05) -> Responder:
    """One word at a time."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        exchange.open_block(0)
        for number in range(words):
            exchange.event({
                "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"word{number} "},
            })
            time.sleep(pause_s)
        exchange.event({"type": "content_block_stop", "index": 0})
        exchange.finish()

    return respond


def silent(seconds: float, text: str = "") -> Responder:
    """Open the stream, perhaps say something, then say nothing for a while."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        if text:
            _half_block(exchange, text)
        time.sleep(seconds)

    return respond


def tool_call(name: str, tool_input: Json, text: str = "") -> Responder:
    """Ask for a tool; plan `cited_answer()` behind it for a whole tool loop."""

    def respond(exchange: Exchange) -> None:
        exchange.start()
        if text:
            exchange.block(0, text)
        exchange.tool_use(int(bool(text)), name, tool_input)
        exchange.finish("tool_use")

    return respond


def unknown_source(text: str = "Anifrolumab cures this patient. ") -> Responder:
    """Cite something that was never retrieved."""
    citation = {
        "type": "search_result_location", "source": "milvus://autoimmune_literature/never-retrieved", "title": "A paper",
        "cited_text": "Anifrolumab cures.", "search_result_index": 0, "start_block_index": 0, "end_block_index": 1,
    }
    return blocks_answer((text, [citation]))


def altered_text(text: str = "C3 was normal throughout. ") -> Responder:
    """Cite a source that was retrieved, with words that do not stand in it."""

    def respond(exchange: Exchange) -> None:
        citation = {**location(exchange.request.search_results()[0], 0, 0, 1), "cited_text": "C3 was normal throughout."}
        blocks_answer((text, [citation]))(exchange)

    return respond


_ORDERS = {
    "tool": re.compile(r"call tool (\w+)"),
    "say": re.compile(r"say: ([^\n]+)"),
    "source": re.compile(r"cite source (\S+)"),
}


def obedient() -> Responder:
    """A model that follows every order it finds anywhere in the request: "call tool X", "say: X", "cite source X"."""

    def respond(exchange: Exchange) -> None:
        context = "\n".join(_strings(exchange.request.body["messages"]))
        exchange.start()
        index = 0
        for match in _ORDERS["say"].finditer(context):
            exchange.block(index, match.group(1) + "\n", pieces=7)
            index += 1
        for match in _ORDERS["source"].finditer(context):
            citation = {
                "type": "search_result_location", "source": match.group(1), "title": "", "cited_text": "ordered",
                "search_result_index": 0, "start_block_index": 0, "end_block_index": 1,
            }
            exchange.block(index, "As ordered. ", [citation])
            index += 1
        tools = list(_ORDERS["tool"].finditer(context))
        for match in tools:
            exchange.tool_use(index, match.group(1), {"confirmed": True})
            index += 1
        exchange.finish("tool_use" if tools else "end_turn")

    return respond


def location(result: Json, index: int, start: int, end: int) -> Json:
    """The citation of whole blocks of a search result, as the API builds it."""
    return {
        "type": "search_result_location", "source": result["source"], "title": result["title"],
        "cited_text": "".join(block["text"] for block in result["content"][start:end]),
        "search_result_index": index, "start_block_index": start, "end_block_index": end,
    }


def _nearest(result: Json, asked: set[str]) -> int:
    return max(range(len(result["content"])), key=lambda at: len(asked & _words(result["content"][at]["text"])))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", text.lower()))


def _half_block(exchange: Exchange, text: str) -> None:
    exchange.open_block(0)
    exchange.event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


def _pieces(text: str, count: int) -> list[str]:
    size = max(1, -(-len(text) // count))
    return [text[at:at + size] for at in range(0, len(text), size)]


def _content(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for the Messages API, for trying the product without a key.")
    parser.add_argument("--port", type=int, default=8012)
    api = MessagesApi(port=parser.parse_args().port)
    print(f"listening: ANTHROPIC_BASE_URL={api.url} ANTHROPIC_API_KEY=any (Ctrl-C ends)")
    try:
        api.serve_forever()
    except KeyboardInterrupt:
        print("ended")


if __name__ == "__main__":
    main()
