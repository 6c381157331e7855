"""The demo variants are valid files at real places, the same each time, and agree with the records of their patients."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demo_data.catalogue import load_patients
from demo_data.variants import DemoVariantFile, demo_genomes, write_variants
from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild
from services.knowledge.genes import genes_at
from services.knowledge.known_variants import known_by_rsid
from services.variants.imports import ImportOptions, Status, check_file

RSID = re.compile(r"rs[0-9]+")
STRUCTURAL = {"DEL", "DUP", "INS", "INV", "BND", "CNV"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoVariantFile, ...]:
    return write_variants(tmp_path_factory.mktemp("variants"))


def records(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]


def genotype(path: Path, rsid: str) -> str | None:
    return next((row[9].split(":")[0] for row in records(path) if row[2] == rsid), None)


def file_of(written: tuple[DemoVariantFile, ...], name: str) -> Path:
    return next(one.path for one in written if one.path.name == name)


def test_at_least_three_patients_have_variants_and_one_has_every_kind_of_structural_variant(
    written: tuple[DemoVariantFile, ...],
) -> None:
    assert len({one.patient for one in written}) >= 3
    rows = records(file_of(written, "sarah_mitchell_structural.vcf"))
    assert {match[1] for row in rows if (match := re.search(r"SVTYPE=([A-Z]+)", row[7]))} == STRUCTURAL


def test_every_file_is_taken_without_error_or_warning(written: tuple[DemoVariantFile, ...]) -> None:
    for one in written:
        report = check_file(one.path, ImportOptions(expected_build=GenomeBuild.GRCH38))
        assert report.status is Status.IMPORTED, one.path.name
        assert (report.records_rejected, report.problems.errors, report.problems.warnings) == (0, 0, 0), one.path.name


def test_writing_again_gives_the_same_bytes(written: tuple[DemoVariantFile, ...], tmp_path: Path) -> None:
    again = write_variants(tmp_path)
    assert [one.path.read_bytes() for one in again] == [one.path.read_bytes() for one in written]


def test_every_file_says_that_it_is_invented(written: tuple[DemoVariantFile, ...]) -> None:
    assert all("Invented for the demonstration" in one.notes and "(demo)" in one.title for one in written)


def test_places_lie_on_their_chromosomes_and_small_variants_at_genes(written: tuple[DemoVariantFile, ...]) -> None:
    lengths = CHROMOSOME_LENGTHS[GenomeBuild.GRCH38]
    for one in written:
        for row in records(one.path):
            chrom, pos = row[0].removeprefix("chr"), int(row[1])
            assert 1 <= pos <= lengths[chrom]
            near = genes_at("GRCh38", chrom, pos - 150_000, pos + 150_000)
            assert near or "demo_" in row[2], row[:5]


def test_the_reads_add_up_and_speak_for_the_genotype(written: tuple[DemoVariantFile, ...]) -> None:
    for one in written:
        for row in records(one.path):
            if row[8] != "GT:AD:DP:GQ":
                continue
            called, reads, depth, _ = row[9].split(":")
            counts = [int(count) for count in reads.split(",")]
            assert sum(counts) == int(depth)
            assert len(counts) == 2 + row[4].count(",")
            copies = [int(copy) for copy in re.split(r"[/|]", called)]
            assert (counts[0] == 0) == (0 not in copies)
            assert (counts[1] > 0) == (1 in copies)


def test_a_man_has_one_copy_of_the_x_chromosome(written: tuple[DemoVariantFile, ...]) -> None:
    men = {one.id for one in load_patients() if one.sex == "M"}
    seen = set()
    for one in written:
        for row in records(one.path):
            if row[0] == "chrX" and row[8].startswith("GT:AD"):
                seen.add(one.patient in men)
                assert (re.search(r"[/|]", row[9].split(":")[0]) is None) == (one.patient in men)
    assert seen == {True, False}


def test_thiopurine_genes_agree_with_the_genetics_report(written: tuple[DemoVariantFile, ...]) -> None:
    """Her record says TPMT *1/*3A and NUDT15 *1/*1."""
    path = file_of(written, "sarah_mitchell.vcf")
    assert [genotype(path, rsid) for rsid in ("rs1142345", "rs1800460", "rs1800462", "rs116855232")] == [
        "0|1", "0|1", "0/0", "0/0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rsid", "allele"),
    [("rs4349859", "B*27"), ("rs10484554", "C*06:02"), ("rs2395029", "B*57:01"), ("rs2187668", "DQB1*02:01")],
)
def test_a_tag_of_an_hla_allele_is_carried_by_those_who_were_typed_to_have_it(
    written: tuple[DemoVariantFile, ...], rsid: str, allele: str
) -> None:
    files = {one.patient: one.path for one in written if not one.path.stem.endswith("_structural")}
    tagged = {patient for patient, path in files.items() if genotype(path, rsid) is not None}
    typed = {
        one.id for one in load_patients()
        if one.id in files
        and any(name.startswith(allele) for document in one.documents if document.hla for name in document.hla.alleles)
    }  # fmt: skip
    assert tagged == typed != set()


def test_the_patients_carry_what_the_data_file_names(written: tuple[DemoVariantFile, ...]) -> None:
    for genome in demo_genomes():
        path = file_of(written, f"{genome.patient}.vcf")
        for carried in genome.known:
            if RSID.fullmatch(carried.variant):
                (known,) = known_by_rsid(carried.variant)
                allele = known.places["GRCh38"]
                row = next(row for row in records(path) if row[2] == carried.variant)
                assert (row[0], int(row[1]), row[3], row[4]) == (f"chr{allele.chrom}", allele.pos, allele.ref, allele.alt)
                assert row[9].split(":")[0] == carried.genotype


def test_breakends_name_each_other(written: tuple[DemoVariantFile, ...]) -> None:
    rows = [row for row in records(file_of(written, "sarah_mitchell_structural.vcf")) if "SVTYPE=BND" in row[7]]
    mates = {row[2]: re.search(r"MATEID=([^;]+)", row[7]) for row in rows}
    assert {name: match[1] for name, match in mates.items() if match} == dict(zip(mates, reversed(list(mates)), strict=True))
