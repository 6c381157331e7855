"""The disease-name table is built from ontology exports without names nobody would mean."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path

from services.knowledge.build_disease_names import concepts, upright, usable


def _folder(tmp_path: Path) -> Path:
    mondo = [
        {
            "id": "0000003", "name": "third disease",
            "synonyms": ["thirditis", "the syndrome", "pie", "TD3", "disease, third"],
            "xrefs": [{"namespace": "DOID", "id": "33"}, {"namespace": "MESH", "id": "D0003"}],
        },
        {"id": "0000001", "name": "first disease, non-human animal", "synonyms": ["firstitis"]},
        {"id": "0000002", "name": "lonely disease", "synonyms": []},
        {"id": "0021125", "name": "disease characteristic", "synonyms": ["modifier"]},
        {"id": "0021136", "name": "complete quality", "synonyms": ["complete"], "relations": {"is_a": ["0021125"]}},
    ]
    doid = [{"id": "DOID:33", "name": "tertiary name disorder", "synonyms": ["three name illness"]}]
    (tmp_path / "mondo.json").write_text(json.dumps(mondo), encoding="utf-8")
    (tmp_path / "doid.json").write_text(json.dumps(doid), encoding="utf-8")
    headings = "D0003\tThird Malady\tMalady, Third|Maladies, Third\tC01\t\n"
    (tmp_path / "mesh_id_label_mappings.tsv").write_text(headings, encoding="utf-8")
    (tmp_path / "mesh_supp_id_label_mappings.tsv").write_text("C1\tother\t\tD1\n", encoding="utf-8")
    return tmp_path


def test_names_of_linked_ontologies_join_one_concept(tmp_path: Path) -> None:
    found = {identifier: (name, further) for identifier, name, further in concepts(_folder(tmp_path))}
    name, further = found["MONDO:0000003"]
    assert name == "third disease"
    assert further == ["thirditis", "TD3", "tertiary name disorder", "three name illness", "Third Malady"]


def test_a_generic_or_everyday_word_is_no_name_of_a_disease(tmp_path: Path) -> None:
    names = {name for _, _, further in concepts(_folder(tmp_path)) for name in further}
    assert not names & {"the syndrome", "pie", "firstitis"}


def test_animal_diseases_and_mere_qualities_are_left_out_and_order_is_fixed(tmp_path: Path) -> None:
    identifiers = [identifier for identifier, _, _ in concepts(_folder(tmp_path))]
    assert identifiers == ["MONDO:0000002", "MONDO:0000003"]


def test_inverted_headings_are_turned_round_but_subtypes_are_not() -> None:
    assert upright("pemphigus, benign familial") == "benign familial pemphigus"
    assert upright("glycogen storage disease, type 2") == "glycogen storage disease, type 2"
    assert upright("cataract, deafness, and ataxia") == "cataract, deafness, and ataxia"


def test_machine_made_and_generic_names_are_refused() -> None:
    assert not usable("obsolete measles", "measles")
    assert not usable("short stature caused by mutation in XYZ", "short stature")
    assert not usable("hereditary disease", "x")
    assert usable("gout", "gout")
    assert usable("TD3", "third disease")
    assert not usable("TD", "third disease")
    assert not usable("settle", "thyroid gland spindle cell tumor")


def test_the_committed_table_holds_tens_of_thousands_of_names_in_three_columns() -> None:
    packed = resources.files("services.knowledge").joinpath("data", "disease_names.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    assert len(lines) > 20_000
    assert all(line.count("\t") == 2 and line.startswith("MONDO:") for line in lines)
