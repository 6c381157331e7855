"""What the tables of a patient say: on small imported files, with real services around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.access.principals import LOCAL_USER, PUBLIC, Principal
from services.clinical.analysis import analyse, to_document, without_genomics
from services.clinical.profile import Profile
from services.errors import AccessDeniedError, NotFoundError
from services.genomics.genome import GenomeBuild
from services.genomics.pgx import CallStatus
from services.knowledge.drugs import Severity
from services.patients.registry import PatientRegistry
from services.pipelines.genomic.model import Ground, TableFindings
from services.pipelines.genomic_findings import GenomicFindings, as_input
from services.storage.database import Database
from services.variants.classification.content import ClassificationContent, CriterionRow, Scheme
from services.variants.classification.store import Classifications
from services.variants.flags import Tier
from services.variants.identity import identity_of
from services.variants.imports import import_file
from services.variants.library import TableInfo, VariantLibrary
from services.variants.notes import NoteSubject
from services.variants.outcome import ImportOptions, Mode
from services.variants.reference.model import PackKind
from services.variants.workbench import Workbench
from tests.unit.variants.annotation.packs import Shelf, annotated, clinvar

HEADER = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr6,length=170805979>
##contig=<ID=chr12,length=133275309>
##contig=<ID=chr13,length=114364328>
##contig=<ID=chr16,length=90338345>
##contig=<ID=chrX,length=156040895>
##ALT=<ID=NON_REF,Description="Any other allele">
##FILTER=<ID=LowQual,Description="Low quality">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">
"""
M694V = "chr16 3243407 rs61752717 T C 50 PASS {info} GT:DP {gt}"
V726A = "chr16 3243310 rs28940579 A G 50 PASS . GT:DP {gt}"
TPMT_3A = ("chr6 18130687 rs1142345 T C 50 PASS . GT:DP 0/1:30", "chr6 18138997 rs1800460 C T 50 PASS . GT:DP 0/1:30")
PROFILE = {
    "patient_id": "P1", "age": 40, "sex": "F", "biomarkers": {"CRP": 12}, "diagnosed_conditions": ["inflammatory_bowel_disease"],
    "current_medications": ["azathioprine 150 mg daily"],
}  # fmt: skip
CONTENT = ClassificationContent.model_validate({
    "scheme": Scheme.ACMG, "classification": "Likely Pathogenic", "points": "6", "rule_set": "general", "rules_version": "1",
    "criteria": (CriterionRow(code="PM2", title="rare", status="met", strength="supporting", points="1", reason="absent"),),
})
CHROMOSOMES = ("1", "6", "12", "13", "16", "X")
Add = Callable[..., TableInfo]


def m694v(gt: str = "0/1:30", info: str = ".") -> str:
    return M694V.format(gt=gt, info=info)


@pytest.fixture
def library(database: Database, tmp_path: Path) -> Iterator[VariantLibrary]:
    opened = VariantLibrary(database, tmp_path / "variants")
    yield opened
    opened.close()


@pytest.fixture
def workbench(database: Database, library: VariantLibrary, tmp_path: Path) -> Workbench:
    return Workbench.of(database, library, tmp_path / "exports")


@pytest.fixture
def patients(database: Database) -> PatientRegistry:
    registry = PatientRegistry(database)
    registry.create("P1", LOCAL_USER, name="Ada Example", sex="F")
    registry.create("P2", LOCAL_USER, name="Ben Example", sex="M")
    return registry


@pytest.fixture
def classifications(database: Database) -> Classifications:
    return Classifications(database)


@pytest.fixture
def findings(
    library: VariantLibrary, workbench: Workbench, patients: PatientRegistry, classifications: Classifications
) -> GenomicFindings:
    return GenomicFindings(library, workbench, patients, classifications)


@pytest.fixture
def add(library: VariantLibrary, tmp_path: Path, patients: PatientRegistry) -> Add:
    """Imports lines (blanks for tabs) as a table, by default of the patient P1."""

    def add_one(
        *lines: str, patient: str | None = "P1", samples: tuple[str, ...] = ("S1",), assembly: str | None = "GRCh38",
        header: str = HEADER, name: str = "",
    ) -> TableInfo:  # fmt: skip
        assert patients.list(LOCAL_USER)
        table_id = library.new_id()
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *(["FORMAT", *samples] if samples else [])]
        ordered = sorted(lines, key=lambda line: (CHROMOSOMES.index(line.split()[0][3:]), int(line.split()[1])))
        text = header + "\n".join("\t".join(line.split()) for line in (" ".join(columns), *ordered)) + "\n"
        source = tmp_path / f"{table_id}.vcf"
        source.write_text(text)
        report = import_file(source, library.folder(table_id), ImportOptions(mode=Mode.LENIENT))
        assert report.folder is not None, report.refusal
        return library.register(table_id, LOCAL_USER.name, name, assembly, patient_id=patient)

    return add_one


