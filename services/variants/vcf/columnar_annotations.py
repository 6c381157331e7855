"""Unpack consequence annotation of a whole block; the same choice of entry as `annotations.choose`.

Where a record has one alternate allele, all its entries are that allele's. Records of several alleles are few: their entries are
matched to the alleles one record at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.vcf.annotations import IMPACT_RANK, NO_IMPACT, AnnotationPlan, entries_of
from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_info import InfoPart
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.strings import Offsets, Pieces, cut, decoded, encode, indices, mask_of, raw, split


@dataclass(frozen=True, slots=True)
class _Entries:
    """The entries of one field over all lines; every entry has the same number of subfields."""

    data: pa.Buffer
    bounds: Offsets
    """Per entry where its subfields begin, and one past where the last would; shape (entries, subfields + 1)."""
    line: Offsets
    """Per entry its line."""

    def subfield(self, index: int, entries: Offsets | None = None) -> pa.Array:
        """Return one subfield of all entries, or of some in ascending order."""
        bounds = self.bounds if entries is None else self.bounds[entries]
        return cut(self.data, bounds[:, index], bounds[:, index + 1] - 1)


@dataclass(slots=True)
class _Chosen:
    """Which entry each target has. A *target* is one allele of an annotated line, numbered line by line."""

    entry: Offsets
    """Per target the number of its entry, -1 where none belongs to the allele."""
    count: Offsets
    first_target: Offsets
    """Per line the number of its first target, -1 where it is not annotated."""

    def target(self, rows: Rows) -> Offsets:
        first = self.first_target[rows.line]
        targets: Offsets = np.where(first >= 0, first + rows.allele, -1)
        return targets


@dataclass(slots=True)
class _Owned:
    """Entries and the line and allele they belong to; an entry may belong to several alleles."""

    line: list[Offsets]
    allele: list[Offsets]
    entry: list[Offsets]

    def add(self, line: Offsets, allele: Offsets, entry: Offsets) -> None:
        self.line.append(line)
        self.allele.append(allele)
        self.entry.append(entry)


class AnnotationPart:
    """The columns of CSQ, ANN and BCSQ, and the list of genes."""

    def __init__(self, lines: Lines, plan: TablePlan, info: InfoPart) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._unpacked: dict[str, tuple[_Entries, _Chosen]] = {}
        self._genes: list[tuple[Offsets, Offsets, pa.Array]] = []
        """Line, allele and name of genes, in the order of the fields and their entries."""
        for annotation in plan.annotations:
            if annotation.key in info.texts:
                self._unpack(annotation, *info.texts[annotation.key])

    def _unpack(self, annotation: AnnotationPlan, texts: pa.Array, rows: Offsets) -> None:
        present = np.flatnonzero(~mask_of(pc.equal(texts, ".")))
        texts, rows = texts.take(pa.array(present)), rows[present]
        texts, rows, pieces, separators = self._rectangular(annotation, texts, rows)
        if not len(rows):
            return
        every = pieces.all()
        data, offsets = raw(every)
        bounds = np.concatenate((offsets[:-1, None], separators.reshape(len(every), -1) + 1, offsets[1:, None] + 1), axis=1)
        entries = _Entries(data, bounds, rows[pieces.rows()])
        order = self._severity(annotation, entries)
        chosen, owned = self._choose(annotation, pieces, texts, rows, order)
        self._unpacked[annotation.key] = (entries, chosen)
        if annotation.gene is not None:
            names = entries.subfield(annotation.gene).take(pa.array(np.concatenate(owned.entry)))
            self._genes.append((np.concatenate(owned.line), np.concatenate(owned.allele), names))

    def _rectangular(
        self, annotation: AnnotationPlan, texts: pa.Array, rows: Offsets
    ) -> tuple[pa.Array, Offsets, Pieces, Offsets]:
        """Split into entries; hand over lines with an entry of another width. Returns the rest and where its `|` stand."""
        while True:
            pieces = split(texts, b",")
            data, offsets = raw(pieces.all())
            separators = np.flatnonzero(np.frombuffer(data, dtype=np.uint8, count=int(offsets[-1])) == ord("|"))
            counts = np.diff(np.searchsorted(separators, offsets))
            odd = np.unique(pieces.rows()[counts != annotation.width - 1])
            if not len(odd):
                return texts, rows, pieces, separators
            self._lines.mark(rows[odd])
            kept = np.setdiff1d(np.arange(len(rows)), odd)
            texts, rows = texts.take(pa.array(kept)), rows[kept]

    def _choose(
        self, annotation: AnnotationPlan, pieces: Pieces, texts: pa.Array, rows: Offsets, order: Offsets
    ) -> tuple[_Chosen, _Owned]:
        """Choose one entry for each allele of each line."""
        lines = self._lines
        counts = pieces.counts
        local = np.arange(len(order)) - np.repeat(pieces.first[:-1], counts)
        width = int(local.max(initial=0)) + 1
        best = pieces.first[:-1] + np.minimum.reduceat(order * width + local, pieces.first[:-1]) % width
        alleles = lines.allele_counts[rows]
        starts = np.full(len(lines), -1, dtype=np.int64)
        starts[rows] = np.cumsum(alleles) - alleles
        chosen = _Chosen(np.repeat(best, alleles), np.repeat(counts, alleles), starts)
        line, every = rows[pieces.rows()], np.arange(len(order))
        if annotation.allele is None and annotation.allele_number is None:
            each = alleles[pieces.rows()]  # entries that name no allele belong to all of them
            of_each = np.arange(int(each.sum())) - np.repeat(np.cumsum(each) - each, each)
            return chosen, _Owned([np.repeat(line, each)], [of_each], [np.repeat(every, each)])
        alone = (alleles == 1)[pieces.rows()]
        owned = _Owned([line[alone]], [np.zeros(int(alone.sum()), np.int64)], [every[alone]])
        several = np.flatnonzero((alleles > 1) & ~lines.bad[rows])
        written = self._written_alleles(rows[several])
        for at, text, (ref, alts) in zip(several, texts.take(pa.array(several)).to_pylist(), written, strict=True):
            fields = [entry.split("|") for entry in text.split(",")]
            for allele in range(len(alts)):
                own = np.array(entries_of(annotation, fields, ref, alts, allele + 1), dtype=np.int64) + int(pieces.first[at])
                target = int(starts[rows[at]]) + allele
                chosen.count[target] = len(own)
                chosen.entry[target] = own[np.argmin(order[own])] if len(own) else -1
                owned.add(np.full(len(own), rows[at]), np.full(len(own), allele), own)
        return chosen, owned

    def _written_alleles(self, lines: Offsets) -> list[tuple[str, list[str]]]:
        """Return REF and the ALT alleles of some lines."""
        own = self._lines
        refs = cut(own.data, own.starts[lines, 3], own.ends[lines, 3]).to_pylist()
        alts = cut(own.data, own.starts[lines, 4], own.ends[lines, 4]).to_pylist()
        return [(ref, alt.split(",")) for ref, alt in zip(refs, alts, strict=True)]

    def _severity(self, annotation: AnnotationPlan, entries: _Entries) -> Offsets:
        """Return for each entry a number that grows as `annotations.severity_key` does."""
        count = len(entries.line)

        def test(index: int | None, holds: Callable[[pa.Array], pa.Array]) -> Offsets:
            """Return 0 where an entry passes, 1 where it does not or the field has no such subfield."""
            if index is None:
                return np.ones(count, dtype=np.int64)
            return (~mask_of(holds(entries.subfield(index)))).astype(np.int64)

        ranks = np.full(count, NO_IMPACT, dtype=np.int64)
        if annotation.impact is not None:
            codes, values = encode(entries.subfield(annotation.impact))
            ranks = np.array([IMPACT_RANK.get(value, NO_IMPACT) for value in values], dtype=np.int64)[codes]
        picked = test(annotation.pick, lambda texts: pc.equal(texts, "1"))
        selected = test(annotation.mane, lambda texts: pc.not_equal(texts, ""))
        main = test(annotation.canonical, lambda texts: pc.equal(texts, "YES"))
        return ((picked * (NO_IMPACT + 1) + ranks) * 2 + selected) * 2 + main

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        made: dict[str, pa.Array] = {}
        for annotation in self._plan.annotations:
            if annotation.key not in self._unpacked:
                made.update({column.name: pa.nulls(len(rows.line), column.type) for column in annotation.columns})
                continue
            entries, chosen = self._unpacked[annotation.key]
            target = chosen.target(rows)
            entry = np.where(target >= 0, chosen.entry[np.maximum(target, 0)], -1)
            used, place = np.unique(entry, return_inverse=True)
            unused = int((used < 0).sum())
            where = indices(place.astype(np.int64) - unused)
            for index, column in enumerate(annotation.columns[:-1]):
                texts = entries.subfield(index, used[unused:])
                texts = pc.if_else(pc.equal(texts, ""), None, texts)
                made[column.name] = (decoded(texts) if self._decode else texts).take(where)
            made[annotation.columns[-1].name] = pa.array(chosen.count.astype(np.int32)).take(indices(target))
        if self._plan.genes is not None:
            made[self._plan.genes.name] = self._gene_lists(rows)
        return made

    def _gene_lists(self, rows: Rows) -> pa.Array:
        """Return per row the distinct genes of its entries, in the order of the entries; null where there are none."""
        kind = pa.list_(pa.string())
        if not self._genes:
            return pa.nulls(len(rows.line), kind)
        width = int(self._lines.allele_counts.max(initial=1))
        cells = np.concatenate([lines * width + alleles for lines, alleles, _ in self._genes])
        codes, values = encode(pa.concat_arrays([names for _, _, names in self._genes]))
        order = np.argsort(cells, kind="stable")
        named = np.array([bool(value) for value in values], dtype=bool)
        kept = order[named[codes[order]]]
        _, first_seen = np.unique(cells[kept] * len(values) + codes[kept], return_index=True)
        kept = kept[np.sort(first_seen)]
        wanted = rows.line * width + rows.allele
        begin, stop = np.searchsorted(cells[kept], wanted), np.searchsorted(cells[kept], wanted, side="right")
        offsets = np.concatenate(([0], np.cumsum(stop - begin))).astype(np.int32)
        inside = np.repeat(begin - offsets[:-1], stop - begin) + np.arange(int(offsets[-1]))
        names = pa.array(values, pa.string()).take(pa.array(codes[kept][inside]))
        return pa.ListArray.from_arrays(pa.array(offsets), names, mask=pa.array(stop == begin))
