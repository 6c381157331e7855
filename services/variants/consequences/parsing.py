"""The consequence strings of `bcftools csq`, read into values.

An entry is `terms|gene|transcript|biotype` and, where the coding sequence changes, `|strand|amino acids|nucleotides`. `@123` says
that the effect stands at the line of position 123, because the two were looked at together; a leading `*` that the change lies
behind a premature stop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.variants.consequences.hgvs import protein_change
from services.variants.consequences.model import TranscriptConsequence, TranscriptMark
from services.variants.consequences.terms import by_severity, ontology_term

_REFERENCE = re.compile(r"@([0-9]{1,10})")


def parse_entries(text: str, marks: Mapping[str, TranscriptMark]) -> tuple[list[TranscriptConsequence], tuple[int, ...]]:
    """Return the consequences of one BCSQ value and the positions that its `@` entries name."""
    consequences: list[TranscriptConsequence] = []
    elsewhere: list[int] = []
    for entry in text.split(","):
        reference = _REFERENCE.fullmatch(entry)
        if reference:
            elsewhere.append(int(reference[1]))
        elif entry not in ("", "."):
            consequences.append(parse_entry(entry, marks))
    return consequences, tuple(dict.fromkeys(elsewhere))


def parse_entry(entry: str, marks: Mapping[str, TranscriptMark]) -> TranscriptConsequence:
    """Read one entry that is not a reference to another line."""
    fields = (entry.split("|") + [""] * 7)[:7]
    names, gene, transcript, biotype, strand, amino_acids, nucleotides = fields
    terms = by_severity(tuple(ontology_term(name) for name in names.removeprefix("*").split("&") if name))
    return TranscriptConsequence(
        terms=terms,
        gene=gene,
        transcript=transcript or None,
        biotype=biotype,
        strand=strand or None,
        amino_acids=amino_acids or None,
        nucleotides=tuple(nucleotides.split("+")) if nucleotides else (),
        hgvs_protein=protein_change(amino_acids, terms) if amino_acids else None,
        mark=marks.get(transcript, TranscriptMark.NONE),
        behind_a_stop=names.startswith("*"),
    )
