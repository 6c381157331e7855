"""What an HGVS description says, before anything is known of the sequence it names.

SEE: HGVS Nomenclature 21.0 (Hart RK and others, Genome Medicine 2024), https://hgvs-nomenclature.org
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The type of the reference sequence; the value is the letter before the dot."""

    GENOMIC = "g"
    MITOCHONDRIAL = "m"
    CODING = "c"
    NONCODING = "n"
    RNA = "r"
    PROTEIN = "p"


class Edit(StrEnum):
    """What is done to a stretch of nucleotides or residues."""

    SUBSTITUTION = "substitution"
    DELETION = "deletion"
    INSERTION = "insertion"
    DUPLICATION = "duplication"
    INVERSION = "inversion"
    DELINS = "deletion-insertion"
    REPEAT = "repeat"
    IDENTITY = "no change"
    COPIES = "copies"
    CONVERSION = "conversion"
    FRAMESHIFT = "frameshift"
    EXTENSION = "extension"
    UNKNOWN = "unknown"
    NO_PROTEIN = "no protein"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a nucleotide sequence.

    `base` is 1-based; below 1 it lies before the start codon of a `c.` description. `offset` counts into an intron from the exon
    base named. `is_after_stop` marks the 3' UTR: `base` then counts from the base after the stop codon. `base` None is `?`.
    """

    base: int | None
    offset: int = 0
    is_after_stop: bool = False

    def __str__(self) -> str:
        if self.base is None:
            return "?"
        intron = f"{self.offset:+d}" if self.offset else ""
        return f"{'*' if self.is_after_stop else ''}{self.base}{intron}"


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a stretch: an exact position, or two positions between which it lies."""

    low: Position
    high: Position | None = None

    @property
    def exact(self) -> Position | None:
        """The position where it is one and known."""
        return self.low if self.high is None and self.low.base is not None else None

    def __str__(self) -> str:
        return str(self.low) if self.high is None else f"({self.low}_{self.high})"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `end`, both included; `end` None is a single position (or a single uncertain stretch)."""

    start: Bound
    end: Bound | None = None

    @property
    def exact(self) -> tuple[Position, Position] | None:
        """First and last position; None where either is uncertain."""
        first = self.start.exact
        last = first if self.end is None else self.end.exact
        return None if first is None or last is None else (first, last)

    def __str__(self) -> str:
        return str(self.start) if self.end is None else f"{self.start}_{self.end}"


@dataclass(frozen=True, slots=True)
class NucleotideChange:
    """`ref` and `alt` are bases in the case they were written in, empty where the description leaves them out.

    `count` is the number of repeats or copies. `source` is where a conversion takes its sequence from.
    """

    stretch: Stretch
    edit: Edit
    ref: str = ""
    alt: str = ""
    count: int | None = None
    source: str = ""
    is_predicted: bool = False

    def __str__(self) -> str:
        text = f"{self.stretch}{written_edit(self.edit, self.ref, self.alt, self.count, self.source)}"
        return f"({text})" if self.is_predicted else text


def written_edit(edit: Edit, ref: str, alt: str, count: int | None = None, source: str = "") -> str:
    """Write what is done to a stretch of nucleotides, as it stands behind the position."""
    return {
        Edit.SUBSTITUTION: f"{ref}>{alt}", Edit.DELETION: "del", Edit.INSERTION: f"ins{alt}", Edit.DUPLICATION: "dup",
        Edit.INVERSION: "inv", Edit.DELINS: f"delins{alt}", Edit.IDENTITY: "=", Edit.REPEAT: f"{ref}[{count}]",
        Edit.COPIES: f"copy{count}", Edit.CONVERSION: f"con{source}",
    }[edit]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Residue:
    """An amino acid of the reference protein: three-letter code (`Ter` for a stop) and 1-based number."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}{self.number}"


@dataclass(frozen=True, slots=True)
class ProteinChange:
    """`start` None: the protein as a whole. `alt` are three-letter codes.

    `stop` tells how many residues on a frameshift or an extension ends: a number, `?`, or empty where it is not said.
    """

    edit: Edit
    start: Residue | None = None
    end: Residue | None = None
    alt: tuple[str, ...] = ()
    stop: str = ""
    is_predicted: bool = False

    def __str__(self) -> str:
        text = f"{self._place}{self._edit}"
        return f"({text})" if self.is_predicted else text

    @property
    def _place(self) -> str:
        if self.start is None:
            return ""
        return str(self.start) if self.end is None else f"{self.start}_{self.end}"

    @property
    def _edit(self) -> str:
        alt = "".join(self.alt)
        extension = f"{alt}ext{self.stop}" if self.stop.startswith("-") else f"{alt}extTer{self.stop}"
        return {
            Edit.SUBSTITUTION: alt, Edit.DELETION: "del", Edit.INSERTION: f"ins{alt}", Edit.DUPLICATION: "dup",
            Edit.DELINS: f"delins{alt}", Edit.IDENTITY: "=", Edit.UNKNOWN: "?", Edit.NO_PROTEIN: f"0{self.stop}",
            Edit.FRAMESHIFT: f"{alt}fsTer{self.stop}", Edit.EXTENSION: extension,
        }[self.edit]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Description:
    """One HGVS description. `accession` and `gene` name the sequence; both are None where only the change was given."""

    accession: str | None
    gene: str | None
    kind: Kind
    change: NucleotideChange | ProteinChange

    @property
    def written(self) -> str:
        """The change alone in the recommended form, as `c.2104C>T`."""
        return f"{self.kind}.{self.change}"

    def __str__(self) -> str:
        reference = self.accession or self.gene
        return f"{reference}:{self.written}" if reference else self.written
