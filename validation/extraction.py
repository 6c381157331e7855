"""Measures the extraction of facts against the demo records: `python -m validation.extraction DIR`.

DIR holds the demo PDFs as `render_all` writes them (`DIR/<patient_id>/<document id>.pdf`); where it is missing or empty they
are rendered into it. Each document is read from its PDF and its facts are compared with the facts its source states.

A stated fact is found when an extracted one of that document agrees in name, value, unit and date (labs), name, value or titer,
outcome and date (antibodies), alleles (HLA), drug, status and dates (medications), name, status and date (diagnoses). An
extracted fact is right when it agrees with one of its document; or when it came from running text and repeats what another
document of that patient states, with that date or none of its own. Everything else counts as wrong, although notes also
state true facts in prose that no source lists. Prints misses and wrong facts to stderr, a table, and as its last line one JSON
object.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from demo_data.catalogue import load_patients
from demo_data.render import render_all
from demo_data.schema import DemoDocument, DemoPatient
from services.clinical.hla import parse_typing
from services.clinical.labs import normalise_unit
from services.clinical.titers import parse_outcome
from services.evidence.documents.describing import describe
from services.evidence.documents.reading import DocumentReader
from services.evidence.extraction import (
    ActivityContent,
    AntibodyContent,
    DateBasis,
    DiagnosisContent,
    Fact,
    HlaContent,
    ImagingContent,
    LabContent,
    MedicationContent,
    Precision,
    ProcedureContent,
    extract,
)
from services.evidence.extraction.lexicon import subject_of
from services.evidence.extraction.medications import drugs_in
from services.evidence.extraction.words import key_of

KINDS = ("labs", "antibodies", "hla", "medications", "diagnoses", "procedures", "imaging", "activity")
SHOWN_PER_KIND = 12


@dataclass(frozen=True, slots=True)
class Item:
    """A fact reduced to what is compared: what it is about, what it says, and its date. `loose`: read from running text."""

    about: str
    says: str
    day: date | None
    shown: str
    loose: bool = False
    precision: Precision = Precision.DAY


@dataclass
class Tally:
    """Counts of one kind: stated facts, how many were found, extracted facts, how many were right."""

    stated: int = 0
    found: int = 0
    extracted: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.extracted if self.extracted else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.stated if self.stated else 1.0

    def figures(self) -> dict[str, float]:
        return {"precision": round(self.precision, 4), "recall": round(self.recall, 4), "n": self.stated}


def main(arguments: Sequence[str]) -> int:
    """Run over the folder named in `arguments`; 0 when done, 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m validation.extraction DIR", file=sys.stderr)
        return 2
    tallies = measure(Path(arguments[0]))
    for kind, tally in tallies.items():
        for label, lines in (("missed", tally.missed), ("wrong", tally.wrong)):
            for line in lines[:SHOWN_PER_KIND]:
                print(f"{kind} {label}: {line}", file=sys.stderr)
    print(f"{'kind':12} {'stated':>7} {'found':>7} {'extracted':>10} {'right':>7} {'precision':>10} {'recall':>7}")
    for kind, tally in tallies.items():
        print(
            f"{kind:12} {tally.stated:7} {tally.found:7} {tally.extracted:10} {tally.right:7} {tally.precision:10.3f} "
            f"{tally.recall:7.3f}"
        )
    print(json.dumps({kind: tally.figures() for kind, tally in tallies.items()}))
    return 0


def measure(directory: Path) -> dict[str, Tally]:
    """Read every demo document below `directory` and compare; the folder is filled first where it holds no PDF."""
    if not directory.is_dir() or next(directory.glob("*/*.pdf"), None) is None:
        render_all(directory)
    tallies = {kind: Tally() for kind in KINDS}
    with DocumentReader() as reader:
        for patient in load_patients():
            extracted = {document.id: _facts(reader, directory, patient, document) for document in patient.documents}
            compare(patient, extracted, tallies)
    return tallies


def _facts(reader: DocumentReader, directory: Path, patient: DemoPatient, document: DemoDocument) -> tuple[Fact, ...]:
    path = directory / patient.id / f"{document.id}.pdf"
    parsed = reader.read(path)
    return extract(parsed, describe(parsed, file_name=path.name))


