"""Copy number variants as people write them: coordinates with a kind, or the array nomenclature of ISCN.

    * `chr16:29,580,020-30,176,508`, with `DEL`, `DUP`, `loss`, `gain` or `x1` behind it or not;
    * `arr[GRCh38] 16p11.2(29580020_30176508)x1`, the build before or left out, with `dn`, `mat` or `pat` behind it or not.

Positions are the first and the last base, 1-based. One variant at a time. Copies tell loss from gain on chromosomes 1 to 22; on X
and Y two numbers are clear (none is a loss, more than two a gain), the others depend on the person's sex. The grammar covers what
names one loss or gain; the rest of ISCN (translocations, mosaic ranges, several events) is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.errors import InvalidInputError
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import CHROMOSOME_LENGTHS, GenomeBuild, canonical_chromosome
from services.knowledge.cytobands import band_of, stretch_of

MAX_TEXT = 200
_COORDINATES = re.compile(
    r"(?P<chrom>[A-Za-z0-9_.]{1,60}) ?: ?(?P<start>[0-9,]{1,13}) ?(?:-|\.\.|_|–) ?(?P<end>[0-9,]{1,13})"
    r"(?: ?(?:[x×X] ?(?P<copies>[0-9]{1,3})|(?P<kind>[A-Za-z]{3,11})))?"
)
_ARRAY = re.compile(
    r"(?:arr ?)?(?:\[?(?P<build>(?:GRCh|hg|b)[0-9]{2})\]? ?)?(?P<chrom>[0-9]{1,2}|[XY])"
    r"(?P<band>(?:[pq](?:ter|[0-9.]{1,6})?){1,2})? ?"
    r"\( ?(?P<start>[0-9,]{1,13}) ?(?:_|-|–) ?(?P<end>[0-9,]{1,13}) ?\) ?(?:[x×X] ?(?P<copies>[0-9]{1,3}))?"
    r"(?: (?:dn|mat|pat|dmat|dpat|dinh|inh))?"
)
_BAND = re.compile(r"[pq](?:ter|[0-9.]{1,6})?")
_USUAL_COPIES = 2
_BUILDS = {
    "hg19": GenomeBuild.GRCH37, "grch37": GenomeBuild.GRCH37, "b37": GenomeBuild.GRCH37, "hg38": GenomeBuild.GRCH38,
    "grch38": GenomeBuild.GRCH38, "b38": GenomeBuild.GRCH38,
}
_KINDS = {
    "del": CnvType.LOSS, "deletion": CnvType.LOSS, "loss": CnvType.LOSS, "dup": CnvType.GAIN, "duplication": CnvType.GAIN,
    "gain": CnvType.GAIN,
}
_HOW = "write chr16:29,580,020-30,176,508 or arr[GRCh38] 16p11.2(29580020_30176508)x1"


@dataclass(frozen=True, slots=True)
class WrittenCnv:
    """What was written. `build` and `kind` are None where the text does not say them."""

    chromosome: str
    start: int
    end: int
    build: GenomeBuild | None = None
    kind: CnvType | None = None
    band: str | None = None
    copies: int | None = None


def read_cnv(text: str) -> WrittenCnv:
    """Read one copy number variant; raises InvalidInputError that says what is wrong and how it is written."""
    wanted = " ".join(text[: MAX_TEXT + 1].split())
    if not wanted:
        raise InvalidInputError(f"enter the place of a copy number variant: {_HOW}")
    if len(wanted) > MAX_TEXT:
        raise InvalidInputError(f"a copy number variant takes at most {MAX_TEXT} characters: {_HOW}")
    match = _COORDINATES.fullmatch(wanted) or _ARRAY.fullmatch(wanted)
    if match is None:
        raise InvalidInputError(_refusal(wanted))
    found = match.groupdict()
    chromosome = canonical_chromosome(found["chrom"])
    if chromosome is None or chromosome == "MT":
        raise InvalidInputError(f"{found['chrom'][:20]} is no chromosome that is classified here: 1 to 22, X or Y")
    start, end = _base(found["start"]), _base(found["end"])
    if not 0 < start <= end:
        raise InvalidInputError(f"the last base ({end:,}) comes before the first ({start:,}): both are counted from 1")
    build = _BUILDS[found["build"].lower()] if found.get("build") and found["build"].lower() in _BUILDS else None
    if found.get("build") and build is None:
        raise InvalidInputError(f"{found['build']} is not a build that is known here: GRCh37 (hg19) or GRCh38 (hg38)")
    copies = int(found["copies"]) if found["copies"] is not None else None
    kind = _kind_of_copies(copies, chromosome) if copies is not None else _kind_of_word(found.get("kind"))
    return WrittenCnv(chromosome, start, end, build, kind, found.get("band") or None, copies)


def check_place(written: WrittenCnv, build: GenomeBuild) -> None:
    """Raise InvalidInputError where the place does not fit the build: past the chromosome, or outside the band written."""
    length = CHROMOSOME_LENGTHS[build].get(written.chromosome)
    if length is not None and written.end > length:
        raise InvalidInputError(
            f"chromosome {written.chromosome} has {length:,} bases in {build}: {written.end:,} lies past its end. "
            "Is the build right?"
        )
    if written.band is None:
        return
    named = [_stretch(build, written.chromosome, one) for one in _BAND.findall(written.band)]
    low, high = min(one[0] for one in named), max(one[1] for one in named)
    if written.end < low or high < written.start:
        real = band_of(build, written.chromosome, written.start, written.end)
        raise InvalidInputError(
            f"{written.chromosome}{written.band} does not hold these bases in {build}: they lie in {real}. Is the build right?"
        )


def _stretch(build: GenomeBuild, chromosome: str, band: str) -> tuple[int, int]:
    found = stretch_of(build, chromosome, band)
    if found is None:
        raise InvalidInputError(f"chromosome {chromosome} has no band {band} in {build}")
    return found


def _base(text: str) -> int:
    digits = text.replace(",", "")
    return int(digits) if digits else 0


def _kind_of_copies(copies: int, chromosome: str) -> CnvType | None:
    if chromosome in ("X", "Y"):
        return CnvType.LOSS if copies == 0 else CnvType.GAIN if copies > _USUAL_COPIES else None
    if copies == _USUAL_COPIES:
        raise InvalidInputError(f"two copies of chromosome {chromosome} are neither a loss nor a gain")
    return CnvType.LOSS if copies < _USUAL_COPIES else CnvType.GAIN


def _kind_of_word(word: str | None) -> CnvType | None:
    if word is None:
        return None
    kind = _KINDS.get(word.lower())
    if kind is None:
        raise InvalidInputError(f"{word[:20]!r} says neither loss nor gain: DEL, DUP, loss, gain, x1 or x3")
    return kind


def _refusal(text: str) -> str:
    if text.count("(") > 1 or text.count(":") > 1:
        return f"one copy number variant at a time: {_HOW}"
    if "~" in text:
        return f"a mosaic range of copies is not read: {_HOW}, and say in the description that it is mosaic"
    if text[:2].lower() in ("t(", "in", "de") or ";" in text:
        return f"only the array form of ISCN is read: {_HOW}"
    return f"this is no place of a copy number variant: {_HOW}"
