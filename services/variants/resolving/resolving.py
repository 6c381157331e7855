"""Finds the variant a text names: coordinates, an HGVS description, a name of the literature, or an rsID."""

from __future__ import annotations

import re

from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild, canonical_chromosome
from services.genomics.hgvs import parse
from services.genomics.variant import parse_variant
from services.variants.reference.library import ReferenceLibrary
from services.variants.resolving import known
from services.variants.resolving.data import InstalledData, installed_data
from services.variants.resolving.descriptions import resolve_description
from services.variants.resolving.model import Candidate, How, Resolution
from services.variants.resolving.placing import checked, described

_MAX_TEXT = 200
_RSID = re.compile(r"[Rr][Ss][1-9][0-9]{0,11}")
_KIND = re.compile(r"(?:^|[:\s])[gmcnrp]\.")
_PROTEIN_BEHIND = re.compile(r"\s*\(?p\.[^\s()]{1,80}\)?$|\s*\(p\.\([^\s()]{1,80}\)\)$")
_BARE_CHROMOSOME = re.compile(r"^(?P<name>[0-9]{1,2}|[XYM]|MT):(?=[gm]\.)")
_NAME = re.compile(r"(?P<gene>[A-Za-z][A-Za-z0-9-]{1,20})[ :](?P<name>[A-Za-z0-9*]{2,20})")
_EXAMPLES = "such as 16-3243407-T-C, MEFV c.2080A>G, MEFV p.Met694Val or rs61752717"


def resolve(text: str, build: GenomeBuild, references: ReferenceLibrary | None = None) -> Resolution:
    """Return what `text` means in `build`: one candidate, several, or none with the reasons in `problems`.

    `references` are the installed packs; without them coordinates and the built-in known variants are understood. Alleles are
    compared with the installed sequence and left-aligned; without one they stay as written, trimmed. Never raises for what a
    person may type.

    :raise UnavailableError: an installed pack is damaged.
    """
    written = " ".join(text[: 2 * _MAX_TEXT].split())
    if not written:
        return Resolution(written, build, (), (f"write a variant, {_EXAMPLES}",))
    if len(written) > _MAX_TEXT:
        return Resolution(written[:_MAX_TEXT], build, (), (f"a variant is written in at most {_MAX_TEXT} characters here",))
    with installed_data(references, build) as data:
        candidates, problems = _found(written, data)
    return Resolution(written, build, tuple(candidates), tuple(dict.fromkeys(problems)))


def _found(written: str, data: InstalledData) -> tuple[list[Candidate], list[str]]:
    if _RSID.fullmatch(written):
        return _by_rsid(written.lower(), data)
    try:
        return [described(checked(_coordinates(written, data.build), data), data)], []
    except InvalidInputError as error:
        reason = error.message
    if _KIND.search(written):
        try:
            description = parse(_without_protein(_BARE_CHROMOSOME.sub(r"chr\g<name>:", written, count=1)))
        except InvalidInputError as error:
            return [], [error.message]
        return resolve_description(description, data)
    named = _NAME.fullmatch(written)
    if named is not None:
        candidate, problem = known.by_name(named["gene"], named["name"], data.build)
        if candidate is not None or problem is not None:
            return ([candidate] if candidate else []), ([problem] if problem else [])
    return [], [reason if any(sign in written for sign in "-:") else f"this is no variant: write one {_EXAMPLES}"]


def _coordinates(written: str, build: GenomeBuild) -> Candidate:
    variant = parse_variant(written, build).trimmed()
    if canonical_chromosome(variant.chromosome) is None:
        raise InvalidInputError(f"{variant.chromosome} is no chromosome of {build}")
    if variant.ref == variant.alt:
        raise InvalidInputError("both alleles are the same: this is no variant")
    return Candidate(
        build, variant.chromosome, variant.position, variant.ref, variant.alt, None, None, None, None, How.COORDINATES
    )


def _without_protein(written: str) -> str:
    """Leave out the protein change that ClinVar writes behind the coding one."""
    if re.search(r"[:\s][cn]\.", written):
        return _PROTEIN_BEHIND.sub("", written)
    return written


def _by_rsid(rsid: str, data: InstalledData) -> tuple[list[Candidate], list[str]]:
    own, problems = known.by_rsid(rsid, data.build)
    kept = {one.written: one for one in own}
    for row in data.by_rsid(rsid):
        found = Candidate(
            data.build, row["chrom"], row["pos"], row["ref"], row["alt"], row["gene"] or None, None, None, None, How.CLINVAR
        )
        kept.setdefault(found.written, described(found, data))
    if kept:
        return list(kept.values()), list(problems)
    where = f"in {data.clinvar.stamp}" if data.clinvar else f"here: no ClinVar pack is installed for {data.build}"
    return [], [*problems, f"{rsid} is not among the built-in known variants, and not {where}"]
