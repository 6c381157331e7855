"""The header of a VCF file: its version, definitions, contigs and samples, with every departure from the specification.

`read_header` takes the numbered header lines and returns a `Header` plus the problems found. A definition that cannot be used
(no ID, unknown Type or Number) is an error; a departure that leaves the meaning clear is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.variants.problems import Problem, UnusableFileError, error, warning
from services.variants.vcf import header_rules
from services.variants.vcf.definitions import VERSIONS, FieldDefinition, FieldType, Version, reserved_format, reserved_info
from services.variants.vcf.meta import MetaSyntaxError, MetaValue, parse_structured

FIXED_COLUMNS = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_VERSION = re.compile(r"VCFv4\.([0-9]{1,2})")
_DEFINED = {"INFO", "FORMAT", "FILTER", "ALT", "contig", "SAMPLE", "PEDIGREE", "META"}
_ANY_VALUE = {"fileformat", "assembly", "pedigreeDB", "reference"}


@dataclass(slots=True)
class Header:
    """What the header says. `lines` are the header lines as text, the column line last; nothing of them is dropped."""

    version: Version
    lines: tuple[str, ...]
    samples: tuple[str, ...] = ()
    has_format: bool = False
    info: dict[str, FieldDefinition] = field(default_factory=dict)
    format: dict[str, FieldDefinition] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)
    alts: dict[str, str] = field(default_factory=dict)
    contigs: dict[str, int | None] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    """Values of `##reference`, `##assembly` and the `assembly` of contigs: what may name the build."""

    @property
    def column_count(self) -> int:
        return 8 + (1 + len(self.samples) if self.has_format else 0)

    @property
    def version_text(self) -> str:
        return f"VCFv{self.version[0]}.{self.version[1]}"

    def info_definition(self, key: str) -> FieldDefinition | None:
        """Return the file's definition of an INFO key, else the specification's, else None."""
        return self.info.get(key) or _reserved(key, reserved_info(self.version))

    def format_definition(self, key: str) -> FieldDefinition | None:
        return self.format.get(key) or _reserved(key, reserved_format(self.version))


def _reserved(key: str, table: Mapping[str, tuple[str, FieldType]]) -> FieldDefinition | None:
    entry = table.get(key)
    return FieldDefinition(key, entry[0], entry[1], "as the specification defines it", declared=False) if entry else None


def read_header(lines: Sequence[tuple[int, str]]) -> tuple[Header, list[Problem]]:
    """Read the numbered header lines, the `#CHROM` line last.

    Raises UnusableFileError where nothing can be made of the file: no column line, or columns that are not those of VCF.
    """
    problems: list[Problem] = []
    header = Header(version=_version(lines, problems), lines=tuple(text for _, text in lines))
    seen: dict[tuple[str, str], str] = {}
    for number, text in lines[:-1]:
        if not text.startswith("##"):
            problems.append(error(number, "header", text, "a header line begins with ##", "header.line"))
        else:
            _read_meta(header, number, text, seen, problems)
    _read_columns(header, *lines[-1], problems)
    return header, problems


def _version(lines: Sequence[tuple[int, str]], problems: list[Problem]) -> Version:
    number, text = lines[0]
    if not text.startswith("##fileformat="):
        later = any(line.startswith("##fileformat=") for _, line in lines[1:])
        reason = "##fileformat must be the first line" if later else "the first line must be ##fileformat=VCFv4.x"
        problems.append(error(number, "fileformat", text, reason, "header.fileformat"))
        text = next((line for _, line in lines if line.startswith("##fileformat=")), "")
        if not text:
            return (4, 2)
    stated = text.removeprefix("##fileformat=")
    if stated != stated.rstrip():
        problems.append(warning(number, "fileformat", text, "blanks follow the version", "header.fileformat"))
    match = _VERSION.fullmatch(stated.rstrip())
    version = (4, int(match.group(1))) if match else None
    if version == (4, 0):
        problems.append(warning(number, "fileformat", text, "is an older version; read as VCFv4.1", "header.fileformat"))
        return (4, 1)
    if version not in VERSIONS or version is None:
        problems.append(error(number, "fileformat", text, "is none of VCFv4.1 to VCFv4.5", "header.fileformat"))
        return (4, 2)
    return version


def _read_meta(header: Header, number: int, text: str, seen: dict[tuple[str, str], str], problems: list[Problem]) -> None:
    key, equals, body = text[2:].partition("=")
    if not equals or not key:
        problems.append(error(number, "header", text, "a header line is ##key=value", "header.key_value"))
        return
    if not body:
        problems.append(warning(number, key, "", "the value is empty", "header.empty_value"))
        return
    if re.search(r"[\s<>,]", key):
        problems.append(warning(number, "header", key, "a key holds no whitespace, comma or angle bracket", "header.key"))
    if key == "fileformat" and number != 1:
        problems.append(warning(number, key, body, "##fileformat is repeated", "header.fileformat"))
    if key not in _DEFINED:
        if key in _ANY_VALUE:
            problems.extend(header_rules.check_plain(number, key, body))
            if key in ("reference", "assembly"):
                header.statements.append(body)
        elif body.startswith("<"):
            problems.extend(_check_other_structured(number, key, body))
        return
    try:
        pairs = parse_structured(body)
    except MetaSyntaxError as reason:
        problems.append(error(number, key, body, str(reason), "header.syntax"))
        return
    _read_definition(header, number, key, pairs, body, seen, problems)


def _check_other_structured(number: int, key: str, body: str) -> list[Problem]:
    if body.startswith('<"') and body.endswith('">'):
        return []
    try:
        parse_structured(body)
    except MetaSyntaxError as reason:
        return [warning(number, key, body, str(reason), "header.syntax")]
    return []


def _read_definition(
    header: Header,
    number: int,
    key: str,
    pairs: list[MetaValue],
    body: str,
    seen: dict[tuple[str, str], str],
    problems: list[Problem],
) -> None:
    values = {pair.key: pair for pair in pairs}
    problems.extend(header_rules.check_pairs(number, key, pairs, header.version))
    identifier = values["ID"].value if "ID" in values else ""
    if not identifier:
        if key not in ("PEDIGREE", "META") or header.version >= (4, 3):
            problems.append(error(number, key, body, "the ID is missing", "header.id"))
        return
    if (key, identifier) in seen:
        same = seen[key, identifier] == body
        problems.append(
            warning(
                number, key, identifier, "is declared twice" if same else "is declared twice, differently", "header.duplicate"
            )
        )
        if key in ("INFO", "FORMAT") and not same:
            return
    seen[key, identifier] = body
    description = values["Description"].value if "Description" in values else ""
    if key in ("INFO", "FORMAT"):
        definition = _field_definition(header.version, number, key, values, problems)
        if definition is not None:
            (header.info if key == "INFO" else header.format)[identifier] = definition
    elif key == "FILTER":
        header.filters[identifier] = description
    elif key == "ALT":
        header.alts[identifier] = description
    elif key == "contig":
        _read_contig(header, number, identifier, values, problems)


def _field_definition(
    version: Version, number: int, section: str, values: dict[str, MetaValue], problems: list[Problem]
) -> FieldDefinition | None:
    key = values["ID"].value
    found = header_rules.check_field_definition(number, section, values, version)
    problems.extend(found)
    kind = values["Type"].value if "Type" in values else ""
    count = values["Number"].value if "Number" in values else ""
    description = values["Description"].value if "Description" in values else ""
    usable_kind = kind if kind in set(FieldType) else "String"
    usable_count = count if re.fullmatch(r"[0-9]{1,4}|[.ARGPM]|L[ARG]", count) else "."
    if usable_kind == "Flag" and section == "FORMAT":
        usable_kind = "String"
    if usable_kind == "Flag":
        usable_count = "0"
    elif usable_count == "0":
        usable_count = "."
    return FieldDefinition(key, usable_count, FieldType(usable_kind), description)


def _read_contig(header: Header, number: int, name: str, values: dict[str, MetaValue], problems: list[Problem]) -> None:
    length: int | None = None
    if "length" in values:
        text = values["length"].value
        if re.fullmatch(r"[0-9]{1,12}", text):
            length = int(text)
        else:
            problems.append(warning(number, "contig", text, "a contig length is a whole number", "header.contig_length"))
    if header.contigs.get(name) is None:
        header.contigs[name] = length
    if "assembly" in values:
        header.statements.append(values["assembly"].value)


def _read_columns(header: Header, number: int, text: str, problems: list[Problem]) -> None:
    columns = text[1:].split("\t")
    if tuple(columns[:8]) != FIXED_COLUMNS:
        wrong = next((i for i, name in enumerate(FIXED_COLUMNS) if i >= len(columns) or columns[i] != name), 0)
        found = columns[wrong] if wrong < len(columns) else "nothing"
        hint = "; columns are separated by tabs" if len(columns) < 8 and len(text.split()) >= 8 else ""
        reason = f"column {wrong + 1} must be {FIXED_COLUMNS[wrong]}, found {found!r}{hint}"
        raise UnusableFileError(error(number, "columns", text, reason, "header.columns"))
    if len(columns) == 8:
        return
    header.has_format = True
    if columns[8] != "FORMAT":
        raise UnusableFileError(error(number, "columns", columns[8], "column 9 must be FORMAT", "header.columns"))
    header.samples = tuple(columns[9:])
    if not header.samples:
        problems.append(warning(number, "columns", "FORMAT", "FORMAT is present without samples", "header.samples"))
    seen: set[str] = set()
    for sample in header.samples:
        if not sample or sample.isspace():
            problems.append(error(number, "sample name", sample, "a sample has no name", "header.sample_name"))
        if sample in seen:
            problems.append(error(number, "sample name", sample, "is used twice", "header.sample_duplicate"))
        seen.add(sample)
