"""The child that turns a user's VCF into what `bcftools csq` is given: bare alleles that fit the reference.

    python -m services.variants.consequences.preparing MEMORY_BYTES CPU_SECONDS REQUEST.json

Only position, alleles and, where wanted, genotypes are passed on: nothing else of the file can reach or upset the caller. Every
REF is compared with the reference; one line per alternate allele is written, named `line:allele` in the ID column. The request
is `{vcf, genes, reference, phasing, folder, leave_out_mismatches}`; the folder gets `alone.vcf`, `phased.vcf` (when there is
phase to use), `left.tsv` (alleles that cannot be predicted, and why), and last `prepared.json`. The mitochondrion has another
genetic code, so that its lines and its genes stand apart: `alone.MT.vcf`, `phased.MT.vcf`, `genes.MT.gff3`.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from services.errors import InvalidInputError
from services.variants.calling.confinement import confine
from services.variants.consequences.gene_model import MITOCHONDRION, GeneModel, bare, opened, read_gene_model
from services.variants.consequences.model import Phasing

_BLOCK = 1_000_000
_MAX_LINE = 64_000_000
_MAX_ALLELE = 100_000
_SEQUENCE = re.compile(rb"[ACGTNacgtn]+")
_GENOTYPE = re.compile(rb"(?:[0-9]{1,4}|\.)(?:[|/](?:[0-9]{1,4}|\.)){0,7}")
_HEADER = b"##fileformat=VCFv4.2\n"
_DEFINITIONS = (
    b'##INFO=<ID=END,Number=1,Type=Integer,Description="Last position">\n'
    b'##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
_SYMBOLIC = re.compile(rb"<(DEL|INS)(?::[A-Za-z0-9_:]{1,40})?>")
_NUMBER = re.compile(rb"-?[0-9]{1,10}")
_LONGEST_DELETION = 10_000_000
_FEW_MISMATCHES = 0.05
"""Up to this share, REF alleles that the reference contradicts are taken for errors of single lines."""


@dataclass(slots=True)
class Counts:
    """What has been seen so far."""

    alleles: int = 0
    left: int = 0
    compared: int = 0
    mismatches: int = 0
    first_mismatch: str = ""
    phased: int = 0
    contigs: dict[str, str] = field(default_factory=dict)
    """Name in the VCF to name in the reference."""
    finished: set[str] = field(default_factory=set)


class Reference:
    """The reference sequence, read in blocks so that neighbouring variants cost no new read."""

    def __init__(self, path: str) -> None:
        import pysam

        self._file = pysam.FastaFile(path)
        self.names = set(self._file.references)
        self._block = ("", -1, "")

    def name_of(self, contig: str) -> str | None:
        """Return the reference's own name of a contig, with or without `chr`; the mitochondrion is M, MT, chrM or chrMT."""
        plain = contig.removeprefix("chr")
        candidates = [contig, plain, f"chr{plain}"]
        if plain in ("M", "MT"):
            candidates += ["MT", "chrM", "M", "chrMT"]
        return next((name for name in candidates if name in self.names), None)

    def bases(self, contig: str, position: int, length: int) -> str:
        """Return bases from a 1-based position, in capitals; fewer where the contig ends."""
        start = position - 1
        name, first, text = self._block
        if name != contig or start < first or start + length > first + len(text):
            text = self._file.fetch(contig, start, start + max(_BLOCK, length)).upper()
            self._block = (contig, start, text)
            first = start
        return text[start - first : start - first + length]


