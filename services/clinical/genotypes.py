"""Read pharmacogene genotypes and turn them into a phenotype as CPIC assigns it.

"*1/*3A", "TPMT *3A/*3C", "poor metaboliser" and "PM" are understood. An allele whose function is not in the table makes
the phenotype indeterminate; nothing is taken to be normal because it is unknown.

What each allele does and what two of them make stands in `services.knowledge.pgx`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.clinical.explanation import Frozen
from services.clinical.phrases import MAX_TEXT, fold, words
from services.knowledge.pgx import phenotype_of, star_functions

MAX_GENOTYPES = 300


class Genotype(Frozen):
    """One gene as read. `phenotype` is None where it cannot be assigned, `reason` then says why.

    `origin` says where the program read it itself; it is empty for a genotype that was stated.
    """

    gene: str
    written: str
    diplotype: tuple[str, str] | None = None
    phenotype: str | None = None
    reason: str = ""
    origin: str = ""

    @property
    def diplotype_text(self) -> str | None:
        """The two alleles as `*1/*3A`, in allele order."""
        return None if self.diplotype is None else "/".join(self.diplotype)


class Genotypes(Frozen):
    """Every genotype of a profile. `alleles` are HLA types found among them, for the HLA analysis."""

    genes: tuple[Genotype, ...] = ()
    alleles: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()

    def get(self, gene: str) -> Genotype | None:
        """Return the genotype of a gene symbol, or None where it was not given."""
        return next((one for one in self.genes if one.gene == gene), None)


_GENES = frozenset((*star_functions(), "G6PD", "FCGR3A"))

_STAR = re.compile(r"\*\s?(\d{1,3})\s?([a-z]?)(?![a-z0-9])")
_BARE_PAIR = re.compile(r"^(\d{1,3}[a-z]?) ?[/|] ?(\d{1,3}[a-z]?)$")
_WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("ultra", "rapid"), "ultrarapid"), (("ultrarapid",), "ultrarapid"),
    (("likely", "poor"), "likely poor"), (("poor",), "poor"), (("possible", "intermediate"), "possible intermediate"),
    (("likely", "intermediate"), "likely intermediate"), (("intermediate",), "intermediate"), (("rapid",), "rapid"),
    (("normal",), "normal"), (("extensive",), "normal"), (("um",), "ultrarapid"), (("rm",), "rapid"), (("pm",), "poor"),
    (("im",), "intermediate"), (("nm",), "normal"), (("em",), "normal"), (("wild", "type"), "normal"),
    (("wildtype",), "normal"), (("absent",), "poor"), (("deficient",), "poor"), (("deficiency",), "poor"),
    (("heterozygous", "deficient"), "intermediate"),
)  # fmt: skip
_G6PD_DEFICIENT = frozenset("deficient deficiency mediterranean canton kaiping viangchan mahidol chatham union".split())
_STATED_GENE = re.compile(r"\b(TPMT|NUDT15|CYP2C9|CYP2C19|CYP2D6|CYP2B6|CYP3A5|UGT1A1|DPYD|SLCO1B1)\b", re.IGNORECASE)
_HLA_KEY = re.compile(r"^(?:hla)?[_ -]?(a|b|c|drb1|dqb1|dqa1|dpb1)$")
_HLA_ALLELE = re.compile(r"^(?:hla[_ -]?)?(?:a|b|c|drb1|dqb1|dqa1|dpb1)[*_]\d", re.IGNORECASE)
_PRESENT = frozenset({"positive", "present", "yes", "detected", "carrier", "heterozygous", "homozygous", "true"})


def read_sentence(text: str) -> tuple[str, str] | None:
    """Return the gene and the phenotype or alleles that a few words state ("TPMT intermediate metabolizer"), None where none.

    Words without a result ("TPMT not done", "TPMT low") state nothing. G6PD deficiency is a finding and read as one.
    """
    match = _STATED_GENE.search(text[:MAX_TEXT])
    if match is None:
        return None
    gene = match[1].upper()
    genotype = read(gene, f"{text[:match.start()]} {text[match.end():]}".strip()[:MAX_TEXT])
    return None if genotype.phenotype is None else (gene, genotype.diplotype_text or f"{genotype.phenotype} metaboliser")


def parse(genotypes: Mapping[str, str]) -> Genotypes:
    """Read a profile's genotypes. Keys are gene symbols; a key or value that is not understood is echoed."""
    genes: list[Genotype] = []
    alleles: list[str] = []
    unrecognised: list[str] = []
    for key, value in list(genotypes.items())[:MAX_GENOTYPES]:
        written = str(value)[:200]
        found = _hla(key, written)
        if found is not None:
            alleles += found
            continue
        gene = next((word.upper() for word in words(key) if word.upper() in _GENES), None)
        if gene is None:
            unrecognised.append(f"{key[:100]}: {written[:100]}")
            continue
        genotype = _agreed(read(gene, written), genes)
        genes = [*(one for one in genes if one.gene != gene), genotype]
        if genotype.phenotype is None and genotype.diplotype is None:
            unrecognised.append(f"{gene}: {written[:100]}")
    return Genotypes(genes=tuple(genes), alleles=tuple(alleles), unrecognised=tuple(unrecognised))


