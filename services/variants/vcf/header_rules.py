"""Rules for single header lines. Pure checks: each takes one line's parts and returns the problems.

VCFv4.1 to VCFv4.5, sections 1.2 and 1.4. Names in the checks below are those of the specification.
"""

from __future__ import annotations

import re

from services.variants.problems import Problem, error, warning
from services.variants.vcf.definitions import VERSIONS, FieldType, Version, number_is_allowed, reserved_format, reserved_info
from services.variants.vcf.meta import MetaValue

_FIELD_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,15}://([^\s/@]{1,200}@)?([A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?(/\S*)?")
_SV_SYMBOLS = ("DEL", "INS", "DUP", "INV", "CNV", "BND")
_ORDERED = {
    "INFO": ("ID", "Number", "Type", "Description"),
    "FORMAT": ("ID", "Number", "Type", "Description"),
    "FILTER": ("ID", "Description"),
    "ALT": ("ID", "Description"),
    "META": ("ID", "Type", "Number", "Values"),
}


def check_plain(number: int, key: str, body: str) -> list[Problem]:
    """Check `##assembly`, `##pedigreeDB` and `##reference`, whose values are addresses or names."""
    address = body
    if key == "pedigreeDB":
        if not (body.startswith("<") and body.endswith(">") and len(body) > 2):
            return [warning(number, key, body, "is written as <address>", "header.address")]
        address = body[1:-1]
    if key == "reference" or "://" not in address:
        return []
    match = _ADDRESS.fullmatch(address)
    if match is None or not re.search(r"[A-Za-z.]", match.group(2)):
        return [warning(number, key, body, "is not a valid address", "header.address")]
    return []


def check_pairs(number: int, key: str, pairs: list[MetaValue], version: Version) -> list[Problem]:
    """Check what holds for every structured line: order, repeated keys, quotes, and the form of IDs."""
    problems: list[Problem] = []
    names = [pair.key for pair in pairs]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        problems.append(warning(number, key, name, "stands twice in one line", "header.repeated_key"))
    wanted = [name for name in _ORDERED.get(key, ()) if name in names]
    standing = [name for name in dict.fromkeys(names) if name in wanted]
    if key != "META" and standing != wanted:
        problems.append(warning(number, key, ", ".join(standing), f"the order is {', '.join(wanted)}", "header.order"))
    elif names[0] != "ID" and "ID" in names:
        problems.append(warning(number, key, names[0], "the ID comes first", "header.order"))
    for pair in pairs:
        if pair.key == "Description" and not pair.quoted:
            problems.append(warning(number, key, pair.value, "a Description stands in double quotes", "header.quotes"))
        elif not pair.quoted and not pair.value:
            problems.append(warning(number, key, pair.key, "has no value", "header.empty_value"))
        if pair.key == "ID":
            problems.extend(_check_identifier(number, key, pair, version))
    return problems + _check_section(number, key, pairs, version)