def only(findings: GenomicFindings, patient: str = "P1") -> TableFindings:
    found = findings.of_patient(patient, LOCAL_USER)
    assert len(found.tables) == 1
    return found.tables[0]


def test_a_patient_without_tables_has_no_findings_and_an_unchanged_profile(findings: GenomicFindings) -> None:
    assert findings.of_patient("P1", LOCAL_USER).tables == ()
    profile = Profile.model_validate(PROFILE)
    assert findings.enriched(profile, LOCAL_USER) == profile
    assert findings.enriched(profile.model_copy(update={"patient_id": "nobody"}), LOCAL_USER).patient_id == "nobody"


def test_one_copy_of_a_recessive_variant_is_a_carrier_with_its_source_and_row(findings: GenomicFindings, add: Add) -> None:
    table = add(m694v())
    variant = only(findings).variants[0]
    assert (variant.gene, variant.change, variant.significance) == ("MEFV", "c.2080A>G (p.Met694Val)", "pathogenic")
    assert variant.carried.words == "one copy (heterozygous)"
    assert "Carrier" in variant.meaning
    assert variant.severity is Severity.INFO
    assert variant.row_id == 0
    assert only(findings).table_name == table.name
    assert variant.evidence[0].ground is Ground.KNOWN
    assert variant.evidence[0].source


def test_two_copies_are_as_in_the_recessive_disease(findings: GenomicFindings, add: Add) -> None:
    add(m694v("1/1:30"))
    variant = only(findings).variants[0]
    assert "Both copies" in variant.meaning
    assert variant.severity is Severity.MAJOR


@pytest.mark.parametrize(("first", "second", "said"), [
    ("0/1:30", "0/1:30", "Possibly compound heterozygous"), ("0|1:30", "1|0:30", "on the other chromosome"),
    ("0|1:30", "0|1:30", "lies on the same chromosome"),
])  # fmt: skip
def test_two_variants_of_a_recessive_gene_are_compound_heterozygous_only_in_trans(
    findings: GenomicFindings, add: Add, first: str, second: str, said: str
) -> None:
    add(m694v(first), V726A.format(gt=second))
    variants = only(findings).variants
    assert len(variants) == 2
    assert all(said in one.meaning for one in variants)


@pytest.mark.parametrize("gt", ["0/0:30", "./.:0"])
def test_a_row_the_sample_does_not_carry_is_no_finding(findings: GenomicFindings, add: Add, gt: str) -> None:
    add(m694v(gt))
    assert only(findings).variants == ()
    assert only(findings).known_recorded == 1
    assert only(findings).known_places > 50


def test_a_filtered_or_shallow_record_is_told_with_its_doubt(findings: GenomicFindings, add: Add) -> None:
    add(m694v("0/1:4").replace("PASS", "LowQual"))
    limits = " ".join(only(findings).variants[0].limits)
    assert "failed the filter LowQual" in limits
    assert "Only 4 reads" in limits


def test_clinvar_rows_count_in_curated_monogenic_genes_only_and_conflicts_do_not(findings: GenomicFindings, add: Add) -> None:
    add(
        "chr16 3243447 . C A 50 PASS CLNSIG=Likely_pathogenic GT:DP 0/1:30",
        "chr16 3243500 . C T 50 PASS CLNSIG=Conflicting_classifications_of_pathogenicity GT:DP 0/1:30",
        "chr16 3243510 . C T 50 PASS CLNSIG=Likely_benign GT:DP 0/1:30",
        "chr1 1000000 . A G 50 PASS CLNSIG=Pathogenic GT:DP 1/1:30",
    )
    found = only(findings)
    assert [one.place for one in found.variants] == ["chr16:3243447 C>A"]
    assert found.variants[0].evidence[0].ground is Ground.CLINVAR
    assert "version not stated" in found.variants[0].evidence[0].source


