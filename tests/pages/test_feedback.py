"""The panel of an error, whatever its message quotes."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from components.formatting import sentence


def _page() -> None:
    from components.feedback import show_error
    from services.errors import InvalidInputError, UnavailableError

    hostile = "the table has no column '![x](https://evil.example/leak) <b>:red[a]</b> [click](https://evil.example)'"
    show_error(InvalidInputError(hostile))
    show_error(UnavailableError(hostile))


def test_a_message_shows_what_it_quotes_as_written_and_as_no_link_or_picture() -> None:
    app = AppTest.from_function(_page).run()
    assert not app.exception
    assert len(app.error) == 2
    for panel in app.error:
        assert "](" not in panel.value
        assert "\\!\\[x\\]\\(" in panel.value
        assert "\\<b\\>\\:red" in panel.value


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("the file is truncated", "The file is truncated."),
        ("is not a whole number from 0.", "Is not a whole number from 0."),
        ("reads_R1.fastq, record 5: a tab is not a base", "reads_R1.fastq, record 5: a tab is not a base."),
        ("pH is missing", "pH is missing."),
    ],
)
def test_a_message_is_a_sentence_and_a_name_at_its_head_stays_as_it_is_written(message: str, shown: str) -> None:
    assert sentence(message) == shown
