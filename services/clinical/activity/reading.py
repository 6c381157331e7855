"""Reads a sender's inputs into answers: names, units, kinds, limits, checklists.

Nothing is guessed. An absent input or None is unknown; a value without a needed unit is unknown and asked for by name
(`crp.unit`); a value of the wrong kind, out of its range or in an unknown unit is refused by name with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice

from services.clinical.activity import names
from services.clinical.activity.answers import Answer, Answers
from services.clinical.activity.names import Target, fold
from services.clinical.activity.records import InstrumentRecord, Item, ItemKind
from services.clinical.labs import convert, normalise_unit, parse_quantity, parse_reference_range
from services.clinical.labs.analytes import analytes
from services.clinical.profile import MeasuredValue
from services.errors import UnitError

MAX_INPUTS = 300
MAX_TEXT = 200
MAX_DEPTH = 2

_CONTAINERS = frozenset({"items", "areas", "levels", "domains", "scores", "subscores", "regions"})
_SCALE_FACTOR = {("0-10", "0-100"): 10.0, ("0-100", "0-10"): 0.1}
_SCALE_UNITS = {"0-10": "0-10", "0-100": "0-100", "mm": "0-100", "cm": "0-10"}
_BELOW_LIMIT_WORDS = frozenset({"lod", "belowlod", "lloq", "belowlloq", "belowdetection", "belowdetectionlimit", "undetectable"})
_YES_NO = {"yes": True, "true": True, "present": True, "no": False, "false": False, "absent": False}


class Refused(Exception):  # noqa: N818 - never leaves this module
    """A value that cannot be used, with the reason."""


class _UnitMissing(Exception):  # noqa: N818 - never leaves this module
    pass


def read(record: InstrumentRecord, inputs: Mapping[str, object]) -> Answers:
    """Return the answers of `inputs` to the items of `record`."""
    answers = Answers()
    asked_unit: set[str] = set()
    for name, raw in islice(_flat(record, inputs), MAX_INPUTS):
        if record.checklist and _read_checklist(record, name, raw, answers):
            continue
        target = names.find(record, name)
        if target is None:
            _read_stranger(record, name, raw, answers)
            continue
        if raw is None or _read_below_limit(target.item, raw, answers):
            continue
        try:
            _keep(answers, name, target.item, _answer(target, raw))
        except _UnitMissing:
            asked_unit.add(target.item.key)
            answers.missing.append(f"{name[: names.MAX_NAME_LENGTH]}.unit")
        except Refused as reason:
            answers.invalid[_shown(name, target.item)] = str(reason)
    if record.checklist:
        _settle_checklist(record, inputs, answers)
    answers.missing.extend(
        key
        for key, instead in record.needed
        if key not in asked_unit and not answers.has(key) and not any(answers.has(other) for other in instead)
    )
    return answers


def _read_stranger(record: InstrumentRecord, name: str, raw: object, answers: Answers) -> None:
    """Ignore context; echo what belongs to another instrument or is a text; refuse an answer to a question nobody asked."""
    if raw is None or names.is_context(name):
        return
    shown = name[: names.MAX_NAME_LENGTH]
    if names.is_known_elsewhere(name) or isinstance(raw, str | list | tuple):
        answers.unused.append(shown)
    else:
        answers.invalid[shown] = f"is not an item of {record.id}"


def _read_below_limit(item: Item, raw: object, answers: Answers) -> bool:
    """Read `< 0.5 mg/L` or `below LOD` as "below the detection limit", where the instrument has a rule for it."""
    if item.below_limit is None:
        return False
    text = raw.get("value") if isinstance(raw, Mapping) else raw
    if not isinstance(text, str) or not _says_below_limit(text[:MAX_TEXT]):
        return False
    answers.values[item.below_limit] = Answer(True, written=text[:MAX_TEXT])
    return True


def _says_below_limit(text: str) -> bool:
    quantity = parse_quantity(text)
    return quantity.comparator in ("<", "<=") if quantity else fold(text) in _BELOW_LIMIT_WORDS


def _flat(record: InstrumentRecord, inputs: Mapping[str, object], depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield names and values; containers (`areas`, `levels`) are opened, regions (`head`) become `head.e`."""
    for key, raw in inputs.items():
        name = str(key)
        if not isinstance(raw, Mapping) or "value" in raw:
            yield name, raw
        elif fold(name) in _CONTAINERS and depth < MAX_DEPTH:
            yield from _flat(record, raw, depth + 1)
        elif any(names.find(record, f"{name}.{child}") for child in raw):
            yield from ((f"{name}.{child}", value) for child, value in raw.items())
        else:
            yield name, raw


def _shown(name: str, item: Item) -> str:
    return item.key if fold(name) == fold(item.key) else name[: names.MAX_NAME_LENGTH]


