from __future__ import annotations

import pytest

from services.assistant.answers import Citation, WarningKind
from services.assistant.grounding import MAX_PASSAGES, Grounding, Segmenter, pieces
from services.assistant.language_model import RawCitation
from services.evidence.passages import Passage, Tier
from tests.unit.assistant.shelf import KNOWLEDGE, LAB_TABLE, NAME, NOTE, OTHER_PATIENT, PATIENT, RECORD, hits


def cited(number: int) -> Citation:
    return Citation(number, f"milvus://c/{number}", "c", str(number), None, None, "t", "x", None)


@pytest.mark.parametrize("passage", RECORD)
def test_the_pieces_given_to_the_model_join_to_the_passage(passage: Passage) -> None:
    assert "".join(pieces(passage.text)) == passage.text


def test_each_sentence_and_each_table_row_is_a_piece_of_its_own() -> None:
    assert [piece.strip() for piece in pieces(LAB_TABLE.text)] == LAB_TABLE.text.split("\n")
    assert len(pieces(NOTE.text)) == 3


def test_all_search_results_enable_citations_and_name_a_stable_source() -> None:
    blocks = Grounding(hits(*RECORD), patient_id=PATIENT).blocks()
    assert [block["citations"] for block in blocks] == [{"enabled": True}] * 4
    assert [block["source"] for block in blocks] == [passage.source_uri for passage in RECORD]
    assert all(piece["text"].strip() for block in blocks for piece in block["content"])


def test_a_title_tells_the_model_kind_date_and_page_but_no_patient() -> None:
    blocks = Grounding(hits(NOTE, KNOWLEDGE), patient_id=PATIENT).blocks()
    assert blocks[0]["title"] == "Patient record: Rheumatology progress note, Assessment, dated 2021-09-20, page 2"
    assert blocks[1]["title"].startswith("General knowledge: ")
    assert PATIENT not in str(blocks)
    assert NAME not in str(blocks)


def test_records_of_several_patients_are_told_apart_without_naming_them() -> None:
    titles = [block["title"] for block in Grounding(hits(NOTE, OTHER_PATIENT, LAB_TABLE), patient_id=None).blocks()]
    assert [title.split(":")[0] for title in titles] == ["Record of patient A", "Record of patient B", "Record of patient A"]
    assert PATIENT not in str(titles)


def test_a_passage_of_another_patient_never_reaches_the_answer() -> None:
    grounding = Grounding(hits(OTHER_PATIENT, NOTE), patient_id=PATIENT)
    assert [passage.id for passage in grounding.passages] == [NOTE.id]
    assert [warning.kind for warning in grounding.warnings] == [WarningKind.FOREIGN_PASSAGE]


def test_a_citation_of_a_whole_sentence_is_accepted_and_carries_where_it_stands() -> None:
    grounding = Grounding(hits(*RECORD), patient_id=PATIENT)
    citation = grounding.verify(RawCitation(NOTE.source_uri, "Complement C3 has fallen since the spring and C4 is low. "))
    assert citation is not None
    assert (citation.number, citation.page, citation.document_id) == (1, 2, "doc-note-1")
    assert (citation.patient_id, citation.document_date) == (PATIENT, "2021-09-20")
    assert citation.cited_text in NOTE.text


def test_white_space_between_joined_sentences_does_not_matter() -> None:
    text = "Joint pain has improved on hydroxychloroquine.Complement C3 has fallen since the spring and C4 is low."
    assert Grounding(hits(NOTE), patient_id=PATIENT).verify(RawCitation(NOTE.source_uri, text)) is not None


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("milvus://autoimmune_literature/never", "Complement C3 has fallen since the spring and C4 is low."),
        (NOTE.source_uri, "Complement C3 has risen since the spring and C4 is low."),
        (KNOWLEDGE.source_uri, "Complement C3 has fallen since the spring and C4 is low."),
        (NOTE.source_uri, "   "),
        ("", ""),
    ],
)
def test_a_citation_that_cannot_be_looked_up_is_dropped_and_reported(source: str, text: str) -> None:
    grounding = Grounding(hits(NOTE, KNOWLEDGE), patient_id=PATIENT)
    assert grounding.verify(RawCitation(source, text)) is None
    assert grounding.citations == ()
    assert [warning.kind for warning in grounding.warnings] == [WarningKind.CITATION_DROPPED]


