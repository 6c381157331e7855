"""All facts of one document: the readers in order, each statement once, in reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from services.evidence.documents.describing import DocumentDescription
from services.evidence.documents.model import ParsedDocument
from services.evidence.extraction.activity import scores_of
from services.evidence.extraction.diagnoses import diagnoses_of
from services.evidence.extraction.facts import (
    AntibodyContent,
    Content,
    Fact,
    GenotypeContent,
    LabContent,
    LabelContent,
    SymptomContent,
    fact_key,
)
from services.evidence.extraction.flares import flares_of
from services.evidence.extraction.genotypes import genotypes_of
from services.evidence.extraction.labels import labels_of
from services.evidence.extraction.medications import medications_of
from services.evidence.extraction.onsets import onsets_of
from services.evidence.extraction.phrases import listed_results
from services.evidence.extraction.prose import prose_results
from services.evidence.extraction.reported import Place, Reported, When, content_of
from services.evidence.extraction.sheet import Sheet
from services.evidence.extraction.studies import studies_of
from services.evidence.extraction.tables import Table, results_of, tables_of
from services.evidence.extraction.typing_results import typings_of

RULES_VERSION = "3"
"""Raised whenever the rules read a document differently, so that stored documents can be read again."""

MAX_FACTS = 5000

_Statement = tuple[Content, When, Place]


def extract(parsed: ParsedDocument, description: DocumentDescription) -> tuple[Fact, ...]:
    """Return the facts of a document in reading order; at most `MAX_FACTS`.

    Pure and repeatable. `description` gives the day of the document and the laboratory of a laboratory report.
    """
    sheet = Sheet(parsed, description)
    tables = tables_of(sheet)
    facts: list[Fact] = []
    seen: Counter[tuple[int, str, int, str]] = Counter()
    stated: set[tuple[object, ...]] = set()
    for content, when, place in sorted(_statements(sheet, tables), key=lambda one: (one[2].page, one[2].start, one[2].offset)):
        quote = sheet.quote(place.page, place.start, place.end)
        identity = (place.page, place.start, place.offset, content.kind, _subject(content))
        if identity in stated:
            continue
        stated.add(identity)
        counted = (place.page, quote, place.offset, f"{content.kind}{_subject(content)}")
        key = fact_key(content.kind, place.page, quote, place.offset, seen[counted])
        seen[counted] += 1
        facts.append(
            Fact(key, place.page, place.start, place.end, quote, when.day, when.precision, when.basis, content)
        )
        if len(facts) == MAX_FACTS:
            break
    return tuple(facts)


def _subject(content: Content) -> str:
    if isinstance(content, SymptomContent | LabelContent):
        return content.name
    if isinstance(content, GenotypeContent):
        return content.gene
    return content.subject if isinstance(content, LabContent | AntibodyContent) else ""


def _statements(sheet: Sheet, tables: tuple[Table, ...]) -> Iterator[_Statement]:
    for reported in _results(sheet, tables):
        content = content_of(reported)
        if content is not None:
            yield content, reported.when, reported.place
    for typed in typings_of(sheet, tables):
        yield typed.content, typed.when, typed.place
    yield from medications_of(sheet, tables)
    yield from diagnoses_of(sheet, tables)
    yield from studies_of(sheet)
    yield from scores_of(sheet)
    yield from genotypes_of(sheet)
    yield from onsets_of(sheet)
    yield from labels_of(sheet)
    yield from flares_of(sheet)


def _results(sheet: Sheet, tables: tuple[Table, ...]) -> Iterator[Reported]:
    for table in tables:
        if not (table.is_medications or table.is_problems or table.is_typing or table.is_genes):
            yield from results_of(sheet, table)
    listed, consumed = listed_results(sheet)
    yield from listed
    yield from prose_results(sheet, consumed)