def _keep(answers: Answers, name: str, item: Item, answer: Answer) -> None:
    earlier = answers.values.get(item.key)
    if earlier is not None and earlier.value != answer.value:
        answers.contradiction = f"{item.label} was given twice with different values ({name} among them)"
    answers.values[item.key] = answer


def _answer(target: Target, raw: object) -> Answer:
    item = target.item
    if item.kind is ItemKind.LIMITS:
        return Answer(_limits(raw), written=str(raw)[:MAX_TEXT])
    if item.kind is ItemKind.MEMBERS:
        return _members(item, raw)
    if item.kind is ItemKind.FLAG:
        return Answer(_flag(raw), written="yes" if _flag(raw) else "no")
    if item.kind is ItemKind.CHOICE or (item.kind is ItemKind.LEVEL and isinstance(raw, str)):
        return _choice(item, raw)
    return _level(item, raw) if item.kind is ItemKind.LEVEL else _number(target, raw)


def _measured(raw: object) -> MeasuredValue:
    value, unit, limits = raw, None, None
    measured_on = None
    if isinstance(raw, MeasuredValue):
        value, unit, limits, measured_on = raw.value, raw.unit, raw.reference_range, raw.date
    elif isinstance(raw, Mapping):
        value, unit, limits = raw.get("value"), raw.get("unit"), raw.get("reference_range")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("is not a number")
    if abs(value) > 1e15 or not math.isfinite(value):
        raise Refused("is not a finite number")
    if (unit is not None and not isinstance(unit, str)) or (limits is not None and not isinstance(limits, str)):
        raise Refused("has a unit or range that is no text")
    unit, limits = (unit or "")[:MAX_TEXT] or None, (limits or "")[:MAX_TEXT] or None
    return MeasuredValue(value=float(value), unit=unit, reference_range=limits, date=measured_on)


def _number(target: Target, raw: object) -> Answer:
    item, measured = target.item, _measured(raw)
    unit = measured.unit or target.unit
    if unit is None and _needs_unit(item):
        raise _UnitMissing
    value = measured.value if unit is None else _converted(item, measured.value, unit)
    _check_range(item, value, measured)
    own = item.unit or (item.scale if item.scale else None)
    written = f"{measured.value:g}" + (f" {measured.unit}" if measured.unit else "")
    return Answer(value, own, written, measured.date)


def _needs_unit(item: Item) -> bool:
    return item.scale is not None or bool(item.units) or (item.unit is not None and bool(item.analyte))


def _converted(item: Item, value: float, unit: str) -> float:
    if item.unit is None and item.scale is None:
        return value  # a ratio to be formed with a limit in the same unit, or a plain count
    spelled = normalise_unit(unit) or unit.strip()
    if spelled in {item.unit, item.scale, normalise_unit(item.unit or "")}:
        return value
    if item.scale is not None:
        sent = _SCALE_UNITS.get(spelled)
        if sent is None:
            raise Refused(f"has the unit {unit[:40]!r}, which is no scale of 0-10 or 0-100")
        return value * _SCALE_FACTOR.get((sent, item.scale), 1.0)
    if spelled in item.units:
        factor, offset = item.units[spelled]
        return value * factor + offset
    for key in item.analyte:
        analyte = analytes()[key]
        try:
            canonical = convert(value, unit, analyte)
        except UnitError as error:
            raise Refused(error.message) from error
        if item.unit == analyte.unit or item.unit is None:
            return canonical
        factor, offset = analyte.units[item.unit]
        return (canonical - offset) / factor
    raise Refused(f"has the unit {unit[:40]!r}; {item.unit} is needed")


def _check_range(item: Item, value: float, measured: MeasuredValue) -> None:
    low = -math.inf if item.minimum is None else item.minimum
    high = math.inf if item.maximum is None else item.maximum
    if not low <= round(value, 9) <= high:
        hint = ""
        if item.scale == "0-10" and high < value <= 10 * high and measured.unit is None:
            hint = "; it looks like millimetres"
        if item.analyte == ("hba1c",) and value > high:
            hint = "; it looks like mmol/mol"
        raise Refused(f"is {value:g}, outside {low:g} to {high:g}{hint}")
    if item.integer and value != int(value):
        raise Refused(f"is {value:g}; a whole number is needed")
    if item.legal and value not in item.legal:
        raise Refused(f"is {value:g}; allowed are {', '.join(f'{one:g}' for one in item.legal)}")


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int) and raw in (0, 1):
        return raw == 1
    if isinstance(raw, str) and raw.strip().lower() in _YES_NO:
        return _YES_NO[raw.strip().lower()]
    raise Refused("is neither yes nor no")


def _choice(item: Item, raw: object) -> Answer:
    if isinstance(raw, bool) and "none" in item.choices and not raw:
        return Answer("none", written="none")
    if not isinstance(raw, str):
        raise Refused(f"is none of {', '.join(item.choices)}")
    chosen = _choice_names(item).get(fold(raw[:MAX_TEXT]))
    if chosen is None:
        raise Refused(f"is none of {', '.join(item.choices)}")
    return Answer(chosen, written=chosen)


