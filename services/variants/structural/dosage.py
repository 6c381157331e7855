"""Curated dosage sensitivity of genes and regions: ClinGen's from its pack, else that of the built-in genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from services.genomics.cnv.record import Dosage
from services.knowledge.genes import genes
from services.variants.reference.model import Pack
from services.variants.structural.genes import Stretches

_SHOWN = {
    Dosage.ESTABLISHED: "3, sufficient evidence", Dosage.EMERGING: "2, some evidence", Dosage.LITTLE: "1, little evidence",
    Dosage.RECESSIVE: "30, recessive", Dosage.UNLIKELY: "40, dosage sensitivity unlikely",
}  # fmt: skip
"""Scores worth showing; that there is no evidence, or no curation, is no statement."""


@dataclass(frozen=True, slots=True)
class Curated:
    """The two scores of a gene or region. A region has a place, 1-based; a gene is known by its symbol."""

    name: str
    haploinsufficiency: Dosage
    triplosensitivity: Dosage
    chrom: str = ""
    start: int = 0
    end: int = 0

    @property
    def text(self) -> str | None:
        """What to show, or None where curation says nothing."""
        said = [
            f"{word} {_SHOWN[score]}"
            for word, score in (("haploinsufficiency", self.haploinsufficiency), ("triplosensitivity", self.triplosensitivity))
            if score in _SHOWN
        ]
        return f"{self.name}: {'; '.join(said)}" if said else None

    def beside(self, start: int, end: int) -> str:
        """Say how a stretch lies to the region, and what curation says of it, no evidence included."""
        if start <= self.start and self.end <= end:
            relation = "contains"
        elif self.start <= start and end <= self.end:
            relation = "lies within"
        else:
            shared = (min(end, self.end) - max(start, self.start) + 1) / (self.end - self.start + 1)
            relation = f"overlaps {shared:.0%} of"
        text = self.text or f"{self.name}: no evidence of dosage sensitivity, or not curated"
        return f"{relation} {text}"


@dataclass(frozen=True, slots=True)
class DosageMap:
    """Genes by symbol, and regions with the stretches to join."""

    genes: Mapping[str, Curated]
    regions: Sequence[Curated]

    @property
    def stretches(self) -> Stretches:
        return Stretches(
            range(len(self.regions)), [one.chrom for one in self.regions], [one.start for one in self.regions],
            [one.end for one in self.regions],
        )


def dosage_of(pack: Pack | None, connection: duckdb.DuckDBPyConnection) -> DosageMap:
    """Read the pack, or take the built-in genes. :raise InvalidInputError: a score that ClinGen does not use."""
    if pack is None:
        curated = {
            one.symbol: Curated(one.symbol, _score(one.haploinsufficiency), _score(one.triplosensitivity))
            for one in genes().values()
        }
        return DosageMap(curated, ())
    sql = """
        SELECT kind, name, chrom, start, "end", haploinsufficiency, triplosensitivity FROM read_parquet(?)
        ORDER BY chrom, start, name
    """
    found: dict[str, Curated] = {}
    regions: list[Curated] = []
    for kind, name, chrom, start, end, loss, gain in connection.execute(sql, [str(pack.path)]).fetchall():
        one = Curated(name, _score(loss), _score(gain), chrom or "", start or 0, end or 0)
        if kind == "gene":
            found[name] = one
        elif one.chrom and one.end >= one.start > 0:
            regions.append(one)
    return DosageMap(found, tuple(regions))


def _score(value: int | None) -> Dosage:
    return Dosage.NOT_CURATED if value is None else Dosage.of_score(str(value))
