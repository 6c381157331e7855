"""Unpack consequence annotation of a whole block; the same choice of entry as `annotations.choose`, for records of one allele.

Records of several alleles are handed over: there each entry must be matched to its allele.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.vcf.annotations import IMPACT_RANK, NO_IMPACT, AnnotationPlan
from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_info import InfoPart
from services.variants.vcf.plan import TablePlan
from services.variants.vcf.strings import Mask, Offsets, Pieces, decoded, encode, indices, mask_of, scatter, split


@dataclass(slots=True)
class _Unpacked:
    subfields: Pieces
    chosen: Offsets
    """Per annotated line the number of the chosen entry."""
    counts: Offsets
    entry_of: Offsets
    """Per line its place among the annotated lines, or -1."""


class AnnotationPart:
    """The columns of CSQ, ANN and BCSQ, and the list of genes."""

    def __init__(self, lines: Lines, plan: TablePlan, info: InfoPart) -> None:
        self._lines, self._plan = lines, plan
        self._decode = plan.header.version >= (4, 3)
        self._unpacked: dict[str, _Unpacked] = {}
        self._genes: list[tuple[Offsets, pa.Array]] = []
        for annotation in plan.annotations:
            if annotation.key in info.texts:
                self._unpack(annotation, *info.texts[annotation.key])

    def _unpack(self, annotation: AnnotationPlan, texts: pa.Array, rows: Offsets) -> None:
        lines = self._lines
        lines.mark(rows[lines.allele_counts[rows] > 1])
        present = np.flatnonzero(~mask_of(pc.equal(texts, ".")))
        texts, rows = texts.take(pa.array(present)), rows[present]
        if not len(rows):
            return
        entries = split(texts, b",")
        subfields = split(entries.all(), b"|")
        line_of_entry = rows[entries.rows()]
        lines.mark(line_of_entry[subfields.counts != annotation.width])
        order = self._severity(annotation, subfields)
        local = np.arange(len(order)) - np.repeat(entries.first[:-1], entries.counts)
        ranked = order * (int(local.max(initial=0)) + 1) + local
        best = np.minimum.reduceat(ranked, entries.first[:-1])
        chosen = entries.first[:-1] + best % (int(local.max(initial=0)) + 1)
        self._unpacked[annotation.key] = _Unpacked(subfields, chosen, entries.counts, scatter(len(lines), rows))
        if annotation.gene is not None:
            self._genes.append((line_of_entry, _subfield(subfields, np.arange(len(order)), annotation.gene)))

    def _severity(self, annotation: AnnotationPlan, subfields: Pieces) -> Offsets:
        """Return for each entry a number that grows as `annotations.severity_key` does."""
        count = len(subfields.first) - 1
        every = np.arange(count)

        def text(index: int | None) -> pa.Array | None:
            return None if index is None else _subfield(subfields, every, index)

        def unless(array: pa.Array | None, holds: Mask | None) -> Offsets:
            return np.ones(count, dtype=np.int64) if array is None or holds is None else (~holds).astype(np.int64)

        pick, mane, canonical, impact = text(annotation.pick), text(annotation.mane), text(annotation.canonical), text(annotation.impact)
        ranks = np.full(count, NO_IMPACT, dtype=np.int64)
        if impact is not None:
            codes, values = encode(pc.fill_null(impact, ""))
            ranks = np.array([IMPACT_RANK.get(value, NO_IMPACT) for value in values], dtype=np.int64)[codes]
        picked = unless(pick, None if pick is None else mask_of(pc.equal(pick, "1")))
        selected = unless(mane, None if mane is None else mask_of(pc.not_equal(mane, "")))
        main = unless(canonical, None if canonical is None else mask_of(pc.equal(canonical, "YES")))
        return ((picked * (NO_IMPACT + 1) + ranks) * 2 + selected) * 2 + main

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        made: dict[str, pa.Array] = {}
        for annotation in self._plan.annotations:
            unpacked = self._unpacked.get(annotation.key)
            if unpacked is None:
                made.update({column.name: pa.nulls(len(rows.line), column.type) for column in annotation.columns})
                continue
            place = unpacked.entry_of[rows.line]
            entry = np.where(place >= 0, unpacked.chosen[np.maximum(place, 0)], -1)
            for index, column in enumerate(annotation.columns[:-1]):
                texts = _subfield(unpacked.subfields, entry, index)
                texts = pc.if_else(pc.equal(texts, ""), None, texts)
                made[column.name] = decoded(texts) if self._decode else texts
            counts = pa.array(unpacked.counts.astype(np.int32))
            made[annotation.columns[-1].name] = counts.take(indices(place))
        if self._plan.genes is not None:
            made[self._plan.genes.name] = self._gene_lists().take(pa.array(rows.line))
        return made

    def _gene_lists(self) -> pa.Array:
        """Return per line the distinct genes of its entries, in the order of the entries; null where there are none."""
        count = len(self._lines)
        if not self._genes:
            return pa.nulls(count, pa.list_(pa.string()))
        lines = np.concatenate([rows for rows, _ in self._genes])
        genes = pa.concat_arrays([pc.fill_null(texts, "") for _, texts in self._genes])
        order = np.argsort(lines, kind="stable")
        codes, values = encode(genes)
        kept = order[np.array([bool(value) for value in values], dtype=bool)[codes[order]]] if values else order
        _, first_seen = np.unique(lines[kept] * max(len(values), 1) + codes[kept], return_index=True)
        kept = kept[np.sort(first_seen)]
        offsets = np.searchsorted(lines[kept], np.arange(count + 1)).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, pa.string()).take(pa.array(codes[kept])))
        return pc.if_else(pc.equal(pc.list_value_length(lists), 0), pa.scalar(None, lists.type), lists)


def _subfield(subfields: Pieces, entries: Offsets, index: int) -> pa.Array:
    """Return one subfield of entries by number; null for entry -1 and where the entry is too short."""
    here = np.maximum(entries, 0)
    wanted = subfields.first[here] + index
    wanted = np.where((entries >= 0) & (wanted < subfields.first[here + 1]), wanted, -1)
    return subfields.take(wanted)
