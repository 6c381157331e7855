"""Structural variants as their callers write them: kind, stretch, copies, exactness, support, and one event for two breakends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import Part
from tests.unit.variants.annotation.packs import annotated, table

_COMMON = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr2,length=242193529>
##contig=<ID=chr22,length=50818468>
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="Imprecise">
##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Around POS">
##INFO=<ID=CIEND,Number=2,Type=Integer,Description="Around END">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
"""


def _declared(*fields: str) -> str:
    """Return header lines from `INFO/NAME/Number/Type`."""
    parts = [one.split("/") for one in fields]
    return "".join(f'##{kind}=<ID={name},Number={number},Type={type_},Description="x">\n' for kind, name, number, type_ in parts)


HEADERS = {
    "manta": _declared("INFO/SVLEN/./Integer", "INFO/MATEID/./String", "INFO/BND_DEPTH/1/Integer",
                       "INFO/LEFT_SVINSSEQ/./String", "INFO/RIGHT_SVINSSEQ/./String",
                       "FORMAT/PR/./Integer", "FORMAT/SR/./Integer"),
    "delly": _declared("INFO/PRECISE/0/Flag", "INFO/CHR2/1/String", "INFO/POS2/1/Integer", "INFO/PE/1/Integer",
                       "INFO/SR/1/Integer", "INFO/CT/1/String", "INFO/SVMETHOD/1/String", "INFO/INSLEN/1/Integer",
                       "FORMAT/RDCN/1/Integer",
                       "FORMAT/DR/1/Integer", "FORMAT/DV/1/Integer", "FORMAT/RR/1/Integer", "FORMAT/RV/1/Integer"),
    "lumpy": _declared("INFO/SVLEN/./Integer", "INFO/STRANDS/./String", "INFO/MATEID/./String", "INFO/EVENT/1/String",
                       "INFO/SU/./Integer", "INFO/PE/./Integer", "INFO/SR/./Integer", "FORMAT/SU/1/Integer",
                       "FORMAT/PE/1/Integer", "FORMAT/SR/1/Integer"),
    "gridss": _declared("INFO/PARID/1/String", "INFO/EVENT/1/String", "INFO/SR/1/Integer", "INFO/RP/1/Integer",
                        "INFO/HOMLEN/./Integer", "FORMAT/VF/1/Integer"),
    "sniffles": _declared("INFO/PRECISE/0/Flag", "INFO/SVLEN/1/Integer", "INFO/CHR2/1/String", "INFO/SUPPORT/1/Integer",
                          "INFO/STRAND/1/String", "FORMAT/DR/1/Integer", "FORMAT/DV/1/Integer"),
    "canvas": _declared("INFO/CNVLEN/1/Integer", "FORMAT/RC/1/Float", "FORMAT/BC/1/Float", "FORMAT/CN/1/Integer",
                        "FORMAT/MCC/1/Integer"),
    "gcnv": _declared("FORMAT/CN/1/Integer", "FORMAT/NP/1/Integer", "FORMAT/QA/1/Integer", "FORMAT/QS/1/Integer"),
    "melt": _declared("INFO/SVLEN/./Integer", "INFO/MEINFO/4/String", "INFO/TSD/1/String", "INFO/LP/1/Integer",
                      "INFO/RP/1/Integer"),
}  # fmt: skip


def read(tmp_path: Path, caller: str, *lines: str) -> list[dict[str, Any]]:
    folder = table(tmp_path, *lines, header=_COMMON + HEADERS[caller])
    return annotated(folder, {}, GenomeBuild.GRCH38, Part.STRUCTURAL)[0]


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("sv_type", "sv_length", "sv_inserted", "sv_copies", "sv_precision", "sv_support"))