def test_clinvar_of_an_installed_pack_is_cited_with_its_version_and_stars(
    findings: GenomicFindings, add: Add, library: VariantLibrary, tmp_path: Path
) -> None:
    header = HEADER.replace('##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">\n', "")
    info = add("chr16 3243450 . C A 50 PASS . GT:DP 0/1:30", "chr16 3243460 . G A 50 PASS . GT:DP 0/1:30", header=header)
    assert only(findings).variants == ()
    shelf = Shelf(tmp_path / "packs")
    shelf.rows(
        PackKind.CLINVAR, clinvar("16", 3_243_450, "C", "A", "Likely pathogenic", 1),
        clinvar("16", 3_243_460, "G", "A", "Conflicting classifications of pathogenicity"),
    )  # fmt: skip
    annotated(library.folder(info.id), shelf.packs)
    library.changed(info.id)
    found = only(findings)
    assert [one.place for one in found.variants] == ["chr16:3243450 C>A"]
    ground = found.variants[0].evidence[0]
    assert (ground.significance, ground.condition) == ("Likely pathogenic", "A condition")
    assert "2026-11" in ground.source
    assert "1 of 4 stars" in ground.source
    assert not any("Not compared with ClinVar" in note for note in found.notes)


def test_a_table_without_clinvar_says_that_it_was_not_compared(findings: GenomicFindings, add: Add) -> None:
    header = HEADER.replace('##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">\n', "")
    add(m694v(), header=header)
    assert any("Not compared with ClinVar" in note for note in only(findings).notes)


def test_a_flag_makes_a_finding_and_taking_it_back_removes_it(findings: GenomicFindings, add: Add, workbench: Workbench) -> None:
    table = add("chr1 2000000 . A G 50 PASS . GT:DP 0/1:30")
    assert only(findings).variants == ()
    identity = identity_of({"chrom": "chr1", "pos": 2_000_000, "end": None, "ref": "A", "alt": "G"}, GenomeBuild.GRCH38)
    flag = workbench.flags.add(LOCAL_USER, NoteSubject(identity), Tier.LIKELY_PATHOGENIC.value, "seen in two families")
    variant = only(findings).variants[0]
    assert variant.evidence[0].significance == "likely pathogenic"
    assert "flagged by local" in variant.evidence[0].source
    workbench.flags.delete(LOCAL_USER, flag.id)
    assert only(findings).variants == ()
    assert table.available


def test_a_signed_classification_is_the_first_ground_and_an_unsigned_one_is_none(
    findings: GenomicFindings, add: Add, classifications: Classifications
) -> None:
    add("chr16 3243500 . C T 50 PASS . GT:DP 1/1:30")
    identity = identity_of({"chrom": "chr16", "pos": 3_243_500, "end": None, "ref": "C", "alt": "T"}, GenomeBuild.GRCH38)
    kept = classifications.save(LOCAL_USER, NoteSubject(identity, "MEFV"), CONTENT)
    assert only(findings).variants == ()
    classifications.sign(LOCAL_USER, kept.id, "Dr Example", seen=kept.digest)
    variant = only(findings).variants[0]
    assert variant.evidence[0].ground is Ground.CLASSIFICATION
    assert "signed by Dr Example" in variant.evidence[0].source
    assert variant.significance == "likely pathogenic"


def test_pharmacogenes_are_called_from_the_file(findings: GenomicFindings, add: Add) -> None:
    add(*TPMT_3A)
    tpmt = next(call for call in only(findings).genes if call.gene == "TPMT")
    assert [pair.text for pair in tpmt.pairs] == ["*1/*3A", "*3B/*3C"]
    silent = next(call for call in only(findings).genes if call.gene == "NUDT15")
    assert (silent.status, silent.pairs) == (CallStatus.NOT_CALLED, ())


def test_missing_places_are_taken_for_reference_only_when_asked(findings: GenomicFindings, add: Add) -> None:
    table = add(*TPMT_3A)
    accepted = findings.of_table(table.id, LOCAL_USER, accept_missing=True)
    nudt15 = next(call for call in accepted.genes if call.gene == "NUDT15")
    assert (nudt15.status, nudt15.diplotype, nudt15.for_therapy) == (CallStatus.PRESUMED, "*1/*1", None)


