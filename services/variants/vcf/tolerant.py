"""One record to table rows, one row per alternate allele: the reference conversion, value by value.

The vectorised reader makes the same rows from whole columns; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from services.genomics.alleles import AlleleForm, allele_form, end_position, trim, variant_type
from services.variants.vcf.annotations import choose
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.genotype import Genotype, zygosity
from services.variants.vcf.plan import FieldPlan, TablePlan
from services.variants.vcf.record import Record, mates
from services.variants.vcf.values import decode_percent, genotype_count, to_number

Row = dict[str, Any]


class RowBuilder:
    """Builds rows for one table plan."""

    def __init__(self, plan: TablePlan) -> None:
        self._plan = plan
        self._decodes = plan.header.version >= (4, 3)

    def rows(self, record: Record) -> list[Row]:
        """Return the rows of a record without errors, allele by allele. Columns that are missing in a row are null."""
        return [self._row(record, index, alt) for index, alt in enumerate(record.alts, start=1)]

    def table(self, records: Sequence[Record]) -> pa.Table:
        """Return the rows of all records as a table with the plan's schema."""
        rows = [row for record in records for row in self.rows(record)]
        schema = self._plan.schema
        arrays = [pa.array([row.get(name) for row in rows], kind) for name, kind in zip(schema.names, schema.types, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)

    def _row(self, record: Record, index: int, alt: str) -> Row:
        row = self._core(record, index, alt)
        plan = self._plan
        for key, field_plan in plan.info.items():
            if field_plan.definition.is_flag:
                row[field_plan.columns[0].name] = key in record.info and record.info[key] != ["0"]
            elif (values := record.info.get(key)) is not None:
                self._place(row, field_plan, values, index, record, None)
        if plan.info_unplaced is not None:
            entries = [
                key if values is None else f"{key}={','.join(values)}"
                for key, values in record.info.items()
                if key not in plan.info
            ]
            row[plan.info_unplaced.name] = ";".join([*entries, *record.info_aside.values()]) or None
        self._annotate(row, record, index)
        for place, sample in enumerate(plan.samples):
            self._sample(row, record, index, place, sample)
        return row

    def _core(self, record: Record, index: int, alt: str) -> Row:
        position, ref, written = record.position, record.ref, alt
        form = allele_form(alt)
        if form is AlleleForm.SEQUENCE:
            position, ref, written = trim(position, ref.upper(), alt.upper())
        mate = mates(record)[index - 1]
        return {
            "chrom": record.chrom,
            "pos": position,
            "end": end_position(position, ref, written, self._whole(record, "END", 1), self._whole(record, "SVLEN", index)),
            "id": None if record.identifier == "." else record.identifier,
            "ref": ref,
            "alt": None if form is AlleleForm.MISSING else written,
            "qual": record.quality,
            "filter": None if record.filters == "." else record.filters,
            "variant_type": str(variant_type(record.ref, alt)),
            "mate_chrom": mate[0] if mate else None,
            "mate_pos": mate[1] if mate else None,
            "allele_index": index,
            "allele_count": len(record.alts),
            "line": record.line,
            "original_pos": record.position,
            "original_ref": record.ref,
            "original_alt": ",".join(record.alts),
        }

    @staticmethod
    def _whole(record: Record, key: str, index: int) -> int | None:
        values = record.info.get(key)
        if not values:
            return None
        text = values[min(index, len(values)) - 1]
        number = to_number(text, FieldType.INTEGER)
        return int(number) if number is not None else None

    def _annotate(self, row: Row, record: Record, index: int) -> None:
        genes: dict[str, None] = {}
        for annotation in self._plan.annotations:
            values = record.info.get(annotation.key)
            if not values or values == ["."]:
                continue
            chosen = choose(annotation, ",".join(values), record.ref, record.alts, index)
            for column, value in zip(annotation.columns, (*chosen.values, chosen.entries), strict=True):
                row[column.name] = decode_percent(value) if self._decodes and isinstance(value, str) else value
            genes.update(dict.fromkeys(chosen.genes))
        if self._plan.genes is not None:
            row[self._plan.genes.name] = list(genes) or None

    def _sample(self, row: Row, record: Record, index: int, place: int, sample: int) -> None:
        plan = self._plan
        if sample >= len(record.samples):
            return
        values = dict(zip(record.format, record.samples[sample], strict=False))
        genotype = record.genotypes[sample]
        if genotype is not None:
            row[plan.zygosity[place].name] = zygosity(genotype, index)
        aside = record.samples_aside[sample]
        for key, text in values.items():
            plans = plan.format.get(key)
            if plans is not None and key not in aside:
                self._place(row, plans[place], text.split(",") if key != "GT" else [text], index, record, genotype)
        unknown = [f"{key}={text}" for key, text in values.items() if (key not in plan.format or key in aside) and key != "."]
        if unknown:
            row[plan.format_unplaced[place].name] = ":".join(unknown)

    def _place(self, row: Row, plan: FieldPlan, values: list[str], index: int, record: Record, genotype: Genotype | None) -> None:
        """Put a field's values into its column or columns for allele `index`."""
        definition = plan.definition
        if values == [""] or (all(value == "." for value in values) and not plan.is_list):
            return
        name = plan.columns[0].name
        if definition.number == "R":
            alone = len(values) == 1
            row[name] = self._value(values[0], definition)
            row[plan.columns[1].name] = None if alone else self._value(values[index], definition)
        elif definition.number == "A":
            row[name] = self._value(values[index - 1], definition)
        elif definition.number == "1":
            row[name] = self._value(",".join(values), definition)
        elif values == ["."]:
            row[name] = None
        elif definition.number == "G" and plan.columns[0].sample is not None:
            row[name] = self._genotype_values(values, index, record, genotype, definition)
        else:
            row[name] = [self._value(value, definition) for value in values]

    def _genotype_values(
        self, values: list[str], index: int, record: Record, genotype: Genotype | None, definition: FieldDefinition
    ) -> list[Any]:
        ploidy = genotype.ploidy if genotype else 2
        whole = len(values) != genotype_count(record.allele_count + 1, ploidy)
        wanted = range(len(values)) if whole else genotype_indices(index, ploidy)
        return [self._value(values[place], definition) for place in wanted]

    def _value(self, text: str, definition: FieldDefinition) -> Any:
        if text == ".":
            return None
        if definition.type in (FieldType.INTEGER, FieldType.FLOAT):
            return to_number(text, definition.type)
        return decode_percent(text) if self._decodes else text


def genotype_indices(allele: int, ploidy: int) -> list[int]:
    """Return where the genotypes of the reference and `allele` stand in a Number=G list, fewest copies first.

    Order of genotypes: VCF specification, section 1.6.2, GL: the index of sorted alleles a1..aP is the sum of C(a_m + m - 1, m).
    """
    indices = []
    for copies in range(ploidy + 1):
        place = 0
        for rank in range(ploidy - copies + 1, ploidy + 1):
            place += _choose(allele + rank - 1, rank)
        indices.append(place)
    return indices


def _choose(n: int, k: int) -> int:
    result = 1
    for step in range(k):
        result = result * (n - step) // (step + 1)
    return result
