"""Maps the error tree to HTTP: always JSON with a `detail`. What is not in the tree is answered by `api/security.py`."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from services.errors import ParatopeError, RateLimitedError

_LOG = logging.getLogger("paratope.api")


def install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(ParatopeError)
    async def _explained(_request: Request, error: ParatopeError) -> JSONResponse:
        if error.status >= 500:  # the message names no patient; see `services/errors.py`
            _LOG.warning("%s: %s", type(error).__name__, error.message)
        headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, RateLimitedError) else None
        return JSONResponse({"detail": error.message}, status_code=error.status, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # where and why, without the input: it may be a patient's data, or a NaN that JSON cannot carry
        detail = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]
        return JSONResponse({"detail": detail}, status_code=422)