def test_numbers_follow_first_use_and_the_same_text_keeps_its_number() -> None:
    grounding = Grounding(hits(*RECORD), patient_id=PATIENT)
    raw = [
        RawCitation(KNOWLEDGE.source_uri, "Not every fall is followed by a flare."),
        RawCitation(NOTE.source_uri, "Urine protein is raised at 1.2 g/day."),
        RawCitation(KNOWLEDGE.source_uri, "Not every fall is followed by a flare. "),
    ]
    assert [grounding.verify(one).number for one in raw] == [1, 2, 1]  # type: ignore[union-attr]


def test_the_evidence_is_bounded() -> None:
    many = [Passage(str(n), "c", f"Sentence {n}. " * 10, "t", Tier.CURATED) for n in range(100)]
    assert len(Grounding(hits(*many), patient_id=None).passages) == MAX_PASSAGES
    huge = [Passage(str(n), "c", "x" * 60_000, "t", Tier.CURATED) for n in range(5)]
    assert len(Grounding(hits(*huge), patient_id=None).passages) == 1


def test_blocks_become_sentences_with_the_citations_of_their_parts() -> None:
    segmenter = Segmenter()
    one, two = cited(1), cited(2)
    made = [
        *segmenter.add("On review, ", []),
        *segmenter.add("C3 was 61 mg/dL", [one]),
        *segmenter.add(" and ", []),
        *segmenter.add("C4 was 8 mg/dL", [two]),
        *segmenter.add(". ", []),
        *segmenter.add("Both are low.", [one]),
        *segmenter.flush(),
    ]
    assert [(segment.text, segment.citations) for segment in made] == [
        ("On review, C3 was 61 mg/dL and C4 was 8 mg/dL. ", (one, two)),
        ("Both are low.", (one,)),
    ]


def test_an_unsupported_clause_does_not_ride_on_the_citation_of_its_neighbour() -> None:
    segmenter = Segmenter()
    one = cited(1)
    made = [
        *segmenter.add("C3 was 61 mg/dL", [one]),
        *segmenter.add(", confirming active lupus nephritis. ", []),
        *segmenter.flush(),
    ]
    assert [(segment.text, segment.uncited) for segment in made] == [
        ("C3 was 61 mg/dL", False), (", confirming active lupus nephritis. ", True),
    ]


def test_a_block_of_two_sentences_gives_both_its_citation() -> None:
    segmenter = Segmenter()
    made = [*segmenter.add("C3 is low. C4 is low.\n", [cited(1)]), *segmenter.flush()]
    assert [segment.text for segment in made] == ["C3 is low. ", "C4 is low.\n"]
    assert all(segment.citations for segment in made)


def test_a_segment_is_kept_back_until_its_sentence_is_certainly_over() -> None:
    segmenter = Segmenter()
    assert segmenter.add("C3 was 61 mg/dL", [cited(1)]) == []
    assert [segment.text for segment in segmenter.add(" in September.\nC4 was", [])] == ["C3 was 61 mg/dL in September.\n"]


def test_punctuation_alone_is_not_an_uncited_statement() -> None:
    segmenter = Segmenter()
    made = [*segmenter.add("C3 is low", [cited(1)]), *segmenter.add(".\n\n- ", []), *segmenter.add("C4 is low", [cited(2)]),
            *segmenter.add(".", []), *segmenter.flush()]
    assert not any(segment.uncited for segment in made)
    assert "".join(segment.text for segment in made) == "C3 is low.\n\n- C4 is low."
