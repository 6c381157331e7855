"""Small variants: consequences, joins, build, missing packs, own columns."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.annotation.model import Part
from services.variants.reference.model import PackKind
from tests.unit.variants.annotation.packs import (
    EXONS,
    GFF,
    SEQUENCE,
    Shelf,
    annotated,
    clinvar,
    codon,
    frequency,
    reasons,
    snv,
    table,
)
from tests.unit.variants.support import CSQ_HEADER, HEADER

OLD_LENGTHS = {"248956422": "249250621", "242193529": "243199373", "156040895": "155270560", "ID=chr": "ID="}
OLD_HEADER = reduce(lambda text, pair: text.replace(*pair), OLD_LENGTHS.items(), HEADER)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "packs")


def test_a_missense_change_gets_gene_transcript_and_protein_change(tmp_path: Path, shelf: Shelf) -> None:
    shelf.genes()
    shelf.sequence()
    missense = f"chr1 {codon(3) + 1} . G A 50 PASS . GT 0/1"
    folder = table(tmp_path, missense, snv(500), snv(2000), "chr2 5 . A T 9 . . GT 0/1")
    rows, outcome = annotated(folder, shelf.packs)
    first = rows[0]
    assert (first["gene"], first["consequence"], first["impact"]) == ("GENE1", "missense_variant", "MODERATE")
    assert (first["transcript"], first["mane"], first["hgvs_p"]) == ("T9", "MANE Select", "p.(Cys3Tyr)")
    assert first["consequences_all"] == ["missense_variant|GENE1|T9|protein_coding|p.(Cys3Tyr)|MANE Select"]
    assert (rows[1]["gene"], rows[1]["consequence"], rows[1]["transcript"]) == ("GENE1", "intron_variant", "T9")
    assert (rows[2]["gene"], rows[2]["consequence"]) == (None, "intergenic_variant")
    assert (rows[3]["consequence"], rows[3]["consequence_note"]) == (
        None, "the gene models have no transcript on this sequence"
    )  # fmt: skip
    assert reasons(outcome)["clinvar"] == "no ClinVar pack for GRCh38 is installed"
    assert "clinvar_significance" not in first, "a column nobody looked up must not stand there empty"


def test_two_variants_of_one_codon_on_one_copy_are_told_together(tmp_path: Path, shelf: Shelf) -> None:
    shelf.genes()
    shelf.sequence()
    at = codon(4)  # AAA: TAA is a stop, AAT is Asn, TAT is Tyr
    folder = table(tmp_path, f"chr1 {at} . A T 50 PASS . GT 0|1", f"chr1 {at + 2} . A T 50 PASS . GT 0|1")
    rows, _ = annotated(folder, shelf.packs)
    assert rows[0]["consequence"] == "stop_gained"
    (together,) = rows[0]["phased_consequence"]
    assert "p.(Lys4Tyr)" in together
    assert "in S1" in together


def test_changes_are_found_whatever_the_chromosome_is_called(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Pathogenic"), clinvar("X", 70, "G", "A", "Benign"))
    shelf.rows(PackKind.FREQUENCIES, frequency("1", 100, "A", "G", 0.01))
    for prefix in ("chr", ""):
        header = HEADER.replace("ID=chr", f"ID={prefix}")
        folder = table(tmp_path, f"{prefix}1 100 . A G 50 PASS . GT 0/1", f"{prefix}1 100 . A T 50 PASS . GT 0/1",
                       f"{prefix}X 70 . G A 50 PASS . GT 0/1", header=header)  # fmt: skip
        rows, _ = annotated(folder, shelf.packs)
        by_change = {(row["pos"], row["alt"]): row for row in rows}
        assert by_change[100, "G"]["clinvar_significance"] == "Pathogenic"
        assert [by_change[100, "G"][name] for name in ("af", "popmax_af", "homozygotes")] == [0.01, 0.02, 3]
        assert by_change[100, "T"]["clinvar_significance"] is None, "another allele at the same place is another variant"
        assert by_change[100, "T"]["af"] is None
        assert by_change[70, "A"]["clinvar_significance"] == "Benign"


def test_each_allele_of_a_record_gets_its_own_values(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.FREQUENCIES, frequency("1", 100, "A", "G", 0.25), frequency("1", 100, "A", "T", 0.5))
    folder = table(tmp_path, "chr1 100 . A G,T 50 PASS . GT 1/2")
    rows, _ = annotated(folder, shelf.packs)
    assert [(row["alt"], row["af"]) for row in rows] == [("G", 0.25), ("T", 0.5)]


def test_an_indel_written_at_the_right_end_of_a_run_is_found_at_its_left_end(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.CLINVAR, clinvar("1", 3000, "GA", "G", "Likely pathogenic"))
    folder = table(tmp_path, "chr1 3009 . AA A 50 PASS . GT 0/1")
    rows, outcome = annotated(folder, shelf.packs)
    assert rows[0]["clinvar_significance"] is None
    assert "without being left-aligned" in reasons(outcome)["sequence"]
    shelf.sequence()
    rows, outcome = annotated(folder, shelf.packs)
    assert rows[0]["clinvar_significance"] == "Likely pathogenic"
    assert (rows[0]["pos"], rows[0]["ref"], rows[0]["alt"]) == (3009, "AA", "A"), "the row itself stays as the file has it"
    assert "left-aligned" not in reasons(outcome).get("sequence", "")


def test_of_several_records_the_best_reviewed_and_the_largest_are_taken(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Uncertain", 1, 9), clinvar("1", 100, "A", "G", "Benign", 3, 10))
    shelf.rows(PackKind.FREQUENCIES, frequency("1", 100, "A", "G", 0.5, an=10), frequency("1", 100, "A", "G", 0.1, an=100_000))
    scores = [
        {"chrom": "1", "pos": 100, "ref": "A", "alt": "G", "score": score, "transcript": name}
        for score, name in ((0.2, "A"), (0.9, "B"))
    ]
    shelf.rows(PackKind.REVEL, *scores)
    rows, _ = annotated(table(tmp_path, "chr1 100 . A G 50 PASS . GT 0/1"), shelf.packs)
    assert (rows[0]["clinvar_significance"], rows[0]["clinvar_stars"], rows[0]["clinvar_id"]) == ("Benign", 3, "10")
    assert rows[0]["af"] == 0.1
    assert rows[0]["revel"] == 0.9


def test_constraint_belongs_to_the_gene_of_the_consequence(tmp_path: Path, shelf: Shelf) -> None:
    shelf.genes()
    shelf.sequence()
    shelf.rows(PackKind.CONSTRAINT, {"gene": "GENE1", "transcript": "T9", "pli": 0.99, "loeuf": 0.2, "missense_z": 3.1},
               {"gene": "GENE1", "transcript": "T1", "pli": 0.1, "loeuf": 1.2, "missense_z": 0.1})  # fmt: skip
    folder = table(tmp_path, f"chr1 {codon(3) + 1} . G A 50 PASS . GT 0/1", snv(2000))
    rows, _ = annotated(folder, shelf.packs)
    assert [(row["pli"], row["loeuf"], row["missense_z"]) for row in rows] == [(0.99, 0.2, 3.1), (None, None, None)]


def test_without_gene_models_the_consequence_is_what_the_file_states(tmp_path: Path, shelf: Shelf) -> None:
    line = "chr1 100 . A G 50 PASS CSQ=G|missense_variant|MODERATE|NOD2|YES|0.00001 GT 0/1"
    folder = table(tmp_path, line, header=HEADER + CSQ_HEADER)
    rows, outcome = annotated(folder, shelf.packs)
    assert (rows[0]["gene"], rows[0]["consequence"], rows[0]["impact"]) == ("NOD2", "missense_variant", "MODERATE")
    assert rows[0]["csq_SYMBOL"] == "NOD2"
    assert "those that the file states in CSQ" in reasons(outcome)["gene_models"]


def test_the_two_builds_are_different_places(tmp_path: Path) -> None:
    new, old = Shelf(tmp_path / "new"), Shelf(tmp_path / "old", GenomeBuild.GRCH37)
    new.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Pathogenic"))
    old.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Benign"))
    line = "1 100 . A G 50 PASS . GT 0/1"
    rows, outcome = annotated(table(tmp_path, line, header=OLD_HEADER), old.packs, GenomeBuild.GRCH37)
    assert rows[0]["clinvar_significance"] == "Benign"
    assert outcome.summary()["packs"][0] == "ClinVar 2026-11 (GRCh37)"
    with pytest.raises(InvalidInputError, match="is in GRCh37: it cannot be annotated as GRCh38"):
        annotated(table(tmp_path, line, header=OLD_HEADER), new.packs)


def test_a_table_in_another_build_than_stated_is_recognised_by_its_bases(tmp_path: Path, shelf: Shelf) -> None:
    shelf.sequence()
    bare = "##fileformat=VCFv4.3\n" + '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    folder = table(tmp_path, *(f"1 {pos} . A G 50 . . GT 0/1" for pos in range(2500, 2540)), header=bare)  # a run of C
    before = (folder / "variants.parquet").read_bytes()
    with pytest.raises(InvalidInputError, match="40 of 40 compared rows do not fit GRCh38"):
        annotated(folder, shelf.packs)
    assert (folder / "variants.parquet").read_bytes() == before
    far = table(tmp_path, "1 249000000 . A G 50 . . GT 0/1", header=bare)
    with pytest.raises(InvalidInputError, match=r"beyond the end of that chromosome in GRCh38: the table fits GRCh37"):
        annotated(far, {})


def test_one_wrong_base_is_told_at_its_row_and_stops_nothing(tmp_path: Path, shelf: Shelf) -> None:
    shelf.genes()
    shelf.sequence()
    good = f"chr1 {codon(3) + 1} . G A 50 PASS . GT 0/1"
    rows, _ = annotated(table(tmp_path, f"chr1 {codon(2)} . T A 50 PASS . GT 0/1", good, snv(90)), shelf.packs)
    assert rows[0]["consequence"] is None
    assert rows[0]["consequence_note"] == "REF differs from the reference"
    assert rows[1]["hgvs_p"] == "p.(Cys3Tyr)"


def test_annotating_again_replaces_our_columns_and_keeps_the_files(tmp_path: Path, shelf: Shelf) -> None:
    shelf.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Uncertain"))
    folder = table(tmp_path, "chr1 100 rs1 A G 50 PASS DP=10;AF=0.5 GT 0/1", "chr1 300 . C <DEL> 9 . END=900 GT 0/1")
    first, _ = annotated(folder, shelf.packs)
    own = [name for name in first[0] if name.startswith(("info_", "fmt_"))]
    shelf.rows(PackKind.CLINVAR, clinvar("1", 100, "A", "G", "Benign"), version="2026-12")
    second, outcome = annotated(folder, shelf.packs)
    assert [name for name in second[0] if name not in first[0]] == []
    assert second[0]["clinvar_significance"] == "Benign"
    assert [[row[name] for name in own] for row in second] == [[row[name] for name in own] for row in first]
    assert "ClinVar 2026-12 (GRCh38)" in outcome.summary()["packs"]
    del shelf.packs[PackKind.CLINVAR]
    third, _ = annotated(folder, shelf.packs, GenomeBuild.GRCH38, Part.SMALL)
    assert "clinvar_significance" not in third[0]
    assert third[1]["sv_type"] == "DEL", "what was not asked for stays"


@pytest.mark.parametrize("name", ["chrM", "MT"])
def test_the_mitochondrion_is_annotated_by_its_own_code_under_either_name(tmp_path: Path, shelf: Shelf, name: str) -> None:
    sequence = "C" * 50 + "ATGTGAATAAAAGCTAGA" + "C" * 100
    own = {"gene": "MT-X", "gene_id": "G2", "transcript": "T2", "start": 51, "end": 68, "coding_start": 51, "coding_end": 68}
    genes = (("gene", "ID=gene:G2;Name=MT-X;biotype=protein_coding"), ("CDS", "Parent=transcript:T2"),
             ("mRNA", "ID=transcript:T2;Parent=gene:G2;biotype=protein_coding"), ("exon", "Parent=transcript:T2"))  # fmt: skip
    lines = [f"MT\tx\t{kind}\t51\t68\t.\t+\t{'0' if kind == 'CDS' else '.'}\t{named}\n" for kind, named in genes]
    exon = {**EXONS[0], **own, "chrom": "MT", "exon": 1, "mark": ""}
    shelf.genes([*EXONS, exon], GFF + "".join(lines[at] for at in (0, 2, 3, 1)))
    shelf.sequence(c1=SEQUENCE, cMT=sequence)
    shelf.rows(PackKind.CLINVAR, clinvar("MT", 56, "A", "G", "Benign"), clinvar("MT", 61, "A", "C", "Pathogenic"))
    header = HEADER + f"##contig=<ID={name},length=16569>\n"
    table_of = [snv(500), f"{name} 56 . A G 50 PASS . GT 1/1", f"{name} 61 . A T,C 50 PASS . GT 1/2"]
    rows, _ = annotated(table(tmp_path, *table_of, header=header), shelf.packs)
    wanted = ("gene", "consequence", "hgvs_p", "hgvs_c", "clinvar_significance")
    assert [tuple(row[one] for one in wanted) for row in rows if row["chrom"] == name] == [
        ("MT-X", "synonymous_variant", "p.(Trp2=)", "T2.4:c.6A>G", "Benign"),
        ("MT-X", "missense_variant", "p.(Lys4Met)", "T2.4:c.11A>T", None),
        ("MT-X", "missense_variant", "p.(Lys4Thr)", "T2.4:c.11A>C", "Pathogenic"),
    ]
    assert next(row for row in rows if row["pos"] == 500)["hgvs_c"] == f"T9.4:c.*190+200{SEQUENCE[499]}>{rows[0]['alt']}"
