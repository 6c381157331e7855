"""Sentences end where a reader would say they end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evidence.documents.sentences import Kind, sentences, spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seen by Dr. Lee. ANA 1:640 vs. 1:80 in 2019. CRP 12.5 mg/L.",
         ("Seen by Dr. Lee.", "ANA 1:640 vs. 1:80 in 2019.", "CRP 12.5 mg/L.")),
        ("Prednisone 20 mg. daily was started. It helped.", ("Prednisone 20 mg. daily was started.", "It helped.")),
        ("She takes 5 mg. No fever.", ("She takes 5 mg.", "No fever.")),
        ("Signed J. R. Smith. Reviewed.", ("Signed J. R. Smith.", "Reviewed.")),
        ("Erosions, e.g. Fig. 2, are new. Is it RA? Yes!", ("Erosions, e.g. Fig. 2, are new.", "Is it RA?", "Yes!")),
        ("Onset in 2019. 3 months later it relapsed.", ("Onset in 2019.", "3 months later it relapsed.")),
        ("Taken b.i.d. She tolerates it.", ("Taken b.i.d.", "She tolerates it.")),
        ("Compare Smith et al. 2019 for details.", ("Compare Smith et al. 2019 for details.",)),
        ("Burned in the sun. No fever.", ("Burned in the sun.", "No fever.")),
        ("Bed no. 4 was free. Fever? No. Chills were seen.", ("Bed no. 4 was free.", "Fever?", "No.", "Chills were seen.")),
        ("Anti-Sm neg. Repeat in spring.", ("Anti-Sm neg.", "Repeat in spring.")),
        ("", ()),
        ("   \n \n", ()),
    ],
)
def test_sentence_ends(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


def test_wrapped_lines_make_one_sentence() -> None:
    text = (
        "Ms. Doe came back from a lake holiday with redness across both cheeks and\n"
        "the bridge of the nose that burned in the sun. No fever was noted by her or\nher family."
    )
    assert sentences(text) == (
        "Ms. Doe came back from a lake holiday with redness across both cheeks and the bridge of the nose that burned in the "
        "sun.",
        "No fever was noted by her or her family.",
    )


def test_rows_headings_and_items_stand_alone() -> None:
    text = (
        "LABORATORY DATA\nTest Result Units Flag\nComplement C3 62 mg/dL 90-180 L\nANA | 1:640 |  | <1:80\n"
        "Plan\n1. Continue hydroxychloroquine\n2. Recheck C3 in four weeks\n• Sun protection"
    )
    assert sentences(text) == tuple(" ".join(line.split()) for line in text.split("\n"))


def test_numbered_item_is_not_split_after_its_number() -> None:
    assert sentences("2. Recheck C3 and C4. Call if low.") == ("2. Recheck C3 and C4.", "Call if low.")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Test Result Units Reference Flag", Kind.HEADER),
        ("Test (unit) | Reference | 2021-10-12 | 2022-01-11", Kind.HEADER),
        ("Locus | Allele 1 | Allele 2", Kind.HEADER),
        ("Medication | Dose | Route | Frequency | Status", Kind.HEADER),
        ("C3 | 62 | mg/dL | 90-180 | L", Kind.ROW),
        ("HLA-B | B*08:01 | B*07:02", Kind.ROW),
        ("Complement C3 62 mg/dL 90-180 L", Kind.ROW),
        ("Anti-CCP antibody 186 U/mL < 20 H", Kind.ROW),
        ("HBsAg non-reactive non-reactive", Kind.ROW),
        ("ANA titer 1:640 < 1:80 H", Kind.ROW),
        ("She was 34 years old and had 3 children", Kind.PROSE),
        ("The C3 was 62 mg/dL and has fallen since", Kind.PROSE),
        ("Results discussed with the patient.", Kind.PROSE),
    ],
)
def test_lines_are_told_apart_by_their_form(line: str, kind: Kind) -> None:
    assert [span.kind for span in spans(line)] == [kind]


@given(st.text(alphabet="abC 1.,:|-\n•()?%/<", max_size=400))
def test_every_visible_character_is_in_exactly_one_sentence(text: str) -> None:
    covered = [position for span in spans(text) for position in range(span.start, span.end)]
    assert len(covered) == len(set(covered))
    assert {position for position, char in enumerate(text) if not char.isspace()} <= set(covered)
    assert all(text[span.start:span.end].strip() for span in spans(text))
