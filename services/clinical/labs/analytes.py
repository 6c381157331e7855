"""The table of analytes: names, canonical units, conversions, typical limits, plausible limits.

The rows are `services/knowledge/data/analytes.yaml`. A name is looked up in a dictionary of folded names, so recognising
one costs microseconds. `resolve` never guesses: a name that is not a listed synonym is None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict

from services.clinical.labs.units import normalise_unit, units_in_name
from services.errors import ConfigurationError, UnitError
from services.knowledge.catalogue import load

MAX_NAME_LENGTH = 120
Limits = tuple[float | None, float | None]


def _as_conversion(value: object) -> object:
    return (value, 0.0) if isinstance(value, int | float) else value


class Analyte(BaseModel):
    """One measurable quantity. `units` maps a unit to (factor, offset): canonical = value * factor + offset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    unit: str
    aliases: tuple[str, ...]
    plausible: tuple[float, float]
    units: dict[str, Annotated[tuple[float, float], BeforeValidator(_as_conversion)]] = {}
    typical: Limits | dict[Literal["M", "F"], Limits] | None = None
    bare: tuple[float, float] | None = None
    elsewhere: dict[str, str] = {}
    negative: bool = False
    assay: bool = False
    loinc: str | None = None
    note: str = ""

    @property
    def unit_matters(self) -> bool:
        """Whether two accepted units give different numbers, so that a number without unit could mean two things."""
        return any(conversion != (1.0, 0.0) for conversion in self.units.values())

    def typical_limits(self, sex: str | None) -> Limits | None:
        """Return the typical adult limits, None where there are none or where they need a sex that is not known."""
        if isinstance(self.typical, dict):
            return next((limits for known, limits in self.typical.items() if known == sex), None)
        return self.typical

    def accepts(self, unit: str) -> bool:
        """Whether a canonical unit spelling can be converted to this analyte's unit."""
        return unit == self.unit or unit in self.units


class Located(NamedTuple):
    """What a written name means: the analyte, the unit written into the name, and `uln`/`lln` if it names a limit."""

    analyte: Analyte
    unit: str | None
    limit: Literal["lln", "uln"] | None


def convert(value: float, unit: str, analyte: Analyte) -> float:
    """Return `value` in the analyte's canonical unit.

    :raise UnitError: the unit is not known, or does not measure this analyte.
    """
    spelled = normalise_unit(unit)
    if unit.strip() in {"G/L", "G/l"} and not analyte.accepts("10^9/L"):
        spelled = "g/L"
    if spelled is None or not analyte.accepts(spelled):
        accepted = ", ".join((analyte.unit, *analyte.units))
        raise UnitError(f"{analyte.label}: unit {unit[:40]!r} is not one of {accepted}")
    if spelled == analyte.unit:
        return value
    factor, offset = analyte.units[spelled]
    return value * factor + offset


@cache
def analytes() -> Mapping[str, Analyte]:
    """Return every analyte by key, in file order."""
    return {row.key: row for row in load("analytes", Analyte)}


def resolve(name: str) -> Analyte | None:
    """Return the analyte a name stands for (`CRP`, `fT4`, `crp_mg_l`, `Haemoglobin (g/dL)`), or None."""
    located = locate(name)
    return located.analyte if located else None


def locate(name: str) -> Located | None:
    """Read a written name: the analyte, the unit at its end, or the limit it names (`anti_dsDNA_uln`)."""
    return _located(name[:MAX_NAME_LENGTH])


@lru_cache(maxsize=8192)
def _located(name: str) -> Located | None:
    tokens = _tokens(name)
    while tokens:
        for end in range(len(tokens), 0, -1):
            analyte = _names().get("".join(tokens[:end]))
            if analyte is None:
                continue
            found = _with_ending(analyte, tokens[end:])
            if found is not None:
                return found
        if tokens[0] not in _SPECIMENS:
            return None
        tokens = tokens[1:]
    return None


_SPECIMENS = frozenset({"serum", "plasma", "blood", "s", "p", "b", "fasting"})
_FILLERS = frozenset({"serum", "plasma", "blood", "level", "levels", "concentration", "quantitative", "value", "result", "test"})
_LIMIT_WORDS: dict[str, Literal["lln", "uln"]] = {
    "uln": "uln", "upperlimit": "uln", "upperlimitofnormal": "uln",
    "lln": "lln", "lowerlimit": "lln", "lowerlimitofnormal": "lln",
}  # fmt: skip
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "λ": "lambda", "µ": "u", "μ": "u", "%": " pct "})


def _with_ending(analyte: Analyte, ending: list[str]) -> Located | None:
    rest = "".join(word for word in ending if word not in _FILLERS)
    if not rest:
        return Located(analyte, None, None)
    if rest in _LIMIT_WORDS:
        return Located(analyte, None, _LIMIT_WORDS[rest])
    for unit in units_in_name(rest):
        if analyte.accepts(unit):
            return Located(analyte, unit, None)
        if unit in analyte.elsewhere:
            return Located(analytes()[analyte.elsewhere[unit]], unit, None)
    return None


def _tokens(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", name[:MAX_NAME_LENGTH]).lower().translate(_GREEK)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", plain).split()


@cache
def _names() -> Mapping[str, Analyte]:
    table: dict[str, Analyte] = {}
    for analyte, name in _written_names():
        folded = "".join(_tokens(name))
        if table.setdefault(folded, analyte).key != analyte.key:
            raise ConfigurationError(f"knowledge file data/analytes.yaml: {name!r} names {table[folded].key} and {analyte.key}")
    return table


def _written_names() -> Iterator[tuple[Analyte, str]]:
    for analyte in analytes().values():
        yield from ((analyte, name) for name in (analyte.key, analyte.label, *analyte.aliases))
