"""CSV and TSV files: what is recognised, what the columns become, and how a row that says no place is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.delimited.coordinates import parse_coordinates
from services.variants.delimited.importing import preview_delimited
from services.variants.outcome import DelimitedOptions, ImportOptions, Mode, Status
from services.variants.problems import UnusableFileError
from tests.unit.variants.support import imported, rows, rules, run, write


def _table(folder: Path, text: str | bytes, name: str = "variants.csv", **options: Any) -> list[dict[str, Any]]:
    return imported(folder, text, ImportOptions(**options), name)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    lines = [["Chr", "Position", "Ref", "Alt", "Größe"], ["chr2", "200", "C", "T", "süß"], ["chr1", "100", "A", "G", "x"]]
    text = "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    table = _table(tmp_path, text.encode(encoding))
    assert [(row["chrom"], row["pos"], row["ref"], row["alt"]) for row in table] == [
        ("chr2", 200, "C", "T"),
        ("chr1", 100, "A", "G"),
    ]
    assert table[0]["file_Größe"] == "süß"
    assert [row["line"] for row in table] == [2, 3]


def test_columns_are_typed_by_all_their_values_and_missing_stays_missing(tmp_path: Path) -> None:
    text = "chrom,pos,ref,alt,depth,af,hit,code,mixed\n1,1,A,G,30,0.5,yes,007,1\n1,2,A,G,NA,1e-4,no,008,x\n1,3,A,G,.,,n/a,009,2\n"
    first, second, third = _table(tmp_path, text)
    assert (first["file_depth"], first["file_af"], first["file_hit"], first["file_code"]) == (30, 0.5, True, "007")
    assert (second["file_depth"], second["file_af"]) == (None, 1e-4)
    assert (third["file_depth"], third["file_af"], third["file_hit"], third["file_mixed"]) == (None, None, None, "2")


def test_a_type_set_by_the_user_is_held_against_each_value(tmp_path: Path) -> None:
    text = "chrom,pos,ref,alt,depth\n1,1,A,G,30\n1,2,A,G,deep\n"
    options = DelimitedOptions(types={"depth": "integer"})
    report = run(tmp_path, text, ImportOptions(delimited=options), "a.csv")
    assert report.refusal is not None
    assert (report.refusal.line, report.refusal.field, report.refusal.value) == (3, "depth", "deep")
    with pytest.raises(InvalidInputError):
        run(tmp_path, text, ImportOptions(delimited=DelimitedOptions(types={"depth": "money"})), "a.csv")


def test_preview_shows_roles_types_and_examples(tmp_path: Path) -> None:
    path = write(tmp_path, "# made by a tool\n#CHROM\tPOS\tREF\tALT\tScore\nchr1\t5\tA\tG\t0.5\n", "a.tsv")
    preview = preview_delimited(path)
    assert (preview.delimiter, preview.has_header, preview.encoding) == ("\t", True, "utf-8")
    assert [(column.name, column.role, column.type) for column in preview.columns] == [
        ("CHROM", "chrom", "text"),
        ("POS", "pos", "integer"),
        ("REF", "ref", "text"),
        ("ALT", "alt", "text"),
        ("Score", None, "number"),
    ]
    assert preview.rows == (("chr1", "5", "A", "G", "0.5"),)


def test_quoted_cells_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    text = 'chrom,pos,ref,alt,note\n1,1,A,G,"a, b\nand ""c"""\n1,2,A,T,d\n'
    first, second = _table(tmp_path, text)
    assert first["file_note"] == 'a, b\nand "c"'
    assert (first["line"], second["line"]) == (2, 4)


def test_columns_of_the_file_never_replace_core_columns(tmp_path: Path) -> None:
    (row,) = _table(tmp_path, "chrom,pos,ref,alt,Alt\n1,5,A,G,other\n")
    assert (row["alt"], row["file_alt"], row["file_Alt__2"]) == ("G", "G", "other")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17-43045702-C-T", ("17", 43045702, 43045702, "C", "T")),
        ("chr1:123A>G", ("chr1", 123, 123, "A", "G")),
        ("NC_000001.11:g.123A>G", ("NC_000001.11", 123, 123, "A", "G")),
        ("chr1:g.123_125del", ("chr1", 122, 125, "N", "<DEL>")),
        ("chr1:g.123_125delACG", ("chr1", 122, 125, "NACG", "N")),
        ("chr1:g.123_124insTT", ("chr1", 123, 123, "N", "NTT")),
        ("chr1:g.123_124delinsT", ("chr1", 123, 124, "NN", "T")),
        ("chr1:g.123dup", ("chr1", 122, 123, "N", "<DUP>")),
        ("chr1:1,000-2,000", ("chr1", 1000, 2000, None, None)),
        ("1:55-66", ("1", 55, 66, None, None)),
        ("1-55-AT-", None),
        ("1:55:AT:-", ("1", 54, 56, "NAT", "N")),
        ("NM_007294.4:c.5266dup", None),
        ("chr1:200-100", None),
        ("chr1:g.123_124ins", None),
        ("hello", None),
        ("", None),
    ],
)
def test_a_name_of_a_variant_is_placed_or_refused(text: str, expected: tuple[object, ...] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidInputError):
            parse_coordinates(text)
    else:
        place = parse_coordinates(text)
        assert (place.chrom, place.position, place.end, place.ref, place.alt) == expected


