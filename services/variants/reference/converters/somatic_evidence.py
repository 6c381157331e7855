"""CIViC's clinical evidence: `ClinicalEvidenceSummaries.tsv` of a monthly or nightly release, or its accepted part.

The rules of what is kept stand in `services.genomics.amp.civic`. Several values of a field are joined by ` | `.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pyarrow as pa

from services.errors import InvalidInputError
from services.genomics.amp.civic import CivicRead, read_civic
from services.genomics.amp.evidence import EvidenceItem
from services.variants.reference.converting import Conversion, Converted
from services.variants.reference.layouts import LAYOUTS
from services.variants.reference.model import PackKind
from services.variants.reference.tables import Rows, write_table
from services.variants.reference.text import TextFile, open_text

SEPARATOR = " | "
_RELEASE = re.compile(r"(\d{2})-([A-Z][a-z]{2})-(\d{4})-")
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}
_TYPES = {"BOOLEAN": pa.bool_(), "INTEGER": pa.int32()}
_SCHEMA = pa.schema([
    (name, _TYPES.get(kind, pa.string())) for name, kind in LAYOUTS[PackKind.SOMATIC_EVIDENCE].items()
])


def convert(conversion: Conversion) -> Converted:
    """Convert a release. Raises InvalidInputError for another file, or one of which nothing can be used."""
    if len(conversion.sources) != 1:
        raise InvalidInputError("clinical evidence is one file: CIViC's ClinicalEvidenceSummaries.tsv")
    source = conversion.sources[0]
    with open_text(source) as text:
        read = _read(text)
    if not read.items:
        left = ", ".join(f"{number} {reason}" for reason, number in read.left_out) or "it is empty"
        raise InvalidInputError(f"{source.name} has no evidence that can be used: {left}")
    rows = write_table(conversion, PackKind.SOMATIC_EVIDENCE, Rows(_SCHEMA, _batches(read)), "SELECT * FROM source")
    release = _RELEASE.match(source.name)
    version = f"{release[3]}-{_MONTHS.get(release[2], 1):02d}-{release[1]}" if release else None
    notes = tuple(f"{number:,} items were left out: {reason}." for reason, number in read.left_out)
    return Converted(rows, version=version, date=version, name="CIViC", notes=notes)


def _read(text: TextFile) -> CivicRead:
    lines = io.TextIOWrapper(text.stream, encoding="utf-8", newline="")
    try:
        return read_civic(csv.DictReader(lines, delimiter="\t"), "CIViC")
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{text.name} is not a table of CIViC's evidence") from error
    finally:
        lines.detach()


def _batches(read: CivicRead) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist([_row(item) for item in read.items], _SCHEMA)


def _row(item: EvidenceItem) -> dict[str, object]:
    return {
        "id": item.id, "gene": item.gene, "alteration": item.alteration.text or None, "type": item.type.value,
        "level": item.level.value, "tumour": item.tumour, "therapies": SEPARATOR.join(item.therapies) or None,
        "outcome": item.outcome or None, "supports": item.supports, "rating": item.rating, "origin": item.origin or None,
        "statement": item.statement or None, "citation": item.source.citation, "url": item.url or None,
    }
