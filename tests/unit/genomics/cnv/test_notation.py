"""Copy number variants as people write them."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.genomics.cnv.cells import CnvType
from services.genomics.cnv.notation import MAX_TEXT, WrittenCnv, check_place, read_cnv
from services.genomics.genome import GenomeBuild

LOSS, GAIN, B37, B38 = CnvType.LOSS, CnvType.GAIN, GenomeBuild.GRCH37, GenomeBuild.GRCH38
PLACE = (29_580_020, 30_176_508)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chr16:29,580,020-30,176,508", WrittenCnv("16", *PLACE)),
        ("16:29580020..30176508 DEL", WrittenCnv("16", *PLACE, kind=LOSS)),
        ("  chr16 : 29580020 - 30176508   gain ", WrittenCnv("16", *PLACE, kind=GAIN)),
        ("chr16:29580020-30176508x1", WrittenCnv("16", *PLACE, kind=LOSS, copies=1)),
        ("NC_000016.10:29580020-30176508 dup", WrittenCnv("16", *PLACE, kind=GAIN)),
        ("arr[GRCh38] 16p11.2(29580020_30176508)x1", WrittenCnv("16", *PLACE, B38, LOSS, "p11.2", 1)),
        ("arr[hg19] 16p11.2(29,580,020-30,176,508)x3 dn", WrittenCnv("16", *PLACE, B37, GAIN, "p11.2", 3)),
        ("arr GRCh37 16p11.2p11.1 (29580020_30176508) x4", WrittenCnv("16", *PLACE, B37, GAIN, "p11.2p11.1", 4)),
        ("16p11.2(29580020_30176508)x0", WrittenCnv("16", *PLACE, kind=LOSS, band="p11.2", copies=0)),
        ("arr[GRCh38] Xp22.31(6537771_8156913)x0 mat", WrittenCnv("X", 6_537_771, 8_156_913, B38, LOSS, "p22.31", 0)),
        ("arr[GRCh38] Xp22.31(6537771_8156913)x1", WrittenCnv("X", 6_537_771, 8_156_913, B38, None, "p22.31", 1)),
        ("arr[GRCh38] Xq28(153990000_154400000)x2", WrittenCnv("X", 153_990_000, 154_400_000, B38, None, "q28", 2)),
    ],
)  # fmt: skip
def test_coordinates_and_array_nomenclature_are_read(text: str, found: WrittenCnv) -> None:
    assert read_cnv(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "enter the place"), ("chr16", "no place"), ("16:5-4", "comes before the first"), ("16:0-4", "counted from 1"),
        ("16:,-4", "counted from 1"), ("chr77:1-100", "no chromosome"), ("chrM:1-100", "no chromosome"),
        ("arr[GRCh36] 16p11.2(5_9)x1", "not a build"), ("arr[GRCh38] 16p11.2(5_9)x2", "neither a loss nor a gain"),
        ("16:1-100 inversion", "neither loss nor gain"),
        ("arr[GRCh38] 16p11.2(5_9)x1,22q11.21(5_9)x3", "one copy number variant"),
        ("arr[GRCh38] 16p11.2(5_9)x1~2", "mosaic"), ("t(9;22)(q34;q11)", "one copy number variant at a time"),
        ("46,XX,del(5)(p14)", "one copy number variant at a time"), ("der(22)", "only the array form"),
        ("1" * (MAX_TEXT + 1), f"at most {MAX_TEXT}"), ("9" * 60 + ":1-2", "no chromosome"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why_and_how_it_is_written(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_cnv(text)


def test_a_place_is_checked_against_chromosome_and_band_of_the_build() -> None:
    check_place(read_cnv("arr 16p11.2(29580020_30176508)x1"), B38)
    check_place(read_cnv("arr 16p12.1p11.2(29580020_30176508)x1"), B38)
    check_place(read_cnv("arr 16p(29580020_30176508)x1"), B38)
    check_place(read_cnv("16:1-90338345"), B38)
    with pytest.raises(InvalidInputError, match="past its end"):
        check_place(read_cnv("16:1-90338346"), B38)
    with pytest.raises(InvalidInputError, match=r"they lie in 16p11\.2"):
        check_place(read_cnv("arr 16q22.1(29580020_30176508)x1"), B38)
    with pytest.raises(InvalidInputError, match=r"no band p99"):
        check_place(read_cnv("arr 16p99(29580020_30176508)x1"), B38)
    moved = read_cnv("arr 1q21.1(145400000_145800000)x1")
    assert moved.band == "q21.1"
    check_place(moved, B37)
