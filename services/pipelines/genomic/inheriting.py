"""What the parents' samples say of a variant: from whom it comes, whether it is new, whether two lie on different chromosomes.

A parent who is called without a variant proves its absence only where enough reads cover the place. That two samples are the
parents is what somebody stated: it is checked by counting the places at which child and parent would share no allele, which for
a true parent are reading errors only (Manichaikul 2010, Bioinformatics 26:2867, doi:10.1093/bioinformatics/btq559).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from services.genomics.pgx.model import MIN_DEPTH
from services.pipelines.genomic.model import Carried, Reads
from services.pipelines.genomic.reading import SampleColumns, columns_of, genotype_in, reads_in
from services.variants.filters import quoted
from services.variants.links import SampleChoice
from services.variants.tables import VariantTable

LEAST_COMPARED = 100
"""Places at which both are homozygous that are needed before samples are called unrelated."""
MOST_OPPOSITE = 0.05
"""Share of them without a common allele above which a sample is no parent; a rule of this program, far above reading errors."""
_FEW_READS = 1
_UNPROVEN = "That these samples are the parents is stated, not proven: have it confirmed before this is called de novo."


class Origin(StrEnum):
    """From whom a variant comes."""

    MOTHER = "mother"
    FATHER = "father"
    EITHER = "either parent"
    BOTH = "both parents"
    NEW = "neither parent"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Descent:
    """What the parents tell of one variant, in words, with what it rests on."""

    origin: Origin = Origin.UNKNOWN
    words: str = ""
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parent:
    """A parent at one place: copies of the allele, None where nobody called it."""

    who: str
    copies: int | None
    reads: Reads

    @property
    def has_it(self) -> bool:
        return bool(self.copies)

    @property
    def is_clear(self) -> bool:
        """Whether the parent is called without it from enough reads and none shows it."""
        few = self.reads.depth is not None and self.reads.depth < MIN_DEPTH
        return self.copies == 0 and not few and (self.reads.carrying or 0) <= _FEW_READS

    @property
    def doubt(self) -> str:
        """Why its absence in this parent is not sure; empty where it is, or where the parent has it."""
        if self.copies is None:
            return f"The genotype of the {self.who} was not called here."
        if self.has_it:
            return ""
        if self.reads.depth is None:
            return f"How many reads the {self.who} has here is not stated."
        if self.reads.depth < MIN_DEPTH:
            return f"The {self.who} has only {self.reads.depth} reads here: too few to say that it is absent."
        if (self.reads.carrying or 0) > _FEW_READS:
            return f"The {self.who} is called without it, but {self.reads.words} show it: possibly in part of the cells."
        return ""


class Family:
    """The parents of the patient in a table. Without any it knows nothing of every variant."""

    def __init__(self, table: VariantTable, choice: SampleChoice) -> None:
        self._table = table
        self._choice = choice
        self._columns = {
            who: columns_of(table, sample) for who, sample in (("mother", choice.mother), ("father", choice.father)) if sample
        }

    def descent(self, row: Mapping[str, Any], carried: Carried, *, chromosome: str, is_male: bool) -> Descent:
        """Say from whom the patient has the allele of a row, which the patient carries."""
        if not self._columns:
            return Descent()
        parents = {who: _parent(who, row, columns) for who, columns in self._columns.items()}
        givers = _givers(chromosome, one_copy=is_male or carried.ploidy == 1)
        relevant = {who: parents.get(who) for who in givers}
        found = _one_parent(givers[0], relevant[givers[0]]) if len(givers) == 1 else _two_parents(
            relevant["mother"], relevant["father"], carried.copies or 0
        )
        doubts = [parent.doubt for parent in relevant.values() if parent is not None and parent.doubt]
        if found.origin is not Origin.NEW:
            return Descent(found.origin, found.words, (*found.limits, *doubts))
        if not all(parent is not None and parent.is_clear for parent in relevant.values()):
            unsure = f"{found.words} That is not enough to call it new (de novo)."
            return Descent(Origin.UNKNOWN, unsure, (*found.limits, *doubts))
        return Descent(Origin.NEW, f"{found.words} It seems to be new in the patient (de novo).",
                       (*found.limits, *doubts, *self.strangers, _UNPROVEN))  # fmt: skip

    @cached_property
    def strangers(self) -> tuple[str, ...]:
        """Say which named parents share too little with the patient to be parents; costs a pass over the table."""
        child = columns_of(self._table, self._choice.sample)
        said = []
        for who, columns in self._columns.items():
            compared, opposite = _opposite(self._table, child, columns)
            if compared >= LEAST_COMPARED and opposite > MOST_OPPOSITE * compared:
                said.append(
                    f"The sample {columns.sample} does not fit the {who}: at {opposite:,} of {compared:,} places it shares no "
                    "allele with the patient. What is said of inheritance cannot be relied on."
                )
        return tuple(said)


def _parent(who: str, row: Mapping[str, Any], columns: SampleColumns) -> _Parent:
    read = genotype_in(row, columns)
    number = row["allele_index"] or 1
    copies = None if read is None or (None in read.alleles and number not in read.alleles) else read.alleles.count(number)
    return _Parent(who, copies, reads_in(row, columns))


def _givers(chromosome: str, *, one_copy: bool) -> tuple[str, ...]:
    """Who can have given a variant: the X of a son and the mitochondria are the mother's, Y is the father's."""
    if chromosome == "MT" or (chromosome == "X" and one_copy):
        return ("mother",)
    return ("father",) if chromosome == "Y" else ("mother", "father")


def _one_parent(who: str, parent: _Parent | None) -> Descent:
    if parent is None:
        return Descent(words=f"Only the {who} can have passed it on, and is not in the table.")
    if parent.copies is None:
        return Descent(words=f"Only the {who} can have passed it on.")
    if parent.has_it:
        return Descent(Origin(who), f"Inherited from the {who}, who carries it.")
    return Descent(Origin.NEW, f"The {who}, who alone could have passed it on, is called without it.")


def _two_parents(mother: _Parent | None, father: _Parent | None, copies: int) -> Descent:
    if mother is None or father is None:
        return _half_known(mother or father, "father" if father is None else "mother")
    if copies >= 2:
        return _both_copies(mother, father)
    if mother.has_it and father.has_it:
        return Descent(Origin.EITHER, "Both parents carry it: from which of them it comes cannot be told.")
    for giver, other in ((mother, father), (father, mother)):
        if giver.has_it:
            if other.copies is None:
                return Descent(Origin.UNKNOWN, f"The {giver.who} carries it too.")
            return Descent(Origin(giver.who), f"Inherited from the {giver.who}, who carries it; the {other.who} is called "
                           "without it.")  # fmt: skip
    if mother.copies is None or father.copies is None:
        return Descent(words="From whom it comes cannot be told.")
    return Descent(Origin.NEW, "Neither parent is called with it.")


def _half_known(parent: _Parent | None, missing: str) -> Descent:
    if parent is None or parent.copies is None:
        return Descent(words="From whom it comes cannot be told.")
    if parent.has_it:
        return Descent(words=f"The {parent.who} carries it too. The {missing} is not in the table.")
    return Descent(words=f"The {parent.who} is called without it: it comes from the {missing}, who is not in the table, or is "
                   "new.")  # fmt: skip


def _both_copies(mother: _Parent, father: _Parent) -> Descent:
    if mother.has_it and father.has_it:
        return Descent(Origin.BOTH, "Both parents carry it: one copy from each fits.")
    without = [one.who for one in (mother, father) if one.copies == 0]
    if not without:
        return Descent(words="From whom the two copies come cannot be told.")
    return Descent(words=f"Two copies are called, but the {' and the '.join(without)} is called without it: the patient may have "
                   "one copy and a deletion, or a sample or a call is wrong.")  # fmt: skip


def _opposite(table: VariantTable, child: SampleColumns, parent: SampleColumns) -> tuple[int, int]:
    """Count the autosomal places where both are homozygous and not both reference, and those of them without a common allele."""
    if child.genotype is None or parent.genotype is None:
        return 0, 0
    chromosomes = [str(number) for number in range(1, 23)]
    names = [str(entry["name"]) for entry in table.manifest["contigs"] if entry["chromosome"] in chromosomes]
    one, other = quoted(child.genotype), quoted(parent.genotype)
    own, none = "('1/1', '1|1')", "('0/0', '0|0')"
    sql = (
        f"SELECT count(*) FILTER (WHERE {one} IN {own} OR {other} IN {own}), "  # noqa: S608 (our names, quoted)
        f"count(*) FILTER (WHERE ({one} IN {own} AND {other} IN {none}) OR ({one} IN {none} AND {other} IN {own})) FROM variants "
        f"WHERE allele_count = 1 AND {one} IN ('1/1', '1|1', '0/0', '0|0') AND {other} IN ('1/1', '1|1', '0/0', '0|0') "
        "AND chrom IN (SELECT unnest(?::VARCHAR[])) AND coalesce(filter, 'PASS') IN ('PASS', '', '.')"
    )
    with table.query(sql, [names]) as result:
        compared, opposite = result.fetchall()[0]
    return int(compared), int(opposite)
