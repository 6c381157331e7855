"""The curated genes are unique, sourced, lie where RefSeq says, and are found by name and by place in both builds."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.errors import ConfigurationError
from services.knowledge.genes import BUILDS, Effect, Gene, GeneGroup, Inheritance, Place, gene, genes, genes_at, source
from services.knowledge.records import Gene as EvidenceGene

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "reference"
# the two builds differ there: bases were taken out of or put into the assembly inside the gene
DIFFERENT_ASSEMBLY = {"IKZF1", "C1R"}
# RefSeq's list for GRCh37 places both C4 genes on C4A; places wider than its list: MANE Select reaches further
NOT_AS_LISTED = {("C4B", "GRCh37")}
WIDER = {"TNFRSF13C", "DOCK11", "XIAP", "MBL2", "HNF4A"}
EARLIER_SYMBOLS = {"SKIC3": "TTC37", "SKIC2": "SKIV2L", "RIGI": "DDX58"}
ALL = list(genes().values())


def listed(build: str) -> dict[str, tuple[str, int, int]]:
    name = {"GRCh37": "hg19", "GRCh38": "hg38"}[build]
    path = REFERENCE / f"refseq_genes.{name}.bed.gz"
    if not path.is_file():
        pytest.skip("the shared reference files are absent")
    found: dict[str, tuple[str, int, int]] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            chrom, start, end, _, symbol = line.split()
            found.setdefault(symbol, (chrom.removeprefix("chr"), int(start) + 1, int(end)))
    return found


def test_there_are_about_two_hundred_genes_and_more_in_every_group() -> None:
    assert len(ALL) >= 200
    groups = Counter(group for one in ALL for group in one.groups)
    assert all(groups[group] >= 8 for group in GeneGroup)


def test_names_lead_to_one_gene_only() -> None:
    names = Counter(name.upper() for one in ALL for name in (one.symbol, *one.aliases))
    assert [name for name, times in names.items() if times > 1] == []
    assert len({one.hgnc_id for one in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("name", "symbol"), [("TMEM173", "STING1"), ("cecr1", "ADA2"), ("DDX58", "RIGI"), (" mefv ", "MEFV"), ("CD25", "IL2RA")]
)
def test_earlier_symbols_and_aliases_resolve(name: str, symbol: str) -> None:
    found = gene(name)
    assert found is not None
    assert found.symbol == symbol


def test_an_unknown_name_is_none_however_long() -> None:
    assert gene("NOTAGENE") is None
    assert gene("") is None
    assert gene("A" * 1_000_000) is None


def test_every_gene_has_a_source_that_exists() -> None:
    assert all(one.sources for one in ALL)


def test_a_source_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nowhere2099"):
        source("nowhere2099")


def test_both_builds_give_a_gene_the_same_chromosome_strand_and_nearly_the_same_length() -> None:
    for one in ALL:
        old, new = one.places["GRCh37"], one.places["GRCh38"]
        assert (old.chrom, old.strand) == (new.chrom, new.strand), one.symbol
        if one.symbol not in DIFFERENT_ASSEMBLY:
            assert abs(old.length - new.length) <= 50, one.symbol


def test_every_mane_transcript_is_unique_and_has_a_version() -> None:
    named = [one.mane_select for one in ALL if one.mane_select]
    assert len(named) == len(set(named)) >= 200


def test_every_disease_gene_states_inheritance_and_a_gene_of_risk_or_drug_response_none() -> None:
    for one in ALL:
        if set(one.groups) <= {GeneGroup.SUSCEPTIBILITY, GeneGroup.HLA}:
            assert not one.is_monogenic, one.symbol
        elif not set(one.groups) & {GeneGroup.SUSCEPTIBILITY, GeneGroup.HLA, GeneGroup.PHARMACOGENE, GeneGroup.COMPLEMENT}:
            assert one.is_monogenic, one.symbol


def test_genes_of_the_x_chromosome_and_only_they_are_x_linked() -> None:
    linked = {one.symbol for one in ALL if Inheritance.X_LINKED in one.inheritance}
    on_x = {one.symbol for one in ALL if one.places["GRCh38"].chrom == "X"}
    assert linked == on_x


@pytest.mark.parametrize(
    ("symbol", "inheritance", "loses"),
    [("MEFV", ("AR", "AD"), False), ("FOXP3", ("XL",), True), ("SERPING1", ("AD",), True), ("PTPN22", (), False),
     ("UBA1", ("somatic", "XL"), False), ("TNFRSF1A", ("AD",), False), ("ADA2", ("AR",), True)],
)  # fmt: skip
def test_inheritance_and_established_loss_of_function_are_as_published(
    symbol: str, inheritance: tuple[str, ...], loses: bool
) -> None:
    found = genes()[symbol]
    assert found.inheritance == inheritance
    assert any(one.effect is Effect.LOSS and one.established for one in found.diseases) is loses


def test_a_gene_with_two_directions_says_both() -> None:
    assert genes()["STAT3"].mechanism == "gain of function, dominant negative"
    assert genes()["STAT1"].mechanism == "gain of function, dominant negative, loss of function"
    assert genes()["PTPN22"].mechanism == "unknown"


def test_a_dosage_that_nobody_curated_is_missing_not_zero() -> None:
    assert genes()["FOXP3"].haploinsufficiency is None
    assert (genes()["LRBA"].haploinsufficiency, genes()["MEFV"].haploinsufficiency) == (30, 0)


@pytest.mark.parametrize(("build", "start"), [("GRCh37", 3_293_407), ("GRCh38", 3_243_407)])
def test_a_place_leads_to_its_gene_in_its_own_build(build: str, start: int) -> None:
    assert [one.symbol for one in genes_at(build, "16", start, start)] == ["MEFV"]
    assert [one.symbol for one in genes_at(build, "chr16", start, start)] == ["MEFV"]


def test_the_ends_of_a_gene_belong_to_it_and_the_bases_beside_do_not() -> None:
    place = genes()["AIRE"].places["GRCh38"]
    assert [one.symbol for one in genes_at("GRCh38", "21", place.end, place.end)] == ["AIRE"]
    assert genes_at("GRCh38", "21", place.end + 1, place.end + 1) == ()
    assert genes_at("GRCh38", "21", place.start - 1, place.start - 1) == ()


def test_a_region_returns_all_its_genes_in_order_of_their_start() -> None:
    found = [one.symbol for one in genes_at("GRCh38", "6", 31_900_000, 32_100_000)]
    assert found == ["C2", "CFB", "SKIC2", "C4A", "C4B"]


def test_a_place_in_no_known_build_or_contig_gives_nothing() -> None:
    assert genes_at("T2T", "16", 1, 10**9) == ()
    assert genes_at("GRCh38", "GL000194.1", 1, 10**9) == ()


def test_a_place_that_runs_backwards_or_is_written_otherwise_is_refused() -> None:
    for text in ("21:200-100:+", "21:100-200", "chr21:100-200:+", "21:0-5:+"):
        with pytest.raises(ValidationError):
            Place.model_validate(text)


def test_a_gene_without_one_of_the_builds_is_refused() -> None:
    row = {"symbol": "ABC1", "name": "a gene", "groups": ["hla"], "places": {"GRCh38": "1:1-2:+"}, "sources": ["iuis22"]}
    with pytest.raises(ValidationError, match="GRCh37"):
        Gene.model_validate(row)


def test_the_genes_of_the_evidence_collection_that_cause_disease_are_listed_here() -> None:
    from services.knowledge.catalogue import load

    assert [row.gene for row in load("genomic_evidence", EvidenceGene) if row.gene not in genes()] == []


def test_an_effect_is_named_in_words() -> None:
    assert Effect.DOMINANT_NEGATIVE.label == "dominant negative"


@pytest.mark.shared_data
@pytest.mark.parametrize("build", BUILDS)
def test_places_agree_with_the_gene_extents_of_refseq(build: str) -> None:
    extents = listed(build)
    wrong = []
    for one in ALL:
        if (one.symbol, build) in NOT_AS_LISTED:
            continue
        place = one.places[build]
        chrom, start, end = extents[EARLIER_SYMBOLS.get(one.symbol, one.symbol)]
        same = (place.chrom, place.start, place.end) == (chrom, start, end)
        wider = one.symbol in WIDER and place.chrom == chrom and place.start <= start and end <= place.end
        if not (same or wider):
            wrong.append((one.symbol, str(place), (chrom, start, end)))
    assert wrong == []


@pytest.mark.shared_data
@pytest.mark.parametrize("kind", ["haploinsufficiency", "triplosensitivity"])
def test_dosage_scores_agree_with_clingen_and_are_complete(kind: str) -> None:
    path = REFERENCE / "clingen_dosage" / "hg38" / f"ClinGen_{kind}_gene.bed"
    if not path.is_file():
        pytest.skip("the shared reference files are absent")
    rows = [line.split() for line in path.read_text().splitlines() if not line.startswith("track")]
    scores = {row[3]: int(row[4]) for row in rows if row[4].isdigit()}
    assert {one.symbol: getattr(one, kind) for one in ALL if one.symbol in scores} == {
        one.symbol: scores[one.symbol] for one in ALL if one.symbol in scores
    }
    assert [one.symbol for one in ALL if getattr(one, kind) is not None and one.symbol not in scores] == []
