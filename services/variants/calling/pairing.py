"""Which FASTQ files belong together, told from their names as sequencers write them.

Known are `NA12878_S1_L001_R1_001.fastq.gz` (Illumina), `NA12878_R1.fq.gz`, `NA12878.read1.fastq`, `NA12878_1.fastq`. What is
left of a name without mate, lane and sample number is the sample. A guess for the reader to check, nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.variants.calling.model import Design

_ENDING = re.compile(r"(?i)\.(?:fastq|fq|txt)?(?:\.?(?:gz|bgz))?$")
_MATE = re.compile(r"(?i)[._-](?:r|read)?([12])(?:_001)?$")
_LANE = re.compile(r"(?i)[._-]L(\d{3})(?=[._-]|$)")
_NUMBER = re.compile(r"[._-]S\d{1,4}(?=[._-]|$)")
_HINTS = (
    ("tumour", re.compile(r"(?i)tumou?r|(?<![a-z])(?:t|tum|primary|metastasis)(?![a-z])")),
    ("normal", re.compile(r"(?i)normal|(?<![a-z])(?:n|nor|germline|blood)(?![a-z])")),
    ("father", re.compile(r"(?i)father|(?<![a-z])(?:dad|pat|fa)(?![a-z])")),
    ("mother", re.compile(r"(?i)mother|(?<![a-z])(?:mum|mom|mat|mo)(?![a-z])")),
    ("child", re.compile(r"(?i)child|proband|index|(?<![a-z])(?:kid|son|daughter)(?![a-z])")),
    ("sibling", re.compile(r"(?i)sibling|brother|sister")),
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class GuessedLane:
    """One lane of one sample; `first` and `second` count the given names from 0."""

    sample: str
    lane: str
    first: int
    second: int | None


def pair_files(names: Sequence[str]) -> tuple[GuessedLane, ...]:
    """Return the lanes that file names make up, in the order of samples and lanes; each file is in one of them.

    Files of the same name are paired in their order.
    """
    groups: dict[str, tuple[list[int], list[int]]] = {}
    singles: list[int] = []
    for at, name in enumerate(names):
        bare = _ENDING.sub("", name[-_LONGEST:])
        found = _MATE.search(bare)
        if found is None:
            singles.append(at)
        else:
            groups.setdefault(bare[: found.start()], ([], []))[int(found[1]) - 1].append(at)
    lanes = []
    for stem, (ones, twos) in groups.items():
        lanes += [_lane(stem, one, two) for one, two in zip(ones, twos, strict=False)]
        pairs = min(len(ones), len(twos))
        singles += ones[pairs:] + twos[pairs:]  # `sample_2` alone is a name, not the second half of a pair
    lanes += [_lane(_ENDING.sub("", names[at][-_LONGEST:]), at, None) for at in singles]
    return tuple(sorted(lanes, key=lambda one: (one.sample, one.lane, one.first)))


def guess_design(samples: Sequence[str]) -> tuple[Design, dict[str, str]]:
    """Return the design that the names of samples suggest, and the role of each sample in it."""
    hints = {sample: next((role for role, pattern in _HINTS if pattern.search(sample)), "") for sample in samples}
    found = sorted(hints.values())
    if len(samples) == 1:
        is_tumour = hints[samples[0]] == "tumour"
        return (Design.TUMOUR_ONLY, {samples[0]: "tumour"}) if is_tumour else (Design.GERMLINE, {samples[0]: "sample"})
    if found == ["normal", "tumour"]:
        return Design.TUMOUR_NORMAL, hints
    related = {sample: role if role in ("father", "mother", "sibling") else "" for sample, role in hints.items()}
    children = [sample for sample, role in related.items() if not role]
    for at, sample in enumerate(children):
        related[sample] = "child" if at == 0 else "other"
    is_trio = sorted(related.values()) == ["child", "father", "mother"]
    return (Design.TRIO if is_trio else Design.FAMILY), related


def _lane(stem: str, first: int, second: int | None) -> GuessedLane:
    found = _LANE.search(stem)
    bare = _NUMBER.sub("", _LANE.sub("", stem))
    sample = re.sub(r"[^A-Za-z0-9._-]+", "_", bare).strip("._-")[:64] or "sample"
    return GuessedLane(sample, f"L{found[1]}" if found else "", first, second)
