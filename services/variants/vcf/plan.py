"""From a header to a table: which columns an import makes, fixed before the first record is read.

Number decides the shape, Type the type. `1` and `A` become one value per row (A is distributed over the rows of a split record),
`R` two values (`_ref`, `_alt`), FORMAT's `G` the list of genotypes made of the reference and this allele, all other Numbers the
list as it stands. Keys the header does not declare and values that do not fit their declaration share one text column, so that
nothing of the file is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from services.errors import InvalidInputError
from services.variants.columns import CORE, Column, NameBook, Origin
from services.variants.vcf.annotations import AnnotationPlan, plan_annotations
from services.variants.vcf.definitions import FieldDefinition, FieldType
from services.variants.vcf.header import Header

MAX_COLUMNS = 20_000
_TYPES = {
    FieldType.INTEGER: pa.int64(),
    FieldType.FLOAT: pa.float64(),
    FieldType.FLAG: pa.bool_(),
    FieldType.CHARACTER: pa.string(),
    FieldType.STRING: pa.string(),
}


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """The columns of one INFO key, or of one FORMAT key in one sample: one, or two where Number=R."""

    definition: FieldDefinition
    columns: tuple[Column, ...]

    @property
    def is_list(self) -> bool:
        return bool(pa.types.is_list(self.columns[0].type))


@dataclass(slots=True)
class TablePlan:
    """All columns of one import, in order. `samples` are indices into the header's samples."""

    header: Header
    samples: tuple[int, ...] = ()
    info: dict[str, FieldPlan] = field(default_factory=dict)
    format: dict[str, tuple[FieldPlan, ...]] = field(default_factory=dict)
    """One plan per imported sample."""
    zygosity: tuple[Column, ...] = ()
    format_unplaced: tuple[Column, ...] = ()
    annotations: tuple[AnnotationPlan, ...] = ()
    info_unplaced: Column | None = None
    genes: Column | None = None
    columns: tuple[Column, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])


def plan_table(header: Header, samples: Collection[str] | None = None) -> TablePlan:
    """Lay out the table for `header`, with the genotypes of `samples` (all where None).

    Raises InvalidInputError for a sample the file does not have, and where the table would exceed 20,000 columns.
    """
    plan = TablePlan(header, _sample_indices(header, samples))
    names = NameBook()
    for column in CORE:
        names.unique(column.name)
    for reserved in ("row_id", "chrom_order"):
        names.unique(reserved)
    columns: list[Column] = list(CORE)
    # the file's own fields take their names first: unpacked columns give way to them
    for key, definition in header.info.items():
        plan.info[key] = _field_plan(definition, f"info_{key}", Origin.INFO, None, names)
        columns += plan.info[key].columns
    columns += _plan_annotations(plan, names)
    plan.info_unplaced = Column(
        names.unique("info_unplaced"),
        pa.string(),
        "INFO entries without a column, as written: undeclared keys, and values that do not fit their declaration",
        Origin.INFO,
    )
    columns.append(plan.info_unplaced)
    columns += _plan_samples(plan, names)
    if len(columns) > MAX_COLUMNS:
        reason = f"{len(plan.samples):,} samples would make {len(columns):,} columns; the limit is {MAX_COLUMNS:,}"
        raise InvalidInputError(f"{reason}. Choose the samples to import.")
    plan.columns = tuple(columns)
    return plan


def _sample_indices(header: Header, samples: Collection[str] | None) -> tuple[int, ...]:
    if samples is None:
        return tuple(range(len(header.samples)))
    unknown = [sample for sample in samples if sample not in header.samples]
    if unknown:
        raise InvalidInputError(f"the file has no sample {unknown[0]!r}")
    return tuple(index for index, sample in enumerate(header.samples) if sample in samples)


def _plan_annotations(plan: TablePlan, names: NameBook) -> Iterable[Column]:
    plan.annotations = plan_annotations(plan.header, names)
    columns: list[Column] = []
    if any(annotation.gene is not None for annotation in plan.annotations):
        plan.genes = Column(
            names.unique("genes"), pa.list_(pa.string()), "Genes of all annotation entries of this allele", Origin.DERIVED
        )
        columns.append(plan.genes)
    for annotation in plan.annotations:
        columns += annotation.columns
    return columns


def _field_plan(definition: FieldDefinition, name: str, origin: Origin, sample: str | None, names: NameBook) -> FieldPlan:
    base = _TYPES[definition.type]
    suffix = f".{sample}" if sample is not None else ""
    if definition.number == "R":
        parts = (("ref", "reference allele"), ("alt", "this allele"))
        return FieldPlan(
            definition,
            tuple(
                Column(
                    names.unique(f"{name}_{part}{suffix}"),
                    base,
                    f"{definition.description} ({words})",
                    origin,
                    definition.key,
                    part,
                    sample,
                )
                for part, words in parts
            ),
        )
    scalar = definition.is_flag or definition.number in ("A", "1")
    kind = base if scalar else pa.list_(base)
    column = Column(names.unique(f"{name}{suffix}"), kind, definition.description, origin, definition.key, "value", sample)
    return FieldPlan(definition, (column,))


def _plan_samples(plan: TablePlan, names: NameBook) -> list[Column]:
    header = plan.header
    if not plan.samples:
        return []
    # a genotype is kept as text whatever the header declares: it holds phase signs
    genotype = FieldDefinition("GT", "1", FieldType.STRING, "Genotype as written: allele numbers of the record, 0 the reference")
    definitions = {"GT": genotype, **{key: definition for key, definition in header.format.items() if key != "GT"}}
    per_key: dict[str, list[FieldPlan]] = {key: [] for key in definitions}
    zygosity, undeclared, columns = [], [], []
    for index in plan.samples:
        sample = header.samples[index]
        zygosity.append(
            Column(
                names.unique(f"zygosity.{sample}"),
                pa.string(),
                "Zygosity of this allele in the sample",
                Origin.DERIVED,
                "GT",
                "zygosity",
                sample,
            )
        )
        columns.append(zygosity[-1])
        for key, definition in definitions.items():
            field_plan = _field_plan(definition, f"fmt_{key}", Origin.FORMAT, sample, names)
            per_key[key].append(field_plan)
            columns += field_plan.columns
        undeclared.append(
            Column(
                names.unique(f"fmt_unplaced.{sample}"),
                pa.string(),
                "FORMAT values without a column, as KEY=value: undeclared keys, and values that do not fit their declaration",
                Origin.FORMAT,
                sample=sample,
            )
        )
        columns.append(undeclared[-1])
    plan.format = {key: tuple(plans) for key, plans in per_key.items()}
    plan.zygosity, plan.format_unplaced = tuple(zygosity), tuple(undeclared)
    return columns
