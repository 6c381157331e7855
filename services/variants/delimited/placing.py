"""Lines of a CSV or TSV file as rows of the table: where the variant is, its alleles, one row per alternate allele."""

from __future__ import annotations

import re
from typing import Any

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, VariantType, allele_form, left_align, trim, variant_type
from services.variants.delimited.cells import MISSING, Row
from services.variants.delimited.coordinates import Coordinates, from_alleles, parse_coordinates, region
from services.variants.delimited.sniffing import Dialect
from services.variants.problems import Problem, error
from services.variants.reference.sequence import ReferenceGenome


def _cell(cells: Row, dialect: Dialect, role: str) -> str:
    index = dialect.roles.get(role)
    return cells[index].strip() if index is not None and index < len(cells) else ""


def place_cell(cells: Row, dialect: Dialect) -> tuple[str, str]:
    """Return the column that says where a line's variant is, and what it says, to be shown in a problem."""
    role = next((role for role in ("variant", "region", "pos") if role in dialect.roles), "pos")
    if {"chrom", "pos"} <= dialect.roles.keys():
        shown = "-".join(filter(None, (_cell(cells, dialect, part) for part in ("chrom", "pos", "ref", "alt"))))
        return dialect.names[dialect.roles["pos"]], shown
    return dialect.names[dialect.roles[role]], _cell(cells, dialect, role)


def places_of(cells: Row, dialect: Dialect) -> list[Coordinates]:
    """Return one place per alternate allele; InvalidInputError says what is wrong."""
    roles = dialect.roles
    if {"chrom", "pos"} <= roles.keys() and _cell(cells, dialect, "chrom"):
        return _from_columns(cells, dialect)
    role = "variant" if "variant" in roles and _cell(cells, dialect, "variant") else "region"
    return [parse_coordinates(_cell(cells, dialect, role))]


def _from_columns(cells: Row, dialect: Dialect) -> list[Coordinates]:
    chrom, position_text, end_text = (_cell(cells, dialect, role) for role in ("chrom", "pos", "end"))
    if re.search(r"\s", chrom):
        raise InvalidInputError("a chromosome holds no whitespace")
    if not re.fullmatch(r"[0-9]{1,12}", position_text):
        raise InvalidInputError(f"the position {position_text!r} is not a whole number")
    position = int(position_text) + dialect.zero_based
    if end_text and end_text.lower() not in MISSING and not re.fullmatch(r"[0-9]{1,12}", end_text):
        raise InvalidInputError(f"the end {end_text!r} is not a whole number")
    end = int(end_text) if re.fullmatch(r"[0-9]{1,12}", end_text) else None
    ref, alt = (_cell(cells, dialect, role) for role in ("ref", "alt"))
    if not ref and not alt:
        if "ref" in dialect.roles and "alt" in dialect.roles:
            raise InvalidInputError("has neither a reference nor an alternate allele")
        return [region(chrom, position, end if end is not None else position)]
    places = [from_alleles(chrom, position, ref, allele) for allele in alt.split(",")]
    if end is None:
        return places
    return [
        Coordinates(place.chrom, place.position, end, place.ref, place.alt) if place.alt and place.alt.startswith("<") else place
        for place in places
    ]


def core_rows(
    line: int, cells: Row, dialect: Dialect, places: list[Coordinates], values: dict[str, Any], reference: ReferenceGenome | None
) -> list[dict[str, Any]] | Problem:
    """Return the rows of one line, trimmed or normalised; `values` are the cells as the table stores them."""
    identifier = _cell(cells, dialect, "id")
    rows = []
    for number, place in enumerate(places, start=1):
        position, end, ref, alt = place.position, place.end, place.ref, place.alt
        if reference is not None and ref is not None and alt is not None:
            placed = _placed(line, place, reference)
            if isinstance(placed, Problem):
                return placed
            position, end, ref, alt = placed
        elif ref is not None and alt is not None and allele_form(alt) is AlleleForm.SEQUENCE:
            position, ref, alt = trim(position, ref, alt)
            end = position + len(ref) - 1
        kind = VariantType.REGION if ref is None or alt is None else variant_type(ref, alt)
        rows.append(
            {
                **values,
                "chrom": place.chrom,
                "pos": position,
                "end": end,
                "id": None if identifier.lower() in MISSING else identifier,
                "ref": ref,
                "alt": alt,
                "variant_type": str(kind),
                "allele_index": number,
                "allele_count": len(places),
                "line": line,
                "original_pos": place.position,
                "original_ref": _cell(cells, dialect, "ref") or place.ref,
                "original_alt": _cell(cells, dialect, "alt") or place.alt,
            }
        )
    return rows


def _placed(line: int, place: Coordinates, reference: ReferenceGenome) -> tuple[int, int, str, str] | Problem:
    """Fill in bases that the notation leaves open, compare the rest with the reference, left-align indels."""
    assert place.ref is not None
    assert place.alt is not None
    contig = reference.contig(place.chrom)
    if contig is None:
        return place.position, place.end, place.ref, place.alt
    there = reference.bases(contig, place.position, place.position + len(place.ref) - 1)
    if len(there) != len(place.ref) or any(
        own not in ("N", base) and base in "ACGT" for own, base in zip(place.ref, there, strict=True)
    ):
        ours = reference.build
        reason = (
            f"REF is {place.ref[:20]}, the reference ({ours.build if ours else 'build unknown'}) has {there[:20] or 'nothing'}"
        )
        return error(line, "ref", place.ref, reason, "ref.reference")
    alt = there[0] + place.alt[1:] if place.alt.startswith("N") else place.alt
    if allele_form(alt) is not AlleleForm.SEQUENCE:
        return place.position, place.end, there, alt
    position, ref, alt = left_align(place.position, there, alt, lambda start, end: reference.bases(contig, start, end))
    return position, position + len(ref) - 1, ref, alt
