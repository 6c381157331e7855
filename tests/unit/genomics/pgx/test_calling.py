"""Star alleles called by hand-made records: both builds, phase, missing places, refused records, one X chromosome."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from services.genomics.pgx import CallStatus, GeneCall, Observation, SiteState, call_gene
from services.knowledge.pgx import pharmacogenes, phenotype_of

BUILDS = ("GRCh37", "GRCh38")


def records(gene: str, build: str, genotypes: dict[str, str], *, rest: str | None = "0/0", depth: int | None = 30,
            phase_set: str | None = None) -> list[Observation]:  # fmt: skip
    """One record for each change of the gene: those named with their genotype, the rest with `rest`, none where it is None."""
    made = []
    for variant in pharmacogenes()[gene].variants:
        written = genotypes.get(variant.id, rest)
        if written is not None:
            made.append(record(variant.position(build), variant.ref, variant.alt, written, depth=depth, phase_set=phase_set))
    return made


def record(position: int, ref: str, alt: str | None, genotype: str, *, number: int = 1, depth: int | None = 30,
           phase_set: str | None = None, applied: str = "PASS", end: int | None = None) -> Observation:  # fmt: skip
    alleles = tuple(None if one == "." else int(one) for one in genotype.replace("|", "/").split("/"))
    return Observation(
        position, end or position + len(ref) - 1, ref, alt, number, alleles, phased="|" in genotype, phase_set=phase_set,
        depth=depth, filter=applied,
    )


def made(call: GeneCall) -> tuple[str | None, str | None]:
    return call.diplotype, call.phenotype


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize(("gene", "genotypes", "diplotype", "phenotype"), [
    ("TPMT", {}, "*1/*1", "normal"),
    ("TPMT", {"rs1142345": "0/1"}, "*1/*3C", "intermediate"),
    ("TPMT", {"rs1142345": "1/1"}, "*3C/*3C", "poor"),
    ("TPMT", {"rs1142345": "1/1", "rs1800460": "1/1"}, "*3A/*3A", "poor"),
    ("TPMT", {"rs1142345": "1/1", "rs1800460": "0/1"}, "*3A/*3C", "poor"),
    ("TPMT", {"rs1800462": "0/1", "rs56161402": "0/1"}, "*2/*8", "possible intermediate"),
    ("TPMT", {"rs56161402": "0/1"}, "*1/*8", None),
    ("NUDT15", {"rs116855232": "0/1"}, "*1/*3", "intermediate"),
    ("NUDT15", {"rs116855232": "1/1", "rs746071566": "0/1"}, "*2/*3", "poor"),
    ("NUDT15", {"rs746071566_del": "0/1"}, "*1/*9", "intermediate"),
    ("CYP2C9", {"rs1799853": "0/1", "rs1057910": "0/1"}, "*2/*3", "poor"),
    ("CYP2C9", {"rs1057910": "1/1"}, "*3/*3", "poor"),
    ("CYP2C9", {"rs9332131": "0/1"}, "*1/*6", "intermediate"),
    ("CYP2C9", {"rs2256871": "0/1"}, "*1/*9", "normal"),
    ("CYP2C19", {"rs4244285": "0/1", "rs12769205": "0/1"}, "*1/*2", "intermediate"),
    ("CYP2C19", {"rs12769205": "0/1"}, "*1/*35", "intermediate"),
    ("CYP2C19", {"rs12248560": "1/1"}, "*17/*17", "ultrarapid"),
    ("CYP2C19", {"rs12248560": "0/1", "rs4986893": "0/1"}, "*3/*17", "intermediate"),
    ("CYP2C19", {"rs17884712": "0/1", "rs4986893": "0/1"}, "*3/*9", "likely poor"),
])  # fmt: skip
def test_alleles_and_phenotype_are_the_same_from_either_build(
    build: str, gene: str, genotypes: dict[str, str], diplotype: str, phenotype: str | None
) -> None:
    call = call_gene(gene, build, records(gene, build, genotypes))  # type: ignore[arg-type]
    assert made(call) == (diplotype, phenotype)
    assert call.status is CallStatus.CALLED
    assert not call.missing


def test_positions_of_one_build_say_nothing_in_the_other() -> None:
    call = call_gene("TPMT", "GRCh37", records("TPMT", "GRCh38", {"rs1142345": "1/1"}))
    assert call.status is CallStatus.NOT_CALLED
    assert {site.state for site in call.sites} == {SiteState.NOT_IN_FILE}


def test_two_heterozygous_changes_of_3a_are_ambiguous_and_the_common_pair_comes_first() -> None:
    call = call_gene("TPMT", "GRCh38", records("TPMT", "GRCh38", {"rs1142345": "0/1", "rs1800460": "0/1"}))
    assert call.status is CallStatus.AMBIGUOUS
    assert [pair.text for pair in call.pairs] == ["*1/*3A", "*3B/*3C"]
    assert [pair.phenotype.name for pair in call.pairs] == ["intermediate", "poor"]
    assert call.other_phenotypes == ("poor",)
    assert any("*3B" in reason and "rare" in reason for reason in call.reasons)
    assert call.for_therapy == "*1/*3A"


@pytest.mark.parametrize(("first", "second", "diplotype"), [("0|1", "0|1", "*1/*3A"), ("0|1", "1|0", "*3B/*3C")])
@pytest.mark.parametrize("phase_set", [None, "18130687"])
def test_phase_decides_between_3a_and_3b_with_3c(first: str, second: str, diplotype: str, phase_set: str | None) -> None:
    genotypes = {"rs1142345": first, "rs1800460": second}
    call = call_gene("TPMT", "GRCh38", records("TPMT", "GRCh38", genotypes, phase_set=phase_set))
    assert [pair.text for pair in call.pairs] == [diplotype]
    assert call.status is CallStatus.CALLED


def test_phase_in_different_phase_sets_decides_nothing() -> None:
    one = records("TPMT", "GRCh38", {"rs1142345": "0|1"}, rest=None, phase_set="1")
    other = records("TPMT", "GRCh38", {"rs1800460": "1|0"}, rest=None, phase_set="2")
    call = call_gene("TPMT", "GRCh38", [*one, *other])
    assert [pair.text for pair in call.pairs] == ["*1/*3A", "*3B/*3C"]


def test_a_gene_without_any_record_is_not_called_and_never_normal() -> None:
    call = call_gene("TPMT", "GRCh38", [])
    assert (call.status, call.pairs, call.for_therapy) == (CallStatus.NOT_CALLED, (), None)
    assert "never have been tested" in call.reasons[0]


def test_missing_places_taken_for_reference_make_a_presumed_normal_that_clears_no_drug() -> None:
    call = call_gene("TPMT", "GRCh38", [], accept_missing=True)
    assert (call.status, call.diplotype, call.phenotype) == (CallStatus.PRESUMED, "*1/*1", "normal")
    assert call.for_therapy is None
    assert "20 of 20 places are not in the file" in call.reasons[0]


def test_a_carrier_in_a_file_of_variants_only_is_presumed_and_counts_for_therapy() -> None:
    call = call_gene("TPMT", "GRCh38", records("TPMT", "GRCh38", {"rs1142345": "0/1"}, rest=None))
    assert (call.status, call.diplotype) == (CallStatus.PRESUMED, "*1/*3C")
    assert len(call.missing) == 18  # the record tells both changes of its place
    assert call.for_therapy == "*1/*3C"


def test_cyp2c19_2_is_told_without_the_change_that_usually_comes_with_it_where_the_file_lacks_that() -> None:
    call = call_gene("CYP2C19", "GRCh38", records("CYP2C19", "GRCh38", {"rs4244285": "0/1"}, rest=None))
    assert call.diplotype == "*1/*2"
    read_as_reference = call_gene("CYP2C19", "GRCh38", records("CYP2C19", "GRCh38", {"rs4244285": "0/1"}))
    assert read_as_reference.status is CallStatus.NOT_CALLED
    assert "No pair of alleles" in read_as_reference.reasons[0]


def test_cyp2c19_4_may_carry_the_change_of_17_on_its_own_chromosome() -> None:
    call = call_gene("CYP2C19", "GRCh38", records("CYP2C19", "GRCh38", {"rs28399504": "0/1", "rs12248560": "1/1"}))
    assert [pair.text for pair in call.pairs] == ["*4/*17"]
    single = call_gene("CYP2C19", "GRCh38", records("CYP2C19", "GRCh38", {"rs28399504": "0|1", "rs12248560": "0|1"}))
    assert [pair.text for pair in single.pairs] == ["*1/*4"]


@pytest.mark.parametrize(("genotype", "depth", "applied", "state"), [
    ("./.", 30, "PASS", SiteState.NO_CALL), ("./1", 30, "PASS", SiteState.NO_CALL), ("0/1", 4, "PASS", SiteState.LOW_DEPTH),
    ("0/1", 30, "q10", SiteState.FILTERED), ("0/1", None, "", SiteState.READ), ("0/1", 10, ".", SiteState.READ),
])  # fmt: skip
def test_a_record_that_cannot_be_used_leaves_its_place_open(
    genotype: str, depth: int | None, applied: str, state: SiteState
) -> None:
    others = [one for one in records("TPMT", "GRCh38", {}) if one.position != 18130687]
    call = call_gene("TPMT", "GRCh38", [*others, record(18130687, "T", "C", genotype, depth=depth, applied=applied)])
    site = next(site for site in call.sites if site.key == "rs1142345")
    assert site.state is state
    if state is not SiteState.READ:
        assert call.status is CallStatus.AMBIGUOUS
        assert {"*1/*1", "*1/*3C", "*3C/*3C"} <= {pair.text for pair in call.pairs}
        assert (call.is_open, call.phenotype, call.for_therapy) == (True, None, None)
        assert any("rs1142345 could not be used" in reason for reason in call.reasons)


def test_an_unusable_record_beside_a_loss_of_function_still_raises_the_caution() -> None:
    genotypes = {"rs1799853": "0/1", "rs1057910": "./."}
    call = call_gene("CYP2C9", "GRCh38", records("CYP2C9", "GRCh38", genotypes))
    assert [pair.text for pair in call.pairs] == ["*1/*2", "*2/*3"]
    assert (call.phenotype, call.other_phenotypes, call.for_therapy) == (None, ("intermediate", "poor"), "*1/*2")


def test_two_alternate_alleles_at_one_place_are_told_apart() -> None:
    others = [one for one in records("TPMT", "GRCh38", {}) if one.position != 18130687]
    both = [record(18130687, "T", "C", "1/2"), record(18130687, "T", "G", "1/2", number=2)]
    assert call_gene("TPMT", "GRCh38", [*others, *both]).diplotype == "*3C/*41"
    only_g = [record(18130687, "T", "G", "0/1")]
    assert call_gene("TPMT", "GRCh38", [*others, *only_g]).diplotype == "*1/*41"


def test_a_change_that_no_allele_has_is_not_read_as_reference() -> None:
    others = [one for one in records("TPMT", "GRCh38", {}) if one.position != 18130687]
    call = call_gene("TPMT", "GRCh38", [*others, record(18130687, "T", "A", "0/1")])
    assert call.status is CallStatus.NOT_CALLED
    assert "change that no allele of the table has" in call.reasons[0]
    absent = call_gene("TPMT", "GRCh38", [*others, record(18130687, "T", "A", "0/0")])
    assert absent.diplotype == "*1/*1"


def test_reference_blocks_cover_places_and_a_structural_record_does_not() -> None:
    block = record(18_100_000, "A", "<NON_REF>", "0/0", end=18_200_000)
    assert call_gene("TPMT", "GRCh38", [block]).status is CallStatus.CALLED
    no_alt = record(18_100_000, "A", None, "0/0", end=18_200_000)
    assert call_gene("TPMT", "GRCh38", [no_alt]).diplotype == "*1/*1"
    shallow = record(18_100_000, "A", "<NON_REF>", "0/0", end=18_200_000, depth=3)
    assert call_gene("TPMT", "GRCh38", [shallow]).for_therapy is None
    not_deleted = record(18_100_000, "A", "<DEL>", "0/0", end=18_200_000)
    assert call_gene("TPMT", "GRCh38", [not_deleted]).status is CallStatus.NOT_CALLED
    deleted = call_gene("TPMT", "GRCh38", [block, record(18_100_000, "A", "<DEL>", "0/1", end=18_200_000)])
    assert deleted.status is CallStatus.NOT_CALLED


def test_the_insertion_of_nudt15_is_found_with_shared_bases_written_too() -> None:
    longer = record(48_037_781, "GA", "GAGGAGTC", "0/1")
    call = call_gene("NUDT15", "GRCh38", [*records("NUDT15", "GRCh38", {}, rest=None), longer])
    assert next(site for site in call.sites if site.key == "rs746071566").copies == 1


@pytest.mark.parametrize(("sex", "genotypes", "diplotype", "phenotype"), [
    ("M", {"rs5030868": "1"}, "Mediterranean", "deficient"),
    ("M", {"rs5030868": "1/1"}, "Mediterranean", "deficient"),
    ("M", {}, "B (reference)", "normal"),
    ("M", {"rs1050828": "1", "rs1050829": "1"}, "A- (202A/376G)", "deficient"),
    ("M", {"rs1050829": "1"}, "A (376G)", "normal"),
    ("F", {"rs5030868": "0/1"}, "B (reference)/Mediterranean", "variable"),
    ("F", {"rs5030868": "1/1"}, "Mediterranean/Mediterranean", "deficient"),
    ("F", {"rs5030868": "0/1", "rs72554665": "0/1"}, "Mediterranean/Canton", "deficient"),
    (None, {"rs5030868": "0/1"}, "B (reference)/Mediterranean", "variable"),
])  # fmt: skip
def test_g6pd_follows_the_number_of_x_chromosomes(
    sex: str | None, genotypes: dict[str, str], diplotype: str, phenotype: str
) -> None:
    rest = "0" if any("/" not in one for one in genotypes.values()) else "0/0"
    call = call_gene("G6PD", "GRCh38", records("G6PD", "GRCh38", genotypes, rest=rest), sex=sex)  # type: ignore[arg-type]
    assert made(call) == (diplotype, phenotype)
    assert call.for_therapy == phenotype


@pytest.mark.parametrize(("sex", "genotype", "said"), [
    ("M", "0/1", "heterozygous in a man"), (None, "1/1", "the sex is not known"), ("F", "1", "one copy in the file"),
])  # fmt: skip
def test_a_genotype_that_contradicts_the_sex_is_not_called(sex: str | None, genotype: str, said: str) -> None:
    found = records("G6PD", "GRCh38", {"rs5030868": genotype}, rest=None)
    call = call_gene("G6PD", "GRCh38", found, sex=sex)  # type: ignore[arg-type]
    assert call.status is CallStatus.NOT_CALLED
    assert said in " ".join(call.reasons)


def test_a_woman_with_both_changes_of_a_minus_may_carry_a_instead() -> None:
    call = call_gene("G6PD", "GRCh38", records("G6PD", "GRCh38", {"rs1050828": "0/1", "rs1050829": "0/1"}), sex="F")
    assert [pair.text for pair in call.pairs] == ["B (reference)/A- (202A/376G)"]


def _pairs(gene: str) -> Iterable[tuple[str, str]]:
    names = [pharmacogenes()[gene].reference, *(one.name for one in pharmacogenes()[gene].alleles)]
    return ((one, other) for number, one in enumerate(names) for other in names[number:])


@pytest.mark.parametrize("gene", ["TPMT", "NUDT15", "CYP2C9", "CYP2C19"])
def test_every_pair_of_the_table_is_called_back_from_its_own_genotypes(gene: str) -> None:
    table = {one.name: one for one in pharmacogenes()[gene].alleles}
    for pair in _pairs(gene):
        carried = [key for name in pair if name in table for key in (*table[name].core, *table[name].usual)]
        genotypes = {key: ("1/1" if carried.count(key) == 2 else "0/1") for key in carried}
        call = call_gene(gene, "GRCh38", records(gene, "GRCh38", genotypes))
        assert "/".join(pair) in {one.text for one in call.pairs}, (pair, call.reasons)
        if len(call.pairs) == 1:
            assert call.pairs[0].phenotype == phenotype_of(gene, *pair)