@pytest.mark.parametrize(
    ("caller", "line", "expected"),
    [
        ("manta", "chr1 1000 MantaDEL:1 T <DEL> 400 PASS END=3000;SVTYPE=DEL;SVLEN=-2000;IMPRECISE;CIPOS=-60,60;CIEND=-30,31 "
                  "GT:PR 0/1:20,12", ("DEL", 2_000, None, None, "not exact, start -60 to +60, end -30 to +31", "12 read pairs")),
        ("manta", f"chr1 1000 MantaDEL:2 T{'A' * 60} T 400 PASS END=1060;SVTYPE=DEL;SVLEN=-60 GT:PR:SR 0/1:20,1:15,9",
         ("DEL", 60, None, None, None, "1 read pair, 9 split reads")),
        ("manta", f"chr1 1000 MantaINS:3 T T{'A' * 70} 400 PASS END=1000;SVTYPE=INS;SVLEN=70 GT:PR:SR 0/1:20,0:15,9",
         ("INS", None, 70, None, None, "0 read pairs, 9 split reads")),
        ("manta", "chr1 1000 MantaINS:4 T <INS> 400 PASS END=1000;SVTYPE=INS;LEFT_SVINSSEQ=ACGT;RIGHT_SVINSSEQ=TTTT GT 0/1",
         ("INS", None, None, None, None, None)),
        ("manta", "chr1 1000 MantaDUP:5 T <DUP:TANDEM> 400 PASS END=3000;SVTYPE=DUP;SVLEN=2000;CIPOS=0,4;CIEND=0,4 GT 0/1",
         ("DUP", 2_000, None, None, "start +0 to +4, end +0 to +4", None)),
        ("delly", "chr1 1000 DEL00000001 T <DEL> 300 PASS PRECISE;SVTYPE=DEL;SVMETHOD=EMBL.DELLYv1.1.6;END=3000;PE=11;"
                  "SR=6;CT=3to5;"
                  "CIPOS=-5,5;CIEND=-5,5 GT:RDCN:DR:DV:RR:RV 0/1:1:0:0:12:8",
         ("DEL", 2_000, None, 1, "exact, start -5 to +5, end -5 to +5", "11 read pairs, 8 split reads")),
        ("delly", "chr1 1000 INV00000002 T <INV> 300 PASS IMPRECISE;SVTYPE=INV;END=3000;PE=4;CT=5to5 GT 0/1",
         ("INV", 2_000, None, None, "not exact", "4 read pairs")),
        ("lumpy", "chr1 1000 7 N <DUP> . . SVTYPE=DUP;STRANDS=-+:9;SVLEN=2000;END=3000;CIPOS=-10,9;CIEND=0,0;"
                  "IMPRECISE;SU=9;PE=5;SR=4 "
                  "GT:SU:PE:SR 0/1:9:5:4",
         ("DUP", 2_000, None, None, "not exact, start -10 to +9", "5 read pairs, 4 split reads")),
        ("sniffles", "chr1 1000 Sniffles2.INS.1 N <INS> 60 PASS PRECISE;SVTYPE=INS;SVLEN=312;END=1000;SUPPORT=17 "
                     "GT:DR:DV 0/1:14:17",
         ("INS", None, 312, None, "exact", "17 reads")),
        ("sniffles", "chr1 1000 Sniffles2.DEL.2 N <DEL> 60 PASS IMPRECISE;SVTYPE=DEL;SVLEN=-500;END=1500;SUPPORT=1 "
                     "GT:DR:DV 0/1:14:1",
         ("DEL", 500, None, None, "not exact", "1 read")),
        ("gridss", "chr1 1000 gridss2_1o T T[chr2:3001[ 800 PASS SVTYPE=BND;PARID=gridss2_1h;SR=9;RP=12;CIPOS=-2,3 GT:VF .:20",
         ("BND", None, None, None, "start -2 to +3", "12 read pairs, 9 split reads")),
        ("canvas", "chr1 1000 Canvas:GAIN:chr1:1001:9000 N <CNV> 30 PASS SVTYPE=CNV;END=9000;CNVLEN=8000 "
                   "GT:RC:BC:CN:MCC 0/1:151:60:3:2",
         ("CNV", 8_000, None, 3, None, None)),
        ("gcnv", "chr1 1000 CNV_chr1_1000_9000 N <DEL> 90 . END=9000 GT:CN:NP:QA:QS "
                 "0/1:1:12:60:90", ("DEL", 8_000, None, 1, None, None)),
        ("gcnv", "chr1 1000 CNV_chr1_1000_9000 N <DUP> 90 . END=9000 GT:CN:NP:QA:QS "
                 "0/1:4:12:60:90", ("DUP", 8_000, None, 4, None, None)),
        ("melt", "chr1 1000 . T <INS:ME:ALU> . PASS SVTYPE=ALU;SVLEN=281;TSD=AAAGT;MEINFO=AluYa5,4,281,+;LP=9;RP=12 GT 0/1",
         ("MEI", None, 281, None, None, "21 read pairs")),
    ],
)  # fmt: skip
def test_a_caller_is_read_as_it_writes(tmp_path: Path, caller: str, line: str, expected: tuple[Any, ...]) -> None:
    (row,) = read(tmp_path, caller, line)
    assert shown(row) == expected


def test_a_copy_number_call_is_a_gain_or_loss_by_its_copies(tmp_path: Path) -> None:
    """TNFAIP3 is a built-in gene: without gene models only such places are scored."""
    header = _COMMON.replace("chr22,length=50818468", "chr6,length=170805979") + HEADERS["canvas"]
    line = "chr6 137800000 Canvas:{} N <CNV> 30 PASS SVTYPE=CNV;END=137950000 GT:RC:BC:CN:MCC 0/1:1:1:{}:1"
    lines = [line.format("LOSS", 1), line.format("GAIN", 3), line.format("REF", 2)]
    rows = annotated(table(tmp_path, *lines, header=header), {}, GenomeBuild.GRCH38, Part.STRUCTURAL)[0]
    by_copies = {row["sv_copies"]: row["sv_cnv_score"] for row in rows}
    assert by_copies[1] is not None
    assert by_copies[3] is not None
    assert by_copies[2] is None
    assert {row["sv_cytoband"] for row in rows} == {"6q23.3"}


