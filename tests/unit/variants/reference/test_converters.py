"""Published files of each kind become the rows that the layout promises."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.reference.layouts import LAYOUTS
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind, PackRequest
from tests.unit.variants.reference.conftest import Install, rows
from tests.unit.variants.reference.published import G37, G38, clinvar, packed, vcf


def alleles(path: Path) -> list[tuple[str, int, str, str]]:
    return [(row["chrom"], row["pos"], row["ref"], row["alt"]) for row in rows(path)]


# ClinVar


@pytest.mark.parametrize("build", [G37, G38])
def test_clinvar_keeps_what_a_reader_needs_of_a_record(install: Install, tmp_path: Path, build: GenomeBuild) -> None:
    pack = install(PackKind.CLINVAR, packed(tmp_path / "clinvar.vcf.gz", clinvar(build), bgzf=True), build, version="")
    assert (pack.version, pack.date, pack.stamp) == ("2026-11-10", "2026-11-10", f"ClinVar 2026-11-10 ({build})")
    found = rows(pack.path)[-1]
    assert found["chrom_order"] == 15
    assert found["variation_id"] == 2538
    assert found["significance"] == "Pathogenic/Likely pathogenic"
    assert found["review_status"] == "criteria provided, multiple submitters, no conflicts"
    assert found["conditions"] == "Familial Mediterranean fever | Recurrent fever, other"
    assert (found["gene"], found["rsid"], found["stars"]) == ("MEFV", "rs28940578", 2)
    assert found["molecular_consequence"] == "missense_variant,non-coding_transcript_variant"
    assert found["hgvs"].startswith("NC_000016.10:g.")


def test_clinvar_is_sorted_upper_case_and_leaves_out_what_has_no_allele_or_chromosome(install: Install) -> None:
    pack = install(PackKind.CLINVAR, clinvar(G38), G38)
    assert alleles(pack.path) == [("1", 100, "A", "G"), ("1", 200, "CA", "C"), ("16", 3_243_447, "C", "T")]
    assert pack.rows == 3


@pytest.mark.parametrize(
    ("status", "stars"),
    [
        ("practice_guideline", 4), ("reviewed_by_expert_panel", 3),
        ("criteria_provided,_conflicting_classifications", 1), ("criteria_provided,_conflicting_interpretations", 1),
        ("no_assertion_criteria_provided", 0), ("no_classification_provided", 0), ("something_new", None),
    ],
)
def test_stars_follow_the_review_status_and_are_missing_for_one_that_is_not_known(
    install: Install, status: str, stars: int | None
) -> None:
    text = vcf(None, ("CLNSIG", "CLNREVSTAT"), [f"1\t5\t1\tA\tG\t.\t.\tCLNREVSTAT={status};CLNSIG=Benign"])
    found = rows(install(PackKind.CLINVAR, text, G38).path)[0]
    assert found["stars"] == stars
    assert found["conditions"] is None
    assert found["gene"] is None
    assert found["rsid"] is None


# Frequencies


def test_gnomad_4_takes_the_maximum_group_and_filtering_frequency_it_publishes(install: Install) -> None:
    keys = (
        "AC", "AN", "AF", "nhomalt", "grpmax", "AC_grpmax", "AN_grpmax", "AF_grpmax", "fafmax_faf95_max", "faf95_afr", "AC_XY",
    )
    info = "AC=12;AN=1000;AF=0.012;nhomalt=1;grpmax=afr;AC_grpmax=8;AN_grpmax=200;AF_grpmax=0.04;fafmax_faf95_max=0.02;AC_XY=5"
    lines = [
        f"chr1\t100\t.\tA\tG\t.\tPASS\t{info}", "chr1\t101\t.\tA\tG\t.\tAC0;AS_VQSR\tAC=0;AN=900",
        f"chrX\t50000000\t.\tA\tG\t.\tPASS\t{info}", f"chrX\t20000\t.\tA\tG\t.\tPASS\t{info}",
    ]
    path_name = "gnomad.exomes.v4.1.sites.chr1.vcf"
    pack = install(PackKind.FREQUENCIES, vcf(G38, keys, lines), G38, name=path_name, version="")
    assert pack.stamp == "gnomAD 4.1 (GRCh38)"
    first, filtered, in_par, outside = rows(pack.path)
    assert (first["ac"], first["an"], first["af"], first["homozygotes"]) == (12, 1000, 0.012, 1)
    assert (first["popmax_population"], first["popmax_ac"], first["popmax_an"], first["popmax_af"]) == ("afr", 8, 200, 0.04)
    assert first["faf95"] == 0.02
    assert first["hemizygotes"] is None
    assert (filtered["passed"], filtered["af"], filtered["popmax_af"]) == (False, 0.0, None)
    assert (in_par["hemizygotes"], outside["hemizygotes"]) == (None, 5)


def test_gnomad_4_joint_fields_are_used_where_the_file_is_joint(install: Install) -> None:
    keys = ("AC_joint", "AN_joint", "AF_joint", "nhomalt_joint", "grpmax_joint", "AC_grpmax_joint", "AN_grpmax_joint",
            "AF_grpmax_joint", "fafmax_faf95_max_joint")
    info = ("AC_joint=3;AN_joint=300;AF_joint=0.01;nhomalt_joint=0;grpmax_joint=sas;AC_grpmax_joint=2;AN_grpmax_joint=20;"
            "AF_grpmax_joint=0.1;fafmax_faf95_max_joint=0.03")
    found = rows(install(PackKind.FREQUENCIES, vcf(G38, keys, [f"chr1\t5\t.\tA\tG\t.\tPASS\t{info}"]), G38).path)[0]
    assert (found["ac"], found["an"], found["popmax_population"], found["faf95"]) == (3, 300, "sas", 0.03)


def test_gnomad_2_has_popmax_and_filtering_frequencies_by_group(install: Install) -> None:
    keys = (
        "AC", "AN", "AF", "nhomalt", "popmax", "AC_popmax", "AN_popmax", "AF_popmax", "faf95", "faf95_nfe", "faf95_afr",
        "AC_male",
    )
    info = ("AC=10;AN=400;AF=2.5e-02;nhomalt=0;popmax=nfe;AC_popmax=9;AN_popmax=100;AF_popmax=0.09;faf95=0.01;faf95_nfe=0.05;"
            "faf95_afr=0;AC_male=4")
    found = rows(install(PackKind.FREQUENCIES, vcf(G37, keys, [f"X\t50000000\t.\tA\tG\t.\tPASS\t{info}"]), G37).path)[0]
    assert (found["popmax_population"], found["faf95"], found["hemizygotes"]) == ("nfe", 0.05, 4)


def test_without_a_published_maximum_the_greatest_compared_group_is_taken(install: Install) -> None:
    keys = ("AC", "AN", "AC_afr", "AN_afr", "AC_eas", "AN_eas", "AC_asj", "AN_asj", "AC_fin", "AN_fin")
    lines = [
        "1\t5\t.\tA\tG\t.\t.\tAC=9;AN=90;AC_afr=1;AN_afr=50;AC_eas=2;AN_eas=20;AC_asj=5;AN_asj=5;AC_fin=1;AN_fin=2",
        "1\t6\t.\tA\tG\t.\t.\tAC=0;AN=90;AC_afr=0;AN_afr=50;AC_eas=0;AN_eas=0;AC_asj=0;AN_asj=5",
    ]
    first, second = rows(install(PackKind.FREQUENCIES, vcf(G38, keys, lines), G38).path)
    assert (first["popmax_population"], first["popmax_ac"], first["popmax_an"], first["popmax_af"]) == ("eas", 2, 20, 0.1)
    assert first["af"] == 0.1
    assert first["passed"] is None
    assert (second["popmax_population"], second["popmax_af"], second["af"]) == (None, None, 0.0)


def test_a_line_with_two_alternates_gives_each_its_own_counts(install: Install) -> None:
    text = vcf(G38, ("AC", "AN", "AF"), ["chr1\t5\t.\ta\tg,TTT\t.\tPASS\tAC=1,2;AN=100;AF=0.01,0.02"])
    found = rows(install(PackKind.FREQUENCIES, text, G38).path)
    assert [(row["ref"], row["alt"], row["ac"], row["an"], row["af"]) for row in found] == [
        ("A", "G", 1, 100, 0.01), ("A", "TTT", 2, 100, 0.02)
    ]


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_a_plain_table_of_frequencies_is_read_by_its_column_names(install: Install, delimiter: str) -> None:
    lines = [["#CHROM", "POS", "REF", "ALT", "AC", "AN", "nhomalt", "FILTER"], ["chr2", "7", "c", "t", "5", "50", "0", "PASS"],
             ["1", "9", "A", "G", "0", "0", "", "AC0"]]
    text = "\n".join(delimiter.join(line) for line in lines) + "\n"
    first, second = rows(install(PackKind.FREQUENCIES, text, G38).path)
    assert (first["chrom"], first["af"], first["homozygotes"], first["passed"]) == ("1", None, None, False)
    assert (second["chrom"], second["ref"], second["af"], second["homozygotes"], second["faf95"]) == ("2", "C", 0.1, 0, None)


def test_files_by_chromosome_make_one_pack(library: ReferenceLibrary, tmp_path: Path) -> None:
    folder = tmp_path / "gnomad"
    folder.mkdir()
    for chrom in ("chr16", "chr1"):
        text = vcf(G38, ("AC", "AN"), [f"{chrom}\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=10"])
        packed(folder / f"gnomad.genomes.v4.1.sites.{chrom}.vcf.bgz", text, bgzf=True)
        (folder / f"gnomad.genomes.v4.1.sites.{chrom}.vcf.bgz.tbi").write_bytes(b"index")
    pack = library.install(folder, PackRequest(PackKind.FREQUENCIES, G38))
    assert [row["chrom"] for row in rows(pack.path)] == ["1", "16"]
    assert len(library.manifest(pack)["sources"]) == 2
    assert len(pack.sha256) == 64


def test_exomes_and_genomes_are_not_mixed_in_one_pack(library: ReferenceLibrary, tmp_path: Path) -> None:
    paths = []
    for source in ("exomes", "genomes"):
        paths.append(tmp_path / f"gnomad.{source}.v4.1.sites.chr1.vcf")
        paths[-1].write_text(vcf(G38, ("AC", "AN"), ["chr1\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=10"]))
    with pytest.raises(InvalidInputError, match="list alleles twice"):
        library.install(paths, PackRequest(PackKind.FREQUENCIES, G38))


# Scores

_REVEL = """chr,hg19_pos,grch38_pos,ref,alt,aaref,aaalt,REVEL,Ensembl_transcriptid
1,35142,36142,G,A,T,M,0.027,ENST00000417324
1,35142,36142,G,A,T,R,0.5,ENST1;ENST2
1,35143,.,T,A,T,S,0.031,ENST00000417324
X,9,9,c,g,T,S,1.0,ENST3
"""


def test_revel_has_the_positions_of_either_build_and_leaves_out_what_was_not_lifted(install: Install, tmp_path: Path) -> None:
    archive = tmp_path / "revel-v1.3_all_chromosomes.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("revel_with_transcript_ids", _REVEL)
    of_37 = install(PackKind.REVEL, archive, G37, version="")
    of_38 = install(PackKind.REVEL, archive, G38, version="")
    assert of_37.version == of_38.version == "1.3"
    assert [row["pos"] for row in rows(of_37.path)] == [35142, 35142, 35143, 9]
    assert [(row["pos"], row["score"], row["transcript"]) for row in rows(of_38.path)] == [
        (36142, 0.027, "ENST00000417324"), (36142, 0.5, "ENST1;ENST2"), (9, 1.0, "ENST3")
    ]
    assert alleles(of_38.path)[-1] == ("X", 9, "C", "G")


def test_an_early_revel_has_no_positions_of_grch38(install: Install) -> None:
    text = "chr,hg19_pos,ref,alt,aaref,aaalt,REVEL\n1,35142,G,A,T,M,0.027\n"
    assert rows(install(PackKind.REVEL, text, G37).path)[0]["transcript"] is None
    with pytest.raises(InvalidInputError, match="no positions of GRCh38"):
        install(PackKind.REVEL, text, G38)


_ALPHAMISSENSE = """# Copyright 2023 DeepMind Technologies Limited
#
#CHROM\tPOS\tREF\tALT\tgenome\tuniprot_id\ttranscript_id\tprotein_variant\tam_pathogenicity\tam_class
chr1\t69094\tG\tT\thg38\tQ8NH21\tENST00000335137.4\tV2L\t0.2937\tlikely_benign
"""


def test_alphamissense_is_held_to_its_build(install: Install) -> None:
    found = rows(install(PackKind.ALPHAMISSENSE, _ALPHAMISSENSE, G38).path)[0]
    assert (found["chrom"], found["pos"], found["score"], found["transcript"]) == ("1", 69094, 0.2937, "ENST00000335137.4")
    assert install(PackKind.ALPHAMISSENSE, _ALPHAMISSENSE.replace("hg38", "hg19"), G37).rows == 1
    with pytest.raises(InvalidInputError, match="positions of hg38, but GRCh37 was asked for"):
        install(PackKind.ALPHAMISSENSE, _ALPHAMISSENSE, G37, version="2")


@pytest.mark.parametrize("build", [G37, G38])
def test_spliceai_is_the_largest_delta_of_the_allele_over_all_genes(install: Install, build: GenomeBuild) -> None:
    scores = "C|GENE1|0.01|0.00|0.91|0.2|1|2|3|4,G|GENE1|0.10|0|0|0|1|2|3|4,C|GENE2|0.95|0|0|0|1|2|3|4"
    lines = [f"1\t5\t.\tA\tC,G\t.\t.\tSpliceAI={scores}",
             "1\t6\t.\tA\tC\t.\t.\tSpliceAI=C|GENE1|.|.|.|.|.|.|.|."]
    found = rows(install(PackKind.SPLICEAI, vcf(build, ("SpliceAI",), lines), build).path)
    assert [(row["pos"], row["alt"], row["score"]) for row in found] == [(5, "C", 0.95), (5, "G", 0.1)]
    assert {row["transcript"] for row in found} == {None}


# Genes


def test_constraint_of_release_2_has_one_row_for_a_gene(install: Install) -> None:
    lines = ["gene\ttranscript\tobs_mis\tmis_z\tpLI\toe_lof_upper", "TNFAIP3\tENST00000237289\t300\t2.5\t0.99\t0.2",
             "X1\tENST1\t1\tNA\tNA\tNaN"]
    text = "\n".join(lines)
    first, second = rows(install(PackKind.CONSTRAINT, text, name="gnomad.v2.1.1.lof_metrics.by_gene.txt", version="").path)
    assert first == {"gene": "TNFAIP3", "transcript": "ENST00000237289", "pli": 0.99, "loeuf": 0.2, "missense_z": 2.5}
    assert (second["pli"], second["loeuf"], second["missense_z"]) == (None, None, None)


def test_constraint_of_release_4_prefers_mane_then_canonical_then_ensembl(install: Install) -> None:
    head = "gene\tgene_id\ttranscript\tcanonical\tmane_select\tlof.pLI\tlof.oe_ci.upper\tmis.z_score\n"
    lines = [
        "A\tE\tENST1\ttrue\tfalse\t0.1\t0.9\t1", "A\tE\tENST2\tfalse\ttrue\t0.2\t0.8\t2", "A\t1\tNM_1\tfalse\ttrue\t0.3\t0.7\t3",
        "B\t2\tNM_2\tfalse\tfalse\t0.4\t0.6\t4", "B\tE\tENST4\ttrue\tfalse\t0.5\t0.5\t5",
    ]
    pack = install(PackKind.CONSTRAINT, head + "\n".join(lines), name="gnomad.v4.1.constraint_metrics.tsv", version="")
    assert pack.stamp == "gnomAD constraint 4.1"
    assert pack.build is None
    found = [(row["gene"], row["transcript"], row["loeuf"]) for row in rows(pack.path)]
    assert found == [("A", "ENST2", 0.8), ("B", "ENST4", 0.5)]


_GENE_LIST = """#ClinGen Gene Curation List
#10 Nov,2026
#Genomic Locations are reported on GRCh38 (hg38): GCF_000001405.36
#https://www.ncbi.nlm.nih.gov/projects/dbvar/clingen
#Gene Symbol\tGene ID\tcytoBand\tGenomic Location\tHaploinsufficiency Score\tDescription\tTriplosensitivity Score
TNFAIP3\t7128\t6q23.3\tchr6:137867188-137883312\t3\tSufficient evidence\t0
MEFV\t4210\t16p13.3\tchr16:3242027-3256633\t30\tGene associated with autosomal recessive phenotype\tNot yet evaluated
NEW\t1\t1p\ttbd\t3\tx\t0
"""
_REGION_LIST = """#ClinGen Region Curation List
#Genomic Locations are reported on GRCh38 (hg38): GCF_000001405.36
#ISCA ID\tISCA Region Name\tcytoBand\tGenomic Location\tHaploinsufficiency Score\tTriplosensitivity Score
ISCA-37446\t22q11.2 recurrent region\t22q11.21\tchr22:18924718-21111383\t3\t3
"""


def test_clingen_lists_of_genes_and_regions_make_one_pack(library: ReferenceLibrary, tmp_path: Path) -> None:
    paths = []
    for name, text in (("genes.tsv", _GENE_LIST), ("regions.tsv", _REGION_LIST)):
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    pack = library.install(paths, PackRequest(PackKind.DOSAGE, G38))
    assert pack.version == "2026-11-10"
    found = {row["name"]: row for row in rows(pack.path)}
    assert list(found) == ["MEFV", "22q11.2 recurrent region", "TNFAIP3"]
    assert (found["MEFV"]["haploinsufficiency"], found["MEFV"]["triplosensitivity"]) == (30, None)
    assert found["TNFAIP3"]["start"] == 137_867_188
    assert found["22q11.2 recurrent region"]["kind"] == "region"
    with pytest.raises(InvalidInputError, match="is in GRCh38, but GRCh37 was asked for"):
        library.install(paths[0], PackRequest(PackKind.DOSAGE, G37, version="2"))


def test_clingen_bed_files_of_both_scores_are_joined_and_counted_from_one(library: ReferenceLibrary, tmp_path: Path) -> None:
    paths = []
    for word, score in (("haploinsufficiency", "3"), ("triplosensitivity", "Not yet evaluated")):
        paths.append(tmp_path / f"ClinGen_{word}_gene_GRCh37.bed")
        paths[-1].write_text(f"track name='ClinGen' db=hg19\nchr6\t138188350\t138204449\tTNFAIP3\t{score}\n")
    found = rows(library.install(paths, PackRequest(PackKind.DOSAGE, G37, version="2026-11")).path)
    assert found == [{"kind": "gene", "name": "TNFAIP3", "chrom": "6", "start": 138_188_351, "end": 138_204_449,
                      "haploinsufficiency": 3, "triplosensitivity": None}]


def test_hpo_in_its_present_and_its_earlier_form(install: Install) -> None:
    new = ("ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id\n"
           "4210\tMEFV\tHP:0001954\tRecurrent fever\t-\tOMIM:249100\n")
    old = ("#Format: entrez-gene-id<tab>entrez-gene-symbol<tab>HPO-Term-ID<tab>HPO-Term-Name\n"
           "4210\tMEFV\tHP:0001954\tRecurrent fever\t-\t\t-\tmim2gene\tOMIM:249100\n")
    expected = [{"gene": "MEFV", "hpo_id": "HP:0001954", "term": "Recurrent fever", "disease": "OMIM:249100"}]
    assert rows(install(PackKind.PHENOTYPES, new).path) == expected
    assert rows(install(PackKind.PHENOTYPES, old, version="2").path) == expected


def test_mane_summary(install: Install) -> None:
    text = ("#NCBI_GeneID\tEnsembl_Gene\tHGNC_ID\tsymbol\tname\tRefSeq_nuc\tRefSeq_prot\tEnsembl_nuc\tEnsembl_prot\tMANE_status\t"
            "GRCh38_chr\tchr_start\tchr_end\tchr_strand\n"
            "GeneID:4210\tENSG00000103313.14\tHGNC:6998\tMEFV\tMEFV innate immunity regulator, pyrin\tNM_000243.3\tNP_000234.1\t"
            "ENST00000219596.6\tENSP00000219596.1\tMANE Select\tNC_000016.10\t3242027\t3256633\t-\n")
    pack = install(PackKind.MANE, text, name="MANE.GRCh38.v1.4.summary.txt", version="")
    assert pack.version == "1.4"
    assert rows(pack.path) == [
        {"symbol": "MEFV", "refseq": "NM_000243.3", "ensembl": "ENST00000219596.6", "protein": "NP_000234.1",
         "status": "MANE Select", "gene_id": "ENSG00000103313.14"}
    ]


# Structural variants


@pytest.mark.parametrize("build", [G37, G38])
def test_gnomad_sv_as_vcf(install: Install, build: GenomeBuild) -> None:
    keys = ("SVTYPE", "END", "AC", "AN", "AF")
    lines = ["1\t1000\tgnomAD-SV_DEL_1\tN\t<DEL>\t.\tPASS\tEND=2000;SVTYPE=DEL;AC=3;AN=300;AF=0.01",
             "1\t500\tgnomAD-SV_CN\tN\t<CN=0>,<CN=1>\t.\tPASS\tEND=900;SVTYPE=MCNV;AC=1,2;AN=300;AF=0.1,0.2"]
    pack = install(PackKind.POPULATION_SV, vcf(build, keys, lines), build, name="gnomad.v4.1.sv.sites.vcf", version="")
    many, one = rows(pack.path)
    assert one["dataset"] == "gnomAD-SV"
    assert (one["start"], one["end"], one["sv_type"], one["ac"], one["an"], one["af"]) == (1000, 2000, "DEL", 3, 300, 0.01)
    assert (many["sv_type"], many["ac"], many["af"]) == ("MCNV", None, None)


def test_gnomad_sv_as_bed_is_counted_from_one(install: Install) -> None:
    text = ("#chrom\tstart\tend\tname\tsvtype\tAN\tAC\tAF\tFILTER\n"
            "1\t10641\t20641\tgnomAD-SV_v2.1_DUP_1\tDUP\t21366\t3175\t0.1486\tPASS\n")
    found = rows(install(PackKind.POPULATION_SV, text, G37, name="gnomad_v2.1_sv.sites.bed", version="").path)[0]
    assert (found["start"], found["end"], found["sv_type"], found["ac"]) == (10642, 20641, "DUP", 3175)


def test_dgv_counts_samples_and_splits_gains_from_losses(install: Install) -> None:
    head = ("variantaccession\tchr\tstart\tend\tvarianttype\tvariantsubtype\treference\tpubmedid\tmethod\tplatform\t"
            "mergedvariants\tsupportingvariants\tmergedorsample\tfrequency\tsamplesize\tobservedgains\tobservedlosses\t"
            "cohortdescription\tgenes\tsamples")
    lines = ['dgv1n82\t1\t10001\t22118\tCNV\tduplication\tS\t1\tO\t\t\tn\tM\t\t97\t10\t0\t\t""\tHG',
             "nsv7879\t1\t10001\t127330\tCNV\tgain+loss\tP\t1\tO\t\t\tn\tM\t\t31\t25\t1\t\tA\t",
             "nsv1\t2\t5\t9\tOTHER\tcomplex\tP\t1\tO\t\t\tn\tM\t\t31\t\t\t\tA\t"]
    text = "\n".join([head, *lines]) + "\n"
    found = rows(install(PackKind.POPULATION_SV, text, G38, name="GRCh38_hg38_variants_2020-02-25.txt", version="").path)
    assert [(row["name"], row["sv_type"], row["ac"], row["an"]) for row in found] == [
        ("dgv1n82", "DUP", 10, 97), ("nsv7879", "DEL", 1, 31), ("nsv7879", "DUP", 25, 31)
    ]
    assert {row["dataset"] for row in found} == {"DGV"}


# All tables


def test_every_table_has_exactly_the_columns_of_its_layout(install: Install) -> None:
    packs = [
        install(PackKind.CLINVAR, clinvar(G38), G38), install(PackKind.REVEL, _REVEL, G38),
        install(PackKind.ALPHAMISSENSE, _ALPHAMISSENSE, G38), install(PackKind.DOSAGE, _GENE_LIST, G38),
        install(PackKind.FREQUENCIES, vcf(G38, ("AC", "AN"), ["1\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=10"]), G38),
    ]
    for pack in packs:
        assert pq.read_schema(pack.path).names == list(LAYOUTS[pack.kind])
