"""A multipart form whose one file goes to disk while it arrives; nothing of it is ever whole in memory.

Parts come in the order of the sender: fields may stand before the file or after it. Each part's data is read through `pieces`
before the next part begins.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from services.errors import InvalidInputError, ParatopeError

_MAX_FIELD_BYTES = 64 << 10
_MAX_PARTS = 50
_SILENCE_SECONDS = 60.0


class MalformedFormError(InvalidInputError):
    status = 400


class SilentSenderError(ParatopeError):
    """Nothing arrived for a minute."""

    status = 408


@dataclass(slots=True)
class Part:
    """One part: `filename` is None for a plain field."""

    name: str
    filename: str | None
    _form: StreamedForm = field(repr=False)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the data as it arrives."""
        while (piece := await self._form.next_piece()) is not None:
            yield piece

    async def text(self) -> str:
        """Return the whole data of a field. :raise MalformedFormError: it is longer than a field may be."""
        collected = bytearray()
        async for piece in self.pieces():
            collected += piece
            if len(collected) > _MAX_FIELD_BYTES:
                raise MalformedFormError(f"the field {self.name[:64]!r} is longer than {_MAX_FIELD_BYTES >> 10} KB")
        return collected.decode("utf-8", "replace")


class StreamedForm:
    """Reads a form part by part.

    :raise MalformedFormError: it is not a multipart form, or it ends too early.
    """

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise MalformedFormError("send a form as multipart/form-data with the file in the field 'file'")
        self._body = request.stream()
        self._waiting: deque[Part | bytes | None] = deque()  # None ends a part
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition = b""
        self._ended = False
        try:
            self._parser = MultipartParser(options[b"boundary"], {
                "on_part_begin": self._on_begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": lambda data, start, end: self._waiting.append(data[start:end]),
                "on_part_end": lambda: self._waiting.append(None),
                "on_end": self._on_end,
            })
        except FormParserError as error:
            raise MalformedFormError("the form's boundary is too long") from error

    async def parts(self) -> AsyncIterator[Part]:
        """Yield the parts; what is left of one that was not read to its end is passed over."""
        seen = 0
        while (part := await self._next_part()) is not None:
            seen += 1
            if seen > _MAX_PARTS:
                raise MalformedFormError(f"a form has at most {_MAX_PARTS} parts")
            yield part

    async def next_piece(self) -> bytes | None:
        """Return the next data of the part under way, None at its end."""
        while not self._waiting:
            await self._more()
        item = self._waiting.popleft()
        assert not isinstance(item, Part)
        return item

    async def _next_part(self) -> Part | None:
        while True:
            while not self._waiting:
                if self._ended:
                    return None
                await self._more()
            item = self._waiting.popleft()
            if isinstance(item, Part):
                return item

    async def _more(self) -> None:
        """Read on. :raise MalformedFormError: there is nothing more, though the form has not ended."""
        if self._ended:
            raise MalformedFormError("the form ends in the middle of a part: send it again")
        async with asyncio.timeout(_SILENCE_SECONDS) as waiting:
            try:
                chunk = await anext(self._body, b"")
            except TimeoutError:
                if waiting.expired():
                    raise SilentSenderError("nothing arrived for a minute: send the form again") from None
                raise
        if not chunk:
            self._ended = True
            raise MalformedFormError("the form ends before its last part: send it again")
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedFormError("the form is malformed: send it again") from error

    def _on_begin(self) -> None:
        self._disposition = b""

    def _on_header(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise MalformedFormError("a part of the form has no name")
        name, filename = options[b"name"].decode("utf-8", "replace"), options.get(b"filename")
        self._waiting.append(Part(name, None if filename is None else filename.decode("utf-8", "replace"), self))

    def _on_end(self) -> None:
        self._ended = True
