"""Whose samples a table holds: one sample is one patient, with mother and father among the samples where somebody named them.

A table may be linked to several patients by different samples. Which sample a patient is, is chosen by a person, or told by a
file that holds only one; it is never guessed. What a file says itself (`##PEDIGREE`, a sample called like the patient) is
proposed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.errors import InvalidInputError
from services.storage.database import Database
from services.storage.tables import variant_links
from services.variants.vcf.meta import MetaSyntaxError, parse_structured

_PEDIGREE = "##PEDIGREE="
_MOST_PEDIGREE_LINES = 2_000
_LONGEST_LINE = 10_000


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """Which sample is the patient, and which are the parents; empty where nobody said so."""

    sample: str = ""
    mother: str = ""
    father: str = ""

    @property
    def has_parents(self) -> bool:
        return bool(self.mother or self.father)


@dataclass(frozen=True, slots=True)
class TableLink:
    """A patient of a table, and who linked the two."""

    patient_id: str
    choice: SampleChoice
    author: str
    created_at: datetime


def checked(samples: Sequence[str], choice: SampleChoice) -> SampleChoice:
    """Return the choice as it is kept: a table of one sample needs none.

    :raise InvalidInputError: a name that is no sample of the table, or one name for two people.
    """
    named = [name for name in (choice.sample, choice.mother, choice.father) if name]
    unknown = next((name for name in named if name not in samples), None)
    if unknown is not None:
        raise InvalidInputError(f"the table has no sample {unknown[:100]!r}: choose one of its {len(samples)} samples")
    if choice.has_parents and not choice.sample:
        raise InvalidInputError("choose the patient's sample before the parents'")
    if len(set(named)) != len(named):
        raise InvalidInputError("patient, mother and father are three different samples")
    return SampleChoice(samples[0]) if len(samples) == 1 else choice


def stated_parents(manifest: Mapping[str, Any], sample: str) -> SampleChoice:
    """Return the sample with the parents that the file's own `##PEDIGREE` names, as far as they are samples of the table."""
    lines = [line for line in manifest.get("header", ()) if str(line).startswith(_PEDIGREE)]
    for line in lines[:_MOST_PEDIGREE_LINES]:
        said = _pairs(str(line))
        if sample not in (said.get("id"), said.get("child")):
            continue
        parents = {
            role: name for role in ("mother", "father")
            if (name := said.get(role, "")) in manifest["samples"] and name != sample
        }  # fmt: skip
        return SampleChoice(sample, **parents)
    return SampleChoice(sample)


def _pairs(line: str) -> dict[str, str]:
    try:
        return {one.key.lower(): one.value for one in parse_structured(line.removeprefix(_PEDIGREE))[:20]}
    except MetaSyntaxError:
        return {}


def proposed(manifest: Mapping[str, Any], patient_id: str) -> SampleChoice:
    """Return what to offer a person: the only sample, the one called like the patient, or the only child of the pedigree."""
    samples: list[str] = manifest["samples"]
    if len(samples) == 1:
        return SampleChoice(samples[0])
    named = [one for one in samples if one.casefold() == patient_id.casefold()]
    if len(named) == 1:
        return stated_parents(manifest, named[0])
    children = [one for name in samples[:_MOST_PEDIGREE_LINES] if (one := stated_parents(manifest, name)).has_parents]
    return children[0] if len(children) == 1 else SampleChoice()


def at_import(manifest: Mapping[str, Any], sample_name: str, patient_id: str) -> SampleChoice | None:
    """Return how a new table is linked to the patient named with its file, None where it is not.

    The sample is the one that the person named as sample name. A table split off a file of several samples is the patient's only
    where its sample is called like the patient: its brothers hold other people.
    """
    samples: list[str] = manifest["samples"]
    if len(manifest.get("split_from", ())) > 1:
        return SampleChoice(samples[0]) if samples[0].casefold() == patient_id.casefold() else None
    if len(samples) == 1:
        return SampleChoice(samples[0])
    return stated_parents(manifest, sample_name.strip()) if sample_name.strip() in samples else SampleChoice()


class TableLinks:
    """Reads and writes links. Callers have checked access."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_tables(self, connection: sa.Connection, table_ids: list[str] | None = None) -> dict[str, tuple[TableLink, ...]]:
        """Return the links of these tables, or of all, by table, in the order in which they were made."""
        query = sa.select(variant_links).order_by(variant_links.c.created_at, variant_links.c.patient_id)
        if table_ids is not None:
            query = query.where(variant_links.c.table_id.in_(table_ids))
        found: dict[str, list[TableLink]] = {}
        for row in connection.execute(query).mappings():
            choice = SampleChoice(row["sample"], row["mother"], row["father"])
            found.setdefault(row["table_id"], []).append(
                TableLink(row["patient_id"], choice, row["author"], row["created_at"])
            )
        return {table_id: tuple(links) for table_id, links in found.items()}

    def put(self, connection: sa.Connection, table_id: str, patient_id: str, choice: SampleChoice, author: str, *,
            alone: bool) -> None:  # fmt: skip
        """Enter a link in place of any other of this patient or this sample; `alone`: of any other of the table."""
        same = variant_links.c.table_id == table_id
        if not alone:
            same = sa.and_(same, sa.or_(variant_links.c.patient_id == patient_id, variant_links.c.sample == choice.sample))
        connection.execute(sa.delete(variant_links).where(same))
        connection.execute(sa.insert(variant_links), {
            "table_id": table_id, "patient_id": patient_id, "sample": choice.sample, "mother": choice.mother,
            "father": choice.father, "author": author, "created_at": datetime.now(UTC),
        })  # fmt: skip

    def remove(self, connection: sa.Connection, table_id: str, patient_id: str | None = None) -> None:
        """Take away the link of a patient, or every link of the table. Idempotent."""
        where = variant_links.c.table_id == table_id
        if patient_id is not None:
            where = sa.and_(where, variant_links.c.patient_id == patient_id)
        connection.execute(sa.delete(variant_links).where(where))

    def patients(self) -> tuple[str, ...]:
        """Return the ids of all patients who have tables."""
        with self._database.read() as connection:
            return tuple(sorted(connection.execute(sa.select(variant_links.c.patient_id).distinct()).scalars()))
