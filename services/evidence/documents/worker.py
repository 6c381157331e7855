"""The child process that opens PDFs: one socket, one document at a time, limits set by the operating system.

Started as `python -S -P -m services.evidence.documents.worker text|image FD MEMORY_BYTES` with an environment that holds only
the import path. It reads a request (an open file and a JSON object), answers with a JSON object and, for images, bytes, and
ends when the parent closes the socket. It imports pypdf or pypdfium2 and nothing of the product beyond this package.

The protocol is JSON and raw bytes, not pickle: a document that took over this process could not run code in the parent.

    request   8 bytes length + JSON {"op", ...}, with the file descriptor as ancillary data
    answer    8 bytes JSON length + 8 bytes blob length + JSON + blob
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

Answer = tuple[dict[str, Any], bytes]
Handler = Callable[[bytes, dict[str, Any]], Answer]
_MAX_REQUEST = 1_000_000


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Read `count` bytes. Returns fewer only when the other side has closed."""
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            break
        parts += part
    return bytes(parts)


def main(kind: str, connection_fd: int, memory_bytes: int) -> None:
    """Serve requests until the parent hangs up."""
    logging.disable(logging.CRITICAL)  # library warnings may quote the document
    sys.setrecursionlimit(1_500)
    connection = socket.socket(fileno=connection_fd)
    try:
        handler = _text_handler() if kind == "text" else _image_handler()
    except ImportError as error:
        _send(connection, {"ready": False, "missing": str(error.name)}, b"")
        return
    _limit("RLIMIT_AS", memory_bytes)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_CORE", 0)
    _send(connection, {"ready": True}, b"")
    while _serve_one(connection, handler):
        pass


def _serve_one(connection: socket.socket, handler: Handler) -> bool:
    head, descriptors, _, _ = socket.recv_fds(connection, 8, 1)
    if not head or len(descriptors) != 1:
        return False
    (length,) = struct.unpack(">Q", head + receive_exactly(connection, 8 - len(head)))
    if length > _MAX_REQUEST:
        return False
    request = json.loads(receive_exactly(connection, length))
    _allow_cpu(int(request["cpu_seconds"]))
    try:
        os.lseek(descriptors[0], 0, os.SEEK_SET)  # the position is shared with the parent, who has read the file
        with os.fdopen(descriptors[0], "rb") as file:
            answer, blob = handler(file.read(), request)
    except MemoryError:
        # The heap is exhausted: say so with what is left and end, the parent starts a fresh child.
        _send(connection, {"refused": "limit", "ends": True, "message": "The document needs more memory to read than it may use. "
                           "Print it to a new PDF or split it, and upload that."}, b"")
        return False
    _send(connection, answer, blob)
    return True


def _send(connection: socket.socket, answer: dict[str, Any], blob: bytes) -> None:
    body = json.dumps(answer).encode()
    connection.sendall(struct.pack(">QQ", len(body), len(blob)) + body)
    if blob:
        connection.sendall(blob)


def _limit(name: str, value: int) -> None:
    try:
        resource.setrlimit(getattr(resource, name), (value, value))
    except (ValueError, OSError):
        return  # macOS refuses RLIMIT_AS; the wall time limit of the parent still holds


def _allow_cpu(seconds: int) -> None:
    """Set the processor time this child may use up to the end of the request; SIGXCPU ends it beyond."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, hard))


def _text_handler() -> Handler:
    from services.evidence.documents.extraction import ExtractionRefusedError, extract

    def _handle(data: bytes, request: dict[str, Any]) -> Answer:
        try:
            return extract(
                data, page_limit=int(request["page_limit"]), character_limit=int(request["character_limit"])
            ), b""
        except ExtractionRefusedError as refusal:
            return {"refused": refusal.kind, "message": refusal.message}, b""

    return _handle


def _image_handler() -> Handler:
    from services.evidence.documents.rendering import RenderingRefusedError, render

    def _handle(data: bytes, request: dict[str, Any]) -> Answer:
        try:
            return render(
                data, page_number=int(request["page_number"]), highlight=request["highlight"],
                scale=float(request["scale"]), pixel_limit=int(request["pixel_limit"]),
            )
        except RenderingRefusedError as refusal:
            return {"refused": refusal.kind, "message": refusal.message}, b""

    return _handle


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
