"""Parabricks in place of our engine, by a `pbrun` that writes down what it is asked and gives back what our own engine made."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.variants.calling import parabricks
from services.variants.calling.intervals import read_intervals
from services.variants.calling.model import CallingRequest, CallingResult, Design, Interval, Lane, SampleReads
from services.variants.calling.service import call_variants
from validation.read_simulation import Simulated, Simulation, simulate

PBRUN = '''#!{python}
import gzip, json, pathlib, pysam, re, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + chr(10))
value = lambda name: arguments[arguments.index(name) + 1]
if arguments[0] == "version":
    print("pbrun: 4.5.0-1")
elif arguments[0] == "fq2bam":
    assert all(pathlib.Path(value("--ref") + ending).exists() for ending in (".bwt", ".sa"))
    sample = re.search("SM:([A-Za-z0-9]+)", " ".join(arguments))[1]
    with pysam.AlignmentFile({bam!r}) as source:
        header = str(source.header).replace("SM:S1", "SM:" + sample)
        with pysam.AlignmentFile(value("--out-bam"), "wb", text=header) as target:
            for read in source:
                target.write(read)
elif arguments[0] == "deepvariant":
    sys.exit("[PB Error] no GPU was found at /usr/secret/place")
else:
    option = "--out-vcf" if arguments[0] == "mutectcaller" else "--out-variants"
    pathlib.Path(value(option)).write_bytes(gzip.decompress(pathlib.Path({vcf!r}).read_bytes()))
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Reads, and a reference with files in the places of BWA's index."""
    simulated = simulate(Simulation(length=6_000, snv_rate=0.003, indel_rate=0, seed=11), tmp_path_factory.mktemp("reads"))
    for ending in (".amb", ".ann", ".bwt", ".pac", ".sa"):
        Path(f"{simulated.reference}{ending}").touch()
    return simulated


@pytest.fixture(scope="module")
def ours(made: Simulated, tmp_path_factory: pytest.TempPathFactory) -> CallingResult:
    return call_variants(germline(made), tmp_path_factory.mktemp("ours") / "result")


def germline(made: Simulated) -> CallingRequest:
    return CallingRequest(Design.GERMLINE, (SampleReads("S1", (Lane(made.first, made.second),)),), made.reference)


