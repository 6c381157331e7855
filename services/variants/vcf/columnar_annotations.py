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
from services.variants.vcf.strings import Offsets, Pieces, cut, decoded, encode, indices, mask_of, split


@dataclass(slots=True)
class _Unpacked:
    """Entries of one field. A *target* is one allele of an annotated line, numbered line by line."""

    subfields: Pieces
    chosen: Offsets
    """Per target the number of its entry, -1 where none belongs to the allele."""
    counts: Offsets
    first_target: Offsets
    """Per line the number of its first target, -1 where it is not annotated."""

    def target(self, rows: Rows) -> Offsets:
        first = self.first_target[rows.line]
        targets: Offsets = np.where(first >= 0, first + rows.allele, -1)
        return targets


class AnnotationPart:
    """The columns of CSQ, ANN and BCSQ, and the list of genes."""

    def __init__(self, lines: Lines, plan: TablePlan, info: InfoPart) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._unpacked: dict[str, _Unpacked] = {}
        self._genes: list[tuple[Offsets, Offsets, pa.Array]] = []
        """Line, allele and name of genes, in the order of the fields and their entries."""
        for annotation in plan.annotations:
            if annotation.key in info.texts:
                self._unpack(annotation, *info.texts[annotation.key])

    def _unpack(self, annotation: AnnotationPlan, texts: pa.Array, rows: Offsets) -> None:
        lines = self._lines
        present = np.flatnonzero(~mask_of(pc.equal(texts, ".")))
        texts, rows = texts.take(pa.array(present)), rows[present]
        if not len(rows):
            return
        entries = split(texts, b",")
        subfields = split(entries.all(), b"|")
        lines.mark(rows[entries.rows()[subfields.counts != annotation.width]])
        order = self._severity(annotation, subfields)
        local = np.arange(len(order)) - np.repeat(entries.first[:-1], entries.counts)
        width = int(local.max(initial=0)) + 1
        best = entries.first[:-1] + np.minimum.reduceat(order * width + local, entries.first[:-1]) % width
        alleles = lines.allele_counts[rows]
        first_target = np.cumsum(alleles) - alleles
        chosen, counts = np.repeat(best, alleles), np.repeat(entries.counts, alleles)
        gene_lines, gene_alleles, gene_entries = [rows[entries.rows()]], [np.zeros(len(order), np.int64)], [np.arange(len(order))]
        if annotation.allele is not None or annotation.allele_number is not None:
            several = np.flatnonzero((alleles > 1) & ~lines.bad[rows])
            alone = (alleles == 1)[entries.rows()]
            gene_lines, gene_alleles, gene_entries = [gene_lines[0][alone]], [gene_alleles[0][alone]], [gene_entries[0][alone]]
            for at, text, own in zip(several, texts.take(pa.array(several)).to_pylist(), self._written_alleles(rows[several]), strict=True):
                begin = int(entries.first[at])
                for allele, places in enumerate(_matched(annotation, text, *own)):
                    target = int(first_target[at]) + allele
                    numbers = np.array(places, dtype=np.int64) + begin
                    counts[target] = len(numbers)
                    chosen[target] = numbers[np.argmin(order[numbers])] if len(numbers) else -1
                    gene_lines.append(np.full(len(numbers), rows[at]))
                    gene_alleles.append(np.full(len(numbers), allele))
                    gene_entries.append(numbers)
        elif (alleles > 1).any():
            # entries that name no allele belong to all alleles
            each = alleles[entries.rows()]
            gene_entries = [np.repeat(np.arange(len(order)), each)]
            gene_lines = [np.repeat(rows[entries.rows()], each)]
            gene_alleles = [np.arange(int(each.sum())) - np.repeat(np.cumsum(each) - each, each)]
        starts = np.full(len(lines), -1, dtype=np.int64)
        starts[rows] = first_target
        self._unpacked[annotation.key] = _Unpacked(subfields, chosen, counts, starts)
        if annotation.gene is not None:
            names = _subfield(subfields, np.concatenate(gene_entries), annotation.gene)
            self._genes.append((np.concatenate(gene_lines), np.concatenate(gene_alleles), names))

    def _written_alleles(self, lines: Offsets) -> list[tuple[str, list[str]]]:
        """Return REF and the ALT alleles of some lines."""
        own = self._lines
        refs = cut(own.data, own.starts[lines, 3], own.ends[lines, 3]).to_pylist()
        alts = cut(own.data, own.starts[lines, 4], own.ends[lines, 4]).to_pylist()
        return [(ref, alt.split(",")) for ref, alt in zip(refs, alts, strict=True)]

    def _severity(self, annotation: AnnotationPlan, subfields: Pieces) -> Offsets:
        """Return for each entry a number that grows as `annotations.severity_key` does."""
        count = len(subfields.first) - 1
        every = np.arange(count)

        def test(index: int | None, holds: Callable[[pa.Array], pa.Array]) -> Offsets:
            """Return 0 where an entry passes, 1 where it does not or the field has no such subfield."""
            if index is None:
                return np.ones(count, dtype=np.int64)
            return (~mask_of(holds(_subfield(subfields, every, index)))).astype(np.int64)

        ranks = np.full(count, NO_IMPACT, dtype=np.int64)
        if annotation.impact is not None:
            codes, values = encode(pc.fill_null(_subfield(subfields, every, annotation.impact), ""))
            ranks = np.array([IMPACT_RANK.get(value, NO_IMPACT) for value in values], dtype=np.int64)[codes]
        picked = test(annotation.pick, lambda texts: pc.equal(texts, "1"))
        selected = test(annotation.mane, lambda texts: pc.not_equal(texts, ""))
        main = test(annotation.canonical, lambda texts: pc.equal(texts, "YES"))
        return ((picked * (NO_IMPACT + 1) + ranks) * 2 + selected) * 2 + main

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        made: dict[str, pa.Array] = {}
        for annotation in self._plan.annotations:
            unpacked = self._unpacked.get(annotation.key)
            if unpacked is None:
                made.update({column.name: pa.nulls(len(rows.line), column.type) for column in annotation.columns})
                continue
            target = unpacked.target(rows)
            entry = np.where(target >= 0, unpacked.chosen[np.maximum(target, 0)], -1)
            for index, column in enumerate(annotation.columns[:-1]):
                texts = _subfield(unpacked.subfields, entry, index)
                texts = pc.if_else(pc.equal(texts, ""), None, texts)
                made[column.name] = decoded(texts) if self._decode else texts
            made[annotation.columns[-1].name] = pa.array(unpacked.counts.astype(np.int32)).take(indices(target))
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
        codes, values = encode(pa.concat_arrays([pc.fill_null(names, "") for _, _, names in self._genes]))
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


def _matched(annotation: AnnotationPlan, text: str, ref: str, alts: list[str]) -> list[list[int]]:
    """Return for each alternate allele the places of its entries."""
    entries = [entry.split("|") for entry in text.split(",")]
    return [entries_of(annotation, entries, ref, alts, allele) for allele in range(1, len(alts) + 1)]


def _subfield(subfields: Pieces, entries: Offsets, index: int) -> pa.Array:
    """Return one subfield of entries by number; null for entry -1 and where the entry is too short."""
    here = np.maximum(entries, 0)
    wanted = subfields.first[here] + index
    wanted = np.where((entries >= 0) & (wanted < subfields.first[here + 1]), wanted, -1)
    return subfields.take(wanted)
