"""Tickets open one purpose for one principal, for an hour, and cannot be guessed or read from memory."""

from __future__ import annotations

from services.access.principals import API_CLIENT, LOCAL_USER
from services.access.tickets import UPLOADS, Tickets


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_ticket_names_its_holder_for_its_purpose_only() -> None:
    tickets = Tickets()
    mine, other = tickets.mint(LOCAL_USER, UPLOADS), tickets.mint(API_CLIENT, UPLOADS)
    assert tickets.holder(mine, UPLOADS) == LOCAL_USER
    assert tickets.holder(other, UPLOADS) == API_CLIENT
    assert tickets.holder(mine, "events") is None


def test_what_was_not_minted_opens_nothing() -> None:
    tickets = Tickets()
    ticket = tickets.mint(LOCAL_USER, UPLOADS)
    for guess in ("", ticket[:-1], ticket + "x", ticket.swapcase(), "\udcff", "x" * 100_000):
        assert tickets.holder(guess, UPLOADS) is None
    assert Tickets().holder(ticket, UPLOADS) is None


def test_a_ticket_ends_after_an_hour() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    ticket = tickets.mint(LOCAL_USER, UPLOADS)
    clock.seconds += 3_599
    assert tickets.holder(ticket, UPLOADS) == LOCAL_USER
    clock.seconds += 1
    assert tickets.holder(ticket, UPLOADS) is None


def test_the_number_of_tickets_is_bounded_and_the_oldest_ends_first() -> None:
    tickets = Tickets()
    first = tickets.mint(LOCAL_USER, UPLOADS)
    later = [tickets.mint(LOCAL_USER, UPLOADS) for _ in range(10_000)]
    assert tickets.holder(first, UPLOADS) is None
    assert tickets.holder(later[0], UPLOADS) == LOCAL_USER


def test_tickets_are_long_all_different_and_not_kept_as_they_are() -> None:
    tickets = Tickets()
    minted = {tickets.mint(LOCAL_USER, UPLOADS) for _ in range(1_000)}
    assert len(minted) == 1_000
    assert min(map(len, minted)) >= 43
    assert not any(ticket in repr(vars(tickets)) for ticket in list(minted)[:20])
