"""Classification over real HTTP, with the documented members and errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services
from services.variants.reference.model import PackKind
from tests.contract.conftest import Serve
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, exon_rows, plus_position

PATH = "/api/analyze/classify-variant"
PLACE = {"chrom": CHROM, "pos": plus_position(18), "ref": base_at(plus_position(18)), "alt": "A"}


@pytest.fixture(autouse=True)
def packs(services: Services) -> Iterator[Shelf]:
    shelf = Shelf(services.references.root)
    shelf.complete(plus="TNFAIP3")
    yield shelf
    for pack in services.references.installed():
        services.references.remove(pack)


def ask(api: httpx.Client, data: dict[str, Any], **members: Any) -> httpx.Response:
    return api.post(PATH, json={"variant_data": data, "classification_type": "acmg"} | members)


@pytest.mark.parametrize("path", [PATH, "/analyze/classify-variant"])
def test_the_answer_has_the_documented_members_on_both_paths(api: httpx.Client, path: str) -> None:
    body = {"variant_data": PLACE, "classification_type": "acmg", "assembly": "GRCh38", "phenotype_terms": ["HP:0001369"],
            "description": "a boy", "additional_context": "", "model": "any"}  # fmt: skip
    said = api.post(path, json=body).raise_for_status().json()
    assert (said["classification"], said["criteria_applied"]) == ("Likely Pathogenic", ["PVS1"])
    assert isinstance(said["evidence_summary"], str)
    assert {key: said["variant_info"][key] for key in ("chrom", "pos", "ref", "alt", "gene")} == PLACE | {"gene": "TNFAIP3"}
    assert len(said["criteria"]) == 28
    assert said["data_versions"]["Gene models"].endswith("(GRCh38)")
    assert any("SpliceAI" in one for one in said["missing"])


def test_an_unknown_rsid_is_not_found_in_words(api: httpx.Client) -> None:
    answer = ask(api, {"rsid": "rs999999999"})
    assert answer.status_code == 404
    assert answer.json()["detail"]
    assert answer.json()["candidates"] == []


@pytest.mark.parametrize("data", [{}, {"rsid": "rs1", "hgvs": "x"}, {"chrom": "1", "pos": 5}, PLACE | {"rsid": "rs1"}])
def test_a_variant_that_is_not_named_once_is_refused(api: httpx.Client, data: dict[str, Any]) -> None:
    answer = ask(api, data)
    assert answer.status_code == 422
    assert "one variant" in answer.json()["detail"]


def test_a_member_nobody_knows_is_refused(api: httpx.Client) -> None:
    assert ask(api, PLACE, tumour="melanoma").status_code == 422
    assert ask(api, PLACE, classification_type="cnv").status_code == 422


def test_an_experts_word_counts_and_a_version_is_kept_when_asked(api: httpx.Client, services: Services) -> None:
    expert = [{"code": "PS3", "status": "met", "strength": "strong", "note": "minigene assay"}]
    said = ask(api, PLACE, expert=expert, save=True).raise_for_status().json()
    assert said["criteria_applied"].count("PS3") == 1
    assert said["saved"]["version"] >= 1
    written = f"{CHROM}-{PLACE['pos']}-{PLACE['ref']}-{PLACE['alt']}"
    kept = api.get(f"{PATH}/history", params={"variant": written}).raise_for_status().json()
    assert kept[0]["id"] == said["saved"]["id"]
    one = services.classifier.store.get(LOCAL_USER, kept[0]["id"])
    services.classifier.store.sign(LOCAL_USER, one.id, "Dr. A", seen=one.digest)
    lines = api.get(f"{PATH}/export").raise_for_status().text.splitlines()
    cells = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    assert (cells["Gene symbol"], cells["Assembly"], cells["Chromosome"]) == ("TNFAIP3", "GRCh38", CHROM)
    assert cells["Germline classification"] == said["classification"].capitalize()


def test_a_patient_nobody_knows_is_an_error(api: httpx.Client) -> None:
    assert ask(api, PLACE, patient_id="nobody").status_code == 404


def test_a_batch_goes_on_behind_a_variant_it_cannot_read(api: httpx.Client) -> None:
    body = {"variants": [{"hgvs": "nonsense"}, PLACE, {}], "classification_type": "acmg"}
    said = api.post(f"{PATH}/batch", json=body).raise_for_status().json()
    assert (said["classified"], said["failed"]) == (1, 2)
    assert ["error" in one for one in said["results"]] == [True, False, True]
    neither = api.post(f"{PATH}/batch", json={"classification_type": "acmg"})
    assert neither.status_code == 422


def test_a_somatic_variant_is_never_tier_one_without_a_tumour_type(api: httpx.Client, packs: Shelf) -> None:
    packs.genes(exon_rows("BRAF", "+"), version="2")
    said = ask(api, PLACE, classification_type="amp").raise_for_status().json()
    assert "Tier I-" not in said["classification"]
    assert said["variant_info"]["gene"] == "BRAF"


def test_without_a_key_nothing_is_classified_where_keys_are_asked_for(services: Services, serve: Serve, tmp_path: Path) -> None:
    client = serve(services, api_key="secret", data_dir=tmp_path)
    assert ask(client, PLACE).status_code == 401


def test_what_is_not_installed_is_named(api: httpx.Client, services: Services) -> None:
    for pack in services.references.installed():
        if pack.kind is PackKind.FREQUENCIES:
            services.references.remove(pack)
    said = ask(api, PLACE).raise_for_status().json()
    assert any("no population frequency pack is installed for GRCh38" in one for one in said["missing"])


def test_what_an_expert_counted_is_judged_by_the_rule(api: httpx.Client) -> None:
    observed = {"form": "in trans", "confirmed_pathogenic": 2, "recessive": True, "rare": True}
    said = ask(api, PLACE, expert=[{"code": "PM3", "observed": observed, "note": "two families"}]).raise_for_status().json()
    assert "PM3_Strong" in said["criteria_applied"]
    found = next(one for one in said["criteria"] if one["code"] == "PM3")
    assert found["by_rule"]["strength"] == "strong"
    misspelt = {"form": "in trans", "confirmed": 2}
    assert ask(api, PLACE, expert=[{"code": "PM3", "observed": misspelt, "note": "x"}]).status_code == 422


def test_own_clinical_evidence_makes_a_tier_and_belongs_to_a_somatic_class(api: httpx.Client, packs: Shelf) -> None:
    packs.genes(exon_rows("BRAF", "+"), version="2")
    own = [{"type": "diagnostic", "level": "A", "tumour": "thymoma", "outcome": "supports the diagnosis", "source": "WHO 2021"}]
    said = ask(api, PLACE, classification_type="amp", condition="thymoma", own_evidence=own).raise_for_status().json()
    assert said["classification"] == "Tier I-A"
    assert said["oncogenicity"]["rule_set"] == "clingen-cgc-vicc@2022"
    left_out = [{"id": "own 1", "reason": "not this entity"}]
    body = {"classification_type": "amp", "condition": "thymoma", "own_evidence": own, "excluded_evidence": left_out}
    assert not ask(api, PLACE, **body).raise_for_status().json()["classification"].startswith("Tier I-")
    assert ask(api, PLACE, own_evidence=own).status_code == 422