def _agreed(genotype: Genotype, genes: list[Genotype]) -> Genotype:
    """Return the genotype, or without phenotype where the same gene was given before with another result."""
    earlier = next((one for one in genes if one.gene == genotype.gene), None)
    if earlier is None or earlier.phenotype == genotype.phenotype:
        return genotype
    written = f"{earlier.written}; {genotype.written}"[:200]
    return Genotype(gene=genotype.gene, written=written, reason="given twice with different results")


def read(gene: str, written: str) -> Genotype:
    """Return what `written` says of `gene` (an upper-case symbol of the table, G6PD or FCGR3A)."""
    text = fold(written[:MAX_TEXT]).strip()
    if gene == "G6PD":
        return _g6pd(written, text)
    if gene == "FCGR3A":
        return _fcgr3a(written, text)
    alleles = [f"*{number}{letter.upper()}" for number, letter in _STAR.findall(text)]
    if not alleles and (pair := _BARE_PAIR.match(text)):
        alleles = [f"*{allele.upper()}" for allele in pair.groups()]
    if len(alleles) == 1 and {"homozygous", "hom"} & set(words(text)):
        alleles *= 2
    if len(alleles) == 2:
        first, second = sorted(alleles, key=_allele_order)
        made = phenotype_of(gene, first, second)
        return Genotype(
            gene=gene, written=written[:200], diplotype=(first, second), phenotype=made.name, reason=made.reason
        )
    if alleles:
        return Genotype(gene=gene, written=written[:200], reason="two alleles are needed for a phenotype")
    spoken = words(text)
    phenotype = _in_words(spoken)
    reason = "" if phenotype else "neither a star-allele pair nor a metaboliser phenotype"
    return Genotype(gene=gene, written=written[:200], phenotype=phenotype, reason=reason)


def _in_words(spoken: tuple[str, ...]) -> str | None:
    if {"not", "no", "unknown", "pending", "indeterminate"} & set(spoken):
        return None
    if {"heterozygous", "het"} & set(spoken) and {"deficient", "deficiency"} & set(spoken):
        return "intermediate"
    return next((phenotype for needed, phenotype in _WORDS if set(needed) <= set(spoken)), None)


def _g6pd(written: str, text: str) -> Genotype:
    spoken = set(words(text))
    phenotype = None
    if spoken & {"not", "no"} and spoken & {"deficient", "deficiency"}:
        phenotype = "normal"
    elif spoken & _G6PD_DEFICIENT or re.search(r"\ba negative|\ba-", text):
        phenotype = "deficient"
    elif spoken & {"normal", "sufficient", "b"}:
        phenotype = "normal"
    elif spoken & {"variable", "intermediate"}:
        phenotype = "variable"
    reason = "" if phenotype else "neither normal nor deficient is stated"
    return Genotype(gene="G6PD", written=written[:200], phenotype=phenotype, reason=reason)


def _fcgr3a(written: str, text: str) -> Genotype:
    pair = re.search(r"\b([vf]) ?/? ?([vf])\b", text)
    if pair is None:
        return Genotype(gene="FCGR3A", written=written[:200], reason="V158F is written as V/V, V/F or F/F")
    first, second = sorted(allele.upper() for allele in pair.groups())
    return Genotype(gene="FCGR3A", written=written[:200], diplotype=(first, second), phenotype=f"{first}/{second}")


def _allele_order(allele: str) -> tuple[int, str]:
    digits = re.sub(r"\D", "", allele)
    return int(digits), allele


def _hla(key: str, written: str) -> list[str] | None:
    """Return HLA alleles written among the genotypes (`HLA-B: *58:01/*07:02`, `HLA-B*58:01: positive`), None if none."""
    name = key.strip().lower()
    locus = _HLA_KEY.match(name)
    if locus is not None and (name.startswith("hla") or len(locus.group(1)) > 1):
        parts = [part.strip() for part in re.split(r"[/,;|\s]+", written) if part.strip()]
        return [part if part[:1].isalpha() else f"{locus.group(1).upper()}*{part.lstrip('*')}" for part in parts]
    if _HLA_ALLELE.match(name):
        return [key] if set(words(written)) & _PRESENT else []
    if name in {"dqa1*05", "dqa1_05"}:
        return ["DQA1*05"] if set(words(written)) & _PRESENT else []
    return None
