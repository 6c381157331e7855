"""Which sample is the patient, and what the parents' samples tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER
from services.errors import InvalidInputError
from services.pipelines.read_request import ReadRequest
from services.storage.database import Database
from services.variants.links import SampleChoice, at_import, proposed, stated_parents
from services.variants.manifest import read_manifest
from tests.unit.pipelines.genomic_support import Desk, pathogenic, small

TRIO = ("C", "M", "F")
CHILD = SampleChoice("C", "M", "F")
SHAPE = "GT:AD:DP"
HET, REF, ALT = "0/1:15,15:30", "0/0:30,0:30", "1/1:0,30:30"
PEDIGREE = "##PEDIGREE=<ID=C,Father=F,Mother=M>\n"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(database, tmp_path)
    yield opened
    opened.library.close()


# -- which sample


def test_without_a_choice_nothing_is_read_and_it_is_said_what_is_missing(desk: Desk) -> None:
    desk.table(small("M694V", "1/1", "1/1"), samples=("P1", "S2"))
    said = desk.said()
    assert (said.variants, said.genes, said.sample) == ((), (), None)
    assert not said.is_read
    assert [one.is_read for one in desk.findings.input_of("P1", LOCAL_USER).tables] == [False]
    assert "2 samples (P1, S2), and nobody stated which of them is the patient" in said.notes[0]


def test_two_samples_of_one_table_are_two_patients(desk: Desk) -> None:
    info = desk.table(small("M694V", "1/1", "0/1"), samples=("S1", "S2"), choice=SampleChoice("S1"))
    desk.library.link(LOCAL_USER, info.id, "P2", SampleChoice("S2"))
    assert (desk.finding("MEFV").carried.copies, desk.finding("MEFV", "P2").carried.copies) == (2, 1)
    assert {one.patient_id: one.choice.sample for one in desk.library.get(LOCAL_USER, info.id).links} == {"P1": "S1", "P2": "S2"}


def test_a_sample_is_one_patient_and_a_patient_one_sample(desk: Desk) -> None:
    info = desk.table(small("M694V", "1/1", "0/1"), samples=("S1", "S2"), choice=SampleChoice("S1"))
    heard: list[str] = []
    desk.library.subscribe(heard.append)
    links = desk.library.link(LOCAL_USER, info.id, "P2", SampleChoice("S1")).links
    assert [(one.patient_id, one.choice.sample) for one in links] == [("P2", "S1")]
    links = desk.library.link(LOCAL_USER, info.id, "P2", SampleChoice("S2")).links
    assert [(one.patient_id, one.choice.sample) for one in links] == [("P2", "S2")]
    assert heard == ["P1", "P2", "P2"]
    assert desk.library.unlink(LOCAL_USER, info.id, "P2").links == ()
    assert heard[-1] == "P2"


@pytest.mark.parametrize("choice", [
    SampleChoice("nobody"), SampleChoice("C", "C"), SampleChoice("C", "M", "M"), SampleChoice("", "M"),
    SampleChoice("C", "", "x"),
])  # fmt: skip
def test_a_choice_that_cannot_be_is_refused(desk: Desk, choice: SampleChoice) -> None:
    info = desk.table(small("M694V", *[HET] * 3, shape=SHAPE), samples=TRIO, patient=None)
    with pytest.raises(InvalidInputError):
        desk.library.link(LOCAL_USER, info.id, "P1", choice)
    assert desk.library.get(LOCAL_USER, info.id).links == ()


def test_a_sample_named_like_the_patient_the_only_one_and_a_pedigree_are_proposed(desk: Desk) -> None:
    def manifest(*samples: str, meta: str = "") -> dict[str, object]:
        info = desk.table(small("M694V", *["0/1"] * len(samples)), samples=samples, patient=None, meta=meta)
        return read_manifest(desk.library.folder(info.id))

    assert proposed(manifest("S1"), "P1") == SampleChoice("S1")
    assert proposed(manifest("S1", "p1"), "P1") == SampleChoice("p1")
    assert proposed(manifest("S1", "S2"), "P1") == SampleChoice()
    family = manifest(*TRIO, meta=PEDIGREE)
    assert proposed(family, "P1") == CHILD
    assert (stated_parents(family, "M"), stated_parents(family, "C")) == (SampleChoice("M"), CHILD)
    broken = manifest(*TRIO, meta="##PEDIGREE=<ID=C,Father=unknown,Mother=C>\n")
    assert stated_parents(broken, "C") == SampleChoice("C")


def test_a_table_split_off_a_family_file_is_the_patients_only_where_its_sample_is_named_so() -> None:
    def part(sample: str) -> dict[str, object]:
        return {"samples": [sample], "split_from": ["P1", "M"], "header": []}

    assert at_import(part("P1"), "", "P1") == SampleChoice("P1")
    assert at_import(part("M"), "M", "P1") is None


def test_the_findings_of_any_sample_can_be_looked_at_in_the_table(desk: Desk) -> None:
    info = desk.table(small("M694V", "1/1", "0/1"), samples=("S1", "S2"), choice=SampleChoice("S1"))
    other = desk.findings.of_table(info.id, LOCAL_USER, sample="S2")
    assert (other.sample, other.variants[0].carried.copies) == ("S2", 1)
    assert desk.findings.of_table(info.id, LOCAL_USER).sample == "S1"
    with pytest.raises(InvalidInputError):
        desk.findings.of_table(info.id, LOCAL_USER, sample="S3")


# -- the parents


@pytest.mark.parametrize(("mother", "father", "said"), [
    (HET, REF, "Inherited from the mother, who carries it; the father is called without it."),
    (REF, HET, "Inherited from the father"), (HET, HET, "Both parents carry it: from which"),
    (REF, REF, "It seems to be new in the patient (de novo)."),
])  # fmt: skip
def test_the_parents_tell_from_whom_a_dominant_variant_comes(desk: Desk, mother: str, father: str, said: str) -> None:
    desk.table(small("NLRP3", HET, mother, father, shape=SHAPE), samples=TRIO, choice=CHILD)
    found = desk.finding("NLRP3")
    assert said in found.family
    assert ("signs of the disease" in found.action) is ("Inherited" in found.family)
    assert any("stated, not proven" in limit for limit in found.limits) is ("de novo" in found.family)


@pytest.mark.parametrize(("father", "doubt"), [
    ("0/0:6,0:6", "only 6 reads"), ("0/0:27,3:30", "possibly in part of the cells"), ("./.:0,0:0", "was not called"),
    ("0/0:.,.:.", "is not stated"),
])  # fmt: skip
def test_a_parent_who_is_badly_read_proves_nothing_new(desk: Desk, father: str, doubt: str) -> None:
    desk.table(small("NLRP3", HET, REF, father, shape=SHAPE), samples=TRIO, choice=CHILD)
    found = desk.finding("NLRP3")
    assert ("seems to be new" in found.family) is ("not stated" in doubt)
    assert any(doubt in limit for limit in found.limits)


def test_with_one_parent_it_is_said_what_stays_open(desk: Desk) -> None:
    desk.table(small("NLRP3", HET, REF, shape=SHAPE), samples=("C", "M"), choice=SampleChoice("C", "M"))
    assert "from the father, who is not in the table, or is new" in desk.finding("NLRP3").family


@pytest.mark.parametrize(("first", "second", "said"), [
    ((HET, HET, REF), (HET, REF, HET), "in trans, as the parents' samples show"),
    ((HET, HET, REF), (HET, HET, REF), "lies on the same chromosome"), ((HET, HET, REF), (HET, REF, REF), "phase unknown"),
    ((HET, HET, HET), (HET, REF, HET), "phase unknown"),
])  # fmt: skip
def test_two_variants_of_a_recessive_gene_are_in_trans_when_each_comes_from_another_parent(
    desk: Desk, first: tuple[str, ...], second: tuple[str, ...], said: str
) -> None:
    desk.table(small("M694V", *first, shape=SHAPE), small("V726A", *second, shape=SHAPE), samples=TRIO, choice=CHILD)
    assert all(said in one.meaning for one in desk.said().variants)


def test_reads_and_parents_that_contradict_each_other_leave_the_phase_unknown(desk: Desk) -> None:
    phased = "0|1:15,15:30"
    desk.table(
        small("M694V", phased, HET, REF, shape=SHAPE), small("V726A", phased, REF, HET, shape=SHAPE), samples=TRIO, choice=CHILD
    )
    assert all("phase unknown" in one.meaning for one in desk.said().variants)


@pytest.mark.parametrize(("father", "said"), [
    (HET, "one copy from each fits"), (REF, "may have one copy and a deletion"), ("./.:0,0:0", "cannot be told"),
])  # fmt: skip
def test_two_copies_are_compared_with_both_parents(desk: Desk, father: str, said: str) -> None:
    desk.table(small("M694V", ALT, HET, father, shape=SHAPE), samples=TRIO, choice=CHILD)
    assert said in desk.finding("MEFV").family


def test_the_only_x_of_a_son_comes_from_the_mother(desk: Desk) -> None:
    info = pathogenic()
    desk.table(small("BTK", "1:0,30:30", HET, "0:30,0:30", info=info, shape=SHAPE), samples=TRIO, patient="P2", choice=CHILD)
    assert desk.finding("BTK", "P2").family == "Inherited from the mother, who carries it."


def test_samples_that_share_too_little_are_no_parents(desk: Desk) -> None:
    lines = [f"chr1 {1_000_000 + 100 * number} . A G 50 PASS . {SHAPE} {ALT} {ALT} {REF}" for number in range(120)]
    desk.table(small("NLRP3", HET, REF, REF, shape=SHAPE), *lines, samples=TRIO, choice=CHILD)
    notes = " ".join(desk.said().notes)
    assert "The sample F does not fit the father: at 120 of 120 places" in notes
    assert "The sample M" not in notes
    assert any("does not fit the father" in limit for limit in desk.finding("NLRP3").limits)


@pytest.mark.parametrize(("design", "roles", "choice"), [
    ("germline", {"A": "sample"}, SampleChoice("A")), ("tumour only", {"A": "tumour"}, SampleChoice("A")),
    ("trio", {"A": "father", "B": "child", "C": "mother"}, SampleChoice("B", "C", "A")),
    ("tumour and normal", {"A": "tumour", "B": "normal"}, SampleChoice("B")),
    ("family", {"A": "child", "B": "sibling", "C": "mother"}, SampleChoice("A", "C")),
    ("family", {"A": "child", "B": "child", "C": "mother"}, SampleChoice()),
    ("family", {"A": "sibling", "B": "other"}, SampleChoice()),
])  # fmt: skip
def test_the_roles_of_reads_say_which_sample_is_the_patient(design: str, roles: dict[str, str], choice: SampleChoice) -> None:
    samples = [
        {"name": name, "role": role, "lanes": [{"first": {"upload_id": name}}]} for name, role in roles.items()
    ]
    request = ReadRequest.model_validate({"design": design, "samples": samples, "assembly": "GRCh38"})
    assert request.patient_sample == choice
