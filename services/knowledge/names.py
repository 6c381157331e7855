"""How a medical name is compared: folded to plain lower-case words, in one spelling, in the singular.

"Coeliac Disease", "celiac diseases" and "coeliac disease" fold to one key, "glycogen storage disease, type II" and
"glycogen storage disease type 2" to another. Folding is for look-up only; what is shown or searched keeps its own form.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z0-9]+")
_POSSESSIVE = re.compile(r"['’`]s\b")

# British stem -> American stem. Each stem occurs in medical words only, so no ordinary word changes its meaning.
_SPELLING: tuple[tuple[str, str], ...] = (
    ("haem", "hem"), ("aemi", "emi"), ("oedem", "edem"), ("oesoph", "esoph"), ("oestr", "estr"), ("coeli", "celi"),
    ("paed", "ped"), ("rrhoe", "rrhe"), ("faec", "fec"), ("gynaec", "gynec"), ("foet", "fet"), ("caec", "cec"),
    ("sulph", "sulf"), ("tumour", "tumor"), ("anaesth", "anesth"), ("aetiol", "etiol"), ("leucocyt", "leukocyt"),
    ("leucopen", "leukopen"), ("caesar", "cesar"), ("pnoea", "pnea"), ("aemic", "emic"), ("ischaem", "ischem"),
    ("uraem", "urem"), ("goitre", "goiter"), ("fibre", "fiber"), ("isation", "ization"), ("behaviour", "behavior"),
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10"}
_COUNTED = frozenset({"type", "stage", "class", "grade", "group", "factor"})
_KEEPS_FINAL_S = ("ss", "us", "is", "as", "os")


@lru_cache(maxsize=65536)
def american(word: str) -> str:
    """Return a lower-case word in American spelling."""
    for british, spelled in _SPELLING:
        if british in word:
            word = word.replace(british, spelled)
    return word


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    word = american(word)
    for plural, singular in (("itides", "itis"), ("oses", "osis")):
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    if len(word) > 4 and word.endswith("s") and not word.endswith(_KEEPS_FINAL_S):
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


def plain(text: str) -> str:
    """Return the text in ASCII without accents or possessive 's; case kept."""
    if not text.isascii():
        text = text.replace("’", "'").replace("β", "beta").replace("α", "alpha").replace("γ", "gamma")
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _POSSESSIVE.sub("", text)


def words(text: str) -> list[str]:
    """Return the alphanumeric runs of a text, in order, accents and possessives removed, case kept."""
    return _WORD.findall(plain(text))


def fold_words(raw: list[str]) -> list[str]:
    """Return the look-up form of each word; a Roman numeral counts as a number only after `type`, `stage` and the like."""
    folded: list[str] = []
    for word in raw:
        lower = _stem(word.lower())
        if lower in _ROMAN and folded and folded[-1] in _COUNTED:
            lower = _ROMAN[lower]
        folded.append(lower)
    return folded


def fold(text: str) -> str:
    """Return the look-up key of a name."""
    return " ".join(fold_words(words(text)))


def is_abbreviation(name: str) -> bool:
    """Tell whether a name is only recognised as it is capitalised: `MS`, `SjD`, `IgAN`, `CMT2B`; never a word like `Lupus`."""
    compact = name.replace("-", "").replace(" ", "").replace("/", "")
    if not 2 <= len(compact) <= 9 or not compact.isalnum() or len(name.split()) > 2:
        return False
    capitals = sum(letter.isupper() for letter in compact)
    return capitals >= 2 and capitals * 2 >= sum(letter.isalpha() for letter in compact)
