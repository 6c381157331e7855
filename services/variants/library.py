"""The imported tables: registered, listed, opened, deleted. Rows are in Parquet files, what the lists show is in the database.

A table lives in the folder `root/tables/<id>`; its `name` is what the API calls it: unique, derived from the sample's name, and
nothing but lower-case letters, digits and underscores. Everybody who may see patients sees all tables, others see none; a table
is deleted by its owner or an administrator. Notes on variants stay when a table goes: they belong to the variant.
"""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa

from services.access.principals import Principal
from services.errors import AccessDeniedError, ConflictError, InvalidIdentifierError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.storage.database import Database
from services.storage.tables import variant_links, variant_tables
from services.variants.links import SampleChoice, TableLink, TableLinks, at_import, checked
from services.variants.manifest import MANIFEST_FILE, TABLE_FILE, read_manifest
from services.variants.tables import VariantTable, table_version

_ID = re.compile(r"[0-9a-zA-Z]{1,32}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SUFFIX = re.compile(r"(?:\.(?:vcf|bcf|csv|tsv|txt|bed|gz|bgz))+$", re.IGNORECASE)
_MAX_OPEN = 4
_MAX_SAMPLE_NAME = 200
_MAX_NOTES = 10_000
_NAME_ROOM = 55  # leaves place for a number
_NO_TABLE = "no such table: it was deleted, or the name is wrong"


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table as the lists show it. `available` is False where its folder is gone; `assembly` is None where nobody knows it.

    `links` are the patients whose samples it holds, in the order in which they were linked.
    """

    id: str
    name: str
    owner: str
    sample_name: str
    assembly: GenomeBuild | None
    sample_type: str
    notes: str
    job_id: str | None
    row_count: int
    rejected_count: int
    created_at: datetime
    available: bool
    links: tuple[TableLink, ...] = ()

    @property
    def patient_id(self) -> str | None:
        """The patient of the only link; None where there is none, and where there are several."""
        return self.links[0].patient_id if len(self.links) == 1 else None

    def link_of(self, patient_id: str) -> TableLink | None:
        """Return how this patient is linked to the table, None where the patient is not."""
        return next((one for one in self.links if one.patient_id == patient_id), None)


class VariantLibrary:
    """Reads and writes the register of tables, and hands out open ones. Safe for use from several threads."""

    def __init__(self, database: Database, root: Path) -> None:
        self._database = database
        self._links = TableLinks(database)
        self._tables = root / "tables"
        self._open: OrderedDict[str, VariantTable] = OrderedDict()
        self._lock = Lock()
        self._listeners: list[Callable[[str], None]] = []

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with a patient's id after a table of that patient came, was linked or unlinked, or went."""
        self._listeners.append(listener)

    def changed(self, table_id: str) -> None:
        """Tell that the files of a table were written anew: it is opened afresh, and listeners hear of its patient."""
        with self._lock:
            self._open.pop(table_id, None)  # not closed: somebody may be reading; it closes with its last reader
        known = self._row(table_id)
        for link in known.links if known is not None else ():
            self._tell(link.patient_id)

    @staticmethod
    def new_id() -> str:
        return secrets.token_hex(16)

    def folder(self, table_id: str) -> Path:
        """Return where the files of a table are, or will be: the import makes the folder, its parent exists.

        :raise InvalidIdentifierError: an id that is not made of letters and digits.
        """
        self._tables.mkdir(parents=True, exist_ok=True)
        return self._tables / _checked_id(table_id)

    def register(
        self,
        table_id: str,
        principal_name: str,
        sample_name: str = "",
        assembly: GenomeBuild | str | None = None,
        *,
        sample_type: str = "",
        notes: str = "",
        patient_id: str | None = None,
        choice: SampleChoice | None = None,
        job_id: str | None = None,
    ) -> TableInfo:
        """Enter an imported table into the register. Idempotent on `table_id`: the first entry stays.

        The build that the file itself tells wins over `assembly`. Without a sample name, the file's only sample or the file name
        is taken. With a patient and no `choice`, see `services.variants.links.at_import`.

        :raise NotFoundError: there is no table in the folder of this id.
        :raise InvalidInputError: `assembly` is no build, or `choice` names what is no sample.
        """
        manifest = read_manifest(self.folder(table_id))
        known = self._row(table_id)
        if known is not None:
            return known
        shown = _shown_name(sample_name, manifest)
        if patient_id is not None:
            choice = at_import(manifest, sample_name, patient_id) if choice is None else checked(manifest["samples"], choice)
        row = {
            "id": table_id, "owner": principal_name, "sample_name": shown,
            "assembly": _build_name(manifest["build"]["name"] or assembly),
            "sample_type": sample_type[:32], "notes": notes[:_MAX_NOTES], "job_id": job_id,
            "row_count": manifest["counts"]["rows"], "rejected_count": manifest["counts"]["records_rejected"],
            "created_at": datetime.now(UTC),
        }  # fmt: skip
        while True:
            try:
                with self._database.begin() as connection:
                    connection.execute(sa.insert(variant_tables), {**row, "name": _free_name(connection, shown)})
                    if patient_id is not None and choice is not None:
                        self._links.put(connection, table_id, patient_id, choice, principal_name, alone=True)
            except sa.exc.IntegrityError as error:
                known = self._row(table_id)
                if known is not None:  # entered by another thread in between
                    return known
                if "name" not in str(error.orig):
                    raise ConflictError("this table belongs to a patient who does not exist") from error
            else:
                made = self._row(table_id)
                if made is None:  # deleted by another thread in between
                    raise NotFoundError(_NO_TABLE)
                for link in made.links:
                    self._tell(link.patient_id)
                return made

    def list(self, principal: Principal) -> tuple[TableInfo, ...]:
        """All tables, newest first; none for callers who may not see patients."""
        if not principal.may_see_patients:
            return ()
        query = sa.select(variant_tables).order_by(variant_tables.c.created_at.desc(), variant_tables.c.id)
        with self._database.read() as connection:
            links = self._links.of_tables(connection)
            return tuple(self._info(row, links.get(row["id"], ())) for row in connection.execute(query).mappings())

    def get(self, principal: Principal, name_or_id: str) -> TableInfo:
        """Return one table by id or name.

        :raise NotFoundError: there is none, or the caller may not know.
        """
        found = self._row(name_or_id) if principal.may_see_patients else None
        if found is None:
            raise NotFoundError(_NO_TABLE)
        return found

    def open(self, principal: Principal, name_or_id: str) -> VariantTable:
        """Return the open table. A few stay open; callers do not close what they get.

        :raise NotFoundError: there is none, or its files are gone.
        """
        info = self.get(principal, name_or_id)
        with self._lock:
            table = self._open.get(info.id)
            if table is not None and table.version != table_version(table.folder):  # annotated anew, by whichever process
                del self._open[info.id]  # not closed: somebody may be reading
                table = None
            if table is None:
                if not info.available:
                    raise NotFoundError(f"the files of table {info.name} are gone: delete it and import the file again")
                table = self._open[info.id] = VariantTable(self.folder(info.id))
                while len(self._open) > _MAX_OPEN:
                    self._open.popitem(last=False)  # not closed: somebody may be reading; it closes with its last reader
            self._open.move_to_end(info.id)
            return table

    def set_assembly(self, principal: Principal, name_or_id: str, assembly: GenomeBuild) -> TableInfo:
        """State the build of a table whose file does not tell it.

        :raise ConflictError: the build is known already.
        """
        info = self.get(principal, name_or_id)
        with self._database.begin() as connection:
            done = connection.execute(
                sa.update(variant_tables)
                .where(variant_tables.c.id == info.id, variant_tables.c.assembly.is_(None))
                .values(assembly=str(assembly))
            )
        if done.rowcount == 0:
            raise ConflictError(f"this table is in {info.assembly}: import the file again to state another build")
        return self.get(principal, info.id)

    def link(
        self, principal: Principal, name_or_id: str, patient_id: str | None, choice: SampleChoice | None = None
    ) -> TableInfo:
        """Say which sample of a table is a patient; without a patient every link is taken away. Idempotent.

        One sample is one patient, and a patient is one sample of a table: a link takes the place of what it contradicts. Without
        `choice` a table of one sample is linked by it, one of several says of the patient that the sample is not chosen.

        :raise AccessDeniedError: it belongs to somebody else and the caller is no administrator.
        :raise NotFoundError: there is no such table or patient.
        :raise InvalidInputError: `choice` names what is no sample of the table.
        """
        info = self._own(principal, name_or_id)
        samples = self.samples(info)
        kept = checked(samples, choice or SampleChoice())
        try:
            with self._database.begin() as connection:
                if patient_id is None:
                    self._links.remove(connection, info.id)
                else:
                    self._links.put(connection, info.id, patient_id, kept, principal.name, alone=len(samples) <= 1)
        except sa.exc.IntegrityError as error:
            raise NotFoundError("no such patient: choose one from the list, or create it first") from error
        return self._relinked(principal, info, patient_id)

    def unlink(self, principal: Principal, name_or_id: str, patient_id: str) -> TableInfo:
        """Take the link of one patient away; those of others stay. Idempotent. Errors as those of `link`."""
        info = self._own(principal, name_or_id)
        with self._database.begin() as connection:
            self._links.remove(connection, info.id, patient_id)
        return self._relinked(principal, info, None)

    def samples(self, info: TableInfo) -> tuple[str, ...]:
        """Return the samples of a table in the order of its file; none where its files are gone."""
        return tuple(read_manifest(self.folder(info.id))["samples"]) if info.available else ()

    def _own(self, principal: Principal, name_or_id: str) -> TableInfo:
        info = self.get(principal, name_or_id)
        if principal.name != info.owner and not principal.may_administer:
            raise AccessDeniedError("only the owner of a table or an administrator may link it to a patient")
        return info

    def _relinked(self, principal: Principal, before: TableInfo, linked: str | None) -> TableInfo:
        """Tell of every patient whose link came, went or changed."""
        after = self.get(principal, before.id)
        gone = [one.patient_id for one in before.links if after.link_of(one.patient_id) is None]
        for patient_id in dict.fromkeys((*gone, linked)):
            self._tell(patient_id)
        return after

    def of_patient(self, principal: Principal, patient_id: str) -> tuple[TableInfo, ...]:
        """Return the tables linked to a patient, newest first; none for callers who may not see patients."""
        if not principal.may_see_patients:
            return ()
        query = (
            sa.select(variant_tables).join(variant_links, variant_links.c.table_id == variant_tables.c.id)
            .where(variant_links.c.patient_id == patient_id)
            .order_by(variant_tables.c.created_at.desc(), variant_tables.c.id)
        )  # fmt: skip
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            links = self._links.of_tables(connection, [row["id"] for row in rows])
        return tuple(self._info(row, links.get(row["id"], ())) for row in rows)

    def linked_patients(self) -> tuple[str, ...]:
        """Return the ids of the patients who have tables; for services that have checked access already."""
        return self._links.patients()

    def delete(self, principal: Principal, name_or_id: str) -> TableInfo:
        """Delete a table with its files; returns what it was. Notes on its variants stay.

        :raise AccessDeniedError: it belongs to somebody else and the caller is no administrator.
        """
        info = self.get(principal, name_or_id)
        if principal.name != info.owner and not principal.may_administer:
            raise AccessDeniedError("only the owner of a table or an administrator may delete it")
        self._remove(info.id)
        return info

    def delete_by_job(self, job_id: str) -> int:
        """Delete the tables that a job made; returns how many. Idempotent. For services that have checked access already."""
        with self._database.read() as connection:
            made = connection.execute(sa.select(variant_tables.c.id).where(variant_tables.c.job_id == job_id)).scalars().all()
        for table_id in made:
            self._remove(table_id)
        return len(made)

    def close(self) -> None:
        """Close every open table."""
        with self._lock:
            for table in self._open.values():
                table.close()
            self._open.clear()

    def _tell(self, patient_id: str | None) -> None:
        if patient_id is not None:
            for listener in self._listeners:
                listener(patient_id)

    def _remove(self, table_id: str) -> None:
        known = self._row(table_id)
        with self._lock:
            table = self._open.pop(table_id, None)
            if table is not None:
                table.close()
        # files first: what is left after a crash in between is listed as a table without files and can be deleted again
        shutil.rmtree(self.folder(table_id), ignore_errors=True)
        with self._database.begin() as connection:
            self._links.remove(connection, table_id)
            connection.execute(sa.delete(variant_tables).where(variant_tables.c.id == table_id))
        for link in known.links if known is not None else ():
            self._tell(link.patient_id)

    def _row(self, name_or_id: str) -> TableInfo | None:
        if not (_ID.fullmatch(name_or_id) or _NAME.fullmatch(name_or_id)):
            return None
        either = sa.or_(variant_tables.c.id == name_or_id, variant_tables.c.name == name_or_id)
        with self._database.read() as connection:
            rows = connection.execute(sa.select(variant_tables).where(either)).mappings().all()
            best = min(rows, key=lambda row: row["id"] != name_or_id, default=None)  # a name that is another's id comes second
            if best is None:
                return None
            return self._info(best, self._links.of_tables(connection, [best["id"]]).get(best["id"], ()))

    def _info(self, row: Mapping[str, Any] | sa.RowMapping, links: tuple[TableLink, ...]) -> TableInfo:
        folder = self._tables / row["id"]
        return TableInfo(
            id=row["id"], name=row["name"], owner=row["owner"], sample_name=row["sample_name"], sample_type=row["sample_type"],
            assembly=GenomeBuild(row["assembly"]) if row["assembly"] else None, notes=row["notes"],
            links=links, job_id=row["job_id"], row_count=row["row_count"], rejected_count=row["rejected_count"],
            created_at=row["created_at"], available=(folder / MANIFEST_FILE).is_file() and (folder / TABLE_FILE).is_file(),
        )  # fmt: skip


def _checked_id(table_id: str) -> str:
    if not _ID.fullmatch(table_id):
        raise InvalidIdentifierError("a table id is made of 1 to 32 letters and digits")
    return table_id


def _build_name(assembly: GenomeBuild | str | None) -> str | None:
    if not assembly:
        return None
    if assembly not in set(GenomeBuild):
        raise InvalidInputError("the assembly is GRCh37 or GRCh38")
    return str(assembly)


def _shown_name(sample_name: str, manifest: Mapping[str, Any]) -> str:
    samples = manifest["samples"]
    shown = sample_name.strip() or (samples[0] if len(samples) == 1 else "") or _SUFFIX.sub("", manifest["file"]["name"])
    visible = "".join(sign for sign in unicodedata.normalize("NFC", shown) if unicodedata.category(sign)[0] != "C").strip()
    if not visible:
        raise InvalidInputError("the sample name has no visible character: give it another name")
    return visible[:_MAX_SAMPLE_NAME]


def table_name(sample_name: str) -> str:
    """Derive a table's name from a sample's: lower-case ASCII letters, digits and underscores, beginning with a letter."""
    plain = unicodedata.normalize("NFKD", sample_name[:_MAX_SAMPLE_NAME]).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_NAME_ROOM].strip("_")
    if not name:
        return "table"
    return name if name[0].isalpha() else f"t_{name}"


def _free_name(connection: sa.Connection, sample_name: str) -> str:
    base = table_name(sample_name)
    query = sa.select(variant_tables.c.name).where(variant_tables.c.name.startswith(base, autoescape=True))
    taken = set(connection.execute(query).scalars())
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name