def _check_identifier(number: int, key: str, pair: MetaValue, version: Version) -> list[Problem]:
    value = pair.value
    if re.search(r"\s", value):
        return [warning(number, key, value, "an ID holds no whitespace", "header.id")]
    if key in ("INFO", "FORMAT") and version >= (4, 3) and not _FIELD_KEY.fullmatch(value):
        return [warning(number, key, value, "a key is letters, digits, _ and ., and begins with a letter or _", "header.id")]
    if key in ("INFO", "FORMAT", "FILTER", "contig", "ALT", "SAMPLE") and re.search(r"[,<>]", value):
        return [warning(number, key, value, "an ID holds no comma and no angle bracket", "header.id")]
    if key == "FILTER" and value == "0":
        return [warning(number, key, value, "0 is reserved", "header.id")]
    if key == "FILTER" and ";" in value:
        return [warning(number, key, value, "a filter name holds no semicolon", "header.id")]
    if (
        key == "contig"
        and version >= (4, 3)
        and not re.fullmatch(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*", value)
    ):
        return [warning(number, key, value, "a contig name holds a character that is not allowed", "header.id")]
    return []


def _check_section(number: int, key: str, pairs: list[MetaValue], version: Version) -> list[Problem]:
    values = {pair.key: pair.value for pair in pairs}
    problems: list[Problem] = []
    if key == "ALT":
        extra = [name for name in values if name in ("Number", "Type")]
        if extra:
            problems.append(warning(number, key, ", ".join(extra), "an ALT has an ID and a Description only", "header.alt"))
        first, colon, _ = values.get("ID", "").partition(":")
        if first not in _SV_SYMBOLS and (colon or version <= (4, 2)):
            reason = f"the first part of a structural ALT is one of {', '.join(_SV_SYMBOLS)}"
            problems.append(warning(number, key, values.get("ID", ""), reason, "header.alt"))
    elif key == "META":
        problems.extend(_check_meta(number, values))
    elif key == "PEDIGREE":
        for name, value in values.items():
            if not re.fullmatch(r"[A-Za-z0-9_.\-]+", value):
                problems.append(
                    warning(
                        number, key, f"{name}={value}", "a sample name in a pedigree holds no such character", "header.pedigree"
                    )
                )
    elif key == "SAMPLE" and version >= (4, 3) and not re.fullmatch(r"[A-Za-z0-9_.\-:+#/|@]*", values.get("ID", "")):
        problems.append(warning(number, key, values["ID"], "a sample ID holds a character that is not allowed", "header.id"))
    return problems


def _check_meta(number: int, values: dict[str, str]) -> list[Problem]:
    problems = []
    if "Values" in values and not values["Values"].startswith("["):
        problems.append(warning(number, "META", values["Values"], "Values stand in square brackets", "header.meta"))
    if not re.fullmatch(r"[0-9]+|\.", values.get("Number", ".")):
        problems.append(warning(number, "META", values["Number"], "Number is . or a whole number", "header.meta"))
    if values.get("Type", "String") not in set(FieldType):
        problems.append(warning(number, "META", values["Type"], "is not a type", "header.meta"))
    return problems


def check_field_definition(number: int, section: str, values: dict[str, MetaValue], version: Version) -> list[Problem]:
    """Check Number and Type of an INFO or FORMAT definition, also against the specification's reserved keys."""
    key = values["ID"].value
    kind = values["Type"].value if "Type" in values else None
    count = values["Number"].value if "Number" in values else None
    problems: list[Problem] = []
    if kind is None or kind not in set(FieldType):
        problems.append(error(number, section, kind or "", f"Type of {key} is none of {', '.join(FieldType)}", "header.type"))
    if count is None or not number_is_allowed(count, section, version):
        # a Number of a later version is understood; only one that no version knows leaves the field's shape open
        mark = warning if count is not None and number_is_allowed(count, section, VERSIONS[-1]) else error
        problems.append(
            mark(number, section, count or "", f"{key} has a Number that {section} may not have here", "header.number")
        )
    if "Description" not in values:
        problems.append(warning(number, section, key, "the Description is missing", "header.description"))
    if section == "FORMAT" and kind == "Flag":
        problems.append(error(number, section, key, "a FORMAT field cannot be a Flag", "header.type"))
    if section == "INFO" and count == "0" and kind not in (None, "Flag"):
        problems.append(warning(number, section, key, "only a Flag has Number 0", "header.number"))
    if section == "INFO" and kind == "Flag" and count is not None and count.isdigit() and count != "0":
        problems.append(warning(number, section, key, "a Flag has Number 0", "header.number"))
    return problems or _check_reserved(number, section, key, count or "", kind or "", version)


def _check_reserved(number: int, section: str, key: str, count: str, kind: str, version: Version) -> list[Problem]:
    table = reserved_info(version) if section == "INFO" else reserved_format(version)
    reserved = table.get(key)
    if reserved is None:
        return []
    problems = []
    if reserved[0] not in (count, "."):
        problems.append(
            warning(number, section, count, f"the specification defines {key} with Number {reserved[0]}", "header.reserved")
        )
    if reserved[1] != kind:
        problems.append(
            warning(number, section, kind, f"the specification defines {key} with Type {reserved[1]}", "header.reserved")
        )
    return problems
