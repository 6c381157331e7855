"""Unpack consequence annotation of a whole block; the same choice of entry as `annotations.choose`.

Where a record has one alternate allele, all its entries are that allele's. Records of several alleles are few: their entries are
matched to the alleles one record at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from services.variants.vcf.annotations import IMPACT_RANK, NO_IMPACT, AnnotationPlan, belongs
from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_info import InfoPart
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.strings import Mask, Offsets, Pieces, Spans, chosen_runs, decoded, indices, runs


@dataclass(frozen=True, slots=True)
class _Entries:
    """Entries of one field; every entry has the same number of subfields."""

    spans: Spans
    bars: Offsets
    """Where the `|` between subfields stand; shape (entries, subfields - 1)."""

    def subfield(self, index: int) -> Spans:
        """Return one subfield of all entries."""
        starts = self.bars[:, index - 1] + 1 if index else self.spans.starts
        ends = self.bars[:, index] if index < self.bars.shape[1] else self.spans.ends
        return Spans(self.spans.text, starts, ends)

    def at(self, entries: Offsets) -> _Entries:
        bars = self.bars[entries]
        # laid out by subfield, as they are read
        return _Entries(self.spans.at(entries), np.asfortranarray(bars))


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

    line: Offsets
    allele: Offsets
    entry: Offsets


class AnnotationPart:
    """The columns of CSQ, ANN and BCSQ, and the list of genes."""

    def __init__(self, lines: Lines, plan: TablePlan, info: InfoPart) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._unpacked: dict[str, tuple[_Entries, _Chosen]] = {}
        self._genes: list[tuple[Offsets, Offsets, Spans]] = []
        """Line, allele and name of genes, in the order of the fields and their entries."""
        for annotation in plan.annotations:
            if annotation.key in info.texts:
                self._unpack(annotation, *info.texts[annotation.key])

    def _unpack(self, annotation: AnnotationPlan, texts: Spans, rows: Offsets) -> None:
        present = ~texts.equal(b".")
        if not present.all():
            texts, rows = texts.at(present), rows[present]
        texts, rows, pieces, bars = self._rectangular(annotation, texts, rows)
        if not len(rows):
            return
        entries = _Entries(pieces.spans, bars)
        chosen, owned = self._choose(annotation, pieces, entries, rows, _severity(annotation, entries))
        self._unpacked[annotation.key] = (entries, chosen)
        if annotation.gene is not None:
            names = entries.subfield(annotation.gene).at(owned.entry)
            self._genes.append((owned.line, owned.allele, names))

    def _rectangular(self, annotation: AnnotationPlan, texts: Spans, rows: Offsets) -> tuple[Spans, Offsets, Pieces, Offsets]:
        """Split into entries; hand over lines with an entry of another width. Returns the rest and where its `|` stand."""
        found = texts.text.found(b"|")
        while True:
            pieces = texts.split(b",")
            first = np.searchsorted(found, pieces.spans.starts)
            counts = np.searchsorted(found, pieces.spans.ends) - first
            odd = counts != annotation.width - 1
            if not odd.any():
                bars = chosen_runs(found, first, counts)
                return texts, rows, pieces, bars.reshape(len(pieces.spans), annotation.width - 1)
            kept = np.ones(len(rows), dtype=bool)
            kept[pieces.rows()[odd]] = False
            self._lines.mark(rows[~kept])
            texts, rows = texts.at(kept), rows[kept]

    def _choose(
        self, annotation: AnnotationPlan, pieces: Pieces, entries: _Entries, rows: Offsets, order: Offsets
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
            return chosen, _Owned(np.repeat(line, each), of_each, np.repeat(every, each))
        several = np.flatnonzero((alleles > 1) & ~lines.bad[rows])
        matched = self._match(annotation, entries, chosen, pieces, rows, several, order)
        alone = (alleles == 1)[pieces.rows()]
        return chosen, _Owned(
            np.concatenate((line[alone], matched.line)),
            np.concatenate((np.zeros(int(alone.sum()), np.int64), matched.allele)),
            np.concatenate((every[alone], matched.entry)),
        )

    def _match(
        self,
        annotation: AnnotationPlan,
        entries: _Entries,
        chosen: _Chosen,
        pieces: Pieces,
        rows: Offsets,
        several: Offsets,
        order: Offsets,
    ) -> _Owned:
        """Match the entries of lines with several alleles to them; complete `chosen` for these lines."""
        counts = pieces.counts[several]
        numbers = runs(pieces.first[several], counts)
        stated = _texts_or_none(entries, annotation.allele, numbers)
        allele_numbers = _texts_or_none(entries, annotation.allele_number, numbers)
        ranks, ids, lines = order[numbers].tolist(), numbers.tolist(), rows[several].tolist()
        found: list[tuple[int, int, int]] = []
        start = 0
        for line, count, (ref, alts) in zip(lines, counts.tolist(), self._written_alleles(rows[several]), strict=True):
            places = range(start, start + count)
            target = int(chosen.first_target[line])
            start += count
            for allele in range(len(alts)):
                own = [at for at in places if belongs(annotation, stated[at], allele_numbers[at], ref, alts, allele + 1)]
                chosen.count[target + allele] = len(own)
                chosen.entry[target + allele] = ids[min(own, key=ranks.__getitem__)] if own else -1
                found += [(line, allele, ids[at]) for at in own]
        return _Owned(*np.array(found, dtype=np.int64).reshape(-1, 3).T)

    def _written_alleles(self, lines: Offsets) -> list[tuple[str, tuple[str, ...]]]:
        """Return REF and the ALT alleles of some lines."""
        own = self._lines
        refs, alts = (own.column(index).at(lines).array().to_pylist() for index in (3, 4))
        return [(ref, tuple(alt.split(","))) for ref, alt in zip(refs, alts, strict=True)]

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        made: dict[str, pa.Array] = {}
        for annotation in self._plan.annotations:
            if annotation.key not in self._unpacked:
                made.update({column.name: pa.nulls(len(rows.line), column.type) for column in annotation.columns})
                continue
            entries, chosen = self._unpacked[annotation.key]
            target = chosen.target(rows)
            entry = np.where(target >= 0, chosen.entry[np.maximum(target, 0)], -1)
            own = entries.at(np.maximum(entry, 0))
            absent = entry < 0 if entry.min(initial=0) < 0 else None
            for index, column in enumerate(annotation.columns[:-1]):
                made[column.name] = self._texts(own.subfield(index), absent)
            made[annotation.columns[-1].name] = pa.array(chosen.count.astype(np.int32)).take(indices(target))
        if self._plan.genes is not None:
            made[self._plan.genes.name] = self._gene_lists(rows)
        return made

    def _texts(self, spans: Spans, absent: Mask | None) -> pa.Array:
        """Return subfields as text; null where they are empty or the row has no entry."""
        starts = spans.starts
        ends = np.where(absent, starts, spans.ends) if absent is not None else spans.ends
        texts = Spans(spans.text, starts, ends).array(starts == ends)
        return decoded(texts) if self._decode and spans.text.has(b"%") else texts

    def _gene_lists(self, rows: Rows) -> pa.Array:
        """Return per row the distinct genes of its entries, in the order of the entries; null where there are none."""
        kind = pa.list_(pa.string())
        if not self._genes:
            return pa.nulls(len(rows.line), kind)
        width = int(self._lines.allele_counts.max(initial=1))
        cells = np.concatenate([lines * width + alleles for lines, alleles, _ in self._genes])
        starts = np.concatenate([names.starts for _, _, names in self._genes])
        ends = np.concatenate([names.ends for _, _, names in self._genes])
        codes, values = Spans(self._lines.text, starts, ends).encode()
        order = np.argsort(cells, kind="stable")
        order = order[(starts < ends)[order]]
        keys = cells[order] * len(values) + codes[order]
        order, keys = order[_differs(keys)], keys[_differs(keys)]
        if (cells[order][2:] == cells[order][:-2]).any():  # a gene may come again after another one
            _, first_seen = np.unique(keys, return_index=True)
            order = order[np.sort(first_seen)]
        kept = order
        wanted = rows.line * width + rows.allele
        begin, stop = np.searchsorted(cells[kept], wanted), np.searchsorted(cells[kept], wanted, side="right")
        offsets = np.concatenate(([0], np.cumsum(stop - begin))).astype(np.int32)
        inside = np.repeat(begin - offsets[:-1], stop - begin) + np.arange(int(offsets[-1]))
        names = pa.array(values, pa.string()).take(pa.array(codes[kept[inside]]))
        return pa.ListArray.from_arrays(pa.array(offsets), names, mask=pa.array(stop == begin))


def _texts_or_none(entries: _Entries, index: int | None, numbers: Offsets) -> list[str | None]:
    """Return one subfield of some entries; None where it is empty or the field has no such subfield."""
    if index is None:
        return [None] * len(numbers)
    return [text or None for text in entries.subfield(index).at(numbers).array().to_pylist()]


def _severity(annotation: AnnotationPlan, entries: _Entries) -> Offsets:
    """Return for each entry a number that grows as `annotations.severity_key` does."""
    count = len(entries.spans)
    nothing = np.zeros(count, dtype=bool)
    ranks = np.full(count, NO_IMPACT, dtype=np.int64)
    if annotation.impact is not None:
        codes, values = entries.subfield(annotation.impact).encode()
        ranks = np.array([IMPACT_RANK.get(value, NO_IMPACT) for value in values], dtype=np.int64)[codes]
    picked = entries.subfield(annotation.pick).equal(b"1") if annotation.pick is not None else nothing
    selected = entries.subfield(annotation.mane).lengths > 0 if annotation.mane is not None else nothing
    main = entries.subfield(annotation.canonical).equal(b"YES") if annotation.canonical is not None else nothing
    order: Offsets = ((~picked * (NO_IMPACT + 1) + ranks) * 2 + ~selected) * 2 + ~main
    return order


def _differs(numbers: Offsets) -> Mask:
    """Tell which numbers differ from the one before."""
    return np.concatenate((np.ones(min(len(numbers), 1), dtype=bool), numbers[1:] != numbers[:-1]))
