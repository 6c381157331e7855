"""What a person writes for a variant finds it, or says what is missing; small packs of one chromosome stand for the real ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.genomics.genome import GenomeBuild
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind
from services.variants.resolving import How, Outcome, Resolution, resolve
from tests.installed_packs import put_rows, put_sequence

BUILD = GenomeBuild.GRCH38
EXONS = ((51, 80), (121, 150), (201, 260))
CODING = (61, 230)


def _sequence() -> str:
    """Chromosome 1 of 400 bases; codon 2 of PLUSG (64 to 66) is CGG, and an A stands at 91 to 95 of an intron, alone."""
    bases = random.Random(3).choices("ACGT", k=400)
    for start, text in ((61, "ATGCGGAAA"), (90, "CAAAAAG"), (121, "A"), (201, "C"), (222, "GGTCCGCAT")):
        bases[start - 1 : start - 1 + len(text)] = text
    return "".join(bases)


SEQUENCE = _sequence()


def _exons(gene: str, transcript: str, mark: str, strand: str, exons: tuple[tuple[int, int], ...]) -> list[Mapping[str, Any]]:
    ordered = exons if strand == "+" else exons[::-1]
    return [
        {
            "gene": gene, "gene_id": gene, "transcript": transcript, "mark": mark, "biotype": "protein_coding", "chrom": "1",
            "strand": strand, "exon": number, "start": start, "end": end, "coding_start": max(start, CODING[0]),
            "coding_end": min(end, CODING[1]), "version": None,
        }
        for number, (start, end) in enumerate(ordered, start=1)
    ]  # fmt: skip


ROWS = [
    *_exons("PLUSG", "NM_900001.2", "mane_select", "+", EXONS),
    *_exons("PLUSG", "NM_900002.1", "", "+", (EXONS[0], EXONS[2])),
    *_exons("MINUSG", "NM_900003.1", "mane_select", "-", EXONS),
]
CLINVAR = {
    "chrom_order": 0, "chrom": "1", "pos": 91, "ref": "A", "alt": "C", "variation_id": 7, "significance": "Pathogenic",
    "stars": 1, "review_status": "", "conditions": "", "gene": "PLUSG", "rsid": "rs900", "molecular_consequence": "", "hgvs": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> ReferenceLibrary:
    root = tmp_path_factory.mktemp("packs")
    put_sequence(root, BUILD, {"chr1": SEQUENCE})
    put_rows(root, PackKind.CLINVAR, BUILD, [CLINVAR, {**CLINVAR, "alt": "G"}])
    return put_rows(root, PackKind.GENE_MODELS, BUILD, ROWS, "exons.parquet")


@pytest.fixture
def models_only(tmp_path: Path) -> ReferenceLibrary:
    return put_rows(tmp_path, PackKind.GENE_MODELS, BUILD, ROWS, "exons.parquet")


def written(found: Resolution) -> list[str]:
    return [one.written for one in found.candidates]


# Without any pack


@pytest.mark.parametrize(
    "text",
    [
        "16-3243407-T-C", "chr16-3243407-T-C", "16:3243407 T>C", "chr16:3243407:T:C", "chr16:g.3243407T>C", "16:g.3243407T>C",
        "NC_000016.10:g.3243407T>C", "rs61752717", "RS61752717", "MEFV c.2080A>G", "MEFV:c.2080A>G", "NM_000243.3:c.2080A>G",
        "NM_000243.3(MEFV):c.2080A>G (p.Met694Val)", "MEFV p.Met694Val", "MEFV p.M694V", "MEFV p.(Met694Val)",
        "  MEFV   c.2080A>G ",
    ],
)  # fmt: skip
def test_a_known_variant_is_found_by_each_of_its_names(text: str) -> None:
    found = resolve(text, BUILD)
    assert found.outcome is Outcome.FOUND, found.problems
    assert found.only is not None
    assert (found.only.written, found.only.gene) == ("16-3243407-T-C", "MEFV")
    assert (found.only.hgvs_c, found.only.hgvs_p) == ("NM_000243.3:c.2080A>G", "p.Met694Val")


def test_the_same_name_lies_elsewhere_in_the_other_build() -> None:
    assert written(resolve("MEFV p.Met694Val", GenomeBuild.GRCH37)) == ["16-3293407-T-C"]


def test_an_older_numbering_is_found_and_said_to_be_one() -> None:
    found = resolve("NOD2 p.Arg702Trp", BUILD)
    assert written(found) == ["16-50712015-C-T"]
    assert "R702W is the older numbering: on NM_001370466.1 it is p.Arg675Trp" in found.problems


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "write a variant"), ("fever", "this is no variant"), ("rs1", "no ClinVar pack is installed"),
        ("NOD2 c.2105G>A", "gene models, which are not installed"), ("p.Met694Val", "name the gene or the transcript"),
        ("MEFV c.2080A>", "at character 14: a base is expected, the end is there"),
        ("NC_000016.9:g.3293407T>C", "belongs to GRCh37"), ("16-99999999-A-T", "has no position 99,999,999"),
        ("16-3243407-T-T", "both alleles are the same"), ("chrUn_7-5-A-T", "is no chromosome"),
        ("NM_000243.3:r.5a>u", "give the c. description"), ("16:g.3243407del", "which is not installed"),
        ("NOD2:g.5A>T", "NOD2 is no chromosome"), ("LRG_199:g.5A>T", "is no chromosome"), ("1" * 300, "at most 200 characters"),
    ],
)  # fmt: skip
def test_what_is_not_found_says_why(text: str, reason: str) -> None:
    found = resolve(text, BUILD)
    assert found.outcome is Outcome.NOT_FOUND
    assert any(reason in problem for problem in found.problems), found.problems


@given(st.text(max_size=250))
def test_no_text_makes_it_fail(text: str) -> None:
    found = resolve(text, BUILD)
    assert found.candidates or found.problems


# With packs


@given(
    head=st.sampled_from(("NM_900001.2:c.", "NM_900003.1:c.", "NM_900003.1:n.", "PLUSG c.", "PLUSG p.", "chr1:g.", "1-")),
    place=st.from_regex(r"[*-]?[0-9]{1,3}([+-][0-9]{1,2})?(_[*-]?[0-9]{1,3}([+-][0-9]{1,2})?)?", fullmatch=True),
    edit=st.sampled_from(("del", "dup", "inv", "insAC", "delinsT", "A>T", "C>G", "=", "AC[3]", "[2]", "-A-T", "copy2", "delA")),
)
def test_any_description_of_the_right_form_has_an_answer(packs: ReferenceLibrary, head: str, place: str, edit: str) -> None:
    found = resolve(f"{head}{place}{edit}", BUILD, packs)
    assert found.candidates or found.problems
    for one in found.candidates:
        assert SEQUENCE[one.pos - 1 : one.pos - 1 + len(one.ref)] == one.ref


def test_a_coding_change_is_projected_on_both_strands(packs: ReferenceLibrary) -> None:
    plus = resolve("PLUSG c.4C>T", BUILD, packs)
    assert written(plus) == ["1-64-C-T"]
    assert plus.only is not None
    assert (plus.only.hgvs_c, plus.only.hgvs_p, plus.only.how) == ("NM_900001.2:c.4C>T", "p.(Arg2Trp)", How.PROJECTION)
    assert plus.problems == ("read on NM_900001.2 (mane select)",)
    minus = resolve("NM_900003.1:c.4C>T", BUILD, packs)
    assert written(minus) == ["1-227-G-A"]
    assert minus.only is not None
    assert minus.only.hgvs_p == "p.(Arg2Trp)"


def test_an_intronic_deletion_is_left_aligned_and_described_at_its_three_prime_end(packs: ReferenceLibrary) -> None:
    found = resolve("NM_900001.2:c.20+13del", BUILD, packs)
    assert written(found) == ["1-90-CA-C"]
    assert found.only is not None
    assert found.only.hgvs_c == "NM_900001.2:c.20+15del"
    assert written(resolve("1-94-AA-A", BUILD, packs)) == ["1-90-CA-C"]
    assert written(resolve("chr1:g.93del", BUILD, packs)) == ["1-90-CA-C"]


def test_a_reference_base_that_is_not_there_is_no_variant(packs: ReferenceLibrary) -> None:
    found = resolve("1-64-G-T", BUILD, packs)
    assert found.outcome is Outcome.NOT_FOUND
    assert found.problems == ("GRCh38 has C at 1:64, not G: is it another build?",)
    assert "the reference has C" in resolve("NM_900001.2:c.4G>T", BUILD, packs).problems[0]


@pytest.mark.parametrize("text", ["chr1:g.500del", "chr1:g.399_402del", "chr1:g.400_401insA", "chr1:g.900A>T", "1-900-A-T"])
def test_a_place_past_the_end_of_the_sequence_is_refused(packs: ReferenceLibrary, text: str) -> None:
    found = resolve(text, BUILD, packs)
    assert found.outcome is Outcome.NOT_FOUND
    assert any(reason in found.problems[0] for reason in ("lies past the end", "has nothing at"))


def test_a_protein_change_gives_each_codon_change_of_one_base(packs: ReferenceLibrary) -> None:
    only = resolve("PLUSG p.Arg2Trp", BUILD, packs)
    assert written(only) == ["1-64-C-T"]
    several = resolve("NM_900001.2:p.Lys3Asn", BUILD, packs)
    assert several.outcome is Outcome.AMBIGUOUS
    assert written(several) == ["1-69-A-T", "1-69-A-C"]
    assert {one.how for one in several.candidates} == {How.PROTEIN}


def test_a_residue_that_is_not_there_is_said_with_the_one_that_is(packs: ReferenceLibrary) -> None:
    found = resolve("NM_900001.2:p.Gly2Trp", BUILD, packs)
    assert found.problems == ("residue 2 of NM_900001.2 is Arg, not Gly",)
    frameshift = resolve("NM_900001.2:p.Arg2fs", BUILD, packs)
    assert "give the c. description" in frameshift.problems[0]


def test_another_version_of_a_transcript_is_read_and_said(packs: ReferenceLibrary) -> None:
    found = resolve("NM_900001.1:c.4C>T", BUILD, packs)
    assert written(found) == ["1-64-C-T"]
    assert found.problems == ("read on NM_900001.2, which is installed, not on NM_900001.1",)


def test_a_base_that_only_another_transcript_of_the_gene_has_is_looked_for_there(packs: ReferenceLibrary) -> None:
    found = resolve("PLUSG c.21C>T", BUILD, packs)  # c.21 is A on NM_900001.2; C on NM_900002.1, which lacks the second exon
    assert written(found) == ["1-201-C-T"]
    assert "read on NM_900002.1, where it fits" in found.problems


def test_without_sequence_a_gene_alone_may_mean_several_places(models_only: ReferenceLibrary) -> None:
    found = resolve("PLUSG c.21A>T", BUILD, models_only)
    assert found.outcome is Outcome.AMBIGUOUS
    assert {one.pos for one in found.candidates} == {121, 201}
    assert any("could not be compared" in problem for problem in found.problems)


def test_an_rsid_of_clinvar_with_two_alleles_is_ambiguous(packs: ReferenceLibrary) -> None:
    found = resolve("rs900", BUILD, packs)
    assert found.outcome is Outcome.AMBIGUOUS
    assert written(found) == ["1-91-A-C", "1-91-A-G"]
    assert found.candidates[0].how is How.CLINVAR


def test_uncertain_positions_are_refused_with_the_reason(packs: ReferenceLibrary) -> None:
    found = resolve("NM_900001.2:c.(4_6)_10del", BUILD, packs)
    assert found.problems == ("a change with uncertain positions names no single variant",)


def test_coordinates_are_described_on_the_transcript_at_the_place(packs: ReferenceLibrary) -> None:
    found = resolve("chr1-64-C-T", BUILD, packs)
    assert found.only is not None
    assert (found.only.gene, found.only.hgvs_c, found.only.hgvs_p) == ("PLUSG", "NM_900001.2:c.4C>T", "p.(Arg2Trp)")
    intron = resolve("chr1-91-A-C", BUILD, packs)
    assert intron.only is not None
    assert (intron.only.hgvs_c, intron.only.hgvs_p) == ("NM_900001.2:c.20+11A>C", None)


def test_a_name_in_the_older_numbering_is_found_and_said_to_be_read_on_the_present_transcript() -> None:
    found = resolve("NOD2 c.2104C>T", GenomeBuild.GRCH38)
    assert found.only is not None
    assert found.only.hgvs_c == "NM_001370466.1:c.2023C>T"
    assert found.problems
