"""Rules that tie several fields together: END, SVLEN, SVCLAIM, copy numbers, tandem repeats, phase sets.

VCFv4.1 to 4.3 give END its meaning; the others come with VCFv4.4 (sections 1.6.1, 3 "INFO keys used for structural variants"
and 1.6.2 "Genotype fields"). All of them are warnings: the record can be stored as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.variants.problems import Problem, warning
from services.variants.vcf.definitions import FieldType
from services.variants.vcf.header import Header
from services.variants.vcf.values import STRUCTURAL_SINCE_44, to_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from services.variants.vcf.record import Record

Add = Callable[[Problem], None]
_ABUNDANCE = ("DEL", "DUP", "CNV")
_SIZED = ("DEL", "DUP", "CNV", "INS", "INV")
_PAIRED = ("CIPOS", "CIEND", "CILEN", "CICN")


def check(record: Record, header: Header, add: Add) -> None:
    """Check one record's fields against each other."""
    end = _number(_first(record, "END"))
    is_structural = any(alt.startswith("<") for alt in record.alts)
    if end is not None and (end < 0 or (0 < end < record.position and not is_structural)):
        add(warning(record.line, "INFO/END", str(int(end)), f"lies before POS {record.position}", "info.end"))
    if header.version < (4, 4):
        return
    if is_structural or STRUCTURAL_SINCE_44 & record.info.keys():
        _check_lengths(record, add)
        _check_claims(record, add)
        _check_intervals(record, add)
        _check_repeats(record, add)
    _check_samples(record, add)


def _first(record: Record, key: str) -> str | None:
    values = record.info.get(key)
    return values[0] if values else None


def _number(text: str | None) -> float | None:
    return None if text in (None, ".") else to_number(str(text), FieldType.FLOAT)


def _kinds(record: Record) -> Iterator[tuple[int, str, str]]:
    """Yield index, first part and full name of each ALT; the name is empty for what is not symbolic."""
    for index, alt in enumerate(record.alts):
        name = alt[1:-1] if alt.startswith("<") and alt.endswith(">") else ""
        yield index, name.split(":", 1)[0], name


def _at(values: list[str] | None, index: int) -> str:
    return values[index] if values and index < len(values) else "."


def _check_lengths(record: Record, add: Add) -> None:
    lengths = record.info.get("SVLEN")
    for index, first, name in _kinds(record):
        length = _at(lengths, index)
        if first == "BND":
            add(warning(record.line, "ALT", name, "a breakend is written with brackets, not as a symbol", "sv.breakend"))
        if first in ("DEL", "DUP", "CNV") and length == ".":
            add(warning(record.line, "INFO/SVLEN", length, f"<{name}> needs its length", "sv.length"))
        number = _number(length)
        if number is not None and number < 0:
            add(warning(record.line, "INFO/SVLEN", length, "is not negative from VCFv4.4 on", "sv.length"))
        if not name and number is not None and "[" not in record.alts[index] and "]" not in record.alts[index]:
            add(warning(record.line, "INFO/SVLEN", length, "is for symbolic alleles only", "sv.length"))
        if ":" in name and first not in (*_SIZED, "BND"):
            add(warning(record.line, "ALT", name, f"the first part is one of {', '.join(_SIZED)}", "sv.symbol"))


def _check_claims(record: Record, add: Add) -> None:
    claims = record.info.get("SVCLAIM")
    for index, first, name in _kinds(record):
        claim = _at(claims, index)
        paired = "[" in record.alts[index] or "]" in record.alts[index]
        if claim not in (".", "D", "J", "DJ"):
            add(warning(record.line, "INFO/SVCLAIM", claim, "is D, J or DJ", "sv.claim"))
        elif first in ("DEL", "DUP") and claim == ".":
            add(warning(record.line, "INFO/SVCLAIM", claim, f"<{name}> must state D, J or DJ", "sv.claim"))
        elif claim == "D" and (paired or first in ("INV", "INS")):
            add(warning(record.line, "INFO/SVCLAIM", claim, "abundance cannot be claimed for this allele", "sv.claim"))
        elif claim != "." and not name and not paired:
            add(warning(record.line, "INFO/SVCLAIM", claim, "is for structural alleles only", "sv.claim"))
        elif first == "CNV" and claim in ("J", "DJ"):
            add(warning(record.line, "INFO/SVCLAIM", claim, "a copy number variant claims abundance only", "sv.claim"))


