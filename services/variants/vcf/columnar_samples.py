"""The genotype columns of a whole block. Lines with the same FORMAT are read together, all samples of them at once.

A *cell* is one sample of one line; cells are numbered line by line.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.variants.vcf.columnar import Lines, Rows
from services.variants.vcf.columnar_info import FieldValues, field_columns, out_of_range, read_values, wanted_counts
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.genotype import Genotype, parse_genotype, zygosity
from services.variants.vcf.plan import FieldPlan, TablePlan
from services.variants.vcf.record import check_format
from services.variants.vcf.strings import Mask, Offsets, contains_byte, cut, encode, indices, mask_of, scatter, split
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
        self._parts: dict[str, list[tuple[pa.Array, Offsets, Offsets]]] = {}
        self._read_groups()
        self._fields = {key: self._merge(parts) for key, parts in self._parts.items()}

    def _read_groups(self) -> None:
        lines = self._lines
        codes, formats = encode(lines.column(8))
        since_44 = self._plan.header.version >= (4, 4)
        for code, text in enumerate(formats):
            keys = text.split(":")
            group = np.flatnonzero(codes == code)
            if check_format(text, self._plan.header) or text == "." or (since_44 and _HANDED_OVER & set(keys)):
                lines.mark(group)
            else:
                self._read_group(keys, group)

    def _read_group(self, keys: list[str], group: Offsets) -> None:
        lines = self._lines
        starts = lines.starts[group, _FIRST_SAMPLE:].ravel()
        ends = lines.ends[group, _FIRST_SAMPLE:].ravel()
        pieces = split(cut(lines.data, starts, ends), b":")
        counts = pieces.counts
        cells = (group[:, None] * self._samples + np.arange(self._samples)).ravel()
        lines.mark(self._line(cells[counts > len(keys)]))
        for place, key in enumerate(keys):
            present = np.flatnonzero(counts > place)
            if not len(present):
                continue
            numbers = pieces.first[present] + place
            texts = pieces.take(numbers)
            own = cells[present]
            lines.mark(self._line(own[pieces.starts[numbers] == pieces.ends[numbers]]))
            if key == "GT":
                self._read_genotypes(texts, own)
            self._read_field(key, self._definition(key), texts, own)

    def _definition(self, key: str) -> FieldDefinition:
        plans = self._plan.format.get(key)
        return plans[0].definition if plans else self._plan.header.format[key]

    def _line(self, cells: Offsets) -> Offsets:
        return cells // max(self._samples, 1)

    def _read_genotypes(self, texts: pa.Array, cells: Offsets) -> None:
        """Read each distinct genotype once."""
        lines = self._lines
        codes, values = encode(texts)
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
        length = lines.ends[:, 4] - lines.starts[:, 4]
        data = np.frombuffer(lines.data, dtype=np.uint8)
        missing: Mask = (length == 1) & (data[lines.starts[:, 4]] == ord("."))
        return missing[line]

    def _read_field(self, key: str, definition: FieldDefinition, texts: pa.Array, cells: Offsets) -> None:
        lines = self._lines
        line = self._line(cells)
        is_text = definition.type in (FieldType.STRING, FieldType.CHARACTER)
        single = definition.number == "1" and is_text
        if single and contains_byte(texts, b","):
            lines.mark(line[mask_of(pc.match_substring(texts, ","))])
        parsed, first, doubtful = read_values(texts, definition.type, decode=self._decode, single=single)
        if doubtful is not None:
            lines.mark(line[doubtful])
        wrong = out_of_range(key, parsed.values, NOT_NEGATIVE_FORMAT)
        if wrong is not None and wrong.any():
            lines.mark(line[np.searchsorted(first, np.flatnonzero(wrong), side="right") - 1])
        self._check_counts(definition, parsed.values, first, cells)
        self._parts.setdefault(key, []).append((parsed.values, first, cells))

    def _check_counts(self, definition: FieldDefinition, values: pa.Array, first: Offsets, cells: Offsets) -> None:
        line = self._line(cells)
        alleles = self._lines.allele_counts[line]
        if definition.number == "G":
            wanted: Offsets | None = _genotype_counts(alleles + 1, self._ploidy[cells])
        elif definition.number == "P":
            wanted = np.where(self._codes[cells] == _NO_CALL, np.diff(first), self._ploidy[cells])
        else:
            wanted = wanted_counts(definition, alleles)
        if wanted is None:
            return
        counts = np.diff(first)
        off = np.flatnonzero(counts != wanted)
        alone = counts[off] == 1
        if alone.any():
            alone[alone] = mask_of(pc.is_null(values.take(pa.array(first[off[alone]]))))
        self._lines.mark(line[off[~alone]])

    def _merge(self, parts: list[tuple[pa.Array, Offsets, Offsets]]) -> FieldValues:
        """Join what groups of lines gave for one key."""
        total = len(self._lines) * self._samples
        if len(parts) == 1:
            values, first, cells = parts[0]
            return FieldValues(values, first, scatter(total, cells))
        bases = np.cumsum([0, *(len(values) for values, _, _ in parts)])
        firsts = [first[:-1] + base for (_, first, _), base in zip(parts, bases, strict=False)]
        return FieldValues(
            pa.concat_arrays([values for values, _, _ in parts]),
            np.concatenate([*firsts, bases[-1:]]),
            scatter(total, np.concatenate([cells for _, _, cells in parts])),
        )

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
        entry = values.entry_of[cells]
        here = np.maximum(entry, 0)
        first = values.first[here]
        count = values.first[here + 1] - first
        alone = (entry >= 0) & (count == 1)
        if alone.any():
            alone[alone] = mask_of(pc.is_null(values.values.take(pa.array(first[alone]))))
        present = (entry >= 0) & ~alone
        number = allele + 1
        diploid = self._ploidy[cells] == 2
        middle = np.where(diploid, number * (number + 1) // 2, number)
        places = np.stack([first, first + middle, first + middle + number], axis=1)
        used = np.stack([present, present, present & diploid], axis=1)
        offsets = np.concatenate(([0], np.cumsum(used.sum(axis=1)))).astype(np.int32)
        taken = values.values.take(pa.array(places[used]))
        return pa.ListArray.from_arrays(pa.array(offsets), taken, mask=pa.array(~present))

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