class Preparation:
    """One run over the user's file."""

    def __init__(self, request: dict[str, Any], model: GeneModel, reference: Reference) -> None:
        self._reference = reference
        self._phasing = Phasing(request["phasing"])
        self._leave_out = bool(request["leave_out_mismatches"])
        self._folder = Path(request["folder"])
        self._vcf = Path(request["vcf"])
        covered = {bare(name) for name in model.contigs}
        self._known = {name for name in self._reference.names if bare(name) in covered}
        self.counts = Counts()
        self.samples: list[str] = []
        self._last = ("", 0)
        self._blocks: list[tuple[bytes, int]] = []

    def run(self) -> None:
        """Write the caller's files. :raise InvalidInputError: the VCF cannot be used, or is of another genome build."""
        with opened(self._vcf) as source, (self._folder / "alone.vcf.body").open("wb") as alone, (
            self._folder / "phased.vcf.body").open("wb") as phased, (self._folder / "left.tsv").open("wb") as left:
            for number, fields in self._lines(source):
                self._line(number, fields, alone, phased, left)
        self._judge()
        as_written = self._phasing is Phasing.AS_WRITTEN and bool(self.samples)
        self._finish("alone", self.samples if as_written else [])
        self._finish("phased", [f"{at}{half}" for at in range(len(self.samples)) for half in "ab"])

    def _lines(self, source: IO[bytes]) -> Iterator[tuple[int, list[bytes]]]:
        number = 0
        columns = 0
        while line := source.readline(_MAX_LINE):
            number += 1
            if line.startswith(b"#CHROM"):
                names = line.rstrip(b"\r\n").split(b"\t")
                columns = len(names)
                self.samples = [name.decode("utf-8", "replace") for name in names[9:]]
                self._blocks = [(b"", 0)] * len(self.samples)
            elif not line.startswith(b"#") and line.strip():
                fields = line.rstrip(b"\r\n").split(b"\t")
                if columns < 8 or len(fields) != columns:
                    raise InvalidInputError(f"line {number}: {len(fields)} columns where the #CHROM line names {columns}")
                yield number, fields
        if not columns:
            raise InvalidInputError("the file has no #CHROM line: it is not a VCF")

    def _line(self, number: int, fields: list[bytes], alone: IO[bytes], phased: IO[bytes], left: IO[bytes]) -> None:
        contig = fields[0].decode("utf-8", "replace")
        if not fields[1].isdigit() or len(fields[1]) > 10:
            raise InvalidInputError(f"line {number}: POS {fields[1][:30].decode('utf-8', 'replace')!r} is not a position")
        position = int(fields[1])
        self._check_order(number, contig, position)
        name = self.counts.contigs.get(contig)
        if name is None:
            name = self._reference.name_of(contig) or ""
            self.counts.contigs[contig] = name
        reason = self._unusable(number, contig, name, position, fields[3])
        for index, alternate in enumerate(fields[4].split(b","), start=1):
            self.counts.alleles += 1
            end = _end(alternate, position, fields[7])
            why = reason or _unusable_allele(alternate, end)
            if why:
                self.counts.left += 1
                place = (b"%d" % number, b"%d" % index, *fields[:2], fields[3], alternate, why.encode())
                left.write(b"\t".join(place) + b"\n")
                continue
            info = b"." if end is None else b"END=%d" % end
            site = b"%s\t%d\t%d:%d\t%s\t%s\t.\t.\t%s" % (name.encode(), position, number, index, fields[3], alternate, info)
            if self._phasing is Phasing.AS_WRITTEN and self.samples:
                alone.write(site + b"\tGT" + b"".join(b"\t" + _only(gt, index) for gt in _genotypes(fields)) + b"\n")
            else:
                alone.write(site + b"\n")
            if self._phasing is Phasing.PHASED and self.samples:
                self._write_phased(site, fields, index, phased)

    def _check_order(self, number: int, contig: str, position: int) -> None:
        last_contig, last_position = self._last
        if contig != last_contig:
            if contig in self.counts.finished:
                raise InvalidInputError(f"line {number}: {contig} comes back after another sequence: sort the file first")
            self.counts.finished.add(contig)
        elif position < last_position:
            raise InvalidInputError(f"line {number}: {contig}:{position} stands after {last_position}: sort the file first")
        self._last = (contig, position)

    def _unusable(self, number: int, contig: str, name: str, position: int, ref: bytes) -> str:
        """Say why no allele of a line can be predicted, or return nothing. A REF that the reference contradicts is counted."""
        if not name:
            return f"the reference has no sequence {contig}"
        if name not in self._known:
            return "the gene model has no transcript on this sequence"
        if position < 1 or len(ref) > _MAX_ALLELE or not _SEQUENCE.fullmatch(ref):
            return "REF is not a sequence at a position"
        found, written = self._reference.bases(name, position, len(ref)), ref.decode().upper()
        self.counts.compared += 1
        if found == written or (found and written.startswith(found)):  # a slice of a sequence can end within a REF
            return ""
        if len(found) == len(written) and all(a == b or a not in "ACGT" for a, b in zip(found, written, strict=True)):
            return "the reference has no certain base here"
        self.counts.mismatches += 1
        if not self.counts.first_mismatch:
            shown = found[:30] or "nothing: the sequence ends before"
            says = f"the file says REF {written[:30]}, the reference {shown}"
            self.counts.first_mismatch = f"line {number}: at {contig}:{position} {says}"
        return "REF differs from the reference"

    def _write_phased(self, site: bytes, fields: list[bytes], index: int, phased: IO[bytes]) -> None:
        """Write what is certain of the chromosome copies: homozygous alleles, and phased ones in their phase set.

        Each sample has two columns, used in turn by successive phase sets, so that variants of neighbouring sets never meet.
        """
        columns: list[bytes] = []
        sets = _phase_sets(fields)
        useful = False
        for at, (genotype, phase_set) in enumerate(zip(_genotypes(fields), sets, strict=True)):
            own = _only(genotype, index)
            certain = _certainty(own)
            if certain == "both":
                columns += [own.replace(b"/", b"|")] * 2
            elif not certain:
                columns += [b"0|0"] * 2
                continue
            else:
                known, half = self._blocks[at]
                if phase_set and phase_set != known:
                    half = 1 - half if known else half
                    self._blocks[at] = (phase_set, half)
                columns += [own, b"0|0"] if half == 0 else [b"0|0", own]
            useful = True
        if useful:
            self.counts.phased += 1
            phased.write(site + b"\tGT\t" + b"\t".join(columns) + b"\n")

    def _judge(self) -> None:
        counts = self.counts
        share = counts.mismatches / max(1, counts.compared)
        is_few = share <= _FEW_MISMATCHES
        if counts.mismatches and not (self._leave_out and (is_few or counts.mismatches == 1)):
            guess = "these lines are wrong" if is_few else "the file is of another genome build, or of another reference"
            raise InvalidInputError(
                f"{counts.first_mismatch}. {counts.mismatches} of {counts.compared} compared lines differ: {guess}. "
                "Choose the reference that the file was made with."
            )
        if counts.alleles and not any(counts.contigs.values()):
            names = ", ".join(list(counts.contigs)[:3])
            raise InvalidInputError(f"the reference has none of the file's sequences ({names}): choose the one it was made with")

    def _finish(self, stem: str, samples: list[str]) -> None:
        """Put the header before the lines: the sequences are known only now."""
        body = self._folder / f"{stem}.vcf.body"
        names = list(dict.fromkeys(one for one in self.counts.contigs.values() if one))
        columns = [f"s{at}" for at in range(len(samples))] if stem == "alone" else [f"s{name}" for name in samples]
        head = _HEADER + b"".join(f"##contig=<ID={name}>\n".encode() for name in names) + _DEFINITIONS
        head += b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
        head += b"".join([b"\tFORMAT", *(f"\t{name}".encode() for name in columns)] if columns else []) + b"\n"
        apart = tuple(f"{name}\t".encode() for name in names if bare(name) == MITOCHONDRION)
        with (self._folder / f"{stem}.vcf").open("wb") as target, body.open("rb") as lines:
            target.write(head)
            if apart:
                with (self._folder / f"{stem}.{MITOCHONDRION}.vcf").open("wb") as other:
                    other.write(head)
                    for line in lines:
                        (other if line.startswith(apart) else target).write(line)
            else:
                shutil.copyfileobj(lines, target, 1 << 20)
        body.unlink()


