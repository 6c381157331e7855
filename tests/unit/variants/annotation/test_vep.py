"""VEP beside our own prediction: off unless turned on; what is sent; every way in which a service or a program may fail."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.errors import ConfigurationError, InvalidInputError
from services.genomics.genome import GenomeBuild
from services.network.asking import Service
from services.network.remote import Network
from services.settings import Settings
from services.variants.annotation.model import OWN_PARTS, AnnotationOutcome, AnnotationRequest, Part
from services.variants.annotation.rows import TableRows, database
from services.variants.annotation.service import annotate
from services.variants.annotation.vep.layer import KEPT_ANSWERS, vep_layers
from services.variants.annotation.vep.service import BATCH
from services.variants.annotation.vep.source import Patience, VepSource, vep_sources
from services.variants.annotation.writing import put_in_place
from services.variants.classification.row_facts import OWN, facts_of
from services.variants.manifest import read_manifest
from services.variants.vcf.importing import StoppedError
from tests.unit.variants.annotation.packs import Shelf, reasons, snv, table
from tests.vep_servers import VepServer, serving_vep, vep_program

BUILD = GenomeBuild.GRCH38
PATIENCE = Patience(silence_seconds=2.0, pauses=(0.01, 0.01), longest_pause=5.0, most_refused=3)
LINES = (snv(500), snv(600), snv(700), "chr2 60 . C <DEL> 99 PASS END=500 GT 0/1", "chr1 800 . A G,T 50 PASS . GT 1/2")


def service_source(url: str, most: int = 10_000) -> VepSource:
    source = vep_sources(Settings(vep_url=url, vep_allow_private=True, vep_max_variants=most))[BUILD]
    return replace(source, patience=PATIENCE)


def run(
    folder: Path, source: VepSource | None, parts: frozenset[Part] = frozenset({Part.VEP}), shelf: Shelf | None = None
) -> tuple[list[dict[str, Any]], AnnotationOutcome]:
    scratch = folder.parent / f"scratch{len(list(folder.parent.glob('scratch*')))}"
    request = AnnotationRequest(folder, BUILD, shelf.packs if shelf else {}, parts, source)
    outcome = annotate(request, scratch, lambda _share, _message: None, lambda: False)
    put_in_place(folder, outcome.folder)
    rows: list[dict[str, Any]] = pq.read_table(folder / "variants.parquet").to_pylist()
    return rows, outcome


# Off by default


def test_without_a_setting_there_is_no_vep_and_an_annotation_asks_nobody(tmp_path: Path) -> None:
    assert vep_sources(Settings()) == {}
    with serving_vep() as server:
        run(table(tmp_path, *LINES), service_source(server.url), OWN_PARTS)
        assert server.questions == [], "a table is annotated without VEP unless VEP is asked for"
        _, outcome = run(table(tmp_path, *LINES), None)
    assert server.questions == []
    assert reasons(outcome) == {"VEP": "VEP is not turned on for GRCh38"}


@pytest.mark.parametrize(
    "url", ["http://rest.ensembl.org", "https://localhost", "https://10.0.0.7", "https://me:secret@rest.ensembl.org", "https://a.org/?x"]
)
def test_an_address_inside_the_network_is_refused_unless_the_settings_say_otherwise(url: str) -> None:
    with pytest.raises(ConfigurationError, match="AUTO_VEP_URL") as error:
        vep_sources(Settings(vep_url=url))
    assert "secret" not in error.value.message


def test_a_public_name_that_leads_inside_is_refused_when_it_is_asked() -> None:
    dialled: list[str] = []

    def dial(address: str) -> Any:
        dialled.append(address)
        raise OSError

    service = Service.at("https://rest.ensembl.org", network=Network(look_up=lambda _: ["127.0.0.1"], dial=dial))
    with pytest.raises(InvalidInputError, match="not a public server"):
        service.ask("/info/software", limit_bytes=1_000, silence_seconds=2.0, should_stop=lambda: False)
    assert dialled == []


def test_the_statement_names_the_host_and_what_is_sent() -> None:
    source = vep_sources(Settings(vep_url="https://rest.ensembl.org", vep_url_grch37="https://grch37.rest.ensembl.org"))
    assert source[GenomeBuild.GRCH37].place == "grch37.rest.ensembl.org"
    said = source[BUILD].statement
    wanted = ("sent to rest.ensembl.org, encrypted", "position and alleles", "at most 10,000", "genotypes", "patient and sample")
    assert [part for part in wanted if part not in said] == []
    assert "NOT encrypted" in service_source("http://vep.lan:3000").statement


# The service


def test_a_service_gets_places_and_alleles_only_and_its_answers_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    folder = table(tmp_path, *LINES)
    with serving_vep() as server:
        rows, outcome = run(folder, service_source(server.url))
    asked = [text for batch in server.batches for text in batch]
    assert sorted(asked) == sorted(
        f"{row['chrom'].removeprefix('chr')} {row['pos']} . {row['ref']} {row['alt']} . . ." for row in rows if row["pos"] != 60
    )
    sent = b"".join(body for _, _, body in server.questions) + json.dumps([head for _, head, _ in server.questions]).encode()
    assert not any(word in sent for word in (b"S1", b"0/1", b"PASS", b"row", str(folder).encode()))
    first = next(row for row in rows if row["pos"] == 500)
    assert (first["vep_gene"], first["vep_consequence"], first["vep_impact"], first["vep_transcript"]) == (
        "GENE1", "missense_variant&splice_region_variant", "MODERATE", "ENST1"
    )  # fmt: skip
    assert (first["vep_hgvs_c"], first["vep_hgvs_p"]) == (f"ENST1.2:c.500{first['ref']}>{first['alt']}", "ENSP1.2:p.Ala2=")
    assert first["vep_note"] is None
    structural = next(row for row in rows if row["pos"] == 60)
    assert (structural["vep_gene"], structural["vep_note"]) == (None, "not asked: no small variant on a chromosome")
    stamp = f"VEP 116 (GRCh38), service {server.url.removeprefix('http://')}"
    assert outcome.summary()["packs"] == [stamp]
    entries = [one for one in read_manifest(folder)["columns"] if one["name"].startswith("vep_")]
    assert {one["stamp"] for one in entries} == {stamp}
    assert all(stamp in one["description"] for one in entries)
    assert not (folder / KEPT_ANSWERS).exists()
    facts = facts_of(first)
    assert (facts.hgvs_coding, facts.transcript, facts.origin) == (first["vep_hgvs_c"], "ENST1", OWN)


def test_batches_hold_at_most_200_variants_and_the_same_variant_is_asked_for_once(tmp_path: Path) -> None:
    lines = [f"chr1 {pos} . A G 50 PASS . GT 0/1" for pos in range(1, 2 * BATCH + 50)]
    folder = table(tmp_path, *lines, lines[0], lines[0])
    with serving_vep() as server:
        rows, _ = run(folder, service_source(server.url))
    assert [len(batch) for batch in server.batches] == [200, 200, 49]
    assert all(row["vep_gene"] == "GENE1" for row in rows)


def test_a_table_with_too_many_variants_is_not_sent_and_everything_else_is_annotated(tmp_path: Path) -> None:
    folder = table(tmp_path, *LINES)
    with serving_vep() as server:
        rows, outcome = run(folder, service_source(server.url, most=4), frozenset({Part.SMALL, Part.VEP}))
    assert server.questions == []
    assert "has 5 small variants, at most 4 are annotated by VEP in one run" in reasons(outcome)["VEP"]
    assert "known_variant" in rows[0]
    assert "vep_gene" not in rows[0]


def test_a_service_that_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    with serving_vep() as server:
        server.answers = [(429, {"Retry-After": "0.05"}), (503, {}), (200, {})]
        rows, _ = run(table(tmp_path, *LINES), service_source(server.url))
        assert len(server.batches) == 3
        server.answers = [(429, {"Retry-After": "4000"})]
        _, outcome = run(table(tmp_path, *LINES), service_source(server.url))
    assert rows[0]["vep_gene"] == "GENE1"
    assert "asks to be left alone for 67 minutes" in reasons(outcome)["VEP"]


@pytest.mark.parametrize(
    ("answers", "body", "why"),
    [
        ([(500, {})] * 3, None, "answers 500, asked 3 times"), ([(403, {})], None, "refuses to annotate (403)"),
        ([(302, {"Location": "https://other.example.org/"})], None, "what is sent goes to no other server"),
        ([], b"<html>", "does not answer with JSON"), ([], b'{"a": 1}', "something else than a list"),
        ([], b"[]", "has no answer for any of 5 variants"),
        ([], b'[{"input": "1 500 . A C", "assembly_name": "GRCh37"}, 7, {"input": 5}]', "has no answer for any"),
    ],
)  # fmt: skip
def test_a_service_that_fails_costs_its_own_columns_only(
    tmp_path: Path, answers: list[tuple[int, dict[str, str]]], body: bytes | None, why: str
) -> None:
    folder = table(tmp_path, *LINES)
    with serving_vep() as server:
        server.answers, server.body = list(answers), body
        rows, outcome = run(folder, service_source(server.url), frozenset({Part.SMALL, Part.VEP}))
    assert why in reasons(outcome)["VEP"]
    assert "vep_gene" not in rows[0]
    assert "known_variant" in rows[0]


def test_a_service_of_another_build_or_kind_is_sent_nothing(tmp_path: Path) -> None:
    folder = table(tmp_path, *LINES)
    with serving_vep() as server:
        server.assembly = "GRCh37"
        _, outcome = run(folder, service_source(server.url))
        assert "is of GRCh37.p14, the table of GRCh38: nothing was sent" in reasons(outcome)["VEP"]
        server.assembly, server.release = "GRCh38", None
        _, outcome = run(folder, service_source(server.url))
        assert "does not name its release" in reasons(outcome)["VEP"]
        _, outcome = run(folder, service_source(f"{server.url}/elsewhere"))
        assert "answers 404" in reasons(outcome)["VEP"]
        assert server.batches == []
    _, outcome = run(folder, service_source(server.url))
    assert "does not answer" in reasons(outcome)["VEP"], "nobody listens there any more"


def test_a_silent_service_is_given_up(tmp_path: Path) -> None:
    with serving_vep() as server:
        server.pause = 1.5
        source = replace(service_source(server.url), patience=Patience(silence_seconds=0.3, pauses=()))
        _, outcome = run(table(tmp_path, *LINES), source)
    assert "asked 1 times" in reasons(outcome)["VEP"]


def test_variants_of_which_a_service_says_nothing_or_which_it_refuses_say_so(tmp_path: Path) -> None:
    with serving_vep() as server:
        server.leaves_out, server.refuses = {600}, {700}
        rows, outcome = run(table(tmp_path, *LINES), service_source(server.url))
        notes = {row["pos"]: (row["vep_gene"], row["vep_note"]) for row in rows}
        assert notes[500] == ("GENE1", None)
        assert notes[600] == (None, "VEP gave no answer for this variant")
        assert notes[700] == (None, "refused by the service: Cannot use this allele")
        assert reasons(outcome) == {}
        server.refuses = {500, 600, 700, 800}
        _, outcome = run(table(tmp_path, *LINES), service_source(server.url))
    assert "refused more than 3 variants" in reasons(outcome)["VEP"]


def test_a_broken_run_goes_on_where_it_ended_and_another_release_begins_anew(tmp_path: Path) -> None:
    lines = [f"chr1 {pos} . A G 50 PASS . GT 0/1" for pos in range(1, 2 * BATCH + 50)]
    folder = table(tmp_path, *lines)
    with serving_vep() as server:
        server.answers = [(200, {}), *[(500, {})] * 3]
        rows, outcome = run(folder, service_source(server.url))
        assert "what it has answered is kept, annotate again to go on" in reasons(outcome)["VEP"]
        assert "vep_gene" not in rows[0], "half of an answer is none"
        with (folder / KEPT_ANSWERS).open("a") as file:
            file.write('{"asked": ["1 3 . A G . . ."], "entr')  # a line that was cut off by the end of the process
        server.questions.clear()
        rows, _ = run(folder, service_source(server.url))
        assert [len(batch) for batch in server.batches] == [200, 49]
        assert {row["vep_gene"] for row in rows} == {"GENE1"}
        server.answers = [(200, {}), *[(500, {})] * 3]
        run(folder, service_source(server.url))
        server.questions.clear()
        server.release = 117
        run(folder, service_source(server.url))
        assert [len(batch) for batch in server.batches] == [200, 200, 49]


def test_a_run_that_is_stopped_asks_no_further_batch_and_keeps_what_it_has(tmp_path: Path) -> None:
    folder = table(tmp_path, *(f"chr1 {pos} . A G 50 PASS . GT 0/1" for pos in range(1, 2 * BATCH + 50)))
    stop = threading.Event()
    with serving_vep() as server, database(tmp_path) as connection:
        server.on_batch = stop.set
        request = AnnotationRequest(folder, BUILD, {}, frozenset({Part.VEP}), service_source(server.url))
        rows = TableRows(request, connection)
        (tmp_path / "work").mkdir()
        with pytest.raises(StoppedError):
            vep_layers(request, rows, connection, tmp_path / "work", lambda *_: None, stop.is_set)
        assert len(server.batches) == 1
    assert list((tmp_path / "work").iterdir()) == []


def test_an_annotation_without_vep_leaves_the_columns_of_an_earlier_run(tmp_path: Path) -> None:
    folder = table(tmp_path, *LINES)
    with serving_vep() as server:
        run(folder, service_source(server.url))
    rows, _ = run(folder, None, OWN_PARTS)
    assert rows[0]["vep_gene"] == "GENE1"
    assert any(stamp.startswith("VEP 116") for stamp in read_manifest(folder)["annotation"]["packs"])


def test_an_answer_cannot_break_out_of_its_column(tmp_path: Path) -> None:
    evil = {"transcript_id": "E,1|x;y=z\t\n\x00 é", "consequence_terms": ["a|b", 7, None], "gene_symbol": ["x"], "impact": "HIGH"}
    with serving_vep() as server:
        folder = table(tmp_path, snv(500))
        text = "1 500 . {} {} . . .".format(*(snv(500).split()[at] for at in (3, 4)))
        unasked = "1 999 . A C . . ."
        answers = [{"input": one, "transcript_consequences": [evil, 3]} for one in (text, unasked)]
        server.body = json.dumps(answers).encode()
        rows, _ = run(folder, service_source(server.url))
    assert (rows[0]["vep_transcript"], rows[0]["vep_impact"]) == ("E&1&x;y=z_", "HIGH")
    assert rows[0]["vep_note"] is None


# The program


def program_source(path: Path, cache: Path | None = None) -> VepSource:
    return vep_sources(Settings(vep_program=path, vep_cache_dir=cache, vep_url="https://rest.ensembl.org"))[BUILD]


def test_the_program_is_run_offline_with_its_cache_and_its_csq_is_read_as_any_csq(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packs")
    shelf.sequence()
    cache = tmp_path / "a cache; echo"
    cache.mkdir()
    program = vep_program(tmp_path, skipped=600)
    source = program_source(program.path, cache)
    assert source.place == "this machine"
    assert "Nothing leaves the machine" in source.statement
    rows, outcome = run(table(tmp_path, *LINES[:4]), source, shelf=shelf)
    by_pos = {row["pos"]: row for row in rows}
    assert (by_pos[500]["vep_consequence"], by_pos[500]["vep_transcript"], by_pos[500]["vep_hgvs_p"]) == (
        "missense_variant&splice_region_variant", "ENST1", "ENSP1.2:p.Ala2="
    )  # fmt: skip
    assert by_pos[600]["vep_note"] == "VEP gave no answer for this variant"
    assert outcome.summary()["packs"] == ["VEP 116, cache 116 (GRCh38), program on this machine"]
    called = program.call
    arguments = called["arguments"]
    assert arguments[:2] == ["--offline", "--cache"]
    for name, value in (("--assembly", "GRCh38"), ("--dir_cache", str(cache)), ("--format", "vcf")):
        assert arguments[arguments.index(name) + 1] == value
    assert {"--vcf", "--no_stats", "--hgvs", "--fasta"} <= set(arguments)
    assert not [name for name in called["environment"] if name.startswith(("AUTO_", "ANTHROPIC"))]


def test_without_a_sequence_the_program_is_not_asked_for_hgvs(tmp_path: Path) -> None:
    program = vep_program(tmp_path, has_cache=False)
    rows, _ = run(table(tmp_path, snv(500)), program_source(program.path))
    assert "--hgvs" not in program.call["arguments"]
    assert rows[0]["vep_gene"] == "GENE1"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"fails": "Cache directory /var/lib/x/.vep/homo_sapiens/116_GRCh38 not found"}, "ended with code 2: "),
        ({"build": "GRCh37"}, "the cache that vep used is of GRCh37, the table of GRCh38"),
    ],
)
def test_a_program_that_fails_costs_its_own_columns_only(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    program = vep_program(tmp_path, has_cache=False, **options)
    rows, outcome = run(table(tmp_path, snv(500)), program_source(program.path), frozenset({Part.SMALL, Part.VEP}))
    assert why in reasons(outcome)["VEP"]
    assert "/var/lib/x" not in reasons(outcome)["VEP"]
    assert "vep_gene" not in rows[0]
    assert "known_variant" in rows[0]


def test_settings_that_name_nothing_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AUTO_VEP_PROGRAM names no file"):
        vep_sources(Settings(vep_program=tmp_path / "vep"))
    program = vep_program(tmp_path)
    with pytest.raises(ConfigurationError, match="AUTO_VEP_CACHE_DIR names no folder"):
        vep_sources(Settings(vep_program=program.path, vep_cache_dir=tmp_path / "cache"))


def test_the_source_of_a_job_comes_back_as_it_was() -> None:
    source = service_source("http://vep.lan:3000/rest")
    assert VepSource.from_dict(json.loads(json.dumps(source.as_dict()))) == source
    assert VepServer().batches == []
