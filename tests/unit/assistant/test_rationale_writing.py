"""A rationale worded by a model: over real HTTP, checked sentence by sentence, never touching the class."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from services.assistant.language_model import LanguageModel
from services.assistant.rationale_writing import RationaleWriter
from services.errors import LanguageModelError
from services.variants.classification.content import ClassificationContent, CriterionRow, EvidenceRow, Scheme
from tests.fakes.messages_api import MessagesApi, key_refused, text_answer

CONTENT = ClassificationContent(
    scheme=Scheme.ACMG, classification="Likely Pathogenic", points="9", rule_set="general@2026.1", rules_version="2026.2",
    criteria=(CriterionRow(code="PM2", title="rare", status="met", strength="supporting", points="1", reason="absent"),),
    evidence=(
        EvidenceRow(id="E1", topic="Population frequency", name="Allele frequency", value="3 of 150000 alleles", source="gnomAD"),
        EvidenceRow(id="E2", topic="Predictors", name="REVEL", value=None, note="no pack"),
    ),
    description="a boy called Tim", rationale="TNFAIP3 c.18G>A is classified as Likely Pathogenic.\n\nMore.",
)  # fmt: skip


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as running:
        yield running


@pytest.fixture
def writer(api: MessagesApi) -> RationaleWriter:
    return RationaleWriter(LanguageModel(model="a-model", api_key="a key", base_url=api.url), base_url=api.url)


def test_a_text_that_keeps_to_its_rows_follows_the_class_of_the_rules(api: MessagesApi, writer: RationaleWriter) -> None:
    api.plan.append(text_answer("The variant was seen in 3 of 150000 alleles [E1]."))
    assert writer.write(CONTENT) == (
        "TNFAIP3 c.18G>A is classified as Likely Pathogenic.\n\nThe variant was seen in 3 of 150000 alleles [E1]."
    )
    [request] = api.log
    sent = json.loads(request.body["messages"][0]["content"])
    assert [row["id"] for row in sent["evidence"]] == ["E1", "E2"]
    assert "Tim" not in json.dumps(request.body)


@pytest.mark.parametrize(("text", "why"), [
    ("The variant is rare.", "cites nothing"),
    ("It is rare [E7].", "not there"),
    ("REVEL is high [E2].", "holds no value"),
    ("It is benign [E1].", "states a class"),
    ("It was seen in 4 alleles [E1].", "number"),
    ("It was seen in 3 alleles [E1]. Nobody else has it.", "cites nothing"),
    ("", "nothing"),
])  # fmt: skip
def test_one_sentence_that_says_more_than_its_rows_refuses_the_text(
    api: MessagesApi, writer: RationaleWriter, text: str, why: str
) -> None:
    api.plan.append(text_answer(text))
    with pytest.raises(LanguageModelError, match=why):
        writer.write(CONTENT)


def test_a_refused_key_and_a_cut_off_answer_are_errors(api: MessagesApi, writer: RationaleWriter) -> None:
    api.plan.append(key_refused())
    with pytest.raises(LanguageModelError):
        writer.write(CONTENT)
    api.plan.append(text_answer("It was seen in 3", stop_reason="max_tokens"))
    with pytest.raises(LanguageModelError, match="did not finish"):
        writer.write(CONTENT)


def test_without_a_key_nothing_can_be_asked() -> None:
    assert not RationaleWriter(LanguageModel(model="a-model", api_key=None)).available
