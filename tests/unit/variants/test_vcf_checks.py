"""Each departure from the specification is found, with its line, field and rule; what the specification allows passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.variants.imports import check_file
from services.variants.outcome import Status
from tests.unit.variants.support import HEADER, vcf, write
from validation.vcf_conformance import judge_corpus, summary

GOOD = "chr1 100 . A G . . . GT 0/1"


def _rules(folder: Path, text: str | bytes) -> dict[str, tuple[int | None, str]]:
    report = check_file(write(folder, text))
    return {problem.rule: (problem.line, problem.field) for problem in reversed(report.problems.kept)}


@pytest.mark.parametrize(
    ("line", "rule", "field"),
    [
        ("chr,1 100 . A G . . . GT 0/1", "chrom.name", "CHROM"),
        ("chr7 100 . A G . . . GT 0/1", "contig.undeclared", "CHROM"),
        ("chr1 -1 . A G . . . GT 0/1", "pos.number", "POS"),
        ("chr1 300000000 . A G . . . GT 0/1", "pos.range", "POS"),
        ("chr1 100 rs1;rs1 A G . . . GT 0/1", "id.form", "ID"),
        ("chr1 100 . B- G . . . GT 0/1", "ref.allele", "REF"),
        ("chr1 100 . R G . . . GT 0/1", "ref.allele", "REF"),
        ("chr1 100 . A G,,T . . . GT 0/1", "alt.allele", "ALT"),
        ("chr1 100 . A <DEL . . . GT 0/1", "alt.allele", "ALT"),
        ("chr1 100 . A [chr1:5[ . . . GT 0/1", "alt.allele", "ALT"),
        ("chr1 100 . A <FOO> . . . GT 0/1", "alt.undeclared", "ALT"),
        ("chr1 100 . A G high . . GT 0/1", "qual.number", "QUAL"),
        ("chr1 100 . A G -1 . . GT 0/1", "qual.range", "QUAL"),
        ("chr1 100 . A G . q10;q10 . GT 0/1", "filter.form", "FILTER"),
        ("chr1 100 . A G . 0 . GT 0/1", "filter.form", "FILTER"),
        ("chr1 100 . A G . q99 . GT 0/1", "filter.undeclared", "FILTER"),
        ("chr1 100 . A G . . DP=x GT 0/1", "info.type", "INFO/DP"),
        ("chr1 100 . A G . . DP=-4 GT 0/1", "info.range", "INFO/DP"),
        ("chr1 100 . A G . . AF=1.5 GT 0/1", "info.range", "INFO/AF"),
        ("chr1 100 . A G . . AC=1,2 GT 0/1", "info.count", "INFO/AC"),
        ("chr1 100 . A G . . DP=1;DP=1 GT 0/1", "info.duplicate", "INFO/DP"),
        ("chr1 100 . A G . . DB=yes GT 0/1", "info.flag", "INFO/DB"),
        ("chr1 100 . A G . . DP GT 0/1", "info.value", "INFO/DP"),
        ("chr1 100 . A G . . END=50 GT 0/1", "info.end", "INFO/END"),
        ("chr1 100 . A G . . . GQ:GT 5:0/1", "format.gt_first", "FORMAT"),
        ("chr1 100 . A G . . . GT:GQ:GQ 0/1:1:1", "format.duplicate", "FORMAT"),
        ("chr1 100 . A G . . . GT 0/2", "gt.range", "sample S1/GT"),
        ("chr1 100 . A G . . . GT a/b", "gt.syntax", "sample S1/GT"),
        ("chr1 100 . A G . . . GT 0/1:7", "sample.fields", "sample S1"),
        ("chr1 100 . A G . . . GT:PL 0/1:1,2", "format.count", "sample S1/PL"),
        ("chr1 100 . A G . . . GT:PL 1:1,2,3", "format.count", "sample S1/PL"),
        ("chr1 100 . A G . . . GT:GQ 0/1:1.5", "format.type", "sample S1/GQ"),
        ("chr1 100 . A G . . . GT", "line.columns", "line"),
        ("chr1 100 .  G . . . GT 0/1", "line.empty_field", "REF"),
    ],
)
def test_a_broken_line_is_named_with_its_field_and_rule(tmp_path: Path, line: str, rule: str, field: str) -> None:
    found = _rules(tmp_path, vcf(GOOD, line))
    assert found.get(rule) == (21, field), found


@pytest.mark.parametrize(
    ("meta", "rule"),
    [
        ('##INFO=<ID=X,Number=1,Type=Int,Description="x">', "header.type"),
        ('##INFO=<ID=X,Number=many,Type=Integer,Description="x">', "header.number"),
        ("##INFO=<ID=X,Number=1,Type=Integer,Description=x>", "header.quotes"),
        ('##INFO=<ID=X,Number=1,Type=Integer,Description="say "x"">', "header.syntax"),
        ('##INFO=<ID=X,Number=1,Type=Integer,Description="x"', "header.syntax"),
        ('##INFO=<Number=1,ID=X,Type=Integer,Description="x">', "header.order"),
        ('##INFO=<Number=1,Type=Integer,Description="x">', "header.id"),
        ('##INFO=<ID=AN,Number=A,Type=Integer,Description="x">', "header.reserved"),
        ('##INFO=<ID=DP,Number=1,Type=Float,Description="Depth">', "header.duplicate"),
        ('##FORMAT=<ID=X,Number=0,Type=Flag,Description="x">', "header.type"),
        ("##contig=<length=5>", "header.id"),
        ("##contig=<ID=a b>", "header.id"),
        ("##contig=<ID=7,length=long>", "header.contig_length"),
        ('##ALT=<ID=WHAT:EVER,Description="x">', "header.alt"),
        ("##reference=", "header.empty_value"),
        ("##just words", "header.key_value"),
        ("not a header line", "header.line"),
    ],
)
def test_a_broken_header_line_is_named(tmp_path: Path, meta: str, rule: str) -> None:
    found = _rules(tmp_path, vcf(GOOD, header=HEADER + meta + "\n"))
    assert found.get(rule, (None, ""))[0] == 19, found


@pytest.mark.parametrize(
    "line",
    [
        "chr1 0 . A G Inf PASS . GT 0/1",
        "chr1 100 rs1;rs2 N <DEL> 1e-3 q10 END=200;DB GT:PL ./.:.",
        "chr1 100 . A * . . AC=.;AF=. GT .",
        "chr1 100 . A . . . . GT:AD 0/0:5",
        "chr1 100 . A G,T . . AC=.,1;AD=1,2,3 GT:PL 0/1/2:1,2,3,4,5,6,7,8,9,10",
        "chr1 100 . A .G . . . GT 0|1",
        "chr1 100 . A G . . TAGS=a,b,c;NOTE= GT:GQ 0/1",
        "<ctg> 100 . A G . . . GT 0/1",
    ],
)
def test_what_the_specification_allows_is_no_error(tmp_path: Path, line: str) -> None:
    report = check_file(write(tmp_path, vcf(line)))
    assert report.problems.errors == 0, [problem.text for problem in report.problems.kept]


def test_phase_signs_before_the_first_allele_need_version_4_4(tmp_path: Path) -> None:
    text = vcf("chr1 100 . A G . . . GT /0/1")
    assert "gt.phase" in _rules(tmp_path, text)
    assert "gt.phase" not in _rules(tmp_path, text.replace("VCFv4.3", "VCFv4.4"))


def test_structural_alleles_of_version_4_4_state_length_and_claim(tmp_path: Path) -> None:
    text = vcf("chr1 100 . A <DEL> . . . GT 0/1")
    assert {"sv.length", "sv.claim"} <= _rules(tmp_path, text.replace("VCFv4.3", "VCFv4.4")).keys()
    assert not {"sv.length", "sv.claim"} & _rules(tmp_path, text).keys()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "file.empty"),
        ("##fileformat=VCFv4.2\n", "header.columns"),
        (vcf(GOOD).replace("VCFv4.3", "VCFv9.9"), "header.fileformat"),
        (vcf(GOOD).split("\n", 1)[1], "header.fileformat"),
        (vcf(GOOD).replace("\tPOS\t", "\tPosition\t"), "header.columns"),
        (vcf(GOOD).replace("#CHROM\tPOS\tID", "#CHROM POS ID"), "header.columns"),
        (vcf(GOOD).encode("utf-16"), "file.encoding"),
        (vcf(GOOD).replace("\n", "\r"), "file.line_ends"),
        (vcf(GOOD).rstrip("\n"), "file.final_newline"),
        (vcf(GOOD + " 0/1", samples=("S1", "S1")), "header.sample_duplicate"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_so(tmp_path: Path, text: str | bytes, rule: str) -> None:
    assert rule in _rules(tmp_path, text)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    report = check_file(write(tmp_path, b"\xef\xbb\xbf" + vcf(GOOD).replace("\n", "\r\n").encode()))
    assert (report.status, report.records_read, report.problems.errors) == (Status.IMPORTED, 1, 0)


def test_a_million_equal_problems_are_counted_and_not_all_kept(tmp_path: Path) -> None:
    report = check_file(write(tmp_path, vcf(*(f"chr1 {number} . A G -1 . . GT 0/1" for number in range(1, 2_001)))))
    assert report.problems.counts["qual.range", "warning"] == 2_000
    assert len(report.problems.kept) == 100


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_public_corpus_is_accepted_and_flagged(shared: Path) -> None:
    found = summary(judge_corpus(shared / "data" / "vcf_conformance"))
    assert found["valid_accepted"] == found["valid_total"] == 112
    assert found["invalid_total"] == 843
    assert found["invalid_flagged_beyond_undeclared_names"] >= 0.98 * 843
