"""What the fixed fields of a data line may hold: CHROM, ID, REF, ALT, FILTER and FORMAT, each looked at by itself.

Both readers ask these functions, and ask once for each distinct value.
"""

from __future__ import annotations

import re
from functools import lru_cache

from services.errors import InvalidInputError
from services.genomics.alleles import AMBIGUOUS_BASES, BASES, AlleleForm, allele_form
from services.variants.problems import Severity, error, warning
from services.variants.vcf.header import Header

_FORMAT_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.%]*")
MAX_ALLELES = 1_000
MAX_SPREAD = 64 << 20
"""Characters that the rows of one record may repeat: each alternate allele has a row, and each row carries the whole record."""
_SHOWN = 60


@lru_cache(maxsize=65_536)
def check_alleles(ref: str, alt: str) -> tuple[tuple[str, ...], tuple[tuple[str, str, str, bool], ...]]:
    """Return the ALT alleles and the findings about REF and ALT as (field, value, reason, is_error)."""
    found: list[tuple[str, str, str, bool]] = []
    if not BASES.fullmatch(ref):
        if ref and AMBIGUOUS_BASES.fullmatch(ref):
            found.append(("REF", ref, "holds an ambiguity code; only A, C, G, T and N are allowed", False))
        else:
            found.append(("REF", ref, "is not made of A, C, G, T and N", True))
    if alt.count(",") >= MAX_ALLELES:
        return (".",), (*found, ("ALT", alt[:_SHOWN], f"lists more than {MAX_ALLELES:,} alternate alleles", True))
    alts = tuple(alt.split(","))
    seen: set[str] = set()
    for allele in alts:
        found.extend(_check_alt(ref, allele, len(alts)))
        if allele in seen and allele_form_or_none(allele) is AlleleForm.SEQUENCE:
            found.append(("ALT", allele, "stands twice in one record", False))
        seen.add(allele)
    return alts, tuple(found)


def allele_form_or_none(alt: str) -> AlleleForm | None:
    try:
        return allele_form(alt)
    except InvalidInputError:
        return None


def _check_alt(ref: str, allele: str, count: int) -> list[tuple[str, str, str, bool]]:
    try:
        form = allele_form(allele)
    except InvalidInputError as reason:
        return [("ALT", allele, reason.message, True)]
    if form is AlleleForm.MISSING and count > 1:
        return [("ALT", allele, "a missing allele cannot stand beside others", True)]
    if form is AlleleForm.SEQUENCE:
        if not BASES.fullmatch(allele):
            return [("ALT", allele, "holds an ambiguity code; only A, C, G, T and N are allowed", False)]
        if allele.upper() == ref.upper():
            return [("ALT", allele, "is the same as REF", False)]
    return []


@lru_cache(maxsize=1024)
def check_identifiers(text: str) -> tuple[tuple[str, str], ...]:
    """Return (value, reason) for what is wrong with an ID field; `.` is the missing ID and fine."""
    if re.search(r"\s", text):
        return ((text, "holds whitespace"),)
    names = text.split(";")
    if "" in names:
        return ((text, "holds an empty identifier"),)
    if len(set(names)) != len(names):
        return ((text, "names an identifier twice"),)
    return ()


def check_contig(chrom: str, header: Header) -> list[tuple[str, str, str, Severity, str]]:
    """Return the problems of a CHROM value as the fields of `Problem` without its line."""
    name = chrom[1:-1] if chrom.startswith("<") and chrom.endswith(">") else chrom
    if not name or re.search(r"[\s,<>]", name):
        found = error(None, "CHROM", chrom, "a contig name holds no whitespace, comma or angle bracket", "chrom.name")
    elif header.contigs and name not in header.contigs:
        found = warning(None, "CHROM", chrom, "the header declares no such contig", "contig.undeclared")
    elif header.version >= (4, 3) and ("*" in name[:1] or "=" in name[:1]):
        found = warning(None, "CHROM", chrom, "a contig name cannot begin with this sign", "chrom.name")
    else:
        return []
    return [(found.field, found.value, found.reason, found.severity, found.rule)]


@lru_cache(maxsize=4096)
def check_filter(text: str, declared: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return (value, reason, rule) for what is wrong with a FILTER field."""
    if text in (".", "PASS"):
        return ()
    names = text.split(";")
    found: list[tuple[str, str, str]] = []
    for name in dict.fromkeys(names):
        if not name or name == ".":
            found.append((text, "holds an empty filter name", "filter.form"))
        elif re.search(r"\s", name):
            found.append((name, "a filter name holds no whitespace", "filter.form"))
        elif name == "0":
            found.append((name, "0 is reserved", "filter.form"))
        elif name not in declared and name != "PASS":
            found.append((name, "the header does not declare this filter", "filter.undeclared"))
    if len(set(names)) != len(names):
        found.append((text, "names a filter twice", "filter.form"))
    return tuple(found)


def check_format(text: str, header: Header) -> list[tuple[str, str, str, bool]]:
    """Return (value, reason, rule, is_error) for what is wrong with a FORMAT field."""
    keys = text.split(":")
    found: list[tuple[str, str, str, bool]] = []
    if len(set(keys)) != len(keys):
        found.append((text, "names a key twice", "format.duplicate", True))
    if "GT" in keys[1:]:
        found.append((text, "GT must be the first key", "format.gt_first", False))
    for key in dict.fromkeys(keys) if text != "." else ():
        if not _FORMAT_KEY.fullmatch(key):
            found.append((key, "is not a valid key", "format.key", not key or " " in key))
        if key not in header.format:
            found.append((key, "the header does not declare this key", "format.undeclared", False))
    return found
