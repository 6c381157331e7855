"""The vectorised and the line-by-line reader make the same table and find the same problems."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from services.errors import InvalidInputError
from services.variants.problems import Problem
from services.variants.vcf.blocks import BlockReader, RejectedLine
from services.variants.vcf.plan import plan_table
from services.variants.vcf.record import ONCE_PER_VALUE
from services.variants.vcf.stream import open_vcf
from tests.unit.variants.support import CSQ_HEADER, HEADER, vcf, write

ANN_HEADER = (
    "##INFO=<ID=ANN,Number=.,Type=String,"
    "Description=\"Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name'\">\n"
)
BCSQ_HEADER = '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Local consequence. Format: Consequence|gene|transcript">\n'


def _read(path: Path, *, line_by_line: bool) -> tuple[pa.Table, list[Problem], list[RejectedLine], int, int]:
    stream = open_vcf(path)
    plan = plan_table(stream.header)
    reader = BlockReader(plan, line_by_line=line_by_line)
    results = [reader.read(block) for block in stream.blocks]
    table = pa.concat_tables([plan.schema.empty_table(), *(result.table for result in results)])
    problems, noted = [], set()
    for problem in (problem for result in results for problem in result.problems):
        if problem.rule in ONCE_PER_VALUE:
            if (problem.rule, problem.value) in noted:
                continue
            noted.add((problem.rule, problem.value))
        problems.append(problem)
    problems.sort(key=lambda problem: (problem.line or 0, problem.rule, problem.field, problem.value))
    rejected = [line for result in results for line in result.rejected]
    return table, problems, rejected, sum(result.records for result in results), sum(result.read_in_bulk for result in results)


def _compare(path: Path) -> tuple[int, int]:
    fast = _read(path, line_by_line=False)
    slow = _read(path, line_by_line=True)
    for name in fast[0].schema.names:
        # compared as text, because NaN is not equal to itself
        assert str(fast[0][name].to_pylist()) == str(slow[0][name].to_pylist()), (path.name, name)
    assert fast[1] == slow[1]
    assert fast[2] == slow[2]
    assert fast[3] == slow[3]
    return fast[3], fast[4]


_ALTS = ["G", "GT", "G,T", "<DEL>", "<NON_REF>", "G,<NON_REF>", ".", "*", "G,*", "G]chr2:5]", "r", "A", "", "G,G", "acgt"]
_NUMBERS = [
    ".",
    "0",
    "7",
    "-3",
    "0x1F",
    "+5",
    "1e3",
    "1.5",
    "5.",
    "nan",
    "",
    "abc",
    "99999999999999999999",
    "1,2",
    "1,2,3",
    ".,.",
    "007",
]
_TEXTS = ["a", "a,b", "", ".", "a%3Bb", "%", "a b", "ü", "a,,b", ".,a"]
_GENOTYPES = ["0/1", "1|1", "./.", ".", "1", "0/2", "0|1|1", "/0/1", "0/1|", "x", "", "1/.", "10/1"]
_ENTRIES = [
    "G|missense_variant|MODERATE|GENE1|YES|0.1",
    "T|x|HIGH|GENE2||",
    "-|y|LOW|||0.2&0.3",
    "G|z|MODIFIER|GENE1|YES|",
    "short|entry",
    ".",
]
_SUSPECT = 0.04


def _line(random: Random, number: int) -> str:
    def pick(ordinary: str, options: list[str]) -> str:
        return random.choice(options) if random.random() < _SUSPECT else ordinary

    info = []
    for key in ("AC", "AF", "AD", "DP", "END", "TAGS", "NOTE", "DB", "CSQ", "ANN", "BCSQ", "ZZ", "SVTYPE", "CIGAR"):
        if random.random() < 0.5:
            continue
        if key == "DB":
            info.append(pick("DB", ["DB=1", "DB=0", "DB=x"]))
        elif key in ("CSQ", "ANN", "BCSQ"):
            count = random.randint(1, 3)
            widths = {"CSQ": _ENTRIES[:4], "ANN": ["G|missense|HIGH|GENE3", "T|s|LOW|GENE4"], "BCSQ": ["a|GENE5|t", "b||t"]}
            info.append(f"{key}=" + pick(",".join(random.choice(widths[key]) for _ in range(count)), _ENTRIES))
        elif key in ("TAGS", "NOTE", "ZZ", "SVTYPE", "CIGAR"):
            info.append(f"{key}=" + pick("text", _TEXTS))
        else:
            info.append(f"{key}=" + pick({"AD": "4,5", "AF": "0.5", "END": str(number + 5)}.get(key, "5"), _NUMBERS))
    random.shuffle(info)
    samples = []
    for _ in range(2):
        fields = [pick("0/1", _GENOTYPES), pick("3,4", _NUMBERS), pick("50", _NUMBERS), pick("1,2,3", _NUMBERS)]
        samples.append(":".join(fields[: random.randint(1, 4) if random.random() < _SUSPECT else 4]))
    columns = [
        pick("chr1", ["chr2", "chr9", "<chr1>", "c 1", ""]),
        pick(str(number), ["0", "x", "-1", "1.0", "999999999"]),
        pick(".", ["rs1", "rs1;rs2", "a;a", "a b", ";"]),
        pick("A", ["AT", "N", "R", "", "B-", "a"]),
        pick("G", _ALTS),
        pick("50.5", _NUMBERS),
        pick("PASS", ["q10", ".", "q10;q10", "new", "0", "a b", ""]),
        ";".join(info) or ".",
        pick("GT:AD:GQ:PL", ["GT", "GQ:GT", "GT:GT", "GT:XX", ".", "GT:GQ"]),
        *samples,
    ]
    text = "\t".join(columns)
    return pick(text, [text + "\textra", text[:20], "", "#" + text, text + "\r", text.replace("\t", " "), text + "\x01"])


@pytest.mark.parametrize("version", ["VCFv4.1", "VCFv4.2", "VCFv4.3", "VCFv4.4", "VCFv4.5"])
@pytest.mark.parametrize("seed", range(4))
def test_both_readers_agree_on_random_lines_good_and_bad(tmp_path: Path, version: str, seed: int) -> None:
    random = Random(f"{version}{seed}")
    header = (HEADER + CSQ_HEADER + ANN_HEADER + BCSQ_HEADER).replace("VCFv4.3", version)
    lines = [_line(random, 100 + number) for number in range(400)]
    text = vcf(samples=("S1", "S2"), header=header) + "\n".join(lines) + random.choice(["", "\n"])
    records, in_bulk = _compare(write(tmp_path, text))
    assert records > 300
    assert 0 < in_bulk < records  # both readers had something to do


def test_lines_that_are_not_utf_8_are_rejected_alone_and_alike(tmp_path: Path) -> None:
    good, bad = "chr1 1 . A G . . NOTE=ü GT 0/1", "chr1 2 . A G . . NOTE=? GT 0/1"
    text = vcf(good, bad, good.replace(" 1 ", " 3 ")).encode().replace(b"NOTE=?", b"NOTE=\xfc")
    records, in_bulk = _compare(write(tmp_path, text))
    assert (records, in_bulk) == (3, 0)  # foreign bytes anywhere in a block put its non-ASCII lines to the careful reader


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize("folder", ["vcf", "sv", "csq", "somatic", "vcf_conformance"])
def test_both_readers_agree_on_every_public_file(shared: Path, folder: str) -> None:
    read = 0
    for path in sorted((shared / "data" / folder).rglob("*")):
        if not path.name.endswith((".vcf", ".vcf.gz", ".bcf")):
            continue
        try:
            _compare(path)
        except InvalidInputError:
            continue  # refused as a whole; other tests look at why
        read += 1
    assert read > 0
