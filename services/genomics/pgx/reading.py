"""What the records of a file say at the places that define a gene's alleles."""

from __future__ import annotations

from collections.abc import Sequence

from services.genomics.alleles import AlleleForm, allele_form, trim
from services.genomics.pgx.model import MIN_DEPTH, Observation, Site, SiteState
from services.knowledge.pgx import DefiningVariant, Pharmacogene

_WHOLE_CHROMOSOME = "chromosome"
_NO_ALLELE = -1
_Change = tuple[int, str, str]


def read_sites(gene: Pharmacogene, build: str, observations: Sequence[Observation]) -> tuple[Site, ...]:
    """Return every defining change of a gene as the observations show it, in the order of the gene's table."""
    changes = {trim(one.position(build), one.ref, one.alt) for one in gene.variants}
    return tuple(_site(variant, build, observations, changes) for variant in gene.variants)


def _site(variant: DefiningVariant, build: str, observations: Sequence[Observation], changes: set[_Change]) -> Site:
    position = variant.position(build)
    wanted = trim(position, variant.ref, variant.alt)
    covering = [one for one in observations if one.position <= position <= one.end]
    own = next((one for one in covering if _change(one) == wanted), None)
    if own is not None:
        return _judged(variant, position, own, own.number)
    unknown = next((one for one in covering if _carries_another(one, changes)), None)
    if unknown is not None:  # that copy carries neither the reference nor the change that was looked for
        return _judged(variant, position, unknown, None)
    reference = [one for one in covering if _tells_reference(one, position)]
    shown = next((one for one in reference if one.genotype and None not in one.genotype), next(iter(reference), None))
    if shown is None:
        return Site(variant.id, variant.rsid, position, variant.ref, variant.alt, SiteState.NOT_IN_FILE)
    return _judged(variant, position, shown, _NO_ALLELE)


def _change(one: Observation) -> _Change | None:
    """A record's allele without the bases it shares with the reference, None where it is not spelled out."""
    if one.alt is None or allele_form(one.alt) is not AlleleForm.SEQUENCE:
        return None
    return trim(one.position, one.ref.upper(), one.alt.upper())


def _carries_another(one: Observation, changes: set[_Change]) -> bool:
    """Whether the sample carries a change here that defines no allele of the gene, a deletion across the place included."""
    if one.alt is None or allele_form(one.alt) is AlleleForm.UNSPECIFIED or one.number not in one.genotype:
        return False
    return _change(one) not in changes


def _tells_reference(one: Observation, position: int) -> bool:
    """Whether the record says what stands at the place itself: a reference block, or a record that begins there."""
    if one.alt is None or allele_form(one.alt) is AlleleForm.UNSPECIFIED:
        return True
    return one.position == position and _change(one) is not None


def _judged(variant: DefiningVariant, position: int, one: Observation, number: int | None) -> Site:
    """Return the site of a record; `number` is the change's index, None for another change."""
    state = SiteState.READ
    if not one.has_passed:
        state = SiteState.FILTERED
    elif not one.genotype or None in one.genotype:
        state = SiteState.NO_CALL
    elif one.depth is not None and one.depth < MIN_DEPTH:
        state = SiteState.LOW_DEPTH
    elif number is None:
        state = SiteState.OTHER_CHANGE
    read = state is SiteState.READ
    carries = tuple(allele == number for allele in one.genotype) if read else ()
    return Site(
        variant.id, variant.rsid, position, variant.ref, variant.alt, state,
        copies=sum(carries) if read else None, genotype=_written(one),
        haplotypes=carries if read and one.phased else (),
        phase_set=(one.phase_set or _WHOLE_CHROMOSOME) if read and one.phased else "",
        depth=one.depth, filter=one.filter, row_id=one.row_id,
    )  # fmt: skip


def _written(one: Observation) -> str:
    sign = "|" if one.phased else "/"
    return sign.join("." if allele is None else str(allele) for allele in one.genotype)
