"""Letterheads: the identity block a facility prints at the top of its first page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from demo_data.reading import facilities

if TYPE_CHECKING:
    from demo_data.render.page import Page

Colour = tuple[int, int, int]
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """A facility's identity: `header` and `logo` name the functions that draw it, `paper` is Letter or A4."""

    name: str
    address: tuple[str, ...]
    colour: Colour
    logo: str
    header: str
    font: str
    paper: str
    date_format: str

    def written(self, day: date) -> str:
        """Return `day` as this facility writes dates. Months are spelled out here: strftime would follow the locale."""
        month = _MONTHS[day.month - 1]
        return {
            "long": f"{month} {day.day}, {day.year}",
            "us": f"{day.month:02}/{day.day:02}/{day.year}",
            "iso": day.isoformat(),
            "day_first": f"{day.day} {month} {day.year}",
        }[self.date_format]


@cache
def letterhead(facility: str) -> Letterhead:
    """Return the letterhead of a facility in `facilities.yaml`."""
    raw = facilities()[facility]
    return Letterhead(
        name=raw["name"], address=tuple(raw["address"]), colour=tuple(raw["colour"]), logo=raw["logo"],
        header=raw["header"], font=raw["font"], paper=raw["paper"], date_format=raw["date_format"],
    )


def draw_letterhead(page: Page) -> None:
    """Draw the full letterhead at the top of the first page and leave the cursor below it."""
    {"left": _left, "band": _band, "centred": _centred, "split": _split}[page.head.header](page)


def _left(page: Page) -> None:
    head = page.head
    draw_logo(page, page.left, 11, 15)
    page.put(head.name, page.left + 19, 12, size=15, bold=True, colour=head.colour)
    for index, line in enumerate(head.address):
        page.put(line, page.left + 19, 19.5 + 4 * index, size=8.5, colour=(90, 90, 90))
    page.rule(30.5, head.colour, 0.6)
    page.set_y(34)


def _band(page: Page) -> None:
    head = page.head
    page.set_fill_color(*head.colour)
    page.rect(0, 0, page.w, 24, style="F")
    draw_logo(page, page.left, 5, 14, inverse=True)
    page.put(head.name, page.left + 18, 6, size=14, bold=True, colour=(255, 255, 255))
    page.put("  ·  ".join(head.address), page.left + 18, 14, size=8, colour=(255, 255, 255))
    page.set_y(29)


def _centred(page: Page) -> None:
    head = page.head
    draw_logo(page, page.w / 2 - 6, 9, 12)
    page.put(head.name, page.left, 22.5, size=14, bold=True, colour=head.colour, width=page.body, align="C")
    page.put("  ·  ".join(head.address), page.left, 29.5, size=8.5, colour=(90, 90, 90), width=page.body, align="C")
    page.rule(35.5, head.colour, 0.3)
    page.rule(36.4, head.colour, 0.3)
    page.set_y(40)


def _split(page: Page) -> None:
    head = page.head
    draw_logo(page, page.left, 10, 16)
    for index, line in enumerate(_halves(head.name)):
        page.put(line, page.left + 20, 11 + 7 * index, size=13.5, bold=True, colour=head.colour)
    for index, line in enumerate(head.address):
        page.put(line, page.left + page.body / 2, 11 + 4.6 * index, size=8.5, colour=(80, 80, 80), width=page.body / 2, align="R")
    page.rule(29.5, (170, 170, 170), 0.2)
    page.set_y(33)


def _halves(name: str) -> tuple[str, str]:
    words = name.split()
    middle = (len(words) + 1) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])


def draw_logo(page: Page, x: float, y: float, size: float, *, inverse: bool = False) -> None:
    """Draw the facility's mark in a square of `size` millimetres."""
    ink: Colour = (255, 255, 255) if inverse else page.head.colour
    paper: Colour = page.head.colour if inverse else (255, 255, 255)
    page.set_fill_color(*ink)
    page.set_draw_color(*ink)
    page.set_line_width(size / 14)
    _LOGOS[page.head.logo](page, x, y, size, paper)
    page.set_line_width(0.2)