@given(st.text(max_size=200))
def test_any_text_is_placed_or_refused(text: str) -> None:
    try:
        place = parse_coordinates(text)
    except InvalidInputError:
        return
    assert place.chrom
    assert place.end >= place.position


def test_a_column_of_hgvs_names_is_enough(tmp_path: Path) -> None:
    report = run(tmp_path, "HGVS,Gene\nNC_000017.11:g.43045702C>T,BRCA1\n", None, "a.csv")
    (row,) = rows(report)
    assert (row["chrom"], row["pos"], row["file_Gene"]) == ("NC_000017.11", 43045702, "BRCA1")
    assert report.build is GenomeBuild.GRCH38


def test_an_accession_of_another_build_is_refused_naming_both(tmp_path: Path) -> None:
    options = ImportOptions(expected_build=GenomeBuild.GRCH37)
    report = run(tmp_path, "HGVS\nNC_000017.11:g.43045702C>T\n", options, "a.csv")
    assert report.refusal is not None
    assert "GRCh38" in report.refusal.reason
    assert "GRCh37" in report.refusal.reason


def test_a_position_past_the_chromosome_hints_at_the_other_build(tmp_path: Path) -> None:
    options = ImportOptions(expected_build=GenomeBuild.GRCH38)
    report = run(tmp_path, "chrom,pos,ref,alt\n21,48000000,A,G\n", options, "a.csv")
    assert report.refusal is not None
    assert "in GRCh37 it would not" in report.refusal.reason


def test_bed_positions_count_from_zero(tmp_path: Path) -> None:
    (row,) = _table(tmp_path, "chr1\t99\t200\n", name="a.bed")
    assert (row["pos"], row["end"], row["variant_type"]) == (100, 200, "region")


def test_two_alternate_alleles_of_a_row_become_two_rows(tmp_path: Path) -> None:
    table = _table(tmp_path, 'chrom,pos,ref,alt\n1,5,A,"G,T"\n')
    assert [(row["alt"], row["allele_index"], row["allele_count"]) for row in table] == [("G", 1, 2), ("T", 2, 2)]


@pytest.mark.parametrize(
    ("line", "field"),
    [("1,x,A,G", "pos"), ("1,5,Q,G", "pos"), ("1,5,,", "pos"), ("1 1,5,A,G", "pos"), ("1,5,A", "line")],
)
def test_a_row_without_a_place_is_rejected_with_its_line(tmp_path: Path, line: str, field: str) -> None:
    text = f"chrom,pos,ref,alt\n1,1,A,G\n{line}\n"
    strict = run(tmp_path, text, None, "a.csv")
    assert strict.refusal is not None
    assert (strict.refusal.line, strict.refusal.field) == (3, field)
    lenient = run(tmp_path, text, ImportOptions(mode=Mode.LENIENT), "a.csv")
    assert (lenient.records_read, lenient.records_imported, lenient.records_rejected) == (2, 1, 1)


def test_a_table_that_says_no_place_is_refused_and_can_be_mapped_by_hand(tmp_path: Path) -> None:
    text = "where,at,was,is\n1,5,A,G\n"
    report = run(tmp_path, text, None, "a.csv")
    assert report.status is Status.REFUSED
    assert "columns.place" in rules(report)
    roles = {"chrom": "where", "pos": "at", "ref": "was", "alt": "is"}
    (row,) = _table(tmp_path, text, "b.csv", delimited=DelimitedOptions(roles=roles))
    assert (row["chrom"], row["pos"], row["alt"]) == ("1", 5, "G")
    with pytest.raises(UnusableFileError, match="no such column"):
        preview_delimited(tmp_path / "b.csv", ImportOptions(delimited=DelimitedOptions(roles={"pos": "nowhere"})))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"chrom,pos\n\x00\x00,1\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    assert run(tmp_path, content, None, "a.csv").status is Status.REFUSED


def test_a_header_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    report = run(tmp_path, "chrom,pos,ref,alt\n", None, "a.csv")
    assert (report.status, report.rows) == (Status.IMPORTED, 0)
