"""Small files imported as tables of patients, with the real services around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.access.principals import LOCAL_USER
from services.patients.registry import PatientRegistry
from services.pipelines.genomic.model import TableFindings, VariantFinding
from services.pipelines.genomic_findings import GenomicFindings
from services.storage.database import Database
from services.variants.classification.store import Classifications
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.links import SampleChoice
from services.variants.outcome import ImportOptions, Mode
from services.variants.workbench import Workbench

LENGTHS = {
    "1": 248956422, "2": 242193529, "4": 190214555, "6": 170805979, "12": 133275309, "16": 90338345, "21": 46709983,
    "X": 156040895,
}  # fmt: skip
META = "".join(f"##contig=<ID=chr{name},length={length}>\n" for name, length in LENGTHS.items()) + """\
##ALT=<ID=DEL,Description="Deletion">
##ALT=<ID=DUP,Description="Duplication">
##ALT=<ID=INV,Description="Inversion">
##ALT=<ID=CNV,Description="Copy number change">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Kind">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">
##INFO=<ID=CSQ,Number=.,Type=String,Description="From VEP. Format: Allele|Consequence|SYMBOL">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads with each allele">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=CN,Number=1,Type=Integer,Description="Copies">
"""
PLACES = {
    "M694V": "chr16 3243407 . T C", "V726A": "chr16 3243310 . A G", "CTLA4": "chr2 203870800 . C T",
    "UBA1": "chrX 47199052 . T C", "NLRP3": "chr1 247424227 . C T", "TLR7": "chrX 12886298 . T C",
    "BTK": "chrX 101360000 . C T", "LRBA": "chr4 150300000 . C T", "LRBA2": "chr4 150400000 . C T",
    "AIRE": "chr21 44290000 . C T",
}  # fmt: skip


@dataclass
class Desk:
    """The services, and a folder for files."""

    library: VariantLibrary
    findings: GenomicFindings
    folder: Path

    @classmethod
    def open(cls, database: Database, folder: Path) -> Desk:
        """Open the services with a woman P1, a man P2 and P3, of whom no sex is known."""
        library = VariantLibrary(database, folder / "variants")
        patients = PatientRegistry(database)
        for patient, sex in (("P1", "F"), ("P2", "M"), ("P3", None)):
            patients.create(patient, LOCAL_USER, name=f"Name of {patient}", sex=sex)
        workbench = Workbench.of(database, library, folder / "exports")
        return cls(library, GenomicFindings(library, workbench, patients, Classifications(database)), folder)

    def table(
        self, *lines: str, samples: Sequence[str] = ("S1",), patient: str | None = "P1", choice: SampleChoice | None = None,
        meta: str = "",
    ) -> TableInfo:
        """Import lines, blanks for tabs, as a table, of a patient where one is named."""
        head = " ".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT", *samples])
        names = list(LENGTHS)
        ordered = sorted(lines, key=lambda line: (names.index(line.split()[0][3:]), int(line.split()[1])))
        table_id = self.library.new_id()
        source = self.folder / f"{table_id}.vcf"
        source.write_text("##fileformat=VCFv4.3\n" + META + meta + "".join(
            "\t".join(line.split()) + "\n" for line in (head, *ordered)
        ))  # fmt: skip
        report = import_file(source, self.library.folder(table_id), ImportOptions(mode=Mode.STRICT))
        assert report.folder is not None, report.refusal
        info = self.library.register(table_id, LOCAL_USER.name, "Family")
        return info if patient is None else self.library.link(LOCAL_USER, info.id, patient, choice)

    def said(self, patient: str = "P1") -> TableFindings:
        """Return what the only table of a patient says."""
        tables = self.findings.of_patient(patient, LOCAL_USER).tables
        assert len(tables) == 1
        return tables[0]

    def finding(self, gene: str, patient: str = "P1") -> VariantFinding:
        """Return the only finding in a gene."""
        found = [one for one in self.said(patient).variants if one.gene == gene]
        assert len(found) == 1, [one.gene for one in self.said(patient).variants]
        return found[0]


def small(name: str, *genotypes: str, info: str = ".", shape: str = "GT") -> str:
    """Return the line of a variant of `PLACES`."""
    return f"{PLACES[name]} 50 PASS {info} {shape} {' '.join(genotypes)}"


def pathogenic(consequence: str = "") -> str:
    """Return the INFO of a row that ClinVar calls pathogenic, with a consequence where one is given."""
    return "CLNSIG=Pathogenic" + (f";CSQ=T|{consequence}|" if consequence else "")