def _end(alternate: bytes, position: int, info: bytes) -> int | None:
    """Return the last position of a symbolic deletion or insertion, None where the file does not say it."""
    symbol = _SYMBOLIC.fullmatch(alternate)
    if symbol is None:
        return None
    if symbol[1] == b"INS":
        return position
    values = dict(part.split(b"=", 1) for part in info.split(b";") if b"=" in part)
    end, length = values.get(b"END", b""), values.get(b"SVLEN", b"").split(b",")[0]
    last = int(end) if _NUMBER.fullmatch(end) else position + abs(int(length)) if _NUMBER.fullmatch(length) else 0
    return last if position < last <= position + _LONGEST_DELETION else None


def _unusable_allele(alternate: bytes, end: int | None) -> str:
    if alternate == b".":
        return "the line names no alternate allele"
    if _SYMBOLIC.fullmatch(alternate):
        return "" if end is not None else "a deletion whose end is not given, or too far away"
    if len(alternate) > _MAX_ALLELE or not _SEQUENCE.fullmatch(alternate):
        return "not a sequence: a symbolic allele, a breakend or a missing one"
    return "the alternate allele has an unknown base" if b"N" in alternate.upper() else ""


def _genotypes(fields: list[bytes]) -> list[bytes]:
    at = _place_of(fields[8], b"GT") if len(fields) > 8 else -1
    return [_checked_genotype(value) for value in _column(fields, at)]


