"""Whether two places hold the same ids, without holding them: the sum of their digests, whatever order they come in.

A count does not see that one row is lost and another is there twice, or under a wrong id; a set of all ids would need memory for
each. A sum of 128-bit digests sees both: two different collections of ids have the same sum by chance once in 2^128.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

_BITS = 128


@dataclass(frozen=True, slots=True)
class IdSum:
    """How many ids, and the sum of their digests. Equal for the same ids in any order; an id that comes twice counts twice."""

    count: int
    digests: int


def id_sum(ids: Iterable[str]) -> IdSum:
    """Add up ids, each read once."""
    count = total = 0
    for one in ids:
        count += 1
        total += int.from_bytes(hashlib.blake2b(one.encode(), digest_size=_BITS // 8).digest())
    return IdSum(count, total % 2**_BITS)
