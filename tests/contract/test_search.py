"""What the search promises: whose rows it shows, in which order, and that it fails loudly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.access.principals import API_CLIENT, LOCAL_USER, PUBLIC
from services.container import Services
from services.errors import AccessDeniedError, ConflictError, InvalidIdentifierError, InvalidInputError, NotFoundError
from services.evidence.collections import BY_NAME, COLLECTIONS
from services.evidence.embedder import SentenceEmbedder
from services.evidence.passages import Hit, Passage, Relevance, SearchResult, Tier
from services.evidence.search import EvidenceSearch, Mode, Ranking, asks_for_latest, named_dates, without_name
from services.evidence.store import EvidenceStore

NOTES, LITERATURE, LABS = "autoimmune_clinical_documents", "autoimmune_literature", "autoimmune_patient_labs"
PATIENT_ONLY = {NOTES, LABS, "autoimmune_patient_timelines"}
PATIENTS = ("P1", "P2", "P10", "p1", "P1.a")
DOSE = "Hydroxychloroquine should not exceed 5 mg per kg of real body weight a day, because retinal toxicity rises above it."
HOSTILE = (
    '" or patient_id != "', "'; drop table passages; --", "\\", "\x00", "\x1b[31m", "(((((", "%s%n", "{patient_id}", "🙂",
    "\u202e", "a" * 4_000, "?", "what is it", "C3 " * 1_000, "\u200b", "<script>alert(1)</script>", "NaN", "нет",
    "抗核抗体", "ﷺ" * 500, "α" * 4_000,
)


def passage(identifier: str, text: str, collection: str = LITERATURE, patient: str | None = None, **given: str) -> Passage:
    tier = Tier.RECORD if patient else Tier.CURATED
    return Passage(
        id=identifier, collection=collection, text=text, title=given.get("title", "A paper"), tier=tier, patient_id=patient,
        document_date=given.get("date"),
    )


class Shelf:
    """A store of the test's own passages, searched with the real model."""

    def __init__(self, path: Path, embedder: SentenceEmbedder) -> None:
        self.embedder = embedder
        self.store = EvidenceStore(str(path), model=embedder.name)
        self.store.create(embedder.dimension)
        self._searches: list[EvidenceSearch] = []

    def put(self, *passages: Passage) -> None:
        self.store.put(passages, self.embedder.embed([one.text for one in passages]).tolist())

    def search(
        self, weights: Mapping[str, float] | None = None, high: float = 0.55, medium: float = 0.35
    ) -> EvidenceSearch:
        made = EvidenceSearch(self.store, self.embedder, Ranking(weights or {}, high, medium))
        self._searches.append(made)
        return made

    def close(self) -> None:
        for search in self._searches:
            search.close()
        self.store.close()


@pytest.fixture
def shelf(tmp_path: Path, embedder: SentenceEmbedder) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "milvus.db", embedder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceEmbedder) -> Iterator[EvidenceSearch]:
    """The same finding in five records, and in the general knowledge."""
    made = Shelf(tmp_path_factory.mktemp("wards") / "milvus.db", embedder)
    made.put(
        passage("general", "Complement C3 falls before a renal flare of lupus."),
        *(passage(f"note-{one}", f"Complement C3 of {one} was low in March.", NOTES, one) for one in PATIENTS),
        *(passage(f"lab-{one}", f"Complement C3 {one}: 61 mg/dL", LABS, one) for one in PATIENTS),
    )
    yield made.search()
    made.close()


def owners(result: SearchResult) -> set[str | None]:
    return {hit.passage.patient_id for hit in result.hits}


def ids(result: SearchResult) -> list[str]:
    return [hit.passage.id for hit in result.hits]


# Whose rows


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("patient", PATIENTS)
def test_with_a_patient_only_that_record_and_the_general_knowledge_are_seen(
    wards: EvidenceSearch, mode: Mode, patient: str
) -> None:
    assert owners(wards.search("complement C3", access=LOCAL_USER, patient_id=patient, mode=mode)) == {None, patient}


def test_a_patient_without_rows_gets_the_general_knowledge_only(wards: EvidenceSearch) -> None:
    assert owners(wards.search("complement C3", access=LOCAL_USER, patient_id="P3")) == {None}


