"""Genotypes of the genes that decide on drugs, as reports and notes print them: "TPMT: *1/*3A, intermediate metabolizer".

A gene with both alleles counts, G6PD with a word for its activity, and a gene with its stated phenotype ("TPMT intermediate
metabolizer"): that is somebody's reading of the alleles, so alleles on file outweigh it. Statements about patients in
general, and tests that are only ordered, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.evidence.extraction.facts import GenotypeContent
from services.evidence.extraction.reported import Place, When
from services.evidence.extraction.sheet import RELATIVES, Sheet

_ALLELE = r"\*\d{1,3}[A-Z]?"
_GENOTYPE = re.compile(
    rf"\b(?P<gene>TPMT|NUDT15|CYP2C9|CYP2C19|CYP2D6|CYP2B6|CYP3A5|UGT1A1|DPYD|SLCO1B1)\b(?P<between>[^.;*]{{0,40}}?)"
    rf"(?P<first>{_ALLELE})\s?/\s?(?P<second>{_ALLELE})"
    r"(?:[\s,|(:-]{1,6}(?P<phenotype>(?:normal|extensive|intermediate|poor|rapid|ultra-?rapid) metaboli[sz]er))?", re.IGNORECASE,
)
_G6PD = re.compile(r"\bG6PD(?: activity| status)?\b[\s:|,-]{1,6}(?:is )?(?P<word>deficient|deficiency|normal)\b", re.IGNORECASE)
_NAMES = re.compile(r"\b(?:TPMT|NUDT15|CYP2\w{2,3}|CYP3A5|UGT1A1|DPYD|SLCO1B1|G6PD)\b", re.IGNORECASE)
_PHENOTYPE = re.compile(
    r"\b(?P<gene>TPMT|NUDT15|CYP2C9|CYP2C19|CYP2D6|CYP2B6|CYP3A5|UGT1A1|DPYD|SLCO1B1)\b[\s:|,()-]{1,6}"
    r"(?:(?:phenotype|genotype|status|result|activity|enzyme activity)[\s:|,(=-]{1,6}(?:is |was )?)?"
    r"(?P<word>(?:likely |possible )?(?:normal|extensive|intermediate|poor|rapid|ultra-?rapid))"
    r"(?:[ -]metaboli[sz]er|[ -]metaboli[sz]m| activity|(?=\s*(?:[.;,|)]|$)))", re.IGNORECASE,
)
_ORDERED = re.compile(r"\b(?:pending|awaited|requested|ordered|to be|will|before starting|check)\b", re.IGNORECASE)
_IN_GENERAL = re.compile(
    r"\b(?:patients with|people with|carriers of|individuals|if|e\.g|such as|for example|reference)\b", re.IGNORECASE
)


def genotypes_of(sheet: Sheet) -> Iterator[tuple[GenotypeContent, When, Place]]:
    """Yield the genotypes of a document, line by line."""
    for line in sheet.lines:
        if not _NAMES.search(line.text):
            continue
        if sheet.in_family_history(line.section) or RELATIVES.search(line.text) or _IN_GENERAL.search(line.text):
            continue
        when = When(line.governing.day, line.governing.precision, line.governing.basis)
        typed: set[str] = set()
        for match in _GENOTYPE.finditer(line.text):
            typed.add(match["gene"].upper())
            written = f"{match['first']}/{match['second']}"
            shown = f"{written} ({match['phenotype'].lower()})" if match["phenotype"] else written
            yield GenotypeContent(gene=match["gene"].upper(), genotype=shown), when, Place(
                line.page, line.start, line.end, match.start()
            )
        for match in () if _ORDERED.search(line.text) else _PHENOTYPE.finditer(line.text):
            gene = match["gene"].upper()
            if gene not in typed:
                shown = f"{match['word'].lower()} metabolizer"
                yield GenotypeContent(gene=gene, genotype=shown), when, Place(line.page, line.start, line.end, match.start())
        for match in _G6PD.finditer(line.text):
            word = "normal" if match["word"].lower() == "normal" else "deficient"
            yield GenotypeContent(gene="G6PD", genotype=word), when, Place(line.page, line.start, line.end, match.start())
