"""Turns a profile's biomarkers into readings: one canonical unit each, limits with their origin, nothing guessed.

What cannot be read is returned, never dropped: unknown names in `unrecognised`, everything else in `problems` with a
reason that says what to send instead.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from pydantic import ValidationError

from services.clinical.bounds import Bound, is_above, is_below
from services.clinical.labs.analytes import Analyte, Located, analytes, convert, locate
from services.clinical.labs.quantity import parse_quantity, parse_reference_range
from services.clinical.labs.units import normalise_unit
from services.clinical.profile import MeasuredValue
from services.errors import UnitError

ADULT_YEARS = 18
MAX_BIOMARKERS = 1000


class ProblemKind(StrEnum):
    OUT_OF_RANGE = "out_of_range"
    UNIT_MISSING = "unit_missing"
    UNIT_AMBIGUOUS = "unit_ambiguous"
    UNIT_UNKNOWN = "unit_unknown"
    NOT_A_NUMBER = "not_a_number"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True)
class LabProblem:
    """Why a value was not used. `name` is as written by the sender."""

    name: str
    key: str | None
    kind: ProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value in the analyte's canonical unit, with the limits it is compared to.

    `lln` and `uln` are in the same unit; `range_source` says whose they are. `written` is the value as sent.
    """

    key: str
    label: str
    value: float
    unit: str
    date: datetime.date | None = None
    lln: float | None = None
    uln: float | None = None
    range_source: Literal["laboratory", "typical"] | None = None
    note: str = ""
    name: str = ""
    written: str = ""
    bound: Bound | None = None

    @property
    def shown(self) -> str:
        """The value as it is printed: `<5`, `12.5`."""
        return f"{self.bound or ''}{self.value:g}"

    def is_above(self, limit: float) -> bool | None:
        """Whether the value is above a limit in the same unit, None where only a bound is known that does not decide it."""
        return is_above(self.value, self.bound, limit)

    def is_below(self, limit: float) -> bool | None:
        """Whether the value is below a limit in the same unit, None where only a bound is known that does not decide it."""
        return is_below(self.value, self.bound, limit)

    @property
    def flag(self) -> Literal["L", "H"] | None:
        """`H` above the upper limit, `L` below the lower, None within them, where none is known or a bound does not decide."""
        if self.uln is not None and self.is_above(self.uln):
            return "H"
        if self.lln is not None and self.is_below(self.lln):
            return "L"
        return None

    @property
    def times_uln(self) -> float | None:
        """The value as a multiple of the upper limit, None where none is known or the value is only a bound."""
        return self.value / self.uln if self.uln and self.bound is None else None


@dataclass(frozen=True)
class LabPanel:
    """The readings of one profile, at most one for each analyte, in the order sent."""

    readings: tuple[Reading, ...] = ()
    unrecognised: tuple[str, ...] = ()
    problems: tuple[LabProblem, ...] = ()
    _by_key: Mapping[str, Reading] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {reading.key: reading for reading in self.readings})

    def get(self, key: str) -> Reading | None:
        """Return the reading of an analyte key (`crp`, `c3`, `nt_probnp`), or None."""
        return self._by_key.get(key)


def normalise(
    biomarkers: Mapping[str, float | MeasuredValue], sex: str | None = None, *, age_years: int | None = None
) -> LabPanel:
    """Read every biomarker into its canonical unit.

    A bare number is in the unit its name ends with (`c3_mg_dl`) or else in the analyte's canonical unit. A
    `MeasuredValue` without unit is refused where two units are in use. `<name>_uln` and `<name>_lln` give the
    laboratory's limit. Typical limits apply to adults only, and only where the laboratory gave none. Of two values of
    one analyte the later dated one is used; two different values that cannot be ordered by date are both reported.
    """
    reader = _Reader(sex, age_years)
    for name, raw in list(biomarkers.items())[:MAX_BIOMARKERS]:
        reader.take(str(name), raw)
    return reader.panel()


