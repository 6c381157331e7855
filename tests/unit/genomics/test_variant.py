"""A variant is named in many ways and is one thing."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.genomics.alleles import VariantType
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant, parse_variant

BRCA1 = Variant(GenomeBuild.GRCH38, "17", 43_045_702, "C", "T")


@pytest.mark.parametrize(
    "text", ["17-43045702-C-T", "chr17:43045702:C:T", "chr17:43045702C>T", "NC_000017.11:g.43045702C>T", " 17 43045702 c t "]
)
def test_every_writing_of_a_variant_gives_the_same_key(text: str) -> None:
    assert parse_variant(text, GenomeBuild.GRCH38) == BRCA1
    assert BRCA1.key == "GRCh38:17:43045702:C:T"


def test_an_accession_of_another_build_is_refused_naming_both() -> None:
    with pytest.raises(InvalidInputError, match=r"GRCh37.*GRCh38"):
        parse_variant("NC_000017.10:g.41197719C>T", GenomeBuild.GRCH38)


@pytest.mark.parametrize("text", ["", "17-1", "17-x-C-T", "NM_007294.4:c.1A>G", "1:" + "9" * 5_000, "17-1-C-Z"])
def test_what_is_no_variant_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_variant(text, GenomeBuild.GRCH38)


def test_the_same_change_in_two_builds_is_not_the_same_variant() -> None:
    assert Variant(GenomeBuild.GRCH37, "1", 5, "A", "G").key != Variant(GenomeBuild.GRCH38, "1", 5, "A", "G").key


def test_trimming_leaves_what_is_not_sequence_alone() -> None:
    assert Variant(GenomeBuild.GRCH38, "1", 5, "CAG", "CTG").trimmed() == Variant(GenomeBuild.GRCH38, "1", 6, "A", "T")
    deletion = Variant(GenomeBuild.GRCH38, "1", 5, "A", "<DEL>")
    assert deletion.trimmed() == deletion
    assert deletion.type is VariantType.STRUCTURAL_DELETION


def test_impossible_variants_cannot_be_made() -> None:
    for position, ref in ((-1, "A"), (1, ""), (1, "<DEL>")):
        with pytest.raises(InvalidInputError):
            Variant(GenomeBuild.GRCH38, "1", position, ref, "T")
