"""HLA typings as laboratories write them, read strictly: allele, group, antigen, heterodimer, or unrecognised.

A closed grammar instead of a general parser: `mhcgnomes` accepts alleles that cannot exist (`B*99:99X`), other species, and
needs up to 50 ms for a name it has not met (measured, 3.70), where an input here must never take 5 ms. The two are compared
name by name in the tests. Groups and antigens follow the WHO nomenclature (Marsh 2010, Tissue Antigens 75:291).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from services.clinical.explanation import Frozen
from services.clinical.titers import Outcome, parse_outcome

MAX_TEXT = 200

_GROUPS: dict[str, frozenset[str]] = {
    "A": frozenset("01 02 03 11 23 24 25 26 29 30 31 32 33 34 36 43 66 68 69 74 80".split()),
    "B": frozenset(
        "07 08 13 14 15 18 27 35 37 38 39 40 41 42 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 67 73 78 81 82 83".split()
    ),
    "C": frozenset("01 02 03 04 05 06 07 08 12 14 15 16 17 18".split()),
    "DRB1": frozenset("01 03 04 07 08 09 10 11 12 13 14 15 16".split()),
    "DRB3": frozenset("01 02 03".split()),
    "DRB4": frozenset(["01"]),
    "DRB5": frozenset("01 02".split()),
    "DQA1": frozenset("01 02 03 04 05 06".split()),
    "DQB1": frozenset("02 03 04 05 06".split()),
    "DPA1": frozenset("01 02 03 04".split()),
}
_LOCI = "DRB1|DRB3|DRB4|DRB5|DQA1|DQB1|DPA1|DPB1|CW|A|B|C"
_ALLELE = re.compile(rf"^({_LOCI})[*_ ]?(\d{{2,4}}(?::\d{{2,4}}){{0,3}}|\d{{4,8}})([NLSCAQPG]?)$")
_ANTIGEN = re.compile(r"^(A|B|CW|C|DR|DQ|DP|DPW|BW)[ -]?(\d{1,3})(\.\d)?$")
_COPIES = re.compile(r"\b(?:homozygous|homozygote|double dose|two copies|x\s?2|/\s?same)\b")

# Antigens of serology and the alleles they stand for; broad antigens stand for all of their splits.
_ANTIGENS: dict[str, tuple[str, ...]] = {
    "DR1": ("DRB1*01",), "DR2": ("DRB1*15", "DRB1*16"), "DR3": ("DRB1*03",), "DR4": ("DRB1*04",),
    "DR5": ("DRB1*11", "DRB1*12"), "DR6": ("DRB1*13", "DRB1*14"), "DR7": ("DRB1*07",), "DR8": ("DRB1*08",),
    "DR9": ("DRB1*09",), "DR10": ("DRB1*10",), "DR11": ("DRB1*11",), "DR12": ("DRB1*12",), "DR13": ("DRB1*13",),
    "DR14": ("DRB1*14",), "DR15": ("DRB1*15",), "DR16": ("DRB1*16",), "DR17": ("DRB1*03:01",), "DR18": ("DRB1*03:02",),
    "DR51": ("DRB5*01",), "DR52": ("DRB3*01", "DRB3*02", "DRB3*03"), "DR53": ("DRB4*01",),
    "DQ1": ("DQB1*05", "DQB1*06"), "DQ2": ("DQB1*02",), "DQ3": ("DQB1*03",), "DQ4": ("DQB1*04",), "DQ5": ("DQB1*05",),
    "DQ6": ("DQB1*06",), "DQ7": ("DQB1*03:01",), "DQ8": ("DQB1*03:02",), "DQ9": ("DQB1*03:03",),
    "A9": ("A*23", "A*24"), "A10": ("A*25", "A*26", "A*34", "A*66"), "A19": ("A*29", "A*30", "A*31", "A*32", "A*33", "A*74"),
    "A28": ("A*68", "A*69"),
    "B5": ("B*51", "B*52"), "B12": ("B*44", "B*45"), "B16": ("B*38", "B*39"), "B17": ("B*57", "B*58"),
    "B21": ("B*49", "B*50"), "B22": ("B*54", "B*55", "B*56"), "B40": ("B*40",), "B60": ("B*40:01",), "B61": ("B*40:02",),
    "B62": ("B*15:01",), "B63": ("B*15:16",), "B64": ("B*14:01",), "B65": ("B*14:02",), "B75": ("B*15:02",),
    "B70": ("B*15:03", "B*15:10"), "B71": ("B*15:10",), "B72": ("B*15:03",), "B76": ("B*15:12",), "B77": ("B*15:13",),
    "CW9": ("C*03:03",), "CW10": ("C*03:04",),
}  # fmt: skip
_HETERODIMERS: dict[str, tuple[str, ...]] = {
    "DQ2.5": ("DQA1*05:01", "DQB1*02:01"),
    "DQ2.2": ("DQA1*02:01", "DQB1*02:02"),
    "DQ2.3": ("DQA1*03:03", "DQB1*02:02"),
    "DQ8.1": ("DQA1*03", "DQB1*03:02"),
    "DQ7.5": ("DQA1*05:05", "DQB1*03:01"),
    "DQ6.2": ("DQA1*01:02", "DQB1*06:02"),
    "DQ6.3": ("DQA1*01:03", "DQB1*06:03"),
    "DQ6.4": ("DQA1*01:02", "DQB1*06:04"),
}


class Allele(Frozen):
    """One HLA allele or group. `fields` runs from group to finer: ("27", "05"). `suffix` N is a null allele."""

    locus: str
    fields: tuple[str, ...]
    suffix: Literal["", "N", "L", "S", "C", "A", "Q", "P", "G"] = ""

    def __str__(self) -> str:
        return f"{self.locus}*{':'.join(self.fields)}{self.suffix}"

    @property
    def name(self) -> str:
        """The allele at two-field resolution, or its group: what associations are published for."""
        return f"{self.locus}*{':'.join(self.fields[:2])}"

    @property
    def is_null(self) -> bool:
        return self.suffix == "N"

    def is_within(self, other: Allele) -> bool:
        """Say whether this allele is `other` or a finer name of it (`B*27:05` is within `B*27`)."""
        return self.locus == other.locus and self.fields[: len(other.fields)] == other.fields


class Typing(Frozen):
    """One entry as written. `alleles` hold together (a haplotype, a heterodimer) or, if `is_either`, one of them holds."""

    written: str
    alleles: tuple[Allele, ...] = ()
    is_either: bool = False
    is_serology: bool = False
    is_absent: bool = False
    copies: int = 1
    notes: tuple[str, ...] = ()

    @property
    def is_recognised(self) -> bool:
        return bool(self.alleles)


@lru_cache(maxsize=4096)
def parse_typing(written: str) -> Typing:
    """Read one typing; not recognised when it is malformed, of another species, or longer than `MAX_TEXT`."""
    shown = written.strip()
    if not shown or len(written) > MAX_TEXT:
        return Typing(written=shown[:MAX_TEXT])
    text, is_absent = _without_result(shown)
    copies = 2 if _COPIES.search(text.lower()) else 1
    text = _COPIES.sub(" ", text.lower()).upper().replace("HLA-", " ").replace("HLA_", " ").replace("HLA", " ").strip()
    single = _single(text)
    if single is not None:
        return single.model_copy(update={"written": shown, "copies": copies, "is_absent": is_absent})
    parts = [part.strip() for part in re.split(r"[-/~,;+|()&]|\s-\s", text) if part.strip()]
    combined = _combined(parts) if len(parts) > 1 else None
    if combined is None:
        return Typing(written=shown)
    return combined.model_copy(update={"written": shown, "copies": copies, "is_absent": is_absent})


def _without_result(shown: str) -> tuple[str, bool]:
    """Part `HLA-B27 negative` and `B27+` into name and result. Only "negative" changes what is read."""
    signed = re.fullmatch(r"(.+?)\s?(?:\(([+\-−])\)|([+−]))", shown)
    if signed is not None:
        return signed.group(1), (signed.group(2) or signed.group(3)) in {"-", "−"}
    words = shown.replace(":", ": ").split() if ": " in shown else shown.split()
    for count in (2, 1):
        if len(words) > count:
            outcome = parse_outcome(" ".join(words[-count:]))
            if outcome in {Outcome.POSITIVE, Outcome.NEGATIVE}:
                return " ".join(words[:-count]).rstrip(": "), outcome is Outcome.NEGATIVE
    if len(words) > 1 and words[0].lower() in {"no", "not", "negative"}:
        return " ".join(words[1:]), True
    return shown, False


def _single(text: str) -> Typing | None:
    compact = text.replace(" ", "")
    if compact in _HETERODIMERS:
        alleles = tuple(allele for name in _HETERODIMERS[compact] if (allele := parse_allele(name)) is not None)
        return Typing(written=text, alleles=alleles, is_serology=True, notes=(f"{compact} stands for its two chains.",))
    allele = parse_allele(compact)
    if allele is not None:
        return Typing(written=text, alleles=(allele,), notes=_notes_on(allele))
    return _antigen(compact)


def parse_allele(text: str) -> Allele | None:
    """Read `B*27:05`, `DRB1*1501`, `Cw*0602`, `A*24:09N`; None when the name cannot exist."""
    match = _ALLELE.match(text[:40].upper())
    if match is None:
        return None
    locus, digits, suffix = match.groups()
    locus = "C" if locus == "CW" else locus
    fields = tuple(digits.split(":")) if ":" in digits else _cut(locus, digits, starred="*" in text or "_" in text)
    if fields is None or len(fields[0]) > (4 if locus == "DPB1" else 2):
        return None
    known = _GROUPS.get(locus)
    if (known is not None and fields[0] not in known) or fields[0].strip("0") == "":
        return None
    if suffix in {"P", "G"} and len(fields) < (2 if suffix == "P" else 3):
        return None
    return Allele.model_validate({"locus": locus, "fields": fields, "suffix": suffix})


def _cut(locus: str, digits: str, *, starred: bool) -> tuple[str, ...] | None:
    """Cut old names without colons into fields of two digits; `B27` without a star is an antigen, not a group."""
    if len(digits) == 2:
        return (digits,) if starred else None
    if len(digits) % 2 or (len(digits) == 4 and locus == "DPB1" and not starred):
        return None
    return tuple(digits[index : index + 2] for index in range(0, len(digits), 2))


def _antigen(compact: str) -> Typing | None:
    match = _ANTIGEN.match(compact)
    if match is None or match.group(3):
        return None
    locus, number = match.group(1), str(int(match.group(2)))
    name = f"{'CW' if locus == 'C' else locus}{number}"
    targets = _ANTIGENS.get(name)
    if targets is None and locus in {"A", "B", "CW", "C"}:
        gene = "C" if locus in {"CW", "C"} else locus
        group = number.zfill(2)
        targets = (f"{gene}*{group}",) if group in _GROUPS[gene] else None
    if targets is None:
        return None
    alleles = tuple(allele for target in targets if (allele := parse_allele(target)) is not None)
    note = f"{name.replace('CW', 'Cw')} is a serological name: it stands for {', '.join(targets)}, without the subtype."
    return Typing(written=compact, alleles=alleles, is_either=len(alleles) > 1, is_serology=True, notes=(note,))


def _combined(parts: list[str]) -> Typing | None:
    """Read a haplotype, genotype or heterodimer (`DQA1*05:01-DQB1*02:01`, `DR3/DR4`), or alternatives (`B*27:05/06`)."""
    first = _single(parts[0])
    if first is None or len(parts) > 12:
        return None
    if all(re.fullmatch(r"\d{2,3}(?::\d{2,3})?[NLSCAQPG]?", part) for part in parts[1:]) and len(first.alleles) == 1:
        group = Allele(locus=first.alleles[0].locus, fields=first.alleles[0].fields[:1])
        note = f"Ambiguous typing: read as {group}, because the alternatives differ below the group."
        return Typing(written=parts[0], alleles=(group,), notes=(note,))
    alleles: list[Allele] = []
    notes: list[str] = []
    serology = False
    for part in parts:
        single = _single(part)
        if single is None or single.is_either:
            return None
        alleles.extend(single.alleles)
        notes.extend(single.notes)
        serology = serology or single.is_serology
    finest = [one for index, one in enumerate(alleles) if not any(
        other.is_within(one) and other.fields != one.fields for position, other in enumerate(alleles) if position != index
    )]  # fmt: skip
    return Typing(written=parts[0], alleles=tuple(finest), notes=tuple(notes), is_serology=serology)


def _notes_on(allele: Allele) -> tuple[str, ...]:
    if allele.suffix == "N":
        return (f"{allele} is a null allele: the molecule is not expressed, no association applies.",)
    if allele.suffix in {"P", "G"}:
        return (f"{allele} is a {allele.suffix} group: several alleles; read at two-field level.",)
    if allele.suffix:
        return (f"{allele}: expression suffix {allele.suffix}; associations may not hold.",)
    return ()
