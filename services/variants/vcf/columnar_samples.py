"""The genotype columns of a whole block. Lines with the same FORMAT are read together, all samples of them at once.

A *cell* is one sample of one line; cells are numbered line by line.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_values import (
    FieldValues,
    Reading,
    field_columns,
    joined,
    out_of_range,
    read_values,
    wanted_counts,
    wrong_counts,
)
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.field_rules import check_format
from services.variants.vcf.genotype import Genotype, parse_genotype, zygosity
from services.variants.vcf.plan import FieldPlan, TablePlan
from services.variants.vcf.strings import Mask, Offsets, Spans, indices, scatter
from services.variants.vcf.values import NOT_NEGATIVE_FORMAT

_FIRST_SAMPLE = 9
_HANDED_OVER = {"PSL", "CICN", "CN"}
"""Keys with rules across fields from VCFv4.4 on."""
_NO_CALL = -1


class SamplesPart:
    """GT, zygosity and every declared FORMAT field of the imported samples."""

    def __init__(self, lines: Lines, plan: TablePlan) -> None:
        self._lines, self._plan = lines, plan
        self._samples = len(plan.header.samples)
        self._decode = plan.header.version >= (4, 3)
        cells = len(lines) * self._samples
        self._ploidy = np.full(cells, 2, dtype=np.int64)
        self._codes = np.full(cells, _NO_CALL, dtype=np.int64)
        self._genotypes: list[Genotype] = []
        self._words: dict[int, pa.Array] = {}
        """Per number of alleles, the zygosity of each genotype and allele."""
        self._parts: dict[str, list[tuple[Reading, Offsets]]] = {}
        self._read_groups()
        self._fields = {key: self._merge(parts) for key, parts in self._parts.items()}

    def _read_groups(self) -> None:
        lines = self._lines
        every = Spans(lines.text, lines.starts[:, _FIRST_SAMPLE:].ravel(), lines.ends[:, _FIRST_SAMPLE:].ravel()).compact()
        codes, formats = lines.column(8).encode()
        since_44 = self._plan.header.version >= (4, 4)
        for code, text in enumerate(formats):
            keys = text.split(":")
            group = np.flatnonzero(codes == code)
            if check_format(text, self._plan.header) or text == "." or (since_44 and _HANDED_OVER & set(keys)):
                lines.mark(group)
            else:
                self._read_group(keys, group, every)

    def _read_group(self, keys: list[str], group: Offsets, every: Spans) -> None:
        lines = self._lines
        cells = (group[:, None] * self._samples + np.arange(self._samples)).ravel()
        pieces = every.at(cells).split(b":")
        counts = pieces.counts
        lines.mark(self._line(cells[counts > len(keys)]))
        for place, key in enumerate(keys):
            present = np.flatnonzero(counts > place)
            if not len(present):
                continue
            texts = pieces.spans.at(pieces.first[present] + place)
            own = cells[present]
            lines.mark(self._line(own[texts.starts == texts.ends]))
            if key == "GT":
                self._read_genotypes(texts, own)
            self._read_field(key, self._definition(key), texts, own)

    def _definition(self, key: str) -> FieldDefinition:
        plans = self._plan.format.get(key)
        return plans[0].definition if plans else self._plan.header.format[key]

    def _line(self, cells: Offsets) -> Offsets:
        return cells // max(self._samples, 1)

    def _read_genotypes(self, texts: Spans, cells: Offsets) -> None:
        """Read each distinct genotype once."""
        lines = self._lines
        codes, values = texts.encode()
        genotypes = [parse_genotype(value) for value in values]
        leading_allowed = self._plan.header.version >= (4, 4)
        usable = [
            genotype is not None and (leading_allowed or not genotype.leading_phase) and genotype.ploidy <= 2
            for genotype in genotypes
        ]
        highest = np.array([genotype.highest if genotype else 0 for genotype in genotypes], dtype=np.int64)
        line = self._line(cells)
        lines.mark(line[~np.array(usable, dtype=bool)[codes]])
        lines.mark(line[highest[codes] > lines.allele_counts[line]])
        lines.mark(line[(highest[codes] > 0) & self._states_none(line)])
        ploidy = np.array([genotype.ploidy if genotype else 2 for genotype in genotypes], dtype=np.int64)
        self._ploidy[cells] = ploidy[codes]
        self._codes[cells] = codes + len(self._genotypes)
        self._genotypes += [genotype or Genotype((None,), False, False, "/") for genotype in genotypes]

    def _states_none(self, line: Offsets) -> Mask:
        lines = self._lines
        return lines.column(4).equal(b".")[line]

    def _read_field(self, key: str, definition: FieldDefinition, texts: Spans, cells: Offsets) -> None:
        lines = self._lines
        line = self._line(cells)
        if key != "GT" and definition.number == "1" and definition.type in (FieldType.STRING, FieldType.CHARACTER):
            lines.mark(line[texts.hold(b",")])
        reading = read_values(texts, definition, decode=self._decode)
        if reading.doubtful is not None:
            lines.mark(line[reading.doubtful])
        wrong = out_of_range(key, reading, NOT_NEGATIVE_FORMAT)
        if wrong is not None:
            lines.mark(line[wrong])
        lines.mark(line[wrong_counts(reading, self._wanted_counts(definition, reading, cells))])
        self._parts.setdefault(key, []).append((reading, cells))

    def _wanted_counts(self, definition: FieldDefinition, reading: Reading, cells: Offsets) -> Offsets | None:
        alleles = self._lines.allele_counts[self._line(cells)]
        if definition.number == "G":
            return _genotype_counts(alleles + 1, self._ploidy[cells])
        if definition.number == "P":
            return np.where(self._codes[cells] == _NO_CALL, np.diff(reading.first), self._ploidy[cells])
        return wanted_counts(definition, alleles)

    def _merge(self, parts: list[tuple[Reading, Offsets]]) -> FieldValues:
        """Join what groups of lines gave for one key."""
        total = len(self._lines) * self._samples
        readings = [reading for reading, _ in parts]
        if len(parts) == 1:
            return FieldValues(readings[0], scatter(total, parts[0][1]))
        bases = np.cumsum([0, *(int(reading.first[-1]) for reading in readings)])
        firsts = [reading.first[:-1] + base for reading, base in zip(readings, bases, strict=False)]
        whole = Reading(joined([reading.values for reading in readings]), np.concatenate([*firsts, bases[-1:]]))
        return FieldValues(whole, scatter(total, np.concatenate([cells for _, cells in parts])))

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        plan = self._plan
        count = len(rows.line)
        # all samples at once, sample by sample: each sample's column is then a slice
        cells = (rows.line[None, :] * self._samples + np.array(plan.samples, dtype=np.int64)[:, None]).ravel()
        allele = np.tile(rows.allele, len(plan.samples))
        made: dict[str, pa.Array] = {}
        words = self._zygosity(cells, allele)
        for place, column in enumerate(plan.zygosity):
            made[column.name] = words.slice(place * count, count)
        for key, plans in plan.format.items():
            for part, values in enumerate(self._columns(key, plans[0], cells, allele)):
                for place, field_plan in enumerate(plans):
                    made[field_plan.columns[part].name] = values.slice(place * count, count)
        nothing = pa.nulls(count, pa.string())
        made.update({column.name: nothing for column in plan.format_unplaced})
        return made

    def _columns(self, key: str, plan: FieldPlan, cells: Offsets, allele: Offsets) -> list[pa.Array]:
        values = self._fields.get(key)
        if values is None:
            return [pa.nulls(len(cells), column.type) for column in plan.columns]
        if plan.definition.number == "G":
            return [self._genotype_lists(values, cells, allele)]
        return list(field_columns(plan, values, cells, allele).values())

    def _genotype_lists(self, values: FieldValues, cells: Offsets, allele: Offsets) -> pa.Array:
        """Return the values of the genotypes made of the reference and one allele: 3 for two copies, 2 for one."""
        begin, _, present = values.runs(cells)
        number = allele + 1
        diploid = self._ploidy[cells] == 2
        middle = np.where(diploid, number * (number + 1) // 2, number)
        places = np.stack([begin, begin + middle, begin + middle + number], axis=1)
        used = np.stack([present, present, present & diploid], axis=1)
        offsets = np.concatenate(([0], np.cumsum(used.sum(axis=1)))).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), values.reading.values.take(places[used]), mask=pa.array(~present))

    def _zygosity(self, cells: Offsets, allele: Offsets) -> pa.Array:
        codes = self._codes[cells]
        width = int(allele.max(initial=0)) + 1
        if width not in self._words:
            self._words[width] = pa.array(
                [zygosity(genotype, number + 1) for genotype in self._genotypes for number in range(width)], pa.string()
            )
        return self._words[width].take(indices(np.where(codes == _NO_CALL, -1, codes * width + allele)))


def _genotype_counts(alleles: Offsets, ploidy: Offsets) -> Offsets:
    diploid = alleles * (alleles + 1) // 2
    counts: Offsets = np.where(ploidy == 2, diploid, alleles)
    return counts