_NEAR_MISSES = st.sampled_from(PATIENTS).flatmap(
    lambda one: st.sampled_from(
        [
            f"{one} ", f" {one}", f"{one}\n", f'{one}"', f'{one}" or patient_id != "', f"{one}%", f"{one}\x00", f"[{one}]",
            f"{one}\\",
        ]
    )
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patient=st.one_of(st.text(max_size=80), _NEAR_MISSES, st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,3}", fullmatch=True)))
def test_any_text_as_patient_is_refused_or_shows_no_other_patient(wards: EvidenceSearch, patient: str) -> None:
    try:
        result = wards.search("complement C3", access=LOCAL_USER, patient_id=patient, collections=[NOTES, LABS, LITERATURE])
    except InvalidIdentifierError:
        return
    assert owners(result) <= {None, patient}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.one_of(st.text(min_size=1, max_size=200), st.sampled_from(HOSTILE)))
def test_whatever_is_asked_the_public_sees_no_patient(wards: EvidenceSearch, question: str) -> None:
    try:
        assert owners(wards.search(question, access=PUBLIC)) <= {None}
    except InvalidInputError:
        assert not question.strip()


def test_the_public_may_not_name_a_patient(wards: EvidenceSearch) -> None:
    with pytest.raises(AccessDeniedError):
        wards.search("complement C3", access=PUBLIC, patient_id="P1")


def test_who_may_see_patients_sees_all_records_when_none_is_named(wards: EvidenceSearch) -> None:
    for access in (LOCAL_USER, API_CLIENT):
        assert owners(wards.search("complement C3", access=access)) == {None, *PATIENTS}


# The order


def test_hits_are_ranked_from_one_by_falling_score_and_limited_in_each_collection(services: Services) -> None:
    result = services.search.search("anti-dsDNA and complement in lupus nephritis", access=PUBLIC, top_k=3)
    assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    counted = {name: sum(hit.passage.collection == name for hit in result.hits) for name in BY_NAME}
    assert max(counted.values()) == 3
    assert result.collections_searched == tuple(collection.name for collection in COLLECTIONS)
    assert result.elapsed_ms > 0


def test_the_same_question_gets_the_same_answer(services: Services) -> None:
    first, second = (services.search.search("methotrexate monitoring", access=PUBLIC) for _ in range(2))
    assert first.hits == second.hits


def test_the_weight_of_a_collection_changes_the_order(shelf: Shelf) -> None:
    shelf.put(
        passage("paper", "Belimumab adds to standard therapy in lupus nephritis."),
        passage("trial", "In a trial of lupus nephritis belimumab was added to standard therapy.", "autoimmune_clinical_trials"),
    )
    question = "belimumab in lupus nephritis"
    for heavy, light in (("autoimmune_literature", "autoimmune_clinical_trials"), ("autoimmune_clinical_trials", LITERATURE)):
        result = shelf.search({heavy: 2.0, light: 0.1}).search(question, access=PUBLIC)
        assert [hit.passage.collection for hit in result.hits] == [heavy, light]
        assert result.hits[1].score < 0.1


def test_a_collection_that_is_not_named_is_not_searched(wards: EvidenceSearch) -> None:
    result = wards.search("complement C3", access=LOCAL_USER, collections=[LABS, LABS])
    assert result.collections_searched == (LABS,)
    assert {hit.passage.collection for hit in result.hits} == {LABS}


def test_the_same_text_is_shown_once_for_one_owner_and_again_for_another(shelf: Shelf) -> None:
    text = "Rituximab was given twice, two weeks apart."
    shelf.put(
        passage("a", text), passage("b", text), passage("c", text, "autoimmune_clinical_trials"),
        passage("d", text, NOTES, "P1"), passage("e", text, NOTES, "P1"), passage("f", text, NOTES, "P2"),
    )
    found = shelf.search().search("rituximab", access=LOCAL_USER)
    assert len(found.hits) == 3
    assert sorted(map(str, owners(found))) == ["None", "P1", "P2"]


def test_relevance_follows_the_thresholds() -> None:
    ranking = Ranking({}, high=0.6, medium=0.3)
    assert [ranking.relevance(score) for score in (0.0, 0.299, 0.3, 0.599, 0.6, 1.0)] == [
        Relevance.LOW, Relevance.LOW, Relevance.MEDIUM, Relevance.MEDIUM, Relevance.HIGH, Relevance.HIGH,
    ]