def compare(patient: DemoPatient, extracted: Mapping[str, Sequence[Fact]], tallies: Mapping[str, Tally]) -> None:
    """Add the comparison of one patient's documents to `tallies`."""
    stated = {document.id: _stated(document) for document in patient.documents}
    for kind in KINDS:
        everywhere: dict[str, list[Item]] = defaultdict(list)
        for items in stated.values():
            for item in items[kind]:
                everywhere[item.about].append(item)
        for document in patient.documents:
            where = f"{patient.id} {document.id}"
            own = list(stated[document.id][kind])
            seen = list(_items(extracted[document.id], kind))
            _count(tallies[kind], own, seen, everywhere, where)


def _count(tally: Tally, own: list[Item], seen: list[Item], everywhere: Mapping[str, list[Item]], where: str) -> None:
    left = list(own)
    tally.stated += len(own)
    for item in sorted(seen, key=lambda one: one.loose):
        tally.extracted += 1
        match = next((one for one in left if _agree(one, item)), None)
        if match is not None:
            left.remove(match)
            tally.found += 1
            tally.right += 1
        elif any(_agree(one, item) for one in own) or (item.loose and _is_repeated(item, everywhere[item.about])):
            tally.right += 1
        else:
            tally.wrong.append(f"{where}: {item.shown}")
    tally.missed += [f"{where}: {item.shown}" for item in left]


def _is_repeated(item: Item, stated: Iterable[Item]) -> bool:
    return any(_agree(one, item) or (item.day is None and _same(one.says, item.says)) for one in stated)


def _agree(stated: Item, seen: Item) -> bool:
    if stated.about != seen.about or not _same(stated.says, seen.says):
        return False
    return stated.day is None or (seen.day is not None and _cut(stated.day, seen.precision) == _cut(seen.day, seen.precision))


def _cut(day: date, precision: Precision) -> tuple[int, ...]:
    """A date as far as it was written."""
    return (day.year, day.month, day.day)[: {Precision.YEAR: 1, Precision.MONTH: 2, Precision.DAY: 3}[precision]]


def _same(stated: str, seen: str) -> bool:
    if stated == seen:
        return True
    if "|" in stated:
        return _same_antibody(stated, seen)
    # running text may leave the unit out; it may not state another one
    left, _, unit = stated.partition(" ")
    right, _, other = seen.partition(" ")
    return left == right and other == "" and unit != "" and any(char.isdigit() for char in right)


def _same_antibody(stated: str, seen: str) -> bool:
    """Running text gives a number without saying what it means, or its meaning without the number; neither contradicts."""
    number, _, rest = stated.partition("|")
    other, _, said = seen.partition("|")
    outcome, _, unit = rest.partition(" ")
    read, _, spelled = said.partition(" ")
    same_unit = unit == spelled or not spelled
    return same_unit and ((number == other and read in (outcome, "unknown")) or (other == "word" and read == outcome))


def _about(name: str, unit: str | None) -> str:
    subject = subject_of(name, unit)
    return subject.key if subject is not None and subject.key else key_of(name)


def _quantity(value: float | None, comparator: str | None, text: str | None, unit: str | None) -> str:
    if value is None:
        said = parse_outcome(text or "")
        return said.value if said is not None else key_of(text or "")
    spelled = (normalise_unit(unit) or unit or "") if unit else ""
    return f"{comparator or ''}{value:g} {spelled}".strip()


