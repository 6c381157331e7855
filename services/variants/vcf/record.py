"""One data line of a VCF file, taken apart and checked field by field.

This reader looks at every rule and is the reference for the vectorised one (`columnar.py`), which hands over each line that it is
not certain about. `RecordReader.read` returns the record and its problems; a record with an error is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from services.genomics.alleles import AlleleForm, parse_breakend, symbol
from services.variants.problems import Problem, Severity, error, warning
from services.variants.vcf import structural_rules
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.field_rules import (
    MAX_SPREAD,
    allele_form_or_none,
    check_alleles,
    check_contig,
    check_filter,
    check_format,
    check_identifiers,
)
from services.variants.vcf.genotype import Genotype, parse_genotype
from services.variants.vcf.header import Header
from services.variants.vcf.values import (
    FLOAT,
    NOT_NEGATIVE_FORMAT,
    NOT_NEGATIVE_INFO,
    STRUCTURAL_SINCE_44,
    genotype_count,
    value_reason,
)

_POSITION = re.compile(r"[0-9]{1,12}")
INFO_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
ONCE_PER_VALUE = frozenset({"contig.undeclared", "filter.undeclared", "info.undeclared", "format.undeclared", "alt.undeclared"})
"""Rules that are reported for the first line only, once for each value."""
_SAMPLE_COLUMN = 9
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f]")


@dataclass(slots=True)
class Record:
    """A data line in its parts. Values are text as in the file; `info` maps a key to its values, or to None for a flag.

    `info_aside` holds INFO entries whose values do not fit their declaration, as written, by key; `samples_aside` the same for
    each sample. They are not in `info` and `samples`.
    """

    line: int
    chrom: str
    position: int
    identifier: str
    ref: str
    alts: tuple[str, ...]
    quality: float | None
    filters: str
    info: dict[str, list[str] | None]
    format: tuple[str, ...] = ()
    samples: list[list[str]] = field(default_factory=list)
    genotypes: list[Genotype | None] = field(default_factory=list)
    info_aside: dict[str, str] = field(default_factory=dict)
    samples_aside: list[frozenset[str]] = field(default_factory=list)
    """Per sample the keys whose values do not fit; the values themselves stay in `samples`."""

    @property
    def allele_count(self) -> int:
        """Number of alternate alleles. ALT `.` counts as one: files give its fields one value, or none."""
        return len(self.alts)

    @property
    def states_no_allele(self) -> bool:
        return self.alts == (".",)


Add = Callable[[Problem], None]


class RecordReader:
    """Reads data lines of one file. Holds the header's definitions; keeps no state between lines."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self._columns = header.column_count

    def read(self, line: int, text: str) -> tuple[Record | None, list[Problem]]:
        """Take one data line apart; the record is None where its columns cannot be told apart or POS is unusable."""
        problems: list[Problem] = []
        add = problems.append
        parts = text.split("\t")
        if not self._check_columns(line, text, parts, add):
            return None, problems
        if not _POSITION.fullmatch(parts[1]):
            add(error(line, "POS", parts[1], "is not a whole number from 0", "pos.number"))
            return None, problems
        position = int(parts[1])
        self._check_chrom(line, parts[0], position, add)
        _check_id(line, parts[2], add)
        alts, found = check_alleles(parts[3], parts[4])
        for name, value, reason, is_error in found:
            add((error if is_error else warning)(line, name, value, reason, f"{name.lower()}.allele"))
        if len(alts) * len(text) > MAX_SPREAD:
            reason = f"lists {len(alts):,} alternate alleles in a line of {len(text):,} characters: too much to repeat for each"
            add(error(line, "ALT", parts[4][:60], reason, "alt.amount"))
            return None, problems
        quality = _quality(line, parts[5], add)
        self._check_filter(line, parts[6], add)
        record = Record(line, parts[0], position, parts[2], parts[3], alts, quality, parts[6], {})
        self._read_info(record, parts[7], add)
        if len(parts) > 8:
            self._samples(record, parts, add)
        if not any(problem.rule == "alt.allele" for problem in problems):
            self._check_symbols(record, add)
            structural_rules.check(record, self.header, add)
        return record, problems

    def _check_columns(self, line: int, text: str, parts: list[str], add: Add) -> bool:
        if not text:
            add(warning(line, "line", "", "is empty", "line.empty"))
            return False
        if text.startswith("#"):
            add(error(line, "line", text, "a header line stands among the data", "line.header"))
            return False
        if _CONTROL.search(text):
            add(error(line, "line", text[:60], "holds a control character", "line.control"))
            return False
        if len(parts) != self._columns:
            hint = "; columns are separated by tabs" if len(parts) < 5 and len(text.split()) >= 8 else ""
            reason = f"has {len(parts)} columns, the header has {self._columns}{hint}"
            add(error(line, "line", text[:60], reason, "line.columns"))
            return False
        empty = next((index for index, part in enumerate(parts) if not part), None)
        if empty is not None:
            name = self._column_name(empty)
            add(error(line, name, "", "is empty; a missing value is written .", "line.empty_field"))
            return False
        return True

    def _column_name(self, index: int) -> str:
        if index < _SAMPLE_COLUMN:
            return ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")[index]
        return f"sample {self.header.samples[index - _SAMPLE_COLUMN]}"

    def _check_chrom(self, line: int, chrom: str, position: int, add: Add) -> None:
        for problem in check_contig(chrom, self.header):
            add(Problem(line, *problem))
        length = self.header.contigs.get(chrom)
        if length and position > length + 1:
            add(warning(line, "POS", str(position), f"lies past the end of {chrom} ({length:,} bases)", "pos.range"))

    def _check_filter(self, line: int, text: str, add: Add) -> None:
        for value, reason, rule in check_filter(text, tuple(self.header.filters)):
            add(warning(line, "FILTER", value, reason, rule))

    def _check_symbols(self, record: Record, add: Add) -> None:
        for alt in record.alts:
            name = symbol(alt)
            if name and name not in ("*", "NON_REF") and name not in self.header.alts and name not in self.header.contigs:
                add(warning(record.line, "ALT", name, "the header declares no such ALT", "alt.undeclared"))

    def _read_info(self, record: Record, text: str, add: Add) -> None:
        line = record.line
        if text == ".":
            return
        info = record.info
        if " " in text and self.header.version < (4, 3):
            add(warning(line, "INFO", text, "holds a space", "info.whitespace"))
        for entry in text.split(";"):
            key, equals, value = entry.partition("=")
            if not entry:
                add(warning(line, "INFO", text, "holds an empty entry", "info.empty"))
                continue
            if key in info or key in record.info_aside:
                # which of the values is meant is unknown: neither is taken
                add(error(line, f"INFO/{key}", value, "the key stands twice", "info.duplicate"))
                if key in info:
                    record.info_aside[key] = _entry(key, info.pop(key))
                record.info_aside[key] += f";{entry}"
                continue
            if not INFO_KEY.fullmatch(key) and (key not in self.header.info or not key):
                is_broken = not key or " " in key
                add((error if is_broken else warning)(line, "INFO", key or entry, "is not a valid key", "info.key"))
            values = value.split(",") if equals else None
            found: list[Problem] = []
            self._check_info_value(record, key, value if equals else None, found.append)
            for problem in found:
                add(problem)
            if any(problem.severity is Severity.ERROR for problem in found):
                record.info_aside[key] = entry
            else:
                info[key] = values

    def _check_info_value(self, record: Record, key: str, value: str | None, add: Add) -> None:
        definition = self.header.info_definition(key)
        declared = key in self.header.info
        line = record.line
        if not declared:
            add(warning(line, "INFO", key, "the header does not declare this key", "info.undeclared"))
        if definition is None:
            return
        hard = error if declared else warning
        name = f"INFO/{key}"
        if definition.is_flag:
            if value is not None and value not in ("0", "1"):
                add(warning(line, name, value, "a flag has no value", "info.flag"))
            return
        if value is None or value == "":
            if definition.type is not FieldType.STRING or value is None:
                add(hard(line, name, "", "the value is missing", "info.value"))
            return
        values = value.split(",")
        for text in values:
            self._report(line, name, key, text, definition, NOT_NEGATIVE_INFO, declared, add)
        wanted = {"A": record.allele_count, "R": record.allele_count + 1}.get(definition.number, definition.fixed_count)
        if wanted is not None and _miscounted(values, wanted, record):
            spread = definition.number in ("A", "R", "1") and not (
                definition.number == "1" and definition.type is FieldType.STRING
            )
            mark = hard if spread else warning
            if key in STRUCTURAL_SINCE_44 and self.header.version >= (4, 4) and definition.number == "1":
                mark = warning
            add(mark(line, name, value, f"has {len(values)} values, Number={definition.number} asks for {wanted}", "info.count"))

    def _report(
        self,
        line: int,
        name: str,
        key: str,
        text: str,
        definition: FieldDefinition,
        positive: frozenset[str],
        declared: bool,
        add: Add,
    ) -> None:
        found = value_reason(key, text, definition.type, positive)
        if found is not None:
            section = "info" if name.startswith("INFO/") else "format"
            mark = error if declared and found[1] == "type" else warning
            add(mark(line, name, text, found[0], f"{section}.{found[1]}"))

    def _samples(self, record: Record, parts: list[str], add: Add) -> None:
        line = record.line
        keys = tuple(parts[8].split(":"))
        for value, reason, rule, is_error in check_format(parts[8], self.header):
            add((error if is_error else warning)(line, "FORMAT", value, reason, rule))
        record.format = keys
        for sample, text in zip(self.header.samples, parts[9:], strict=True):
            values = text.split(":")
            record.samples.append(values)
            name = f"sample {sample}"
            if len(values) > len(keys):
                add(error(line, name, text, f"has {len(values)} fields, FORMAT names {len(keys)}", "sample.fields"))
                record.genotypes.append(None)
                record.samples_aside.append(frozenset())
                continue
            genotype = self._genotype(record, name, keys, values, add)
            record.genotypes.append(genotype)
            aside = set()
            for key, value in zip(keys, values, strict=False):
                if key != "GT" and not self._check_sample_value(record, name, key, value, genotype, add):
                    aside.add(key)
            record.samples_aside.append(frozenset(aside))

    def _genotype(self, record: Record, name: str, keys: tuple[str, ...], values: list[str], add: Add) -> Genotype | None:
        if "GT" not in keys or keys.index("GT") >= len(values):
            return None
        text = values[keys.index("GT")]
        genotype = parse_genotype(text)
        if genotype is None and text[-1:] in ("|", "/"):
            add(
                warning(
                    record.line,
                    f"{name}/GT",
                    text,
                    "ends with a phase sign; the allele after it is taken as not called",
                    "gt.syntax",
                )
            )
            genotype = parse_genotype(f"{text}.")
        if genotype is None:
            add(error(record.line, f"{name}/GT", text, "is not a genotype", "gt.syntax"))
            return None
        if genotype.highest > record.allele_count or (genotype.highest and record.states_no_allele):
            stated = 0 if record.states_no_allele else record.allele_count
            reason = f"names allele {genotype.highest}, the record has {stated} alternate alleles"
            mark = warning if genotype.highest == 1 and record.states_no_allele else error
            add(mark(record.line, f"{name}/GT", text, reason, "gt.range"))
        if genotype.leading_phase and self.header.version < (4, 4):
            add(warning(record.line, f"{name}/GT", text, "a phase sign before the first allele came with VCFv4.4", "gt.phase"))
        return genotype

    def _check_sample_value(self, record: Record, name: str, key: str, value: str, genotype: Genotype | None, add: Add) -> bool:
        """Check one value of one sample; False where it does not fit its declaration."""
        definition = self.header.format_definition(key)
        if definition is None or value == ".":
            return True
        declared = key in self.header.format
        place = f"{name}/{key}"
        if value == "":
            add(warning(record.line, place, "", "is empty; a missing value is written .", "sample.empty"))
            return True
        values = value.split(",")
        found: list[Problem] = []
        if declared:
            for text in values:
                self._report(record.line, place, key, text, definition, NOT_NEGATIVE_FORMAT, declared, found.append)
        wanted = self._wanted(definition, record, genotype)
        if wanted is not None and _miscounted(values, wanted, record):
            single_text = definition.number == "1" and definition.type is FieldType.STRING
            hard = declared and definition.number in ("A", "R", "G", "1") and not single_text
            reason = f"has {len(values)} values, Number={definition.number} asks for {wanted}"
            found.append((error if hard else warning)(record.line, place, value, reason, "format.count"))
        for problem in found:
            add(problem)
        return not any(problem.severity is Severity.ERROR for problem in found)

    def _wanted(self, definition: FieldDefinition, record: Record, genotype: Genotype | None) -> int | None:
        if definition.number == "G":
            ploidy = genotype.ploidy if genotype else 2
            return genotype_count(record.allele_count + 1, ploidy) if ploidy <= 20 else None
        if definition.number == "P":
            return genotype.ploidy if genotype else None
        return {"A": record.allele_count, "R": record.allele_count + 1}.get(definition.number, definition.fixed_count)