def test_reference_blocks_of_a_gvcf_are_knowledge(findings: GenomicFindings, add: Add) -> None:
    add("chr6 18100000 . A <NON_REF> . . END=18200000 GT:DP 0/0:30")
    tpmt = next(call for call in only(findings).genes if call.gene == "TPMT")
    assert (tpmt.status, tpmt.diplotype, tpmt.for_therapy) == (CallStatus.CALLED, "*1/*1", "*1/*1")


@pytest.mark.parametrize(("patient", "gt", "phenotype"), [("P1", "0/1:30", "variable"), ("P2", "1:30", "deficient")])
def test_g6pd_follows_the_sex_of_the_patient(
    findings: GenomicFindings, add: Add, patient: str, gt: str, phenotype: str
) -> None:
    add(f"chrX 154534419 rs5030868 G A 50 PASS . GT:DP {gt}", patient=patient)
    call = next(call for call in only(findings, patient).genes if call.gene == "G6PD")
    assert call.phenotype == phenotype
    taken = {"patient_id": patient, "current_medications": ["hydroxychloroquine 200 mg daily"]}
    profile = Profile.model_validate({**PROFILE, **taken})
    row = next(one for one in analyse(findings.enriched(profile, LOCAL_USER)).cross_findings if one.gene == "G6PD")
    assert row.finding.startswith(f"G6PD {phenotype} (variant table")
    assert ("Do not give" in row.action) is (phenotype == "deficient")


def test_several_samples_are_not_read_before_somebody_says_which_is_the_patient(findings: GenomicFindings, add: Add) -> None:
    lines = (f"{m694v()} 0/0:30",)
    table = add(*lines, samples=("S1", "S2"), name="Family")
    assert only(findings).variants == ()
    assert "nobody stated which of them is the patient" in only(findings).notes[0]
    assert table.name == "family"


def test_the_sample_that_the_uploader_named_is_the_patient(findings: GenomicFindings, add: Add) -> None:
    add(f"{m694v()} 1/1:30", samples=("S1", "S2"), name="S2")
    assert only(findings).sample == "S2"
    assert only(findings).variants[0].carried.copies == 2


def test_a_table_of_unknown_build_is_not_read(findings: GenomicFindings, add: Add) -> None:
    header = "".join(line for line in HEADER.splitlines(keepends=True) if "contig" not in line)
    add(m694v(), assembly=None, header=header)
    assert "build of this table is not known" in only(findings).notes[0]


def test_the_analysis_carries_the_findings_and_treatment_follows_the_genotype(findings: GenomicFindings, add: Add) -> None:
    profile = Profile.model_validate(PROFILE)
    before = analyse(profile)
    table = add(*TPMT_3A, m694v())
    enriched = findings.enriched(profile, LOCAL_USER)
    after = analyse(enriched)
    assert [one.code for one in after.safety.alerts if one.code == "TPMT_IM_THIOPURINE"]
    assert not [one.code for one in before.safety.alerts if one.code == "TPMT_IM_THIOPURINE"]
    rows = to_document(after)["cross_agent_findings"]
    tpmt = next(row for row in rows if row["gene"] == "TPMT")
    assert (tpmt["genotype"], tpmt["significance"], tpmt["table"]) == ("*1/*3A", "intermediate", table.name)
    assert "30 to 80 percent" in tpmt["action"]
    assert any("places are not in the file" in limit for limit in tpmt["limits"])
    mefv = next(row for row in rows if row["gene"] == "MEFV")
    assert (mefv["agent"], mefv["table"], mefv["row"]) == ("genomics", table.name, 2)
    assert mefv["sources"]
    read = after.genotypes.get("TPMT")
    assert read is not None
    assert read.origin == f"read from the variant table {table.name}, ambiguous"
    assert without_genomics(enriched) == profile
    assert to_document(analyse(enriched)) == to_document(after)
    assert not after.unrecognised


def test_a_poor_metaboliser_in_the_file_excludes_azathioprine_on_the_therapy_card(findings: GenomicFindings, add: Add) -> None:
    add("chr6 18130687 rs1142345 T C 50 PASS . GT:DP 1/1:30", "chr6 18138997 rs1800460 C T 50 PASS . GT:DP 1/1:30")
    analysis = analyse(findings.enriched(Profile.model_validate(PROFILE), LOCAL_USER))
    excluded = {one.drug_name.lower(): one for one in analysis.therapy.excluded}
    card = next(one for name, one in excluded.items() if "azathioprine" in name)
    assert any("TPMT" in line for line in card.pgx_considerations)
    assert any("TPMT *3A/*3A was read from the variant table" in note for note in analysis.therapy.notes)


