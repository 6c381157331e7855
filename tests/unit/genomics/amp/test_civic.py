"""Releases of CIViC become items; what is left out is counted."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.genomics.amp.alterations import Scope
from services.genomics.amp.civic import read_civic
from services.genomics.amp.evidence import EvidenceType, Level
from services.genomics.amp.tiers import Tier, classify_amp
from services.genomics.amp.variant import SomaticKind, SomaticVariant

ROW = {
    "molecular_profile": "BRAF V600E", "molecular_profile_id": "12", "disease": "Melanoma", "doid": "1909",
    "therapies": "Dabrafenib,Trametinib", "therapy_interaction_type": "Combination", "evidence_type": "Predictive",
    "evidence_direction": "Supports", "evidence_level": "A", "significance": "Sensitivity/Response",
    "evidence_statement": "Works.",
    "citation_id": "1", "source_type": "PubMed", "citation": "Author et al., 2014", "rating": "4", "evidence_status": "accepted",
    "evidence_id": "99", "variant_origin": "Somatic", "evidence_civic_url": "https://civicdb.org/links/evidence/99",
    "is_flagged": "false",
}


def test_a_row_becomes_an_item_with_level_direction_and_rating() -> None:
    (item,) = read_civic([ROW], "CIViC 01-Nov-2026").items
    assert (item.id, item.gene, item.alteration.change, item.level, item.type) == (
        "EID99", "BRAF", "V600E", Level.A, EvidenceType.SENSITIVITY,
    )
    assert (item.therapies, item.rating, item.supports, item.origin) == (("Dabrafenib", "Trametinib"), 4, True, "somatic")
    assert item.dataset == "CIViC 01-Nov-2026"


def test_the_older_form_is_read_too() -> None:
    old = {**ROW, "gene": "KIT", "variant": "D816V", "drugs": "Imatinib", "clinical_significance": "Resistance"}
    for name in ("molecular_profile", "therapies", "significance"):
        del old[name]
    (item,) = read_civic([old], "CIViC").items
    assert (item.gene, item.type, item.therapies) == ("KIT", EvidenceType.RESISTANCE, ("Imatinib",))


def test_a_fusion_is_an_item_of_each_gene_it_names() -> None:
    rows = [{**ROW, "molecular_profile": name} for name in ("EML4::ALK Fusion", "v::RET Fusion")]
    items = read_civic(rows, "x").items
    assert [one.gene for one in items] == ["EML4", "ALK", "RET"]
    assert {one.alteration.scope for one in items} == {Scope.FUSION}


def test_an_item_of_a_fusion_counts_once() -> None:
    items = read_civic([{**ROW, "molecular_profile": "EML4::ALK Fusion"}], "x").items
    made = classify_amp(SomaticVariant("EML4", SomaticKind.FUSION, partner="ALK"), items, "melanoma")
    assert (made.tier, len(made.judged)) == (Tier.I_A, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"evidence_level": "E"}, "level E"), ({"evidence_status": "submitted"}, "not accepted"),
        ({"is_flagged": "true"}, "flagged for review"), ({"evidence_type": "Oncogenic"}, "type oncogenic"),
        ({"significance": "Adverse Response"}, "predictive without sensitivity or resistance"),
        ({"disease": ""}, "without gene or disease"),
    ],
)
def test_what_has_no_tier_is_left_out_and_counted(change: dict[str, str], reason: str) -> None:
    read = read_civic([{**ROW, **change}], "x")
    assert (read.items, read.left_out) == ((), ((reason, 1),))


def test_an_item_that_does_not_support_says_so() -> None:
    (item,) = read_civic([{**ROW, "evidence_direction": "Does Not Support"}], "x").items
    assert item.supports is False


def test_another_file_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="ClinicalEvidenceSummaries"):
        read_civic([{"variant_id": "1", "gene": "BRAF"}], "x")
