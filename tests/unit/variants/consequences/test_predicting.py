"""Consequences, predicted for real on a small gene."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from services.errors import InvalidInputError, UnavailableError
from services.variants.calling.tools import ToolLimits
from services.variants.consequences.model import Phasing, TranscriptMark
from services.variants.consequences.predicting import ConsequenceRequest, predict
from services.variants.consequences.terms import Impact
from services.variants.vcf.importing import StoppedError
from tests.unit.variants.consequences.conftest import GENES, Bench, codon


def test_the_mane_transcript_comes_first_and_every_transcript_is_kept(bench: Bench) -> None:
    (record,) = bench.predict(f"1 {codon(3) + 1} . G A . . .")
    first, second = record.consequences
    assert (first.transcript, first.mark, first.terms) == ("T9", TranscriptMark.MANE_SELECT, ("missense_variant",))
    assert (first.gene, first.biotype, first.strand, first.amino_acids) == ("GENE1", "protein_coding", "+", "3C>3Y")
    assert (first.hgvs_protein, first.nucleotides, first.impact) == ("p.(Cys3Tyr)", (f"{codon(3) + 1}G>A",), Impact.MODERATE)
    assert (second.terms, second.biotype) == (("non_coding_transcript_variant",), "processed_transcript")
    assert second.mark is TranscriptMark.NONE
    assert record.most_severe == "missense_variant"


@pytest.mark.parametrize(
    ("line", "term", "protein"),
    [
        (f"1 {codon(16) + 1} . G A . . .", "stop_gained", "p.(Trp16Ter)"),
        (f"1 {codon(1)} . A G . . .", "start_lost", "p.(Met1?)"),
        (f"1 {codon(20)} . T C . . .", "stop_lost", "p.(Ter20Glnext*?)"),
        (f"1 {codon(8) + 2} . G A . . .", "synonymous_variant", "p.(Leu8=)"),
        (f"1 {codon(4)} . AAAG A . . .", "inframe_deletion", None),
        (f"1 {codon(6)} . C CA . . .", "frameshift_variant", "p.(Pro6HisfsTer6)"),
        ("1 45 . T C . . .", "5_prime_UTR_variant", None),
    ],
)
def test_what_a_change_does_is_named_by_the_ontology(bench: Bench, line: str, term: str, protein: str | None) -> None:
    (record,) = bench.predict(line)
    own = next(one for one in record.consequences if one.transcript == "T9")
    assert own.terms[0] == term
    if protein is not None:
        assert own.hgvs_protein is not None
        assert own.hgvs_protein.startswith(protein.rstrip("?)"))


def test_two_phased_variants_of_one_codon_are_also_read_together(bench: Bench) -> None:
    lines = [f"1 {codon(15)} . T C . . . GT {{}}", f"1 {codon(15) + 2} . C A . . . GT {{}}"]
    together = bench.predict(*(line.format("0|1") for line in lines), samples="anna")
    assert [one.consequences[0].terms[0] for one in together] == ["missense_variant", "stop_gained"]
    for record in together:
        (compound,) = record.compounds
        assert compound.samples == ("anna",)
        assert compound.consequence.hgvs_protein == "p.(Tyr15Gln)"
        assert compound.consequence.is_compound


@pytest.mark.parametrize(("first", "second"), [("0|1", "1|0"), ("0/1", "0/1"), ("0|1:7", "0|1:9")])
def test_variants_that_may_lie_on_different_copies_are_never_combined(bench: Bench, first: str, second: str) -> None:
    keys = "GT:PS" if ":" in first else "GT"
    records = bench.predict(
        f"1 {codon(15)} . T C . . . {keys} {first}", f"1 {codon(15) + 2} . C A . . . {keys} {second}", samples="anna"
    )
    assert [record.compounds for record in records] == [(), ()]


def test_homozygous_variants_lie_on_one_copy_without_being_phased(bench: Bench) -> None:
    records = bench.predict(
        f"1 {codon(15)} . T C . . . GT 1/1", f"1 {codon(15) + 2} . C A . . . GT 1/1", samples="anna"
    )
    assert all(record.compounds for record in records)


def test_each_allele_of_a_line_has_its_own_consequences(bench: Bench) -> None:
    records = bench.predict(f"1 {codon(15) + 2} . C A,T . . .")
    assert [(one.alt, one.allele_index, one.consequences[0].terms[0]) for one in records] == [
        ("A", 1, "stop_gained"), ("T", 2, "synonymous_variant"),
    ]  # fmt: skip


def test_an_allele_that_cannot_be_predicted_says_why_and_keeps_its_place(bench: Bench) -> None:
    records = bench.predict(f"1 {codon(2)} . G <DUP> . . .", f"1 {codon(3) + 1} . G A . . .", f"1 {codon(4)} . A * . . .")
    assert [record.line for record in records] == [3, 4, 5]
    assert [record.not_predicted is None for record in records] == [False, True, False]
    assert all(record.consequences == () for record in records if record.not_predicted)


def test_names_with_and_without_chr_meet(bench: Bench) -> None:
    (record,) = bench.predict(f"chr1 {codon(3) + 1} . G A . . .")
    assert (record.chrom, record.consequences[0].hgvs_protein) == ("chr1", "p.(Cys3Tyr)")


def test_a_gene_model_with_other_names_than_the_reference_is_understood(bench: Bench) -> None:
    bench.genes.write_text(bench.genes.read_text().replace("\n1\t", "\nchr1\t"))
    (record,) = bench.predict(f"1 {codon(3) + 1} . G A . . .")
    assert record.consequences[0].hgvs_protein == "p.(Cys3Tyr)"


MITOCHONDRIAL = "C" * 50 + "ATGTGAATAAAAGCTAGA" + "C" * 100
"""Trp, Met, Lys, Ala and a stop in the mitochondrion; a stop, Ile, Lys, Ala, Arg elsewhere."""


@pytest.mark.parametrize(
    ("in_file", "in_reference", "in_genes"), [("chrM", "chrM", "MT"), ("MT", "MT", "MT"), ("chrM", "MT", "chrM")]
)
def test_the_mitochondrion_is_read_with_its_own_genetic_code_wherever_it_stands(
    bench: Bench, in_file: str, in_reference: str, in_genes: str
) -> None:
    bench.reference.write_text(f">{in_reference}\n{MITOCHONDRIAL}\n{bench.reference.read_text()}")
    kinds = (("gene", "ID=gene:G2;Name=MT-X;biotype=protein_coding"), ("exon", "Parent=transcript:T2"),
             ("mRNA", "ID=transcript:T2;Parent=gene:G2;biotype=protein_coding"), ("CDS", "Parent=transcript:T2"))  # fmt: skip
    ordered = [kinds[0], kinds[2], kinds[1], kinds[3]]
    bench.genes.write_text(GENES + "".join(
        f"{in_genes}\tx\t{kind}\t51\t68\t.\t+\t{'0' if kind == 'CDS' else '.'}\t{named}\n" for kind, named in ordered
    ))  # fmt: skip
    both = bench.predict(
        f"{in_file} 56 . A G . . . GT 1/1", f"{in_file} 59 . A G . . . GT 1/1", f"{in_file} 61 . A T,C . . . GT 1/2",
        f"1 {codon(3) + 1} . G A . . . GT 0/1", samples="anna",
    )  # fmt: skip
    assert [(one.line, one.chrom, one.consequences[0].hgvs_protein) for one in both] == [
        (3, in_file, "p.(Trp2=)"), (4, in_file, "p.(Met3=)"), (5, in_file, "p.(Lys4Met)"), (5, in_file, "p.(Lys4Thr)"),
        (6, "1", "p.(Cys3Tyr)"),
    ]  # fmt: skip
    (last,) = bench.predict(f"{in_file} 67 . G C . . .")
    assert last.consequences[0].terms == ("stop_lost",), "AGA is a stop there"


def test_a_sequence_without_genes_is_named_rather_than_read_as_harmless(bench: Bench) -> None:
    run = bench.run(bench.write(f"1 {codon(3) + 1} . G A . . .", f"2 {codon(3) + 1} . G A . . ."))
    assert run.contigs_without_genes == ("2",)
    first, second = run.records()
    assert (len(first.consequences), first.not_predicted) == (2, None)
    assert (second.consequences, second.not_predicted) == ((), "the gene model has no transcript on this sequence")
    assert run.caller.startswith("bcftools csq 1.")


def test_a_contradicted_ref_names_the_place_and_the_build(bench: Bench) -> None:
    lines = [f"1 {codon(3) + 1} . C A . . .", f"1 {codon(5)} . G A . . .", f"1 {codon(6)} . T A . . ."]
    with pytest.raises(InvalidInputError, match=rf"line 3: at 1:{codon(3) + 1} .*REF C, the reference G.*2 of 3 .*genome build"):
        bench.predict(*lines)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["1 60 . A C . . .", "1 55 . G C . . ."], "stands after|REF"),
        (["9 60 . A C . . ."], "has none of the file's sequences"),
        (["1 sixty . A C . . ."], "not a position"),
        (["1 60 . A"], "columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(bench: Bench, lines: list[str], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        bench.predict(*lines)


def test_a_truncated_gzip_file_is_refused(bench: Bench) -> None:
    packed = gzip.compress(bench.write(*[f"1 {codon(3) + 1} . G A . . ."] * 50).read_bytes())
    path = bench.folder / "cut.vcf.gz"
    path.write_bytes(packed[:-12])
    with pytest.raises(InvalidInputError, match="truncated"):
        bench.run(path)


def test_a_gene_model_without_transcripts_is_refused(bench: Bench) -> None:
    bench.genes.write_text("##gff-version 3\n")
    with pytest.raises(InvalidInputError, match="names no transcript"):
        bench.predict(f"1 {codon(3) + 1} . G A . . .")


def test_time_that_runs_out_is_an_error_and_not_an_empty_answer(bench: Bench, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    vcf = bench.write(f"1 {codon(3) + 1} . G A . . .")
    request = ConsequenceRequest(vcf, bench.genes, bench.reference, limits=ToolLimits(wall_seconds=0.0))
    with pytest.raises(UnavailableError, match="not finished within"):
        predict(request, work)


def test_a_prediction_that_is_stopped_ends_at_once(bench: Bench, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    request = ConsequenceRequest(bench.write(f"1 {codon(3) + 1} . G A . . ."), bench.genes, bench.reference)
    with pytest.raises(StoppedError):
        predict(request, work, should_stop=lambda: True)


def test_an_incomplete_answer_is_refused(bench: Bench) -> None:
    run = bench.run(bench.write(f"1 {codon(3) + 1} . G A . . ."))
    with pytest.raises(InvalidInputError, match="no answer for 1 alleles"):
        list(replace(run, alleles=2).records())


def test_one_haplotype_as_written_points_to_the_line_that_carries_the_effect(bench: Bench) -> None:
    records = bench.predict(f"1 {codon(15)} . T C . . .", f"1 {codon(15) + 2} . C A . . .", phasing=Phasing.AS_WRITTEN)
    assert {len(record.combined_at) for record in records} == {0, 1}
