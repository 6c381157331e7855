"""Builds and chromosomes are recognised by what files really say."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from services.genomics.genome import (
    CHROMOSOME_LENGTHS,
    GenomeBuild,
    beyond_chromosome_end,
    build_from_lengths,
    build_named_in,
    canonical_chromosome,
    chromosome_rank,
    refseq_chromosome,
)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("chr1", "1"),
        ("1", "1"),
        ("CHRX", "X"),
        ("chrM", "MT"),
        ("M", "MT"),
        ("MT", "MT"),
        ("NC_000017.11", "17"),
        ("NC_012920.1", "MT"),
    ],
)
def test_every_common_name_of_a_chromosome_means_the_same(name: str, canonical: str) -> None:
    assert canonical_chromosome(name) == canonical


@pytest.mark.parametrize("name", ["chr1_KI270706v1_random", "GL000192.1", "23", "HLA-A*01:01", "", "chr"])
def test_other_contigs_are_not_taken_for_chromosomes(name: str) -> None:
    assert canonical_chromosome(name) is None
    assert chromosome_rank(name) == 25


def test_an_accession_tells_the_build_by_its_version() -> None:
    assert refseq_chromosome("NC_000017.10") == ("17", GenomeBuild.GRCH37)
    assert refseq_chromosome("NC_000017.11") == ("17", GenomeBuild.GRCH38)
    assert refseq_chromosome("NC_000017.99") is None
    assert refseq_chromosome("NC_000099.1") is None
    assert refseq_chromosome("NM_007294.4") is None


def test_no_two_builds_share_the_length_of_a_chromosome() -> None:
    first, second = CHROMOSOME_LENGTHS.values()
    assert first.keys() == second.keys()
    assert all(first[name] != second[name] for name in first)


def test_the_build_is_recognised_by_one_contig_length() -> None:
    evidence = build_from_lengths({"chr20": 64_444_167, "chrUn_x": 5})
    assert evidence is not None
    assert evidence.build is GenomeBuild.GRCH38
    assert "64,444,167" in evidence.statement


def test_lengths_of_two_builds_name_none() -> None:
    assert build_from_lengths({"1": 249_250_621, "2": 242_193_529}) is None
    assert build_from_lengths({"1": 1_000}) is None


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("file:///ref/human_g1k_v37.fasta", GenomeBuild.GRCH37),
        ("GRCh38.p13", GenomeBuild.GRCH38),
        ("/data/hg19/ucsc.hg19.fasta", GenomeBuild.GRCH37),
        ("Homo_sapiens_assembly38", None),
        ("lifted from hg19 to hg38", None),
        ("GRCh371", None),
    ],
)
def test_a_build_is_named_only_where_exactly_one_is(text: str, build: GenomeBuild | None) -> None:
    assert build_named_in(text) is build


def test_a_position_past_the_end_is_noticed_only_where_the_length_is_known() -> None:
    assert beyond_chromosome_end(GenomeBuild.GRCH38, "chr21", 46_709_984)
    assert not beyond_chromosome_end(GenomeBuild.GRCH37, "21", 46_709_984)
    assert not beyond_chromosome_end(GenomeBuild.GRCH38, "MT", 99_999)


@pytest.mark.shared_data
@pytest.mark.parametrize(("file", "build"), [("hg19", GenomeBuild.GRCH37), ("hg38", GenomeBuild.GRCH38)])
def test_our_lengths_are_those_of_the_public_band_tables(shared: Path, file: str, build: GenomeBuild) -> None:
    ends: dict[str, int] = {}
    with gzip.open(shared / "data" / "reference" / f"cytoBand_{file}.txt.gz", "rt") as handle:
        for line in handle:
            chrom, _, end, *_ = line.split("\t")
            ends[chrom] = max(ends.get(chrom, 0), int(end))
    known = {canonical_chromosome(name): end for name, end in ends.items()}
    assert {name: known[name] for name in CHROMOSOME_LENGTHS[build]} == dict(CHROMOSOME_LENGTHS[build])
