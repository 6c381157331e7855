"""What an expert enters changes the class by rules, is kept as it was counted, and shows in the comparison of versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.acmg.observations import Cases, CasesBasis, DeNovo, InTrans, Segregation
from services.genomics.amp.evidence import EvidenceType, Level
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.storage.database import Database
from services.variants.classification.comparing import differences, outdated, side_by_side
from services.variants.classification.content import (
    ClassificationContent,
    CriterionRow,
    ExcludedEvidence,
    ExpertEntry,
    OwnEvidence,
    Scheme,
    digest_of,
)
from services.variants.classification.judging import Context
from services.variants.classification.service import Choices, VariantClassifier, name_of, question_of_variant
from services.variants.identity import VariantIdentity
from tests.unit.variants.classification.support import CHROM, Shelf, base_at, plus_position

V600E = VariantIdentity(Variant(GenomeBuild.GRCH38, "7", 140753336, "A", "T"))
MELANOMA = "cutaneous melanoma"
TRIAL = OwnEvidence(
    type=EvidenceType.SENSITIVITY, level=Level.B, tumour="thymoma", therapies=("drug X",), source="Author 2024, J Oncol",
)  # fmt: skip


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "packs")


@pytest.fixture
def classifier(shelf: Shelf, database: Database) -> Iterator[VariantClassifier]:
    made = VariantClassifier(shelf.library, database)
    yield made
    made.close()


def germline(classifier: VariantClassifier, *expert: ExpertEntry) -> ClassificationContent:
    identity = VariantIdentity(Variant(GenomeBuild.GRCH38, CHROM, plus_position(7), base_at(plus_position(7)), "T"))
    evidence = classifier.gather(question_of_variant(identity))
    return classifier.classify(evidence, Scheme.ACMG, Choices(expert), name_of(identity, evidence))


def somatic(classifier: VariantClassifier, choices: Choices) -> ClassificationContent:
    evidence = classifier.gather(question_of_variant(V600E, gene="BRAF", hgvs_protein="p.Val600Glu"))
    return classifier.classify(evidence, Scheme.AMP, choices, name_of(V600E, evidence))


def row(content: ClassificationContent, code: str) -> CriterionRow:
    return next(one for one in content.criteria if one.code == code)


def test_counted_cases_give_their_criterion_and_points_by_the_rule(classifier: VariantClassifier) -> None:
    entry = ExpertEntry(code="PM6", observed=DeNovo(specific_confirmed=1), note="trio exome, own laboratory")
    content = germline(classifier, entry)
    found = row(content, "PS2")  # both parents are confirmed: PS2, wherever it was entered
    assert (found.status, found.strength, found.points) == ("met", "strong", "4")
    assert found.is_expert
    assert "2 points de novo" in found.said
    assert "trio exome" in found.said
    assert "PS2 and PM6" in found.source
    assert content.points == "4"
    assert not row(content, "PM6").is_expert
    assert "trio exome" in content.rationale


def test_a_departure_from_the_rule_is_kept_beside_what_the_rule_gives(classifier: VariantClassifier) -> None:
    entry = ExpertEntry(code="PP1", observed=Segregation(meioses=3, families=1), strength="strong", note="LOD 3.2, own pedigree")
    found = row(germline(classifier, entry), "PP1")
    assert found.strength == "strong"
    assert found.by_rule is not None
    assert found.by_rule.strength == "supporting"
    with pytest.raises(InvalidInputError, match="note"):
        germline(classifier, entry.model_copy(update={"note": " "}))


def test_what_gene_and_population_say_decides_where_the_expert_left_it_open(classifier: VariantClassifier) -> None:
    probands = Cases(basis=CasesBasis.PROBANDS, probands=8)
    assert row(germline(classifier, ExpertEntry(code="PS4", observed=probands, note="clinic")), "PS4").status == "not assessable"
    stated = probands.model_copy(update={"rare": True})
    assert row(germline(classifier, ExpertEntry(code="PS4", observed=stated, note="clinic")), "PS4").strength == "moderate"


def test_an_observation_of_another_kind_and_one_given_twice_are_refused(classifier: VariantClassifier) -> None:
    with pytest.raises(InvalidInputError, match="kind"):
        germline(classifier, ExpertEntry(code="PS3", observed=InTrans(homozygous=1), note="x"))
    both = [ExpertEntry(code=code, observed=DeNovo(specific_confirmed=1), note="x") for code in ("PS2", "PM6")]
    with pytest.raises(InvalidInputError, match="twice"):
        germline(classifier, *both)
    with pytest.raises(InvalidInputError, match="met, not met"):
        germline(classifier, ExpertEntry(code="PS3", note="nothing was decided"))


def test_a_version_kept_before_observations_were_known_has_the_digest_it_had() -> None:
    content = ClassificationContent(
        scheme=Scheme.ACMG, classification="Pathogenic", points="10", rule_set="general@2026.1", rules_version="2026.1",
        criteria=(
            CriterionRow(
                code="PS3", title="t", status="met", strength="strong", points="4", reason="r", is_expert=True, note="n"
            ),
        ),
        expert=(ExpertEntry(code="PS3", status="met", strength="strong", note="n"),),
    )
    before = "41419305e6559f29f468ffb82ef87ac26e736b14c981ebabdb19be27478bbe6f"
    assert digest_of(content, "GRCh38:16:1:A:C") == before
    assert ClassificationContent.model_validate(content.model_dump(mode="json")) == content


def test_a_version_with_observations_is_read_back_as_it_was(classifier: VariantClassifier) -> None:
    content = germline(classifier, ExpertEntry(code="PS2", observed=DeNovo(consistent_assumed=3), note="three families"))
    assert ClassificationContent.model_validate(content.model_dump(mode="json")) == content


def test_own_evidence_makes_the_tier_by_the_same_rules(classifier: VariantClassifier) -> None:
    def tier(*own: OwnEvidence, tumour: str = "thymoma") -> str:
        return somatic(classifier, Choices(context=Context(tumour), own_evidence=own)).classification

    assert tier() == "Tier II-C"  # from therapy in other tumours
    assert tier(TRIAL) == "Tier I-B"
    assert tier(TRIAL.model_copy(update={"level": Level.A})) == "Tier I-A"
    assert tier(TRIAL.model_copy(update={"level": Level.A}), tumour="") == "Tier II-C"
    prognostic = TRIAL.model_copy(update={"type": EvidenceType.PROGNOSTIC, "therapies": (), "outcome": "worse"})
    assert tier(prognostic) == "Tier I-B"


def test_evidence_that_is_left_out_makes_no_tier_and_is_still_shown(classifier: VariantClassifier) -> None:
    before = somatic(classifier, Choices(context=Context(MELANOMA)))
    assert before.classification == "Tier I-A"
    reason = "the label was withdrawn"
    left_out = tuple(ExcludedEvidence(id=one.code, reason=reason) for one in before.met)
    after = somatic(classifier, Choices(context=Context(MELANOMA), excluded_evidence=left_out))
    assert after.classification == "Tier III"
    assert {one.status for one in after.criteria if one.code in {item.id for item in left_out}} == {"excluded"}
    assert reason in after.rationale
    found = {(one.topic, one.before) for one in differences(before, after)}
    assert ("Class", "Tier I-A") in found
    assert ("Clinical evidence", "–") in found


def test_an_item_that_a_newer_release_lacks_is_told_and_stops_nobody(classifier: VariantClassifier) -> None:
    gone = (ExcludedEvidence(id="EID1", reason="retracted"),)
    content = somatic(classifier, Choices(context=Context(MELANOMA), excluded_evidence=gone))
    assert content.classification == "Tier I-A"
    assert any("EID1" in one for one in content.conflicts)


def test_an_experts_points_make_the_oncogenicity_and_with_it_the_tier(classifier: VariantClassifier) -> None:
    def judged(*expert: ExpertEntry) -> ClassificationContent:
        return somatic(classifier, Choices(expert, context=Context(MELANOMA)))

    before = judged().oncogenicity
    after = judged(ExpertEntry(code="OS2", status="met", points="4", note="kinase assay")).oncogenicity
    assert before is not None
    assert after is not None
    assert len(after.criteria) == 17
    assert after.points == before.points + 4
    found = next(one for one in after.criteria if one.code == "OS2")
    assert (found.points, found.is_expert, found.note) == ("+4", True, "kinase assay")
    assert found.automatic is not None
    for wrong in (
        ExpertEntry(code="PS3", status="met", note="x"), ExpertEntry(code="OS2", status="met", points="3", note="x"),
        ExpertEntry(code="OS2", status="met", points="-4", note="x"), ExpertEntry(code="OS2", status="met", points="4", note=""),
        ExpertEntry(code="OS2", status="perhaps", note="x"), ExpertEntry(code="OS2", status="met", points="many", note="x"),
    ):
        with pytest.raises(InvalidInputError):
            judged(wrong)


def test_versions_stand_side_by_side_with_what_changed_marked(classifier: VariantClassifier) -> None:
    before = germline(classifier)
    after = germline(classifier, ExpertEntry(code="PS2", observed=DeNovo(specific_confirmed=1), note="trio"))
    pairs = side_by_side(before, after)
    assert {one.name for one in pairs if one.topic == "Criterion"} >= {"PS2", "PM2"}
    changed = {one.name for one in pairs if one.is_changed}
    assert {"PS2", "Points", "Rationale"} <= changed
    assert "PM2" not in changed
    assert {one.name for one in differences(before, after)} == changed - {"Rationale"}


def test_newer_rules_and_data_are_told_and_the_same_ones_are_not(classifier: VariantClassifier, shelf: Shelf) -> None:
    kept = germline(classifier)
    assert outdated(kept, kept) == ()
    older = kept.model_copy(update={"rules_version": "2025.1", "rule_set": "general@2025.1"})
    assert len(outdated(older, kept)) == 2
    shelf.complete()
    told = outdated(kept, germline(classifier))
    assert any(one.startswith("Gene models is") for one in told)
