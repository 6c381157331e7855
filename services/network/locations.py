"""Takes apart the address of a remote file: one strict reader, whose result is all that is used afterwards.

Accepted is `https://name/path?query` on port 443, and `s3://bucket/key`, `gs://bucket/object` and
`az://account/container/blob` as other spellings of the providers' https addresses. Whatever a lenient parser would argue about is
refused: a user name, another port, a number in place of a name, letters outside ASCII, backslashes, spaces, control characters.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote

from services.errors import InvalidInputError

_MAX_URL = 8_192
_URL = re.compile(r"(?i:https)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?P<fragment>#.*)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}):")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
# the last label of a real name begins with a letter; a number there is an address in one of its many spellings
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "test", "invalid", "onion")
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,220}[a-z0-9])")
_S3_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"[a-z0-9$](?:[a-z0-9-]{1,61}[a-z0-9])?")
_HOST_LIKE_NUMBER = re.compile(r"[0-9.]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A server by name and what is asked of it: path and query, as they go on the wire."""

    name: str
    target: str


def parse_address(url: str) -> Address:
    """Take an https address apart.

    :raise InvalidInputError: it is not one that may be fetched from. The message does not repeat it: it may hold a signature.
    """
    if len(url) > _MAX_URL:
        raise InvalidInputError(f"the address is longer than {_MAX_URL:,} characters")
    if not url:
        raise InvalidInputError("there is no address: it begins with https://, s3://, gs:// or az://")
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise InvalidInputError("the address holds spaces, control characters, backslashes or letters outside ASCII")
    match = _URL.fullmatch(url)
    if match is None:
        scheme = _SCHEME.match(url)
        said = f"not {scheme[1].lower()}" if scheme else "and nothing else"
        raise InvalidInputError(f"the address must begin with https://, s3://, gs:// or az://, {said}")
    authority = match["authority"].lower()
    if "@" in authority:
        raise InvalidInputError("the address must not hold a user name or password")
    name, colon, port = authority.partition(":")
    if colon and port != "443" and not authority.startswith("["):
        raise InvalidInputError("files are fetched from port 443 only")
    if name.startswith("[") or _HOST_LIKE_NUMBER.fullmatch(name.strip(".")):
        raise InvalidInputError("the address must name its server: numbers in place of a name are refused")
    _refuse_name(name)
    return Address(name, (match["path"] or "/") + (match["query"] or ""))


def _refuse_name(name: str) -> None:
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise InvalidInputError("the address must name a server on the Internet, such as data.example.org")
    if name.rsplit(".", 1)[-1] in _INSIDE:
        raise InvalidInputError("the address names a server inside a network: files are fetched from the Internet only")


def redirected(address: Address, location: str) -> Address:
    """Return where a redirect leads, by the same rules; a path alone stays on the same server.

    :raise InvalidInputError: it leads to something that may not be fetched from.
    """
    try:
        if location.startswith("/") and not location.startswith("//"):
            return parse_address(f"https://{address.name}{location}")
        if location.startswith("//"):
            return parse_address(f"https:{location}")
        if location and not _SCHEME.match(location):
            folder = posixpath.dirname(address.target.partition("?")[0]).rstrip("/")
            return parse_address(f"https://{address.name}{folder}/{location}")
        return parse_address(location)
    except InvalidInputError as error:
        raise InvalidInputError(f"{address.name} redirects to a place that is refused: {error.message}") from error


def https_form(url: str) -> str:
    """Return the https address of an `s3://`, `gs://` or `az://` one, its query kept; an https address as it is.

    Nobody's credentials are added: the file must be public or the query must hold a signature.

    :raise InvalidInputError: bucket, container, account or key do not have the provider's form.
    """
    url = url.strip()
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in ("s3", "gs", "az"):
        return url
    if len(url) > _MAX_URL:
        raise InvalidInputError(f"the address is longer than {_MAX_URL:,} characters")
    place, question, query = rest.partition("?")
    bucket, _, key = place.partition("/")
    suffix = f"?{query}" if question else ""
    if scheme == "az":
        return _azure(bucket, key) + suffix
    if not _is_bucket(bucket, _S3_BUCKET if scheme == "s3" else _BUCKET):
        raise InvalidInputError(f"the address must be {scheme}://bucket/key with the name of a bucket")
    path = _quoted(key, scheme)
    if scheme == "gs":
        return f"https://storage.googleapis.com/{bucket}/{path}{suffix}"
    if "." in bucket:  # a name with dots is not covered by the provider's certificate
        return f"https://s3.amazonaws.com/{bucket}/{path}{suffix}"
    return f"https://{bucket}.s3.amazonaws.com/{path}{suffix}"


def _is_bucket(bucket: str, form: re.Pattern[str]) -> bool:
    return bool(form.fullmatch(bucket)) and ".." not in bucket and not _HOST_LIKE_NUMBER.fullmatch(bucket)


def _azure(account: str, rest: str) -> str:
    account = account.removesuffix(".blob.core.windows.net")
    container, _, blob = rest.partition("/")
    if not _ACCOUNT.fullmatch(account) or not _CONTAINER.fullmatch(container):
        raise InvalidInputError("the address must be az://account/container/blob")
    return f"https://{account}.blob.core.windows.net/{container}/{_quoted(blob, 'az')}"


def _quoted(key: str, scheme: str) -> str:
    if not key or key.endswith("/"):
        raise InvalidInputError(f"the {scheme}:// address names no file")
    if "\\" in key or "#" in key or any(part in (".", "..") for part in key.split("/")):
        raise InvalidInputError(f"the {scheme}:// address must name its file plainly, without '..', '#' or backslashes")
    return quote(key, safe="/-_.~")
