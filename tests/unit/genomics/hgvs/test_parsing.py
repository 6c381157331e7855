"""Descriptions are read into what they say and written in the recommended form; what is none is refused where it goes wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.genomics.hgvs import Edit, Kind, NucleotideChange, Position, ProteinChange, parse


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("NM_022162.3:c.2104C>T", "NM_022162.3:c.2104C>T"), ("NM_022162.3(NOD2):c.2104C>T", "NM_022162.3:c.2104C>T"),
        ("NOD2 c.2104C>T", "NOD2:c.2104C>T"), ("HLA-A:c.5A>T", "HLA-A:c.5A>T"), ("c.5A>T", "c.5A>T"),
        ("ENST00000300589.7:c.*12del", "ENST00000300589.7:c.*12del"), ("LRG_199t1:c.-14+3A>G", "LRG_199t1:c.-14+3A>G"),
        ("NM_1.1:c.5delAinsT", "NM_1.1:c.5A>T"), ("NM_1.1:c.5_6delAGinsT", "NM_1.1:c.5_6delinsT"),
        ("NM_1.1:c.5_7dupAGT", "NM_1.1:c.5_7dup"), ("NM_1.1:c.5_7del3", "NM_1.1:c.5_7del"),
        ("NM_1.1:c.5_7AGT[4]", "NM_1.1:c.5_7AGT[4]"), ("NM_1.1:c.(4_6)_(245_?)del", "NM_1.1:c.(4_6)_(245_?)del"),
        ("NC_012920.1:m.3243A>G", "NC_012920.1:m.3243A>G"), ("NC_000001.11:g.5_9inv", "NC_000001.11:g.5_9inv"),
        ("NM_1.1:r.(5g>u)", "NM_1.1:r.(5g>u)"), ("NP_1.1:p.R702W", "NP_1.1:p.Arg702Trp"),
        ("NP_1.1:p.(R702*)", "NP_1.1:p.(Arg702Ter)"), ("NP_1.1:p.Gly25Trpfs*10", "NP_1.1:p.Gly25TrpfsTer10"),
        ("NP_1.1:p.Ter314Trpext*45", "NP_1.1:p.Ter314TrpextTer45"), ("NP_1.1:p.Met1ext-5", "NP_1.1:p.Met1ext-5"),
        ("NP_1.1:p.C28_M30delinsWV", "NP_1.1:p.Cys28_Met30delinsTrpVal"), ("NP_1.1:p.=", "NP_1.1:p.="),
        ("NP_1.1:p.0?", "NP_1.1:p.0?"), ("NP_1.1:p.Met1?", "NP_1.1:p.Met1?"),
    ],
)  # fmt: skip
def test_a_description_is_written_in_the_recommended_form(text: str, written: str) -> None:
    assert str(parse(text)) == written
    assert str(parse(written)) == written


def test_positions_keep_introns_and_untranslated_regions_apart() -> None:
    change = parse("NM_1.1:c.-14+3_*5-2del").change
    assert isinstance(change, NucleotideChange)
    assert change.stretch.exact == (Position(-14, 3), Position(5, -2, is_after_stop=True))
    uncertain = parse("NM_1.1:c.(4_6)_246del").change
    assert isinstance(uncertain, NucleotideChange)
    assert uncertain.stretch.exact is None


def test_a_protein_change_says_its_residues_in_three_letters() -> None:
    described = parse("NOD2 p.(R702W)")
    assert isinstance(described.change, ProteinChange)
    assert (described.kind, described.gene, described.accession) == (Kind.PROTEIN, "NOD2", None)
    assert (described.change.edit, described.change.alt, described.change.is_predicted) == (Edit.SUBSTITUTION, ("Trp",), True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NM_1.1:c.76A>", "at character 14: a base is expected, the end is there"),
        ("NM_1.1:c.76A>!", "at character 14: a base is expected, `!` is there"),
        ("NM_1.1:c.76AA>T", "at character 12: a substitution changes one base into one"),
        ("NM_1.1:c.0A>T", "at character 10: positions count from 1"),
        ("NM_1.1:c.76insT", "at character 15: an insertion stands between two neighbours"),
        ("NM_1.1:c.76_77insU", "DNA is written with T, not U"), ("NM_1.1:r.5a>t", "RNA is written with U, not T"),
        ("NM_1.1:c.10-?_20+?del", "how far into the intron is not said"),
        ("NP_1.1:p.Zaa3Ala", "at character 11: a number is expected"),
        ("NP_1.1:p.Ala3_Phe4Gly", "several residues are replaced with delins"),
        ("NM_1.1:g.5A>T", "takes c. or n. or r. or p., not g."), ("NP_1.1:c.5A>T", "takes p., not c."),
        ("76A>T", "begins with its sequence"), ("", "begins with its sequence"), ("NM_1.1:c." + "1" * 300, "at most 200"),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused_where_it_goes_wrong(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse(text)
    assert reason in refused.value.message


@given(st.text("NMPC_123.:cgpmr()?*+->=[]delinsdupvfxtATGCaArgTer", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        described = parse(f"NM_1.1:c.{text}")
    except InvalidInputError:
        return
    assert str(parse(str(described))) == str(described)


@pytest.mark.shared_data
def test_descriptions_of_expert_panels_are_read(shared: Path) -> None:
    with (shared / "data" / "acmg" / "clingen_evidence_repository.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row["hgvs_g38"] for row in csv.DictReader(file, delimiter="\t") if ":" in (row["hgvs_g38"] or "")]
    assert len(texts) > 3_000
    assert [text for text in texts if parse(text.strip()).kind is not Kind.GENOMIC] == []
