"""Reads to variants, for real, on a simulated region."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import ConflictError, InvalidInputError
from services.variants.calling.finding import windows
from services.variants.calling.model import CallingRequest, CallingResult, Design, Lane, SampleReads
from services.variants.calling.service import call_variants
from services.variants.vcf.importing import StoppedError
from validation.read_simulation import Simulated, Simulation, region, simulate

SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "fastq"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(Simulation(length=12_000, snv_rate=0.002, indel_rate=0.0005, seed=7), tmp_path_factory.mktemp("reads"))


@pytest.fixture(scope="module")
def called(made: Simulated, tmp_path_factory: pytest.TempPathFactory) -> tuple[CallingResult, list[float]]:
    shares: list[float] = []
    folder = tmp_path_factory.mktemp("calls") / "result"
    result = call_variants(one(made), folder, report=lambda share, _message: shares.append(share))
    return result, shares


def one(made: Simulated, *lanes: Lane) -> CallingRequest:
    return CallingRequest(Design.GERMLINE, (SampleReads("S1", lanes or (Lane(made.first, made.second),)),), made.reference)


def lines(vcf: Path) -> list[list[str]]:
    with gzip.open(vcf, "rt") as source:
        return [line.rstrip("\n").split("\t") for line in source if not line.startswith("#")]


def test_every_simulated_variant_is_called_with_its_genotype(made: Simulated, called: tuple[CallingResult, list[float]]) -> None:
    truth = {(row[1], row[3], row[4]): row[9] for row in (line.split("\t") for line in made.truth.read_text().splitlines()[4:])}
    snvs = {place: text for place, text in truth.items() if len(place[1]) == len(place[2]) == 1}
    found = {(row[1], row[3], row[4]): row[9].split(":")[0] for row in lines(called[0].vcf) if row[6] == "PASS"}
    assert snvs.keys() <= found.keys()
    assert all(sorted(found[place].split("/")) == sorted(text.split("|")) for place, text in snvs.items())
    assert called[0].calls.snvs == len(snvs)


def test_the_report_says_what_the_reads_are_like(called: tuple[CallingResult, list[float]]) -> None:
    (reads,) = called[0].reads
    assert reads.reads == 2_400
    assert reads.aligned_share is not None
    assert reads.aligned_share > 0.99
    assert 26 < reads.mean_depth < 31
    assert reads.breadth[1] > reads.breadth[10] > reads.breadth[30] > 0
    assert reads.median_insert_size is not None
    assert 380 < reads.median_insert_size < 420
    first, second = reads.quality_by_cycle
    assert len(first) == len(second) == 150
    assert first[0] > first[-1] > 20
    assert reads.quality_encodings == ("Phred+33",)
    assert reads.error_rate is not None
    assert 0 < reads.error_rate < 0.01


def test_progress_only_grows_and_ends_at_one(called: tuple[CallingResult, list[float]]) -> None:
    shares = called[1]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_results_lie_together_with_their_indexes_and_nothing_else_is_left(called: tuple[CallingResult, list[float]]) -> None:
    folder = called[0].vcf.parent
    assert sorted(path.name for path in folder.iterdir()) == ["S1.bam", "S1.bam.bai", "calls.vcf.gz", "calls.vcf.gz.tbi"]
    assert [path.name for path in folder.parent.iterdir()] == ["result"]


def test_a_lane_that_was_sequenced_twice_shows_as_duplicates(made: Simulated, tmp_path: Path) -> None:
    copies = []
    for path in (made.first, made.second):
        copy = tmp_path / f"copy_{path.name}"
        copy.write_text(path.read_text().replace("@read", "@again"))
        copies.append(copy)
    request = one(made, Lane(made.first, made.second), Lane(copies[0], copies[1]))
    (reads,) = call_variants(request, tmp_path / "result").reads
    assert reads.duplicate_share is not None
    assert 0.48 < reads.duplicate_share < 0.56
    assert reads.mean_depth < 31


def test_the_wrong_reference_is_said_to_be_wrong(made: Simulated, tmp_path: Path) -> None:
    other = tmp_path / "other.fa"
    other.write_text(">other\n" + region(12_000, random.Random(99)) + "\n")
    request = CallingRequest(Design.GERMLINE, one(made).samples, other)
    with pytest.raises(InvalidInputError, match=r"only \d+ of 2,400 reads of sample S1 align .* wrong reference"):
        call_variants(request, tmp_path / "result")
    assert [path.name for path in tmp_path.iterdir()] == ["other.fa"]


def test_mixed_up_pairs_are_refused_by_their_names(made: Simulated, tmp_path: Path) -> None:
    records = made.second.read_text().splitlines(keepends=True)
    mixed = tmp_path / "mixed.fastq"
    mixed.write_text("".join([*records[4:8], *records[:4], *records[8:]]))
    with pytest.raises(InvalidInputError, match=r"record 1: reads_1.fastq has 'read0' and mixed.fastq 'read1'"):
        call_variants(one(made, Lane(made.first, mixed)), tmp_path / "result")


def test_a_run_that_is_stopped_leaves_nothing(made: Simulated, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        call_variants(one(made), tmp_path / "result", should_stop=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_not_overwritten(made: Simulated, tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        call_variants(one(made), tmp_path)


@pytest.mark.parametrize(("name", "reason"), [("missing.fq", "does not exist"), ("reads_1.fastq", "given twice")])
def test_a_missing_or_repeated_file_is_refused_before_any_work(
    made: Simulated, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        call_variants(one(made, Lane(made.first, made.first.parent / name)), tmp_path / "result")


def test_a_design_wants_its_own_number_of_samples(made: Simulated) -> None:
    with pytest.raises(InvalidInputError, match="3 samples are needed"):
        CallingRequest(Design.TRIO, one(made).samples, made.reference)


@pytest.fixture(scope="module")
def tumour(made: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallingResult]:
    """The simulated genome as tumour, the bare reference as normal: every variant is somatic."""
    folder = tmp_path_factory.mktemp("tumour")
    normal = simulate(Simulation(length=12_000, snv_rate=0.0, indel_rate=0.0, seed=7), folder)
    samples = (SampleReads("T", (Lane(made.first, made.second),)), SampleReads("N", (Lane(normal.first, normal.second),)))
    assert normal.reference.read_text() == made.reference.read_text()
    yield call_variants(CallingRequest(Design.TUMOUR_NORMAL, samples, made.reference), folder / "result")
    shutil.rmtree(folder)


def test_somatic_alleles_are_marked_by_counts_and_the_limit_is_stated(made: Simulated, tumour: CallingResult) -> None:
    rows = {(row[1], row[3], row[4]): row for row in lines(tumour.vcf)}
    truth = [line.split("\t") for line in made.truth.read_text().splitlines()[4:]]
    snvs = [(row[1], row[3], row[4]) for row in truth if len(row[3]) == len(row[4]) == 1]
    somatic = [place for place in snvs if place in rows and "SOMATIC" in rows[place][7]]
    assert len(somatic) >= 0.9 * len(snvs)
    assert all(rows[place][8].startswith("GT:") and rows[place][8].endswith(":AF") for place in somatic)
    assert "not a somatic caller" in tumour.stated_limits


def test_windows_cover_every_position_once_and_small_sequences_share_one(tmp_path: Path) -> None:
    index = tmp_path / "x.fai"
    index.write_text("1\t250\t0\t0\t0\nsmall\t10\t0\t0\t0\nHLA:1\t20\t0\t0\t0\n")
    assert [window.regions for window in windows(index, 100)] == [
        ("1:1-100",), ("1:101-200",), ("1:201-250", "small:1-10", "{HLA:1}:1-20"),
    ]  # fmt: skip


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the public reads are not here")
def test_a_public_set_of_phage_reads_is_called_without_error(tmp_path: Path) -> None:
    folder = SHARED / "lambda_bowtie2"
    lane = Lane(folder / "reads_1.fq", folder / "reads_2.fq")
    request = CallingRequest(Design.GERMLINE, (SampleReads("phage", (lane,)),), folder / "lambda_virus.fa")
    result = call_variants(request, tmp_path / "result")
    assert result.reads[0].reads == 20_000
    assert result.calls.snvs > 0


def test_a_trio_is_called_together_and_shows_what_only_the_child_has(made: Simulated, tmp_path: Path) -> None:
    bare = Simulation(length=12_000, snv_rate=0.0, indel_rate=0.0, seed=7, depth=15)
    parents = []
    for name in ("father", "mother"):
        (tmp_path / name).mkdir()
        reads = simulate(bare, tmp_path / name)
        parents.append(SampleReads(name, (Lane(reads.first, reads.second),)))
    child = SampleReads("child", (Lane(made.first, made.second),))
    result = call_variants(CallingRequest(Design.TRIO, (child, *parents), made.reference, threads=2), tmp_path / "result")
    snvs = [row for row in lines(result.vcf) if row[6] == "PASS" and len(row[3]) == len(row[4]) == 1]
    assert len(snvs) >= 20
    assert all("1" in row[9].split(":")[0] and row[10].startswith("0/0") and row[11].startswith("0/0") for row in snvs)
    assert [reads.sample for reads in result.reads] == ["child", "father", "mother"]
    assert "no proof" in result.stated_limits


def test_single_reads_of_a_gzip_file_are_called_without_insert_sizes(made: Simulated, tmp_path: Path) -> None:
    packed = tmp_path / "reads.fastq.gz"
    packed.write_bytes(gzip.compress(made.first.read_bytes(), 1))
    result = call_variants(one(made, Lane(packed)), tmp_path / "result")
    assert (result.reads[0].reads, result.reads[0].median_insert_size) == (1_200, None)
    assert result.calls.snvs > 0


def test_a_memory_limit_that_cannot_work_is_refused_at_once(made: Simulated) -> None:
    with pytest.raises(InvalidInputError, match="at least 1 GB"):
        CallingRequest(Design.GERMLINE, one(made).samples, made.reference, memory_bytes=60_000_000)