def _stated(document: DemoDocument) -> dict[str, list[Item]]:
    labs = [
        Item(
            _about(r.test, r.unit), _quantity(r.value, r.comparator, r.text, r.unit), panel.specimen_date,
            f"{r.test} {r.shown} {r.unit or ''} {panel.specimen_date}",
        )
        for panel in document.labs for r in panel.results
    ]
    antibodies = [
        Item(
            _about(a.name, None),
            _antibody_says(a.titer or (a.shown if ":" in a.shown else None), a.value, a.comparator, a.positive, a.unit),
            a.specimen_date, f"{a.name} {a.shown} {'positive' if a.positive else 'negative'} {a.specimen_date}",
        )
        for a in document.antibodies
    ]
    hla = [
        Item(allele.partition("*")[0], _allele(allele), None, allele) for allele in (document.hla.alleles if document.hla else ())
    ]
    medications = [
        Item(_drug(m.name), m.status.value, (m.stop if m.status in ("stopped", "past") else m.start) or document.date,
             f"{m.name} {m.status.value} {m.start} {m.stop}")
        for m in document.medications
    ]
    diagnoses = [
        Item(key_of(d.name), d.status, d.date, f"{d.name} {d.status} {d.date}") for d in document.diagnoses
    ]
    procedures = [Item(key_of(p.name), "", p.date, f"{p.name} {p.date}") for p in document.procedures]
    imaging = [
        Item(key_of(i.modality), key_of(i.region), document.date, f"{i.modality}, {i.region} {document.date}")
        for i in document.imaging
    ]
    activity = [Item(a.instrument, f"{a.value:g}", document.date, f"{a.instrument} {a.value:g}") for a in document.activity]
    return dict(zip(KINDS, (labs, antibodies, hla, medications, diagnoses, procedures, imaging, activity), strict=True))


def _antibody_says(
    titer: str | None, value: float | None, comparator: str | None, positive: bool, unit: str | None
) -> str:
    number = titer or (f"{comparator or ''}{value:g}" if value is not None else "word")
    spelled = (normalise_unit(unit) or unit or "") if unit and value is not None and titer is None else ""
    return f"{number}|{'positive' if positive else 'negative'} {spelled}".strip()


def _allele(written: str) -> str:
    typing = parse_typing(written)
    return str(typing.alleles[0]) if typing.alleles else written


def _drug(name: str) -> str:
    found = drugs_in(name)
    return "+".join(found) if found else key_of(name.split()[0])


def _items(facts: Iterable[Fact], kind: str) -> Iterator[Item]:
    for fact in facts:
        content = fact.content
        loose = fact.basis in (DateBasis.DOCUMENT, DateBasis.NONE, DateBasis.STATED)
        said: tuple[str, str] | None = None
        day = fact.effective
        if kind == "labs" and isinstance(content, LabContent):
            said = content.subject, _quantity(content.value, content.comparator, content.text, content.unit)
            day = _dated(fact, loose)
        elif kind == "antibodies" and isinstance(content, AntibodyContent):
            said = content.subject, _seen_antibody(content)
            day = _dated(fact, loose)
        elif kind == "hla" and isinstance(content, HlaContent) and content.present:
            for allele in content.alleles:
                yield Item(content.locus, _allele(allele), None, f"{allele} {fact.quote[:140]!r}", loose)
        elif kind == "medications" and isinstance(content, MedicationContent):
            said, loose = (_drug(content.name), content.status.value), not content.from_list
        elif kind == "diagnoses" and isinstance(content, DiagnosisContent):
            said, loose = (key_of(content.name), content.status.value), not content.from_list
        elif kind == "procedures" and isinstance(content, ProcedureContent):
            said, loose = (key_of(content.name), ""), False
        elif kind == "imaging" and isinstance(content, ImagingContent):
            said, loose = (key_of(content.modality), key_of(content.region)), False
        elif kind == "activity" and isinstance(content, ActivityContent):
            said = content.instrument, f"{content.value:g}"
        if said is not None:
            shown = f"{said[0]} {said[1]} [{fact.basis.name} {fact.effective}] {fact.quote[:140]!r}"
            yield Item(said[0], said[1], day, shown, loose, fact.precision)


def _dated(fact: Fact, loose: bool) -> date | None:
    """A table without its own collection date is dated by the document; running text so dated claims no day."""
    claims_none = loose and fact.basis in (DateBasis.DOCUMENT, DateBasis.NONE)
    return None if claims_none else fact.effective


def _seen_antibody(content: AntibodyContent) -> str:
    outcome = content.outcome.value
    number = content.titer or (f"{content.comparator or ''}{content.value:g}" if content.value is not None else "word")
    spelled = (normalise_unit(content.unit) or content.unit or "") if content.unit and content.value is not None else ""
    return f"{number}|{outcome} {spelled}".strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
