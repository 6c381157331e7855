"""Genotypes of the genes that decide on drugs, as reports and notes print them: "TPMT: *1/*3A, intermediate metabolizer".

Only a gene with both alleles counts, or G6PD with a word for its activity: a phenotype without its alleles is somebody's
reading of them. Statements about patients in general are left out.
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
_IN_GENERAL = re.compile(
    r"\b(?:patients with|people with|carriers of|individuals|if|e\.g|such as|for example|reference)\b", re.IGNORECASE
)


def genotypes_of(sheet: Sheet) -> Iterator[tuple[GenotypeContent, When, Place]]:
    """Yield the genotypes of a document, line by line."""
    for line in sheet.lines:
        if "*" not in line.text and "G6PD" not in line.text.upper():
            continue
        if sheet.in_family_history(line.section) or RELATIVES.search(line.text) or _IN_GENERAL.search(line.text):
            continue
        when = When(line.governing.day, line.governing.precision, line.governing.basis)
        for match in _GENOTYPE.finditer(line.text):
            written = f"{match['first']}/{match['second']}"
            shown = f"{written} ({match['phenotype'].lower()})" if match["phenotype"] else written
            yield GenotypeContent(gene=match["gene"].upper(), genotype=shown), when, Place(
                line.page, line.start, line.end, match.start()
            )
        for match in _G6PD.finditer(line.text):
            word = "normal" if match["word"].lower() == "normal" else "deficient"
            yield GenotypeContent(gene="G6PD", genotype=word), when, Place(line.page, line.start, line.end, match.start())