def _entry(key: str, values: list[str] | None) -> str:
    return key if values is None else f"{key}={','.join(values)}"


def _miscounted(values: list[str], wanted: int, record: Record) -> bool:
    if len(values) == wanted or all(value == "." for value in values):
        return False
    # where no alternate allele is stated, files give values for the reference alone, or for one nominal allele
    return not (record.states_no_allele and len(values) < wanted)


def _check_id(line: int, text: str, add: Add) -> None:
    if text == ".":
        return
    for value, reason in check_identifiers(text):
        add(warning(line, "ID", value, reason, "id.form"))


def _quality(line: int, text: str, add: Add) -> float | None:
    if text == ".":
        return None
    if not FLOAT.fullmatch(text):
        add(error(line, "QUAL", text, "is not a number", "qual.number"))
        return None
    quality = float(text)
    if quality < 0:
        add(warning(line, "QUAL", text, "is negative", "qual.range"))
    return quality


def mates(record: Record) -> list[tuple[str, int] | None]:
    """Return for each ALT the mate's chromosome and position where it is a paired breakend."""
    result: list[tuple[str, int] | None] = []
    for alt in record.alts:
        if allele_form_or_none(alt) is AlleleForm.BREAKEND:
            mate = parse_breakend(alt)
            result.append((mate.mate_chromosome, mate.mate_position))
        else:
            result.append(None)
    return result
