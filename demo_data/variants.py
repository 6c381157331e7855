"""`python -m demo_data.variants --out DIR`: write the demo variants, one VCF file of small variants for each patient and one of
structural variants.

The places are real (GRCh38), the people and what they carry are invented: known variants are chosen to fit the demo records, the
background is drawn from common variants by a fixed seed. Depths and qualities are invented too. The same bytes each time.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from demo_data.catalogue import load_patients
from demo_data.reading import HERE, read_yaml
from services.errors import ConfigurationError
from services.genomics.genome import CHROMOSOME_LENGTHS, CHROMOSOMES, GenomeBuild
from services.knowledge.known_variants import Allele, known_by_name, known_by_rsid
from services.knowledge.pgx import pharmacogenes

_BUILD = GenomeBuild.GRCH38
_SAMPLED_BACKGROUND = 60
_PLACE = re.compile(r"([0-9XY]{1,2}):([0-9]+)-([0-9]+)")
_SMALL_HEADER = (
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads with each allele">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads at this position">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Phred-scaled quality of the genotype">',
)
_STRUCTURAL_HEADER = (
    '##ALT=<ID=DEL,Description="Deletion">', '##ALT=<ID=DUP,Description="Duplication">', '##ALT=<ID=INS,Description="Insertion">',
    '##ALT=<ID=INV,Description="Inversion">', '##ALT=<ID=CNV,Description="Copy number change">',
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FILTER=<ID=LowSupport,Description="Few reads support the change">',
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="Last position of the variant">',
    '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Difference in length to the reference">',
    '##INFO=<ID=MATEID,Number=A,Type=String,Description="ID of the mate breakend">',
    '##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="The ends are not exact">',
    '##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Confidence interval around POS">',
    '##INFO=<ID=CIEND,Number=2,Type=Integer,Description="Confidence interval around END">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=CN,Number=1,Type=Integer,Description="Number of copies">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Phred-scaled quality of the genotype">',
)  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Carried(_Row):
    """A known variant by rsID or by gene and change, and how it is carried."""

    variant: str
    genotype: Annotated[str, Field(pattern=r"^[01]([/|][01])?$")]


class Structural(_Row):
    """One structural variant; `mate` is the far side of a breakend, `copies` the number of copies where it is known."""

    id: str
    type: Literal["DEL", "DUP", "INS", "INV", "CNV", "BND"]
    place: str
    genotype: str
    mate: str = ""
    copies: int | None = None
    length: int | None = None
    imprecise: int | None = None
    filter: str = "PASS"


class DemoGenome(_Row):
    """What a demo patient carries. `star_positions` writes reference calls at the positions of the pharmacogenes too."""

    patient: str
    notes: str
    star_positions: bool = False
    known: tuple[Carried, ...]
    structural: tuple[Structural, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoVariantFile:
    """One written file and whose it is."""

    patient: str
    path: Path
    title: str
    notes: str


@dataclass(frozen=True, slots=True)
class _Call:
    chrom: str
    pos: int
    ref: str
    alt: str
    rsid: str
    genotype: str


@cache
def demo_genomes() -> tuple[DemoGenome, ...]:
    """Return what each demo patient carries, in the order of the data file."""
    return tuple(DemoGenome.model_validate(row) for row in read_yaml(HERE / "variants.yaml"))


def write_variants(folder: Path) -> tuple[DemoVariantFile, ...]:
    """Write every demo file into an existing folder. The same bytes each time.

    :raise ConfigurationError: the data file names a patient or a variant that is not known.
    """
    patients = {one.id: one for one in load_patients()}
    written = []
    for genome in demo_genomes():
        if genome.patient not in patients:
            raise ConfigurationError(f"demo variants: there is no demo patient {genome.patient}")
        patient = patients[genome.patient]
        small = folder / f"{genome.patient}.vcf"
        small.write_text(_small(genome, patient.sex), encoding="ascii")
        written.append(DemoVariantFile(genome.patient, small, f"{patient.name} (demo)", _said(genome.notes)))
        if genome.structural:
            large = folder / f"{genome.patient}_structural.vcf"
            large.write_text(_structural(genome), encoding="ascii")
            notes = _said("Structural variants: deletions, duplications, an insertion, an inversion, a breakend pair.")
            written.append(DemoVariantFile(genome.patient, large, f"{patient.name} structural (demo)", notes))
    return tuple(written)


def _said(notes: str) -> str:
    return f"{notes} Invented for the demonstration: real places, no real person."


# -- small variants


def _small(genome: DemoGenome, sex: str) -> str:
    calls = {(one.chrom, one.pos, one.ref, one.alt): one for one in _background(genome.patient)}
    if genome.star_positions:
        calls |= {(one.chrom, one.pos, one.ref, one.alt): one for one in _reference_calls(sex)}
    for carried in genome.known:
        call = _known(carried)
        for key in [key for key in calls if key[:3] == (call.chrom, call.pos, call.ref)]:
            del calls[key]
        calls[(call.chrom, call.pos, call.ref, call.alt)] = call
    lines = list(_header(genome.patient, _SMALL_HEADER))
    for call in sorted(calls.values(), key=lambda one: (CHROMOSOMES.index(one.chrom), one.pos, one.ref, one.alt)):
        lines.append(_line(call, genome.patient))
    return "\n".join(lines) + "\n"


def _header(sample: str, own: tuple[str, ...]) -> Iterator[str]:
    yield "##fileformat=VCFv4.3"
    yield "##source=python -m demo_data.variants"
    yield f"##reference={_BUILD}"
    for name, length in CHROMOSOME_LENGTHS[_BUILD].items():
        yield f"##contig=<ID=chr{name},length={length},assembly={_BUILD}>"
    yield from own
    yield "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", sample))


def _known(carried: Carried) -> _Call:
    gene, _, change = carried.variant.partition(" ")
    named = known_by_name(gene, change) if change else None
    found = [named] if named else list(known_by_rsid(carried.variant))
    if len(found) != 1:
        raise ConfigurationError(f"demo variants: {carried.variant} is not one of the known variants")
    allele: Allele = found[0].places[_BUILD.value]
    return _Call(allele.chrom, allele.pos, allele.ref, allele.alt, found[0].rsid or ".", carried.genotype)


@cache
def _common() -> tuple[tuple[str, int, str, str, str], ...]:
    with (HERE / "variants_background.tsv").open(encoding="ascii") as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        return tuple((row["chrom"], int(row["pos"]), row["ref"], row["alt"], row["rsid"]) for row in rows)


def _background(patient: str) -> list[_Call]:
    chance = random.Random(f"{patient} background")
    drawn = sorted(chance.sample(range(len(_common())), _SAMPLED_BACKGROUND))
    return [_Call(*_common()[number], "1/1" if chance.random() < 0.3 else "0/1") for number in drawn]


def _reference_calls(sex: str) -> Iterator[_Call]:
    """Every position of the pharmacogenes as the reference has it, one line for each place and reference allele."""
    for one in pharmacogenes().values():
        places: dict[tuple[int, str], list[tuple[str, str]]] = {}
        for variant in one.variants:
            places.setdefault((variant.grch38, variant.ref), []).append((variant.alt, variant.rsid))
        for (pos, ref), alternates in places.items():
            alleles = ",".join(dict.fromkeys(alt for alt, _ in alternates))
            yield _Call(one.chrom, pos, ref, alleles, alternates[0][1], "0" if one.chrom == "X" and sex == "M" else "0/0")


def _line(call: _Call, sample: str) -> str:
    chance = random.Random(f"{sample} {call.chrom} {call.pos} {call.alt}")
    copies = [int(copy) for copy in re.split(r"[/|]", call.genotype)]
    depth = chance.randint(24, 46) if len(copies) > 1 else chance.randint(14, 24)
    share = sum(copies) / len(copies)
    carried = depth if share == 1 else 0 if share == 0 else round(depth * chance.uniform(0.42, 0.58))
    reads = [depth - carried, carried] + [0] * call.alt.count(",")
    values = (call.genotype, ",".join(map(str, reads)), str(depth), str(chance.randint(80, 99)))
    return "\t".join(
        (f"chr{call.chrom}", str(call.pos), call.rsid, call.ref, call.alt, str(chance.randint(300, 900)), "PASS", ".",
         "GT:AD:DP:GQ", ":".join(values))
    )  # fmt: skip


# -- structural variants


def _structural(genome: DemoGenome) -> str:
    rows = [row for one in genome.structural for row in _records(one)]
    rows.sort(key=lambda row: (CHROMOSOMES.index(row[0]), row[1]))
    lines = [*_header(genome.patient, _STRUCTURAL_HEADER), *(text for _, _, text in rows)]
    return "\n".join(lines) + "\n"


def _records(one: Structural) -> Iterator[tuple[str, int, str]]:
    match = _PLACE.fullmatch(one.place)
    if match is None:
        raise ConfigurationError(f"demo variants: {one.place} is no place")
    chrom, start, end = match[1], int(match[2]), int(match[3])
    if one.type == "BND":
        far_chrom, _, far = one.mate.partition(":")
        yield _record(one, chrom, start, f"{one.id}_1", f"N[chr{far_chrom}:{far}[", f"SVTYPE=BND;MATEID={one.id}_2")
        yield _record(one, far_chrom, int(far), f"{one.id}_2", f"]chr{chrom}:{start}]N", f"SVTYPE=BND;MATEID={one.id}_1")
        return
    span = one.length or end - start
    info = [f"SVTYPE={one.type}", f"END={end}", f"SVLEN={-span if one.type == 'DEL' else span}"]
    if one.imprecise:
        info += ["IMPRECISE", *(f"{name}={-one.imprecise},{one.imprecise}" for name in ("CIPOS", "CIEND"))]
    yield _record(one, chrom, start, one.id, f"<{one.type}>", ";".join(info))


def _record(one: Structural, chrom: str, pos: int, name: str, alt: str, info: str) -> tuple[str, int, str]:
    quality = random.Random(name).randint(60, 99)
    copies = f":{one.copies}" if one.copies is not None else ""
    keys = "GT:CN:GQ" if copies else "GT:GQ"
    row = (f"chr{chrom}", str(pos), name, "N", alt, ".", one.filter, info, keys, f"{one.genotype}{copies}:{quality}")
    return chrom, pos, "\t".join(row)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(prog="python -m demo_data.variants", description="Write the demo variants as VCF files.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; created when absent")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for one in write_variants(folder):
        print(f"{one.patient}: {one.path.name}")


if __name__ == "__main__":
    main()
