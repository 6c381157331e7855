"""Classified variants around a missense change: what PS1, PM5 and PM1 compare with, from the ClinVar pack.

The variant itself never counts for itself. Only substitutions that change an amino acid count; residues are worked out on the
same transcript as the variant's own, so both need gene models and the reference sequence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.genomics.acmg.record import Hotspot, Neighbour, Significance
from services.variants.classification.changes import Change, CodingTranscript
from services.variants.classification.packs import Found, Site

WINDOW = 8
"""Residues on either side that make the surroundings of a change (25 bases), without the residue itself: PM5 counts that."""
_MIN_STARS = 1


def significance_of(text: str | None) -> Significance:
    """Read ClinVar's aggregate. Conflicting or unknown is OTHER; pathogenic or likely pathogenic counts as likely."""
    words = (text or "").replace("_", " ").lower().split(";")[0].split("|")[0].split(",")[0].strip()
    if words == "pathogenic":
        return Significance.PATHOGENIC
    if words in ("likely pathogenic", "pathogenic/likely pathogenic"):
        return Significance.LIKELY_PATHOGENIC
    if words in ("benign", "likely benign", "benign/likely benign"):
        return Significance.BENIGN
    return Significance.OTHER


def neighbours_of(site: Site, change: Change, transcript: CodingTranscript, clinvar: Found) -> tuple[Neighbour, ...]:
    """Return the classified missense variants of the same residue, in genome order, the variant itself marked as such."""
    residue = change.residue or 0
    found = []
    for other, row, after in _missense(site, transcript, clinvar, residue, residue):
        found.append(Neighbour(
            f"ClinVar {row['variation_id']} ({change.before}{residue}{after})", significance_of(row["significance"]),
            int(row["stars"] or 0), same_protein_change=after == change.after, same_nucleotide_change=other == site,
        ))
    return tuple(found)


def hotspot_of(site: Site, change: Change, transcript: CodingTranscript, clinvar: Found) -> Hotspot:
    """Count reviewed missense variants within eight residues on either side, without those of the residue itself."""
    residue = change.residue or 0
    first, last = max(1, residue - WINDOW), residue + WINDOW
    pathogenic = benign = 0
    for part in ((first, residue - 1), (residue + 1, last)):
        for _, row, _ in _missense(site, transcript, clinvar, *part):
            if int(row["stars"] or 0) < _MIN_STARS:
                continue
            called = significance_of(row["significance"])
            pathogenic += called in (Significance.PATHOGENIC, Significance.LIKELY_PATHOGENIC)
            benign += called is Significance.BENIGN
    return Hotspot(f"residues {first} to {last}", pathogenic=pathogenic, benign=benign, window=WINDOW)


def _missense(
    site: Site, transcript: CodingTranscript, clinvar: Found, first: int, last: int
) -> Iterator[tuple[Site, Mapping[str, Any], str]]:
    for place in sorted(transcript.positions_of(first, last)):
        for row in clinvar.at(site.chrom, place):
            if len(row["ref"]) != 1 or len(row["alt"]) != 1:
                continue
            effect = transcript.substituted(place, row["alt"])
            if effect is not None and effect[1] != effect[2] and "*" not in effect[1:]:
                yield Site(site.chrom, place, row["ref"], row["alt"]), row, effect[2]