@pytest.mark.parametrize(
    ("caller", "first", "second"),
    [
        ("manta", "chr1 1000 MantaBND:1:0 T T[chr22:2000[ 99 PASS SVTYPE=BND;MATEID=MantaBND:1:1;BND_DEPTH=30 "
                  "GT:PR:SR 0/1:9,5:8,3",
         "chr22 2000 MantaBND:1:1 G ]chr1:1000]G 99 PASS SVTYPE=BND;MATEID=MantaBND:1:0;BND_DEPTH=31 GT:PR:SR 0/1:9,5:8,3"),
        ("lumpy", "chr1 1000 9_1 N N[chr22:2000[ . . SVTYPE=BND;STRANDS=+-:8;EVENT=9;MATEID=9_2;CIPOS=-8,8;IMPRECISE;SU=8 GT 0/1",
         "chr22 2003 9_2 N ]chr1:1004]N . . SVTYPE=BND;STRANDS=-+:8;EVENT=9;MATEID=9_1;CIPOS=-8,8;IMPRECISE;SU=8 GT 0/1"),
        ("gridss", "chr1 1000 gridss0_1o T T[chr22:2000[ 800 PASS SVTYPE=BND;PARID=gridss0_1h;EVENT=gridss0_1;SR=9;"
                   "RP=12 GT:VF .:20",
         "chr22 2000 gridss0_1h G ]chr1:1000]G 800 PASS SVTYPE=BND;PARID=gridss0_1o;EVENT=gridss0_1;SR=9;RP=12 GT:VF .:20"),
        ("sniffles", "chr1 1000 a N N[chr22:2000[ 60 PASS PRECISE;SVTYPE=BND;SUPPORT=9;CHR2=chr22 GT 0/1",
         "chr22 2000 b N ]chr1:1000]N 60 PASS PRECISE;SVTYPE=BND;SUPPORT=9;CHR2=chr1 GT 0/1"),
    ],
)  # fmt: skip
def test_two_breakends_of_one_event_are_one_row_for_the_reader(tmp_path: Path, caller: str, first: str, second: str) -> None:
    other = "chr1 5000 other T T]chr2:7000] 99 PASS SVTYPE=BND GT 0/1"
    rows = {row["id"]: row for row in read(tmp_path, caller, first, second, other)}
    one, mate = first.split()[2], second.split()[2]
    assert [rows[name]["sv_repeats"] for name in (one, mate, "other")] == [None, one, None]
    assert rows[one]["sv_event"] == rows[mate]["sv_event"] == "1:1000 (left part) joined to 22:2000 (right part)"
    assert rows["other"]["sv_event"] == "1:5000 (left part) joined to 2:7000 (left part)"
    assert rows[one]["sv_cytoband"] == "1p36.33 / 22p13"


@pytest.mark.parametrize(
    ("alt", "said"),
    [
        ("T[chr1:3001[", "as a deletion of 2,000 bases joins"), ("]chr1:3001]T", "as a tandem duplication of 2,002 bases joins"),
        ("T]chr1:3001]", "as an inversion joins"), ("[chr1:3001[T", "as an inversion joins"),
    ],
)  # fmt: skip
def test_a_junction_within_a_chromosome_says_what_would_join_so(tmp_path: Path, alt: str, said: str) -> None:
    (row,) = read(tmp_path, "gridss", f"chr1 1000 gridss1_1o T {alt} 800 PASS SVTYPE=BND;PARID=gridss1_1h;SR=9;RP=12 GT:VF .:20")
    assert row["sv_event"].endswith(f", {said}")
    assert row["sv_cnv_score"] is None, "a junction alone does not tell that copies are lost"


def test_a_single_breakend_keeps_its_place_and_says_that_the_other_side_is_unknown(tmp_path: Path) -> None:
    folder = table(tmp_path, "chr1 1000 gridss0_7b T TACGT. 300 PASS SVTYPE=BND;EVENT=gridss0_7 GT:VF .:6",
                   header=_COMMON + HEADERS["gridss"])  # fmt: skip
    (row,), outcome = annotated(folder, {}, GenomeBuild.GRCH38, Part.STRUCTURAL)
    assert (row["sv_type"], row["sv_event"], row["sv_repeats"]) == ("BND", None, None)
    assert row["sv_support"] == "6 reads"
    assert any("without the place of the other side" in one["why"] for one in outcome.summary()["missing"])


def test_reads_of_several_samples_are_left_in_their_columns(tmp_path: Path) -> None:
    line = "chr1 1000 1 T <DEL> 400 PASS END=3000;SVTYPE=DEL GT:PR 0/1:20,12 0/0:20,0"
    folder = table(tmp_path, line, header=_COMMON + HEADERS["manta"], samples=("S1", "S2"))
    (row,) = annotated(folder, {}, GenomeBuild.GRCH38, Part.STRUCTURAL)[0]
    assert row["sv_support"] is None
