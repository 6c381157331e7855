"""The panel of an error, whatever its message quotes."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


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
