"""What a pathogenic variant means in genes that are recessive, X-linked, acquired in blood, or cut short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.knowledge.drugs import Severity
from services.storage.database import Database
from tests.unit.pipelines.genomic_support import Desk, pathogenic, small

SHAPE = "GT:AD:DP"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(database, tmp_path)
    yield opened
    opened.library.close()


def test_one_copy_in_a_recessive_gene_makes_a_carrier_and_names_the_disease(desk: Desk) -> None:
    desk.table(small("LRBA", "0/1", info=pathogenic()))
    found = desk.finding("LRBA")
    assert found.meaning.startswith("Carrier: one copy of a recessive disease")
    assert (found.severity, found.diseases) == (Severity.INFO, ("LRBA deficiency (recessive)",))


@pytest.mark.parametrize(("patient", "gt", "said", "severity"), [
    ("P2", "1", "On the only X chromosome (hemizygous)", Severity.MAJOR), ("P2", "1/1", "On the only X", Severity.MAJOR),
    ("P2", "0/1", "mosaic, or a wrong sample", Severity.MODERATE), ("P1", "0/1", "Carrier of an X-linked", Severity.MODERATE),
    ("P1", "1/1", "On both X chromosomes", Severity.MAJOR), ("P3", "0/1", "depends on the sex", Severity.MODERATE),
])  # fmt: skip
def test_an_x_linked_variant_is_read_by_the_sex(desk: Desk, patient: str, gt: str, said: str, severity: Severity) -> None:
    desk.table(small("BTK", gt, info=pathogenic()), patient=patient)
    found = desk.finding("BTK", patient)
    assert said in found.meaning
    assert found.severity is severity


def test_one_copy_of_a_gained_function_on_x_can_be_enough_in_a_woman(desk: Desk) -> None:
    desk.table(small("TLR7", "0/1"))
    assert "one copy can be enough in a woman" in desk.finding("TLR7").meaning


@pytest.mark.parametrize(("gt", "said"), [
    ("0/1:60,20:80", "20 of 80 reads (25%) carry it, as in a variant acquired by part of the blood cells"),
    ("1/1:4,76:80", "76 of 80 reads (95%) carry it: most blood cells may have acquired it, or it is inherited"),
    ("0/0:72,8:80", "8 of 80 reads (10%)"),
])  # fmt: skip
def test_an_acquired_disease_is_read_by_its_share_of_reads_even_where_the_caller_wrote_reference(
    desk: Desk, gt: str, said: str
) -> None:
    desk.table(small("UBA1", gt, shape=SHAPE), patient="P2")
    found = desk.finding("UBA1", "P2")
    assert "acquired in blood cells during life" in found.meaning
    assert said in found.meaning
    assert ("not called, but seen" in found.carried.words) is gt.startswith("0/0")
    assert found.severity is Severity.MAJOR


def test_a_few_stray_reads_are_no_acquired_variant_and_none_in_other_genes(desk: Desk) -> None:
    desk.table(small("UBA1", "0/0:198,2:200", shape=SHAPE), small("M694V", "0/0:60,20:80", shape=SHAPE), patient="P2")
    assert desk.said("P2").variants == ()


def test_without_counts_of_reads_an_acquired_variant_says_that_they_matter(desk: Desk) -> None:
    desk.table(small("UBA1", "0/1"), patient="P2")
    assert "does not say what share of the reads carries it, which matters" in desk.finding("UBA1", "P2").meaning


@pytest.mark.parametrize(("gt", "said", "unsaid"), [
    ("0/1:40,40:80", "One copy can cause the dominant disease", "acquired"),
    ("0/1:72,8:80", "acquired by part of the blood cells", "One copy can cause"),
])  # fmt: skip
def test_a_gene_of_inherited_and_acquired_disease_is_read_by_the_share(desk: Desk, gt: str, said: str, unsaid: str) -> None:
    desk.table(small("NLRP3", gt, info=pathogenic(), shape=SHAPE).replace("247424227", "247424300"))
    found = desk.finding("NLRP3")
    assert said in found.meaning
    assert unsaid not in found.meaning


def test_few_reads_of_many_are_no_sure_inherited_copy(desk: Desk) -> None:
    desk.table(small("CTLA4", "0/1:90,10:100", info=pathogenic(), shape=SHAPE))
    found = desk.finding("CTLA4")
    assert found.meaning.startswith("Only 10 of 100 reads (10%) carry it, where about half are expected")
    assert found.severity is Severity.MODERATE


def test_a_variant_that_destroys_the_gene_counts_for_the_disease_of_its_loss(desk: Desk) -> None:
    desk.table(small("AIRE", "0/1", info=pathogenic("stop_gained")))
    found = desk.finding("AIRE")
    assert found.inheritance == ("AR",)
    assert found.meaning.startswith("Carrier")
    assert found.diseases == ("autoimmune polyendocrine syndrome type 1 (APECED) (recessive)",)


def test_a_changed_protein_of_a_gene_with_both_inheritances_leaves_open_which(desk: Desk) -> None:
    desk.table(small("AIRE", "0/1", info=pathogenic("missense_variant")))
    found = desk.finding("AIRE")
    assert "has a dominant and a recessive disease" in found.meaning
    assert found.severity is Severity.MODERATE


def test_a_destroyed_gene_whose_disease_comes_from_gained_function_explains_nothing_yet(desk: Desk) -> None:
    desk.table(small("NLRP3", "0/1", info=pathogenic("frameshift_variant")).replace("247424227", "247424300"))
    found = desk.finding("NLRP3")
    assert "come from a changed function, not from its loss" in found.meaning
    assert found.severity is Severity.MODERATE
    assert found.diseases == ()