def _choice_names(item: Item) -> dict[str, str]:
    return {fold(name): name for name in item.choices} | {fold(name): choice for name, choice in item.synonyms.items()}


def _members(item: Item, raw: object) -> Answer:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= len(item.choices):
        return Answer(tuple(f"number {one} (not named)" for one in range(1, raw + 1)), written=str(raw))
    if not isinstance(raw, list | tuple | set | frozenset):
        raise Refused("is no list")
    known = _choice_names(item)
    found: list[str] = []
    for entry in islice(raw, MAX_INPUTS):
        member = known.get(fold(entry)) if isinstance(entry, str) else None
        if member is None:
            raise Refused(f"names something that is none of {', '.join(item.choices)}")
        if member not in found:
            found.append(member)
    return Answer(tuple(found), written=", ".join(found) or "none")


def _limits(raw: object) -> tuple[float | None, float | None]:
    if isinstance(raw, str):
        printed = parse_reference_range(raw)
        if printed is None:
            raise Refused("is no reference range")
        return printed
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise Refused("is no pair of limits")
    low, high = (None if limit is None else _measured(limit).value for limit in raw)
    if low is not None and high is not None and low > high:
        raise Refused("has its lower limit above the upper")
    return low, high


def _level(item: Item, raw: object) -> Answer:
    """Read a number as low, normal or high where its own range is with it; otherwise keep it for the item's limits."""
    if isinstance(raw, Mapping) and isinstance(raw.get("value"), str):
        return _choice(item, raw["value"])
    measured = _measured(raw)
    if measured.value < 0:
        raise Refused("is negative")
    written = f"{measured.value:g}" + (f" {measured.unit}" if measured.unit else "")
    printed = parse_reference_range(measured.reference_range) if measured.reference_range else None
    if printed is None:
        return Answer(measured.value, measured.unit, written, measured.date)
    low, high = printed
    below, above = low is not None and measured.value < low, high is not None and measured.value > high
    level = "low" if below else "high" if above else "normal"
    return Answer(level, measured.unit, f"{written} ({level})", measured.date)


def _read_checklist(record: InstrumentRecord, name: str, raw: object, answers: Answers) -> bool:
    """Read `present`, `absent` and their kin. Answers whether the name was one of them."""
    folded = fold(name)
    if folded in names.CHECKLIST_NOT_ASSESSED | names.CHECKLIST_OTHERS_ABSENT:
        return True  # read when everything else is known
    if folded not in names.CHECKLIST_PRESENT | names.CHECKLIST_ABSENT:
        return False
    if raw is None:
        return True
    try:
        for item in _named_flags(record, raw):
            present = folded in names.CHECKLIST_PRESENT
            _keep(answers, name, item, Answer(present, written="present" if present else "absent"))
    except Refused as reason:
        answers.invalid[name] = str(reason)
    return True


def _named_flags(record: InstrumentRecord, raw: object) -> list[Item]:
    if not isinstance(raw, list | tuple | set | frozenset):
        raise Refused("is no list of items")
    found = []
    for entry in islice(raw, MAX_INPUTS):
        target = names.find(record, entry) if isinstance(entry, str) else None
        if target is None or target.item.kind is not ItemKind.FLAG:
            raise Refused(f"names something that is not an item of {record.id}")
        found.append(target.item)
    return found


def _settle_checklist(record: InstrumentRecord, inputs: Mapping[str, object], answers: Answers) -> None:
    """Apply `not_assessed` and `all_other_items_assessed_absent` to the flags not answered one by one."""
    by_name = {fold(str(name)): (str(name), raw) for name, raw in islice(inputs.items(), MAX_INPUTS)}
    not_assessed: set[str] = set()
    for folded in names.CHECKLIST_NOT_ASSESSED & by_name.keys():
        name, raw = by_name[folded]
        try:
            not_assessed |= {item.key for item in _named_flags(record, raw if raw is not None else [])}
        except Refused as reason:
            answers.invalid[name] = str(reason)
    others = next((by_name[folded] for folded in names.CHECKLIST_OTHERS_ABSENT & by_name.keys()), None)
    if others is not None and others[1] is not None and not isinstance(others[1], bool):
        answers.invalid[others[0]] = "is neither yes nor no"
    both = sorted(not_assessed & {key for key, answer in answers.values.items() if answer.value is True})
    if both:
        answers.contradiction = f"{', '.join(both)}: given as present and as not assessed"
    # a list of what was not assessed says that the rest was
    if not_assessed or (others is not None and others[1] is True):
        for item in record.items:
            if item.kind is ItemKind.FLAG and item.key not in not_assessed:
                answers.values.setdefault(item.key, Answer(False, written="assessed, absent"))
