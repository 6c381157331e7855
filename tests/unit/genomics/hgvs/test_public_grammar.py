"""The public list of valid and invalid HGVS parts (biocommons), each put where a whole description would have it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from services.errors import InvalidInputError
from services.genomics.hgvs import parse

# The list tests the rules of another grammar, some for less than a description: each part is put into one.
_G, _C, _N, _R, _P = "NC_000001.11:g.", "NM_000352.3:c.", "NM_000352.3:n.", "NM_000352.3:r.", "NP_000040.1:p."
WHOLE = {
    **dict.fromkeys(("aa1", "aa13", "aa3"), _P + "{}5Val"),
    **dict.fromkeys(("aat1", "aat13", "aat3", "term3"), _P + "Val5{}"),
    **dict.fromkeys(("aa1_seq", "aa13_seq", "aa3_seq", "aat1_seq", "aat13_seq", "aat3_seq"), _P + "Val5_Val6ins{}"),
    "aa13_ext": _P + "Met1ext{}", "aa13_fs": _P + "Val5fs{}", "ext": _P + "Met1{}", "fs": _P + "Val5{}",
    "term1": _P + "Val5fs{}", "term13": _P + "Val5fs{}", "fsext_offset": _P + "Val5fsTer{}",
    "base": _C + "{}A>T", "num": _G + "{}A>T", "snum": _C + "{}A>T", "nnum": _C + "{}A>T", "offset": _C + "5{}A>T",
    **dict.fromkeys(("dna", "dna_iupac", "dna_seq"), _G + "5_6ins{}"),
    **dict.fromkeys(("rna", "rna_iupac", "rna_seq", "na_iupac"), _R + "5_6ins{}"),
    **{f"dna_{one}": _G + "5{}" for one in ("con", "copy", "del", "delins", "dup", "edit_mu", "ident", "inv", "subst")},
    **{f"rna_{one}": _R + "5{}" for one in ("con", "del", "delins", "dup", "edit_mu", "ident", "inv", "subst")},
    **dict.fromkeys(("dna_ins", "dna_edit"), _G + "5_6{}"), **dict.fromkeys(("rna_ins", "rna_edit"), _R + "5_6{}"),
    **{f"pro_{one}": _P + "Val5{}" for one in ("del", "delins", "dup", "ext", "fs", "ident", "ins", "subst")},
    "pro_edit": _P + "Val5{}", "pro_edit_mu": _P + "Val5{}",
    **{f"{kind}_pos": head + "{}A>T" for kind, head in (("c", _C), ("g", _G), ("n", _N))},
    **{f"def_{kind}_pos": head + "{}A>T" for kind, head in (("c", _C), ("g", _G), ("n", _N))},
    "m_pos": "NC_012920.1:m.{}A>T", "def_m_pos": "NC_012920.1:m.{}A>T", "r_pos": _R + "{}a>u", "def_r_pos": _R + "{}a>u",
    "p_pos": _P + "{}Val", "def_p_pos": _P + "{}Val",
    **{f"{prefix}{kind}_interval": head + "{}del"
       for prefix in ("", "def_", "uncertain_") for kind, head in (("c", _C), ("g", _G), ("n", _N), ("r", _R), ("p", _P))},
    "m_interval": "NC_012920.1:m.{}del", "def_m_interval": "NC_012920.1:m.{}del",
    **{f"{kind}_posedit": head + "{}" for kind, head in (("c", _C), ("g", _G), ("n", _N), ("r", _R), ("p", _P))},
    "m_posedit": "NC_012920.1:m.{}", "p_posedit_special": _P + "{}",
    **{f"{kind}_typed_posedit": "AC_01234.5:{}" for kind in "cgmnrp"},
    **{f"{kind}_variant": "{}" for kind in ("c", "g", "m", "n", "r", "p", "hgvs")},
    "gene_symbol": "{}:c.5A>T", "paren_gene": "NM_000352.3{}:c.5A>T", "opt_gene_expr": "NM_000352.3{}:c.5A>T",
}  # fmt: skip

# Parts that are none of a description: a sign alone, and places without a change.
NOT_A_PART = {"pm", *(f"{kind}_hgvs_position" for kind in "cgmnrp"), "hgvs_position"}

# What is answered otherwise on purpose, with the reason.
OTHERWISE = {
    ("base", "+123"): "HGVS has no sign + before a position",
    ("snum", "+123"): "HGVS has no sign + before a position",
    ("num", "0"): "there is no position 0",
    ("nnum", "123"): "a whole description may have a positive position here",
    ("def_c_pos", "11_12"): "a whole description may have a stretch here",
    ("def_n_pos", "11_12"): "a whole description may have a stretch here",
    ("def_r_pos", "11_12"): "a whole description may have a stretch here",
    ("pro_delins", "Alafs"): "a whole description may have a frameshift here",
    ("def_p_pos", "Glx5"): "the same list has Glx among the amino acids",
}


def _whole(rule: str, part: str) -> str:
    if rule == "accn":
        return f"{part}:{'g.1A>T' if part.startswith('NC') else 'p.Ala1Val' if part.startswith('NP') else 'n.1A>T'}"
    return WHOLE[rule].format(part)


def _parts(shared: Path) -> list[tuple[str, str, bool]]:
    found = []
    with (shared / "hgvs" / "grammar_test.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="\t"):
            if len(row) >= 4 and row[0] != "Func" and not row[0].startswith("#"):
                texts = row[1].split("|") if row[3] == "list" else list(row[1]) if row[3] == "string" else [row[1]]
                found += [(row[0], text, row[2].lower() == "true") for text in texts]
    return found


def _is_valid(text: str) -> bool:
    try:
        parse(text)
    except InvalidInputError:
        return False
    return True


@pytest.mark.shared_data
def test_valid_parts_are_read_and_invalid_ones_refused_except_where_said(shared: Path) -> None:
    parts = [part for part in _parts(shared / "data") if part[0] not in NOT_A_PART]
    assert len(parts) > 500
    wrong = {(rule, text) for rule, text, valid in parts if _is_valid(_whole(rule, text)) != valid}
    assert wrong == set(OTHERWISE)