def test_a_stated_genotype_is_used_and_the_difference_is_told(findings: GenomicFindings, add: Add) -> None:
    add(*TPMT_3A)
    profile = Profile.model_validate({**PROFILE, "genotypes": {"TPMT": "*1/*1"}})
    analysis = analyse(findings.enriched(profile, LOCAL_USER))
    tpmt = analysis.genotypes.get("TPMT")
    assert tpmt is not None
    assert tpmt.phenotype == "normal"
    told = [one for one in analysis.cross_findings if "the record states *1/*1" in one.finding]
    assert len(told) == 1
    assert "*1/*3A" in told[0].finding
    assert told[0].severity is Severity.MAJOR


def test_a_file_that_lacks_places_does_not_contradict_a_laboratory(findings: GenomicFindings, add: Add) -> None:
    add("chr6 18130687 rs1142345 T C 50 PASS . GT:DP 0/0:30")
    profile = Profile.model_validate({**PROFILE, "genotypes": {"TPMT": "*1/*2"}})
    analysis = analyse(findings.enriched(profile, LOCAL_USER))
    assert not any("the record states" in one.finding for one in analysis.cross_findings)


def test_a_pending_result_in_the_record_gives_way_to_the_table(findings: GenomicFindings, add: Add) -> None:
    add(*TPMT_3A)
    profile = Profile.model_validate({**PROFILE, "genotypes": {"TPMT genotype": "pending"}})
    tpmt = analyse(findings.enriched(profile, LOCAL_USER)).genotypes.get("TPMT")
    assert tpmt is not None
    assert tpmt.phenotype == "intermediate"


def test_a_presumed_normal_result_does_not_answer_the_question_of_the_therapy(findings: GenomicFindings, add: Add) -> None:
    add("chr6 18130687 rs1142345 T C 50 PASS . GT:DP 0/0:30")
    analysis = analyse(findings.enriched(Profile.model_validate(PROFILE), LOCAL_USER))
    assert analysis.genotypes.get("TPMT") is None
    assert any("TPMT" in missing for question in analysis.safety.not_checkable for missing in question.missing)


def test_tables_that_differ_use_the_one_that_raises_a_caution(findings: GenomicFindings, add: Add) -> None:
    add(*TPMT_3A)
    add("chr6 18100000 . A <NON_REF> . . END=18200000 GT:DP 0/0:30")
    given = as_input(findings.of_patient("P1", LOCAL_USER))
    tpmt = next(one for one in given.genotypes if one.gene == "TPMT")
    assert tpmt.used == "*1/*3A"
    assert any("The tables differ" in reason for reason in tpmt.reasons)


def test_a_malformed_genomic_part_of_a_profile_is_a_problem_and_no_crash() -> None:
    profile = Profile.model_validate({**PROFILE, "extensions": {"genomic_findings": {"tables": [{"no": "name"}]}}})
    analysis = analyse(profile)
    assert analysis.genomics.tables == ()
    assert any(problem.name == "genomic_findings" for problem in analysis.problems)


def test_linking_is_for_the_owner_and_moves_the_findings(
    findings: GenomicFindings, add: Add, library: VariantLibrary
) -> None:
    table = add(m694v(), patient=None)
    heard: list[str] = []
    library.subscribe(heard.append)
    stranger = Principal("somebody", may_see_patients=True, may_administer=False)
    with pytest.raises(AccessDeniedError):
        library.link(stranger, table.id, "P1")
    with pytest.raises(NotFoundError):
        library.link(LOCAL_USER, table.id, "nobody")
    library.link(LOCAL_USER, table.id, "P1")
    assert only(findings).variants
    library.link(LOCAL_USER, table.id, "P2")
    assert findings.of_patient("P1", LOCAL_USER).tables == ()
    assert only(findings, "P2").variants
    library.delete(LOCAL_USER, table.id)
    assert findings.of_patient("P2", LOCAL_USER).tables == ()
    assert heard == ["P1", "P1", "P2", "P2"]


def test_findings_are_for_those_who_may_see_patients(findings: GenomicFindings, add: Add) -> None:
    add(m694v())
    with pytest.raises(NotFoundError):
        findings.of_patient("P1", PUBLIC)
