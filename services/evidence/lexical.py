"""The lexical half of the search: how text becomes terms, and how well a passage covers a question's terms.

Milvus Lite's analyser neither stems nor keeps `HLA-B*27:05` together, and a Milvus server's would differ from it. So the terms
are made here, the same for passages and questions on every store: the stored `lexical` field is the term list, and the
store's BM25 works on that. Compound names (`B*27:05`, `anti-dsDNA`, `IL-17A`) count as a whole and by their parts.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import Stemmer

_MAX_CHARS = 20_000
_TOKEN = re.compile(r"[a-z0-9]+(?:[*:/.-][a-z0-9]+)*")
_SEPARATOR = re.compile(r"[*:/.-]")
_POSSESSIVE = re.compile(r"['’]s\b")
_STOPWORDS = frozenset(
    """
    a about am an and any are as at be been being but by can could did do does for from had has have he her his how i if in
    into is it its me my of on or our she should so than that the their them then there these they this to was we were what
    when where which who whom whose why will with would you your
    """.split()
)
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "μ": "u", "µ": "u"})
_STEMMER = Stemmer.Stemmer("english")


def terms(text: str) -> list[str]:
    """Return the index terms of `text`, in order, repeated as often as they occur. Longer texts are cut at 20,000 characters."""
    bare = _POSSESSIVE.sub("", text[:_MAX_CHARS].lower()).translate(_GREEK)
    folded = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode()
    found: list[str] = []
    for token in _TOKEN.findall(folded):
        if token in _STOPWORDS:
            continue
        found.extend([_stem(token)] if token.isalnum() else _compound(token))
    return found


def _compound(token: str) -> list[str]:
    """`hla-b*27:05` is found as `b2705`, `hla`, `27` and `05`; `anti-dsdna` as `dsdna` and `anti`."""
    parts = _SEPARATOR.split(token)
    prefixed = len(parts) > 1 and parts[0] in ("hla", "anti")
    whole = "".join(parts[1:] if prefixed else parts)
    return [whole, *(_stem(part) for part in parts if len(part) > 1 and part not in _STOPWORDS and part != whole)]


@lru_cache(maxsize=50_000)
def _stem(token: str) -> str:
    return str(_STEMMER.stemWord(token))


def lexical_text(text: str) -> str:
    """Return the terms of `text` as the one string that is stored beside a passage."""
    return " ".join(terms(text))


def coverage(weights: Mapping[str, float], passages: Sequence[Collection[str]]) -> list[float]:
    """Return for each passage the share of the question that it covers, from 0 to 1.

    `weights` maps each term of the question to its importance (1 for the reader's own words, less for added synonyms);
    `passages` are term sets. A rare term counts more than a common one; rarity is taken from `passages`, which are the
    candidates of one search, so that the result is comparable across collections.
    """
    rarity = {term: weight * _rarity(sum(term in found for found in passages), len(passages)) for term, weight in weights.items()}
    total = sum(rarity.values())
    if not total:
        return [0.0] * len(passages)
    return [sum(value for term, value in rarity.items() if term in found) / total for found in passages]


def _rarity(holding: int, passages: int) -> float:
    return math.log(1 + (passages - holding + 0.5) / (holding + 0.5))