class _Reader:
    def __init__(self, sex: str | None, age_years: int | None) -> None:
        self._sex = sex
        self._adult = age_years is None or age_years >= ADULT_YEARS
        self._readings: dict[str, Reading] = {}
        self._limits: dict[str, dict[str, float]] = {}
        self._unrecognised: list[str] = []
        self._problems: list[LabProblem] = []
        self._contradicted: set[str] = set()

    def take(self, name: str, raw: object) -> None:
        located = locate(name)
        if located is None:  # an unknown name is echoed as written
            self._unrecognised.append(name[:200])
            return
        measured = _measured(raw)
        if measured is None:
            self._refuse(name, located.analyte, ProblemKind.NOT_A_NUMBER, "is not a finite number")
            return
        if located.limit is not None:
            self._limits.setdefault(located.analyte.key, {})[located.limit] = measured.value
            return
        reading = self._read(name, located, measured, bare=not isinstance(raw, MeasuredValue | Mapping))
        if reading is not None:
            self._keep(reading)

    def panel(self) -> LabPanel:
        readings = tuple(self._with_limits(reading) for reading in self._readings.values())
        return LabPanel(readings, tuple(self._unrecognised), tuple(self._problems))

    def _read(self, name: str, located: Located, measured: MeasuredValue, *, bare: bool) -> Reading | None:
        analyte, unit = located.analyte, measured.unit or located.unit
        if unit is None and not bare:
            unit = _unit_in_range_text(measured.reference_range)
        if unit is not None:
            analyte = _redirected(analyte, unit)
        elif analyte.unit_matters and not bare:
            self._refuse(name, analyte, ProblemKind.UNIT_MISSING, f"came without a unit; send it in {_units(analyte)}")
            return None
        try:
            value = measured.value if unit is None else convert(measured.value, unit, analyte)
        except UnitError as error:
            self._refuse(name, analyte, ProblemKind.UNIT_UNKNOWN, "", message=error.message)
            return None
        if analyte.negative:
            value = -abs(value)
        low, high = analyte.plausible
        if unit is None and analyte.bare is not None:
            low, high = analyte.bare
        if not low <= value <= high:
            self._refuse_implausible(name, analyte, value, unit, (low, high))
            return None
        assumed = unit is None and analyte.unit_matters
        note = f"no unit was sent: read as {analyte.unit}. {analyte.note}".strip() if assumed else analyte.note
        lln, uln, source = self._limits_of(analyte, measured, unit)
        written = f"{measured.bound or ''}{measured.value:g} {unit or '(no unit sent)'}"
        return Reading(
            analyte.key, analyte.label, value, analyte.unit, measured.date, lln, uln, source, note, name[:200], written,
            measured.bound,
        )  # fmt: skip

    def _limits_of(
        self, analyte: Analyte, measured: MeasuredValue, unit: str | None
    ) -> tuple[float | None, float | None, Literal["laboratory", "typical"] | None]:
        printed = parse_reference_range(measured.reference_range) if measured.reference_range else None
        if printed is not None:
            range_unit = _unit_in_range_text(measured.reference_range) or unit
            try:
                low, high = (_converted(limit, range_unit, analyte) for limit in printed)
                return low, high, "laboratory"
            except UnitError:
                return None, None, None
        typical = analyte.typical_limits(self._sex) if self._adult else None
        return (*typical, "typical") if typical else (None, None, None)

    def _with_limits(self, reading: Reading) -> Reading:
        given = self._limits.get(reading.key)
        if not given:
            return reading
        return replace(reading, lln=given.get("lln"), uln=given.get("uln"), range_source="laboratory")

    def _keep(self, reading: Reading) -> None:
        earlier = self._readings.get(reading.key)
        if reading.key in self._contradicted:
            return
        if earlier is None:
            self._readings[reading.key] = reading
        elif earlier.date and reading.date and earlier.date != reading.date:
            self._readings[reading.key] = max(earlier, reading, key=lambda one: one.date or datetime.date.min)
        elif earlier.bound != reading.bound or not math.isclose(earlier.value, reading.value, rel_tol=0.01):
            del self._readings[reading.key]
            self._contradicted.add(reading.key)
            both = f"{earlier.name}: {earlier.written}; {reading.name}: {reading.written}"
            message = f"{reading.label} was sent twice with different values that no dates order ({both}); neither is used"
            self._problems.append(LabProblem(reading.name, reading.key, ProblemKind.CONTRADICTION, message))

    def _refuse_implausible(
        self, name: str, analyte: Analyte, value: float, unit: str | None, limits: tuple[float, float]
    ) -> None:
        low, high = limits
        shown = f"{value:g} {analyte.unit} is outside {low:g} to {high:g}"
        likelier = _likelier_unit(analyte, value) if value > 0 and (unit is None or unit == analyte.unit) else None
        if unit is None and likelier is not None:
            why = f"came without a unit: {shown}; it may be in {likelier}; send the unit"
            self._refuse(name, analyte, ProblemKind.UNIT_AMBIGUOUS, why)
            return
        hint = f"; it looks like {likelier}" if likelier else ""
        self._refuse(name, analyte, ProblemKind.OUT_OF_RANGE, f"was not used: {shown}{hint}")

    def _refuse(self, name: str, analyte: Analyte, kind: ProblemKind, why: str, message: str | None = None) -> None:
        self._problems.append(LabProblem(name[:200], analyte.key, kind, message or f"{analyte.label} {why}"))


def _measured(raw: object) -> MeasuredValue | None:
    if isinstance(raw, MeasuredValue):
        return raw if math.isfinite(raw.value) else None
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return MeasuredValue(value=float(raw)) if abs(raw) < 1e15 and math.isfinite(raw) else None
    if isinstance(raw, Mapping) and not isinstance(raw.get("value"), bool):
        try:
            return MeasuredValue.model_validate(dict(raw))
        except ValidationError:
            return None
    return None


def _redirected(analyte: Analyte, unit: str) -> Analyte:
    other = analyte.elsewhere.get(normalise_unit(unit) or "")
    return analytes()[other] if other else analyte


def _converted(limit: float | None, unit: str | None, analyte: Analyte) -> float | None:
    return limit if limit is None or unit is None else convert(limit, unit, analyte)


def _unit_in_range_text(text: str | None) -> str | None:
    """Return the unit printed after a range (`0.9-1.8 g/L`), if any."""
    if not text:
        return None
    tail = text[:120].strip()
    start = max((position for position, sign in enumerate(tail) if sign == " "), default=-1)
    last = parse_quantity(f"1 {tail[start + 1 :]}")
    return normalise_unit(last.unit) if last and last.unit else None


def _likelier_unit(analyte: Analyte, value: float) -> str | None:
    """Name the accepted units in which the same number would be usual."""
    low, high = analyte.bare or analyte.plausible
    fits = [
        f"{unit} (= {value * factor + offset:g} {analyte.unit})"
        for unit, (factor, offset) in analyte.units.items()
        if (factor, offset) != (1.0, 0.0) and low <= value * factor + offset <= high
    ]
    return " or ".join(fits) or None


def _units(analyte: Analyte) -> str:
    return " or ".join((analyte.unit, *analyte.units))

