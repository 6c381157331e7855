"""The error tree: every failure the product can explain.

Adapters translate a vendor's errors into this tree; the edges translate the tree into a panel on a page
(`components/feedback.py`) or an HTTP status (`api/errors.py`). Nothing in between catches broadly.

    ParatopeError
    ├── InvalidInputError            422  the caller sent something that cannot be used
    │   ├── InvalidIdentifierError   422  an id that does not have the allowed form
    │   ├── UnitError                422  a quantity without a unit, or with one that cannot be converted
    │   └── DocumentError            422  a document that cannot be read; the subclasses say why
    │       ├── NotAPdfError         400
    │       ├── EncryptedDocumentError
    │       ├── NoTextError
    │       ├── BrokenDocumentError
    │       └── DocumentLimitError
    ├── AccessDeniedError            403  a key that may not do this
    ├── NotFoundError                404
    ├── ConflictError                409  the thing is in a state that does not allow this
    ├── TooLargeError                413
    ├── RateLimitedError             429  carries `retry_after_seconds`
    ├── ConfigurationError           500  the settings contradict each other; refuse to start
    └── UnavailableError             503  a part is down; never shown as an empty result
        ├── StoreUnavailableError         the vector store
        ├── EmbedderUnavailableError      the embedding model
        └── LanguageModelError            the Messages API; carries `retryable`

A message names what was wrong, where, and what to do. It never carries patient data.
"""

from __future__ import annotations


class ParatopeError(Exception):
    """The root. `status` is the HTTP status the API answers with."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInputError(ParatopeError):
    status = 422


class InvalidIdentifierError(InvalidInputError):
    pass


class UnitError(InvalidInputError):
    pass


class DocumentError(InvalidInputError):
    pass


class NotAPdfError(DocumentError):
    status = 400


class EncryptedDocumentError(DocumentError):
    pass


class NoTextError(DocumentError):
    pass


class BrokenDocumentError(DocumentError):
    pass


class DocumentLimitError(DocumentError):
    pass


class AccessDeniedError(ParatopeError):
    status = 403


class NotFoundError(ParatopeError):
    status = 404


class ConflictError(ParatopeError):
    status = 409


class TooLargeError(ParatopeError):
    status = 413


class RateLimitedError(ParatopeError):
    status = 429

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ConfigurationError(ParatopeError):
    pass


class UnavailableError(ParatopeError):
    status = 503


class StoreUnavailableError(UnavailableError):
    pass


class EmbedderUnavailableError(UnavailableError):
    pass


class LanguageModelError(UnavailableError):
    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
