"""Cytogenetic bands of both builds."""

from __future__ import annotations

import pytest

from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild
from services.knowledge.cytobands import band_of, stretch_of


@pytest.mark.parametrize("build", [GenomeBuild.GRCH37, GenomeBuild.GRCH38])
def test_bands_end_where_the_chromosome_ends(build: GenomeBuild) -> None:
    for chrom in (*map(str, range(1, 23)), "X", "Y"):
        length = CHROMOSOME_LENGTHS[build][chrom]
        assert band_of(build, chrom, length, length) is not None
        assert band_of(build, chrom, length + 1, length + 1) is None, chrom
        whole = band_of(build, chrom, 1, length)
        assert whole is not None
        assert whole.startswith(f"{chrom}p")
        assert "-q" in whole


@pytest.mark.parametrize(
    ("build", "chrom", "start", "end", "band"),
    [
        ("GRCh38", "22", 18_924_718, 21_111_383, "22q11.21"), ("GRCh38", "16", 29_638_676, 30_188_531, "16p11.2"),
        ("GRCh38", "7", 73_330_452, 74_728_172, "7q11.23"), ("GRCh38", "1", 2_300_000, 2_300_001, "1p36.33-p36.32"),
        ("GRCh37", "6", 29_910_247, 29_913_661, "6p22.1"), ("GRCh38", "MT", 1, 100, None), ("GRCh38", "1", 5, 4, None),
    ],
)  # fmt: skip
def test_a_stretch_is_named_by_its_bands(build: str, chrom: str, start: int, end: int, band: str | None) -> None:
    assert band_of(build, chrom, start, end) == band


def test_a_written_band_holds_its_finer_bands_and_no_neighbour() -> None:
    whole, first = stretch_of("GRCh38", "1", "p36"), stretch_of("GRCh38", "1", "p36.33")
    assert first == (1, 2_300_000)
    assert whole is not None
    assert whole[0] == 1
    assert whole[1] > 20_000_000
    assert stretch_of("GRCh38", "16", "p11") != stretch_of("GRCh38", "16", "p11.2")
    assert stretch_of("GRCh38", "1", "pter") == first
    assert stretch_of("GRCh38", "1", "p3") == stretch_of("GRCh38", "1", "p9") is None
    assert stretch_of("GRCh38", "1", "r12") is None
