"""What an answer looks like once a page shows it."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from services.assistant.markdown import as_markdown


def shown(text: str) -> str:
    return MarkdownIt().render(as_markdown(text))


def test_the_stars_of_two_alleles_stay_stars() -> None:
    rendered = shown("HLA-B*27:06 and HLA-B*27:09 are not associated; TPMT *1/*3A is.")
    assert "<em>" not in rendered
    assert "B*27:06" in rendered
    assert "B*27:09" in rendered


@pytest.mark.parametrize("text", [":blue-badge[1]", ":blue-badge[ 1 ]", ":material/check:", ":red[x]", "a:green-background[y]"])
def test_a_directive_in_a_document_is_shown_as_written(text: str) -> None:
    escaped = as_markdown(text)
    assert r"\:" in escaped
    assert MarkdownIt().render(escaped).count(":") == text.count(":")


def test_ordinary_colons_are_left_alone() -> None:
    assert as_markdown("ANA 1:640; note: see above") == "ANA 1:640; note: see above"


def test_money_code_and_underscores_are_shown_as_written() -> None:
    assert "<code>" not in shown("`x`")
    assert "<em>" not in shown("_x_ and $a$")
