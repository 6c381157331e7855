"""Deletions and duplications that may matter for the patient: by their class, or because they take away a gene that is needed.

A loss is listed where its score makes it pathogenic or likely pathogenic, or where it meets a curated gene whose disease comes
from loss of function; a gain where its class says so, where ClinGen finds the gene sensitive to a third copy, or where it may
interrupt such a gene from within. Inversions, insertions and translocations are counted and not weighed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from services.errors import UnavailableError
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import GenomeBuild
from services.knowledge.genes import Effect, Gene, genes_at
from services.pipelines.genomic.candidates import Candidate, Grounds
from services.pipelines.genomic.carrying import Sex
from services.pipelines.genomic.grounds import rows_of
from services.pipelines.genomic.model import Carried, Evidence, Ground
from services.pipelines.genomic.reading import SampleColumns, carried_in
from services.variants.structural.events import Event, SvKind, read_events
from services.variants.tables import VariantTable

MAX_ROWS = 200
COMMON = 0.01
"""Frequency in the population from which a change is no cause of a rare disease (as in the score's own rule, Riggs 2020)."""
VARYING = frozenset({"C4A", "C4B"})
"""Genes of which healthy people have different numbers: a loss or gain is stated and no disease by itself."""
_WEIGHED = (SvKind.DELETION, SvKind.DUPLICATION, SvKind.COPY_NUMBER)
_CLASSES = ("pathogenic", "likely pathogenic")
_NO_EVIDENCE = {0: "finds no evidence", 1: "finds little evidence", 40: "finds it unlikely"}
_SENSITIVE = 3


@dataclass(frozen=True, slots=True)
class Structural:
    """The structural rows of a table: what may matter, and what to say of the others."""

    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A curated gene that an event meets. `part` says which part; `is_certain` whether exons are known to be in it."""

    gene: Gene
    part: str
    is_certain: bool
    is_within: bool


def find_structural(
    table: VariantTable, build: GenomeBuild, columns: SampleColumns | None, sex: Sex | None, grounds: Mapping[int, Grounds]
) -> Structural:
    """Return the deletions and duplications that the sample carries and that may matter."""
    events = _events(table)
    if not events:
        return Structural()
    classed = _classed(table)
    wanted = {
        one.row_id: one for one in events
        if one.kind in _WEIGHED and (one.row_id in classed or one.row_id in grounds or _met(one, build))
    }  # fmt: skip
    notes = [*_unweighed(events), *([] if "sv_type" in table.facts.columns else [_NOT_ANNOTATED])]
    listed = sorted(wanted)[:MAX_ROWS]
    if len(wanted) > MAX_ROWS:
        notes.append(f"{len(wanted):,} deletions and duplications meet curated genes; the first {MAX_ROWS} were weighed.")
    found = []
    for row in rows_of(table, listed, None):
        event = wanted[row["row_id"]]
        held = _held(event, row, columns, sex)
        one = _candidate(event, row, held, build, grounds.get(event.row_id, Grounds())) if held is not None else None
        found += [one] if one is not None else []
    return Structural(tuple(found), tuple(notes))


def _events(table: VariantTable) -> list[Event]:
    entries = [one for one in table.columns if "stamp" not in one]
    try:
        with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "512MB"}) as connection:
            return read_events(table.folder, entries, connection)
    except duckdb.Error as problem:  # deleted or annotated anew at this moment, or damaged
        raise UnavailableError("the structural variants of this table cannot be read now") from problem


_NOT_ANNOTATED = (
    "Structural variants were compared with the extent of the curated genes only: annotate the table for exons, dosage, "
    "population frequency and the score."
)


def _classed(table: VariantTable) -> frozenset[int]:
    if "sv_cnv_class" not in table.facts.columns:
        return frozenset()
    sql = "SELECT row_id FROM variants WHERE lower(sv_cnv_class) IN (SELECT unnest(?::VARCHAR[]))"
    with table.query(sql, [list(_CLASSES)]) as result:
        return frozenset(row[0] for row in result.fetchall())


def _unweighed(events: Sequence[Event]) -> Iterator[str]:
    others = sum(one.kind not in _WEIGHED for one in events)
    if others:
        many = f"{others:,} structural variants that are insertions, inversions, translocations or of unknown kind were"
        one = "One structural variant that is an insertion, inversion, translocation or of unknown kind was"
        yield f"{one if others == 1 else many} not weighed: look in the explorer."


def _met(event: Event, build: GenomeBuild) -> tuple[Gene, ...]:
    """The curated genes that an event meets and that its kind can matter for."""
    found = genes_at(str(build), event.chrom, event.start, event.end)
    return tuple(one for one in found if any(disease.effect is Effect.LOSS for disease in one.diseases)
                 or one.triplosensitivity == _SENSITIVE)  # fmt: skip


# -- how it is carried


@dataclass(frozen=True, slots=True)
class _Held:
    """How a sample carries an event, and whether it loses or gains by it; None where nobody can tell."""

    carried: Carried
    dosage: CnvType | None


def _held(event: Event, row: Mapping[str, Any], columns: SampleColumns | None, sex: Sex | None) -> _Held | None:
    """Return how the sample carries an event, None where it is known not to; the number of copies decides for a `<CNV>`."""
    if columns is None or (columns.genotype is None and columns.copies is None):
        return _Held(Carried("", "the table states no genotype", None), event.dosage)
    called = carried_in(row, columns) if columns.genotype is not None else None
    written = str(row.get(columns.genotype or "") or "")
    is_sex_chromosome = event.chrom in ("X", "Y")
    expected = (1 if sex == "M" else 2 if sex == "F" and event.chrom == "X" else None) if is_sex_chromosome else 2
    number = _number(row.get(columns.copies or ""))
    undecided = called is None and (not written or "." in written)
    if number is not None and expected is not None and (event.kind is SvKind.COPY_NUMBER or undecided):
        return None if number == expected else _counted(number, expected, written)
    if called is None:
        return None
    words = _lost_words(called) if event.dosage is CnvType.LOSS else called.words
    return _Held(replace(called, words=words), event.dosage)


def _counted(number: int, expected: int, written: str) -> _Held:
    if number > expected:
        words = f"{number} copies instead of {expected}"
        return _Held(Carried(written, words, number - expected, expected), CnvType.GAIN)
    words = (
        f"{number} copy instead of {expected}" if number else "the only copy lost (hemizygous)" if expected == 1 else
        "both copies lost (homozygous)"
    )
    return _Held(Carried(written, words, expected - number, expected), CnvType.LOSS)


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value <= 100 else None


def _lost_words(called: Carried) -> str:
    if called.ploidy == 1:
        return "the only copy lost (hemizygous)"
    return "both copies lost (homozygous)" if called.copies == called.ploidy else "one of two copies lost (heterozygous)"


# -- what it means


def _candidate(event: Event, row: Mapping[str, Any], held: _Held, build: GenomeBuild, own: Grounds) -> Candidate | None:
    """Return an event with its genes and grounds; None where nothing speaks for it."""
    hits = [hit for one in _met(event, build) if (hit := _hit(one, event, row, build)) is not None]
    is_loss = held.dosage is CnvType.LOSS
    evidence = [*own.evidence, *_class_evidence(event, row, held)]
    mattering = [hit for hit in hits if (_loss_ground if is_loss else _gain_ground)(hit)] if held.dosage is not None else []
    mattering.sort(key=lambda hit: (not hit.gene.is_monogenic, hit.gene.symbol in VARYING, hit.gene.symbol))
    evidence += [_mechanism(hit, is_loss=is_loss) for hit in mattering[:1]]
    if not evidence:
        return None
    first = mattering[0] if mattering else None
    others = [str(one) for one in row.get("sv_genes") or ()]
    named = first.gene.symbol if first is not None else others[0] if len(others) == 1 else ""
    beside = [hit.gene.symbol for hit in mattering[1:]]
    limits = [*_limits(row, first, held), *([f"It also covers {', '.join(beside)}."] if beside else [])]
    if not named and others:
        limits.append(f"Genes in it: {', '.join(others[:6])}{' and others' if len(others) > 6 else ''}.")
    return Candidate(
        row, tuple(hit.gene for hit in mattering), named, held.carried, tuple(evidence), _place(event),
        f"{_kind_words(event, held)} of {first.part}" if first is not None else _kind_words(event, held),
        is_lost=is_loss, span=(event.start, event.end), limits=tuple(limits), common=_common(row),
        is_variable=first is not None and (first.gene.symbol in VARYING or not first.gene.is_monogenic),
    )  # fmt: skip


def _hit(found: Gene, event: Event, row: Mapping[str, Any], build: GenomeBuild) -> _Hit | None:
    """Return which part of a gene an event meets, None where the table's annotation knows that no exon is in it."""
    place = found.places[build.value]
    low, high = event.start <= place.start, event.end >= place.end
    is_within = not low and not high
    if "sv_exons" in row and found.symbol in (row.get("sv_genes") or ()):
        text = next((str(one) for one in row["sv_exons"] or () if str(one).startswith(f"{found.symbol} ")), None)
        return None if text is None else _Hit(found, text.removeprefix(f"{found.symbol} "), True, is_within)
    if low and high:
        return _Hit(found, "the whole gene", True, False)
    if is_within:
        return _Hit(found, "a part within the gene", False, True)
    return _Hit(found, "the beginning of the gene" if low == (place.strand == "+") else "the end of the gene", True, False)


def _loss_ground(hit: _Hit) -> bool:
    return any(disease.effect is Effect.LOSS for disease in hit.gene.diseases)


def _gain_ground(hit: _Hit) -> bool:
    if hit.gene.triplosensitivity == _SENSITIVE or hit.gene.symbol in VARYING:
        return True
    return hit.is_within and hit.is_certain and _loss_ground(hit)


def _mechanism(hit: _Hit, *, is_loss: bool) -> Evidence:
    found = hit.gene
    source = "; ".join(str(one) for one in found.sources)
    if found.symbol in VARYING or not found.is_monogenic:
        return Evidence(Ground.MECHANISM, "copy number differs between people", source)
    if not is_loss:
        what = "a third copy is harmful" if found.triplosensitivity == _SENSITIVE else "may interrupt a gene that is needed"
        return Evidence(Ground.MECHANISM, what, source)
    return Evidence(Ground.MECHANISM, "loss of this gene is known to cause disease", source)


def _class_evidence(event: Event, row: Mapping[str, Any], held: _Held) -> list[Evidence]:
    said = str(row.get("sv_cnv_class") or "").lower()
    if said not in _CLASSES or held.dosage is not event.dosage:
        return []
    score = row.get("sv_cnv_score")
    points = f" {score:+.2f}" if isinstance(score, int | float) else ""
    return [Evidence(Ground.COPY_NUMBER, f"{said}, from data alone", f"ACMG/ClinGen score{points}, Riggs 2020, Genet Med 22:245")]


def _limits(row: Mapping[str, Any], hit: _Hit | None, held: _Held) -> Iterator[str]:
    if hit is not None and not hit.is_certain:
        yield "Which exons it takes away is not known: a stretch inside an intron may do nothing."
    if hit is not None and held.dosage is CnvType.LOSS and hit.gene.haploinsufficiency in _NO_EVIDENCE:
        yield f"ClinGen {_NO_EVIDENCE[hit.gene.haploinsufficiency]} that one lost copy is enough."
    if row.get("info_IMPRECISE"):
        yield "The ends are not exact."
    open_cells = [str(one).split(": ", 1)[-1] for one in row.get("sv_cnv_sections") or () if " not assessed" in str(one)]
    if open_cells:
        yield f"Not assessed in the score: {'; '.join(dict.fromkeys(open_cells[:4]))}."
    elif "sv_cnv_class" not in row:
        yield "Not scored: the table was not annotated for structural variants."
    if "sv_population_af" not in row:
        yield "How frequent it is in the population was not looked up."


def _common(row: Mapping[str, Any]) -> str:
    frequency = row.get("sv_population_af")
    if isinstance(frequency, int | float) and frequency >= COMMON:
        return f"{frequency:.1%} of a population carry the same change, which speaks against a rare disease."
    return ""


def _kind_words(event: Event, held: _Held) -> str:
    return {CnvType.LOSS: "deletion", CnvType.GAIN: "duplication"}[held.dosage] if held.dosage else event.kind.value


def _place(event: Event) -> str:
    size = event.end - event.start + 1
    words = f"{size:,} bases" if size < 1_000 else f"{size / 1e3:,.1f} kb" if size < 1_000_000 else f"{size / 1e6:,.1f} Mb"
    return f"chr{event.chrom}:{event.start:,}-{event.end:,}, {words}"
