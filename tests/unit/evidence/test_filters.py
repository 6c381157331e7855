from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidIdentifierError, InvalidInputError
from services.evidence.filters import belongs_to, checked_patient_id, literal

HOSTILE = [
    'P1" or patient_id != "', 'x" or 1==1 or patient_id == "', "\\", '"', "{p}", "(" * 3000, "%", "P1'", "", " ", ".x", "-x",
    "a" * 65, "p\n1", "p\x001", "ｐ１", "P1 ", "../x", "P1;drop",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_patient_id_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        belongs_to([value] if value else ["", " "])


@pytest.mark.parametrize("value", ["SMI-2022-44871", "sarah_mitchell", "1", "a.b-c_d", "A" * 64])
def test_an_ordinary_patient_id_is_accepted(value: str) -> None:
    assert checked_patient_id(value) == value


@given(st.text())
def test_whatever_is_accepted_cannot_end_its_quotes(value: str) -> None:
    try:
        expression = belongs_to([value])
    except InvalidIdentifierError:
        return
    assert expression == f'patient_id in ["{value}"]'


@given(st.text(alphabet=st.characters(blacklist_categories=["Cc"])))
def test_a_literal_reads_back_as_the_value(value: str) -> None:
    quoted = literal(value)
    assert quoted[0] == quoted[-1] == '"'
    assert quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\") == value or "\\" in value


def test_control_characters_cannot_become_a_literal() -> None:
    with pytest.raises(InvalidInputError, match="control characters"):
        literal("a\nb")
