"""A small gene: 20 codons on one strand, a MANE transcript that reads them and another that has them in an intron."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.variants.consequences.model import Phasing, VariantConsequences
from services.variants.consequences.predicting import ConsequenceRequest, ConsequenceRun, predict

CODONS = "ATG GCT TGT AAA GAT CCT GGT CTG TTC CAT AGA TCA ACT GTT TAC TGG ATC CAA AAC TAA".split()
START = 51
SEQUENCE = ("ACGTTGCAAC" * 5) + "".join(CODONS) + ("GGATCTTACG" * 30)
GENES = """\
##gff-version 3
1\tx\tgene\t41\t300\t.\t+\t.\tID=gene:G1;Name=GENE1;biotype=protein_coding
1\tx\tmRNA\t41\t300\t.\t+\t.\tID=transcript:T9;Parent=gene:G1;biotype=protein_coding;tag=basic,MANE_Select
1\tx\texon\t41\t300\t.\t+\t.\tParent=transcript:T9
1\tx\tfive_prime_UTR\t41\t50\t.\t+\t.\tParent=transcript:T9
1\tx\tCDS\t51\t110\t.\t+\t0\tParent=transcript:T9
1\tx\tthree_prime_UTR\t111\t300\t.\t+\t.\tParent=transcript:T9
1\tx\ttranscript\t41\t300\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=processed_transcript
1\tx\texon\t41\t45\t.\t+\t.\tParent=transcript:T1
1\tx\texon\t200\t300\t.\t+\t.\tParent=transcript:T1
"""


def codon(number: int) -> int:
    """Return the position of the first base of a codon."""
    return START + 3 * (number - 1)


class Bench:
    """Predicts for lines that are written with blanks for tabs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = folder / "reference.fa"
        self.reference.write_text(f">1\n{SEQUENCE}\n>2\n{SEQUENCE}\n")
        self.genes = folder / "genes.gff3"
        self.genes.write_text(GENES)
        self._runs = 0

    def write(self, *lines: str, samples: str = "") -> Path:
        columns = "#CHROM POS ID REF ALT QUAL FILTER INFO" + (f" FORMAT {samples}" if samples else "")
        text = "\n".join(["##fileformat=VCFv4.2", *(line.replace(" ", "\t") for line in (columns, *lines))])
        self._runs += 1
        path = self.folder / f"{self._runs}.vcf"
        path.write_text(text + "\n")
        return path

    def run(self, vcf: Path, phasing: Phasing = Phasing.PHASED) -> ConsequenceRun:
        work = self.folder / f"work{vcf.stem}{phasing.name}"
        work.mkdir()
        return predict(ConsequenceRequest(vcf, self.genes, self.reference, phasing), work)

    def predict(self, *lines: str, samples: str = "", phasing: Phasing = Phasing.PHASED) -> list[VariantConsequences]:
        return list(self.run(self.write(*lines, samples=samples), phasing).records())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