def _points(x: float, y: float, size: float, shape: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(x + px * size, y + py * size) for px, py in shape]


def _shield(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    page.polygon(_points(x, y, size, ((0.1, 0), (0.9, 0), (0.9, 0.55), (0.5, 1), (0.1, 0.55))), style="F")
    page.set_fill_color(*paper)
    page.rect(x + 0.44 * size, y + 0.14 * size, 0.12 * size, 0.56 * size, style="F")
    page.rect(x + 0.24 * size, y + 0.34 * size, 0.52 * size, 0.12 * size, style="F")


def _hexagon(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    outer = tuple((0.5 + 0.5 * math.sin(math.pi * k / 3), 0.5 - 0.5 * math.cos(math.pi * k / 3)) for k in range(6))
    page.polygon(_points(x, y, size, outer), style="F")
    page.set_fill_color(*paper)
    page.polygon(_points(x, y, size, ((0.5, 0.22), (0.74, 0.66), (0.26, 0.66))), style="F")


def _wave(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    del paper
    for row in (0.3, 0.5, 0.7):
        dots = [(x + size * k / 24, y + size * (row + 0.08 * math.sin(math.pi * k / 6))) for k in range(25)]
        page.polyline(dots)


def _leaf(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    shape = ((0.5, 0), (0.8, 0.3), (0.78, 0.65), (0.5, 0.9), (0.22, 0.65), (0.2, 0.3))
    page.polygon(_points(x, y, size, shape), style="F")
    page.set_draw_color(*paper)
    page.line(x + 0.5 * size, y + 0.2 * size, x + 0.5 * size, y + 0.88 * size)


def _diamond(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    page.polygon(_points(x, y, size, ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))), style="F")
    page.set_fill_color(*paper)
    page.polygon(_points(x, y, size, ((0.5, 0.3), (0.7, 0.5), (0.5, 0.7), (0.3, 0.5))), style="F")


def _ring(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    page.ellipse(x, y, size, size, style="F")
    page.set_fill_color(*paper)
    page.ellipse(x + 0.2 * size, y + 0.2 * size, 0.6 * size, 0.6 * size, style="F")
    page.set_fill_color(*page.head.colour)
    page.polygon(_points(x, y, size, ((0.5, 0.26), (0.68, 0.72), (0.32, 0.72))), style="F")


def _rings(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    del paper
    for radius in (0.5, 0.33, 0.16):
        page.ellipse(x + (0.5 - radius) * size, y + (0.5 - radius) * size, 2 * radius * size, 2 * radius * size)


def _helix(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    del paper
    for phase in (0.0, math.pi):
        page.polyline([(x + size * (0.5 + 0.3 * math.sin(k / 4 + phase)), y + size * k / 24) for k in range(25)])
    for k in (3, 9, 16, 22):
        reach = 0.3 * math.sin(k / 4)
        page.line(x + size * (0.5 - reach), y + size * k / 24, x + size * (0.5 + reach), y + size * k / 24)


def _cross(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    del paper
    page.rect(x + 0.36 * size, y + 0.04 * size, 0.28 * size, 0.92 * size, style="F")
    page.rect(x + 0.04 * size, y + 0.36 * size, 0.92 * size, 0.28 * size, style="F")


def _sun(page: Page, x: float, y: float, size: float, paper: Colour) -> None:
    del paper
    page.ellipse(x + 0.25 * size, y + 0.25 * size, 0.5 * size, 0.5 * size, style="F")
    for k in range(12):
        angle = math.pi * k / 6
        page.line(
            x + size * (0.5 + 0.34 * math.cos(angle)), y + size * (0.5 + 0.34 * math.sin(angle)),
            x + size * (0.5 + 0.48 * math.cos(angle)), y + size * (0.5 + 0.48 * math.sin(angle)),
        )


_LOGOS = {
    "shield": _shield, "hexagon": _hexagon, "wave": _wave, "leaf": _leaf, "diamond": _diamond, "ring": _ring,
    "rings": _rings, "helix": _helix, "cross": _cross, "sun": _sun,
}
