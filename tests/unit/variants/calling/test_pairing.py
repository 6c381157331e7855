"""Which files belong together, by the names that sequencers give them."""

from __future__ import annotations

import pytest

from services.variants.calling.model import Design
from services.variants.calling.pairing import GuessedLane, guess_design, pair_files


@pytest.mark.parametrize("names", [
    ("NA12878_S1_L001_R1_001.fastq.gz", "NA12878_S1_L001_R2_001.fastq.gz"), ("NA12878_R1.fq", "NA12878_R2.fq"),
    ("NA12878.read1.fastq.bgz", "NA12878.read2.fastq.bgz"), ("NA12878_1.fastq", "NA12878_2.fastq"),
    ("NA12878-r1.fq.gz", "NA12878-r2.fq.gz"),
])
def test_pairs_are_found_in_the_usual_spellings(names: tuple[str, str]) -> None:
    for given, order in ((names, (0, 1)), (names[::-1], (1, 0))):
        (lane,) = pair_files(given)
        assert (lane.sample, lane.first, lane.second) == ("NA12878", *order)


def test_lanes_of_a_sample_stay_together_in_their_order() -> None:
    names = [f"kid_S1_L00{lane}_R{mate}_001.fastq.gz" for lane in (2, 1) for mate in (1, 2)]
    assert pair_files(names) == (GuessedLane("kid", "L001", 2, 3), GuessedLane("kid", "L002", 0, 1))


def test_a_file_without_its_other_half_is_single_reads_and_keeps_its_whole_name() -> None:
    lanes = pair_files(["run_2.fastq", "plain.fq.gz", "a b#c_R1.fastq"])
    assert [(lane.sample, lane.second) for lane in lanes] == [("a_b_c_R1", None), ("plain", None), ("run_2", None)]


def test_files_of_the_same_name_are_paired_in_their_order() -> None:
    lanes = pair_files(["a_R1.fq", "a_R1.fq", "a_R2.fq", "a_R2.fq", "a_R2.fq"])
    assert sorted((lane.first, lane.second) for lane in lanes if lane.second is not None) == [(0, 2), (1, 3)]
    assert [lane.first for lane in lanes if lane.second is None] == [4]


@pytest.mark.parametrize(("samples", "design", "roles"), [
    (["NA12878"], Design.GERMLINE, ["sample"]), (["P7_tumor"], Design.TUMOUR_ONLY, ["tumour"]),
    (["P7_T", "P7_N"], Design.TUMOUR_NORMAL, ["tumour", "normal"]),
    (["dad", "kid", "mum"], Design.TRIO, ["father", "child", "mother"]),
    (["F1_father", "F1_mother", "F1_x"], Design.TRIO, ["father", "mother", "child"]),
    (["a", "b"], Design.FAMILY, ["child", "other"]),
    (["proband", "sister"], Design.FAMILY, ["child", "sibling"]), (["Tanaka", "Nadal"], Design.FAMILY, ["child", "other"]),
])
def test_the_names_of_samples_suggest_a_design(samples: list[str], design: Design, roles: list[str]) -> None:
    guessed, found = guess_design(samples)
    assert (guessed, [found[sample] for sample in samples]) == (design, roles)


@pytest.mark.parametrize("name", ["", ".", "_1", "a" * 5_000, "_1" * 4_000, "../../x_1.fastq", "\x00_R1.fq"])
def test_any_name_at_all_is_one_lane_with_a_usable_sample(name: str) -> None:
    (lane,) = pair_files([name])
    assert lane.first == 0
    assert lane.sample
    assert len(lane.sample) <= 64
    assert "/" not in lane.sample
