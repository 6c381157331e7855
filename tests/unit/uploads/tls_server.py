"""A web server with TLS on the loopback that answers as a test says, and the network through which it looks like the Internet."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.network.remote import Network

NAME = "data.example.org"
PUBLIC = "93.184.215.14"
Answer = Callable[[str, socket.socket], None]
"""Gets the request's path and the connection on which to answer."""


def certificate(folder: Path, *names: str) -> Path:
    """Write a self-signed certificate with its key; returns the path of both in one file."""
    path = folder / f"{names[0]}.pem"
    path.write_bytes(_certificate(names))
    return path


@lru_cache
def _certificate(names: tuple[str, ...]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret + made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Server:
    """Requests it got, as (SNI name, request head); connections it accepted; what it answers."""

    port: int
    pem: Path
    answer: Answer
    requests: list[tuple[str | None, str]] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def network(
        self, addresses: Callable[[str], list[str]] | None = None, **changed: object
    ) -> Network:
        """A network in which every public address leads to this server; the real judgement of addresses is in force."""

        def look_up(name: str) -> list[str]:
            self.looked_up.append(name)
            return addresses(name) if addresses else [PUBLIC]

        def dial(address: str) -> socket.socket:
            self.dialled.append(address)
            return socket.create_connection(("127.0.0.1", self.port), 5)

        return Network(  # type: ignore[arg-type]
            look_up=look_up, dial=dial, tls=ssl.create_default_context(cafile=str(self.pem)), **changed
        )


@contextlib.contextmanager
def serving(folder: Path, answer: Answer, *names: str) -> Iterator[Server]:
    """Serve one connection after the other until the end of the block."""
    pem = certificate(folder, *(names or (NAME, "other.example.org")))
    seen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _connection, name, _context: seen.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1], pem, answer)

        def handle(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = connection.recv(4_096)
                    if not part:
                        return
                    head += part
                text = head.decode("latin-1")
                server.requests.append((seen[-1], text))
                server.answer(text.split(" ", 2)[1], connection)
                connection.unwrap()

        def run() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                plain.settimeout(20)
                handle(plain)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def body(data: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def redirect(location: str, status: str = "302 Found") -> bytes:
    return body(b"", f"Location: {location}", status=status)
