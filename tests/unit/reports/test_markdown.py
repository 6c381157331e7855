"""The Markdown of a report shows what is written in the record, and nothing in a record becomes markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.reports import AssistantAnswer, to_markdown
from services.reports.markdown import escape
from tests.unit.reports.conftest import LUPUS, content_of, draft, signed

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = (
    "![x](https://evil.example/?d=1)", "[a](javascript:alert(1))", "<img src=x onerror=1>", "https://evil.example", "`code`",
    "www.evil.example", "**bold** _it_ ~~x~~", "$x$", "# head", "1. one", "- one", "+ one", "===", "| a | b |", "&lt;b&gt;",
    "mail@evil.example", "a\u202eb\u200bc", ":red[x] :smile: :material/home:", "line\nbreak", "\\*",
)  # fmt: skip


def test_the_documented_head_is_kept() -> None:
    content = content_of(LUPUS)
    assert to_markdown(content, draft(content)).splitlines()[:2] == ["# Autoimmune Analysis Report", "## Patient: case-1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    html = RENDERER.render(escape(text))
    assert html.startswith("<p>")
    for tag in ("<img", "<a ", "<strong", "<em", "<code", "<h1", "<h2", "<ul", "<ol", "<table", "<s>", "<b>"):
        assert tag not in html
    assert "\u202e" not in html


@pytest.mark.parametrize("text", ["https://evil.example", "www.evil.example", "mail@evil.example"])
def test_nothing_is_left_that_a_renderer_turns_into_a_link_by_itself(text: str) -> None:
    assert text not in escape(f"see {text} there")


@given(st.text(max_size=200))
def test_whatever_is_written_is_one_paragraph_of_plain_text(text: str) -> None:
    html = MarkdownIt("commonmark").render(escape(text)).strip()
    assert "<" not in html.removeprefix("<p>").removesuffix("</p>")


def test_alleles_keep_their_stars() -> None:
    content = content_of(LUPUS)
    html = RENDERER.render(to_markdown(content, draft(content)))
    assert "DRB1*03:01" in html


def test_a_table_has_as_many_cells_in_each_row_as_in_its_head() -> None:
    content = content_of({**LUPUS, "current_medications": ["a | b | c", "x\ny"]})
    html = RENDERER.render(to_markdown(content, draft(content)))
    for table in html.split("<table>")[1:]:
        rows = table.split("</table>")[0].split("<tr>")[1:]
        assert len({row.count("<td>") + row.count("<th>") for row in rows}) == 1


def test_a_quoted_answer_stays_inside_its_quotation() -> None:
    text = "First.\n\n# Not a heading\n| not | a table |\n![i](https://evil.example)"
    content = content_of(LUPUS, answer=AssistantAnswer(text=text, origin="request"))
    html = RENDERER.render(to_markdown(content, draft(content)))
    quotation = html.split("<blockquote>")[1].split("</blockquote>")[0]
    assert "Not a heading" in quotation
    assert "<h1>" not in quotation
    assert "<img" not in html


def test_a_draft_says_so_and_a_signed_report_says_by_whom_and_when() -> None:
    content = content_of(LUPUS)
    assert "**Draft, unsigned**" in to_markdown(content, draft(content))
    text = to_markdown(content, signed(content))
    assert "Signed electronically by Dr. Grace Example, 2026-01-05 14:02 UTC." in text
    assert content.digest() in text
    assert "unsigned" not in text