@pytest.fixture
def pbrun(ours: CallingResult, tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "pbrun"
    program.parent.mkdir()
    program.write_text(
        PBRUN.format(python=sys.executable, log=str(tmp_path / "log"), bam=str(ours.bams["S1"]), vcf=str(ours.vcf))
    )
    program.chmod(0o755)
    return program


def asked(pbrun: Path) -> list[list[str]]:
    return [json.loads(line) for line in (pbrun.parents[1] / "log").read_text().splitlines()]


def test_the_same_folder_and_report_come_out_and_say_who_called(
    made: Simulated, ours: CallingResult, pbrun: Path, tmp_path: Path
) -> None:
    shares: list[float] = []
    result = parabricks.call_variants(
        germline(made), tmp_path / "result", pbrun, report=lambda share, _message: shares.append(share)
    )
    assert sorted(path.name for path in result.vcf.parent.iterdir()) == sorted(path.name for path in ours.vcf.parent.iterdir())
    assert (result.caller, result.tools["parabricks"]) == ("haplotypecaller", "4.5.0-1")
    assert "not filtered" in result.stated_limits
    assert result.calls == ours.calls
    (theirs,), (mine,) = result.reads, ours.reads
    assert replace(theirs, quality_encodings=()) == replace(mine, quality_encodings=())
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    version, align, call = asked(pbrun)
    assert version[0] == "version"
    at = align.index("--in-fq")
    assert align[at + 1 : at + 3] == [str(made.first), str(made.second)]
    assert align[at + 3] == r"@RG\tID:S1.1\tLB:S1\tPL:ILLUMINA\tSM:S1\tPU:S1.1"
    assert call[:3] == ["haplotypecaller", "--ref", str(made.reference)]
    assert gzip.decompress(result.vcf.read_bytes()).startswith(b"##fileformat=VCF")


def test_a_tumour_and_its_normal_go_to_the_somatic_caller_with_the_intervals(
    made: Simulated, pbrun: Path, tmp_path: Path
) -> None:
    copies = [shutil.copy(path, tmp_path / f"n_{path.name}") for path in (made.first, made.second)]
    samples = (SampleReads("T", (Lane(made.first, made.second),)), SampleReads("N", (Lane(*copies),)))
    request = CallingRequest(Design.TUMOUR_NORMAL, samples, made.reference, intervals=(Interval("sim1", 101, 3_000),))
    result = parabricks.call_variants(request, tmp_path / "result", pbrun)
    call = asked(pbrun)[-1]
    given = {name: call[call.index(name) + 1] for name in ("--tumor-name", "--normal-name", "--in-tumor-bam", "--interval-file")}
    assert (call[0], given["--tumor-name"], given["--normal-name"]) == ("mutectcaller", "T", "N")
    assert Path(given["--in-tumor-bam"]).name == "T.bam"
    assert (result.caller, sorted(result.bams)) == ("mutectcaller", ["N", "T"])
    assert "Mutect2" in result.stated_limits


def test_relatives_are_aligned_by_it_and_called_together_by_bcftools(made: Simulated, pbrun: Path, tmp_path: Path) -> None:
    copies = [Path(shutil.copy(path, tmp_path / f"n_{path.name}")) for path in (made.first, made.second)]
    samples = (SampleReads("S1", (Lane(made.first, made.second),)), SampleReads("S2", (Lane(*copies),)))
    request = CallingRequest(Design.FAMILY, samples, made.reference)
    result = parabricks.call_variants(request, tmp_path / "result", pbrun)
    assert [line[0] for line in asked(pbrun)] == ["version", "fq2bam", "fq2bam"]
    assert result.caller == "bcftools"
    columns = next(line for line in gzip.decompress(result.vcf.read_bytes()).splitlines() if line.startswith(b"#CHROM"))
    assert columns.split(b"\t")[9:] == [b"S1", b"S2"]
    assert result.calls.snvs > 0


def test_what_it_complains_about_is_told_without_places_of_this_machine_and_nothing_is_left(
    made: Simulated, pbrun: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=r"pbrun deepvariant ended with code 1: .*no GPU was found") as refused:
        parabricks.call_variants(germline(made), tmp_path / "result", pbrun, "deepvariant")
    assert "/usr/secret" not in refused.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "log"]


def test_malformed_reads_are_refused_with_their_place_before_it_is_started(made: Simulated, pbrun: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.fastq"
    broken.write_text("@read0/2\nAC1T\n+\nIIII\n")
    request = CallingRequest(Design.GERMLINE, (SampleReads("S1", (Lane(made.first, broken),)),), made.reference)
    with pytest.raises(InvalidInputError, match=r"broken.fastq, record 1, line 2: '1' in the sequence is not a base"):
        parabricks.call_variants(request, tmp_path / "result", pbrun)
    assert [line[0] for line in asked(pbrun)] == ["version"]


def test_it_is_used_only_where_the_reference_has_its_index(made: Simulated, tmp_path: Path) -> None:
    assert parabricks.can_use(made.reference)
    assert not parabricks.can_use(Path(shutil.copy(made.reference, tmp_path / "bare.fa")))


def test_intervals_are_joined_sorted_and_found_under_either_name(tmp_path: Path) -> None:
    bed = tmp_path / "kit.bed.gz"
    bed.write_bytes(gzip.compress(b"#head\nchr2\t5\t10\textra\n1\t50\t60\n1\t0\t10\n1\t10\t20\n1\t15\t18\n\n"))
    assert read_intervals(bed, {"chr1": 100, "2": 10}) == (
        Interval("chr1", 1, 20), Interval("chr1", 51, 60), Interval("2", 6, 10),
    )


@pytest.mark.parametrize(("line", "reason"), [
    ("1\t10\t5", "does not lie behind"), ("1\t5", "contig, start and end"), ("1\t-1\t5", "contig, start and end"),
    ("x\t1\t5", "no sequence 'x'"), ("1\t90\t101", "another build"), ("# nothing", "has no region"),
])
def test_a_line_that_is_no_region_is_named(tmp_path: Path, line: str, reason: str) -> None:
    bed = tmp_path / "kit.bed"
    bed.write_text(line + "\n")
    with pytest.raises(InvalidInputError, match=reason):
        read_intervals(bed, {"1": 100})
