"""Every curated data file becomes passages one can search, read and check."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from services.clinical.criteria.records import CriteriaRecord
from services.evidence.collections import BY_NAME, COLLECTIONS
from services.evidence.curated import curated_passages, curated_version
from services.evidence.curated.medicine import told_by_hla_row
from services.evidence.curated.wording import MAX_TEXT, cited, packed, slug
from services.evidence.passages import Tier
from services.knowledge.catalogue import load
from services.knowledge.drugs import rules, therapies
from services.knowledge.immunology import AntibodyRecord, HlaAssociationRow, HlaPgxRow
from services.knowledge.records import Finding, Gene, Guide, Trial
from services.knowledge.sources import CONFIRMED_PMIDS, Source

PASSAGES = curated_passages()
FROM_PATIENTS_ONLY = {"autoimmune_clinical_documents", "autoimmune_patient_labs", "autoimmune_patient_timelines"}


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - FROM_PATIENTS_ONLY))
def test_every_curated_collection_has_passages(name: str) -> None:
    assert sum(passage.collection == name for passage in PASSAGES) >= 10


def test_collections_of_patients_get_nothing_curated() -> None:
    assert not FROM_PATIENTS_ONLY & {passage.collection for passage in PASSAGES}
    assert len(COLLECTIONS) == 14


def test_ids_are_unique_in_their_collection_and_safe_in_an_address() -> None:
    counted = Counter((passage.collection, passage.id) for passage in PASSAGES)
    assert [key for key, times in counted.items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z0-9-]{2,120}", passage.id) for passage in PASSAGES)


def test_a_passage_belongs_to_no_patient_and_says_where_it_comes_from() -> None:
    for passage in PASSAGES:
        assert passage.tier is Tier.CURATED
        assert passage.patient_id is None
        assert passage.document_id is None
        assert passage.source, passage.id
        assert passage.source in passage.text
        assert passage.title


def test_metadata_holds_only_fields_the_collection_declares_and_no_empty_ones() -> None:
    for passage in PASSAGES:
        assert set(passage.metadata) <= BY_NAME[passage.collection].field_names, passage.id
        assert all(value not in ("", None) for value in passage.metadata.values())


def test_no_pmid_is_shown_that_was_not_confirmed() -> None:
    for passage in PASSAGES:
        shown = re.findall(r"PMID:? ?(\d+)", passage.text)
        shown += [number for number in str(passage.metadata.get("pmid", "")).split(",") if number]
        assert set(shown) <= CONFIRMED_PMIDS, passage.id


def test_texts_are_long_enough_to_stand_alone_and_short_enough_to_be_embedded_whole() -> None:
    lengths = {passage.id: len(passage.text) for passage in PASSAGES}
    assert {name: length for name, length in lengths.items() if not 100 <= length <= MAX_TEXT} == {}


def test_texts_are_clean_sentences() -> None:
    for passage in PASSAGES:
        assert "  " not in passage.text, passage.id
        assert ".." not in passage.text.replace("...", ""), passage.text
        assert "{" not in passage.text


def test_every_row_of_every_file_reaches_a_passage() -> None:
    ids = {(passage.collection, passage.id) for passage in PASSAGES}
    expected = [("autoimmune_clinical_trials", row.id) for row in load("trials", Trial)]
    expected += [("genomic_evidence", row.id) for row in load("genomic_evidence", Gene)]
    expected += [("autoimmune_literature", f"guide-{row.id}") for row in load("disease_guides", Guide)]
    expected += [("autoimmune_literature", row.id) for row in load("literature", Finding) if row.topic != "overlap"]
    expected += [("autoimmune_cross_disease", row.id) for row in load("literature", Finding) if row.topic == "overlap"]
    expected += [("autoimmune_autoantibody_panels", row.id) for row in load("antibodies", AntibodyRecord)]
    expected += [("autoimmune_hla_associations", row.id) for row in load("hla_associations", HlaAssociationRow)]
    expected += [("autoimmune_pgx_rules", f"hla-{row.id}") for row in load("hla_pgx", HlaPgxRow)]
    expected += [("autoimmune_disease_criteria", row.id) for row in load("criteria", CriteriaRecord)]
    expected += [("autoimmune_biologic_therapies", row.name) for row in therapies()]
    missing = [(collection, name) for collection, name in expected if (collection, slug(name)) not in ids]
    assert missing == []
    told = {passage.id for passage in PASSAGES}
    assert [rule.code for rule in rules() if slug(f"rule-{rule.code}") not in told and not told_by_hla_row(rule)] == []


def test_an_allele_that_bars_a_drug_is_told_once() -> None:
    told = [passage.id for passage in PASSAGES if "B*58:01" in str(passage.metadata.get("gene"))]
    assert told == ["hla-b5801-allopurinol"]


def test_disease_names_are_spelled_out_with_their_abbreviation() -> None:
    trial = next(passage for passage in PASSAGES if passage.id == "mgtx")
    assert "myasthenia gravis (MG)" in trial.text
    assert trial.metadata["pmid"] == "27509100"
    assert trial.metadata["year"] == 2016


def test_an_association_carries_direction_population_and_the_reminder_that_it_is_no_diagnosis() -> None:
    association = next(passage for passage in PASSAGES if passage.id == "as-b27")
    assert "Odds ratio 171 (95 % confidence interval 135 to 218)" in association.text
    assert "Population: United Kingdom" in association.text
    assert "not a diagnosis" in association.text
    assert association.metadata["direction"] == "risk"
    assert association.metadata["odds_ratio"] == 171


def test_a_protective_allele_is_not_worded_as_risk() -> None:
    protective = [passage for passage in PASSAGES if passage.metadata.get("direction") == "protective"]
    assert protective
    assert not [passage.id for passage in protective if "raises the risk of" in passage.text]


def test_the_version_stays_while_the_content_stays() -> None:
    first = curated_version()
    curated_version.cache_clear()
    assert curated_version() == first
    assert re.fullmatch(r"[0-9a-f]{16}", first)


def test_packing_loses_nothing_and_repeats_the_lead() -> None:
    pieces = [f"Sentence number {number} tells something of its own." for number in range(60)]
    texts = list(packed("Lead.", pieces))
    assert len(texts) > 1
    assert all(text.startswith("Lead. ") for text in texts)
    joined = " ".join(text.removeprefix("Lead. ") for text in texts)
    assert joined == " ".join(pieces)


def test_a_piece_longer_than_a_passage_is_cut_between_sentences() -> None:
    long = " ".join(f"Fact {number} is stated here." for number in range(100))
    texts = list(packed("Lead.", [long]))
    assert all(len(text) <= MAX_TEXT and text.endswith(".") for text in texts)


def test_sources_are_cited_in_order() -> None:
    sources = [Source(citation="A 2001, J"), Source(citation="B 2002, J", pmid="27509100")]
    assert cited(sources) == "A 2001, J; B 2002, J. PMID 27509100"
