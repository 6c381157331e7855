"""Tables are put together from positions, and nothing that was written gets lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.evidence.documents.layout import Fragment, arrange


def _grid(rows: Sequence[tuple[str, ...]], lefts: tuple[float, ...], top: float = 700.0, pitch: float = 18.0) -> list[Fragment]:
    return [
        Fragment(f"\n{cell}" if column == 0 else f" {cell}", lefts[column], top - pitch * number, 10.0)
        for number, row in enumerate(rows) for column, cell in enumerate(row) if cell
    ]


def test_right_aligned_numbers_fall_under_their_column() -> None:
    fragments = _grid([("Test", "Result", "Reference range")], (50, 200, 300))
    fragments += [Fragment("\nPlatelets", 50, 682, 10), Fragment(" 9", 223, 682, 10), Fragment(" 150-400", 320, 682, 10)]
    assert arrange(fragments).strip() == "Test | Result | Reference range\nPlatelets | 9 | 150-400"


def test_second_table_with_other_columns_is_its_own() -> None:
    first = _grid([("Test", "Result", "2021-07-07", "2021-10-12"), ("C3", "90-180", "", "112")], (50, 180, 250, 320))
    second = _grid([("Antibody", "Reference", "2022-01-11"), ("anti-dsDNA", "<30", "68")], (50, 215, 420), top=640)
    assert arrange(first + second).strip().split("\n") == [
        "Test | Result | 2021-07-07 | 2021-10-12", "C3 | 90-180 |  | 112",
        "Antibody | Reference | 2022-01-11", "anti-dsDNA | <30 | 68",
    ]


def test_group_name_inside_a_table_stays_a_plain_line() -> None:
    rows = [("Test", "Result", "Units"), ("Chemistry", "", ""), ("Sodium", "138", "mmol/L")]
    assert arrange(_grid(rows, (50, 200, 300))).strip() == "Test | Result | Units\nChemistry\nSodium | 138 | mmol/L"


def test_form_in_columns_reads_as_labels_with_values() -> None:
    rows = [("Patient:", "Jane Doe", "MRN:", "123"), ("Date:", "2022-03-14", "Sex:", "F")]
    assert arrange(_grid(rows, (50, 110, 300, 350))).strip() == "Patient: Jane Doe  MRN: 123\nDate: 2022-03-14  Sex: F"


def test_sentence_under_a_table_is_not_a_row() -> None:
    fragments = _grid([("Test", "Result", "Units"), ("Sodium", "138", "mmol/L")], (50, 200, 300))
    fragments.append(Fragment("\nThe sample was haemolysed and the potassium could not be measured.", 50, 640, 10))
    assert arrange(fragments).strip().split("\n")[-1].startswith("The sample was haemolysed")


def test_single_line_with_wide_gaps_is_no_table() -> None:
    assert arrange(_grid([("Left", "Middle", "Right")], (50, 250, 450))).strip() == "Left  Middle  Right"


_FRAGMENTS = st.lists(
    st.builds(
        Fragment, st.text(alphabet="ab1 \n:-", max_size=12), st.sampled_from([50.0, 51.0, 120.0, 200.0, 203.5, 330.0]),
        st.sampled_from([700.0, 699.5, 688.0, 676.0, 650.0]), st.sampled_from([0.0, 8.0, 10.0]),
    ),
    max_size=40,
)


@given(_FRAGMENTS)
def test_every_written_character_is_kept(fragments: list[Fragment]) -> None:
    before = Counter(char for fragment in fragments for char in fragment.text if not char.isspace())
    after = Counter(char for char in arrange(fragments) if not char.isspace() and char != "|")
    assert after == before
