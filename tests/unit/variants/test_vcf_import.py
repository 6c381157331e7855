"""What a VCF file says arrives in the table, allele by allele, and nothing of it is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pysam
import pytest

from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.variants.imports import import_file
from services.variants.outcome import ImportOptions, Mode, Status
from tests.unit.variants.support import CSQ_HEADER, HEADER, imported, rows, rules, run, vcf, write

LENIENT = ImportOptions(mode=Mode.LENIENT)


def test_a_record_of_two_alleles_becomes_two_rows_with_their_own_values(tmp_path: Path) -> None:
    text = vcf("chr1 100 rs1 AT A,AG 50 PASS AC=1,2;AF=0.1,0.2;AD=9,5,4;DP=18 GT:AD:PL 1/2:9,5,4:1,2,3,4,5,6")
    first, second = imported(tmp_path, text)
    assert [(row["pos"], row["ref"], row["alt"]) for row in (first, second)] == [(100, "AT", "A"), (101, "T", "G")]
    assert [(row["info_AC"], row["info_AF"]) for row in (first, second)] == [(1, 0.1), (2, 0.2)]
    assert [(row["info_AD_ref"], row["info_AD_alt"]) for row in (first, second)] == [(9, 5), (9, 4)]
    assert [(row["fmt_AD_ref.S1"], row["fmt_AD_alt.S1"]) for row in (first, second)] == [(9, 5), (9, 4)]
    # order of genotypes: 0/0 0/1 1/1 0/2 1/2 2/2
    assert [row["fmt_PL.S1"] for row in (first, second)] == [[1, 2, 3], [1, 4, 6]]
    assert [row["zygosity.S1"] for row in (first, second)] == ["het_other_alt", "het_other_alt"]
    for number, row in enumerate((first, second), start=1):
        assert (row["original_pos"], row["original_ref"], row["original_alt"]) == (100, "AT", "A,AG")
        assert (row["allele_index"], row["allele_count"], row["fmt_GT.S1"]) == (number, 2, "1/2")


@pytest.mark.parametrize(
    ("genotype", "zygosity"),
    [
        ("0/0", "hom_ref"),
        ("0|1", "het"),
        ("1|1", "hom_alt"),
        ("./.", "not_called"),
        (".", "not_called"),
        ("0/.", "not_called"),
        ("./1", "partly_called"),
        ("1", "hemizygous"),
        ("0", "haploid_ref"),
        ("0/1/1", "het"),
        ("1/1/1", "hom_alt"),
    ],
)
def test_a_missing_call_is_never_a_reference_call(tmp_path: Path, genotype: str, zygosity: str) -> None:
    (row,) = imported(tmp_path, vcf(f"chrX 100 . A G . . . GT {genotype}"))
    assert row["zygosity.S1"] == zygosity
    assert row["fmt_GT.S1"] == (None if genotype == "." else genotype)


def test_a_sample_with_another_allele_is_not_homozygous_reference(tmp_path: Path) -> None:
    first, second = imported(tmp_path, vcf("chr1 100 . A G,T . . . GT 2/2"))
    assert (first["zygosity.S1"], second["zygosity.S1"]) == ("other_alt", "hom_alt")


def test_missing_values_stay_missing_and_are_not_zero(tmp_path: Path) -> None:
    (row,) = imported(tmp_path, vcf("chr1 100 . A G . . AC=.;AF=. GT:GQ:AD ./.:.:."))
    assert row["info_AC"] is None
    assert row["info_AF"] is None
    assert row["info_DP"] is None
    assert row["info_DB"] is False
    assert row["qual"] is None
    assert row["filter"] is None
    assert row["id"] is None
    assert row["fmt_GQ.S1"] is None
    assert row["fmt_AD_ref.S1"] is None


def test_trailing_fields_of_a_sample_may_be_dropped(tmp_path: Path) -> None:
    (row,) = imported(tmp_path, vcf("chr1 100 . A G . . . GT:AD:GQ 0/1"))
    assert row["zygosity.S1"] == "het"
    assert row["fmt_GQ.S1"] is None


def test_undeclared_keys_are_kept_as_text_and_reported_once(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 1 . A G . . XX=5;DP=1;YY . .", "chr1 2 . A G . . XX=6 GT:ZZ 0/1:7"))
    assert [row["info_unplaced"] for row in rows(report)] == ["XX=5;YY", "XX=6"]
    assert rows(report)[1]["fmt_unplaced.S1"] == "ZZ=7"
    assert report.problems.counts["info.undeclared", "warning"] == 2


def test_percent_signs_are_decoded_from_version_4_3_on(tmp_path: Path) -> None:
    line = "chr1 1 . A G . . NOTE=a%3Bb%25;TAGS=x%2Cy,z GT 0/1"
    (row,) = imported(tmp_path, vcf(line))
    assert (row["info_NOTE"], row["info_TAGS"]) == ("a;b%", ["x,y", "z"])
    (row,) = imported(tmp_path, vcf(line, header=HEADER.replace("VCFv4.3", "VCFv4.2")))
    assert (row["info_NOTE"], row["info_TAGS"]) == ("a%3Bb%25", ["x%2Cy", "z"])


def test_breakends_and_symbolic_alleles_keep_their_ends_and_mates(tmp_path: Path) -> None:
    lines = ["chr1 100 a G G]chr2:321681] . . . GT 0/1", "chr1 200 b T <DEL> . . END=900 GT 1/1", "chr1 300 c C . . . . GT 0/0"]
    breakend, deletion, reference = imported(tmp_path, vcf(*lines))
    assert (breakend["mate_chrom"], breakend["mate_pos"], breakend["variant_type"]) == ("chr2", 321681, "breakend")
    assert (deletion["end"], deletion["variant_type"], deletion["alt"]) == (900, "sv_deletion", "<DEL>")
    assert (reference["alt"], reference["variant_type"], reference["end"]) == (None, "reference", 300)


def test_annotation_is_unpacked_for_the_allele_it_belongs_to(tmp_path: Path) -> None:
    entries = ["G|intron_variant|MODIFIER|GENE1||0.5", "G|missense_variant|MODERATE|GENE2|YES|0.1", "T|stop_gained|HIGH|GENE3||"]
    text = vcf(f"chr1 100 . A G,T . . CSQ={','.join(entries)} GT 1/2", header=HEADER + CSQ_HEADER)
    first, second = imported(tmp_path, text)
    assert (first["csq_Consequence"], first["csq_SYMBOL"], first["genes"]) == ("missense_variant", "GENE2", ["GENE1", "GENE2"])
    assert (second["csq_Consequence"], second["csq_gnomAD_AF"], second["genes"]) == ("stop_gained", None, ["GENE3"])
    assert (first["csq_entries"], second["csq_entries"]) == (2, 1)
    assert first["info_CSQ"] == entries


def test_unpacked_annotation_never_takes_a_column_of_the_file(tmp_path: Path) -> None:
    header = HEADER + CSQ_HEADER.replace("gnomAD_AF", "AF")
    (row,) = imported(tmp_path, vcf("chr1 100 . A G . . AF=0.25;CSQ=G|x|LOW|G1||0.75 GT 0/1", header=header))
    assert (row["info_AF"], row["csq_AF"]) == (0.25, "0.75")


def test_columns_that_differ_by_case_only_stay_apart(tmp_path: Path) -> None:
    header = HEADER + '##INFO=<ID=dp,Number=1,Type=Integer,Description="x">\n'
    (row,) = imported(tmp_path, vcf("chr1 100 . A G . . DP=1;dp=2 GT 0/1", header=header))
    assert (row["info_DP"], row["info_dp__2"]) == (1, 2)


def test_a_deletion_written_by_vep_is_matched_to_its_allele(tmp_path: Path) -> None:
    text = vcf("chr1 100 . AT A,ATT . . CSQ=-|del|HIGH|G1||,TT|ins|HIGH|G2|| GT 1/2", header=HEADER + CSQ_HEADER)
    assert [row["csq_Consequence"] for row in imported(tmp_path, text)] == ["del", "ins"]


def test_strict_mode_refuses_at_the_first_error_with_line_field_value_and_reason(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 100 . A G . . . GT 0/1", "chr1 12x . A G . . . GT 0/1"))
    assert report.status is Status.REFUSED
    assert report.refusal is not None
    assert (report.refusal.line, report.refusal.field, report.refusal.value) == (21, "POS", "12x")
    assert "whole number" in report.refusal.reason
    assert not (tmp_path / "table0").exists()
    assert list(tmp_path.glob(".table*")) == []


def test_lenient_mode_keeps_good_lines_and_the_rejected_ones_beside_them(tmp_path: Path) -> None:
    lines = [
        "chr1 100 . A G . . . GT 0/1",
        "chr1 200 . A Z . . . GT 0/1",
        "chr1 300 . A T,C . . . GT 0/3",
        "chr1 400 . A C . . . GT 0/1",
    ]
    report = run(tmp_path, vcf(*lines), LENIENT)
    assert (report.records_read, report.records_imported, report.records_rejected, report.rows) == (4, 2, 2, 2)
    assert report.folder is not None
    rejected = pq.read_table(report.folder / "rejected.parquet").to_pylist()
    assert [(row["line"], row["field"]) for row in rejected] == [(21, "ALT"), (22, "sample S1/GT")]
    assert rejected[0]["text"] == lines[1].replace(" ", "\t")


def test_a_value_that_does_not_fit_is_set_aside_and_the_variant_kept(tmp_path: Path) -> None:
    lines = ["chr1 100 . A G . . DP=many;AF=0.5 GT:AD 0/1:1,2,3", "chr1 200 . A G . . DP=5;DP=6 GT 0/1"]
    strict = run(tmp_path, vcf(*lines))
    assert strict.status is Status.REFUSED
    report = run(tmp_path, vcf(*lines), LENIENT)
    assert report.records_rejected == 0
    first, second = rows(report)
    assert (first["info_DP"], first["info_unplaced"], first["info_AF"]) == (None, "DP=many", 0.5)
    assert (first["fmt_AD_ref.S1"], first["fmt_unplaced.S1"], first["zygosity.S1"]) == (None, "AD=1,2,3", "het")
    assert (second["info_DP"], second["info_unplaced"]) == (None, "DP=5;DP=6")


def test_rows_are_in_genome_order_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    lines = [
        "chrX 5 . A G . . . GT 0/1",
        "chr1 900 . A G . . . GT 0/1",
        "chr2 7 . A G . . . GT 0/1",
        "chr1 20 . A G . . . GT 0/1",
    ]
    report = run(tmp_path, vcf(*lines))
    assert [(row["chrom"], row["pos"], row["row_id"]) for row in rows(report)] == [
        ("chr1", 20, 0),
        ("chr1", 900, 1),
        ("chr2", 7, 2),
        ("chrX", 5, 3),
    ]
    assert {"order.position", "order.contig"} & rules(report)
    assert report.manifest["was_sorted"] is False


def test_a_large_unsorted_file_is_merged_from_sorted_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.variants.vcf.stream.BLOCK_BYTES", 2_000)
    monkeypatch.setattr("services.variants.vcf.stream.open_vcf.__defaults__", (None, 2_000))
    positions = [(7919 * number) % 100_003 + 1 for number in range(3_000)]
    report = run(tmp_path, vcf(*(f"chr1 {position} . A G . . DP={position} GT 0/1" for position in positions)))
    table = rows(report)
    assert [row["pos"] for row in table] == sorted(positions)
    assert [row["row_id"] for row in table] == list(range(3_000))
    assert all(row["info_DP"] == row["pos"] for row in table)
    assert all(row["line"] == 20 + positions.index(row["pos"]) for row in table[:50])


def test_the_file_states_limits_of_positions_and_stores_what_repeats_once(tmp_path: Path) -> None:
    lines = [f"chr1 {100 + 7 * at} . A G . PASS DP=3;TAGS=a{at},b{at} GT 0/1" for at in range(500)]
    report = run(tmp_path, vcf(*lines))
    assert report.folder is not None
    group = pq.ParquetFile(report.folder / "variants.parquet").metadata.row_group(0)
    stored = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert (stored["pos"].statistics.min, stored["pos"].statistics.max) == (100, 3593)
    assert (stored["chrom"].statistics.min, stored["chrom"].statistics.max) == ("chr1", "chr1")
    assert stored["filter"].has_dictionary_page
    assert not stored["pos"].has_dictionary_page
    assert [row["info_TAGS"] for row in rows(report)][-1] == ["a499", "b499"]


def test_the_same_variant_in_another_writing_is_reported(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 100 . TAT TGT . . . GT 0/1", "chr1 101 . A G . . . GT 0/1"))
    assert [problem.line for problem in report.problems.kept if problem.rule == "duplicate.variant"] == [21]
    assert report.rows == 2


@pytest.mark.parametrize("packing", ["gzip", "bgzf", "bcf"])
def test_every_packing_gives_the_same_table(tmp_path: Path, packing: str) -> None:
    text = vcf("chr1 100 rs1 A G 50 PASS AC=1;DP=7 GT:AD 0|1:4,3", "chr2 5 . C T,G . q10 AC=1,1;DP=9 GT:AD 1/2:0,4,5")
    plain = imported(tmp_path, text)
    source = write(tmp_path, text, "plain.vcf")
    packed = tmp_path / {"gzip": "a.vcf.gz", "bgzf": "b.vcf.gz", "bcf": "c.bcf"}[packing]
    if packing == "gzip":
        packed.write_bytes(gzip.compress(text.encode()))
    elif packing == "bgzf":
        pysam.tabix_compress(str(source), str(packed))
    else:
        with pysam.VariantFile(str(source)) as reading, pysam.VariantFile(str(packed), "wb", header=reading.header) as writing:
            for record in reading:
                writing.write(record)
    report = import_file(packed, tmp_path / "packed")
    assert report.status is Status.IMPORTED, report.refusal
    assert report.manifest["file"]["packing"] == packing
    offset = 1 if packing == "bcf" else 0  # htslib adds the header line of PASS
    expected = [{**row, "line": row["line"] + offset} for row in plain]
    assert rows(report) == expected


def test_the_manifest_says_what_was_read_from_where(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 100 . A G . . DP=3 GT 0/1"))
    assert report.folder is not None
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert manifest["counts"] == {
        "records_read": 1,
        "records_imported": 1,
        "records_rejected": 0,
        "rows": 1,
        "rows_moved_by_normalisation": 0,
    }
    assert len(manifest["file"]["sha256"]) == 64
    assert manifest["build"]["name"] == "GRCh38"
    by_name = {column["name"]: column for column in manifest["columns"]}
    assert by_name["info_DP"] == {"name": "info_DP", "type": "integer", "description": "Depth", "origin": "info", "field": "DP"}
    assert by_name["fmt_PL.S1"]["type"] == "list of integer"
    assert pq.read_table(report.folder / "variants.parquet").schema.names == [column["name"] for column in manifest["columns"]]


def test_a_file_in_another_build_is_refused_naming_both(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 1 . A G . . . GT 0/1"), ImportOptions(mode=Mode.LENIENT, expected_build=GenomeBuild.GRCH37))
    assert report.refusal is not None
    assert "GRCh38" in report.refusal.reason
    assert "GRCh37" in report.refusal.reason


def test_samples_can_be_chosen_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    text = vcf("chr1 1 . A G . . . GT 0/1 1/1", samples=("S1", "S2"))
    (row,) = imported(tmp_path, text, ImportOptions(samples=("S2",)))
    assert row["zygosity.S2"] == "hom_alt"
    assert "zygosity.S1" not in row
    with pytest.raises(InvalidInputError, match="S9"):
        run(tmp_path, text, ImportOptions(samples=("S9",)))


def test_an_import_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    source = write(tmp_path, vcf("chr1 1 . A G . . . GT 0/1"))
    report = import_file(source, tmp_path / "table", should_stop=lambda: True)
    assert report.status is Status.STOPPED
    assert [path.name for path in tmp_path.iterdir()] == ["input.vcf"]


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    seen: list[tuple[float, int]] = []
    source = write(tmp_path, vcf(*(f"chr1 {number} . A G . . . GT 0/1" for number in range(1, 50))))
    import_file(source, tmp_path / "table", on_progress=lambda share, records: seen.append((share, records)))
    assert seen[-1] == (1.0, 49)


def test_an_existing_table_is_not_overwritten(tmp_path: Path) -> None:
    source = write(tmp_path, vcf("chr1 1 . A G . . . GT 0/1"))
    import_file(source, tmp_path / "table")
    with pytest.raises(ConflictError):
        import_file(source, tmp_path / "table")
    with pytest.raises(NotFoundError):
        import_file(tmp_path / "nothing.vcf", tmp_path / "other")


def test_a_file_of_header_only_gives_an_empty_table(tmp_path: Path) -> None:
    report = run(tmp_path, vcf())
    assert (report.status, report.rows) == (Status.IMPORTED, 0)
    assert rows(report) == []


GENOME = "ACGTACACACACAGGTTTTGCA" + "ACGT" * 50


def _reference(folder: Path, genome: str = GENOME, name: str = "chr1") -> Path:
    path = folder / "genome.fa"
    path.write_text(f">{name}\n{genome}\n")
    pysam.faidx(str(path))
    return path


def _on_genome(*lines: str) -> str:
    return vcf(*lines, header=HEADER.replace("length=248956422", f"length={len(GENOME)}"))


def test_indels_are_left_aligned_where_a_reference_is_given(tmp_path: Path) -> None:
    options = ImportOptions(reference=_reference(tmp_path))
    (row,) = imported(tmp_path, _on_genome("chr1 10 . CAC C . . . GT 0/1"), options)
    assert (row["pos"], row["ref"], row["alt"], row["end"]) == (4, "TAC", "T", 6)
    assert (row["original_pos"], row["original_ref"], row["original_alt"]) == (10, "CAC", "C")


def test_a_reference_allele_that_is_not_in_the_reference_is_named(tmp_path: Path) -> None:
    options = ImportOptions(mode=Mode.LENIENT, reference=_reference(tmp_path, name="1"))
    report = run(tmp_path, _on_genome("chr1 1 . A G . . . GT 0/1", "chr1 2 . T G . . . GT 0/1"), options)
    assert (report.records_imported, report.records_rejected) == (1, 1)
    assert "the reference has C at chr1:2" in next(p.reason for p in report.problems.kept if p.rule == "ref.reference")


def test_a_whole_file_on_another_reference_is_refused_even_leniently(tmp_path: Path) -> None:
    options = ImportOptions(mode=Mode.LENIENT, reference=_reference(tmp_path, "T" * len(GENOME)))
    report = run(tmp_path, _on_genome(*(f"chr1 {position} . A G . . . GT 0/1" for position in range(1, 40))), options)
    assert report.refusal is not None
    assert report.refusal.rule == "build.reference"
    assert "39 of 39" in report.refusal.reason


def test_contig_lengths_of_another_reference_are_refused(tmp_path: Path) -> None:
    report = run(tmp_path, vcf("chr1 1 . A G . . . GT 0/1"), ImportOptions(reference=_reference(tmp_path)))
    assert report.refusal is not None
    assert "248,956,422" in report.refusal.reason
