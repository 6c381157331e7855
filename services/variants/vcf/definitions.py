"""Fields whose meaning the VCF specification fixes: Number and Type of the reserved INFO and FORMAT keys, per version.

From the tables "Reserved INFO keys", "Reserved genotype keys" and "INFO keys used for structural variants" of VCFv4.1 to VCFv4.5
(samtools/hts-specs). A file that declares one of them otherwise is warned about and read by its own declaration. A file that
uses one without declaring it is read by this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

VERSIONS = ((4, 1), (4, 2), (4, 3), (4, 4), (4, 5))
Version = tuple[int, int]


class FieldType(StrEnum):
    INTEGER = "Integer"
    FLOAT = "Float"
    FLAG = "Flag"
    CHARACTER = "Character"
    STRING = "String"


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One INFO or FORMAT definition. `number` is a count as text, or one of `.`, A, R, G, P, LA, LR, LG, M."""

    key: str
    number: str
    type: FieldType
    description: str = ""
    declared: bool = True

    @property
    def is_flag(self) -> bool:
        return self.type is FieldType.FLAG

    @property
    def fixed_count(self) -> int | None:
        return int(self.number) if self.number.isdigit() else None


def _table(text: str) -> dict[str, tuple[str, FieldType]]:
    rows = (row.split() for row in text.strip().splitlines())
    return {key: (number, FieldType(kind)) for keys, number, kind in rows for key in keys.split(",")}


_INFO_BASE = _table("""
    AA,DGVID,DBVARID,DBRIPID 1 String
    AC A Integer
    AF A Float
    AN,DP,MQ0,NS,END 1 Integer
    BQ,MQ 1 Float
    CIGAR A String
    DB,H2,H3,SOMATIC,VALIDATED,1000G,IMPRECISE,NOVEL 0 Flag
""")
_INFO_SINCE_43 = _table("AD,ADF,ADR R Integer")
_INFO_STRUCTURAL_TO_43 = _table("""
    SVTYPE,EVENT,PARID 1 String
    SVLEN,HOMLEN . Integer
    HOMSEQ,BKPTID,MATEID . String
    CIPOS,CIEND 2 Integer
    MEINFO,METRANS 4 String
    CILEN 2 Integer
""")
_INFO_STRUCTURAL_SINCE_44 = _table("""
    SVTYPE 1 String
    SVLEN,HOMLEN,RN A Integer
    HOMSEQ,BKPTID,MATEID,PARID,EVENT,EVENTTYPE,SVCLAIM A String
    CIPOS,CIEND,CILEN,RUL,RUB,RB,CIRB . Integer
    MEINFO,METRANS,RUS . String
    CN A Float
    CICN,RUC,CIRUC . Float
""")
_FORMAT_BASE = _table("""
    GT,FT 1 String
    DP,PS,PQ,MQ,GQ 1 Integer
    GL,GP G Float
    PL G Integer
    HQ 2 Integer
    EC A Integer
""")
_FORMAT_SINCE_43 = _table("""
    AD,ADF,ADR R Integer
    PP G Integer
""")
_FORMAT_SINCE_44 = _table("""
    PSL P String
    PSO,PSQ P Integer
    CN,CNQ 1 Float
    CNL,CNP G Float
    CICN 2 Float
    NQ,HAP,AHAP 1 Integer
""")
_FORMAT_SINCE_45 = _table("""
    LAA . Integer
    LAD,LADF,LADR LR Integer
    LEC LA Integer
    LGL,LGP LG Float
    LPL,LPP LG Integer
    LEN 1 Integer
""")

_NUMBERS_INFO = frozenset(".AG")
_NUMBERS_FORMAT_SINCE_45 = frozenset({"LA", "LR", "LG", "M"})


@cache
def reserved_info(version: Version) -> Mapping[str, tuple[str, FieldType]]:
    """Return Number and Type of the reserved INFO keys of `version`."""
    table = dict(_INFO_BASE)
    if version >= (4, 3):
        table.update(_INFO_SINCE_43)
    table.update(_INFO_STRUCTURAL_SINCE_44 if version >= (4, 4) else _INFO_STRUCTURAL_TO_43)
    return table


@cache
def reserved_format(version: Version) -> Mapping[str, tuple[str, FieldType]]:
    """Return Number and Type of the reserved FORMAT keys of `version`."""
    table = dict(_FORMAT_BASE)
    for since, additions in (((4, 3), _FORMAT_SINCE_43), ((4, 4), _FORMAT_SINCE_44), ((4, 5), _FORMAT_SINCE_45)):
        if version >= since:
            table.update(additions)
    return table


def number_is_allowed(number: str, section: str, version: Version) -> bool:
    """Tell whether a definition of `section` (INFO or FORMAT) may have this Number in `version`."""
    if number.isdigit() or number in _NUMBERS_INFO:
        return True
    if number == "R":
        return version >= (4, 2)
    if section != "FORMAT":
        return False
    if number == "P":
        return version >= (4, 4)
    return number in _NUMBERS_FORMAT_SINCE_45 and version >= (4, 5)
