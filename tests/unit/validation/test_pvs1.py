"""The harness for PVS1: strengths from the file, models from the file named, and nothing guessed."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.record import Effect
from validation import pvs1
from validation.pvs1_cases import read_cases

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
HEADER = "section,variant_name,genome_release,expected_prediction,expected_path,comment\n"
# 4 exons of 100 bases on the plus strand; coding from the first base of exon 1 to base 60 of exon 4: 360 bases
EXONS = [(1, 1_001, 1_100), (2, 2_001, 2_100), (3, 3_001, 3_100), (4, 4_001, 4_100)]


def file(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def exon_table(tmp_path: Path) -> Path:
    path = tmp_path / "exons.parquet"
    rows = ", ".join(
        f"('GENE9', 'NM_9.1', 'mane_select', '1', '+', {number}, {start}, {end}, {start}, {min(end, 4_060)})"
        for number, start, end in EXONS
    )
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {rows}) "
        "t(gene, transcript, mark, chrom, strand, exon, start, \"end\", coding_start, coding_end)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    return path


def judged(path: Path, models: Path | None = None, premises: pvs1.Premises = pvs1.OPEN) -> list[tuple[str, str | None]]:
    cases, _ = read_cases(path)
    known = pvs1.Models(models)
    return [(case.expected, pvs1.judge(case, known, premises)) for case in cases]


def test_a_stop_is_placed_by_the_protein_change(tmp_path: Path) -> None:
    path = file(tmp_path, ",NM_004360.3:c.1792C>T,GRCh37,PVS1,NF1,Gene: CDH1; p.Arg598Ter")
    assert judged(path) == [("very strong", "very strong")]


def test_the_stop_of_a_frameshift_is_the_codon_it_reaches(tmp_path: Path) -> None:
    path = file(tmp_path, ",NM_004360.3:c.1085delT,GRCh37,PVS1,NF1,Gene: CDH1; p.Val362GlyfsTer31")
    (case,), _ = read_cases(path)
    assert case.stop == 3 * 391 + 1


def test_the_path_says_the_strength_and_without_one_the_prediction_does(tmp_path: Path) -> None:
    path = file(
        tmp_path, ",NM_1.1:c.1A>G,GRCh38,PVS1,NF3,p.Arg5Ter", ",NM_1.1:c.1A>G,GRCh38,PVS1_Moderate,,p.Arg5Ter",
        ",NM_1.1:c.1A>G,GRCh38,NotPVS1,,p.Arg5Ter",
    )
    assert [case.expected for case in read_cases(path)[0]] == ["strong", "moderate", "does not apply"]


def test_headings_and_cases_set_aside_are_not_taken_unless_asked_for(tmp_path: Path) -> None:
    path = file(tmp_path, "### heading,,,,,", "#,NM_004360.3:c.1A>G,GRCh38,PVS1,IC1,Gene: CDH1; p.Met1Val")
    assert read_cases(path) == ([], [])
    assert len(read_cases(path, everything=True)[0]) == 1


def test_a_row_without_protein_change_or_model_is_left_out_with_its_reason(tmp_path: Path) -> None:
    path = file(tmp_path, ",NM_004360.3:c.1085G>T,GRCh37,PVS1,NF1,Gene: CDH1", ",4-113568536-G-GA,GRCh37,PVS1,NF1,")
    cases, left_out = read_cases(path)
    assert cases == []
    assert "nothing says which stop" in left_out[0]
    assert "no coding change" in left_out[1]
    unknown = file(tmp_path, ",NM_777.1:c.5G>A,GRCh37,PVS1,NF1,p.Arg2Ter")
    assert judged(unknown) == [("very strong", None)]


def test_installed_gene_models_place_stops_and_skip_exons(tmp_path: Path, exon_table: Path) -> None:
    path = file(
        tmp_path, ",NM_9.1:c.60G>A,GRCh38,PVS1,NF1,p.Trp20Ter", ",NM_9.1:c.280G>A,GRCh38,PVS1,NF5,p.Trp94Ter",
        ",NM_9.1:c.200+1G>A,GRCh38,PVS1,SS1,",
    )
    # the second stop, base 280, lies in the last 50 bases before the junction at 300, where a known role is asked for; the
    # exon of the third, 100 bases, is lost out of frame, and nothing says where the next stop lies
    assert judged(path, exon_table) == [
        ("very strong", "very strong"), ("strong", "not assessable"), ("very strong", "not assessable"),
    ]


def test_taking_loss_of_an_exon_for_rare_answers_the_tree(tmp_path: Path, exon_table: Path) -> None:
    path = file(tmp_path, ",NM_9.1:c.280G>A,GRCh38,PVS1,NF5,p.Trp94Ter", ",NM_9.1:c.1A>G,GRCh38,PVS1,IC2,p.Met1Val")
    assert judged(path, exon_table, pvs1.Premises(is_rare=True)) == [("strong", "strong"), ("supporting", "supporting")]
    assert [found for _, found in judged(path, exon_table)] == ["not assessable", "not assessable"]


@pytest.mark.parametrize(
    ("name", "stop", "place", "shift"),
    [
        ("c.215_216dup (p.Ser73fs)", None, 215, 2), ("c.442_449del (p.Thr148fs)", None, 442, 1),
        ("c.124_126delCCCinsT (p.Pro42Serfs)", None, 124, 1), ("c.594_595insT (p.Thr199fs)", None, 594, 1),
        ("c.1085delT (p.Val362GlyfsTer31)", 1_174, 1_085, 2), ("c.722_723del", None, 722, 1),
        ("c.369_375CCGCCCC[3] (p.His128fs)", None, 369, None),
    ],
)
def test_a_frameshift_is_placed_by_its_change_where_the_new_stop_is_not_said(
    tmp_path: Path, name: str, stop: int | None, place: int, shift: int | None
) -> None:
    (case,), _ = read_cases(file(tmp_path, f",NM_9.1:{name},GRCh38,PVS1,NF1,"))
    assert (case.effect, case.stop, case.changed_from, case.shift) == (Effect.FRAMESHIFT, stop, place, shift)


@pytest.mark.parametrize(
    ("change", "site"),
    [
        ("c.200+1G>A", (200, True)), ("c.201-2A>G", (201, False)), ("c.200+2_200+5del", (200, True)),
        ("c.201-3_204del", (201, False)), ("c.201-3_201-2del", (201, False)), ("c.198_200+1del", (200, True)),
        ("c.200+1_200+2insC", (200, True)), ("c.-32-1G>C", (-32, False)),
    ],
)
def test_a_canonical_splice_site_is_found_in_substitutions_and_small_changes(
    tmp_path: Path, change: str, site: tuple[int, bool]
) -> None:
    (case,), _ = read_cases(file(tmp_path, f",NM_9.1:{change},GRCh38,PVS1,SS1,"))
    assert (case.effect, case.splice) == (Effect.SPLICE_SITE, site)


def test_a_change_deeper_in_the_intron_is_no_canonical_splice_site(tmp_path: Path) -> None:
    cases, left_out = read_cases(file(tmp_path, ",NM_9.1:c.200+5G>A,GRCh38,PVS1,SS1,", ",NM_9.1:c.201-22T>G,GRCh38,PVS1,SS1,"))
    assert cases == []
    assert len(left_out) == 2


def test_deleted_exons_and_lost_starts_are_read_from_the_coding_name(tmp_path: Path) -> None:
    path = file(tmp_path, ",NM_9.1:c.101-?_200+?del,GRCh38,PVS1,DEL1,", ",NM_9.1:c.2T>C,GRCh38,PVS1,IC1,")
    (deletion, start), _ = read_cases(path)
    assert (deletion.effect, deletion.exons) == (Effect.EXON_DELETION, (101, 200))
    assert start.effect is Effect.START_LOST


def test_a_row_named_on_another_transcript_is_judged_on_the_panels(tmp_path: Path) -> None:
    path = tmp_path / "panels.tsv"
    path.write_text(
        "variation\tgene\tcodes_parsed\nNM_001354803.2:c.425del\tGCK\tPVS1|VS\nNM_001306179.2:c.326+1G>A\tHNF1A\tPVS1|VS\n",
        encoding="utf-8",
    )
    assert judged(path) == [("very strong", "very strong"), ("very strong", "very strong")]


def test_the_panels_export_expects_the_strength_they_gave(tmp_path: Path) -> None:
    path = tmp_path / "panels.tsv"
    path.write_text(
        "variation\tgene\tcodes_parsed\nNM_004360.5(CDH1):c.1792C>T (p.Arg598Ter)\tCDH1\tPVS1|VS, PM2|P\n"
        "NM_004360.5(CDH1):c.1A>T (p.Asn5Tyr)\tCDH1\tPM2|P\n", encoding="utf-8",
    )
    assert judged(path) == [("very strong", "very strong")]


def test_kappa_is_one_for_agreement_beyond_chance_and_undefined_for_a_single_strength() -> None:
    assert pvs1.kappa([("a", "a"), ("b", "b")]) == (1.0, True)
    assert pvs1.kappa([("a", "a"), ("b", "a"), ("a", "b"), ("b", "b")]) == (0.0, True)
    assert pvs1.kappa([("a", "a")]) == (1.0, False)
    assert pvs1.kappa([]) == (0.0, False)


def test_files_of_another_kind_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="variant_name"):
        read_cases(path)
    assert pvs1.main([str(path)]) == 2
    assert "cannot use the input" in capsys.readouterr().err


def test_other_peoples_files_of_the_same_columns_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A byte order mark, Windows line ends, columns in another order, no comment column, empty cells, odd names."""
    path = tmp_path / "other.csv"
    rows = ["expected_path,variant_name,expected_prediction", "NF1,NM_004360.3:c.1792C>T (p.Arg598*),PVS1", ",,", "NF1,,PVS1",
            "NF1,NM_004360.3:c.(?_1)_(2_?)del,PVS1", "NF1,NM_004360.3:c.99999+1G>A,PVS1", f"NF1,{'x' * 5_000},PVS1",
            "SS9,NM_004360.5:c.387+1G>A,PVS1_Moderate", "IC2,NM_000162.5:c.3G>A,PVS1_Supporting"]
    path.write_text("\ufeff" + "\r\n".join(rows), encoding="utf-8")
    assert pvs1.main([str(path)]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["n"], told["agreement"], told["left_out"]) == (3, 1.0, 3)
    assert set(told["by"]) >= {"nonsense", "splice site", "start lost"}


@pytest.mark.shared_data
def test_the_published_cases_whose_model_is_known_agree(capsys: pytest.CaptureFixture[str]) -> None:
    cases = DATA / "acmg" / "pvs1_decision_tree_cases.csv"
    if not cases.exists():
        pytest.skip("the public test data are not here")
    assert pvs1.main([str(cases)]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["n"], told["agreement"], told["left_out"]) == (19, 1.0, 1)