def _check_intervals(record: Record, add: Add) -> None:
    count = max(record.allele_count, 1)
    for key in _PAIRED:
        values = record.info.get(key)
        if not values or all(value == "." for value in values):
            continue
        if len(values) not in (2, 2 * count):
            add(warning(record.line, f"INFO/{key}", ",".join(values), "is a pair of numbers for each allele", "sv.interval"))
        else:
            _check_pairs(record, f"INFO/{key}", values, add)
    for key in ("MEINFO", "METRANS"):
        values = record.info.get(key)
        if values and values != ["."] and len(values) % 4:
            add(warning(record.line, f"INFO/{key}", ",".join(values), "has four values for each allele", "sv.interval"))


def _check_pairs(record: Record, name: str, values: list[str], add: Add) -> None:
    for low, high in zip(values[::2], values[1::2], strict=False):
        lower, upper = _number(low), _number(high)
        if (lower is not None and lower > 0) or (upper is not None and upper < 0):
            reason = "is an interval around the value: it begins at or below 0 and ends at or above 0"
            add(warning(record.line, name, f"{low},{high}", reason, "sv.interval"))
        copy_number = _number(_first(record, "CN"))
        if name.endswith("CICN") and copy_number is not None and lower is not None and copy_number + lower < 0:
            add(warning(record.line, name, f"{low},{high}", "would make the copy number negative", "sv.interval"))


def _check_repeats(record: Record, add: Add) -> None:
    has_repeat = any(name == "CNV:TR" for _, _, name in _kinds(record))
    present = [key for key in ("RN", "RUS", "RUL", "RUC", "RB", "RUB", "CIRUC", "CIRB") if key in record.info]
    if not has_repeat:
        if present:
            add(warning(record.line, f"INFO/{present[0]}", "", "is for <CNV:TR> alleles only", "sv.repeat"))
        return
    if "RUS" not in record.info and "RUL" not in record.info:
        add(warning(record.line, "INFO/RUS", "", "<CNV:TR> needs RUS or RUL", "sv.repeat"))
        return
    for reason_field, value, reason in _repeat_findings(record):
        add(warning(record.line, f"INFO/{reason_field}", value, reason, "sv.repeat"))


def _repeat_findings(record: Record) -> Iterator[tuple[str, str, str]]:
    per_allele = record.info.get("RN") or ["1"] * max(record.allele_count, 1)
    numbers = [_number(value) for value in per_allele]
    total = int(sum(number if number is not None else 1 for number in numbers))
    for key, factor in (("RUS", 1), ("RUL", 1), ("RUC", 1), ("RB", 1), ("CIRUC", 2), ("CIRB", 2)):
        values = record.info.get(key)
        if values is not None and len(values) != factor * total:
            yield key, ",".join(values), f"has {len(values)} values, RN asks for {factor * total}"
    sequences, lengths = record.info.get("RUS"), record.info.get("RUL")
    for sequence, length in zip(sequences or [], lengths or [], strict=False):
        if sequence != "." and length != "." and _number(length) != len(sequence):
            yield "RUL", length, f"is not the length of {sequence}"
    if sequences and sequences == ["."] and not lengths:
        yield "RUS", ".", "<CNV:TR> needs RUS or RUL"
    counts = record.info.get("RUC")
    for key in ("CIRUC", "CIRB"):
        if key in record.info and key.removeprefix("CI") not in record.info:
            yield key, "", f"needs {key.removeprefix('CI')}"
    yield from _repeat_sizes(record, sequences or [], lengths or [], counts or [])
    yield from _repeat_intervals(record)


