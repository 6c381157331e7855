"""Flags and comments belong to the variant, are never lost, and are changed by their author or an administrator only."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator

import pytest

from services.access.principals import API_CLIENT, LOCAL_USER, PUBLIC, Principal
from services.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from services.variants.filters import And, Commented, Flagged, Not, Number
from services.variants.flags import Tier, category_of
from services.variants.library import TableInfo
from services.variants.notes import NoteSubject
from services.variants.workbench import Workbench
from tests.unit.variants.conftest import Add
from tests.unit.variants.test_library import NO_LENGTHS

ANA = Principal("ana", may_see_patients=True, may_administer=False)
BEN = Principal("ben", may_see_patients=True, may_administer=False)


def subject(workbench: Workbench, table: TableInfo, row_id: int) -> NoteSubject:
    return workbench.questions.subject(ANA, table.id, workbench.questions.row(ANA, table.id, row_id))


@pytest.mark.parametrize(
    ("written", "category"),
    [
        ("VUS", Tier.UNCERTAIN), ("Likely_pathogenic", Tier.LIKELY_PATHOGENIC), (" lb ", Tier.LIKELY_BENIGN),
        ("To  discuss", "To  discuss"),
    ],
)  # fmt: skip
def test_a_tier_is_known_however_it_is_written(written: str, category: str) -> None:
    assert category_of(written) == category


def test_a_note_is_seen_in_every_table_of_the_same_build_and_no_other(workbench: Workbench, add: Add) -> None:
    first, renamed = add(), add("chr1 100 . AT GT 1 PASS . GT 0/1")  # the same SNV with a shared base behind it
    other_build = add(assembly="GRCh37", header=NO_LENGTHS)
    workbench.flags.add(ANA, subject(workbench, first, 0), "pathogenic")
    assert workbench.questions.count(BEN, renamed.id, Flagged()) == 1
    assert workbench.questions.count(BEN, other_build.id, Flagged()) == 0
    found = workbench.occurrences(BEN, subject(workbench, first, 0).identity, without=first.id)
    assert [(one.table.id, one.row_id) for one in found.found] == [(renamed.id, 0)]
    assert found.searched == 1


def test_structural_variants_at_one_place_are_told_apart_by_their_end(workbench: Workbench, add: Add) -> None:
    table = add()
    rows = [workbench.questions.row(ANA, table.id, number) for number in range(5)]
    short, long = (row["row_id"] for row in rows if row["alt"] == "<DEL>")
    workbench.flags.add(ANA, subject(workbench, table, short), "benign")
    assert subject(workbench, table, short).identity != subject(workbench, table, long).identity
    assert list(workbench.marks.noted(ANA, table.id)) == [short]


def test_one_author_has_one_tier_and_any_number_of_labels(workbench: Workbench, add: Add) -> None:
    about = subject(workbench, add(), 0)
    flag = workbench.flags.add(ANA, about, "VUS", "first thought")
    again = workbench.flags.add(ANA, about, "likely benign", "second thought")
    workbench.flags.add(ANA, about, "to discuss")
    workbench.flags.add(BEN, about, "pathogenic")
    assert again.id == flag.id
    standing = workbench.flags.of(ANA, about.identity.key)
    assert [(one.author, one.category) for one in standing] == [
        ("ana", "likely benign"), ("ana", "to discuss"), ("ben", "pathogenic"),
    ]  # fmt: skip
    (edit,) = workbench.flags.history(BEN, flag.id)
    assert (edit.action, edit.author) == ("edit", "ana")
    assert edit.before == {"category": "uncertain significance", "note": "first thought"}
    assert workbench.flags.labels(BEN) == ("to discuss",)


def test_a_deletion_is_taken_back_with_its_history(workbench: Workbench, add: Add) -> None:
    table = add()
    about = subject(workbench, table, 0)
    flag = workbench.flags.add(ANA, about, "VUS")
    workbench.flags.delete(ANA, flag.id)
    workbench.flags.delete(ANA, flag.id)
    assert workbench.flags.of(ANA, flag.variant) == ()
    assert workbench.questions.count(ANA, table.id, Flagged()) == 0
    assert [one.id for one in workbench.flags.of(ANA, flag.variant, deleted=True)] == [flag.id]
    with pytest.raises(ConflictError):
        workbench.flags.edit(ANA, flag.id, note="x")
    workbench.flags.restore(ANA, flag.id)
    assert workbench.questions.count(ANA, table.id, Flagged(("vus",))) == 1
    assert [edit.action for edit in workbench.flags.history(ANA, flag.id)] == ["delete", "restore"]


def test_a_flag_is_not_restored_beside_a_newer_one_of_the_same_author(workbench: Workbench, add: Add) -> None:
    about = subject(workbench, add(), 0)
    old = workbench.flags.add(ANA, about, "VUS")
    workbench.flags.delete(ANA, old.id)
    workbench.flags.add(ANA, about, "benign")
    with pytest.raises(ConflictError, match="benign"):
        workbench.flags.restore(ANA, old.id)


def test_only_the_author_or_an_administrator_changes_a_note(workbench: Workbench, add: Add) -> None:
    about = subject(workbench, add(), 0)
    flag, comment = workbench.flags.add(ANA, about, "VUS"), workbench.comments.add(ANA, about, "mine")
    for change in (
        lambda: workbench.flags.delete(BEN, flag.id), lambda: workbench.flags.edit(BEN, flag.id, note="x"),
        lambda: workbench.comments.edit(BEN, comment.id, "x"), lambda: workbench.comments.delete(BEN, comment.id),
        lambda: workbench.flags.add(PUBLIC, about, "VUS"), lambda: workbench.comments.thread(PUBLIC, flag.variant),
        lambda: workbench.flags.of(PUBLIC, flag.variant), lambda: workbench.comments.add(PUBLIC, about, "x"),
    ):  # fmt: skip
        with pytest.raises(AccessDeniedError):
            change()
    assert workbench.flags.edit(LOCAL_USER, flag.id, note="seen").note == "seen"


def test_threads_are_read_in_order_with_their_depth(workbench: Workbench, add: Add) -> None:
    about = subject(workbench, add(), 0)
    first = workbench.comments.add(ANA, about, "first")
    second = workbench.comments.add(BEN, about, "second")
    reply = workbench.comments.add(BEN, about, "reply to first", parent_id=first.id)
    workbench.comments.add(ANA, about, "deeper", parent_id=reply.id)
    texts = [(one.text, one.depth) for one in workbench.comments.thread(ANA, first.variant)]
    assert texts == [("first", 0), ("reply to first", 1), ("deeper", 2), ("second", 0)]
    workbench.comments.delete(ANA, first.id)
    workbench.comments.delete(BEN, second.id)
    texts = [(one.text, one.depth) for one in workbench.comments.thread(ANA, first.variant)]
    assert texts == [("", 0), ("reply to first", 1), ("deeper", 2)]
    with pytest.raises(ConflictError):
        workbench.comments.add(ANA, about, "late", parent_id=first.id)
    workbench.comments.restore(ANA, first.id)
    assert not workbench.comments.thread(ANA, first.variant)[0].edited


def test_a_reply_stays_with_its_variant(workbench: Workbench, add: Add) -> None:
    table = add()
    first = workbench.comments.add(ANA, subject(workbench, table, 0), "here")
    with pytest.raises(NotFoundError):
        workbench.comments.add(ANA, subject(workbench, table, 1), "elsewhere", parent_id=first.id)


def test_an_edit_keeps_what_was_said_before(workbench: Workbench, add: Add) -> None:
    comment = workbench.comments.add(ANA, subject(workbench, add(), 0), "frist")
    assert workbench.comments.edit(ANA, comment.id, "first").edited
    assert [edit.before for edit in workbench.comments.history(BEN, comment.id)] == [{"text": "frist"}]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001, "\x00"])
def test_a_blank_or_endless_comment_is_refused(workbench: Workbench, add: Add, text: str) -> None:
    with pytest.raises(InvalidInputError):
        workbench.comments.add(ANA, subject(workbench, add(), 0), text)


def test_notes_are_part_of_filters(workbench: Workbench, add: Add) -> None:
    table = add()
    workbench.flags.add(ANA, subject(workbench, table, 0), "VUS")
    workbench.comments.add(ANA, subject(workbench, table, 1), "look")
    count = workbench.questions.count
    assert count(ANA, table.id, Flagged(("benign",))) == 0
    assert count(ANA, table.id, Commented()) == 1
    assert count(ANA, table.id, Not(Flagged())) == 4
    assert count(ANA, table.id, And((Flagged(), Number("qual", 60)))) == 0
    page = workbench.questions.page(ANA, table.id, None, limit=3, columns=["pos"])
    assert [len(flags) for flags in page.flags] == [1, 0, 0]
    assert page.comment_counts == (0, 1, 0)


def test_without_a_build_a_row_is_no_variant_that_could_be_noted(workbench: Workbench, add: Add) -> None:
    table = add(assembly=None, header=NO_LENGTHS)
    with pytest.raises(InvalidInputError, match="build"):
        subject(workbench, table, 0)
    with pytest.raises(InvalidInputError, match="build"):
        workbench.questions.count(ANA, table.id, Flagged())
    assert workbench.questions.page(ANA, table.id, None, limit=5, columns=["pos"]).flags == ((),) * 5


def rows(lines: Iterator[str]) -> list[list[str]]:
    return list(csv.reader(lines))


def test_exports_hold_ones_own_notes_and_for_the_owner_everybodys(workbench: Workbench, add: Add) -> None:
    table = add(owner="ana")
    workbench.flags.add(ANA, subject(workbench, table, 0), "@risky", "=cmd|'/C calc'!A0")
    workbench.flags.add(BEN, subject(workbench, table, 0), "benign")
    own = rows(workbench.note_exports.flags(ANA, table.name))
    assert own[1][:8] == ["chr1", "100", "A", "G", "NOD2", "'@risky", "'=cmd|'/C calc'!A0", "ana"]
    assert [row[7] for row in rows(workbench.note_exports.flags(ANA, table.id, of_members=True))[1:]] == ["ana", "ben"]
    assert [row[7] for row in rows(workbench.note_exports.flags(BEN, table.id))[1:]] == ["ben"]
    with pytest.raises(AccessDeniedError):
        workbench.note_exports.flags(BEN, table.id, of_members=True)


def test_the_machines_owner_is_one_person_on_the_dashboard_and_with_the_key(workbench: Workbench, add: Add) -> None:
    table = add()
    workbench.comments.add(LOCAL_USER, subject(workbench, table, 0), "from the dashboard")
    exported = rows(workbench.note_exports.comments(API_CLIENT, table.name))
    assert [row[9] for row in exported[1:]] == ["from the dashboard"]


def test_a_flag_is_added_in_far_less_than_150_milliseconds(workbench: Workbench, add: Add) -> None:
    table = add()
    spent = []
    for number in range(5):
        started = time.perf_counter()
        workbench.flags.add(ANA, subject(workbench, table, number), "VUS")
        workbench.questions.page(ANA, table.id, None, limit=100, columns=["pos"])
        spent.append(time.perf_counter() - started)
    assert sorted(spent)[2] < 0.15
