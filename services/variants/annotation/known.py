"""What the built-in knowledge says of a variant: the curated gene it lies in, and whether it is a well-known variant itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from services.genomics.genome import GenomeBuild
from services.knowledge.genes import genes
from services.knowledge.known_variants import known_variants
from services.variants.annotation.model import Chunk, Made
from services.variants.annotation.segments import Segments, Stretch
from services.variants.columns import Column, Origin

STAMP = "built-in knowledge"
_TEXTS = pa.list_(pa.string())


def _made(name: str, kind: pa.DataType, description: str) -> Made:
    return Made(Column(name, kind, description, Origin.ANNOTATION), STAMP)


class KnownLayer:
    """Columns from the curated genes and variants that come with the program."""

    made = (
        _made("curated_gene", _TEXTS, "Curated genes (immune disease, HLA, drug response) whose extent holds the variant"),
        _made("curated_disease", _TEXTS, "Diseases that variants of the curated gene cause, with inheritance: facts about the "
                                         "gene, not about this variant"),
        _made("known_variant", pa.string(), "The variant itself, where it is one of the curated well-known variants"),
        _made("known_variant_significance", pa.string(), "What the curated source says of the well-known variant"),
        _made("known_variant_note", pa.string(), "Condition and meaning of the well-known variant, with the source"),
    )  # fmt: skip

    def __init__(self, build: GenomeBuild) -> None:
        curated = list(genes().values())
        places = [one.places[build.value] for one in curated]
        self._segments = Segments(
            Stretch(place.chrom, place.start, place.end, number) for number, place in enumerate(places)
        )
        symbols = [[curated[number].symbol for number in chosen] for chosen in self._segments.sets]
        diseases = [
            [text for number in chosen for text in _diseases(curated[number].symbol)] for chosen in self._segments.sets
        ]
        self._symbols = pa.array([names or None for names in symbols], _TEXTS)
        self._diseases = pa.array([names or None for names in diseases], _TEXTS)
        self._variants = {
            (allele.chrom, allele.pos, allele.ref, allele.alt): variant
            for variant in known_variants() if (allele := variant.places.get(build.value)) is not None
        }  # fmt: skip

    def values(self, chunk: Chunk, known: Mapping[str, pa.Array]) -> list[pa.Array]:
        del known
        positions = chunk.keys["pos"].to_numpy()
        sets = np.zeros(chunk.rows, dtype=np.int64)
        for chrom, rows in rows_by_chrom(chunk):
            sets[rows] = self._segments.at(chrom, positions[rows])
        names: list[str | None] = [None] * chunk.rows
        meanings: list[str | None] = [None] * chunk.rows
        notes: list[str | None] = [None] * chunk.rows
        wanted = np.array(sorted({pos for _, pos, _, _ in self._variants}), dtype=np.int64)
        candidates = np.flatnonzero(np.isin(positions, wanted))
        if len(candidates):
            rows = chunk.keys.select(["chrom", "pos", "ref", "alt"]).take(pa.array(candidates)).to_pylist()
            for place, row in zip(candidates.tolist(), rows, strict=True):
                variant = self._variants.get((row["chrom"], row["pos"], row["ref"], row["alt"]))
                if variant is not None:
                    names[place] = variant.name
                    meanings[place] = variant.significance.value
                    notes[place] = f"{variant.condition}. {variant.note} {variant.source}"
        chosen = pa.array(sets)
        return [
            self._symbols.take(chosen), self._diseases.take(chosen), pa.array(names, pa.string()),
            pa.array(meanings, pa.string()), pa.array(notes, pa.string()),
        ]


def _diseases(symbol: str) -> list[str]:
    gene = genes()[symbol]
    return [
        f"{symbol}: {one.name}" + (f" ({', '.join(mode.value for mode in one.inheritance)})" if one.inheritance else "")
        for one in gene.diseases
    ]


def rows_by_chrom(chunk: Chunk) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.int64]]]]:
    """Return the chromosomes of a chunk with the places of their rows."""
    coded = chunk.keys["chrom"].combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    return [(name, np.flatnonzero(codes == code)) for code, name in enumerate(coded.dictionary.to_pylist())]