def _repeat_sizes(record: Record, sequences: list[str], lengths: list[str], counts: list[str]) -> Iterator[tuple[str, str, str]]:
    total_bases = record.info.get("RB") or []
    units = record.info.get("RUB")
    if units is not None and not counts:
        yield "RUB", ",".join(units), "needs RUC"
    position = 0
    for index, count_text in enumerate(counts):
        count = _number(count_text)
        sequence, length = _at(sequences, index), _number(_at(lengths, index))
        size = len(sequence) if sequence != "." else length
        bases = _number(_at(total_bases, index))
        if count is not None and size is not None and bases is not None and abs(count * size - bases) >= size:
            yield "RB", str(int(bases)), f"does not agree with {count_text} units of {int(size)} bases"
        if units is not None:
            if count is None or count != int(count):
                yield "RUC", count_text, "must be a whole number where RUB is given"
            else:
                position += int(count)
    if units is not None and counts and position != len(units):
        yield "RUB", ",".join(units), f"has {len(units)} values, RUC asks for {position}"


def _repeat_intervals(record: Record) -> Iterator[tuple[str, str, str]]:
    for key in ("CIRUC", "CIRB"):
        values = record.info.get(key) or []
        for low, high in zip(values[::2], values[1::2], strict=False):
            lower, upper = _number(low), _number(high)
            if (lower is not None and lower > 0) or (upper is not None and upper < 0):
                yield key, f"{low},{high}", "begins at or below 0 and ends at or above 0"
        counts = record.info.get(key.removeprefix("CI")) or []
        for index, low in enumerate(values[::2]):
            lower, count = _number(low), _number(_at(counts, index))
            if lower is not None and count is not None and count + lower < 0:
                yield key, low, f"would make {key.removeprefix('CI')} negative"


def _check_samples(record: Record, add: Add) -> None:
    keys = record.format
    if not {"PSL", "CICN", "CN"} & set(keys):
        return
    if "CN" in keys:
        lengths = {_at(record.info.get("SVLEN"), index) for index, first, _ in _kinds(record) if first in _ABUNDANCE}
        if len(lengths - {"."}) > 1:
            reason = "SVLEN must be the same for all abundance alleles where samples state CN"
            add(warning(record.line, "INFO/SVLEN", ",".join(sorted(lengths)), reason, "sv.length"))
    for number, values in enumerate(record.samples):
        present = dict(zip(keys, values, strict=False))
        _check_copy_interval(record, present, keys, add)
        genotype = record.genotypes[number] if number < len(record.genotypes) else None
        if genotype is not None and present.get("PSL", ".") != ".":
            _check_phase_sets(record, present, genotype.phase_signs, add)


def _check_copy_interval(record: Record, present: dict[str, str], keys: tuple[str, ...], add: Add) -> None:
    interval = present.get("CICN", ".")
    if interval == ".":
        return
    if "CN" not in keys:
        add(warning(record.line, "FORMAT/CICN", interval, "needs CN", "sv.interval"))
    values = interval.split(",")
    if len(values) != 2:
        add(warning(record.line, "FORMAT/CICN", interval, "is a pair of numbers", "sv.interval"))
        return
    lower, upper, copies = _number(values[0]), _number(values[1]), _number(present.get("CN"))
    if (lower is not None and lower > 0) or (upper is not None and upper < 0):
        add(warning(record.line, "FORMAT/CICN", interval, "begins at or below 0 and ends at or above 0", "sv.interval"))
    elif lower is not None and copies is not None and copies + lower < 0:
        add(warning(record.line, "FORMAT/CICN", interval, "would make the copy number negative", "sv.interval"))


def _check_phase_sets(record: Record, present: dict[str, str], signs: str, add: Add) -> None:
    sets = present["PSL"].split(",")
    for sign, name in zip(signs, sets, strict=False):
        if sign == "/" and name != ".":
            add(warning(record.line, "FORMAT/PSL", name, "an unphased allele belongs to no phase set", "gt.phase_set"))
            break
    for key in ("PSO", "PSQ"):
        values = present.get(key, ".")
        for name, value in zip(sets, values.split(","), strict=False):
            if name == "." and value != ".":
                add(warning(record.line, f"FORMAT/{key}", value, "must be . where PSL is .", "gt.phase_set"))
                break