def test_the_thresholds_change_the_word_and_not_the_hits(shelf: Shelf) -> None:
    shelf.put(passage("a", DOSE))
    strict, lenient = (
        shelf.search(high=high, medium=medium).search("hydroxychloroquine dose", access=PUBLIC).hits[0]
        for high, medium in ((1.0, 0.99), (0.0, 0.0))
    )
    assert (strict.relevance, lenient.relevance) == (Relevance.LOW, Relevance.HIGH)
    assert strict.score == lenient.score


def test_what_fits_is_of_higher_relevance_than_what_does_not(services: Services) -> None:
    on_topic = services.search.search("HLA-B27 and ankylosing spondylitis", access=PUBLIC).hits[0]
    off_topic = services.search.search("how do I replace the brake pads of a bicycle", access=PUBLIC).hits[0]
    assert on_topic.relevance is Relevance.HIGH
    assert off_topic.relevance is Relevance.LOW


def test_an_uploaded_guideline_does_not_outrank_the_curated_passage_it_repeats(shelf: Shelf) -> None:
    shelf.put(
        passage("curated", DOSE),
        passage("copy", DOSE, NOTES, "P1", title="Hydroxychloroquine guideline hydroxychloroquine dose"),
        passage("altered", DOSE.replace("5 mg", "50 mg"), NOTES, "P1"),
    )
    for question in ("maximum dose of hydroxychloroquine", "hydroxychloroquine 50 mg per kg of real body weight a day"):
        for mode in (Mode.HYBRID, Mode.DENSE):
            found = shelf.search({NOTES: 5.0}).search(question, access=LOCAL_USER, patient_id="P1", mode=mode)
            assert ids(found)[0] == "curated"


def test_a_record_that_says_something_else_stands_where_its_score_puts_it(shelf: Shelf) -> None:
    shelf.put(
        passage("curated", DOSE),
        passage("note", "She takes hydroxychloroquine 200 mg a day and has no visual complaints.", NOTES, "P1"),
    )
    found = shelf.search().search("does she take hydroxychloroquine 200 mg", access=LOCAL_USER, patient_id="P1")
    assert ids(found)[0] == "note"


def test_a_compound_name_is_found_however_it_is_written(services: Services) -> None:
    for question in ("HLA-B*27:05", "B27", "HLA B27", "hla-b27"):
        hits = services.search.search(question, access=PUBLIC, collections=["autoimmune_hla_associations"]).hits
        assert "27" in str(hits[0].passage.metadata["allele"])


# Synonyms, names, dates


def test_synonyms_are_searched_too_and_reported(services: Services) -> None:
    result = services.search.search("SLE", access=PUBLIC)
    assert any("lupus" in expansion for expansion in result.expansions)
    assert "lupus" in result.hits[0].passage.text.lower() + result.hits[0].passage.title.lower()
    assert services.search.search("SLE", access=PUBLIC, mode=Mode.DENSE).expansions == ()


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("What is Jane Doe's C3?", "What is C3?"),
        ("Was DOE given rituximab?", "Was given rituximab?"),
        ("Jane Doe", "Jane Doe"),
        ("Does she take doe-like drugs? Janet says no", "Does she take -like drugs? Janet says no"),
    ],
)
def test_the_patients_own_name_is_left_out_of_a_question(question: str, left: str) -> None:
    assert without_name(question, "Jane Doe") == left


@pytest.mark.parametrize(
    ("question", "dates"),
    [
        ("the visit of 2023-09-12", ("2023-09-12", "2023")),
        ("What happened in September 2023?", ("2023-09", "2023")),
        ("Sept. 2023 and Mar 2022", ("2023-09", "2022-03", "2023", "2022")),
        ("in 2021", ("2021",)),
        ("C3 62 mg/dL, HLA-B*27:05, 12345", ()),
    ],
)
def test_dates_in_a_question_are_read(question: str, dates: tuple[str, ...]) -> None:
    assert sorted(named_dates(question)) == sorted(dates)


def test_passages_of_the_named_date_come_first(shelf: Shelf) -> None:
    shelf.put(*(
        passage(f"{year}", f"Visit {year}: joints were examined.", NOTES, "P1", date=f"{year}-03-01")
        for year in range(2015, 2024)
    ))
    found = shelf.search().search("joint examination in March 2018", access=LOCAL_USER, patient_id="P1")
    assert ids(found)[0] == "2018"


# What cannot be searched


@pytest.mark.parametrize("question", ["", " ", "\n\t"])
def test_an_empty_question_is_refused(services: Services, question: str) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        services.search.search(question, access=PUBLIC)


