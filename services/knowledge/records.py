"""The records of general knowledge: trials, findings, genes, disease guides.

Each row is written in our own words, stands alone, and names its sources; `Source` refuses a PMID that was not checked.
The clinical engine's own data files (criteria, instruments, antibodies, drugs) have their records beside the engine.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.knowledge.sources import Source

RowId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{1,62}$")]
DiseaseId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{3,40}$")]
Sentence = Annotated[str, StringConstraints(min_length=15, max_length=900, strip_whitespace=True)]
Year = Annotated[int, Field(ge=1900, le=2100)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: RowId
    sources: tuple[Source, ...] = Field(min_length=1)


class Trial(_Row):
    """One trial. `result` states numbers only where they are certain, otherwise the direction in words."""

    trial: str
    drug: str
    diseases: tuple[DiseaseId, ...]
    year: Year
    design: Sentence
    result: Sentence
    meaning: Sentence


class Finding(_Row):
    """One finding of the literature. `diseases` is empty where it holds across diseases; `year` is that of the source."""

    topic: str
    title: str
    diseases: tuple[DiseaseId, ...] = ()
    year: Year | None = None
    text: Sentence


class Gene(_Row):
    """One immune gene. `inheritance` uses AD, AR, XL, or says `susceptibility`, `somatic` or `pharmacogene`."""

    gene: str
    name: str
    aliases: tuple[str, ...] = ()
    diseases: tuple[DiseaseId, ...] = ()
    inheritance: str
    conditions: str
    mechanism: Sentence
    note: Sentence


class Guide(_Row):
    """One aspect of one disease, for the reader who meets it."""

    disease: DiseaseId
    aspect: Annotated[
        str, StringConstraints(pattern=r"^(presentation|first_tests|mimics|monitoring|red_flags|treatment|pregnancy|children)$")
    ]
    text: Sentence
