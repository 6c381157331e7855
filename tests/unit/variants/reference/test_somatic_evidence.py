"""A release of CIViC installed as a pack, read back, and used for a tier."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.genomics.amp.alterations import Scope
from services.genomics.amp.tiers import Tier, classify_amp
from services.genomics.amp.variant import SomaticKind, SomaticVariant
from services.variants.reference.model import PackKind
from services.variants.reference.somatic_evidence import evidence_about
from tests.unit.variants.reference.conftest import Install, rows

COLUMNS = (
    "molecular_profile\tmolecular_profile_id\tdisease\tdoid\tphenotypes\ttherapies\ttherapy_interaction_type\tevidence_type\t"
    "evidence_direction\tevidence_level\tsignificance\tevidence_statement\tcitation_id\tsource_type\tasco_abstract_id\tcitation\t"
    "nct_ids\trating\tevidence_status\tevidence_id\tvariant_origin\tlast_review_date\tevidence_civic_url\t"
    "molecular_profile_civic_url\tis_flagged"
)


def line(profile: str, number: int, level: str = "A") -> str:
    return (
        f"{profile}\t1\tMelanoma\t1909\t\tDrug B,Drug A\tCombination\tPredictive\tSupports\t{level}\tSensitivity/Response\t"
        f'"Said ""so""."\t1\tPubMed\t\tAuthor et al., 2020\t\t5\taccepted\t{number}\tSomatic\t\thttps://civicdb.org/x\t\tfalse'
    )


RELEASE = "\n".join((COLUMNS, line("BRAF V600E", 2), line("EML4::ALK Fusion", 1), line("BRAF V600E", 3, level="E"))) + "\n"


def test_a_release_becomes_a_pack_that_gives_a_tier(install: Install) -> None:
    pack = install(PackKind.SOMATIC_EVIDENCE, RELEASE, name="01-Nov-2026-ClinicalEvidenceSummaries.tsv", version="")
    assert (pack.version, pack.rows) == ("2026-11-01", 3)
    (item,) = evidence_about(pack, "braf")
    assert (item.therapies, item.statement, item.rating) == (("Drug A", "Drug B"), 'Said "so".', 5)
    assert item.dataset == pack.stamp
    variant = SomaticVariant("BRAF", SomaticKind.MISSENSE, "V600E")
    assert classify_amp(variant, [item], "cutaneous melanoma").tier is Tier.I_A


def test_a_fusion_is_found_by_either_gene(install: Install) -> None:
    pack = install(PackKind.SOMATIC_EVIDENCE, RELEASE)
    assert [one["gene"] for one in rows(pack.path)] == ["ALK", "BRAF", "EML4"]
    assert evidence_about(pack, "ALK")[0].alteration.scope is Scope.FUSION
    assert evidence_about(pack, "KRAS") == ()


def test_another_table_or_one_without_usable_evidence_is_refused(install: Install) -> None:
    with pytest.raises(InvalidInputError, match="ClinicalEvidenceSummaries"):
        install(PackKind.SOMATIC_EVIDENCE, "gene\tvariant\nBRAF\tV600E\n")
    with pytest.raises(InvalidInputError, match="1 level E"):
        install(PackKind.SOMATIC_EVIDENCE, f"{COLUMNS}\n{line('BRAF V600E', 3, level='E')}\n")