def test_an_overlong_question_is_refused_with_the_limit(services: Services) -> None:
    with pytest.raises(InvalidInputError, match="4001 characters: shorten it to 4000"):
        services.search.search("x" * 4_001, access=PUBLIC)


@pytest.mark.parametrize("top_k", [0, -1, 101])
def test_a_number_of_passages_out_of_range_is_refused(services: Services, top_k: int) -> None:
    with pytest.raises(InvalidInputError, match="from 1 to 100"):
        services.search.search("C3", access=PUBLIC, top_k=top_k)


@pytest.mark.parametrize("name", ["patients", "", "autoimmune_literature ", "../milvus.db"])
def test_an_unknown_collection_is_refused_with_the_known_ones(services: Services, name: str) -> None:
    with pytest.raises(NotFoundError, match="autoimmune_literature"):
        services.search.search("C3", access=PUBLIC, collections=[name])


@pytest.mark.parametrize("question", HOSTILE)
def test_a_hostile_question_is_only_a_question(services: Services, question: str) -> None:
    before = [status.rows for status in services.store.statuses()]
    if not question.strip():
        with pytest.raises(InvalidInputError, match="empty"):
            services.search.search(question, access=PUBLIC)
        return
    result = services.search.search(question, access=PUBLIC)
    assert owners(result) <= {None}
    assert [status.rows for status in services.store.statuses()] == before


def test_a_store_of_another_model_is_an_error_and_not_a_wrong_answer(shelf: Shelf, embedder: SentenceEmbedder) -> None:
    shelf.put(passage("a", DOSE))
    other = EvidenceStore(shelf.store._uri, model="another-model")
    search = EvidenceSearch(other, embedder, Ranking({}, 0.55, 0.35))
    with pytest.raises(ConflictError, match="another-model"):
        search.search("C3", access=PUBLIC)
    search.close()


# The whole


def test_after_preparation_every_collection_has_rows_except_those_of_patients(services: Services) -> None:
    assert services.preparation.status.done
    empty = {
        status.collection.name for status in services.store.statuses()
        if not any(one.patient_id is None for one in services.store.sample(status.collection.name, 5, 'patient_id == ""'))
    }
    assert empty == PATIENT_ONLY


def test_the_store_holds_exactly_what_the_record_holds(services: Services) -> None:
    for collection in COLLECTIONS:
        recorded = {one.id for one in services.index.export(collection.name, LOCAL_USER)}
        assert services.store.count(collection.name) == len(recorded)


def test_every_curated_passage_is_found_by_its_own_words(services: Services) -> None:
    missed: list[str] = []
    for collection in COLLECTIONS:
        for one in services.index.export(collection.name, PUBLIC)[::60]:
            found = services.search.search(one.text[:4_000], access=PUBLIC, collections=[collection.name], top_k=3)
            if one.text not in {hit.passage.text for hit in found.hits}:
                missed.append(f"{collection.name}/{one.id}")
    assert missed == []


def test_many_readers_at_once_get_what_each_would_get_alone(services: Services) -> None:
    questions = ["anti-dsDNA", "HLA-B27", "methotrexate", "celiac disease", "myasthenia gravis", "Graves' disease"] * 2
    ask: Callable[[str], tuple[Hit, ...]] = lambda question: services.search.search(question, access=PUBLIC).hits  # noqa: E731
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(ask, questions))
    assert [ids_of(one) for one in together] == [ids_of(ask(question)) for question in questions]


def ids_of(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.passage.source_uri for hit in hits]


def test_of_many_values_the_newest_is_first_when_the_latest_is_asked_for(shelf: Shelf) -> None:
    shelf.put(*(
        passage(f"lab-{day}", f"Creatinine: 1.{number} mg/dL on {day}", LABS, "P1", date=day)
        for number in range(1, 13) for day in (f"2023-{number:02d}-01",)
    ))  # fmt: skip
    hits = shelf.search().search("What was the last creatinine?", access=LOCAL_USER, patient_id="P1").hits
    assert hits[0].passage.document_date == "2023-12-01"
    assert {hit.passage.document_date for hit in hits} == {f"2023-{month}-01" for month in ("12", "11", "10", "09", "08")}


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("last creatinine", True), ("What was the most recent C3?", True), ("the latest visit", True),
        ("How long did the flare last?", False), ("When did it start?", False), ("elastase", False),
    ],
)
def test_a_question_for_the_latest_is_told_from_the_verb(question: str, asked: bool) -> None:
    assert asks_for_latest(question) is asked