def _phase_sets(fields: list[bytes]) -> list[bytes]:
    at = _place_of(fields[8], b"PS") if len(fields) > 8 else -1
    return [b"" if value == b"." else value for value in _column(fields, at)]


def _column(fields: list[bytes], at: int) -> list[bytes]:
    if at < 0:
        return [b"."] * (len(fields) - 9)
    if at == 0:
        return [value.partition(b":")[0] for value in fields[9:]]
    return [value.split(b":")[at] if value.count(b":") >= at else b"." for value in fields[9:]]


# a file has few different formats and genotypes: each is looked at once
@lru_cache(maxsize=256)
def _place_of(keys: bytes, key: bytes) -> int:
    found = keys.split(b":")
    return found.index(key) if key in found else -1


@lru_cache(maxsize=4096)
def _checked_genotype(value: bytes) -> bytes:
    return value if _GENOTYPE.fullmatch(value) else b"."


@lru_cache(maxsize=4096)
def _only(genotype: bytes, index: int) -> bytes:
    """Write a genotype for one allele of its line: 1 where it is that allele, 0 where it is another."""
    parts = re.split(rb"([|/])", genotype)
    own = b"%d" % index
    return b"".join(part if part in b"|/." else (b"1" if part == own else b"0") for part in parts)


@lru_cache(maxsize=4096)
def _certainty(own: bytes) -> str:
    """Say what a genotype of 0 and 1 tells about copies: "both", "one" (which one is known), or nothing."""
    alleles = own.replace(b"/", b"|").split(b"|")
    if set(alleles) == {b"1"}:
        return "both"
    return "one" if b"1" in alleles and b"/" not in own else ""


def main() -> int:
    memory_bytes, cpu_seconds, request_path = sys.argv[1:]
    confine(int(memory_bytes), int(cpu_seconds))
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    try:
        reference = Reference(request["reference"])
        apart = Path(request["folder"]) / f"genes.{MITOCHONDRION}.gff3"
        model = read_gene_model(Path(request["genes"]), apart, reference.name_of(MITOCHONDRION) or MITOCHONDRION)
        preparation = Preparation(request, model, reference)
        preparation.run()
    except InvalidInputError as error:
        answer: dict[str, Any] = {"problem": error.message}
    except (EOFError, zlib.error, gzip.BadGzipFile):
        answer = {"problem": "the VCF is a damaged or truncated gzip file: copy or download it again"}
    else:
        counts = preparation.counts
        answer = {
            "alleles": counts.alleles, "left": counts.left, "phased": counts.phased, "samples": preparation.samples,
            "contigs": counts.contigs, "gene_contigs": sorted(model.contigs), "marks": model.marks,
        }
    (Path(request["folder"]) / "prepared.json").write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
