"""What a route asks for: the services, once they are built, and the principal behind the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from services.access.principals import API_CLIENT, Principal
from services.container import Services
from services.errors import AccessDeniedError, UnavailableError

ServicesProvider = Callable[[], Services | None]


def services_of(request: Request) -> Services:
    """Return the services.

    :raise UnavailableError: the process is still starting or is shutting down.
    """
    provider: ServicesProvider = request.app.state.services
    services = provider()
    if services is None:
        raise UnavailableError("the services are not ready: try again in a few seconds")
    return services


def services_if_ready(request: Request) -> Services | None:
    """Return the services, None while the process starts or shuts down: for what can be answered without them."""
    provider: ServicesProvider = request.app.state.services
    return provider()


def principal_of(request: Request) -> Principal:
    """Who the middleware let in: the holder of a ticket, or the holder of a key; today every key has the same rights."""
    principal: Principal = getattr(request.state, "principal", API_CLIENT)
    return principal


def administrator_of(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
    """Return the caller.

    :raise AccessDeniedError: they may not administer.
    """
    if not principal.may_administer:
        raise AccessDeniedError("only an administrator may do this: ask one for access")
    return principal


UsesServices = Annotated[Services, Depends(services_of)]
MayUseServices = Annotated[Services | None, Depends(services_if_ready)]
Caller = Annotated[Principal, Depends(principal_of)]
Administrator = Annotated[Principal, Depends(administrator_of)]
