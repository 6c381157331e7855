"""Deletions and duplications of a table as findings of its patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER
from services.clinical.analysis import analyse, to_document
from services.clinical.profile import Profile
from services.knowledge.drugs import Severity
from services.pipelines.genomic.model import Ground
from services.pipelines.genomic_evidence import finding_passages
from services.storage.database import Database
from services.variants.library import VariantLibrary
from services.variants.links import SampleChoice
from services.variants.reference.model import PackKind
from tests.unit.pipelines.genomic_support import Desk, pathogenic, small
from tests.unit.variants.annotation.packs import Shelf, annotated

CTLA4 = ("chr2", 203_860_000, 203_880_000)
EXONS = [
    {"gene": "CTLA4", "gene_id": "G1", "transcript": "NM_005214.5", "mark": "mane_select", "biotype": "protein_coding",
     "chrom": "2", "strand": "+", "exon": number, "start": start, "end": end, "coding_start": start, "coding_end": end}
    for number, (start, end) in enumerate(((203_867_771, 203_868_000), (203_870_600, 203_870_900), (203_871_400, 203_871_500),
                                           (203_872_700, 203_873_965)), 1)
]  # fmt: skip


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(database, tmp_path)
    yield opened
    opened.library.close()


def event(kind: str, chrom: str, start: int, end: int, *values: str, shape: str = "GT") -> str:
    base = "N"
    return f"{chrom} {start - 1} . {base} <{kind}> 50 PASS SVTYPE={kind};END={end} {shape} {' '.join(values)}"


def with_exons(desk: Desk, table_id: str) -> None:
    shelf = Shelf(desk.folder / "packs")
    shelf.rows(PackKind.GENE_MODELS, *EXONS, name="exons.parquet")
    annotated(desk.library.folder(table_id), shelf.packs)
    desk.library.changed(table_id)


def test_the_deletion_of_a_gene_that_is_needed_twice_is_a_finding_with_what_was_not_assessed(desk: Desk) -> None:
    desk.table(event("DEL", *CTLA4, "0/1"))
    found = desk.finding("CTLA4")
    assert (found.change, found.place) == ("deletion of the whole gene", "chr2:203,860,000-203,880,000, 20.0 kb")
    assert found.carried.words == "one of two copies lost (heterozygous)"
    assert found.severity is Severity.MAJOR
    assert found.evidence[0].ground is Ground.MECHANISM
    assert "Tangye 2022" in found.evidence[0].source
    assert "One copy can cause the dominant disease" in found.meaning
    limits = " ".join(found.limits)
    for part in ("Not scored", "population was not looked up", "Penetrance is incomplete"):
        assert part in limits, part
    assert any("extent of the curated genes only" in note for note in desk.said().notes)


@pytest.mark.parametrize("line", [
    event("DEL", *CTLA4, "0/0"), event("INV", *CTLA4, "0/1"), event("DEL", "chr2", 203_700_000, 203_800_000, "0/1"),
    event("DUP", *CTLA4, "0/1"), event("DEL", "chr1", 247_400_000, 247_460_000, "0/1"),  # NLRP3: gained function
])  # fmt: skip
def test_what_is_not_carried_not_lost_or_not_needed_is_no_finding(desk: Desk, line: str) -> None:
    desk.table(line)
    assert desk.said().variants == ()
    assert any("insertion, inversion" in note for note in desk.said().notes) is ("<INV>" in line)


def test_exons_decide_where_gene_models_are_installed(desk: Desk) -> None:
    inside, exon = ("chr2", 203_868_100, 203_870_500), ("chr2", 203_870_500, 203_871_000)
    info = desk.table(event("DEL", *inside, "0/1"), event("DEL", *exon, "0/1"))
    before = desk.said().variants
    assert [one.severity for one in before] == [Severity.MODERATE] * 2
    assert all("inside an intron may do nothing" in " ".join(one.limits) for one in before)
    with_exons(desk, info.id)
    found = desk.finding("CTLA4")
    assert found.change == "deletion of exon 2 of 4 (NM_005214.5)"
    assert found.severity is Severity.MAJOR


def test_the_class_of_the_score_is_a_ground_with_its_points(desk: Desk) -> None:
    info = desk.table(event("DEL", "chrX", 101_340_000, 101_400_000, "1"), patient="P2")
    annotated(desk.library.folder(info.id), {})
    desk.library.changed(info.id)
    found = desk.finding("BTK", "P2")
    assert found.evidence[0].ground is Ground.COPY_NUMBER
    assert found.significance == "pathogenic, from data alone"
    assert "+1.00" in found.evidence[0].source
    assert found.carried.words == "the only copy lost (hemizygous)"
    assert "On the only X chromosome" in found.meaning
    assert any(limit.startswith("Not assessed in the score") for limit in found.limits)


@pytest.mark.parametrize(("copies", "patient", "words"), [
    ("1", "P1", "1 copy instead of 2"), ("0", "P1", "both copies lost (homozygous)"), ("2", "P1", ""), ("3", "P1", ""),
])  # fmt: skip
def test_the_copies_of_the_chosen_sample_decide_for_a_copy_number_row(
    desk: Desk, copies: str, patient: str, words: str
) -> None:
    line = event("CNV", *CTLA4, "./.:1", f"./.:{copies}", shape="GT:CN")
    desk.table(line, samples=("other", "own"), patient=patient, choice=SampleChoice("own"))
    assert [one.carried.words for one in desk.said(patient).variants] == ([words] if words else [])


def test_a_deletion_and_a_variant_of_a_recessive_gene_are_weighed_together(desk: Desk) -> None:
    lost = event("DEL", "chr4", 150_390_000, 150_410_000, "0/1")
    desk.table(lost, small("LRBA2", "1/1", info=pathogenic()))
    by_kind = {one.change.partition(" ")[0]: one for one in desk.said().variants}
    assert "in trans, because it alone is left where the other copy is deleted" in by_kind["deletion"].meaning
    assert "may be one changed copy and no other" in " ".join(by_kind[""].limits)


def test_the_number_of_complement_genes_is_stated_and_no_disease(desk: Desk) -> None:
    desk.table(event("DEL", "chr6", 31_982_057, 32_002_681, "0/1"))
    found = desk.finding("C4A")
    assert found.severity is Severity.INFO
    assert "People differ in how many copies of C4A they have" in found.meaning
    assert "dedicated test" in found.action
    assert any("Short reads cannot tell C4A from C4B" in limit for limit in found.limits)


def test_a_structural_finding_is_in_the_analysis_and_the_evidence_like_any_other(desk: Desk) -> None:
    desk.table(event("DEL", *CTLA4, "0/1"))
    profile = Profile.model_validate({"patient_id": "P1", "age": 30, "sex": "F", "biomarkers": {"CRP": 4}})
    rows = to_document(analyse(desk.findings.enriched(profile, LOCAL_USER)))["cross_agent_findings"]
    row = next(one for one in rows if one["gene"] == "CTLA4")
    assert row["finding"].endswith("Diseases of the gene: CTLA-4 haploinsufficiency with autoimmune infiltration (dominant).")
    assert row["finding"].startswith("CTLA4 deletion of the whole gene (chr2:203,860,000-203,880,000, 20.0 kb)")
    assert (row["agent"], row["row"]) == ("genomics", 0)
    passages = finding_passages(desk.findings.of_patient("P1", LOCAL_USER), "Somebody")
    assert any("one of two copies lost" in one.text and one.metadata.get("gene") == "CTLA4" for one in passages)


def test_what_another_process_linked_or_annotated_is_seen_here_and_has_passages_of_its_own(
    desk: Desk, database: Database
) -> None:
    info = desk.table(event("DEL", *CTLA4, "0/1"), patient=None)
    assert desk.findings.of_patient("P1", LOCAL_USER).tables == ()
    other = VariantLibrary(database, desk.folder / "variants")
    other.link(LOCAL_USER, info.id, "P1")
    before = finding_passages(desk.findings.of_patient("P1", LOCAL_USER), "Somebody")
    assert "Not scored" in before[0].text
    assert finding_passages(desk.findings.of_patient("P1", LOCAL_USER), "Somebody") == before
    annotated(other.folder(info.id), {})  # in its place: nobody tells this process
    after = finding_passages(desk.findings.of_patient("P1", LOCAL_USER), "Somebody")
    assert "Not scored" not in after[0].text
    assert after[0].id != before[0].id
    other.close()
